// SPDX-License-Identifier: GPL-2.0-only
/* The policy's own tests, and what they cover. */
#include "compiled.h"
#include "test_run.h"

static const char text[] = HEAD
	"forbid \"f\" on bind where pci.external;\n"
	"allow \"a\" on bind, mmio where pci.id == 10de:2330 from 2030-01-01;\n"
	"deny \"p\" on dma mode permissive;\n"
	"deny \"unused\" on lock;\n"
	"test \"before\" { device { pci.external = false; pci.id = 10de:2330; }; at 2029-12-31;\n"
	"  expect allow on bind; }\n"
	"test \"after\" { device { pci.external = false; pci.id = 10de:2330; }; at 2030-01-01;\n"
	"  expect allow on bind by \"a\"; expect allow on mmio by \"f\"; expect deny on dma by \"p\"; }\n";

Test(test_run, expectations_and_coverage)
{
	_cleanup_(dg_cleanup_coverage) struct dg_coverage *coverage = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = parse(text);
	_cleanup_(dg_cleanup_test_run) struct dg_test_run *run = NULL;

	cr_assert_eq(dg_test_run_new(policy, 0, &run), 0);
	cr_assert_eq(run->count, 4);
	cr_expect_not(run->results[0].passed, "the rule is not live yet");
	cr_expect(run->results[1].passed);
	cr_expect_not(run->results[2].passed, "the verdict, but by another rule");
	cr_expect_not(run->results[3].passed, "a permissive rule does not decide");
	cr_expect_eq(run->failed, 3);
	cr_expect_eq(run->failed_tests, 2);

	cr_assert_eq(dg_coverage_new(policy, run, &coverage), 0);
	cr_expect_eq(coverage->rules[0].total, 0);
	cr_expect_eq(coverage->rules[1].total, 2);
	cr_expect_eq(coverage->rules[1].ops[DG_OP_MMIO], 1);
	cr_expect_eq(coverage->rules[2].total, 1);
	cr_expect_eq(coverage->rules[3].total, 0);
	cr_expect_eq(coverage->rules_decided, 1, "a permissive rule decides nothing");
	cr_expect_eq(coverage->deciding_count, 3);
	cr_expect_eq(coverage->permissive_count, 1);
	cr_expect_eq(coverage->permissive_named, 1);
	cr_expect_eq(coverage->defaults.ops[DG_OP_BIND], 1);
	cr_expect_eq(coverage->defaults.ops[DG_OP_DMA], 1);
	cr_expect_eq(coverage->defaults.total, 2);
}
