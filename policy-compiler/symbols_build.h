/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What the parts of the symbols share while they are built: symbols_gather.c takes tests apart into
 * atoms, symbols_number.c, symbols_string.c and symbols_set.c find classes,
 * symbols_variable.c makes them variables, symbols.c puts these in order.
 */
#pragma once

#include "arena.h"
#include "lists.h"
#include "map.h"
#include "symbols.h"

#define DG_NONE UINT32_MAX
#define DG_EXTRAS_MAX 8 /* set-valued facts */

/* A plain value of each class: the lowest number, a short string. One of the two is NULL. */
struct dg_plain {
	uint64_t *nums;
	struct dg_bytes *bytes;
};

/* An exact value of a view. */
struct dg_point {
	uint64_t num;	       /* numbers; else the hash of @bytes */
	struct dg_bytes bytes; /* strings, digests */
	uint32_t alone;	       /* atom of just this value, or DG_NONE */
	uint32_t class;	       /* in the classifier made last; 0: no atom of it names the value */
};

struct dg_slot {
	uint32_t tag;	/* of the hash */
	uint32_t point; /* + 1; 0: free */
};

struct dg_span {
	uint64_t low, high;
};

/*
 * A set of values: exact ones, spans that hold none of these, or one glob. Lists are slices of the
 * pools of struct dg_symbols.
 */
struct dg_build_atom {
	uint32_t view;
	uint32_t same;	 /* next atom with the same hash */
	uint32_t glob;	 /* of the view, or DG_NONE */
	uint32_t points; /* ->refs */
	uint32_t point_count;
	uint32_t spans; /* ->spans */
	uint32_t span_count;
	/*
	 * An atom of sets: some element is in the atom @element (or is not: @complement); @all: the
	 * set is not empty, and none is.
	 */
	uint32_t element; /* DG_NONE: an atom of values */
	bool complement, all;
	uint32_t var;  /* in building order */
	uint32_t runs; /* ->runs */
	uint32_t run_count;
};

struct dg_build_glob {
	struct dg_bytes text;
	uint32_t atom;
};

/* Atoms in order of mention. */
struct dg_atoms {
	uint32_t *items;
	size_t count, room;
};

/* A view of a fact with all that is asked about it. */
struct dg_view {
	enum dg_var_kind kind;
	enum dg_values values;
	uint16_t fact;
	const struct dg_attr *attr; /* NULL: time, clock */
	uint64_t mask, top;	    /* of numbers; the greatest value */
	struct dg_atoms atoms;	    /* of values, a set's elements */
	struct dg_atoms sets;	    /* of sets */
	/* Of a set: what all atoms together make of its elements. class_count 0: too much. */
	struct dg_classifier elements;
	struct dg_plain plain;
	uint32_t *exact_off, *exact, *interval_off, *intervals; /* as those of struct dg_build_var */
	struct dg_point *points; /* in order of mention */
	size_t point_count, point_room;
	struct dg_slot *slots; /* open addressing */
	size_t slot_count;
	unsigned int slot_shift;
	struct dg_build_glob *globs;
	size_t glob_count, glob_room;
	uint32_t *sorted; /* points, ascending */
};

struct dg_build_test {
	const struct dg_expr *expr;
	uint32_t atoms[2];
};

/* What belongs to a variable but is nobody else's business. */
struct dg_build_var {
	uint32_t view;
	struct dg_plain plain; /* of ->values */
	/* Of a set, by class: classes of the elements of a small one. */
	uint32_t *sets_off, *sets;
	/* Made when first asked for, by class: its places in ->exact, then in ->intervals. */
	uint32_t *exact_off, *exact, *interval_off, *intervals;
};

struct dg_symbols {
	const struct dg_symbols_options *options; /* while building */
	struct dg_arena *arena;			  /* digests */
	struct dg_view *views;
	size_t view_count, view_room;
	struct dg_build_atom *atoms;
	size_t atom_count, atom_room;
	uint32_t *refs;
	size_t ref_count, ref_room;
	struct dg_span *spans;
	size_t span_count, span_room;
	struct dg_class_run *runs;
	size_t run_count, run_room;
	struct dg_build_test *tests;
	size_t test_count, test_room;
	size_t test_next;     /* the test that is likely to be asked for next */
	uint32_t *test_slots; /* made when that fails; open addressing by expression: test + 1 */
	size_t test_slot_count;
	uint32_t view_at[DG_ATTR_MAX]; /* 1 + the view of an attribute as a whole, or 0 */
	struct dg_map view_of;	       /* (kind and fact, mask) to view */
	struct dg_map atom_of;	       /* (hash, view) to the first atom */
	struct dg_map set_atom_of;     /* (element atom, kind) to atom */
	struct dg_map glob_of;	       /* (hash, view) to glob */
	struct dg_map time_of;	       /* time to atom */
	struct dg_map set_number;      /* set to its number */
	struct dg_map set_tests;       /* (set, view and quantifier) to test */
	uint32_t *set_seen;	       /* by number: round in which it was expanded */
	uint32_t round;
	const struct dg_set **set_stack;
	size_t set_stack_room;
	const struct dg_expr **expr_stack;
	size_t expr_stack_room;
	uint32_t clock_atom, verified_atom;
	bool faulty;
	/* variables in building order, and as the diagram has them */
	struct dg_variable *vars;
	struct dg_build_var *var_builds;
	size_t var_count, var_room;
	struct dg_variable *ordered;
	uint32_t *order_of;    /* building order to the diagram's */
	uint32_t *build_of;    /* and back */
	struct dg_lists asked; /* first variable and classes of a group … */
	int8_t *answered;      /* … and whether they are possible: 2 is not decided */
	size_t answered_room;
	uint64_t product_work; /* steps that answers have taken (symbols_product.c) */
	/* What is asked of sets beside their classes, by first variable. */
	struct {
		uint32_t first_var;
		const struct dg_set_extra *extra;
	} extras[DG_EXTRAS_MAX];
	uint32_t extra_count;
};

/* symbols_atom.c */

/* The view of a fact (or of the time, the clock: @attr NULL) under a mask. */
int dg_view_find(struct dg_symbols *s, enum dg_var_kind kind, const struct dg_attr *attr,
		 unsigned int index, uint64_t mask, uint32_t *ret);
/* The point of a number, or of bytes and their hash. *@ret_new: it was not there before. */
int dg_point_find(struct dg_view *view, uint64_t num, struct dg_bytes bytes, uint32_t *ret,
		  bool *ret_new);
/* The point that a literal without free bits stands for. */
int dg_point_of(struct dg_symbols *s, struct dg_view *view, const struct dg_literal *literal,
		uint32_t *ret);
/* A number will soon be looked for. */
void dg_point_fetch(const struct dg_view *view, uint64_t num);
/*
 * An atom from what was appended to ->refs and ->spans since they had @refs and @spans members;
 * what is there already goes again. -E2BIG: too many members in all.
 */
int dg_atom_add_point(struct dg_symbols *s, uint32_t point);
int dg_atom_intern(struct dg_symbols *s, uint32_t view, uint32_t refs, uint32_t spans,
		   uint32_t *ret);
int dg_atom_of_point(struct dg_symbols *s, uint32_t view, uint32_t point, uint32_t *ret);
int dg_atom_of_glob(struct dg_symbols *s, uint32_t view, const struct dg_bytes *text,
		    uint32_t *ret);
int dg_atom_append(struct dg_symbols *s, const struct dg_build_atom *atom, uint32_t *ret);

/* symbols_gather.c: the tests of conditions, times and the clock become atoms. */
int dg_gather_policy(struct dg_symbols *s, const struct dg_policy *policy);

/* Atoms of one view that one variable is to tell apart. */
struct dg_atom_list {
	const uint32_t *items;
	size_t count;
};

/*
 * Find the classes that the atoms make of the view's values: fills @ret and @ret_plain (the
 * caller's, for dg_classifier_done() and dg_plain_done()), the class of each point and the runs of
 * each atom of the list.
 */
int dg_classify_numbers(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
			struct dg_classifier *ret, struct dg_plain *ret_plain);
/* Digests too: they have no globs. -E2BIG: the globs' automaton has more than @max_states. */
int dg_classify_strings(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
			size_t max_states, struct dg_classifier *ret, struct dg_plain *ret_plain);
/* Whichever it is. */
int dg_classify(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
		size_t max_states, struct dg_classifier *ret, struct dg_plain *ret_plain);
void dg_classifier_done(struct dg_classifier *classifier);
void dg_plain_done(struct dg_plain *plain);

/* symbols_set.c: the variable of these atoms of sets. -E2BIG: more states than one may have. */
int dg_classify_sets(struct dg_symbols *s, struct dg_view *view, struct dg_atom_list atoms,
		     struct dg_variable *ret, struct dg_build_var *ret_build);

/* symbols_variable.c: one variable of a view, or several where one would be too big. */
int dg_variables_add(struct dg_symbols *s, uint32_t view);
void dg_variable_done(struct dg_variable *variable, struct dg_build_var *build);

/* symbols_class.c */

/* As memcmp() has it, a prefix first. */
int dg_bytes_compare(struct dg_bytes a, struct dg_bytes b);

/* For each point of a view the atoms of a list that name it: items[off[p]] … items[off[p + 1] - 1].
 */
struct dg_point_atoms {
	uint32_t *off, *items;
};

int dg_point_atoms_find(const struct dg_symbols *s, const struct dg_view *view,
			struct dg_atom_list atoms, struct dg_point_atoms *ret);
void dg_point_atoms_done(struct dg_point_atoms *of);

/*
 * Append runs of an atom to ->runs one after the other: begin, add, end; the end sorts and joins
 * them.
 */
void dg_runs_begin(struct dg_symbols *s, struct dg_build_atom *atom);
int dg_runs_add(struct dg_symbols *s, uint32_t first, uint32_t end);
void dg_runs_end(struct dg_symbols *s, struct dg_build_atom *atom);
/* The classes of the atom's points. */
int dg_runs_add_points(struct dg_symbols *s, const struct dg_view *view,
		       const struct dg_build_atom *atom);

/* Sort the points of a view once: by number, or by bytes. */
int dg_view_sort(struct dg_view *view);

/*
 * A value with these classes, as dg_symbols_group_possible() has them; it lives in @arena. 1, 0,
 * -E2BIG or -ENOMEM. None is 0.
 */
struct dg_group_value {
	uint64_t num;
	struct dg_bytes bytes;
	/* of a set: as many numbers or strings */
	uint64_t *nums;
	struct dg_bytes *strings;
	size_t count;
};

/* What is asked beside the classes of the group; NULL: nothing. */
const struct dg_set_extra *dg_extra_of(const struct dg_symbols *s, uint32_t first_var);

/* Index the values of a variable by class: ->exact and ->intervals of its struct dg_build_var. */
int dg_variable_members(struct dg_symbols *s, uint32_t var);

int dg_group_solve(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		   struct dg_arena *arena, struct dg_group_value *ret);
/* symbols_product.c: the same for strings and sets with two variables at least. */
int dg_product_string(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		      struct dg_arena *arena, struct dg_bytes *ret);
int dg_product_set(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		   struct dg_arena *arena, struct dg_group_value *ret);
