/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What is said about set items, after the reference evaluator has confirmed it. */
#include <stdlib.h>
#include <string.h>

#include "analysis_items.h"
#include "eval.h"
#include "source.h"
#include "util.h"

/* A device that shows the value, or the set of it, and nothing else. */
static int find_witness(struct dg_analysis *a, const struct dg_attr *attr, unsigned int index,
			const struct dg_literal *value, struct dg_analysis_witness *ret)
{
	struct dg_fact *fact;
	int r;

	for (uint32_t v = 0; v < a->search.var_count; v++)
		a->search.classes[v] = DG_CLASS_ANY;
	r = dg_analysis_witness(a, ret);
	if (r < 0)
		return r;
	fact = dg_device_fact_place(ret->device, attr, index, a->arena);
	if (!fact)
		return -ENOMEM;
	fact->known = true;
	fact->scalar = *value;
	if (!attr->set)
		return 0;
	fact->elements = dg_arena_alloc(a->arena, sizeof(*fact->elements));
	if (!fact->elements)
		return -ENOMEM;
	fact->elements[0] = *value;
	fact->element_count = 1;
	return 0;
}

/* Some value of the item. */
static struct dg_literal value_of(const struct dg_item *item)
{
	struct dg_literal value;

	while (item->kind == DG_ITEM_SET)
		item = &item->set->items[0];
	value = item->low;
	if (value.type != DG_TYPE_STRING && value.type != DG_TYPE_DIGEST) {
		value.num &= value.mask;
		value.mask = UINT64_MAX;
	}
	return value;
}

struct dg_item *dg_item_place(const struct dg_analysis *a, uint32_t item)
{
	const struct dg_item_list *list =
		&a->items->items.lists[dg_items_list_of(&a->items->items, item)];

	return &list->items[item - list->first_item];
}

struct dg_item dg_item_take_away(struct dg_item *place)
{
	static struct dg_set empty;
	struct dg_item kept = *place;

	place->kind = DG_ITEM_SET;
	place->set = &empty;
	return kept;
}

/*
 * The operations of rules whose condition is another one for the device without the item. Where
 * none is, nothing is decided otherwise.
 */
static uint32_t changed_ops(const struct dg_analysis *a, uint32_t item,
			    const struct dg_analysis_witness *w)
{
	struct dg_items *items = &a->items->items;
	struct dg_item *place = dg_item_place(a, item), kept;
	const uint32_t *roots;
	size_t count = dg_items_roots(items, dg_items_list_of(items, item), &roots);
	uint32_t ops = 0;

	for (size_t i = 0; i < count; i++)
		for (uint32_t t = items->lists[roots[i]].first_test; t != DG_ITEM_NONE;
		     t = items->tests[t].next) {
			uint32_t owner = items->tests[t].owner;
			const struct dg_rule_node *rule;
			enum dg_truth with;

			if (owner >= a->policy->rule_count) /* an assertion's */
				continue;
			rule = &a->policy->rules[owner];
			if ((ops & rule->ops) == rule->ops)
				continue;
			with = dg_eval_condition(rule->where, w->device);
			kept = dg_item_take_away(place);
			if (dg_eval_condition(rule->where, w->device) != with)
				ops |= rule->ops;
			*place = kept;
		}
	return ops;
}

/* Is the device judged alike without the item? By the reference evaluator. */
static bool judged_alike(const struct dg_analysis *a, uint32_t item,
			 const struct dg_analysis_witness *w)
{
	struct dg_item *place = dg_item_place(a, item), kept;
	uint32_t ops = changed_ops(a, item, w);
	bool alike = true;

	for (unsigned int op = 0; op < DG_OP_MAX && alike; op++) {
		struct dg_answer with, without;

		if (!(ops >> op & 1))
			continue;
		dg_analysis_decide(a, w, (enum dg_op)op, &with);
		kept = dg_item_take_away(place);
		dg_analysis_decide(a, w, (enum dg_op)op, &without);
		*place = kept;
		alike = with.verdict == without.verdict && with.rule == without.rule &&
			with.would == without.would && with.flags == without.flags;
	}
	return alike;
}

/* Some test that asks for the items of the list. */
static const struct dg_item_test *some_test(struct dg_analysis *a, uint32_t list)
{
	struct dg_items *items = &a->items->items;
	const uint32_t *roots;

	if (dg_items_roots(items, list, &roots) == 0)
		return NULL;
	return &items->tests[items->lists[roots[0]].first_test];
}

/* "line 3, column 9", with the file where it is another one. */
static void name_place(const struct dg_pos *pos, const struct dg_pos *from, char *ret, size_t size)
{
	if (pos->source == from->source)
		snprintf(ret, size, "line %u, column %u", pos->line, pos->column);
	else
		snprintf(ret, size, "%s:%u:%u", pos->source->name, pos->line, pos->column);
}

static bool same_values(const struct dg_item *a, const struct dg_item *b)
{
	uint64_t low[2], high[2];

	if (a->kind == DG_ITEM_SET || b->kind == DG_ITEM_SET)
		return a->kind == b->kind && a->set == b->set;
	return dg_item_form(a, &low[0], &high[0]) == dg_item_form(b, &low[1], &high[1]) &&
	       low[0] == low[1] && high[0] == high[1];
}

int dg_items_report_covered(struct dg_analysis *a, uint32_t list, uint32_t item)
{
	const struct dg_items *items = &a->items->items;
	const struct dg_item *place = dg_items_item(items, item), *by;
	const struct dg_item_test *test = some_test(a, list);
	struct dg_literal value = value_of(place);
	struct dg_analysis_witness w;
	char where[160], how[256] = "the others that are there hold all of it";
	int r;

	if (!test)
		return 0;
	r = find_witness(a, test->expr->attr, test->expr->index, &value, &w);
	if (r < 0)
		return r;
	if (!judged_alike(a, item, &w)) {
		dg_analysis_disagree(a, &place->pos);
		return 0;
	}
	if (items->covered_by[item] != item) {
		by = dg_items_item(items, items->covered_by[item]);
		name_place(&by->pos, &place->pos, where, sizeof(where));
		snprintf(how, sizeof(how),
			 same_values(by, place) ? "it repeats the one at %s"
						: "the one at %s holds all of it",
			 where);
	}
	dg_analysis_report(a, DG_E209, DG_SEVERITY_WARNING, &place->pos, &w,
			   "the set item is never used: %s", how);
	return 0;
}

int dg_items_report_unused(struct dg_analysis *a, uint32_t list, uint32_t item, bool whole)
{
	const struct dg_item_list *l = &a->items->items.lists[list];
	const struct dg_item_test *test = some_test(a, list);
	const struct dg_pos *pos = whole ? l->pos : &dg_items_item(&a->items->items, item)->pos;
	const struct dg_item_fact *fact;
	struct dg_analysis_witness w;
	char name[128] = "";
	int r = dg_item_loss_example(a, list, item, &fact);

	if (r >= 0)
		r = find_witness(a, fact->attr, fact->index, &fact->example, &w);
	if (r < 0)
		return r;
	if (!judged_alike(a, item, &w)) {
		dg_analysis_disagree(a, pos);
		return 0;
	}
	if (test->owner < a->policy->rule_count) {
		const struct dg_rule_node *rule = &a->policy->rules[test->owner];
		struct dg_answer answer;

		dg_analysis_decide(a, &w, (enum dg_op)__builtin_ctz(rule->ops), &answer);
		dg_analysis_name(a, &answer.rule, 1, false, name, sizeof(name));
	}
	if (whole)
		dg_analysis_report(a, DG_E209, DG_SEVERITY_WARNING, pos, &w,
				   "no item of the set \"%.*s\" is ever used: whichever is taken "
				   "away, every device is judged as before%s%s",
				   (int)l->set->name.len, l->set->name.data,
				   *name ? ", the witness by " : "", name);
	else
		dg_analysis_report(
			a, DG_E209, DG_SEVERITY_WARNING, pos, &w,
			"the set item is never used: without it every device is judged as "
			"before%s%s",
			*name ? ", the witness by " : "", name);
	return 0;
}
