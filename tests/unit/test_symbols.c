// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classes against the reference evaluator: what a class says of a test is what the evaluator says
 * of a value in it, every class has a value, and classes that go together have one in common.
 */
#include "arena.h"
#include "compiled.h"
#include "eval.h"
#include "symbols.h"

struct world {
	struct dg_policy *policy;
	struct dg_symbols *symbols;
	const struct dg_variable *vars;
	uint32_t var_count;
	struct dg_arena *arena;
};

static void report(void *data, enum dg_symbols_fault fault, const struct dg_attr *attr,
		   const struct dg_expr *expr)
{
	(void)fault, (void)attr, (void)expr;
	(*(unsigned int *)data)++;
}

static struct world world_of(const char *text)
{
	unsigned int faults = 0;
	struct dg_symbols_options options = {
		.asserts = true, .verified = true, .report = report, .data = &faults};
	struct world w = {.policy = parse(text), .arena = dg_arena_new()};
	const struct dg_policy *policy = w.policy;

	cr_assert_eq(dg_symbols_new(&policy, 1, &options, &w.symbols), 0, "%s", text);
	w.vars = dg_symbols_variables(w.symbols, &w.var_count);
	return w;
}

static void world_done(struct world *w)
{
	dg_symbols_free(w->symbols);
	dg_policy_free(w->policy);
	dg_arena_free(w->arena);
}

static struct dg_bytes bytes_of(const struct dg_string *string)
{
	return (struct dg_bytes){.data = (const char *)string->bytes, .len = string->len};
}

static uint32_t class_of_set(const struct dg_variable *v, const struct dg_facts_more *more)
{
	const struct dg_string_set *strings =
		v->fact == DG_SET_ACPI_IDS ? &more->acpi_ids : &more->of_compatible;
	uint32_t count =
		v->fact == DG_SET_USB_INTERFACES ? more->usb_interfaces.count : strings->count;
	uint32_t state = 0;

	if (!(more->known_set >> v->fact & 1))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t class =
			v->fact == DG_SET_USB_INTERFACES
				? dg_classifier_num(&v->values, more->usb_interfaces.value[i])
				: dg_classifier_bytes(&v->values, bytes_of(&strings->str[i]));

		state = v->set.next[state * v->set.element_classes + class];
	}
	return v->set.class[state];
}

/* The class that a device, a time and a clock have, by way of what the engine is given. */
static uint32_t class_of(const struct dg_variable *v, const struct dg_device *device, uint64_t time,
			 bool synced)
{
	static struct dg_facts facts;
	static struct dg_facts_more more;

	dg_device_to_facts(device, &facts);
	dg_device_to_more(device, &more);
	switch (v->kind) {
	case DG_VAR_NUM:
		return facts.known_num >> v->fact & 1
			       ? dg_classifier_num(&v->values, facts.num[v->fact] & v->mask)
			       : 0;
	case DG_VAR_STR:
		return facts.known_str >> v->fact & 1
			       ? dg_classifier_bytes(&v->values, bytes_of(&facts.str[v->fact]))
			       : 0;
	case DG_VAR_DIGEST:
		return more.known_digest[v->fact / 64] >> (v->fact % 64) & 1
			       ? dg_classifier_bytes(
					 &v->values,
					 (struct dg_bytes){
						 .data = (const char *)&more.digest[v->fact],
						 .len = sizeof(more.digest[0])})
			       : 0;
	case DG_VAR_SET:
		return class_of_set(v, &more);
	case DG_VAR_TIME:
		return dg_classifier_num(&v->values, time);
	case DG_VAR_CLOCK:
		return synced ? 1 : 2;
	}
	return 0;
}

static bool in_runs(const struct dg_atom *atom, uint32_t class)
{
	for (size_t i = 0; i < atom->run_count; i++)
		if (class >= atom->runs[i].first && class < atom->runs[i].end)
			return true;
	return false;
}

/* A test by classes. */
static enum dg_truth truth_of(const struct world *w, const struct dg_expr *expr,
			      const struct dg_device *device)
{
	struct dg_test_meaning meaning;
	bool holds = false;
	uint32_t class;

	cr_assert(dg_symbols_test(w->symbols, expr, &meaning));
	class = class_of(&w->vars[meaning.atoms[0].var], device, 0, true);
	if (expr->test == DG_TEST_KNOWN || expr->test == DG_TEST_NOT_KNOWN)
		return (class != 0) == (expr->test == DG_TEST_KNOWN) ? DG_TRUTH_TRUE
								     : DG_TRUTH_FALSE;
	if (class == 0)
		return DG_TRUTH_UNKNOWN;
	for (unsigned int i = 0; i < meaning.count; i++)
		holds |= in_runs(&meaning.atoms[i],
				 class_of(&w->vars[meaning.atoms[i].var], device, 0, true));
	return holds != meaning.negated ? DG_TRUTH_TRUE : DG_TRUTH_FALSE;
}

static void check_expr(const struct world *w, const struct dg_expr *expr,
		       const struct dg_device *device, const char *what)
{
	if (!expr || expr->kind == DG_EXPR_TRUE || expr->kind == DG_EXPR_FALSE)
		return;
	if (expr->kind == DG_EXPR_TEST) {
		cr_assert_eq(truth_of(w, expr, device), dg_eval_condition(expr, device),
			     "the test at column %u says otherwise of %s", expr->pos.column, what);
		return;
	}
	check_expr(w, expr->left, device, what);
	if (expr->kind != DG_EXPR_NOT)
		check_expr(w, expr->right, device, what);
}

/* Every test of every rule and assertion. */
static void check_device(const struct world *w, const struct dg_device *device, const char *what)
{
	for (size_t i = 0; i < w->policy->rule_count; i++)
		check_expr(w, w->policy->rules[i].where, device, what);
	for (size_t i = 0; i < w->policy->assert_count; i++)
		check_expr(w, w->policy->asserts[i].where, device, what);
}

static void set_number(struct dg_device *device, enum dg_attr_id id, uint64_t num)
{
	device->facts[id] = (struct dg_fact){
		.known = true,
		.scalar = {.type = dg_schema_attr(id)->type, .num = num, .mask = UINT64_MAX}};
}

static void set_string(struct dg_device *device, enum dg_attr_id id, const char *data, size_t len)
{
	device->facts[id] = (struct dg_fact){
		.known = true,
		.scalar = {.type = DG_TYPE_STRING, .str = {.data = data, .len = len}}};
}

static void any_classes(const struct world *w, uint32_t *ret)
{
	for (uint32_t i = 0; i < w->var_count; i++)
		ret[i] = DG_CLASS_ANY;
}

/* Every class of every variable has a device, which is in it. */
static void check_inhabited(const struct world *w)
{
	uint32_t classes[128];
	struct dg_witness witness;

	cr_assert_leq(w->var_count, 128);
	for (uint32_t var = 0; var < w->var_count; var++) {
		bool always = w->vars[var].kind == DG_VAR_TIME || w->vars[var].kind == DG_VAR_CLOCK;

		for (uint32_t class = always; class < w->vars[var].class_count; class ++) {
			any_classes(w, classes);
			classes[var] = class;
			cr_assert_eq(dg_symbols_device(w->symbols, classes, w->arena, &witness), 0,
				     "class %u of variable %u has no value", class, var);
			cr_assert_eq(class_of(&w->vars[var], witness.device, witness.time,
					      witness.clock_synced),
				     class, "variable %u", var);
			check_device(w, witness.device, "a witness");
		}
	}
}

static size_t string_number(size_t n, char *ret, const char *letters)
{
	size_t base = strlen(letters), len = 0, total = 1;

	for (; n >= total; len++, total *= base)
		n -= total;
	for (size_t i = 0; i < len; i++, n /= base)
		ret[i] = letters[n % base];
	return len;
}

/* All strings of up to six of these letters. */
#define SHORT_STRINGS (1 + 3 + 9 + 27 + 81 + 243 + 729)

static void check_names(const struct world *w)
{
	struct dg_device device = {};
	char name[8] = {};

	check_device(w, &device, "nothing");
	for (size_t n = 0; n < SHORT_STRINGS; n++) {
		size_t len = string_number(n, name, "abc");

		set_string(&device, DG_ATTR_DEVICE_NAME, name, len);
		name[len] = 0;
		check_device(w, &device, name);
	}
}

#define RULE(id, where) "allow \"" id "\" on bind where " where ";\n"

Test(symbols, names_and_globs)
{
	struct world w = world_of(
		HEAD "set names = { \"a\", \"ab\", \"abc\", \"cab\" };\n" RULE(
			"1", "device.name == \"ab\" or device.name != \"ba\"")
			RULE("2", "device.name in names or device.name in { \"ab\", \"\" }") RULE(
				"3", "device.name like \"a*\" and not device.name like \"*c\"")
				RULE("4",
				     "device.name like \"*b*a*\" or device.name like \"?[!a]c\"")
					RULE("5",
					     "device.name is known or device.name is not known")
						RULE("6", "device.name == \"a*\" or device.name == "
							  "\"abcabcabc\""));

	cr_assert_eq(w.var_count, 2, "device.name and spdm.verified");
	check_names(&w);
	check_inhabited(&w);
	world_done(&w);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void random_string(uint32_t *state, bool glob, char *ret)
{
	static const char *const parts[] = {"a", "b", "c", "ab", "*", "*", "?", "[ab]", "[!a]"};
	unsigned int count = next_random(state) % 5;

	*ret = 0;
	while (count-- > 0)
		strcat(ret, parts[next_random(state) % (glob ? 9 : 4)]);
}

/* Random names, sets of them and globs; every short string. */
Test(symbols, random_names_and_globs)
{
	uint32_t state = 17;

	for (unsigned int round = 0; round < 60; round++) {
		char text[4096] = HEAD, one[64], two[64];
		unsigned int rules = 1 + next_random(&state) % 8;
		struct world w;

		for (unsigned int i = 0; i < rules; i++) {
			bool glob = next_random(&state) % 2;

			random_string(&state, glob, one);
			random_string(&state, false, two);
			if (glob)
				sprintf(text + strlen(text),
					"allow \"%u\" on bind where device.name like \"%s\";\n", i,
					one);
			else
				sprintf(text + strlen(text),
					"allow \"%u\" on bind where device.name in { \"%s\", "
					"\"%s\" };\n",
					i, one, two);
		}
		w = world_of(text);
		check_names(&w);
		check_inhabited(&w);
		world_done(&w);
	}
}

/* What globs match may be no more than the exact names: then there is no class for the others. */
Test(symbols, globs_of_names_only)
{
	struct world w =
		world_of(HEAD RULE("1", "device.name like \"[ab]\"")
				 RULE("2", "device.name == \"a\"") RULE("3", "device.name == \"b\"")
					 RULE("4", "device.name like \"c\" or device.name == \"c\"")
						 RULE("5", "device.name like \"\"")
							 RULE("6", "device.name == \"\""));

	/* a, b, c, "", any other, unknown */
	cr_expect_eq(w.vars[0].class_count, 6, "%u", w.vars[0].class_count);
	check_names(&w);
	check_inhabited(&w);
	world_done(&w);
}

/* A name that needs more than 255 bytes is none. */
Test(symbols, names_are_short)
{
	char text[2048] = HEAD, a[160], b[160];
	struct world w;

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	a[159] = b[159] = 0;
	sprintf(text + strlen(text),
		"allow \"1\" on bind where device.name like \"*%s*\";\n"
		"allow \"2\" on bind where device.name like \"*%s*\";\n",
		a, b);
	w = world_of(text);
	cr_expect_eq(w.vars[0].class_count, 4, "neither, either one, never both: %u",
		     w.vars[0].class_count);
	check_inhabited(&w);
	world_done(&w);
}

static void check_numbers(const struct world *w, enum dg_attr_id id, uint64_t low, uint64_t high)
{
	struct dg_device device = {};
	char what[32];

	for (uint64_t num = low;; num++) {
		set_number(&device, id, num);
		snprintf(what, sizeof(what), "%llu", (unsigned long long)num);
		check_device(w, &device, what);
		if (num == high)
			break;
	}
}

Test(symbols, numbers)
{
	struct world w = world_of(
		HEAD "set odd = { 1, 3, 5, 7, 20 .. 30, 28 .. 35, 36 };\n" RULE(
			"1", "pci.bus < 5 or pci.bus <= 9 or pci.bus > 40 or pci.bus >= 60")
			RULE("2", "pci.bus == 5 or pci.bus != 33 or pci.bus in odd or pci.bus in 5 "
				  ".. 5") RULE("3", "pci.bus in { 0, 1, 2 } or pci.bus < 0 or "
						    "pci.bus > 18446744073709551615")
				RULE("4", "pci.bus >= 18446744073709551615 or pci.bus < "
					  "18446744073709551614") RULE(
					"5", "pci.bus in { 50 .. 60, 7 } or pci.bus is known"));

	check_numbers(&w, DG_ATTR_PCI_BUS, 0, 100);
	check_numbers(&w, DG_ATTR_PCI_BUS, UINT64_MAX - 5, UINT64_MAX);
	check_inhabited(&w);
	world_done(&w);
}

/* Classes are as few as tests tell apart, however they are put. */
Test(symbols, numbers_that_nothing_tells_apart)
{
	struct world w = world_of(HEAD RULE("1", "pci.bus in { 1, 5, 9, 20 .. 30 }") RULE(
		"2", "pci.bus in { 9, 20 .. 25, 26 .. 30, 5, 1, 22 }") RULE("3", "pci.bus == 40"));

	cr_expect_eq(w.vars[0].class_count, 4, "in, 40, the rest, unknown: %u",
		     w.vars[0].class_count);
	check_numbers(&w, DG_ATTR_PCI_BUS, 0, 50);
	check_inhabited(&w);
	world_done(&w);
}

Test(symbols, random_numbers)
{
	uint32_t state = 5;

	for (unsigned int round = 0; round < 200; round++) {
		static const char *const tests[] = {"== %u",
						    "!= %u",
						    "< %u",
						    "<= %u",
						    "> %u",
						    ">= %u",
						    "in { %u, %u .. 19 }",
						    "in { %u, %u, 3 }"};
		char text[4096] = HEAD, test[64];
		unsigned int rules = 1 + next_random(&state) % 10;
		struct world w;

		for (unsigned int i = 0; i < rules; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(test, sizeof(test), tests[next_random(&state) % 8],
				 next_random(&state) % 20, next_random(&state) % 20);
#pragma GCC diagnostic pop
			sprintf(text + strlen(text), "allow \"%u\" on bind where pci.bus %s;\n", i,
				test);
		}
		w = world_of(text);
		check_numbers(&w, DG_ATTR_PCI_BUS, 0, 25);
		check_inhabited(&w);
		world_done(&w);
	}
}

/* Both values of a bool and all names of an enum: no class for what there is not. */
Test(symbols, small_types)
{
	struct world w =
		world_of(HEAD RULE("1", "pci.external or pci.external == false")
				 RULE("2", "tdi.state == unlocked or tdi.state in { locked, run }")
					 RULE("3", "tdi.state != error or pci.virtfn"));

	for (uint32_t i = 0; i < w.var_count; i++)
		if (w.vars[i].kind == DG_VAR_NUM && w.vars[i].fact == DG_NUM_TDI_STATE)
			cr_expect_eq(w.vars[i].class_count, 4, "%u", w.vars[i].class_count);
		else
			cr_expect_eq(w.vars[i].class_count, 3, "%u", w.vars[i].class_count);
	check_numbers(&w, DG_ATTR_PCI_EXTERNAL, 0, 1);
	check_numbers(&w, DG_ATTR_TDI_STATE, 0, 3);
	check_inhabited(&w);
	world_done(&w);
}

Test(symbols, digests)
{
	char text[2048] = HEAD, zeros[129];
	struct world w;

	memset(zeros, '0', 128);
	zeros[128] = 0;
	sprintf(text + strlen(text),
		"set fw = { sha256:%.64s, sha384:%.96s };\n"
		"allow \"1\" on bind where spdm.meas.7 in fw or spdm.root in fw;\n"
		"allow \"2\" on bind where spdm.meas.7 == sha256:%.64s or spdm.meas.8 is known;\n"
		"allow \"3\" on bind where spdm.meas.7 != sha512:%.128s or spdm.report == "
		"sha384:%.96s;\n",
		zeros, zeros, zeros, zeros, zeros);
	w = world_of(text);
	for (uint32_t i = 0; i < w.var_count; i++)
		if (w.vars[i].kind == DG_VAR_DIGEST && w.vars[i].fact == 7)
			cr_expect_eq(w.vars[i].class_count, 5, "three values, others, unknown");
	check_inhabited(&w);
	world_done(&w);
}

/* The two halves of ids: every pair of classes is possible exactly when some id has them. */
static void check_ids(const struct world *w, const uint64_t *ids, size_t count)
{
	const struct dg_variable *v = w->vars;
	struct dg_device device = {};
	uint32_t classes[8], pair[2];
	struct dg_witness witness;
	bool seen[64][64] = {};

	while (v->fact != DG_NUM_PCI_ID || v->kind != DG_VAR_NUM)
		v++;
	cr_assert_eq(v->group_count, 2);
	cr_assert_eq(v->group, (uint32_t)(v - w->vars));
	for (size_t i = 0; i < count; i++) {
		set_number(&device, DG_ATTR_PCI_ID, ids[i]);
		check_device(w, &device, "an id");
		seen[class_of(&v[0], &device, 0, true)][class_of(&v[1], &device, 0, true)] = true;
	}
	seen[0][0] = true;
	for (uint32_t a = 0; a < v[0].class_count; a++)
		for (uint32_t b = 0; b < v[1].class_count; b++) {
			pair[0] = a;
			pair[1] = b;
			cr_expect_eq(dg_symbols_group_possible(w->symbols, v->group, pair),
				     seen[a][b], "classes %u and %u", a, b);
			any_classes(w, classes);
			classes[v->group] = a;
			classes[v->group + 1] = b;
			cr_assert_eq(dg_symbols_device(w->symbols, classes, w->arena, &witness),
				     seen[a][b] ? 0 : -ENOENT);
			if (!seen[a][b])
				continue;
			cr_expect_eq(class_of(&v[0], witness.device, 0, true), a);
			cr_expect_eq(class_of(&v[1], witness.device, 0, true), b);
		}
}

Test(symbols, halves_of_ids)
{
	static uint64_t ids[8 * 0x10000];
	struct world w = world_of(
		HEAD RULE("1", "pci.id in { 10de:*, *:2330, 8086:1234 }")
			RULE("2", "pci.id in { *:0001, 10de:2330 } or pci.id == 10df:0001")
				RULE("3", "pci.id in { *:*, 0000:0000 } or pci.id == ffff:ffff"));
	static const uint64_t vendors[] = {0x10de, 0x10df, 0x8086, 0, 0xffff, 1};
	size_t count = 0;

	for (size_t i = 0; i < 6; i++)
		for (uint64_t device = 0; device < 0x10000; device += i < 5 ? 1 : 0x100)
			ids[count++] = vendors[i] << 16 | device;
	ids[count++] = 0x12330;
	ids[count++] = 0x10001;
	check_ids(&w, ids, count);
	check_inhabited(&w);
	world_done(&w);
}

static void set_elements(struct dg_device *device, enum dg_attr_id id, struct dg_literal *pool,
			 uint32_t subset, struct dg_literal *elements)
{
	size_t count = 0;

	for (uint32_t i = 0; i < 32; i++)
		if (subset >> i & 1)
			elements[count++] = pool[i];
	device->facts[id] =
		(struct dg_fact){.known = true, .elements = elements, .element_count = count};
}

static const char set_rules[] = HEAD "set storage = { 08:*:*, 03:01:* };\n" RULE(
	"1", "any usb.interfaces == 03:01:01 or all usb.interfaces in { 03:*:* }")
	RULE("2", "any usb.interfaces in storage or all usb.interfaces in storage") RULE(
		"3", "all usb.interfaces != 08:06:50 or any usb.interfaces != 08:06:50")
		RULE("4", "usb.interfaces is known or any usb.interfaces in { 01:02:03, ff:ff:ff }")
			RULE("5",
			     "any acpi.ids == \"a\" or all acpi.ids like \"a*\" or any acpi.ids "
			     "like \"*b\"") RULE("6", "all acpi.ids != \"ab\" or acpi.ids is not "
						      "known") "assert \"x\" never mmap where any "
							       "acpi.ids in { \"a\", \"b\" };\n";

/* Every subset of a few elements. */
Test(symbols, sets)
{
	static const uint64_t classes[] = {0x030101, 0x030102, 0x030200, 0x080650,
					   0x080000, 0x010203, 0xffffff, 0x123456};
	static const char *const names[] = {"a", "b", "ab", "ba", "c", "", "abb", "ac"};
	struct dg_literal numbers[8], strings[8], some[8], others[8];
	struct world w = world_of(set_rules);
	struct dg_device device = {};

	for (size_t i = 0; i < 8; i++) {
		numbers[i] = (struct dg_literal){
			.type = DG_TYPE_CLASS, .num = classes[i], .mask = UINT64_MAX};
		strings[i] = (struct dg_literal){
			.type = DG_TYPE_STRING, .str = {.data = names[i], .len = strlen(names[i])}};
	}
	check_device(&w, &device, "nothing");
	for (uint32_t subset = 0; subset < 256; subset++) {
		set_elements(&device, DG_ATTR_USB_INTERFACES, numbers, subset, some);
		set_elements(&device, DG_ATTR_ACPI_IDS, strings, subset, others);
		check_device(&w, &device, "a set");
	}
	check_inhabited(&w);
	world_done(&w);
}

static const char *const interfaces[] = {"03:01:01", "03:01:02", "03:02:00", "08:06:50",
					 "08:00:00", "01:02:03", "ff:ff:ff", "12:34:56"};
static const uint64_t interface_nums[] = {0x030101, 0x030102, 0x030200, 0x080650,
					  0x080000, 0x010203, 0xffffff, 0x123456};

/*
 * Tests enough for several variables, in which each of eight elements has a class of its own: what
 * the subsets show is possible, and nothing else.
 */
Test(symbols, groups_of_sets)
{
	for (unsigned int round = 0; round < 6; round++) {
		char text[8192] = HEAD;
		struct dg_literal pool[8], some[8];
		struct dg_device device = {};
		uint32_t state = 100 + round, first = 0, shown[256][8], classes[128];
		struct world w;

		for (size_t i = 0; i < 8; i++) {
			pool[i] = (struct dg_literal){.type = DG_TYPE_CLASS,
						      .num = interface_nums[i],
						      .mask = UINT64_MAX};
			/* The last one stands for all others. */
			if (i < 7)
				sprintf(text + strlen(text),
					"allow \"e%zu\" on bind where any usb.interfaces == %s;\n",
					i, interfaces[i]);
		}
		for (unsigned int i = 0; i < 8; i++)
			sprintf(text + strlen(text),
				"allow \"%u\" on bind where %s usb.interfaces in { %s, %s };\n", i,
				next_random(&state) % 2 ? "any" : "all",
				interfaces[next_random(&state) % 7],
				interfaces[next_random(&state) % 7]);
		w = world_of(text);
		while (w.vars[first].kind != DG_VAR_SET)
			first++;
		cr_assert_gt(w.vars[first].group_count, 1, "split");
		cr_assert_leq(w.vars[first].group_count, 8);
		check_inhabited(&w);
		any_classes(&w, classes);
		for (uint32_t subset = 0; subset < 256; subset++) {
			set_elements(&device, DG_ATTR_USB_INTERFACES, pool, subset, some);
			check_device(&w, &device, "a set");
			for (uint32_t i = 0; i < w.vars[first].group_count; i++)
				shown[subset][i] = class_of(&w.vars[first + i], &device, 0, true);
			cr_assert_eq(dg_symbols_group_possible(w.symbols, first, shown[subset]), 1);
		}
		for (unsigned int i = 0; i < 3000; i++) {
			uint32_t count = w.vars[first].group_count;
			struct dg_witness witness;
			bool possible = false;

			/* Near to what there is, or anything. */
			for (uint32_t k = 0; k < count; k++)
				classes[first + k] =
					i % 2 ? shown[next_random(&state) % 256][k]
					      : 1 + next_random(&state) %
								(w.vars[first + k].class_count - 1);
			for (uint32_t subset = 0; subset < 256; subset++)
				possible |= !memcmp(shown[subset], classes + first,
						    count * sizeof(uint32_t));
			cr_assert_eq(dg_symbols_group_possible(w.symbols, first, classes + first),
				     possible);
			if (!possible)
				continue;
			cr_assert_eq(dg_symbols_device(w.symbols, classes, w.arena, &witness), 0);
			for (uint32_t k = 0; k < count; k++)
				cr_assert_eq(class_of(&w.vars[first + k], witness.device, 0, true),
					     classes[first + k]);
		}
		world_done(&w);
	}
}

#define SHARING 20 /* variables, more than a set has elements */

/* Tests that fill a variable each: one that any element of it meets, and six that few do. */
static void add_sharing_tests(char *text)
{
	char *at = text + strlen(text);

	at += sprintf(at, "allow \"tests\" on bind where any of.compatible == \"f0\"");
	for (unsigned int i = 1; i < 11; i++)
		at += sprintf(at, " or any of.compatible == \"f%u\"", i);
	for (unsigned int i = 0; i < SHARING; i++) {
		at += sprintf(at, " or any of.compatible in { \"y%u\"", i / 2);
		for (unsigned int k = 0; k < 6; k++)
			at += sprintf(at, ", \"x%u.%u\"", i, k);
		at += sprintf(at, " }");
		for (unsigned int k = 0; k < 6; k++)
			at += sprintf(at, " or any of.compatible == \"x%u.%u\"", i, k);
	}
	sprintf(at, ";\n");
}

/*
 * An element that is of use for two variables, and for each of them only while the set is without any
 * of theirs, is counted as one: half as many elements as there are variables have room in a set.
 */
Test(symbols, sets_share_elements)
{
	char text[16384] = HEAD, names[SHARING / 2][8];
	struct dg_literal elements[SHARING / 2];
	struct dg_device device = {};
	uint32_t first = 0, classes[64], full = 0;
	struct world w;

	add_sharing_tests(text);
	w = world_of(text);
	while (w.vars[first].kind != DG_VAR_SET)
		first++;
	cr_assert_lt(first + w.vars[first].group_count, ARRAY_SIZE(classes));
	for (unsigned int i = 0; i < SHARING / 2; i++) {
		sprintf(names[i], "y%u", i);
		elements[i] = (struct dg_literal){.type = DG_TYPE_STRING,
						  .str = {names[i], strlen(names[i])}};
	}
	device.facts[DG_ATTR_OF_COMPATIBLE] = (struct dg_fact){
		.known = true, .elements = elements, .element_count = SHARING / 2};
	check_device(&w, &device, "ten strings");
	for (uint32_t i = 0; i < w.vars[first].group_count; i++) {
		classes[i] = class_of(&w.vars[first + i], &device, 0, true);
		/* One that is empty or of strings that no test names is the first. */
		full += classes[i] > 1;
	}
	cr_assert_eq(full, SHARING, "%u variables ask for them", full);
	cr_expect_eq(dg_symbols_group_possible(w.symbols, first, classes), 1);
	world_done(&w);
}

/* Sixteen strings are as many as a known set has: no class needs a seventeenth. */
Test(symbols, sets_are_small)
{
	for (unsigned int numbers = 0; numbers < 2; numbers++) {
		unsigned int limit = numbers ? 32 : 16;

		for (unsigned int extra = 0; extra < 2; extra++) {
			char text[8192] = HEAD;
			struct world w;

			strcat(text, "allow \"1\" on bind where true");
			/* Nested, so that there are few sets: element n is in the first n. */
			for (unsigned int i = 0; i < limit + extra; i++)
				if (numbers)
					sprintf(text + strlen(text),
						" and any usb.interfaces == %02x:00:00", i);
				else
					sprintf(text + strlen(text), " and any acpi.ids == \"%c\"",
						'a' + (int)i);
			strcat(text, ";\n");
			w = world_of(text);
			for (uint32_t first = 0; first < w.var_count;
			     first += w.vars[first].group_count) {
				uint32_t classes[64];
				uint32_t count = w.vars[first].group_count;

				if (w.vars[first].kind != DG_VAR_SET)
					continue;
				cr_assert_leq(count, 64);
				/* The last class of each: all its bits, most elements. */
				for (uint32_t i = 0; i < count; i++)
					classes[i] = w.vars[first + i].class_count - 1;
				cr_expect_eq(dg_symbols_group_possible(w.symbols, first, classes),
					     !extra, "%u elements", limit + extra);
			}
			world_done(&w);
		}
	}
}

/* Thousands of tests that hold in any combination have no diagram: said soon, and where. */
Test(symbols, too_many_tests_of_sets)
{
	size_t room = 1U << 20, len;
	char *text = malloc(room);
	unsigned int faults = 0;
	struct dg_symbols_options options = {.report = report, .data = &faults};
	const struct dg_policy *policy;
	struct dg_policy *parsed;
	struct dg_symbols *symbols = NULL;

	cr_assert_not_null(text);
	len = (size_t)snprintf(text, room, HEAD);
	for (unsigned int i = 0; i < 5000; i++)
		len += (size_t)snprintf(text + len, room - len,
					"allow \"r%u\" on bind where any acpi.ids == \"A%u\";\n", i,
					i);
	policy = parsed = parse(text);
	cr_expect_eq(dg_symbols_new(&policy, 1, &options, &symbols), -EOPNOTSUPP);
	cr_expect_eq(faults, 1, "said once");
	dg_policy_free(parsed);
	/* One test of as many ids is nothing. */
	len = (size_t)snprintf(text, room,
			       HEAD "allow \"r\" on bind where any acpi.ids in { \"A\"");
	for (unsigned int i = 0; i < 5000; i++)
		len += (size_t)snprintf(text + len, room - len, ", \"A%u\"", i);
	snprintf(text + len, room - len, " };\n");
	policy = parsed = parse(text);
	cr_assert_eq(dg_symbols_new(&policy, 1, &options, &symbols), 0);
	dg_symbols_free(symbols);
	dg_policy_free(parsed);
	free(text);
}

/* Globs in several variables: classes go together exactly when a string has them. */
Test(symbols, groups_of_globs)
{
	char text[4096] = HEAD, name[8];
	struct dg_device device = {};
	uint32_t classes[128], tried = 0;
	struct dg_witness witness;
	struct world w;

	for (char c = 'a'; c < 'a' + 12; c++)
		sprintf(text + strlen(text),
			"allow \"%c\" on bind where device.name like \"*%c%c*\" or "
			"device.name == \"%c%c\";\n",
			c, c, c + 1, c, c + 1);
	w = world_of(text);
	cr_assert_eq(w.vars[0].kind, DG_VAR_STR);
	cr_assert_gt(w.vars[0].group_count, 2, "split");
	check_names(&w);
	check_inhabited(&w);
	/* What strings show is possible … */
	for (size_t n = 0; n < SHORT_STRINGS; n++) {
		size_t len = string_number(n, name, "abc");

		set_string(&device, DG_ATTR_DEVICE_NAME, name, len);
		for (uint32_t i = 0; i < w.vars[0].group_count; i++)
			classes[i] = class_of(&w.vars[i], &device, 0, true);
		cr_assert_eq(dg_symbols_group_possible(w.symbols, 0, classes), 1);
	}
	/* … and what is possible, a string shows. */
	for (uint32_t a = 1; a < w.vars[0].class_count; a++)
		for (uint32_t b = 1; b < w.vars[1].class_count; b += 3)
			for (uint32_t c = 1; c < w.vars[2].class_count; c += 4) {
				any_classes(&w, classes);
				classes[0] = a;
				classes[1] = b;
				classes[2] = c;
				if (dg_symbols_group_possible(w.symbols, 0, classes) == 0)
					continue;
				cr_assert_eq(
					dg_symbols_device(w.symbols, classes, w.arena, &witness),
					0);
				for (uint32_t i = 0; i < 3; i++)
					cr_assert_eq(class_of(&w.vars[i], witness.device, 0, true),
						     classes[i]);
				tried++;
			}
	cr_expect_gt(tried, 64);
	/* A name is matched by no more than it is. */
	set_string(&device, DG_ATTR_DEVICE_NAME, "ab", 2);
	any_classes(&w, classes);
	for (uint32_t i = 0; i < w.vars[0].group_count; i++)
		classes[i] = class_of(&w.vars[i], &device, 0, true);
	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t class = 1; class < w.vars[i].class_count; class ++) {
			uint32_t own = classes[i];

			classes[i] = class;
			cr_expect_eq(dg_symbols_group_possible(w.symbols, 0, classes),
				     class == own);
			classes[i] = own;
		}
	world_done(&w);
}

Test(symbols, times)
{
	struct world w = world_of(HEAD "allow \"a\" on bind from 2026-01-01 until 2026-01-02;\n"
				       "deny \"b\" on bind until 2026-01-01;\n");
	uint32_t classes[8];
	struct dg_witness witness;
	struct dg_atom atom = dg_symbols_time_from(w.symbols, 1767225600);

	cr_assert_eq(w.var_count, 3);
	cr_expect_eq(w.vars[1].class_count, 4, "before, the day, after, and 0");
	cr_expect_eq(atom.var, 1);
	cr_expect(!in_runs(&atom, dg_classifier_num(&w.vars[1].values, 1767225599)));
	cr_expect(in_runs(&atom, dg_classifier_num(&w.vars[1].values, 1767225600)));
	cr_expect(in_runs(&atom, dg_classifier_num(&w.vars[1].values, UINT64_MAX)));
	atom = dg_symbols_clock_synced(w.symbols);
	cr_expect(in_runs(&atom, 1) && !in_runs(&atom, 2));
	check_inhabited(&w);
	any_classes(&w, classes);
	cr_assert_eq(dg_symbols_device(w.symbols, classes, w.arena, &witness), 0);
	cr_expect(!witness.has_time && witness.clock_synced);
	classes[1] = 0;
	cr_expect_eq(dg_symbols_device(w.symbols, classes, w.arena, &witness), -ENOENT,
		     "the time is never unknown");
	world_done(&w);
}

/* The tests of both policies have their classes. */
Test(symbols, two_policies)
{
	struct dg_policy *one = parse(HEAD RULE("1", "pci.bus < 5 or device.name == \"a\""));
	struct dg_policy *two = parse(HEAD "set s = { 3 .. 9 };\n" RULE("1", "pci.bus in s")
					      RULE("2", "device.name like \"a*\""));
	const struct dg_policy *const both[] = {one, two};
	struct dg_symbols_options options = {};
	struct dg_symbols *symbols;
	const struct dg_variable *vars;
	struct dg_test_meaning meaning;
	uint32_t count;

	cr_assert_eq(dg_symbols_new(both, 2, &options, &symbols), 0);
	vars = dg_symbols_variables(symbols, &count);
	cr_assert_eq(count, 2);
	cr_expect_eq(vars[0].class_count, 4, "a, other a*, others: %u", vars[0].class_count);
	cr_expect_eq(vars[1].class_count, 5, "below 3, to 4, to 9, above: %u", vars[1].class_count);
	cr_expect(dg_symbols_test(symbols, one->rules[0].where->left, &meaning));
	cr_expect(dg_symbols_test(symbols, two->rules[0].where, &meaning));
	cr_expect(!dg_symbols_test(symbols, one->rules[0].where, &meaning), "an `or` is no test");
	dg_symbols_free(symbols);
	dg_policy_free(one);
	dg_policy_free(two);
}

Test(symbols, verified_without_a_rule)
{
	struct world w = world_of(HEAD "allow \"a\" on bind;\n");
	struct dg_atom atom = dg_symbols_verified(w.symbols);

	cr_assert_eq(w.var_count, 1);
	cr_expect_eq(w.vars[0].fact, DG_NUM_SPDM_VERIFIED);
	cr_expect(in_runs(&atom, dg_classifier_num(&w.vars[0].values, 1)));
	cr_expect(!in_runs(&atom, dg_classifier_num(&w.vars[0].values, 0)));
	world_done(&w);
}
