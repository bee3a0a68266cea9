/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#define _GNU_SOURCE /* qsort_r() */
#include "condition.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "map.h"
#include "util.h"

#define FEW 8 /* operands that are put together one by one, the last variable first; runs */

void dg_conditions_done(struct dg_conditions *c)
{
	dg_map_done(&c->member_of);
	free(c->operands);
	free(c->stack);
}

/* What is remembered may be gone from the diagram. */
static void forget_undone(struct dg_conditions *c)
{
	if (c->undone == dg_diagram_undone(c->diagram))
		return;
	c->undone = dg_diagram_undone(c->diagram);
	dg_map_done(&c->member_of);
	c->member_of = (struct dg_map){};
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

	forget_undone(c);
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

/* What a test says, in one function or, as long as that may save one, not made yet. */
static int find_test(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense,
		     struct dg_operand *ret)
{
	bool wanted = sense == DG_IS_TRUE || sense == DG_NOT_FALSE;
	bool unknown = sense == DG_NOT_TRUE || sense == DG_NOT_FALSE;
	struct dg_test_meaning meaning;
	dg_ref second;
	bool negated;
	int r;

	if (!dg_symbols_test(c->symbols, expr, &meaning))
		return -EINVAL;
	ret->made = true;
	if (expr->test == DG_TEST_KNOWN || expr->test == DG_TEST_NOT_KNOWN)
		return dg_diagram_known(c->diagram, meaning.atoms[0].var,
					(expr->test == DG_TEST_KNOWN) == wanted, &ret->ref);
	if (c->dropped && c->dropped(c->dropped_data, expr)) {
		struct dg_atom none = {.var = meaning.atoms[0].var};

		return build_member(c, &none, !wanted, unknown, &ret->ref);
	}
	negated = meaning.negated == wanted;
	if (meaning.count == 1 && meaning.atoms[0].run_count <= FEW) {
		*ret = (struct dg_operand){
			.atom = meaning.atoms[0], .negated = negated, .unknown = unknown};
		return 0;
	}
	r = build_member(c, &meaning.atoms[0], negated, unknown, &ret->ref);
	if (r >= 0 && meaning.count == 2) {
		r = build_member(c, &meaning.atoms[1], negated, unknown, &second);
		if (r >= 0)
			r = dg_diagram_apply(c->diagram, negated ? DG_APPLY_AND : DG_APPLY_OR,
					     ret->ref, second, &ret->ref);
	}
	return r;
}

static int make(struct dg_conditions *c, const struct dg_operand *operand, dg_ref *ret)
{
	if (!operand->made)
		return build_member(c, &operand->atom, operand->negated, operand->unknown, ret);
	*ret = operand->ref;
	return 0;
}

static int build_test(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense,
		      dg_ref *ret)
{
	struct dg_operand operand;
	int r = find_test(c, expr, sense, &operand);

	return r < 0 ? r : make(c, &operand, ret);
}

static int build(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense,
		 dg_ref *ret);

static uint32_t operand_var(const struct dg_conditions *c, const struct dg_operand *operand)
{
	return operand->made ? dg_diagram_var(c->diagram, operand->ref) : operand->atom.var;
}

static int compare_vars(const void *a, const void *b, void *conditions)
{
	uint32_t x = operand_var(conditions, a), y = operand_var(conditions, b);

	return (x < y) - (x > y);
}

/* In place, the equal ones as they stand. */
static void sort_few(struct dg_conditions *c, struct dg_operand *operands, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct dg_operand one = operands[i];
		size_t at = i;

		for (; at > 0 && compare_vars(&operands[at - 1], &one, c) > 0; at--)
			operands[at] = operands[at - 1];
		operands[at] = one;
	}
}

/* @all and one more operand, which mostly stands before it: then that is one node. */
static int join_one(struct dg_conditions *c, enum dg_apply op, const struct dg_operand *operand,
		    dg_ref all, dg_ref *ret)
{
	const struct dg_atom *atom = &operand->atom;
	dg_ref ref;
	int r;

	if (!operand->made && atom->var < dg_diagram_var(c->diagram, all)) {
		struct dg_choice choice = {.then = op == DG_APPLY_AND ? all : DG_TRUE,
					   .otherwise = op == DG_APPLY_AND ? DG_FALSE : all};

		return dg_diagram_choose(c->diagram, atom->var, atom->runs, atom->run_count,
					 operand->negated, operand->unknown,
					 may_be_unknown(c, atom->var), choice, ret);
	}
	r = make(c, operand, &ref);
	return r < 0 ? r : dg_diagram_apply(c->diagram, op, ref, all, ret);
}

static int join_many(struct dg_conditions *c, enum dg_apply op, const struct dg_operand *operands,
		     size_t count, dg_ref *ret)
{
	_cleanup_free_ dg_ref *refs = calloc(count, sizeof(*refs));
	int r = refs ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r >= 0; i++)
		r = make(c, &operands[i], &refs[i]);
	return r < 0 ? r : dg_diagram_reduce(c->diagram, op, refs, count, ret);
}

/* Few operands: a test before those that stand behind it costs one node. */
static int join(struct dg_conditions *c, enum dg_apply op, struct dg_operand *operands,
		size_t count, dg_ref *ret)
{
	dg_ref all;
	int r;

	if (count > FEW) {
		qsort_r(operands, count, sizeof(*operands), compare_vars, c);
		return join_many(c, op, operands, count, ret);
	}
	sort_few(c, operands, count);
	r = make(c, &operands[0], &all);
	for (size_t i = 1; i < count && r >= 0; i++)
		r = join_one(c, op, &operands[i], all, &all);
	if (r >= 0)
		*ret = all;
	return r;
}

static int add_operand(struct dg_conditions *c, const struct dg_expr *expr, enum dg_sense sense)
{
	struct dg_operand operand = {.made = true};
	int r;

	if (expr->kind == DG_EXPR_TEST)
		r = find_test(c, expr, sense, &operand);
	else
		r = build(c, expr, sense, &operand.ref);
	if (r >= 0)
		r = dg_array_reserve(&c->operands, &c->operand_room, c->operand_count + 1,
				     sizeof(*c->operands));
	if (r >= 0)
		c->operands[c->operand_count++] = operand;
	return r;
}

/*
 * The operands of a chain of one operator, with a stack of its own: ten thousand `or` make a tree
 * that deep. What remains as recursion is the nesting of different operators, which the parser
 * bounds.
 */
static int add_operands(struct dg_conditions *c, const struct dg_expr *chain, enum dg_sense sense)
{
	size_t base = c->depth;
	int r = dg_array_reserve(&c->stack, &c->stack_room, base + 1, sizeof(*c->stack));

	if (r < 0)
		return r;
	c->stack[c->depth++] = chain;
	while (c->depth > base && r >= 0) {
		const struct dg_expr *expr = c->stack[--c->depth];

		if (expr->kind != chain->kind) {
			r = add_operand(c, expr, sense);
			continue;
		}
		r = dg_array_reserve(&c->stack, &c->stack_room, c->depth + 2, sizeof(*c->stack));
		if (r < 0)
			break;
		c->stack[c->depth++] = expr->right;
		c->stack[c->depth++] = expr->left;
	}
	c->depth = base;
	return r;
}

static int build_chain(struct dg_conditions *c, const struct dg_expr *chain, enum dg_sense sense,
		       dg_ref *ret)
{
	bool both = (chain->kind == DG_EXPR_AND) == (sense == DG_IS_TRUE || sense == DG_NOT_FALSE);
	size_t base = c->operand_count;
	int r = add_operands(c, chain, sense);

	if (r >= 0)
		r = join(c, both ? DG_APPLY_AND : DG_APPLY_OR, c->operands + base,
			 c->operand_count - base, ret);
	c->operand_count = base;
	return r;
}

enum dg_sense dg_sense_opposite(enum dg_sense sense)
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
		sense = dg_sense_opposite(sense);
	switch (expr->kind) {
	case DG_EXPR_TRUE:
	case DG_EXPR_FALSE:
		*ret = (expr->kind == DG_EXPR_TRUE) ==
				       (sense == DG_IS_TRUE || sense == DG_NOT_FALSE)
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
