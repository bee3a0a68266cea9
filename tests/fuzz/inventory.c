// SPDX-License-Identifier: GPL-2.0-only
/* Inventory JSON: any bytes end in diagnostics or in devices. */
#include "diag.h"
#include "inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_diags_ struct dg_diags diags = {0};
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;

	(void)dg_inventory_load_text("fuzz.json", (const char *)data, size, &diags, &inventory);
	return 0;
}
