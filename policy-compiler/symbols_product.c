/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * One string, or one set, for the classes of several variables: the automata run side by side, as
 * far as each can still come to its class.
 */
#include "symbols_build.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "automaton_strings.h"
#include "util.h"

#define MAX_STATES (64U << 10)
#define MAX_STEPS (8U << 20)
#define MAX_SIDE 64 /* automata side by side */
/* Steps of automata for all questions about a policy: about a second. */
#define MAX_WORK (UINT64_C(128) << 20)
#define STEPS_TO_NUMBER 8 /* what it is to find the class of an element and to number it */
#define NO_STATE UINT32_MAX

/* One automaton of either kind: symbols are byte classes, or classes of elements. */
struct side {
	const uint32_t *next, *class;
	uint32_t state_count, symbol_count;
	uint32_t wanted;
	bool *useful; /* by state: can come to the wanted class */
};

struct product {
	struct side sides[MAX_SIDE];
	uint32_t count;
	struct dg_lists states; /* a state of each side */
	uint32_t *symbols;	/* by joint symbol: a symbol of each side */
	uint32_t symbol_count;
	uint64_t *work; /* of all questions */
};

static void product_done(struct product *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		free(p->sides[i].useful);
	dg_lists_done(&p->states);
	free(p->symbols);
}

static int find_useful(struct side *side)
{
	bool changed = true;

	side->useful = calloc(side->state_count, sizeof(*side->useful));
	if (!side->useful)
		return -ENOMEM;
	for (uint32_t s = 0; s < side->state_count; s++)
		side->useful[s] = side->class[s] == side->wanted;
	while (changed) {
		changed = false;
		/* States are numbered breadth first, so most lead to later ones. */
		for (uint32_t s = side->state_count; s-- > 0;) {
			const uint32_t *row = side->next + (size_t)s * side->symbol_count;
			uint32_t c = side->useful[s] ? side->symbol_count : 0;

			while (c < side->symbol_count && !side->useful[row[c]])
				c++;
			if (side->useful[s] || c == side->symbol_count)
				continue;
			side->useful[s] = changed = true;
		}
	}
	return 0;
}

static int add_side(struct product *p, struct side side)
{
	if (p->count == MAX_SIDE)
		return -E2BIG;
	p->sides[p->count] = side;
	return find_useful(&p->sides[p->count++]);
}

/* Every distinct combination of symbols; @of(i, n) is what side i makes of value n. */
static int find_symbols(struct product *p, uint32_t *symbol_of, uint32_t value_count,
			uint32_t *ret_symbols)
{
	struct dg_lists lists = {};
	int r = 0;

	for (uint32_t n = 0; n < value_count && r >= 0; n++) {
		r = dg_lists_number(&lists, symbol_of + (size_t)n * p->count, p->count,
				    &ret_symbols[n]);
		ret_symbols[n]--;
	}
	p->symbols = TAKE_PTR(lists.items);
	p->symbol_count = lists.count;
	dg_lists_done(&lists);
	return r;
}

/* The joint state after a symbol; NO_STATE: it comes to nothing. */
static int step(struct product *p, uint32_t state, uint32_t symbol, uint32_t *ret)
{
	uint32_t tuple[MAX_SIDE];
	uint32_t number;
	int r;

	for (uint32_t i = 0; i < p->count; i++) {
		const struct side *side = &p->sides[i];
		uint32_t at = p->states.items[(size_t)state * p->count + i];

		at = side->next[(size_t)at * side->symbol_count +
				p->symbols[(size_t)symbol * p->count + i]];
		if (!side->useful[at]) {
			*ret = NO_STATE;
			return 0;
		}
		tuple[i] = at;
	}
	r = dg_lists_number(&p->states, tuple, p->count, &number);
	if (r < 0)
		return r;
	if (p->states.count > MAX_STATES)
		return -E2BIG;
	*ret = number - 1;
	return 0;
}

/* 0: no state of all sides is useful from the start on. */
static int first_state(struct product *p)
{
	uint32_t tuple[MAX_SIDE] = {}, number;
	int r;

	for (uint32_t i = 0; i < p->count; i++)
		if (!p->sides[i].useful[0])
			return 0;
	r = dg_lists_number(&p->states, tuple, p->count, &number);
	return r < 0 ? r : 1;
}

static bool wanted(const struct product *p, uint32_t state)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->sides[i].class[p->states.items[(size_t)state * p->count + i]] !=
		    p->sides[i].wanted)
			return false;
	return true;
}

/* The joint automaton: label 1 where all sides have what is wanted; the last state is for nothing.
 */
static int join(struct product *p, const uint32_t *symbol_of_byte, struct dg_automaton *ret)
{
	_cleanup_free_ uint32_t *next = NULL;
	struct dg_automaton a = {.byte_class_count = p->symbol_count, .label_count = 2};
	size_t room = 0, count = 0;
	uint32_t target;
	int r = 0;

	for (uint32_t s = 0; s < p->states.count && r >= 0; s++) {
		*p->work += (uint64_t)p->symbol_count * p->count;
		if (*p->work > MAX_WORK)
			return -E2BIG;
		r = dg_array_reserve(&next, &room, count + p->symbol_count, sizeof(*next));
		for (uint32_t c = 0; c < p->symbol_count && r >= 0; c++) {
			r = step(p, s, c, &target);
			next[count++] = target;
		}
		if (count > MAX_STEPS)
			return -E2BIG;
	}
	if (r >= 0)
		r = dg_array_reserve(&next, &room, count + p->symbol_count, sizeof(*next));
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (next[i] == NO_STATE)
			next[i] = p->states.count;
	for (uint32_t c = 0; c < p->symbol_count; c++)
		next[count++] = p->states.count;
	a.state_count = p->states.count + 1;
	a.label = calloc(a.state_count, sizeof(*a.label));
	if (!a.label)
		return -ENOMEM;
	for (uint32_t s = 0; s < p->states.count; s++)
		a.label[s] = wanted(p, s);
	for (unsigned int byte = 0; byte < 256; byte++)
		a.byte_class[byte] = (uint8_t)symbol_of_byte[byte];
	a.next = TAKE_PTR(next);
	*ret = a;
	return 0;
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

static bool never(const void *data _unused_, struct dg_bytes string _unused_)
{
	return false;
}

static bool has_classes(const struct dg_variable *v, const uint32_t *classes,
			struct dg_bytes string)
{
	for (uint32_t i = 0; i < v->group_count; i++)
		if (classes[i] != DG_CLASS_ANY &&
		    dg_classifier_bytes(&v[i].values, string) != classes[i])
			return false;
	return true;
}

/* The names that are one of the classes themselves. */
static int try_names(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		     struct dg_bytes *ret)
{
	const struct dg_variable *v = &s->ordered[first_var];
	int r;

	for (uint32_t i = 0; i < v->group_count; i++) {
		const struct dg_build_var *b = &s->var_builds[s->build_of[first_var + i]];

		if (classes[i] == DG_CLASS_ANY || v[i].values.exact_count == 0)
			continue;
		r = dg_variable_members(s, first_var + i);
		if (r < 0)
			return r;
		for (uint32_t k = b->exact_off[classes[i]]; k < b->exact_off[classes[i] + 1]; k++) {
			struct dg_bytes name = v[i].values.exact[b->exact[k]].bytes;

			if (has_classes(v, classes, name)) {
				*ret = name;
				return 1;
			}
		}
	}
	return 0;
}

/*
 * Before the automata run side by side: the plain strings of the classes, and what comes of putting
 * behind one another those that something is still missing for. Most questions are no harder.
 */
static int try_plain(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		     struct dg_arena *arena, struct dg_bytes *ret)
{
	const struct dg_variable *v = &s->ordered[first_var];
	char text[DG_STR_BYTES];
	struct dg_bytes joined = {.data = text}, plain;

	for (uint32_t i = 0; i < v->group_count; i++) {
		if (classes[i] == DG_CLASS_ANY)
			continue;
		plain = s->var_builds[s->build_of[first_var + i]].plain.bytes[classes[i]];
		if (has_classes(v, classes, plain)) {
			*ret = plain;
			return 1;
		}
		if (joined.len + plain.len > sizeof(text) ||
		    dg_classifier_bytes(&v[i].values, joined) == classes[i])
			continue;
		memcpy(text + joined.len, plain.data, plain.len);
		joined.len += plain.len;
	}
	if (!has_classes(v, classes, joined))
		return 0;
	ret->data = dg_arena_copy(arena, text, joined.len);
	ret->len = joined.len;
	return ret->data ? 1 : -ENOMEM;
}

int dg_product_string(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		      struct dg_arena *arena, struct dg_bytes *ret)
{
	const struct dg_variable *v = &s->ordered[first_var];
	_cleanup_(product_done) struct product p = {.work = &s->product_work};
	_cleanup_(dg_automaton_done) struct dg_automaton joint = {};
	const struct dg_classifier *names = NULL; /* the one with exact values, if it matters */
	const struct dg_automaton *automata[MAX_SIDE];
	_cleanup_free_ uint32_t *symbol_of = NULL;
	uint32_t joint_symbol[256];
	struct dg_bytes found[2];
	int r;

	r = try_names(s, first_var, classes, ret);
	if (r == 0)
		r = try_plain(s, first_var, classes, arena, ret);
	for (uint32_t i = 0; i < v->group_count && r == 0; i++) {
		const struct dg_automaton *a = &v[i].values.automaton;

		if (classes[i] == DG_CLASS_ANY)
			continue;
		if (v[i].values.exact_count > 0)
			names = &v[i].values;
		if (a->state_count == 0) {
			if (classes[i] != v[i].values.rest)
				return 0;
			continue;
		}
		automata[p.count] = a;
		s->product_work += (uint64_t)a->state_count * a->byte_class_count;
		if (s->product_work > MAX_WORK)
			return -E2BIG;
		r = add_side(&p, (struct side){.next = a->next,
					       .class = a->label,
					       .state_count = a->state_count,
					       .symbol_count = a->byte_class_count,
					       .wanted = classes[i]});
	}
	if (r != 0)
		return r;
	symbol_of = calloc(256 * (p.count + UINT64_C(1)), sizeof(*symbol_of));
	if (!symbol_of)
		return -ENOMEM;
	for (unsigned int byte = 0; byte < 256; byte++)
		for (uint32_t i = 0; i < p.count; i++)
			symbol_of[(size_t)byte * p.count + i] =
				automata[i]->byte_class[byte ? byte : 1];
	r = find_symbols(&p, symbol_of, 256, joint_symbol);
	if (r >= 0)
		r = first_state(&p);
	if (r <= 0)
		return r;
	r = join(&p, joint_symbol, &joint);
	if (r >= 0)
		r = dg_automaton_strings(&joint, names ? is_exact : never, names, arena, found);
	if (r < 0)
		return r;
	if (!found[1].data)
		return 0;
	*ret = found[1];
	return 1;
}

/*
 * The search for a set: element by element, first what brings the classes nearest. Elements that a
 * side still needs at least, over all sides, and by how many sides at once one element can be of
 * use, tell early that there is no room for them.
 */
struct growth {
	struct product *p;
	uint32_t *need[MAX_SIDE]; /* by state: elements to the wanted class; NO_STATE: too many */
	uint32_t share;		  /* sides that one element is of use for, at most */
	unsigned int limit;
	uint8_t *size_plus_one; /* by joint state: fewest elements it was met with */
	uint32_t taken[DG_SET_NUMBERS];
	unsigned int count;
	size_t steps;
};

static void growth_done(struct growth *g)
{
	for (size_t i = 0; i < MAX_SIDE; i++)
		free(g->need[i]);
	free(g->size_plus_one);
}

/* Breadth first and backwards, a level a round: sets are small. */
static int find_need(const struct side *side, unsigned int limit, uint32_t **ret)
{
	uint32_t *need = calloc(side->state_count, sizeof(*need));
	bool changed = true;

	if (!need)
		return -ENOMEM;
	for (uint32_t s = 0; s < side->state_count; s++)
		need[s] = side->class[s] == side->wanted ? 0 : NO_STATE;
	for (uint32_t level = 0; level < limit && changed; level++) {
		changed = false;
		for (uint32_t s = 0; s < side->state_count; s++) {
			const uint32_t *row = side->next + (size_t)s * side->symbol_count;

			for (uint32_t c = 1; c < side->symbol_count && need[s] == NO_STATE; c++)
				if (need[row[c]] == level) {
					need[s] = level + 1;
					changed = true;
				}
		}
	}
	*ret = need;
	return 0;
}

/* Does every element leave the first state? Then only the empty set is in it. */
static bool starts_apart(const struct side *side)
{
	for (uint32_t c = 1; c < side->symbol_count; c++)
		if (side->next[c] == 0)
			return false;
	return true;
}

/* Of use after a first element. */
static bool of_use(const struct side *side, uint32_t symbol)
{
	for (uint32_t s = starts_apart(side); s < side->state_count; s++)
		if (side->next[(size_t)s * side->symbol_count + symbol] != s)
			return true;
	return false;
}

static int prepare_growth(struct growth *g)
{
	struct product *p = g->p;
	int r = 0;

	g->size_plus_one = calloc(MAX_STATES + 1, sizeof(*g->size_plus_one));
	if (!g->size_plus_one)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->count && r >= 0; i++)
		r = find_need(&p->sides[i], g->limit, &g->need[i]);
	g->share = 1;
	for (uint32_t c = 0; c < p->symbol_count && r >= 0; c++) {
		uint32_t sides = 0;

		for (uint32_t i = 0; i < p->count; i++)
			sides += of_use(&p->sides[i], p->symbols[(size_t)c * p->count + i]);
		if (sides > g->share)
			g->share = sides;
	}
	return r;
}

/* At least so many elements more; more than the limit: never. */
static uint32_t missing(const struct growth *g, uint32_t state)
{
	const struct product *p = g->p;
	uint64_t sum = 0, most = 0;

	for (uint32_t i = 0; i < p->count; i++) {
		uint32_t need = g->need[i][p->states.items[(size_t)state * p->count + i]];

		if (need == NO_STATE)
			return g->limit + 1;
		sum += need;
		if (need > most)
			most = need;
	}
	if (state == 0)
		return (uint32_t)most;
	sum = (sum + g->share - 1) / g->share;
	return (uint32_t)(sum > most ? sum : most);
}

static int grow_set(struct growth *g, uint32_t state);

/* Further elements that leave @left missing. */
static int grow_by(struct growth *g, uint32_t state, uint32_t left)
{
	uint32_t target;
	int r = 0;

	for (uint32_t c = 0; c < g->p->symbol_count && r == 0; c++) {
		if (++g->steps > MAX_STEPS)
			return -E2BIG;
		r = step(g->p, state, c, &target);
		if (r < 0 || target == NO_STATE || target == state || missing(g, target) != left)
			continue;
		g->taken[g->count++] = c;
		r = grow_set(g, target);
		if (r == 0)
			g->count--;
	}
	return r;
}

/* 1: ->taken leads to what is wanted. */
static int grow_set(struct growth *g, uint32_t state)
{
	uint32_t least = missing(g, state);
	int r = 0;

	if (wanted(g->p, state))
		return 1;
	if (g->count + least > g->limit ||
	    (g->size_plus_one[state] != 0 && g->size_plus_one[state] <= g->count + 1))
		return 0;
	g->size_plus_one[state] = (uint8_t)(g->count + 1);
	for (uint32_t left = least > 0 ? least - 1 : 0; g->count + 1 + left <= g->limit && r == 0;
	     left++)
		r = grow_by(g, state, left);
	return r;
}

static int list_elements(const struct growth *g, const uint64_t *all_nums,
			 const struct dg_bytes *all_strings, const uint32_t *value_of,
			 struct dg_arena *arena, struct dg_group_value *ret)
{
	uint64_t *nums = dg_arena_alloc(arena, g->count * sizeof(*nums));
	struct dg_bytes *strings = dg_arena_alloc(arena, g->count * sizeof(*strings));

	if (!nums || !strings)
		return -ENOMEM;
	for (size_t i = 0; i < g->count; i++) {
		uint32_t value = value_of[g->taken[i]];

		if (all_nums)
			nums[i] = all_nums[value];
		else
			strings[i] = all_strings[value];
	}
	ret->nums = nums;
	ret->strings = strings;
	ret->count = g->count;
	return 1;
}

/* The symbol that a side has for each value; @values: NULL where it is the value's own number. */
static void find_side(uint32_t *symbol_of, size_t stride, uint32_t count,
		      const struct dg_classifier *values, const uint64_t *nums,
		      const struct dg_bytes *bytes)
{
	for (uint32_t n = 1; n < count; n++) {
		uint32_t symbol = n;

		if (values)
			symbol = nums ? dg_classifier_num(values, nums[n])
				      : dg_classifier_bytes(values, bytes[n]);
		symbol_of[(n - 1) * stride] = symbol;
	}
}

static int add_set(struct product *p, const struct dg_set_automaton *set, uint32_t wanted)
{
	return add_side(p, (struct side){.next = set->next,
					 .class = set->class,
					 .state_count = set->state_count,
					 .symbol_count = set->element_classes,
					 .wanted = wanted});
}

int dg_product_set(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		   struct dg_arena *arena, struct dg_group_value *ret)
{
	const struct dg_variable *v = &s->ordered[first_var];
	const struct dg_view *view = &s->views[s->var_builds[s->build_of[first_var]].view];
	const struct dg_set_extra *extra = dg_extra_of(s, first_var);
	const uint64_t *nums = extra ? extra->nums : view->plain.nums;
	const struct dg_bytes *bytes = extra ? extra->bytes : view->plain.bytes;
	const struct dg_classifier *values[MAX_SIDE] = {};
	_cleanup_free_ uint32_t *symbol_of = NULL, *joint_symbol = NULL, *value_of = NULL;
	_cleanup_(product_done) struct product p = {};
	_cleanup_(growth_done) struct growth g = {
		.p = &p, .limit = view->values == DG_VALUES_STR ? DG_SET_STRINGS : DG_SET_NUMBERS};
	uint32_t count = extra ? extra->letter_count : view->elements.class_count;
	int r = 0;

	if (count == 0)
		return -E2BIG;
	for (uint32_t i = 0; i < v->group_count && r >= 0; i++) {
		if (classes[i] == DG_CLASS_ANY)
			continue;
		if (p.count < MAX_SIDE)
			values[p.count] = &v[i].values;
		r = add_set(&p, &v[i].set, classes[i]);
	}
	if (r >= 0 && extra)
		r = add_set(&p, &extra->automaton, extra->wanted);
	s->product_work += (uint64_t)count * p.count * STEPS_TO_NUMBER;
	if (r >= 0 && s->product_work > MAX_WORK)
		r = -E2BIG;
	if (r < 0)
		return r;
	symbol_of = calloc((size_t)count * p.count, sizeof(*symbol_of));
	joint_symbol = calloc(count, sizeof(*joint_symbol));
	value_of = calloc(count, sizeof(*value_of));
	if (!symbol_of || !joint_symbol || !value_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < p.count; i++)
		find_side(symbol_of + i, p.count, count, values[i], nums, bytes);
	r = find_symbols(&p, symbol_of, count - 1, joint_symbol);
	if (r < 0)
		return r;
	for (uint32_t n = count; n-- > 1;)
		value_of[joint_symbol[n - 1]] = n;
	r = first_state(&p);
	if (r > 0)
		r = prepare_growth(&g);
	if (r < 0 || p.states.count == 0)
		return r;
	r = grow_set(&g, 0);
	return r > 0 ? list_elements(&g, nums, bytes, value_of, arena, ret) : r;
}
