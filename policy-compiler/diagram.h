/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Multi-valued decision diagrams over classes: reduced, ordered, hash-consed, so that two functions
 * are equal exactly when their references are.
 *
 * A node tests one variable; its edges are kept as runs of neighbouring classes with one successor,
 * so a test of one id among ten thousand costs a few runs, not ten thousand edges. Variables are
 * numbered in the order in which a path meets them. Class 0 of a variable means that it is unknown.
 *
 * One store holds two kinds of functions, told apart by their terminals:
 *   conditions   DG_FALSE, DG_TRUE, DG_UNKNOWN: Kleene's three values;
 *   decisions    of a sequence of rules: decided by one of them, or passed on to what comes behind,
 *                each with the first permissive rule passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classes.h"

typedef uint32_t dg_ref;

#define DG_REF_TERMINAL 0x80000000U
#define DG_FALSE (DG_REF_TERMINAL | 0)
#define DG_TRUE (DG_REF_TERMINAL | 1)
#define DG_UNKNOWN (DG_REF_TERMINAL | 2)
#define DG_PASS (DG_REF_TERMINAL | 3) /* no rule matched, nothing passed over */

/* dg_decision.rule beside the indices of rules */
#define DG_DECISION_PASS 0xffffffffU
#define DG_DECISION_DEFAULT_DENY 0xfffffffeU
#define DG_DECISION_DEFAULT_ALLOW 0xfffffffdU
#define DG_DECISION_NONE 0xfffffffcU /* dg_decision.would: nothing passed over */

struct dg_decision {
	uint32_t rule;
	uint32_t would;
};

/* Child of the classes from @first to the next run's. */
struct dg_run {
	uint32_t first;
	dg_ref child;
};

enum dg_apply {
	DG_APPLY_AND,
	DG_APPLY_OR,
	DG_APPLY_NOT,		/* second operand: DG_FALSE */
	DG_APPLY_MATCH,		/* a condition, a terminal: that one where true, else DG_PASS */
	DG_APPLY_MATCH_UNKNOWN, /* that one where true or unknown */
	DG_APPLY_THEN,		/* decisions: the first, and where it passes, the second */
};

struct dg_diagram;

/*
 * A store for @var_count variables with class_counts[v] classes each (unknown included; copied). It
 * holds at most @max_runs runs, and remembers as many steps of apply. NULL: out of memory.
 */
struct dg_diagram *dg_diagram_new(const uint32_t *class_counts, uint32_t var_count,
				  size_t max_runs);
void dg_diagram_free(struct dg_diagram *diagram);

/*
 * All of these: 0, -ENOMEM, or -E2BIG when the store is full; outputs untouched then.
 *
 * dg_diagram_member: true for the classes of the @count runs, false for the others but 0, @unknown for
 * class 0.
 */
int dg_diagram_member(struct dg_diagram *diagram, uint32_t var, const struct dg_class_run *runs,
		      size_t count, dg_ref unknown, dg_ref *ret);
/* True exactly when the variable is known (@known) or unknown. */
int dg_diagram_known(struct dg_diagram *diagram, uint32_t var, bool known, dg_ref *ret);
/* The terminal of a decision. */
int dg_diagram_decision(struct dg_diagram *diagram, struct dg_decision decision, dg_ref *ret);
int dg_diagram_apply(struct dg_diagram *diagram, enum dg_apply op, dg_ref left, dg_ref right,
		     dg_ref *ret);
/*
 * @op over refs[0] … refs[count - 1] (at least one) in order, as a balanced tree, which keeps the
 * functions in between small. @op: AND, OR or THEN.
 */
int dg_diagram_reduce(struct dg_diagram *diagram, enum dg_apply op, const dg_ref *refs,
		      size_t count, dg_ref *ret);

/* Reading a finished function. The pointers live until the next call that adds to the store. */
static inline bool dg_ref_terminal(dg_ref ref)
{
	return ref & DG_REF_TERMINAL;
}
uint32_t dg_diagram_var(const struct dg_diagram *diagram, dg_ref node);
const struct dg_run *dg_diagram_runs(const struct dg_diagram *diagram, dg_ref node,
				     size_t *ret_count);
/* Of a terminal made by dg_diagram_decision(), or DG_PASS. */
struct dg_decision dg_diagram_decided(const struct dg_diagram *diagram, dg_ref terminal);
size_t dg_diagram_run_count(const struct dg_diagram *diagram);
size_t dg_diagram_node_count(const struct dg_diagram *diagram);
