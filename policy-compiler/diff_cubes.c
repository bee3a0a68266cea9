/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "diff_cubes.h"

#include <errno.h>

struct walk {
	struct dg_diagram *diagram;
	const struct dg_variable *vars;
	dg_ref condition;
	int (*each)(void *data, const struct dg_cube *cube);
	void *data;
	struct dg_cube cube;
	size_t left;
};

static int settle(const struct walk *w, uint32_t var, uint32_t class, dg_ref condition, dg_ref *ret)
{
	struct dg_class_run run = {.first = class, .end = class + 1};
	enum dg_var_kind kind = w->vars[var].kind;
	dg_ref here;
	int r;

	if (class == 0)
		r = dg_diagram_known(w->diagram, var, false, &here);
	else
		r = dg_diagram_member(w->diagram, var, &run, 1, false, false,
				      kind != DG_VAR_TIME && kind != DG_VAR_CLOCK, &here);
	return r < 0 ? r : dg_diagram_apply(w->diagram, DG_APPLY_AND, condition, here, ret);
}

static int emit(struct walk *w)
{
	int r = 0;

	if (w->left-- == 0)
		return -E2BIG;
	w->cube.condition = w->condition;
	for (size_t i = 0; i < w->cube.count && r >= 0; i++)
		r = settle(w, w->cube.settled[i].var, w->cube.settled[i].class, w->cube.condition,
			   &w->cube.condition);
	return r < 0 ? r : w->each(w->data, &w->cube);
}

/* Run @i of @node; what was read before may have moved since. */
static dg_ref child_of(const struct walk *w, dg_ref node, size_t i, uint32_t *ret_first,
		       uint32_t *ret_end)
{
	const struct dg_run *runs;
	size_t count;

	runs = dg_diagram_runs(w->diagram, node, &count);
	*ret_first = runs[i].first;
	*ret_end = i + 1 < count
			   ? runs[i + 1].first
			   : dg_diagram_class_count(w->diagram, dg_diagram_var(w->diagram, node));
	return runs[i].child;
}

/* The classes that @node leaves. */
static size_t open_classes(const struct walk *w, dg_ref node, size_t run_count)
{
	size_t open = 0;

	for (size_t i = 0; i < run_count; i++) {
		uint32_t first, end;

		if (child_of(w, node, i, &first, &end) != DG_FALSE)
			open += end - first;
	}
	return open;
}

static int walk(struct walk *w, dg_ref ref)
{
	uint32_t var = dg_diagram_var(w->diagram, ref), first, end;
	dg_ref last = DG_FALSE;
	bool few;
	size_t count;
	int r = 0;

	if (ref == DG_FALSE)
		return 0;
	if (ref == DG_TRUE)
		return emit(w);
	dg_diagram_runs(w->diagram, ref, &count);
	few = w->cube.count < DG_CUBE_VARS && open_classes(w, ref, count) <= DG_CUBE_CLASSES;
	for (size_t i = 0; i < count && r == 0; i++) {
		dg_ref child = child_of(w, ref, i, &first, &end);

		if (child == DG_FALSE)
			continue;
		if (!few) {
			/* The cubes behind it do not depend on the class. */
			if (child != last)
				r = walk(w, child);
			last = child;
			continue;
		}
		for (uint32_t k = first; k < end && r == 0; k++) {
			w->cube.settled[w->cube.count].var = var;
			w->cube.settled[w->cube.count++].class = k;
			r = walk(w, child);
			w->cube.count--;
		}
	}
	return r;
}

int dg_cubes_each(struct dg_diagram *diagram, const struct dg_variable *vars, dg_ref condition,
		  int (*each)(void *data, const struct dg_cube *cube), void *data)
{
	struct walk w = {.diagram = diagram,
			 .vars = vars,
			 .condition = condition,
			 .each = each,
			 .data = data,
			 .left = DG_CUBES_MAX};

	return walk(&w, condition);
}

int dg_cube_restrict(struct dg_diagram *diagram, const struct dg_cube *cube, dg_ref ref,
		     dg_ref *ret)
{
	int r = 0;

	for (size_t i = 0; i < cube->count && r >= 0 && !dg_ref_terminal(ref); i++)
		r = dg_diagram_restrict(diagram, ref, cube->settled[i].var, cube->settled[i].class,
					&ref);
	if (r >= 0)
		*ret = ref;
	return r;
}
