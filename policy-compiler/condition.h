/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Conditions as diagrams. Kleene's three values (language page, section 5) are asked one at a time,
 * "is it true", "is it false" and their negations, each a function with two values: `and` is true
 * where both sides are, false where one is, not false where both are not, not true where one is
 * not.
 */
#pragma once

#include "diagram.h"
#include "map.h"
#include "symbols.h"

enum dg_sense {
	DG_IS_TRUE,
	DG_IS_FALSE,
	DG_NOT_TRUE,
	DG_NOT_FALSE, /* true or unknown */
};

/* What is asked of a condition when @sense is asked of `not` it. */
enum dg_sense dg_sense_opposite(enum dg_sense sense);

/* Inside: a function, or a test that is not made yet. */
struct dg_operand {
	bool made;
	bool negated, unknown;
	dg_ref ref;
	struct dg_atom atom;
};

/* All zero but the first two is empty. */
struct dg_conditions {
	struct dg_symbols *symbols;
	struct dg_diagram *diagram;
	struct dg_map member_of; /* (runs, variable and sense) to a reference, */
	size_t undone;		 /* valid for as long as the diagram was undone so often */
	/* Tests for which it says true are false where their attribute is known; may be NULL. */
	bool (*dropped)(void *data, const struct dg_expr *test);
	void *dropped_data;
	/* Inside: stacks of the chains being built, the innermost last. */
	struct dg_operand *operands;
	size_t operand_count, operand_room;
	const struct dg_expr **stack;
	size_t depth, stack_room;
};

void dg_conditions_done(struct dg_conditions *conditions);

/*
 * Where @where (NULL: always true) is as @sense says. 0, -ENOMEM, -E2BIG (dg_diagram_budget()),
 * -EINVAL: a test that the symbols do not know.
 */
int dg_condition(struct dg_conditions *conditions, const struct dg_expr *where, enum dg_sense sense,
		 dg_ref *ret);

/* Not 0: no more of them. */
typedef int (*dg_alternative)(void *data, dg_ref condition);
/*
 * Conditions, none false and @most of them at most, that together are where @where is as @sense
 * says, within @within: an alternative of every `or`. What the last visit said; 0, -ENOMEM, -E2BIG,
 * -EINVAL.
 */
int dg_condition_each(struct dg_conditions *conditions, const struct dg_expr *where,
		      enum dg_sense sense, dg_ref within, size_t most, dg_alternative visit,
		      void *data);

/*
 * When the rule is live. With a clock that nobody vouches for, `until` must not be the reason to
 * admit anything: an allow is not live then, and what denies goes on denying.
 */
int dg_condition_live(struct dg_conditions *conditions, const struct dg_rule_node *rule,
		      dg_ref *ret);
/* An atom that is false where its variable is unknown. */
int dg_condition_atom(struct dg_conditions *conditions, const struct dg_atom *atom, bool negated,
		      dg_ref *ret);
