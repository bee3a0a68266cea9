/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision on compiled tables, in plain C: what the engine does, written a second time, for
 * tools on machines that have no BPF.
 */
#pragma once

#include "devgate_abi.h"

/*
 * Decide @query for @facts. Every read is checked against tables->size, so damaged tables are
 * answered with a denial under DG_RULE_BROKEN, like in the engine. @tables must be as large as it
 * says.
 *
 * 0, or -EINVAL for an operation out of range (@ret untouched).
 */
int dg_tables_decide(const struct dg_tables *tables, const struct dg_facts *facts,
		     const struct dg_query *query, struct dg_answer *ret);
