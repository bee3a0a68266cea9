/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the classification of numbers, strings and digests has in common. */
#include "symbols_build.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "keysort.h"

void dg_classifier_done(struct dg_classifier *c)
{
	free(c->exact);
	free(c->intervals);
	dg_automaton_done(&c->automaton);
}

void dg_plain_done(struct dg_plain *plain)
{
	free(plain->nums);
	free(plain->bytes);
}

int dg_classify(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
		size_t max_states, struct dg_classifier *ret, struct dg_plain *ret_plain)
{
	if (view->values == DG_VALUES_NUM)
		return dg_classify_numbers(s, view, atoms, ret, ret_plain);
	return dg_classify_strings(s, view, atoms, max_states, ret, ret_plain);
}

int dg_bytes_compare(struct dg_bytes a, struct dg_bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

uint32_t dg_classifier_num(const struct dg_classifier *c, uint64_t num)
{
	size_t low = 0, high = c->exact_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->exact[middle].num == num)
			return c->exact[middle].class;
		if (c->exact[middle].num < num)
			low = middle + 1;
		else
			high = middle;
	}
	low = 0;
	high = c->interval_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (c->intervals[middle].low <= num)
			low = middle;
		else
			high = middle;
	}
	return c->intervals[low].class;
}

uint32_t dg_classifier_bytes(const struct dg_classifier *c, struct dg_bytes bytes)
{
	size_t low = 0, high = c->exact_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = dg_bytes_compare(c->exact[middle].bytes, bytes);

		if (order == 0)
			return c->exact[middle].class;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (c->automaton.state_count == 0)
		return c->rest;
	return dg_automaton_run(&c->automaton, bytes.data, bytes.len);
}

int dg_point_atoms_find(const struct dg_symbols *s, const struct dg_view *view,
			struct dg_atom_list atoms, struct dg_point_atoms *ret)
{
	size_t total = 0;
	uint32_t *off, *items;

	for (size_t i = 0; i < atoms.count; i++)
		total += s->atoms[atoms.items[i]].point_count;
	off = calloc(view->point_count + 2, sizeof(*off));
	items = calloc(total + 1, sizeof(*items));
	if (!off || !items) {
		free(off);
		free(items);
		return -ENOMEM;
	}
	for (size_t i = 0; i < atoms.count; i++) {
		const struct dg_build_atom *atom = &s->atoms[atoms.items[i]];

		for (uint32_t k = 0; k < atom->point_count; k++)
			off[s->refs[atom->points + k] + 2]++;
	}
	for (size_t p = 0; p < view->point_count; p++)
		off[p + 2] += off[p + 1];
	for (size_t i = 0; i < atoms.count; i++) {
		const struct dg_build_atom *atom = &s->atoms[atoms.items[i]];

		for (uint32_t k = 0; k < atom->point_count; k++)
			items[off[s->refs[atom->points + k] + 1]++] = atoms.items[i];
	}
	*ret = (struct dg_point_atoms){.off = off, .items = items};
	return 0;
}

void dg_point_atoms_done(struct dg_point_atoms *of)
{
	free(of->off);
	free(of->items);
}

void dg_runs_begin(struct dg_symbols *s, struct dg_build_atom *atom)
{
	atom->runs = (uint32_t)s->run_count;
}

int dg_runs_add(struct dg_symbols *s, uint32_t first, uint32_t end)
{
	int r;

	if (first >= end)
		return 0;
	r = dg_array_reserve(&s->runs, &s->run_room, s->run_count + 1, sizeof(*s->runs));
	if (r < 0)
		return r;
	s->runs[s->run_count++] = (struct dg_class_run){.first = first, .end = end};
	return 0;
}

int dg_runs_add_points(struct dg_symbols *s, const struct dg_view *view,
		       const struct dg_build_atom *atom)
{
	int r = 0;

	for (uint32_t i = 0; i < atom->point_count && r >= 0; i++) {
		uint32_t class = view->points[s->refs[atom->points + i]].class;

		r = dg_runs_add(s, class, class + 1);
	}
	return r;
}

static int compare_runs(const void *a, const void *b)
{
	const struct dg_class_run *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

void dg_runs_end(struct dg_symbols *s, struct dg_build_atom *atom)
{
	size_t count = s->run_count - atom->runs, out = 0;
	/* There may be none at all. */
	struct dg_class_run *runs = count > 0 ? s->runs + atom->runs : NULL;

	for (size_t i = 1; i < count; i++)
		if (runs[i].first < runs[i - 1].first) {
			qsort(runs, count, sizeof(*runs), compare_runs);
			break;
		}
	for (size_t i = 1; i < count; i++) {
		if (runs[i].first > runs[out].end)
			runs[++out] = runs[i];
		else if (runs[i].end > runs[out].end)
			runs[out].end = runs[i].end;
	}
	atom->run_count = count > 0 ? (uint32_t)out + 1 : 0;
	s->run_count = atom->runs + atom->run_count;
}

/* Eight bytes from @at on, so that comparing numbers compares bytes; none count as 0. */
static uint64_t chunk(struct dg_bytes bytes, size_t at)
{
	uint64_t word = 0;
	size_t left = bytes.len > at ? bytes.len - at : 0;

	if (left > 0)
		memcpy(&word, bytes.data + at, left < sizeof(word) ? left : sizeof(word));
	return be64toh(word);
}

/*
 * By the first eight bytes, then what agrees in them by the next eight. The bytes are distinct and
 * either all of one length or free of NUL: so nothing agrees in all its chunks.
 */
static void sort_bytes(const struct dg_view *view, struct dg_key *keys, struct dg_key *scratch,
		       size_t count, size_t at)
{
	size_t first = 0;

	for (size_t i = 0; i < count; i++)
		keys[i].key = chunk(view->points[keys[i].value].bytes, at);
	dg_keys_sort(keys, scratch, count);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && keys[i].key == keys[first].key)
			continue;
		if (i - first > 1)
			sort_bytes(view, keys + first, scratch, i - first, at + sizeof(uint64_t));
		first = i;
	}
}

int dg_view_sort(struct dg_view *view)
{
	_cleanup_free_ struct dg_key *keys = NULL, *scratch = NULL;
	size_t count = view->point_count;

	if (view->sorted)
		return 0;
	keys = calloc(count + 1, sizeof(*keys));
	scratch = calloc(count + 1, sizeof(*scratch));
	view->sorted = calloc(count + 1, sizeof(*view->sorted));
	if (!keys || !scratch || !view->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		keys[i] = (struct dg_key){.key = view->points[i].num, .value = (uint32_t)i};
	if (view->values == DG_VALUES_NUM)
		dg_keys_sort(keys, scratch, count);
	else
		sort_bytes(view, keys, scratch, count, 0);
	for (size_t i = 0; i < count; i++)
		view->sorted[i] = keys[i].value;
	return 0;
}
