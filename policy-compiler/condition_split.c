/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* A condition as alternatives, one small function each, where one for all of it is too large. */
#include <errno.h>

#include "condition.h"

#define DEPTH_MAX 4096
#define STEPS_MAX 32768

struct split {
	struct dg_conditions *conditions;
	size_t left; /* alternatives that may still come */
	size_t depth, steps;
	dg_alternative visit;
	void *data;
};

/* What has to hold besides, the next first. */
struct task {
	const struct dg_expr *expr;
	enum dg_sense sense;
	const struct task *next;
};

static int alternatives(struct split *s, dg_ref within, const struct task *task);

static int narrow(struct split *s, dg_ref within, const struct task *task)
{
	dg_ref here;
	int r = dg_condition(s->conditions, task->expr, task->sense, &here);

	if (r >= 0)
		r = dg_diagram_apply(s->conditions->diagram, DG_APPLY_AND, within, here, &here);
	return r < 0 ? r : alternatives(s, here, task->next);
}

/* One operand of `and` after the other: a test first, for it leaves less to look at. */
static int both(struct split *s, dg_ref within, const struct task *task)
{
	const struct dg_expr *left = task->expr->left, *right = task->expr->right;
	bool right_first = right->kind == DG_EXPR_TEST && left->kind != DG_EXPR_TEST;
	struct task second = {right_first ? left : right, task->sense, task->next};
	struct task first = {right_first ? right : left, task->sense, &second};

	return alternatives(s, within, &first);
}

static int either(struct split *s, dg_ref within, const struct task *task)
{
	struct task left = {task->expr->left, task->sense, task->next};
	struct task right = {task->expr->right, task->sense, task->next};
	int r = alternatives(s, within, &left);

	return r == 0 ? alternatives(s, within, &right) : r;
}

static int alternatives(struct split *s, dg_ref within, const struct task *task)
{
	struct task plain;
	int r;

	if (within == DG_FALSE)
		return 0;
	if (!task) {
		if (s->left == 0)
			return -E2BIG;
		s->left--;
		return s->visit(s->data, within);
	}
	if (s->depth == DEPTH_MAX || ++s->steps > STEPS_MAX)
		return -E2BIG;
	plain = *task;
	for (; plain.expr->kind == DG_EXPR_NOT; plain.expr = plain.expr->left)
		plain.sense = dg_sense_opposite(plain.sense);
	s->depth++;
	if (plain.expr->kind != DG_EXPR_AND && plain.expr->kind != DG_EXPR_OR)
		r = narrow(s, within, &plain);
	else if ((plain.expr->kind == DG_EXPR_AND) ==
		 (plain.sense == DG_IS_TRUE || plain.sense == DG_NOT_FALSE))
		r = both(s, within, &plain);
	else
		r = either(s, within, &plain);
	s->depth--;
	return r;
}

int dg_condition_each(struct dg_conditions *conditions, const struct dg_expr *where,
		      enum dg_sense sense, dg_ref within, size_t most, dg_alternative visit,
		      void *data)
{
	struct split s = {.conditions = conditions, .left = most, .visit = visit, .data = data};
	struct task all = {.expr = where, .sense = sense};

	return alternatives(&s, within, where ? &all : NULL);
}
