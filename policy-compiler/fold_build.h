/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Between the files of the fold; others use fold.h. */
#pragma once

#include "fold.h"
#include "support.h"

/*
 * Everything behind policy, symbols and diagram. 0, -ENOMEM, or -E2BIG at *@where.
 */
int dg_fold_build(struct dg_fold *fold, unsigned int flags, const struct dg_pos **where);
/* The columns, from the ranks and the support of each rule. 0, -ENOMEM. */
int dg_fold_columns(struct dg_fold *fold, const struct dg_supports *supports,
		    const uint32_t *support);
/*
 * The parts of a column for which dg_fold_parts() found it too big, with the rules apart that make
 * it so. @all: every one that can be. 0, -ENOMEM, -E2BIG.
 */
int dg_fold_set_apart(struct dg_fold *fold, struct dg_fold_column *column, bool all,
		      struct dg_fold_op *ret);
