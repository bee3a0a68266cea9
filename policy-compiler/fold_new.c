/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The making of folds, and what is said when there can be none. */
#include <stdlib.h>

#include "fold_build.h"
#include "terms.h"

struct report {
	struct dg_diags *diags;
	const struct dg_policy *policy;
};

static void report_symbols(void *data, enum dg_symbols_fault fault, const struct dg_attr *attr,
			   const struct dg_expr *expr)
{
	struct report *report = data;

	if (fault == DG_SYMBOLS_TOO_MANY)
		dg_diag_report(report->diags, DG_E101, expr ? &expr->pos : &report->policy->pos,
			       "the policy is too big for tables: the different %s on %s that can "
			       "hold side by side need more than %u variables, which this one is "
			       "too many for; put values that are treated alike into one %s",
			       attr->set ? "tests" : "globs", attr->name,
			       attr->set ? DG_SYMBOLS_MAX_SETS : DG_SYMBOLS_MAX_GLOBS,
			       attr->set ? "set and one test" : "glob or name them exactly");
	else
		dg_diag_report(report->diags, DG_E101, expr ? &expr->pos : &report->policy->pos,
			       "the policy is too big for tables: what it asks of %s makes an "
			       "automaton with more than %u states; a glob with fewer `?` and "
			       "brackets behind a `*` makes a smaller one",
			       attr->name, DG_AUTOMATON_MAX_STATES);
}

static int new_diagram(struct dg_fold *f)
{
	_cleanup_free_ uint32_t *counts = NULL;
	const struct dg_variable *vars;
	uint32_t count;

	vars = dg_symbols_variables(f->symbols, &count);
	counts = calloc(count + UINT64_C(1), sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		counts[i] = vars[i].class_count;
	f->diagram = dg_diagram_new(counts, count, DG_FOLD_MAX_RUNS);
	return f->diagram ? dg_diagram_reserve(f->diagram, f->policy->rule_count * 4,
					       f->policy->rule_count * 16)
			  : -ENOMEM;
}

/* The first rule that has to stay in a diagram for its many alternatives; NULL: none has. */
static const struct dg_rule_node *largest_rule(const struct dg_fold *f)
{
	for (size_t i = 0; i < f->policy->rule_count; i++)
		if (dg_terms_count(f->diagram, f->match[i]) > DG_TERMS_PER_RULE)
			return &f->policy->rules[i];
	return NULL;
}

static int build(struct dg_fold *f, unsigned int flags, struct dg_diags *diags)
{
	const struct dg_pos *where = &f->policy->pos;
	const struct dg_rule_node *rule = NULL;
	int r;

	f->progress = diags->progress;
	r = dg_fold_build(f, flags, &where);
	f->progress = NULL;
	if (r != -E2BIG)
		return r;
	if (where == &f->policy->pos)
		rule = largest_rule(f);
	dg_diag_report(diags, DG_E101, rule ? &rule->pos : where,
		       "the policy is too big for tables: its decision diagrams need more than %u "
		       "edges%s",
		       DG_FOLD_MAX_RUNS,
		       rule || where != &f->policy->pos
			       ? " with the condition of this rule; smaller ones, in rules of "
				 "their own, need fewer"
			       : "");
	return -EBADMSG;
}

static int new_symbols(const struct dg_policy *const *policies, size_t count, bool analysis,
		       struct dg_diags *diags, struct dg_symbols **ret)
{
	struct report report = {.diags = diags, .policy = policies[0]};
	struct dg_symbols_options options = {.asserts = analysis,
					     .verified = analysis,
					     .report = report_symbols,
					     .data = &report};
	int r = dg_symbols_new(policies, count, &options, ret);

	return r == -EOPNOTSUPP ? -EBADMSG : r;
}

int dg_fold_new(const struct dg_policy *policy, unsigned int flags, struct dg_diags *diags,
		struct dg_fold **ret)
{
	_cleanup_(dg_cleanup_fold) struct dg_fold *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->policy = policy;
	r = new_symbols(&policy, 1, flags & DG_FOLD_ANALYSIS, diags, &f->symbols);
	if (r >= 0)
		r = new_diagram(f);
	if (r >= 0)
		r = build(f, flags, diags);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(f);
	return 0;
}

int dg_fold_pair(const struct dg_policy *first, const struct dg_policy *second,
		 struct dg_diags *diags, struct dg_fold **ret_first, struct dg_fold **ret_second)
{
	_cleanup_(dg_cleanup_fold) struct dg_fold *a = calloc(1, sizeof(*a));
	_cleanup_(dg_cleanup_fold) struct dg_fold *b = calloc(1, sizeof(*b));
	const struct dg_policy *both[2] = {first, second};
	int r;

	if (!a || !b)
		return -ENOMEM;
	a->policy = first;
	b->policy = second;
	b->borrowed = true;
	r = new_symbols(both, 2, false, diags, &a->symbols);
	if (r >= 0)
		r = new_diagram(a);
	if (r < 0)
		return r;
	b->symbols = a->symbols;
	b->diagram = a->diagram;
	r = build(a, 0, diags);
	if (r >= 0)
		r = build(b, 0, diags);
	if (r < 0)
		return r;
	*ret_first = TAKE_PTR(a);
	*ret_second = TAKE_PTR(b);
	return 0;
}
