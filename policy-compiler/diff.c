/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "blocks.h"
#include "eval.h"
#include "search.h"
#include "util.h"

#define STEPS 500000 /* of one operation: a second or two */
#define SLACK 65536

/* One of the two policies on one operation. */
struct side {
	const struct dg_fold *fold;
	struct dg_fold_op ranks, blocks; /* parts, clock synchronised */
	enum dg_verdict by_default;
};

struct work {
	struct dg_diff *diff;
	struct dg_fold *old, *new;
	uint32_t clock, rules;
	unsigned int op;
	struct side sides[2];
	struct dg_outlooks ranks, blocks;
	uint8_t *kind_of; /* by block: 1 when it allows */
	struct dg_search search;
	struct dg_map found; /* (old rank, new rank) */
	int failed;	     /* errno of a goal */
};

void dg_diff_free(struct dg_diff *diff)
{
	if (!diff)
		return;
	if (diff->arena)
		dg_arena_free(diff->arena);
	free(diff->changes);
	free(diff);
}

static void work_done(struct work *w)
{
	dg_search_done(&w->search);
	dg_outlooks_done(&w->ranks);
	dg_outlooks_done(&w->blocks);
	dg_map_done(&w->found);
	free(w->kind_of);
	if (w->new)
		dg_fold_free(w->new);
	if (w->old)
		dg_fold_free(w->old);
}

/* The components: the filter; for each side its parts with ranks, then those with blocks. */
static size_t side_start(const struct work *w, int side)
{
	return 1 + (side == 0 ? 0 : w->sides[0].ranks.count + w->sides[0].blocks.count);
}

/* Replace what comes too late. Returns the lowest rank that is certain. */
static uint32_t drop_late(const struct dg_outlooks *outlooks, dg_ref *state, size_t count)
{
	uint32_t bound = DG_RANK_NONE;

	for (size_t i = 0; i < count; i++)
		if (dg_ref_terminal(state[i]) && dg_outlook(outlooks, state[i]).least < bound)
			bound = dg_outlook(outlooks, state[i]).least;
	for (size_t i = 0; i < count; i++)
		if (state[i] != DG_PASS && dg_outlook(outlooks, state[i]).least > bound)
			state[i] = DG_PASS;
	return bound;
}

/* The verdicts that a side can still come to: bit 1 allow, bit 0 deny. */
static unsigned int possible(const struct work *w, int side, dg_ref *state)
{
	const struct side *s = &w->sides[side];
	uint32_t bound = drop_late(&w->blocks, state, s->blocks.count);
	enum dg_verdict last = bound == DG_RANK_NONE ? s->by_default : dg_block_verdict(bound);
	unsigned int verdicts = last == DG_VERDICT_ALLOW ? 2 : 1;

	for (size_t i = 0; i < s->blocks.count; i++)
		if (!dg_ref_terminal(state[i]))
			verdicts |= dg_outlook(&w->blocks, state[i]).kinds;
	return verdicts;
}

static bool reduce(void *data, dg_ref *state, size_t count)
{
	const struct work *w = data;
	unsigned int verdicts[2];

	(void)count;
	if (state[0] == DG_FALSE)
		return false;
	for (int side = 0; side < 2; side++) {
		dg_ref *at = state + side_start(w, side);

		drop_late(&w->ranks, at, w->sides[side].ranks.count);
		verdicts[side] = possible(w, side, at + w->sides[side].ranks.count);
	}
	/* Both come to the same verdict whatever follows. */
	return verdicts[0] != verdicts[1] || (verdicts[0] & (verdicts[0] - 1));
}

static uint32_t decider(const struct work *w, int side, const dg_ref *state)
{
	uint32_t rank = DG_RANK_NONE;

	for (size_t i = 0; i < w->sides[side].ranks.count; i++) {
		uint32_t one = dg_outlook(&w->ranks, state[side_start(w, side) + i]).least;

		if (one < rank)
			rank = one;
	}
	return rank;
}

static int add_change(struct work *w, struct dg_diff_change change)
{
	struct dg_diff *diff = w->diff;
	struct dg_answer before, after;
	struct dg_witness witness;
	int r;

	dg_search_here(&w->search);
	r = dg_symbols_device(w->old->symbols, w->search.classes, diff->arena, &witness);
	if (r < 0)
		return r;
	dg_eval_decide(w->old->policy, witness.device, change.op, witness.time, true, &before);
	dg_eval_decide(w->new->policy, witness.device, change.op, witness.time, true, &after);
	if (before.rule != change.old_rule || after.rule != change.new_rule ||
	    before.verdict != change.old_verdict || after.verdict != change.new_verdict) {
		/* The reference evaluator does not confirm it. */
		diff->undecided |= 1U << change.op;
		return 0;
	}
	change.device = witness.device;
	change.has_time = witness.has_time;
	change.time = witness.time;
	r = dg_array_reserve(&diff->changes, &diff->room, diff->count + 1, sizeof(*diff->changes));
	if (r >= 0)
		diff->changes[diff->count++] = change;
	return r;
}

static enum dg_verdict verdict_of(const struct side *s, uint32_t rank, uint32_t *ret_rule)
{
	*ret_rule = DG_RULE_DEFAULT;
	if (rank == DG_RANK_NONE)
		return s->by_default;
	*ret_rule = s->fold->rule_of[rank];
	return s->fold->policy->rules[*ret_rule].effect == DG_EFFECT_ALLOW ? DG_VERDICT_ALLOW
									    : DG_VERDICT_DENY;
}

/* Not the end of the search, unless something fails: all pairs are wanted. */
static bool note_change(void *data, const dg_ref *state, size_t count)
{
	struct work *w = data;
	struct dg_diff_change change = {.op = (enum dg_op)w->op};
	uint32_t ranks[2] = {decider(w, 0, state), decider(w, 1, state)}, number;

	(void)count;
	change.old_verdict = verdict_of(&w->sides[0], ranks[0], &change.old_rule);
	change.new_verdict = verdict_of(&w->sides[1], ranks[1], &change.new_rule);
	if (change.old_verdict == change.new_verdict ||
	    dg_map_get(&w->found, ranks[0], ranks[1], &number))
		return false;
	w->failed = dg_map_put(&w->found, ranks[0], ranks[1], 0);
	if (w->failed >= 0)
		w->failed = add_change(w, change);
	return w->failed < 0;
}

static bool best(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)component, (void)from, (void)to;
	return false;
}

/*
 * Parts that both sides have make no difference. Where the verdicts differ, some of the others do:
 * one after the other is looked at where it differs from its counterpart.
 */
static int find_filters(const struct work *w, dg_ref filters[static 2 * DG_PARTS_MAX],
			size_t *ret_count)
{
	const struct dg_fold_op *old = &w->sides[0].blocks, *new = &w->sides[1].blocks;
	struct dg_diagram *d = w->old->diagram;
	dg_ref left[2][DG_PARTS_MAX];
	size_t counts[2] = {}, count = 0;
	int r = 0;

	if (w->sides[0].by_default != w->sides[1].by_default) {
		filters[0] = DG_TRUE;
		*ret_count = 1;
		return 0;
	}
	for (int side = 0; side < 2; side++) {
		const struct dg_fold_op *own = side ? new : old, *others = side ? old : new;

		for (size_t i = 0; i < own->count; i++) {
			size_t k = 0;

			while (k < others->count && others->roots[k] != own->roots[i])
				k++;
			if (k == others->count)
				left[side][counts[side]++] = own->roots[i];
		}
	}
	/* Counterparts begin with the same variable, if there are such. */
	for (size_t i = 0; i < counts[0] && r >= 0; i++) {
		dg_ref other = DG_PASS;

		for (size_t k = 0; k < counts[1]; k++)
			if (dg_diagram_var(d, left[1][k]) == dg_diagram_var(d, left[0][i])) {
				other = left[1][k];
				left[1][k] = left[1][--counts[1]];
				break;
			}
		r = dg_diagram_apply(d, DG_APPLY_DIFFER, left[0][i], other, &filters[count++]);
	}
	for (size_t k = 0; k < counts[1] && r >= 0; k++)
		r = dg_diagram_apply(d, DG_APPLY_DIFFER, DG_PASS, left[1][k], &filters[count++]);
	*ret_count = count;
	return r;
}

static int make_side(struct work *w, int side, struct dg_fold *fold)
{
	struct side *s = &w->sides[side];
	int r = 0;

	s->fold = fold;
	s->by_default = fold->policy->defaults[w->op];
	s->ranks = fold->ops[w->op];
	for (size_t i = 0; i < s->ranks.count && r >= 0; i++) {
		if (w->clock != DG_VAR_NONE)
			r = dg_diagram_restrict(fold->diagram, s->ranks.roots[i], w->clock, 1,
						&s->ranks.roots[i]);
		if (r >= 0)
			r = dg_outlooks_add(&w->ranks, s->ranks.roots[i]);
	}
	if (r >= 0)
		r = dg_blocks_parts(fold, w->op, w->clock, w->rules, SLACK, &s->blocks);
	for (size_t i = 0; i < s->blocks.count && r >= 0; i++)
		r = dg_outlooks_add(&w->blocks, s->blocks.roots[i]);
	return r;
}

/* All changes on one operation. */
static int compare_op(struct work *w)
{
	struct dg_question question = {.reduce = reduce, .goal = note_change, .best = best, .data = w};
	dg_ref filters[2 * DG_PARTS_MAX], components[DG_COMPONENTS_MAX];
	size_t filter_count = 0, count = 1;
	int r;

	w->search.question = &question;
	w->search.budget = STEPS;
	dg_map_done(&w->found);
	r = make_side(w, 0, w->old);
	if (r >= 0)
		r = make_side(w, 1, w->new);
	if (r >= 0)
		r = find_filters(w, filters, &filter_count);
	for (int side = 0; side < 2 && r >= 0; side++) {
		const struct side *s = &w->sides[side];

		if (count + s->ranks.count + s->blocks.count > DG_COMPONENTS_MAX)
			return -E2BIG;
		memcpy(components + count, s->ranks.roots, s->ranks.count * sizeof(*components));
		count += s->ranks.count;
		memcpy(components + count, s->blocks.roots, s->blocks.count * sizeof(*components));
		count += s->blocks.count;
	}
	for (size_t i = 0; i < filter_count && r >= 0; i++) {
		components[0] = filters[i];
		r = dg_search_run(&w->search, components, count);
		if (r == 1)
			r = w->failed;
	}
	return r;
}

/* An earlier operation with the same rules and default in both policies, or -ENOENT. */
static int like_op(const struct work *w)
{
	const struct dg_fold *folds[2] = {w->old, w->new};

	for (unsigned int op = 0; op < w->op; op++) {
		bool same = true;

		for (int i = 0; i < 2; i++) {
			const struct dg_fold *f = folds[i];

			same &= f->policy->defaults[op] == f->policy->defaults[w->op];
			for (size_t c = 0; c < f->column_count; c++)
				same &= !((f->columns[c].ops >> op ^ f->columns[c].ops >> w->op) & 1);
		}
		if (same)
			return (int)op;
	}
	return -ENOENT;
}

static int copy_op(struct work *w, enum dg_op like)
{
	size_t count = w->diff->count;
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		struct dg_diff_change change = w->diff->changes[i];

		if (change.op != like)
			continue;
		change.op = (enum dg_op)w->op;
		r = dg_array_reserve(&w->diff->changes, &w->diff->room, w->diff->count + 1,
				     sizeof(change));
		if (r >= 0)
			w->diff->changes[w->diff->count++] = change;
	}
	w->diff->undecided |= (w->diff->undecided >> like & 1) << w->op;
	return r;
}

static int compare_changes(const void *a, const void *b)
{
	const struct dg_diff_change *x = a, *y = b;

	if (x->op != y->op)
		return x->op < y->op ? -1 : 1;
	if (x->old_rule != y->old_rule)
		return x->old_rule < y->old_rule ? -1 : 1;
	return (x->new_rule > y->new_rule) - (x->new_rule < y->new_rule);
}

static int prepare(struct work *w, const struct dg_policy *old, const struct dg_policy *new,
		   struct dg_diags *diags)
{
	const struct dg_variable *vars;
	uint32_t count;
	int r;

	w->diff = calloc(1, sizeof(*w->diff));
	w->rules = (uint32_t)(old->rule_count > new->rule_count ? old->rule_count
								: new->rule_count);
	w->kind_of = calloc(2 * (size_t)w->rules + 2, 1);
	if (!w->diff || !w->kind_of)
		return -ENOMEM;
	/* dg_outlook.kinds as possible() has them: 1 deny, 2 allow */
	for (size_t i = 0; i < 2 * (size_t)w->rules + 2; i++)
		w->kind_of[i] = i & 1;
	w->diff->arena = dg_arena_new();
	if (!w->diff->arena)
		return -ENOMEM;
	r = dg_fold_pair(old, new, diags, &w->old, &w->new);
	if (r < 0)
		return r;
	vars = dg_symbols_variables(w->old->symbols, &count);
	w->clock = DG_VAR_NONE;
	for (uint32_t i = 0; i < count; i++)
		if (vars[i].kind == DG_VAR_CLOCK)
			w->clock = i;
	w->ranks.diagram = w->blocks.diagram = w->search.diagram = w->old->diagram;
	w->blocks.kind_of = w->kind_of;
	w->search.symbols = w->old->symbols;
	w->search.outlooks = &w->ranks;
	w->search.more_outlooks = &w->blocks;
	return dg_search_init(&w->search);
}

int dg_diff_new(const struct dg_policy *old, const struct dg_policy *new, struct dg_diags *diags,
		struct dg_diff **ret)
{
	_cleanup_(work_done) struct work w = {};
	int r = prepare(&w, old, new, diags);

	for (w.op = 0; w.op < DG_OP_MAX && r >= 0; w.op++) {
		int like = like_op(&w);

		r = like < 0 ? compare_op(&w) : copy_op(&w, (enum dg_op)like);
		if (r == -E2BIG) {
			w.diff->undecided |= 1U << w.op;
			r = 0;
		}
	}
	if (r < 0) {
		dg_diff_free(w.diff);
		return r;
	}
	if (w.diff->count > 1)
		qsort(w.diff->changes, w.diff->count, sizeof(*w.diff->changes), compare_changes);
	*ret = w.diff;
	return 0;
}
