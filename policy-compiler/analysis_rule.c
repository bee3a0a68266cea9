/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Rules that never match (dead), never decide (shadowed), or whose loss nobody would notice
 * (redundant).
 *
 * Two questions, asked of the product of the rule's match and the parts of one operation, whose
 * decisions keep two ranks: is there a device for which no rule of a lower rank matches and this one
 * does; and is there such a device for which, without the rule, something else comes out.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_parts.h"
#include "eval.h"
#include "util.h"

#define NAMED 4 /* rules that shadow are named, so many */

struct rule_question {
	const struct dg_analysis *a;
	uint32_t rank;
	uint8_t kind;	      /* of the rule */
	uint8_t default_kind; /* of the operation's default */
	size_t conditions;    /* components that are conditions, the first ones */
	uint32_t excluded[NAMED];
	size_t excluded_count;
};

/* The rank that decides when the rule of @rank does not. */
static uint32_t next_rank(const struct dg_decision *d, uint32_t rank)
{
	return d->rank == rank ? d->second : d->rank;
}

static bool reduce_decides(void *data, dg_ref *state, size_t count)
{
	const struct rule_question *q = data;

	for (size_t i = 0; i < q->conditions; i++)
		if (state[i] == DG_FALSE)
			return false;
	for (size_t i = q->conditions; i < count; i++) {
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
	const struct rule_question *q = data;

	(void)from;
	return to == (component < q->conditions ? DG_TRUE : DG_PASS);
}

/* Could the function make a difference when the rule is gone? */
static bool helps(const struct rule_question *q, const struct dg_outlook *o)
{
	bool later = o->would;

	for (unsigned int kind = 0; kind < DG_KINDS; kind++)
		later |= kind != q->kind && o->latest[kind] > q->rank + 1;
	return later;
}

static bool reduce_matters(void *data, dg_ref *state, size_t count)
{
	const struct rule_question *q = data;
	uint32_t bound = DG_RANK_NONE;
	bool open = false;

	for (size_t i = 0; i < q->conditions; i++)
		if (state[i] == DG_FALSE)
			return false;
	for (size_t i = q->conditions; i < count; i++) {
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
	for (size_t i = q->conditions; i < count; i++) {
		struct dg_outlook o;

		if (state[i] == DG_PASS)
			continue;
		o = dg_outlook(&q->a->outlooks, state[i]);
		/* Too late to decide anything. */
		if (o.least > bound && !o.would)
			state[i] = DG_PASS;
		else if (o.would || (!dg_ref_terminal(state[i]) && helps(q, &o)))
			open = true;
	}
	if (open)
		return true;
	/* Whatever decides is of the rule's own kind, or what is next already. */
	return q->kind != (bound == DG_RANK_NONE ? q->default_kind : q->a->kind_of[bound]);
}

/* Does an event come with that? */
static bool due(const struct dg_analysis *a, uint8_t kind, uint32_t would)
{
	if (kind & 1)
		return true;
	return would != DG_RANK_NONE &&
	       a->policy->rules[a->fold->rule_of[would]].audit != DG_AUDIT_NEVER;
}

static bool goal_matters(void *data, const dg_ref *state, size_t count)
{
	const struct rule_question *q = data;
	uint32_t next = DG_RANK_NONE, would = DG_RANK_NONE, with, without;
	uint8_t kind;

	for (size_t i = q->conditions; i < count; i++) {
		struct dg_decision d = dg_diagram_decided(q->a->fold->diagram, state[i]);

		if (next_rank(&d, q->rank) < next)
			next = next_rank(&d, q->rank);
		if (d.would < would)
			would = d.would;
	}
	kind = next == DG_RANK_NONE ? q->default_kind : q->a->kind_of[next];
	with = would < q->rank ? would : DG_RANK_NONE;
	without = would < next ? would : DG_RANK_NONE;
	return (kind ^ q->kind) & 2 || with != without ||
	       due(q->a, kind, without) != due(q->a, q->kind, with);
}

static bool best_matters(void *data, size_t component, dg_ref from, dg_ref to)
{
	const struct rule_question *q = data;
	struct dg_outlook o;

	if (component < q->conditions)
		return to == DG_TRUE;
	o = dg_outlook(&q->a->outlooks, from);
	return to == DG_PASS && !helps(q, &o);
}

/* A decider that is not among the excluded ones; only the conditions say where. */
static bool reduce_other(void *data, dg_ref *state, size_t count)
{
	const struct rule_question *q = data;
	uint32_t bound = DG_RANK_NONE;
	bool open = false, excluded = false;

	for (size_t i = 0; i < q->conditions; i++)
		if (state[i] == DG_FALSE)
			return false;
	for (size_t i = q->conditions; i < count; i++)
		if (dg_ref_terminal(state[i])) {
			uint32_t rank = dg_diagram_decided(q->a->fold->diagram, state[i]).rank;

			if (rank < bound)
				bound = rank;
		}
	for (size_t i = q->conditions; i < count; i++) {
		if (state[i] == DG_PASS)
			continue;
		if (dg_outlook_least(&q->a->outlooks, state[i]) > bound)
			state[i] = DG_PASS;
		else if (!dg_ref_terminal(state[i]))
			open = true;
	}
	for (size_t i = 0; i < q->excluded_count; i++)
		excluded |= q->excluded[i] == bound;
	return open || !excluded;
}

static bool never_best(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)component, (void)from, (void)to;
	return false;
}

static int ask(struct dg_analysis *a, uint32_t rule, unsigned int op, const struct dg_question *how,
	       struct rule_question *q, const dg_ref *extra, size_t extra_count)
{
	const struct dg_fold_op *parts;
	struct dg_question question = *how;
	dg_ref components[DG_COMPONENTS_MAX];
	int r = dg_analysis_column(a, op, &parts);

	if (r < 0)
		return r;
	if (1 + extra_count + parts->count > DG_COMPONENTS_MAX)
		return -E2BIG;
	q->a = a;
	q->rank = a->fold->rank[rule];
	q->kind = a->kind_of[q->rank];
	q->default_kind = dg_analysis_kind(a->policy->defaults[op], DG_AUDIT_DENIED);
	q->conditions = 1 + extra_count;
	components[0] = a->match[rule];
	for (size_t i = 0; i < extra_count; i++)
		components[1 + i] = extra[i];
	memcpy(components + q->conditions, parts->roots, parts->count * sizeof(*components));
	question.data = q;
	/* Where the default is like the rule, only a later one of another kind makes a difference. */
	if (how->reduce == reduce_matters && q->kind == q->default_kind)
		question.hoped = (uint8_t)~(1U << q->kind);
	return dg_analysis_search(a, &question, components, q->conditions + parts->count);
}

static const struct dg_question decides = {
	.reduce = reduce_decides, .goal = goal_reached, .best = best_decides};
static const struct dg_question matters = {
	.reduce = reduce_matters, .goal = goal_matters, .best = best_matters};
static const struct dg_question other = {
	.reduce = reduce_other, .goal = goal_reached, .best = never_best};

int dg_analysis_decides(struct dg_analysis *a, uint32_t rule, unsigned int op, const dg_ref *extra,
			size_t extra_count)
{
	struct rule_question q = {};

	return ask(a, rule, op, &decides, &q, extra, extra_count);
}

/* An answer over all operations of the rule. */
enum found {
	FOUND_NONE,
	FOUND_SOME,
	FOUND_UNDECIDED,
};

/*
 * Ask on each operation until it is found. Operations with the same rules give the same answer, but
 * for @by_default also the default counts.
 */
static int ask_ops(struct dg_analysis *a, uint32_t rule, const struct dg_question *how,
		   bool by_default, enum found *ret, unsigned int *ret_op)
{
	uint32_t ops = a->policy->rules[rule].ops;
	uint32_t asked[2] = {};
	enum found found = FOUND_NONE;

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		unsigned int verdict = by_default ? a->policy->defaults[op] : 0;
		struct rule_question q = {};
		int r;

		if (!(ops >> op & 1) || asked[verdict] >> a->column_of[op] & 1)
			continue;
		asked[verdict] |= 1U << a->column_of[op];
		r = ask(a, rule, op, how, &q, NULL, 0);
		if (r == 1) {
			*ret = FOUND_SOME;
			*ret_op = op;
			return 0;
		}
		if (r == -E2BIG)
			found = FOUND_UNDECIDED;
		else if (r < 0)
			return r;
	}
	*ret = found;
	return 0;
}

/* Who decides instead on @op wherever the rule matches; the first of them is known. */
static int find_deciders(struct dg_analysis *a, uint32_t rule, unsigned int op, uint32_t first,
			 uint32_t rules[static NAMED], size_t *ret_count, bool *ret_more)
{
	struct rule_question q = {};
	size_t count = 0;
	int r = 1;

	rules[count] = first;
	for (;;) {
		struct dg_answer answer;
		struct dg_analysis_witness w;

		q.excluded[q.excluded_count++] = a->fold->rank[rules[count++]];
		r = ask(a, rule, op, &other, &q, NULL, 0);
		if (r != 1 || count == NAMED)
			break;
		r = dg_analysis_witness(a, &w);
		if (r < 0)
			return r;
		dg_analysis_decide(a, &w, (enum dg_op)op, &answer);
		rules[count] = answer.rule;
		/* Nobody new: then the first ones will do. */
		for (size_t i = 0; i < count; i++)
			if (rules[i] == answer.rule)
				goto done;
		if (answer.rule == DG_RULE_DEFAULT)
			break;
	}
done:
	if (r < 0 && r != -E2BIG)
		return r;
	*ret_count = count;
	*ret_more = r != 0;
	return 0;
}

static enum dg_severity severity(const struct dg_analysis *a)
{
	return a->flags & DG_ANALYSIS_ALLOW_DEAD ? DG_SEVERITY_WARNING : DG_SEVERITY_ERROR;
}

static void undecided(struct dg_analysis *a, uint32_t rule, const char *what)
{
	a->silent[rule] = true;
	dg_diag_report(a->diags, DG_E212, &a->policy->rules[rule].pos,
		       "whether the rule %s is not decided within the budget", what);
}

static int report_shadowed(struct dg_analysis *a, uint32_t number)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	unsigned int op = (unsigned int)__builtin_ctz(rule->ops);
	uint32_t deciders[NAMED];
	struct dg_answer answer;
	struct dg_analysis_witness w;
	char names[512];
	size_t count;
	bool more;
	int r;

	/* From the search for a device that the rule matches. */
	r = dg_analysis_witness(a, &w);
	if (r < 0)
		return r;
	dg_analysis_decide(a, &w, (enum dg_op)op, &answer);
	if (answer.rule == number || answer.rule == DG_RULE_DEFAULT ||
	    !dg_analysis_matches(a, number, &w)) {
		dg_analysis_disagree(a, &rule->pos);
		return 0;
	}
	r = find_deciders(a, number, op, answer.rule, deciders, &count, &more);
	if (r < 0)
		return r;
	dg_analysis_name(a, deciders, count, more, names, sizeof(names));
	/* The deciders' witnesses took the place of the first one. */
	r = dg_analysis_search(a, &dg_analysis_conditions, &a->match[number], 1);
	if (r == 1)
		r = dg_analysis_witness(a, &w);
	if (r < 0)
		return r;
	dg_analysis_report(a, DG_E073, severity(a), &rule->pos, &w,
			   "the rule never %s: whatever it matches, %s %s before it, the witness%s "
			   "for one",
			   rule->permissive ? "comes to be asked" : "decides", names,
			   count > 1 || more ? "decide" : "decides", w.when);
	return 0;
}

/* Never decides: because it never matches, or because others come first. */
static int report_silent(struct dg_analysis *a, uint32_t number)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	int r = dg_analysis_search(a, &dg_analysis_conditions, &a->match[number], 1);

	a->silent[number] = true;
	if (r == 1)
		return report_shadowed(a, number);
	if (r == -E2BIG) {
		undecided(a, number, "ever matches");
		return 0;
	}
	if (r < 0)
		return r;
	dg_analysis_report(a, DG_E072, severity(a), &rule->pos, NULL,
			   "the rule never matches: its condition is true%s for no device at any "
			   "time%s",
			   rule->effect == DG_EFFECT_ALLOW ? "" : " or unknown",
			   rule->has_from || rule->has_until ? " at which it is live" : "");
	return 0;
}

/* The rule decides for the device of the last search, and nothing changes without it. */
static int report_redundant(struct dg_analysis *a, uint32_t number, unsigned int op)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	struct dg_answer with, without;
	struct dg_analysis_witness w;
	char name[128];
	int r;

	r = dg_analysis_witness(a, &w);
	if (r < 0)
		return r;
	dg_analysis_decide(a, &w, (enum dg_op)op, &with);
	a->rules[number].ops = 0;
	dg_analysis_decide(a, &w, (enum dg_op)op, &without);
	a->rules[number].ops = rule->ops;
	if (with.rule != number || with.verdict != without.verdict || with.would != without.would ||
	    with.flags != without.flags) {
		dg_analysis_disagree(a, &rule->pos);
		return 0;
	}
	dg_analysis_name(a, &without.rule, 1, false, name, sizeof(name));
	dg_analysis_report(a, DG_E208, DG_SEVERITY_WARNING, &rule->pos, &w,
			   "the rule is redundant: without it every verdict is the same; for the "
			   "witness%s %s gives it too",
			   w.when, name);
	return 0;
}

/* A deny or forbid that only ever catches what is unknown. */
static int check_never_true(struct dg_analysis *a, uint32_t number)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	struct dg_analysis_witness w;
	dg_ref condition;
	int r;

	if (rule->effect == DG_EFFECT_ALLOW || !rule->where)
		return 0;
	r = dg_condition(&a->fold->conditions, rule->where, DG_IS_TRUE, &condition);
	if (r >= 0)
		r = dg_analysis_search(a, &dg_analysis_conditions, &condition, 1);
	if (r != 0)
		return r == 1 || r == -E2BIG ? 0 : r;
	r = dg_analysis_search(a, &dg_analysis_conditions, &a->match[number], 1);
	if (r != 1)
		return r == -E2BIG ? 0 : r;
	r = dg_analysis_witness(a, &w);
	if (r < 0)
		return r;
	if (!dg_analysis_matches(a, number, &w) ||
	    dg_eval_condition(rule->where, w.device) != DG_TRUTH_UNKNOWN) {
		dg_analysis_disagree(a, &rule->pos);
		return 0;
	}
	dg_analysis_report(a, DG_E211, DG_SEVERITY_WARNING, &rule->pos, &w,
			   "the condition is true for no device: the rule only denies where it is "
			   "unknown, as for the witness");
	return 0;
}

static int check_rule(struct dg_analysis *a, uint32_t number)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	enum found changes = FOUND_NONE, decided;
	unsigned int op = 0;
	int r;

	if (!rule->permissive) {
		r = ask_ops(a, number, &matters, true, &changes, &op);
		if (r < 0 || changes == FOUND_SOME)
			return r < 0 ? r : check_never_true(a, number);
	}
	r = ask_ops(a, number, &decides, false, &decided, &op);
	if (r < 0)
		return r;
	if (decided == FOUND_NONE)
		return report_silent(a, number);
	if (decided == FOUND_UNDECIDED) {
		undecided(a, number, "ever decides");
		return 0;
	}
	if (!rule->permissive && changes == FOUND_NONE)
		r = report_redundant(a, number, op);
	else if (!rule->permissive)
		undecided(a, number, "is redundant");
	return r < 0 ? r : check_never_true(a, number);
}

int dg_analysis_rules(struct dg_analysis *a)
{
	int r = 0;

	for (uint32_t i = 0; i < a->policy->rule_count && r >= 0; i++)
		if (!a->silent[i])
			r = check_rule(a, i);
	return r;
}
