/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The variables of a policy and their classes.
 *
 * A variable is a view of one fact (all of a number, the low 16 bits of an id for patterns like
 * `*:2330`, a string, a digest, a set), the time, or the state of the clock. Each test of a policy
 * becomes one or two atoms, sets of values of one variable; values that no atom tells apart form a
 * class. Classes are numbered from 1; class 0 is "unknown". Every class but 0 holds a value that
 * the attribute's type has (language page, section 3; strings are 0 to 255 bytes without NUL).
 *
 * Exact values are found by hash, everything else by search among intervals or by the automaton of
 * the globs: the class of an exact value already tells which ranges and globs it is in.
 */
#pragma once

#include "ast.h"
#include "automaton.h"
#include "classes.h"

enum dg_values {
	DG_VALUES_NUM,
	DG_VALUES_STR,
	DG_VALUES_DIGEST,
};

/* One exact value. */
struct dg_exact {
	uint64_t num;	       /* DG_VALUES_NUM */
	struct dg_bytes bytes; /* DG_VALUES_STR; DG_VALUES_DIGEST: a struct dg_digest_fact */
	uint32_t class;
};

/*
 * From values to classes 1 … class_count - 1. @exact (ascending: numbers, or bytes as memcmp() has
 * them, a prefix first) is looked at first. What is not there goes by @intervals (numbers), by
 * @automaton, whose labels are classes (strings; state_count 0: there is none), or is in @rest.
 * The intervals and the automaton cover every value, the exact ones too.
 */
struct dg_classifier {
	enum dg_values values;
	uint32_t class_count; /* 0 included */
	struct dg_exact *exact;
	size_t exact_count;
	struct dg_interval *intervals; /* DG_VALUES_NUM: first low is 0, neighbours differ */
	size_t interval_count;
	struct dg_automaton automaton; /* DG_VALUES_STR */
	uint32_t rest;		       /* DG_VALUES_STR without an automaton, DG_VALUES_DIGEST */
};

/* The class of a number; of a string or a struct dg_digest_fact. By halving: not the fast way. */
uint32_t dg_classifier_num(const struct dg_classifier *classifier, uint64_t num);
uint32_t dg_classifier_bytes(const struct dg_classifier *classifier, struct dg_bytes bytes);

/*
 * The class of a set: start in state 0; each element, in any order and however often, leads to
 * next[state * element_classes + class of the element]; then class[state]. Only sets of at most as
 * many distinct elements as the language knows (32, strings 16) come here.
 */
struct dg_set_automaton {
	uint32_t state_count;
	uint32_t element_classes; /* 0, which no element has, included */
	uint32_t *next;
	uint32_t *class;
};

struct dg_variable {
	enum dg_var_kind kind;
	uint16_t fact;	      /* enum dg_num, dg_str, dg_digest_slot or dg_set_fact */
	uint64_t mask;	      /* NUM: of the value; all ones, or 0xffff for half an id */
	uint32_t class_count; /* unknown included */
	struct dg_classifier
		values; /* of the value, of a SET's elements, of the TIME; CLOCK has none */
	struct dg_set_automaton set; /* DG_VAR_SET */
	/* Variables of one fact stand next to each other, from @group on: one value, many views. */
	uint32_t group, group_count;
};

/* True for the values of these classes. */
struct dg_atom {
	uint32_t var;
	const struct dg_class_run *runs;
	size_t run_count; /* 0: never true */
};

/*
 * What a test asks: when the variable is known, true if one of the atoms holds (@negated: if none
 * does). Both atoms are on variables of one fact, known or unknown together.
 */
struct dg_test_meaning {
	struct dg_atom atoms[2];
	unsigned int count; /* 1 or 2 */
	bool negated;
};

struct dg_symbols;

/* Variables on one fact. Each is one more node on every path that asks for it. */
#define DG_SYMBOLS_MAX_GLOBS 256 /* strings */
#define DG_SYMBOLS_MAX_SETS 32

enum dg_symbols_fault {
	DG_SYMBOLS_TOO_BIG,  /* the automaton of a glob, or the members of the sets of a test */
	DG_SYMBOLS_TOO_MANY, /* different globs on an attribute, or tests of a set-valued one */
};

/* Called for each reason; @expr is the test, or NULL. */
typedef void (*dg_symbols_report)(void *data, enum dg_symbols_fault fault,
				  const struct dg_attr *attr, const struct dg_expr *expr);

struct dg_symbols_options {
	bool asserts;  /* the conditions of assertions too */
	bool verified; /* spdm.verified, whether or not a rule asks about it */
	dg_symbols_report report;
	void *data;
};

/*
 * The symbols of all rules of one policy, or the joint symbols of two, in which the tests of both
 * have their classes. 0; -EOPNOTSUPP after at least one report; -ENOMEM; -EINVAL: a tree that no
 * parser makes. The policies must outlive the result.
 */
int dg_symbols_new(const struct dg_policy *const *policies, size_t policy_count,
		   const struct dg_symbols_options *options, struct dg_symbols **ret);
void dg_symbols_free(struct dg_symbols *symbols);

/*
 * The variables in the order for the diagram: strings first, then numbers, digests and sets, each
 * those with many classes first; the time last. (A variable with thousands of classes costs that
 * many edges for each of its nodes; at the root there is one node.)
 */
const struct dg_variable *dg_symbols_variables(const struct dg_symbols *symbols,
					       uint32_t *ret_count);

/*
 * What the test @expr means; `is known` is the caller's (true when the class of atoms[0].var is not
 * 0). False: not a test of these policies.
 */
bool dg_symbols_test(struct dg_symbols *symbols, const struct dg_expr *expr,
		     struct dg_test_meaning *ret);
/* The times from @low on, and the synchronised clock. Only for what rules of the policies name. */
struct dg_atom dg_symbols_time_from(const struct dg_symbols *symbols, uint64_t low);
struct dg_atom dg_symbols_clock_synced(const struct dg_symbols *symbols);
/* `spdm.verified`; only with the option. */
struct dg_atom dg_symbols_verified(const struct dg_symbols *symbols);

#define DG_CLASS_ANY UINT32_MAX

/*
 * Can one value of a fact have these classes? @classes are those of the variables of the group that
 * begins with @first_var: classes[i] of variable @first_var + i; 0: the fact is unknown,
 * DG_CLASS_ANY: no matter. 1, 0, -E2BIG (not decided within the budget) or -ENOMEM.
 */
int dg_symbols_group_possible(struct dg_symbols *symbols, uint32_t first_var,
			      const uint32_t *classes);

/* The classes of a set's elements that all its variables make together, or of a variable's values. */
struct dg_elements {
	const struct dg_classifier *values;
	/* By class: its places in values->exact and ->intervals, off[c] … off[c + 1] - 1. */
	const uint32_t *exact_off, *exact, *interval_off, *intervals;
	/* By class: one of its values. One of the two is NULL. */
	const uint64_t *nums;
	const struct dg_bytes *bytes;
};

/*
 * Of the set-valued fact whose group begins with @var, or of any other variable by itself. Lives as
 * long as the symbols. 0, -E2BIG (the globs together are too much) or -ENOMEM.
 */
int dg_symbols_elements(struct dg_symbols *symbols, uint32_t var, struct dg_elements *ret);

/*
 * What is asked of a set beside its classes. Elements are alike when neither the group's variables nor
 * this tell them apart: letter n, from 1, stands for them, and @nums or @bytes has one of them.
 */
struct dg_set_extra {
	const uint64_t *nums;
	const struct dg_bytes *bytes;
	uint32_t letter_count;		   /* 0 included, which no element is */
	struct dg_set_automaton automaton; /* element_classes: letter_count */
	uint32_t wanted;		   /* class of the set in it; 1 is that of an unknown one too */
};

/*
 * From now on dg_symbols_group_possible() and dg_symbols_device() speak of those sets alone that have
 * the wanted class in @extra, which stays the caller's; NULL: of all again.
 */
void dg_symbols_ask_also(struct dg_symbols *symbols, uint32_t first_var,
			 const struct dg_set_extra *extra);
/* Is something? @first_var UINT32_MAX: of any group. */
bool dg_symbols_asked_also(const struct dg_symbols *symbols, uint32_t first_var);

struct dg_device; /* facts.h */

struct dg_witness {
	struct dg_device *device;
	bool has_time; /* else no time matters, and @time is 0 */
	uint64_t time;
	bool clock_synced; /* unless class 2 of the clock is asked for */
};

/*
 * A device in these classes of all variables, plain looking: short strings, low numbers, small
 * sets. DG_CLASS_ANY leaves a fact unknown, as facts are that no variable speaks of. 0: *@ret, the
 * device in @arena. -ENOENT: no value has such classes; -E2BIG; -ENOMEM.
 */
int dg_symbols_device(struct dg_symbols *symbols, const uint32_t *classes, struct dg_arena *arena,
		      struct dg_witness *ret);
