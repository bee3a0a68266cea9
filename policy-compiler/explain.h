/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Why a verdict is what it is: the deciding rule with the clauses that made it decide, and for a denial
 * the allow rule that came nearest with the clauses that failed. All of it by the reference evaluator on
 * the tree.
 */
#pragma once

#include "eval.h"
#include "util.h"

/* A test of a condition (DG_EXPR_TEST, or `true` and `false`) and what it met. */
struct dg_clause {
	const struct dg_expr *test; /* the policy's own */
	enum dg_truth truth;	    /* what it is */
	bool wanted;		    /* what it would have to be: false under a `not` */
	const struct dg_fact *fact; /* the device's; NULL for `true` and `false` */
};

struct dg_explained_rule {
	uint32_t rule;	     /* index in the policy, or DG_RULE_NONE: there is none */
	enum dg_truth truth; /* of its condition */
	bool live;	     /* within from and until */
	struct dg_clause *clauses;
	size_t clause_count;
};

struct dg_explanation {
	struct dg_answer answer;
	/* DG_RULE_NONE with the default. Clauses: those that make it match; with truth unknown, those
	   that are not known. */
	struct dg_explained_rule decided;
	/* The permissive rule passed over, in the same way. */
	struct dg_explained_rule would;
	/*
	 * Of a denial: the allow rule (not permissive) for the operation that the fewest clauses keep
	 * from matching (those on facts that this kind of device does not have count twice, not being
	 * live counts as one), then one that is live, then the one with the most that hold, then the
	 * first. Clauses: those that fail, on the way that needs the fewest. None (and live): it matches,
	 * but what decided comes before it.
	 */
	struct dg_explained_rule nearest;
};

/* 0 or -ENOMEM. It points into the policy and the device. */
int dg_explain(const struct dg_policy *policy, const struct dg_device *device, enum dg_op op,
	       uint64_t time, struct dg_explanation **ret);
void dg_explanation_free(struct dg_explanation *explanation);
DEFINE_CLEANUP(struct dg_explanation *, dg_explanation_free, explanation)

/* A sentence without an end: why the fact of @attr may be unknown. */
const char *dg_explain_unknown(const struct dg_attr *attr, const struct dg_device *device);
