/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Which rules are set apart, to be bitmaps in the tables. Many rules on the same facts make a good
 * part: it costs one path whatever their number. Many sets of facts with few rules each do not:
 * they need a part each, or multiply in common ones.
 */
#define _GNU_SOURCE /* qsort_r() */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fold_build.h"
#include "support.h"
#include "terms.h"

#define GROUPS_KEPT (DG_PARTS_MAX / 4) /* in parts: the largest */
#define GROUP_LEAST 256		       /* rules on the same facts that are worth a part */

/* A column with some of the rules of another. */
struct stay {
	struct dg_fold_column column;
	size_t *by_size; /* groups, the largest first */
};

static void stay_done(struct stay *s)
{
	free(s->column.rules);
	free(s->column.groups);
	free(s->column.first);
	free(s->by_size);
}

static int compare_groups(const void *a, const void *b, void *column)
{
	const struct dg_fold_column *c = column;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	size_t of_x = c->groups[x + 1] - c->groups[x], of_y = c->groups[y + 1] - c->groups[y];

	if (of_x != of_y)
		return of_x > of_y ? -1 : 1;
	return (x > y) - (x < y);
}

/* The rules of group @g: to @stay, or apart. 0 or -ENOMEM. */
static int split_group(struct dg_fold *f, struct dg_fold_column *column, size_t g, bool keep,
		       struct dg_fold_column *stay)
{
	size_t had = stay->rule_count;

	for (size_t i = column->groups[g]; i < column->groups[g + 1]; i++) {
		uint32_t rule = column->rules[i];
		int possible = keep ? 0 : dg_terms_possible(f, rule);

		if (possible < 0)
			return possible;
		if (possible)
			column->apart[column->apart_count++] = rule;
		else
			stay->rules[stay->rule_count++] = rule;
	}
	if (stay->rule_count == had)
		return 0;
	stay->first[stay->group_count] = column->first[g];
	stay->groups[stay->group_count++] = had;
	stay->groups[stay->group_count] = stay->rule_count;
	return 0;
}

static int compare_ranks(const void *x, const void *y, void *fold)
{
	const struct dg_fold *f = fold;
	uint32_t a = f->rank[*(const uint32_t *)x], b = f->rank[*(const uint32_t *)y];

	return (a > b) - (a < b);
}

static int split(struct dg_fold *f, struct dg_fold_column *column, bool all, struct stay *s)
{
	struct dg_fold_column *stay = &s->column;
	int r = 0;

	stay->rules = calloc(column->rule_count + 1, sizeof(*stay->rules));
	stay->groups = calloc(column->group_count + 1, sizeof(*stay->groups));
	stay->first = calloc(column->group_count + 1, sizeof(*stay->first));
	s->by_size = calloc(column->group_count + 1, sizeof(*s->by_size));
	if (!column->apart)
		column->apart = calloc(column->rule_count + 1, sizeof(*column->apart));
	if (!stay->rules || !stay->groups || !stay->first || !s->by_size || !column->apart)
		return -ENOMEM;
	column->apart_count = 0;
	for (size_t g = 0; g < column->group_count; g++)
		s->by_size[g] = g;
	qsort_r(s->by_size, column->group_count, sizeof(*s->by_size), compare_groups, column);
	for (size_t i = 0; i < column->group_count && r >= 0; i++) {
		size_t g = s->by_size[i];

		r = split_group(f, column, g,
				!all && i < GROUPS_KEPT &&
					column->groups[g + 1] - column->groups[g] >= GROUP_LEAST,
				stay);
	}
	qsort_r(column->apart, column->apart_count, sizeof(*column->apart), compare_ranks, f);
	return r;
}

int dg_fold_set_apart(struct dg_fold *f, struct dg_fold_column *column, bool all,
		      struct dg_fold_op *ret)
{
	_cleanup_(stay_done) struct stay s = {};
	int r = split(f, column, all, &s);

	return r < 0 ? r : dg_fold_parts(f, &s.column, DG_KEEP_ONE, true, ret);
}
