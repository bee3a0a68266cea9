// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>

#include "diagram.h"

static const uint32_t counts[] = {4, 3};

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

	cr_assert_eq(dg_diagram_member(d, var, &run, 1, false, false, true, &ref), 0);
	return ref;
}

static dg_ref negated(struct dg_diagram *d, dg_ref condition)
{
	dg_ref ref;

	cr_assert_eq(dg_diagram_not(d, condition, &ref), 0);
	return ref;
}

static dg_ref decision(struct dg_diagram *d, uint32_t rank, uint32_t second, uint32_t would)
{
	dg_ref ref;

	cr_assert_eq(dg_diagram_decision(d, (struct dg_decision){rank, second, would}, &ref), 0);
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

Test(diagram, equal_functions_are_one_reference)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref a = member(d, 0, 1), b = member(d, 1, 2), left, right;

	left = negated(d, apply(d, DG_APPLY_AND, a, b));
	right = apply(d, DG_APPLY_OR, negated(d, b), negated(d, a));
	cr_expect_eq(left, right, "not (a and b) is not b or not a");
	cr_expect_eq(negated(d, left), apply(d, DG_APPLY_AND, b, a));
	dg_diagram_free(d);
}

Test(diagram, every_assignment_of_a_conjunction)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref both = apply(d, DG_APPLY_AND, member(d, 0, 1), member(d, 1, 2));

	for (uint32_t i = 0; i < counts[0]; i++)
		for (uint32_t k = 0; k < counts[1]; k++)
			cr_expect_eq(at(d, both, (uint32_t[]){i, k}),
				     i == 1 && k == 2 ? DG_TRUE : DG_FALSE, "%u %u", i, k);
	dg_diagram_free(d);
}

Test(diagram, one_and_not_the_other)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref a = member(d, 0, 1), b = member(d, 1, 2);

	cr_expect_eq(apply(d, DG_APPLY_BUT, a, b), apply(d, DG_APPLY_AND, a, negated(d, b)));
	cr_expect_eq(apply(d, DG_APPLY_BUT, b, a), apply(d, DG_APPLY_AND, b, negated(d, a)),
		     "the order matters");
	cr_expect_eq(apply(d, DG_APPLY_BUT, DG_TRUE, a), negated(d, a));
	cr_expect_eq(apply(d, DG_APPLY_BUT, a, a), DG_FALSE);
	cr_expect_eq(apply(d, DG_APPLY_BUT, a, DG_FALSE), a);
	cr_expect_eq(apply(d, DG_APPLY_BUT, a, DG_TRUE), DG_FALSE);
	dg_diagram_free(d);
}

Test(diagram, membership)
{
	static const struct dg_class_run run = {.first = 1, .end = 3};
	struct dg_diagram *d = new_diagram(1000);

	for (int negate = 0; negate < 2; negate++)
		for (int unknown = 0; unknown < 2; unknown++) {
			dg_ref ref;

			cr_assert_eq(dg_diagram_member(d, 0, &run, 1, negate, unknown, true, &ref),
				     0);
			cr_expect_eq(at(d, ref, (uint32_t[]){0, 0}), unknown ? DG_TRUE : DG_FALSE);
			cr_expect_eq(at(d, ref, (uint32_t[]){2, 0}), negate ? DG_FALSE : DG_TRUE);
			cr_expect_eq(at(d, ref, (uint32_t[]){3, 0}), negate ? DG_TRUE : DG_FALSE);
			cr_assert_eq(dg_diagram_member(d, 0, &run, 1, negate, unknown, false, &ref),
				     0);
			cr_expect_eq(at(d, ref, (uint32_t[]){0, 0}), negate ? DG_FALSE : DG_TRUE,
				     "never unknown: as the first class");
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
	cr_expect_eq(negated(d, known), unknown);
	dg_diagram_free(d);
}

/* The first permissive rule passed over is kept while it is before the one that decides. */
Test(diagram, the_lowest_rank_decides)
{
	static const uint32_t none = DG_RANK_NONE;
	struct dg_diagram *d = new_diagram(1000);
	dg_ref rule = decision(d, 7, none, none), other = decision(d, 8, none, none);
	dg_ref first = decision(d, none, none, 1), second = decision(d, none, none, 2);
	dg_ref late = decision(d, none, none, 9), both;

	cr_expect_eq(apply(d, DG_APPLY_MIN, other, rule), rule);
	cr_expect_eq(apply(d, DG_APPLY_MIN, DG_PASS, other), other);
	cr_expect_eq(apply(d, DG_APPLY_MIN, rule, late), rule, "nothing behind it is passed over");
	cr_expect_eq(apply(d, DG_APPLY_MIN, second, first), first);
	both = apply(d, DG_APPLY_MIN, apply(d, DG_APPLY_MIN, first, second), rule);
	cr_expect_eq(both, decision(d, 7, none, 1));
	cr_expect_eq(both, apply(d, DG_APPLY_MIN, apply(d, DG_APPLY_MIN, rule, first), second),
		     "the order does not matter");
	cr_expect_eq(apply(d, DG_APPLY_MIN_TWO, rule, other), decision(d, 7, 8, none));
	cr_expect_eq(apply(d, DG_APPLY_MIN_TWO, decision(d, 5, 9, none), decision(d, 6, 7, none)),
		     decision(d, 5, 6, none));
	cr_expect_eq(apply(d, DG_APPLY_MIN_TWO, decision(d, 5, none, 8), rule),
		     decision(d, 5, 7, none), "past the second");
	dg_diagram_free(d);
}

/* All at once gives what one after the other gives. */
Test(diagram, many_rules_at_once)
{
	static const uint32_t sizes[] = {5, 4, 3, 6};
	uint64_t seed = 12345;

	for (int round = 0; round < 300; round++) {
		struct dg_diagram *d = dg_diagram_new(sizes, 4, 100000);
		struct dg_claim claims[12];
		size_t count = 1 + (size_t)round % 12;
		dg_ref one = DG_PASS, two = DG_PASS, all;

		for (size_t i = 0; i < count; i++) {
			dg_ref match = round & 1 ? DG_TRUE : DG_FALSE;

			for (uint32_t var = 0; var < 4; var++) {
				struct dg_class_run run;
				dg_ref test;

				seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
				run.first = 1 + (uint32_t)(seed >> 33) % (sizes[var] - 1);
				run.end = sizes[var];
				if (seed >> 40 & 1)
					run.end = run.first + 1;
				if (!(seed >> 41 & 3))
					continue;
				cr_assert_eq(dg_diagram_member(d, var, &run, 1, seed >> 43 & 1,
							       seed >> 44 & 1, true, &test),
					     0);
				match = apply(d, round & 1 ? DG_APPLY_AND : DG_APPLY_OR, match,
					      test);
			}
			claims[i] = (struct dg_claim){match, (uint32_t)i * 2, seed >> 50 & 1};
			for (int keep = 1; keep <= 2; keep++) {
				dg_ref claim;

				cr_assert_eq(dg_diagram_decide(d, keep, &claims[i], 1, &claim), 0);
				if (keep == 1)
					one = apply(d, DG_APPLY_MIN, one, claim);
				else
					two = apply(d, DG_APPLY_MIN_TWO, two, claim);
			}
		}
		cr_assert_eq(dg_diagram_decide(d, DG_KEEP_ONE, claims, count, &all), 0);
		cr_expect_eq(all, one, "round %d", round);
		cr_assert_eq(dg_diagram_decide(d, DG_KEEP_TWO, claims, count, &all), 0);
		cr_expect_eq(all, two, "round %d, two ranks", round);
		dg_diagram_free(d);
	}
}

/* Enough rules for the segments to be found through a bitmap. */
Test(diagram, a_rule_for_each_class)
{
	static const uint32_t sizes[] = {1000, 3};
	struct dg_diagram *d = dg_diagram_new(sizes, 2, 100000);
	struct dg_claim claims[999];
	dg_ref all;

	for (uint32_t i = 0; i < 999; i++)
		claims[i] = (struct dg_claim){
			apply(d, DG_APPLY_AND, member(d, 0, i + 1), member(d, 1, 1 + i % 2)), i,
			false};
	cr_assert_eq(dg_diagram_decide(d, DG_KEEP_ONE, claims, 999, &all), 0);
	for (uint32_t i = 0; i < 1000; i++)
		for (uint32_t k = 0; k < 3; k++)
			cr_expect_eq(dg_diagram_decided(d, at(d, all, (uint32_t[]){i, k})).rank,
				     i > 0 && k == 1 + (i - 1) % 2 ? i - 1 : DG_RANK_NONE);
	dg_diagram_free(d);
}

Test(diagram, restrict_and_exists)
{
	static const bool first_two[] = {true, false};
	struct dg_diagram *d = new_diagram(1000);
	dg_ref both = apply(d, DG_APPLY_AND, member(d, 0, 1), member(d, 1, 2)), ref;

	cr_assert_eq(dg_diagram_restrict(d, both, 0, 1, &ref), 0);
	cr_expect_eq(ref, member(d, 1, 2));
	cr_assert_eq(dg_diagram_restrict(d, both, 1, 1, &ref), 0);
	cr_expect_eq(ref, DG_FALSE);
	cr_assert_eq(dg_diagram_exists(d, both, first_two, &ref), 0);
	cr_expect_eq(ref, member(d, 1, 2));
	dg_diagram_free(d);
}

Test(diagram, a_full_store_is_an_error)
{
	struct dg_diagram *d = new_diagram(6);
	dg_ref a = member(d, 0, 1), b = member(d, 1, 2), result = 12345;

	cr_expect_eq(dg_diagram_apply(d, DG_APPLY_AND, a, b, &result), -E2BIG);
	cr_expect_eq(result, 12345, "the output is untouched on failure");
	dg_diagram_free(d);
}

Test(diagram, a_budget_is_kept)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref a = member(d, 0, 1), b = member(d, 1, 2), result = 12345;

	dg_diagram_budget(d, 2);
	cr_expect_eq(dg_diagram_apply(d, DG_APPLY_AND, a, b, &result), -E2BIG);
	cr_expect_eq(result, 12345);
	dg_diagram_budget(d, SIZE_MAX);
	cr_expect_eq(dg_diagram_apply(d, DG_APPLY_AND, a, b, &result), 0);
	dg_diagram_free(d);
}

/* The rule of that rank decides where @match is true, else nothing does. */
static dg_ref decided(struct dg_diagram *d, dg_ref match, uint32_t rank)
{
	struct dg_claim claim = {.match = match, .rank = rank};
	dg_ref ref;

	cr_assert_eq(dg_diagram_decide(d, DG_KEEP_ONE, &claim, 1, &ref), 0);
	return ref;
}

/* @both is rule 5 in class 1 of the first variable, else rule 6 in @class of the second. */
static void expect_both(const struct dg_diagram *d, dg_ref both, uint32_t class, const char *when)
{
	for (uint32_t i = 0; i < counts[0]; i++)
		for (uint32_t k = 0; k < counts[1]; k++)
			cr_expect_eq(dg_diagram_decided(d, at(d, both, (uint32_t[]){i, k})).rank,
				     i == 1	  ? 5
				     : k == class ? 6
						  : DG_RANK_NONE,
				     "%s: %u %u", when, i, k);
}

Test(diagram, undo_forgets_an_attempt_and_nothing_else)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref five = decided(d, member(d, 0, 1), 5), kept, both, other;
	dg_ref one = member(d, 1, 1), two = member(d, 1, 2);
	size_t nodes, runs;

	kept = apply(d, DG_APPLY_MIN, five, decided(d, one, 7));
	nodes = dg_diagram_node_count(d);
	runs = dg_diagram_run_count(d);
	both = apply(d, DG_APPLY_MIN, five, decided(d, two, 6));
	expect_both(d, both, 2, "at first");
	cr_expect_gt(dg_diagram_node_count(d), nodes, "the attempt made something");
	dg_diagram_undo(d, nodes);
	cr_expect_eq(dg_diagram_node_count(d), nodes);
	cr_expect_eq(dg_diagram_run_count(d), runs);
	cr_expect_eq(decided(d, member(d, 0, 1), 5), five, "what was there is found again");
	cr_expect_eq(kept, apply(d, DG_APPLY_MIN, decided(d, one, 7), five));
	/* What comes now has the numbers of what is gone: no step may be remembered to lead there.
	 */
	other = apply(d, DG_APPLY_MIN, five, decided(d, one, 6));
	expect_both(d, other, 1, "in its place");
	both = apply(d, DG_APPLY_MIN, five, decided(d, two, 6));
	expect_both(d, both, 2, "again");
	cr_expect_eq(both, apply(d, DG_APPLY_MIN, decided(d, two, 6), five));
	dg_diagram_free(d);
}

/* The table of nodes grows on the way: what is left must still be found once. */
Test(diagram, undo_after_much)
{
	static const uint32_t sizes[] = {4, 100000};
	struct dg_diagram *d = dg_diagram_new(sizes, 2, 1000000);
	dg_ref first = member(d, 1, 7), second = member(d, 1, 8);
	size_t nodes = dg_diagram_node_count(d);

	for (uint32_t c = 9; c < 9000; c++)
		member(d, 1, c);
	cr_expect_gt(dg_diagram_node_count(d), 8000);
	dg_diagram_undo(d, nodes);
	dg_diagram_undo(d, nodes);
	cr_expect_eq(dg_diagram_node_count(d), nodes, "twice is once");
	cr_expect_eq(member(d, 1, 7), first);
	cr_expect_eq(member(d, 1, 8), second);
	cr_expect_eq(member(d, 1, 8999), nodes, "made anew, not found where it was");
	for (uint32_t c = 20001; c < 29000; c++)
		cr_assert_eq(member(d, 1, c), nodes + c - 20000);
	cr_expect_eq(member(d, 1, 20001), nodes + 1, "found again");
	dg_diagram_free(d);
}

static size_t behind(struct dg_diagram *d, dg_ref ref, uint32_t var, size_t most)
{
	size_t count;

	cr_assert_eq(dg_diagram_behind(d, ref, var, most, &count), 0);
	return count;
}

Test(diagram, what_hangs_behind_a_variable)
{
	struct dg_diagram *d = new_diagram(1000);
	dg_ref a = decided(d, member(d, 0, 1), 5), b = decided(d, member(d, 0, 2), 6);
	dg_ref c = decided(d, member(d, 1, 1), 7), all;

	cr_expect_eq(behind(d, a, 1, 10), 1, "rule 5; DG_PASS is nothing");
	cr_expect_eq(behind(d, c, 1, 10), 1, "itself");
	all = apply(d, DG_APPLY_MIN, apply(d, DG_APPLY_MIN, a, b), c);
	cr_expect_eq(behind(d, all, 1, 10), 3, "rules 5 and 6 and the node of rule 7");
	cr_expect_eq(behind(d, all, 2, 10), 3, "rules 5, 6 and 7");
	cr_expect_eq(behind(d, all, 1, 2), 2, "no more than asked for");
	dg_diagram_free(d);
}
