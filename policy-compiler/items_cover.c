/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Items whose values the others hold. */
#include <errno.h>

#include "items.h"
#include "literal.h"

#define LOW_HALF UINT64_C(0xffff)

/* The next value to look at when @holder holds @value; false: none up to @last. */
static bool step_over(const struct dg_items *s, uint32_t holder, uint64_t last, uint64_t stride,
		      uint64_t *value)
{
	uint64_t low, high, next = *value;

	if (dg_item_form(dg_items_item(s, holder), &low, &high) == DG_ITEM_SPAN && high > next)
		next += (high - next) / stride * stride;
	if (next >= last || last - next < stride)
		return false;
	*value = next + stride;
	return true;
}

/* Do the others hold all of it? 1, 0 or -E2BIG; *@by is as struct dg_items.covered_by. */
static int holds_all(const struct dg_item_view *view, const struct dg_item *item, uint32_t *by)
{
	struct dg_literal value = item->low;
	uint64_t last = 0, stride = 1, low, high;
	enum dg_item_form form = dg_item_form(item, &low, &high);

	if (form == DG_ITEM_SPAN) {
		value.num = low;
		last = high;
	} else if (form == DG_ITEM_LOW_HALF) {
		value.num = low;
		last = UINT32_MAX;
		stride = LOW_HALF + 1;
	}
	if (form != DG_ITEM_EXACT)
		value.mask = UINT64_MAX;
	for (;;) {
		uint32_t holder = dg_item_view_holds(view, &value);

		if (view->items->steps == 0)
			return -E2BIG;
		if (holder == DG_ITEM_NONE)
			return 0;
		*by = *by == DG_ITEM_NONE || *by == holder ? holder : view->without;
		if (form == DG_ITEM_EXACT ||
		    !step_over(view->items, holder, last, stride, &value.num))
			return 1;
	}
}

/* 1: the item is covered in @root. */
static int covered_in(struct dg_items *s, uint32_t root, uint32_t number, uint32_t *by)
{
	struct dg_item_view view;
	const struct dg_item *lost;
	size_t at = 0;
	int r = dg_item_view_init(&view, s, root, number), all = 1;

	while (r >= 0 && all == 1 && (lost = dg_item_view_lost(&view, &at)))
		r = all = holds_all(&view, lost, by);
	dg_item_view_done(&view);
	return r < 0 ? r : all;
}

static int cover_list(struct dg_items *s, uint32_t list)
{
	const uint32_t *roots;
	size_t count = dg_items_roots(s, list, &roots);

	for (uint32_t i = s->lists[list].count; i-- > 0 && count > 0;) {
		uint32_t number = s->lists[list].first_item + i, by = DG_ITEM_NONE;
		int r = 1;

		for (size_t k = 0; k < count && r == 1; k++)
			r = covered_in(s, roots[k], number, &by);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		s->covered_by[number] = by == DG_ITEM_NONE ? number : by;
		s->covered_sets += dg_items_item(s, number)->kind == DG_ITEM_SET;
	}
	return 0;
}

int dg_items_cover(struct dg_items *s)
{
	int r = 0;

	for (uint32_t list = (uint32_t)s->list_count; list-- > 0 && r >= 0;) {
		s->stopped_at = list;
		r = cover_list(s, list);
	}
	return r;
}
