/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The tests of conditions, taken apart into atoms. */
#include "symbols_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

#define ID_LOW_MASK UINT64_C(0xffff)
#define AHEAD 8 /* rules that are fetched before they are needed */

/* What a test is made of while its items are gathered: the tails of ->refs and ->spans. */
struct gather {
	const struct dg_attr *attr;
	uint32_t view;
	uint32_t low_view; /* DG_NONE: no pattern asks for the low half */
	uint32_t *low;	   /* points of low_view */
	size_t low_count, low_room;
	uint32_t refs, spans;
};

static int add_span(struct dg_symbols *s, struct gather *g, uint64_t low, uint64_t high)
{
	struct dg_view *view = &s->views[g->view];
	uint32_t point;
	bool new;
	int r;

	if (high > view->top)
		high = view->top;
	if (low > high)
		return 0;
	if (low == high) {
		r = dg_point_find(view, low, (struct dg_bytes){}, &point, &new);
		return r < 0 ? r : dg_atom_add_point(s, point);
	}
	r = dg_array_reserve(&s->spans, &s->span_room, s->span_count + 1, sizeof(*s->spans));
	if (r < 0)
		return r;
	s->spans[s->span_count++] = (struct dg_span){.low = low, .high = high};
	return 0;
}

/* `*:2330`: one value of the low half. */
static int add_low(struct dg_symbols *s, struct gather *g, uint64_t value)
{
	uint32_t point;
	bool new;
	int r = 0;

	if (g->low_view == DG_NONE)
		r = dg_view_find(s, s->views[g->view].kind, g->attr, 0, ID_LOW_MASK, &g->low_view);
	if (r >= 0)
		r = dg_point_find(&s->views[g->low_view], value, (struct dg_bytes){}, &point, &new);
	if (r >= 0)
		r = dg_array_reserve(&g->low, &g->low_room, g->low_count + 1, sizeof(*g->low));
	if (r < 0)
		return r;
	g->low[g->low_count++] = point;
	return 0;
}

static int add_literal(struct dg_symbols *s, struct gather *g, const struct dg_literal *literal)
{
	struct dg_view *view = &s->views[g->view];
	uint64_t mask, free_bits;
	uint32_t point;
	int r;

	if (view->values == DG_VALUES_NUM) {
		mask = literal->mask & view->top;
		free_bits = ~literal->mask & view->top;
		if (free_bits != 0 && (free_bits & (free_bits + 1)) == 0)
			return add_span(s, g, literal->num & mask,
					(literal->num & mask) | free_bits);
		if (free_bits != 0)
			return g->attr->type == DG_TYPE_ID && mask == ID_LOW_MASK
				       ? add_low(s, g, literal->num & mask)
				       : -EINVAL;
	}
	r = dg_point_of(s, view, literal, &point);
	return r < 0 ? r : dg_atom_add_point(s, point);
}

static int push_set(struct dg_symbols *s, const struct dg_set *set, size_t *depth)
{
	uint32_t number;
	int r;

	if (!dg_map_get(&s->set_number, (uintptr_t)set, 0, &number))
		return -EINVAL;
	if (s->set_seen[number] == s->round)
		return 0;
	s->set_seen[number] = s->round;
	r = dg_array_reserve(&s->set_stack, &s->set_stack_room, *depth + 1, sizeof(*s->set_stack));
	if (r < 0)
		return r;
	s->set_stack[(*depth)++] = set;
	return 0;
}

/* Each set once, however often sets name it: a union needs no more. */
static int gather_items(struct dg_symbols *s, struct gather *g, const struct dg_item *items,
			size_t count)
{
	size_t depth = 0;
	int r;

	s->round++;
	for (;;) {
		for (size_t i = 0; i < count; i++) {
			switch (items[i].kind) {
			case DG_ITEM_LITERAL:
				r = add_literal(s, g, &items[i].low);
				break;
			case DG_ITEM_RANGE:
				r = add_span(s, g, items[i].low.num, items[i].high.num);
				break;
			case DG_ITEM_SET:
				r = push_set(s, items[i].set, &depth);
				break;
			default:
				r = -EINVAL;
			}
			if (r < 0)
				return r;
		}
		if (depth == 0)
			return 0;
		depth--;
		items = s->set_stack[depth]->items;
		count = s->set_stack[depth]->item_count;
	}
}

static int gather_test(struct dg_symbols *s, struct gather *g, const struct dg_expr *expr)
{
	const struct dg_literal *literal = &expr->literal;
	uint64_t num = expr->test == DG_TEST_IN ? 0 : literal->num;

	switch (expr->test) {
	case DG_TEST_TRUE:
		return add_span(s, g, 1, 1);
	case DG_TEST_EQ:
	case DG_TEST_NE:
		return add_literal(s, g, literal);
	case DG_TEST_LT:
		return num == 0 ? 0 : add_span(s, g, 0, num - 1);
	case DG_TEST_LE:
		return add_span(s, g, 0, num);
	case DG_TEST_GT:
		return num == UINT64_MAX ? 0 : add_span(s, g, num + 1, UINT64_MAX);
	case DG_TEST_GE:
		return add_span(s, g, num, UINT64_MAX);
	case DG_TEST_IN:
		return gather_items(s, g, expr->items, expr->item_count);
	case DG_TEST_LIKE:
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		return 0;
	}
	return -EINVAL;
}

/* The atom of the low half's values, gathered aside. */
static int low_atom(struct dg_symbols *s, struct gather *g, uint32_t *ret)
{
	uint32_t refs = (uint32_t)s->ref_count, spans = (uint32_t)s->span_count;
	int r = 0;

	for (size_t i = 0; i < g->low_count && r >= 0; i++)
		r = dg_atom_add_point(s, g->low[i]);
	return r < 0 ? r : dg_atom_intern(s, g->low_view, refs, spans, ret);
}

static enum dg_var_kind kind_of(const struct dg_attr *attr)
{
	if (attr->set)
		return DG_VAR_SET;
	if (attr->type == DG_TYPE_STRING)
		return DG_VAR_STR;
	return attr->type == DG_TYPE_DIGEST ? DG_VAR_DIGEST : DG_VAR_NUM;
}

static int find_attr_view(struct dg_symbols *s, const struct dg_attr *attr, unsigned int index,
			  uint32_t *ret)
{
	int r;

	if (index == 0 && s->view_at[attr->id] > 0) {
		*ret = s->view_at[attr->id] - 1;
		return 0;
	}
	r = dg_view_find(s, kind_of(attr), attr, index, UINT64_MAX, ret);
	if (r >= 0 && index == 0)
		s->view_at[attr->id] = *ret + 1;
	return r;
}

/* `any` and `all`: the atom of sets on top of the one of elements. */
static int set_atom(struct dg_symbols *s, const struct dg_expr *expr, uint32_t view,
		    uint32_t element, uint32_t *ret)
{
	struct dg_build_atom atom = {.view = view,
				     .glob = DG_NONE,
				     .element = element,
				     .complement = expr->test == DG_TEST_NE,
				     .all = expr->quantifier == DG_QUANT_ALL};
	uint64_t key = (uint64_t)element << 2;
	int r;

	/* All are in it when none is outside. */
	if (atom.all)
		atom.complement = !atom.complement;
	key |= (uint64_t)atom.complement << 1 | atom.all;
	if (dg_map_get(&s->set_atom_of, key, 0, ret))
		return 0;
	r = dg_atom_append(s, &atom, ret);
	return r < 0 ? r : dg_map_put(&s->set_atom_of, key, 0, *ret);
}

/* `==` or `!=` and no pattern: most tests. */
static bool single_value(const struct dg_view *view, const struct dg_expr *expr)
{
	if (expr->test != DG_TEST_EQ && expr->test != DG_TEST_NE)
		return false;
	return view->values != DG_VALUES_NUM || (~expr->literal.mask & view->top) == 0;
}

static int make_test(struct dg_symbols *s, const struct dg_expr *expr, uint32_t view,
		     struct dg_build_test *ret)
{
	struct gather g = {.attr = expr->attr,
			   .view = view,
			   .low_view = DG_NONE,
			   .refs = (uint32_t)s->ref_count,
			   .spans = (uint32_t)s->span_count};
	struct dg_build_test test = {.expr = expr, .atoms = {DG_NONE, DG_NONE}};
	unsigned int count = 0;
	int r;

	if (single_value(&s->views[view], expr)) {
		uint32_t point;

		r = dg_point_of(s, &s->views[view], &expr->literal, &point);
		if (r >= 0)
			r = dg_atom_of_point(s, view, point, &test.atoms[count++]);
	} else if (expr->test == DG_TEST_LIKE) {
		r = dg_atom_of_glob(s, view, &expr->literal.str, &test.atoms[count++]);
	} else {
		r = gather_test(s, &g, expr);
		if (r >= 0 &&
		    (g.low_count == 0 || s->ref_count > g.refs || s->span_count > g.spans))
			r = dg_atom_intern(s, view, g.refs, g.spans, &test.atoms[count++]);
		if (r >= 0 && g.low_count > 0)
			r = low_atom(s, &g, &test.atoms[count++]);
	}
	free(g.low);
	if (r >= 0 && expr->attr->set)
		r = set_atom(s, expr, view, test.atoms[0], &test.atoms[0]);
	if (r < 0)
		return r;
	*ret = test;
	return 0;
}

static int add_test(struct dg_symbols *s, const struct dg_expr *expr)
{
	const struct dg_set *set = NULL;
	struct dg_build_test test;
	uint32_t view, number;
	uint64_t set_key;
	int r;

	r = find_attr_view(s, expr->attr, expr->index, &view);
	if (r >= 0)
		r = dg_array_reserve(&s->tests, &s->test_room, s->test_count + 1,
				     sizeof(*s->tests));
	if (r < 0)
		return r;
	/* `in NAME` is common, and its set may be large: take it apart once a view. */
	if (expr->test == DG_TEST_IN && expr->item_count == 1 && expr->items[0].kind == DG_ITEM_SET)
		set = expr->items[0].set;
	set_key = (uint64_t)view << 2 | expr->quantifier;
	if (set && dg_map_get(&s->set_tests, (uintptr_t)set, set_key, &number)) {
		test = s->tests[number];
		test.expr = expr;
	} else {
		r = make_test(s, expr, view, &test);
		if (r >= 0 && set)
			r = dg_map_put(&s->set_tests, (uintptr_t)set, set_key,
				       (uint32_t)s->test_count);
		if (r < 0)
			return r;
	}
	s->tests[s->test_count++] = test;
	return 0;
}

static int add_leaf(struct dg_symbols *s, const struct dg_expr *expr)
{
	int r = add_test(s, expr);

	if (r == -E2BIG) {
		s->faulty = true;
		s->options->report(s->options->data, DG_SYMBOLS_TOO_BIG, expr->attr, expr);
		return 0;
	}
	return r;
}

/* All tests of a condition. With a stack of its own: a chain of `or` is as deep as it is long. */
static int add_condition(struct dg_symbols *s, const struct dg_expr *where)
{
	size_t depth = 0;
	int r = 0;

	for (const struct dg_expr *expr = where; expr && r >= 0;
	     expr = depth > 0 ? s->expr_stack[--depth] : NULL) {
		switch (expr->kind) {
		case DG_EXPR_TRUE:
		case DG_EXPR_FALSE:
			break;
		case DG_EXPR_TEST:
			r = add_leaf(s, expr);
			break;
		case DG_EXPR_AND:
		case DG_EXPR_OR:
		case DG_EXPR_NOT:
			r = dg_array_reserve(&s->expr_stack, &s->expr_stack_room, depth + 2,
					     sizeof(*s->expr_stack));
			if (r < 0)
				return r;
			if (expr->kind != DG_EXPR_NOT)
				s->expr_stack[depth++] = expr->right;
			s->expr_stack[depth++] = expr->left;
			break;
		}
	}
	return r;
}

static int add_time(struct dg_symbols *s, uint64_t low)
{
	uint32_t refs = (uint32_t)s->ref_count, spans = (uint32_t)s->span_count, atom;
	struct gather g = {};
	int r;

	if (dg_map_get(&s->time_of, low, 0, &atom))
		return 0;
	r = dg_view_find(s, DG_VAR_TIME, NULL, 0, UINT64_MAX, &g.view);
	if (r >= 0)
		r = add_span(s, &g, low, UINT64_MAX);
	if (r >= 0)
		r = dg_atom_intern(s, g.view, refs, spans, &atom);
	return r < 0 ? r : dg_map_put(&s->time_of, low, 0, atom);
}

static int add_one(struct dg_symbols *s, enum dg_var_kind kind, const struct dg_attr *attr,
		   uint32_t *ret)
{
	uint32_t refs = (uint32_t)s->ref_count, spans = (uint32_t)s->span_count;
	struct gather g = {.attr = attr};
	int r;

	r = dg_view_find(s, kind, attr, 0, UINT64_MAX, &g.view);
	if (r >= 0)
		r = add_span(s, &g, 1, 1);
	return r < 0 ? r : dg_atom_intern(s, g.view, refs, spans, ret);
}

static int gather_sets(struct dg_symbols *s, const struct dg_policy *policy)
{
	size_t known = s->set_number.count;
	uint32_t *seen;
	int r = 0;

	for (size_t i = 0; i < policy->set_count && r >= 0; i++)
		r = dg_map_put(&s->set_number, (uintptr_t)policy->sets[i], 0,
			       (uint32_t)(known + i));
	if (r < 0)
		return r;
	seen = reallocarray(s->set_seen, known + policy->set_count + 1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	memset(seen + known, 0, (policy->set_count + 1) * sizeof(*seen));
	s->set_seen = seen;
	return 0;
}

/* Where a number will be looked for. */
static void fetch_slot(const struct dg_symbols *s, const struct dg_expr *expr)
{
	uint32_t number = s->view_at[expr->attr->id];
	const struct dg_view *view = &s->views[number > 0 ? number - 1 : 0];

	if (number > 0 && expr->index == 0 && view->values == DG_VALUES_NUM &&
	    (expr->test == DG_TEST_EQ || expr->test == DG_TEST_NE))
		dg_point_fetch(view, expr->literal.num);
}

/*
 * Most of the time goes into waiting for memory: the nodes were written long ago, and numbers have
 * their slots anywhere. So what later rules need is fetched while this one is taken apart.
 */
static void fetch_ahead(const struct dg_symbols *s, const struct dg_policy *policy, size_t rule)
{
	const struct dg_expr *expr;

	if (rule + 2 * AHEAD >= policy->rule_count)
		return;
	/* A node stands behind those below it. */
	expr = policy->rules[rule + 2 * AHEAD].where;
	for (unsigned int line = 0; line < 4; line++)
		__builtin_prefetch((const char *)expr - line * 64);
	expr = policy->rules[rule + AHEAD].where;
	for (; expr && expr->kind == DG_EXPR_AND; expr = expr->left)
		if (expr->right->kind == DG_EXPR_TEST)
			fetch_slot(s, expr->right);
	if (expr && expr->kind == DG_EXPR_TEST)
		fetch_slot(s, expr);
}

int dg_gather_policy(struct dg_symbols *s, const struct dg_policy *policy)
{
	int r;

	r = gather_sets(s, policy);
	/* Places in the pools are counted from their starts, so they are there before the first
	 * item. */
	if (r >= 0)
		r = dg_array_reserve(&s->refs, &s->ref_room, s->ref_count + 1, sizeof(*s->refs));
	if (r >= 0)
		r = dg_array_reserve(&s->spans, &s->span_room, s->span_count + 1,
				     sizeof(*s->spans));
	/* Most rules have two or three tests. Arrays that grow leave their earlier places behind. */
	if (r >= 0)
		r = dg_array_reserve(&s->tests, &s->test_room,
				     s->test_count + 4 * policy->rule_count, sizeof(*s->tests));
	if (r >= 0)
		r = dg_array_reserve(&s->atoms, &s->atom_room,
				     s->atom_count + 4 * policy->rule_count, sizeof(*s->atoms));
	for (size_t i = 0; i < policy->rule_count && r >= 0; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		fetch_ahead(s, policy, i);
		r = add_condition(s, rule->where);
		if (r >= 0 && rule->has_from)
			r = add_time(s, rule->from);
		if (r >= 0 && rule->has_until)
			r = add_time(s, rule->until);
		if (r >= 0 && rule->has_until && s->clock_atom == DG_NONE)
			r = add_one(s, DG_VAR_CLOCK, NULL, &s->clock_atom);
	}
	for (size_t i = 0; i < policy->assert_count && s->options->asserts && r >= 0; i++)
		r = add_condition(s, policy->asserts[i].where);
	if (r >= 0 && s->options->verified && s->verified_atom == DG_NONE)
		r = add_one(s, DG_VAR_NUM, dg_schema_attr(DG_ATTR_SPDM_VERIFIED),
			    &s->verified_atom);
	return r;
}
