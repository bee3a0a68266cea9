// SPDX-License-Identifier: GPL-2.0-only
#include "random_policy.h"

#include <string.h>

#include "random_device.h"

#define MAX_SETS 4

static const struct dg_attr *pick_attr(struct random *r, uint32_t ops)
{
	for (;;) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)pick(r, DG_ATTR_MAX));
		bool legal = true;

		for (unsigned int op = 0; op < DG_OP_MAX && legal; op++)
			if (ops >> op & 1 && !dg_schema_legal(attr, (enum dg_op)op))
				legal = false;
		if (legal)
			return attr;
	}
}

static void put_range(struct random *r, struct text *t)
{
	size_t a = pick(r, ARRAY_SIZE(ints)), b = pick(r, ARRAY_SIZE(ints));

	/* The pool is ascending (255 and 0xff are equal). */
	put(t, "%s .. %s", ints[a < b ? a : b], ints[a < b ? b : a]);
}

static void put_item(struct random *r, struct text *t, const struct dg_attr *attr)
{
	if (attr->type == DG_TYPE_INT && chance(r, 40))
		put_range(r, t);
	else
		put_literal(r, t, attr, true);
}

/* The sets s0 … have these types, in this order. */
static const enum dg_type set_types[MAX_SETS] = {DG_TYPE_INT, DG_TYPE_ID, DG_TYPE_CLASS,
						 DG_TYPE_STRING};

static void put_items(struct random *r, struct text *t, const struct dg_attr *attr)
{
	size_t count = 1 + pick(r, 4);

	put(t, "{ ");
	for (size_t i = 0; i < count; i++) {
		put(t, i > 0 ? ", " : "");
		put_item(r, t, attr);
	}
	for (size_t i = 0; i < MAX_SETS; i++)
		if (set_types[i] == attr->type && chance(r, 15))
			put(t, ", s%zu", i);
	put(t, " }");
}

static void put_in(struct random *r, struct text *t, const struct dg_attr *attr)
{
	put(t, " in ");
	for (size_t i = 0; i < MAX_SETS; i++)
		if (set_types[i] == attr->type && chance(r, 30)) {
			put(t, "s%zu", i);
			return;
		}
	if (chance(r, 60))
		put_items(r, t, attr);
	else
		put_item(r, t, attr);
}

static void put_test(struct random *r, struct text *t, uint32_t ops)
{
	static const char *const equal[] = {"==", "!="};
	static const char *const order[] = {"==", "!=", "<", "<=", ">", ">="};
	const struct dg_attr *attr = pick_attr(r, ops);
	bool known = chance(r, 12);

	if (attr->set && !known)
		put(t, chance(r, 50) ? "any " : "all ");
	put(t, "%s", attr->name);
	if (attr->id == DG_ATTR_SPDM_MEAS)
		put(t, ".%u", PICK(r, measurements));
	if (known) {
		put(t, " is %sknown", chance(r, 50) ? "not " : "");
	} else if (attr->type == DG_TYPE_BOOL && chance(r, 60)) {
		return;
	} else if (attr->type == DG_TYPE_STRING && chance(r, 50)) {
		put(t, " like ");
		put_glob(r, t);
	} else if (chance(r, 40)) {
		put_in(r, t, attr);
	} else {
		put(t, " %s ", attr->type == DG_TYPE_INT ? PICK(r, order) : PICK(r, equal));
		put_literal(r, t, attr, false);
	}
}

static void put_expr(struct random *r, struct text *t, uint32_t ops, unsigned int depth)
{
	size_t kind = depth == 0 ? 9 : pick(r, 10);

	switch (kind) {
	case 0:
	case 1:
	case 2:
	case 3:
		put(t, "(");
		put_expr(r, t, ops, depth - 1);
		put(t, kind < 2 ? " and " : " or ");
		put_expr(r, t, ops, depth - 1);
		if (chance(r, 30)) {
			put(t, chance(r, 50) ? " and " : " or ");
			put_expr(r, t, ops, depth - 1);
		}
		put(t, ")");
		break;
	case 4:
		put(t, "not ");
		put_expr(r, t, ops, depth - 1);
		break;
	case 5:
		if (chance(r, 20)) {
			put(t, chance(r, 50) ? "true" : "false");
			break;
		}
		/* fallthrough */
	default:
		put_test(r, t, ops);
	}
}

/* One to three operations; lock and connect have fewer attributes, so they stand for themselves. */
static uint32_t pick_ops(struct random *r)
{
	uint32_t ops = 0;

	if (chance(r, 15))
		return 1U << (chance(r, 50) ? DG_OP_LOCK : DG_OP_CONNECT);
	do
		ops |= 1U << pick(r, DG_OP_CONNECT);
	while (chance(r, 50));
	if (chance(r, 25))
		ops |= 1U << DG_OP_ACCEPT;
	return ops;
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
	size_t from = pick(r, ARRAY_SIZE(times)), until = pick(r, ARRAY_SIZE(times));

	if (chance(r, 25) && from < until)
		put(t, " from %s until %s", times[from], times[until]);
	else if (chance(r, 15))
		put(t, " until %s", times[until]);
	else if (chance(r, 15))
		put(t, " from %s", times[from]);
	if (!forbid && chance(r, 25))
		put(t, " mode permissive");
	if (chance(r, 40))
		put(t, " audit %s", chance(r, 50) ? "always" : chance(r, 50) ? "never" : "denied");
	if (chance(r, 5))
		put(t, " reason \"CHG-1\"");
}

static void put_rule(struct random *r, struct text *t, size_t number)
{
	static const char *const effects[] = {"allow", "allow", "deny", "deny", "forbid"};
	const char *effect = PICK(r, effects);
	uint32_t ops = pick_ops(r);

	t->len = 0;
	put(t, "%s \"r%zu\" on ", effect, number);
	put_ops(t, ops);
	if (!strcmp(effect, "allow") && ops >> DG_OP_ACCEPT & 1) {
		put(t, " where spdm.verified");
		if (chance(r, 70)) {
			put(t, " and ");
			put_expr(r, t, ops, 3);
		}
	} else if (chance(r, 90)) {
		put(t, " where ");
		put_expr(r, t, ops, 4);
	}
	put_options(r, t, !strcmp(effect, "forbid"));
	put(t, ";\n");
}

static void put_sets(struct random *r, struct text *t)
{
	for (size_t i = 0; i < MAX_SETS; i++) {
		struct dg_attr attr = {.type = set_types[i]};
		size_t count = 1 + pick(r, 4);

		put(t, "set s%zu = { ", i);
		for (size_t k = 0; k < count; k++) {
			put(t, k > 0 ? ", " : "");
			put_item(r, t, &attr);
		}
		put(t, " };\n");
	}
}

void make_recipe(struct random *r, struct recipe *ret)
{
	struct text *head = &ret->head;

	head->len = 0;
	put(head, "policy \"random\" version 1 abi 1;\n");
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		put(head, "default %s = %s;\n", dg_op_name((enum dg_op)op),
		    op != DG_OP_ACCEPT && chance(r, 50) ? "allow" : "deny");
	put_sets(r, head);
	ret->rule_count = 1 + pick(r, MAX_RULES);
	for (size_t i = 0; i < ret->rule_count; i++) {
		put_rule(r, &ret->rules[i], i);
		ret->used[i] = true;
	}
}

void policy_text(const struct recipe *recipe, struct text *ret)
{
	ret->len = 0;
	put(ret, "%s", recipe->head.bytes);
	for (size_t i = 0; i < recipe->rule_count; i++)
		if (recipe->used[i])
			put(ret, "%s", recipe->rules[i].bytes);
}
