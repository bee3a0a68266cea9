/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Rules that never match (dead), never decide (shadowed), or whose loss nobody would notice
 * (redundant).
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_parts.h"
#include "eval.h"
#include "util.h"

#define COVER_RUNS 65536 /* work on naming the rules that shadow one */

bool dg_analysis_asks(const struct dg_analysis *a, uint32_t rule, unsigned int op, bool by_default)
{
	uint32_t ops = a->policy->rules[rule].ops;

	if (!(ops >> op & 1))
		return false;
	for (unsigned int other = 0; other < op; other++)
		if (ops >> other & 1 && a->column_of[other] == a->column_of[op] &&
		    (!by_default || a->policy->defaults[other] == a->policy->defaults[op]))
			return false;
	return true;
}

/* Does an event come with that? */
static bool due(const struct dg_analysis *a, uint8_t kind, uint32_t would)
{
	if (kind & 1)
		return true;
	return would != DG_RANK_NONE &&
	       a->policy->rules[a->fold->rule_of[would]].audit != DG_AUDIT_NEVER;
}

bool dg_analysis_differ(const struct dg_analysis *a, uint32_t rank, uint8_t kind, uint8_t next_kind,
			uint32_t next, uint32_t would)
{
	uint32_t with = would < rank ? would : DG_RANK_NONE;
	uint32_t without = would < next ? would : DG_RANK_NONE;

	return (kind ^ next_kind) & 2 || with != without ||
	       due(a, next_kind, without) != due(a, kind, with);
}

/* Is there nothing that the rule matches and none of the others but @left_out? 1, 0, -E2BIG. */
static int is_covered(struct dg_analysis *a, uint32_t rule, const uint32_t *others, size_t count,
		      size_t left_out)
{
	dg_ref rest = a->match[rule];
	int r = 0;

	if (a->synced != DG_TRUE)
		r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, rest, a->synced, &rest);
	for (size_t i = 0; i < count && r >= 0; i++)
		if (i != left_out)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_BUT, rest,
					     a->match[others[i]], &rest);
	return r < 0 ? r : rest == DG_FALSE;
}

static int compare_rules(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Of the rules that stand before, those that it takes, in the order of the policy. */
static int find_cover(struct dg_analysis *a, uint32_t rule, struct dg_analysis_finding *f)
{
	int r = 0;

	dg_diagram_budget(a->fold->diagram, COVER_RUNS);
	for (size_t i = 0; i < f->before_count && r >= 0;) {
		r = is_covered(a, rule, f->before, f->before_count, i);
		if (r == 1)
			memmove(&f->before[i], &f->before[i + 1],
				(--f->before_count - i) * sizeof(*f->before));
		else
			i++;
	}
	dg_diagram_budget(a->fold->diagram, SIZE_MAX);
	qsort(f->before, f->before_count, sizeof(*f->before), compare_rules);
	return r == -E2BIG ? 0 : r;
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

/*
 * A finding about a rule whose witness the reference evaluator has yet to confirm: many are judged at
 * once, for each of them goes through all rules.
 */
struct dg_analysis_pending {
	uint32_t rule;
	unsigned int op;
	bool shadowed; /* else redundant */
	struct dg_analysis_finding finding;
	struct dg_analysis_witness witness;
};

#define PENDING_MAX DG_EVAL_TOGETHER

/* The device of the search's classes is the witness. */
static int add_pending(struct dg_analysis *a, uint32_t number, unsigned int op, bool shadowed,
		       const struct dg_analysis_finding *f)
{
	struct dg_analysis_pending *p;
	int r;

	if (!a->pending) {
		a->pending = calloc(PENDING_MAX, sizeof(*a->pending));
		a->pending_arena = dg_arena_new();
		if (!a->pending || !a->pending_arena)
			return -ENOMEM;
	}
	p = &a->pending[a->pending_count];
	*p = (struct dg_analysis_pending){
		.rule = number, .op = op, .shadowed = shadowed, .finding = *f};
	r = dg_analysis_witness_in(a, a->pending_arena, &p->witness);
	if (r >= 0)
		a->pending_count++;
	return r;
}

static int report_shadowed(struct dg_analysis *a, struct dg_analysis_pending *p,
			   const struct dg_answer *answer)
{
	const struct dg_rule_node *rule = &a->policy->rules[p->rule];
	struct dg_analysis_finding *f = &p->finding;
	bool more = false;
	char names[512];
	int r;

	if (answer->rule == p->rule || answer->rule == DG_RULE_DEFAULT ||
	    !dg_analysis_matches(a, p->rule, &p->witness)) {
		dg_analysis_disagree(a, &rule->pos);
		return 0;
	}
	if (f->before_count == 0 || f->before_count > DG_ANALYSIS_BEFORE_MAX) {
		f->before[0] = answer->rule;
		f->before_count = 1;
		more = true;
	} else {
		r = find_cover(a, p->rule, f);
		if (r < 0)
			return r;
	}
	dg_analysis_name(a, f->before, f->before_count, more, names, sizeof(names));
	dg_analysis_report(a, DG_E073, severity(a), &rule->pos, &p->witness,
			   "the rule never %s: whatever it matches, %s %s first, the witness%s for "
			   "one",
			   rule->permissive ? "comes to be asked" : "decides", names,
			   f->before_count > 1 || more ? "match" : "matches", p->witness.when);
	return 0;
}

/* Never decides: because it never matches, or because others come first. */
static int report_silent(struct dg_analysis *a, uint32_t number, struct dg_analysis_finding *f)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	int r = dg_analysis_search(a, &dg_analysis_conditions, &a->match[number], 1);

	a->silent[number] = true;
	if (r == 1)
		return add_pending(a, number, (unsigned int)__builtin_ctz(rule->ops), true, f);
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

/* Does the search come to the permissive rule behind another one that is named? */
static bool passed_over(const struct dg_analysis *a, uint32_t number,
			const struct dg_analysis_witness *w, const struct dg_answer *answer)
{
	uint32_t decider = answer->rule == DG_RULE_DEFAULT ? DG_RANK_NONE :
							     a->fold->rank[answer->rule];

	return answer->would != DG_RULE_NONE && answer->would < number &&
	       decider > a->fold->rank[number] && dg_analysis_matches(a, number, w);
}

/* The rule decides (a permissive one: is passed over), and nothing changes without it. */
static void report_redundant(struct dg_analysis *a, const struct dg_analysis_pending *p,
			     const struct dg_answer *with, const struct dg_answer *without)
{
	const struct dg_rule_node *rule = &a->policy->rules[p->rule];
	const struct dg_analysis_witness *w = &p->witness;
	char name[128];

	if (!(rule->permissive ? passed_over(a, p->rule, w, with) : with->rule == p->rule) ||
	    with->verdict != without->verdict || with->would != without->would ||
	    with->flags != without->flags) {
		dg_analysis_disagree(a, &rule->pos);
		return;
	}
	if (rule->permissive) {
		dg_analysis_name(a, &with->would, 1, false, name, sizeof(name));
		dg_analysis_report(a, DG_E208, DG_SEVERITY_WARNING, &rule->pos, w,
				   "the rule is redundant: whatever it matches, another permissive "
				   "rule is passed over first and named instead; for the witness%s "
				   "that is %s",
				   w->when, name);
		return;
	}
	dg_analysis_name(a, &without->rule, 1, false, name, sizeof(name));
	dg_analysis_report(a, DG_E208, DG_SEVERITY_WARNING, &rule->pos, w,
			   "the rule is redundant: without it every verdict is the same; for the "
			   "witness%s %s gives it too",
			   w->when, name);
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
		r = dg_analysis_satisfiable(a, condition);
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
	/* What else decides has to be clear for that. */
	bool may_be_redundant = !(rule->ops & a->policy->unclear_ops);
	struct dg_analysis_finding f = {.decides = DG_FOUND_UNDECIDED,
					.matters = DG_FOUND_UNDECIDED};
	int r = 0;

	if (!(a->flags & DG_ANALYSIS_PRODUCT))
		r = dg_analysis_by_points(a, number, &f);
	if (r >= 0)
		r = dg_analysis_by_product(a, number, &f);
	if (r >= 0 && f.decides == DG_FOUND_SOME && !rule->permissive)
		r = dg_analysis_items_decided(a, number, f.op);
	if (r < 0 || f.matters == DG_FOUND_SOME)
		return r < 0 ? r : check_never_true(a, number);
	if (f.decides == DG_FOUND_NONE)
		return report_silent(a, number, &f);
	if (f.decides == DG_FOUND_UNDECIDED) {
		undecided(a, number, "ever decides");
		return 0;
	}
	if (may_be_redundant && f.matters == DG_FOUND_NONE) {
		r = dg_analysis_decided(a, number, f.op);
		return r < 0 ? r : add_pending(a, number, f.op, false, &f);
	}
	if (may_be_redundant)
		undecided(a, number, "is redundant");
	return check_never_true(a, number);
}

/* Judge what is pending, and say it. */
static int settle(struct dg_analysis *a)
{
	struct dg_eval_case cases[2 * PENDING_MAX];
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < a->pending_count; i++) {
		const struct dg_analysis_pending *p = &a->pending[i];

		cases[count] = (struct dg_eval_case){
			.device = p->witness.device,
			.time = p->witness.time,
			.op = (enum dg_op)p->op,
			.without = DG_RULE_NONE,
		};
		if (!p->shadowed) {
			cases[count + 1] = cases[count];
			cases[++count].without = p->rule;
		}
		count++;
	}
	dg_eval_decide_all(a->policy, cases, count);
	count = 0;
	for (size_t i = 0; i < a->pending_count && r >= 0; i++) {
		struct dg_analysis_pending *p = &a->pending[i];

		if (p->shadowed) {
			r = report_shadowed(a, p, &cases[count++].answer);
			continue;
		}
		report_redundant(a, p, &cases[count].answer, &cases[count + 1].answer);
		count += 2;
		r = check_never_true(a, p->rule);
	}
	a->pending_count = 0;
	if (a->pending_arena)
		dg_arena_reset(a->pending_arena);
	return r;
}

int dg_analysis_rules(struct dg_analysis *a)
{
	int r = 0;

	for (uint32_t i = 0; i < a->policy->rule_count && r >= 0; i++) {
		dg_progress_step(a->diags->progress, "analysing rule", i + 1, a->policy->rule_count);
		if (!a->silent[i])
			r = check_rule(a, i);
		if (r == -E2BIG) {
			undecided(a, i, "ever decides");
			r = 0;
		}
		if (r >= 0 && a->pending_count == PENDING_MAX)
			r = settle(a);
	}
	return r < 0 ? r : settle(a);
}
