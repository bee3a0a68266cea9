// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "eval.h"
#include "test_run.h"

static bool dg_expect_holds(const struct dg_policy *policy, const struct dg_expect *expect,
			    const struct dg_answer *answer)
{
	const struct dg_bytes *id;

	if (answer->verdict != (uint32_t)expect->verdict)
		return false;
	if (expect->by_default)
		return answer->rule == DG_RULE_DEFAULT;
	if (!expect->by_rule)
		return true;
	if (answer->rule == DG_RULE_DEFAULT)
		return false;
	id = &policy->rules[answer->rule].id;
	return id->len == expect->rule.len && !memcmp(id->data, expect->rule.data, id->len);
}

static void dg_run_one(const struct dg_policy *policy, const struct dg_test_node *test, uint64_t now,
		       struct dg_test_run *run)
{
	size_t failed = 0;

	for (size_t i = 0; i < test->expect_count; i++) {
		const struct dg_expect *expect = &test->expects[i];
		struct dg_test_result *result = &run->results[run->count++];

		*result = (struct dg_test_result){ .test = test, .expect = expect };
		dg_eval_decide(policy, test->device, expect->op, test->has_at ? test->at : now, true,
			       &result->answer);
		result->passed = expect->broken || dg_expect_holds(policy, expect, &result->answer);
		failed += !result->passed;
	}
	run->failed += failed;
	run->failed_tests += failed > 0;
}

int dg_test_run_new(const struct dg_policy *policy, uint64_t now, struct dg_test_run **ret)
{
	_cleanup_(dg_cleanup_test_run) struct dg_test_run *run = calloc(1, sizeof(*run));
	size_t count = 0;

	if (!run)
		return -ENOMEM;
	for (size_t i = 0; i < policy->test_count; i++)
		count += policy->tests[i].expect_count;
	run->results = calloc(count + 1, sizeof(*run->results));
	if (!run->results)
		return -ENOMEM;
	for (size_t i = 0; i < policy->test_count; i++)
		if (!policy->tests[i].in_error)
			dg_run_one(policy, &policy->tests[i], now, run);
	*ret = TAKE_PTR(run);
	return 0;
}

void dg_test_run_free(struct dg_test_run *run)
{
	if (!run)
		return;
	free(run->results);
	free(run);
}

static void dg_count(struct dg_coverage_count *count, enum dg_op op)
{
	count->ops[op]++;
	count->total++;
}

int dg_coverage_new(const struct dg_policy *policy, const struct dg_test_run *run,
		    struct dg_coverage **ret)
{
	_cleanup_(dg_cleanup_coverage) struct dg_coverage *coverage = calloc(1, sizeof(*coverage));

	if (!coverage)
		return -ENOMEM;
	coverage->rule_count = policy->rule_count;
	coverage->rules = calloc(policy->rule_count + 1, sizeof(*coverage->rules));
	if (!coverage->rules)
		return -ENOMEM;
	for (size_t i = 0; i < run->count; i++) {
		const struct dg_test_result *result = &run->results[i];

		if (result->answer.rule == DG_RULE_DEFAULT)
			dg_count(&coverage->defaults, result->expect->op);
		else
			dg_count(&coverage->rules[result->answer.rule], result->expect->op);
		/* A permissive rule never decides; that it is named is all a test can show. */
		if (result->answer.would != DG_RULE_NONE)
			dg_count(&coverage->rules[result->answer.would], result->expect->op);
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		bool permissive = policy->rules[i].permissive;

		*(permissive ? &coverage->permissive_count : &coverage->deciding_count) += 1;
		*(permissive ? &coverage->permissive_named : &coverage->rules_decided) +=
			coverage->rules[i].total > 0;
	}
	*ret = TAKE_PTR(coverage);
	return 0;
}

void dg_coverage_free(struct dg_coverage *coverage)
{
	if (!coverage)
		return;
	free(coverage->rules);
	free(coverage);
}
