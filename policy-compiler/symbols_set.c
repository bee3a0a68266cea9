/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The classes of a set-valued fact.
 *
 * What tests ask comes down to bits, each "some element is in X": `any` asks for a bit, `all` that
 * the set is not empty and has no element in the complement. The state after some elements is the
 * bits they set; states are found breadth first, so that each comes with the fewest elements that
 * lead to it. A class of elements with many values is worth no more than one element. What needs
 * more distinct elements than a known set has does not exist.
 */
#include "symbols_build.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

#define MAX_BITS 63
#define NOT_EMPTY (UINT64_C(1) << MAX_BITS)
/* Few, because each test on the variable cuts through all of them. */
#define MAX_STATES 129 /* seven tests and the empty set */
#define MAX_ENTRIES (1U << 20)

struct sets {
	struct dg_symbols *s;
	struct dg_atom_list atoms;
	const struct dg_classifier *values;
	uint32_t *bit_of_atom; /* by position in the list */
	uint32_t *bit_element; /* by bit: atom of elements */
	bool bit_complement[MAX_BITS];
	uint32_t bit_count;
	uint64_t *mask; /* by class of elements: bits that one sets */
	/* states */
	uint64_t bits[MAX_STATES];
	uint32_t depth[MAX_STATES], from[MAX_STATES], by[MAX_STATES]; /* fewest elements */
	uint32_t state_count;
	uint32_t *next;
	uint32_t *block; /* by state, after minimising */
	/* classes: what the tests say */
	uint64_t answers[MAX_STATES];
	uint32_t class[MAX_STATES], class_count;
};

static void sets_done(struct sets *n)
{
	free(n->bit_of_atom);
	free(n->bit_element);
	free(n->mask);
	free(n->next);
	free(n->block);
}

static int find_bits(struct sets *n)
{
	n->bit_of_atom = calloc(n->atoms.count + 1, sizeof(*n->bit_of_atom));
	n->bit_element = calloc(MAX_BITS, sizeof(*n->bit_element));
	if (!n->bit_of_atom || !n->bit_element)
		return -ENOMEM;
	if (n->atoms.count > MAX_BITS)
		return -E2BIG;
	for (size_t i = 0; i < n->atoms.count; i++) {
		const struct dg_build_atom *atom = &n->s->atoms[n->atoms.items[i]];
		uint32_t bit = 0;

		while (bit < n->bit_count && (n->bit_element[bit] != atom->element ||
					      n->bit_complement[bit] != atom->complement))
			bit++;
		if (bit == n->bit_count) {
			n->bit_element[bit] = atom->element;
			n->bit_complement[bit] = atom->complement;
			n->bit_count++;
		}
		n->bit_of_atom[i] = bit;
	}
	return 0;
}

static int find_masks(struct sets *n)
{
	uint32_t count = n->values->class_count;

	n->mask = calloc(count, sizeof(*n->mask));
	if (!n->mask)
		return -ENOMEM;
	for (uint32_t bit = 0; bit < n->bit_count; bit++) {
		const struct dg_build_atom *atom = &n->s->atoms[n->bit_element[bit]];
		uint64_t flag = UINT64_C(1) << bit;

		for (uint32_t i = 0; i < atom->run_count; i++) {
			const struct dg_class_run *run = &n->s->runs[atom->runs + i];

			for (uint32_t class = run->first; class < run->end; class ++)
				n->mask[class] |= flag;
		}
		for (uint32_t class = 1; class < count && n->bit_complement[bit]; class ++)
			n->mask[class] ^= flag;
	}
	return 0;
}

static int add_state(struct sets *n, uint64_t bits, uint32_t from, uint32_t by, uint32_t *ret)
{
	for (uint32_t s = 0; s < n->state_count; s++)
		if (n->bits[s] == bits) {
			*ret = s;
			return 0;
		}
	if (n->state_count == MAX_STATES)
		return -E2BIG;
	*ret = n->state_count;
	n->bits[n->state_count] = bits;
	n->depth[n->state_count] = n->state_count == 0 ? 0 : n->depth[from] + 1;
	n->from[n->state_count] = from;
	n->by[n->state_count++] = by;
	return 0;
}

static int find_states(struct sets *n, uint32_t limit)
{
	uint32_t count = n->values->class_count, target;
	int r;

	n->next = calloc((size_t)MAX_STATES * count, sizeof(*n->next));
	if (!n->next)
		return -ENOMEM;
	r = add_state(n, 0, 0, 0, &target);
	for (uint32_t s = 0; s < n->state_count && r >= 0; s++) {
		if ((s + UINT64_C(1)) * count > MAX_ENTRIES)
			return -E2BIG;
		for (uint32_t class = 0; class < count && r >= 0; class ++) {
			uint64_t bits = n->bits[s] | n->mask[class] | NOT_EMPTY;

			/* No element has class 0, and a full set takes none that it does not have.
			 */
			target = s;
			if (class > 0 && bits != n->bits[s] && n->depth[s] < limit)
				r = add_state(n, bits, s, class, &target);
			n->next[(size_t)s * count + class] = target;
		}
	}
	return r;
}

/* Classes in the order of the states: sets with few elements first. */
static void find_classes(struct sets *n)
{
	for (uint32_t s = 0; s < n->state_count; s++) {
		uint64_t answers = 0;
		uint32_t other = 0;

		for (size_t i = 0; i < n->atoms.count; i++) {
			bool bit = n->bits[s] >> n->bit_of_atom[i] & 1;

			if (n->s->atoms[n->atoms.items[i]].all)
				bit = !bit && n->bits[s] & NOT_EMPTY;
			answers |= (uint64_t)bit << i;
		}
		n->answers[s] = answers;
		while (other < s && n->answers[other] != answers)
			other++;
		n->class[s] = other < s ? n->class[other] : ++n->class_count;
	}
	n->class_count++; /* 0 */
}

/* Merge states that no further elements tell apart: blocks, numbered by their first state. */
static int find_blocks(struct sets *n, uint32_t *ret_count)
{
	uint32_t count = n->values->class_count, blocks = n->class_count - 1, before;
	_cleanup_free_ uint32_t *list = calloc(count + UINT64_C(1), sizeof(*list));
	_cleanup_free_ uint32_t *new = calloc(n->state_count, sizeof(*new));
	int r = 0;

	n->block = calloc(n->state_count, sizeof(*n->block));
	if (!n->block || !list || !new)
		return -ENOMEM;
	for (uint32_t s = 0; s < n->state_count; s++)
		n->block[s] = n->class[s] - 1;
	do {
		struct dg_lists lists = {};

		before = blocks;
		for (uint32_t s = 0; s < n->state_count && r >= 0; s++) {
			list[0] = n->block[s];
			for (uint32_t class = 0; class < count; class ++)
				list[class + 1] = n->block[n->next[(size_t)s * count + class]];
			r = dg_lists_number(&lists, list, count + UINT64_C(1), &new[s]);
			new[s]--;
		}
		blocks = lists.count;
		dg_lists_done(&lists);
		memcpy(n->block, new, n->state_count * sizeof(*new));
	} while (r >= 0 && blocks > before);
	*ret_count = blocks;
	return r;
}

static int fill_automaton(struct sets *n, struct dg_set_automaton *ret)
{
	struct dg_set_automaton out = {.element_classes = n->values->class_count};
	int r;

	r = find_blocks(n, &out.state_count);
	if (r < 0)
		return r;
	out.next = calloc((size_t)out.state_count * out.element_classes, sizeof(*out.next));
	out.class = calloc(out.state_count, sizeof(*out.class));
	if (!out.next || !out.class) {
		free(out.next);
		free(out.class);
		return -ENOMEM;
	}
	for (uint32_t s = 0; s < n->state_count; s++) {
		size_t row = (size_t)n->block[s] * out.element_classes;

		out.class[n->block[s]] = n->class[s];
		for (uint32_t class = 0; class < out.element_classes; class ++)
			out.next[row + class] =
				n->block[n->next[(size_t)s * out.element_classes + class]];
	}
	*ret = out;
	return 0;
}

/* For each class the elements of its smallest set. */
static int fill_sets(struct sets *n, struct dg_build_var *build)
{
	uint32_t *off = calloc(n->class_count + UINT64_C(1), sizeof(*off)), *sets;
	uint32_t total = 0, class = 0;

	for (uint32_t s = 0; off && s < n->state_count; s++)
		if (n->class[s] > class) {
			class = n->class[s];
			off[class] = total;
			total += n->depth[s];
		}
	sets = calloc(total + UINT64_C(1), sizeof(*sets));
	if (!off || !sets) {
		free(off);
		free(sets);
		return -ENOMEM;
	}
	off[n->class_count] = total;
	class = 0;
	for (uint32_t s = 0; s < n->state_count; s++) {
		if (n->class[s] <= class)
			continue;
		class = n->class[s];
		for (uint32_t at = s, i = 0; i < n->depth[s]; at = n->from[at], i++)
			sets[off[class] + n->depth[s] - 1 - i] = n->by[at];
	}
	build->sets_off = off;
	build->sets = sets;
	return 0;
}

static int fill_atoms(struct sets *n)
{
	struct dg_symbols *s = n->s;
	int r = 0;

	for (size_t i = 0; i < n->atoms.count && r >= 0; i++) {
		struct dg_build_atom *atom = &s->atoms[n->atoms.items[i]];

		dg_runs_begin(s, atom);
		for (uint32_t state = 0; state < n->state_count && r >= 0; state++)
			if (n->answers[state] >> i & 1)
				r = dg_runs_add(s, n->class[state], n -> class[state] + 1);
		if (r >= 0)
			dg_runs_end(s, atom);
	}
	return r;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The atoms of elements that these atoms of sets speak of, in order of mention. */
static size_t find_elements(const struct dg_symbols *s, struct dg_atom_list atoms, uint32_t *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < atoms.count; i++)
		ret[i] = s->atoms[atoms.items[i]].element;
	if (atoms.count > 0)
		qsort(ret, atoms.count, sizeof(*ret), compare_u32);
	for (size_t i = 0; i < atoms.count; i++)
		if (count == 0 || ret[i] != ret[count - 1])
			ret[count++] = ret[i];
	return count;
}

static int build(struct sets *n, uint32_t limit, struct dg_variable *v, struct dg_build_var *b)
{
	int r;

	r = find_bits(n);
	if (r >= 0)
		r = find_masks(n);
	if (r >= 0)
		r = find_states(n, limit);
	if (r < 0)
		return r;
	find_classes(n);
	r = fill_automaton(n, &v->set);
	if (r >= 0)
		r = fill_sets(n, b);
	if (r >= 0)
		r = fill_atoms(n);
	v->class_count = n->class_count;
	return r;
}

int dg_classify_sets(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
		     struct dg_variable *ret, struct dg_build_var *ret_build)
{
	_cleanup_free_ uint32_t *items = calloc(atoms.count + 1, sizeof(*items));
	struct sets *n = calloc(1, sizeof(*n));
	struct dg_variable v = *ret;
	struct dg_build_var b = *ret_build;
	struct dg_atom_list elements = {.items = items};
	int r = -ENOMEM;

	if (!items || !n) {
		free(n);
		return r;
	}
	elements.count = find_elements(s, atoms, items);
	n->s = s;
	n->atoms = atoms;
	n->values = &v.values;
	r = dg_classify(s, view, elements, DG_AUTOMATON_MAX_STATES, &v.values, &b.plain);
	if (r >= 0)
		r = build(n, view->values == DG_VALUES_STR ? DG_SET_STRINGS : DG_SET_NUMBERS, &v,
			  &b);
	sets_done(n);
	free(n);
	if (r < 0) {
		dg_variable_done(&v, &b);
		return r;
	}
	*ret = v;
	*ret_build = b;
	return 0;
}
