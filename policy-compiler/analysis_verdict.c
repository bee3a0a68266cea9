/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "analysis_verdict.h"

#include <stdlib.h>
#include <string.h>

#include "blocks.h"

void dg_verdict_context_done(struct dg_verdict_context *c)
{
	dg_outlooks_done(&c->outlooks);
	free(c->kind_of);
	c->a->search.more_outlooks = NULL;
}

int dg_verdict_context_init(struct dg_verdict_context *c, struct dg_analysis *a)
{
	size_t count = 2 * a->policy->rule_count + 2;

	c->a = a;
	c->kind_of = calloc(count, 1);
	if (!c->kind_of)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		c->kind_of[i] = i & 1;
	c->outlooks.diagram = a->fold->diagram;
	c->outlooks.kind_of = c->kind_of;
	a->search.more_outlooks = &c->outlooks;
	return 0;
}

int dg_verdict_make(struct dg_verdict_context *c, unsigned int op, size_t slack)
{
	struct dg_verdicts *v = &c->ops[op];
	struct dg_fold_op parts;
	int r;

	if (v->made)
		return 0;
	r = dg_blocks_parts(c->a->fold, op, c->a->clock, (uint32_t)c->a->policy->rule_count, slack,
			    &parts);
	for (size_t i = 0; i < parts.count && r >= 0; i++)
		r = dg_outlooks_add(&c->outlooks, parts.roots[i]);
	if (r < 0)
		return r;
	memcpy(v->roots, parts.roots, parts.count * sizeof(*v->roots));
	v->count = parts.count;
	v->by_default = c->a->policy->defaults[op];
	v->made = true;
	return 0;
}

static enum dg_verdict verdict_of(const struct dg_verdict_question *q, uint32_t block)
{
	return block == DG_RANK_NONE ? q->by_default : dg_block_verdict(block);
}

bool dg_verdict_reduce(void *data, dg_ref *state, size_t count)
{
	const struct dg_verdict_question *q = data;
	uint32_t bound = DG_RANK_NONE;
	bool open = false, hope = false;

	for (size_t i = 0; i < q->conditions; i++)
		if (state[i] == DG_FALSE)
			return false;
	for (size_t i = q->conditions; i < count; i++)
		if (dg_ref_terminal(state[i])) {
			uint32_t rank = dg_outlook_least(&q->c->outlooks, state[i]);

			if (rank < bound)
				bound = rank;
		}
	for (size_t i = q->conditions; i < count; i++) {
		struct dg_outlook o;

		if (state[i] == DG_PASS)
			continue;
		o = dg_outlook(&q->c->outlooks, state[i]);
		if (o.least > bound) {
			state[i] = DG_PASS;
		} else if (!dg_ref_terminal(state[i])) {
			open = true;
			hope |= o.kinds >> (q->wanted == DG_VERDICT_ALLOW) & 1;
		}
	}
	return verdict_of(q, bound) == q->wanted || (open && hope);
}

bool dg_verdict_goal(void *data, const dg_ref *state, size_t count)
{
	(void)data, (void)state, (void)count;
	return true; /* reduced: nothing is open, and the verdict is the one wanted */
}

bool dg_verdict_best(void *data, size_t component, dg_ref from, dg_ref to)
{
	const struct dg_verdict_question *q = data;

	if (component < q->conditions)
		return to == DG_TRUE;
	return to == DG_PASS &&
	       !(dg_outlook(&q->c->outlooks, from).kinds >> (q->wanted == DG_VERDICT_ALLOW) & 1);
}
