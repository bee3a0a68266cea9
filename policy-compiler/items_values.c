/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include <errno.h>
#include <string.h>

#include "facts.h"
#include "items_finder.h"
#include "util.h"

uint64_t dg_item_lost_for(const struct dg_item_fact *fact, const struct dg_literal *value)
{
	uint64_t bits = 0;

	for (size_t p = 0; p < fact->probe_count; p++)
		if (dg_item_view_loses(fact->probes[p].view, value))
			bits |= UINT64_C(1) << p;
	return bits;
}

uint32_t dg_item_class_in(const struct dg_classifier *c, uint64_t mask,
			  const struct dg_literal *value)
{
	struct dg_digest_fact digest;

	switch (c->values) {
	case DG_VALUES_STR:
		return dg_classifier_bytes(c, value->str);
	case DG_VALUES_DIGEST:
		dg_digest_fact(value->digest, &digest);
		return dg_classifier_bytes(
			c, (struct dg_bytes){(const char *)&digest, sizeof(digest)});
	case DG_VALUES_NUM:
		break;
	}
	return dg_classifier_num(c, value->num & mask);
}

static bool has_low_half(const struct dg_item_finder *f)
{
	for (uint32_t i = 0; i < f->var_count; i++)
		if (f->vars[i].kind == DG_VAR_NUM && f->vars[i].mask == DG_ITEM_LOW_MASK)
			return true;
	return f->halves.count > 0;
}

static int cut_number(struct dg_item_cuts *cuts, uint64_t num, uint64_t low, uint64_t high)
{
	int r = 0;

	if (num > low && num <= high)
		r = dg_item_cuts_add(cuts, num);
	if (r >= 0 && num >= low && num < high)
		r = dg_item_cuts_add(cuts, num + 1);
	return r;
}

/* The first exact value that is @low or more. */
static size_t first_exact(const struct dg_classifier *c, uint64_t low)
{
	size_t from = 0, to = c->exact_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (c->exact[middle].num < low)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Where a variable's classes change between @low and @high. */
static int cut_classes(const struct dg_classifier *c, uint64_t low, uint64_t high,
		       struct dg_item_cuts *cuts)
{
	int r = 0;

	for (size_t i = first_exact(c, low); i < c->exact_count && r >= 0; i++) {
		if (c->exact[i].num > high)
			break;
		r = cut_number(cuts, c->exact[i].num, low, high);
	}
	for (size_t i = 0; i < c->interval_count && r >= 0; i++)
		if (c->intervals[i].low > low && c->intervals[i].low <= high)
			r = dg_item_cuts_add(cuts, c->intervals[i].low);
	return r;
}

/* All cuts from @low, which is one, to @high. */
static int find_cuts(struct dg_item_finder *f, uint64_t low, uint64_t high)
{
	int r;

	f->cuts.count = f->halves.count = 0;
	r = dg_item_cuts_add(&f->cuts, low);
	for (uint32_t i = 0; i < f->var_count && r >= 0; i++) {
		bool half = f->vars[i].kind == DG_VAR_NUM && f->vars[i].mask == DG_ITEM_LOW_MASK;

		r = half ? cut_classes(&f->vars[i].values, 0, DG_ITEM_LOW_MASK, &f->halves)
			 : cut_classes(&f->vars[i].values, low, high, &f->cuts);
	}
	for (size_t p = 0; p < f->fact->probe_count && r >= 0; p++) {
		r = dg_item_view_cuts(f->fact->probes[p].view, low, high, &f->cuts);
		if (r >= 0)
			r = dg_item_view_low_cuts(f->fact->probes[p].view, &f->halves);
	}
	if (r < 0)
		return r;
	if (has_low_half(f))
		r = dg_item_cuts_add(&f->halves, 0);
	dg_item_cuts_sort(&f->cuts);
	dg_item_cuts_sort(&f->halves);
	return r;
}

/* One value of each kind among those from @low to @high: see find_cuts(). */
static int visit_span(struct dg_item_finder *f, struct dg_literal value, uint64_t low,
		      uint64_t high, dg_item_visit visit, void *data)
{
	int r = find_cuts(f, low, high);

	value.mask = UINT64_MAX;
	for (size_t i = 0; i < f->cuts.count && r == 0; i++) {
		uint64_t first = f->cuts.items[i];
		uint64_t last = i + 1 < f->cuts.count ? f->cuts.items[i + 1] - 1 : high;

		value.num = first;
		r = visit(f, &value, data);
		for (size_t k = 0; k < f->halves.count && r == 0 && last > first; k++) {
			uint64_t more = (f->halves.items[k] - first) & DG_ITEM_LOW_MASK;

			if (more == 0 || more > last - first)
				continue;
			value.num = first + more;
			r = visit(f, &value, data);
		}
		if (f->items->steps == 0)
			return -E2BIG;
	}
	return r;
}

/* One id of each kind that has this low half. */
static int visit_half(struct dg_item_finder *f, struct dg_literal value, uint64_t half,
		      dg_item_visit visit, void *data)
{
	int r = find_cuts(f, 0, UINT32_MAX);

	value.mask = UINT64_MAX;
	for (size_t i = 0; i < f->cuts.count && r == 0; i++) {
		uint64_t first = f->cuts.items[i];
		uint64_t last = i + 1 < f->cuts.count ? f->cuts.items[i + 1] - 1 : UINT32_MAX;

		value.num = first + ((half - first) & DG_ITEM_LOW_MASK);
		if (value.num <= last)
			r = visit(f, &value, data);
	}
	return r;
}

static int visit_item(struct dg_item_finder *f, const struct dg_item *item, dg_item_visit visit,
		      void *data)
{
	uint64_t low, high;

	switch (dg_item_form(item, &low, &high)) {
	case DG_ITEM_EXACT:
		return visit(f, &item->low, data);
	case DG_ITEM_SPAN:
		return visit_span(f, item->low, low, high, visit, data);
	case DG_ITEM_LOW_HALF:
		return visit_half(f, item->low, low, visit, data);
	}
	return -EINVAL;
}

/* Does a probe before it lose the same? Then its values have been visited. */
static bool loses_again(const struct dg_item_fact *fact, size_t p)
{
	const struct dg_item_view *view = fact->probes[p].view, *before;

	for (size_t i = 0; i < p; i++) {
		before = fact->probes[i].view;
		if (before->lost_count == view->lost_count &&
		    !memcmp(before->lost, view->lost, view->lost_count * sizeof(*view->lost)))
			return true;
	}
	return false;
}

int dg_item_visit_lost(struct dg_item_finder *f, dg_item_visit visit, void *data)
{
	int r = 0;

	for (size_t p = 0; p < f->fact->probe_count && r == 0; p++) {
		const struct dg_item_view *view = f->fact->probes[p].view;
		const struct dg_item *item;
		size_t at = 0;

		/* A literal is what every root loses. */
		if (dg_items_item(f->items, view->without)->kind != DG_ITEM_SET && p > 0)
			break;
		if (loses_again(f->fact, p))
			continue;
		while (r == 0 && (item = dg_item_view_lost(view, &at)))
			r = visit_item(f, item, visit, data);
	}
	return r;
}

static bool fits(const struct dg_item_finder *f, const struct dg_item_keeper *keeper,
		 const struct dg_literal *value)
{
	if (!keeper->classes)
		return dg_item_class_in(keeper->of.values, UINT64_MAX, value) == keeper->class;
	for (uint32_t i = 0; i < f->var_count; i++)
		if (dg_item_class_in(&f->vars[i].values, f->vars[i].mask, value) !=
		    keeper->classes[i])
			return false;
	return true;
}

uint64_t dg_item_held_of(const struct dg_item_fact *fact, const struct dg_literal *value)
{
	uint64_t held = 0;

	for (size_t p = 0; p < fact->probe_count; p++)
		if (dg_item_view_holds(fact->probes[p].view, value) != DG_ITEM_NONE)
			held |= UINT64_C(1) << p;
	return held;
}

static int visit_keeper(struct dg_item_finder *f, const struct dg_literal *value, void *data)
{
	struct dg_item_keeper *keeper = data;

	if (f->items->steps == 0)
		return -E2BIG;
	if (!fits(f, keeper, value) || dg_item_lost_for(f->fact, value) != 0)
		return 0;
	keeper->held = dg_item_held_of(f->fact, value);
	keeper->value = *value;
	return 1;
}

static struct dg_literal literal_of(struct dg_item_finder *f, const struct dg_classifier *c,
				    const struct dg_exact *exact)
{
	struct dg_literal literal = {.type = f->fact->attr->type};
	struct dg_digest_fact fact;

	switch (c->values) {
	case DG_VALUES_STR:
		literal.str = exact->bytes;
		break;
	case DG_VALUES_DIGEST:
		memcpy(&fact, exact->bytes.data, sizeof(fact));
		f->digest = (struct dg_digest){.algo = (enum dg_digest_algo)fact.algo};
		memcpy(f->digest.bytes, fact.bytes, sizeof(f->digest.bytes));
		literal.digest = &f->digest;
		break;
	case DG_VALUES_NUM:
		literal.num = exact->num;
		literal.mask = UINT64_MAX;
		break;
	}
	return literal;
}

static uint64_t top_of(const struct dg_classifier *c, size_t interval, const struct dg_attr *attr)
{
	if (interval + 1 < c->interval_count)
		return c->intervals[interval + 1].low - 1;
	return dg_attr_greatest(attr);
}

/*
 * 1: some value of the class loses nothing. Values that are not among the exact ones of a string or
 * digest are in no list: a class that has them has no value that loses something.
 */
int dg_item_find_keeper(struct dg_item_finder *f, struct dg_item_keeper *keeper)
{
	const struct dg_elements *e = &keeper->of;
	const struct dg_classifier *c = e->values;
	uint32_t class = keeper->class;
	int r = 0;

	for (uint32_t i = e->exact_off[class]; i < e->exact_off[class + 1] && r == 0; i++) {
		struct dg_literal literal = literal_of(f, c, &c->exact[e->exact[i]]);

		r = visit_keeper(f, &literal, keeper);
	}
	if (c->values != DG_VALUES_NUM) {
		if (r != 0 || e->exact_off[class] < e->exact_off[class + 1])
			return r;
		if (e->bytes)
			keeper->value = (struct dg_literal){.type = f->fact->attr->type,
							    .str = e->bytes[class]};
		return 1;
	}
	for (uint32_t i = e->interval_off[class]; i < e->interval_off[class + 1] && r == 0; i++)
		r = visit_span(f, (struct dg_literal){.type = f->fact->attr->type},
			       c->intervals[e->intervals[i]].low,
			       top_of(c, e->intervals[i], f->fact->attr), visit_keeper, keeper);
	return r;
}
