/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Views, their exact values and their atoms: each is there once. */
#include "symbols_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

/* Members of all atoms: sets that hold sets that hold sets … can ask for any number. */
#define MAX_REFS (32U << 20)

int dg_view_find(struct dg_symbols *s, enum dg_var_kind kind, const struct dg_attr *attr,
		 unsigned int index, uint64_t mask, uint32_t *ret)
{
	uint16_t fact = attr ? (uint16_t)((unsigned int)attr->fact + index) : 0;
	uint64_t key = (uint64_t)kind << 32 | fact;
	struct dg_view *view;
	int r;

	if (dg_map_get(&s->view_of, key, mask, ret))
		return 0;
	r = dg_array_reserve(&s->views, &s->view_room, s->view_count + 1, sizeof(*s->views));
	if (r >= 0)
		r = dg_map_put(&s->view_of, key, mask, (uint32_t)s->view_count);
	if (r < 0)
		return r;
	view = &s->views[s->view_count];
	*view = (struct dg_view){.kind = kind,
				 .values = DG_VALUES_NUM,
				 .fact = fact,
				 .attr = attr,
				 .mask = mask,
				 .top = attr && mask == UINT64_MAX ? dg_attr_greatest(attr) : mask};
	if (attr && attr->type == DG_TYPE_STRING)
		view->values = DG_VALUES_STR;
	else if (attr && attr->type == DG_TYPE_DIGEST)
		view->values = DG_VALUES_DIGEST;
	*ret = (uint32_t)s->view_count++;
	return 0;
}

/* The high bits of the product have all of the number in them; the slot goes by the highest. */
static uint64_t spread(uint64_t num)
{
	return (num ^ num >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Point + 1, and bits of the hash that tell most others apart without a look at them. */
static struct dg_slot slot_for(uint64_t hash, uint32_t point)
{
	return (struct dg_slot){.tag = (uint32_t)hash, .point = point + 1};
}

static int grow_slots(struct dg_view *view)
{
	unsigned int bits = view->slots ? 64 - view->slot_shift + 1 : 8;
	size_t count = UINT64_C(1) << bits;
	struct dg_slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	view->slot_shift = 64 - bits;
	view->slot_count = count;
	for (uint32_t i = 0; i < view->point_count; i++) {
		uint64_t hash = spread(view->points[i].num);
		size_t at = hash >> view->slot_shift;

		while (slots[at].point)
			at = (at + 1) & (count - 1);
		slots[at] = slot_for(hash, i);
	}
	free(view->slots);
	view->slots = slots;
	return 0;
}

static bool is_point(const struct dg_point *point, uint64_t num, struct dg_bytes bytes)
{
	return point->num == num && point->bytes.len == bytes.len &&
	       (bytes.len == 0 || !memcmp(point->bytes.data, bytes.data, bytes.len));
}

/* The point of a number, or of bytes and their hash. *@ret_new: it was not there before. */
int dg_point_find(struct dg_view *view, uint64_t num, struct dg_bytes bytes, uint32_t *ret,
		  bool *ret_new)
{
	uint64_t hash = spread(num);
	struct dg_slot *slot;
	int r;

	if (view->point_count * 2 >= view->slot_count) {
		r = grow_slots(view);
		if (r < 0)
			return r;
	}
	slot = &view->slots[hash >> view->slot_shift];
	while (slot->point) {
		if (slot->tag == (uint32_t)hash &&
		    is_point(&view->points[slot->point - 1], num, bytes)) {
			*ret = slot->point - 1;
			*ret_new = false;
			return 0;
		}
		if (++slot == view->slots + view->slot_count)
			slot = view->slots;
	}
	r = dg_array_reserve(&view->points, &view->point_room, view->point_count + 1,
			     sizeof(*view->points));
	if (r < 0)
		return r;
	view->points[view->point_count] =
		(struct dg_point){.num = num, .bytes = bytes, .alone = DG_NONE};
	*ret = (uint32_t)view->point_count++;
	*slot = slot_for(hash, *ret);
	*ret_new = true;
	return 0;
}

static int find_digest(struct dg_symbols *s, struct dg_view *view, const struct dg_digest *digest,
		       uint32_t *ret)
{
	struct dg_digest_fact fact = {.algo = digest->algo};
	struct dg_bytes bytes = {.data = (const char *)&fact, .len = sizeof(fact)};
	bool new;
	int r;

	memcpy(fact.bytes, digest->bytes, sizeof(fact.bytes));
	r = dg_point_find(view, dg_hash(&fact, sizeof(fact)), bytes, ret, &new);
	if (r < 0 || !new)
		return r;
	bytes.data = dg_arena_copy(s->arena, &fact, sizeof(fact));
	if (!bytes.data) {
		/* The point must not outlive what it points to. */
		view->points[*ret].bytes = (struct dg_bytes){};
		return -ENOMEM;
	}
	view->points[*ret].bytes = bytes;
	return 0;
}

/* The point that a literal without free bits stands for. */
int dg_point_of(struct dg_symbols *s, struct dg_view *view, const struct dg_literal *literal,
		uint32_t *ret)
{
	bool new;

	switch (view->values) {
	case DG_VALUES_STR:
		return dg_point_find(view, dg_hash(literal->str.data, literal->str.len),
				     literal->str, ret, &new);
	case DG_VALUES_DIGEST:
		return find_digest(s, view, literal->digest, ret);
	case DG_VALUES_NUM:
		return dg_point_find(view, literal->num & view->mask, (struct dg_bytes){}, ret,
				     &new);
	}
	return -EINVAL;
}

int dg_atom_add_point(struct dg_symbols *s, uint32_t point)
{
	int r;

	if (s->ref_count >= MAX_REFS)
		return -E2BIG;
	r = dg_array_reserve(&s->refs, &s->ref_room, s->ref_count + 1, sizeof(*s->refs));
	if (r < 0)
		return r;
	s->refs[s->ref_count++] = point;
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_spans(const void *a, const void *b)
{
	const struct dg_span *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->high > y->high) - (x->high < y->high);
}

/* Sort, and join what overlaps or touches. Returns the new count. */
static size_t normalise_spans(struct dg_span *spans, size_t count)
{
	size_t out = 0;

	if (count == 0)
		return 0;
	qsort(spans, count, sizeof(*spans), compare_spans);
	for (size_t i = 1; i < count; i++) {
		if (spans[out].high == UINT64_MAX || spans[i].low <= spans[out].high + 1) {
			if (spans[i].high > spans[out].high)
				spans[out].high = spans[i].high;
		} else {
			spans[++out] = spans[i];
		}
	}
	return out + 1;
}

static bool in_spans(const struct dg_span *spans, size_t count, uint64_t value)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans[middle].high < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && spans[low].low <= value;
}

/* Sort, drop doubles and what the spans hold already. Returns the new count. */
static size_t normalise_points(const struct dg_view *view, uint32_t *points, size_t count,
			       const struct dg_span *spans, size_t span_count)
{
	size_t out = 0;

	for (size_t i = 1; i < count; i++)
		if (points[i] <= points[i - 1]) {
			qsort(points, count, sizeof(*points), compare_u32);
			break;
		}
	for (size_t i = 0; i < count; i++) {
		if (out > 0 && points[out - 1] == points[i])
			continue;
		if (span_count > 0 && in_spans(spans, span_count, view->points[points[i]].num))
			continue;
		points[out++] = points[i];
	}
	return out;
}

static bool same_atom(const struct dg_symbols *s, const struct dg_build_atom *a,
		      const struct dg_build_atom *b)
{
	return a->view == b->view && a->glob == b->glob && a->point_count == b->point_count &&
	       a->span_count == b->span_count &&
	       (a->point_count == 0 || !memcmp(s->refs + a->points, s->refs + b->points,
					       a->point_count * sizeof(*s->refs))) &&
	       (a->span_count == 0 || !memcmp(s->spans + a->spans, s->spans + b->spans,
					      a->span_count * sizeof(*s->spans)));
}

int dg_atom_append(struct dg_symbols *s, const struct dg_build_atom *atom, uint32_t *ret)
{
	struct dg_view *view = &s->views[atom->view];
	struct dg_atoms *list = atom->element == DG_NONE ? &view->atoms : &view->sets;
	int r;

	r = dg_array_reserve(&s->atoms, &s->atom_room, s->atom_count + 1, sizeof(*s->atoms));
	if (r >= 0)
		r = dg_array_reserve(&list->items, &list->room, list->count + 1,
				     sizeof(*list->items));
	if (r < 0)
		return r;
	*ret = (uint32_t)s->atom_count++;
	s->atoms[*ret] = *atom;
	list->items[list->count++] = *ret;
	return 0;
}

/* The atom of one value, which most are. */
int dg_atom_of_point(struct dg_symbols *s, uint32_t view, uint32_t point, uint32_t *ret)
{
	struct dg_build_atom atom = {
		.view = view, .glob = DG_NONE, .element = DG_NONE, .point_count = 1};
	uint32_t *alone = &s->views[view].points[point].alone;
	int r;

	if (*alone == DG_NONE) {
		atom.points = (uint32_t)s->ref_count;
		atom.spans = (uint32_t)s->span_count;
		r = dg_atom_add_point(s, point);
		if (r >= 0)
			r = dg_atom_append(s, &atom, alone);
		if (r < 0)
			return r;
	}
	*ret = *alone;
	return 0;
}

/* The atom of what lies behind @refs and @spans in the pools; what is there already goes again. */
int dg_atom_intern(struct dg_symbols *s, uint32_t view, uint32_t refs, uint32_t spans,
		   uint32_t *ret)
{
	struct dg_build_atom atom = {
		.view = view, .glob = DG_NONE, .element = DG_NONE, .points = refs, .spans = spans};
	uint32_t first = DG_NONE;
	uint64_t hash;
	int r;

	atom.span_count = (uint32_t)normalise_spans(s->spans + spans, s->span_count - spans);
	s->span_count = spans + atom.span_count;
	atom.point_count =
		(uint32_t)normalise_points(&s->views[view], s->refs + refs, s->ref_count - refs,
					   s->spans + spans, atom.span_count);
	s->ref_count = refs + atom.point_count;
	if (atom.point_count == 1 && atom.span_count == 0) {
		uint32_t point = s->refs[refs];

		s->ref_count = refs;
		return dg_atom_of_point(s, view, point, ret);
	}
	hash = dg_hash(s->refs + refs, atom.point_count * sizeof(*s->refs)) ^
	       dg_hash(s->spans + spans, atom.span_count * sizeof(*s->spans));
	if (dg_map_get(&s->atom_of, hash, view, &first))
		for (uint32_t i = first; i != DG_NONE; i = s->atoms[i].same)
			if (same_atom(s, &s->atoms[i], &atom)) {
				s->ref_count = refs;
				s->span_count = spans;
				*ret = i;
				return 0;
			}
	atom.same = first;
	r = dg_atom_append(s, &atom, ret);
	return r < 0 ? r : dg_map_put(&s->atom_of, hash, view, *ret);
}

int dg_atom_of_glob(struct dg_symbols *s, uint32_t number, const struct dg_bytes *text,
		    uint32_t *ret)
{
	struct dg_build_atom atom = {.view = number, .element = DG_NONE};
	struct dg_view *view = &s->views[number];
	uint64_t hash = dg_hash(text->data, text->len);
	int r;

	/* Equal hashes of different globs: step to the next key. */
	for (; dg_map_get(&s->glob_of, hash, number, &atom.glob); hash++) {
		const struct dg_build_glob *glob = &view->globs[atom.glob];

		if (glob->text.len == text->len &&
		    (text->len == 0 || !memcmp(glob->text.data, text->data, text->len))) {
			*ret = glob->atom;
			return 0;
		}
	}
	r = dg_array_reserve(&view->globs, &view->glob_room, view->glob_count + 1,
			     sizeof(*view->globs));
	if (r < 0)
		return r;
	atom.glob = (uint32_t)view->glob_count;
	atom.points = (uint32_t)s->ref_count;
	atom.spans = (uint32_t)s->span_count;
	r = dg_atom_append(s, &atom, ret);
	if (r < 0)
		return r;
	view->globs[view->glob_count++] = (struct dg_build_glob){.text = *text, .atom = *ret};
	return dg_map_put(&s->glob_of, hash, number, atom.glob);
}

void dg_point_fetch(const struct dg_view *view, uint64_t num)
{
	if (view->slots)
		__builtin_prefetch(&view->slots[spread(num) >> view->slot_shift]);
}
