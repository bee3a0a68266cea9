/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the files of the analysis share; others use analysis.h. */
#pragma once

#include "analysis.h"
#include "arena.h"
#include "facts.h"
#include "matcher.h"
#include "progress.h"
#include "search.h"

/* Steps of one search, and of all searches about single rules together. */
#define DG_ANALYSIS_STEPS 200000
#define DG_ANALYSIS_ALL_STEPS 20000000

/*
 * Devices looked at one by one: for all rules together, the first for each not counted; for one
 * assertion.
 */
#define DG_ANALYSIS_POINTS 200000
/* Devices that walks come to, for all rules together. */
#define DG_ANALYSIS_WALKS 400000

/* What analysis_points.c keeps. */
struct dg_analysis_points {
	struct dg_matcher *matchers[DG_OP_MAX]; /* by column, made when they are asked for */
	uint32_t *neutral;			/* by variable: a class that few rules ask for */
	bool has_neutral;
	uint32_t *at;	   /* the device looked at, its classes by variable */
	uint32_t *decided; /* one for which the rule under work decides */
	bool *bound;	   /* by variable: the region asks for it */
	uint32_t hints[2]; /* by verdict of a rule: the rank that came next and made a difference */
	size_t left, walks_left;
};

struct dg_analysis_pending;

struct dg_analysis {
	const struct dg_policy *policy;
	struct dg_fold *fold;
	unsigned int flags;
	struct dg_diags *diags;
	uint32_t clock;	   /* variable, or DG_VAR_NONE */
	dg_ref synced;	   /* the clock is synchronised; DG_TRUE: no rule asks */
	dg_ref *match;	   /* by rule: with the clock synchronised, or free */
	uint8_t *kind_of;  /* by rank: dg_analysis_kind() */
	uint16_t *ops_of;  /* by rank: struct dg_rule_node.ops */
	bool *passed_over; /* by rank: permissive */
	/* By column: parts with two ranks, clock synchronised. */
	struct dg_fold_op columns[DG_OP_MAX];
	bool column_made[DG_OP_MAX];
	bool column_too_big[DG_OP_MAX]; /* it was tried, and will not be again */
	uint32_t column_of[DG_OP_MAX];
	struct dg_outlooks outlooks;
	struct dg_search search;
	struct dg_analysis_points points;
	size_t steps; /* left for all */
	struct dg_arena *arena;
	struct dg_analysis_items *items;
	/* analysis_rule.c: findings whose witnesses are judged together, and what they live in. */
	struct dg_analysis_pending *pending;
	size_t pending_count;
	struct dg_arena *pending_arena;
	bool *silent; /* by rule: in error, dead or shadowed, or not decided */
};

/* A device and a time, from the last search. */
struct dg_analysis_witness {
	struct dg_device *device;
	uint64_t time;
	char when[48]; /* " at 2026-12-01T00:00:00Z", or "" when any time will do */
};

/* Verdict and audit of a rule that decides: two rules of one kind are alike. */
static inline uint8_t dg_analysis_kind(enum dg_verdict verdict, enum dg_audit audit)
{
	bool due = audit == DG_AUDIT_ALWAYS ||
		   (audit == DG_AUDIT_DENIED && verdict == DG_VERDICT_DENY);

	return (uint8_t)((verdict == DG_VERDICT_ALLOW ? 2 : 0) + due);
}

static inline enum dg_verdict dg_analysis_verdict(const struct dg_rule_node *rule)
{
	return rule->effect == DG_EFFECT_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
}

/* Run a search on the budget of all. As dg_search_run(). */
int dg_analysis_search(struct dg_analysis *a, const struct dg_question *question,
		       const dg_ref *components, size_t count);
/* The function with the clock synchronised. 0, -ENOMEM, -E2BIG. */
int dg_analysis_synchronise(struct dg_analysis *a, dg_ref ref, dg_ref *ret);
/* The parts of @op, two ranks kept, made when they are asked for. 0, -ENOMEM, -E2BIG. */
int dg_analysis_column(struct dg_analysis *a, unsigned int op, const struct dg_fold_op **ret);
/* All components are conditions, to be true at once. */
extern const struct dg_question dg_analysis_conditions;

/* analysis_report.c */
/* The device of the search's classes; valid until the next one. 0, -ENOMEM. */
int dg_analysis_witness(struct dg_analysis *a, struct dg_analysis_witness *ret);
/* The same in an arena of the caller's. */
int dg_analysis_witness_in(struct dg_analysis *a, struct dg_arena *arena,
			   struct dg_analysis_witness *ret);
/* Does the rule by itself match? By the reference evaluator. */
bool dg_analysis_matches(const struct dg_analysis *a, uint32_t rule,
			 const struct dg_analysis_witness *w);
void dg_analysis_decide(const struct dg_analysis *a, const struct dg_analysis_witness *w,
			enum dg_op op, struct dg_answer *ret);
void dg_analysis_report(struct dg_analysis *a, enum dg_diag_id id, enum dg_severity severity,
			const struct dg_pos *pos, const struct dg_analysis_witness *w,
			const char *format, ...) _printf_(6, 7);
/* `"id"`, `"id" and "other"`, …; `the default` for DG_RULE_DEFAULT. @size at least 64. */
void dg_analysis_name(const struct dg_analysis *a, const uint32_t *rules, size_t count, bool more,
		      char *ret, size_t size);
/* A search said that something is so, and the reference evaluator that it is not. */
void dg_analysis_disagree(struct dg_analysis *a, const struct dg_pos *pos);

enum dg_found {
	DG_FOUND_NONE,
	DG_FOUND_SOME,
	DG_FOUND_UNDECIDED,
};

#define DG_ANALYSIS_BEFORE_MAX 8

/* What becomes of a rule, over all its operations. */
struct dg_analysis_finding {
	enum dg_found decides; /* for some device it decides; a permissive one: is passed over */
	/* For some device something else comes out without it; a permissive one: it is named. */
	enum dg_found matters;
	unsigned int op; /* an operation on which it decides */
	/* Rules before it that decided for its devices on its first operation; so many of more. */
	uint32_t before[DG_ANALYSIS_BEFORE_MAX];
	size_t before_count;
};

/*
 * Is @op the first of the rule's operations with these rules (@by_default: and this default)? The
 * others give the same answer.
 */
bool dg_analysis_asks(const struct dg_analysis *a, uint32_t rule, unsigned int op, bool by_default);
/*
 * Does something else come out when the rule of @rank and @kind, which decides, is gone and
 * @next of @next_kind comes next? @would: the first permissive rule that matches before @next.
 */
bool dg_analysis_differ(const struct dg_analysis *a, uint32_t rank, uint8_t kind, uint8_t next_kind,
			uint32_t next, uint32_t would);

/* analysis_rule.c: dead, shadowed, redundant, never true */
int dg_analysis_rules(struct dg_analysis *a);

/* analysis_hunt.c: by devices looked at one by one. 0 or -ENOMEM. */
int dg_analysis_by_points(struct dg_analysis *a, uint32_t rule, struct dg_analysis_finding *ret);

/* analysis_points.c. The matcher for @op. 0 or -ENOMEM. */
int dg_analysis_matcher(struct dg_analysis *a, unsigned int op, const struct dg_matcher **ret);
/*
 * A device of the region, to a->points.at, that few other rules match. Class DG_CLASS_ANY does not
 * occur. 1; 0: there is none; -E2BIG; -ENOMEM.
 */
int dg_analysis_point(struct dg_analysis *a, const struct dg_matcher *m, dg_ref region);
/*
 * a->points.at has a new class for the variable: those of its group get the classes of a value that
 * has it. 1, 0: there is none; -E2BIG, -ENOMEM.
 */
int dg_analysis_settle(struct dg_analysis *a, uint32_t var);
/* Is there a device for which the condition is true? 1, 0, -E2BIG, -ENOMEM. */
int dg_analysis_satisfiable(struct dg_analysis *a, dg_ref condition);
/* @op on two conditions, within bounds. 0, -E2BIG, -ENOMEM. */
int dg_analysis_combine(struct dg_analysis *a, enum dg_apply op, dg_ref left, dg_ref right,
			dg_ref *ret);
/* Can the two conditions hold together? True also when that takes too long to see. */
bool dg_analysis_may_overlap(const struct dg_analysis *a, dg_ref left, dg_ref right);
/* After dg_search_init(). 0 or -ENOMEM. */
int dg_analysis_points_init(struct dg_analysis *a);
void dg_analysis_points_done(struct dg_analysis *a);

/* analysis_walk.c */
#define DG_WALK_LOST 0
#define DG_WALK_THERE UINT32_MAX
struct dg_walk_goal {
	/* Which rule is in the way of a device, as 1 + rank? DG_WALK_THERE: none; or DG_WALK_LOST.
	 */
	uint32_t (*obstacle)(void *data, const struct dg_decision *decision);
	void *data;
};
/*
 * From the device a->points.at to one that the goal is for, all of them in @stay: 1, it is
 * a->points.at. 0: not found, which proves nothing. -E2BIG: no more walks; -ENOMEM.
 */
int dg_analysis_walk(struct dg_analysis *a, const struct dg_matcher *m, dg_ref stay,
		     const struct dg_walk_goal *goal);

/* analysis_plain.c. Does a device with these classes have it? */
typedef bool (*dg_analysis_property)(const void *data, const uint32_t *classes);
/*
 * The device a->points.at, which has the property, with facts unknown that it does not take; to the
 * search's classes, DG_CLASS_ANY for the time when any will do.
 */
void dg_analysis_make_plain(struct dg_analysis *a, dg_analysis_property holds, const void *data);
/* Plain classes of a device for which the rule decides (is passed over) on @op, as if searched for.
 */
int dg_analysis_decided(struct dg_analysis *a, uint32_t rule, unsigned int op);

/* analysis_product.c: by a search through the product of all parts. 0 or -ENOMEM. */
int dg_analysis_by_product(struct dg_analysis *a, uint32_t rule,
			   struct dg_analysis_finding *finding);
/* analysis_assert.c */
int dg_analysis_asserts(struct dg_analysis *a);
/* None of them is decided: they are errors. */
void dg_analysis_asserts_undecided(struct dg_analysis *a);
/* analysis_bind.c: accept without bind */
int dg_analysis_binds(struct dg_analysis *a);

/*
 * analysis_items.c: unused set items. What rules are found to decide is told as it is found, which
 * answers most questions.
 */
int dg_analysis_items_prepare(struct dg_analysis *a);
/* The device a->points.decided is decided on @op by @rule. 0 or -ENOMEM. */
int dg_analysis_items_decided(struct dg_analysis *a, uint32_t rule, unsigned int op);
int dg_analysis_items(struct dg_analysis *a);
void dg_analysis_items_done(struct dg_analysis *a);
