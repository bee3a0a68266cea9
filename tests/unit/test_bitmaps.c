// SPDX-License-Identifier: GPL-2.0-only
/* Tables whose rules are bitmaps: by choice, and where diagrams would be too large. */
#include "compiled.h"

#include "eval.h"
#include "terms.h"

/* Attributes of a few values each, in pairs and triples: hundreds of sets of facts, few rules each.
 */
static const struct {
	const char *name;
	unsigned int most;
} attrs[] = {
	{"pci.bus", 255},	  {"pci.slot", 31},	 {"pci.function", 7}, {"pci.segment", 999},
	{"pci.revision", 255},	  {"tdi.state", 3},	 {"driver.name", 99}, {"device.name", 99},
	{"driver.module", 99},	  {"usb.serial", 99},	 {"usb.port", 99},    {"usb.product", 99},
	{"usb.manufacturer", 99}, {"attest.result", 99},
};

static uint32_t random_state;

static uint32_t pick(uint32_t count)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * count >> 32);
}

static bool is_text(size_t attr)
{
	return attr >= 6;
}

static void put_test(FILE *out, size_t attr)
{
	uint32_t value = pick(attrs[attr].most);

	if (!strcmp(attrs[attr].name, "tdi.state"))
		fprintf(out, "tdi.state %s run", pick(2) ? "==" : "!=");
	else if (!is_text(attr))
		fprintf(out, "%s in %u .. %u", attrs[attr].name, value,
			value + pick(attrs[attr].most - value + 1));
	else if (pick(2))
		fprintf(out, "%s == \"v%02u\"", attrs[attr].name, value);
	else
		fprintf(out, "%s like \"v%u*\"", attrs[attr].name, value % 10);
}

static void put_rule(FILE *out, unsigned int number)
{
	static const char *const effects[] = {"allow", "deny", "forbid", "allow", "deny"};
	bool used[ARRAY_SIZE(attrs)] = {};
	const char *effect = effects[pick(5)];

	fprintf(out, "%s \"%u\" on bind where ", effect, number);
	for (unsigned int left = 2 + pick(3), first = 1; left > 0;) {
		size_t attr = pick(ARRAY_SIZE(attrs));

		if (used[attr])
			continue;
		used[attr] = true;
		if (!first)
			fputs(pick(8) ? " and " : " or ", out);
		first = 0;
		put_test(out, attr);
		left--;
	}
	fputs(pick(10) || effect[0] == 'f' ? ";\n" : " mode permissive;\n", out);
}

static char *make_policy(unsigned int rules)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	fputs(HEAD, out);
	for (unsigned int i = 0; i < rules; i++)
		put_rule(out, i);
	fclose(out);
	return text;
}

static void make_device(char *json, size_t size)
{
	size_t len = (size_t)snprintf(json, size, "{\"bus\":\"pci\"");

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		uint32_t value = pick(attrs[i].most);

		if (pick(8) == 0)
			continue;
		if (!strcmp(attrs[i].name, "tdi.state"))
			len += (size_t)snprintf(json + len, size - len, ",\"tdi.state\":\"%s\"",
						pick(2) ? "run" : "error");
		else
			len += (size_t)snprintf(json + len, size - len,
						is_text(i) ? ",\"%s\":\"v%02u\"" : ",\"%s\":%u",
						attrs[i].name, value);
	}
	snprintf(json + len, size - len, "}");
}

/* The tables and the reference evaluator on random devices. */
static void compare(const struct dg_policy *policy, const struct dg_tables *tables, size_t devices)
{
	static struct dg_facts_more more;
	static struct dg_facts facts;
	struct dg_diags diags = {};
	char json[1024];

	for (size_t i = 0; i < devices; i++) {
		struct dg_query query = {.op = DG_OP_BIND, .clock_synced = 1, .time = 1};
		struct dg_inventory *inventory = NULL;
		struct dg_answer answer, expected;

		make_device(json, sizeof(json));
		cr_assert_eq(dg_inventory_load_text("d", json, strlen(json), &diags, &inventory), 0,
			     "%s", json);
		dg_device_to_facts(inventory->devices[0], &facts);
		dg_device_to_more(inventory->devices[0], &more);
		cr_assert_eq(dg_tables_decide(tables, &facts, &more, &query, &answer), 0);
		dg_eval_decide(policy, inventory->devices[0], DG_OP_BIND, 1, true, &expected);
		cr_assert(answer.rule == expected.rule && answer.would == expected.would &&
				  answer.verdict == expected.verdict,
			  "rule %u for %u, would %u for %u: %s", answer.rule, expected.rule,
			  answer.would, expected.would, json);
		dg_inventory_free(inventory);
	}
	dg_diags_done(&diags);
}

static struct dg_tables *build(const struct dg_policy *policy, bool bitmaps,
			       struct dg_tables_stats *stats)
{
	struct dg_tables_options options = {.bitmaps = bitmaps};
	struct dg_tables *tables = NULL;
	struct dg_diags diags = {};
	const char *what = "";

	cr_assert_eq(dg_tables_build_with(policy, &options, &diags, &tables, stats), 0);
	cr_assert_eq(dg_tables_check(tables, tables->size, &what), 0, "%s", what);
	dg_diags_done(&diags);
	return tables;
}

/* So many scattered rules as tables, which decide @devices devices as the reference does. */
static struct dg_tables_stats build_scattered(unsigned int rules, bool bitmaps, size_t devices)
{
	struct dg_tables_stats stats;
	struct dg_policy *policy;
	struct dg_tables *t;
	char *text;

	random_state = rules;
	text = make_policy(rules);
	policy = parse(text);
	t = build(policy, bitmaps, &stats);
	compare(policy, t, devices);
	free(t);
	dg_policy_free(policy);
	free(text);
	return stats;
}

/* Nobody asks for bitmaps, and as diagrams the rules would be too large. */
Test(bitmaps, are_what_is_fallen_back_to, .timeout = 60)
{
	struct dg_tables_stats stats = build_scattered(3000, false, 3000);

	cr_expect_gt(stats.blocks, 0);
	cr_expect_gt(stats.apart, 2000);
}

/* A block holds 4,096 terms. */
Test(bitmaps, several_blocks, .timeout = 60)
{
	struct dg_tables_stats stats = build_scattered(9000, true, 300);

	cr_expect_geq(stats.blocks, 3);
	cr_expect_eq(stats.parts, 0);
}

/* A rule of many terms stays in a diagram, beside the others' bitmaps. */
Test(bitmaps, a_rule_of_many_terms_is_in_a_part)
{
	static const char *const tests[] = {"pci.bus == %u",	  "pci.slot == %u",
					    "pci.function == %u", "pci.segment == %u",
					    "pci.revision == %u", "driver.name == \"%u\"",
					    "device.name == \"%u\"",	  "driver.module == \"%u\"",
					    "bus == \"%u\""};
	struct dg_tables_stats stats;
	struct dg_policy *policy;
	struct dg_tables *t;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	/* The sum of nine digits is 1 modulo 3: 6,561 paths and as many alternatives. */
	fputs(HEAD "deny \"short\" on bind where pci.bus == 1 and pci.slot == 1;\n"
		   "allow \"long\" on bind where ",
	      out);
	for (unsigned int digits = 0, first = 1; digits < 19683; digits++) {
		unsigned int sum = 0;

		for (unsigned int rest = digits; rest > 0; rest /= 3)
			sum += rest % 3;
		if (sum % 3 != 1)
			continue;
		fputs(first ? "(" : " or (", out);
		first = 0;
		for (unsigned int i = 0, rest = digits; i < ARRAY_SIZE(tests); i++, rest /= 3) {
			fputs(i > 0 ? " and " : "", out);
			fprintf(out, tests[i], rest % 3);
		}
		fputs(")", out);
	}
	fputs(";\n", out);
	fclose(out);
	policy = parse(text);
	t = build(policy, true, &stats);
	cr_expect_eq(stats.blocks, 1);
	cr_expect_eq(stats.apart, 1);
	cr_expect_eq(stats.parts, 1);
	cr_expect_eq(judge(t, "{\"pci.bus\":1,\"pci.slot\":1,\"pci.function\":1,\"pci.segment\":1,"
			      "\"pci.revision\":0,\"driver.name\":\"0\",\"device.name\":\"0\","
			      "\"driver.module\":\"0\",\"bus\":\"0\"}")
			     .rule,
		     0);
	cr_expect_eq(judge(t, "{\"pci.bus\":1,\"pci.slot\":0,\"pci.function\":0,\"pci.segment\":0,"
			      "\"pci.revision\":0,\"driver.name\":\"0\",\"device.name\":\"0\","
			      "\"driver.module\":\"0\",\"bus\":\"0\"}")
			     .rule,
		     1);
	free(t);
	dg_policy_free(policy);
	free(text);
}

/* Each word wrong in turn: refused, or still fit to be followed. */
Test(bitmaps, no_damaged_word_gets_by, .timeout = 60)
{
	struct dg_policy *policy = parse(
		HEAD "allow \"a\" on bind where pci.bus in 3 .. 9 and driver.name like \"v*\";\n"
		     "deny \"b\" on bind where pci.slot == 4 or device.name == \"x\";\n");
	struct dg_tables *t = build(policy, true, NULL);

	expect_no_wild_index(t, "{\"pci.bus\":4,\"driver.name\":\"v1\"}");
	free(t);
	dg_policy_free(policy);
}

static void refused(const struct dg_tables *t, uint32_t *word, uint32_t wrong, const char *words)
{
	uint32_t right = *word;
	const char *what = "";

	*word = wrong;
	cr_expect_eq(dg_tables_check(t, t->size, &what), -EBADMSG);
	cr_expect(strstr(what, words), "%s: %s", words, what);
	*word = right;
}

Test(bitmaps, damage_is_named)
{
	struct dg_policy *policy = parse(
		HEAD "allow \"a\" on bind where pci.bus in 3 .. 9 and driver.name like \"v*\";\n");
	struct dg_tables *t = build(policy, true, NULL);
	uint32_t *rows = (uint32_t *)((char *)t + t->row_off);
	uint32_t *terms = (uint32_t *)((char *)t + t->term_off);
	struct dg_node *node = (void *)((char *)t + t->node_off + t->node_bitmaps);

	refused(t, &t->op_block_count[DG_OP_BIND], 2, "an operation");
	refused(t, &rows[0], DG_REF_LEAF, "a node of a bitmap");
	refused(t, &rows[0], rows[0] + 1, "a node of a bitmap");
	refused(t, &terms[0], 1, "a bitmap in the tables");
	refused(t, &t->node_bitmaps, t->node_size, "an edge");
	refused(t, (uint32_t *)(node + 1) + 1, DG_REF_LEAF | t->word_count, "an edge");
	refused(t, &((struct dg_bitmap *)((char *)t + t->bitmap_off))[1].row, 0,
		"a bitmap in the tables");
	refused(t, &t->bitmap_count, 64, "outside of them");
	free(t);
	dg_policy_free(policy);
}
