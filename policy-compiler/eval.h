/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The reference evaluator: interprets the syntax tree as the language page says (sections 5 and 6),
 * with no optimiser and no code in common with the tables or the engine. It is what they are compared
 * with.
 */
#pragma once

#include "facts.h"

/* Ordered so that `and` is the least and `or` the greatest of the two (Kleene). */
enum dg_truth {
	DG_TRUTH_FALSE,
	DG_TRUTH_UNKNOWN,
	DG_TRUTH_TRUE,
};

/* What a condition, or a part of one, is for @device. */
enum dg_truth dg_eval_condition(const struct dg_expr *expr, const struct dg_device *device);

/* Is the rule within its `from` and `until`? See dg_eval_decide(). */
bool dg_eval_live(const struct dg_rule_node *rule, uint64_t time, bool clock_synced);

/*
 * Decide @op for @device at @time (seconds since 1970 UTC). @clock_synced false: a rule with `until`
 * allows nothing, and one that denies stays live past it. The answer has the indices of
 * policy->rules. DG_LEAF_AUDIT is set when an event is due.
 */
void dg_eval_decide(const struct dg_policy *policy, const struct dg_device *device, enum dg_op op,
		    uint64_t time, bool clock_synced, struct dg_answer *ret);
