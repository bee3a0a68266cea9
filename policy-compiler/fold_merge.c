/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Parts put together. An attempt that comes to nothing costs as much as its budget, so none is made
 * that an estimate rules out, and none again: what a part was too much for, it is too much for when
 * another part has been added to that.
 */
#include <stdint.h>
#include <stdlib.h>

#include "fold.h"
#include "map.h"

#define SLACK_MOST_TWO 16384 /* two ranks: larger parts stay apart */
#define ALIGNED_RUNS 16	     /* nodes of one variable with more runs are not compared run by run */

struct part {
	dg_ref ref;
	size_t size;	 /* runs */
	uint32_t number; /* for as long as the merging takes */
};

struct merge {
	struct dg_diagram *diagram;
	enum dg_apply op;
	size_t slack;
	size_t *work; /* steps left */
	struct part *parts;
	size_t count;
	struct dg_map
		tried; /* numbers of two parts that are too much together, the lower one first */
};

static void merge_done(struct merge *m)
{
	free(m->parts);
	dg_map_done(&m->tried);
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (x->ref > y->ref) - (x->ref < y->ref);
}

static bool was_tried(const struct merge *m, uint32_t a, uint32_t b)
{
	uint32_t number;

	return dg_map_get(&m->tried, a < b ? a : b, a < b ? b : a, &number);
}

static int note_tried(struct merge *m, uint32_t a, uint32_t b)
{
	return dg_map_put(&m->tried, a < b ? a : b, a < b ? b : a, 0);
}

/*
 * About how many runs two functions have together beside their own, counted up to @most. What
 * begins later hangs behind each thing that the earlier one comes to by then, and where ranks are
 * mixed half of it is seen from there.
 */
static int estimate(struct dg_diagram *d, dg_ref a, dg_ref b, size_t most, size_t *ret)
{
	size_t things, size;
	int r;

	if (dg_diagram_var(d, a) > dg_diagram_var(d, b))
		return estimate(d, b, a, most, ret);
	if (dg_diagram_var(d, a) == dg_diagram_var(d, b) || dg_ref_terminal(b)) {
		*ret = 0;
		return 0;
	}
	r = dg_diagram_size(d, b, &size);
	if (r >= 0)
		r = dg_diagram_behind(d, a, dg_diagram_var(d, b), 2 * most / size + 1, &things);
	if (r >= 0)
		*ret = things * size / 2;
	return r;
}

/* The same where both begin with one variable: run by run. */
static int estimate_aligned(struct dg_diagram *d, dg_ref a, dg_ref b, size_t most, size_t *ret)
{
	size_t na, nb, total = 0, one, i = 0, k = 0;
	int r = 0;

	dg_diagram_runs(d, a, &na);
	dg_diagram_runs(d, b, &nb);
	while (i < na && k < nb && na + nb <= ALIGNED_RUNS && total <= most && r >= 0) {
		const struct dg_run *x = dg_diagram_runs(d, a, &na) + i;
		const struct dg_run *y = dg_diagram_runs(d, b, &nb) + k;
		uint32_t x_end = i + 1 < na ? x[1].first : UINT32_MAX;
		uint32_t y_end = k + 1 < nb ? y[1].first : UINT32_MAX;

		r = estimate(d, x->child, y->child, most - total, &one);
		if (r >= 0)
			total += one;
		i += x_end <= y_end;
		k += y_end <= x_end;
	}
	if (r >= 0)
		*ret = total;
	return r;
}

static int estimate_parts(struct dg_diagram *d, dg_ref a, dg_ref b, size_t most, size_t *ret)
{
	if (!dg_ref_terminal(a) && dg_diagram_var(d, a) == dg_diagram_var(d, b))
		return estimate_aligned(d, a, b, most, ret);
	return estimate(d, a, b, most, ret);
}

static void spend(struct merge *m, size_t steps)
{
	*m->work -= steps < *m->work ? steps : *m->work;
}

/* The two parts in one, if that is not much larger. 1: done; 0: not. */
static int join_parts(struct merge *m, size_t i, size_t k)
{
	struct part *a = &m->parts[i], *b = &m->parts[k];
	size_t budget = 2 * (a->size + b->size) + m->slack, likely;
	size_t before = dg_diagram_node_count(m->diagram), steps;
	dg_ref both;
	int r;

	/* One part less is worth little to the analysis, and two ranks make large parts. */
	if (m->op == DG_APPLY_MIN_TWO && m->slack <= SLACK_MOST_TWO && a->size + b->size > m->slack)
		return 0;
	spend(m, a->size + b->size); /* the estimate goes through both */
	if (*m->work == 0)
		return 0;
	r = estimate_parts(m->diagram, a->ref, b->ref, budget, &likely);
	if (r < 0 || likely > budget)
		return r;
	dg_diagram_budget(m->diagram, budget < *m->work ? budget : *m->work);
	steps = dg_diagram_steps(m->diagram);
	r = dg_diagram_apply(m->diagram, m->op, a->ref, b->ref, &both);
	dg_diagram_budget(m->diagram, SIZE_MAX);
	if (r == -E2BIG)
		dg_diagram_undo(m->diagram, before);
	spend(m, dg_diagram_steps(m->diagram) - steps);
	if (r == -E2BIG)
		return 0;
	if (r < 0)
		return r;
	a->ref = both;
	r = dg_diagram_size(m->diagram, both, &a->size);
	return r < 0 ? r : 1;
}

/* Part @k has gone into part @i. */
static int take_part(struct merge *m, size_t i, size_t k)
{
	int r = 0;

	for (size_t n = 0; n < m->count && r >= 0; n++)
		if (was_tried(m, m->parts[k].number, m->parts[n].number))
			r = note_tried(m, m->parts[i].number, m->parts[n].number);
	m->parts[k] = m->parts[--m->count];
	return r;
}

/* The first pair that goes together, smallest first. 1: there was one; 0: none. */
static int merge_pair(struct merge *m)
{
	int r;

	for (size_t i = 0; i + 1 < m->count && *m->work > 0; i++)
		/* Of very many parts only neighbours. */
		for (size_t k = i + 1; k < m->count && (m->count <= 2 * DG_PARTS_MAX || k == i + 1);
		     k++) {
			if (was_tried(m, m->parts[i].number, m->parts[k].number))
				continue;
			r = join_parts(m, i, k);
			if (r == 1)
				r = take_part(m, i, k) ?: 1;
			else if (r == 0)
				r = note_tried(m, m->parts[i].number, m->parts[k].number);
			if (r != 0)
				return r;
		}
	return 0;
}

static int merge_parts(struct merge *m)
{
	int r = 1;

	dg_map_clear(&m->tried);
	while (r == 1) {
		qsort(m->parts, m->count, sizeof(*m->parts), compare_parts);
		r = merge_pair(m);
	}
	return r;
}

int dg_fold_merge(struct dg_diagram *d, enum dg_apply op, dg_ref *refs, size_t *count, size_t slack,
		  size_t *work)
{
	_cleanup_(merge_done) struct merge m = {
		.diagram = d, .op = op, .slack = slack, .work = work};
	int r = 0;

	if (*count < 2)
		return 0;
	m.parts = calloc(*count, sizeof(*m.parts));
	if (!m.parts)
		return -ENOMEM;
	for (; m.count < *count && r >= 0; m.count++) {
		m.parts[m.count] = (struct part){.ref = refs[m.count], .number = (uint32_t)m.count};
		r = dg_diagram_size(d, refs[m.count], &m.parts[m.count].size);
	}
	if (r >= 0)
		r = merge_parts(&m);
	/* Too many to be looked at one after the other: let them grow. */
	while (r >= 0 && m.count > DG_PARTS_MAX && m.slack < DG_FOLD_MAX_RUNS / 8 && *work > 0) {
		m.slack *= 8;
		r = merge_parts(&m);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < m.count; i++)
		refs[i] = m.parts[i].ref;
	*count = m.count;
	return 0;
}
