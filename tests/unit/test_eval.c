// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* The reference evaluator (language page, sections 5 and 6). */
#include <criterion/criterion.h>
#include <string.h>

#include "eval.h"
#include "inventory.h"
#include "policy.h"

#define HEAD                                                                                      \
	"policy \"p\" version 1 abi 1;\n"                                                         \
	"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n"

struct setup {
	struct dg_policy *policy;
	struct dg_inventory *inventory;
};

static struct setup set_up(const char *rules, const char *device)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL;
	struct setup s = { 0 };
	int err;

	cr_assert_geq(asprintf(&text, HEAD "%s", rules), 0);
	err = dg_policy_load_text("t", text, strlen(text), 0, &diags, &s.policy);
	cr_assert_eq(err, 0, "%s: %s", rules, diags.count ? diags.items[0].message : "");
	cr_assert_eq(dg_inventory_load_text("i", device, strlen(device), &diags, &s.inventory), 0);
	cr_assert_eq(s.inventory->device_count, 1);
	return s;
}

static struct dg_answer ask_at(const char *rules, const char *device, uint64_t time, bool synced)
{
	struct setup s = set_up(rules, device);
	struct dg_answer answer;

	dg_eval_decide(s.policy, s.inventory->devices[0], DG_OP_BIND, time, synced, &answer);
	dg_policy_free(s.policy);
	dg_inventory_free(s.inventory);
	return answer;
}

static struct dg_answer ask(const char *rules, const char *device)
{
	return ask_at(rules, device, 1000, true);
}

/* 'T', 'F' or 'U', told apart by an allow and a deny with the same condition. */
static char truth(const char *where, const char *device)
{
	_cleanup_free_ char *allow = NULL, *deny = NULL;
	bool allowed, denied;

	cr_assert_geq(asprintf(&allow, "allow \"r\" on bind where %s;", where), 0);
	cr_assert_geq(asprintf(&deny, "deny \"r\" on bind where %s;", where), 0);
	allowed = ask(allow, device).rule == 0;
	denied = ask(deny, device).rule == 0;
	return allowed ? 'T' : denied ? 'U' : 'F';
}

#define DEVICE                                                                                    \
	"{\"pci.id\":\"10de:2330\",\"pci.revision\":7,\"pci.external\":false,\"bus\":\"pci\","      \
	"\"usb.interfaces\":[\"08:06:50\",\"03:01:01\"],\"acpi.ids\":[],\"spdm.root\":\"sha256:"    \
	"0000000000000000000000000000000000000000000000000000000000000000\"}"

Test(eval, conditions)
{
	static const struct {
		const char *where;
		char want;
	} cases[] = {
		{ "true", 'T' },
		{ "false", 'F' },
		{ "pci.external", 'F' },
		{ "not pci.external", 'T' },
		{ "pci.virtfn", 'U' },
		{ "not pci.virtfn", 'U' },
		{ "pci.virtfn and false", 'F' },
		{ "pci.virtfn and true", 'U' },
		{ "pci.virtfn or true", 'T' },
		{ "pci.virtfn or false", 'U' },
		{ "pci.virtfn or not pci.virtfn", 'U' },
		{ "pci.virtfn is known", 'F' },
		{ "pci.virtfn is not known", 'T' },
		{ "usb.id != 1234:5678", 'U' },
		{ "usb.id in { 1234:5678 }", 'U' },
		{ "usb.serial like \"*\"", 'U' },
		{ "pci.id == 10de:2330", 'T' },
		{ "pci.id != 10de:2330", 'F' },
		{ "pci.id in 10de:*", 'T' },
		{ "pci.id in { *:2331, 8086:* }", 'F' },
		{ "pci.revision < 7", 'F' },
		{ "pci.revision <= 7", 'T' },
		{ "pci.revision > 6", 'T' },
		{ "pci.revision >= 8", 'F' },
		{ "pci.revision in 7 .. 7", 'T' },
		{ "pci.revision in 0 .. 6", 'F' },
		{ "bus like \"p?i\"", 'T' },
		{ "any usb.interfaces in 08:*:*", 'T' },
		{ "all usb.interfaces in 08:*:*", 'F' },
		{ "any usb.interfaces != 08:06:50", 'T' },
		{ "all usb.interfaces != 08:06:51", 'T' },
		{ "any acpi.ids like \"*\"", 'F' },
		{ "all acpi.ids like \"*\"", 'F' },
		{ "all acpi.ids != \"x\"", 'F' },
		{ "acpi.ids is known", 'T' },
		{ "any of.compatible == \"x\"", 'U' },
		{ "all of.compatible == \"x\"", 'U' },
		{ "spdm.root == sha384:"
		  "000000000000000000000000000000000000000000000000"
		  "000000000000000000000000000000000000000000000000",
		  'F' },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(truth(cases[i].where, DEVICE), cases[i].want, "%s", cases[i].where);
}

Test(eval, default_decides_last)
{
	struct dg_answer answer = ask("", "{}");

	cr_expect_eq(answer.verdict, DG_VERDICT_DENY);
	cr_expect_eq(answer.rule, DG_RULE_DEFAULT);
	cr_expect_eq(answer.would, DG_RULE_NONE);
	cr_expect_eq(answer.flags, DG_LEAF_AUDIT);
}

Test(eval, first_match_decides_and_forbid_comes_before_all)
{
	static const char rules[] = "allow \"a\" on bind;\ndeny \"b\" on bind;\n"
				    "forbid \"c\" on bind where pci.external;\n"
				    "forbid \"d\" on bind where pci.external;";

	cr_expect_eq(ask(rules, "{\"pci.external\":false}").rule, 0);
	cr_expect_eq(ask(rules, "{\"pci.external\":true}").rule, 2);
	cr_expect_eq(ask(rules, "{}").rule, 2, "an unknown condition of a forbid denies");
}

Test(eval, other_operations_are_not_touched)
{
	cr_expect_eq(ask("allow \"a\" on mmio;", "{}").rule, DG_RULE_DEFAULT);
}

Test(eval, permissive_rules_are_noted_and_passed)
{
	struct dg_answer answer = ask("deny \"a\" on bind mode permissive;\n"
				      "allow \"b\" on bind mode permissive;\nallow \"c\" on bind;",
				      "{}");

	cr_expect_eq(answer.rule, 2);
	cr_expect_eq(answer.would, 0);
	cr_expect_eq(answer.flags, DG_LEAF_AUDIT, "the rule passed over wants an event");

	answer = ask("allow \"a\" on bind mode permissive;", "{}");
	cr_expect_eq(answer.rule, DG_RULE_DEFAULT);
	cr_expect_eq(answer.would, 0);
	cr_expect(answer.flags & DG_LEAF_WOULD_ALLOW);

	answer = ask("deny \"a\" on bind mode permissive;\nforbid \"f\" on bind;", "{}");
	cr_expect_eq(answer.would, DG_RULE_NONE, "none when a forbid decides");
}

Test(eval, audit)
{
	cr_expect_eq(ask("allow \"a\" on bind;", "{}").flags, 0);
	cr_expect_eq(ask("allow \"a\" on bind audit always;", "{}").flags, DG_LEAF_AUDIT);
	cr_expect_eq(ask("deny \"a\" on bind;", "{}").flags, DG_LEAF_AUDIT);
	cr_expect_eq(ask("deny \"a\" on bind audit never;", "{}").flags, 0);
	cr_expect_eq(ask("deny \"a\" on bind mode permissive audit never;\nallow \"b\" on bind;",
			 "{}")
			     .flags,
		     0);
}

Test(eval, time)
{
	static const char allow[] = "allow \"a\" on bind from 1970-01-02 until 1970-01-03;";
	static const char deny[] = "deny \"a\" on bind from 1970-01-02 until 1970-01-03;";

	cr_expect_eq(ask_at(allow, "{}", 86399, true).rule, DG_RULE_DEFAULT);
	cr_expect_eq(ask_at(allow, "{}", 86400, true).rule, 0);
	cr_expect_eq(ask_at(allow, "{}", 172799, true).rule, 0);
	cr_expect_eq(ask_at(allow, "{}", 172800, true).rule, DG_RULE_DEFAULT);
	cr_expect_eq(ask_at(allow, "{}", 86400, false).rule, DG_RULE_DEFAULT,
		     "without a clock a rule with until allows nothing");
	cr_expect_eq(ask_at(deny, "{}", 172800, false).rule, 0,
		     "and one that denies goes on past it");
	cr_expect_eq(ask_at(deny, "{}", 86399, false).rule, DG_RULE_DEFAULT);
}

/* Many cases in one go: each is decided as by itself, and without a rule as if that were not there. */
Test(eval, many_at_once)
{
	static const char rules[] =
		"deny \"p\" on bind, dma where pci.external mode permissive;\n"
		"allow \"a\" on bind, mmio where bus == \"pci\" until 1970-01-02;\n"
		"forbid \"f\" on bind, dma where pci.revision == 3 audit never;\n"
		"allow \"q\" on bind where pci.revision < 9 mode permissive audit never;\n"
		"deny \"d\" on bind where bus == \"usb\";\n"
		"forbid \"g\" on bind where bus == \"usb\" and pci.external;\n"
		"allow \"z\" on bind, mmio where bus in { \"usb\", \"pci\" };\n";
	static const char *const devices[] = {
		"{}", "{\"bus\":\"pci\"}", "{\"bus\":\"pci\",\"pci.external\":true}",
		"{\"bus\":\"usb\",\"pci.external\":false,\"pci.revision\":2}",
		"{\"bus\":\"pci\",\"pci.revision\":3,\"pci.external\":false}",
		"{\"bus\":\"acpi\",\"pci.revision\":8,\"pci.external\":false}",
	};
	static const enum dg_op ops[] = { DG_OP_BIND, DG_OP_MMIO, DG_OP_DMA };
	struct setup setups[ARRAY_SIZE(devices)];
	struct dg_eval_case cases[ARRAY_SIZE(devices) * 3 * 2 * 8];
	const struct dg_policy *policy;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		setups[i] = set_up(rules, devices[i]);
	policy = setups[0].policy;
	cr_assert_eq(policy->rule_count, 7);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cases[count++] = (struct dg_eval_case){
			.device = setups[i % ARRAY_SIZE(devices)].inventory->devices[0],
			.op = ops[i / 7 % 3],
			.time = i / 5 % 2 ? 1000 : 200000,
			.without = i % 8 == 7 ? DG_RULE_NONE : (uint32_t)(i % 8),
		};
	cr_assert_gt(count, 4 * DG_EVAL_TOGETHER);
	dg_eval_decide_all(policy, cases, count);
	for (size_t i = 0; i < count; i++) {
		uint32_t without = cases[i].without, kept = 0;
		struct dg_answer answer;

		if (without != DG_RULE_NONE) {
			kept = policy->rules[without].ops;
			policy->rules[without].ops = 0;
		}
		dg_eval_decide(policy, cases[i].device, cases[i].op, cases[i].time, true, &answer);
		if (without != DG_RULE_NONE)
			policy->rules[without].ops = kept;
		cr_expect_eq(cases[i].answer.verdict, answer.verdict, "%zu", i);
		cr_expect_eq(cases[i].answer.rule, answer.rule, "%zu", i);
		cr_expect_eq(cases[i].answer.would, answer.would, "%zu", i);
		cr_expect_eq(cases[i].answer.flags, answer.flags, "%zu", i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		dg_policy_free(setups[i].policy);
		dg_inventory_free(setups[i].inventory);
	}
}
