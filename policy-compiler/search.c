/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "search.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "diagram_store.h" /* a search does little but read nodes: without calls */
#include "util.h"

#define GROUP_TRIES 65536 /* combinations of classes of one fact looked at for one state */

void dg_outlooks_done(struct dg_outlooks *o)
{
	free(o->number_of);
	free(o->items);
	*o = (struct dg_outlooks){};
}

static uint8_t kind_bit(const struct dg_outlooks *o, uint32_t rank)
{
	if (rank == DG_RANK_NONE)
		return 0;
	return (uint8_t)(1U << (o->kind_of ? o->kind_of[rank] : 0));
}

static void add_latest(const struct dg_outlooks *o, struct dg_outlook *outlook, uint32_t rank)
{
	uint32_t *latest = &outlook->latest[o->kind_of && rank != DG_RANK_NONE ? o->kind_of[rank]
									       : 0];

	if (rank != DG_RANK_NONE && rank >= *latest)
		*latest = rank + 1;
}

struct dg_outlook dg_outlook_terminal(const struct dg_outlooks *o, dg_ref ref)
{
	struct dg_decision d = dg_diagram_decided(o->diagram, ref);
	struct dg_outlook outlook = {.least = d.rank,
				     .most = d.rank,
				     .kinds = kind_bit(o, d.rank) | kind_bit(o, d.second),
				     .would = d.would};

	add_latest(o, &outlook, d.rank);
	add_latest(o, &outlook, d.second);
	return outlook;
}

/* As deep as there are variables. */
static int add_outlook(struct dg_outlooks *o, dg_ref ref)
{
	struct dg_outlook all = {.least = DG_RANK_NONE, .would = DG_RANK_NONE};
	uint32_t best_least = 0;
	const struct dg_run *runs;
	size_t count;
	int r;

	if (dg_ref_terminal(ref) || o->number_of[ref] > 0)
		return 0;
	runs = dg_diagram_runs(o->diagram, ref, &count);
	for (size_t i = 0; i < count; i++) {
		struct dg_outlook one;

		r = add_outlook(o, runs[i].child);
		if (r < 0)
			return r;
		one = dg_outlook(o, runs[i].child);
		if (i == 0 || one.most > all.most ||
		    (one.most == all.most && one.least > best_least)) {
			all.best = (uint32_t)i;
			all.most = one.most;
			best_least = one.least;
		}
		if (one.least < all.least)
			all.least = one.least;
		for (int k = 0; k < DG_KINDS; k++)
			if (one.latest[k] > all.latest[k]) {
				all.latest[k] = one.latest[k];
				all.latest_run[k] = (uint32_t)i;
			}
		all.kinds |= one.kinds;
		if (one.would < all.would)
			all.would = one.would;
	}
	r = dg_array_reserve(&o->items, &o->item_room, o->count + 1, sizeof(*o->items));
	if (r < 0)
		return r;
	o->items[o->count++] = all;
	o->number_of[ref] = (uint32_t)o->count;
	return 0;
}

int dg_outlooks_add(struct dg_outlooks *o, dg_ref root)
{
	size_t had = o->room;
	int r;

	r = dg_array_reserve(&o->number_of, &o->room, dg_diagram_node_count(o->diagram) + 1,
			     sizeof(*o->number_of));
	if (r < 0)
		return r;
	memset(o->number_of + had, 0, (o->room - had) * sizeof(*o->number_of));
	return add_outlook(o, root);
}

static inline uint32_t var_of(const struct dg_search *s, dg_ref ref)
{
	return dg_ref_terminal(ref) ? DG_VAR_NONE : s->diagram->nodes[ref].var;
}

static inline const struct dg_run *runs_of(const struct dg_search *s, dg_ref node, size_t *ret_count)
{
	*ret_count = s->diagram->nodes[node].run_count;
	return s->diagram->runs + s->diagram->nodes[node].run_off;
}

int dg_search_init(struct dg_search *s)
{
	s->vars = dg_symbols_variables(s->symbols, &s->var_count);
	s->low = calloc(s->var_count + UINT64_C(1), sizeof(*s->low));
	s->high = calloc(s->var_count + UINT64_C(1), sizeof(*s->high));
	s->classes = calloc(s->var_count + UINT64_C(1), sizeof(*s->classes));
	return s->low && s->high && s->classes ? 0 : -ENOMEM;
}

void dg_search_done(struct dg_search *s)
{
	free(s->low);
	free(s->high);
	free(s->classes);
	free(s->pool);
	dg_map_done(&s->failed);
}

static uint32_t first_var(const struct dg_search *s, const dg_ref *state)
{
	uint32_t var = DG_VAR_NONE;

	for (size_t i = 0; i < s->count; i++) {
		uint32_t v = var_of(s, state[i]);

		if (v < var)
			var = v;
	}
	return var;
}

static uint64_t hash_state(const struct dg_search *s, const dg_ref *state)
{
	return dg_hash(state, s->count * sizeof(*state));
}

static bool has_failed(const struct dg_search *s, const dg_ref *state)
{
	uint64_t key;
	uint32_t number;

	if (s->failed.count == 0)
		return false;
	for (key = hash_state(s, state); dg_map_get(&s->failed, key, 0, &number); key++)
		if (!memcmp(s->pool + (size_t)number * s->count, state, s->count * sizeof(*state)))
			return true;
	return false;
}

static int add_failed(struct dg_search *s, const dg_ref *state)
{
	uint64_t key = hash_state(s, state);
	uint32_t number;
	int r;

	while (dg_map_get(&s->failed, key, 0, &number))
		key++;
	r = dg_array_reserve(&s->pool, &s->pool_room, s->pool_count + s->count, sizeof(*s->pool));
	if (r < 0)
		return r;
	number = (uint32_t)(s->pool_count / s->count);
	memcpy(s->pool + s->pool_count, state, s->count * sizeof(*state));
	s->pool_count += s->count;
	return dg_map_put(&s->failed, key, 0, number);
}

/* The plainest class of the segment chosen for @var: unknown if that will do. */
static uint32_t plain_class(const struct dg_search *s, uint32_t var)
{
	enum dg_var_kind kind = s->vars[var].kind;

	if (s->low[var] == DG_CLASS_ANY)
		return DG_CLASS_ANY;
	if (s->low[var] == 0 && (kind == DG_VAR_TIME || kind == DG_VAR_CLOCK))
		return 1;
	return s->low[var];
}

/*
 * Can one value be in the segments chosen for all variables of the group? Their classes go to
 * s->classes then. 1, 0, -E2BIG.
 */
static int settle_group(struct dg_search *s, uint32_t group)
{
	uint32_t count = s->vars[group].group_count;
	uint32_t *classes = s->classes + group;
	size_t tries = 0;
	int r;

	for (uint32_t i = 0; i < count; i++)
		classes[i] = plain_class(s, group + i);
	for (;;) {
		uint32_t i = 0;

		r = dg_symbols_group_possible(s->symbols, group, classes);
		if (r != 0)
			return r;
		if (++tries > GROUP_TRIES || s->budget == 0)
			return -E2BIG;
		s->budget--;
		/* The next combination. */
		for (; i < count; i++) {
			if (classes[i] == DG_CLASS_ANY)
				continue;
			if (++classes[i] < s->high[group + i])
				break;
			classes[i] = plain_class(s, group + i);
		}
		if (i == count)
			return 0;
	}
}

/* What a choice of a class came to. */
struct choice {
	int result;   /* as dg_search_run() */
	bool best;    /* no other choice can do better */
	bool settled; /* one value can have the classes chosen for its fact */
};

static struct choice explore(struct dg_search *s, const dg_ref *state, uint32_t from,
			     const dg_ref *base);

/* Is every component where it could best be? */
static bool all_best(const struct dg_search *s, const dg_ref *from, const dg_ref *to)
{
	const struct dg_question *q = s->question;

	for (size_t i = 0; i < s->count; i++)
		if (from[i] != to[i] && !q->best(q->data, i, from[i], to[i]))
			return false;
	return true;
}

/*
 * The state behind @low of @var, whose segment is [@low, @high), explored. @base is the state in front
 * of the first variable on the fact of @var.
 */
static struct choice try_segment(struct dg_search *s, const dg_ref *state, uint32_t var,
				 uint32_t low, uint32_t high, const dg_ref *base)
{
	const struct dg_question *q = s->question;
	dg_ref next[DG_COMPONENTS_MAX];
	struct choice choice = {};
	uint32_t next_var;

	for (size_t i = 0; i < s->count; i++)
		next[i] = var_of(s, state[i]) == var
				  ? dg_diagram_child(s->diagram, state[i], low)
				  : state[i];
	if (!q->reduce(q->data, next, s->count))
		return choice;
	s->low[var] = low;
	s->high[var] = high;
	next_var = first_var(s, next);
	choice = explore(s, next, var, base);
	/* Inside a group only its end tells. */
	if (next_var == DG_VAR_NONE || s->vars[next_var].group != s->vars[var].group)
		choice.best = choice.settled && choice.result == 0 && all_best(s, base, next);
	return choice;
}

/* The segment of @var around @class on which every component goes one way. */
static void segment_around(const struct dg_search *s, const dg_ref *state, uint32_t var,
			   uint32_t class, uint32_t *low, uint32_t *high)
{
	*low = 0;
	*high = dg_diagram_class_count(s->diagram, var);
	for (size_t i = 0; i < s->count; i++) {
		const struct dg_run *runs;
		size_t count, from = 0, to;

		if (var_of(s, state[i]) != var)
			continue;
		runs = runs_of(s, state[i], &count);
		to = count;
		while (to - from > 1) {
			size_t middle = from + (to - from) / 2;

			if (runs[middle].first <= class)
				from = middle;
			else
				to = middle;
		}
		if (runs[from].first > *low)
			*low = runs[from].first;
		if (from + 1 < count && runs[from + 1].first < *high)
			*high = runs[from + 1].first;
	}
}

/* The outlook of a decision among the components; NULL: a condition. */
static const struct dg_outlook *outlook_of(const struct dg_search *s, dg_ref node)
{
	const struct dg_outlooks *o = s->outlooks;

	for (int i = 0; i < 2 && o; i++, o = s->more_outlooks)
		if (node < o->room && o->number_of[node] > 0)
			return &o->items[o->number_of[node] - 1];
	return NULL;
}

/* One class that a component would choose. */
static struct choice try_run(struct dg_search *s, const dg_ref *state, uint32_t var, size_t component,
			     uint32_t run, uint32_t from, uint32_t to, const dg_ref *base)
{
	const struct dg_run *runs;
	uint32_t low, high, class;
	size_t count;

	runs = runs_of(s, state[component], &count);
	class = runs[run].first;
	/* At the start of a range, when that is not in it: the run may reach into it. */
	if (class < from || class >= to)
		class = from;
	segment_around(s, state, var, class, &low, &high);
	return try_segment(s, state, var, low, high, base);
}

/*
 * What the components would choose for themselves comes first: where something is found at all, it is
 * mostly found at once.
 */
static struct choice try_hints(struct dg_search *s, const dg_ref *state, uint32_t var, uint32_t from,
			       uint32_t to, const dg_ref *base)
{
	struct choice choice = {};

	for (size_t i = 0; i < s->count; i++) {
		const struct dg_outlook *outlook;
		int kind = -1;

		if (var_of(s, state[i]) != var)
			continue;
		outlook = outlook_of(s, state[i]);
		if (!outlook)
			continue;
		for (int k = 0; k < DG_KINDS; k++)
			if (s->question->hoped >> k & 1 && outlook->latest[k] > 0 &&
			    (kind < 0 || outlook->latest[k] > outlook->latest[kind]))
				kind = k;
		if (kind >= 0) {
			choice = try_run(s, state, var, i, outlook->latest_run[kind], from, to, base);
			if (choice.result != 0 || choice.best)
				return choice;
		}
		choice = try_run(s, state, var, i, outlook->best, from, to, base);
		if (choice.result != 0 || choice.best)
			return choice;
	}
	return choice;
}

/* All segments of @var from @from to @to. */
static struct choice try_all(struct dg_search *s, const dg_ref *state, uint32_t var, uint32_t from,
			     uint32_t to, const dg_ref *base)
{
	struct choice choice = {};
	uint32_t low, high;

	for (uint32_t class = from; class < to; class = high) {
		segment_around(s, state, var, class, &low, &high);
		if (s->budget == 0)
			return (struct choice){.result = -E2BIG};
		s->budget--;
		choice = try_segment(s, state, var, low, high, base);
		if (choice.result != 0 || choice.best)
			return choice;
	}
	return (struct choice){.settled = true};
}

/* A condition that tests @var leaves only the classes where it can still be true. */
static size_t find_filter(const struct dg_search *s, const dg_ref *state, uint32_t var)
{
	size_t filter = s->count, fewest = SIZE_MAX, count;

	for (size_t i = 0; i < s->count; i++) {
		if (var_of(s, state[i]) != var || outlook_of(s, state[i]))
			continue;
		runs_of(s, state[i], &count);
		if (count < fewest) {
			fewest = count;
			filter = i;
		}
	}
	return filter;
}

static struct choice explore_var(struct dg_search *s, const dg_ref *state, uint32_t var,
				 const dg_ref *base)
{
	uint32_t end = dg_diagram_class_count(s->diagram, var);
	size_t filter = find_filter(s, state, var), count = 1;
	const struct dg_run *runs = NULL;
	struct choice choice = {};

	if (filter < s->count)
		runs = runs_of(s, state[filter], &count);
	for (int pass = 0; pass < 2 && choice.result == 0; pass++)
		for (size_t i = 0; i < count; i++) {
			uint32_t from = runs ? runs[i].first : 0;
			uint32_t to = runs && i + 1 < count ? runs[i + 1].first : end;

			if (runs && runs[i].child == DG_FALSE)
				continue;
			choice = pass == 0 ? try_hints(s, state, var, from, to, base)
					   : try_all(s, state, var, from, to, base);
			if (choice.result != 0 || choice.best)
				return choice;
		}
	return (struct choice){.settled = true};
}

/* The variables of facts that were left behind between @from and @to have found their values? */
static int settle(struct dg_search *s, uint32_t from, uint32_t to)
{
	uint32_t group;

	if (from == DG_VAR_NONE || s->vars[from].group_count == 1)
		return 1;
	group = s->vars[from].group;
	if (to != DG_VAR_NONE && s->vars[to].group == group)
		return 1;
	return settle_group(s, group);
}

/*
 * @from: the variable chosen last, or DG_VAR_NONE. The state is reduced. @base: see try_segment(); only
 * used inside a group.
 */
static struct choice explore(struct dg_search *s, const dg_ref *state, uint32_t from,
			     const dg_ref *base)
{
	uint32_t var = first_var(s, state);
	struct choice choice = {};
	bool inside; /* a group: the state does not say all */

	/* What nobody tests from here to the next variable is free. */
	for (uint32_t v = from == DG_VAR_NONE ? 0 : from + 1; v < s->var_count && v < var; v++)
		s->low[v] = s->classes[v] = DG_CLASS_ANY;
	choice.result = settle(s, from, var);
	if (choice.result != 1)
		return choice;
	choice.settled = true;
	if (var == DG_VAR_NONE) {
		choice.result = s->question->goal(s->question->data, state, s->count) ? 1 : 0;
		return choice;
	}
	choice.result = 0;
	inside = from != DG_VAR_NONE && s->vars[from].group == s->vars[var].group;
	if (!inside && has_failed(s, state))
		return choice;
	if (s->budget == 0) {
		choice.result = -E2BIG;
		return choice;
	}
	s->budget--;
	choice = explore_var(s, state, var, inside ? base : state);
	if (inside)
		return choice;
	choice.best = false;
	choice.settled = true;
	if (choice.result == 0)
		choice.result = add_failed(s, state);
	return choice;
}

void dg_search_here(struct dg_search *s)
{
	for (uint32_t v = 0; v < s->var_count; v++)
		if (s->vars[v].group_count == 1)
			s->classes[v] = plain_class(s, v);
}

int dg_search_run(struct dg_search *s, const dg_ref *components, size_t count)
{
	dg_ref state[DG_COMPONENTS_MAX];
	int r;

	if (count > DG_COMPONENTS_MAX)
		return -E2BIG;
	s->count = count;
	s->pool_count = 0;
	if (s->failed.count > 0) {
		if (s->failed.room > 4096)
			dg_map_done(&s->failed);
		else
			dg_map_clear(&s->failed);
	}
	memcpy(state, components, count * sizeof(*state));
	if (!s->question->reduce(s->question->data, state, count))
		return 0;
	r = explore(s, state, DG_VAR_NONE, state).result;
	if (r == 1)
		dg_search_here(s);
	return r;
}
