/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Which classes of the variables on one fact go together. */
#include "symbols_build.h"

#include <stdlib.h>

#include "array.h"
#include "util.h"

/* Values that are looked at before giving up. */
#define MAX_TRIES (4U << 20)
/* Questions that are remembered. */
#define MAX_ASKED (1U << 20)

/* The places of each class in an array of @count classes, which @class_at reads. */
static int index_classes(uint32_t class_count, size_t count, const void *array, size_t size,
			 size_t class_offset, uint32_t **ret_off, uint32_t **ret_items)
{
	uint32_t *off = calloc(class_count + UINT64_C(2), sizeof(*off));
	uint32_t *items = calloc(count + 1, sizeof(*items)), class;
	const char *at = array;

	if (!off || !items) {
		free(off);
		free(items);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(&class, at + i * size + class_offset, sizeof(class));
		off[class + UINT64_C(2)]++;
	}
	for (uint32_t c = 0; c < class_count; c++)
		off[c + 2] += off[c + 1];
	for (size_t i = 0; i < count; i++) {
		memcpy(&class, at + i * size + class_offset, sizeof(class));
		items[off[class + 1]++] = (uint32_t)i;
	}
	*ret_off = off;
	*ret_items = items;
	return 0;
}

/* The four arrays are NULL before they are made. */
static int find_members(const struct dg_classifier *c, uint32_t **exact_off, uint32_t **exact,
			uint32_t **interval_off, uint32_t **intervals)
{
	int r = 0;

	if (!*exact_off)
		r = index_classes(c->class_count, c->exact_count, c->exact, sizeof(*c->exact),
				  offsetof(struct dg_exact, class), exact_off, exact);
	if (r >= 0 && !*interval_off)
		r = index_classes(c->class_count, c->interval_count, c->intervals,
				  sizeof(*c->intervals), offsetof(struct dg_interval, class),
				  interval_off, intervals);
	return r;
}

int dg_variable_members(struct dg_symbols *s, uint32_t var)
{
	struct dg_build_var *b = &s->var_builds[s->build_of[var]];

	return find_members(&s->ordered[var].values, &b->exact_off, &b->exact, &b->interval_off,
			    &b->intervals);
}

int dg_symbols_elements(struct dg_symbols *s, uint32_t var, struct dg_elements *ret)
{
	const struct dg_build_var *b = &s->var_builds[s->build_of[var]];
	const struct dg_variable *v = &s->ordered[var];
	struct dg_view *view = &s->views[b->view];
	int r;

	if (v->kind != DG_VAR_SET || v->group_count == 1) {
		r = dg_variable_members(s, var);
		if (r >= 0)
			*ret = (struct dg_elements){&v->values,	     b->exact_off, b->exact,
						    b->interval_off, b->intervals, b->plain.nums,
						    b->plain.bytes};
		return r;
	}
	if (view->elements.class_count == 0)
		return -E2BIG;
	r = find_members(&view->elements, &view->exact_off, &view->exact, &view->interval_off,
			 &view->intervals);
	if (r >= 0)
		*ret = (struct dg_elements){&view->elements,	view->exact_off, view->exact,
					    view->interval_off, view->intervals, view->plain.nums,
					    view->plain.bytes};
	return r;
}

void dg_symbols_ask_also(struct dg_symbols *s, uint32_t first_var, const struct dg_set_extra *extra)
{
	uint32_t i = 0;

	while (i < s->extra_count && s->extras[i].first_var != first_var)
		i++;
	if (i == s->extra_count && (!extra || s->extra_count == DG_EXTRAS_MAX))
		return;
	s->extra_count += i == s->extra_count;
	s->extras[i].first_var = first_var;
	s->extras[i].extra = extra;
	if (!extra)
		s->extras[i] = s->extras[--s->extra_count];
}

const struct dg_set_extra *dg_extra_of(const struct dg_symbols *s, uint32_t first_var)
{
	for (uint32_t i = 0; i < s->extra_count; i++)
		if (s->extras[i].first_var == first_var)
			return s->extras[i].extra;
	return NULL;
}

bool dg_symbols_asked_also(const struct dg_symbols *s, uint32_t first_var)
{
	return first_var == DG_NONE ? s->extra_count > 0 : dg_extra_of(s, first_var) != NULL;
}

/* A range of values, all of one class but for exact ones in it. */
static void range_of(const struct dg_classifier *c, uint32_t interval, uint64_t top,
		     uint64_t *ret_low, uint64_t *ret_high)
{
	*ret_low = c->intervals[interval].low;
	*ret_high = interval + UINT64_C(1) < c->interval_count ? c->intervals[interval + 1].low - 1
							       : top;
}

/* The id of a full and of a low class. */
struct id_search {
	const struct dg_classifier *full, *low;
	uint32_t full_class, low_class;
	uint32_t tries;
	uint64_t found;
};

static int try_id(struct id_search *q, uint64_t id)
{
	if (++q->tries > MAX_TRIES)
		return -E2BIG;
	if (dg_classifier_num(q->full, id) != q->full_class ||
	    dg_classifier_num(q->low, id & 0xffff) != q->low_class)
		return 0;
	q->found = id;
	return 1;
}

/* Ids from @low to @high whose low half is @from … @to. */
static int try_ids(struct id_search *q, uint64_t low, uint64_t high, uint64_t from, uint64_t to)
{
	int r = 0;

	for (uint64_t half = low >> 16; half <= high >> 16 && r == 0; half++) {
		uint64_t first = half << 16 | from, last = half << 16 | to;

		if (first < low)
			first = low;
		if (last > high)
			last = high;
		for (uint64_t id = first; id <= last && r == 0; id++)
			r = try_id(q, id);
	}
	return r;
}

/* All low halves of the class, in the ids from @low to @high. */
static int try_range(struct id_search *q, const struct dg_build_var *b, uint64_t low, uint64_t high)
{
	int r = 0;

	for (uint32_t i = b->exact_off[q->low_class]; i < b->exact_off[q->low_class + 1] && r == 0;
	     i++) {
		uint64_t half = q->low->exact[b->exact[i]].num;

		r = try_ids(q, low, high, half, half);
	}
	for (uint32_t i = b->interval_off[q->low_class];
	     i < b->interval_off[q->low_class + 1] && r == 0; i++) {
		uint64_t from, to;

		range_of(q->low, b->intervals[i], 0xffff, &from, &to);
		r = try_ids(q, low, high, from, to);
	}
	return r;
}

static int solve_id(struct dg_symbols *s, uint32_t full, uint32_t full_class, uint32_t low,
		    uint32_t low_class, uint64_t *ret)
{
	struct id_search q = {.full = &s->ordered[full].values,
			      .low = &s->ordered[low].values,
			      .full_class = full_class,
			      .low_class = low_class};
	const struct dg_build_var *b;
	int r;

	r = dg_variable_members(s, full);
	if (r >= 0)
		r = dg_variable_members(s, low);
	if (r < 0)
		return r;
	b = &s->var_builds[s->build_of[full]];
	for (uint32_t i = b->exact_off[full_class]; i < b->exact_off[full_class + 1] && r == 0; i++)
		r = try_id(&q, q.full->exact[b->exact[i]].num);
	for (uint32_t i = b->interval_off[full_class];
	     i < b->interval_off[full_class + 1] && r == 0; i++) {
		uint64_t from, to;

		range_of(q.full, b->intervals[i], 0xffffffffU, &from, &to);
		r = try_range(&q, &s->var_builds[s->build_of[low]], from, to);
	}
	*ret = q.found;
	return r;
}

static int plain_set(const struct dg_build_var *b, uint32_t class, struct dg_arena *arena,
		     struct dg_group_value *ret)
{
	uint32_t off = b->sets_off[class];
	size_t count = b->sets_off[class + 1] - off;
	uint64_t *nums = dg_arena_alloc(arena, count * sizeof(*nums));
	struct dg_bytes *strings = dg_arena_alloc(arena, count * sizeof(*strings));

	if (!nums || !strings)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (b->plain.nums)
			nums[i] = b->plain.nums[b->sets[off + i]];
		else
			strings[i] = b->plain.bytes[b->sets[off + i]];
	}
	ret->nums = nums;
	ret->strings = strings;
	ret->count = count;
	return 1;
}

/* Every class has a value by itself. */
static int solve_one(struct dg_symbols *s, uint32_t var, uint32_t class, struct dg_arena *arena,
		     struct dg_group_value *ret)
{
	const struct dg_build_var *b = &s->var_builds[s->build_of[var]];

	switch (s->ordered[var].kind) {
	case DG_VAR_NUM:
	case DG_VAR_TIME:
		ret->num = b->plain.nums[class];
		return 1;
	case DG_VAR_STR:
	case DG_VAR_DIGEST:
		ret->bytes = b->plain.bytes[class];
		return 1;
	case DG_VAR_SET:
		return arena ? plain_set(b, class, arena, ret) : 1;
	case DG_VAR_CLOCK:
		return 1;
	}
	return 0;
}

static int solve_several(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
			 struct dg_arena *arena, struct dg_group_value *ret)
{
	const struct dg_variable *v = &s->ordered[first_var];
	uint32_t full = v[0].mask == UINT64_MAX ? 0 : 1;

	switch (v->kind) {
	case DG_VAR_NUM: /* the two views of an id */
		return solve_id(s, first_var + full, classes[full], first_var + !full,
				classes[!full], &ret->num);
	case DG_VAR_STR:
		return dg_product_string(s, first_var, classes, arena, &ret->bytes);
	case DG_VAR_SET:
		return dg_product_set(s, first_var, classes, arena, ret);
	default:
		return -EINVAL;
	}
}

int dg_group_solve(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		   struct dg_arena *arena, struct dg_group_value *ret)
{
	const struct dg_variable *v = &s->ordered[first_var];
	const struct dg_set_extra *extra = dg_extra_of(s, first_var);
	uint32_t known = 0, unknown = 0, last = 0;
	bool anything = !extra || extra->wanted == 1;

	for (uint32_t i = 0; i < v->group_count; i++) {
		if (classes[i] == DG_CLASS_ANY)
			continue;
		if (classes[i] == 0) {
			unknown++;
		} else {
			known++;
			last = i;
		}
	}
	if (unknown > 0)
		return known == 0 && anything && v->kind != DG_VAR_TIME && v->kind != DG_VAR_CLOCK;
	if (known == 0 && anything)
		return 1;
	if (known == 1 && !extra)
		return solve_one(s, first_var + last, classes[last], arena, ret);
	return solve_several(s, first_var, classes, arena, ret);
}

static int ask(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes)
{
	_cleanup_(dg_cleanup_arena) struct dg_arena *arena = dg_arena_new();
	struct dg_group_value value = {};

	return arena ? dg_group_solve(s, first_var, classes, arena, &value) : -ENOMEM;
}

int dg_symbols_group_possible(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes)
{
	uint32_t count = s->ordered[first_var].group_count, before = s->asked.count, number;
	_cleanup_free_ uint32_t *list = NULL;
	struct dg_group_value value = {};
	int r;

	if (count == 1)
		return dg_group_solve(s, first_var, classes, NULL, &value);
	if (before >= MAX_ASKED || dg_extra_of(s, first_var))
		return ask(s, first_var, classes);
	list = calloc(count + UINT64_C(1), sizeof(*list));
	if (!list)
		return -ENOMEM;
	list[0] = first_var;
	memcpy(list + 1, classes, count * sizeof(*classes));
	r = dg_array_reserve(&s->answered, &s->answered_room, before + UINT64_C(2),
			     sizeof(*s->answered));
	if (r >= 0)
		r = dg_lists_number(&s->asked, list, count + UINT64_C(1), &number);
	if (r < 0)
		return r;
	if (s->asked.count > before)
		s->answered[number] = -1;
	if (s->answered[number] < 0) {
		r = ask(s, first_var, classes);
		if (r < 0 && r != -E2BIG)
			return r;
		s->answered[number] = (int8_t)(r < 0 ? 2 : r);
	}
	return s->answered[number] == 2 ? -E2BIG : s->answered[number];
}
