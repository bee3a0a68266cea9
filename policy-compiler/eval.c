// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include "eval.h"
#include "glob.h"
#include "literal.h"

/* Does one known value belong to the item? Value and item are of one type. */
static bool dg_eval_item(const struct dg_item *item, const struct dg_literal *value)
{
	switch (item->kind) {
	case DG_ITEM_LITERAL:
		if (dg_literal_is_pattern(&item->low))
			return (value->num & item->low.mask) == (item->low.num & item->low.mask);
		return dg_literal_equal(&item->low, value);
	case DG_ITEM_RANGE:
		return value->num >= item->low.num && value->num <= item->high.num;
	case DG_ITEM_SET:
		for (size_t i = 0; i < item->set->item_count; i++)
			if (dg_eval_item(&item->set->items[i], value))
				return true;
		return false;
	}
	return false;
}

/* The test on one known value. */
static bool dg_eval_value(const struct dg_expr *test, const struct dg_literal *value)
{
	const struct dg_literal *literal = &test->literal;

	switch (test->test) {
	case DG_TEST_TRUE:
		return value->num != 0;
	case DG_TEST_EQ:
		return dg_literal_equal(value, literal);
	case DG_TEST_NE:
		return !dg_literal_equal(value, literal);
	case DG_TEST_LT:
		return value->num < literal->num;
	case DG_TEST_LE:
		return value->num <= literal->num;
	case DG_TEST_GT:
		return value->num > literal->num;
	case DG_TEST_GE:
		return value->num >= literal->num;
	case DG_TEST_IN:
		for (size_t i = 0; i < test->item_count; i++)
			if (dg_eval_item(&test->items[i], value))
				return true;
		return false;
	case DG_TEST_LIKE:
		return dg_glob_match(literal->str.data, literal->str.len, value->str.data,
				     value->str.len);
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		break; /* not about a value */
	}
	return false;
}

static enum dg_truth dg_eval_test(const struct dg_expr *test, const struct dg_device *device)
{
	const struct dg_fact *fact = dg_device_fact(device, test->attr, test->index);
	bool any = test->quantifier == DG_QUANT_ANY;

	if (test->test == DG_TEST_KNOWN)
		return fact->known ? DG_TRUTH_TRUE : DG_TRUTH_FALSE;
	if (test->test == DG_TEST_NOT_KNOWN)
		return fact->known ? DG_TRUTH_FALSE : DG_TRUTH_TRUE;
	if (!fact->known)
		return DG_TRUTH_UNKNOWN;
	if (test->quantifier == DG_QUANT_NONE)
		return dg_eval_value(test, &fact->scalar) ? DG_TRUTH_TRUE : DG_TRUTH_FALSE;

	/* `all` of an empty set is false: nothing is admitted for lack of anything to check. */
	if (!fact->element_count)
		return DG_TRUTH_FALSE;
	for (size_t i = 0; i < fact->element_count; i++)
		if (dg_eval_value(test, &fact->elements[i]) == any)
			return any ? DG_TRUTH_TRUE : DG_TRUTH_FALSE;
	return any ? DG_TRUTH_FALSE : DG_TRUTH_TRUE;
}

enum dg_truth dg_eval_condition(const struct dg_expr *expr, const struct dg_device *device)
{
	enum dg_truth left, right;

	switch (expr->kind) {
	case DG_EXPR_TRUE:
		return DG_TRUTH_TRUE;
	case DG_EXPR_FALSE:
		return DG_TRUTH_FALSE;
	case DG_EXPR_NOT:
		return DG_TRUTH_TRUE - dg_eval_condition(expr->left, device);
	case DG_EXPR_AND:
		left = dg_eval_condition(expr->left, device);
		if (left == DG_TRUTH_FALSE)
			return left;
		right = dg_eval_condition(expr->right, device);
		return left < right ? left : right;
	case DG_EXPR_OR:
		left = dg_eval_condition(expr->left, device);
		if (left == DG_TRUTH_TRUE)
			return left;
		right = dg_eval_condition(expr->right, device);
		return left > right ? left : right;
	case DG_EXPR_TEST:
		return dg_eval_test(expr, device);
	}
	return DG_TRUTH_UNKNOWN;
}

/*
 * from <= t < until. Without a synchronised clock nobody can say that `until` has not come: such an
 * allow is over, and what denies goes on.
 */
bool dg_eval_live(const struct dg_rule_node *rule, uint64_t time, bool clock_synced)
{
	if (rule->has_from && time < rule->from)
		return false;
	if (!rule->has_until)
		return true;
	if (!clock_synced)
		return rule->effect != DG_EFFECT_ALLOW;
	return time < rule->until;
}

/* Would the rule decide, if the search came to it? An unknown condition is enough to deny. */
static bool dg_eval_matches(const struct dg_rule_node *rule, const struct dg_device *device,
			    enum dg_op op, uint64_t time, bool clock_synced)
{
	enum dg_truth condition;

	if (!(rule->ops & 1U << op) || !dg_eval_live(rule, time, clock_synced))
		return false;
	condition = rule->where ? dg_eval_condition(rule->where, device) : DG_TRUTH_TRUE;
	return rule->effect == DG_EFFECT_ALLOW ? condition == DG_TRUTH_TRUE : condition != DG_TRUTH_FALSE;
}

static bool dg_eval_audited(enum dg_audit audit, enum dg_verdict verdict)
{
	return audit == DG_AUDIT_ALWAYS ||
	       (audit == DG_AUDIT_DENIED && verdict == DG_VERDICT_DENY);
}

/* What a search for the decider has come to. */
struct dg_deciding {
	struct dg_answer answer;
	enum dg_audit audit;
};

static struct dg_deciding dg_eval_begin(const struct dg_policy *policy, enum dg_op op)
{
	return (struct dg_deciding){
		.answer = {
			.verdict = policy->defaults[op],
			.rule = DG_RULE_DEFAULT,
			.would = DG_RULE_NONE,
		},
		.audit = DG_AUDIT_DENIED,
	};
}

/*
 * The search comes to a rule, to which others but forbids only after all of those. True: it decides. A
 * permissive one is noted and passed over.
 */
static bool dg_eval_step(const struct dg_policy *policy, uint32_t number, bool forbids,
			 const struct dg_eval_case *c, bool clock_synced, struct dg_deciding *d)
{
	const struct dg_rule_node *rule = &policy->rules[number];
	bool allow = rule->effect == DG_EFFECT_ALLOW;

	if ((rule->effect == DG_EFFECT_FORBID) != forbids || number == c->without ||
	    !dg_eval_matches(rule, c->device, c->op, c->time, clock_synced))
		return false;
	if (rule->permissive) {
		if (d->answer.would != DG_RULE_NONE)
			return false;
		d->answer.would = number;
		if (allow)
			d->answer.flags |= DG_LEAF_WOULD_ALLOW;
		if (rule->audit != DG_AUDIT_NEVER)
			d->answer.flags |= DG_LEAF_AUDIT;
		return false;
	}
	d->answer.verdict = allow ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
	d->answer.rule = number;
	d->audit = rule->audit;
	return true;
}

/* The default is audited like a rule that says nothing about it. */
static struct dg_answer dg_eval_end(struct dg_deciding *d)
{
	if (dg_eval_audited(d->audit, (enum dg_verdict)d->answer.verdict))
		d->answer.flags |= DG_LEAF_AUDIT;
	return d->answer;
}

void dg_eval_decide(const struct dg_policy *policy, const struct dg_device *device, enum dg_op op,
		    uint64_t time, bool clock_synced, struct dg_answer *ret)
{
	const struct dg_eval_case c = {
		.device = device, .time = time, .op = op, .without = DG_RULE_NONE
	};
	struct dg_deciding d = dg_eval_begin(policy, op);
	bool decided = false;

	/* 1. The first forbid whose condition is true or unknown. */
	for (uint32_t i = 0; i < policy->rule_count && !decided; i++)
		decided = dg_eval_step(policy, i, true, &c, clock_synced, &d);
	/* 2. The first allow or deny that matches. 3. Else the default. */
	for (uint32_t i = 0; i < policy->rule_count && !decided; i++)
		decided = dg_eval_step(policy, i, false, &c, clock_synced, &d);
	*ret = dg_eval_end(&d);
}

/* As above, at most DG_EVAL_TOGETHER of them: each rule is read once for all. */
static void dg_eval_together(const struct dg_policy *policy, struct dg_eval_case *cases, size_t count)
{
	struct dg_deciding deciding[DG_EVAL_TOGETHER];
	size_t open[DG_EVAL_TOGETHER], left = count;

	for (size_t k = 0; k < count; k++) {
		deciding[k] = dg_eval_begin(policy, cases[k].op);
		open[k] = k;
	}
	for (unsigned int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < policy->rule_count && left; i++)
			for (size_t n = 0; n < left;)
				if (dg_eval_step(policy, i, pass == 0, &cases[open[n]], true,
						 &deciding[open[n]]))
					open[n] = open[--left];
				else
					n++;
	for (size_t k = 0; k < count; k++)
		cases[k].answer = dg_eval_end(&deciding[k]);
}

void dg_eval_decide_all(const struct dg_policy *policy, struct dg_eval_case *cases, size_t count)
{
	while (count) {
		size_t some = count < DG_EVAL_TOGETHER ? count : DG_EVAL_TOGETHER;

		dg_eval_together(policy, cases, some);
		cases += some;
		count -= some;
	}
}
