/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The rules of each operation, those with equal support together. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "fold_build.h"
#include "support.h"
#include "util.h"

/* What the columns are made of, and nothing else of the rules: it is gone through once for each. */
struct outline {
	uint32_t *ops;		 /* by rule */
	const uint32_t *support; /* by rule: its number in @supports */
	const struct dg_supports *supports;
	uint32_t unlike[DG_OP_MAX]; /* operations that some rule speaks of without the other one */
};

static void outline_done(struct outline *o)
{
	free(o->ops);
}

static int make_outline(const struct dg_fold *f, struct outline *o)
{
	size_t count = f->policy->rule_count;

	o->ops = malloc((count + 1) * sizeof(*o->ops));
	if (!o->ops)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		o->ops[i] = f->policy->rules[i].ops;
		if (i > 0 && o->ops[i] == o->ops[i - 1])
			continue;
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			o->unlike[op] |= o->ops[i] >> op & 1 ? ~o->ops[i] : o->ops[i];
	}
	return 0;
}

/* Rules of operation @op in the order of ranks, those with equal support together. */
static int fill_column(const struct dg_fold *f, const struct outline *o, unsigned int op,
		       struct dg_fold_column *column)
{
	const struct dg_supports *supports = o->supports;
	uint32_t support_count = supports->set_count > 0 ? (uint32_t)supports->set_count : 1;
	_cleanup_free_ size_t *start = calloc(support_count + 1, sizeof(*start));
	size_t count = f->policy->rule_count, total = 0;

	column->rules = calloc(count + 1, sizeof(*column->rules));
	column->groups = calloc(support_count + 1, sizeof(*column->groups));
	column->first = calloc(support_count + 1, sizeof(*column->first));
	if (!start || !column->rules || !column->groups || !column->first)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (o->ops[i] >> op & 1)
			start[o->support[i]]++;
	for (uint32_t s = 0; s < support_count; s++) {
		size_t here = start[s];

		start[s] = total;
		if (here > 0) {
			column->first[column->group_count] = dg_support_first(supports, s);
			column->groups[column->group_count++] = total;
		}
		total += here;
	}
	column->groups[column->group_count] = total;
	column->rule_count = total;
	for (uint32_t rank = 0; rank < count; rank++) {
		uint32_t rule = f->rule_of[rank];

		if (o->ops[rule] >> op & 1)
			column->rules[start[o->support[rule]]++] = rule;
	}
	return 0;
}

/* Operations with the same rules share a column. */
int dg_fold_columns(struct dg_fold *f, const struct dg_supports *supports, const uint32_t *support)
{
	_cleanup_(outline_done) struct outline o = {.supports = supports, .support = support};

	if (make_outline(f, &o) < 0)
		return -ENOMEM;
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		struct dg_fold_column *column = &f->columns[f->column_count];
		unsigned int other = 0;

		while (other < op && o.unlike[op] >> other & 1)
			other++;
		if (other < op) {
			for (size_t c = 0; c < f->column_count; c++)
				if (f->columns[c].ops >> other & 1)
					f->columns[c].ops |= 1U << op;
			continue;
		}
		column->ops = 1U << op;
		f->column_count++;
		if (fill_column(f, &o, op, column) < 0)
			return -ENOMEM;
	}
	return 0;
}

const struct dg_fold_column *dg_fold_column_of(const struct dg_fold *f, unsigned int op)
{
	size_t c = 0;

	while (!(f->columns[c].ops >> op & 1))
		c++;
	return &f->columns[c];
}
