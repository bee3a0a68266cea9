// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>

#include "matcher.h"

#define VARS 5
#define CLAIMS_MAX 14

/* The first has more classes than a test may have to be looked at class by class. */
static const uint32_t sizes[VARS] = {3000, 5, 4, 3, 6};

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % below;
}

static dg_ref draw_test(struct dg_diagram *d)
{
	uint32_t var = draw(VARS);
	struct dg_class_run run = {.first = 1 + draw(sizes[var] - 1)};
	dg_ref ref;

	run.end = draw(2) ? run.first + 1 : sizes[var];
	cr_assert_eq(dg_diagram_member(d, var, &run, 1, draw(4) == 0, draw(4) == 0, true, &ref), 0);
	return ref;
}

/* Of two conjunctions one, or both joined. */
static dg_ref draw_match(struct dg_diagram *d)
{
	dg_ref all = DG_FALSE;

	for (uint32_t ways = 1 + draw(3); ways > 0; ways--) {
		dg_ref one = DG_TRUE;

		for (uint32_t tests = draw(4); tests > 0; tests--)
			cr_assert_eq(dg_diagram_apply(d, DG_APPLY_AND, one, draw_test(d), &one), 0);
		cr_assert_eq(dg_diagram_apply(d, DG_APPLY_OR, all, one, &all), 0);
	}
	return all;
}

static struct dg_decision decided(const struct dg_diagram *d, dg_ref ref, const uint32_t *classes)
{
	while (!dg_ref_terminal(ref))
		ref = dg_diagram_child(d, ref, classes[dg_diagram_var(d, ref)]);
	return dg_diagram_decided(d, ref);
}

/* The first variable's classes are too many: those around one that is asked for, and some. */
static void compare(const struct dg_diagram *d, dg_ref all, const struct dg_matcher *m, int round)
{
	uint32_t classes[VARS] = {};

	for (int tries = 0; tries < 400; tries++) {
		struct dg_decision expected, got;

		for (uint32_t v = 0; v < VARS; v++)
			classes[v] = draw(3) ? draw(sizes[v]) : (uint32_t)tries % sizes[v];
		expected = decided(d, all, classes);
		got = dg_matcher_decide(m, classes);
		cr_assert_eq(got.rank, expected.rank, "round %d", round);
		cr_assert_eq(got.second, expected.second, "round %d", round);
		cr_assert_eq(got.would, expected.would, "round %d", round);
	}
}

Test(matcher, decides_as_the_diagram_of_all_rules_does)
{
	for (int round = 0; round < 400; round++) {
		struct dg_diagram *d = dg_diagram_new(sizes, VARS, 1000000);
		struct dg_claim claims[CLAIMS_MAX];
		size_t count = (size_t)round % (CLAIMS_MAX + 1);
		struct dg_matcher *m;
		dg_ref all;

		for (size_t i = 0; i < count; i++)
			claims[i] = (struct dg_claim){draw_match(d), (uint32_t)i * 3, draw(4) == 0};
		cr_assert_eq(dg_diagram_decide(d, DG_KEEP_TWO, claims, count, &all), 0);
		cr_assert_eq(dg_matcher_new(d, VARS, claims, count, &m), 0);
		compare(d, all, m, round);
		dg_matcher_free(m);
		dg_diagram_free(d);
	}
}

Test(matcher, counts_who_asks_for_a_class)
{
	static const struct dg_class_run second = {.first = 2, .end = 3};
	struct dg_diagram *d = dg_diagram_new(sizes, VARS, 1000);
	struct dg_claim claim = {.rank = 0};
	struct dg_matcher *m;

	cr_assert_eq(dg_diagram_member(d, 1, &second, 1, false, true, true, &claim.match), 0);
	cr_assert_eq(dg_matcher_new(d, VARS, &claim, 1, &m), 0);
	cr_expect_eq(dg_matcher_load(m, 1, 0), 1, "where it is unknown");
	cr_expect_eq(dg_matcher_load(m, 1, 1), 0);
	cr_expect_eq(dg_matcher_load(m, 1, 2), 1);
	dg_matcher_free(m);
	dg_diagram_free(d);
}
