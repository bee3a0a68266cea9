/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Reading a policy object back: for inspect and sim, and for the loader before it shows the object
 * to the kernel. Everything is checked, so that what dg_object_open() hands out can be followed
 * without further checks: the sections are there, the tables are as large as they say, every
 * offset, count, index and class is inside, no path is longer than DG_TABLE_MAX_DEPTH, names are
 * terminated, and the text is the one that the tables were made of (digest).
 *
 * The text is a section `.devgate.text` that no program sees: the policy as one text that needs no other
 * file (policy_join.h), so no name and no place of the machine it was compiled on is in it.
 * tables->text_sha256 is its SHA-256.
 */
#pragma once

#include "ast.h"
#include "util.h"

#define DG_OBJECT_TABLES_SECTION ".rodata.policy"
#define DG_OBJECT_TEXT_SECTION ".devgate.text"
#define DG_OBJECT_MAX_BYTES (256U << 20)

struct dg_object {
	void *bytes; /* the whole file, for libbpf's open from memory */
	size_t size;
	const struct dg_tables *tables; /* a copy of its own, aligned */
	size_t tables_size;
	struct dg_bytes text; /* points into @bytes */
};

/*
 * Read and check @path ("-" is standard input). On failure *@ret_error (if not NULL) is a sentence
 * for the user, without the path, to be freed.
 *
 * 0: *@ret is to be freed with dg_object_free(). -EBADMSG: not an object, truncated or damaged.
 * -EPROTO: of a newer abi than this program's. Other negative errno: the file could not be read.
 */
int dg_object_open(const char *path, char **ret_error, struct dg_object **ret);
/* The same for bytes in memory, which are copied. */
int dg_object_open_memory(const void *bytes, size_t size, char **ret_error, struct dg_object **ret);

void dg_object_free(struct dg_object *object);
DEFINE_CLEANUP(struct dg_object *, dg_object_free, object)

/* Does the file begin like an ELF file? (To tell an object from a policy's text.) */
bool dg_object_looks_like(const void *bytes, size_t size);

/* Parts of the tables, for readers of a checked object. */
static inline const struct dg_rule *dg_tables_rules(const struct dg_tables *tables)
{
	return (const struct dg_rule *)((const char *)tables + tables->rule_off);
}

/* NUL terminated. */
static inline const char *dg_tables_rule_id(const struct dg_tables *tables, uint32_t rule)
{
	return (const char *)tables + tables->id_off + dg_tables_rules(tables)[rule].id;
}

/*
 * Check tables of @size bytes. 0, -EBADMSG or -EPROTO as above; *@ret_what is a static text then.
 */
int dg_tables_check(const struct dg_tables *tables, size_t size, const char **ret_what);
