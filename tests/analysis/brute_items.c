// SPDX-License-Identifier: GPL-2.0-only
/*
 * Set items that nobody would miss, by trying: take an item away and judge every device again.
 *
 * Two rounds, as the language page has them. From the last item to the first, an item is covered
 * when without it, and without those found so before, every test is what it was. Of the others each
 * is tried by itself: no device may be judged otherwise, and no assertion may speak of others.
 */
#include <string.h>

#include "brute.h"
#include "eval.h"

#define LISTS_MAX 128
#define TESTS_MAX 128
#define OUTCOMES_MAX (TESTS_MAX * SET_VALUES)

struct list {
	struct dg_item *items;
	size_t count;
	const struct dg_set *set; /* NULL: in a condition */
};

struct ask {
	const struct dg_expr *expr;
	size_t owner; /* rule, or behind them assertion */
};

struct world {
	const struct brute *b;
	struct list lists[LISTS_MAX];
	size_t list_count;
	struct ask asks[TESTS_MAX];
	size_t ask_count;
	enum kind kind;
};

static struct dg_set nothing;

/* Take the item out; what stood there. */
static struct dg_item blank(struct dg_item *item)
{
	struct dg_item kept = *item;

	item->kind = DG_ITEM_SET;
	item->set = &nothing;
	return kept;
}

static bool is_blank(const struct dg_item *item)
{
	return item->kind == DG_ITEM_SET && item->set == &nothing;
}

static void add_list(struct world *w, struct dg_item *items, size_t count, const struct dg_set *set)
{
	if (w->list_count < LISTS_MAX)
		w->lists[w->list_count++] = (struct list){items, count, set};
}

static void add_tests(struct world *w, const struct dg_expr *expr, size_t owner)
{
	if (!expr)
		return;
	if (expr->kind != DG_EXPR_TEST) {
		add_tests(w, expr->left, owner);
		add_tests(w, expr->right, owner);
		return;
	}
	if (expr->test != DG_TEST_IN || w->ask_count == TESTS_MAX)
		return;
	w->asks[w->ask_count++] = (struct ask){expr, owner};
	if (expr->item_count > 1)
		add_list(w, expr->items, expr->item_count, NULL);
}

static void collect(struct world *w)
{
	const struct dg_policy *policy = w->b->policy;

	for (size_t i = 0; i < policy->set_count; i++)
		add_list(w, policy->sets[i]->items, policy->sets[i]->item_count, policy->sets[i]);
	for (size_t i = 0; i < policy->rule_count; i++)
		add_tests(w, policy->rules[i].where, i);
	for (size_t i = 0; i < policy->assert_count; i++)
		add_tests(w, policy->asserts[i].where, policy->rule_count + i);
}

static bool holds(const struct dg_item *items, size_t count, const struct list *list)
{
	if (items == list->items)
		return true;
	for (size_t i = 0; i < count; i++)
		if (items[i].kind == DG_ITEM_SET && !is_blank(&items[i]) &&
		    holds(items[i].set->items, items[i].set->item_count, list))
			return true;
	return false;
}

/* Who asks for the list: bits of owners. */
static uint64_t owners(const struct world *w, const struct list *list)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < w->ask_count; i++)
		if (holds(w->asks[i].expr->items, w->asks[i].expr->item_count, list))
			bits |= UINT64_C(1) << w->asks[i].owner;
	return bits;
}

/* What the tests say of every value of their attribute, as a string. */
static size_t outcomes(const struct world *w, char *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < w->ask_count; i++) {
		for (size_t k = 0; k < SET_VALUES && w->b->sets; k++)
			ret[n++] =
				(char)dg_eval_condition(w->asks[i].expr, set_device(w->b->sets, k));
		for (size_t attr = 0; attr < TOY_ATTRS && !w->b->sets; attr++) {
			static struct toy_walk walk;

			if (w->b->world->ids[attr] != w->asks[i].expr->attr->id)
				continue;
			toy_walk_start(&walk, w->b->world, TOY_BIT(attr), true);
			for (unsigned int k = 0; k < w->b->world->complete[attr]; k++) {
				toy_walk_set(&walk, attr, k);
				ret[n++] = (char)dg_eval_condition(w->asks[i].expr, &walk.device);
			}
		}
	}
	return n;
}

/* Is nothing any test says another than it was? */
static bool same_outcomes(const struct world *w, const char *before, size_t count)
{
	static char now[OUTCOMES_MAX];

	return outcomes(w, now) == count && !memcmp(before, now, count);
}

/* Does the assertion speak of the device? Bits of assertions. */
static uint32_t spoken_of(const struct dg_policy *policy, const struct masks *m)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < policy->assert_count; i++) {
		uint32_t mask = policy->asserts[i].always ? m->is_true : m->not_false;

		bits |= mask >> (ASSERT_BIT + i) & 1 ? 1U << i : 0;
	}
	return bits;
}

static bool judged_alike(const struct dg_policy *policy, const struct masks *x,
			 const struct masks *y)
{
	if (x->is_true == y->is_true && x->not_false == y->not_false)
		return true;
	if (spoken_of(policy, x) != spoken_of(policy, y))
		return false;
	for (size_t t = 0; t < SYNCED; t++)
		for (unsigned int op = 0; op < DG_OP_MAX; op++) {
			uint32_t with = matching(policy, x, toy_times[t].time);
			uint32_t without = matching(policy, y, toy_times[t].time);
			struct outcome a = decide(policy, with, (enum dg_op)op);
			struct outcome b = decide(policy, without, (enum dg_op)op);

			if (a.rule != b.rule || !same_but_rule(&a, &b))
				return false;
		}
	return true;
}

/* Is every device judged alike without the item? */
static bool nobody_misses(const struct world *w, struct dg_item *item)
{
	struct dg_item kept = blank(item);
	static struct toy_walk walk;
	bool alike = true;
	size_t n = 0;

	for (; w->b->sets && n < w->b->count && alike; n++) {
		struct masks m = judge(w->b->policy, set_device(w->b->sets, n));

		alike = judged_alike(w->b->policy, &w->b->devices[n], &m);
	}
	if (!w->b->sets)
		toy_walk_start(&walk, w->b->world, w->b->attrs, true);
	while (!w->b->sets) {
		struct masks m = judge(w->b->policy, &walk.device);

		alike = judged_alike(w->b->policy, &w->b->devices[n++], &m);
		if (!alike || !toy_walk_next(&walk))
			break;
	}
	*item = kept;
	return alike;
}

/* The finding at the place of an item, or of a set. */
static const struct dg_diag *finding(const struct dg_diags *diags, const struct dg_pos *pos)
{
	for (size_t n = 0; n < diags->count; n++)
		if (diags->items[n].id == DG_E209 && diags->items[n].pos.line == pos->line &&
		    diags->items[n].pos.column == pos->column)
			return &diags->items[n];
	return NULL;
}

/* Does the device have a value of the item where somebody asks for it? */
static bool shows(const struct world *w, const struct list *list, struct dg_item *item,
		  const struct dg_device *device)
{
	for (size_t i = 0; i < w->ask_count; i++) {
		struct dg_expr test = *w->asks[i].expr;

		if (!holds(test.items, test.item_count, list))
			continue;
		test.items = item;
		test.item_count = 1;
		if (dg_eval_condition(&test, device) == DG_TRUTH_TRUE)
			return true;
	}
	return false;
}

/* Is the witness one of the item, and judged alike without it? */
static bool witness_holds(const struct world *w, const struct list *list, struct dg_item *item,
			  const char *json)
{
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct masks with, without;
	struct dg_item kept;

	if (!json || dg_inventory_load_text("witness", json, strlen(json), &diags, &inventory) ||
	    inventory->device_count != 1 || !shows(w, list, item, inventory->devices[0]))
		return false;
	with = judge(w->b->policy, inventory->devices[0]);
	kept = blank(item);
	without = judge(w->b->policy, inventory->devices[0]);
	*item = kept;
	return judged_alike(w->b->policy, &with, &without);
}

static void check_witness(const struct world *w, const struct list *list, struct dg_item *item,
			  const struct dg_diag *said)
{
	if (said && !witness_holds(w, list, item, said->witness)) {
		counts[w->kind].bad_witness++;
		complain(w->b, w->kind, said->witness ?: "no witness", 0);
	}
}

/* From the last to the first; sets stand before the lists that name them. */
static void compare_covered(const struct world *w, const struct dg_diags *diags)
{
	static char before[OUTCOMES_MAX];
	size_t count = outcomes(w, before);

	for (size_t i = w->list_count; i-- > 0;) {
		const struct list *list = &w->lists[i];

		for (size_t k = list->count; k-- > 0 && owners(w, list) != 0;) {
			struct dg_item kept = blank(&list->items[k]);
			bool covered = same_outcomes(w, before, count);
			const struct dg_diag *said;

			list->items[k] = kept;
			if (!covered)
				continue;
			said = finding(diags, &kept.pos);
			compare(w->b, w->kind, true, said != NULL, 1);
			check_witness(w, list, &list->items[k], said);
			blank(&list->items[k]);
		}
	}
}

static void compare_alone(const struct world *w, const struct dg_diags *diags, uint32_t silent)
{
	for (size_t i = 0; i < w->list_count; i++) {
		const struct list *list = &w->lists[i];
		uint64_t asking = owners(w, list);
		/* One finding for all items, with a witness of the first. */
		const struct dg_diag *all = list->set ? finding(diags, &list->set->pos) : NULL;
		bool first = true;

		for (size_t k = 0; k < list->count && asking != 0; k++) {
			struct dg_item *item = &list->items[k];
			const struct dg_diag *said = all ?: finding(diags, &item->pos);

			if (is_blank(item))
				continue;
			compare(w->b, w->kind,
				(asking & ~(uint64_t)silent) != 0 && nobody_misses(w, item),
				said != NULL, 1);
			if (!all || first)
				check_witness(w, list, item, said);
			first = false;
		}
	}
}

void compare_items(const struct brute *b, const struct dg_diags *diags, uint32_t silent)
{
	static struct world w;

	w = (struct world){.b = b, .kind = b->sets ? SET_ITEM : ITEM};
	collect(&w);
	compare_covered(&w, diags);
	compare_alone(&w, diags, silent);
}
