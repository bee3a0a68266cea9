// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies of more `any` and `all` tests on one set-valued attribute than one variable holds, over
 * all sets of nine elements: eight that tests name and one that none does.
 */
#include <stdarg.h>
#include <string.h>

#include "analysis.h"
#include "brute.h"
#include "fold.h"
#include "symbols.h"

#define NAMED 8
#define ELEMENTS (NAMED + 1)
#define RULES_MAX 13

static const struct side {
	const char *attr;
	enum dg_attr_id id;
	const char *values[ELEMENTS]; /* JSON */
	const char *names[NAMED];     /* as in policies */
} sides[] = {
	{"of.compatible",
	 DG_ATTR_OF_COMPATIBLE,
	 {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"e\"", "\"f\"", "\"g\"", "\"h\"", "\"z\""},
	 {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "\"e\"", "\"f\"", "\"g\"", "\"h\""}},
	/* Nothing tells the classes of 07:*:* apart, nor those of 08:01:*. */
	{"usb.interfaces",
	 DG_ATTR_USB_INTERFACES,
	 {"\"01:00:00\"", "\"02:00:00\"", "\"03:00:00\"", "\"04:00:00\"", "\"05:00:00\"",
	  "\"06:00:00\"", "\"07:01:01\"", "\"08:01:02\"", "\"ff:00:00\""},
	 {"01:00:00", "02:00:00", "03:00:00", "04:00:00", "05:00:00", "06:00:00", "07:*:*",
	  "08:01:*"}},
};

struct set_world {
	const struct side *side;
	struct dg_inventory *inventory;
	struct dg_fact external[3];
	struct dg_fact all; /* every element */
	struct dg_literal elements[ELEMENTS];
	struct dg_device device;
};

/* Number n is the set n % SET_VALUES, unknown or the bits of one less; then pci.external. */
const struct dg_device *set_device(struct set_world *w, size_t n)
{
	struct dg_fact *fact = &w->device.facts[w->side->id];
	size_t set = n % SET_VALUES;

	memset(fact, 0, sizeof(*fact));
	fact->known = set > 0;
	fact->elements = w->elements;
	for (size_t i = 0; i < ELEMENTS && set > 0; i++)
		if ((set - 1) >> i & 1)
			w->elements[fact->element_count++] = w->all.elements[i];
	w->device.facts[DG_ATTR_PCI_EXTERNAL] = w->external[n / SET_VALUES];
	return &w->device;
}

static void make_world(struct set_world *w, const struct side *side)
{
	_cleanup_diags_ struct dg_diags diags = {};
	char text[1024], *at = text;

	*w = (struct set_world){.side = side};
	for (size_t i = 0; i < ELEMENTS; i++)
		at += sprintf(at, "%s%s", i ? "," : "", side->values[i]);
	*at = 0;
	at = strdup(text);
	snprintf(text, sizeof(text),
		 "{\"pci.external\":true,\"%s\":[%s]}\n{\"pci.external\":false}\n", side->attr, at);
	free(at);
	if (dg_inventory_load_text("sets.json", text, strlen(text), &diags, &w->inventory) < 0) {
		dg_diags_print(stderr, &diags);
		exit(3);
	}
	w->all = w->inventory->devices[0]->facts[side->id];
	for (size_t i = 0; i < 2; i++)
		w->external[i + 1] = w->inventory->devices[i]->facts[DG_ATTR_PCI_EXTERNAL];
}

struct text {
	char *bytes;
	size_t len;
};

static _printf_(2, 3) void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += (size_t)vsnprintf(t->bytes + t->len, TOY_TEXT_BYTES - t->len, format, args);
	va_end(args);
}

/* Two or three elements, or a set that has some. */
static void put_items(struct random *r, struct text *t, const struct side *side, bool sets)
{
	size_t count = 2 + pick(r, 2);

	if (sets && chance(r, 25)) {
		put(t, "%s", chance(r, 50) ? "few" : "more");
		return;
	}
	put(t, "{ ");
	for (size_t i = 0; i < count; i++) {
		if (sets && i == 0 && chance(r, 15))
			put(t, "few");
		else
			put(t, "%s", side->names[pick(r, NAMED)]);
		put(t, "%s", i + 1 < count ? ", " : " }");
	}
}

static void put_test(struct random *r, struct text *t, const struct side *side)
{
	bool one = chance(r, 25);

	put(t, "%s%s %s in ", chance(r, 20) ? "not " : "", chance(r, 70) ? "any" : "all",
	    side->attr);
	if (one)
		put(t, "%s", side->names[pick(r, NAMED)]);
	else
		put_items(r, t, side, true);
}

static void put_rule(struct random *r, struct text *t, const struct side *side, size_t number)
{
	static const char *const effects[] = {"allow", "allow", "deny", "forbid"};

	put(t, "%s \"r%zu\" on bind where ", effects[pick(r, ARRAY_SIZE(effects))], number);
	put_test(r, t, side);
	if (chance(r, 40)) {
		put(t, chance(r, 70) ? " and " : " or ");
		put_test(r, t, side);
	} else if (chance(r, 25)) {
		put(t, " and pci.external");
	}
	put(t, ";\n");
}

static void make_policy(struct random *r, const struct side *side, struct brute *b)
{
	struct text t = {.bytes = b->text};
	size_t rules = 8 + pick(r, RULES_MAX - 7);

	put(&t, "policy \"sets\" version 1 abi 1;\ndefault bind, mmio, mmap, dma, dma-relaxed, "
		"dma-private, connect, lock, accept = deny;\nset few = ");
	put_items(r, &t, side, false);
	put(&t, ";\nset more = { few, %s };\n", side->names[pick(r, NAMED)]);
	for (size_t i = 0; i < rules; i++)
		put_rule(r, &t, side, i);
	if (chance(r, 30)) {
		put(&t, "assert \"a\" never mmio where ");
		put_test(r, &t, side);
		put(&t, ";\n");
	}
}

/* Has the attribute more than one variable? */
static bool several(const struct dg_policy *policy)
{
	const struct dg_symbols_options options = {.asserts = true};
	const struct dg_variable *vars;
	struct dg_symbols *symbols;
	uint32_t count, most = 0;

	if (dg_symbols_new(&policy, 1, &options, &symbols) < 0)
		return false;
	vars = dg_symbols_variables(symbols, &count);
	for (uint32_t i = 0; i < count; i++)
		if (vars[i].kind == DG_VAR_SET && vars[i].group_count > most)
			most = vars[i].group_count;
	dg_symbols_free(symbols);
	return most > 1;
}

void check_sets(struct brute *b, struct random *r)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	const struct side *side = &sides[pick(r, ARRAY_SIZE(sides))];
	static struct set_world world;
	uint32_t got[KINDS];
	struct shown s = {};

	make_policy(r, side, b);
	policy = toy_load(b->text);
	b->policy = policy;
	if (!several(policy))
		return;
	make_world(&world, side);
	b->sets = &world;
	b->count = SET_DEVICES;
	for (size_t n = 0; n < b->count; n++) {
		b->devices[n] = judge(policy, set_device(&world, n));
		show(policy, &b->devices[n], &s);
	}
	analyse(b, chance(r, 50) ? DG_ANALYSIS_PRODUCT : 0, &diags);
	reported(b, &diags, got);
	compare_items(b, &diags, ~s.comes & ((1U << policy->rule_count) - 1));
	b->sets = NULL;
	dg_inventory_free(world.inventory);
}
