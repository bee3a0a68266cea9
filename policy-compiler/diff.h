/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What a new policy changes: every pair of deciding rules, the old one and the new one, between which
 * the verdict differs for some device at some time (clock synchronised), with such a device. Exact:
 * empty exactly when no verdict differs.
 */
#pragma once

#include "diag.h"
#include "facts.h"

struct dg_diff_change {
	enum dg_op op;
	uint32_t old_rule, new_rule; /* indices, or DG_RULE_DEFAULT */
	enum dg_verdict old_verdict, new_verdict;
	struct dg_device *device;
	bool has_time; /* else it changes at every time for the device */
	uint64_t time;
};

struct dg_diff {
	struct dg_arena *arena; /* holds the devices */
	struct dg_diff_change *changes; /* by operation, then by old rule, then by new rule, in
					   policy order, the default last */
	size_t count, room;
	uint32_t undecided; /* bit n: on enum dg_op n there may be more */
};

/*
 * 0: *@ret is to be freed with dg_diff_free(). -EBADMSG: @diags says why the policies cannot be
 * compared (too big). -ENOMEM. The policies must outlive the result.
 */
int dg_diff_new(const struct dg_policy *old, const struct dg_policy *new, struct dg_diags *diags,
		struct dg_diff **ret);
void dg_diff_free(struct dg_diff *diff);
DEFINE_CLEANUP(struct dg_diff *, dg_diff_free, diff)
