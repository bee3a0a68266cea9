/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "fold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "fold_build.h"
#include "support.h"

#define SLACK_PER_RULE 8
#define SLACK_LEAST 4096
#define SLACK_MOST 65536

void dg_fold_free(struct dg_fold *fold)
{
	if (!fold)
		return;
	dg_conditions_done(&fold->conditions);
	for (size_t i = 0; i < fold->column_count; i++) {
		free(fold->columns[i].rules);
		free(fold->columns[i].groups);
	}
	if (!fold->borrowed) {
		dg_symbols_free(fold->symbols);
		dg_diagram_free(fold->diagram);
	}
	free(fold->rank);
	free(fold->rule_of);
	free(fold->match);
	free(fold);
}

static int rank_rules(struct dg_fold *f)
{
	size_t count = f->policy->rule_count;
	uint32_t next = 0;

	f->rank = calloc(count + 1, sizeof(*f->rank));
	f->rule_of = calloc(count + 1, sizeof(*f->rule_of));
	f->match = calloc(count + 1, sizeof(*f->match));
	if (!f->rank || !f->rule_of || !f->match)
		return -ENOMEM;
	for (int forbids = 1; forbids >= 0; forbids--)
		for (uint32_t i = 0; i < count; i++)
			if ((f->policy->rules[i].effect == DG_EFFECT_FORBID) == forbids) {
				f->rule_of[next] = i;
				f->rank[i] = next++;
			}
	return 0;
}

/* Where and when the rule matches. */
static int build_match(struct dg_fold *f, const struct dg_rule_node *rule, dg_ref *ret)
{
	enum dg_truth truth = rule->effect == DG_EFFECT_ALLOW ? DG_IS_TRUE : DG_NOT_FALSE;
	dg_ref live = DG_TRUE, condition;
	int r;

	r = dg_condition(&f->conditions, rule->where, truth, &condition);
	if (r >= 0 && (rule->has_from || rule->has_until))
		r = dg_condition_live(&f->conditions, rule, &live);
	if (r < 0)
		return r;
	return dg_diagram_apply(f->diagram, DG_APPLY_AND, condition, live, ret);
}

/*
 * Rules of operation @op in the order of ranks, those with equal support together: @support is by
 * rule, its numbers below @support_count.
 */
static int fill_column(const struct dg_fold *f, const uint32_t *support, uint32_t support_count,
		       unsigned int op, struct dg_fold_column *column)
{
	_cleanup_free_ size_t *start = calloc(support_count + 1, sizeof(*start));
	size_t count = f->policy->rule_count, total = 0;

	column->rules = calloc(count + 1, sizeof(*column->rules));
	column->groups = calloc(support_count + 1, sizeof(*column->groups));
	if (!start || !column->rules || !column->groups)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (f->policy->rules[i].ops >> op & 1)
			start[support[i]]++;
	for (uint32_t s = 0; s < support_count; s++) {
		size_t here = start[s];

		start[s] = total;
		if (here > 0)
			column->groups[column->group_count++] = total;
		total += here;
	}
	column->groups[column->group_count] = total;
	column->rule_count = total;
	for (uint32_t rank = 0; rank < count; rank++) {
		uint32_t rule = f->rule_of[rank];

		if (f->policy->rules[rule].ops >> op & 1)
			column->rules[start[support[rule]]++] = rule;
	}
	return 0;
}

/* Operations with the same rules share a column. */
static int build_columns(struct dg_fold *f, const uint32_t *support, uint32_t support_count)
{
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		struct dg_fold_column *column = &f->columns[f->column_count];
		unsigned int other = 0;

		for (; other < op; other++) {
			size_t i = 0;

			while (i < f->policy->rule_count &&
			       !((f->policy->rules[i].ops >> op ^ f->policy->rules[i].ops >> other) & 1))
				i++;
			if (i == f->policy->rule_count)
				break;
		}
		if (other < op) {
			for (size_t c = 0; c < f->column_count; c++)
				if (f->columns[c].ops >> other & 1)
					f->columns[c].ops |= 1U << op;
			continue;
		}
		column->ops = 1U << op;
		f->column_count++;
		if (fill_column(f, support, support_count, op, column) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The parts of rules with one support; they are halved while they are too much at once. */
static int build_group(struct dg_fold *f, enum dg_keep keep, const uint32_t *rules, size_t count,
		       struct dg_claim *claims, dg_ref *refs, size_t *ref_count)
{
	int r;

	for (size_t i = 0; i < count; i++)
		claims[i] = (struct dg_claim){.match = f->match[rules[i]],
					      .rank = f->rank[rules[i]],
					      .permissive = f->policy->rules[rules[i]].permissive};
	dg_diagram_budget(f->diagram, DG_FOLD_MAX_RUNS / 4);
	r = dg_diagram_decide(f->diagram, keep, claims, count, &refs[*ref_count]);
	dg_diagram_budget(f->diagram, SIZE_MAX);
	if (r == -E2BIG && count > 1) {
		r = build_group(f, keep, rules, count / 2, claims, refs, ref_count);
		if (r < 0)
			return r;
		return build_group(f, keep, rules + count / 2, count - count / 2, claims, refs,
				   ref_count);
	}
	if (r >= 0 && refs[*ref_count] != DG_PASS)
		++*ref_count;
	return r;
}

struct part {
	dg_ref ref;
	size_t size;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (x->ref > y->ref) - (x->ref < y->ref);
}

/* Put the smallest two together, again and again; what does not fit to any other is done. */
static int merge_parts(struct dg_diagram *d, enum dg_apply op, struct part *parts, size_t *count,
		       size_t slack)
{
	size_t done = 0; /* at the end of @parts */
	int r = 0;

	while (*count - done > 1 && r >= 0) {
		size_t open = *count - done, budget;
		dg_ref both;

		qsort(parts, open, sizeof(*parts), compare_parts);
		budget = 2 * (parts[0].size + parts[1].size) + slack;
		dg_diagram_budget(d, budget);
		r = dg_diagram_apply(d, op, parts[0].ref, parts[1].ref, &both);
		dg_diagram_budget(d, SIZE_MAX);
		if (r == -E2BIG) {
			struct part larger = parts[1];

			memmove(parts + 1, parts + 2, (*count - 2) * sizeof(*parts));
			parts[*count - 1] = larger;
			done++;
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		parts[0].ref = both;
		r = dg_diagram_size(d, both, &parts[0].size);
		memmove(parts + 1, parts + 2, (*count - 2) * sizeof(*parts));
		--*count;
	}
	return r;
}

int dg_fold_merge(struct dg_diagram *d, enum dg_apply op, dg_ref *refs, size_t *count, size_t slack)
{
	_cleanup_free_ struct part *parts = calloc(*count + 1, sizeof(*parts));
	size_t left = *count;
	int r = 0;

	if (!parts)
		return -ENOMEM;
	for (size_t i = 0; i < left && r >= 0; i++) {
		parts[i].ref = refs[i];
		r = dg_diagram_size(d, refs[i], &parts[i].size);
	}
	if (r >= 0)
		r = merge_parts(d, op, parts, &left, slack);
	/* Too many to be looked at one after the other: let them grow. */
	while (r >= 0 && left > DG_PARTS_MAX && slack < DG_FOLD_MAX_RUNS / 8) {
		slack *= 8;
		r = merge_parts(d, op, parts, &left, slack);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < left; i++)
		refs[i] = parts[i].ref;
	*count = left;
	return 0;
}

static size_t slack_for(size_t rules)
{
	size_t slack = rules * SLACK_PER_RULE;

	return slack < SLACK_LEAST ? SLACK_LEAST : slack > SLACK_MOST ? SLACK_MOST : slack;
}

int dg_fold_parts(struct dg_fold *f, const struct dg_fold_column *column, enum dg_keep keep,
		  bool merge, struct dg_fold_op *ret)
{
	_cleanup_free_ struct dg_claim *claims = calloc(column->rule_count + 1, sizeof(*claims));
	/* A group may come apart into as many parts as it has rules. */
	_cleanup_free_ dg_ref *refs = calloc(column->rule_count + 1, sizeof(*refs));
	size_t count = 0;
	int r = 0;

	if (!claims || !refs)
		return -ENOMEM;
	for (size_t g = 0; g < column->group_count && r >= 0; g++)
		r = build_group(f, keep, column->rules + column->groups[g],
				column->groups[g + 1] - column->groups[g], claims, refs, &count);
	if (r >= 0 && (merge || count > DG_PARTS_MAX))
		r = dg_fold_merge(f->diagram,
				  keep == DG_KEEP_ONE ? DG_APPLY_MIN : DG_APPLY_MIN_TWO, refs,
				  &count, merge ? slack_for(column->rule_count) : 0);
	if (r < 0)
		return r;
	if (count > DG_PARTS_MAX)
		return -E2BIG;
	memcpy(ret->roots, refs, count * sizeof(*refs));
	ret->count = count;
	return 0;
}

static int build_matches(struct dg_fold *f, struct dg_supports *supports, uint32_t *support,
			 const struct dg_pos **where)
{
	int r = 0;

	for (uint32_t i = 0; i < f->policy->rule_count && r >= 0; i++) {
		*where = &f->policy->rules[i].pos;
		r = build_match(f, &f->policy->rules[i], &f->match[i]);
		if (r >= 0)
			r = dg_support(supports, f->diagram, f->match[i], &support[i]);
	}
	*where = &f->policy->pos;
	return r;
}

int dg_fold_build(struct dg_fold *f, unsigned int flags, const struct dg_pos **where)
{
	_cleanup_free_ uint32_t *support = calloc(f->policy->rule_count + 1, sizeof(*support));
	_cleanup_(dg_supports_done) struct dg_supports supports = {};
	struct dg_fold_op op;
	int r;

	if (!support)
		return -ENOMEM;
	f->conditions.symbols = f->symbols;
	f->conditions.diagram = f->diagram;
	r = rank_rules(f);
	if (r >= 0)
		r = build_matches(f, &supports, support, where);
	if (r >= 0)
		r = build_columns(f, support,
				  supports.set_count > 0 ? (uint32_t)supports.set_count : 1);
	for (size_t c = 0; c < f->column_count && r >= 0; c++) {
		r = dg_fold_parts(f, &f->columns[c], DG_KEEP_ONE, !(flags & DG_FOLD_KEEP_PARTS),
				  &op);
		for (unsigned int o = 0; o < DG_OP_MAX && r >= 0; o++)
			if (f->columns[c].ops >> o & 1)
				f->ops[o] = op;
	}
	return r;
}
