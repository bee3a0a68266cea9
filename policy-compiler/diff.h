/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What a new policy changes: the pairs of deciding rules, the old one and the new one, between
 * which the verdict differs for some device at some time (clock synchronised), each with such a
 * device.
 *
 * Of the two rules of a pair at least one is a rule that the other policy does not have, or has in
 * another place (or both are defaults): a changed rule. One that stands before many others makes as
 * many pairs, and a few of them say what it does. So for each operation there are at most
 * DG_DIFF_PAIRS, shared out among the changed rules from the last to the first: each takes no more
 * than its part of what is left, but one at least (the one with the rule of the same id, if there is
 * such a pair, else the one with the default). What was left out is noted. Exact: empty exactly when no verdict differs, and a changed rule is in it exactly when
 * it makes a difference.
 */
#pragma once

#include "diag.h"
#include "facts.h"

#define DG_DIFF_PAIRS 500

enum dg_diff_flags {
	DG_DIFF_ALL = 1 << 0,	/* every pair, however many */
	DG_DIFF_CUBES = 1 << 1, /* look for them as where they are hard to find: for tests */
};

struct dg_diff_change {
	enum dg_op op;
	uint32_t old_rule, new_rule; /* indices, or DG_RULE_DEFAULT */
	enum dg_verdict old_verdict, new_verdict;
	struct dg_device *device;
	bool has_time; /* else it changes at every time for the device */
	uint64_t time;
};

/* A rule of one of the policies that stands in more pairs than are given. */
struct dg_diff_more {
	enum dg_op op;
	bool is_new; /* a rule of the new policy */
	uint32_t rule;
	enum dg_verdict verdict; /* its own: the others' is the other one */
};

struct dg_diff {
	struct dg_arena *arena;		/* holds the devices */
	struct dg_diff_change *changes; /* by operation, then by old rule, then by new rule, in
					   policy order, the default last */
	size_t count, room;
	struct dg_diff_more *more; /* by operation, the old policy's rules first, in policy order */
	size_t more_count, more_room;
	uint32_t undecided; /* bit n: on enum dg_op n there may be more */
};

/*
 * 0: *@ret is to be freed with dg_diff_free(). -EBADMSG: @diags says why the policies cannot be
 * compared (too big). -ENOMEM. The policies must outlive the result.
 */
int dg_diff_new(const struct dg_policy *old, const struct dg_policy *new, unsigned int flags,
		struct dg_diags *diags, struct dg_diff **ret);
void dg_diff_free(struct dg_diff *diff);
DEFINE_CLEANUP(struct dg_diff *, dg_diff_free, diff)
