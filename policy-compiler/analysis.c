/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "analysis.h"

#include <stdlib.h>
#include <string.h>

#include "analysis_parts.h"
#include "util.h"

static bool reduce_conditions(void *data, dg_ref *state, size_t count)
{
	(void)data;
	for (size_t i = 0; i < count; i++)
		if (state[i] == DG_FALSE)
			return false;
	return true;
}

static bool all_hold(void *data, const dg_ref *state, size_t count)
{
	(void)data, (void)state, (void)count;
	return true; /* reduced: none is false */
}

static bool nothing_left(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)component, (void)from;
	return to == DG_TRUE;
}

const struct dg_question dg_analysis_conditions = {
	.reduce = reduce_conditions, .goal = all_hold, .best = nothing_left};

int dg_analysis_search(struct dg_analysis *a, const struct dg_question *question,
		       const dg_ref *components, size_t count)
{
	size_t budget = a->steps < DG_ANALYSIS_STEPS ? a->steps : DG_ANALYSIS_STEPS;
	int r;

	a->search.question = question;
	a->search.budget = budget;
	r = dg_search_run(&a->search, components, count);
	a->steps -= budget - a->search.budget;
	return r;
}

static uint32_t find_clock(const struct dg_symbols *symbols)
{
	const struct dg_variable *vars;
	uint32_t count;

	vars = dg_symbols_variables(symbols, &count);
	for (uint32_t i = 0; i < count; i++)
		if (vars[i].kind == DG_VAR_CLOCK)
			return i;
	return DG_VAR_NONE;
}

int dg_analysis_synchronise(struct dg_analysis *a, dg_ref ref, dg_ref *ret)
{
	if (a->clock == DG_VAR_NONE) {
		*ret = ref;
		return 0;
	}
	return dg_diagram_restrict(a->fold->diagram, ref, a->clock, 1, ret);
}

/* The condition that the clock is synchronised. */
static int find_synced(struct dg_analysis *a)
{
	const struct dg_class_run synced = {.first = 1, .end = 2};

	a->synced = DG_TRUE;
	if (a->clock == DG_VAR_NONE)
		return 0;
	return dg_diagram_member(a->fold->diagram, a->clock, &synced, 1, false, false, false,
				 &a->synced);
}

static int prepare_rules(struct dg_analysis *a)
{
	size_t count = a->policy->rule_count;
	int r;

	a->match = calloc(count + 1, sizeof(*a->match));
	a->kind_of = calloc(count + 1, sizeof(*a->kind_of));
	a->ops_of = calloc(count + 1, sizeof(*a->ops_of));
	a->passed_over = calloc(count + 1, sizeof(*a->passed_over));
	a->silent = calloc(count + 1, sizeof(*a->silent));
	a->arena = dg_arena_new();
	if (!a->match || !a->kind_of || !a->ops_of || !a->passed_over || !a->silent || !a->arena)
		return -ENOMEM;
	r = find_synced(a);
	for (size_t i = 0; i < count && r >= 0; i++) {
		const struct dg_rule_node *rule = &a->policy->rules[i];

		a->kind_of[a->fold->rank[i]] =
			dg_analysis_kind(dg_analysis_verdict(rule), rule->audit);
		a->ops_of[a->fold->rank[i]] = (uint16_t)rule->ops;
		a->passed_over[a->fold->rank[i]] = rule->permissive;
		a->match[i] = a->fold->match[i];
		a->silent[i] = rule->in_error;
		if (rule->has_until)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, a->fold->match[i],
					     a->synced, &a->match[i]);
	}
	return r;
}

int dg_analysis_column(struct dg_analysis *a, unsigned int op, const struct dg_fold_op **ret)
{
	uint32_t c = a->column_of[op];
	struct dg_fold_op *parts = &a->columns[c];
	int r = 0;

	if (!a->column_made[c]) {
		r = dg_fold_parts(a->fold, &a->fold->columns[c], DG_KEEP_TWO, true, parts);
		for (size_t i = 0; i < parts->count && r >= 0; i++) {
			r = dg_analysis_synchronise(a, parts->roots[i], &parts->roots[i]);
			if (r >= 0)
				r = dg_outlooks_add(&a->outlooks, parts->roots[i]);
		}
		if (r < 0 && r != -E2BIG)
			return r;
		a->column_made[c] = true;
		a->column_too_big[c] = r < 0;
	}
	*ret = parts;
	return a->column_too_big[c] ? -E2BIG : 0;
}

static void prepare_columns(struct dg_analysis *a)
{
	a->outlooks.diagram = a->fold->diagram;
	a->outlooks.kind_of = a->kind_of;
	for (size_t c = 0; c < a->fold->column_count; c++)
		for (uint32_t op = 0; op < DG_OP_MAX; op++)
			if (a->fold->columns[c].ops >> op & 1)
				a->column_of[op] = (uint32_t)c;
}

static void analysis_done(struct dg_analysis *a)
{
	dg_search_done(&a->search);
	dg_outlooks_done(&a->outlooks);
	dg_analysis_items_done(a);
	free(a->match);
	free(a->kind_of);
	free(a->ops_of);
	free(a->passed_over);
	dg_analysis_points_done(a);
	free(a->silent);
	free(a->pending);
	if (a->arena)
		dg_arena_free(a->arena);
	if (a->pending_arena)
		dg_arena_free(a->pending_arena);
}

static int run_stage(struct dg_analysis *a, int (*run)(struct dg_analysis *), const char *about)
{
	int r = run(a);

	if (r != -E2BIG)
		return r;
	dg_diag_report(a->diags, DG_E212, &a->policy->pos,
		       "the policy is too big for all questions to be decided: this leaves out %s",
		       about);
	return 0;
}

int dg_analysis_run(const struct dg_policy *policy, struct dg_fold *fold, unsigned int flags,
		    struct dg_diags *diags)
{
	_cleanup_(analysis_done) struct dg_analysis a = {.policy = policy,
							 .fold = fold,
							 .flags = flags,
							 .diags = diags,
							 .steps = DG_ANALYSIS_ALL_STEPS};
	int r;

	a.clock = find_clock(fold->symbols);
	r = prepare_rules(&a);
	prepare_columns(&a);
	a.search.symbols = fold->symbols;
	a.search.diagram = fold->diagram;
	a.search.outlooks = &a.outlooks;
	if (r >= 0)
		r = dg_search_init(&a.search);
	if (r >= 0)
		r = dg_analysis_points_init(&a);
	if (r >= 0)
		r = dg_analysis_items_prepare(&a);
	if (r == -E2BIG)
		dg_analysis_asserts_undecided(&a);
	/* What one of these has no room for is no reason to leave out the next. */
	if (r >= 0)
		r = run_stage(&a, dg_analysis_rules,
			      "some of its rules, for which there are no findings");
	if (r >= 0)
		r = dg_analysis_asserts(&a);
	if (r >= 0)
		r = run_stage(&a, dg_analysis_binds, "what is accepted and never bound");
	if (r >= 0)
		r = run_stage(&a, dg_analysis_items, "items of its sets");
	if (r == -E2BIG) {
		dg_diag_report(
			diags, DG_E212, &policy->pos,
			"the policy is too big to be analysed: nothing is said about its rules");
		return 0;
	}
	return r;
}
