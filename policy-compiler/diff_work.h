/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the parts of a diff share. Internal to diff*.c; see diff.c. */
#pragma once

#include "diff.h"
#include "diff_joint.h"
#include "fold.h"
#include "map.h"
#include "search.h"

/* Whose rules a part holds. */
enum dg_diff_owner {
	DG_DIFF_OWNER_OLD = DG_SIDE_OLD,
	DG_DIFF_OWNER_NEW = DG_SIDE_NEW,
	DG_DIFF_OWNER_BOTH,
	DG_DIFF_OWNERS,
};

/* Ranks, ascending. */
struct dg_diff_ranks {
	uint32_t *items;
	size_t count;
};

struct dg_diff_work {
	struct dg_diff *diff;
	unsigned int flags;
	const struct dg_policy *policies[DG_SIDES];
	struct dg_joint joint;
	struct dg_fold *fold; /* of the joint policy, without parts */
	dg_ref *match;	      /* by joint rule, the clock synchronised */
	uint32_t clock;	      /* variable, or DG_VAR_NONE */
	struct dg_outlooks outlooks;
	struct dg_search search;
	size_t steps; /* left */
	struct dg_progress *progress;

	/* One column. */
	unsigned int op; /* the first with it and its defaults */
	enum dg_verdict defaults[DG_SIDES];
	struct dg_fold_op parts[DG_DIFF_OWNERS];
	struct dg_diff_ranks given[DG_SIDES][2]; /* the rules of a policy, by verdict */
	struct dg_diff_ranks alone;
	struct dg_map first; /* match and side (DG_SIDES: either) to the first rank with it */
	struct dg_map named; /* hash of an id and side to the rank */
	bool undecided;
};

/* A rule u, and v. DG_RANK_NONE: the default. */
struct dg_diff_pair {
	enum dg_side side; /* of u */
	uint32_t u, v;
};

/*
 * Is there a device for which @condition holds, and no rule before u matches that u's policy has
 * alone, none before v that the other one has? As dg_search_run().
 */
int dg_diff_ask(struct dg_diff_work *w, dg_ref condition, const struct dg_diff_pair *pair);
