/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "matcher.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

#define WIDE 1024	   /* classes of a test that is no longer looked at class by class */
#define NODES_MAX 32	   /* nodes of one match that are looked at */
#define CHILDREN_MAX 4	   /* different successors of a node that are looked at one by one */
#define RANGES_MAX 2048	   /* that one rule is kept under */
#define LOADS_MAX 16000000 /* counted in all */
#define CLAIMS_MAX 2000000 /* kept under classes in all */
#define TOO_MUCH UINT64_MAX

struct dg_matcher {
	const struct dg_diagram *diagram;
	uint32_t var_count;
	size_t *off;	 /* by variable: where its classes begin in what is by class */
	uint32_t *load;	 /* by class: the rules that ask for it */
	uint32_t *start; /* by class: its claims in @claims, up to those of the next */
	uint32_t *vars;	 /* those with claims under their classes */
	size_t used_count;
	struct dg_claim *claims; /* those of one class ascend by rank */
	struct dg_claim *wide;	 /* under no class, likewise */
	size_t wide_count;
};

/* The classes @first … @end - 1. */
struct range {
	uint32_t var, first, end;
};

struct build {
	struct dg_matcher *m;
	size_t nodes;			 /* of the match under work */
	size_t loads;			 /* left to be counted */
	size_t claims;			 /* left to be kept under classes */
	struct range buffer[RANGES_MAX]; /* a stack: ranges for the match under work */
	size_t buffer_count;
	struct range *ranges; /* of all claims */
	size_t range_count, range_room;
	size_t *first; /* by claim: its ranges, up to those of the next */
};

void dg_matcher_free(struct dg_matcher *m)
{
	if (!m)
		return;
	free(m->off);
	free(m->load);
	free(m->start);
	free(m->vars);
	free(m->claims);
	free(m->wide);
	free(m);
}
DEFINE_CLEANUP(struct dg_matcher *, dg_matcher_free, matcher)

static void build_done(struct build *b)
{
	free(b->ranges);
	free(b->first);
}

static uint32_t run_end(const struct dg_matcher *m, uint32_t var, const struct dg_run *runs,
			size_t count, size_t i)
{
	return i + 1 < count ? runs[i + 1].first : dg_diagram_class_count(m->diagram, var);
}

/* Classes for which the node leads to @child (DG_FALSE: to anything else). */
static size_t count_classes(const struct dg_matcher *m, dg_ref node, dg_ref child)
{
	uint32_t var = dg_diagram_var(m->diagram, node);
	size_t count, classes = 0;
	const struct dg_run *runs = dg_diagram_runs(m->diagram, node, &count);

	for (size_t i = 0; i < count; i++)
		if (runs[i].child != DG_FALSE && (child == DG_FALSE || runs[i].child == child))
			classes += run_end(m, var, runs, count, i) - runs[i].first;
	return classes;
}

/* Count the classes that the match asks for, at each of its nodes. */
static void add_loads(struct build *b, dg_ref node)
{
	const struct dg_matcher *m = b->m;
	uint32_t var = dg_diagram_var(m->diagram, node);
	const struct dg_run *runs;
	dg_ref last = DG_FALSE;
	size_t count, classes;

	if (dg_ref_terminal(node) || b->nodes++ >= NODES_MAX)
		return;
	classes = count_classes(m, node, DG_FALSE);
	runs = dg_diagram_runs(m->diagram, node, &count);
	for (size_t i = 0; i < count; i++) {
		if (runs[i].child == DG_FALSE)
			continue;
		if (classes <= WIDE && classes <= b->loads)
			for (uint32_t c = runs[i].first; c < run_end(m, var, runs, count, i); c++)
				m->load[m->off[var] + c]++;
		if (runs[i].child != last)
			add_loads(b, runs[i].child);
		last = runs[i].child;
	}
	b->loads -= classes <= b->loads ? classes : b->loads;
}

/*
 * Put the classes for which the node leads to @child (DG_FALSE: to anything else) on the stack.
 * Returns how many rules ask for them, or TOO_MUCH with nothing put there.
 */
static uint64_t put_classes(struct build *b, dg_ref node, dg_ref child)
{
	const struct dg_matcher *m = b->m;
	uint32_t var = dg_diagram_var(m->diagram, node);
	size_t count, before = b->buffer_count;
	const struct dg_run *runs = dg_diagram_runs(m->diagram, node, &count);
	uint64_t cost = 0;

	if (count_classes(m, node, child) > WIDE)
		return TOO_MUCH;
	for (size_t i = 0; i < count; i++) {
		struct range range = {var, runs[i].first, run_end(m, var, runs, count, i)};

		if (runs[i].child == DG_FALSE || (child != DG_FALSE && runs[i].child != child))
			continue;
		if (b->buffer_count == RANGES_MAX) {
			b->buffer_count = before;
			return TOO_MUCH;
		}
		b->buffer[b->buffer_count++] = range;
		for (uint32_t c = range.first; c < range.end; c++)
			cost += m->load[m->off[var] + c] + UINT64_C(1);
	}
	return cost;
}

/* The different successors but DG_FALSE; more than CHILDREN_MAX are not told apart. */
static size_t find_children(const struct dg_matcher *m, dg_ref node,
			    dg_ref children[static CHILDREN_MAX + 1])
{
	size_t count, found = 0;
	const struct dg_run *runs = dg_diagram_runs(m->diagram, node, &count);

	for (size_t i = 0; i < count && found <= CHILDREN_MAX; i++) {
		size_t k = 0;

		if (runs[i].child == DG_FALSE)
			continue;
		while (k < found && children[k] != runs[i].child)
			k++;
		if (k == found)
			children[found++] = runs[i].child;
	}
	return found;
}

static uint64_t put_cover(struct build *b, dg_ref node);

/* Every way to @child, by the classes that lead there or by what comes behind. As put_cover(). */
static uint64_t put_child(struct build *b, dg_ref node, dg_ref child)
{
	size_t before = b->buffer_count, between;
	uint64_t here = put_classes(b, node, child), behind;

	if (here <= 2)
		return here;
	between = b->buffer_count;
	behind = put_cover(b, child);
	if (behind < here) {
		memmove(b->buffer + before, b->buffer + between,
			(b->buffer_count - between) * sizeof(*b->buffer));
		b->buffer_count -= between - before;
		return behind;
	}
	b->buffer_count = between;
	return here;
}

/*
 * Put ranges on the stack of which every device that the match is true for is in one. Returns how
 * many rules ask for their classes, or TOO_MUCH with nothing put there.
 */
static uint64_t put_cover(struct build *b, dg_ref node)
{
	dg_ref children[CHILDREN_MAX + 1];
	size_t before = b->buffer_count, count;
	uint64_t cost = 0;

	if (dg_ref_terminal(node) || b->nodes++ >= NODES_MAX)
		return TOO_MUCH;
	count = find_children(b->m, node, children);
	if (count > CHILDREN_MAX)
		return put_classes(b, node, DG_FALSE);
	for (size_t i = 0; i < count; i++) {
		uint64_t one = put_child(b, node, children[i]);

		if (one == TOO_MUCH) {
			b->buffer_count = before;
			return TOO_MUCH;
		}
		cost += one;
	}
	return cost;
}

/* Classes on the stack. */
static size_t classes_on(const struct build *b)
{
	size_t classes = 0;

	for (size_t i = 0; i < b->buffer_count; i++)
		classes += b->buffer[i].end - b->buffer[i].first;
	return classes;
}

/* The ranges that each claim is kept under, and how many claims each class has. */
static int find_ranges(struct build *b, const struct dg_claim *claims, size_t count)
{
	struct dg_matcher *m = b->m;
	int r;

	for (size_t i = 0; i < count; i++) {
		b->first[i] = b->range_count;
		b->buffer_count = b->nodes = 0;
		if (claims[i].match == DG_FALSE)
			continue;
		if (put_cover(b, claims[i].match) == TOO_MUCH || classes_on(b) > b->claims) {
			m->wide[m->wide_count++] = claims[i];
			continue;
		}
		b->claims -= classes_on(b);
		r = dg_array_reserve(&b->ranges, &b->range_room, b->range_count + b->buffer_count,
				     sizeof(*b->ranges));
		if (r < 0)
			return r;
		memcpy(b->ranges + b->range_count, b->buffer, b->buffer_count * sizeof(*b->buffer));
		b->range_count += b->buffer_count;
	}
	b->first[count] = b->range_count;
	for (size_t i = 0; i < b->range_count; i++) {
		const struct range *range = &b->ranges[i];

		for (uint32_t c = range->first; c < range->end; c++)
			m->start[m->off[range->var] + c]++;
	}
	return 0;
}

/* From how many claims a class has to where they begin; and the variables that have some. */
static size_t place_classes(struct dg_matcher *m)
{
	size_t total = 0;

	for (uint32_t v = 0; v < m->var_count; v++) {
		size_t before = total;

		for (size_t i = m->off[v]; i < m->off[v + 1]; i++) {
			size_t here = m->start[i];

			m->start[i] = (uint32_t)total;
			total += here;
		}
		if (total > before)
			m->vars[m->used_count++] = v;
	}
	m->start[m->off[m->var_count]] = (uint32_t)total;
	return total;
}

static int place_claims(struct build *b, const struct dg_claim *claims, size_t count)
{
	struct dg_matcher *m = b->m;
	size_t classes = m->off[m->var_count], total = place_classes(m);
	_cleanup_free_ uint32_t *next = malloc((classes + 1) * sizeof(*next));

	m->claims = calloc(total + 1, sizeof(*m->claims));
	if (!next || !m->claims)
		return -ENOMEM;
	memcpy(next, m->start, classes * sizeof(*next));
	for (size_t i = 0; i < count; i++)
		for (size_t k = b->first[i]; k < b->first[i + 1]; k++) {
			const struct range *range = &b->ranges[k];

			for (uint32_t c = range->first; c < range->end; c++)
				m->claims[next[m->off[range->var] + c]++] = claims[i];
		}
	return 0;
}

static int new_matcher(const struct dg_diagram *d, uint32_t var_count, size_t claim_count,
		       struct dg_matcher **ret)
{
	_cleanup_(dg_cleanup_matcher) struct dg_matcher *m = calloc(1, sizeof(*m));
	size_t classes = 0;

	if (!m)
		return -ENOMEM;
	m->diagram = d;
	m->var_count = var_count;
	m->off = calloc(var_count + UINT64_C(1), sizeof(*m->off));
	m->vars = calloc(var_count + UINT64_C(1), sizeof(*m->vars));
	m->wide = calloc(claim_count + 1, sizeof(*m->wide));
	if (!m->off || !m->vars || !m->wide)
		return -ENOMEM;
	for (uint32_t v = 0; v < var_count; v++) {
		m->off[v] = classes;
		classes += dg_diagram_class_count(d, v);
	}
	m->off[var_count] = classes;
	m->load = calloc(classes + 1, sizeof(*m->load));
	m->start = calloc(classes + 1, sizeof(*m->start));
	if (!m->load || !m->start)
		return -ENOMEM;
	*ret = TAKE_PTR(m);
	return 0;
}

int dg_matcher_new(const struct dg_diagram *d, uint32_t var_count, const struct dg_claim *claims,
		   size_t count, struct dg_matcher **ret)
{
	_cleanup_(dg_cleanup_matcher) struct dg_matcher *m = NULL;
	_cleanup_(build_done) struct build b = {.loads = LOADS_MAX, .claims = CLAIMS_MAX};
	int r = new_matcher(d, var_count, count, &m);

	if (r < 0)
		return r;
	b.m = m;
	b.first = calloc(count + 1, sizeof(*b.first));
	if (!b.first)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		b.nodes = 0;
		add_loads(&b, claims[i].match);
	}
	r = find_ranges(&b, claims, count);
	if (r >= 0)
		r = place_claims(&b, claims, count);
	if (r >= 0)
		*ret = TAKE_PTR(m);
	return r;
}

uint32_t dg_matcher_load(const struct dg_matcher *m, uint32_t var, uint32_t class)
{
	return m->load[m->off[var] + class];
}

/* One more rule that matches: which are the two first, and who is passed over before the second? */
static void take(struct dg_decision *d, const struct dg_claim *claim)
{
	if (claim->permissive) {
		if (claim->rank < d->would)
			d->would = claim->rank;
	} else if (claim->rank < d->rank) {
		d->second = d->rank;
		d->rank = claim->rank;
	} else if (claim->rank > d->rank && claim->rank < d->second) {
		d->second = claim->rank;
	}
}

static void take_matching(const struct dg_matcher *m, const struct dg_claim *claims, size_t count,
			  const uint32_t *classes, struct dg_decision *d)
{
	for (size_t i = 0; i < count && claims[i].rank < d->second; i++) {
		dg_ref ref = claims[i].match;

		while (!dg_ref_terminal(ref))
			ref = dg_diagram_child(m->diagram, ref,
					       classes[dg_diagram_var(m->diagram, ref)]);
		if (ref == DG_TRUE)
			take(d, &claims[i]);
	}
}

struct dg_decision dg_matcher_decide(const struct dg_matcher *m, const uint32_t *classes)
{
	struct dg_decision d = {DG_RANK_NONE, DG_RANK_NONE, DG_RANK_NONE};

	for (size_t i = 0; i < m->used_count; i++) {
		const uint32_t *start = m->start + m->off[m->vars[i]] + classes[m->vars[i]];

		take_matching(m, m->claims + start[0], start[1] - start[0], classes, &d);
	}
	take_matching(m, m->wide, m->wide_count, classes, &d);
	if (d.would >= d.second)
		d.would = DG_RANK_NONE;
	return d;
}
