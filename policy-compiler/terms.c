/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#define _GNU_SOURCE /* qsort_r() */
#include "terms.h"

#include <stdlib.h>

#include "array.h"

#define SPLITS_MAX 1024	      /* rules that are split */
#define SPLIT_RUNS (1U << 18) /* work on splitting one */

void dg_terms_done(struct dg_terms *terms)
{
	free(terms->terms);
	free(terms->literals);
	free(terms->ranges);
}

/* Does an earlier run of the node lead to the successor of run @i? */
static bool is_repeated(const struct dg_run *runs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (runs[k].child == runs[i].child)
			return true;
	return false;
}

/* The successors of a node that are not false, each once, at most @most of them. */
static size_t successors(const struct dg_diagram *d, dg_ref node, dg_ref *ret, size_t most)
{
	size_t count, found = 0;
	const struct dg_run *runs = dg_diagram_runs(d, node, &count);

	for (size_t i = 0; i < count && found < most; i++) {
		size_t k = 0;

		while (k < found && ret[k] != runs[i].child)
			k++;
		if (k == found && runs[i].child != DG_FALSE)
			ret[found++] = runs[i].child;
	}
	return found;
}

size_t dg_terms_count(const struct dg_diagram *d, dg_ref condition)
{
	dg_ref next[DG_TERMS_PER_RULE + 1];
	size_t total = 0, count;

	if (dg_ref_terminal(condition))
		return condition == DG_TRUE;
	count = successors(d, condition, next, DG_TERMS_PER_RULE + 1);
	for (size_t i = 0; i < count && total <= DG_TERMS_PER_RULE; i++)
		total += dg_terms_count(d, next[i]);
	return total <= DG_TERMS_PER_RULE ? total : DG_TERMS_PER_RULE + 1;
}

static const struct dg_fold_split *split_of(const struct dg_fold *f, uint32_t rule)
{
	for (size_t i = 0; i < f->split_count; i++)
		if (f->splits[i].rule == rule)
			return &f->splits[i];
	return NULL;
}

/* The alternatives of one rule so far. */
struct splitting {
	struct dg_fold *fold;
	size_t terms;
};

static int add_alternative(void *data, dg_ref condition)
{
	struct splitting *s = data;
	struct dg_fold *f = s->fold;
	size_t terms = dg_terms_count(f->diagram, condition);
	int r;

	s->terms += terms;
	if (terms > DG_TERMS_PER_RULE || s->terms > DG_TERMS_SPLIT)
		return -E2BIG;
	r = dg_array_reserve(&f->alternatives, &f->alternative_room, f->alternative_count + 1,
			     sizeof(*f->alternatives));
	if (r >= 0)
		f->alternatives[f->alternative_count++] = condition;
	return r;
}

/* 0, -ENOMEM, -E2BIG: that does not make it fewer. */
static int split(struct dg_fold *f, uint32_t rule)
{
	const struct dg_rule_node *node = &f->policy->rules[rule];
	enum dg_sense sense = node->effect == DG_EFFECT_ALLOW ? DG_IS_TRUE : DG_NOT_FALSE;
	struct splitting s = {.fold = f};
	size_t first = f->alternative_count;
	dg_ref live = DG_TRUE;
	int r = 0;

	dg_diagram_budget(f->diagram, SPLIT_RUNS);
	if (node->has_from || node->has_until)
		r = dg_condition_live(&f->conditions, node, &live);
	if (r >= 0)
		r = dg_condition_each(&f->conditions, node->where, sense, live, DG_TERMS_SPLIT,
				      add_alternative, &s);
	dg_diagram_budget(f->diagram, SIZE_MAX);
	if (r >= 0)
		r = dg_array_reserve(&f->splits, &f->split_room, f->split_count + 1,
				     sizeof(*f->splits));
	if (r >= 0)
		f->splits[f->split_count++] = (struct dg_fold_split){
			.rule = rule, .first = first, .count = f->alternative_count - first};
	else
		f->alternative_count = first;
	return r;
}

int dg_terms_possible(struct dg_fold *f, uint32_t rule)
{
	int r;

	if (split_of(f, rule) ||
	    (!f->split_all && dg_terms_count(f->diagram, f->match[rule]) <= DG_TERMS_PER_RULE))
		return 1;
	if (f->split_count == SPLITS_MAX)
		return 0;
	r = split(f, rule);
	return r == -E2BIG ? 0 : r < 0 ? r : 1;
}

/* A walk down a condition, with a literal for each node that it came by. */
struct path {
	struct dg_terms *out;
	const struct dg_diagram *diagram;
	struct dg_term_literal *literals;
	size_t count, room;
	struct dg_term term; /* rank and permissive */
};

static int add_term(struct path *p)
{
	struct dg_terms *out = p->out;
	int r = dg_array_reserve(&out->terms, &out->room, out->count + 1, sizeof(*out->terms));

	if (r >= 0)
		r = dg_array_reserve(&out->literals, &out->literal_room,
				     out->literal_count + p->count + 1, sizeof(*out->literals));
	if (r < 0)
		return r;
	p->term.literal = out->literal_count;
	p->term.literal_count = p->count;
	for (size_t i = 0; i < p->count; i++)
		out->literals[out->literal_count++] = p->literals[i];
	out->terms[out->count++] = p->term;
	return 0;
}

/* The classes for which @node goes on at the successor of its run @which. */
static int add_literal(struct path *p, dg_ref node, size_t which)
{
	struct dg_terms *out = p->out;
	uint32_t var = dg_diagram_var(p->diagram, node);
	size_t count;
	const struct dg_run *runs = dg_diagram_runs(p->diagram, node, &count);
	struct dg_term_literal *literal;
	int r;

	r = dg_array_reserve(&p->literals, &p->room, p->count + 1, sizeof(*p->literals));
	if (r >= 0)
		r = dg_array_reserve(&out->ranges, &out->range_room, out->range_count + count,
				     sizeof(*out->ranges));
	if (r < 0)
		return r;
	literal = &p->literals[p->count++];
	*literal = (struct dg_term_literal){.var = var, .range = out->range_count};
	for (size_t i = which; i < count; i++)
		if (runs[i].child == runs[which].child)
			out->ranges[out->range_count++] = (struct dg_range){
				.first = runs[i].first,
				.end = i + 1 < count ? runs[i + 1].first
						     : dg_diagram_class_count(p->diagram, var)};
	literal->range_count = out->range_count - literal->range;
	return 0;
}

static int add_paths(struct path *p, dg_ref ref)
{
	const struct dg_run *runs;
	size_t count;
	int r = 0;

	if (dg_ref_terminal(ref))
		return ref == DG_TRUE ? add_term(p) : 0;
	runs = dg_diagram_runs(p->diagram, ref, &count);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (runs[i].child == DG_FALSE || is_repeated(runs, i))
			continue;
		r = add_literal(p, ref, i);
		if (r >= 0) {
			r = add_paths(p, runs[i].child);
			p->count--;
		}
	}
	return r;
}

/* By the first literal, the one on the variable with the most classes; then by rank. */
static int compare_terms(const void *a, const void *b, void *data)
{
	const struct dg_terms *terms = data;
	const struct dg_term *x = a, *y = b;
	const struct dg_term_literal *p = &terms->literals[x->literal];
	const struct dg_term_literal *q = &terms->literals[y->literal];

	if (!x->literal_count != !y->literal_count)
		return x->literal_count ? -1 : 1;
	if (x->literal_count > 0) {
		const struct dg_range *m = &terms->ranges[p->range], *n = &terms->ranges[q->range];

		if (p->var != q->var)
			return p->var < q->var ? -1 : 1;
		if (m->first != n->first)
			return m->first < n->first ? -1 : 1;
	}
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->literal > y->literal) - (x->literal < y->literal);
}

int dg_terms_make(struct dg_terms *terms, const struct dg_fold *f, const uint32_t *rules,
		  size_t count)
{
	struct path p = {.out = terms, .diagram = f->diagram};
	const struct dg_fold_split *s;
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		p.term.rank = f->rank[rules[i]];
		p.term.permissive = f->policy->rules[rules[i]].permissive;
		s = split_of(f, rules[i]);
		if (!s)
			r = add_paths(&p, f->match[rules[i]]);
		for (size_t k = 0; s && k < s->count && r >= 0; k++)
			r = add_paths(&p, f->alternatives[s->first + k]);
	}
	free(p.literals);
	if (r >= 0 && terms->count > 1)
		qsort_r(terms->terms, terms->count, sizeof(*terms->terms), compare_terms, terms);
	return r;
}
