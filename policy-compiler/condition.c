/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#define _GNU_SOURCE /* qsort_r() */
#include "condition.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "map.h"
#include "util.h"

#define FEW 8 /* operands that are put together one by one, the last variable first */

struct refs {
	dg_ref *items;
	size_t count, room;
};

static void refs_done(struct refs *refs)
{
	free(refs->items);
}

void dg_conditions_done(struct dg_conditions *c)
{
	dg_map_done(&c->member_of);
}

static bool may_be_unknown(const struct dg_conditions *c, uint32_t var)
{
	uint32_t count;
	const struct dg_variable *v = &dg_symbols_variables(c->symbols, &count)[var];

	return v->kind != DG_VAR_TIME && v->kind != DG_VAR_CLOCK;
}

static int build_member(struct dg_conditions *c, const struct dg_atom *atom, bool negated,
			bool unknown, dg_ref *ret)
{
	uint64_t key = (uint64_t)atom->var << 2 | (unsigned int)negated << 1 | unknown;
	int r;

	/* The runs of an atom are one array for as long as the symbols live. */
	if (atom->run_count > 1 && dg_map_get(&c->member_of, (uintptr_t)atom->runs, key, ret))
		return 0;
	r = dg_diagram_member(c->diagram, atom->var, atom->runs, atom->run_count, negated, unknown,
			      may_be_unknown(c, atom->var), ret);
	if (r >= 0 && atom->run_count > 1)
		r = dg_map_put(&c->member_of, (uintptr_t)atom->runs, key, *ret);
	return r;
}

int dg_condition_atom(struct dg_conditions *c, const struct dg_atom *atom, bool negated,
		      dg_ref *ret)
{
	return build_member(c, atom, negated, false, ret);
}

static int build_test(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense,
		      dg_ref *ret)
{
	bool wanted = sense == DG_IS_TRUE || sense == DG_NOT_FALSE;
	bool unknown = sense == DG_NOT_TRUE || sense == DG_NOT_FALSE;
	struct dg_test_meaning meaning;
	dg_ref second, result;
	bool negated;
	int r;

	if (!dg_symbols_test(c->symbols, expr, &meaning))
		return -EINVAL;
	if (expr->test == DG_TEST_KNOWN || expr->test == DG_TEST_NOT_KNOWN)
		return dg_diagram_known(c->diagram, meaning.atoms[0].var,
					(expr->test == DG_TEST_KNOWN) == wanted, ret);
	if (c->dropped && c->dropped(c->dropped_data, expr)) {
		struct dg_atom none = {.var = meaning.atoms[0].var};

		return build_member(c, &none, !wanted, unknown, ret);
	}
	negated = meaning.negated == wanted;
	r = build_member(c, &meaning.atoms[0], negated, unknown, &result);
	if (r >= 0 && meaning.count == 2) {
		r = build_member(c, &meaning.atoms[1], negated, unknown, &second);
		if (r >= 0)
			r = dg_diagram_apply(c->diagram, negated ? DG_APPLY_AND : DG_APPLY_OR,
					     result, second, &result);
	}
	if (r >= 0)
		*ret = result;
	return r;
}

static int build(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense,
		 dg_ref *ret);

static int compare_vars(const void *a, const void *b, void *diagram)
{
	uint32_t x = dg_diagram_var(diagram, *(const dg_ref *)a);
	uint32_t y = dg_diagram_var(diagram, *(const dg_ref *)b);

	return (x < y) - (x > y);
}

/* Few operands: a test before those that stand behind it costs one node. */
static int join(struct dg_diagram *d, enum dg_apply op, struct refs *refs, dg_ref *ret)
{
	dg_ref all;
	int r = 0;

	qsort_r(refs->items, refs->count, sizeof(*refs->items), compare_vars, d);
	if (refs->count > FEW)
		return dg_diagram_reduce(d, op, refs->items, refs->count, ret);
	all = refs->items[0];
	for (size_t i = 1; i < refs->count && r >= 0; i++)
		r = dg_diagram_apply(d, op, refs->items[i], all, &all);
	if (r >= 0)
		*ret = all;
	return r;
}

/*
 * The operands of a chain of one operator, with a stack of its own: ten thousand `or` make a tree
 * that deep. What remains as recursion is the nesting of different operators, which the parser
 * bounds.
 */
static int build_chain(struct dg_conditions *c, const struct dg_expr *chain, enum dg_sense sense,
		       dg_ref *ret)
{
	bool both = (chain->kind == DG_EXPR_AND) == (sense == DG_IS_TRUE || sense == DG_NOT_FALSE);
	_cleanup_free_ const struct dg_expr **stack = NULL;
	_cleanup_(refs_done) struct refs refs = {};
	size_t depth = 0, room = 0;
	int r;

	r = dg_array_reserve(&stack, &room, 1, sizeof(*stack));
	if (r < 0)
		return r;
	stack[depth++] = chain;
	while (depth > 0) {
		const struct dg_expr *expr = stack[--depth];

		if (expr->kind == chain->kind) {
			r = dg_array_reserve(&stack, &room, depth + 2, sizeof(*stack));
			if (r < 0)
				return r;
			stack[depth++] = expr->right;
			stack[depth++] = expr->left;
			continue;
		}
		r = dg_array_reserve(&refs.items, &refs.room, refs.count + 1, sizeof(*refs.items));
		if (r >= 0)
			r = build(c, expr, sense, &refs.items[refs.count]);
		if (r < 0)
			return r;
		refs.count++;
	}
	return join(c->diagram, both ? DG_APPLY_AND : DG_APPLY_OR, &refs, ret);
}

static enum dg_sense opposite(enum dg_sense sense)
{
	switch (sense) {
	case DG_IS_TRUE:
		return DG_IS_FALSE;
	case DG_IS_FALSE:
		return DG_IS_TRUE;
	case DG_NOT_TRUE:
		return DG_NOT_FALSE;
	case DG_NOT_FALSE:
		return DG_NOT_TRUE;
	}
	return sense;
}

static int build(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense,
		 dg_ref *ret)
{
	for (; expr->kind == DG_EXPR_NOT; expr = expr->left)
		sense = opposite(sense);
	switch (expr->kind) {
	case DG_EXPR_TRUE:
	case DG_EXPR_FALSE:
		*ret = (expr->kind == DG_EXPR_TRUE) == (sense == DG_IS_TRUE || sense == DG_NOT_FALSE)
			       ? DG_TRUE
			       : DG_FALSE;
		return 0;
	case DG_EXPR_TEST:
		return build_test(c, expr, sense, ret);
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		return build_chain(c, expr, sense, ret);
	default:
		return -EINVAL;
	}
}

int dg_condition(struct dg_conditions *c, const struct dg_expr *where, enum dg_sense sense,
		 dg_ref *ret)
{
	if (!where) {
		*ret = sense == DG_IS_TRUE || sense == DG_NOT_FALSE ? DG_TRUE : DG_FALSE;
		return 0;
	}
	return build(c, where, sense, ret);
}

int dg_condition_live(struct dg_conditions *c, const struct dg_rule_node *rule, dg_ref *ret)
{
	bool allow = rule->effect == DG_EFFECT_ALLOW;
	dg_ref live = DG_TRUE, before, clock, after;
	struct dg_atom atom;
	int r = 0;

	if (rule->has_until) {
		atom = dg_symbols_time_from(c->symbols, rule->until);
		r = dg_condition_atom(c, &atom, true, &before);
		atom = dg_symbols_clock_synced(c->symbols);
		if (r >= 0)
			r = dg_condition_atom(c, &atom, !allow, &clock);
		if (r >= 0)
			r = dg_diagram_apply(c->diagram, allow ? DG_APPLY_AND : DG_APPLY_OR, before,
					     clock, &live);
	}
	if (r >= 0 && rule->has_from) {
		atom = dg_symbols_time_from(c->symbols, rule->from);
		r = dg_condition_atom(c, &atom, false, &after);
		if (r >= 0)
			r = dg_diagram_apply(c->diagram, DG_APPLY_AND, live, after, &live);
	}
	if (r >= 0)
		*ret = live;
	return r;
}
