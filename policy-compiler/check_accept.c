// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/*
 * An `allow` on accept must imply spdm.verified (language page, section 7): whatever else a policy
 * does, a device's own claims never admit it to the trusted computing base. The shape of most
 * conditions shows it; what it leaves open a search over all devices decides.
 */
#include <string.h>

#include "arena.h"
#include "array.h"
#include "condition.h"
#include "eval.h"
#include "frontend.h"
#include "inventory.h"
#include "search.h"

#define DG_ACCEPT_STEPS 1000000 /* of one search */
#define DG_ACCEPT_RUNS (1U << 20)

/* The test alone: where it is @truth, spdm.verified is true. */
static bool dg_test_implies_verified(const struct dg_expr *test, bool truth)
{
	bool wanted;

	if (!test->attr || test->attr->id != DG_ATTR_SPDM_VERIFIED)
		return false;
	switch (test->test) {
	case DG_TEST_TRUE:
		return truth;
	case DG_TEST_EQ:
		wanted = test->literal.num;
		return wanted == truth;
	case DG_TEST_NE:
		wanted = !test->literal.num;
		return wanted == truth;
	case DG_TEST_IN:
		for (size_t i = 0; i < test->item_count; i++)
			if (test->items[i].kind != DG_ITEM_LITERAL || !test->items[i].low.num)
				return false;
		return truth && test->item_count;
	default:
		return false;
	}
}

/* Where @expr is true (or, with @truth false, where it is false) spdm.verified is true. */
static bool dg_implies_verified(const struct dg_expr *expr, bool truth)
{
	switch (expr->kind) {
	case DG_EXPR_TRUE:
		return !truth;
	case DG_EXPR_FALSE:
		return truth;
	case DG_EXPR_NOT:
		return dg_implies_verified(expr->left, !truth);
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		/* A true `and`, like a false `or`, has both sides; else there are two ways. */
		if ((expr->kind == DG_EXPR_AND) == truth)
			return dg_implies_verified(expr->left, truth) ||
			       dg_implies_verified(expr->right, truth);
		return dg_implies_verified(expr->left, truth) &&
		       dg_implies_verified(expr->right, truth);
	case DG_EXPR_TEST:
		return dg_test_implies_verified(expr, truth);
	}
	return false;
}

static bool dg_accept_reduce(void *data, dg_ref *state, size_t count)
{
	(void)data, (void)count;
	return state[0] != DG_FALSE;
}

static bool dg_accept_goal(void *data, const dg_ref *state, size_t count)
{
	(void)data, (void)state, (void)count;
	return true;
}

static bool dg_accept_best(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)component, (void)from;
	return to == DG_TRUE;
}

struct dg_accept {
	struct dg_front *front;
	struct dg_policy rules; /* those that the shape does not show */
	struct dg_symbols *symbols;
	struct dg_diagram *diagram;
	struct dg_conditions conditions;
	struct dg_search search;
	struct dg_arena *arena;
	dg_ref unverified;
};

static void dg_accept_done(struct dg_accept *a)
{
	dg_search_done(&a->search);
	dg_conditions_done(&a->conditions);
	if (a->diagram)
		dg_diagram_free(a->diagram);
	dg_symbols_free(a->symbols);
	if (a->arena)
		dg_arena_free(a->arena);
}

static void dg_accept_undecided(struct dg_accept *a, const struct dg_rule_node *rule)
{
	dg_diag_report(a->front->diags, DG_E076, &rule->pos,
		       "whether the condition implies spdm.verified is not decided within the "
		       "budget; say it: `and spdm.verified`");
	a->front->benign_errors++;
}

static int dg_accept_report(struct dg_accept *a, const struct dg_rule_node *rule)
{
	const struct dg_attr *verified = dg_schema_attr(DG_ATTR_SPDM_VERIFIED);
	const struct dg_fact *fact;
	struct dg_witness witness;
	char *json = NULL;
	int r;

	r = dg_symbols_device(a->symbols, a->search.classes, a->arena, &witness);
	if (r < 0)
		return r;
	fact = dg_device_fact(witness.device, verified, 0);
	if ((fact->known && fact->scalar.num) ||
	    (rule->where && dg_eval_condition(rule->where, witness.device) != DG_TRUTH_TRUE))
		return -E2BIG; /* the reference evaluator does not confirm it */
	if (dg_device_to_json(witness.device, &json) < 0)
		json = NULL; /* the report stands without it */
	dg_diag_report_full(a->front->diags, DG_E070, DG_SEVERITY_ERROR, &rule->pos, json,
			    "the rule allows accept to a device whose spdm.verified is %s; add `and "
			    "spdm.verified`",
			    fact->known ? "false" : "unknown");
	a->front->benign_errors++;
	return 0;
}

static int dg_accept_rule(struct dg_accept *a, const struct dg_rule_node *rule)
{
	dg_ref condition;
	int r;

	dg_diagram_budget(a->diagram, DG_ACCEPT_RUNS);
	r = dg_condition(&a->conditions, rule->where, DG_IS_TRUE, &condition);
	if (r >= 0)
		r = dg_diagram_apply(a->diagram, DG_APPLY_AND, condition, a->unverified,
				     &condition);
	a->search.budget = DG_ACCEPT_STEPS;
	if (r >= 0)
		r = dg_search_run(&a->search, &condition, 1);
	if (r == 1)
		r = dg_accept_report(a, rule);
	if (r != -E2BIG)
		return r;
	dg_accept_undecided(a, rule);
	return 0;
}

static void dg_accept_fault(void *data, enum dg_symbols_fault fault, const struct dg_attr *attr,
			    const struct dg_expr *expr)
{
	(void)data, (void)fault, (void)attr, (void)expr;
}

/* -EOPNOTSUPP: the conditions are too big. */
static int dg_accept_prepare(struct dg_accept *a)
{
	static const struct dg_question question = {
		.reduce = dg_accept_reduce, .goal = dg_accept_goal, .best = dg_accept_best};
	const struct dg_symbols_options options = {.verified = true, .report = dg_accept_fault};
	const struct dg_policy *policies[] = {&a->rules};
	_cleanup_free_ uint32_t *counts = NULL;
	const struct dg_variable *vars;
	struct dg_atom verified;
	uint32_t count;
	dg_ref is;
	int r;

	r = dg_symbols_new(policies, 1, &options, &a->symbols);
	if (r < 0)
		return r;
	vars = dg_symbols_variables(a->symbols, &count);
	counts = calloc(count + UINT64_C(1), sizeof(*counts));
	a->arena = dg_arena_new();
	if (!counts || !a->arena)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		counts[i] = vars[i].class_count;
	a->diagram = dg_diagram_new(counts, count, 4 * DG_ACCEPT_RUNS);
	if (!a->diagram)
		return -ENOMEM;
	a->conditions.symbols = a->symbols;
	a->conditions.diagram = a->diagram;
	a->search.symbols = a->symbols;
	a->search.diagram = a->diagram;
	a->search.question = &question;
	r = dg_search_init(&a->search);
	verified = dg_symbols_verified(a->symbols);
	if (r >= 0)
		r = dg_condition_atom(&a->conditions, &verified, false, &is);
	if (r >= 0)
		r = dg_diagram_not(a->diagram, is, &a->unverified);
	return r;
}

static int dg_accept_prove(struct dg_front *front, struct dg_rule_node *rules, size_t count)
{
	_cleanup_(dg_accept_done) struct dg_accept a = {.front = front, .rules = *front->policy};
	int r;

	a.rules.rules = rules;
	a.rules.rule_count = count;
	a.rules.assert_count = 0;
	r = dg_accept_prepare(&a);
	if (r == -EOPNOTSUPP) {
		for (size_t i = 0; i < count; i++)
			dg_accept_undecided(&a, &rules[i]);
		return 0;
	}
	for (size_t i = 0; i < count && r >= 0; i++) {
		dg_arena_reset(a.arena);
		r = dg_accept_rule(&a, &rules[i]);
	}
	return r;
}

int dg_check_accept(struct dg_front *front)
{
	const struct dg_policy *policy = front->policy;
	_cleanup_free_ struct dg_rule_node *open = NULL;
	size_t count = 0, room = 0;
	int r;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		if (rule->effect != DG_EFFECT_ALLOW || !(rule->ops & 1U << DG_OP_ACCEPT) ||
		    rule->broken || (rule->where && dg_implies_verified(rule->where, true)))
			continue;
		r = dg_array_reserve(&open, &room, count + 1, sizeof(*open));
		if (r < 0)
			return r;
		open[count++] = *rule;
	}
	return count > 0 ? dg_accept_prove(front, open, count) : 0;
}
