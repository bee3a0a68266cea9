/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "diagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "diagram_store.h"
#include "util.h"

#define CACHE_FIRST ((size_t)1 << 12)
#define CACHE_LAST ((size_t)1 << 20)
#define TEST_RUNS 64 /* of a node that is looked through before it is walked */

void dg_diagram_free(struct dg_diagram *d)
{
	if (!d)
		return;
	free(d->class_counts);
	free(d->nodes);
	free(d->runs);
	free(d->slots);
	free(d->decisions);
	free(d->plain_of);
	free(d->alone);
	free(d->cache);
	free(d->scratch);
	free(d->seen);
	free(d->terminal_seen);
	dg_map_done(&d->decision_of);
	free(d);
}
DEFINE_CLEANUP(struct dg_diagram *, dg_diagram_free, diagram)

struct dg_diagram *dg_diagram_new(const uint32_t *class_counts, uint32_t var_count, size_t max_runs)
{
	static const struct dg_decision none = {DG_RANK_NONE, DG_RANK_NONE, DG_RANK_NONE};
	_cleanup_(dg_cleanup_diagram) struct dg_diagram *d = calloc(1, sizeof(*d));
	dg_ref pass;

	if (!d)
		return NULL;
	d->class_counts = calloc(var_count + UINT64_C(1), sizeof(*d->class_counts));
	d->decisions = calloc(DG_TERMINAL_CONDITIONS + 1, sizeof(*d->decisions));
	if (!d->class_counts || !d->decisions)
		return NULL;
	if (var_count > 0)
		memcpy(d->class_counts, class_counts, var_count * sizeof(*class_counts));
	d->var_count = var_count;
	d->max_runs = max_runs;
	dg_diagram_budget(d, SIZE_MAX);
	d->decision_room = DG_TERMINAL_CONDITIONS + 1;
	d->decision_count = DG_TERMINAL_CONDITIONS;
	if (dg_diagram_decision(d, none, &pass) < 0)
		return NULL;
	return TAKE_PTR(d);
}

int dg_diagram_reserve(struct dg_diagram *d, size_t nodes, size_t runs)
{
	int r = dg_array_reserve(&d->nodes, &d->node_room, nodes, sizeof(*d->nodes));

	return r < 0 ? r : dg_array_reserve(&d->runs, &d->run_room, runs, sizeof(*d->runs));
}

void dg_diagram_budget(struct dg_diagram *d, size_t runs)
{
	d->run_limit = d->max_runs;
	d->step_limit = SIZE_MAX;
	if (runs == SIZE_MAX)
		return;
	if (runs < d->max_runs - d->run_count)
		d->run_limit = d->run_count + runs;
	d->step_limit = d->steps + runs;
}

uint32_t dg_diagram_var(const struct dg_diagram *d, dg_ref node)
{
	return dg_node_var(d, node);
}

const struct dg_run *dg_diagram_runs(const struct dg_diagram *d, dg_ref node, size_t *ret_count)
{
	return dg_node_runs(d, node, ret_count);
}

uint32_t dg_diagram_class_count(const struct dg_diagram *d, uint32_t var)
{
	return d->class_counts[var];
}

dg_ref dg_diagram_child(const struct dg_diagram *d, dg_ref node, uint32_t class)
{
	const struct dg_run *runs = d->runs + d->nodes[node].run_off;
	size_t low = 0, high = d->nodes[node].run_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (runs[middle].first <= class)
			low = middle;
		else
			high = middle;
	}
	return runs[low].child;
}

struct dg_decision dg_diagram_decided(const struct dg_diagram *d, dg_ref terminal)
{
	return d->decisions[terminal & ~DG_REF_TERMINAL];
}

size_t dg_diagram_steps(const struct dg_diagram *d)
{
	return d->steps;
}

size_t dg_diagram_undone(const struct dg_diagram *d)
{
	return d->undone;
}

size_t dg_diagram_run_count(const struct dg_diagram *d)
{
	return d->run_count;
}

size_t dg_diagram_node_count(const struct dg_diagram *d)
{
	return d->node_count;
}

static int add_decision(struct dg_diagram *d, struct dg_decision decision, uint32_t *ret)
{
	int r = dg_array_reserve(&d->decisions, &d->decision_room, d->decision_count + 1,
				 sizeof(*d->decisions));

	if (r < 0)
		return r;
	*ret = (uint32_t)d->decision_count;
	d->decisions[d->decision_count++] = decision;
	return 0;
}

/* A rank alone: most decisions are. */
static int plain_decision(struct dg_diagram *d, struct dg_decision decision, dg_ref *ret)
{
	size_t had = d->plain_room;
	uint32_t number;
	int r;

	if (decision.rank >= had) {
		r = dg_array_reserve(&d->plain_of, &d->plain_room, decision.rank + (size_t)1,
				     sizeof(*d->plain_of));
		if (r < 0)
			return r;
		memset(d->plain_of + had, 0, (d->plain_room - had) * sizeof(*d->plain_of));
	}
	number = d->plain_of[decision.rank];
	if (number == 0) {
		r = add_decision(d, decision, &number);
		if (r < 0)
			return r;
		d->plain_of[decision.rank] = number;
	}
	*ret = DG_REF_TERMINAL | number;
	return 0;
}

int dg_diagram_decision(struct dg_diagram *d, struct dg_decision decision, dg_ref *ret)
{
	uint64_t ranks = (uint64_t)decision.rank << 32 | decision.second;
	uint32_t number;
	int r;

	if (decision.second == DG_RANK_NONE && decision.would == DG_RANK_NONE &&
	    decision.rank <= DG_RANK_PLAIN)
		return plain_decision(d, decision, ret);
	if (!dg_map_get(&d->decision_of, ranks, decision.would, &number)) {
		r = add_decision(d, decision, &number);
		if (r < 0)
			return r;
		r = dg_map_put(&d->decision_of, ranks, decision.would, number);
		if (r < 0) {
			d->decision_count--;
			return r;
		}
	}
	*ret = DG_REF_TERMINAL | number;
	return 0;
}

static uint32_t hash_node(uint32_t var, const struct dg_run *runs, size_t count)
{
	return (uint32_t)(dg_hash(runs, count * sizeof(*runs)) ^
			  var * UINT64_C(0x9e3779b97f4a7c15));
}

/* In the order of their making: dg_diagram_undo() counts on it. */
static int enlarge_slots(struct dg_diagram *d)
{
	size_t count = d->slot_count ? d->slot_count * 2 : 1024;
	struct dg_diagram_slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t n = 0; n < d->node_count; n++) {
		uint32_t hash = d->nodes[n].hash;
		size_t at = hash & (count - 1);

		while (slots[at].node)
			at = (at + 1) & (count - 1);
		slots[at] = (struct dg_diagram_slot){.hash = hash, .node = n + 1};
	}
	free(d->slots);
	d->slots = slots;
	d->slot_count = count;
	return 0;
}

int dg_diagram_push(struct dg_diagram *d, size_t base, uint32_t first, dg_ref child)
{
	int r;

	if (d->scratch_count > base && d->scratch[d->scratch_count - 1].child == child)
		return 0;
	r = dg_array_reserve(&d->scratch, &d->scratch_room, d->scratch_count + 1,
			     sizeof(*d->scratch));
	if (r < 0)
		return r;
	d->scratch[d->scratch_count++] = (struct dg_run){.first = first, .child = child};
	return 0;
}

static bool is_node(const struct dg_diagram *d, uint32_t number, uint32_t var,
		    const struct dg_run *runs, size_t count)
{
	const struct dg_diagram_node *node = &d->nodes[number];

	return node->var == var && node->run_count == count &&
	       !memcmp(d->runs + node->run_off, runs, count * sizeof(*runs));
}

/* Put a new node at the end. */
static int append_node(struct dg_diagram *d, uint32_t var, const struct dg_run *runs, size_t count,
		       uint32_t hash)
{
	int r;

	if (d->run_count + count > d->run_limit || d->run_count + count > UINT32_MAX ||
	    d->node_count >= DG_REF_TERMINAL - 1)
		return -E2BIG;
	r = dg_array_reserve(&d->nodes, &d->node_room, d->node_count + 1, sizeof(*d->nodes));
	if (r < 0)
		return r;
	r = dg_array_reserve(&d->runs, &d->run_room, d->run_count + count, sizeof(*d->runs));
	if (r < 0)
		return r;
	memcpy(d->runs + d->run_count, runs, count * sizeof(*runs));
	d->nodes[d->node_count++] = (struct dg_diagram_node){
		.var = var,
		.run_count = (uint32_t)count,
		.run_off = (uint32_t)d->run_count,
		.hash = hash};
	d->run_count += count;
	return 0;
}

int dg_diagram_node(struct dg_diagram *d, uint32_t var, size_t base, dg_ref *ret)
{
	size_t count = d->scratch_count - base, at;
	const struct dg_run *runs = d->scratch + base;
	uint32_t hash;
	int r;

	d->scratch_count = base;
	if (count == 1) {
		*ret = runs[0].child;
		return 0;
	}
	if ((d->node_count + 1) * 4 > d->slot_count * 3) {
		r = enlarge_slots(d);
		if (r < 0)
			return r;
	}
	hash = hash_node(var, runs, count);
	for (at = hash & (d->slot_count - 1); d->slots[at].node;
	     at = (at + 1) & (d->slot_count - 1))
		if (d->slots[at].hash == hash &&
		    is_node(d, d->slots[at].node - 1, var, runs, count)) {
			*ret = d->slots[at].node - 1;
			return 0;
		}
	r = append_node(d, var, runs, count, hash);
	if (r < 0)
		return r;
	d->slots[at] = (struct dg_diagram_slot){.hash = hash, .node = (uint32_t)d->node_count};
	*ret = (dg_ref)(d->node_count - 1);
	return 0;
}

static size_t cache_at(const struct dg_diagram *d, uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);

	return (h ^ h >> 32) & (d->cache_count - 1);
}

bool dg_diagram_recall(const struct dg_diagram *d, uint64_t a, uint64_t b, dg_ref *ret)
{
	const struct dg_diagram_step *step;

	if (d->cache_count == 0)
		return false;
	step = &d->cache[cache_at(d, a, b)];
	if (!step->used || step->a != a || step->b != b)
		return false;
	*ret = step->result;
	return true;
}

void dg_diagram_remember(struct dg_diagram *d, uint64_t a, uint64_t b, dg_ref result)
{
	if (d->cache_count < CACHE_LAST && d->cache_count <= d->remembered++) {
		size_t count = d->cache_count ? d->cache_count * 4 : CACHE_FIRST;
		struct dg_diagram_step *cache = calloc(count, sizeof(*cache));

		if (cache) {
			free(d->cache);
			d->cache = cache;
			d->cache_count = count;
		}
	}
	if (d->cache_count > 0)
		d->cache[cache_at(d, a, b)] =
			(struct dg_diagram_step){.a = a, .b = b, .result = result, .used = true};
}

static bool is_after(dg_ref ref, size_t nodes)
{
	return !dg_ref_terminal(ref) && ref >= nodes;
}

void dg_diagram_undo(struct dg_diagram *d, size_t nodes)
{
	if (d->node_count <= nodes)
		return;
	d->undone++;
	/* What came last was in nobody's way in the table: it leaves no gap when it goes first. */
	while (d->node_count > nodes) {
		uint32_t last = (uint32_t)d->node_count - 1;
		size_t at = d->nodes[last].hash & (d->slot_count - 1);

		while (d->slots[at].node != d->node_count)
			at = (at + 1) & (d->slot_count - 1);
		d->slots[at].node = 0;
		d->run_count = d->nodes[last].run_off;
		d->node_count--;
	}
	d->steps += (d->alone_room + d->cache_count) / 4; /* a look at each is a part of one */
	for (size_t i = 0; i < d->alone_room; i++)
		if (is_after(d->alone[i].match, nodes) || is_after(d->alone[i].result, nodes))
			d->alone[i].match = DG_FALSE;
	for (size_t i = 0; i < d->cache_count; i++) {
		struct dg_diagram_step *step = &d->cache[i];

		/* Terminals in a key are as large as any node: such a step is lost, and that is
		 * all. */
		if (step->used && (is_after(step->result, nodes) || (uint32_t)step->a >= nodes ||
				   step->a >> 32 >= nodes || (uint32_t)step->b >= nodes ||
				   step->b >> 32 >= nodes))
			step->used = false;
	}
}

int dg_diagram_member(struct dg_diagram *d, uint32_t var, const struct dg_class_run *runs,
		      size_t count, bool negated, bool unknown, bool may_be_unknown, dg_ref *ret)
{
	struct dg_choice choice = {.then = DG_TRUE, .otherwise = DG_FALSE};

	return dg_diagram_choose(d, var, runs, count, negated, unknown, may_be_unknown, choice,
				 ret);
}

int dg_diagram_choose(struct dg_diagram *d, uint32_t var, const struct dg_class_run *runs,
		      size_t count, bool negated, bool unknown, bool may_be_unknown,
		      struct dg_choice choice, dg_ref *ret)
{
	dg_ref in = negated ? choice.otherwise : choice.then;
	dg_ref out = negated ? choice.then : choice.otherwise;
	size_t base = d->scratch_count;
	uint32_t next = 1; /* first class not covered yet */
	int r;

	if (!may_be_unknown)
		unknown = (count > 0 && runs[0].first == 1) != negated;
	r = dg_diagram_push(d, base, 0, unknown ? choice.then : choice.otherwise);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (runs[i].first > next)
			r = dg_diagram_push(d, base, next, out);
		if (r >= 0)
			r = dg_diagram_push(d, base, runs[i].first, in);
		next = runs[i].end;
	}
	if (r >= 0 && next < d->class_counts[var])
		r = dg_diagram_push(d, base, next, out);
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return dg_diagram_node(d, var, base, ret);
}

int dg_diagram_known(struct dg_diagram *d, uint32_t var, bool known, dg_ref *ret)
{
	size_t base = d->scratch_count;
	int r;

	r = dg_diagram_push(d, base, 0, known ? DG_FALSE : DG_TRUE);
	if (r >= 0)
		r = dg_diagram_push(d, base, 1, known ? DG_TRUE : DG_FALSE);
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return dg_diagram_node(d, var, base, ret);
}

/* Results that need no walk. False when there is none. */
static bool shortcut(enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret)
{
	dg_ref neutral = op == DG_APPLY_AND ? DG_TRUE : op == DG_APPLY_OR ? DG_FALSE : DG_PASS;
	dg_ref last = op == DG_APPLY_AND ? DG_FALSE : DG_TRUE;

	if (op == DG_APPLY_BUT) {
		if (f == DG_FALSE || g == DG_TRUE || f == g)
			*ret = DG_FALSE;
		else if (g == DG_FALSE)
			*ret = f;
		else
			return false;
		return true;
	}
	if (op == DG_APPLY_DIFFER) {
		if (f == g)
			*ret = DG_FALSE;
		else if (dg_ref_terminal(f) && dg_ref_terminal(g))
			*ret = DG_TRUE;
		else
			return false;
		return true;
	}
	if (f == neutral || f == g)
		*ret = g;
	else if (g == neutral)
		*ret = f;
	else if (op <= DG_APPLY_OR && (f == last || g == last))
		*ret = last;
	else
		return false;
	return true;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Two decisions put together. */
static int terminal_min(struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret)
{
	struct dg_decision a = dg_diagram_decided(d, f), b = dg_diagram_decided(d, g), both;

	both.rank = least(a.rank, b.rank);
	both.second = DG_RANK_NONE;
	if (op == DG_APPLY_MIN_TWO)
		both.second = a.rank == b.rank	? least(a.second, b.second)
			      : a.rank < b.rank ? least(a.second, b.rank)
						: least(a.rank, b.second);
	both.would = least(a.would, b.would);
	if (both.would >= (op == DG_APPLY_MIN_TWO ? both.second : both.rank))
		both.would = DG_RANK_NONE;
	return dg_diagram_decision(d, both, ret);
}

static dg_ref child_at(const struct dg_diagram *d, dg_ref ref, bool walk, size_t run)
{
	return walk ? d->runs[d->nodes[ref].run_off + run].child : ref;
}

static uint32_t run_end(const struct dg_diagram *d, dg_ref ref, bool walk, size_t run)
{
	if (!walk || run + 1 >= d->nodes[ref].run_count)
		return UINT32_MAX;
	return d->runs[d->nodes[ref].run_off + run + 1].first;
}

static int apply(struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret);

/* The two successors put together, run by run. @ret_deep: more than terminals met. */
static int apply_runs(struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret)
{
	uint32_t fv = dg_node_var(d, f), gv = dg_node_var(d, g), var = least(fv, gv);
	size_t base = d->scratch_count, i = 0, j = 0, taken = 0;
	bool walk_f = fv == var, walk_g = gv == var;
	uint32_t first = 0;
	dg_ref child;
	int r = 0;

	while (first != UINT32_MAX && r >= 0) {
		uint32_t f_end = run_end(d, f, walk_f, i), g_end = run_end(d, g, walk_g, j);
		uint32_t end = least(f_end, g_end);

		taken++;
		r = apply(d, op, child_at(d, f, walk_f, i), child_at(d, g, walk_g, j), &child);
		if (r >= 0)
			r = dg_diagram_push(d, base, first, child);
		if (f_end == end)
			i++;
		if (g_end == end)
			j++;
		first = end;
	}
	if (r >= 0)
		r = dg_diagram_spend(d, taken);
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return dg_diagram_node(d, var, base, ret);
}

/* All runs end: what follows needs no memory of earlier steps. */
static bool is_test(const struct dg_diagram *d, dg_ref ref)
{
	if (dg_ref_terminal(ref) || d->nodes[ref].run_count > TEST_RUNS)
		return false;
	for (size_t i = 0; i < d->nodes[ref].run_count; i++)
		if (!dg_ref_terminal(child_at(d, ref, true, i)))
			return false;
	return true;
}

/* As deep as there are variables. */
static int apply(struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret)
{
	uint64_t key;
	dg_ref result;
	int r;

	if (shortcut(op, f, g, ret))
		return 0;
	if (dg_ref_terminal(f) && dg_ref_terminal(g))
		return terminal_min(d, op, f, g, ret);
	if (op <= DG_APPLY_OR && ((dg_node_var(d, f) < dg_node_var(d, g) && is_test(d, f)) ||
				  (dg_node_var(d, g) < dg_node_var(d, f) && is_test(d, g))))
		return apply_runs(d, op, f, g, ret);
	if (f > g && op != DG_APPLY_BUT) {
		dg_ref swap = f;

		f = g;
		g = swap;
	}
	key = (uint64_t)f << 32 | g;
	if (dg_diagram_recall(d, op, key, ret))
		return 0;
	r = apply_runs(d, op, f, g, &result);
	if (r < 0)
		return r;
	dg_diagram_remember(d, op, key, result);
	*ret = result;
	return 0;
}

int dg_diagram_apply(struct dg_diagram *d, enum dg_apply op, dg_ref left, dg_ref right, dg_ref *ret)
{
	return apply(d, op, left, right, ret);
}

int dg_diagram_reduce(struct dg_diagram *d, enum dg_apply op, const dg_ref *refs, size_t count,
		      dg_ref *ret)
{
	dg_ref left, right;
	int r;

	if (count == 1) {
		*ret = refs[0];
		return 0;
	}
	r = dg_diagram_reduce(d, op, refs, count / 2, &left);
	if (r < 0)
		return r;
	r = dg_diagram_reduce(d, op, refs + count / 2, count - count / 2, &right);
	if (r < 0)
		return r;
	return apply(d, op, left, right, ret);
}
