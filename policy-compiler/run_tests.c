// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* The policy's own `test` blocks, run with the reference evaluator. */
#include <string.h>
#include <time.h>

#include "inventory.h"
#include "policy.h"
#include "test_run.h"

static void dg_report_failure(const struct dg_policy *policy, const struct dg_test_node *test,
			      const struct dg_expect *expect, const struct dg_answer *answer,
			      struct dg_diags *diags)
{
	bool by_default = answer->rule == DG_RULE_DEFAULT;
	struct dg_bytes got = { "", 0 };
	char *witness = NULL;

	if (!by_default)
		got = policy->rules[answer->rule].id;
	if (dg_device_to_json(test->device, &witness))
		witness = NULL; /* the report stands without it */
	dg_diag_report_full(diags, DG_E071, DG_SEVERITY_ERROR, &expect->pos, witness,
			    "test \"%.*s\": %s on %s is expected%s%.*s%s, but the policy gives %s "
			    "by %s%.*s%s",
			    (int)test->name.len, test->name.data,
			    expect->verdict == DG_VERDICT_ALLOW ? "allow" : "deny",
			    dg_op_name(expect->op),
			    expect->by_rule    ? " by \"" :
			    expect->by_default ? " by default" :
						 "",
			    expect->by_rule ? (int)expect->rule.len : 0,
			    expect->by_rule ? expect->rule.data : "", expect->by_rule ? "\"" : "",
			    answer->verdict == DG_VERDICT_ALLOW ? "allow" : "deny",
			    by_default ? "default" : "\"", (int)got.len, got.data,
			    by_default ? "" : "\"");
}

size_t dg_policy_run_tests(const struct dg_policy *policy, struct dg_diags *diags)
{
	_cleanup_(dg_cleanup_test_run) struct dg_test_run *run = NULL;

	if (dg_test_run_new(policy, (uint64_t)time(NULL), &run)) {
		diags->out_of_memory = true;
		return 0;
	}
	for (size_t i = 0; i < run->count; i++) {
		const struct dg_test_result *result = &run->results[i];

		if (!result->passed)
			dg_report_failure(policy, result->test, result->expect, &result->answer,
					  diags);
	}
	return run->failed;
}
