/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "blocks.h"

#include <stdlib.h>

#define MERGE_WORK (16U << 20) /* steps */

struct blocks {
	struct dg_diagram *diagram;
	uint32_t *of; /* by rank: twice the block's number, one more when it allows */
};

/*
 * From the end, where the default stands: only the order of the numbers counts, and two policies
 * that differ at their beginning have the same numbers at their end.
 */
int dg_blocks_number(const struct dg_fold *f, unsigned int op, uint32_t rules, uint32_t **ret)
{
	size_t count = f->policy->rule_count;
	enum dg_verdict last = f->policy->defaults[op];
	uint32_t block = DG_RANK_NONE;

	uint32_t *of = calloc(count + 1, sizeof(*of));

	if (!of)
		return -ENOMEM;
	for (size_t rank = count; rank-- > 0;) {
		const struct dg_rule_node *rule = &f->policy->rules[f->rule_of[rank]];
		enum dg_verdict verdict =
			rule->effect == DG_EFFECT_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;

		if (!(rule->ops >> op & 1) || rule->permissive)
			continue;
		if (verdict != last) {
			last = verdict;
			block = block == DG_RANK_NONE ? 2 * rules : (block & ~1U) - 2;
			block |= verdict == DG_VERDICT_ALLOW;
		}
		of[rank] = block;
	}
	*ret = of;
	return 0;
}

static int to_block(void *data, dg_ref terminal, dg_ref *ret)
{
	const struct blocks *blocks = data;
	struct dg_decision d = dg_diagram_decided(blocks->diagram, terminal);

	d.rank = d.rank == DG_RANK_NONE ? DG_RANK_NONE : blocks->of[d.rank];
	d.second = d.would = DG_RANK_NONE;
	return dg_diagram_decision(blocks->diagram, d, ret);
}

int dg_blocks_parts(struct dg_fold *f, unsigned int op, uint32_t clock, uint32_t rules,
		    size_t slack, struct dg_fold_op *ret)
{
	const struct dg_fold_op *parts = &f->ops[op];
	struct blocks blocks = {.diagram = f->diagram};
	struct dg_fold_op result = {};
	size_t work = MERGE_WORK;
	int r;

	if (dg_fold_column_of(f, op)->apart_count > 0)
		return -E2BIG;
	r = dg_blocks_number(f, op, rules, &blocks.of);
	for (size_t i = 0; i < parts->count && r >= 0; i++) {
		dg_ref *root = &result.roots[result.count];

		r = dg_diagram_map(f->diagram, parts->roots[i], to_block, &blocks, root);
		if (r >= 0 && clock != DG_VAR_NONE)
			r = dg_diagram_restrict(f->diagram, *root, clock, 1, root);
		if (r >= 0 && *root != DG_PASS)
			result.count++;
	}
	free(blocks.of);
	if (r >= 0)
		r = dg_fold_merge(f->diagram, DG_APPLY_MIN, result.roots, &result.count, slack,
				  &work);
	if (r >= 0)
		*ret = result;
	return r;
}
