// SPDX-License-Identifier: GPL-2.0-only
/* Why a verdict is what it is. */
#include "compiled.h"
#include "explain.h"

struct explain_case {
	const char *rules, *device;
	const char *decided, *nearest; /* NULL: none */
	const char *failed;	       /* attributes of the nearest rule's clauses, with blanks between */
};

static void check(const struct explain_case *c, uint64_t time)
{
	_cleanup_(dg_cleanup_explanation) struct dg_explanation *e = NULL;
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	char text[4096], failed[512] = "";

	snprintf(text, sizeof(text), "%s%s", HEAD, c->rules);
	policy = parse(text);
	cr_assert_eq(dg_inventory_load_text("d", c->device, strlen(c->device), &diags, &inventory),
		     0);
	cr_assert_eq(dg_explain(policy, inventory->devices[0], DG_OP_BIND, time, &e), 0);
	cr_expect_str_eq(e->decided.rule == DG_RULE_NONE ? "-" :
							   policy->rules[e->decided.rule].id.data,
			 c->decided ?: "-", "%s", c->rules);
	cr_expect_str_eq(e->nearest.rule == DG_RULE_NONE ? "-" :
							   policy->rules[e->nearest.rule].id.data,
			 c->nearest ?: "-", "%s", c->rules);
	for (size_t i = 0; i < e->nearest.clause_count; i++) {
		const struct dg_clause *clause = &e->nearest.clauses[i];

		strcat(failed, i ? " " : "");
		strcat(failed, clause->test->kind == DG_EXPR_TEST ? clause->test->attr->name : "-");
		cr_expect_neq(clause->truth, clause->wanted ? DG_TRUTH_TRUE : DG_TRUTH_FALSE);
	}
	cr_expect_str_eq(failed, c->failed, "%s", c->rules);
}

Test(explain, nearest)
{
	static const struct explain_case cases[] = {
		{ "", "{}", NULL, NULL, "" },
		{ "allow \"a\" on bind where bus == \"pci\";", "{\"bus\":\"usb\"}", NULL, "a", "bus" },
		/* The fewest clauses that fail, wherever it stands. */
		{ "allow \"a\" on bind where bus == \"pci\" and pci.revision == 1;\n"
		  "allow \"b\" on bind where pci.revision == 2;",
		  "{\"bus\":\"usb\",\"pci.revision\":3}", NULL, "b", "pci.revision" },
		/* Of an `or` the nearer side. */
		{ "allow \"a\" on bind where (bus == \"pci\" and pci.revision == 1) or pci.external;",
		  "{\"bus\":\"usb\",\"pci.revision\":3,\"pci.external\":false}", NULL, "a",
		  "pci.external" },
		/* Below `not`, `and` and `or` change places. */
		{ "allow \"a\" on bind where not (bus == \"usb\" or pci.external);",
		  "{\"bus\":\"usb\",\"pci.external\":true}", NULL, "a", "bus pci.external" },
		{ "allow \"a\" on bind where not (bus == \"usb\" and pci.external);",
		  "{\"bus\":\"usb\",\"pci.external\":true}", NULL, "a", "bus" },
		/* As near, but more of it holds. */
		{ "allow \"a\" on bind where pci.revision == 1;\n"
		  "allow \"b\" on bind where bus == \"pci\" and pci.revision == 2;",
		  "{\"bus\":\"pci\",\"pci.revision\":3}", NULL, "b", "pci.revision" },
		/* A rule about another kind of device is not near. */
		{ "allow \"a\" on bind where pci.revision == 1;\n"
		  "allow \"b\" on bind where usb.class in 08:*:*;",
		  "{\"usb.id\":\"1d6b:0002\"}", NULL, "b", "usb.class" },
		/* A constant in the way; a permissive rule is none to look at. */
		{ "allow \"a\" on bind where true and false;", "{}", NULL, "a", "-" },
		{ "allow \"a\" on bind where bus == \"pci\" mode permissive;", "{}", NULL, NULL, "" },
		/* It matches, behind a deny. */
		{ "deny \"d\" on bind where pci.external; allow \"a\" on bind where bus == \"pci\";",
		  "{\"bus\":\"pci\"}", "d", "a", "" },
		{ "allow \"a\" on bind where bus == \"pci\";", "{\"bus\":\"pci\"}", "a", NULL, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i], 0);
}

Test(explain, nearest_and_live)
{
	static const struct explain_case cases[] = {
		/* Of rules that are as near one that is live, whatever stands first or holds more. */
		{ "allow \"a\" on bind where bus == \"pci\" until 2020-01-01;\n"
		  "allow \"b\" on bind where pci.revision == 2;",
		  "{\"bus\":\"pci\",\"pci.revision\":3}", NULL, "b", "pci.revision" },
		{ "allow \"a\" on bind where pci.revision == 2;\n"
		  "allow \"b\" on bind where bus == \"pci\" from 2030-01-01;",
		  "{\"bus\":\"pci\",\"pci.revision\":3}", NULL, "a", "pci.revision" },
		/* But not one that is further away. */
		{ "allow \"a\" on bind where bus == \"pci\" until 2020-01-01;\n"
		  "allow \"b\" on bind where bus == \"usb\" and pci.revision == 2;",
		  "{\"bus\":\"pci\",\"pci.revision\":3}", NULL, "a", "" },
	};

	/* In September 2020. */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i], 1600000000);
}
