// SPDX-License-Identifier: GPL-2.0-only
/* Set items that are never used, where toy policies hardly lead. */
#define _GNU_SOURCE /* asprintf() */
#include <string.h>

#include "compiled.h"

#define LOW_HALVES "deny \"other\" on bind where not pci.id in *:2330;\n"

static struct dg_diags found;

static void done(void)
{
	dg_diags_done(&found);
}

/* Analyse the rules; how many findings with the id, each on this line if it is not 0. */
static unsigned int count(const char *rules, enum dg_diag_id id, uint32_t line)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_free_ char *text = NULL;
	unsigned int n = 0;

	cr_assert_geq(asprintf(&text, "%s%s", HEAD, rules), 0);
	dg_diags_done(&found);
	memset(&found, 0, sizeof(found));
	dg_policy_load_text("p.dgp", text, strlen(text), DG_LOAD_ANALYSIS | DG_LOAD_ALLOW_DEAD,
			    &found, &policy);
	cr_expect_eq(found.errors, 0, "%s", found.count > 0 ? found.items[0].message : "");
	for (size_t i = 0; i < found.count; i++)
		n += found.items[i].id == id && (line == 0 || found.items[i].pos.line == line);
	return n;
}

/* All items are unused, or none, said one by one. */
static unsigned int unused(const char *rules)
{
	unsigned int n = count(rules, DG_E209, 0);

	cr_expect_eq(count(rules, DG_E212, 0), 0, "undecided");
	return n;
}

TestSuite(items, .fini = done);

Test(items, low_half_of_a_span)
{
	/* 10de:* is used for 10de:2330, which nothing names. */
	cr_expect_eq(
		unused(LOW_HALVES "allow \"a\" on bind where pci.id in { 10de:*, 8086:2330 };\n"),
		0);
	cr_expect_eq(unused(LOW_HALVES
			    "allow \"a\" on bind where pci.id in { 10de:2330, 10de:2331 };\n"),
		     1);
	cr_expect_eq(unused(LOW_HALVES
			    "deny \"b\" on bind where pci.id in 10de:*;\n"
			    "allow \"a\" on bind where pci.id in { 10de:*, 8086:2330 };\n"),
		     1);
}

Test(items, span_of_a_low_half)
{
	cr_expect_eq(unused("deny \"b\" on bind where not pci.id in 10de:*;\n"
			    "allow \"a\" on bind where pci.id in { *:2330, 10de:2331 };\n"),
		     0);
	cr_expect_eq(unused("deny \"b\" on bind where pci.id in { 10de:*, 8086:* };\n"
			    "allow \"a\" on bind where pci.id in { 10de:2330, *:2331 };\n"),
		     1);
	cr_expect_eq(unused("allow \"a\" on bind where pci.id in { *:2330, 10de:2330, *:* };\n"),
		     2);
}

/* Both facts lose the value, or the device is denied before: the rule tells nothing apart. */
#define EITHER                                                                                     \
	"set both = { \"usb\", \"e\" };\n"                                                         \
	"deny \"d\" on bind where driver.name != \"usb\" or bus != \"usb\";\n"
#define ONE_OF "bus in both and not driver.name in both or driver.name in both and not bus in both"

Test(items, of_two_facts)
{
	/* "e" never gets past the deny; "usb" does, for both facts at once, which the rule ignores.
	 */
	cr_expect_eq(unused(EITHER "allow \"x\" on bind where " ONE_OF " or pci.external;\n"), 1);
	cr_expect_not_null(strstr(found.items[0].message, "no item of the set"));
	cr_expect_eq(
		unused(EITHER "allow \"x\" on bind where bus in both and driver.name in both;\n"),
		1);
}

#define X(n) "allow \"" n "\" on bind where any of.compatible in { \"x" n "\", \"y" n "\" };\n"
#define SIX X("0") X("1") X("2") X("3") X("4") X("5")

Test(items, sets_of_several_variables)
{
	/* Eight tests on one set: the fact has two variables. */
	cr_expect_eq(unused("allow \"a\" on bind where any of.compatible == \"a\";\n" SIX
			    "allow \"z\" on bind where any of.compatible in { \"a\", \"b\" };\n"),
		     1);
	cr_expect_eq(unused("deny \"a\" on bind where all of.compatible == \"a\";\n" SIX
			    "allow \"z\" on bind where any of.compatible in { \"a\", \"b\" };\n"),
		     0);
	cr_expect_eq(unused(SIX "allow \"z\" on bind where any of.compatible like \"p*\" and "
				"not any of.compatible in { \"pa\", \"b\" };\n"),
		     0);
}

Test(items, of_two_facts_in_two_views)
{
	/* Ids have two variables when their low halves are asked for. Each of these is missed. */
	cr_expect_eq(unused("set ids = { 10de:2330, 10de:2331 };\n" LOW_HALVES
			    "allow \"x\" on bind where pci.id in ids and not pci.subsystem in "
			    "ids;\n"),
		     0);
}

#define DIGEST(d) "sha256:" d d d d d d d d d d d d d d d d

Test(items, digests)
{
	cr_expect_eq(
		unused("deny \"b\" on bind where spdm.root == " DIGEST(
			"0001") ";\n"
				"allow \"a\" on bind where spdm.root in { " DIGEST(
					"0001") ", " DIGEST("0002") ", " DIGEST("0002") " };\n"),
		2);
	cr_expect_eq(unused("allow \"a\" on bind where spdm.meas.7 in { " DIGEST(
			     "0001") ", " DIGEST("0002") " };\n"),
		     0);
}

Test(items, sets_in_sets)
{
	/* All of `a` is in `b` by itself; then nothing of `b` is told. */
	cr_expect_eq(unused("set a = { 1, 2 };\nset b = { 1 .. 3, a };\n"
			    "allow \"x\" on bind where pci.revision in b;\n"),
		     1);
	/* The list of the condition loses `a`, which another rule goes on asking for. */
	cr_expect_eq(unused("set a = { 1, 2 };\n"
			    "allow \"y\" on mmio where pci.revision in a;\n"
			    "allow \"x\" on bind where pci.revision in { 1..3, a };\n"),
		     1);
}

Test(items, sets_of_names)
{
	cr_expect_eq(unused("set n = { \"PNP0A03\", \"PNP0A08\" };\n"
			    "deny \"b\" on bind where any acpi.ids == \"PNP0A03\";\n"
			    "allow \"a\" on bind where any acpi.ids in n;\n"
			    "allow \"c\" on dma where all acpi.ids in n;\n"),
		     0);
	cr_expect_eq(unused("set n = { \"PNP0A03\", \"PNP0A08\" };\n"
			    "deny \"b\" on bind where any acpi.ids == \"PNP0A03\";\n"
			    "allow \"a\" on bind where any acpi.ids in n;\n"),
		     1);
}

Test(items, any_settles_nothing_for_all)
{
	/* "a" decides for 08 alone, and for 03 with 08, where `all` but not `any` is lost with 03.
	 */
	cr_expect_eq(unused("set i = { 08:06:50, 03:*:* };\n"
			    "allow \"a\" on bind where any usb.interfaces in i;\n"
			    "forbid \"f\" on bind, dma where all usb.interfaces != 08:06:50 and\n"
			    "  (any usb.interfaces in 03:*:* or all usb.interfaces in i);\n"),
		     1);
}

Test(items, a_set_at_once)
{
	static const char rules[] = "set late = { 8086:0001, 8086:0002 };\n"
				    "forbid \"f\" on bind where pci.id in 8086:*;\n"
				    "allow \"a\" on bind where pci.id in late or pci.external;\n";

	cr_expect_eq(unused(rules), 1);
	cr_expect_not_null(strstr(found.items[0].message, "no item of the set \"late\""));
	cr_expect_not_null(found.items[0].witness);
}

/* While the allow is live, the denial is too; or the allow is live a second longer. */
#define FROM_MAY " from 2030-05-01T00:00:00Z until 2030-06-01T00:00:0"

Test(items, at_times_at_which_the_rule_is_live)
{
	static const struct {
		const char *until;
		unsigned int unused;
	} cases[] = {{"0Z", 1}, {"1Z", 0}};

	for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
		_cleanup_free_ char *rules = NULL;

		cr_assert_geq(asprintf(&rules,
				       "deny \"b\" on bind where pci.id in 10de:*" FROM_MAY "0Z;\n"
				       "allow \"a\" on bind where pci.id in { 10de:2330, "
				       "8086:2330 }" FROM_MAY "%s;\n",
				       cases[n].until),
			      0);
		cr_expect_eq(unused(rules), cases[n].unused, "until %s", cases[n].until);
	}
}

/* Each set asked for, and what it holds is that of all before it. */
Test(items, sets_in_sets_many_deep)
{
	_cleanup_free_ char *rules = NULL;
	size_t size;
	FILE *out = open_memstream(&rules, &size);

	fputs("set s0 = { 0 };\n", out);
	for (unsigned int i = 1; i < 70; i++)
		fprintf(out, "set s%u = { s%u, %u };\n", i, i - 1, i);
	for (unsigned int i = 0; i < 70; i++)
		fprintf(out, "%s \"%u\" on bind where pci.bus in s%u;\n", i % 2 ? "deny" : "allow",
			i, i);
	fclose(out);
	/* The rules before have decided for all that s1 … hold of others. */
	cr_expect_eq(unused(rules), 69);
}

/* More than are looked at together: each rule asks for the set with an item of its own beside it.
 */
Test(items, of_many_tests)
{
	static const char *const before[] = {
		"", "deny \"d\" on bind where pci.id in 10de:2331;\n",
		"deny \"d\" on bind where pci.id in 10de:2331 and pci.revision < 69;\n"};
	static const unsigned int expected[] = {0, 1, 0};

	for (size_t n = 0; n < ARRAY_SIZE(before); n++) {
		_cleanup_free_ char *rules = NULL;
		size_t size;
		FILE *out = open_memstream(&rules, &size);

		fprintf(out, "set gpus = { 10de:2330, 10de:2331 };\n%s", before[n]);
		for (unsigned int i = 0; i < 70; i++)
			fprintf(out,
				"allow \"%u\" on bind where pci.id in { gpus, 8086:%04x } and "
				"pci.revision == %u;\n",
				i, i, i);
		fclose(out);
		cr_expect_eq(unused(rules), expected[n], "with %s", before[n]);
	}
}

/* The witness is what the item is for, whoever of the many asks for it. */
Test(items, witness_of_many_tests)
{
	_cleanup_free_ char *rules = NULL;
	size_t size;
	FILE *out = open_memstream(&rules, &size);

	fputs("set ids = { 10de:2330, 8086:0001 };\n"
	      "forbid \"f\" on bind where pci.id == 10de:2330;\n",
	      out);
	for (unsigned int i = 0; i < 66; i++)
		fprintf(out,
			"allow \"%u\" on bind where pci.id in { ids, 10de:*, 8086:1%03x } and "
			"pci.bus "
			"== %u;\n",
			i, i, i);
	fputs("allow \"z\" on bind where pci.id in { ids, 8086:2000 } and pci.slot == 3;\n", out);
	fclose(out);
	cr_assert_eq(unused(rules), 1);
	cr_expect_str_eq(found.items[0].witness, "{\"pci.id\":\"10de:2330\"}");
}

Test(items, of_many_facts)
{
	_cleanup_free_ char *rules = NULL;
	size_t size;
	FILE *out = open_memstream(&rules, &size);

	fprintf(out, "set fw = { sha256:%064x, sha256:%064x };\ndeny \"a\" on bind where not (", 1,
		2);
	for (unsigned int i = 1; i <= 40; i++)
		fprintf(out, "%sspdm.meas.%u in fw", i > 1 ? " and " : "", i);
	fputs(");\nallow \"b\" on bind;\n", out);
	fclose(out);
	cr_expect_eq(unused(rules), 0);
}

Test(items, not_undecided_for_their_number)
{
	_cleanup_free_ char *rules = NULL;
	size_t size;
	FILE *out = open_memstream(&rules, &size);

	/* A class for each id: each is asked about by itself. */
	for (unsigned int i = 0; i < 300; i++)
		fprintf(out, "deny \"%u\" on bind where pci.id == 8086:%04x and pci.external;\n", i,
			i);
	fprintf(out, "set s = { 8086:0000");
	for (unsigned int i = 1; i < 300; i++)
		fprintf(out, ", 8086:%04x", i);
	fprintf(out, " };\nallow \"a\" on bind where pci.id in s;\n");
	fclose(out);
	cr_expect_eq(unused(rules), 0);
}
