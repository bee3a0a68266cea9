/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* From a checked policy to one decision diagram for each operation (language page, sections 5 and
 * 6). */
#pragma once

#include "diag.h"
#include "diagram.h"
#include "symbols.h"

struct dg_fold {
	struct dg_symbols *symbols;
	struct dg_diagram *diagram;
	dg_ref roots[DG_OP_MAX]; /* decisions, none of them DG_DECISION_PASS */
};

/* What the diagrams may take while they are built: 8 bytes each. */
#define DG_FOLD_MAX_RUNS (8U << 20)

/*
 * 0; -EBADMSG: @diags says what has no table form (E100) or is too big (E101); -ENOMEM. The policy
 * must outlive the result.
 */
int dg_fold_new(const struct dg_policy *policy, struct dg_diags *diags, struct dg_fold **ret);
void dg_fold_free(struct dg_fold *fold);
DEFINE_CLEANUP(struct dg_fold *, dg_fold_free, fold)
