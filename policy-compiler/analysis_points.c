/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Devices looked at one by one: what mostly settles a question about a rule.
 *
 * A region is a condition: the devices that are still open. One of them is picked and judged by the
 * matcher. Either it is what is looked for, or it shows a reason why not (an earlier rule decides;
 * the next rule gives the same), and all devices with that reason leave the region. An empty region
 * is a proof. Most rules take one device, for it is picked so that few other rules match it.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_parts.h"
#include "util.h"

#define TRIES_MAX 128	  /* devices for one rule on one operation */
#define REGION_RUNS 65536 /* work on one region */
#define OVERLAP_STEPS 256 /* until two conditions are put together to see */
#define PLAIN_TIMES 1024  /* classes of the time that a witness is tried at */

/* The question whether a rule decides, and matters, on one operation. */
struct hunt {
	struct dg_analysis *a;
	const struct dg_matcher *matcher;
	struct dg_analysis_finding *finding;
	uint32_t rank;
	unsigned int op;
	bool first; /* of the rule's operations: who stands before is noted */
	uint8_t kind, default_kind;
	dg_ref region;
	bool refined; /* the region is no longer the rule's match */
	bool alike;   /* somewhere the next rule gives the same */
	size_t tries;
};

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

/* The region is worked on from now on: with the clock synchronised in what is left of it. */
static int refine(struct hunt *h)
{
	int r = 0;

	if (!h->refined && h->a->synced != DG_TRUE)
		r = dg_analysis_combine(h->a, DG_APPLY_AND, h->region, h->a->synced, &h->region);
	h->refined = true;
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

/* Does something else come out without the rule, which decides here? */
static bool changes(const struct hunt *h, const struct dg_decision *d)
{
	uint8_t kind = d->second == DG_RANK_NONE ? h->default_kind : h->a->kind_of[d->second];

	return dg_analysis_differ(h->a, h->rank, h->kind, kind, d->second, d->would);
}

/* Another device, the hunt's budget permitting. As dg_analysis_point(). */
static int next_point(struct hunt *h, dg_ref region, struct dg_decision *ret)
{
	int r;

	if (h->tries == TRIES_MAX || (h->tries > 0 && h->a->points.left == 0))
		return -E2BIG;
	if (h->tries++ > 0)
		h->a->points.left--;
	r = dg_analysis_point(h->a, h->matcher, region);
	if (r == 1)
		*ret = dg_matcher_decide(h->matcher, h->a->points.at);
	return r;
}

/* The rule of the rank stands before: its devices are out of question. */
static int leave_to(struct hunt *h, uint32_t rank)
{
	uint32_t rule = h->a->fold->rule_of[rank];
	int r = refine(h);

	if (h->first) {
		if (h->finding->before_count < DG_ANALYSIS_BEFORE_MAX)
			h->finding->before[h->finding->before_count] = rule;
		h->finding->before_count++;
	}
	if (r >= 0)
		r = dg_analysis_combine(h->a, DG_APPLY_BUT, h->region, h->a->match[rule],
					&h->region);
	return r;
}

/*
 * Would a device of *@region that the rule of @rank matches show a change? 1: it does. What rules
 * before decide on the way leaves the region.
 */
static int try_next(struct hunt *h, uint32_t rank, dg_ref *region)
{
	struct dg_analysis *a = h->a;
	dg_ref match = a->match[a->fold->rule_of[rank]], both;
	struct dg_decision d;
	int r;

	for (;;) {
		r = dg_analysis_combine(a, DG_APPLY_AND, *region, match, &both);
		if (r >= 0)
			r = next_point(h, both, &d);
		if (r != 1)
			return r;
		if (d.rank >= h->rank)
			break;
		r = leave_to(h, d.rank);
		if (r >= 0)
			r = dg_analysis_combine(a, DG_APPLY_BUT, *region,
						a->match[a->fold->rule_of[d.rank]], region);
		if (r < 0)
			return r;
	}
	if (!changes(h, &d))
		return 0;
	a->points.hints[h->kind >> 1] = rank;
	return 1;
}

/* Without the rule something else may come out where the rule of @rank, a later one, matches. */
static bool is_other(const struct hunt *h, uint32_t rank, bool passed_over)
{
	const struct dg_analysis *a = h->a;

	if (!(a->ops_of[rank] >> h->op & 1))
		return false;
	return a->passed_over[rank] ? !passed_over : a->kind_of[rank] != h->kind;
}

/*
 * The rule decides here, and the next one gives the same. So it is wherever that one matches and
 * none between them that gives something else: these devices leave the region. When on the way
 * there is one for which something else comes out: 1.
 */
static int leave_alike(struct hunt *h, const struct dg_decision *at)
{
	struct dg_analysis *a = h->a;
	bool passed_over = at->would < h->rank;
	uint32_t end = at->second, count = (uint32_t)a->policy->rule_count;
	uint32_t hint = a->points.hints[h->kind >> 1];
	dg_ref alike;
	int r;

	/* What is due for a rule passed over may make up for what is not due for this one. */
	if ((end == DG_RANK_NONE ? h->default_kind : a->kind_of[end]) != h->kind)
		return -E2BIG;
	h->alike = true;
	/* Before any copy of it: what a rule with `until` leaves may be a clock that is not set. */
	r = refine(h);
	if (r == 0 && hint > h->rank && hint < count && is_other(h, hint, passed_over)) {
		dg_ref region = h->region;

		r = try_next(h, hint, &region);
		if (r != 0)
			return r;
	}
	alike = h->region;
	if (r == 0 && end != DG_RANK_NONE)
		r = dg_analysis_combine(a, DG_APPLY_AND, alike, a->match[a->fold->rule_of[end]],
					&alike);
	if (r == 0 && passed_over)
		r = dg_analysis_combine(a, DG_APPLY_AND, alike,
					a->match[a->fold->rule_of[at->would]], &alike);
	for (uint32_t rank = h->rank + 1; rank < count && rank < end && r == 0; rank++) {
		dg_ref match = a->match[a->fold->rule_of[rank]];

		if (!is_other(h, rank, passed_over) || !dg_analysis_may_overlap(a, alike, match))
			continue;
		r = try_next(h, rank, &alike);
		if (r == 0)
			r = dg_analysis_combine(a, DG_APPLY_BUT, alike, match, &alike);
	}
	if (r == 0)
		r = dg_analysis_combine(a, DG_APPLY_BUT, h->region, alike, &h->region);
	return r;
}

/* The rule decides here, or is passed over. */
static void note_decides(struct hunt *h)
{
	struct dg_analysis_finding *f = h->finding;

	if (f->decides == DG_FOUND_SOME)
		return;
	f->decides = DG_FOUND_SOME;
	f->op = h->op;
	memcpy(h->a->points.decided, h->a->points.at,
	       h->a->search.var_count * sizeof(*h->a->points.at));
}

/* What the rule does not ask for is best as it was found to be, for the next rules, too. */
static void learn(struct hunt *h)
{
	struct dg_analysis *a = h->a;
	struct dg_analysis_points *p = &a->points;
	dg_ref ref = a->match[a->fold->rule_of[h->rank]];

	memset(p->bound, 0, a->search.var_count * sizeof(*p->bound));
	for (; !dg_ref_terminal(ref);
	     ref = dg_diagram_child(a->fold->diagram, ref,
				    p->at[dg_diagram_var(a->fold->diagram, ref)]))
		p->bound[a->search.vars[dg_diagram_var(a->fold->diagram, ref)].group] = true;
	for (uint32_t v = 0; v < a->search.var_count; v++)
		if (!p->bound[a->search.vars[v].group])
			p->neutral[v] = p->at[v];
}

/* A permissive rule is passed over, and here another one before it: so it is wherever that matches. */
static int leave_to_named(struct hunt *h, uint32_t would)
{
	int r = refine(h);

	h->alike = true;
	if (r >= 0)
		r = dg_analysis_combine(h->a, DG_APPLY_BUT, h->region,
					h->a->match[h->a->fold->rule_of[would]], &h->region);
	return r;
}

/* 1: the rule matters; 0: it does not; -E2BIG. */
static int hunt(struct hunt *h)
{
	struct dg_decision d;
	int r;

	for (;;) {
		r = next_point(h, h->region, &d);
		if (r != 1)
			return r;
		if (d.rank < h->rank) {
			r = leave_to(h, d.rank);
		} else {
			bool permissive = h->a->passed_over[h->rank];

			note_decides(h);
			if (permissive ? d.would == h->rank : changes(h, &d)) {
				if (h->refined && !h->alike)
					learn(h);
				return 1;
			}
			r = permissive ? leave_to_named(h, d.would) : leave_alike(h, &d);
		}
		if (r != 0)
			return r;
	}
}

static int hunt_on(struct dg_analysis *a, uint32_t rule, unsigned int op,
		   struct dg_analysis_finding *finding)
{
	struct hunt h = {.a = a,
			 .finding = finding,
			 .rank = a->fold->rank[rule],
			 .op = op,
			 .first = op == (unsigned int)__builtin_ctz(a->policy->rules[rule].ops),
			 .region = a->match[rule],
			 .default_kind =
				 dg_analysis_kind(a->policy->defaults[op], DG_AUDIT_DENIED)};
	int r = dg_analysis_matcher(a, op, &h.matcher);

	if (r < 0)
		return r;
	h.kind = a->kind_of[h.rank];
	return hunt(&h);
}

int dg_analysis_by_points(struct dg_analysis *a, uint32_t rule, struct dg_analysis_finding *ret)
{
	struct dg_analysis_finding f = {};
	bool open = false;
	int r;

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!dg_analysis_asks(a, rule, op, !a->policy->rules[rule].permissive))
			continue;
		r = hunt_on(a, rule, op, &f);
		if (r == 1) {
			f.matters = DG_FOUND_SOME;
			*ret = f;
			return 0;
		}
		if (r < 0 && r != -E2BIG)
			return r;
		open |= r == -E2BIG;
	}
	if (open) {
		f.matters = DG_FOUND_UNDECIDED;
		if (f.decides != DG_FOUND_SOME)
			f.decides = DG_FOUND_UNDECIDED;
	}
	*ret = f;
	return 0;
}

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
