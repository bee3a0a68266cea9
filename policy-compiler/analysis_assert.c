/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Assertions: is there a device that one of them speaks of and that does not get its verdict? */
#include <stdlib.h>
#include <string.h>

#include "analysis_verdict.h"
#include "eval.h"
#include "util.h"

/* The slack for putting the parts of one operation together: one part makes a short search. */
#define MERGE_SLACK (1U << 20)

/* A device in the condition that gets the verdict on @op. As dg_search_run(). */
static int find_verdict(struct dg_verdict_context *c, dg_ref condition, unsigned int op,
			enum dg_verdict wanted)
{
	struct dg_verdicts *v = &c->ops[op];
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
		r = dg_verdict_make(c, op, MERGE_SLACK);
		if (r >= 0)
			r = find_verdict(c, condition, op, wanted);
		if (r == 1)
			return report_violation(c->a, assertion, (enum dg_op)op);
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
		dg_diag_report(c->a->diags, DG_E075, &assertion->pos,
			       "whether the assertion \"%.*s\" holds is not decided within the "
			       "budget, and what is not proven does not hold",
			       (int)assertion->name.len, assertion->name.data);
	return 0;
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
		r = check_assert(&c, &a->policy->asserts[i]);
	}
	return r;
}
