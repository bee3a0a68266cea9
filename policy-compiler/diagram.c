/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "diagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "map.h"
#include "util.h"

#define VAR_TERMINAL UINT32_MAX /* behind every variable */
#define TERMINAL_CONDITIONS 3	/* the first terminals are no decisions */

struct node {
	uint32_t var;
	uint32_t run_count;
	size_t run_off;
};

struct dg_diagram {
	uint32_t *class_counts;
	uint32_t var_count;
	size_t max_runs;
	struct node *nodes;
	size_t node_count, node_room;
	struct dg_run *runs;
	size_t run_count, run_room;
	uint32_t *slots; /* unique table, open addressing: node + 1 */
	size_t slot_count;
	struct dg_decision *decisions; /* by terminal number */
	size_t decision_count, decision_room;
	struct dg_map decision_of;
	struct dg_map cache;	/* of apply */
	struct dg_run *scratch; /* a stack: nodes under construction */
	size_t scratch_count, scratch_room;
};

void dg_diagram_free(struct dg_diagram *d)
{
	if (!d)
		return;
	free(d->class_counts);
	free(d->nodes);
	free(d->runs);
	free(d->slots);
	free(d->decisions);
	free(d->scratch);
	dg_map_done(&d->decision_of);
	dg_map_done(&d->cache);
	free(d);
}
DEFINE_CLEANUP(struct dg_diagram *, dg_diagram_free, diagram)

struct dg_diagram *dg_diagram_new(const uint32_t *class_counts, uint32_t var_count, size_t max_runs)
{
	_cleanup_(dg_cleanup_diagram) struct dg_diagram *d = calloc(1, sizeof(*d));
	dg_ref pass;

	if (!d)
		return NULL;
	d->class_counts = calloc(var_count + UINT64_C(1), sizeof(*d->class_counts));
	d->decisions = calloc(TERMINAL_CONDITIONS + 1, sizeof(*d->decisions));
	if (!d->class_counts || !d->decisions)
		return NULL;
	if (var_count > 0)
		memcpy(d->class_counts, class_counts, var_count * sizeof(*class_counts));
	d->var_count = var_count;
	d->max_runs = max_runs;
	d->decision_room = TERMINAL_CONDITIONS + 1;
	d->decision_count = TERMINAL_CONDITIONS;
	if (dg_diagram_decision(
		    d, (struct dg_decision){.rule = DG_DECISION_PASS, .would = DG_DECISION_NONE},
		    &pass) < 0)
		return NULL;
	return TAKE_PTR(d);
}

uint32_t dg_diagram_var(const struct dg_diagram *d, dg_ref node)
{
	return dg_ref_terminal(node) ? VAR_TERMINAL : d->nodes[node].var;
}

const struct dg_run *dg_diagram_runs(const struct dg_diagram *d, dg_ref node, size_t *ret_count)
{
	*ret_count = d->nodes[node].run_count;
	return d->runs + d->nodes[node].run_off;
}

struct dg_decision dg_diagram_decided(const struct dg_diagram *d, dg_ref terminal)
{
	return d->decisions[terminal & ~DG_REF_TERMINAL];
}

size_t dg_diagram_run_count(const struct dg_diagram *d)
{
	return d->run_count;
}

size_t dg_diagram_node_count(const struct dg_diagram *d)
{
	return d->node_count;
}

int dg_diagram_decision(struct dg_diagram *d, struct dg_decision decision, dg_ref *ret)
{
	uint32_t number;
	int r;

	if (dg_map_get(&d->decision_of, decision.rule, decision.would, &number)) {
		*ret = DG_REF_TERMINAL | number;
		return 0;
	}
	r = dg_array_reserve(&d->decisions, &d->decision_room, d->decision_count + 1,
			     sizeof(*d->decisions));
	if (r < 0)
		return r;
	number = (uint32_t)d->decision_count;
	r = dg_map_put(&d->decision_of, decision.rule, decision.would, number);
	if (r < 0)
		return r;
	d->decisions[d->decision_count++] = decision;
	*ret = DG_REF_TERMINAL | number;
	return 0;
}

static uint64_t hash_node(uint32_t var, const struct dg_run *runs, size_t count)
{
	return dg_hash(runs, count * sizeof(*runs)) ^ var * UINT64_C(0x9e3779b97f4a7c15);
}

static int enlarge_slots(struct dg_diagram *d)
{
	size_t count = d->slot_count ? d->slot_count * 2 : 1024;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t n = 0; n < d->node_count; n++) {
		const struct node *node = &d->nodes[n];
		size_t at = hash_node(node->var, d->runs + node->run_off, node->run_count) &
			    (count - 1);

		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = n + 1;
	}
	free(d->slots);
	d->slots = slots;
	d->slot_count = count;
	return 0;
}

/* Put a run on the scratch stack; one that goes on like its predecessor is joined to it. */
static int push_run(struct dg_diagram *d, size_t base, uint32_t first, dg_ref child)
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

/* The node with the runs on the scratch stack from @base on; they are taken off. */
static int make_node(struct dg_diagram *d, uint32_t var, size_t base, dg_ref *ret)
{
	size_t count = d->scratch_count - base, at;
	const struct dg_run *runs = d->scratch + base;
	int r;

	d->scratch_count = base;
	if (count == 1) {
		*ret = runs[0].child;
		return 0;
	}
	if ((d->node_count + 1) * 2 > d->slot_count) {
		r = enlarge_slots(d);
		if (r < 0)
			return r;
	}
	at = hash_node(var, runs, count) & (d->slot_count - 1);
	for (; d->slots[at]; at = (at + 1) & (d->slot_count - 1)) {
		const struct node *node = &d->nodes[d->slots[at] - 1];

		if (node->var == var && node->run_count == count &&
		    !memcmp(d->runs + node->run_off, runs, count * sizeof(*runs))) {
			*ret = d->slots[at] - 1;
			return 0;
		}
	}
	if (d->run_count + count > d->max_runs || d->node_count >= DG_REF_TERMINAL - 1)
		return -E2BIG;
	r = dg_array_reserve(&d->nodes, &d->node_room, d->node_count + 1, sizeof(*d->nodes));
	if (r < 0)
		return r;
	r = dg_array_reserve(&d->runs, &d->run_room, d->run_count + count, sizeof(*d->runs));
	if (r < 0)
		return r;
	memcpy(d->runs + d->run_count, runs, count * sizeof(*runs));
	d->nodes[d->node_count] =
		(struct node){.var = var, .run_count = (uint32_t)count, .run_off = d->run_count};
	d->run_count += count;
	d->slots[at] = (uint32_t)++d->node_count;
	*ret = (dg_ref)(d->node_count - 1);
	return 0;
}

int dg_diagram_member(struct dg_diagram *d, uint32_t var, const struct dg_class_run *runs,
		      size_t count, dg_ref unknown, dg_ref *ret)
{
	size_t base = d->scratch_count;
	uint32_t next = 1; /* first class not covered yet */
	int r;

	r = push_run(d, base, 0, unknown);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (runs[i].first > next)
			r = push_run(d, base, next, DG_FALSE);
		if (r >= 0)
			r = push_run(d, base, runs[i].first, DG_TRUE);
		next = runs[i].end;
	}
	if (r >= 0 && next < d->class_counts[var])
		r = push_run(d, base, next, DG_FALSE);
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return make_node(d, var, base, ret);
}

int dg_diagram_known(struct dg_diagram *d, uint32_t var, bool known, dg_ref *ret)
{
	size_t base = d->scratch_count;
	int r;

	r = push_run(d, base, 0, known ? DG_FALSE : DG_TRUE);
	if (r >= 0)
		r = push_run(d, base, 1, known ? DG_TRUE : DG_FALSE);
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return make_node(d, var, base, ret);
}

static bool decided(const struct dg_diagram *d, dg_ref ref)
{
	return dg_ref_terminal(ref) && dg_diagram_decided(d, ref).rule != DG_DECISION_PASS;
}

/* Results that need no walk. False when there is none. */
static bool shortcut(const struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret)
{
	switch (op) {
	case DG_APPLY_AND:
		if (f == DG_FALSE || g == DG_FALSE)
			*ret = DG_FALSE;
		else if (f == DG_TRUE || f == g)
			*ret = g;
		else if (g == DG_TRUE)
			*ret = f;
		else
			return false;
		return true;
	case DG_APPLY_OR:
		if (f == DG_TRUE || g == DG_TRUE)
			*ret = DG_TRUE;
		else if (f == DG_FALSE || f == g)
			*ret = g;
		else if (g == DG_FALSE)
			*ret = f;
		else
			return false;
		return true;
	case DG_APPLY_NOT:
		if (!dg_ref_terminal(f))
			return false;
		*ret = f == DG_TRUE ? DG_FALSE : f == DG_FALSE ? DG_TRUE : DG_UNKNOWN;
		return true;
	case DG_APPLY_MATCH:
	case DG_APPLY_MATCH_UNKNOWN:
		if (!dg_ref_terminal(f))
			return false;
		*ret = f == DG_TRUE || (f == DG_UNKNOWN && op == DG_APPLY_MATCH_UNKNOWN) ? g
											 : DG_PASS;
		return true;
	case DG_APPLY_THEN:
		if (f == DG_PASS || f == g)
			*ret = g;
		else if (g == DG_PASS || decided(d, f))
			*ret = f;
		else
			return false;
		return true;
	}
	return false;
}

/* Two terminals that no shortcut answered: the permissive rule that @f passed over comes first. */
static int terminal_then(struct dg_diagram *d, dg_ref f, dg_ref g, dg_ref *ret)
{
	struct dg_decision decision = dg_diagram_decided(d, g);

	if (dg_diagram_decided(d, f).would != DG_DECISION_NONE)
		decision.would = dg_diagram_decided(d, f).would;
	return dg_diagram_decision(d, decision, ret);
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

/* As deep as there are variables. */
static int apply(struct dg_diagram *d, enum dg_apply op, dg_ref f, dg_ref g, dg_ref *ret)
{
	uint32_t fv, gv, var, end, first = 0, cached;
	size_t base = d->scratch_count, i = 0, j = 0;
	bool walk_f, walk_g;
	dg_ref child, result;
	int r;

	if (shortcut(d, op, f, g, ret))
		return 0;
	if (dg_ref_terminal(f) && dg_ref_terminal(g)) {
		if (op == DG_APPLY_THEN)
			return terminal_then(d, f, g, ret);
		*ret = DG_UNKNOWN; /* and, or: what is left after the shortcuts */
		return 0;
	}
	if ((op == DG_APPLY_AND || op == DG_APPLY_OR) && f > g) {
		dg_ref swap = f;

		f = g;
		g = swap;
	}
	if (dg_map_get(&d->cache, (uint64_t)op << 32 | f, g, &cached)) {
		*ret = cached;
		return 0;
	}

	fv = dg_diagram_var(d, f);
	gv = dg_diagram_var(d, g);
	var = fv < gv ? fv : gv;
	walk_f = fv == var;
	walk_g = gv == var;
	while (first != UINT32_MAX) {
		uint32_t f_end = run_end(d, f, walk_f, i), g_end = run_end(d, g, walk_g, j);

		r = apply(d, op, child_at(d, f, walk_f, i), child_at(d, g, walk_g, j), &child);
		if (r >= 0)
			r = push_run(d, base, first, child);
		if (r < 0) {
			d->scratch_count = base;
			return r;
		}
		end = f_end < g_end ? f_end : g_end;
		if (f_end == end)
			i++;
		if (g_end == end)
			j++;
		first = end;
	}
	r = make_node(d, var, base, &result);
	if (r < 0)
		return r;
	if (d->cache.count >= d->max_runs)
		return -E2BIG;
	r = dg_map_put(&d->cache, (uint64_t)op << 32 | f, g, result);
	if (r < 0)
		return r;
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
