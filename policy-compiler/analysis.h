/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The exact analysis of a policy (language page, section 7): rules that never match or never
 * decide, redundant rules, unused set items, assertions, devices accepted that no driver may bind.
 *
 * Every question is one about all devices at all times with a synchronised clock. A finding is
 * reported with a witness device that the reference evaluator has confirmed; a question that is not
 * decided within the budget is reported as such.
 */
#pragma once

#include "diag.h"
#include "fold.h"

enum dg_analysis_flags {
	DG_ANALYSIS_ALLOW_DEAD = 1 << 0, /* dead and shadowed rules are warnings */
	DG_ANALYSIS_PRODUCT = 1 << 1,	 /* search through the product at once: for tests */
};

/*
 * @fold (DG_FOLD_ANALYSIS) is the policy's; its diagram grows. 0 with all findings in @diags, or
 * -ENOMEM.
 */
int dg_analysis_run(const struct dg_policy *policy, struct dg_fold *fold, unsigned int flags,
		    struct dg_diags *diags);
