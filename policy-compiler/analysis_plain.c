/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Witnesses with no fact that they do not take. */
#include <string.h>

#include "analysis_parts.h"

#define PLAIN_TIMES 1024 /* classes of the time that a witness is tried at */

/* The class that a witness has of a variable that makes no difference. */
static uint32_t plain_class(const struct dg_variable *v)
{
	if (v->kind == DG_VAR_TIME)
		return dg_classifier_num(&v->values, 0);
	return v->kind == DG_VAR_CLOCK ? 1 : 0;
}

/* The time as it is, or any where that makes no difference. */
static void make_time_plain(struct dg_analysis *a, uint32_t var, dg_analysis_property holds,
			    const void *data)
{
	uint32_t *at = a->points.at, class = at[var], count = a->search.vars[var].class_count;

	if (count > PLAIN_TIMES)
		return;
	for (at[var] = 1; at[var] < count; at[var]++)
		if (!holds(data, at)) {
			at[var] = class;
			return;
		}
	at[var] = DG_CLASS_ANY;
}

void dg_analysis_make_plain(struct dg_analysis *a, dg_analysis_property holds, const void *data)
{
	const struct dg_variable *vars = a->search.vars;
	uint32_t *at = a->points.at, *before = a->search.classes, time = DG_VAR_NONE;

	for (uint32_t v = 0; v < a->search.var_count; v += vars[v].group_count) {
		uint32_t *group = at + v;

		memcpy(before, group, vars[v].group_count * sizeof(*group));
		for (uint32_t i = 0; i < vars[v].group_count; i++)
			group[i] = plain_class(&vars[v]);
		if (!holds(data, at))
			memcpy(group, before, vars[v].group_count * sizeof(*group));
		if (vars[v].kind == DG_VAR_TIME)
			time = v;
	}
	if (time != DG_VAR_NONE)
		make_time_plain(a, time, holds, data);
	memcpy(a->search.classes, at, a->search.var_count * sizeof(*at));
}

/* A rule that decides, or is passed over. */
struct decider {
	const struct dg_diagram *diagram;
	const struct dg_matcher *matcher;
	uint32_t rank;
	dg_ref match;
	bool permissive;
};

static bool decides_at(const void *data, const uint32_t *classes)
{
	const struct decider *d = data;
	uint32_t rank = dg_matcher_decide(d->matcher, classes).rank;
	dg_ref ref = d->match;

	if (!d->permissive)
		return rank == d->rank;
	while (!dg_ref_terminal(ref))
		ref = dg_diagram_child(d->diagram, ref, classes[dg_diagram_var(d->diagram, ref)]);
	return ref == DG_TRUE && rank > d->rank;
}

int dg_analysis_decided(struct dg_analysis *a, uint32_t rule, unsigned int op)
{
	struct decider decider = {.diagram = a->fold->diagram,
				  .rank = a->fold->rank[rule],
				  .match = a->match[rule],
				  .permissive = a->policy->rules[rule].permissive};
	uint32_t *at = a->points.at;
	int r;

	memcpy(at, a->points.decided, a->search.var_count * sizeof(*at));
	/* What the search found is plain. */
	for (uint32_t v = 0; v < a->search.var_count; v++)
		if (at[v] == DG_CLASS_ANY) {
			memcpy(a->search.classes, at, a->search.var_count * sizeof(*at));
			return 0;
		}
	r = dg_analysis_matcher(a, op, &decider.matcher);
	if (r >= 0)
		dg_analysis_make_plain(a, decides_at, &decider);
	return r;
}
