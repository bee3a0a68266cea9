/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision on compiled tables, in plain C: what the engine does, written a second time, for
 * tools on machines that have no BPF.
 */
#pragma once

#include "devgate_abi.h"

/*
 * Decide @query for @facts, and @more: what the kernel does not tell yet, or NULL. Every read is
 * checked against tables->size, so damaged tables are answered with a denial under DG_RULE_BROKEN,
 * like in the engine. @tables must be as large as it says.
 *
 * 0, or -EINVAL for an operation out of range (@ret untouched).
 */
int dg_tables_decide(const struct dg_tables *tables, const struct dg_facts *facts,
		     const struct dg_facts_more *more, const struct dg_query *query,
		     struct dg_answer *ret);

/*
 * The same for several questions about one device, whose facts find their classes once. The
 * pointers are kept, and nothing else: there is nothing to free.
 */
struct dg_walk_state {
	const struct dg_tables *tables;
	const struct dg_facts *facts;
	const struct dg_facts_more *more;
	__u64 known; /* DG_KNOWN_* */
	__u32 rank, would;
	__u32 class[DG_REF_SLOT_MASK + 1]; /* by slot; 0: not found yet, else the class + 1 */
};

void dg_walk_start(struct dg_walk_state *walk, const struct dg_tables *tables,
		   const struct dg_facts *facts, const struct dg_facts_more *more);
int dg_walk_decide(struct dg_walk_state *walk, const struct dg_query *query, struct dg_answer *ret);
