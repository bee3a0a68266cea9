/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The tests of conditions, taken apart into atoms. */
#include "symbols_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

#define ID_LOW_MASK UINT64_C(0xffff)
/* Members of all atoms: sets that hold sets that hold sets … can ask for any number. */
#define MAX_REFS (32U << 20)
#define AHEAD 8 /* rules that are fetched before they are needed */

static uint64_t greatest(const struct dg_attr *attr, uint64_t mask)
{
	uint64_t count = 0;

	if (mask != UINT64_MAX || !attr)
		return mask;
	switch (attr->type) {
	case DG_TYPE_BOOL:
		return 1;
	case DG_TYPE_ID:
		return 0xffffffffU;
	case DG_TYPE_CLASS:
		return 0xffffffU;
	case DG_TYPE_ADDRESS:
		return UINT64_C(0xffffffffffff);
	case DG_TYPE_ENUM:
		while (dg_schema_enum_names(attr)[count])
			count++;
		return count - 1;
	default:
		return UINT64_MAX;
	}
}

static int find_view(struct dg_symbols *s, enum dg_var_kind kind, const struct dg_attr *attr,
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
				 .top = greatest(attr, mask)};
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
static int find_point(struct dg_view *view, uint64_t num, struct dg_bytes bytes, uint32_t *ret,
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
	r = find_point(view, dg_hash(&fact, sizeof(fact)), bytes, ret, &new);
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
static int find_literal(struct dg_symbols *s, struct dg_view *view,
			const struct dg_literal *literal, uint32_t *ret)
{
	bool new;

	switch (view->values) {
	case DG_VALUES_STR:
		return find_point(view, dg_hash(literal->str.data, literal->str.len), literal->str,
				  ret, &new);
	case DG_VALUES_DIGEST:
		return find_digest(s, view, literal->digest, ret);
	case DG_VALUES_NUM:
		return find_point(view, literal->num & view->mask, (struct dg_bytes){}, ret, &new);
	}
	return -EINVAL;
}

/* What a test is made of while its items are gathered: the tails of ->refs and ->spans. */
struct gather {
	const struct dg_attr *attr;
	uint32_t view;
	uint32_t low_view; /* DG_NONE: no pattern asks for the low half */
	uint32_t *low;	   /* points of low_view */
	size_t low_count, low_room;
	uint32_t refs, spans;
};

static int add_ref(struct dg_symbols *s, uint32_t point)
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

static int add_span(struct dg_symbols *s, struct gather *g, uint64_t low, uint64_t high)
{
	struct dg_view *view = &s->views[g->view];
	uint32_t point;
	bool new;
	int r;

	if (high > view->top)
		high = view->top;
	if (low > high)
		return 0;
	if (low == high) {
		r = find_point(view, low, (struct dg_bytes){}, &point, &new);
		return r < 0 ? r : add_ref(s, point);
	}
	r = dg_array_reserve(&s->spans, &s->span_room, s->span_count + 1, sizeof(*s->spans));
	if (r < 0)
		return r;
	s->spans[s->span_count++] = (struct dg_span){.low = low, .high = high};
	return 0;
}

/* `*:2330`: one value of the low half. */
static int add_low(struct dg_symbols *s, struct gather *g, uint64_t value)
{
	uint32_t point;
	bool new;
	int r = 0;

	if (g->low_view == DG_NONE)
		r = find_view(s, s->views[g->view].kind, g->attr, 0, ID_LOW_MASK, &g->low_view);
	if (r >= 0)
		r = find_point(&s->views[g->low_view], value, (struct dg_bytes){}, &point, &new);
	if (r >= 0)
		r = dg_array_reserve(&g->low, &g->low_room, g->low_count + 1, sizeof(*g->low));
	if (r < 0)
		return r;
	g->low[g->low_count++] = point;
	return 0;
}

static int add_literal(struct dg_symbols *s, struct gather *g, const struct dg_literal *literal)
{
	struct dg_view *view = &s->views[g->view];
	uint64_t mask, free_bits;
	uint32_t point;
	int r;

	if (view->values == DG_VALUES_NUM) {
		mask = literal->mask & view->top;
		free_bits = ~literal->mask & view->top;
		if (free_bits != 0 && (free_bits & (free_bits + 1)) == 0)
			return add_span(s, g, literal->num & mask,
					(literal->num & mask) | free_bits);
		if (free_bits != 0)
			return g->attr->type == DG_TYPE_ID && mask == ID_LOW_MASK
				       ? add_low(s, g, literal->num & mask)
				       : -EINVAL;
	}
	r = find_literal(s, view, literal, &point);
	return r < 0 ? r : add_ref(s, point);
}

static int push_set(struct dg_symbols *s, const struct dg_set *set, size_t *depth)
{
	uint32_t number;
	int r;

	if (!dg_map_get(&s->set_number, (uintptr_t)set, 0, &number))
		return -EINVAL;
	if (s->set_seen[number] == s->round)
		return 0;
	s->set_seen[number] = s->round;
	r = dg_array_reserve(&s->set_stack, &s->set_stack_room, *depth + 1, sizeof(*s->set_stack));
	if (r < 0)
		return r;
	s->set_stack[(*depth)++] = set;
	return 0;
}

/* Each set once, however often sets name it: a union needs no more. */
static int gather_items(struct dg_symbols *s, struct gather *g, const struct dg_item *items,
			size_t count)
{
	size_t depth = 0;
	int r;

	s->round++;
	for (;;) {
		for (size_t i = 0; i < count; i++) {
			switch (items[i].kind) {
			case DG_ITEM_LITERAL:
				r = add_literal(s, g, &items[i].low);
				break;
			case DG_ITEM_RANGE:
				r = add_span(s, g, items[i].low.num, items[i].high.num);
				break;
			case DG_ITEM_SET:
				r = push_set(s, items[i].set, &depth);
				break;
			default:
				r = -EINVAL;
			}
			if (r < 0)
				return r;
		}
		if (depth == 0)
			return 0;
		depth--;
		items = s->set_stack[depth]->items;
		count = s->set_stack[depth]->item_count;
	}
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

static int append_atom(struct dg_symbols *s, const struct dg_build_atom *atom, uint32_t *ret)
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
static int point_atom(struct dg_symbols *s, uint32_t view, uint32_t point, uint32_t *ret)
{
	struct dg_build_atom atom = {
		.view = view, .glob = DG_NONE, .element = DG_NONE, .point_count = 1};
	uint32_t *alone = &s->views[view].points[point].alone;
	int r;

	if (*alone == DG_NONE) {
		atom.points = (uint32_t)s->ref_count;
		atom.spans = (uint32_t)s->span_count;
		r = add_ref(s, point);
		if (r >= 0)
			r = append_atom(s, &atom, alone);
		if (r < 0)
			return r;
	}
	*ret = *alone;
	return 0;
}

/* The atom of what lies behind @refs and @spans in the pools; what is there already goes again. */
static int intern_atom(struct dg_symbols *s, uint32_t view, uint32_t refs, uint32_t spans,
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
		return point_atom(s, view, point, ret);
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
	r = append_atom(s, &atom, ret);
	return r < 0 ? r : dg_map_put(&s->atom_of, hash, view, *ret);
}

static int glob_atom(struct dg_symbols *s, uint32_t number, const struct dg_bytes *text,
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
	r = append_atom(s, &atom, ret);
	if (r < 0)
		return r;
	view->globs[view->glob_count++] = (struct dg_build_glob){.text = *text, .atom = *ret};
	return dg_map_put(&s->glob_of, hash, number, atom.glob);
}

static int gather_test(struct dg_symbols *s, struct gather *g, const struct dg_expr *expr)
{
	const struct dg_literal *literal = &expr->literal;
	uint64_t num = expr->test == DG_TEST_IN ? 0 : literal->num;

	switch (expr->test) {
	case DG_TEST_TRUE:
		return add_span(s, g, 1, 1);
	case DG_TEST_EQ:
	case DG_TEST_NE:
		return add_literal(s, g, literal);
	case DG_TEST_LT:
		return num == 0 ? 0 : add_span(s, g, 0, num - 1);
	case DG_TEST_LE:
		return add_span(s, g, 0, num);
	case DG_TEST_GT:
		return num == UINT64_MAX ? 0 : add_span(s, g, num + 1, UINT64_MAX);
	case DG_TEST_GE:
		return add_span(s, g, num, UINT64_MAX);
	case DG_TEST_IN:
		return gather_items(s, g, expr->items, expr->item_count);
	case DG_TEST_LIKE:
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		return 0;
	}
	return -EINVAL;
}

/* The atom of the low half's values, gathered aside. */
static int low_atom(struct dg_symbols *s, struct gather *g, uint32_t *ret)
{
	uint32_t refs = (uint32_t)s->ref_count, spans = (uint32_t)s->span_count;
	int r = 0;

	for (size_t i = 0; i < g->low_count && r >= 0; i++)
		r = add_ref(s, g->low[i]);
	return r < 0 ? r : intern_atom(s, g->low_view, refs, spans, ret);
}

static enum dg_var_kind kind_of(const struct dg_attr *attr)
{
	if (attr->set)
		return DG_VAR_SET;
	if (attr->type == DG_TYPE_STRING)
		return DG_VAR_STR;
	return attr->type == DG_TYPE_DIGEST ? DG_VAR_DIGEST : DG_VAR_NUM;
}

static int find_attr_view(struct dg_symbols *s, const struct dg_attr *attr, unsigned int index,
			  uint32_t *ret)
{
	int r;

	if (index == 0 && s->view_at[attr->id] > 0) {
		*ret = s->view_at[attr->id] - 1;
		return 0;
	}
	r = find_view(s, kind_of(attr), attr, index, UINT64_MAX, ret);
	if (r >= 0 && index == 0)
		s->view_at[attr->id] = *ret + 1;
	return r;
}

/* `any` and `all`: the atom of sets on top of the one of elements. */
static int set_atom(struct dg_symbols *s, const struct dg_expr *expr, uint32_t view,
		    uint32_t element, uint32_t *ret)
{
	struct dg_build_atom atom = {.view = view,
				     .glob = DG_NONE,
				     .element = element,
				     .complement = expr->test == DG_TEST_NE,
				     .all = expr->quantifier == DG_QUANT_ALL};
	uint64_t key = (uint64_t)element << 2;
	int r;

	/* All are in it when none is outside. */
	if (atom.all)
		atom.complement = !atom.complement;
	key |= (uint64_t)atom.complement << 1 | atom.all;
	if (dg_map_get(&s->set_atom_of, key, 0, ret))
		return 0;
	r = append_atom(s, &atom, ret);
	return r < 0 ? r : dg_map_put(&s->set_atom_of, key, 0, *ret);
}

/* `==` or `!=` and no pattern: most tests. */
static bool single_value(const struct dg_view *view, const struct dg_expr *expr)
{
	if (expr->test != DG_TEST_EQ && expr->test != DG_TEST_NE)
		return false;
	return view->values != DG_VALUES_NUM || (~expr->literal.mask & view->top) == 0;
}

static int make_test(struct dg_symbols *s, const struct dg_expr *expr, uint32_t view,
		     struct dg_build_test *ret)
{
	struct gather g = {.attr = expr->attr,
			   .view = view,
			   .low_view = DG_NONE,
			   .refs = (uint32_t)s->ref_count,
			   .spans = (uint32_t)s->span_count};
	struct dg_build_test test = {.expr = expr, .atoms = {DG_NONE, DG_NONE}};
	unsigned int count = 0;
	int r;

	if (single_value(&s->views[view], expr)) {
		uint32_t point;

		r = find_literal(s, &s->views[view], &expr->literal, &point);
		if (r >= 0)
			r = point_atom(s, view, point, &test.atoms[count++]);
	} else if (expr->test == DG_TEST_LIKE) {
		r = glob_atom(s, view, &expr->literal.str, &test.atoms[count++]);
	} else {
		r = gather_test(s, &g, expr);
		if (r >= 0 &&
		    (g.low_count == 0 || s->ref_count > g.refs || s->span_count > g.spans))
			r = intern_atom(s, view, g.refs, g.spans, &test.atoms[count++]);
		if (r >= 0 && g.low_count > 0)
			r = low_atom(s, &g, &test.atoms[count++]);
	}
	free(g.low);
	if (r >= 0 && expr->attr->set)
		r = set_atom(s, expr, view, test.atoms[0], &test.atoms[0]);
	if (r < 0)
		return r;
	*ret = test;
	return 0;
}

static int add_test(struct dg_symbols *s, const struct dg_expr *expr)
{
	const struct dg_set *set = NULL;
	struct dg_build_test test;
	uint32_t view, number;
	uint64_t set_key;
	int r;

	r = find_attr_view(s, expr->attr, expr->index, &view);
	if (r >= 0)
		r = dg_array_reserve(&s->tests, &s->test_room, s->test_count + 1,
				     sizeof(*s->tests));
	if (r < 0)
		return r;
	/* `in NAME` is common, and its set may be large: take it apart once a view. */
	if (expr->test == DG_TEST_IN && expr->item_count == 1 && expr->items[0].kind == DG_ITEM_SET)
		set = expr->items[0].set;
	set_key = (uint64_t)view << 2 | expr->quantifier;
	if (set && dg_map_get(&s->set_tests, (uintptr_t)set, set_key, &number)) {
		test = s->tests[number];
		test.expr = expr;
	} else {
		r = make_test(s, expr, view, &test);
		if (r >= 0 && set)
			r = dg_map_put(&s->set_tests, (uintptr_t)set, set_key,
				       (uint32_t)s->test_count);
		if (r < 0)
			return r;
	}
	s->tests[s->test_count++] = test;
	return 0;
}

static int add_leaf(struct dg_symbols *s, const struct dg_expr *expr)
{
	int r = add_test(s, expr);

	if (r == -E2BIG) {
		s->faulty = true;
		s->options->report(s->options->data, DG_SYMBOLS_TOO_BIG, expr->attr, expr);
		return 0;
	}
	return r;
}

/* All tests of a condition. With a stack of its own: a chain of `or` is as deep as it is long. */
static int add_condition(struct dg_symbols *s, const struct dg_expr *where)
{
	size_t depth = 0;
	int r = 0;

	for (const struct dg_expr *expr = where; expr && r >= 0;
	     expr = depth > 0 ? s->expr_stack[--depth] : NULL) {
		switch (expr->kind) {
		case DG_EXPR_TRUE:
		case DG_EXPR_FALSE:
			break;
		case DG_EXPR_TEST:
			r = add_leaf(s, expr);
			break;
		case DG_EXPR_AND:
		case DG_EXPR_OR:
		case DG_EXPR_NOT:
			r = dg_array_reserve(&s->expr_stack, &s->expr_stack_room, depth + 2,
					     sizeof(*s->expr_stack));
			if (r < 0)
				return r;
			if (expr->kind != DG_EXPR_NOT)
				s->expr_stack[depth++] = expr->right;
			s->expr_stack[depth++] = expr->left;
			break;
		}
	}
	return r;
}

static int add_time(struct dg_symbols *s, uint64_t low)
{
	uint32_t refs = (uint32_t)s->ref_count, spans = (uint32_t)s->span_count, atom;
	struct gather g = {};
	int r;

	if (dg_map_get(&s->time_of, low, 0, &atom))
		return 0;
	r = find_view(s, DG_VAR_TIME, NULL, 0, UINT64_MAX, &g.view);
	if (r >= 0)
		r = add_span(s, &g, low, UINT64_MAX);
	if (r >= 0)
		r = intern_atom(s, g.view, refs, spans, &atom);
	return r < 0 ? r : dg_map_put(&s->time_of, low, 0, atom);
}

static int add_one(struct dg_symbols *s, enum dg_var_kind kind, const struct dg_attr *attr,
		   uint32_t *ret)
{
	uint32_t refs = (uint32_t)s->ref_count, spans = (uint32_t)s->span_count;
	struct gather g = {.attr = attr};
	int r;

	r = find_view(s, kind, attr, 0, UINT64_MAX, &g.view);
	if (r >= 0)
		r = add_span(s, &g, 1, 1);
	return r < 0 ? r : intern_atom(s, g.view, refs, spans, ret);
}

static int gather_sets(struct dg_symbols *s, const struct dg_policy *policy)
{
	size_t known = s->set_number.count;
	uint32_t *seen;
	int r = 0;

	for (size_t i = 0; i < policy->set_count && r >= 0; i++)
		r = dg_map_put(&s->set_number, (uintptr_t)policy->sets[i], 0,
			       (uint32_t)(known + i));
	if (r < 0)
		return r;
	seen = reallocarray(s->set_seen, known + policy->set_count + 1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	memset(seen + known, 0, (policy->set_count + 1) * sizeof(*seen));
	s->set_seen = seen;
	return 0;
}

int dg_gather_policy(struct dg_symbols *s, const struct dg_policy *policy)
{
	int r;

	r = gather_sets(s, policy);
	/* Places in the pools are counted from their starts, so they are there before the first item. */
	if (r >= 0)
		r = dg_array_reserve(&s->refs, &s->ref_room, s->ref_count + 1, sizeof(*s->refs));
	if (r >= 0)
		r = dg_array_reserve(&s->spans, &s->span_room, s->span_count + 1,
				     sizeof(*s->spans));
	for (size_t i = 0; i < policy->rule_count && r >= 0; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		/* A node stands behind those below it, and all were written long ago. */
		if (i + AHEAD < policy->rule_count) {
			const char *node = (const char *)policy->rules[i + AHEAD].where;

			__builtin_prefetch(node);
			__builtin_prefetch(node - 64);
			__builtin_prefetch(node - 128);
			__builtin_prefetch(node - 192);
		}
		r = add_condition(s, rule->where);
		if (r >= 0 && rule->has_from)
			r = add_time(s, rule->from);
		if (r >= 0 && rule->has_until)
			r = add_time(s, rule->until);
		if (r >= 0 && rule->has_until && s->clock_atom == DG_NONE)
			r = add_one(s, DG_VAR_CLOCK, NULL, &s->clock_atom);
	}
	for (size_t i = 0; i < policy->assert_count && s->options->asserts && r >= 0; i++)
		r = add_condition(s, policy->asserts[i].where);
	if (r >= 0 && s->options->verified && s->verified_atom == DG_NONE)
		r = add_one(s, DG_VAR_NUM, dg_schema_attr(DG_ATTR_SPDM_VERIFIED),
			    &s->verified_atom);
	return r;
}
