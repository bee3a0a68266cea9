/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "map.h"
#include "util.h"

#define NO_ATOM UINT32_MAX
#define ID_LOW_MASK 0xffffU

enum view {
	VIEW_FULL,
	VIEW_LOW, /* of an id: the second field */
	VIEW_MAX,
};

/* A set of values: intervals for a number, patterns (indices in the variable) for a string. */
struct span {
	uint64_t low, high;
};

struct value_set {
	struct span *spans;
	size_t count, room;
};

struct pattern_set {
	uint32_t *items;
	size_t count, room;
};

struct atom {
	uint32_t var;  /* index in building order */
	uint32_t same; /* next atom with the same hash, or NO_ATOM */
	struct value_set values;
	struct pattern_set patterns;
	uint32_t *classes;
	size_t class_count;
};

struct test {
	uint32_t atoms[2];
};

/* A variable being built. */
struct build_var {
	struct dg_variable v;
	const struct dg_attr *attr;
	struct dg_pattern *patterns;
	size_t pattern_count, pattern_room;
	uint32_t *atoms; /* those on it */
	size_t atom_count, atom_room;
};

struct dg_symbols {
	const struct dg_policy *policy;
	struct build_var *vars;
	size_t var_count, var_room;
	struct dg_variable *ordered;
	uint32_t *order_of; /* building index to diagram index */
	struct atom *atoms;
	size_t atom_count, atom_room;
	struct test *tests;
	size_t test_count, test_room;
	struct dg_map var_of;	  /* (kind and fact, view) to building index */
	struct dg_map atom_of;	  /* (hash, var) to the first atom */
	struct dg_map pattern_of; /* (hash, var and glob) to a pattern */
	struct dg_map test_of;	  /* expression to test */
	struct dg_map time_of;	  /* time to atom */
	struct dg_map set_number; /* set to its number */
	struct dg_map set_tests;  /* (set, attribute) to test */
	uint32_t *set_seen;	  /* by number: round in which it was expanded */
	uint32_t round;
	struct dg_set **set_stack;
	size_t set_stack_room;
	uint32_t clock_atom;
	dg_symbols_report report;
	void *data;
	bool faulty;
};

void dg_symbols_free(struct dg_symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->var_count; i++) {
		free(s->vars[i].v.intervals);
		dg_automaton_done(&s->vars[i].v.automaton);
		free(s->vars[i].patterns);
		free(s->vars[i].atoms);
	}
	for (size_t i = 0; i < s->atom_count; i++) {
		free(s->atoms[i].values.spans);
		free(s->atoms[i].patterns.items);
		free(s->atoms[i].classes);
	}
	free(s->vars);
	free(s->ordered);
	free(s->order_of);
	free(s->atoms);
	free(s->tests);
	dg_map_done(&s->var_of);
	dg_map_done(&s->atom_of);
	dg_map_done(&s->pattern_of);
	dg_map_done(&s->test_of);
	dg_map_done(&s->time_of);
	dg_map_done(&s->set_number);
	dg_map_done(&s->set_tests);
	free(s->set_seen);
	free(s->set_stack);
	free(s);
}
DEFINE_CLEANUP(struct dg_symbols *, dg_symbols_free, symbols)

static int find_var(struct dg_symbols *s, enum dg_var_kind kind, const struct dg_attr *attr,
		    enum view view, uint32_t *ret)
{
	uint16_t fact = attr ? (uint16_t)attr->fact : 0;
	uint64_t key = (uint64_t)kind << 32 | fact;
	struct build_var *var;
	int r;

	if (dg_map_get(&s->var_of, key, view, ret))
		return 0;
	r = dg_array_reserve(&s->vars, &s->var_room, s->var_count + 1, sizeof(*s->vars));
	if (r < 0)
		return r;
	r = dg_map_put(&s->var_of, key, view, (uint32_t)s->var_count);
	if (r < 0)
		return r;
	var = &s->vars[s->var_count];
	*var = (struct build_var){.attr = attr};
	var->v.kind = kind;
	var->v.fact = fact;
	var->v.mask = view == VIEW_LOW ? ID_LOW_MASK : UINT64_MAX;
	*ret = (uint32_t)s->var_count++;
	return 0;
}

static int add_span(struct value_set *set, uint64_t low, uint64_t high)
{
	int r;

	if (low > high)
		return 0;
	r = dg_array_reserve(&set->spans, &set->room, set->count + 1, sizeof(*set->spans));
	if (r < 0)
		return r;
	set->spans[set->count++] = (struct span){.low = low, .high = high};
	return 0;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->high > y->high) - (x->high < y->high);
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Sort, and join what overlaps or touches: equal sets of values look equal. */
static void normalise_values(struct value_set *set)
{
	size_t out = 0;

	if (set->count == 0)
		return;
	qsort(set->spans, set->count, sizeof(*set->spans), compare_spans);
	for (size_t i = 1; i < set->count; i++) {
		struct span *last = &set->spans[out];

		if (last->high == UINT64_MAX || set->spans[i].low <= last->high + 1) {
			if (set->spans[i].high > last->high)
				last->high = set->spans[i].high;
		} else {
			set->spans[++out] = set->spans[i];
		}
	}
	set->count = out + 1;
}

static void normalise_patterns(struct pattern_set *set)
{
	size_t out = 0;

	if (set->count == 0)
		return;
	qsort(set->items, set->count, sizeof(*set->items), compare_u32);
	for (size_t i = 1; i < set->count; i++)
		if (set->items[i] != set->items[out])
			set->items[++out] = set->items[i];
	set->count = out + 1;
}

static bool same_atom(const struct atom *a, const struct atom *b)
{
	return a->var == b->var && a->values.count == b->values.count &&
	       a->patterns.count == b->patterns.count &&
	       (a->values.count == 0 || !memcmp(a->values.spans, b->values.spans,
						a->values.count * sizeof(*a->values.spans))) &&
	       (a->patterns.count == 0 || !memcmp(a->patterns.items, b->patterns.items,
						  a->patterns.count * sizeof(*a->patterns.items)));
}

/* The atom of these values, which are taken over in any case. */
static int intern_atom(struct dg_symbols *s, uint32_t var, struct value_set values,
		       struct pattern_set patterns, uint32_t *ret)
{
	struct atom atom = {.var = var, .same = NO_ATOM, .values = values, .patterns = patterns};
	struct build_var *v = &s->vars[var];
	uint64_t hash;
	int r;

	normalise_values(&atom.values);
	normalise_patterns(&atom.patterns);
	hash = dg_hash(atom.values.spans, atom.values.count * sizeof(*atom.values.spans)) ^
	       dg_hash(atom.patterns.items, atom.patterns.count * sizeof(*atom.patterns.items));
	if (dg_map_get(&s->atom_of, hash, var, &atom.same)) {
		for (uint32_t i = atom.same; i != NO_ATOM; i = s->atoms[i].same)
			if (same_atom(&s->atoms[i], &atom)) {
				*ret = i;
				r = 0;
				goto drop;
			}
	}
	r = dg_array_reserve(&s->atoms, &s->atom_room, s->atom_count + 1, sizeof(*s->atoms));
	if (r < 0)
		goto drop;
	r = dg_array_reserve(&v->atoms, &v->atom_room, v->atom_count + 1, sizeof(*v->atoms));
	if (r < 0)
		goto drop;
	r = dg_map_put(&s->atom_of, hash, var, (uint32_t)s->atom_count);
	if (r < 0)
		goto drop;
	v->atoms[v->atom_count++] = (uint32_t)s->atom_count;
	s->atoms[s->atom_count] = atom;
	*ret = (uint32_t)s->atom_count++;
	return 0;
drop:
	free(atom.values.spans);
	free(atom.patterns.items);
	return r;
}

static int add_pattern(struct dg_symbols *s, uint32_t var, const struct dg_literal *literal,
		       bool glob, struct pattern_set *set)
{
	struct build_var *v = &s->vars[var];
	const struct dg_bytes *str = &literal->str;
	uint64_t hash = dg_hash(str->data, str->len);
	uint32_t number;
	int r;

	/* Equal hashes of different strings: step to the next key. */
	for (; dg_map_get(&s->pattern_of, hash, (uint64_t)var << 1 | glob, &number); hash++) {
		const struct dg_pattern *p = &v->patterns[number];

		if (p->len == str->len && !memcmp(p->data, str->data, str->len))
			break;
	}
	if (!dg_map_get(&s->pattern_of, hash, (uint64_t)var << 1 | glob, &number)) {
		r = dg_array_reserve(&v->patterns, &v->pattern_room, v->pattern_count + 1,
				     sizeof(*v->patterns));
		if (r < 0)
			return r;
		number = (uint32_t)v->pattern_count;
		r = dg_map_put(&s->pattern_of, hash, (uint64_t)var << 1 | glob, number);
		if (r < 0)
			return r;
		v->patterns[v->pattern_count++] =
			(struct dg_pattern){.data = str->data, .len = str->len, .glob = glob};
	}
	r = dg_array_reserve(&set->items, &set->room, set->count + 1, sizeof(*set->items));
	if (r < 0)
		return r;
	set->items[set->count++] = number;
	return 0;
}

/* What a test is made of while its items are gathered. */
struct gather {
	const struct dg_attr *attr;
	struct value_set full, low;
	struct pattern_set patterns;
	bool has_low;
	uint32_t var;
};

/* An id or class pattern: an interval of the whole value, or one value of the low half. */
static int add_literal(struct dg_symbols *s, struct gather *g, const struct dg_literal *literal)
{
	uint64_t width = g->attr->type == DG_TYPE_CLASS ? 0xffffffU
			 : g->attr->type == DG_TYPE_ID	? 0xffffffffU
							: UINT64_MAX;
	uint64_t mask = literal->mask & width, free_bits = ~literal->mask & width;

	if (g->attr->type == DG_TYPE_STRING)
		return add_pattern(s, g->var, literal, false, &g->patterns);
	if (free_bits == 0)
		return add_span(&g->full, literal->num, literal->num);
	if ((free_bits & (free_bits + 1)) == 0)
		return add_span(&g->full, literal->num & mask, (literal->num & mask) | free_bits);
	if (g->attr->type != DG_TYPE_ID || mask != ID_LOW_MASK)
		return -EINVAL;
	g->has_low = true;
	return add_span(&g->low, literal->num & mask, literal->num & mask);
}

static int push_set(struct dg_symbols *s, struct dg_set *set, size_t *depth)
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
				r = add_span(&g->full, items[i].low.num, items[i].high.num);
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

static int gather_test(struct dg_symbols *s, struct gather *g, const struct dg_expr *expr)
{
	const struct dg_literal *literal = &expr->literal;
	uint64_t num = literal->num;

	switch (expr->test) {
	case DG_TEST_TRUE:
		return add_span(&g->full, 1, 1);
	case DG_TEST_EQ:
	case DG_TEST_NE:
		return add_literal(s, g, literal);
	case DG_TEST_LT:
		return num == 0 ? 0 : add_span(&g->full, 0, num - 1);
	case DG_TEST_LE:
		return add_span(&g->full, 0, num);
	case DG_TEST_GT:
		return num == UINT64_MAX ? 0 : add_span(&g->full, num + 1, UINT64_MAX);
	case DG_TEST_GE:
		return add_span(&g->full, num, UINT64_MAX);
	case DG_TEST_IN:
		return gather_items(s, g, expr->items, expr->item_count);
	case DG_TEST_LIKE:
		return add_pattern(s, g->var, literal, true, &g->patterns);
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		return 0;
	}
	return -EINVAL;
}

static int make_test(struct dg_symbols *s, const struct dg_expr *expr, struct test *ret)
{
	struct gather g = {.attr = expr->attr};
	struct test test = {.atoms = {NO_ATOM, NO_ATOM}};
	bool full = true;
	uint32_t low_var;
	int r;

	r = find_var(s, expr->attr->type == DG_TYPE_STRING ? DG_VAR_STR : DG_VAR_NUM, expr->attr,
		     VIEW_FULL, &g.var);
	if (r >= 0)
		r = gather_test(s, &g, expr);
	if (r >= 0 && g.has_low) {
		r = find_var(s, DG_VAR_NUM, expr->attr, VIEW_LOW, &low_var);
		if (r >= 0) {
			struct value_set values = g.low;

			g.low = (struct value_set){};
			r = intern_atom(s, low_var, values, (struct pattern_set){}, &test.atoms[1]);
		}
		full = g.full.count > 0;
	}
	if (r >= 0 && full) {
		struct value_set values = g.full;
		struct pattern_set patterns = g.patterns;

		g.full = (struct value_set){};
		g.patterns = (struct pattern_set){};
		r = intern_atom(s, g.var, values, patterns, &test.atoms[0]);
	}
	free(g.full.spans);
	free(g.low.spans);
	free(g.patterns.items);
	if (r < 0)
		return r;
	if (test.atoms[0] == NO_ATOM) {
		test.atoms[0] = test.atoms[1];
		test.atoms[1] = NO_ATOM;
	}
	*ret = test;
	return 0;
}

static int add_test(struct dg_symbols *s, const struct dg_expr *expr)
{
	const struct dg_set *set = NULL;
	uint32_t number;
	int r;

	if (!dg_attr_in_facts(expr->attr)) {
		s->faulty = true;
		s->report(s->data, DG_SYMBOLS_NO_TABLE_FORM, expr->attr, expr);
		return 0;
	}
	/* `in NAME` is common, and its set may be large: take it apart once an attribute. */
	if (expr->test == DG_TEST_IN && expr->item_count == 1 && expr->items[0].kind == DG_ITEM_SET)
		set = expr->items[0].set;
	if (!set || !dg_map_get(&s->set_tests, (uintptr_t)set, expr->attr->id, &number)) {
		r = dg_array_reserve(&s->tests, &s->test_room, s->test_count + 1,
				     sizeof(*s->tests));
		if (r < 0)
			return r;
		r = make_test(s, expr, &s->tests[s->test_count]);
		if (r < 0)
			return r;
		number = (uint32_t)s->test_count++;
		if (set) {
			r = dg_map_put(&s->set_tests, (uintptr_t)set, expr->attr->id, number);
			if (r < 0)
				return r;
		}
	}
	return dg_map_put(&s->test_of, (uintptr_t)expr, 0, number);
}

/* All tests of a condition. With a stack of its own: a chain of `or` is as deep as it is long. */
static int add_condition(struct dg_symbols *s, const struct dg_expr *where)
{
	_cleanup_free_ const struct dg_expr **stack = NULL;
	size_t depth = 0, room = 0;
	int r = 0;

	if (!where)
		return 0;
	r = dg_array_reserve(&stack, &room, 1, sizeof(*stack));
	if (r < 0)
		return r;
	stack[depth++] = where;
	while (depth > 0 && r >= 0) {
		const struct dg_expr *expr = stack[--depth];

		switch (expr->kind) {
		case DG_EXPR_TRUE:
		case DG_EXPR_FALSE:
			break;
		case DG_EXPR_TEST:
			r = add_test(s, expr);
			break;
		case DG_EXPR_AND:
		case DG_EXPR_OR:
		case DG_EXPR_NOT:
			r = dg_array_reserve(&stack, &room, depth + 2, sizeof(*stack));
			if (r < 0)
				return r;
			if (expr->kind != DG_EXPR_NOT)
				stack[depth++] = expr->right;
			stack[depth++] = expr->left;
			break;
		}
	}
	return r;
}

static int add_time(struct dg_symbols *s, uint64_t low)
{
	struct value_set values = {};
	uint32_t var, atom;
	int r;

	if (dg_map_get(&s->time_of, low, 0, &atom))
		return 0;
	r = find_var(s, DG_VAR_TIME, NULL, VIEW_FULL, &var);
	if (r < 0)
		return r;
	r = add_span(&values, low, UINT64_MAX);
	if (r < 0)
		return r;
	r = intern_atom(s, var, values, (struct pattern_set){}, &atom);
	if (r < 0)
		return r;
	return dg_map_put(&s->time_of, low, 0, atom);
}

static int add_clock(struct dg_symbols *s)
{
	struct value_set values = {};
	uint32_t var;
	int r;

	if (s->clock_atom != NO_ATOM)
		return 0;
	r = find_var(s, DG_VAR_CLOCK, NULL, VIEW_FULL, &var);
	if (r < 0)
		return r;
	r = add_span(&values, 1, 1);
	if (r < 0)
		return r;
	return intern_atom(s, var, values, (struct pattern_set){}, &s->clock_atom);
}

/*
 * Partition of elements 0 … count - 1: two are in one class when no set of elements that
 * split_classes() was called with tells them apart.
 */
struct classes {
	uint32_t *class_of;
	uint32_t count;
	uint32_t *size, *hit, *moved; /* by class */
	uint32_t *touched;
};

static void classes_done(struct classes *c)
{
	free(c->class_of);
	free(c->size);
	free(c->hit);
	free(c->moved);
	free(c->touched);
}

static int classes_init(struct classes *c, size_t elements)
{
	c->class_of = calloc(elements + 1, sizeof(uint32_t));
	c->size = calloc(elements + 1, sizeof(uint32_t));
	c->hit = calloc(elements + 1, sizeof(uint32_t));
	c->moved = calloc(elements + 1, sizeof(uint32_t));
	c->touched = calloc(elements + 1, sizeof(uint32_t));
	if (!c->class_of || !c->size || !c->hit || !c->moved || !c->touched)
		return -ENOMEM;
	c->count = 1;
	c->size[0] = (uint32_t)elements;
	return 0;
}

static void split_classes(struct classes *c, const uint32_t *elements, size_t count)
{
	uint32_t touched = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t class = c->class_of[elements[i]];

		if (c->hit[class]++ == 0)
			c->touched[touched++] = class;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t class = c->class_of[elements[i]];

		/* A class that was made just now has no hits: its elements are here for the first
		 * time. */
		if (c->hit[class] == c->size[class])
			continue;
		if (c->moved[class] == 0)
			c->moved[class] = c->count++;
		c->class_of[elements[i]] = c->moved[class];
		c->size[c->moved[class]]++;
	}
	for (uint32_t i = 0; i < touched; i++) {
		uint32_t class = c->touched[i];

		if (c->moved[class] != 0)
			c->size[class] -= c->hit[class];
		c->hit[class] = c->moved[class] = 0;
	}
}

/* Number the classes from 1 in the order of their first element. Returns their count, 0 included.
 */
static uint32_t number_classes(struct classes *c, size_t elements)
{
	uint32_t next = 1;

	memset(c->moved, 0, c->count * sizeof(*c->moved));
	for (size_t e = 0; e < elements; e++) {
		uint32_t *number = &c->moved[c->class_of[e]];

		if (*number == 0)
			*number = next++;
		c->class_of[e] = *number;
	}
	return next;
}

/* The classes that the elements of an atom make up. */
static int atom_classes(struct atom *atom, const struct classes *c, const uint32_t *elements,
			size_t count)
{
	size_t n = 0;

	atom->classes = calloc(count + 1, sizeof(*atom->classes));
	if (!atom->classes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		atom->classes[n++] = c->class_of[elements[i]];
	if (n > 1) {
		size_t out = 0;

		qsort(atom->classes, n, sizeof(*atom->classes), compare_u32);
		for (size_t i = 1; i < n; i++)
			if (atom->classes[i] != atom->classes[out])
				atom->classes[++out] = atom->classes[i];
		n = out + 1;
	}
	atom->class_count = n;
	return 0;
}

/* The elements (a growing array) that one atom covers. */
typedef int (*cover_fn)(const struct build_var *v, const struct atom *atom, const void *data,
			uint32_t **elements, size_t *room, size_t *ret_count);

static int classify(struct dg_symbols *s, struct build_var *v, size_t elements, cover_fn cover,
		    const void *data, struct classes *c)
{
	_cleanup_free_ uint32_t *covered = NULL;
	size_t room = 0, count;
	int r;

	r = classes_init(c, elements);
	if (r < 0)
		return r;
	for (size_t i = 0; i < v->atom_count; i++) {
		r = cover(v, &s->atoms[v->atoms[i]], data, &covered, &room, &count);
		if (r < 0)
			return r;
		split_classes(c, covered, count);
	}
	v->v.class_count = number_classes(c, elements);
	for (size_t i = 0; i < v->atom_count; i++) {
		r = cover(v, &s->atoms[v->atoms[i]], data, &covered, &room, &count);
		if (r >= 0)
			r = atom_classes(&s->atoms[v->atoms[i]], c, covered, count);
		if (r < 0)
			return r;
	}
	return 0;
}

struct cuts {
	uint64_t *items; /* ascending, items[0] = 0; element e is items[e] … items[e + 1] - 1 */
	size_t count, room;
};

static size_t cut_index(const struct cuts *cuts, uint64_t value)
{
	size_t low = 0, high = cuts->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (cuts->items[middle] <= value)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int cover_spans(const struct build_var *v _unused_, const struct atom *atom,
		       const void *data, uint32_t **elements, size_t *room, size_t *ret_count)
{
	const struct cuts *cuts = data;
	size_t count = 0;

	for (size_t i = 0; i < atom->values.count; i++) {
		size_t first = cut_index(cuts, atom->values.spans[i].low);
		size_t last = cut_index(cuts, atom->values.spans[i].high);
		int r = dg_array_reserve(elements, room, count + last - first + 1,
					 sizeof(**elements));

		if (r < 0)
			return r;
		for (size_t e = first; e <= last; e++)
			(*elements)[count++] = (uint32_t)e;
	}
	*ret_count = count;
	return 0;
}

static int add_cut(struct cuts *cuts, uint64_t value)
{
	int r = dg_array_reserve(&cuts->items, &cuts->room, cuts->count + 1, sizeof(*cuts->items));

	if (r < 0)
		return r;
	cuts->items[cuts->count++] = value;
	return 0;
}

static int find_cuts(const struct dg_symbols *s, const struct build_var *v, struct cuts *cuts)
{
	size_t out = 0;
	int r;

	r = add_cut(cuts, 0);
	for (size_t i = 0; i < v->atom_count && r >= 0; i++) {
		const struct value_set *values = &s->atoms[v->atoms[i]].values;

		for (size_t k = 0; k < values->count && r >= 0; k++) {
			r = add_cut(cuts, values->spans[k].low);
			if (r >= 0 && values->spans[k].high != UINT64_MAX)
				r = add_cut(cuts, values->spans[k].high + 1);
		}
	}
	if (r < 0)
		return r;
	qsort(cuts->items, cuts->count, sizeof(*cuts->items), compare_u64);
	for (size_t i = 1; i < cuts->count; i++)
		if (cuts->items[i] != cuts->items[out])
			cuts->items[++out] = cuts->items[i];
	cuts->count = out + 1;
	return 0;
}

static int classify_numbers(struct dg_symbols *s, struct build_var *v)
{
	struct classes classes = {};
	struct cuts cuts = {};
	int r;

	r = find_cuts(s, v, &cuts);
	if (r >= 0)
		r = classify(s, v, cuts.count, cover_spans, &cuts, &classes);
	if (r >= 0) {
		v->v.intervals = calloc(cuts.count, sizeof(*v->v.intervals));
		if (!v->v.intervals)
			r = -ENOMEM;
	}
	for (size_t e = 0; r >= 0 && e < cuts.count; e++) {
		struct dg_interval *last = v->v.intervals + v->v.interval_count - 1;

		if (e > 0 && last->class == classes.class_of[e])
			continue;
		v->v.intervals[v->v.interval_count++] =
			(struct dg_interval){.low = cuts.items[e], .class = classes.class_of[e]};
	}
	classes_done(&classes);
	free(cuts.items);
	return r;
}

/* For each pattern the labels of the automaton that contain it. */
struct labels {
	uint32_t *off, *items;
	uint32_t *seen; /* by label: number of the last atom that took it */
	uint32_t *round;
};

static int find_labels(const struct build_var *v, struct labels *l)
{
	const struct dg_automaton *a = &v->v.automaton;
	uint32_t total = a->set_off[a->label_count];

	l->off = calloc(v->pattern_count + 2, sizeof(*l->off));
	l->items = calloc(total + UINT64_C(1), sizeof(*l->items));
	l->seen = calloc(a->label_count + UINT64_C(1), sizeof(*l->seen));
	l->round = calloc(1, sizeof(*l->round));
	if (!l->off || !l->items || !l->seen || !l->round)
		return -ENOMEM;
	for (uint32_t i = 0; i < total; i++)
		l->off[a->set_items[i] + 2]++;
	for (size_t p = 0; p < v->pattern_count; p++)
		l->off[p + 2] += l->off[p + 1];
	for (uint32_t label = 0; label < a->label_count; label++)
		for (uint32_t i = a->set_off[label]; i < a->set_off[label + 1]; i++)
			l->items[l->off[a->set_items[i] + 1]++] = label;
	return 0;
}

static int cover_labels(const struct build_var *v _unused_, const struct atom *atom,
			const void *data, uint32_t **elements, size_t *room, size_t *ret_count)
{
	const struct labels *l = data;
	uint32_t round = ++*l->round;
	size_t count = 0;

	for (size_t i = 0; i < atom->patterns.count; i++) {
		uint32_t p = atom->patterns.items[i];
		int r = dg_array_reserve(elements, room, count + l->off[p + 1] - l->off[p],
					 sizeof(**elements));

		if (r < 0)
			return r;
		for (uint32_t k = l->off[p]; k < l->off[p + 1]; k++) {
			if (l->seen[l->items[k]] == round)
				continue;
			l->seen[l->items[k]] = round;
			(*elements)[count++] = l->items[k];
		}
	}
	*ret_count = count;
	return 0;
}

static int classify_strings(struct dg_symbols *s, struct build_var *v)
{
	struct classes classes = {};
	struct labels labels = {};
	int r;

	r = dg_automaton_build(v->patterns, v->pattern_count, DG_AUTOMATON_MAX_ENTRIES,
			       &v->v.automaton);
	if (r == -E2BIG) {
		s->faulty = true;
		s->report(s->data, DG_SYMBOLS_TOO_BIG, v->attr, NULL);
		return 0;
	}
	if (r >= 0)
		r = find_labels(v, &labels);
	if (r >= 0)
		r = classify(s, v, v->v.automaton.label_count, cover_labels, &labels, &classes);
	if (r >= 0)
		r = dg_automaton_minimise(&v->v.automaton, classes.class_of);
	classes_done(&classes);
	free(labels.off);
	free(labels.items);
	free(labels.seen);
	free(labels.round);
	return r;
}

static int classify_clock(struct dg_symbols *s, struct build_var *v)
{
	struct atom *atom = &s->atoms[s->clock_atom];

	v->v.class_count = 3;
	atom->classes = calloc(1, sizeof(*atom->classes));
	if (!atom->classes)
		return -ENOMEM;
	atom->classes[0] = 1;
	atom->class_count = 1;
	return 0;
}

static bool is_clock(const struct dg_variable *v)
{
	return v->kind == DG_VAR_TIME || v->kind == DG_VAR_CLOCK;
}

static bool goes_before(const struct dg_variable *a, const struct dg_variable *b)
{
	if (is_clock(a) != is_clock(b))
		return !is_clock(a);
	if ((a->kind == DG_VAR_STR) != (b->kind == DG_VAR_STR))
		return a->kind == DG_VAR_STR;
	if (a->class_count != b->class_count)
		return a->class_count > b->class_count;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->fact != b->fact)
		return a->fact < b->fact;
	return a->mask > b->mask;
}

static int order_variables(struct dg_symbols *s)
{
	s->ordered = calloc(s->var_count + 1, sizeof(*s->ordered));
	s->order_of = calloc(s->var_count + 1, sizeof(*s->order_of));
	if (!s->ordered || !s->order_of)
		return -ENOMEM;
	for (size_t i = 0; i < s->var_count; i++) {
		for (size_t k = 0; k < s->var_count; k++)
			if (k != i && goes_before(&s->vars[k].v, &s->vars[i].v))
				s->order_of[i]++;
		s->ordered[s->order_of[i]] = s->vars[i].v;
	}
	return 0;
}

static int gather_rules(struct dg_symbols *s)
{
	int r = 0;

	for (size_t i = 0; i < s->policy->set_count && r >= 0; i++)
		r = dg_map_put(&s->set_number, (uintptr_t)s->policy->sets[i], 0, (uint32_t)i);
	for (size_t i = 0; i < s->policy->rule_count && r >= 0; i++) {
		const struct dg_rule_node *rule = &s->policy->rules[i];

		r = add_condition(s, rule->where);
		if (r >= 0 && rule->has_from)
			r = add_time(s, rule->from);
		if (r >= 0 && rule->has_until)
			r = add_time(s, rule->until);
		if (r >= 0 && rule->has_until)
			r = add_clock(s);
	}
	return r;
}

int dg_symbols_new(const struct dg_policy *policy, dg_symbols_report report, void *data,
		   struct dg_symbols **ret)
{
	_cleanup_(dg_cleanup_symbols) struct dg_symbols *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->policy = policy;
	s->report = report;
	s->data = data;
	s->clock_atom = NO_ATOM;
	s->set_seen = calloc(policy->set_count + 1, sizeof(*s->set_seen));
	if (!s->set_seen)
		return -ENOMEM;
	r = gather_rules(s);
	for (size_t i = 0; i < s->var_count && r >= 0; i++) {
		struct build_var *v = &s->vars[i];

		if (v->v.kind == DG_VAR_STR)
			r = classify_strings(s, v);
		else if (v->v.kind == DG_VAR_CLOCK)
			r = classify_clock(s, v);
		else
			r = classify_numbers(s, v);
	}
	if (r < 0)
		return r;
	if (s->faulty)
		return -EOPNOTSUPP;
	r = order_variables(s);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

const struct dg_variable *dg_symbols_variables(const struct dg_symbols *s, uint32_t *ret_count)
{
	*ret_count = (uint32_t)s->var_count;
	return s->ordered;
}

static struct dg_atom public_atom(const struct dg_symbols *s, uint32_t number)
{
	const struct atom *atom = &s->atoms[number];

	return (struct dg_atom){.var = s->order_of[atom->var],
				.classes = atom->classes,
				.class_count = atom->class_count};
}

unsigned int dg_symbols_test(const struct dg_symbols *s, const struct dg_expr *expr,
			     struct dg_atom ret[static 2])
{
	const struct test *test;
	uint32_t number;

	if (!dg_map_get(&s->test_of, (uintptr_t)expr, 0, &number))
		return 0;
	test = &s->tests[number];
	ret[0] = public_atom(s, test->atoms[0]);
	if (test->atoms[1] == NO_ATOM)
		return 1;
	ret[1] = public_atom(s, test->atoms[1]);
	return 2;
}

struct dg_atom dg_symbols_time_from(const struct dg_symbols *s, uint64_t low)
{
	uint32_t number = 0;

	dg_map_get(&s->time_of, low, 0, &number);
	return public_atom(s, number);
}

struct dg_atom dg_symbols_clock_synced(const struct dg_symbols *s)
{
	return public_atom(s, s->clock_atom);
}
