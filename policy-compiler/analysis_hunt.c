/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Does a rule decide, and does it matter? Asked of devices one by one (analysis_points.c).
 *
 * Either a device is what is looked for, or it shows a reason why not (an earlier rule decides; the
 * next rule gives the same), and all devices with that reason leave the region. An empty region is
 * a proof. Most rules take one device.
 */
#include <string.h>

#include "analysis_parts.h"
#include "util.h"

#define TRIES_MAX 128 /* devices for one rule on one operation */
#define WALK_AFTER 4  /* of them, where none shows it yet */

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
	dg_ref start; /* the rule's match with the clock synchronised, as soon as it is refined */
	bool refined; /* the region is no longer the rule's match */
	bool alike;   /* somewhere the next rule gives the same */
	bool walked;
	size_t tries;
};

/* The region is worked on from now on: with the clock synchronised in what is left of it. */
static int refine(struct hunt *h)
{
	int r = 0;

	if (!h->refined && h->a->synced != DG_TRUE)
		r = dg_analysis_combine(h->a, DG_APPLY_AND, h->region, h->a->synced, &h->region);
	if (!h->refined)
		h->start = h->region;
	h->refined = true;
	return r;
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

/* A permissive rule is passed over, and here another one before it: so it is wherever that matches.
 */
static int leave_to_named(struct hunt *h, uint32_t would)
{
	int r = refine(h);

	h->alike = true;
	if (r >= 0)
		r = dg_analysis_combine(h->a, DG_APPLY_BUT, h->region,
					h->a->match[h->a->fold->rule_of[would]], &h->region);
	return r;
}

/* What is in the way of a device that shows that the rule matters. */
static uint32_t obstacle(void *data, const struct dg_decision *d)
{
	struct hunt *h = data;

	if (d->rank < h->rank)
		return 1 + d->rank;
	note_decides(h);
	if (h->a->passed_over[h->rank])
		return d->would == h->rank ? DG_WALK_THERE : 1 + d->would;
	if (changes(h, d))
		return DG_WALK_THERE;
	return d->second == DG_RANK_NONE ? DG_WALK_LOST : 1 + d->second;
}

/* From a device that is still open. 1: one is found; 0; -ENOMEM. */
static int walk(struct hunt *h)
{
	const struct dg_walk_goal goal = {.obstacle = obstacle, .data = h};
	int r;

	h->walked = true;
	/* The last one looked at may have been given up half way. */
	r = dg_analysis_point(h->a, h->matcher, h->region);
	if (r == 1)
		r = dg_analysis_walk(h->a, h->matcher, h->start, &goal);
	return r == -E2BIG ? 0 : r; /* other ways are open */
}

/* What the device shows leaves the region, unless it is that the rule matters: 1. 0, negative
 * errno. */
static int judge_point(struct hunt *h, const struct dg_decision *d)
{
	bool permissive = h->a->passed_over[h->rank];

	if (d->rank < h->rank)
		return leave_to(h, d->rank);
	note_decides(h);
	if (!(permissive ? d->would == h->rank : changes(h, d)))
		return permissive ? leave_to_named(h, d->would) : leave_alike(h, d);
	if (h->refined && !h->alike)
		learn(h);
	return 1;
}

/* 1: the rule matters; 0: it does not; -E2BIG. */
static int hunt(struct hunt *h)
{
	struct dg_decision d;
	int r;

	for (;;) {
		r = next_point(h, h->region, &d);
		if (r != 1)
			break;
		r = judge_point(h, &d);
		if (r == 0 && h->tries == WALK_AFTER)
			r = walk(h);
		if (r != 0)
			break;
	}
	if (r != -E2BIG || !h->refined || h->walked)
		return r;
	r = walk(h);
	return r == 0 ? -E2BIG : r; /* a walk proves nothing */
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
