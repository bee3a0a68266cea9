/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What a function is made of: walks that make nothing. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "array.h"
#include "diagram_store.h"

/* A round of visits: every node once. 0 or -ENOMEM. */
static int start_round(struct dg_diagram *d)
{
	size_t had = d->seen_room;
	int r;

	r = dg_array_reserve(&d->seen, &d->seen_room, d->node_count + 1, sizeof(*d->seen));
	if (r < 0)
		return r;
	memset(d->seen + had, 0, (d->seen_room - had) * sizeof(*d->seen));
	d->round++;
	return 0;
}

static bool reaches(struct dg_diagram *d, dg_ref ref, uint32_t var)
{
	if (dg_ref_terminal(ref) || d->nodes[ref].var > var || d->seen[ref] == d->round)
		return false;
	if (d->nodes[ref].var == var)
		return true;
	d->seen[ref] = d->round;
	for (size_t i = 0; i < d->nodes[ref].run_count; i++)
		if (reaches(d, dg_diagram_successor(d, ref, i), var))
			return true;
	return false;
}

int dg_diagram_reaches(struct dg_diagram *d, dg_ref ref, uint32_t var, bool *ret)
{
	int r = start_round(d);

	if (r >= 0)
		*ret = reaches(d, ref, var);
	return r;
}

static void add_size(struct dg_diagram *d, dg_ref node, size_t *runs)
{
	const struct dg_run *run = d->runs + d->nodes[node].run_off;
	const struct dg_run *end = run + d->nodes[node].run_count;

	d->seen[node] = d->round;
	*runs += d->nodes[node].run_count;
	for (; run < end; run++)
		if (!dg_ref_terminal(run->child) && d->seen[run->child] != d->round)
			add_size(d, run->child, runs);
}

int dg_diagram_size(struct dg_diagram *d, dg_ref ref, size_t *ret_runs)
{
	size_t runs = 0;
	int r = start_round(d);

	if (r < 0)
		return r;
	if (!dg_ref_terminal(ref))
		add_size(d, ref, &runs);
	*ret_runs = runs;
	return 0;
}

/* A node or terminal that this round has not come to before. */
static bool is_new(struct dg_diagram *d, dg_ref ref)
{
	uint32_t *seen =
		dg_ref_terminal(ref) ? &d->terminal_seen[ref & ~DG_REF_TERMINAL] : &d->seen[ref];

	if (*seen == d->round)
		return false;
	*seen = d->round;
	return true;
}

static void add_behind(struct dg_diagram *d, dg_ref ref, uint32_t var, size_t most, size_t *count)
{
	if (ref == DG_PASS || !is_new(d, ref))
		return;
	if (dg_node_var(d, ref) >= var) {
		++*count;
		return;
	}
	for (size_t i = 0; i < d->nodes[ref].run_count && *count < most; i++)
		add_behind(d, dg_diagram_successor(d, ref, i), var, most, count);
}

int dg_diagram_behind(struct dg_diagram *d, dg_ref ref, uint32_t var, size_t most, size_t *ret)
{
	size_t had = d->terminal_room, count = 0;
	int r;

	r = dg_array_reserve(&d->terminal_seen, &d->terminal_room, d->decision_count,
			     sizeof(*d->terminal_seen));
	if (r < 0)
		return r;
	memset(d->terminal_seen + had, 0, (d->terminal_room - had) * sizeof(*d->terminal_seen));
	r = start_round(d);
	if (r < 0)
		return r;
	add_behind(d, ref, var, most, &count);
	*ret = count;
	return 0;
}
