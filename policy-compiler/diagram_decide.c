/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision of many rules at once.
 *
 * At the first variable that any of them tests, its classes fall into segments on which every rule
 * goes one way. The rules are laid on the segments in the order of their ranks: where one matches
 * whatever comes after, the segment is closed to all later ones. What stays open in a segment is a
 * shorter list, decided in the same way by the variables behind. Ten thousand rules on an id each
 * touch one segment each, so the work is about that of writing the result down.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "diagram_store.h"
#include "util.h"

#define NO_ENTRY UINT32_MAX
#define FEW_STARTS 64 /* so many are sorted in place; more go through a bitmap */

/* One way to decide a list, for lists that are met again. */
struct memo {
	size_t off; /* in the pool: the claims */
	uint32_t count;
	struct dg_decision so_far;
	dg_ref result;
};

struct work {
	struct dg_diagram *d;
	enum dg_keep keep;
	struct memo *memos;
	size_t memo_count, memo_room;
	struct dg_claim *pool;
	size_t pool_count, pool_room;
	struct dg_map memo_of; /* hash to index, the next hash on a collision */
};

struct entry {
	struct dg_claim claim;
	uint32_t next;
};

struct segment {
	uint32_t first;	     /* class */
	uint32_t open;	     /* this or a later segment that may be open */
	uint32_t head, tail; /* entries */
	uint32_t count;
	struct dg_decision so_far;
};

/* The segments of one variable and what lies on them. */
struct layer {
	struct segment *segments; /* and one behind the last, always open */
	uint32_t count;
	struct entry *entries;
	size_t entry_count, entry_room;
	uint64_t *bits;	 /* by class: a segment starts here; NULL when they are few */
	uint32_t *below; /* by word: bits before it */
	uint32_t few[FEW_STARTS];
	struct dg_claim *list;
};

static void layer_done(struct layer *l)
{
	free(l->segments);
	free(l->entries);
	free(l->bits);
	free(l->below);
	free(l->list);
}

static uint32_t limit(enum dg_keep keep, const struct dg_decision *decision)
{
	return keep == DG_KEEP_ONE ? decision->rank : decision->second;
}

/* One more rule that matches. */
static void take(enum dg_keep keep, struct dg_decision *decision, const struct dg_claim *claim)
{
	if (claim->permissive) {
		if (claim->rank < decision->would)
			decision->would = claim->rank;
	} else if (claim->rank < decision->rank) {
		if (keep == DG_KEEP_TWO)
			decision->second = decision->rank;
		decision->rank = claim->rank;
	} else if (keep == DG_KEEP_TWO && claim->rank > decision->rank &&
		   claim->rank < decision->second) {
		decision->second = claim->rank;
	}
	if (decision->would >= limit(keep, decision))
		decision->would = DG_RANK_NONE;
}

/* Can the claim still change something? */
static bool matters(enum dg_keep keep, const struct dg_decision *decision,
		    const struct dg_claim *claim)
{
	if (claim->rank >= limit(keep, decision))
		return false;
	return !claim->permissive || claim->rank < decision->would;
}

/*
 * Do two different successors go on from here? Only then can one node be come to in more than a few
 * ways, and results are worth to be remembered.
 */
static bool branches(const struct dg_run *runs, size_t count)
{
	dg_ref only = DG_FALSE;

	for (size_t i = 0; i < count; i++) {
		if (dg_ref_terminal(runs[i].child) || runs[i].child == only)
			continue;
		if (only != DG_FALSE)
			return true;
		only = runs[i].child;
	}
	return false;
}

static int choose(struct dg_diagram *d, dg_ref condition, dg_ref then, dg_ref otherwise,
		  dg_ref *ret);

/* The node of @condition with each successor chosen by. */
static int choose_runs(struct dg_diagram *d, dg_ref condition, dg_ref then, dg_ref otherwise,
		       dg_ref *ret)
{
	size_t base = d->scratch_count, count = d->nodes[condition].run_count;
	dg_ref last = DG_FALSE, child = otherwise; /* a successor and what became of it */
	int r = dg_diagram_spend(d, count);

	for (size_t i = 0; i < count && r >= 0; i++) {
		struct dg_run run = d->runs[d->nodes[condition].run_off + i];

		if (dg_ref_terminal(run.child)) {
			r = dg_diagram_push(d, base, run.first,
					    run.child == DG_FALSE ? otherwise : then);
			continue;
		}
		if (run.child != last)
			r = choose(d, run.child, then, otherwise, &child);
		last = run.child;
		if (r >= 0)
			r = dg_diagram_push(d, base, run.first, child);
	}
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return dg_diagram_node(d, d->nodes[condition].var, base, ret);
}

/* @then where the condition is true, else @otherwise: both terminals. */
static int choose(struct dg_diagram *d, dg_ref condition, dg_ref then, dg_ref otherwise,
		  dg_ref *ret)
{
	uint64_t a = (uint64_t)DG_STEP_SELECT << 32 | condition;
	uint64_t b = (uint64_t)then << 32 | otherwise;
	const struct dg_run *runs;
	dg_ref result;
	size_t count;
	bool memory;
	int r;

	if (dg_ref_terminal(condition) || then == otherwise) {
		*ret = condition == DG_FALSE ? otherwise : then;
		return 0;
	}
	runs = dg_node_runs(d, condition, &count);
	memory = branches(runs, count);
	if (memory && dg_diagram_recall(d, a, b, ret))
		return 0;
	r = choose_runs(d, condition, then, otherwise, &result);
	if (r < 0)
		return r;
	if (memory)
		dg_diagram_remember(d, a, b, result);
	*ret = result;
	return 0;
}

/* The rule of the claim and no other: for all operations the same. */
static int decide_alone(struct dg_diagram *d, const struct dg_claim *claim, dg_ref *ret)
{
	struct dg_decision plain = {claim->rank, DG_RANK_NONE, DG_RANK_NONE};
	size_t had = d->alone_room;
	dg_ref then, result;
	int r;

	if (claim->rank >= had) {
		r = dg_array_reserve(&d->alone, &d->alone_room, claim->rank + (size_t)1,
				     sizeof(*d->alone));
		if (r < 0)
			return r;
		for (size_t i = had; i < d->alone_room; i++)
			d->alone[i].match = d->alone[i].result = DG_FALSE;
	}
	if (d->alone[claim->rank].match == claim->match) {
		*ret = d->alone[claim->rank].result;
		return 0;
	}
	r = dg_diagram_decision(d, plain, &then);
	if (r >= 0)
		r = choose(d, claim->match, then, DG_PASS, &result);
	if (r < 0)
		return r;
	d->alone[claim->rank] = (struct dg_diagram_alone){.match = claim->match, .result = result};
	*ret = result;
	return 0;
}

static int decide_one(struct work *w, const struct dg_claim *claim,
		      const struct dg_decision *so_far, dg_ref *ret)
{
	struct dg_decision with = *so_far;
	dg_ref then, otherwise;
	int r;

	if (!claim->permissive && claim->rank <= DG_RANK_PLAIN && so_far->rank == DG_RANK_NONE &&
	    so_far->would == DG_RANK_NONE)
		return decide_alone(w->d, claim, ret);
	take(w->keep, &with, claim);
	r = dg_diagram_decision(w->d, with, &then);
	if (r >= 0)
		r = dg_diagram_decision(w->d, *so_far, &otherwise);
	if (r < 0)
		return r;
	return choose(w->d, claim->match, then, otherwise, ret);
}

/* Drop what is decided already: terminals, and what comes too late. Returns how many stay. */
static size_t sift(enum dg_keep keep, struct dg_claim *claims, size_t count,
		   struct dg_decision *so_far)
{
	size_t out = 0;

	for (size_t i = 0; i < count; i++) {
		if (claims[i].match == DG_FALSE || !matters(keep, so_far, &claims[i]))
			continue;
		if (claims[i].match == DG_TRUE)
			take(keep, so_far, &claims[i]);
		else
			claims[out++] = claims[i];
	}
	return out;
}

/* In place, each once. They come in runs that ascend. Returns how many stay. */
static size_t sort_few(uint32_t *numbers, size_t count)
{
	size_t out = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t one = numbers[i];
		size_t at = out;

		while (at > 0 && numbers[at - 1] > one)
			at--;
		if (at > 0 && numbers[at - 1] == one)
			continue;
		memmove(numbers + at + 1, numbers + at, (out - at) * sizeof(*numbers));
		numbers[at] = one;
		out++;
	}
	return out;
}

/* The segment that @class is in. */
static uint32_t segment_of(const struct layer *l, uint32_t class)
{
	uint32_t low = 0, high = l->count;

	if (l->bits) {
		uint64_t word = l->bits[class / 64] & (UINT64_MAX >> (63 - class % 64));

		return l->below[class / 64] + (uint32_t)__builtin_popcountll(word) - 1;
	}
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (l->few[middle] <= class)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int count_bits(struct layer *l, size_t words)
{
	l->below = calloc(words, sizeof(*l->below));
	if (!l->below)
		return -ENOMEM;
	for (size_t i = 0; i < words; i++) {
		l->below[i] = l->count;
		l->count += (uint32_t)__builtin_popcountll(l->bits[i]);
	}
	return 0;
}

/* Where segments of @var start. */
static int find_starts(struct work *w, uint32_t var, const struct dg_claim *claims, size_t count,
		       struct layer *l)
{
	size_t words = w->d->class_counts[var] / 64 + 1, total = 1, n = 0, run_count;
	const struct dg_run *runs;

	for (size_t i = 0; i < count; i++)
		if (dg_node_var(w->d, claims[i].match) == var)
			total += w->d->nodes[claims[i].match].run_count;
	if (total > FEW_STARTS) {
		l->bits = calloc(words, sizeof(*l->bits));
		if (!l->bits)
			return -ENOMEM;
		l->bits[0] = 1;
	} else {
		l->few[n++] = 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (dg_node_var(w->d, claims[i].match) != var)
			continue;
		runs = dg_node_runs(w->d, claims[i].match, &run_count);
		for (size_t k = 0; k < run_count; k++) {
			if (l->bits)
				l->bits[runs[k].first / 64] |= UINT64_C(1) << runs[k].first % 64;
			else
				l->few[n++] = runs[k].first;
		}
	}
	if (l->bits)
		return count_bits(l, words);
	l->count = (uint32_t)sort_few(l->few, n);
	return 0;
}

static int make_segments(struct layer *l, uint32_t class_count, const struct dg_decision *so_far)
{
	uint32_t n = 0;

	l->segments = malloc((l->count + UINT64_C(1)) * sizeof(*l->segments));
	if (!l->segments)
		return -ENOMEM;
	for (size_t word = 0; l->bits && word <= class_count / 64; word++)
		for (uint64_t bits = l->bits[word]; bits; bits &= bits - 1)
			l->segments[n++].first =
				(uint32_t)(word * 64 + (size_t)__builtin_ctzll(bits));
	for (; n < l->count; n++)
		l->segments[n].first = l->few[n];
	for (n = 0; n <= l->count; n++) {
		l->segments[n].open = n;
		l->segments[n].head = l->segments[n].tail = NO_ENTRY;
		l->segments[n].count = 0;
		l->segments[n].so_far = *so_far;
	}
	return 0;
}

/* The first segment from @n on that is open to later claims. */
static uint32_t next_open(struct layer *l, uint32_t n)
{
	uint32_t root = n;

	while (l->segments[root].open != root)
		root = l->segments[root].open;
	while (l->segments[n].open != root) {
		uint32_t next = l->segments[n].open;

		l->segments[n].open = root;
		n = next;
	}
	return root;
}

static int append(struct layer *l, struct segment *s, const struct dg_claim *claim)
{
	int r = dg_array_reserve(&l->entries, &l->entry_room, l->entry_count + 1,
				 sizeof(*l->entries));

	if (r < 0)
		return r;
	if (l->entry_count >= NO_ENTRY)
		return -E2BIG;
	l->entries[l->entry_count] = (struct entry){.claim = *claim, .next = NO_ENTRY};
	if (s->tail == NO_ENTRY)
		s->head = (uint32_t)l->entry_count;
	else
		l->entries[s->tail].next = (uint32_t)l->entry_count;
	s->tail = (uint32_t)l->entry_count++;
	s->count++;
	return 0;
}

/* Lay one way of a claim on the segments @from … @to - 1. */
static int lay(struct work *w, struct layer *l, const struct dg_claim *claim, uint32_t from,
	       uint32_t to)
{
	int r;

	for (uint32_t n = next_open(l, from); n < to; n = next_open(l, n + 1)) {
		struct segment *s = &l->segments[n];

		r = dg_diagram_spend(w->d, 1);
		if (r < 0)
			return r;
		if (claim->rank >= limit(w->keep, &s->so_far)) {
			s->open = n + 1; /* the ranks ascend: nothing more comes in */
			continue;
		}
		if (!matters(w->keep, &s->so_far, claim))
			continue;
		if (claim->match == DG_TRUE) {
			take(w->keep, &s->so_far, claim);
			continue;
		}
		r = append(l, s, claim);
		if (r < 0)
			return r;
	}
	return 0;
}

static int lay_all(struct work *w, uint32_t var, const struct dg_claim *claims, size_t count,
		   struct layer *l)
{
	const struct dg_run *runs;
	size_t run_count;
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		struct dg_claim way = claims[i];

		if (dg_node_var(w->d, way.match) != var) {
			r = lay(w, l, &way, 0, l->count);
			continue;
		}
		runs = dg_node_runs(w->d, claims[i].match, &run_count);
		for (size_t k = 0; k < run_count && r >= 0; k++) {
			way.match = runs[k].child;
			if (way.match == DG_FALSE)
				continue;
			r = lay(w, l, &way, segment_of(l, runs[k].first),
				k + 1 < run_count ? segment_of(l, runs[k + 1].first) : l->count);
		}
	}
	return r;
}

static int decide(struct work *w, struct dg_claim *claims, size_t count, struct dg_decision so_far,
		  dg_ref *ret);

static int decide_segments(struct work *w, uint32_t var, struct layer *l, dg_ref *ret)
{
	size_t base = w->d->scratch_count;
	uint32_t longest = 0;
	dg_ref child;
	int r = 0;

	for (uint32_t n = 0; n < l->count; n++)
		if (l->segments[n].count > longest)
			longest = l->segments[n].count;
	if (longest > 0) {
		l->list = calloc(longest, sizeof(*l->list));
		if (!l->list)
			return -ENOMEM;
	}
	for (uint32_t n = 0; n < l->count && r >= 0; n++) {
		const struct segment *s = &l->segments[n];
		size_t count = 0;

		for (uint32_t e = s->head; e != NO_ENTRY; e = l->entries[e].next)
			l->list[count++] = l->entries[e].claim;
		if (count == 0)
			r = dg_diagram_decision(w->d, s->so_far, &child);
		else
			r = decide(w, l->list, count, s->so_far, &child);
		if (r >= 0)
			r = dg_diagram_push(w->d, base, s->first, child);
	}
	if (r < 0) {
		w->d->scratch_count = base;
		return r;
	}
	return dg_diagram_node(w->d, var, base, ret);
}

static int decide_layer(struct work *w, const struct dg_claim *claims, size_t count,
			const struct dg_decision *so_far, dg_ref *ret)
{
	_cleanup_(layer_done) struct layer l = {};
	uint32_t var = DG_VAR_NONE;
	int r;

	for (size_t i = 0; i < count; i++)
		if (dg_node_var(w->d, claims[i].match) < var)
			var = dg_node_var(w->d, claims[i].match);
	r = find_starts(w, var, claims, count, &l);
	if (r >= 0)
		r = dg_diagram_spend(w->d, l.count);
	if (r >= 0)
		r = make_segments(&l, w->d->class_counts[var], so_far);
	if (r >= 0)
		r = lay_all(w, var, claims, count, &l);
	if (r < 0)
		return r;
	return decide_segments(w, var, &l, ret);
}

static uint64_t hash_list(const struct dg_claim *claims, size_t count,
			  const struct dg_decision *so_far)
{
	uint64_t h = dg_hash(so_far, sizeof(*so_far));

	for (size_t i = 0; i < count; i++) {
		uint64_t one = (uint64_t)claims[i].match << 32 | claims[i].rank;

		h = (h ^ one) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static bool same_list(const struct work *w, const struct memo *memo, const struct dg_claim *claims,
		      size_t count, const struct dg_decision *so_far)
{
	if (memo->count != count || memcmp(&memo->so_far, so_far, sizeof(*so_far)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (w->pool[memo->off + i].match != claims[i].match ||
		    w->pool[memo->off + i].rank != claims[i].rank)
			return false;
	return true;
}

/* Note the list, whose result is to be filled in. */
static int add_memo(struct work *w, const struct dg_claim *claims, size_t count,
		    const struct dg_decision *so_far, uint64_t hash)
{
	int r;

	r = dg_array_reserve(&w->memos, &w->memo_room, w->memo_count + 1, sizeof(*w->memos));
	if (r >= 0)
		r = dg_array_reserve(&w->pool, &w->pool_room, w->pool_count + count,
				     sizeof(*w->pool));
	if (r >= 0)
		r = dg_map_put(&w->memo_of, hash, 0, (uint32_t)w->memo_count);
	if (r < 0)
		return r;
	memcpy(w->pool + w->pool_count, claims, count * sizeof(*claims));
	w->memos[w->memo_count++] = (struct memo){.off = w->pool_count,
						  .count = (uint32_t)count,
						  .so_far = *so_far,
						  .result = NO_ENTRY};
	w->pool_count += count;
	return 0;
}

/* @claims is the caller's no more: it is sifted in place. */
static int decide(struct work *w, struct dg_claim *claims, size_t count, struct dg_decision so_far,
		  dg_ref *ret)
{
	uint32_t number;
	uint64_t hash;
	int r;

	count = sift(w->keep, claims, count, &so_far);
	if (count == 0)
		return dg_diagram_decision(w->d, so_far, ret);
	if (count == 1)
		return decide_one(w, claims, &so_far, ret);
	hash = hash_list(claims, count, &so_far);
	for (; dg_map_get(&w->memo_of, hash, 0, &number); hash++)
		if (same_list(w, &w->memos[number], claims, count, &so_far)) {
			*ret = w->memos[number].result;
			return 0;
		}
	number = (uint32_t)w->memo_count;
	r = add_memo(w, claims, count, &so_far, hash);
	if (r >= 0)
		r = decide_layer(w, claims, count, &so_far, ret);
	if (r >= 0)
		w->memos[number].result = *ret;
	return r;
}

int dg_diagram_decide(struct dg_diagram *d, enum dg_keep keep, const struct dg_claim *claims,
		      size_t count, dg_ref *ret)
{
	_cleanup_free_ struct dg_claim *list = calloc(count + 1, sizeof(*list));
	struct dg_decision so_far = {DG_RANK_NONE, DG_RANK_NONE, DG_RANK_NONE};
	struct work w = {.d = d, .keep = keep};
	dg_ref result;
	int r;

	if (!list)
		return -ENOMEM;
	if (count > 0)
		memcpy(list, claims, count * sizeof(*claims));
	r = decide(&w, list, count, so_far, &result);
	free(w.memos);
	free(w.pool);
	dg_map_done(&w.memo_of);
	if (r < 0)
		return r;
	*ret = result;
	return 0;
}
