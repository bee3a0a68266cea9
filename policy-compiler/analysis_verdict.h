/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Questions about the verdict of an operation, whichever rule gives it: parts with blocks
 * (blocks.h). */
#pragma once

#include "analysis_parts.h"

/* The verdicts of an operation: parts, their decisions blocks. */
struct dg_verdicts {
	dg_ref roots[DG_PARTS_MAX];
	size_t count;
	enum dg_verdict by_default;
	bool made;
};

struct dg_verdict_context {
	struct dg_analysis *a;
	struct dg_outlooks outlooks; /* of blocks */
	uint8_t *kind_of;	     /* 1: allows */
	struct dg_verdicts ops[DG_OP_MAX];
};

/* 0 or -ENOMEM; to be done with in any case. The analysis' searches take their hints from it. */
int dg_verdict_context_init(struct dg_verdict_context *c, struct dg_analysis *a);
void dg_verdict_context_done(struct dg_verdict_context *c);
/* The parts of @op, made once, put together with @slack (dg_fold_merge()). 0, -ENOMEM, -E2BIG. */
int dg_verdict_make(struct dg_verdict_context *c, unsigned int op, size_t slack);

/* The components are conditions, to be true at once, and the parts of one operation. */
struct dg_verdict_question {
	const struct dg_verdict_context *c;
	size_t conditions;
	enum dg_verdict by_default, wanted;
};

/* Members of struct dg_question; @data is a struct dg_verdict_question. */
bool dg_verdict_reduce(void *data, dg_ref *state, size_t count);
bool dg_verdict_goal(void *data, const dg_ref *state, size_t count);
bool dg_verdict_best(void *data, size_t component, dg_ref from, dg_ref to);
