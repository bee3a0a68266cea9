/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Devices looked at one by one: what mostly settles a question.
 *
 * A region is a condition: the devices that are still open. One of them is picked, so that few
 * rules match it, and judged by the matcher.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_parts.h"
#include "util.h"

#define REGION_RUNS 65536 /* work on one region */
#define OVERLAP_STEPS 256 /* until two conditions are put together to see */

void dg_analysis_points_done(struct dg_analysis *a)
{
	struct dg_analysis_points *p = &a->points;

	for (size_t c = 0; c < DG_OP_MAX; c++)
		dg_matcher_free(p->matchers[c]);
	free(p->neutral);
	free(p->at);
	free(p->bound);
}

/* The class that the fewest rules ask for, unknown before others. */
static uint32_t neutral_class(const struct dg_analysis *a, const struct dg_matcher *m, uint32_t var)
{
	const struct dg_variable *v = &a->search.vars[var];
	uint32_t best = 0;

	if (v->kind == DG_VAR_CLOCK)
		return 1;
	if (v->kind == DG_VAR_TIME)
		best = 1;
	else if (v->group_count > 1)
		return 0;
	for (uint32_t c = best; c < v->class_count && dg_matcher_load(m, var, best) > 0; c++)
		if (dg_matcher_load(m, var, c) < dg_matcher_load(m, var, best))
			best = c;
	return best;
}

int dg_analysis_points_init(struct dg_analysis *a)
{
	struct dg_analysis_points *p = &a->points;
	size_t count = a->search.var_count + UINT64_C(1);

	p->neutral = calloc(count, sizeof(*p->neutral));
	p->at = calloc(2 * count, sizeof(*p->at));
	p->bound = calloc(count, sizeof(*p->bound));
	if (!p->neutral || !p->at || !p->bound)
		return -ENOMEM;
	p->decided = p->at + count;
	p->left = DG_ANALYSIS_POINTS;
	p->walks_left = DG_ANALYSIS_WALKS;
	return 0;
}

int dg_analysis_matcher(struct dg_analysis *a, unsigned int op, const struct dg_matcher **ret)
{
	struct dg_matcher **m = &a->points.matchers[a->column_of[op]];
	size_t count = a->policy->rule_count, used = 0;
	_cleanup_free_ struct dg_claim *claims = NULL;
	int r = 0;

	if (!*m) {
		claims = calloc(count + 1, sizeof(*claims));
		if (!claims)
			return -ENOMEM;
		for (uint32_t rank = 0; rank < count; rank++)
			if (a->ops_of[rank] >> op & 1)
				claims[used++] =
					(struct dg_claim){.match = a->match[a->fold->rule_of[rank]],
							  .rank = rank,
							  .permissive = a->passed_over[rank]};
		r = dg_matcher_new(a->fold->diagram, a->search.var_count, claims, used, m);
	}
	if (r < 0)
		return r;
	for (uint32_t v = 0; v < a->search.var_count && !a->points.has_neutral; v++)
		a->points.neutral[v] = neutral_class(a, *m, v);
	a->points.has_neutral = true;
	*ret = *m;
	return 0;
}

/* The class to leave @node by: the neutral one if that leads on, else one that few rules ask for.
 */
static uint32_t choose_class(const struct dg_analysis *a, const struct dg_matcher *m, dg_ref node)
{
	const struct dg_diagram *d = a->fold->diagram;
	uint32_t var = dg_diagram_var(d, node), class = a->points.neutral[var];
	enum dg_var_kind kind = a->search.vars[var].kind;
	const struct dg_run *runs;
	bool found = false;
	size_t count;

	if (dg_diagram_child(d, node, class) != DG_FALSE)
		return class;
	runs = dg_diagram_runs(d, node, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t first = runs[i].first;

		if (runs[i].child == DG_FALSE)
			continue;
		if (first == 0 && (kind == DG_VAR_TIME || kind == DG_VAR_CLOCK))
			first = 1; /* never unknown: class 0 goes with class 1 */
		if (!found || dg_matcher_load(m, var, first) < dg_matcher_load(m, var, class))
			class = first;
		found = true;
	}
	return class;
}

/* The class that the view has of the fact, which is known. */
static uint32_t view_class(const struct dg_variable *v, const struct dg_fact *fact)
{
	const struct dg_set_automaton *set = &v->set;
	uint32_t state = 0;

	if (v->kind == DG_VAR_NUM)
		return dg_classifier_num(&v->values, fact->scalar.num & v->mask);
	if (v->kind == DG_VAR_STR)
		return dg_classifier_bytes(&v->values, fact->scalar.str);
	for (size_t i = 0; i < fact->element_count; i++) {
		const struct dg_literal *element = &fact->elements[i];
		uint32_t class = v->values.values == DG_VALUES_NUM
					 ? dg_classifier_num(&v->values, element->num)
					 : dg_classifier_bytes(&v->values, element->str);

		state = set->next[state * set->element_classes + class];
	}
	return set->class[state];
}

/*
 * One value with the classes chosen for the bound variables of the group; the others get the
 * classes that it has for them. 1, 0 when there is none, -E2BIG, -ENOMEM.
 */
static int settle_group(struct dg_analysis *a, uint32_t group)
{
	const struct dg_variable *vars = a->search.vars;
	uint32_t *at = a->points.at, *alone = a->search.classes;
	const struct dg_fact *fact = NULL;
	struct dg_witness w;
	int r;

	for (uint32_t v = 0; v < a->search.var_count; v++)
		alone[v] = vars[v].group == group && a->points.bound[v] ? at[v] : DG_CLASS_ANY;
	dg_arena_reset(a->arena);
	r = dg_symbols_device(a->fold->symbols, alone, a->arena, &w);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* What is asked of other groups' sets makes those known too. */
	for (int i = 0; i < DG_ATTR_MAX; i++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)i);

		if (w.device->facts[i].known && dg_attr_kind(attr) == vars[group].kind &&
		    attr->fact == vars[group].fact)
			fact = &w.device->facts[i];
	}
	for (uint32_t v = group; v < group + vars[group].group_count; v++)
		if (!a->points.bound[v])
			at[v] = fact ? view_class(&vars[v], fact) : 0;
	return 1;
}

int dg_analysis_settle(struct dg_analysis *a, uint32_t var)
{
	uint32_t group = a->search.vars[var].group;

	for (uint32_t i = 0; i < a->search.vars[group].group_count; i++)
		a->points.bound[group + i] = group + i == var;
	return settle_group(a, group);
}

static int settle_groups(struct dg_analysis *a)
{
	const struct dg_variable *vars = a->search.vars;
	int r = 1;

	for (uint32_t v = 0; v < a->search.var_count && r == 1; v += vars[v].group_count) {
		bool bound = dg_symbols_asked_also(a->fold->symbols, v);

		for (uint32_t i = 0; i < vars[v].group_count; i++)
			bound |= a->points.bound[v + i];
		if (bound && vars[v].group_count > 1)
			r = settle_group(a, v);
	}
	return r;
}

/* The long way, for a region whose first path no value goes. */
static int search_point(struct dg_analysis *a, dg_ref region)
{
	struct dg_analysis_points *p = &a->points;
	int r = dg_analysis_search(a, &dg_analysis_conditions, &region, 1);

	if (r != 1)
		return r;
	for (uint32_t v = 0; v < a->search.var_count; v++) {
		p->bound[v] = a->search.classes[v] != DG_CLASS_ANY;
		p->at[v] = p->bound[v] ? a->search.classes[v] : p->neutral[v];
	}
	return settle_groups(a);
}

int dg_analysis_point(struct dg_analysis *a, const struct dg_matcher *m, dg_ref region)
{
	struct dg_analysis_points *p = &a->points;
	bool grouped = dg_symbols_asked_also(a->fold->symbols, UINT32_MAX);
	int r = 1;

	if (region == DG_FALSE)
		return 0;
	memcpy(p->at, p->neutral, a->search.var_count * sizeof(*p->at));
	memset(p->bound, 0, a->search.var_count * sizeof(*p->bound));
	for (dg_ref ref = region; !dg_ref_terminal(ref);) {
		uint32_t var = dg_diagram_var(a->fold->diagram, ref);

		p->at[var] = choose_class(a, m, ref);
		p->bound[var] = true;
		grouped |= a->search.vars[var].group_count > 1;
		ref = dg_diagram_child(a->fold->diagram, ref, p->at[var]);
	}
	if (grouped)
		r = settle_groups(a);
	return r == 0 ? search_point(a, region) : r;
}

int dg_analysis_satisfiable(struct dg_analysis *a, dg_ref condition)
{
	/* A group's variables may contradict each other. */
	for (dg_ref ref = condition; !dg_ref_terminal(ref);) {
		size_t count;
		const struct dg_run *runs = dg_diagram_runs(a->fold->diagram, ref, &count);

		if (a->search.vars[dg_diagram_var(a->fold->diagram, ref)].group_count > 1)
			return dg_analysis_search(a, &dg_analysis_conditions, &condition, 1);
		ref = runs[0].child == DG_FALSE ? runs[1].child : runs[0].child;
	}
	return condition != DG_FALSE;
}

int dg_analysis_combine(struct dg_analysis *a, enum dg_apply op, dg_ref left, dg_ref right,
			dg_ref *ret)
{
	int r;

	dg_diagram_budget(a->fold->diagram, REGION_RUNS);
	r = dg_diagram_apply(a->fold->diagram, op, left, right, ret);
	dg_diagram_budget(a->fold->diagram, SIZE_MAX);
	return r;
}

static bool may_overlap(const struct dg_diagram *d, dg_ref f, dg_ref g, size_t *steps)
{
	uint32_t fv = dg_diagram_var(d, f), gv = dg_diagram_var(d, g);
	const struct dg_run *runs;
	dg_ref last = DG_FALSE;
	size_t count;

	if (f == DG_FALSE || g == DG_FALSE)
		return false;
	if (f == DG_TRUE || g == DG_TRUE || *steps == 0)
		return true;
	--*steps;
	if (fv > gv)
		return may_overlap(d, g, f, steps);
	runs = dg_diagram_runs(d, f, &count);
	if (fv < gv) {
		for (size_t i = 0; i < count; i++) {
			if (runs[i].child != last && may_overlap(d, runs[i].child, g, steps))
				return true;
			last = runs[i].child;
		}
		return false;
	}
	for (size_t i = 0, k = 0; i < count; i++) {
		const struct dg_run *others;
		size_t other_count;

		others = dg_diagram_runs(d, g, &other_count);
		while (k + 1 < other_count && others[k + 1].first <= runs[i].first)
			k++;
		for (size_t n = k; n < other_count; n++) {
			if (i + 1 < count && others[n].first >= runs[i + 1].first)
				break;
			if (may_overlap(d, runs[i].child, others[n].child, steps))
				return true;
		}
	}
	return false;
}

bool dg_analysis_may_overlap(const struct dg_analysis *a, dg_ref left, dg_ref right)
{
	size_t steps = OVERLAP_STEPS;

	return may_overlap(a->fold->diagram, left, right, &steps);
}
