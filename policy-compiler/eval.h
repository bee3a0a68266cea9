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

/* One question to the evaluator. */
struct dg_eval_case {
	const struct dg_device *device;
	uint64_t time;
	enum dg_op op;
	uint32_t without; /* a rule that is taken to be gone, or DG_RULE_NONE */
	struct dg_answer answer;
};

#define DG_EVAL_TOGETHER 32 /* cases that are judged while a rule is at hand */

/*
 * Decide each of the cases, with the clock synchronised, as dg_eval_decide() does. A large policy is read
 * once for many of them, which is most of what deciding one costs.
 */
void dg_eval_decide_all(const struct dg_policy *policy, struct dg_eval_case *cases, size_t count);
