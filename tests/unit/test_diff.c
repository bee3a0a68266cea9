// SPDX-License-Identifier: GPL-2.0-only
/* What diff is built of: rules by what they say, and two policies in one order. */
#include "compiled.h"
#include "diff_joint.h"
#include "numbering.h"

static uint32_t number(struct dg_numbering *numbering, const struct dg_policy *policy, size_t rule)
{
	uint32_t ret = 0;

	cr_assert_lt(rule, policy->rule_count);
	cr_assert_eq(dg_number_rule(numbering, &policy->rules[rule], &ret), 0);
	return ret;
}

/* Whatever bears on a verdict, and each literal, tells rules apart. */
Test(numbering, rules_that_differ)
{
	static const char *const rules[] = {
		"allow \"r\" on bind where pci.id == 10de:2330",
		"deny \"r\" on bind where pci.id == 10de:2330",
		"forbid \"r\" on bind where pci.id == 10de:2330",
		"deny \"r\" on bind where pci.id == 10de:2330 mode permissive",
		"allow \"r\" on bind, mmio where pci.id == 10de:2330",
		"allow \"r\" on bind",
		"allow \"r\" on bind where true",
		"allow \"r\" on bind where pci.id != 10de:2330",
		"allow \"r\" on bind where pci.id == 10de:2331",
		"allow \"r\" on bind where pci.subsystem == 10de:2330",
		"allow \"r\" on bind where pci.id in 10de:*",
		"allow \"r\" on bind where pci.id in { 10de:2330, 10de:2331 }",
		"allow \"r\" on bind where pci.id in one",
		"allow \"r\" on bind where pci.id in two",
		"allow \"r\" on bind where pci.id in nested",
		"allow \"r\" on bind where not pci.external",
		"allow \"r\" on bind where pci.external and pci.virtfn",
		"allow \"r\" on bind where pci.external or pci.virtfn",
		"allow \"r\" on bind where pci.virtfn and pci.external",
		"allow \"r\" on bind where pci.revision < 3",
		"allow \"r\" on bind where pci.revision in 3..4",
		"allow \"r\" on bind where pci.revision in 3..5",
		"allow \"r\" on bind where bus == \"ab\"",
		"allow \"r\" on bind where bus like \"ab\"",
		"allow \"r\" on bind where bus == \"a\" or bus == \"b\"",
		"allow \"r\" on bind where any acpi.ids == \"a\"",
		"allow \"r\" on bind where all acpi.ids == \"a\"",
		"allow \"r\" on bind where acpi.ids is known",
		"allow \"r\" on bind where acpi.ids is not known",
		"allow \"r\" on bind where spdm.meas.1 == sha256:"
		"0000000000000000000000000000000000000000000000000000000000000001",
		"allow \"r\" on bind where spdm.meas.2 == sha256:"
		"0000000000000000000000000000000000000000000000000000000000000001",
		"allow \"r\" on bind where spdm.meas.1 == sha256:"
		"0000000000000000000000000000000000000000000000000000000000000002",
		"allow \"r\" on bind where pci.id == 10de:2330 from 2030-01-01",
		"allow \"r\" on bind where pci.id == 10de:2330 until 2030-01-01",
		"allow \"r\" on bind where pci.id == 10de:2330 from 2030-01-02",
	};
	_cleanup_(dg_numbering_done) struct dg_numbering numbering = {};
	uint32_t numbers[ARRAY_SIZE(rules)];

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
		char text[1024];

		snprintf(text, sizeof(text),
			 HEAD
			 "set one = { 10de:2330 };\nset two = { 10de:2330, 10de:* };\n"
			 "set nested = { two };\n"
			 "deny \"used\" on lock where pci.id in one or pci.id in nested;\n%s;\n",
			 rules[i]);
		policy = parse(text);
		numbers[i] = number(&numbering, policy, 1);
		for (size_t k = 0; k < i; k++)
			cr_expect_neq(numbers[i], numbers[k], "%s\n%s", rules[i], rules[k]);
		cr_expect_eq(number(&numbering, policy, 1), numbers[i]);
		/* Its sets live no longer than the policy. */
		dg_map_done(&numbering.set_of);
		numbering.set_of = (struct dg_map){};
	}
}

/* Names and reasons say nothing about a device. */
Test(numbering, rules_that_say_the_same)
{
	_cleanup_(dg_numbering_done) struct dg_numbering numbering = {};
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy =
		parse(HEAD "set a = { 10de:2330, 10de:* };\nset b = { 10de:2330, 10de:* };\n"
			   "allow \"a\" on bind where pci.id in a and bus == \"pci\";\n"
			   "allow \"b\" on bind where (pci.id in b and bus == \"pci\") reason "
			   "\"x\" audit always;\n");

	cr_expect_eq(number(&numbering, policy, 0), number(&numbering, policy, 1));
}

/* The ids of the joint policy, those of one side in brackets. */
static void joint_text(const char *old_rules, const char *new_rules, char ret[static 256])
{
	static const char *const marks[] = {"%s ", "<%s> ", ">%s< "};
	_cleanup_(dg_cleanup_policy) struct dg_policy *old = NULL, *new = NULL;
	_cleanup_(dg_joint_done) struct dg_joint joint = {};
	char text[2048];

	snprintf(text, sizeof(text), HEAD "%s", old_rules);
	old = parse(text);
	snprintf(text, sizeof(text), HEAD "%s", new_rules);
	new = parse(text);
	cr_assert_eq(dg_joint_init(&joint, (const struct dg_policy *[]){old, new}), 0);
	*ret = 0;
	for (uint32_t i = 0; i < joint.policy.rule_count; i++) {
		uint32_t of_old = joint.index[i][DG_SIDE_OLD], of_new = joint.index[i][DG_SIDE_NEW];
		int mark = !dg_joint_alone(&joint, i) ? 0 : of_new == DG_JOINT_NONE ? 1 : 2;

		snprintf(ret + strlen(ret), 256 - strlen(ret), marks[mark],
			 mark == 2 ? new->rules[of_new].id.data : old->rules[of_old].id.data);
	}
}

#define ALLOW(id, n) "allow \"" id "\" on bind where pci.revision == " #n ";\n"
#define FORBID(id, n) "forbid \"" id "\" on bind where pci.revision == " #n ";\n"

Test(joint, one_order)
{
	static const struct {
		const char *old, *new, *wanted;
	} cases[] = {
		{ALLOW("a", 1) ALLOW("b", 2), ALLOW("a", 1) ALLOW("b", 2), "a b "},
		{ALLOW("a", 1) ALLOW("b", 2), ALLOW("x", 1) ALLOW("b", 2), "a b "},
		{ALLOW("a", 1) ALLOW("b", 2), ALLOW("a", 1) ALLOW("b", 3), "a <b> >b< "},
		{ALLOW("a", 1) ALLOW("b", 2) ALLOW("c", 3),
		 ALLOW("b", 2) ALLOW("c", 3) ALLOW("a", 1), "<a> b c >a< "},
		{ALLOW("a", 1) ALLOW("b", 1) ALLOW("c", 1), ALLOW("x", 1) ALLOW("y", 1),
		 "a b <c> "},
		{ALLOW("a", 1) FORBID("f", 1), FORBID("f", 1) FORBID("g", 2) ALLOW("a", 1),
		 "f >g< a "},
		{ALLOW("a", 1), "deny \"d\" on bind where pci.external mode permissive;\n", "<a> "},
		{"", ALLOW("a", 1), ">a< "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[256];

		joint_text(cases[i].old, cases[i].new, got);
		cr_expect_str_eq(got, cases[i].wanted, "%zu: %s", i, got);
	}
}
