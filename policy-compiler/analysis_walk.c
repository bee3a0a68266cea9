/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From a device to one that is looked for, one fact after the other: a random walk, as for
 * satisfiability (WalkSAT, Selman et al. 1994).
 *
 * Where a rule stands in the way, a fact that it asks for is given another class, so that it
 * matches no more. Of several such changes the one is taken after which the next rule in the way
 * comes last; now and then any. It finds what is there among thousands of rules, and proves
 * nothing.
 */
#include <string.h>

#include "analysis_parts.h"

#define STEPS 60
#define CHOICES 16   /* changes that are compared in a step */
#define NOISE 8	     /* one step in so many takes any change */
#define FACTS_MAX 64 /* facts of a rule that are thought of */
#define GROUP_MAX 64 /* variables of a fact */
#define GROUP_COST 4 /* of finding a value for classes of several variables, in points */

struct walk {
	struct dg_analysis *a;
	const struct dg_matcher *matcher;
	dg_ref stay;
	uint64_t random;
	const struct dg_walk_goal *goal;
};

static uint32_t random_below(struct walk *w, size_t count)
{
	w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((w->random >> 33) % count);
}

static bool holds(const struct walk *w, dg_ref ref)
{
	const struct dg_diagram *d = w->a->fold->diagram;

	while (!dg_ref_terminal(ref))
		ref = dg_diagram_child(d, ref, w->a->points.at[dg_diagram_var(d, ref)]);
	return ref == DG_TRUE;
}

/* Another class for the fact that @node asks for, and what goes with it. 1, 0: none, negative
 * errno. */
static int change(struct walk *w, dg_ref node)
{
	struct dg_analysis *a = w->a;
	const struct dg_diagram *d = a->fold->diagram;
	uint32_t var = dg_diagram_var(d, node), *at = &a->points.at[var];
	const struct dg_variable *v = &a->search.vars[var];
	dg_ref now = dg_diagram_child(d, node, *at);
	size_t count, i;
	const struct dg_run *runs = dg_diagram_runs(d, node, &count);
	uint32_t end, class;

	i = random_below(w, count);
	if (runs[i].child == now)
		return 0;
	end = i + 1 < count ? runs[i + 1].first : v->class_count;
	class = runs[i].first + random_below(w, end - runs[i].first);
	if (class == 0 && (v->kind == DG_VAR_TIME || v->kind == DG_VAR_CLOCK))
		return 0; /* never unknown */
	*at = class;
	return v->group_count > 1 ? dg_analysis_settle(a, var) : 1;
}

/* The nodes that the device takes through the match of a rule. */
static size_t path_of(const struct walk *w, dg_ref ref, dg_ref path[FACTS_MAX])
{
	const struct dg_diagram *d = w->a->fold->diagram;
	size_t count = 0;

	while (!dg_ref_terminal(ref) && count < FACTS_MAX) {
		path[count++] = ref;
		ref = dg_diagram_child(d, ref, w->a->points.at[dg_diagram_var(d, ref)]);
	}
	return count;
}

static uint32_t judge(struct walk *w)
{
	struct dg_decision d = dg_matcher_decide(w->matcher, w->a->points.at);

	return w->goal->obstacle(w->goal->data, &d);
}

/* What a change was, to take it back. */
struct group_classes {
	uint32_t first, count, classes[GROUP_MAX];
};

static void keep(const struct walk *w, uint32_t var, struct group_classes *ret)
{
	const struct dg_variable *v = &w->a->search.vars[var];

	ret->first = v->group;
	ret->count = w->a->search.vars[v->group].group_count;
	memcpy(ret->classes, w->a->points.at + ret->first, ret->count * sizeof(*ret->classes));
}

static void put(const struct walk *w, const struct group_classes *kept)
{
	memcpy(w->a->points.at + kept->first, kept->classes, kept->count * sizeof(*kept->classes));
}

/* Past the rule of the rank: 1, *@ret is what the goal says then. 0: no way found. Negative errno.
 */
static int step(struct walk *w, uint32_t rank, uint32_t *ret)
{
	struct dg_analysis *a = w->a;
	dg_ref match = a->match[a->fold->rule_of[rank]], path[FACTS_MAX];
	size_t count = path_of(w, match, path);
	bool any = random_below(w, NOISE) == 0, found = false;
	struct group_classes before, best = {};
	uint32_t best_next = DG_WALK_LOST;

	for (size_t i = 0; i < CHOICES && count > 0; i++) {
		dg_ref node = path[random_below(w, count)];
		uint32_t var = dg_diagram_var(a->fold->diagram, node), next;
		const struct dg_variable *v = &a->search.vars[var];
		size_t cost = v->group_count > 1 ? GROUP_COST : 1;
		int r;

		if (a->search.vars[v->group].group_count > GROUP_MAX)
			continue;
		if (a->points.walks_left < cost)
			return -E2BIG;
		a->points.walks_left -= cost;
		keep(w, var, &before);
		r = change(w, node);
		if (r < 0)
			return r;
		if (r == 1 && !holds(w, match) && holds(w, w->stay)) {
			next = judge(w);
			if (!found || next > best_next) {
				found = true;
				best_next = next;
				keep(w, var, &best);
			}
		}
		put(w, &before);
		if (found && any)
			break;
	}
	if (!found)
		return 0;
	put(w, &best);
	*ret = best_next;
	return 1;
}

int dg_analysis_walk(struct dg_analysis *a, const struct dg_matcher *m, dg_ref stay,
		     const struct dg_walk_goal *goal)
{
	struct walk w = {.a = a, .matcher = m, .stay = stay, .random = stay, .goal = goal};
	uint32_t at = holds(&w, stay) ? judge(&w) : DG_WALK_LOST;
	int r = 1;

	for (size_t i = 0; i < STEPS && at != DG_WALK_THERE && at != DG_WALK_LOST && r == 1; i++)
		r = step(&w, at - 1, &at);
	return r < 0 ? r : at == DG_WALK_THERE;
}
