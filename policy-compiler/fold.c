/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "fold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "fold_build.h"
#include "progress.h"
#include "support.h"

#define RUNS_PER_RULE 16 /* of several groups in one part */
#define SLACK_PER_RULE 8
#define SLACK_LEAST 4096
#define SLACK_MOST 16384
/* Steps that the parts of a column may take, each some ten nanoseconds. */
#define WORK_LEAST (8U << 20)
#define WORK_PER_RULE 4096

void dg_fold_free(struct dg_fold *fold)
{
	if (!fold)
		return;
	dg_conditions_done(&fold->conditions);
	for (size_t i = 0; i < fold->column_count; i++) {
		free(fold->columns[i].rules);
		free(fold->columns[i].groups);
		free(fold->columns[i].first);
		free(fold->columns[i].apart);
	}
	if (!fold->borrowed) {
		dg_symbols_free(fold->symbols);
		dg_diagram_free(fold->diagram);
	}
	free(fold->rank);
	free(fold->rule_of);
	free(fold->match);
	free(fold->splits);
	free(fold->alternatives);
	free(fold);
}

static int rank_rules(struct dg_fold *f)
{
	size_t count = f->policy->rule_count;
	uint32_t next = 0;

	f->rank = calloc(count + 1, sizeof(*f->rank));
	f->rule_of = calloc(count + 1, sizeof(*f->rule_of));
	f->match = calloc(count + 1, sizeof(*f->match));
	if (!f->rank || !f->rule_of || !f->match)
		return -ENOMEM;
	for (int forbids = 1; forbids >= 0; forbids--)
		for (uint32_t i = 0; i < count; i++)
			if ((f->policy->rules[i].effect == DG_EFFECT_FORBID) == forbids) {
				f->rule_of[next] = i;
				f->rank[i] = next++;
			}
	return 0;
}

/* Where and when the rule matches. */
static int build_match(struct dg_fold *f, const struct dg_rule_node *rule, dg_ref *ret)
{
	enum dg_sense sense = rule->effect == DG_EFFECT_ALLOW ? DG_IS_TRUE : DG_NOT_FALSE;
	dg_ref live = DG_TRUE, condition;
	int r;

	r = dg_condition(&f->conditions, rule->where, sense, &condition);
	if (r >= 0 && (rule->has_from || rule->has_until))
		r = dg_condition_live(&f->conditions, rule, &live);
	if (r < 0)
		return r;
	return dg_diagram_apply(f->diagram, DG_APPLY_AND, condition, live, ret);
}

/* What one build of parts works with. */
struct build {
	struct dg_fold *f;
	const struct dg_fold_column *column;
	enum dg_keep keep;
	struct dg_claim *claims;
	uint32_t *rules; /* of several groups, by rank */
	dg_ref *refs;	 /* the parts; as many as there are rules at most */
	size_t count;
	size_t work; /* steps left */
};

static void build_done(struct build *b)
{
	free(b->claims);
	free(b->rules);
	free(b->refs);
}

static int decide(struct build *b, const uint32_t *rules, size_t count, size_t budget, dg_ref *ret)
{
	const struct dg_fold *f = b->f;
	size_t steps;
	int r;

	for (size_t i = 0; i < count; i++)
		b->claims[i] =
			(struct dg_claim){.match = f->match[rules[i]],
					  .rank = f->rank[rules[i]],
					  .permissive = f->policy->rules[rules[i]].permissive};
	dg_diagram_budget(f->diagram, budget < b->work ? budget : b->work);
	steps = dg_diagram_steps(f->diagram);
	r = dg_diagram_decide(f->diagram, b->keep, b->claims, count, ret);
	steps = dg_diagram_steps(f->diagram) - steps;
	b->work -= steps < b->work ? steps : b->work;
	dg_diagram_budget(f->diagram, SIZE_MAX);
	return r;
}

/* The parts of rules with one support; they are halved while they are too much at once. */
static int build_group(struct build *b, const uint32_t *rules, size_t count)
{
	dg_ref ref;
	int r = decide(b, rules, count, DG_FOLD_MAX_RUNS / 4, &ref);

	if (r == -E2BIG && count > 1 && b->work > 0) {
		r = build_group(b, rules, count / 2);
		if (r < 0)
			return r;
		return build_group(b, rules + count / 2, count - count / 2);
	}
	if (r >= 0 && ref != DG_PASS)
		b->refs[b->count++] = ref;
	return r;
}

/* Rules in the order of their ranks. */
static int sort_by_rank(const struct dg_fold *f, uint32_t *rules, size_t count)
{
	size_t words = f->policy->rule_count / 64 + 1, out = 0;
	_cleanup_free_ uint64_t *ranks = calloc(words, sizeof(*ranks));

	if (!ranks)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ranks[f->rank[rules[i]] / 64] |= UINT64_C(1) << f->rank[rules[i]] % 64;
	for (size_t word = 0; word < words; word++)
		for (uint64_t bits = ranks[word]; bits; bits &= bits - 1)
			rules[out++] = f->rule_of[word * 64 + (size_t)__builtin_ctzll(bits)];
	return 0;
}

/*
 * All groups whose support begins with @var. Their edges lie beside each other at the first node,
 * so mostly they are not much larger together; else each is by itself.
 */
static int build_groups(struct build *b, uint32_t var, size_t per_rule, size_t slack)
{
	const struct dg_fold_column *c = b->column;
	size_t count = 0, groups = 0;
	dg_ref ref;
	int r;

	for (size_t g = 0; g < c->group_count; g++) {
		if (c->first[g] != var)
			continue;
		memcpy(b->rules + count, c->rules + c->groups[g],
		       (c->groups[g + 1] - c->groups[g]) * sizeof(*b->rules));
		count += c->groups[g + 1] - c->groups[g];
		groups++;
	}
	if (groups > 1) {
		r = sort_by_rank(b->f, b->rules, count);
		if (r < 0)
			return r;
		r = decide(b, b->rules, count, count * per_rule + slack, &ref);
		if (r >= 0 && ref != DG_PASS)
			b->refs[b->count++] = ref;
		if (r != -E2BIG)
			return r;
	}
	r = 0;
	for (size_t g = 0; g < c->group_count && r >= 0; g++)
		if (c->first[g] == var)
			r = build_group(b, c->rules + c->groups[g],
					c->groups[g + 1] - c->groups[g]);
	return r;
}

static size_t slack_for(size_t rules)
{
	size_t slack = rules * SLACK_PER_RULE;

	return slack < SLACK_LEAST ? SLACK_LEAST : slack > SLACK_MOST ? SLACK_MOST : slack;
}

int dg_fold_parts(struct dg_fold *f, const struct dg_fold_column *column, enum dg_keep keep,
		  bool merge, struct dg_fold_op *ret)
{
	_cleanup_(build_done) struct build b = {.f = f, .column = column, .keep = keep};
	size_t slack = slack_for(column->rule_count);
	int r = 0;

	b.work = WORK_LEAST + column->rule_count * WORK_PER_RULE;
	b.claims = calloc(column->rule_count + 1, sizeof(*b.claims));
	b.rules = calloc(column->rule_count + 1, sizeof(*b.rules));
	b.refs = calloc(column->rule_count + 1, sizeof(*b.refs));
	if (!b.claims || !b.rules || !b.refs)
		return -ENOMEM;
	for (size_t g = 0; g < column->group_count && r >= 0; g++) {
		size_t before = 0;

		while (column->first[before] != column->first[g])
			before++;
		if (!merge)
			r = build_group(&b, column->rules + column->groups[g],
					column->groups[g + 1] - column->groups[g]);
		else if (before == g)
			r = build_groups(&b, column->first[g], RUNS_PER_RULE, slack);
	}
	if (r >= 0 && (merge || b.count > DG_PARTS_MAX))
		r = dg_fold_merge(f->diagram, keep == DG_KEEP_ONE ? DG_APPLY_MIN : DG_APPLY_MIN_TWO,
				  b.refs, &b.count, merge ? slack : 0, &b.work);
	if (r < 0)
		return r;
	if (b.count > DG_PARTS_MAX)
		return -E2BIG;
	memcpy(ret->roots, b.refs, b.count * sizeof(*b.refs));
	ret->count = b.count;
	return 0;
}

static int build_matches(struct dg_fold *f, struct dg_supports *supports, uint32_t *support,
			 const struct dg_pos **where)
{
	int r = 0;

	for (uint32_t i = 0; i < f->policy->rule_count && r >= 0; i++) {
		dg_progress_step(f->progress, "making the diagram of rule", i + 1,
				 f->policy->rule_count);
		*where = &f->policy->rules[i].pos;
		r = build_match(f, &f->policy->rules[i], &f->match[i]);
		if (r >= 0)
			r = dg_support(supports, f->diagram, f->match[i], &support[i]);
	}
	if (r >= 0)
		*where = &f->policy->pos;
	return r;
}

/* How far a fold has got, to start from again. */
struct mark {
	size_t nodes, splits, alternatives;
};

static struct mark mark_of(const struct dg_fold *f)
{
	return (struct mark){.nodes = dg_diagram_node_count(f->diagram),
			     .splits = f->split_count,
			     .alternatives = f->alternative_count};
}

static void go_back(struct dg_fold *f, struct mark mark)
{
	dg_diagram_undo(f->diagram, mark.nodes);
	f->split_count = mark.splits;
	f->alternative_count = mark.alternatives;
}

/* An attempt that is undone, and others in the place of its nodes. 0, -ENOMEM. */
static int fail_once(struct dg_fold *f, struct dg_fold_column *column, struct dg_fold_op *ret)
{
	struct mark before = mark_of(f);
	int r = dg_fold_set_apart(f, column, false, ret);

	go_back(f, before);
	if (r >= 0 || r == -E2BIG)
		r = dg_fold_parts(f, column, DG_KEEP_ONE, true, ret);
	return r == -E2BIG ? 0 : r;
}

static int build_parts(struct dg_fold *f, struct dg_fold_column *column, unsigned int flags,
		       struct dg_fold_op *ret)
{
	struct mark before = mark_of(f);
	int r = flags & DG_FOLD_SPLIT ? fail_once(f, column, ret) : 0;

	if (r < 0)
		return r;
	if (flags & DG_FOLD_APART)
		return dg_fold_set_apart(f, column, true, ret);
	r = dg_fold_parts(f, column, DG_KEEP_ONE, !(flags & DG_FOLD_KEEP_PARTS), ret);
	if (r != -E2BIG)
		return r;
	go_back(f, before);
	r = dg_fold_set_apart(f, column, false, ret);
	if (r != -E2BIG)
		return r;
	go_back(f, before);
	return dg_fold_set_apart(f, column, true, ret);
}

int dg_fold_build(struct dg_fold *f, unsigned int flags, const struct dg_pos **where)
{
	_cleanup_free_ uint32_t *support = calloc(f->policy->rule_count + 1, sizeof(*support));
	_cleanup_(dg_supports_done) struct dg_supports supports = {};
	struct dg_fold_op op;
	int r;

	if (!support)
		return -ENOMEM;
	f->split_all = flags & DG_FOLD_SPLIT;
	f->conditions.symbols = f->symbols;
	f->conditions.diagram = f->diagram;
	r = rank_rules(f);
	if (r >= 0)
		r = build_matches(f, &supports, support, where);
	if (r >= 0)
		r = dg_fold_columns(f, &supports, support);
	if (flags & DG_FOLD_NO_PARTS)
		return r;
	for (size_t c = 0; c < f->column_count && r >= 0; c++) {
		dg_progress_step(f->progress, "joining diagrams", c + 1, f->column_count);
		r = build_parts(f, &f->columns[c], flags, &op);
		for (unsigned int o = 0; o < DG_OP_MAX && r >= 0; o++)
			if (f->columns[c].ops >> o & 1)
				f->ops[o] = op;
	}
	return r;
}
