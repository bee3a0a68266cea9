/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From a checked policy to decision diagrams (language page, sections 5 and 6).
 *
 * The decision of an operation is the minimum over its parts (diagram.h says why that is exact),
 * and the operation's default where it passes. Rules that look at the same facts share a part;
 * parts are put together for as long as that stays small, so that a small policy has one. Rules on
 * different facts stay apart: twenty thousand drivers and sixty thousand ids are eighty thousand
 * edges in two parts and more than a thousand million in one.
 *
 * Where that needs too many parts, or work, the rules that few others are like are in no part: they
 * are a column's `apart`, and the tables have bitmaps for them.
 */
#pragma once

#include "condition.h"
#include "diag.h"
#include "diagram.h"
#include "symbols.h"

/* What the diagrams may take while they are built: 8 bytes each. */
#define DG_FOLD_MAX_RUNS (8U << 20)

/* The parts of an operation. */
struct dg_fold_op {
	dg_ref roots[DG_PARTS_MAX]; /* decisions: ranks */
	size_t count;		    /* may be 0: the default decides */
};

/* The rules of one operation, or of several that have the same ones. */
struct dg_fold_column {
	uint32_t ops; /* bit n: enum dg_op n */
	/* Indices, those with the same support next to each other, by rank there. */
	uint32_t *rules;
	size_t rule_count;
	size_t *groups;	 /* where each group starts, and the end */
	uint32_t *first; /* by group: the first variable of the support, or DG_VAR_NONE */
	size_t group_count;
	uint32_t *apart; /* by rank: rules that are in no part of fold.ops */
	size_t apart_count;
};

/* A rule whose match has too many paths: conditions that together are it. */
struct dg_fold_split {
	uint32_t rule;
	size_t first, count; /* of fold.alternatives */
};

struct dg_fold {
	const struct dg_policy *policy;
	struct dg_symbols *symbols;
	struct dg_diagram *diagram;
	bool borrowed;	   /* symbols and diagram are another fold's */
	uint32_t *rank;	   /* by rule: forbids first, then the others, each in policy order */
	uint32_t *rule_of; /* by rank */
	dg_ref *match;	   /* by rule: where and when it matches, live and clock included */
	struct dg_fold_split *splits; /* of rules that are apart, each once */
	size_t split_count, split_room;
	bool split_all;
	dg_ref *alternatives;
	size_t alternative_count, alternative_room;
	struct dg_progress *progress; /* while it is made */
	struct dg_conditions conditions;
	struct dg_fold_column columns[DG_OP_MAX];
	size_t column_count;
	struct dg_fold_op ops[DG_OP_MAX];
};

enum dg_fold_flags {
	DG_FOLD_ANALYSIS = 1 << 0,   /* symbols for assertions and spdm.verified too */
	DG_FOLD_KEEP_PARTS = 1 << 1, /* put no parts together: for tests */
	DG_FOLD_NO_PARTS = 1 << 2,   /* matches and columns alone */
	DG_FOLD_APART = 1 << 3,	     /* all rules apart that can be: for tests */
	/* Those that are apart by alternatives, at the second attempt: for tests. */
	DG_FOLD_SPLIT = 1 << 4,
};

/*
 * 0; -EBADMSG: @diags says what is too big (E101); -ENOMEM. The policy
 * must outlive the result.
 */
int dg_fold_new(const struct dg_policy *policy, unsigned int flags, struct dg_diags *diags,
		struct dg_fold **ret);
/*
 * Two policies with joint symbols in one diagram. *@ret_second borrows from *@ret_first and must be
 * freed before it.
 */
int dg_fold_pair(const struct dg_policy *first, const struct dg_policy *second,
		 struct dg_diags *diags, struct dg_fold **ret_first, struct dg_fold **ret_second);
void dg_fold_free(struct dg_fold *fold);
DEFINE_CLEANUP(struct dg_fold *, dg_fold_free, fold)

/* The column of an operation. */
const struct dg_fold_column *dg_fold_column_of(const struct dg_fold *fold, unsigned int op);

/*
 * The parts of a column, all rules in them, each decision keeping as many ranks as @keep says. 0,
 * -ENOMEM; -E2BIG: more than DG_PARTS_MAX, the diagram is full, or it is too much work.
 */
int dg_fold_parts(struct dg_fold *fold, const struct dg_fold_column *column, enum dg_keep keep,
		  bool merge, struct dg_fold_op *ret);
/*
 * What the parts of each operation are for devices of which no fact of @absent (DG_KNOWN_*) is
 * known:
 * @ret[op]. @merge: put together anew what has become small. 0 or -ENOMEM.
 */
int dg_fold_kind(struct dg_fold *fold, uint64_t absent, bool merge, struct dg_fold_op *ret);
/*
 * Put @refs together by @op for as long as that stays small; *@count and @refs are what is left.
 * @work: steps that may be taken; what is left of them.
 */
int dg_fold_merge(struct dg_diagram *diagram, enum dg_apply op, dg_ref *refs, size_t *count,
		  size_t slack, size_t *work);
