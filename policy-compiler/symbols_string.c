/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The classes of a string or a digest.
 *
 * One automaton for the globs labels every string with the globs that match it. An exact value's
 * class is that label with the atoms that name it; all other strings with the label are one class.
 * Exact values have their classes first, in ascending order.
 */
#include "symbols_build.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "automaton_strings.h"
#include "util.h"

#define AHEAD 8 /* points that are fetched before they are needed: they are not in their order */

struct strings {
	struct dg_symbols *s;
	struct dg_view *view;
	struct dg_atom_list atoms;
	struct dg_classifier *out;
	uint32_t *globs; /* atoms of the list that are globs */
	uint32_t glob_count;
	uint32_t label_count;  /* at least 1: label 0 is that of no glob */
	struct dg_lists lists; /* label and atoms of points */
	uint32_t *class_of_list;
	size_t class_of_list_room;
	uint32_t *label_of_class;
	struct dg_bytes *plain; /* by class */
	size_t label_of_class_room, plain_room;
	uint32_t *class_of_label;
	struct dg_point_atoms named;
	uint32_t *list; /* scratch */
	size_t list_room;
};

static void strings_done(struct strings *n)
{
	free(n->globs);
	dg_lists_done(&n->lists);
	free(n->class_of_list);
	free(n->label_of_class);
	free(n->plain);
	free(n->class_of_label);
	dg_point_atoms_done(&n->named);
	free(n->list);
}

static int build_automaton(struct strings *n, size_t max_states)
{
	_cleanup_free_ struct dg_pattern *patterns = NULL;
	int r;

	n->label_count = 1;
	n->globs = calloc(n->atoms.count + 1, sizeof(*n->globs));
	if (!n->globs)
		return -ENOMEM;
	for (size_t i = 0; i < n->atoms.count; i++)
		if (n->s->atoms[n->atoms.items[i]].glob != DG_NONE)
			n->globs[n->glob_count++] = n->atoms.items[i];
	if (n->glob_count == 0)
		return 0;
	patterns = calloc(n->glob_count, sizeof(*patterns));
	if (!patterns)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->glob_count; i++) {
		const struct dg_build_glob *glob = &n->view->globs[n->s->atoms[n->globs[i]].glob];

		patterns[i] = (struct dg_pattern){
			.data = glob->text.data, .len = glob->text.len, .glob = true};
	}
	r = dg_automaton_build(patterns, n->glob_count, max_states, &n->out->automaton);
	if (r >= 0)
		n->label_count = n->out->automaton.label_count;
	return r;
}

/* A class of the strings with the label, or of some of them; @plain is the plainest. */
static int new_class(struct strings *n, uint32_t label, struct dg_bytes plain, uint32_t *ret)
{
	size_t need = n->out->class_count + UINT64_C(1);
	int r;

	r = dg_array_reserve(&n->label_of_class, &n->label_of_class_room, need,
			     sizeof(*n->label_of_class));
	if (r >= 0)
		r = dg_array_reserve(&n->plain, &n->plain_room, need, sizeof(*n->plain));
	if (r < 0)
		return r;
	n->label_of_class[n->out->class_count] = label;
	n->plain[n->out->class_count] = plain;
	*ret = n->out->class_count++;
	return 0;
}

static int classify_point(struct strings *n, uint32_t index)
{
	struct dg_point *point = &n->view->points[index];
	const uint32_t *named = n->named.items + n->named.off[index];
	size_t count = n->named.off[index + 1] - n->named.off[index];
	uint32_t label = 0, before = n->lists.count, number;
	int r;

	if (n->glob_count > 0)
		label = dg_automaton_run(&n->out->automaton, point->bytes.data, point->bytes.len);
	/* An atom of this value alone: nothing else has its class. */
	for (size_t i = 0; i < count; i++)
		if (named[i] == point->alone)
			return new_class(n, label, point->bytes, &point->class);
	r = dg_array_reserve(&n->list, &n->list_room, count + 1, sizeof(*n->list));
	if (r < 0)
		return r;
	n->list[0] = label;
	memcpy(n->list + 1, named, count * sizeof(*named));
	r = dg_lists_number(&n->lists, n->list, count + 1, &number);
	if (r >= 0)
		r = dg_array_reserve(&n->class_of_list, &n->class_of_list_room,
				     number + UINT64_C(1), sizeof(*n->class_of_list));
	if (r >= 0 && n->lists.count > before)
		r = new_class(n, label, point->bytes, &n->class_of_list[number]);
	if (r < 0)
		return r;
	point->class = n->class_of_list[number];
	return 0;
}

static int classify_points(struct strings *n)
{
	struct dg_classifier *out = n->out;
	int r = 0;

	out->exact = calloc(n->view->point_count + 1, sizeof(*out->exact));
	if (!out->exact)
		return -ENOMEM;
	for (size_t i = 0; i < n->view->point_count && r >= 0; i++) {
		uint32_t index = n->view->sorted[i];
		struct dg_point *point = &n->view->points[index];

		if (i + 2 * AHEAD < n->view->point_count)
			__builtin_prefetch(&n->view->points[n->view->sorted[i + 2 * AHEAD]]);
		if (i + AHEAD < n->view->point_count)
			__builtin_prefetch(n->view->points[n->view->sorted[i + AHEAD]].bytes.data);
		point->class = 0;
		if (n->named.off[index + 1] == n->named.off[index])
			continue;
		r = classify_point(n, index);
		out->exact[out->exact_count++] =
			(struct dg_exact){.bytes = point->bytes, .class = point->class};
	}
	return r;
}

static bool is_exact(const void *data, struct dg_bytes string)
{
	const struct dg_classifier *c = data;
	size_t low = 0, high = c->exact_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = dg_bytes_compare(c->exact[middle].bytes, string);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* A digest that no rule names. There are more of them than a policy can name. */
static int other_digest(struct strings *n, struct dg_bytes *ret)
{
	struct dg_digest_fact fact = {};
	struct dg_bytes bytes = {.data = (const char *)&fact, .len = sizeof(fact)};

	for (unsigned int at = 31; is_exact(n->out, bytes);) {
		while (++fact.bytes[at] == 0)
			at--;
		at = 31;
	}
	bytes.data = dg_arena_copy(n->s->arena, &fact, sizeof(fact));
	if (!bytes.data)
		return -ENOMEM;
	*ret = bytes;
	return 0;
}

/* For each label a string that is no exact value; .data NULL: there is none. */
static int find_strings(struct strings *n, struct dg_bytes *ret)
{
	static uint32_t zero[1];
	struct dg_automaton any = {.state_count = 1,
				   .byte_class_count = 1,
				   .next = zero,
				   .label = zero,
				   .label_count = 1};

	if (n->view->values == DG_VALUES_DIGEST)
		return other_digest(n, ret);
	return dg_automaton_strings(n->glob_count > 0 ? &n->out->automaton : &any, is_exact, n->out,
				    n->s->arena, ret);
}

/* What has no string but exact ones needs no class: it goes with any other label. */
static int classify_labels(struct strings *n)
{
	_cleanup_free_ struct dg_bytes *strings = calloc(n->label_count, sizeof(*strings));
	uint32_t first = 0;
	int r;

	n->class_of_label = calloc(n->label_count, sizeof(*n->class_of_label));
	if (!strings || !n->class_of_label)
		return -ENOMEM;
	r = find_strings(n, strings);
	for (uint32_t label = 0; label < n->label_count && r >= 0; label++) {
		if (!strings[label].data)
			continue;
		r = new_class(n, label, strings[label], &n->class_of_label[label]);
		if (first == 0)
			first = n->class_of_label[label];
	}
	for (uint32_t label = 0; label < n->label_count; label++)
		if (n->class_of_label[label] == 0)
			n->class_of_label[label] = first;
	if (r >= 0)
		n->out->rest = first;
	return r;
}

/* The classes of each glob: those of the labels that hold it. */
static int fill_globs(struct strings *n)
{
	const struct dg_automaton *a = &n->out->automaton;
	struct dg_symbols *s = n->s;
	_cleanup_free_ uint32_t *off = calloc(n->glob_count + UINT64_C(2), sizeof(*off));
	_cleanup_free_ uint32_t *classes = NULL;
	size_t total = 0;
	int r = 0;

	if (!off)
		return -ENOMEM;
	for (uint32_t class = 1; class < n->out->class_count; class ++) {
		uint32_t label = n->label_of_class[class];

		for (uint32_t i = a->set_off[label]; i < a->set_off[label + 1]; i++, total++)
			off[a->set_items[i] + 2]++;
	}
	classes = calloc(total + 1, sizeof(*classes));
	if (!classes)
		return -ENOMEM;
	for (uint32_t g = 0; g < n->glob_count; g++)
		off[g + 2] += off[g + 1];
	for (uint32_t class = 1; class < n->out->class_count; class ++) {
		uint32_t label = n->label_of_class[class];

		for (uint32_t i = a->set_off[label]; i < a->set_off[label + 1]; i++)
			classes[off[a->set_items[i] + 1]++] = class;
	}
	for (uint32_t g = 0; g < n->glob_count && r >= 0; g++) {
		struct dg_build_atom *atom = &s->atoms[n->globs[g]];

		dg_runs_begin(s, atom);
		for (uint32_t i = off[g]; i < off[g + 1] && r >= 0; i++) {
			uint32_t first = classes[i];

			while (i + 1 < off[g + 1] && classes[i + 1] == classes[i] + 1)
				i++;
			r = dg_runs_add(s, first, classes[i] + 1);
		}
		if (r >= 0)
			dg_runs_end(s, atom);
	}
	return r;
}

static int fill_atoms(struct strings *n)
{
	struct dg_symbols *s = n->s;
	int r = n->glob_count > 0 ? fill_globs(n) : 0;

	for (size_t i = 0; i < n->atoms.count && r >= 0; i++) {
		struct dg_build_atom *atom = &s->atoms[n->atoms.items[i]];

		if (atom->glob != DG_NONE)
			continue;
		dg_runs_begin(s, atom);
		r = dg_runs_add_points(s, n->view, atom);
		if (r >= 0)
			dg_runs_end(s, atom);
	}
	return r;
}

int dg_classify_strings(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
			size_t max_states, struct dg_classifier *ret, struct dg_plain *ret_plain)
{
	struct dg_classifier out = {.values = view->values, .class_count = 1};
	_cleanup_(strings_done) struct strings n = {
		.s = s, .view = view, .atoms = atoms, .out = &out};
	int r;

	r = dg_view_sort(view);
	if (r >= 0)
		r = dg_point_atoms_find(s, view, atoms, &n.named);
	if (r >= 0)
		r = build_automaton(&n, max_states);
	if (r >= 0)
		r = classify_points(&n);
	if (r >= 0)
		r = classify_labels(&n);
	if (r >= 0)
		r = fill_atoms(&n);
	if (r >= 0 && n.glob_count > 0)
		r = dg_automaton_minimise(&out.automaton, n.class_of_label);
	if (r < 0) {
		dg_classifier_done(&out);
		return r;
	}
	*ret = out;
	*ret_plain = (struct dg_plain){.bytes = TAKE_PTR(n.plain)};
	return 0;
}
