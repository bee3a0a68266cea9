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
 *   conditions   DG_FALSE, DG_TRUE;
 *   decisions    struct dg_decision: the rule of the lowest rank that matches.
 *
 * Why decisions are a minimum. Give the forbids, in policy order, the ranks 0 … F - 1 and the other
 * rules, in policy order, F … N - 1. Then the search of the language page (section 6) is: of the
 * rules that match and are not permissive, the one with the lowest rank decides; of the permissive
 * ones that match, the one with the lowest rank is named, if its rank is below the decider's. Both
 * are minima over a set of rules. So for any two sets of rules A and B the decision of A ∪ B is
 * that of A and that of B put together: the lower rank, and the lower `would`, dropped when it is
 * not below the rank. (A `would` that A alone dropped was not below A's rank, hence not below the
 * common one either.) The combination is commutative and associative, and rules may be grouped
 * freely. A forbid has a rank below every permissive rule's, so that nothing is named beside it.
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
#define DG_PASS (DG_REF_TERMINAL | 2) /* no rule matched, nothing passed over */

#define DG_RANK_NONE UINT32_MAX

struct dg_decision {
	uint32_t rank;	 /* of the rule that decides, or DG_RANK_NONE: passed on */
	uint32_t second; /* of the one that would without it; only where two are kept */
	uint32_t would;	 /* of the first permissive rule passed over before the last of those */
};

/* Child of the classes from @first to the next run's. */
struct dg_run {
	uint32_t first;
	dg_ref child;
};

enum dg_apply {
	DG_APPLY_AND,
	DG_APPLY_OR,
	DG_APPLY_MIN,	  /* decisions, the lowest rank kept */
	DG_APPLY_MIN_TWO, /* decisions, the two lowest ranks kept */
	DG_APPLY_DIFFER,  /* decisions: the condition that they are not the same */
	DG_APPLY_BUT,	  /* conditions: left and not right */
};

/* How many ranks a decision keeps. */
enum dg_keep {
	DG_KEEP_ONE = 1,
	DG_KEEP_TWO = 2,
};

/* A rule: it decides (permissive: is named) where @match is DG_TRUE. */
struct dg_claim {
	dg_ref match;
	uint32_t rank;
	bool permissive;
};

struct dg_diagram;

/*
 * A store for @var_count variables with class_counts[v] classes each (unknown included; copied). It
 * holds at most @max_runs runs. NULL: out of memory.
 */
struct dg_diagram *dg_diagram_new(const uint32_t *class_counts, uint32_t var_count,
				  size_t max_runs);
void dg_diagram_free(struct dg_diagram *diagram);
/* Room for so many, as far as one knows: arrays that grow leave their earlier places behind. 0,
 * -ENOMEM. */
int dg_diagram_reserve(struct dg_diagram *diagram, size_t nodes, size_t runs);

/*
 * The functions that make functions: 0, -ENOMEM, or -E2BIG when the store is full or the work took
 * more than dg_diagram_budget() allows; outputs untouched then.
 *
 * dg_diagram_budget(): what comes now may add @runs runs and take as many steps, SIZE_MAX: as many
 * as the store holds.
 */
void dg_diagram_budget(struct dg_diagram *diagram, size_t runs);

/*
 * True for the classes in @runs (@negated: for the others but 0), @unknown for class 0. Without
 * @may_be_unknown class 0 never occurs (the time, the clock) and goes with class 1.
 */
int dg_diagram_member(struct dg_diagram *diagram, uint32_t var, const struct dg_class_run *runs,
		      size_t count, bool negated, bool unknown, bool may_be_unknown, dg_ref *ret);
/* The same with functions of later variables in place of true and false. */
struct dg_choice {
	dg_ref then, otherwise;
};
int dg_diagram_choose(struct dg_diagram *diagram, uint32_t var, const struct dg_class_run *runs,
		      size_t count, bool negated, bool unknown, bool may_be_unknown,
		      struct dg_choice choice, dg_ref *ret);
/* True exactly when the variable is known (@known) or unknown. */
int dg_diagram_known(struct dg_diagram *diagram, uint32_t var, bool known, dg_ref *ret);
/* The terminal of a decision. */
int dg_diagram_decision(struct dg_diagram *diagram, struct dg_decision decision, dg_ref *ret);
int dg_diagram_apply(struct dg_diagram *diagram, enum dg_apply op, dg_ref left, dg_ref right,
		     dg_ref *ret);
int dg_diagram_not(struct dg_diagram *diagram, dg_ref condition, dg_ref *ret);
/* @op over refs[0] … refs[count - 1] (at least one), as a balanced tree. */
int dg_diagram_reduce(struct dg_diagram *diagram, enum dg_apply op, const dg_ref *refs,
		      size_t count, dg_ref *ret);
/*
 * The decision of all @claims (ascending by rank) at once: near linear in their runs where most of
 * them look at few classes of the first variable.
 */
int dg_diagram_decide(struct dg_diagram *diagram, enum dg_keep keep, const struct dg_claim *claims,
		      size_t count, dg_ref *ret);
/* The function with each terminal t that it reaches put through @map(@data, t). */
int dg_diagram_map(struct dg_diagram *diagram, dg_ref ref, int (*map)(void *, dg_ref, dg_ref *),
		   void *data, dg_ref *ret);
/* The function where @var has the class. */
int dg_diagram_restrict(struct dg_diagram *diagram, dg_ref ref, uint32_t var, uint32_t class,
			dg_ref *ret);
/* The function where the variables v with @unknown[v] have class 0. */
int dg_diagram_unknown(struct dg_diagram *diagram, dg_ref ref, const bool *unknown, dg_ref *ret);
/* True where the condition is true for some class of the variables v with @some[v]. */
int dg_diagram_exists(struct dg_diagram *diagram, dg_ref condition, const bool *some, dg_ref *ret);

/*
 * Forget what was made since the store had @nodes nodes (dg_diagram_node_count()): an attempt that
 * came to nothing. No reference to it may be left.
 */
void dg_diagram_undo(struct dg_diagram *diagram, size_t nodes);

/* Reading a finished function. The pointers live until the next call that adds to the store. */
static inline bool dg_ref_terminal(dg_ref ref)
{
	return ref & DG_REF_TERMINAL;
}
#define DG_VAR_NONE UINT32_MAX /* of a terminal: behind every variable */
uint32_t dg_diagram_var(const struct dg_diagram *diagram, dg_ref node);
const struct dg_run *dg_diagram_runs(const struct dg_diagram *diagram, dg_ref node,
				     size_t *ret_count);
uint32_t dg_diagram_class_count(const struct dg_diagram *diagram, uint32_t var);
/* The successor of @node (no terminal) for @class. */
dg_ref dg_diagram_child(const struct dg_diagram *diagram, dg_ref node, uint32_t class);
/* Of a terminal made by dg_diagram_decision(), or DG_PASS. */
struct dg_decision dg_diagram_decided(const struct dg_diagram *diagram, dg_ref terminal);
/* Runs of all nodes that @ref reaches, each once. 0 or -ENOMEM. */
int dg_diagram_size(struct dg_diagram *diagram, dg_ref ref, size_t *ret_runs);
/*
 * How many functions the nodes of @ref before @var lead to that begin at @var or behind it,
 * terminals but DG_PASS included; the count may stop at @most. 0 or -ENOMEM.
 */
int dg_diagram_behind(struct dg_diagram *diagram, dg_ref ref, uint32_t var, size_t most,
		      size_t *ret);
/* Steps taken so far: what dg_diagram_budget() counts. */
size_t dg_diagram_steps(const struct dg_diagram *diagram);
/* How often it was undone: references kept elsewhere may be to nodes that are gone. */
size_t dg_diagram_undone(const struct dg_diagram *diagram);
size_t dg_diagram_run_count(const struct dg_diagram *diagram);
size_t dg_diagram_node_count(const struct dg_diagram *diagram);
