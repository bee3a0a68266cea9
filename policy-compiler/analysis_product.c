/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Questions about one rule that devices one by one did not settle.
 *
 * They are asked of the product of the rule's match and the parts of one operation, whose decisions
 * keep two ranks: is there a device for which no rule of a lower rank matches and this one does;
 * and is there such a device for which, without the rule, something else comes out (of a permissive
 * rule: for which it is the one that is named).
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_parts.h"
#include "util.h"

/* The first component is the rule's match, the others are parts. */
struct rule_question {
	const struct dg_analysis *a;
	uint32_t rank;
	uint8_t kind;	      /* of the rule */
	uint8_t default_kind; /* of the operation's default */
};

/* The rank that decides when the rule of @rank does not. */
static uint32_t next_rank(const struct dg_decision *d, uint32_t rank)
{
	return d->rank == rank ? d->second : d->rank;
}

static bool reduce_decides(void *data, dg_ref *state, size_t count)
{
	const struct rule_question *q = data;

	if (state[0] == DG_FALSE)
		return false;
	for (size_t i = 1; i < count; i++) {
		if (state[i] == DG_PASS)
			continue;
		if (dg_outlook_most(&q->a->outlooks, state[i]) < q->rank)
			return false;
		if (dg_outlook_least(&q->a->outlooks, state[i]) >= q->rank)
			state[i] = DG_PASS;
	}
	return true;
}

static bool goal_reached(void *data, const dg_ref *state, size_t count)
{
	(void)data, (void)state, (void)count;
	return true; /* whatever stands in the way was found by reduce */
}

static bool best_decides(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)from;
	return to == (component == 0 ? DG_TRUE : DG_PASS);
}

/* Could the function make a difference when the rule is gone? */
static bool helps(const struct rule_question *q, const struct dg_outlook *o)
{
	bool later = o->would != DG_RANK_NONE;

	for (unsigned int kind = 0; kind < DG_KINDS; kind++)
		later |= kind != q->kind && o->latest[kind] > q->rank + 1;
	return later;
}

static bool reduce_matters(void *data, dg_ref *state, size_t count)
{
	const struct rule_question *q = data;
	uint32_t bound = DG_RANK_NONE;
	bool open = false;

	if (state[0] == DG_FALSE)
		return false;
	for (size_t i = 1; i < count; i++) {
		struct dg_decision d;

		if (state[i] == DG_PASS)
			continue;
		if (dg_outlook_most(&q->a->outlooks, state[i]) < q->rank)
			return false;
		if (!dg_ref_terminal(state[i]))
			continue;
		d = dg_diagram_decided(q->a->fold->diagram, state[i]);
		if (next_rank(&d, q->rank) < bound)
			bound = next_rank(&d, q->rank);
	}
	for (size_t i = 1; i < count; i++) {
		struct dg_outlook o;
		bool would;

		if (state[i] == DG_PASS)
			continue;
		o = dg_outlook(&q->a->outlooks, state[i]);
		would = o.would != DG_RANK_NONE;
		/* Too late to decide anything. */
		if (o.least > bound && !would)
			state[i] = DG_PASS;
		else if (would || (!dg_ref_terminal(state[i]) && helps(q, &o)))
			open = true;
	}
	if (open)
		return true;
	/* Whatever decides is of the rule's own kind, or what is next already. */
	return q->kind != (bound == DG_RANK_NONE ? q->default_kind : q->a->kind_of[bound]);
}

static bool goal_matters(void *data, const dg_ref *state, size_t count)
{
	const struct rule_question *q = data;
	uint32_t next = DG_RANK_NONE, would = DG_RANK_NONE;
	uint8_t kind;

	for (size_t i = 1; i < count; i++) {
		struct dg_decision d = dg_diagram_decided(q->a->fold->diagram, state[i]);

		if (next_rank(&d, q->rank) < next)
			next = next_rank(&d, q->rank);
		if (d.would < would)
			would = d.would;
	}
	kind = next == DG_RANK_NONE ? q->default_kind : q->a->kind_of[next];
	return dg_analysis_differ(q->a, q->rank, q->kind, kind, next, would);
}

static bool best_matters(void *data, size_t component, dg_ref from, dg_ref to)
{
	const struct rule_question *q = data;
	struct dg_outlook o;

	if (component == 0)
		return to == DG_TRUE;
	o = dg_outlook(&q->a->outlooks, from);
	return to == DG_PASS && !helps(q, &o);
}

/* Of a permissive rule: nothing that decides, and none that is passed over, has a lower rank. */
static bool reduce_named(void *data, dg_ref *state, size_t count)
{
	const struct rule_question *q = data;

	if (state[0] == DG_FALSE)
		return false;
	for (size_t i = 1; i < count; i++) {
		struct dg_outlook o;

		if (state[i] == DG_PASS)
			continue;
		o = dg_outlook(&q->a->outlooks, state[i]);
		if (o.most < q->rank)
			return false;
		if (o.least >= q->rank && o.would >= q->rank)
			state[i] = DG_PASS;
		else if (dg_ref_terminal(state[i]))
			return false;
	}
	return true;
}

static int ask(struct dg_analysis *a, uint32_t rule, unsigned int op, const struct dg_question *how)
{
	struct rule_question q = {.a = a, .rank = a->fold->rank[rule]};
	const struct dg_fold_op *parts;
	struct dg_question question = *how;
	dg_ref components[1 + DG_PARTS_MAX];
	int r = dg_analysis_column(a, op, &parts);

	if (r < 0)
		return r;
	q.kind = a->kind_of[q.rank];
	q.default_kind = dg_analysis_kind(a->policy->defaults[op], DG_AUDIT_DENIED);
	components[0] = a->match[rule];
	memcpy(components + 1, parts->roots, parts->count * sizeof(*components));
	question.data = &q;
	/* Where the default is like the rule, only a later one of another kind makes a difference.
	 */
	if (how->reduce == reduce_matters && q.kind == q.default_kind)
		question.hoped = (uint8_t) ~(1U << q.kind);
	return dg_analysis_search(a, &question, components, 1 + parts->count);
}

static const struct dg_question decides = {
	.reduce = reduce_decides, .goal = goal_reached, .best = best_decides};
static const struct dg_question matters = {
	.reduce = reduce_matters, .goal = goal_matters, .best = best_matters};
static const struct dg_question named = {
	.reduce = reduce_named, .goal = goal_reached, .best = best_decides};

/* Ask on each operation until it is found. */
static int ask_ops(struct dg_analysis *a, uint32_t rule, const struct dg_question *how,
		   bool by_default, enum dg_found *ret, unsigned int *ret_op)
{
	enum dg_found found = DG_FOUND_NONE;

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		int r;

		if (!dg_analysis_asks(a, rule, op, by_default))
			continue;
		r = ask(a, rule, op, how);
		if (r == 1) {
			*ret = DG_FOUND_SOME;
			*ret_op = op;
			return 0;
		}
		if (r == -E2BIG)
			found = DG_FOUND_UNDECIDED;
		else if (r < 0)
			return r;
	}
	*ret = found;
	return 0;
}

int dg_analysis_by_product(struct dg_analysis *a, uint32_t rule, struct dg_analysis_finding *f)
{
	bool permissive = a->policy->rules[rule].permissive;
	unsigned int op;
	int r = 0;

	if (f->matters == DG_FOUND_UNDECIDED)
		r = ask_ops(a, rule, permissive ? &named : &matters, !permissive, &f->matters, &op);
	if (r < 0 || f->matters == DG_FOUND_SOME || f->decides != DG_FOUND_UNDECIDED)
		return r;
	f->before_count = 0;
	r = ask_ops(a, rule, &decides, false, &f->decides, &f->op);
	if (r >= 0 && f->decides == DG_FOUND_SOME)
		memcpy(a->points.decided, a->search.classes,
		       a->search.var_count * sizeof(*a->search.classes));
	return r;
}
