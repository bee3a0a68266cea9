// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy text: any bytes end in diagnostics or in a policy. What is a policy gets its tables, and
 * they must give the reference's verdict and rule for a device of which nothing is known.
 */
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "eval.h"
#include "policy.h"
#include "tables.h"
#include "walker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct dg_policy *policy, const struct dg_tables *tables)
{
	static const struct dg_device device;
	static struct dg_facts_more more;
	struct dg_facts facts;

	dg_device_to_facts(&device, &facts);
	dg_device_to_more(&device, &more);
	for (enum dg_op op = 0; op < DG_OP_MAX; op++) {
		struct dg_query query = {.op = op, .clock_synced = 1, .time = 1800000000};
		struct dg_answer expected, got;

		dg_eval_decide(policy, &device, op, query.time, true, &expected);
		if (dg_tables_decide(tables, &facts, &more, &query, &got) ||
		    memcmp(&expected, &got, sizeof(got)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_diags_ struct dg_diags diags = {0};
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_free_ struct dg_tables *tables = NULL;
	struct dg_tables_stats stats;

	if (dg_policy_load_text("fuzz.dgp", (const char *)data, size, 0, &diags, &policy))
		return 0;
	if (!dg_tables_build(policy, &diags, &tables, &stats))
		compare(policy, tables);
	return 0;
}
