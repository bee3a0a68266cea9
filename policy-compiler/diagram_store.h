/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the files of the diagram share; others use diagram.h. */
#pragma once

#include <errno.h>

#include "diagram.h"
#include "map.h"

#define DG_TERMINAL_CONDITIONS 2 /* the first terminals are no decisions */
#define DG_RANK_PLAIN (1U << 24) /* ranks up to here are found by index */

struct dg_diagram_node {
	uint32_t var;
	uint32_t run_count;
	uint32_t run_off;
	uint32_t hash; /* of all that */
};

/* A place in the table of nodes. Most looks at it need no look at the node. */
struct dg_diagram_slot {
	uint32_t hash;
	uint32_t node; /* and one more; 0: free */
};

/* What became of a rule alone, as most are at the end of a walk: the next operation has it too. */
struct dg_diagram_alone {
	dg_ref match, result; /* match DG_FALSE: nothing yet */
};

/* Results of earlier steps. An entry may be overwritten: then the step is taken again. */
struct dg_diagram_step {
	uint64_t a, b;
	dg_ref result;
	bool used;
};

struct dg_diagram {
	uint32_t *class_counts;
	uint32_t var_count;
	size_t max_runs;
	size_t run_limit, step_limit; /* of the work under way */
	size_t steps;
	size_t undone; /* how often */
	struct dg_diagram_node *nodes;
	size_t node_count, node_room;
	struct dg_run *runs;
	size_t run_count, run_room;
	struct dg_diagram_slot *slots; /* unique table, open addressing */
	size_t slot_count;
	struct dg_decision *decisions; /* by terminal number */
	size_t decision_count, decision_room;
	struct dg_map decision_of;
	uint32_t *plain_of; /* by rank: terminal of the decision that is that rank alone, or 0 */
	size_t plain_room;
	struct dg_diagram_alone *alone; /* by rank */
	size_t alone_room;
	struct dg_diagram_step *cache;
	size_t cache_count;	/* a power of two */
	size_t remembered;	/* steps so far, until the cache is as large as it gets */
	struct dg_run *scratch; /* a stack: nodes under construction */
	size_t scratch_count, scratch_room;
	/* By node, by terminal: the round of the last visit. */
	uint32_t *seen, *terminal_seen;
	size_t seen_room, terminal_room;
	uint32_t round;
};

/* Keys of the cache beside enum dg_apply. */
enum {
	DG_STEP_NOT = 16,
	DG_STEP_SELECT,
};

/* Put a run on the scratch stack; one that goes on like its predecessor is joined to it. */
int dg_diagram_push(struct dg_diagram *d, size_t base, uint32_t first, dg_ref child);
/* The node with the runs on the scratch stack from @base on; they are taken off. */
int dg_diagram_node(struct dg_diagram *d, uint32_t var, size_t base, dg_ref *ret);
bool dg_diagram_recall(const struct dg_diagram *d, uint64_t a, uint64_t b, dg_ref *ret);
/* Remembering may fail: nothing is lost but time. */
void dg_diagram_remember(struct dg_diagram *d, uint64_t a, uint64_t b, dg_ref result);
/* Is there a node of @var below or at @ref? 0 or -ENOMEM. */
int dg_diagram_reaches(struct dg_diagram *d, dg_ref ref, uint32_t var, bool *ret);
/* As dg_diagram_var() and dg_diagram_runs(). */
static inline uint32_t dg_node_var(const struct dg_diagram *d, dg_ref node)
{
	return dg_ref_terminal(node) ? DG_VAR_NONE : d->nodes[node].var;
}
static inline const struct dg_run *dg_node_runs(const struct dg_diagram *d, dg_ref node,
						size_t *ret_count)
{
	*ret_count = d->nodes[node].run_count;
	return d->runs + d->nodes[node].run_off;
}
/* Where run @run of a node leads to. */
static inline dg_ref dg_diagram_successor(const struct dg_diagram *d, dg_ref node, size_t run)
{
	return d->runs[d->nodes[node].run_off + run].child;
}
/* Count steps of work. 0, or -E2BIG past the budget. */
static inline int dg_diagram_spend(struct dg_diagram *d, size_t steps)
{
	d->steps += steps;
	return d->steps > d->step_limit ? -E2BIG : 0;
}
