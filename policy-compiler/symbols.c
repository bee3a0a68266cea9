/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "symbols.h"

#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "symbols_build.h"
#include "util.h"

void dg_symbols_free(struct dg_symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->view_count; i++) {
		free(s->views[i].points);
		free(s->views[i].slots);
		free(s->views[i].globs);
		free(s->views[i].sorted);
		free(s->views[i].atoms.items);
		free(s->views[i].sets.items);
		dg_classifier_done(&s->views[i].elements);
		dg_plain_done(&s->views[i].plain);
		free(s->views[i].exact_off);
		free(s->views[i].exact);
		free(s->views[i].interval_off);
		free(s->views[i].intervals);
	}
	for (size_t i = 0; i < s->var_count; i++)
		dg_variable_done(&s->vars[i], &s->var_builds[i]);
	free(s->views);
	free(s->atoms);
	free(s->refs);
	free(s->spans);
	free(s->runs);
	free(s->tests);
	free(s->test_slots);
	dg_map_done(&s->view_of);
	dg_map_done(&s->atom_of);
	dg_map_done(&s->set_atom_of);
	dg_map_done(&s->glob_of);
	dg_map_done(&s->time_of);
	dg_map_done(&s->set_number);
	dg_map_done(&s->set_tests);
	free(s->set_seen);
	free(s->set_stack);
	free(s->expr_stack);
	free(s->vars);
	free(s->var_builds);
	free(s->ordered);
	free(s->order_of);
	free(s->build_of);
	dg_lists_done(&s->asked);
	free(s->answered);
	dg_arena_free(s->arena);
	free(s);
}
DEFINE_CLEANUP(struct dg_symbols *, dg_symbols_free, symbols)

/* Strings, numbers, digests, sets, times, the clock. */
static unsigned int rank(const struct dg_variable *v)
{
	switch (v->kind) {
	case DG_VAR_STR:
		return 0;
	case DG_VAR_NUM:
		return 1;
	case DG_VAR_DIGEST:
		return 2;
	case DG_VAR_SET:
		return 3;
	case DG_VAR_TIME:
		return 4;
	case DG_VAR_CLOCK:
		return 5;
	}
	return 6;
}

static bool same_fact(const struct dg_variable *a, const struct dg_variable *b)
{
	return a->kind == b->kind && a->fact == b->fact;
}

/* The most classes that a variable of its fact has: all of them stand where that one does. */
static uint32_t most_classes(const struct dg_symbols *s, const struct dg_variable *v)
{
	uint32_t most = 0;

	for (size_t i = 0; i < s->var_count; i++)
		if (same_fact(&s->vars[i], v) && s->vars[i].class_count > most)
			most = s->vars[i].class_count;
	return most;
}

struct place {
	const struct dg_variable *v;
	uint32_t index; /* in building order */
	uint32_t most;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (rank(x->v) != rank(y->v))
		return rank(x->v) < rank(y->v) ? -1 : 1;
	/*
	 * Measurements are many, and those that one condition asks belong together: pair by pair a
	 * diagram is small that would be exponential with all the first ones before all the second.
	 */
	if (x->v->kind == DG_VAR_DIGEST)
		return x->index < y->index ? -1 : 1;
	if (x->most != y->most)
		return x->most > y->most ? -1 : 1;
	if (x->v->fact != y->v->fact)
		return x->v->fact < y->v->fact ? -1 : 1;
	if (x->v->class_count != y->v->class_count)
		return x->v->class_count > y->v->class_count ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int order_variables(struct dg_symbols *s)
{
	_cleanup_free_ struct place *places = calloc(s->var_count + 1, sizeof(*places));

	s->ordered = calloc(s->var_count + 1, sizeof(*s->ordered));
	s->order_of = calloc(s->var_count + 1, sizeof(*s->order_of));
	s->build_of = calloc(s->var_count + 1, sizeof(*s->build_of));
	if (!places || !s->ordered || !s->order_of || !s->build_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->var_count; i++)
		places[i] = (struct place){
			.v = &s->vars[i], .index = i, .most = most_classes(s, &s->vars[i])};
	qsort(places, s->var_count, sizeof(*places), compare_places);
	for (uint32_t i = 0; i < s->var_count; i++) {
		s->order_of[places[i].index] = i;
		s->build_of[i] = places[i].index;
		s->ordered[i] = *places[i].v;
		s->ordered[i].group = i;
		if (i > 0 && same_fact(&s->ordered[i - 1], &s->ordered[i]))
			s->ordered[i].group = s->ordered[i - 1].group;
		s->ordered[s->ordered[i].group].group_count++;
	}
	for (uint32_t i = 0; i < s->var_count; i++)
		s->ordered[i].group_count = s->ordered[s->ordered[i].group].group_count;
	return 0;
}

static int build(struct dg_symbols *s, const struct dg_policy *const *policies, size_t policy_count)
{
	int r = 0;

	for (size_t i = 0; i < policy_count && r >= 0; i++)
		r = dg_gather_policy(s, policies[i]);
	for (uint32_t i = 0; i < s->view_count && r >= 0; i++)
		r = dg_variables_add(s, i);
	if (r < 0)
		return r;
	if (s->faulty)
		return -EOPNOTSUPP;
	return order_variables(s);
}

int dg_symbols_new(const struct dg_policy *const *policies, size_t policy_count,
		   const struct dg_symbols_options *options, struct dg_symbols **ret)
{
	_cleanup_(dg_cleanup_symbols) struct dg_symbols *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->options = options;
	s->clock_atom = s->verified_atom = DG_NONE;
	s->arena = dg_arena_new();
	if (!s->arena)
		return -ENOMEM;
	r = build(s, policies, policy_count);
	s->options = NULL;
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

const struct dg_variable *dg_symbols_variables(const struct dg_symbols *s, uint32_t *ret_count)
{
	*ret_count = (uint32_t)s->var_count;
	return s->ordered;
}

static struct dg_atom public_atom(const struct dg_symbols *s, uint32_t number)
{
	const struct dg_build_atom *atom = &s->atoms[number];

	return (struct dg_atom){.var = s->order_of[atom->var],
				.runs = atom->run_count > 0 ? s->runs + atom->runs : NULL,
				.run_count = atom->run_count};
}

static size_t expr_slot(const struct dg_expr *expr, size_t slot_count)
{
	uint64_t hash = (uintptr_t)expr * UINT64_C(0x9e3779b97f4a7c15);

	return hash >> 20 & (slot_count - 1);
}

static int fill_test_slots(struct dg_symbols *s)
{
	size_t count = 256;

	while (count < 2 * s->test_count)
		count *= 2;
	s->test_slots = calloc(count, sizeof(*s->test_slots));
	if (!s->test_slots)
		return -ENOMEM;
	s->test_slot_count = count;
	for (size_t i = 0; i < s->test_count; i++) {
		size_t at = expr_slot(s->tests[i].expr, count);

		while (s->test_slots[at])
			at = (at + 1) & (count - 1);
		s->test_slots[at] = (uint32_t)i + 1;
	}
	return 0;
}

#define NEAR_TESTS 16

/*
 * Who asks goes through the rules as they were gathered: the test is the one asked for last, or one
 * of those around it. Only who jumps about pays for a table.
 */
static const struct dg_build_test *find_test(struct dg_symbols *s, const struct dg_expr *expr)
{
	size_t from = s->test_next > NEAR_TESTS ? s->test_next - NEAR_TESTS : 0;

	for (size_t i = s->test_next; i < s->test_count && i < s->test_next + NEAR_TESTS; i++)
		if (s->tests[i].expr == expr)
			return &s->tests[s->test_next = i];
	for (size_t i = from; i < s->test_next && i < s->test_count; i++)
		if (s->tests[i].expr == expr)
			return &s->tests[s->test_next = i];
	if (!s->test_slots && fill_test_slots(s) < 0) {
		for (size_t i = 0; i < s->test_count; i++)
			if (s->tests[i].expr == expr)
				return &s->tests[i];
		return NULL;
	}
	for (size_t at = expr_slot(expr, s->test_slot_count); s->test_slots[at];
	     at = (at + 1) & (s->test_slot_count - 1)) {
		size_t i = s->test_slots[at] - 1;

		if (s->tests[i].expr == expr)
			return &s->tests[s->test_next = i];
	}
	return NULL;
}

bool dg_symbols_test(struct dg_symbols *s, const struct dg_expr *expr, struct dg_test_meaning *ret)
{
	const struct dg_build_test *test = find_test(s, expr);

	if (!test)
		return false;
	ret->count = test->atoms[1] == DG_NONE ? 1 : 2;
	ret->negated = expr->test == DG_TEST_NE && !expr->attr->set;
	for (unsigned int i = 0; i < ret->count; i++)
		ret->atoms[i] = public_atom(s, test->atoms[i]);
	return true;
}

struct dg_atom dg_symbols_time_from(const struct dg_symbols *s, uint64_t low)
{
	uint32_t number = 0;

	dg_map_get(&s->time_of, low, 0, &number);
	return public_atom(s, number);
}

struct dg_atom dg_symbols_clock_synced(const struct dg_symbols *s)
{
	return public_atom(s, s->clock_atom);
}

struct dg_atom dg_symbols_verified(const struct dg_symbols *s)
{
	return public_atom(s, s->verified_atom);
}
