/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What something says is put down as a text in which its parts stand as numbers, and equal texts
 * get equal numbers. A text begins with a letter for what it is of.
 */
#include "numbering.h"

#include <string.h>

#include "array.h"
#include "util.h"

struct text {
	char *data;
	size_t len, room;
};

static int put(struct text *text, const void *data, size_t len)
{
	int r = dg_array_reserve(&text->data, &text->room, text->len + len, 1);

	if (r < 0)
		return r;
	memcpy(text->data + text->len, data, len);
	text->len += len;
	return 0;
}

static int put_number(struct text *text, uint64_t number)
{
	return put(text, &number, sizeof(number));
}

static int put_bytes(struct text *text, const void *data, size_t len)
{
	int r = put_number(text, len);

	return r < 0 ? r : put(text, data, len);
}

static int put_literal(struct text *text, const struct dg_literal *literal)
{
	int r = put_number(text, literal->type);

	if (r < 0)
		return r;
	switch (literal->type) {
	case DG_TYPE_STRING:
		return put_bytes(text, literal->str.data, literal->str.len);
	case DG_TYPE_DIGEST:
		r = put_number(text, literal->digest->algo);
		return r < 0 ? r
			     : put(text, literal->digest->bytes, sizeof(literal->digest->bytes));
	default:
		r = put_number(text, literal->num);
		return r < 0 ? r : put_number(text, literal->mask);
	}
}

static int number_text(struct dg_numbering *n, const struct text *text, uint32_t *ret)
{
	uint64_t key = dg_hash(text->data, text->len);
	uint32_t number;
	int r;

	for (; dg_map_get(&n->number_of, key, 0, &number); key++)
		if (n->items[number].len == text->len &&
		    !memcmp(n->texts + n->items[number].off, text->data, text->len)) {
			*ret = number;
			return 0;
		}
	r = dg_array_reserve(&n->items, &n->room, n->count + 1, sizeof(*n->items));
	if (r >= 0)
		r = dg_array_reserve(&n->texts, &n->text_room, n->text_len + text->len, 1);
	if (r >= 0)
		r = dg_map_put(&n->number_of, key, 0, (uint32_t)n->count);
	if (r < 0)
		return r;
	memcpy(n->texts + n->text_len, text->data, text->len);
	n->items[n->count].off = n->text_len;
	n->items[n->count].len = text->len;
	n->text_len += text->len;
	*ret = (uint32_t)n->count++;
	return 0;
}

static int number_set(struct dg_numbering *n, const struct dg_set *set, uint32_t *ret);

static int put_items(struct dg_numbering *n, struct text *text, const struct dg_item *items,
		     size_t count)
{
	int r = put_number(text, count);

	for (size_t i = 0; i < count && r >= 0; i++) {
		uint32_t number;

		r = put_number(text, items[i].kind);
		if (r < 0)
			return r;
		if (items[i].kind == DG_ITEM_SET) {
			r = number_set(n, items[i].set, &number);
			if (r >= 0)
				r = put_number(text, number);
			continue;
		}
		r = put_literal(text, &items[i].low);
		if (r >= 0 && items[i].kind == DG_ITEM_RANGE)
			r = put_number(text, items[i].high.num);
	}
	return r;
}

static int number_set(struct dg_numbering *n, const struct dg_set *set, uint32_t *ret)
{
	struct text text = {};
	int r;

	if (dg_map_get(&n->set_of, (uintptr_t)set, 0, ret))
		return 0;
	r = put(&text, "s", 1);
	if (r >= 0)
		r = put_items(n, &text, set->items, set->item_count);
	if (r >= 0)
		r = number_text(n, &text, ret);
	if (r >= 0)
		r = dg_map_put(&n->set_of, (uintptr_t)set, 0, *ret);
	free(text.data);
	return r;
}

static int put_test(struct dg_numbering *n, struct text *text, const struct dg_expr *test)
{
	const uint64_t head[] = {test->test, test->quantifier, test->attr->id, test->index};
	int r = put(text, head, sizeof(head));

	if (r < 0)
		return r;
	switch (test->test) {
	case DG_TEST_TRUE:
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		return 0;
	case DG_TEST_IN:
		return put_items(n, text, test->items, test->item_count);
	default:
		return put_literal(text, &test->literal);
	}
}

static int number_expr(struct dg_numbering *n, const struct dg_expr *expr, uint32_t *ret)
{
	const struct dg_expr *sides[] = {expr->left, expr->right};
	size_t count = expr->kind == DG_EXPR_NOT			       ? 1
		       : expr->kind == DG_EXPR_AND || expr->kind == DG_EXPR_OR ? 2
									       : 0;
	struct text text = {};
	uint32_t number;
	int r = put(&text, "e", 1);

	if (r >= 0)
		r = put_number(&text, expr->kind);
	if (r >= 0 && expr->kind == DG_EXPR_TEST)
		r = put_test(n, &text, expr);
	for (size_t i = 0; i < count && r >= 0; i++) {
		r = number_expr(n, sides[i], &number);
		if (r >= 0)
			r = put_number(&text, number);
	}
	if (r >= 0)
		r = number_text(n, &text, ret);
	free(text.data);
	return r;
}

int dg_number_rule(struct dg_numbering *n, const struct dg_rule_node *rule, uint32_t *ret)
{
	const uint64_t head[] = {rule->effect,
				 rule->permissive,
				 rule->ops,
				 rule->has_from,
				 rule->has_from ? rule->from : 0,
				 rule->has_until,
				 rule->has_until ? rule->until : 0};
	uint32_t where = UINT32_MAX;
	struct text text = {};
	int r = rule->where ? number_expr(n, rule->where, &where) : 0;

	if (r >= 0)
		r = put(&text, "r", 1);
	if (r >= 0)
		r = put(&text, head, sizeof(head));
	if (r >= 0)
		r = put_number(&text, where);
	if (r >= 0)
		r = number_text(n, &text, ret);
	free(text.data);
	return r;
}

void dg_numbering_done(struct dg_numbering *n)
{
	dg_map_done(&n->number_of);
	dg_map_done(&n->set_of);
	free(n->texts);
	free(n->items);
}
