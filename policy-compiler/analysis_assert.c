/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Assertions: is there a device that one of them speaks of and that does not get its verdict?
 *
 * Devices are looked at one by one first (analysis_points.c): what an assertion speaks of is a
 * region; where a rule decides as it should, that rule's devices leave. That is a proof for each
 * rule that would give the wrong verdict, and for the default where it does. What takes too many
 * devices is asked of the product of the parts.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_verdict.h"
#include "eval.h"
#include "util.h"

/* The slack for putting the parts of one operation together: one part makes a short search. */
#define MERGE_SLACK (1U << 20)
/* Of a rule's condition: how many are looked at one by one, and the work on each. */
#define ALTERNATIVES 1024
#define ALTERNATIVE_RUNS 65536

/* An assertion on one operation. */
struct assert_question {
	struct dg_analysis *a;
	const struct dg_matcher *matcher;
	unsigned int op;
	enum dg_verdict wanted; /* that there must not be */
	dg_ref speaks;		/* of these devices */
};

static enum dg_verdict decided_verdict(const struct assert_question *q, const struct dg_decision *d)
{
	if (d->rank == DG_RANK_NONE)
		return q->a->policy->defaults[q->op];
	return q->a->kind_of[d->rank] & 2 ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
}

/*
 * Devices of the region until one gets the verdict: 1. Rules of a lower rank than @before leave
 * with their devices; 0 when none is left or, with *@ret_region the rest, another rule decides.
 * -E2BIG.
 */
static int pick(const struct assert_question *q, uint32_t before, dg_ref region, dg_ref *ret_region)
{
	struct dg_analysis *a = q->a;
	struct dg_decision d;
	int r;

	for (;;) {
		if (a->points.left == 0)
			return -E2BIG;
		a->points.left--;
		r = dg_analysis_point(a, q->matcher, region);
		if (r != 1)
			break;
		d = dg_matcher_decide(q->matcher, a->points.at);
		if (decided_verdict(q, &d) == q->wanted)
			return 1;
		if (d.rank >= before)
			break;
		r = dg_analysis_combine(a, DG_APPLY_BUT, region, a->match[a->fold->rule_of[d.rank]],
					&region);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_region = r == 0 ? DG_FALSE : region;
	return 0;
}

/* Does the rule of the rank give the verdict? */
static bool gives(const struct assert_question *q, uint32_t rank)
{
	const struct dg_analysis *a = q->a;
	struct dg_decision d = {.rank = rank};

	return a->ops_of[rank] >> q->op & 1 && !a->passed_over[rank] &&
	       decided_verdict(q, &d) == q->wanted;
}

static int pick_any(void *data, dg_ref region)
{
	struct assert_question *q = data;
	int r = pick(q, DG_RANK_NONE, region, &region);

	/* For the next alternative. */
	dg_diagram_budget(q->a->fold->diagram, ALTERNATIVE_RUNS);
	return r;
}

/* Of the region's devices that the rule matches, one that gets the verdict: 1. 0, -E2BIG. */
static int pick_matched(struct assert_question *q, uint32_t rule, dg_ref region)
{
	struct dg_analysis *a = q->a;
	const struct dg_rule_node *node = &a->policy->rules[rule];
	enum dg_sense sense = node->effect == DG_EFFECT_ALLOW ? DG_IS_TRUE : DG_NOT_FALSE;
	struct dg_conditions *conditions = &a->fold->conditions;
	dg_ref matched = region, live;
	int r = dg_analysis_combine(a, DG_APPLY_AND, region, a->match[rule], &matched);

	if (r != -E2BIG)
		return r < 0 ? r : pick(q, DG_RANK_NONE, matched, &matched);
	/* Its alternatives may be small each where they are few in the region. */
	r = dg_condition_live(conditions, node, &live);
	if (r >= 0)
		r = dg_analysis_combine(a, DG_APPLY_AND, region, live, &region);
	if (r < 0)
		return r;
	dg_diagram_budget(conditions->diagram, ALTERNATIVE_RUNS);
	r = dg_condition_each(conditions, node->where, sense, region, ALTERNATIVES, pick_any, q);
	dg_diagram_budget(conditions->diagram, SIZE_MAX);
	return r;
}

/* 1: a->points.at is a device that gets the verdict; 0: there is none; -E2BIG. */
static int find_by_points(struct assert_question *q)
{
	struct dg_analysis *a = q->a;
	uint32_t count = (uint32_t)a->policy->rule_count, rank = 0;
	dg_ref region = q->speaks, rest;
	int r = 0;

	if (a->synced != DG_TRUE)
		r = dg_analysis_combine(a, DG_APPLY_AND, region, a->synced, &region);
	while (rank < count && !gives(q, rank))
		rank++;
	/* What stands before all of them is no more in question. */
	if (r >= 0)
		r = pick(q, rank, region, &region);
	for (; rank < count && r == 0; rank++) {
		uint32_t rule = a->fold->rule_of[rank];

		if (gives(q, rank) && dg_analysis_may_overlap(a, region, a->match[rule]))
			r = pick_matched(q, rule, region);
	}
	if (r == 0 && a->policy->defaults[q->op] == q->wanted)
		r = pick(q, DG_RANK_NONE, region, &rest);
	return r;
}

/* The assertion speaks of the device, and it gets the verdict. */
static bool violates(const void *data, const uint32_t *classes)
{
	const struct assert_question *q = data;
	const struct dg_diagram *diagram = q->a->fold->diagram;
	struct dg_decision d = dg_matcher_decide(q->matcher, classes);
	dg_ref ref = q->speaks;

	while (!dg_ref_terminal(ref))
		ref = dg_diagram_child(diagram, ref, classes[dg_diagram_var(diagram, ref)]);
	return ref == DG_TRUE && decided_verdict(q, &d) == q->wanted;
}

/* A device in the condition that gets the verdict on @op. As dg_search_run(). */
static int find_by_product(struct dg_verdict_context *c, dg_ref condition, unsigned int op,
			   enum dg_verdict wanted)
{
	const struct dg_verdicts *v = &c->ops[op];
	struct dg_verdict_question q = {
		.c = c, .conditions = 1, .by_default = v->by_default, .wanted = wanted};
	struct dg_question question = {.reduce = dg_verdict_reduce,
				       .goal = dg_verdict_goal,
				       .best = dg_verdict_best,
				       .data = &q};
	dg_ref components[1 + DG_PARTS_MAX];

	components[0] = condition;
	memcpy(components + 1, v->roots, v->count * sizeof(*components));
	return dg_analysis_search(c->a, &question, components, 1 + v->count);
}

/* The same, by devices one by one first. */
static int find_verdict(struct dg_verdict_context *c, dg_ref condition, unsigned int op,
			enum dg_verdict wanted)
{
	struct assert_question q = {.a = c->a, .op = op, .wanted = wanted, .speaks = condition};
	int r = dg_analysis_matcher(c->a, op, &q.matcher);

	if (r >= 0 && !(c->a->flags & DG_ANALYSIS_PRODUCT)) {
		r = find_by_points(&q);
		if (r == 1)
			dg_analysis_make_plain(c->a, violates, &q);
		if (r != -E2BIG)
			return r;
	}
	if (r >= 0 || r == -E2BIG)
		r = dg_verdict_make(c, op, MERGE_SLACK);
	return r < 0 ? r : find_by_product(c, condition, op, wanted);
}

/* Is the device one that the assertion speaks of? By the reference evaluator. */
static bool concerns(const struct dg_assert_node *assertion, const struct dg_device *device)
{
	enum dg_truth truth = DG_TRUTH_TRUE;

	if (assertion->where)
		truth = dg_eval_condition(assertion->where, device);
	return truth == DG_TRUTH_TRUE || (truth == DG_TRUTH_UNKNOWN && !assertion->always);
}

static int report_violation(struct dg_analysis *a, const struct dg_assert_node *assertion,
			    enum dg_op op)
{
	enum dg_verdict wanted = assertion->always ? DG_VERDICT_DENY : DG_VERDICT_ALLOW;
	struct dg_analysis_witness w;
	struct dg_answer answer;
	char name[128];
	int r;

	r = dg_analysis_witness(a, &w);
	if (r < 0)
		return r;
	dg_analysis_decide(a, &w, op, &answer);
	if (answer.verdict != wanted || !concerns(assertion, w.device)) {
		dg_analysis_disagree(a, &assertion->pos);
		return 0;
	}
	dg_analysis_name(a, &answer.rule, 1, false, name, sizeof(name));
	dg_analysis_report(a, DG_E074, DG_SEVERITY_ERROR, &assertion->pos, &w,
			   "the assertion \"%.*s\" does not hold: %s is %s by %s for the witness%s",
			   (int)assertion->name.len, assertion->name.data, dg_op_name(op),
			   wanted == DG_VERDICT_ALLOW ? "allowed" : "denied", name, w.when);
	return 0;
}

static void undecided(struct dg_analysis *a, const struct dg_assert_node *assertion)
{
	dg_diag_report(a->diags, DG_E075, &assertion->pos,
		       "whether the assertion \"%.*s\" holds is not decided within the budget, and "
		       "what is not proven does not hold",
		       (int)assertion->name.len, assertion->name.data);
}

static int check_assert(struct dg_verdict_context *c, const struct dg_assert_node *assertion)
{
	enum dg_verdict wanted = assertion->always ? DG_VERDICT_DENY : DG_VERDICT_ALLOW;
	bool decided = true;
	dg_ref condition;
	int r;

	r = dg_condition(&c->a->fold->conditions, assertion->where,
			 assertion->always ? DG_IS_TRUE : DG_NOT_FALSE, &condition);
	for (unsigned int op = 0; op < DG_OP_MAX && r >= 0; op++) {
		if (!(assertion->ops >> op & 1))
			continue;
		r = find_verdict(c, condition, op, wanted);
		if (r == 1) {
			r = report_violation(c->a, assertion, (enum dg_op)op);
			if (r != -E2BIG)
				return r;
		}
		if (r == -E2BIG) {
			decided = false;
			r = 0;
		}
	}
	if (r == -E2BIG)
		decided = false;
	else if (r < 0)
		return r;
	if (!decided)
		undecided(c->a, assertion);
	return 0;
}

void dg_analysis_asserts_undecided(struct dg_analysis *a)
{
	for (size_t i = 0; i < a->policy->assert_count; i++)
		undecided(a, &a->policy->asserts[i]);
}

int dg_analysis_asserts(struct dg_analysis *a)
{
	_cleanup_(dg_verdict_context_done) struct dg_verdict_context c = {.a = a};
	int r;

	if (a->policy->assert_count == 0)
		return 0;
	r = dg_verdict_context_init(&c, a);
	for (size_t i = 0; i < a->policy->assert_count && r >= 0; i++) {
		/* Assertions are errors when undecided: what rules used up is not theirs. */
		a->steps = DG_ANALYSIS_ALL_STEPS;
		a->points.left = DG_ANALYSIS_POINTS;
		dg_progress_step(a->diags->progress, "proving assertion", i + 1,
				 a->policy->assert_count);
		r = check_assert(&c, &a->policy->asserts[i]);
	}
	if (r == -E2BIG) {
		dg_analysis_asserts_undecided(a);
		return 0;
	}
	return r;
}
