/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices present, read from sysfs with no privilege, as an inventory (language page, section
 * 9).
 *
 * What sysfs does not show stays unknown, with these exceptions that keep the picture useful:
 *   - pci.external: `removable` of a PCI device is there only below an external-facing port and
 *     means true; without it the device counts as internal. A device that firmware marks untrusted
 * by itself (DmaProperty) is not recognised: the kernel's own fact decides;
 *   - driver.builtin: true when the driver names no module, or one that was never loaded (a module
 * in the kernel image has no `initstate`);
 *   - driver.module: only where sysfs links the driver to it;
 *   - platform devices are taken when firmware describes them. One that owns memory or an interrupt
 *     with no firmware node is judged by the kernel, but not visible here.
 */
#pragma once

#include "failure.h"
#include "inventory.h"

/*
 * Read the tree at @root/sys ("" is the machine). Devices by bus in the language page's order, then
 * by name. A device that vanishes meanwhile is left out. *@ret is to be freed with
 * dg_inventory_free().
 */
int dg_snapshot_take(const char *root, struct dg_inventory **ret, struct dg_failure *failure);
