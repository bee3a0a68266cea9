/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The classes of a number.
 *
 * The ends of all spans cut the numbers into cells; in a cell the spans tell nothing apart. So a
 * value's class is that of its cell's list of atoms, and for an exact value of that list joined
 * with the atoms that name it. Classes are numbered in the order of their lowest values: then the
 * classes inside a span, which are whole or not at all in an atom, are one run.
 */
#include "symbols_build.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "keysort.h"
#include "util.h"

/* What lists of atoms may hold. Past it each cell gets a class of its own: right, but finer. */
#define MAX_COVER (4U << 20)
/* Stands for the atoms of a cell beyond that, | its number. */
#define COVER_OF_CELL 0x80000000U

#define AHEAD 8 /* points that are fetched before they are needed: they are not in their order */

struct cell {
	uint64_t low;
	uint32_t cover; /* number of its list of atoms; 0: the empty one */
	uint32_t class;
};

struct numbers {
	struct dg_symbols *s;
	struct dg_view *view;
	struct dg_atom_list atoms;
	struct dg_classifier *out;
	struct cell *cells;
	size_t cell_count;
	struct dg_lists covers;	 /* of cells */
	uint32_t *cover_class;	 /* by cover */
	struct dg_lists members; /* of classes */
	uint32_t *class_of_list; /* by number of the list */
	size_t class_of_list_room;
	uint64_t *lowest; /* by class */
	size_t lowest_room;
	struct dg_point_atoms named;
	uint32_t *merged; /* scratch */
	size_t merged_room;
};

static void numbers_done(struct numbers *n)
{
	free(n->cells);
	dg_lists_done(&n->covers);
	free(n->cover_class);
	dg_lists_done(&n->members);
	free(n->class_of_list);
	free(n->lowest);
	dg_point_atoms_done(&n->named);
	free(n->merged);
}

/* An atom begins to cover the values at @at, or no longer does. */
struct event {
	uint32_t atom;
	bool leave;
};

struct events {
	struct event *items;
	struct dg_key *keys; /* by value, pointing into items */
	size_t count;
};

static void events_done(struct events *events)
{
	free(events->items);
	free(events->keys);
}

static int find_events(const struct numbers *n, struct events *ret)
{
	_cleanup_free_ struct dg_key *scratch = NULL;
	const struct dg_symbols *s = n->s;
	size_t total = 0;

	for (size_t i = 0; i < n->atoms.count; i++)
		total += s->atoms[n->atoms.items[i]].span_count;
	ret->items = calloc(2 * total + 1, sizeof(*ret->items));
	ret->keys = calloc(2 * total + 1, sizeof(*ret->keys));
	scratch = calloc(2 * total + 1, sizeof(*scratch));
	if (!ret->items || !ret->keys || !scratch)
		return -ENOMEM;
	for (size_t i = 0; i < n->atoms.count; i++) {
		const struct dg_build_atom *atom = &s->atoms[n->atoms.items[i]];

		for (uint32_t k = 0; k < atom->span_count; k++) {
			const struct dg_span *span = &s->spans[atom->spans + k];

			ret->keys[ret->count] =
				(struct dg_key){.key = span->low, .value = (uint32_t)ret->count};
			ret->items[ret->count++].atom = n->atoms.items[i];
			if (span->high >= n->view->top)
				continue;
			ret->keys[ret->count] = (struct dg_key){.key = span->high + 1,
								.value = (uint32_t)ret->count};
			ret->items[ret->count++] =
				(struct event){.atom = n->atoms.items[i], .leave = true};
		}
	}
	dg_keys_sort(ret->keys, scratch, ret->count);
	return 0;
}

/* The atoms that cover the cell at hand, ascending. */
struct cover {
	uint32_t *items;
	size_t count, room;
	bool full; /* only counted from now on */
};

static int cover_change(struct cover *cover, const struct event *event)
{
	size_t at = 0, high = cover->count;
	int r;

	if (cover->full) {
		cover->count += event->leave ? -UINT64_C(1) : 1;
		return 0;
	}
	while (at < high) {
		size_t middle = at + (high - at) / 2;

		if (cover->items[middle] < event->atom)
			at = middle + 1;
		else
			high = middle;
	}
	if (event->leave) {
		cover->count--;
		memmove(cover->items + at, cover->items + at + 1,
			(cover->count - at) * sizeof(*cover->items));
		return 0;
	}
	r = dg_array_reserve(&cover->items, &cover->room, cover->count + 1, sizeof(*cover->items));
	if (r < 0)
		return r;
	memmove(cover->items + at + 1, cover->items + at,
		(cover->count - at) * sizeof(*cover->items));
	cover->items[at] = event->atom;
	cover->count++;
	return 0;
}

static int add_cell(struct numbers *n, uint64_t low, struct cover *cover)
{
	struct cell *cell = &n->cells[n->cell_count];
	uint32_t alone = COVER_OF_CELL | (uint32_t)n->cell_count;
	int r = 0;

	*cell = (struct cell){.low = low};
	cover->full |= n->covers.item_count + cover->count > MAX_COVER;
	if (cover->count > 0)
		r = dg_lists_number(&n->covers, cover->full ? &alone : cover->items,
				    cover->full ? 1 : cover->count, &cell->cover);
	if (r < 0)
		return r;
	n->cell_count++;
	return 0;
}

static int find_cells(struct numbers *n)
{
	_cleanup_(events_done) struct events events = {};
	struct cover cover = {};
	size_t next = 0;
	int r;

	r = find_events(n, &events);
	if (r < 0)
		return r;
	n->cells = calloc(events.count + 1, sizeof(*n->cells));
	if (!n->cells)
		return -ENOMEM;
	for (uint64_t low = 0; r >= 0;) {
		for (; next < events.count && events.keys[next].key == low && r >= 0; next++)
			r = cover_change(&cover, &events.items[events.keys[next].value]);
		if (r >= 0)
			r = add_cell(n, low, &cover);
		if (next == events.count)
			break;
		low = events.keys[next].key;
	}
	free(cover.items);
	return r;
}

static int new_class(struct numbers *n, uint64_t lowest, uint32_t *ret)
{
	int r = dg_array_reserve(&n->lowest, &n->lowest_room, n->out->class_count + UINT64_C(1),
				 sizeof(*n->lowest));

	if (r < 0)
		return r;
	n->lowest[n->out->class_count] = lowest;
	*ret = n->out->class_count++;
	return 0;
}

/* The class of the values in exactly these atoms; a new one begins at @value. */
static int class_of_list(struct numbers *n, const uint32_t *items, size_t count, uint64_t value,
			 uint32_t *ret)
{
	uint32_t before = n->members.count, number;
	int r;

	if (n->members.item_count + count > MAX_COVER)
		return new_class(n, value, ret);
	r = dg_lists_number(&n->members, items, count, &number);
	if (r >= 0)
		r = dg_array_reserve(&n->class_of_list, &n->class_of_list_room,
				     number + UINT64_C(1), sizeof(*n->class_of_list));
	if (r >= 0 && n->members.count > before)
		r = new_class(n, value, &n->class_of_list[number]);
	if (r < 0)
		return r;
	*ret = n->class_of_list[number];
	return 0;
}

static const uint32_t *cover_items(const struct numbers *n, uint32_t cover, size_t *ret_count)
{
	if (cover == 0) {
		*ret_count = 0;
		return NULL;
	}
	*ret_count = n->covers.off[cover] - n->covers.off[cover - 1];
	return n->covers.items + n->covers.off[cover - 1];
}

static int classify_cell(struct numbers *n, struct cell *cell, uint64_t value)
{
	uint32_t *class = &n->cover_class[cell->cover];
	const uint32_t *items;
	size_t count;
	int r = 0;

	if (*class == 0) {
		items = cover_items(n, cell->cover, &count);
		r = class_of_list(n, items, count, value, class);
	}
	cell->class = *class;
	return r;
}

static int classify_point(struct numbers *n, const struct cell *cell, uint32_t index)
{
	struct dg_point *point = &n->view->points[index];
	const uint32_t *named = n->named.items + n->named.off[index];
	size_t count = n->named.off[index + 1] - n->named.off[index], covers, merged = 0, at = 0;
	const uint32_t *cover;
	int r;

	/* An atom of this value alone: nothing else has its class. */
	for (size_t i = 0; i < count; i++)
		if (named[i] == point->alone)
			return new_class(n, point->num, &point->class);
	cover = cover_items(n, cell->cover, &covers);
	r = dg_array_reserve(&n->merged, &n->merged_room, count + covers, sizeof(*n->merged));
	if (r < 0)
		return r;
	for (size_t i = 0; i < covers; i++) {
		while (at < count && named[at] < cover[i])
			n->merged[merged++] = named[at++];
		n->merged[merged++] = cover[i];
	}
	while (at < count)
		n->merged[merged++] = named[at++];
	return class_of_list(n, n->merged, merged, point->num, &point->class);
}

/* The cell's points in order, and before the first higher one the lowest value that is none. */
static int classify_inside(struct numbers *n, struct cell *cell, uint64_t high, size_t *next)
{
	struct dg_view *view = n->view;
	uint64_t free_value = cell->low;
	bool is_free = true; /* free_value may be a value that is no point */
	int r = 0;

	for (; *next < view->point_count && r >= 0; (*next)++) {
		uint32_t index = view->sorted[*next];
		struct dg_point *point = &view->points[index];

		if (point->num > high)
			break;
		if (*next + AHEAD < view->point_count) {
			__builtin_prefetch(&view->points[view->sorted[*next + AHEAD]]);
			__builtin_prefetch(&n->named.off[view->sorted[*next + AHEAD]]);
		}
		point->class = 0;
		if (n->named.off[index + 1] == n->named.off[index])
			continue; /* like the others in the cell */
		if (cell->class == 0 && is_free && point->num > free_value)
			r = classify_cell(n, cell, free_value);
		if (r >= 0)
			r = classify_point(n, cell, index);
		if (point->num == free_value) {
			is_free = free_value < high;
			free_value++;
		}
	}
	if (r >= 0 && cell->class == 0 && is_free)
		r = classify_cell(n, cell, free_value);
	return r;
}

static int classify_values(struct numbers *n)
{
	size_t next = 0;
	int r = 0;

	for (size_t i = 0; i < n->cell_count && r >= 0; i++) {
		uint64_t high = i + 1 < n->cell_count ? n->cells[i + 1].low - 1 : n->view->top;

		r = classify_inside(n, &n->cells[i], high, &next);
	}
	return r;
}

static int fill_exact(struct numbers *n)
{
	const struct dg_view *view = n->view;
	struct dg_classifier *out = n->out;

	out->exact = calloc(view->point_count + 1, sizeof(*out->exact));
	if (!out->exact)
		return -ENOMEM;
	for (size_t i = 0; i < view->point_count; i++) {
		const struct dg_point *point = &view->points[view->sorted[i]];

		if (point->class != 0)
			out->exact[out->exact_count++] =
				(struct dg_exact){.num = point->num, .class = point->class};
	}
	return 0;
}

/* A cell that holds nothing but exact values goes with its neighbour. */
static int fill_intervals(struct numbers *n)
{
	struct dg_classifier *out = n->out;
	uint32_t first = 1;

	out->intervals = calloc(n->cell_count, sizeof(*out->intervals));
	if (!out->intervals)
		return -ENOMEM;
	for (size_t i = 0; i < n->cell_count; i++)
		if (n->cells[i].class != 0) {
			first = n->cells[i].class;
			break;
		}
	for (size_t i = 0; i < n->cell_count; i++) {
		struct dg_interval *last = out->intervals + out->interval_count - 1;
		uint32_t class = n->cells[i].class;

		if (i == 0 && class == 0)
			class = first;
		if (i > 0 && (class == 0 || last->class == class))
			continue;
		out->intervals[out->interval_count++] =
			(struct dg_interval){.low = n->cells[i].low, .class = class};
	}
	return 0;
}

/* The first class whose lowest value is @value or more. */
static uint32_t class_from(const struct numbers *n, uint64_t value)
{
	uint32_t low = 1, high = n->out->class_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (n->lowest[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int fill_atoms(struct numbers *n)
{
	struct dg_symbols *s = n->s;
	int r = 0;

	for (size_t i = 0; i < n->atoms.count && r >= 0; i++) {
		struct dg_build_atom *atom = &s->atoms[n->atoms.items[i]];

		dg_runs_begin(s, atom);
		for (uint32_t k = 0; k < atom->span_count && r >= 0; k++) {
			const struct dg_span *span = &s->spans[atom->spans + k];

			r = dg_runs_add(s, class_from(n, span->low),
					span->high == UINT64_MAX ? n->out->class_count
								 : class_from(n, span->high + 1));
		}
		if (r >= 0)
			r = dg_runs_add_points(s, n->view, atom);
		if (r >= 0)
			dg_runs_end(s, atom);
	}
	return r;
}

int dg_classify_numbers(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
			struct dg_classifier *ret, struct dg_plain *ret_plain)
{
	struct dg_classifier out = {.values = DG_VALUES_NUM, .class_count = 1};
	_cleanup_(numbers_done) struct numbers n = {
		.s = s, .view = view, .atoms = atoms, .out = &out};
	int r;

	r = dg_view_sort(view);
	if (r >= 0)
		r = find_cells(&n);
	if (r >= 0) {
		n.cover_class = calloc(n.covers.count + UINT64_C(1), sizeof(*n.cover_class));
		r = n.cover_class ? dg_point_atoms_find(s, view, atoms, &n.named) : -ENOMEM;
	}
	if (r >= 0)
		r = classify_values(&n);
	if (r >= 0)
		r = fill_exact(&n);
	if (r >= 0)
		r = fill_intervals(&n);
	if (r >= 0)
		r = fill_atoms(&n);
	if (r < 0) {
		dg_classifier_done(&out);
		return r;
	}
	*ret = out;
	*ret_plain = (struct dg_plain){.nums = TAKE_PTR(n.lowest)};
	return 0;
}
