/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What a root holds, found by value. */
#include "items_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "literal.h"
#include "util.h"

#define LOW_HALF UINT64_C(0xffff)

struct entry {
	uint64_t low, high; /* of an exact value both are its number, or the hash of its bytes */
	uint64_t most;	    /* spans: the greatest high up to here */
	const struct dg_item *item;
	uint32_t number, list;
};

struct entries {
	struct entry *items;
	size_t count, room;
};

struct dg_item_index {
	uint32_t root;
	size_t covered; /* sets in sets that were covered when it was made */
	struct entries exact, spans, halves;
};

void dg_item_index_free(struct dg_item_index *index)
{
	if (!index)
		return;
	free(index->exact.items);
	free(index->spans.items);
	free(index->halves.items);
	free(index);
}

static uint64_t top_of(enum dg_type type)
{
	return type == DG_TYPE_ID ? UINT32_MAX : type == DG_TYPE_CLASS ? 0xffffff : UINT64_MAX;
}

static uint64_t key_of(const struct dg_literal *literal)
{
	if (literal->type == DG_TYPE_STRING)
		return dg_hash(literal->str.data, literal->str.len);
	if (literal->type == DG_TYPE_DIGEST)
		return dg_hash(literal->digest->bytes, sizeof(literal->digest->bytes)) +
		       literal->digest->algo;
	return literal->num;
}

enum dg_item_form dg_item_form(const struct dg_item *item, uint64_t *ret_low, uint64_t *ret_high)
{
	const struct dg_literal *literal = &item->low;
	uint64_t top = top_of(literal->type), open;

	if (item->kind == DG_ITEM_RANGE) {
		*ret_low = literal->num;
		*ret_high = item->high.num;
		return DG_ITEM_SPAN;
	}
	*ret_low = *ret_high = key_of(literal);
	if (!dg_literal_is_pattern(literal))
		return DG_ITEM_EXACT;
	open = ~literal->mask & top;
	*ret_low = *ret_high = literal->num & literal->mask & top;
	if (open & 1 || open == 0) {
		*ret_high |= open;
		return DG_ITEM_SPAN;
	}
	return DG_ITEM_LOW_HALF;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static void sort_entries(struct entries *entries)
{
	uint64_t most = 0;

	if (entries->count > 1)
		qsort(entries->items, entries->count, sizeof(*entries->items), compare_entries);
	for (size_t i = 0; i < entries->count; i++) {
		if (entries->items[i].high > most)
			most = entries->items[i].high;
		entries->items[i].most = most;
	}
}

static int add_entries(struct dg_item_index *index, const struct dg_items *s, uint32_t number)
{
	const struct dg_item_list *list = &s->lists[number];
	int r;

	for (uint32_t i = 0; i < list->count; i++) {
		struct entry entry = {
			.item = &list->items[i], .number = list->first_item + i, .list = number};
		struct entries *to = &index->exact;
		enum dg_item_form form;

		if (list->items[i].kind == DG_ITEM_SET)
			continue;
		form = dg_item_form(&list->items[i], &entry.low, &entry.high);
		if (form != DG_ITEM_EXACT)
			to = form == DG_ITEM_SPAN ? &index->spans : &index->halves;
		r = dg_array_reserve(&to->items, &to->room, to->count + 1, sizeof(*to->items));
		if (r < 0)
			return r;
		to->items[to->count++] = entry;
	}
	return 0;
}

static int fill(struct dg_item_index *index, struct dg_items *s, uint32_t root)
{
	const struct dg_item_list *list = &s->lists[root];
	int r = 0;

	index->exact.count = index->spans.count = index->halves.count = 0;
	index->covered = s->covered_sets;
	if (list->has_sets)
		dg_items_reach(s, root, DG_ITEM_NONE);
	for (uint32_t i = 0; i < s->list_count && list->has_sets && r >= 0; i++)
		if (s->reached[i] == s->round)
			r = add_entries(index, s, i);
	if (!list->has_sets)
		r = add_entries(index, s, root);
	if (r < 0)
		return r;
	sort_entries(&index->exact);
	sort_entries(&index->spans);
	sort_entries(&index->halves);
	index->root = root;
	return 0;
}

static int find_index(struct dg_items *s, uint32_t root, const struct dg_item_index **ret)
{
	struct dg_item_list *list = &s->lists[root];
	struct dg_item_index **at = list->has_sets ? &list->index : &s->scratch;
	size_t size;
	int r;

	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			return -ENOMEM;
		(*at)->root = DG_ITEM_NONE;
	}
	if ((*at)->root != root || (list->has_sets && (*at)->covered != s->covered_sets)) {
		(*at)->root = DG_ITEM_NONE;
		r = fill(*at, s, root);
		if (r < 0)
			return r;
		size = (*at)->exact.count + (*at)->spans.count + (*at)->halves.count;
		if (size >= s->steps)
			return -E2BIG;
		s->steps -= size;
	}
	*ret = *at;
	return 0;
}

/* The lists that are part of @root only through the item, a set. */
static int find_lost(struct dg_item_view *view, uint32_t root)
{
	struct dg_items *s = view->items;
	uint32_t with;

	view->lost = calloc(s->list_count + 1, sizeof(*view->lost));
	if (!view->lost)
		return -ENOMEM;
	dg_items_reach(s, root, DG_ITEM_NONE);
	with = s->round;
	for (uint32_t i = 0; i < s->list_count; i++)
		if (s->reached[i] == with)
			view->lost[view->lost_count++] = i;
	dg_items_reach(s, root, view->without);
	with = 0;
	for (size_t i = 0; i < view->lost_count; i++)
		if (s->reached[view->lost[i]] != s->round)
			view->lost[with++] = view->lost[i];
	view->lost_count = with;
	return 0;
}

int dg_item_view_init(struct dg_item_view *view, struct dg_items *s, uint32_t root, uint32_t item)
{
	int r;

	*view = (struct dg_item_view){.items = s, .without = item};
	r = find_index(s, root, &view->index);
	if (r >= 0 && item != DG_ITEM_NONE && dg_items_item(s, item)->kind == DG_ITEM_SET)
		r = find_lost(view, root);
	return r;
}

void dg_item_view_done(struct dg_item_view *view)
{
	free(view->lost);
	view->lost = NULL;
}

static bool lost_list(const struct dg_item_view *view, uint32_t list)
{
	size_t low = 0, high = view->lost_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view->lost[middle] == list)
			return true;
		if (view->lost[middle] < list)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool gone(const struct dg_item_view *view, const struct entry *entry)
{
	if (view->items->steps > 0)
		view->items->steps--;
	return entry->number == view->without ||
	       view->items->covered_by[entry->number] != DG_ITEM_NONE ||
	       lost_list(view, entry->list);
}

/* The first entry whose low is @low or more. */
static size_t lower_bound(const struct entries *entries, uint64_t low)
{
	size_t from = 0, to = entries->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (entries->items[middle].low < low)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static uint32_t find_span(const struct dg_item_view *view, uint64_t num)
{
	const struct entries *spans = &view->index->spans;
	size_t i = num == UINT64_MAX ? spans->count : lower_bound(spans, num + 1);

	for (; i > 0 && spans->items[i - 1].most >= num; i--)
		if (spans->items[i - 1].high >= num && !gone(view, &spans->items[i - 1]))
			return spans->items[i - 1].number;
	return DG_ITEM_NONE;
}

static uint32_t find_key(const struct dg_item_view *view, const struct entries *entries,
			 uint64_t key, const struct dg_literal *value)
{
	for (size_t i = lower_bound(entries, key); i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];

		if (entry->low != key)
			break;
		if ((!value || dg_literal_equal(&entry->item->low, value)) && !gone(view, entry))
			return entry->number;
	}
	return DG_ITEM_NONE;
}

uint32_t dg_item_view_holds(const struct dg_item_view *view, const struct dg_literal *value)
{
	bool number = value->type != DG_TYPE_STRING && value->type != DG_TYPE_DIGEST;
	uint32_t found = number ? find_span(view, value->num) : DG_ITEM_NONE;

	if (found == DG_ITEM_NONE)
		found = find_key(view, &view->index->exact, key_of(value), value);
	if (found == DG_ITEM_NONE && number)
		found = find_key(view, &view->index->halves, value->num & LOW_HALF, NULL);
	return found;
}

bool dg_item_view_loses(const struct dg_item_view *view, const struct dg_literal *value)
{
	struct dg_item_view whole = *view;

	whole.without = DG_ITEM_NONE;
	whole.lost_count = 0;
	return dg_item_view_holds(&whole, value) != DG_ITEM_NONE &&
	       dg_item_view_holds(view, value) == DG_ITEM_NONE;
}

const struct dg_item *dg_item_view_lost(const struct dg_item_view *view, size_t *at)
{
	const struct dg_items *s = view->items;
	const struct dg_item *item = dg_items_item(s, view->without);

	if (item->kind != DG_ITEM_SET)
		return (*at)++ == 0 ? item : NULL;
	/* The high word is the list's place, the low one the item's. */
	for (size_t list = *at >> 32; list < view->lost_count; list++, *at = list << 32) {
		const struct dg_item_list *l = &s->lists[view->lost[list]];

		while ((*at & UINT32_MAX) < l->count) {
			uint32_t i = (uint32_t)(*at)++;

			if (l->items[i].kind != DG_ITEM_SET &&
			    s->covered_by[l->first_item + i] == DG_ITEM_NONE)
				return &l->items[i];
		}
	}
	return NULL;
}

void dg_item_cuts_done(struct dg_item_cuts *cuts)
{
	free(cuts->items);
	*cuts = (struct dg_item_cuts){};
}

int dg_item_cuts_add(struct dg_item_cuts *cuts, uint64_t at)
{
	int r = dg_array_reserve(&cuts->items, &cuts->room, cuts->count + 1, sizeof(*cuts->items));

	if (r >= 0)
		cuts->items[cuts->count++] = at;
	return r;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void dg_item_cuts_sort(struct dg_item_cuts *cuts)
{
	size_t out = 0;

	if (cuts->count == 0)
		return;
	qsort(cuts->items, cuts->count, sizeof(*cuts->items), compare_u64);
	for (size_t i = 1; i < cuts->count; i++)
		if (cuts->items[i] != cuts->items[out])
			cuts->items[++out] = cuts->items[i];
	cuts->count = out + 1;
}

static int cut_entry(struct dg_item_cuts *cuts, const struct entry *entry, uint64_t low,
		     uint64_t high)
{
	int r = 0;

	if (entry->low > low && entry->low <= high)
		r = dg_item_cuts_add(cuts, entry->low);
	if (r >= 0 && entry->high >= low && entry->high < high)
		r = dg_item_cuts_add(cuts, entry->high + 1);
	return r;
}

int dg_item_view_cuts(const struct dg_item_view *view, uint64_t low, uint64_t high,
		      struct dg_item_cuts *cuts)
{
	const struct entries *lists[] = {&view->index->exact, &view->index->spans};
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		size_t i = lower_bound(lists[k], low);

		/* Those that begin before @low may end behind it. */
		while (i > 0 && lists[k]->items[i - 1].most >= low)
			i--;
		for (; i < lists[k]->count && lists[k]->items[i].low <= high && r >= 0; i++)
			r = cut_entry(cuts, &lists[k]->items[i], low, high);
	}
	return r;
}

int dg_item_view_low_cuts(const struct dg_item_view *view, struct dg_item_cuts *cuts)
{
	const struct entries *halves = &view->index->halves;
	int r = 0;

	for (size_t i = 0; i < halves->count && r >= 0; i++) {
		r = dg_item_cuts_add(cuts, halves->items[i].low);
		if (r >= 0 && halves->items[i].low < LOW_HALF)
			r = dg_item_cuts_add(cuts, halves->items[i].low + 1);
	}
	return r;
}
