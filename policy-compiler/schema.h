/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The attributes of the policy language (section 8) as data; the table itself is schema.def. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devgate_abi.h"

enum dg_type {
	DG_TYPE_INT,
	DG_TYPE_BOOL,
	DG_TYPE_STRING,
	DG_TYPE_ID,
	DG_TYPE_CLASS,
	DG_TYPE_ADDRESS,
	DG_TYPE_DIGEST,
	DG_TYPE_ENUM,
	DG_TYPE_TIME,
};

enum dg_provenance {
	DG_PROVENANCE_CLAIMED,
	DG_PROVENANCE_TOPOLOGICAL,
	DG_PROVENANCE_VERIFIED,
};

enum dg_known_from {
	DG_KNOWN_FROM_BIND,    /* legal on every operation */
	DG_KNOWN_FROM_CONNECT, /* on all but connect */
	DG_KNOWN_FROM_LOCK,    /* on all but connect and lock */
};

enum dg_attr_id {
#define ATTR(symbol, ...) DG_ATTR_##symbol,
#include "schema.def"
#undef ATTR
	DG_ATTR_MAX,
};

#define DG_MEAS_MAX 239

struct dg_attr {
	enum dg_attr_id id;
	const char *name;
	size_t name_len;
	enum dg_type type;
	bool set;
	enum dg_provenance provenance;
	enum dg_known_from known_from;
	bool unstable;
	/*
	 * Place among the facts: enum dg_str for strings, enum dg_num for numbers, enum
	 * dg_digest_slot for digests (add the index), enum dg_set_fact for sets.
	 */
	int fact;
	const char *doc;
};

/* The table entry of @id. Never NULL for a valid id. */
const struct dg_attr *dg_schema_attr(enum dg_attr_id id);
/* Where facts of the attribute are kept: of DG_VAR_NUM, _STR, _DIGEST or _SET. */
enum dg_var_kind dg_attr_kind(const struct dg_attr *attr);

/*
 * Find an attribute by its full name of @len bytes ("spdm.meas.7" included). @ret_index is the
 * measurement index (1 … 239) for SPDM_MEAS, else 0. NULL when there is none; outputs untouched then.
 */
const struct dg_attr *dg_schema_find(const char *name, size_t len, unsigned int *ret_index);

/* Is it spdm.meas and a dot, whatever follows? */
bool dg_schema_is_meas(const char *name, size_t len);

/* Name of an operation ("dma-relaxed"); NULL out of range. */
const char *dg_op_name(enum dg_op op);
/* The operation of that name, or -ENOENT. */
int dg_op_find(const char *name, size_t len);

/* May @attr be named in a rule or assertion on @op? (language, section 8, last paragraph) */
bool dg_schema_legal(const struct dg_attr *attr, enum dg_op op);

/* Is its place in struct dg_facts, what the kernel tells? Else in struct dg_facts_more. */
static inline bool dg_attr_in_facts(const struct dg_attr *attr)
{
	return !attr->set && attr->type != DG_TYPE_DIGEST;
}

/* One of the strings that a USB device gives of itself? */
static inline bool dg_attr_is_usb_string(const struct dg_attr *attr)
{
	return attr->id == DG_ATTR_USB_SERIAL || attr->id == DG_ATTR_USB_PRODUCT ||
	       attr->id == DG_ATTR_USB_MANUFACTURER;
}

/* Names of an enum attribute in order, NULL-terminated; NULL for another type. */
const char *const *dg_schema_enum_names(const struct dg_attr *attr);

/* The greatest number that a value of a numeric attribute is kept as (enum dg_num). */
uint64_t dg_attr_greatest(const struct dg_attr *attr);

const char *dg_type_name(enum dg_type type);
const char *dg_provenance_name(enum dg_provenance provenance);
