/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Verdicts without rules. Rules that follow each other and give the same verdict are one block. With
 * a block's number in the place of its rules' ranks a decision is still a minimum, and the diagrams
 * become small: a policy that only allows has one block.
 */
#pragma once

#include "fold.h"

static inline enum dg_verdict dg_block_verdict(uint32_t block)
{
	return block & 1 ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
}

/* By rank the block of each rule on @op that is not permissive; to be freed. 0 or -ENOMEM. */
int dg_blocks_number(const struct dg_fold *fold, unsigned int op, uint32_t rules, uint32_t **ret);

/*
 * The parts of @op with blocks for ranks, those of a policy with at most @rules rules being below
 * 2 * @rules + 2; the block before the default passes when it says the same. @clock (or DG_VAR_NONE)
 * is synchronised. Put together by dg_fold_merge() with @slack. 0, -ENOMEM, -E2BIG.
 */
int dg_blocks_parts(struct dg_fold *fold, unsigned int op, uint32_t clock, uint32_t rules,
		    size_t slack, struct dg_fold_op *ret);
