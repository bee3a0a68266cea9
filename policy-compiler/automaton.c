/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From patterns to a deterministic automaton.
 *
 * A state is the set of positions that the bytes read so far can have led to. A star that was
 * reached stays in every later state: only the last one of each pattern matters, since from there
 * on everything can follow that could follow from before it. So a state is kept as a set of stars,
 * which seldom changes and says by itself where most bytes lead, and the few positions behind them
 * that move. With a hundred globs that begin with `*` a state then costs a copied row and the bytes
 * that its moving positions wait for.
 */
#include "automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "automaton_build.h"
#include "lists.h"
#include "util.h"

#define NO_STATE UINT32_MAX
#define LONGEST 255 /* bytes of a string */

struct vector {
	uint32_t *items;
	size_t count, room;
};

/* Where the stars of a set lead by themselves. */
struct stars {
	uint32_t *positions; /* by byte class: positions[off[c]] … positions[off[c + 1] - 1] */
	uint32_t *off;
	uint32_t *target; /* by byte class: the state of these alone, or NO_STATE */
};

struct builder {
	struct dg_elements elements;
	size_t max_states;
	struct dg_lists star_sets;
	struct stars *stars; /* by number of the set - 1 */
	size_t stars_room, stars_count;
	struct dg_lists states; /* the number of the set of stars, then moving positions */
	struct vector next;
	struct vector bucket[256]; /* by byte class: positions that moving ones lead to */
	struct vector set, merged; /* scratch */
};

static void builder_done(struct builder *b)
{
	dg_elements_done(&b->elements);
	dg_lists_done(&b->star_sets);
	for (size_t i = 0; i < b->stars_count; i++) {
		free(b->stars[i].positions);
		free(b->stars[i].off);
		free(b->stars[i].target);
	}
	free(b->stars);
	dg_lists_done(&b->states);
	free(b->next.items);
	for (size_t i = 0; i < ARRAY_SIZE(b->bucket); i++)
		free(b->bucket[i].items);
	free(b->set.items);
	free(b->merged.items);
}

static int reserve(struct vector *v, size_t more)
{
	return dg_array_reserve(&v->items, &v->room, v->count + more, sizeof(*v->items));
}

static int push(struct vector *v, uint32_t item)
{
	int r = reserve(v, 1);

	if (r < 0)
		return r;
	v->items[v->count++] = item;
	return 0;
}

static int append(struct vector *v, const uint32_t *items, size_t count)
{
	int r = reserve(v, count);

	if (r < 0 || count == 0)
		return r;
	memcpy(v->items + v->count, items, count * sizeof(*items));
	v->count += count;
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sort_unique(struct vector *v)
{
	size_t out = 0;

	for (size_t i = 1; i < v->count; i++)
		if (v->items[i] < v->items[i - 1]) {
			qsort(v->items, v->count, sizeof(*v->items), compare_u32);
			break;
		}
	for (size_t i = 1; i < v->count; i++)
		if (v->items[i] != v->items[out])
			v->items[++out] = v->items[i];
	if (v->count > 0)
		v->count = out + 1;
}

static const struct dg_element *element(const struct builder *b, uint32_t position)
{
	return &b->elements.items[position];
}

static const uint32_t *star_set(const struct builder *b, uint32_t number, size_t *ret_count)
{
	uint32_t off = b->star_sets.off[number - 1];

	*ret_count = b->star_sets.off[number] - off;
	return b->star_sets.items + off;
}

/* Does a star of the set make the position needless: a later one, or the one right before it? */
static bool covered(const struct builder *b, const uint32_t *stars, size_t count, uint32_t position)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stars[middle] <= position)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < count && element(b, stars[low])->pattern == element(b, position)->pattern)
		return true;
	return low > 0 && stars[low - 1] + 1 == position;
}

/* The set of stars @number with those of ->set, the last one of each pattern. */
static int add_stars(struct builder *b, uint32_t *number)
{
	size_t count, out = 0;
	const uint32_t *stars = star_set(b, *number, &count);
	bool any = false;
	int r;

	for (size_t i = 0; i < b->set.count && !any; i++)
		any = element(b, b->set.items[i])->kind == DG_ELEMENT_STAR;
	if (!any)
		return 0;
	b->merged.count = 0;
	r = append(&b->merged, stars, count);
	for (size_t i = 0; i < b->set.count && r >= 0; i++)
		if (element(b, b->set.items[i])->kind == DG_ELEMENT_STAR)
			r = push(&b->merged, b->set.items[i]);
	if (r < 0)
		return r;
	sort_unique(&b->merged);
	for (size_t i = 0; i < b->merged.count; i++) {
		if (out > 0 && element(b, b->merged.items[out - 1])->pattern ==
				       element(b, b->merged.items[i])->pattern)
			out--;
		b->merged.items[out++] = b->merged.items[i];
	}
	return dg_lists_number(&b->star_sets, b->merged.items, out, number);
}

/* The state of the set of stars @number and the positions in ->set. */
static int find_state(struct builder *b, uint32_t number, uint32_t *ret)
{
	const uint32_t *stars;
	uint32_t state;
	size_t count;
	int r;

	sort_unique(&b->set);
	r = add_stars(b, &number);
	if (r < 0)
		return r;
	stars = star_set(b, number, &count);
	b->merged.count = 0;
	r = push(&b->merged, number);
	for (size_t i = 0; i < b->set.count && r >= 0; i++)
		if (element(b, b->set.items[i])->kind != DG_ELEMENT_STAR &&
		    !covered(b, stars, count, b->set.items[i]))
			r = push(&b->merged, b->set.items[i]);
	if (r >= 0)
		r = dg_lists_number(&b->states, b->merged.items, b->merged.count, &state);
	if (r < 0)
		return r;
	if (b->states.count > b->max_states || b->states.item_count > DG_AUTOMATON_MAX_POSITIONS)
		return -E2BIG;
	*ret = state - 1;
	return 0;
}

/* Put what follows @position by each byte class into the buckets. */
static int follow(struct builder *b, uint32_t position)
{
	const struct dg_element *e = element(b, position);
	int r = 0;

	if (e->kind == DG_ELEMENT_BYTE)
		return push(&b->bucket[b->elements.byte_class[e->byte]], position + 1);
	if (e->kind != DG_ELEMENT_CLASS)
		return 0;
	for (uint32_t c = 0; c < b->elements.byte_class_count && r >= 0; c++)
		if (dg_mask_has(&b->elements.masks[e->class], b->elements.representative[c]))
			r = push(&b->bucket[c], position + 1);
	return r;
}

static void empty_buckets(struct builder *b)
{
	for (uint32_t c = 0; c < b->elements.byte_class_count; c++)
		b->bucket[c].count = 0;
}

static int find_stars(struct builder *b, struct stars *stars, uint32_t number)
{
	uint32_t classes = b->elements.byte_class_count, total = 0;
	const uint32_t *set;
	size_t count;
	int r = 0;

	empty_buckets(b);
	set = star_set(b, number, &count);
	for (size_t i = 0; i < count && r >= 0; i++)
		r = follow(b, set[i] + 1);
	if (r < 0)
		return r;
	stars->off = calloc(classes + 1, sizeof(*stars->off));
	stars->target = calloc(classes, sizeof(*stars->target));
	if (!stars->off || !stars->target)
		return -ENOMEM;
	for (uint32_t c = 0; c < classes; c++) {
		stars->target[c] = NO_STATE;
		stars->off[c] = total;
		total += (uint32_t)b->bucket[c].count;
	}
	stars->off[classes] = total;
	stars->positions = calloc(total + UINT64_C(1), sizeof(*stars->positions));
	if (!stars->positions)
		return -ENOMEM;
	for (uint32_t c = 0; c < classes; c++)
		if (b->bucket[c].count > 0)
			memcpy(stars->positions + stars->off[c], b->bucket[c].items,
			       b->bucket[c].count * sizeof(*stars->positions));
	return 0;
}

static int get_stars(struct builder *b, uint32_t number, struct stars **ret)
{
	int r;

	r = dg_array_reserve(&b->stars, &b->stars_room, number, sizeof(*b->stars));
	if (r < 0)
		return r;
	for (; b->stars_count < number; b->stars_count++)
		b->stars[b->stars_count] = (struct stars){};
	*ret = &b->stars[number - 1];
	return (*ret)->target ? 0 : find_stars(b, *ret, number);
}

/* Two ascending lists as one. */
static int unite(struct vector *ret, const uint32_t *items, size_t count,
		 const struct vector *others)
{
	size_t at = 0;
	int r;

	ret->count = 0;
	r = reserve(ret, count + others->count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		while (at < others->count && others->items[at] < items[i])
			ret->items[ret->count++] = others->items[at++];
		ret->items[ret->count++] = items[i];
	}
	while (at < others->count)
		ret->items[ret->count++] = others->items[at++];
	return 0;
}

/* The row of a state's successors. */
static int step(struct builder *b, uint32_t state)
{
	uint32_t number = b->states.items[b->states.off[state]], target;
	struct stars *stars = NULL;
	int r;

	r = get_stars(b, number, &stars);
	if (r < 0)
		return r;
	empty_buckets(b);
	for (uint32_t i = b->states.off[state] + 1; i < b->states.off[state + 1] && r >= 0; i++)
		r = follow(b, b->states.items[i]);
	for (uint32_t c = 0; c < b->elements.byte_class_count && r >= 0; c++) {
		bool alone = b->bucket[c].count == 0;

		target = alone ? stars->target[c] : NO_STATE;
		if (target == NO_STATE) {
			r = unite(&b->set, stars->positions + stars->off[c],
				  stars->off[c + 1] - stars->off[c], &b->bucket[c]);
			if (r >= 0)
				r = find_state(b, number, &target);
			if (r >= 0 && alone)
				stars->target[c] = target;
		}
		if (r >= 0)
			r = push(&b->next, target);
	}
	return r;
}

static int first_state(struct builder *b)
{
	uint32_t number, state;
	int r;

	r = dg_lists_number(&b->star_sets, NULL, 0, &number);
	b->set.count = 0;
	for (size_t i = 0; i < b->elements.count && r >= 0; i++)
		if (i == 0 || b->elements.items[i - 1].kind == DG_ELEMENT_END)
			r = push(&b->set, (uint32_t)i);
	return r < 0 ? r : find_state(b, number, &state);
}

/*
 * Breadth first, so that states come in the order of the shortest string that leads to them. What
 * only longer ones than there are lead to needs no row of its own.
 */
static int determinise(struct builder *b)
{
	uint32_t level_end = 1;
	unsigned int length = 0;
	int r;

	r = first_state(b);
	for (uint32_t s = 0; r >= 0 && s < b->states.count; s++) {
		if (s == level_end) {
			length++;
			level_end = b->states.count;
		}
		if (length < LONGEST) {
			r = step(b, s);
			continue;
		}
		for (uint32_t c = 0; c < b->elements.byte_class_count && r >= 0; c++)
			r = push(&b->next, s);
	}
	return r;
}

/* The patterns that match in a state: a position at the end, or a last star before it. */
static int find_accepted(struct builder *b, uint32_t state)
{
	size_t count;
	const uint32_t *stars = star_set(b, b->states.items[b->states.off[state]], &count);
	int r = 0;

	b->set.count = 0;
	for (size_t i = 0; i < count && r >= 0; i++)
		if (element(b, stars[i] + 1)->kind == DG_ELEMENT_END)
			r = push(&b->set, element(b, stars[i])->pattern);
	for (uint32_t i = b->states.off[state] + 1; i < b->states.off[state + 1] && r >= 0; i++)
		if (element(b, b->states.items[i])->kind == DG_ELEMENT_END)
			r = push(&b->set, element(b, b->states.items[i])->pattern);
	sort_unique(&b->set);
	return r;
}

/* Label 0 is the empty set. */
static int label_states(struct builder *b, struct dg_lists *labels, uint32_t *label)
{
	uint32_t number;
	int r;

	r = dg_lists_number(labels, NULL, 0, &number);
	for (uint32_t s = 0; s < b->states.count && r >= 0; s++) {
		r = find_accepted(b, s);
		if (r >= 0)
			r = dg_lists_number(labels, b->set.items, b->set.count, &number);
		label[s] = number - 1;
	}
	return r;
}

int dg_automaton_build(const struct dg_pattern *patterns, size_t count, size_t max_states,
		       struct dg_automaton *ret)
{
	_cleanup_(builder_done) struct builder b = {.max_states = max_states};
	struct dg_automaton a = {};
	struct dg_lists labels = {};
	int r;

	r = dg_elements_parse(patterns, count, &b.elements);
	if (r >= 0)
		r = determinise(&b);
	if (r < 0)
		return r;
	a.label = calloc(b.states.count, sizeof(*a.label));
	r = a.label ? label_states(&b, &labels, a.label) : -ENOMEM;
	if (r < 0) {
		free(a.label);
		dg_lists_done(&labels);
		return r;
	}
	a.state_count = b.states.count;
	a.byte_class_count = b.elements.byte_class_count;
	memcpy(a.byte_class, b.elements.byte_class, sizeof(a.byte_class));
	a.next = TAKE_PTR(b.next.items);
	a.label_count = labels.count;
	a.set_off = TAKE_PTR(labels.off);
	a.set_items = TAKE_PTR(labels.items);
	dg_lists_done(&labels);
	*ret = a;
	return 0;
}

uint32_t dg_automaton_run(const struct dg_automaton *a, const char *data, size_t len)
{
	size_t state = 0;

	for (size_t i = 0; i < len; i++)
		state = a->next[state * a->byte_class_count + a->byte_class[(uint8_t)data[i]]];
	return a->label[state];
}

void dg_automaton_done(struct dg_automaton *a)
{
	free(a->next);
	free(a->label);
	free(a->set_off);
	free(a->set_items);
	*a = (struct dg_automaton){};
}
