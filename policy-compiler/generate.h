/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * A starting policy from the devices present: it allows what is in the inventory and nothing else.
 *
 * What makes a device the same one is its identity: on a PCI device bus, id, class, whether it is external
 * or a virtual function, and the driver; on a USB device or interface bus, id, class, interfaces, serial
 * number and driver; on any other bus its name and the driver. Attributes that change across reboots or
 * kernel updates are no part of it (device.path, the strings of USB root hubs). A device that lacks what
 * its identity rests on is described by every stable attribute it has; one of which only the bus, the
 * driver, numbers and yes or no are known is left out: they would admit whatever comes. With
 * DG_GENERATE_PIN a PCI device is tied to its slot, board and revision too.
 *
 * What is allowed: bind, mmio and dma; mmap for what is handed to user space (vfio); dma-relaxed for what
 * is inside (of a PCI device that has to be known) and runs so now (iommu.domain identity or dma-fq); for a
 * device whose evidence was verified connect and lock, and, with its root of trust and its measurements,
 * accept and dma-private. What one device of an identity needs is allowed to all of them.
 *
 * Devices are grouped only where that admits no other: rules that differ in one attribute become one rule
 * over a set. So no rule is shadowed or redundant, and no item of a set is unused.
 */
#pragma once

#include "device_store.h"

enum dg_generate_flags {
	DG_GENERATE_PIN = 1 << 0,
};

struct dg_generated {
	char *text; /* the policy, @text_len bytes and a NUL */
	size_t text_len;
	size_t rules;
	uint32_t *promised; /* by device of the inventory: all operations it is allowed; 0: left out */
	size_t device_count, left_out; /* left out: no stable attribute tells it from others */
};

/*
 * 0, -ENOMEM, -EFBIG when the text is larger than a policy can be. -EBADMSG is a mistake of this program:
 * what it wrote is no policy.
 */
int dg_generate(const struct dg_inventory *inventory, unsigned int flags, struct dg_generated **ret);
/* The same of a store (device_store.h). */
int dg_generate_stored(const struct dg_device_store *store, unsigned int flags,
		       struct dg_generated **ret);
void dg_generated_free(struct dg_generated *generated);
DEFINE_CLEANUP(struct dg_generated *, dg_generated_free, generated)
