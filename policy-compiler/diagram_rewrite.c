/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Functions made from others: mapped, negated, quantified, restricted. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "diagram_store.h"

/* A function made from another one, node by node. */
struct rewrite {
	int (*map)(void *data, dg_ref terminal, dg_ref *ret); /* NULL: terminals stay */
	void *data;
	uint32_t var, class; /* the variable that is restricted, or DG_VAR_NONE */
	const bool *some;    /* variables that are quantified, or NULL */
	const bool *unknown; /* variables that have class 0, or NULL */
	dg_ref *done;	     /* by node that was there before: what it became, or NOT_DONE */
};

#define NOT_DONE UINT32_MAX

static int rewrite(struct dg_diagram *d, struct rewrite *w, dg_ref ref, dg_ref *ret);

/* Some successor is true. */
static int rewrite_some(struct dg_diagram *d, struct rewrite *w, dg_ref ref, dg_ref *ret)
{
	dg_ref any = DG_FALSE, child;
	int r;

	for (size_t i = 0; i < d->nodes[ref].run_count && any != DG_TRUE; i++) {
		r = rewrite(d, w, dg_diagram_successor(d, ref, i), &child);
		if (r >= 0)
			r = dg_diagram_apply(d, DG_APPLY_OR, any, child, &any);
		if (r < 0)
			return r;
	}
	*ret = any;
	return 0;
}

/* What became of run @run, behind the @same first ones, which stay as they are. */
static int push_after(struct dg_diagram *d, dg_ref node, size_t base, size_t same, size_t run,
		      dg_ref child)
{
	int r = 0;

	for (size_t i = 0; i < same && run == same && r >= 0; i++)
		r = dg_diagram_push(d, base, d->runs[d->nodes[node].run_off + i].first,
				    dg_diagram_successor(d, node, i));
	if (r >= 0)
		r = dg_diagram_push(d, base, d->runs[d->nodes[node].run_off + run].first, child);
	return r;
}

static int rewrite_node(struct dg_diagram *d, struct rewrite *w, dg_ref ref, dg_ref *ret)
{
	uint32_t var = d->nodes[ref].var;
	size_t base = d->scratch_count, same = 0;
	dg_ref child;
	int r;

	if (var == w->var)
		return rewrite(d, w, dg_diagram_child(d, ref, w->class), ret);
	if (w->unknown && w->unknown[var])
		return rewrite(d, w, dg_diagram_successor(d, ref, 0), ret);
	if (w->some && w->some[var])
		return rewrite_some(d, w, ref, ret);
	r = dg_diagram_spend(d, d->nodes[ref].run_count);
	for (size_t i = 0; i < d->nodes[ref].run_count && r >= 0; i++) {
		dg_ref was = dg_diagram_successor(d, ref, i);

		r = rewrite(d, w, was, &child);
		if (r >= 0 && child == was && same == i)
			same++;
		else if (r >= 0)
			r = push_after(d, ref, base, same, i, child);
	}
	if (r >= 0 && same == d->nodes[ref].run_count) {
		*ret = ref;
		return 0;
	}
	if (r < 0) {
		d->scratch_count = base;
		return r;
	}
	return dg_diagram_node(d, var, base, ret);
}

static int rewrite(struct dg_diagram *d, struct rewrite *w, dg_ref ref, dg_ref *ret)
{
	dg_ref result;
	int r;

	if (dg_ref_terminal(ref)) {
		if (w->map)
			return w->map(w->data, ref, ret);
		*ret = ref;
		return 0;
	}
	if (w->done[ref] != NOT_DONE) {
		*ret = w->done[ref];
		return 0;
	}
	r = rewrite_node(d, w, ref, &result);
	if (r < 0)
		return r;
	*ret = w->done[ref] = result;
	return 0;
}

static int rewrite_all(struct dg_diagram *d, struct rewrite *w, dg_ref ref, dg_ref *ret)
{
	/* A node's successors are older than itself. */
	size_t count = dg_ref_terminal(ref) ? 0 : ref + (size_t)1;
	int r;

	w->done = malloc((count + 1) * sizeof(*w->done));
	if (!w->done)
		return -ENOMEM;
	memset(w->done, 0xff, count * sizeof(*w->done));
	r = rewrite(d, w, ref, ret);
	free(w->done);
	return r;
}

int dg_diagram_map(struct dg_diagram *d, dg_ref ref, int (*map)(void *, dg_ref, dg_ref *),
		   void *data, dg_ref *ret)
{
	struct rewrite w = {.map = map, .data = data, .var = DG_VAR_NONE};

	return rewrite_all(d, &w, ref, ret);
}

int dg_diagram_exists(struct dg_diagram *d, dg_ref condition, const bool *some, dg_ref *ret)
{
	struct rewrite w = {.var = DG_VAR_NONE, .some = some};

	return rewrite_all(d, &w, condition, ret);
}

int dg_diagram_unknown(struct dg_diagram *d, dg_ref ref, const bool *unknown, dg_ref *ret)
{
	struct rewrite w = {.var = DG_VAR_NONE, .unknown = unknown};

	return rewrite_all(d, &w, ref, ret);
}

static int negate(void *data, dg_ref terminal, dg_ref *ret)
{
	(void)data;
	*ret = terminal == DG_TRUE ? DG_FALSE : DG_TRUE;
	return 0;
}

int dg_diagram_not(struct dg_diagram *d, dg_ref condition, dg_ref *ret)
{
	return dg_diagram_map(d, condition, negate, NULL, ret);
}

int dg_diagram_restrict(struct dg_diagram *d, dg_ref ref, uint32_t var, uint32_t class, dg_ref *ret)
{
	struct rewrite w = {.var = var, .class = class};
	bool there;
	int r = dg_diagram_reaches(d, ref, var, &there);

	if (r < 0)
		return r;
	if (!there) {
		*ret = ref;
		return 0;
	}
	return rewrite_all(d, &w, ref, ret);
}
