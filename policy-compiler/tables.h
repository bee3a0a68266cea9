/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* From a checked policy to the frozen value that the engine reads (struct dg_tables). */
#pragma once

#include "ast.h"
#include "diag.h"

/* What a table may take; past it E101. */
#define DG_TABLES_MAX_BYTES (64U << 20)

struct dg_tables_stats {
	size_t rules, variables, parts, nodes, edges, leaves, bytes;
	size_t depth; /* nodes on the longest way through all parts of an operation */
	size_t apart, terms, blocks; /* rules of an operation that bitmaps decide, of all these */
};

/* How the edges of a node are kept. */
enum dg_node_form {
	DG_NODES_BEST, /* whatever is smaller or faster */
	DG_NODES_DENSE,
	DG_NODES_RUNS,
	DG_NODES_HASHED, /* where that is no larger than twice the runs */
};

/* For tests: all of them give the same answers. All zero is how dg_tables_build() does it. */
struct dg_tables_options {
	bool keep_parts; /* put no parts together */
	bool bitmaps;	 /* decide by bitmaps whatever can be */
	bool split;	 /* and by each alternative of a rule by itself */
	enum dg_node_form nodes;
};

/*
 * Compile the rules for all operations. The bytes are the same for the same tree.
 *
 * 0: *@ret (8-byte aligned, tables->size bytes) is to be freed with free(); text_sha256 is zero, to
 * be filled in by who knows the text. -EBADMSG: @diags says why there is no table form. -ENOMEM.
 */
int dg_tables_build(const struct dg_policy *policy, struct dg_diags *diags, struct dg_tables **ret,
		    struct dg_tables_stats *ret_stats);
/* The same in a form of the caller's choice. */
int dg_tables_build_with(const struct dg_policy *policy, const struct dg_tables_options *options,
			 struct dg_diags *diags, struct dg_tables **ret,
			 struct dg_tables_stats *ret_stats);
