/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Lists, tests and what leads from one to another; items_cover.c has what they hold. */
#include "items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "items_index.h"
#include "util.h"

#define ALL_STEPS (64U << 20)

void dg_items_done(struct dg_items *s)
{
	for (size_t i = 0; i < s->list_count; i++)
		dg_item_index_free(s->lists[i].index);
	dg_item_index_free(s->scratch);
	free(s->lists);
	free(s->tests);
	free(s->uses);
	free(s->covered_by);
	free(s->reached);
	free(s->stack);
	free(s->roots);
	dg_map_done(&s->list_of);
	*s = (struct dg_items){};
}

static int add_list(struct dg_items *s, const struct dg_item_list *list)
{
	int r = dg_array_reserve(&s->lists, &s->list_room, s->list_count + 1, sizeof(*s->lists));

	if (r < 0)
		return r;
	s->lists[s->list_count] = *list;
	s->lists[s->list_count].first_item = s->item_count;
	s->lists[s->list_count].first_test = s->lists[s->list_count].first_use = DG_ITEM_NONE;
	s->item_count += list->count;
	s->list_count++;
	return 0;
}

/* The sets that the last list names. */
static int add_uses(struct dg_items *s)
{
	uint32_t user = (uint32_t)s->list_count - 1, used;
	struct dg_item_list *list = &s->lists[user];
	int r;

	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].kind != DG_ITEM_SET ||
		    !dg_map_get(&s->list_of, (uintptr_t)list->items[i].set, 0, &used))
			continue;
		r = dg_array_reserve(&s->uses, &s->use_room, s->use_count + 1, sizeof(*s->uses));
		if (r < 0)
			return r;
		s->uses[s->use_count] = (struct dg_item_use){.user = user,
							     .item = list->first_item + i,
							     .next = s->lists[used].first_use};
		s->lists[used].first_use = (uint32_t)s->use_count++;
		list->has_sets = true;
	}
	return 0;
}

static int add_sets(struct dg_items *s)
{
	int r = 0;

	for (uint32_t i = 0; i < s->policy->set_count && r >= 0; i++) {
		const struct dg_set *set = s->policy->sets[i];

		r = add_list(s, &(struct dg_item_list){.set = set,
						       .pos = &set->pos,
						       .items = set->items,
						       .count = (uint32_t)set->item_count});
		if (r >= 0)
			r = add_uses(s);
		if (r >= 0)
			r = dg_map_put(&s->list_of, (uintptr_t)set, 0, i);
	}
	return r;
}

static int add_test(struct dg_items *s, const struct dg_expr *expr, uint32_t owner, bool demanded)
{
	uint32_t list = (uint32_t)s->list_count;
	int r = 0;

	if (expr->test != DG_TEST_IN)
		return 0;
	if (expr->item_count == 1 && expr->items[0].kind != DG_ITEM_SET)
		return 0;
	if (expr->item_count == 1) {
		if (!dg_map_get(&s->list_of, (uintptr_t)expr->items[0].set, 0, &list))
			return 0;
	} else {
		r = add_list(s, &(struct dg_item_list){.pos = &expr->pos,
						       .items = expr->items,
						       .count = (uint32_t)expr->item_count});
		if (r >= 0)
			r = add_uses(s);
	}
	if (r >= 0)
		r = dg_array_reserve(&s->tests, &s->test_room, s->test_count + 1,
				     sizeof(*s->tests));
	if (r < 0)
		return r;
	s->tests[s->test_count] = (struct dg_item_test){.expr = expr,
							.owner = owner,
							.list = list,
							.next = s->lists[list].first_test,
							.demanded = demanded};
	s->lists[list].first_test = (uint32_t)s->test_count++;
	return 0;
}

struct pending {
	const struct dg_expr *expr;
	bool demanded;
};

struct pendings {
	struct pending *items;
	size_t count, room;
};

static int push(struct pendings *p, const struct dg_expr *expr, bool demanded)
{
	int r = dg_array_reserve(&p->items, &p->room, p->count + 1, sizeof(*p->items));

	if (r >= 0)
		p->items[p->count++] = (struct pending){.expr = expr, .demanded = demanded};
	return r;
}

/* With a stack of its own: a chain of `or` is as deep as it is long. */
static int add_condition(struct dg_items *s, const struct dg_expr *where, uint32_t owner,
			 struct pendings *stack)
{
	struct pending next = {.expr = where, .demanded = true};
	int r = 0;

	stack->count = 0;
	while (next.expr && r >= 0) {
		const struct dg_expr *expr = next.expr;
		bool demanded = next.demanded && expr->kind == DG_EXPR_AND;

		next.expr = NULL;
		if (expr->kind == DG_EXPR_TEST)
			r = add_test(s, expr, owner, next.demanded);
		if (expr->kind == DG_EXPR_AND || expr->kind == DG_EXPR_OR)
			r = push(stack, expr->right, demanded);
		if (expr->kind == DG_EXPR_AND || expr->kind == DG_EXPR_OR ||
		    expr->kind == DG_EXPR_NOT)
			next = (struct pending){.expr = expr->left, .demanded = demanded};
		if (!next.expr && stack->count > 0)
			next = stack->items[--stack->count];
	}
	return r;
}

static int add_conditions(struct dg_items *s)
{
	const struct dg_policy *policy = s->policy;
	struct pendings stack = {};
	int r = 0;

	for (uint32_t i = 0; i < policy->rule_count && r >= 0; i++)
		r = add_condition(s, policy->rules[i].where, i, &stack);
	for (uint32_t i = 0; i < policy->assert_count && r >= 0; i++)
		r = add_condition(s, policy->asserts[i].where, (uint32_t)policy->rule_count + i,
				  &stack);
	free(stack.items);
	return r;
}

int dg_items_init(struct dg_items *s, const struct dg_policy *policy)
{
	int r;

	*s = (struct dg_items){.policy = policy, .steps = ALL_STEPS};
	r = add_sets(s);
	if (r >= 0)
		r = add_conditions(s);
	if (r < 0)
		return r;
	s->covered_by = malloc((s->item_count + UINT64_C(1)) * sizeof(*s->covered_by));
	s->reached = calloc(s->list_count + 1, sizeof(*s->reached));
	s->stack = calloc(s->list_count + 1, sizeof(*s->stack));
	s->roots = calloc(s->list_count + 1, sizeof(*s->roots));
	if (!s->covered_by || !s->reached || !s->stack || !s->roots)
		return -ENOMEM;
	memset(s->covered_by, 0xff, (s->item_count + UINT64_C(1)) * sizeof(*s->covered_by));
	return 0;
}

uint32_t dg_items_list_of(const struct dg_items *s, uint32_t item)
{
	size_t low = 0, high = s->list_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->lists[middle].first_item <= item)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

const struct dg_item *dg_items_item(const struct dg_items *s, uint32_t item)
{
	const struct dg_item_list *list = &s->lists[dg_items_list_of(s, item)];

	return &list->items[item - list->first_item];
}

size_t dg_items_roots(struct dg_items *s, uint32_t list, const uint32_t **ret)
{
	size_t depth = 0, count = 0;

	s->round++;
	s->reached[list] = s->round;
	s->stack[depth++] = list;
	while (depth > 0) {
		uint32_t at = s->stack[--depth];

		if (s->lists[at].first_test != DG_ITEM_NONE)
			s->roots[count++] = at;
		for (uint32_t u = s->lists[at].first_use; u != DG_ITEM_NONE; u = s->uses[u].next) {
			const struct dg_item_use *use = &s->uses[u];

			if (s->covered_by[use->item] != DG_ITEM_NONE ||
			    s->reached[use->user] == s->round)
				continue;
			s->reached[use->user] = s->round;
			s->stack[depth++] = use->user;
		}
	}
	*ret = s->roots;
	return count;
}

void dg_items_reach(struct dg_items *s, uint32_t root, uint32_t without)
{
	size_t depth = 0;
	uint32_t used;

	s->round++;
	s->reached[root] = s->round;
	s->stack[depth++] = root;
	while (depth > 0) {
		const struct dg_item_list *list = &s->lists[s->stack[--depth]];

		for (uint32_t i = 0; i < list->count && list->has_sets; i++) {
			uint32_t number = list->first_item + i;

			if (list->items[i].kind != DG_ITEM_SET || number == without ||
			    s->covered_by[number] != DG_ITEM_NONE ||
			    !dg_map_get(&s->list_of, (uintptr_t)list->items[i].set, 0, &used) ||
			    s->reached[used] == s->round)
				continue;
			s->reached[used] = s->round;
			s->stack[depth++] = used;
		}
	}
}
