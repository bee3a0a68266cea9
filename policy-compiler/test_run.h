/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The policy's own `test` blocks (language page, section 4), judged with the reference evaluator: what
 * each expectation met, and which rules and defaults decided in none.
 */
#pragma once

#include "ast.h"
#include "util.h"

struct dg_test_result {
	const struct dg_test_node *test; /* the policy's own */
	const struct dg_expect *expect;
	struct dg_answer answer; /* of the reference evaluator */
	bool passed;
};

struct dg_test_run {
	struct dg_test_result *results; /* in the policy's order */
	size_t count, failed;
	size_t failed_tests; /* tests with at least one failed expectation */
};

/* All tests that have no error; @now is the time of those without `at`. 0 or -ENOMEM. */
int dg_test_run_new(const struct dg_policy *policy, uint64_t now, struct dg_test_run **ret);
void dg_test_run_free(struct dg_test_run *run);
DEFINE_CLEANUP(struct dg_test_run *, dg_test_run_free, test_run)

/* How often a rule or a default decided, by operation. A permissive rule never does: how often it was named. */
struct dg_coverage_count {
	size_t ops[DG_OP_MAX];
	size_t total;
};

struct dg_coverage {
	struct dg_coverage_count *rules; /* by index in the policy */
	size_t rule_count; /* all rules: those that can decide, and permissive ones */
	size_t deciding_count, rules_decided;
	size_t permissive_count, permissive_named; /* named: the first that was passed over */
	struct dg_coverage_count defaults; /* ops[]: of that operation's default */
};

/*
 * What the tests show of the policy. A rule counts when it decided, whether or not that was expected: a
 * failed expectation is said elsewhere. 0 or -ENOMEM.
 */
int dg_coverage_new(const struct dg_policy *policy, const struct dg_test_run *run,
		    struct dg_coverage **ret);
void dg_coverage_free(struct dg_coverage *coverage);
DEFINE_CLEANUP(struct dg_coverage *, dg_coverage_free, coverage)
