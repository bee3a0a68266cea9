// SPDX-License-Identifier: GPL-2.0-only
#include "compiled.h"

Test(tables, patterns_of_ids)
{
	struct dg_tables *t = compile(
		HEAD "allow \"a\" on bind where pci.id in { 10de:*, *:2330, 8086:1234 };\n");

	cr_expect_eq(judge(t, "{\"pci.id\":\"10de:0001\"}").rule, 0);
	cr_expect_eq(judge(t, "{\"pci.id\":\"ffff:2330\"}").rule, 0);
	cr_expect_eq(judge(t, "{\"pci.id\":\"8086:1234\"}").rule, 0);
	cr_expect_eq(judge(t, "{\"pci.id\":\"8086:1235\"}").rule, DG_RULE_DEFAULT);
	cr_expect_eq(judge(t, "{\"pci.id\":\"10df:2331\"}").rule, DG_RULE_DEFAULT);
	cr_expect_eq(judge(t, "{}").rule, DG_RULE_DEFAULT, "unknown admits nothing");
	free(t);
}

Test(tables, unknown_denies)
{
	struct dg_tables *t = compile(HEAD "deny \"d\" on bind where not pci.external;\n"
					   "allow \"a\" on bind;\n");

	cr_expect_eq(judge(t, "{\"pci.external\":true}").rule, 1);
	cr_expect_eq(judge(t, "{\"pci.external\":false}").rule, 0);
	cr_expect_eq(judge(t, "{}").rule, 0);
	free(t);
}

/* Whatever a device has beside what its bus gives it counts. */
Test(tables, kinds_of_devices)
{
	struct dg_tables *t = compile(
		HEAD "forbid \"f\" on accept where pci.id == 10de:2330 and spdm.meas.200 == sha256:"
		     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff;\n"
		     "deny \"d\" on bind where usb.id == 1234:5678 and bus == \"usb\";\n"
		     "allow \"p\" on bind where pci.id == 10de:2330;\n"
		     "allow \"u\" on bind where usb.serial == \"x\";\n"
		     "allow \"s\" on bind where any acpi.ids == \"y\";\n");
	struct dg_query accept = {.op = DG_OP_ACCEPT, .clock_synced = 1};

	cr_expect_eq(judge(t, "{}").rule, 1, "unknown denies");
	cr_expect_eq(judge(t, "{\"bus\":\"pci\"}").rule, DG_RULE_DEFAULT);
	cr_expect_eq(judge(t, "{\"bus\":\"usb\",\"usb.id\":\"1234:5678\"}").rule, 1);
	cr_expect_eq(judge(t, "{\"bus\":\"x\",\"pci.id\":\"10de:2330\"}").rule, 2);
	cr_expect_eq(judge(t, "{\"bus\":\"x\",\"pci.id\":\"10de:2331\",\"usb.serial\":\"x\"}").rule,
		     3);
	cr_expect_eq(judge(t, "{\"bus\":\"x\",\"usb.serial\":\"x\"}").rule, 3);
	cr_expect_eq(judge(t, "{\"bus\":\"x\",\"acpi.ids\":[\"z\",\"y\"]}").rule, 4);
	cr_expect_eq(judge(t, "{\"bus\":\"x\",\"pci.id\":\"10de:2331\",\"acpi.ids\":[\"y\"]}").rule,
		     4);
	cr_expect_eq(decide(t, "{\"pci.id\":\"10de:2330\"}", accept).rule, 0, "unknown forbids");
	cr_expect_eq(decide(t,
			    "{\"pci.id\":\"10de:2330\",\"spdm.meas.200\":\"sha256:"
			    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}",
			    accept)
			     .rule,
		     DG_RULE_DEFAULT);
	cr_expect_lt(t->kind[1].op_part_count[DG_OP_BIND] + t->kind[2].op_part_count[DG_OP_BIND],
		     2 * t->kind[DG_KINDS - 1].op_part_count[DG_OP_BIND] + 1);
	free(t);
}

static size_t nodes_of_kind(const struct dg_tables *t, enum dg_node_kind kind)
{
	size_t count = 0;

	for (uint64_t at = 0; at < t->node_size;) {
		const struct dg_node *node =
			(const struct dg_node *)((const char *)t + t->node_off + at);
		const struct dg_edge_hash *hash = (const struct dg_edge_hash *)(node + 1);

		count += node->kind == kind;
		at += sizeof(*node) + (node->kind == DG_NODE_DENSE
					       ? (node->count * UINT64_C(4) + 7) & ~UINT64_C(7)
					       : node->count * UINT64_C(8));
		if (node->kind == DG_NODE_HASHED)
			at += sizeof(*hash) + ((hash->buckets * UINT64_C(4) + 7) & ~UINT64_C(7));
	}
	return count;
}

/* So many ids, each for one of the drivers in turn: few ids for each. */
static struct dg_tables *ids_of_drivers(unsigned int ids, unsigned int drivers)
{
	static char rules[32768];
	size_t len = (size_t)sprintf(rules, HEAD);

	for (unsigned int i = 0; i < ids; i++)
		len += (size_t)sprintf(rules + len,
				       "allow \"r%u\" on bind where pci.id == 10de:%04x and "
				       "driver.name == \"d%u\";\n",
				       i, 2 * i + 1, i % drivers);
	return compile(rules);
}

Test(tables, few_classes_of_many)
{
	struct dg_tables *t = ids_of_drivers(120, 16);

	cr_expect_geq(nodes_of_kind(t, DG_NODE_HASHED), 16);
	for (unsigned int id = 0; id < 242; id++)
		for (unsigned int driver = 0; driver < 17; driver++) {
			bool hit = id % 2 == 1 && id < 240 && (id - 1) / 2 % 16 == driver;
			char device[128];

			sprintf(device, "{\"pci.id\":\"10de:%04x\",\"driver.name\":\"d%u\"}", id,
				driver);
			cr_expect_eq(judge(t, device).rule, hit ? (id - 1) / 2 : DG_RULE_DEFAULT,
				     "%s", device);
		}
	cr_expect_eq(judge(t, "{\"driver.name\":\"d1\"}").rule, DG_RULE_DEFAULT);
	free(t);
}

Test(tables, no_damaged_hash_gets_by_as_a_wild_index, .timeout = 50)
{
	struct dg_tables *t = ids_of_drivers(60, 12);

	cr_expect_geq(nodes_of_kind(t, DG_NODE_HASHED), 1);
	expect_no_wild_index(t, "{\"pci.id\":\"10de:000b\",\"driver.name\":\"d5\"}");
	expect_no_wild_index(t, "{\"pci.id\":\"10de:000b\",\"driver.name\":\"d4\"}");
	free(t);
}

static const struct dg_dfa *automaton_of(const struct dg_tables *t)
{
	const struct dg_var *vars = (const struct dg_var *)((const char *)t + t->var_off);

	cr_assert_eq(t->var_count, 1);
	cr_assert_eq(vars[0].data_count, 1);
	return (const struct dg_dfa *)((const char *)t + vars[0].data_off);
}

/* The first bytes of a name that no glob matches mostly tell so. */
Test(tables, beginnings_of_globs)
{
	static const struct {
		const char *globs;
		unsigned int bytes;
		const char *in, *out; /* names, a space between them */
	} cases[] = {
		{"device.name like \"abcdefgh*\" or device.name like \"x?\"", 7,
		 "abcdefgh abcdefghi abcdefgh-abcdefgh xa xx",
		 "abcdefg abcdefgg a x xab abcdefxh q"},
		{"device.name like \"abcdefgh*\" or device.name like \"abcxyz?*\"", 6,
		 "abcdefgh abcdefghi abcxyz1 abcxyz12",
		 "abcdefg abcxyz abcdefgg a abcdefxh qqqqqqqqqq"},
		{"device.name like \"nvme*\" or device.name like \"sd?\"", 4, "nvme nvme0n1 sda",
		 "nvm sd sdaa nvnvme xnvme"},
		{"device.name like \"a*\" or device.name like \"bcdefgh*\"", 1, "a aa bcdefgh",
		 "b bc ca cbcdefgh"},
		{"device.name like \"????x\" or device.name like \"abcdefgh*\"", 0,
		 "abcdx xxxxx abcdefgh", "abcd xxxx abcdefg"},
		{"device.name like \"*x\"", 0, "x xx yx", "y xy"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[512], names[128], device[128];
		struct dg_tables *t;

		sprintf(text, HEAD "allow \"g\" on bind where %s;\n", cases[i].globs);
		t = compile(text);
		if (cases[i].bytes)
			cr_expect_eq(automaton_of(t)->filter_bytes, cases[i].bytes, "%s: %u", text,
				     automaton_of(t)->filter_bytes);
		for (int in = 0; in < 2; in++) {
			strcpy(names, in ? cases[i].in : cases[i].out);
			for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
				sprintf(device, "{\"device.name\":\"%s\"}", name);
				cr_expect_eq(judge(t, device).rule, in ? 0 : DG_RULE_DEFAULT,
					     "%s: %s", cases[i].globs, name);
			}
		}
		free(t);
	}
}

Test(tables, ends_of_the_numbers)
{
	struct dg_tables *t = compile(
		HEAD
		"allow \"low\" on bind where pci.bus < 1;\n"
		"allow \"high\" on bind where pci.bus >= 18446744073709551615;\n"
		"allow \"none\" on bind where pci.bus > 18446744073709551615 or pci.bus < 0;\n");

	cr_expect_eq(judge(t, "{\"pci.bus\":0}").rule, 0);
	cr_expect_eq(judge(t, "{\"pci.bus\":1}").rule, DG_RULE_DEFAULT);
	cr_expect_eq(judge(t, "{\"pci.bus\":18446744073709551614}").rule, DG_RULE_DEFAULT);
	cr_expect_eq(judge(t, "{\"pci.bus\":18446744073709551615}").rule, 1);
	free(t);
}

Test(tables, permissive_rules_are_told)
{
	struct dg_tables *t = compile(HEAD "allow \"p\" on bind where true mode permissive;\n"
					   "deny \"q\" on bind mode permissive;\n"
					   "deny \"d\" on bind audit never;\n");
	struct dg_answer answer = judge(t, "{}");

	cr_expect_eq(answer.rule, 2);
	cr_expect_eq(answer.would, 0);
	cr_expect_eq(answer.flags, DG_LEAF_AUDIT | DG_LEAF_WOULD_ALLOW);
	free(t);
}

Test(tables, a_forbid_passes_nothing_over)
{
	struct dg_tables *t = compile(HEAD "allow \"p\" on bind mode permissive;\n"
					   "forbid \"f\" on bind where pci.external;\n");

	cr_expect_eq(judge(t, "{}").rule, 1, "an unknown condition forbids");
	cr_expect_eq(judge(t, "{}").would, DG_RULE_NONE);
	cr_expect_eq(judge(t, "{\"pci.external\":false}").would, 0);
	free(t);
}

Test(tables, times)
{
	struct dg_tables *t =
		compile(HEAD "allow \"a\" on bind from 2026-01-01 until 2026-01-02;\n"
			     "deny \"d\" on mmio until 2026-01-01;\nallow \"rest\" on mmio;\n");
	static const uint64_t from = 1767225600, until = 1767312000;

#define AT(when, synced, operation)                                                                \
	decide(t, "{}",                                                                            \
	       (struct dg_query){.op = (operation), .time = (when), .clock_synced = (synced)})     \
		.rule
	cr_expect_eq(AT(from - 1, 1, DG_OP_BIND), DG_RULE_DEFAULT);
	cr_expect_eq(AT(from, 1, DG_OP_BIND), 0);
	cr_expect_eq(AT(until - 1, 1, DG_OP_BIND), 0);
	cr_expect_eq(AT(until, 1, DG_OP_BIND), DG_RULE_DEFAULT);
	cr_expect_eq(AT(from, 0, DG_OP_BIND), DG_RULE_DEFAULT, "an unsure clock admits nothing");
	cr_expect_eq(AT(from - 1, 1, DG_OP_MMIO), 1);
	cr_expect_eq(AT(from, 1, DG_OP_MMIO), 2);
	cr_expect_eq(AT(from, 0, DG_OP_MMIO), 1, "on an unsure clock a denial does not end");
	free(t);
}

Test(tables, same_tree_same_bytes)
{
	static const char text[] = HEAD "allow \"a\" on bind, mmio where driver.name like "
					"\"nvme*\" or pci.id == 10de:2330;\n"
					"deny \"b\" on bind where device.name in { \"x\", \"y\" } "
					"and pci.revision in 3 .. 9;\n";
	struct dg_tables *one = compile(text), *two = compile(text);

	cr_assert_eq(one->size, two->size);
	cr_expect_eq(memcmp(one, two, one->size), 0);
	free(one);
	free(two);
}

static size_t errors(const char *text, enum dg_diag_id id)
{
	struct dg_policy *policy = parse(text);
	struct dg_tables *tables = NULL;
	struct dg_diags diags = {};
	size_t count = 0;

	cr_assert_eq(dg_tables_build(policy, &diags, &tables, NULL), -EBADMSG);
	cr_expect_null(tables);
	for (size_t i = 0; i < diags.count; i++)
		count += diags.items[i].id == id;
	dg_diags_done(&diags);
	dg_policy_free(policy);
	return count;
}

Test(tables, digests)
{
	struct dg_tables *t = compile(
		HEAD "allow \"a\" on bind where spdm.meas.7 == sha256:"
		     "00000000000000000000000000000000000000000000000000000000000000ab;\n"
		     "allow \"b\" on bind where spdm.root is known and not spdm.root == sha256:"
		     "00000000000000000000000000000000000000000000000000000000000000ab;\n");

	cr_expect_eq(judge(t, "{\"spdm.meas.7\":\"sha256:"
			      "00000000000000000000000000000000000000000000000000000000000000AB\"}")
			     .rule,
		     0);
	cr_expect_eq(judge(t, "{\"spdm.meas.8\":\"sha256:"
			      "00000000000000000000000000000000000000000000000000000000000000ab\"}")
			     .rule,
		     DG_RULE_DEFAULT);
	cr_expect_eq(judge(t, "{\"spdm.root\":\"sha384:"
			      "00000000000000000000000000000000000000000000000000000000000000ab"
			      "00000000000000000000000000000000\"}")
			     .rule,
		     1, "another algorithm is unequal");
	free(t);
}

/* The automaton has to remember which of the last twenty bytes were an a. */
Test(tables, what_is_too_big_is_an_error)
{
	cr_expect_eq(errors(HEAD "allow \"a\" on bind where device.name like "
				 "\"*a????????????????????\";\n",
			    DG_E101),
		     1);
}

/* Each `*x*` doubles the states of an automaton for all of them: so they get several. */
Test(tables, many_globs_are_split)
{
	char text[4096] = HEAD, device[64];
	struct dg_tables *t;

	for (char c = 'a'; c < 'a' + 22; c++)
		sprintf(text + strlen(text),
			"allow \"%c\" on bind where device.name like \"*%c*\";\n", c, c);
	t = compile(text);
	for (unsigned int i = 0; i < 22; i++) {
		sprintf(device, "{\"device.name\":\"z%cv\"}", 'a' + (int)i);
		cr_expect_eq(judge(t, device).rule, i < 21 ? i : 21, "%s", device);
	}
	free(t);
}

/* More variables than a decision keeps classes of: the others are looked up by each node. */
Test(tables, more_variables_than_slots, .timeout = 60)
{
	_cleanup_free_ char *text = NULL;
	struct dg_tables *t;
	char device[64];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(HEAD, out);
	for (unsigned int i = 0; i < 400; i++)
		fprintf(out, "allow \"%u\" on bind where device.name like \"*w%xz*\";\n", i, i);
	fclose(out);
	t = compile(text);
	cr_expect_gt(t->var_count, DG_SLOTS_MAX);
	for (unsigned int i = 0; i < 400; i += 7) {
		sprintf(device, "{\"device.name\":\"aw18fzw%xzb\"}", i);
		cr_expect_eq(judge(t, device).rule, i, "%s", device);
	}
	cr_expect_eq(judge(t, "{\"device.name\":\"w18f\"}").rule, DG_RULE_DEFAULT);
	free(t);
}

/* Ten thousand devices by name, and the same by two attributes: small tables, and soon. */
Test(tables, ten_thousand_rules, .timeout = 20)
{
	size_t room = 4U << 20;
	char *text = malloc(room), device[128];
	struct dg_tables *t;
	size_t len;

	cr_assert_not_null(text);
	len = (size_t)snprintf(text, room, HEAD);
	for (unsigned int i = 0; i < 10000; i++)
		len += (size_t)snprintf(text + len, room - len,
					"allow \"r%u\" on bind where pci.id == %04x:%04x and "
					"pci.subsystem == %04x:0001;\n",
					i, i / 7, i * 3, 10000 - i);
	t = compile(text);
	cr_expect_lt(t->size, 4U << 20, "%u bytes", t->size);
	for (unsigned int i = 0; i < 10000; i += 999) {
		snprintf(device, sizeof(device),
			 "{\"pci.id\":\"%04x:%04x\",\"pci.subsystem\":\"%04x:0001\"}", i / 7, i * 3,
			 10000 - i);
		cr_expect_eq(judge(t, device).rule, i);
	}
	free(t);
	free(text);
}
