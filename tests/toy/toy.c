// SPDX-License-Identifier: GPL-2.0-only
#include "toy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

#define DIGEST_A "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST_B                                                                                   \
	"sha384:111111111111111111111111111111111111111111111111111111111111111111111111111111111" \
	"111111111111111"
#define DIGEST_C "sha256:2222222222222222222222222222222222222222222222222222222222222222"

/*
 * The pools. A test is what may follow the attribute's name; `$` in it stands for that name. The
 * values are JSON, those of the small world first. When a test is added that tells more values
 * apart, those values must be added too. Beside the set NAME there is more-NAME, which holds it,
 * and `both`, of strings for two attributes.
 */
static const struct pool {
	const char *name;
	unsigned int small;
	const char *values[TOY_VALUES]; /* unknown, which comes before them, is not listed */
	const char *tests[16];
	const char *set_type; /* name of the set in the head, or NULL */
	const char *items[8]; /* what it is made of */
} pools[TOY_ATTRS] = {
	[TOY_BUS] =
		{
			"bus",
			2,
			{"\"pci\"", "\"usb\"", "\"spi\"", "\"nvme\""},
			{"$ in both", "$ in { buses, \"usb\" }", "$ == \"pci\"", "$ != \"pci\"",
			 "$ == \"usb\"", "$ in { \"pci\", \"usb\" }", "$ in \"usb\"", "$ is known",
			 "$ is not known"},
			"buses",
			{"\"pci\"", "\"usb\""},
		},
	[TOY_EXTERNAL] =
		{
			"pci.external",
			2,
			{"true", "false"},
			{"$", "$", "not $", "$ == true", "$ != true", "$ == false",
			 "$ in { true, false }", "$ is known"},
			NULL,
			{},
		},
	[TOY_ID] =
		{
			"pci.id",
			3,
			{"\"10de:2330\"", "\"10de:2331\"", "\"8086:2330\"", "\"10de:ffff\"",
			 "\"ffff:2330\"", "\"ffff:fffe\""},
			{"$ == 10de:2330", "$ == 10de:2331", "$ == 8086:2330", "$ != 10de:2330",
			 "$ in 10de:*", "$ in *:2330", "$ in *:*", "$ in { 10de:2331, *:2330 }",
			 "$ in { 10de:2330, 8086:2330 }", "$ in { ids, 8086:2330 }",
			 "$ in { 10de:*, more-ids }", "$ is known", "$ is not known"},
			"ids",
			{"10de:2330", "10de:2331", "8086:2330", "10de:*", "*:2330"},
		},
	[TOY_DRIVER] =
		{
			"driver.name",
			3,
			{"\"nvme\"", "\"mlx5_core\"", "\"mlx5_ib\"", "\"mlx5_a\"", "\"mlx5_e\"",
			 "\"avme\"", "\"e\"", "\"\"", "\"usb\""},
			{"$ in both", "$ in { drivers, both }", "$ == \"nvme\"",
			 "$ == \"mlx5_core\"", "$ != \"mlx5_ib\"", "$ like \"mlx5_*\"",
			 "$ like \"*e\"", "$ like \"?vme\"", "$ like \"*\"", "$ like \"nvme\"",
			 "$ in { \"nvme\", \"mlx5_ib\" }", "$ is known", "$ is not known"},
			"drivers",
			{"\"nvme\"", "\"mlx5_core\"", "\"mlx5_ib\""},
		},
	[TOY_STATE] =
		{
			"tdi.state",
			4,
			{"\"unlocked\"", "\"locked\"", "\"run\"", "\"error\""},
			{"$ == run", "$ != run", "$ == locked", "$ in { locked, run }",
			 "$ in { error }", "$ in { unlocked, locked, run, error }", "$ is known"},
			NULL,
			{},
		},
	/* 03:*:* stands for all its values, so no test names one of them. */
	[TOY_INTERFACES] =
		{
			"usb.interfaces",
			4,
			{"[]", "[\"03:01:01\"]", "[\"08:06:50\"]", "[\"03:01:01\",\"08:06:50\"]",
			 "[\"ff:00:00\"]", "[\"03:01:01\",\"ff:00:00\"]",
			 "[\"08:06:50\",\"ff:00:00\"]", "[\"03:01:01\",\"08:06:50\",\"ff:00:00\"]"},
			{"any $ == 08:06:50", "all $ == 08:06:50", "any $ != 08:06:50",
			 "all $ != 08:06:50", "any $ in 03:*:*", "all $ in 03:*:*",
			 "all $ in { 03:*:*, 08:06:50 }", "any $ in { 03:*:*, 08:06:50 }",
			 "$ is known", "$ is not known", "any $ in *:*:*", "all $ in interfaces",
			 "any $ in interfaces", "all $ in more-interfaces",
			 "any $ in { interfaces, 03:*:* }"},
			"interfaces",
			{"03:*:*", "08:06:50"},
		},
	[TOY_REVISION] =
		{
			"pci.revision",
			5,
			{"0", "1", "2", "4", "18446744073709551615"},
			{"$ == 1", "$ != 4", "$ < 1", "$ <= 1", "$ > 1", "$ >= 4", "$ < 4",
			 "$ <= 4", "$ > 4", "$ in 1..4", "$ in { 1, 4 }", "$ in 0..1",
			 "$ in { revisions, 0, 4 }", "$ is known"},
			"revisions",
			{"1", "4", "1 .. 4", "0 .. 1"},
		},
	[TOY_VERIFIED] =
		{
			"spdm.verified",
			2,
			{"true", "false"},
			{"$", "$", "not $", "$ == true", "$ != false", "$ is known"},
			NULL,
			{},
		},
	[TOY_ROOT] =
		{
			"spdm.root",
			3,
			{"\"" DIGEST_A "\"", "\"" DIGEST_B "\"", "\"" DIGEST_C "\""},
			{"$ == " DIGEST_A, "$ != " DIGEST_A, "$ == " DIGEST_B, "$ is known",
			 "$ in { " DIGEST_A ", " DIGEST_B " }"},
			"roots",
			{DIGEST_A, DIGEST_B},
		},
};

/* 2030-01-01 and 2031-01-01 are what rules name. */
static const char *const dates[] = {"2030-01-01", "2031-01-01"};
const struct toy_time toy_times[TOY_TIMES] = {
	{1893455999, true},  {1893456000, true},  {1924992000, true},
	{1893455999, false}, {1893456000, false}, {1924992000, false},
};

/* Text that grows; what does not fit ends the program. */
struct text {
	char *bytes;
	size_t len, room;
};

static _printf_(2, 3) void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->bytes + t->len, t->room - t->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->room - t->len) {
		fputs("toy: a text is too long\n", stderr);
		exit(3);
	}
	t->len += (size_t)n;
}

static size_t count_of(const char *const *list, size_t room)
{
	size_t count = 0;

	while (count < room && list[count])
		count++;
	return count;
}

static enum toy_attr pick_attr(struct random *r, uint32_t attrs)
{
	for (;;) {
		enum toy_attr attr = pick(r, TOY_ATTRS);

		if (attrs & TOY_BIT(attr))
			return attr;
	}
}

static void put_test(struct random *r, struct text *t, uint32_t attrs)
{
	const struct pool *pool = &pools[pick_attr(r, attrs)];
	const char *test = pool->tests[pick(r, count_of(pool->tests, ARRAY_SIZE(pool->tests)))];

	if (pool->set_type && strcmp(pool->name, "usb.interfaces") && chance(r, 15)) {
		put(t, "%s in %s%s", pool->name, chance(r, 30) ? "more-" : "", pool->set_type);
		return;
	}
	for (; *test; test++)
		if (*test == '$')
			put(t, "%s", pool->name);
		else
			put(t, "%c", *test);
}

static void put_condition(struct random *r, struct text *t, uint32_t attrs, unsigned int depth)
{
	size_t kind = depth == 0 ? 9 : pick(r, 10);

	switch (kind) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		put(t, "(");
		put_condition(r, t, attrs, depth - 1);
		put(t, kind < 2 ? " or " : " and ");
		put_condition(r, t, attrs, depth - 1);
		put(t, ")");
		break;
	case 5:
		put(t, "not ");
		put_condition(r, t, attrs, depth - 1);
		break;
	case 6:
		if (chance(r, 15)) {
			put(t, chance(r, 50) ? "true" : "false");
			break;
		}
		/* fallthrough */
	default:
		put_test(r, t, attrs);
	}
}

void toy_condition(struct random *r, uint32_t attrs, unsigned int depth, char *ret, size_t size)
{
	struct text t = {ret, 0, size};

	put_condition(r, &t, attrs, depth);
}

static uint32_t pick_ops(struct random *r, uint32_t ops)
{
	for (;;) {
		uint32_t picked = (uint32_t)next(r) & ops;

		if (picked)
			return picked;
	}
}

static void put_ops(struct text *t, uint32_t ops)
{
	const char *before = "";

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops >> op & 1))
			continue;
		put(t, "%s%s", before, dg_op_name((enum dg_op)op));
		before = ", ";
	}
}

static void put_options(struct random *r, struct text *t, bool forbid)
{
	if (chance(r, 10))
		put(t, " from %s", dates[0]);
	if (chance(r, 10))
		put(t, " until %s", dates[1]);
	if (!forbid && chance(r, 15))
		put(t, " mode permissive");
	if (chance(r, 30))
		put(t, " audit %s", chance(r, 50) ? "always" : chance(r, 50) ? "never" : "denied");
}

static void make_rule(struct random *r, const struct toy_shape *shape, uint32_t attrs,
		      enum dg_effect effect, const char *id, struct toy_rule *ret)
{
	static const char *const names[] = {"forbid", "allow", "deny"};
	struct text t = {ret->text, 0, sizeof(ret->text)};
	uint32_t ops = pick_ops(r, shape->ops);

	ret->effect = effect;
	put(&t, "%s \"%s\" on ", names[effect], id);
	put_ops(&t, ops);
	if (shape->unverified) {
		put(&t, " where ");
		put_condition(r, &t, attrs | TOY_BIT(TOY_VERIFIED), shape->depth);
		if (chance(r, 40))
			put(&t, " and spdm.verified");
	} else if (effect == DG_EFFECT_ALLOW && ops >> DG_OP_ACCEPT & 1) {
		put(&t, " where spdm.verified and ");
		put_condition(r, &t, attrs, shape->depth);
	} else if (chance(r, 95)) {
		put(&t, " where ");
		put_condition(r, &t, attrs, shape->depth);
	}
	put_options(r, &t, effect == DG_EFFECT_FORBID);
	put(&t, ";\n");
}

/* The set that holds another one, first or last. */
static void put_more(struct random *r, struct text *t, const struct pool *pool)
{
	const char *item = pool->items[pick(r, count_of(pool->items, ARRAY_SIZE(pool->items)))];

	if (chance(r, 50))
		put(t, "set more-%s = { %s, %s };\n", pool->set_type, pool->set_type, item);
	else
		put(t, "set more-%s = { %s, %s };\n", pool->set_type, item, pool->set_type);
}

static void make_head(struct random *r, uint32_t attrs, char *ret, size_t size)
{
	static const char *const both[] = {"\"usb\"", "\"nvme\"", "\"usb\", \"nvme\""};
	struct text t = {ret, 0, size};

	put(&t, "policy \"toy\" version 1 abi 1;\n");
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		put(&t, "default %s = %s;\n", dg_op_name((enum dg_op)op),
		    op != DG_OP_ACCEPT && chance(r, 40) ? "allow" : "deny");
	for (size_t i = 0; i < TOY_ATTRS; i++) {
		size_t items = count_of(pools[i].items, ARRAY_SIZE(pools[i].items));
		size_t count = 1 + pick(r, 3);

		if (!pools[i].set_type || !(attrs & TOY_BIT(i)))
			continue;
		put(&t, "set %s = { ", pools[i].set_type);
		for (size_t k = 0; k < count; k++)
			put(&t, "%s%s", k > 0 ? ", " : "", pools[i].items[pick(r, items)]);
		put(&t, " };\n");
		put_more(r, &t, &pools[i]);
	}
	if (attrs & (TOY_BIT(TOY_BUS) | TOY_BIT(TOY_DRIVER)))
		put(&t, "set both = { %s };\n", both[pick(r, ARRAY_SIZE(both))]);
}

void toy_policy_make(struct random *r, const struct toy_shape *shape, struct toy_policy *ret)
{
	static const enum dg_effect effects[] = {DG_EFFECT_ALLOW, DG_EFFECT_ALLOW, DG_EFFECT_DENY,
						 DG_EFFECT_FORBID};
	uint32_t attrs = 0;

	for (unsigned int i = 0; i < shape->named; i++)
		attrs |= TOY_BIT(pick_attr(r, shape->attrs));
	ret->attrs = attrs;
	make_head(r, attrs, ret->head, sizeof(ret->head));
	ret->rule_count = 1 + pick(r, shape->rules);
	for (size_t i = 0; i < ret->rule_count; i++) {
		char id[24];

		snprintf(id, sizeof(id), "r%zu", i);
		make_rule(r, shape, attrs, effects[pick(r, ARRAY_SIZE(effects))], id,
			  &ret->rules[i]);
	}
}

void toy_policy_add(struct random *r, const struct toy_shape *shape, enum dg_effect effect,
		    struct toy_policy *policy)
{
	if (policy->rule_count == TOY_RULES) {
		fputs("toy: too many rules\n", stderr);
		exit(3);
	}
	make_rule(r, shape, policy->attrs, effect, "extra", &policy->rules[policy->rule_count++]);
}

void toy_policy_text(const struct toy_policy *policy, char ret[static TOY_TEXT_BYTES])
{
	struct text t = {ret, 0, TOY_TEXT_BYTES};

	put(&t, "%s", policy->head);
	for (size_t i = 0; i < policy->rule_count; i++)
		put(&t, "%s", policy->rules[i].text);
}

struct dg_policy *toy_load(const char *text)
{
	_cleanup_diags_ struct dg_diags diags = {};
	struct dg_policy *policy;
	int r;

	r = dg_policy_load_text("toy.dgp", text, strlen(text), DG_LOAD_NO_EXPIRED, &diags, &policy);
	if (r < 0) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "toy: %s, with the policy:\n%s", strerror(-r), text);
		exit(3);
	}
	return policy;
}

static uint32_t mentioned_in(const struct dg_expr *expr)
{
	if (!expr)
		return 0;
	if (expr->kind == DG_EXPR_TEST) {
		for (size_t i = 0; i < TOY_ATTRS; i++)
			if (!strcmp(expr->attr->name, pools[i].name))
				return TOY_BIT(i);
		return 0;
	}
	return mentioned_in(expr->left) | mentioned_in(expr->right);
}

uint32_t toy_mentioned(const struct dg_policy *policy)
{
	uint32_t attrs = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		attrs |= mentioned_in(policy->rules[i].where);
	for (size_t i = 0; i < policy->assert_count; i++)
		attrs |= mentioned_in(policy->asserts[i].where);
	return attrs;
}

uint32_t toy_attrs_with_tables(void)
{
	static const char head[] = "policy \"p\" version 1 abi 1;\n"
				   "default bind, mmio, mmap, dma, dma-relaxed, dma-private, "
				   "connect, lock, accept = deny;\n"
				   "allow \"a\" on bind where ";
	static const struct {
		uint32_t attr;
		const char *test;
	} probes[] = {
		{TOY_BIT(TOY_INTERFACES), "usb.interfaces is known;"},
		{TOY_BIT(TOY_ROOT), "spdm.root is known;"},
	};
	uint32_t attrs = TOY_ALL;

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
		_cleanup_diags_ struct dg_diags diags = {};
		_cleanup_free_ struct dg_tables *tables = NULL;
		char text[512];

		snprintf(text, sizeof(text), "%s%s", head, probes[i].test);
		policy = toy_load(text);
		if (dg_tables_build(policy, &diags, &tables, NULL)) {
			printf("# no table form yet: %s\n", probes[i].test);
			attrs &= ~probes[i].attr;
		}
	}
	return attrs;
}

bool toy_timed(const struct dg_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].has_from || policy->rules[i].has_until)
			return true;
	return false;
}

/* One device for each value, one after the other, as a file of an inventory. */
static char *world_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < TOY_ATTRS; i++)
		for (size_t k = 0; k < TOY_VALUES && pools[i].values[k]; k++)
			fprintf(out, "{\"%s\":%s}\n", pools[i].name, pools[i].values[k]);
	fclose(out);
	return text;
}

struct toy_world *toy_world_new(void)
{
	_cleanup_diags_ struct dg_diags diags = {};
	struct toy_world *world = calloc(1, sizeof(*world));
	_cleanup_free_ char *text = NULL;
	unsigned int index;
	size_t next = 0;

	if (world)
		text = world_text();
	if (!text ||
	    dg_inventory_load_text("toy.json", text, strlen(text), &diags, &world->inventory)) {
		dg_diags_print(stderr, &diags);
		fputs("toy: the world does not load\n", stderr);
		exit(3);
	}
	for (size_t i = 0; i < TOY_ATTRS; i++) {
		size_t count = count_of(pools[i].values, TOY_VALUES);

		world->ids[i] = dg_schema_find(pools[i].name, strlen(pools[i].name), &index)->id;
		world->small[i] = pools[i].small + 1;
		world->complete[i] = (unsigned int)count + 1;
		for (size_t k = 0; k < count; k++)
			world->facts[i][k + 1] =
				world->inventory->devices[next++]->facts[world->ids[i]];
	}
	return world;
}

void toy_world_free(struct toy_world *world)
{
	if (!world)
		return;
	dg_inventory_free(world->inventory);
	free(world);
}

void toy_walk_set(struct toy_walk *walk, enum toy_attr attr, unsigned int value)
{
	walk->at[attr] = value;
	walk->device.facts[walk->world->ids[attr]] = walk->world->facts[attr][value];
}

void toy_walk_start(struct toy_walk *walk, const struct toy_world *world, uint32_t attrs,
		    bool complete)
{
	memset(walk, 0, sizeof(*walk));
	walk->world = world;
	walk->attrs = attrs;
	walk->complete = complete;
}

static unsigned int value_count(const struct toy_world *world, size_t attr, bool complete)
{
	return complete ? world->complete[attr] : world->small[attr];
}

bool toy_walk_next(struct toy_walk *walk)
{
	for (size_t i = 0; i < TOY_ATTRS; i++) {
		if (!(walk->attrs & TOY_BIT(i)))
			continue;
		if (walk->at[i] + 1 < value_count(walk->world, i, walk->complete)) {
			toy_walk_set(walk, i, walk->at[i] + 1);
			return true;
		}
		toy_walk_set(walk, i, 0);
	}
	return false;
}

size_t toy_walk_count(const struct toy_world *world, uint32_t attrs, bool complete)
{
	size_t count = 1;

	for (size_t i = 0; i < TOY_ATTRS; i++)
		if (attrs & TOY_BIT(i))
			count *= value_count(world, i, complete);
	return count;
}

bool toy_answers_equal(const struct dg_answer *a, const struct dg_answer *b)
{
	return a->verdict == b->verdict && a->rule == b->rule && a->would == b->would &&
	       a->flags == b->flags;
}

void toy_print_device(const struct dg_device *device)
{
	_cleanup_free_ char *json = NULL;

	if (!dg_device_to_json(device, &json))
		printf("# device: %s\n", json);
}

void toy_print_answer(const char *who, const struct dg_answer *answer)
{
	printf("#   %-9s %s rule %d would %d flags %x\n", who,
	       answer->verdict == DG_VERDICT_ALLOW ? "allow" : "deny", (int)answer->rule,
	       (int)answer->would, answer->flags);
}

void toy_print_text(const char *text)
{
	for (bool fresh = true; *text; fresh = *text++ == '\n') {
		if (fresh)
			fputs("# ", stdout);
		putchar(*text);
	}
}
