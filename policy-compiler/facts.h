/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The facts of one device as the language sees them (every attribute, sets and digests too), and the
 * inventory that holds many (language page, section 9).
 */
#pragma once

#include "ast.h"

/* One value of an attribute; for a set-valued attribute @elements, else @scalar. */
struct dg_fact {
	bool known;
	struct dg_literal scalar; /* literal.mask is all ones */
	struct dg_literal *elements;
	size_t element_count;
};

struct dg_measurement {
	unsigned int index; /* 1 … DG_MEAS_MAX */
	struct dg_fact fact;
};

/*
 * Measurements are kept as a list: a device shows a handful of 239, and an inventory has many
 * devices without any.
 */
struct dg_device {
	struct dg_bytes label; /* `name`, else device.name, else "#N" */
	struct dg_fact facts[DG_ATTR_MAX]; /* SPDM_MEAS is in measurements */
	struct dg_measurement *measurements; /* ascending by index, in the device's arena */
	size_t measurement_count;
};

/* The fact a test speaks of. Never NULL; of a measurement the device does not show, unknown. */
const struct dg_fact *dg_device_fact(const struct dg_device *device, const struct dg_attr *attr,
				     unsigned int index);

/*
 * The same to be written to; a measurement (@index 1 … DG_MEAS_MAX) gets its place in @arena. Valid
 * until the next call for the same device. NULL: out of memory.
 */
struct dg_fact *dg_device_fact_place(struct dg_device *device, const struct dg_attr *attr,
				     unsigned int index, struct dg_arena *arena);

/* The kernel's own hubs: their strings name the kernel and the controller's address. */
static inline bool dg_usb_id_is_root_hub(uint64_t id)
{
	return id >= 0x1d6b0001 && id <= 0x1d6b0003;
}

/*
 * Fill the kernel's form of the facts. Attributes without a place there (sets, digests) are left out;
 * a string over 255 bytes is unknown.
 */
void dg_device_to_facts(const struct dg_device *device, struct dg_facts *ret);
/*
 * The rest: digests and sets. The elements of a set must be distinct (the inventory's are); a set with
 * more than there is room for is unknown.
 */
void dg_device_to_more(const struct dg_device *device, struct dg_facts_more *ret);
/* One digest in that form. */
void dg_digest_fact(const struct dg_digest *digest, struct dg_digest_fact *ret);
