// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <errno.h>
#include <string.h>

#include "schema.h"

/* The words of schema.def as values. */
#define SCALAR false
#define SET true
#define STABLE false
#define UNSTABLE true

static const struct dg_attr dg_attrs[] = {
#define ATTR(symbol, attr_name, attr_type, is_set, prov, from, stability, fact_index, attr_doc) \
	[DG_ATTR_##symbol] = {                                                                  \
		.id = DG_ATTR_##symbol,                                                         \
		.name = attr_name,                                                              \
		.name_len = sizeof(attr_name) - 1,                                              \
		.type = DG_TYPE_##attr_type,                                                    \
		.set = is_set,                                                                  \
		.provenance = DG_PROVENANCE_##prov,                                             \
		.known_from = DG_KNOWN_FROM_##from,                                             \
		.unstable = stability,                                                          \
		.fact = fact_index,                                                             \
		.doc = attr_doc,                                                                \
	},
#include "schema.def"
#undef ATTR
};

#undef SCALAR
#undef SET
#undef STABLE
#undef UNSTABLE
#undef NONE

static const char *const dg_op_names[DG_OP_MAX] = {
	[DG_OP_BIND] = "bind",
	[DG_OP_MMIO] = "mmio",
	[DG_OP_MMAP] = "mmap",
	[DG_OP_DMA] = "dma",
	[DG_OP_DMA_RELAXED] = "dma-relaxed",
	[DG_OP_DMA_PRIVATE] = "dma-private",
	[DG_OP_CONNECT] = "connect",
	[DG_OP_LOCK] = "lock",
	[DG_OP_ACCEPT] = "accept",
};

const struct dg_attr *dg_schema_attr(enum dg_attr_id id)
{
	return &dg_attrs[id];
}

/* 1 … DG_MEAS_MAX in decimal without a leading zero, else 0. */
static unsigned int dg_schema_meas_index(const char *text, size_t len)
{
	unsigned int value = 0;

	if (len < 1 || len > 3 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	return value <= DG_MEAS_MAX ? value : 0;
}

bool dg_schema_is_meas(const char *name, size_t len)
{
	const struct dg_attr *meas = &dg_attrs[DG_ATTR_SPDM_MEAS];

	return len > meas->name_len && !memcmp(name, meas->name, meas->name_len) &&
	       name[meas->name_len] == '.';
}

const struct dg_attr *dg_schema_find(const char *name, size_t len, unsigned int *ret_index)
{
	const struct dg_attr *meas = &dg_attrs[DG_ATTR_SPDM_MEAS];
	size_t prefix = meas->name_len;

	if (dg_schema_is_meas(name, len)) {
		unsigned int index = dg_schema_meas_index(name + prefix + 1, len - prefix - 1);

		if (!index)
			return NULL;
		*ret_index = index;
		return meas;
	}
	for (size_t i = 0; i < DG_ATTR_MAX; i++) {
		const struct dg_attr *attr = &dg_attrs[i];

		if (attr != meas && attr->name_len == len && !memcmp(attr->name, name, len)) {
			*ret_index = 0;
			return attr;
		}
	}
	return NULL;
}

const char *dg_op_name(enum dg_op op)
{
	return (unsigned int)op < DG_OP_MAX ? dg_op_names[op] : NULL;
}

int dg_op_find(const char *name, size_t len)
{
	/* The first byte tells most of them apart. */
	for (int op = 0; op < DG_OP_MAX; op++)
		if (len && dg_op_names[op][0] == name[0] && strlen(dg_op_names[op]) == len &&
		    !memcmp(dg_op_names[op], name, len))
			return op;
	return -ENOENT;
}

bool dg_schema_legal(const struct dg_attr *attr, enum dg_op op)
{
	switch (attr->known_from) {
	case DG_KNOWN_FROM_BIND:
		return true;
	case DG_KNOWN_FROM_CONNECT:
		return op != DG_OP_CONNECT;
	case DG_KNOWN_FROM_LOCK:
		return op != DG_OP_CONNECT && op != DG_OP_LOCK;
	}
	return false;
}

/* In the order of the language page: the position is the value (devgate_abi.h, enum dg_num). */
static const char *const dg_iommu_domains[] = { "none", "blocked", "identity",	"dma",
						"dma-fq", "unmanaged", NULL };
static const char *const dg_tdi_states[] = { "unlocked", "locked", "run", "error", NULL };

const char *const *dg_schema_enum_names(const struct dg_attr *attr)
{
	switch (attr->id) {
	case DG_ATTR_IOMMU_DOMAIN:
		return dg_iommu_domains;
	case DG_ATTR_TDI_STATE:
		return dg_tdi_states;
	default:
		return NULL;
	}
}

uint64_t dg_attr_greatest(const struct dg_attr *attr)
{
	uint64_t count = 0;

	switch (attr->type) {
	case DG_TYPE_BOOL:
		return 1;
	case DG_TYPE_ID:
		return 0xffffffffU;
	case DG_TYPE_CLASS:
		return 0xffffffU;
	case DG_TYPE_ADDRESS:
		return UINT64_C(0xffffffffffff);
	case DG_TYPE_ENUM:
		while (dg_schema_enum_names(attr)[count])
			count++;
		return count - 1;
	default:
		return UINT64_MAX;
	}
}

const char *dg_type_name(enum dg_type type)
{
	static const char *const names[] = {
		[DG_TYPE_INT] = "int",	     [DG_TYPE_BOOL] = "bool",	[DG_TYPE_STRING] = "string",
		[DG_TYPE_ID] = "id",	     [DG_TYPE_CLASS] = "class", [DG_TYPE_ADDRESS] = "address",
		[DG_TYPE_DIGEST] = "digest", [DG_TYPE_ENUM] = "enum",	[DG_TYPE_TIME] = "time",
	};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

const char *dg_provenance_name(enum dg_provenance provenance)
{
	switch (provenance) {
	case DG_PROVENANCE_CLAIMED:
		return "claimed";
	case DG_PROVENANCE_TOPOLOGICAL:
		return "topological";
	case DG_PROVENANCE_VERIFIED:
		return "verified";
	}
	return NULL;
}

enum dg_var_kind dg_attr_kind(const struct dg_attr *attr)
{
	if (attr->set)
		return DG_VAR_SET;
	if (attr->type == DG_TYPE_STRING)
		return DG_VAR_STR;
	return attr->type == DG_TYPE_DIGEST ? DG_VAR_DIGEST : DG_VAR_NUM;
}
