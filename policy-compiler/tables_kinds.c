/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Which devices have parts of their own (struct dg_kind): those that lack what another bus's have.
 */
#include <string.h>

#include "schema.h"
#include "tables_build.h"

/* The bits of all attributes whose names begin with @prefix. */
static uint64_t facts_of(const char *prefix)
{
	uint64_t bits = 0;

	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);
		if (!strncmp(attr->name, prefix, strlen(prefix)))
			bits |= UINT64_C(1) << dg_known_bit(dg_attr_kind(attr), (uint32_t)attr->fact);
	}
	return bits;
}

int dg_kinds_make(struct dg_kinds *kinds, struct dg_fold *fold, bool merge)
{
	uint64_t pci = facts_of("pci."), usb = facts_of("usb.");
	/* What the kernel does not tell yet. */
	uint64_t more = UINT64_C(1) << DG_KNOWN_DIGEST | DG_KNOWN_MASK(DG_SET_MAX) << DG_KNOWN_SET;
	const uint64_t absent[DG_KINDS] = {pci | usb | more, usb | more, pci | more, 0};
	int r = 0;

	memcpy(kinds->absent, absent, sizeof(absent));
	for (unsigned int k = 0; k < DG_KINDS && r >= 0; k++)
		if (absent[k] != 0)
			r = dg_fold_kind(fold, absent[k], merge, kinds->ops[k]);
		else
			memcpy(kinds->ops[k], fold->ops, sizeof(fold->ops));
	return r;
}
