/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Both policies stand in one order (diff_joint.h), and a rule's rank is its place there. Where the
 * verdicts of a device differ, let u be the one of the two deciders with the lower rank. No rule
 * before u matches, of either policy; so u is not in the other policy, which would decide by it
 * too. The other decider, v, comes later and is the first of its policy that matches, or the
 * default.
 *
 * So for each rule u that one policy has alone, and each v of the other one behind it that gives
 * the other verdict, it is asked whether there is a device that both match and nothing before them
 * does. Restricted to what u and v match, most of the policies says nothing.
 */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "diff_work.h"
#include "eval.h"
#include "fold.h"
#include "progress.h"
#include "util.h"

/* Steps of all questions: some seconds. */
#define ALL_STEPS 4000000
#define LISTING_STEPS 64000000 /* when all pairs are asked for */
#define RULES_PER_STEP 16      /* of the reference evaluator */

void dg_diff_free(struct dg_diff *diff)
{
	if (!diff)
		return;
	if (diff->arena)
		dg_arena_free(diff->arena);
	free(diff->changes);
	free(diff->more);
	free(diff);
}

static void column_done(struct dg_diff_work *w)
{
	for (int side = 0; side < DG_SIDES; side++)
		for (int verdict = 0; verdict < 2; verdict++)
			free(w->given[side][verdict].items);
	free(w->alone.items);
	memset(w->given, 0, sizeof(w->given));
	w->alone = (struct dg_diff_ranks){};
	dg_map_done(&w->first);
	dg_map_done(&w->named);
}

static void work_done(struct dg_diff_work *w)
{
	column_done(w);
	dg_search_done(&w->search);
	dg_outlooks_done(&w->outlooks);
	free(w->match);
	dg_fold_free(w->fold);
	dg_joint_done(&w->joint);
}

static enum dg_diff_owner owner_of(const struct dg_diff_work *w, uint32_t rule)
{
	if (w->joint.index[rule][DG_SIDE_NEW] == DG_JOINT_NONE)
		return DG_DIFF_OWNER_OLD;
	return w->joint.index[rule][DG_SIDE_OLD] == DG_JOINT_NONE ? DG_DIFF_OWNER_NEW
								  : DG_DIFF_OWNER_BOTH;
}

static enum dg_verdict verdict_of(const struct dg_diff_work *w, uint32_t rank)
{
	const struct dg_rule_node *rule = &w->joint.policy.rules[w->fold->rule_of[rank]];

	return rule->effect == DG_EFFECT_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
}

/* The rules of @owner in @column, as a column of their own in the arrays of @ret. */
static void select_rules(const struct dg_diff_work *w, const struct dg_fold_column *column,
			 enum dg_diff_owner owner, struct dg_fold_column *ret)
{
	for (size_t g = 0; g < column->group_count; g++) {
		size_t start = ret->rule_count;

		for (size_t i = column->groups[g]; i < column->groups[g + 1]; i++)
			if (owner_of(w, column->rules[i]) == owner)
				ret->rules[ret->rule_count++] = column->rules[i];
		if (ret->rule_count == start)
			continue;
		ret->first[ret->group_count] = column->first[g];
		ret->groups[ret->group_count++] = start;
	}
	ret->groups[ret->group_count] = ret->rule_count;
}

static int make_parts(struct dg_diff_work *w, const struct dg_fold_column *column,
		      enum dg_diff_owner owner)
{
	_cleanup_free_ uint32_t *rules = calloc(column->rule_count + 1, sizeof(*rules));
	_cleanup_free_ uint32_t *first = calloc(column->group_count + 1, sizeof(*first));
	_cleanup_free_ size_t *groups = calloc(column->group_count + 1, sizeof(*groups));
	struct dg_fold_column own = {
		.ops = column->ops, .rules = rules, .groups = groups, .first = first};
	struct dg_fold_op *parts = &w->parts[owner];
	int r;

	if (!rules || !first || !groups)
		return -ENOMEM;
	select_rules(w, column, owner, &own);
	*parts = (struct dg_fold_op){};
	/* Few rules stay apart by what they look at: the less a part says, the sooner it is
	 * settled. */
	r = dg_fold_parts(w->fold, &own, DG_KEEP_ONE, owner == DG_DIFF_OWNER_BOTH, parts);
	if (r == -E2BIG && owner != DG_DIFF_OWNER_BOTH)
		r = dg_fold_parts(w->fold, &own, DG_KEEP_ONE, true, parts);
	for (size_t i = 0; i < parts->count && r >= 0; i++) {
		if (w->clock != DG_VAR_NONE)
			r = dg_diagram_restrict(w->fold->diagram, parts->roots[i], w->clock, 1,
						&parts->roots[i]);
		if (r >= 0)
			r = dg_outlooks_add(&w->outlooks, parts->roots[i]);
	}
	return r;
}

static uint64_t id_hash(const struct dg_diff_work *w, uint32_t rule)
{
	struct dg_bytes id = w->joint.policy.rules[rule].id;

	return dg_hash(id.data, id.len);
}

static int note_first(struct dg_diff_work *w, dg_ref match, int side, uint32_t rank)
{
	uint32_t known;

	if (dg_map_get(&w->first, match, (uint64_t)side, &known))
		return 0;
	return dg_map_put(&w->first, match, (uint64_t)side, rank);
}

/* The rules of the column, sorted out. */
static int list_rules(struct dg_diff_work *w)
{
	size_t count = w->joint.policy.rule_count;
	int r = 0;

	for (int side = 0; side < DG_SIDES; side++)
		for (int verdict = 0; verdict < 2; verdict++) {
			struct dg_diff_ranks *given = &w->given[side][verdict];

			given->items = calloc(count + 1, sizeof(*given->items));
			if (!given->items)
				return -ENOMEM;
		}
	w->alone.items = calloc(count + 1, sizeof(*w->alone.items));
	if (!w->alone.items)
		return -ENOMEM;
	for (uint32_t rank = 0; rank < count && r >= 0; rank++) {
		uint32_t rule = w->fold->rule_of[rank];
		enum dg_verdict verdict = verdict_of(w, rank);

		if (!(w->joint.policy.rules[rule].ops >> w->op & 1))
			continue;
		if (owner_of(w, rule) != DG_DIFF_OWNER_BOTH)
			w->alone.items[w->alone.count++] = rank;
		r = note_first(w, w->match[rule], DG_SIDES, rank);
		for (int side = 0; side < DG_SIDES && r >= 0; side++) {
			struct dg_diff_ranks *given = &w->given[side][verdict == DG_VERDICT_ALLOW];

			if (w->joint.index[rule][side] == DG_JOINT_NONE)
				continue;
			given->items[given->count++] = rank;
			r = note_first(w, w->match[rule], side, rank);
			if (r >= 0)
				r = dg_map_put(&w->named, id_hash(w, rule), (uint64_t)side, rank);
		}
	}
	return r;
}

/* The deciders of the pair, told as the result tells them. */
static struct dg_diff_change change_of(const struct dg_diff_work *w,
				       const struct dg_diff_pair *pair)
{
	enum dg_side other = pair->side == DG_SIDE_OLD ? DG_SIDE_NEW : DG_SIDE_OLD;
	uint32_t rules[DG_SIDES] = {DG_RULE_DEFAULT, DG_RULE_DEFAULT};
	enum dg_verdict verdicts[DG_SIDES] = {w->defaults[DG_SIDE_OLD], w->defaults[DG_SIDE_NEW]};
	uint32_t ranks[DG_SIDES];

	ranks[pair->side] = pair->u;
	ranks[other] = pair->v;
	for (int side = 0; side < DG_SIDES; side++) {
		if (ranks[side] == DG_RANK_NONE)
			continue;
		rules[side] = w->joint.index[w->fold->rule_of[ranks[side]]][side];
		verdicts[side] = verdict_of(w, ranks[side]);
	}
	return (struct dg_diff_change){
		.op = (enum dg_op)w->op,
		.old_rule = rules[DG_SIDE_OLD],
		.new_rule = rules[DG_SIDE_NEW],
		.old_verdict = verdicts[DG_SIDE_OLD],
		.new_verdict = verdicts[DG_SIDE_NEW],
	};
}

/* The device of the last search, for the reference evaluator to confirm (confirm()). */
static int add_change(struct dg_diff_work *w, const struct dg_diff_pair *pair)
{
	struct dg_diff_change change = change_of(w, pair);
	struct dg_diff *diff = w->diff;
	size_t cost = w->joint.policy.rule_count / RULES_PER_STEP;
	struct dg_witness witness;
	int r;

	r = dg_symbols_device(w->fold->symbols, w->search.classes, diff->arena, &witness);
	if (r < 0)
		return r;
	w->steps -= cost < w->steps ? cost : w->steps;
	change.device = witness.device;
	change.has_time = witness.has_time;
	change.time = witness.time;
	r = dg_array_reserve(&diff->changes, &diff->room, diff->count + 1, sizeof(*diff->changes));
	if (r >= 0)
		diff->changes[diff->count++] = change;
	return r;
}

/* Of the changes from @first on those stay that the reference evaluator gives the same deciders. */
static int confirm(struct dg_diff_work *w, size_t first)
{
	struct dg_diff *diff = w->diff;
	size_t count = diff->count - first, kept = first;
	_cleanup_free_ struct dg_eval_case *cases = calloc(DG_SIDES * count + 1, sizeof(*cases));

	if (!cases)
		return -ENOMEM;
	for (int side = 0; side < DG_SIDES; side++) {
		for (size_t i = 0; i < count; i++)
			cases[(size_t)side * count + i] = (struct dg_eval_case){
				.device = diff->changes[first + i].device,
				.time = diff->changes[first + i].time,
				.op = diff->changes[first + i].op,
				.without = DG_RULE_NONE,
			};
		dg_eval_decide_all(w->policies[side], cases + (size_t)side * count, count);
	}
	for (size_t i = 0; i < count; i++) {
		const struct dg_diff_change *change = &diff->changes[first + i];
		const struct dg_answer *before = &cases[i].answer;
		const struct dg_answer *after = &cases[count + i].answer;

		if (before->rule == change->old_rule && after->rule == change->new_rule &&
		    before->verdict == change->old_verdict && after->verdict == change->new_verdict)
			diff->changes[kept++] = *change;
		else
			w->undecided = true;
	}
	diff->count = kept;
	return 0;
}

/* A rule of which pairs are looked for. */
struct changed {
	uint32_t rule; /* joint */
	struct dg_diff_pair pair;
	size_t most, found; /* pairs wanted, and there */
};

static int add_more(struct dg_diff_work *w, const struct changed *c)
{
	struct dg_diff *diff = w->diff;
	int r = dg_array_reserve(&diff->more, &diff->more_room, diff->more_count + 1,
				 sizeof(*diff->more));

	if (r >= 0)
		diff->more[diff->more_count++] = (struct dg_diff_more){
			.op = (enum dg_op)w->op,
			.is_new = c->pair.side == DG_SIDE_NEW,
			.rule = w->joint.index[c->rule][c->pair.side],
			.verdict = verdict_of(w, c->pair.u),
		};
	return r;
}

/* The pair with @v, if there is one. 1: enough; 0; negative errno. */
static int try_pair(struct dg_diff_work *w, struct changed *c, uint32_t v)
{
	struct dg_diagram *d = w->fold->diagram;
	dg_ref both = w->match[c->rule];
	int r = 0;

	if (w->steps == 0)
		return -E2BIG;
	w->steps--;
	c->pair.v = v;
	if (v != DG_RANK_NONE)
		r = dg_diagram_apply(d, DG_APPLY_AND, both, w->match[w->fold->rule_of[v]], &both);
	if (r >= 0 && both != DG_FALSE)
		r = dg_diff_ask(w, both, &c->pair);
	if (r == -E2BIG) {
		w->undecided = true;
		return 0;
	}
	if (r != 1)
		return r;
	if (c->found++ == c->most) {
		r = add_more(w, c);
		return r < 0 ? r : 1;
	}
	return add_change(w, &c->pair);
}

/* Where among @ranks @rank is, or would be. */
static size_t place_of(const struct dg_diff_ranks *ranks, uint32_t rank)
{
	size_t low = 0, high = ranks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranks->items[middle] < rank)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * All v, those that say most first: what became of the rule u, the default, and then the rules
 * behind u up to @last that are @given.
 */
static int try_pairs(struct dg_diff_work *w, struct changed *c, bool by_default, uint32_t last,
		     const struct dg_diff_ranks *given)
{
	enum dg_side other = c->pair.side == DG_SIDE_OLD ? DG_SIDE_NEW : DG_SIDE_OLD;
	size_t at = place_of(given, c->pair.u), named = given->count;
	uint32_t rank;
	int r = 0;

	if (dg_map_get(&w->named, id_hash(w, c->rule), other, &rank) && rank >= c->pair.u &&
	    rank <= last)
		named = place_of(given, rank);
	if (named < given->count && given->items[named] == rank)
		r = try_pair(w, c, rank);
	else
		named = given->count;
	if (r == 0 && by_default)
		r = try_pair(w, c, DG_RANK_NONE);
	for (; at < given->count && given->items[at] <= last && r == 0; at++)
		if (at != named)
			r = try_pair(w, c, given->items[at]);
	return r;
}

/* What the rule of @rank, which one policy has alone, changes. */
static int compare_rule(struct dg_diff_work *w, uint32_t rank, size_t most)
{
	struct changed c = {.rule = w->fold->rule_of[rank], .most = most};
	bool is_old = owner_of(w, c.rule) == DG_DIFF_OWNER_OLD;
	enum dg_side other = is_old ? DG_SIDE_NEW : DG_SIDE_OLD;
	enum dg_verdict verdict = verdict_of(w, rank);
	uint32_t first = 0, last = DG_RANK_NONE;
	int r;

	c.pair = (struct dg_diff_pair){
		.side = is_old ? DG_SIDE_OLD : DG_SIDE_NEW, .u = rank, .v = rank};
	/* Behind one that matches the same it decides nothing, and before one no other v can. */
	dg_map_get(&w->first, w->match[c.rule], DG_SIDES, &first);
	if (w->match[c.rule] == DG_FALSE || first < rank)
		return 0;
	dg_map_get(&w->first, w->match[c.rule], other, &last);
	r = dg_diff_ask(w, w->match[c.rule], &c.pair);
	if (r == 1 || r == -E2BIG)
		r = try_pairs(w, &c, last == DG_RANK_NONE && w->defaults[other] != verdict, last,
			      &w->given[other][verdict != DG_VERDICT_ALLOW]);
	return r < 0 ? r : 0;
}

/* Where no rule matches the defaults decide. */
static int compare_defaults(struct dg_diff_work *w)
{
	struct dg_diff_pair pair = {.side = DG_SIDE_OLD, .u = DG_RANK_NONE, .v = DG_RANK_NONE};
	int r;

	if (w->defaults[DG_SIDE_OLD] == w->defaults[DG_SIDE_NEW])
		return 0;
	r = dg_diff_ask(w, DG_TRUE, &pair);
	return r == 1 ? add_change(w, &pair) : r;
}

/*
 * How many pairs the rule before which @earlier others are still to come may have: from the last rule
 * to the first, so that one before many others gets what these left.
 */
static size_t share_of(const struct dg_diff_work *w, size_t listed, size_t earlier)
{
	if (w->flags & DG_DIFF_ALL)
		return SIZE_MAX;
	return listed + earlier < DG_DIFF_PAIRS ? (DG_DIFF_PAIRS - listed) / (earlier + 1) : 1;
}

static int compare_column(struct dg_diff_work *w, const struct dg_fold_column *column)
{
	size_t first = w->diff->count, count;
	char what[64];
	int r = list_rules(w);

	snprintf(what, sizeof(what), "%s: comparing changed rule", dg_op_name((enum dg_op)w->op));
	for (int owner = 0; owner < DG_DIFF_OWNERS && r >= 0; owner++)
		r = make_parts(w, column, (enum dg_diff_owner)owner);
	if (r >= 0)
		r = compare_defaults(w);
	count = w->alone.count;
	for (size_t i = count; i-- > 0 && r >= 0;) {
		dg_progress_step(w->progress, what, count - i, count);
		r = compare_rule(w, w->alone.items[i], share_of(w, w->diff->count - first, i));
	}
	return r;
}

/* An earlier operation with the same rules and defaults, or -ENOENT. */
static int like_op(const struct dg_diff_work *w, const struct dg_fold_column *column)
{
	for (unsigned int op = 0; op < w->op; op++)
		if (column->ops >> op & 1 &&
		    w->policies[DG_SIDE_OLD]->defaults[op] == w->defaults[DG_SIDE_OLD] &&
		    w->policies[DG_SIDE_NEW]->defaults[op] == w->defaults[DG_SIDE_NEW])
			return (int)op;
	return -ENOENT;
}

static int copy_op(struct dg_diff_work *w, enum dg_op like)
{
	struct dg_diff *diff = w->diff;
	size_t count = diff->count, more_count = diff->more_count;
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		if (diff->changes[i].op != like)
			continue;
		r = dg_array_reserve(&diff->changes, &diff->room, diff->count + 1,
				     sizeof(*diff->changes));
		if (r < 0)
			return r;
		diff->changes[diff->count] = diff->changes[i];
		diff->changes[diff->count++].op = (enum dg_op)w->op;
	}
	for (size_t i = 0; i < more_count && r >= 0; i++) {
		if (diff->more[i].op != like)
			continue;
		r = dg_array_reserve(&diff->more, &diff->more_room, diff->more_count + 1,
				     sizeof(*diff->more));
		if (r < 0)
			return r;
		diff->more[diff->more_count] = diff->more[i];
		diff->more[diff->more_count++].op = (enum dg_op)w->op;
	}
	diff->undecided |= (diff->undecided >> like & 1) << w->op;
	return r;
}

static int compare_op(struct dg_diff_work *w)
{
	const struct dg_fold_column *column = w->fold->columns;
	size_t first = w->diff->count;
	int like, r;

	while (!(column->ops >> w->op & 1))
		column++;
	for (int side = 0; side < DG_SIDES; side++)
		w->defaults[side] = w->policies[side]->defaults[w->op];
	like = like_op(w, column);
	if (like >= 0)
		return copy_op(w, (enum dg_op)like);
	w->undecided = false;
	r = compare_column(w, column);
	column_done(w);
	if (r >= 0 || r == -E2BIG)
		r = confirm(w, first) ?: r;
	if (r == -E2BIG || w->undecided)
		w->diff->undecided |= 1U << w->op;
	return r == -E2BIG ? 0 : r;
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

static int compare_more(const void *a, const void *b)
{
	const struct dg_diff_more *x = a, *y = b;

	if (x->op != y->op)
		return x->op < y->op ? -1 : 1;
	if (x->is_new != y->is_new)
		return x->is_new ? 1 : -1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

/* What every rule matches when the clock is synchronised. */
static int make_matches(struct dg_diff_work *w)
{
	const struct dg_variable *vars;
	uint32_t count;
	int r = 0;

	vars = dg_symbols_variables(w->fold->symbols, &count);
	w->clock = DG_VAR_NONE;
	for (uint32_t i = 0; i < count; i++)
		if (vars[i].kind == DG_VAR_CLOCK)
			w->clock = i;
	w->match = calloc(w->joint.policy.rule_count + 1, sizeof(*w->match));
	if (!w->match)
		return -ENOMEM;
	for (size_t i = 0; i < w->joint.policy.rule_count && r >= 0; i++) {
		w->match[i] = w->fold->match[i];
		if (w->clock != DG_VAR_NONE)
			r = dg_diagram_restrict(w->fold->diagram, w->match[i], w->clock, 1,
						&w->match[i]);
	}
	return r;
}

static int prepare(struct dg_diff_work *w, struct dg_diags *diags)
{
	int r;

	w->steps = w->flags & DG_DIFF_ALL ? LISTING_STEPS : ALL_STEPS;
	w->diff->arena = dg_arena_new();
	if (!w->diff->arena)
		return -ENOMEM;
	r = dg_joint_init(&w->joint, w->policies);
	if (r >= 0)
		r = dg_fold_new(&w->joint.policy, DG_FOLD_NO_PARTS, diags, &w->fold);
	if (r >= 0)
		r = make_matches(w);
	if (r < 0)
		return r;
	w->outlooks.diagram = w->search.diagram = w->fold->diagram;
	w->search.symbols = w->fold->symbols;
	w->search.outlooks = &w->outlooks;
	return dg_search_init(&w->search);
}

int dg_diff_new(const struct dg_policy *old, const struct dg_policy *new, unsigned int flags,
		struct dg_diags *diags, struct dg_diff **ret)
{
	_cleanup_(dg_cleanup_diff) struct dg_diff *diff = calloc(1, sizeof(*diff));
	_cleanup_(work_done) struct dg_diff_work w = {
		.diff = diff, .flags = flags, .policies = {old, new}, .progress = diags->progress};
	int r = diff ? prepare(&w, diags) : -ENOMEM;

	for (w.op = 0; w.op < DG_OP_MAX && r >= 0; w.op++)
		r = compare_op(&w);
	if (r < 0)
		return r;
	if (diff->count > 1)
		qsort(diff->changes, diff->count, sizeof(*diff->changes), compare_changes);
	if (diff->more_count > 1)
		qsort(diff->more, diff->more_count, sizeof(*diff->more), compare_more);
	*ret = TAKE_PTR(diff);
	return 0;
}
