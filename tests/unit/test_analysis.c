// SPDX-License-Identifier: GPL-2.0-only
/* What the analysis says of rules; the cases that random policies (tests/analysis) seldom make. */
#include <string.h>

#include "compiled.h"

/* The findings of a policy, HEAD before it. */
static void analyse(const char *rules, struct dg_diags *ret)
{
	struct dg_policy *policy = NULL;
	char text[4096];

	snprintf(text, sizeof(text), "%s%s", HEAD, rules);
	(void)dg_policy_load_text("test.dgp", text, strlen(text), DG_LOAD_ANALYSIS, ret, &policy);
	if (policy)
		dg_policy_free(policy);
}

/* Its one finding, or NULL. */
static const struct dg_diag *only(const struct dg_diags *diags)
{
	cr_assert_leq(diags->count, 1);
	return diags->count > 0 ? &diags->items[0] : NULL;
}

/*
 * "first" hides "second" for most devices, so that nothing is passed over otherwise without "rule";
 * the others tell.
 */
Test(analysis, a_rule_hides_a_permissive_one_for_few_devices)
{
	struct dg_diags diags = {};

	analyse("deny \"first\" on bind where driver.name == \"a\" and not pci.external mode "
		"permissive;\n"
		"allow \"rule\" on bind where driver.name == \"a\";\n"
		"deny \"second\" on bind where driver.builtin mode permissive;\n"
		"allow \"one\" on bind where pci.external and pci.revision == 1;\n"
		"allow \"two\" on bind where pci.external and pci.revision == 2;\n"
		"allow \"next\" on bind where driver.name is known;\n",
		&diags);
	for (size_t i = 0; i < diags.count; i++)
		cr_expect_neq(diags.items[i].pos.line, 4, "%s", diags.items[i].message);
	dg_diags_done(&diags);
}

/* An event is due for what is passed over, with the rule or not; but where "silent" comes first. */
Test(analysis, an_event_is_due_with_the_rule_only_for_few_devices)
{
	struct dg_diags diags = {};

	analyse("deny \"silent\" on bind where driver.builtin mode permissive audit never;\n"
		"deny \"loud\" on bind mode permissive audit always;\n"
		"allow \"rule\" on bind where driver.name == \"a\" audit always;\n"
		"allow \"next\" on bind;\n",
		&diags);
	cr_expect_null(only(&diags), "%s", only(&diags)->message);
	dg_diags_done(&diags);
}

/* Those are named without which the rule would decide. */
Test(analysis, who_shadows_a_rule)
{
	struct dg_diags diags = {};

	analyse("allow \"some\" on bind where driver.name == \"b\" and bus is not known audit "
		"always;\n"
		"allow \"bus\" on bind where bus is known and pci.revision == 1;\n"
		"allow \"too\" on bind where bus is known and pci.revision == 2;\n"
		"allow \"one\" on bind where driver.name in { \"a\", \"b\" };\n"
		"allow \"two\" on bind where driver.name in { \"c\", \"d\" };\n"
		"allow \"rule\" on bind where driver.name in { \"b\", \"c\" };\n",
		&diags);
	cr_assert_not_null(only(&diags));
	cr_expect_eq(only(&diags)->id, DG_E073);
	cr_expect_not_null(
		strstr(only(&diags)->message, "matches, \"one\" and \"two\" match first"), "%s",
		only(&diags)->message);
	dg_diags_done(&diags);
}

/* What makes no difference is not in a witness. */
Test(analysis, a_witness_is_plain)
{
	struct dg_diags diags = {};

	analyse("forbid \"flaw\" on bind where bus == \"pci\" and pci.revision < 3;\n"
		"allow \"other\" on bind where pci.id == 1234:5678 from 2100-01-01 until "
		"2101-01-01;\n"
		"allow \"rule\" on bind where bus == \"usb\" and driver.name == \"a\";\n"
		"allow \"next\" on bind where bus == \"usb\";\n",
		&diags);
	cr_assert_not_null(only(&diags));
	cr_expect_eq(only(&diags)->id, DG_E208);
	cr_expect_str_eq(only(&diags)->witness, "{\"bus\":\"usb\",\"driver.name\":\"a\"}");
	cr_expect_null(strstr(only(&diags)->message, "at 19"), "%s", only(&diags)->message);
	dg_diags_done(&diags);
}

/* A rule that none of the earlier denials touches; a witness has what it takes and no more. */
Test(analysis, an_assertion_that_does_not_hold)
{
	struct dg_diags diags = {};

	analyse("forbid \"flaw\" on bind where pci.id == 1234:0001 and pci.revision < 3;\n"
		"allow \"one\" on bind where driver.name == \"a\" and pci.id is known;\n"
		"allow \"two\" on bind where driver.name == \"b\" and usb.id is known;\n"
		"assert \"all\" always bind where driver.name == \"a\" and pci.id == 1234:0002;\n"
		"assert \"none\" never bind where pci.id is not known;\n",
		&diags);
	cr_assert_not_null(only(&diags));
	cr_expect_eq(only(&diags)->id, DG_E074);
	cr_expect_not_null(strstr(only(&diags)->message, "bind is allowed by \"two\""), "%s",
			   only(&diags)->message);
	cr_expect_str_eq(only(&diags)->witness,
			 "{\"driver.name\":\"b\",\"pci.revision\":3,\"usb.id\":\"0000:0000\"}");
	dg_diags_done(&diags);
}

/*
 * No rule denies what the assertion speaks of, and most of it is allowed: the default is left. Its
 * devices are not looked at first, for more rules ask for their revision than for others.
 */
Test(analysis, an_assertion_that_the_default_alone_breaks)
{
	struct dg_diags diags = {};

	analyse("deny \"other\" on bind where not pci.external and pci.virtfn;\n"
		"allow \"most\" on bind where pci.external and (pci.revision is not known or "
		"pci.revision != 7);\n"
		"deny \"7a\" on bind where not pci.external and pci.revision == 7 and bus == "
		"\"a\";\n"
		"deny \"7b\" on bind where not pci.external and pci.revision == 7 and bus == "
		"\"b\";\n"
		"allow \"inside\" on bind where not pci.external;\n"
		"assert \"all\" always bind where pci.external;\n",
		&diags);
	cr_assert_not_null(only(&diags));
	cr_expect_eq(only(&diags)->id, DG_E074);
	cr_expect_not_null(strstr(only(&diags)->witness, "\"pci.revision\":7"), "%s",
			   only(&diags)->witness);
	dg_diags_done(&diags);
}

/* Eight rules, their number in @format, are all that matches @last, which is shadowed. */
static void takes_many(const char *format, const char *last)
{
	struct dg_diags diags = {};
	char rules[4096] = "";

	for (unsigned int k = 0; k < 8; k++) {
		snprintf(rules + strlen(rules), sizeof(rules) - strlen(rules),
			 "allow \"%u\" on bind where ", k);
		snprintf(rules + strlen(rules), sizeof(rules) - strlen(rules), format, k);
	}
	strcat(rules, last);
	analyse(rules, &diags);
	cr_assert_not_null(only(&diags));
	cr_expect_eq(only(&diags)->id, DG_E073);
	dg_diags_done(&diags);
}

/* A walk stays with what the rule matches, and what it changes in one view of an id it does in all.
 */
Test(analysis, rules_that_take_many_to_shadow)
{
	takes_many("pci.bus == %u;\n",
		   "allow \"all\" on bind where pci.bus < 8 and pci.external;\n");
	takes_many("pci.id in *:%04x;\n",
		   "allow \"all\" on bind where pci.id in { 8086:0000, 8086:0001, 8086:0002, "
		   "8086:0003, 8086:0004, 8086:0005, 8086:0006, 8086:0007 };\n");
}

/*
 * One device of 2,000 is left to the last rule, and neither devices one by one nor a walk lead to
 * it: its bus is asked for by the most rules, and by the first ones.
 */
Test(analysis, a_rule_for_a_device_hard_to_find)
{
	_cleanup_free_ char *text = NULL;
	struct dg_policy *policy = NULL;
	struct dg_diags diags = {};
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(HEAD, out);
	for (unsigned int slot = 0; slot < 10; slot++)
		if (slot != 5)
			fprintf(out,
				"deny \"s%u\" on bind where pci.bus == 137 and pci.slot == %u;\n",
				slot, slot);
	for (unsigned int bus = 0; bus < 200; bus++)
		if (bus != 137)
			fprintf(out, "deny \"b%u\" on bind where pci.bus == %u;\n", bus, bus);
	fputs("allow \"last\" on bind where pci.bus < 200 and pci.slot < 10;\n", out);
	fclose(out);
	dg_policy_load_text("test.dgp", text, strlen(text), DG_LOAD_ANALYSIS, &diags, &policy);
	for (size_t i = 0; i < diags.count; i++)
		cr_expect(diags.items[i].id != DG_E073 && diags.items[i].id != DG_E212, "%s",
			  diags.items[i].message);
	dg_policy_free(policy);
	dg_diags_done(&diags);
}

/* Six of forty facts each: no region is small, and a device for each rule is near. */
Test(analysis, rules_that_a_walk_finds)
{
	_cleanup_free_ char *text = NULL;
	struct dg_policy *policy = NULL;
	struct dg_diags diags = {};
	uint32_t random = 1;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(HEAD, out);
	for (unsigned int i = 0; i < 400; i++) {
		fprintf(out, "allow \"%u\" on bind where bus == \"pci\"", i);
		for (unsigned int k = 0; k < 6; k++) {
			random = random * 1664525 + 1013904223;
			fprintf(out, " and spdm.meas.%u is%s known", 7 * k + 1 + (random >> 16) % 7,
				random >> 31 ? " not" : "");
		}
		fputs(";\n", out);
	}
	fclose(out);
	dg_policy_load_text("test.dgp", text, strlen(text), DG_LOAD_ANALYSIS, &diags, &policy);
	cr_expect_eq(diags.count, 0, "%zu findings, the first: %s", diags.count,
		     diags.count > 0 ? diags.items[0].message : "");
	dg_policy_free(policy);
	dg_diags_done(&diags);
}

/* JSON cannot hold such bytes: the text says so, and of others it says nothing. */
Test(analysis, a_witness_that_is_no_utf_8)
{
	static const char end[] = ";\nassert \"none\" never bind;\n";

	for (int plain = 0; plain < 2; plain++) {
		struct dg_diags diags = {};
		char rules[256];

		snprintf(rules, sizeof(rules),
			 "allow \"a\" on bind where driver.name like \"%s\"%s",
			 plain ? "[a-z]" : "[\\x80-\\xff]", end);
		analyse(rules, &diags);
		cr_assert_not_null(only(&diags));
		cr_expect_eq(!strstr(only(&diags)->message, "U+FFFD"), plain, "%s",
			     only(&diags)->message);
		dg_diags_done(&diags);
	}
}
