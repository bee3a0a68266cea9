/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "items_cases.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "devgate_abi.h"
#include "facts.h"
#include "util.h"

#define LOW_HALF UINT64_C(0xffff)
#define CASES_MAX 1024
#define STATES_MAX 4096
#define CASE_HEAD 2 /* words in front of the classes */

struct finder {
	struct dg_item_fact *fact;
	struct dg_items *items;
	const struct dg_variable *vars; /* of the group */
	uint32_t var_count;
	struct dg_symbols *symbols;
	struct dg_elements elements; /* sets: of all variables */
	struct dg_item_cuts cuts, halves;
	struct dg_digest digest; /* of a value that is looked at */
};

/* An element of a set: its class, the probes whose root holds it without the item, and those lost.
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
};

void dg_item_fact_done(struct dg_item_fact *fact)
{
	if (fact->letters) {
		free(fact->letters->items);
		free(fact->letters->nums);
		free(fact->letters->bytes);
		free(fact->letters);
	}
	free(fact->extra.automaton.next);
	free(fact->extra.automaton.class);
	dg_lists_done(&fact->cases);
	dg_lists_done(&fact->rest);
}

struct dg_item_case dg_item_case_get(const struct dg_item_fact *fact, uint32_t number)
{
	const uint32_t *words = fact->cases.items + fact->cases.off[number - 1];

	return (struct dg_item_case){.lost = words[0] | (uint64_t)words[1] << 32,
				     .classes = words + CASE_HEAD};
}

static int add_case(struct dg_item_fact *fact, uint64_t lost, const uint32_t *classes,
		    uint32_t count)
{
	uint32_t words[CASE_HEAD + 64] = {(uint32_t)lost, (uint32_t)(lost >> 32)}, number;

	if (count > 64 || fact->cases.count >= CASES_MAX)
		return -E2BIG;
	memcpy(words + CASE_HEAD, classes, count * sizeof(*classes));
	return dg_lists_number(&fact->cases, words, CASE_HEAD + count, &number);
}

/* The tests that are true for the value with the item and false without it. */
static uint64_t lost_for(const struct dg_item_fact *fact, const struct dg_literal *value)
{
	uint64_t bits = 0;

	for (size_t p = 0; p < fact->probe_count; p++) {
		const struct dg_item_view *view = fact->probes[p].view;
		const struct dg_item *item;
		bool in = false;
		size_t at = 0;

		while (!in && (item = dg_item_view_lost(view, &at)))
			in = dg_item_contains(item, value);
		if (in && dg_item_view_holds(view, value) == DG_ITEM_NONE)
			bits |= UINT64_C(1) << p;
	}
	return bits;
}

static uint32_t class_in(const struct dg_classifier *c, uint64_t mask,
			 const struct dg_literal *value)
{
	struct dg_digest_fact digest;

	switch (c->values) {
	case DG_VALUES_STR:
		return dg_classifier_bytes(c, value->str);
	case DG_VALUES_DIGEST:
		dg_digest_fact(value->digest, &digest);
		return dg_classifier_bytes(
			c, (struct dg_bytes){(const char *)&digest, sizeof(digest)});
	case DG_VALUES_NUM:
		break;
	}
	return dg_classifier_num(c, value->num & mask);
}

static uint32_t class_of(const struct dg_variable *v, const struct dg_literal *value)
{
	return class_in(&v->values, v->mask, value);
}

static bool has_low_half(const struct finder *f)
{
	for (uint32_t i = 0; i < f->var_count; i++)
		if (f->vars[i].kind == DG_VAR_NUM && f->vars[i].mask == LOW_HALF)
			return true;
	return f->halves.count > 0;
}

static int cut_number(struct dg_item_cuts *cuts, uint64_t num, uint64_t low, uint64_t high)
{
	int r = 0;

	if (num > low && num <= high)
		r = dg_item_cuts_add(cuts, num);
	if (r >= 0 && num >= low && num < high)
		r = dg_item_cuts_add(cuts, num + 1);
	return r;
}

/* The first exact value that is @low or more. */
static size_t first_exact(const struct dg_classifier *c, uint64_t low)
{
	size_t from = 0, to = c->exact_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (c->exact[middle].num < low)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Where a variable's classes change between @low and @high. */
static int cut_classes(const struct dg_classifier *c, uint64_t low, uint64_t high,
		       struct dg_item_cuts *cuts)
{
	int r = 0;

	for (size_t i = first_exact(c, low); i < c->exact_count && r >= 0; i++) {
		if (c->exact[i].num > high)
			break;
		r = cut_number(cuts, c->exact[i].num, low, high);
	}
	for (size_t i = 0; i < c->interval_count && r >= 0; i++)
		if (c->intervals[i].low > low && c->intervals[i].low <= high)
			r = dg_item_cuts_add(cuts, c->intervals[i].low);
	return r;
}

/* All cuts from @low, which is one, to @high. */
static int find_cuts(struct finder *f, uint64_t low, uint64_t high)
{
	int r;

	f->cuts.count = f->halves.count = 0;
	r = dg_item_cuts_add(&f->cuts, low);
	for (uint32_t i = 0; i < f->var_count && r >= 0; i++) {
		bool half = f->vars[i].kind == DG_VAR_NUM && f->vars[i].mask == LOW_HALF;

		r = half ? cut_classes(&f->vars[i].values, 0, LOW_HALF, &f->halves)
			 : cut_classes(&f->vars[i].values, low, high, &f->cuts);
	}
	for (size_t p = 0; p < f->fact->probe_count && r >= 0; p++) {
		r = dg_item_view_cuts(f->fact->probes[p].view, low, high, &f->cuts);
		if (r >= 0)
			r = dg_item_view_low_cuts(f->fact->probes[p].view, &f->halves);
	}
	if (r < 0)
		return r;
	if (has_low_half(f))
		r = dg_item_cuts_add(&f->halves, 0);
	dg_item_cuts_sort(&f->cuts);
	dg_item_cuts_sort(&f->halves);
	return r;
}

/* Told of a value; positive: enough. */
typedef int (*visit)(struct finder *f, const struct dg_literal *value, void *data);

/* One value of each kind among those from @low to @high: see find_cuts(). */
static int visit_span(struct finder *f, struct dg_literal value, uint64_t low, uint64_t high,
		      visit visit, void *data)
{
	int r = find_cuts(f, low, high);

	value.mask = UINT64_MAX;
	for (size_t i = 0; i < f->cuts.count && r == 0; i++) {
		uint64_t first = f->cuts.items[i];
		uint64_t last = i + 1 < f->cuts.count ? f->cuts.items[i + 1] - 1 : high;

		value.num = first;
		r = visit(f, &value, data);
		for (size_t k = 0; k < f->halves.count && r == 0 && last > first; k++) {
			uint64_t more = (f->halves.items[k] - first) & LOW_HALF;

			if (more == 0 || more > last - first)
				continue;
			value.num = first + more;
			r = visit(f, &value, data);
		}
		if (f->items->steps == 0)
			return -E2BIG;
	}
	return r;
}

/* One id of each kind that has this low half. */
static int visit_half(struct finder *f, struct dg_literal value, uint64_t half, visit visit,
		      void *data)
{
	int r = find_cuts(f, 0, UINT32_MAX);

	value.mask = UINT64_MAX;
	for (size_t i = 0; i < f->cuts.count && r == 0; i++) {
		uint64_t first = f->cuts.items[i];
		uint64_t last = i + 1 < f->cuts.count ? f->cuts.items[i + 1] - 1 : UINT32_MAX;

		value.num = first + ((half - first) & LOW_HALF);
		if (value.num <= last)
			r = visit(f, &value, data);
	}
	return r;
}

static int visit_item(struct finder *f, const struct dg_item *item, visit visit, void *data)
{
	uint64_t low, high;

	switch (dg_item_form(item, &low, &high)) {
	case DG_ITEM_EXACT:
		return visit(f, &item->low, data);
	case DG_ITEM_SPAN:
		return visit_span(f, item->low, low, high, visit, data);
	case DG_ITEM_LOW_HALF:
		return visit_half(f, item->low, low, visit, data);
	}
	return -EINVAL;
}

/* All that some root loses. */
static int visit_lost(struct finder *f, visit visit, void *data)
{
	int r = 0;

	for (size_t p = 0; p < f->fact->probe_count && r == 0; p++) {
		const struct dg_item_view *view = f->fact->probes[p].view;
		const struct dg_item *item;
		size_t at = 0;

		while (r == 0 && (item = dg_item_view_lost(view, &at)))
			r = visit_item(f, item, visit, data);
		/* A literal is what every root loses. */
		if (dg_items_item(f->items, view->without)->kind != DG_ITEM_SET)
			break;
	}
	return r;
}

static int visit_value(struct finder *f, const struct dg_literal *value, void *data)
{
	uint64_t lost = lost_for(f->fact, value);
	uint32_t classes[64];

	(void)data;
	if (f->items->steps == 0 || f->var_count > ARRAY_SIZE(classes))
		return -E2BIG;
	if (lost == 0)
		return 0;
	if (f->fact->cases.count == 0)
		f->fact->example = *value;
	for (uint32_t i = 0; i < f->var_count; i++)
		classes[i] = class_of(&f->vars[i], value);
	return add_case(f->fact, lost, classes, f->var_count);
}

/* A value of one class that loses nothing. */
struct keeper {
	struct dg_elements of;
	uint32_t class;
	const uint32_t *classes; /* by variable: what it must have there too; NULL: nothing */
	uint64_t held;		 /* probes whose root holds it */
	struct dg_literal value;
};

static bool fits(const struct finder *f, const struct keeper *keeper,
		 const struct dg_literal *value)
{
	if (!keeper->classes)
		return class_in(keeper->of.values, UINT64_MAX, value) == keeper->class;
	for (uint32_t i = 0; i < f->var_count; i++)
		if (class_of(&f->vars[i], value) != keeper->classes[i])
			return false;
	return true;
}

static uint64_t held_of(const struct dg_item_fact *fact, const struct dg_literal *value)
{
	uint64_t held = 0;

	for (size_t p = 0; p < fact->probe_count; p++)
		if (dg_item_view_holds(fact->probes[p].view, value) != DG_ITEM_NONE)
			held |= UINT64_C(1) << p;
	return held;
}

static int visit_keeper(struct finder *f, const struct dg_literal *value, void *data)
{
	struct keeper *keeper = data;

	if (f->items->steps == 0)
		return -E2BIG;
	if (!fits(f, keeper, value) || lost_for(f->fact, value) != 0)
		return 0;
	keeper->held = held_of(f->fact, value);
	keeper->value = *value;
	return 1;
}

static struct dg_literal literal_of(struct finder *f, const struct dg_classifier *c,
				    const struct dg_exact *exact)
{
	struct dg_literal literal = {.type = f->fact->attr->type};
	struct dg_digest_fact fact;

	switch (c->values) {
	case DG_VALUES_STR:
		literal.str = exact->bytes;
		break;
	case DG_VALUES_DIGEST:
		memcpy(&fact, exact->bytes.data, sizeof(fact));
		f->digest = (struct dg_digest){.algo = (enum dg_digest_algo)fact.algo};
		memcpy(f->digest.bytes, fact.bytes, sizeof(f->digest.bytes));
		literal.digest = &f->digest;
		break;
	case DG_VALUES_NUM:
		literal.num = exact->num;
		literal.mask = UINT64_MAX;
		break;
	}
	return literal;
}

static uint64_t top_of(const struct dg_classifier *c, size_t interval, const struct dg_attr *attr)
{
	if (interval + 1 < c->interval_count)
		return c->intervals[interval + 1].low - 1;
	return dg_attr_greatest(attr);
}

/*
 * 1: some value of the class loses nothing. Values that are not among the exact ones of a string or
 * digest are in no list: a class that has them has no value that loses something.
 */
static int find_keeper(struct finder *f, struct keeper *keeper)
{
	const struct dg_elements *e = &keeper->of;
	const struct dg_classifier *c = e->values;
	uint32_t class = keeper->class;
	int r = 0;

	for (uint32_t i = e->exact_off[class]; i < e->exact_off[class + 1] && r == 0; i++) {
		struct dg_literal literal = literal_of(f, c, &c->exact[e->exact[i]]);

		r = visit_keeper(f, &literal, keeper);
	}
	if (c->values != DG_VALUES_NUM) {
		if (r != 0 || e->exact_off[class] < e->exact_off[class + 1])
			return r;
		if (e->bytes)
			keeper->value = (struct dg_literal){.type = f->fact->attr->type,
							    .str = e->bytes[class]};
		return 1;
	}
	for (uint32_t i = e->interval_off[class]; i < e->interval_off[class + 1] && r == 0; i++)
		r = visit_span(f, (struct dg_literal){.type = f->fact->attr->type},
			       c->intervals[e->intervals[i]].low,
			       top_of(c, e->intervals[i], f->fact->attr), visit_keeper, keeper);
	return r;
}

/* The variable that knows the values of a list best: names, or the whole of a number. */
static uint32_t leading(const struct finder *f)
{
	for (uint32_t i = 0; i < f->var_count; i++)
		if (f->vars[i].kind == DG_VAR_NUM ? f->vars[i].mask != LOW_HALF
						  : f->vars[i].values.exact_count > 0)
			return i;
	return 0;
}

/* The classes of cases in which nothing but losses is. */
static int find_rest(struct finder *f)
{
	uint32_t number, lead = leading(f);
	struct dg_elements of;
	int r = dg_symbols_elements(f->symbols, f->fact->group + lead, &of);

	for (uint32_t n = 1; n <= f->fact->cases.count && r >= 0; n++) {
		const uint32_t *classes = dg_item_case_get(f->fact, n).classes;
		struct keeper keeper = {.of = of, .class = classes[lead], .classes = classes};

		r = find_keeper(f, &keeper);
		if (r == 0)
			r = dg_lists_number(&f->fact->rest, classes, f->var_count, &number);
	}
	return r < 0 ? r : 0;
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

static int visit_element(struct finder *f, const struct dg_literal *value, void *data)
{
	struct letter letter = {.lost = lost_for(f->fact, value)};

	if (f->items->steps == 0)
		return -E2BIG;
	if (letter.lost == 0)
		return 0;
	if (((struct dg_item_letters *)data)->count == 0)
		f->fact->example = *value;
	letter.class = class_in(f->elements.values, UINT64_MAX, value);
	letter.held = held_of(f->fact, value);
	return add_letter(data, letter, value);
}

/* Those that lose something come first, so that few are compared. */
static int find_letters(struct finder *f, struct dg_item_letters *letters)
{
	int r = visit_lost(f, visit_element, letters);

	for (uint32_t class = 1; class < f->elements.values->class_count && r >= 0; class ++) {
		struct keeper keeper = {.of = f->elements, .class = class};

		r = find_keeper(f, &keeper);
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
static int settle_state(struct finder *f, const uint32_t *state, bool empty)
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
		return add_case(f->fact, lost, &class, 1);
	return dg_lists_number(&f->fact->rest, &class, 1, &number);
}

static int add_element(struct finder *f, struct dg_lists *states, uint32_t from,
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
static int walk_sets(struct finder *f, const struct dg_item_letters *letters,
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
	uint32_t words[CASE_HEAD], number = 0;
	int r = 0;

	if (w[NOT_EMPTY])
		lost |= w[ALL_WITH] & ~w[ALL_STILL];
	words[0] = (uint32_t)lost;
	words[1] = (uint32_t)(lost >> 32);
	if (lost != 0)
		r = dg_lists_number(&fact->cases, words, CASE_HEAD, &number);
	*ret = 1 + number;
	return r < 0 ? r : fact->cases.count > CASES_MAX ? -E2BIG : 0;
}

/* The automaton of losses, over letters. */
static int find_losses(struct finder *f, struct dg_lists *states)
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

static int find_set_cases(struct finder *f)
{
	struct dg_item_fact *fact = f->fact;
	struct dg_lists states = {};
	int r;

	fact->several = f->var_count > 1;
	fact->letters = calloc(1, sizeof(*fact->letters));
	if (!fact->letters)
		return -ENOMEM;
	r = dg_symbols_elements(f->symbols, fact->group, &f->elements);
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

int dg_item_cases_find(struct dg_item_fact *fact, struct dg_symbols *symbols,
		       struct dg_items *items, bool all)
{
	uint32_t count;
	const struct dg_variable *vars = dg_symbols_variables(symbols, &count);
	struct finder f = {.fact = fact,
			   .items = items,
			   .symbols = symbols,
			   .vars = vars + fact->group,
			   .var_count = vars[fact->group].group_count};
	int r;

	if (f.vars[0].kind == DG_VAR_SET) {
		r = find_set_cases(&f);
	} else {
		r = visit_lost(&f, visit_value, NULL);
		if (r >= 0 && all)
			r = find_rest(&f);
	}
	dg_item_cuts_done(&f.cuts);
	dg_item_cuts_done(&f.halves);
	return r < 0 ? r : 0;
}
