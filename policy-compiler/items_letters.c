/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include <errno.h>
#include <string.h>

#include "array.h"
#include "devgate_abi.h"
#include "items_finder.h"
#include "util.h"

#define STATES_MAX 4096

/*
 * An element of a set: its class, the probes whose root holds it without the item, and those lost.
 */
struct letter {
	uint64_t class, held, lost;
};

struct dg_item_letters {
	struct letter *items;
	size_t count, room;
	/* One of each, from 1. */
	uint64_t *nums;
	size_t num_room;
	struct dg_bytes *bytes;
	size_t byte_room;
	struct dg_elements of; /* of all variables of the set */
};

void dg_item_letters_free(struct dg_item_letters *letters)
{
	if (!letters)
		return;
	free(letters->items);
	free(letters->nums);
	free(letters->bytes);
	free(letters);
}

static int add_letter(struct dg_item_letters *letters, struct letter letter,
		      const struct dg_literal *value)
{
	size_t n = letters->count;
	int r;

	for (size_t i = 0; i < n && letter.lost != 0; i++)
		if (letters->items[i].class == letter.class &&
		    letters->items[i].held == letter.held && letters->items[i].lost == letter.lost)
			return 0;
	if (n == STATES_MAX)
		return -E2BIG;
	r = dg_array_reserve(&letters->items, &letters->room, n + 1, sizeof(*letters->items));
	if (r >= 0 && value->type == DG_TYPE_STRING)
		r = dg_array_reserve(&letters->bytes, &letters->byte_room, n + 2,
				     sizeof(*letters->bytes));
	else if (r >= 0)
		r = dg_array_reserve(&letters->nums, &letters->num_room, n + 2,
				     sizeof(*letters->nums));
	if (r < 0)
		return r;
	if (value->type == DG_TYPE_STRING)
		letters->bytes[n + 1] = value->str;
	else
		letters->nums[n + 1] = value->num;
	letters->items[letters->count++] = letter;
	return 0;
}

static int visit_element(struct dg_item_finder *f, const struct dg_literal *value, void *data)
{
	struct letter letter = {.lost = dg_item_lost_for(f->fact, value)};
	struct dg_item_letters *letters = data;

	if (f->items->steps == 0)
		return -E2BIG;
	if (letter.lost == 0)
		return 0;
	if (letters->count == 0)
		f->fact->example = *value;
	letter.class = dg_item_class_in(letters->of.values, UINT64_MAX, value);
	letter.held = dg_item_held_of(f->fact, value);
	return add_letter(letters, letter, value);
}

/* Those that lose something come first, so that few are compared. */
static int find_letters(struct dg_item_finder *f, struct dg_item_letters *letters)
{
	int r = dg_item_visit_lost(f, visit_element, letters);

	for (uint32_t class = 1; class < letters->of.values->class_count && r >= 0; class ++) {
		struct dg_item_keeper keeper = {.of = letters->of, .class = class};

		r = dg_item_find_keeper(f, &keeper);
		if (r == 1)
			r = add_letter(letters,
				       (struct letter){.class = class, .held = keeper.held},
				       &keeper.value);
	}
	return r < 0 ? r : 0;
}

/* What the elements so far come to: the state of the set's automaton, then what `any` and `all`
 * ask. */
enum { STATE, ANY, ANY_HIGH, ALL, ALL_HIGH, STATE_WORDS };

static uint64_t word_of(const uint32_t *state, int at)
{
	return state[at] | (uint64_t)state[at + 1] << 32;
}

static bool in_runs(const struct dg_atom *atom, uint32_t class)
{
	for (size_t i = 0; i < atom->run_count; i++)
		if (atom->runs[i].first <= class && class < atom->runs[i].end)
			return true;
	return false;
}

/* The sets that end in this state: a case, or one where nothing is lost. */
static int settle_state(struct dg_item_finder *f, const uint32_t *state, bool empty)
{
	uint32_t class = f->vars[0].set.class[state[STATE]], number;
	uint64_t lost = 0;

	for (size_t p = 0; p < f->fact->probe_count; p++) {
		const struct dg_item_probe *probe = &f->fact->probes[p];
		bool all = probe->quantifier == DG_QUANT_ALL;
		bool still =
			all ? !empty && word_of(state, ALL) >> p & 1 : word_of(state, ANY) >> p & 1;

		if (in_runs(&probe->atom, class) && !still)
			lost |= UINT64_C(1) << p;
	}
	if (lost != 0)
		return dg_item_add_case(f->fact, lost, &class, 1);
	return dg_lists_number(&f->fact->rest, &class, 1, &number);
}

static int add_element(struct dg_item_finder *f, struct dg_lists *states, uint32_t from,
		       const struct letter *letter)
{
	const struct dg_set_automaton *set = &f->vars[0].set;
	uint32_t state[STATE_WORDS], number, before = states->count;
	uint64_t any, all;
	int r;

	memcpy(state, states->items + states->off[from - 1], sizeof(state));
	any = word_of(state, ANY) | letter->held;
	all = word_of(state, ALL) & letter->held;
	state[STATE] = set->next[(size_t)state[STATE] * set->element_classes + letter->class];
	state[ANY] = (uint32_t)any;
	state[ANY_HIGH] = (uint32_t)(any >> 32);
	state[ALL] = (uint32_t)all;
	state[ALL_HIGH] = (uint32_t)(all >> 32);
	r = dg_lists_number(states, state, STATE_WORDS, &number);
	if (r < 0 || number <= before)
		return r;
	if (number > STATES_MAX)
		return -E2BIG;
	return settle_state(f, state, false);
}

/* All sets of at most as many elements as the language knows, shortest first. */
static int walk_sets(struct dg_item_finder *f, const struct dg_item_letters *letters,
		     struct dg_lists *states)
{
	static const uint32_t start[STATE_WORDS] = {[ALL] = UINT32_MAX, [ALL_HIGH] = UINT32_MAX};
	unsigned int most =
		f->vars[0].values.values == DG_VALUES_STR ? DG_SET_STRINGS : DG_SET_NUMBERS;
	uint32_t from = 1, end, number;
	int r = dg_lists_number(states, start, STATE_WORDS, &number);

	if (r >= 0)
		r = settle_state(f, start, true);
	for (unsigned int count = 0; count < most && r >= 0; count++) {
		end = states->count + 1;
		for (; from < end && r >= 0; from++)
			for (size_t i = 0; i < letters->count && r >= 0; i++)
				r = add_element(f, states, from, &letters->items[i]);
		if (f->items->steps <= letters->count * (end - from))
			return -E2BIG;
	}
	return r;
}

/*
 * Of a set with several variables: what its elements come to, whichever classes they have. By
 * probe: does `any` hold with the item and without it, does `all` as long as there is an element?
 */
enum { ANY_WITH, ANY_STILL, ALL_WITH, ALL_STILL, NOT_EMPTY, LOSS_WORDS };

struct loss_state {
	uint64_t words[LOSS_WORDS];
};

static struct loss_state with_letter(const struct loss_state *from, const struct letter *letter,
				     uint64_t alls)
{
	uint64_t with = letter->held | letter->lost;
	const uint64_t *w = from->words;

	return (struct loss_state){.words = {[ANY_WITH] = w[ANY_WITH] | (with & ~alls),
					     [ANY_STILL] = w[ANY_STILL] | (letter->held & ~alls),
					     [ALL_WITH] = w[ALL_WITH] & with,
					     [ALL_STILL] = w[ALL_STILL] & letter->held,
					     [NOT_EMPTY] = 1}};
}

/* The class of a state: 1 where nothing is lost, else 1 + number of the case. */
static int class_of_loss(struct dg_item_fact *fact, const struct loss_state *state, uint32_t *ret)
{
	const uint64_t *w = state->words;
	uint64_t lost = w[ANY_WITH] & ~w[ANY_STILL];
	uint32_t words[DG_ITEM_CASE_HEAD], number = 0;
	int r = 0;

	if (w[NOT_EMPTY])
		lost |= w[ALL_WITH] & ~w[ALL_STILL];
	words[0] = (uint32_t)lost;
	words[1] = (uint32_t)(lost >> 32);
	if (lost != 0)
		r = dg_lists_number(&fact->cases, words, DG_ITEM_CASE_HEAD, &number);
	*ret = 1 + number;
	return r < 0 ? r : fact->cases.count > DG_ITEM_CASES ? -E2BIG : 0;
}

/* The automaton of losses, over letters. */
static int find_losses(struct dg_item_finder *f, struct dg_lists *states)
{
	const struct dg_item_letters *letters = f->fact->letters;
	struct dg_set_automaton *a = &f->fact->extra.automaton;
	size_t next_room = 0, class_room = 0;
	struct loss_state state = {};
	uint32_t number;
	uint64_t alls = 0;
	int r;

	for (size_t p = 0; p < f->fact->probe_count; p++)
		if (f->fact->probes[p].quantifier == DG_QUANT_ALL)
			alls |= UINT64_C(1) << p;
	state.words[ALL_WITH] = state.words[ALL_STILL] = alls;
	a->element_classes = (uint32_t)letters->count + 1;
	r = dg_lists_number(states, (uint32_t *)&state, sizeof(state) / sizeof(uint32_t), &number);
	for (uint32_t from = 1; r >= 0 && from <= states->count; from++) {
		size_t row = (size_t)(from - 1) * a->element_classes;

		r = dg_array_reserve(&a->next, &next_room, row + a->element_classes,
				     sizeof(*a->next));
		if (r >= 0)
			r = dg_array_reserve(&a->class, &class_room, from, sizeof(*a->class));
		if (r < 0)
			return r;
		a->state_count = from;
		memcpy(&state, states->items + states->off[from - 1], sizeof(state));
		r = class_of_loss(f->fact, &state, &a->class[from - 1]);
		a->next[row] = from - 1;
		for (size_t i = 0; i < letters->count && r >= 0; i++) {
			struct loss_state to = with_letter(&state, &letters->items[i], alls);

			r = dg_lists_number(states, (uint32_t *)&to, sizeof(to) / sizeof(uint32_t),
					    &number);
			a->next[row + 1 + i] = number - 1;
		}
		if (states->count > STATES_MAX || f->items->steps <= letters->count)
			return -E2BIG;
		f->items->steps -= letters->count;
	}
	return r;
}

int dg_item_set_cases(struct dg_item_finder *f)
{
	struct dg_item_fact *fact = f->fact;
	struct dg_lists states = {};
	int r;

	fact->several = f->var_count > 1;
	fact->letters = calloc(1, sizeof(*fact->letters));
	if (!fact->letters)
		return -ENOMEM;
	r = dg_symbols_elements(f->symbols, fact->group, &fact->letters->of);
	if (r >= 0)
		r = find_letters(f, fact->letters);
	if (r >= 0)
		r = fact->several ? find_losses(f, &states) : walk_sets(f, fact->letters, &states);
	fact->extra.nums = fact->letters->nums;
	fact->extra.bytes = fact->letters->bytes;
	fact->extra.letter_count = (uint32_t)fact->letters->count + 1;
	dg_lists_done(&states);
	return r;
}

/* The letters tell all: cases of a set with several variables have no classes. */
const uint32_t *dg_item_fact_words(const struct dg_item_fact *fact, size_t *ret_count)
{
	if (fact->several) {
		*ret_count =
			fact->letters->count * sizeof(*fact->letters->items) / sizeof(uint32_t);
		return (const uint32_t *)fact->letters->items;
	}
	*ret_count = fact->cases.item_count;
	return fact->cases.items;
}
