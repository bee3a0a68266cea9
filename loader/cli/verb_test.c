// SPDX-License-Identifier: GPL-2.0-only
/* devgate test POLICY… */
#include <string.h>
#include <time.h>

#include "args.h"
#include "author.h"
#include "show.h"
#include "test_run.h"

struct options {
	bool json, coverage, fail_on_empty;
};

static struct dg_bytes rule_id(const struct dg_policy *policy, uint32_t rule)
{
	if (rule >= policy->rule_count)
		return (struct dg_bytes){};
	return policy->rules[rule].id;
}

/* "allow on bind by "x"" as far as the expectation says it. */
static void print_expected(const struct dg_expect *expect)
{
	printf("%s on %s", dg_show_verdict(expect->verdict == DG_VERDICT_ALLOW),
	       dg_op_name(expect->op));
	if (expect->by_rule) {
		printf(" by ");
		dg_show_quoted(expect->rule);
	} else if (expect->by_default) {
		printf(" by default");
	}
}

static void print_met(const struct dg_policy *policy, const struct dg_answer *answer)
{
	printf("%s by ", dg_show_verdict(answer->verdict == DG_VERDICT_ALLOW));
	if (answer->rule == DG_RULE_DEFAULT) {
		printf("default");
	} else {
		dg_show_quoted(policy->rules[answer->rule].id);
		printf(" (");
		dg_show_pos(&policy->rules[answer->rule].pos);
		printf(")");
	}
	if (answer->would != DG_RULE_NONE) {
		printf(", would: %s by ", dg_show_verdict(answer->flags & DG_LEAF_WOULD_ALLOW));
		dg_show_quoted(policy->rules[answer->would].id);
	}
}

/* One line a test, and under it what failed. @first is the test's first result. */
static size_t print_test(const struct dg_policy *policy, const struct dg_test_run *run, size_t first)
{
	const struct dg_test_node *test = run->results[first].test;
	size_t end = first, failed = 0;

	for (; end < run->count && run->results[end].test == test; end++)
		failed += !run->results[end].passed;
	printf("%s ", failed ? "FAILED" : "passed");
	dg_show_quoted(test->name);
	printf(" (");
	dg_show_pos(&test->pos);
	printf(")\n");
	for (size_t i = first; i < end; i++) {
		const struct dg_test_result *result = &run->results[i];

		if (result->passed)
			continue;
		printf("    ");
		dg_show_pos(&result->expect->pos);
		printf(": expected ");
		print_expected(result->expect);
		printf(", but it is ");
		print_met(policy, &result->answer);
		printf("\n");
	}
	return end;
}

static void print_coverage(const struct dg_policy *policy, const struct dg_coverage *coverage)
{
	const char *separator = "not covered: the default of ";

	for (size_t i = 0; i < policy->rule_count; i++) {
		size_t total = coverage->rules[i].total;
		bool permissive = policy->rules[i].permissive;

		if (total && !permissive)
			continue;
		printf("%srule ", !permissive ? "not covered: " :
				  total	      ? "permissive: " :
						"not covered: permissive ");
		dg_show_quoted(policy->rules[i].id);
		printf(" (");
		dg_show_pos(&policy->rules[i].pos);
		if (!permissive)
			printf(") decides in no test\n");
		else if (!total)
			printf(") is named in no test\n");
		else
			printf(") decides nothing; it is named in %zu expectation%s\n", total,
			       total == 1 ? "" : "s");
	}
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (coverage->defaults.ops[op])
			continue;
		printf("%s%s", separator, dg_op_name((enum dg_op)op));
		separator = ", ";
	}
	if (separator[0] == ',')
		printf(" decides in no test\n");
}

static size_t defaults_decided(const struct dg_coverage *coverage)
{
	size_t count = 0;

	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		count += coverage->defaults.ops[op] > 0;
	return count;
}

static void print_report(const char *path, const struct dg_policy *policy,
			 const struct dg_test_run *run, const struct dg_coverage *coverage)
{
	for (size_t i = 0; i < run->count;)
		i = print_test(policy, run, i);
	if (coverage)
		print_coverage(policy, coverage);
	printf("%s: %zu of %zu tests passed, %zu of %zu expectations", dg_show_path(path),
	       policy->test_count - run->failed_tests, policy->test_count, run->count - run->failed,
	       run->count);
	if (coverage)
		printf("; %zu of %zu rules and %zu of %d defaults decide in a test",
		       coverage->rules_decided, coverage->deciding_count,
		       defaults_decided(coverage), DG_OP_MAX);
	if (coverage && coverage->permissive_count)
		printf(", %zu of %zu permissive rules would", coverage->permissive_named,
		       coverage->permissive_count);
	printf("\n");
}

static void json_result(const struct dg_policy *policy, const struct dg_test_result *result)
{
	const struct dg_expect *expect = result->expect;
	const struct dg_answer *answer = &result->answer;

	printf("{\"kind\":\"expectation\",\"test\":");
	dg_show_json(result->test->name);
	putchar(',');
	dg_show_json_pos(&expect->pos);
	printf(",\"op\":\"%s\",\"passed\":%s,\"expected\":{\"verdict\":\"%s\",\"rule\":",
	       dg_op_name(expect->op), result->passed ? "true" : "false",
	       dg_show_verdict(expect->verdict == DG_VERDICT_ALLOW));
	dg_show_json(expect->by_rule ? expect->rule : (struct dg_bytes){});
	printf(",\"default\":%s},\"actual\":{\"verdict\":\"%s\",\"rule\":",
	       expect->by_default ? "true" :
	       expect->by_rule	  ? "false" :
				    "null",
	       dg_show_verdict(answer->verdict == DG_VERDICT_ALLOW));
	dg_show_json(rule_id(policy, answer->rule));
	printf(",\"default\":%s,\"would\":", answer->rule == DG_RULE_DEFAULT ? "true" : "false");
	if (answer->would == DG_RULE_NONE) {
		printf("null}}\n");
		return;
	}
	printf("{\"verdict\":\"%s\",\"rule\":",
	       dg_show_verdict(answer->flags & DG_LEAF_WOULD_ALLOW));
	dg_show_json(rule_id(policy, answer->would));
	printf("}}}\n");
}

static void json_coverage(const struct dg_policy *policy, const struct dg_coverage *coverage)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const char *separator = "";

		printf("{\"kind\":\"rule\",\"rule\":");
		dg_show_json(policy->rules[i].id);
		putchar(',');
		dg_show_json_pos(&policy->rules[i].pos);
		/* Of a permissive rule everything counts how often it was named. */
		if (policy->rules[i].permissive)
			printf(",\"permissive\":true,\"decided\":0,\"named\":%zu,\"ops\":{",
			       coverage->rules[i].total);
		else
			printf(",\"permissive\":false,\"decided\":%zu,\"ops\":{",
			       coverage->rules[i].total);
		for (unsigned int op = 0; op < DG_OP_MAX; op++) {
			if (!(policy->rules[i].ops >> op & 1))
				continue;
			printf("%s\"%s\":%zu", separator, dg_op_name((enum dg_op)op),
			       coverage->rules[i].ops[op]);
			separator = ",";
		}
		printf("}}\n");
	}
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		printf("{\"kind\":\"default\",\"op\":\"%s\",\"verdict\":\"%s\",\"decided\":%zu}\n",
		       dg_op_name((enum dg_op)op),
		       dg_show_verdict(policy->defaults[op] == DG_VERDICT_ALLOW),
		       coverage->defaults.ops[op]);
}

static void json_report(const char *path, const struct dg_policy *policy,
			const struct dg_test_run *run, const struct dg_coverage *coverage)
{
	struct dg_bytes file = {dg_show_path(path), strlen(dg_show_path(path))};

	for (size_t i = 0; i < run->count; i++)
		json_result(policy, &run->results[i]);
	if (coverage)
		json_coverage(policy, coverage);
	printf("{\"kind\":\"summary\",\"file\":");
	dg_show_json(file);
	printf(",\"tests\":%zu,\"tests_failed\":%zu,\"expectations\":%zu,\"expectations_failed\":%zu",
	       policy->test_count, run->failed_tests, run->count, run->failed);
	if (coverage)
		printf(",\"rules\":%zu,\"rules_decided\":%zu,\"permissive\":%zu,"
		       "\"permissive_named\":%zu,\"defaults\":%d,\"defaults_decided\":%zu",
		       coverage->deciding_count, coverage->rules_decided,
		       coverage->permissive_count, coverage->permissive_named, DG_OP_MAX,
		       defaults_decided(coverage));
	printf("}\n");
}

static int test_one(const char *verb, const char *path, const struct options *o)
{
	_cleanup_(dg_cleanup_coverage) struct dg_coverage *coverage = NULL;
	_cleanup_(dg_cleanup_test_run) struct dg_test_run *run = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	r = dg_policy_load(path, &diags, &policy);
	if (r == -EBADMSG)
		return dg_author_failed(verb, path, r, o->json, &diags);
	dg_diags_print(stderr, &diags);
	if (r == 0)
		r = dg_test_run_new(policy, (uint64_t)time(NULL), &run);
	if (r == 0 && o->coverage)
		r = dg_coverage_new(policy, run, &coverage);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", dg_show_path(path),
				      strerror(-r));
	if (o->json)
		json_report(path, policy, run, coverage);
	else
		print_report(path, policy, run, coverage);
	if (!policy->test_count && o->fail_on_empty)
		return dg_author_fail(verb, DG_EXIT_FINDING,
				      "%s has no test, and --fail-on-empty is given",
				      dg_show_path(path));
	return run->failed ? DG_EXIT_FINDING : DG_EXIT_OK;
}

int dg_verb_test(int argc, char **argv)
{
	struct dg_args args;
	struct options o;
	int status = DG_EXIT_OK;

	if (dg_args_parse(argc, argv, 1, -1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	o = (struct options){
		.json = args.json,
		.coverage = args.values[DG_OPTION_test_coverage],
		.fail_on_empty = args.values[DG_OPTION_test_fail_on_empty],
	};
	for (int i = 0; i < args.count; i++) {
		int one = test_one(argv[0], args.operands[i], &o);

		/* A file that could not be read outweighs a failed test. */
		if (one > status)
			status = one;
	}
	return dg_author_finish(argv[0], status);
}
