/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Is there a device between two rules? See diff.c. */
#include <errno.h>

#include "diff_cubes.h"
#include "diff_work.h"

/* Steps of one question, and of one of its cubes when that was not enough. */
#define STEPS 2000
#define CUBE_STEPS 20000

/* By component: no rule before this rank may match. The condition comes first, at [0]. */
struct floors {
	const struct dg_outlooks *outlooks;
	uint32_t ranks[DG_COMPONENTS_MAX];
};

static bool reduce(void *data, dg_ref *state, size_t count)
{
	const struct floors *floors = data;

	if (state[0] == DG_FALSE)
		return false;
	for (size_t i = 1; i < count; i++) {
		if (state[i] == DG_PASS)
			continue;
		if (dg_outlook_most(floors->outlooks, state[i]) < floors->ranks[i])
			return false;
		if (dg_outlook_least(floors->outlooks, state[i]) >= floors->ranks[i])
			state[i] = DG_PASS;
	}
	return true;
}

static bool reached(void *data, const dg_ref *state, size_t count)
{
	(void)data, (void)state, (void)count;
	return true; /* whatever stands in the way was found by reduce */
}

static bool best(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)from;
	return to == (component == 0 ? DG_TRUE : DG_PASS);
}

/* What is asked about a device: the condition, and what may not match before. */
struct inquiry {
	struct dg_diff_work *w;
	struct floors floors;
	dg_ref components[DG_COMPONENTS_MAX];
	size_t count;
	bool undecided; /* some cube */
};

static int search(struct dg_diff_work *w, struct floors *floors, const dg_ref *components,
		  size_t count, size_t budget)
{
	struct dg_question question = {
		.reduce = reduce, .goal = reached, .best = best, .data = floors};
	int r;

	if (budget > w->steps)
		budget = w->steps;
	w->search.question = &question;
	w->search.budget = budget;
	r = dg_search_run(&w->search, components, count);
	w->steps -= budget - w->search.budget;
	return r;
}

/* One component after the other: does any by itself leave no device? 0: one does. */
static int ask_each(struct dg_diff_work *w, const struct floors *floors, const dg_ref *components,
		    size_t count)
{
	int r = 1;

	for (size_t i = 1; i < count && r != 0; i++) {
		struct floors floor = {.outlooks = floors->outlooks, .ranks[1] = floors->ranks[i]};
		const dg_ref two[] = {components[0], components[i]};

		r = search(w, &floor, two, 2, STEPS);
		if (r < 0 && r != -E2BIG)
			return r;
	}
	return r == 0 ? 0 : 1;
}

/* The inquiry in one cube. What says nothing in it is left out. */
static int ask_cube(void *data, const struct dg_cube *cube)
{
	struct inquiry *q = data;
	struct dg_diff_work *w = q->w;
	struct floors floors = {.outlooks = &w->outlooks};
	dg_ref components[DG_COMPONENTS_MAX] = {cube->condition};
	size_t count = 1;
	int r = 0;

	for (size_t i = 1; i < q->count && r >= 0; i++) {
		r = dg_cube_restrict(w->fold->diagram, cube, q->components[i], &components[count]);
		if (r >= 0 && components[count] == DG_PASS)
			continue;
		if (r >= 0)
			r = dg_outlooks_add(&w->outlooks, components[count]);
		floors.ranks[count++] = q->floors.ranks[i];
	}
	if (r >= 0)
		r = ask_each(w, &floors, components, count);
	if (r == 1)
		r = search(w, &floors, components, count, CUBE_STEPS);
	if (r != -E2BIG)
		return r;
	q->undecided = true;
	return 0;
}

int dg_diff_ask(struct dg_diff_work *w, dg_ref condition, const struct dg_diff_pair *pair)
{
	struct inquiry q = {
		.w = w, .floors.outlooks = &w->outlooks, .components = {condition}, .count = 1};
	bool cubes_first = w->flags & DG_DIFF_CUBES;
	int r;

	for (int owner = 0; owner < DG_DIFF_OWNERS; owner++) {
		const struct dg_fold_op *parts = &w->parts[owner];

		if (q.count + parts->count > DG_COMPONENTS_MAX)
			return -E2BIG;
		for (size_t i = 0; i < parts->count; i++) {
			q.floors.ranks[q.count] = owner == (int)pair->side ? pair->u : pair->v;
			q.components[q.count++] = parts->roots[i];
		}
	}
	/* Mostly the answer is near. Else the choice of other facts stands in its way. */
	r = cubes_first ? -E2BIG : search(w, &q.floors, q.components, q.count, STEPS);
	if (r != -E2BIG || w->steps == 0)
		return r;
	r = dg_cubes_each(w->fold->diagram, w->search.vars, condition, ask_cube, &q);
	if (r == 0 && q.undecided)
		r = -E2BIG;
	return r == -E2BIG && cubes_first ? search(w, &q.floors, q.components, q.count, STEPS) : r;
}
