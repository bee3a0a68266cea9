/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the files of the analysis share; others use analysis.h. */
#pragma once

#include "analysis.h"
#include "arena.h"
#include "facts.h"
#include "search.h"

/* Steps of one search, and of all searches about single rules together. */
#define DG_ANALYSIS_STEPS 200000
#define DG_ANALYSIS_ALL_STEPS 60000000

struct dg_analysis {
	const struct dg_policy *policy;
	struct dg_fold *fold;
	unsigned int flags;
	struct dg_diags *diags;
	struct dg_policy copy;	/* @policy with rules of its own, to be evaluated without some */
	struct dg_rule_node *rules;
	uint32_t clock;		/* variable, or DG_VAR_NONE */
	dg_ref *match;		/* by rule, with the clock synchronised */
	uint8_t *kind_of;	/* by rank: dg_analysis_kind() */
	struct dg_fold_op columns[DG_OP_MAX]; /* by column: parts with two ranks, clock synchronised */
	bool column_made[DG_OP_MAX];
	uint32_t column_of[DG_OP_MAX];
	struct dg_outlooks outlooks;
	struct dg_search search;
	size_t steps; /* left for all */
	struct dg_arena *arena;
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
/* The parts of @op, two ranks kept, made when they are asked for. 0, -ENOMEM, -E2BIG. */
int dg_analysis_column(struct dg_analysis *a, unsigned int op, const struct dg_fold_op **ret);
/* All components are conditions, to be true at once. */
extern const struct dg_question dg_analysis_conditions;

/* analysis_report.c */
/* The device of the search's classes; valid until the next one. 0, -ENOMEM. */
int dg_analysis_witness(struct dg_analysis *a, struct dg_analysis_witness *ret);
/* Does the rule by itself match? By the reference evaluator. */
bool dg_analysis_matches(const struct dg_analysis *a, uint32_t rule,
			 const struct dg_analysis_witness *w);
void dg_analysis_decide(const struct dg_analysis *a, const struct dg_analysis_witness *w, enum dg_op op,
			struct dg_answer *ret);
void dg_analysis_report(struct dg_analysis *a, enum dg_diag_id id, enum dg_severity severity,
			const struct dg_pos *pos, const struct dg_analysis_witness *w, const char *format,
			...) _printf_(6, 7);
/* `"id"`, `"id" and "other"`, …; `the default` for DG_RULE_DEFAULT. @size at least 64. */
void dg_analysis_name(const struct dg_analysis *a, const uint32_t *rules, size_t count, bool more,
		      char *ret, size_t size);
/* A search said that something is so, and the reference evaluator that it is not. */
void dg_analysis_disagree(struct dg_analysis *a, const struct dg_pos *pos);

/* analysis_rule.c: dead, shadowed, redundant, never true */
int dg_analysis_rules(struct dg_analysis *a);
/*
 * Search for a device for which the rule decides on @op (a permissive one: it is passed over) and
 * the conditions @extra hold too. As dg_search_run().
 */
int dg_analysis_decides(struct dg_analysis *a, uint32_t rule, unsigned int op, const dg_ref *extra,
			size_t extra_count);
/* analysis_verdict.c: assertions, accept without bind */
int dg_analysis_asserts(struct dg_analysis *a);
int dg_analysis_binds(struct dg_analysis *a);
