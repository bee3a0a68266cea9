// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>

#include "diagram.h"

static const uint32_t counts[] = {4, 3};
static const dg_ref values[] = {DG_FALSE, DG_TRUE, DG_UNKNOWN};

static struct dg_diagram *new_diagram(size_t max_runs)
{
	struct dg_diagram *d = dg_diagram_new(counts, 2, max_runs);

	cr_assert_not_null(d);
	return d;
}

static dg_ref member(struct dg_diagram *d, uint32_t var, uint32_t class)
{
	struct dg_class_run run = {.first = class, .end = class + 1};
	dg_ref ref;

	cr_assert_eq(dg_diagram_member(d, var, &run, 1, DG_UNKNOWN, &ref), 0);
	return ref;
}

static dg_ref apply(struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g)
{
	dg_ref ref;

	cr_assert_eq(dg_diagram_apply(d, op, f, g, &ref), 0);
	return ref;
}

/* The terminal that the classes lead to. */
static dg_ref at(const struct dg_diagram *d, dg_ref ref, const uint32_t classes[2])
{
	while (!dg_ref_terminal(ref)) {
		uint32_t class = classes[dg_diagram_var(d, ref)];
		const struct dg_run *runs;
		size_t count, i;

		runs = dg_diagram_runs(d, ref, &count);
		for (i = count - 1; runs[i].first > class; i--)
			;
		ref = runs[i].child;
	}
	return ref;
}

Test(diagram, kleene)
{
	/* and, or: rows F T U, columns F T U */
	static const int and[3][3] = {{0, 0, 0}, {0, 1, 2}, {0, 2, 2}};
	static const int or [3][3] = {{0, 1, 2}, {1, 1, 1}, {2, 1, 2}};
	struct dg_diagram *d = new_diagram(1000);

	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < 3; k++) {
			cr_expect_eq(apply(d, DG_APPLY_AND, values[i], values[k]),
				     values[and[i][k]], "and %zu %zu", i, k);
			cr_expect_eq(apply(d, DG_APPLY_OR, values[i], values[k]), values[or[i][k]],
				     "or %zu %zu", i, k);
		}
	}
	cr_expect_eq(apply(d, DG_APPLY_NOT, DG_TRUE, DG_FALSE), DG_FALSE);
	cr_expect_eq(apply(d, DG_APPLY_NOT, DG_FALSE, DG_FALSE), DG_TRUE);
	cr_expect_eq(apply(d, DG_APPLY_NOT, DG_UNKNOWN, DG_FALSE), DG_UNKNOWN);
	dg_diagram_free(d);
}

Test(diagram, equal_functions_are_one_reference)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref a = member(d, 0, 1), b = member(d, 1, 2), left, right;

	left = apply(d, DG_APPLY_NOT, apply(d, DG_APPLY_AND, a, b), DG_FALSE);
	right = apply(d, DG_APPLY_OR, apply(d, DG_APPLY_NOT, b, DG_FALSE),
		      apply(d, DG_APPLY_NOT, a, DG_FALSE));
	cr_expect_eq(left, right, "not (a and b) is not b or not a");
	cr_expect_eq(apply(d, DG_APPLY_NOT, left, DG_FALSE), apply(d, DG_APPLY_AND, b, a));
	dg_diagram_free(d);
}

Test(diagram, every_assignment_of_a_conjunction)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref both = apply(d, DG_APPLY_AND, member(d, 0, 1), member(d, 1, 2));

	for (uint32_t i = 0; i < counts[0]; i++)
		for (uint32_t k = 0; k < counts[1]; k++) {
			dg_ref a = i == 0 ? DG_UNKNOWN : i == 1 ? DG_TRUE : DG_FALSE;
			dg_ref b = k == 0 ? DG_UNKNOWN : k == 2 ? DG_TRUE : DG_FALSE;
			dg_ref expected = a == DG_FALSE || b == DG_FALSE ? DG_FALSE
					  : a == DG_TRUE && b == DG_TRUE ? DG_TRUE
									 : DG_UNKNOWN;

			cr_expect_eq(at(d, both, (uint32_t[]){i, k}), expected, "%u %u", i, k);
		}
	dg_diagram_free(d);
}

Test(diagram, known)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref known, unknown;

	cr_assert_eq(dg_diagram_known(d, 0, true, &known), 0);
	cr_assert_eq(dg_diagram_known(d, 0, false, &unknown), 0);
	cr_expect_eq(at(d, known, (uint32_t[]){0, 0}), DG_FALSE);
	cr_expect_eq(at(d, known, (uint32_t[]){3, 0}), DG_TRUE);
	cr_expect_eq(apply(d, DG_APPLY_NOT, known, DG_FALSE), unknown);
	dg_diagram_free(d);
}

/* The first permissive rule passed over is kept, whoever decides; a decision ends the search. */
Test(diagram, sequences_of_rules)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref rule, other, first, second, result;
	struct dg_decision decision;

	dg_diagram_decision(d, (struct dg_decision){.rule = 7, .would = DG_DECISION_NONE}, &rule);
	dg_diagram_decision(d, (struct dg_decision){.rule = 8, .would = DG_DECISION_NONE}, &other);
	dg_diagram_decision(d, (struct dg_decision){.rule = DG_DECISION_PASS, .would = 1}, &first);
	dg_diagram_decision(d, (struct dg_decision){.rule = DG_DECISION_PASS, .would = 2}, &second);

	cr_expect_eq(apply(d, DG_APPLY_THEN, rule, other), rule);
	cr_expect_eq(apply(d, DG_APPLY_THEN, DG_PASS, other), other);
	cr_expect_eq(apply(d, DG_APPLY_THEN, rule, first), rule,
		     "what comes behind is not passed over");
	cr_expect_eq(apply(d, DG_APPLY_THEN, first, second), first);
	result = apply(d, DG_APPLY_THEN, apply(d, DG_APPLY_THEN, first, second), rule);
	decision = dg_diagram_decided(d, result);
	cr_expect_eq(decision.rule, 7);
	cr_expect_eq(decision.would, 1);
	cr_expect_eq(result, apply(d, DG_APPLY_THEN, first, apply(d, DG_APPLY_THEN, second, rule)),
		     "the order of folding does not matter");
	dg_diagram_free(d);
}

Test(diagram, unknown_matches_what_denies)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref rule;

	dg_diagram_decision(d, (struct dg_decision){.rule = 7, .would = DG_DECISION_NONE}, &rule);
	cr_expect_eq(apply(d, DG_APPLY_MATCH, DG_UNKNOWN, rule), DG_PASS);
	cr_expect_eq(apply(d, DG_APPLY_MATCH_UNKNOWN, DG_UNKNOWN, rule), rule);
	cr_expect_eq(apply(d, DG_APPLY_MATCH_UNKNOWN, DG_FALSE, rule), DG_PASS);
	dg_diagram_free(d);
}

Test(diagram, a_full_store_is_an_error)
{
	struct dg_diagram *d = new_diagram(8);
	dg_ref a = member(d, 0, 1), b = member(d, 1, 2), result = 12345;

	cr_expect_eq(dg_diagram_apply(d, DG_APPLY_AND, a, b, &result), -E2BIG);
	cr_expect_eq(result, 12345, "the output is untouched on failure");
	dg_diagram_free(d);
}
