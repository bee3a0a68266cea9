/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The variables of a policy and their classes.
 *
 * A variable is a view of a fact: all of a number, the low 16 bits of an id (for patterns like
 * `*:2330`), a string, the time, the state of the clock. Each test of a policy becomes one or two
 * atoms, sets of values of one variable; values that no atom tells apart form a class. Classes are
 * numbered from 1; class 0 is "unknown".
 */
#pragma once

#include "ast.h"
#include "automaton.h"

struct dg_variable {
	enum dg_var_kind kind;
	uint16_t fact;
	uint32_t shift;
	uint64_t mask;
	uint32_t class_count;	       /* unknown included */
	struct dg_interval *intervals; /* DG_VAR_NUM, DG_VAR_TIME */
	size_t interval_count;
	struct dg_automaton automaton; /* DG_VAR_STR; labels are classes */
};

/* True for the values of these classes (ascending, at least 1). */
struct dg_atom {
	uint32_t var;
	const uint32_t *classes;
	size_t class_count;
};

struct dg_symbols;

/* Why a policy has no table form. */
enum dg_symbols_fault {
	DG_SYMBOLS_NO_TABLE_FORM, /* the attribute of @expr is set-valued or a digest */
	DG_SYMBOLS_TOO_BIG,	  /* the automaton of the strings of @attr */
};

/*
 * Called for each reason; @expr is the test (NULL for TOO_BIG). May be called several times.
 */
typedef void (*dg_symbols_report)(void *data, enum dg_symbols_fault fault,
				  const struct dg_attr *attr, const struct dg_expr *expr);

/*
 * The symbols of all rules. 0; -EOPNOTSUPP after at least one report; -ENOMEM; -EINVAL: a tree that
 * no parser makes. The policy must outlive the result.
 */
int dg_symbols_new(const struct dg_policy *policy, dg_symbols_report report, void *data,
		   struct dg_symbols **ret);
void dg_symbols_free(struct dg_symbols *symbols);

/*
 * The variables in the order for the diagram: strings first, then numbers, each those with many
 * classes first; the time last. (A variable with thousands of classes costs that many edges for
 * each of its nodes; at the root there is one node. For a number the emitter can leave out what a
 * node does not tell apart.)
 */
const struct dg_variable *dg_symbols_variables(const struct dg_symbols *symbols,
					       uint32_t *ret_count);

/*
 * The atoms of a test: it holds when one of them does (`not` and `is known` are the caller's).
 * Returns how many, 1 or 2 (0: not a test of this policy's rules). @ret[0].class_count may be 0:
 * never true.
 */
unsigned int dg_symbols_test(const struct dg_symbols *symbols, const struct dg_expr *expr,
			     struct dg_atom ret[static 2]);
/* The times from @low on, and the synchronised clock. Only for what rules of the policy name. */
struct dg_atom dg_symbols_time_from(const struct dg_symbols *symbols, uint64_t low);
struct dg_atom dg_symbols_clock_synced(const struct dg_symbols *symbols);
