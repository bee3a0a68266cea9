/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Is there a device with …? The question is about several functions at once (conditions that must
 * hold, the parts of operations), the components. The search goes through their product variable by
 * variable, without building it: at each variable it tries a class for all that test it, and forgets
 * no combination of functions that it has found to lead nowhere.
 *
 * What is asked is the caller's, who says for every state what can still come of it. A search ends
 * with a device, with the certainty that there is none, or undecided when the budget is spent.
 */
#pragma once

#include "diagram.h"
#include "map.h"
#include "symbols.h"

#define DG_COMPONENTS_MAX 80

#define DG_KINDS 4

/* What a decision's function can come to, over all its terminals. */
struct dg_outlook {
	uint32_t least, most; /* ranks; DG_RANK_NONE where it passes */
	uint32_t best;	      /* run: the one with the greatest `most` */
	/* By kind, the highest rank of it, second ones too, and one more; 0: none. */
	uint32_t latest[DG_KINDS];
	uint32_t latest_run[DG_KINDS]; /* where that is */
	uint32_t would; /* the least rank of a permissive rule passed over, or DG_RANK_NONE */
	uint8_t kinds;	/* bit dg_outlooks.kind_of[rank] for each rank, second ones too */
};

/* Outlooks of all functions that were asked for, by node. */
struct dg_outlooks {
	const struct dg_diagram *diagram;
	const uint8_t *kind_of; /* by rank, below DG_KINDS; NULL: all 0 */
	/* By node the number of its item and one more; 0: never asked for, as most nodes are. */
	uint32_t *number_of;
	size_t room;
	struct dg_outlook *items;
	size_t count, item_room;
};

void dg_outlooks_done(struct dg_outlooks *outlooks);
/* Make the outlooks of @root and all below it. 0 or -ENOMEM. */
int dg_outlooks_add(struct dg_outlooks *outlooks, dg_ref root);
/* Of a terminal that is a decision. */
struct dg_outlook dg_outlook_terminal(const struct dg_outlooks *outlooks, dg_ref ref);
/* Of a node that was added, or any terminal that is a decision. */
static inline struct dg_outlook dg_outlook(const struct dg_outlooks *outlooks, dg_ref ref)
{
	if (dg_ref_terminal(ref))
		return dg_outlook_terminal(outlooks, ref);
	return outlooks->items[outlooks->number_of[ref] - 1];
}
/* Its `least` and `most`, which searches ask for at every step. */
static inline uint32_t dg_outlook_least(const struct dg_outlooks *outlooks, dg_ref ref)
{
	if (dg_ref_terminal(ref))
		return dg_diagram_decided(outlooks->diagram, ref).rank;
	return outlooks->items[outlooks->number_of[ref] - 1].least;
}
static inline uint32_t dg_outlook_most(const struct dg_outlooks *outlooks, dg_ref ref)
{
	if (dg_ref_terminal(ref))
		return dg_diagram_decided(outlooks->diagram, ref).rank;
	return outlooks->items[outlooks->number_of[ref] - 1].most;
}

struct dg_question {
	/*
	 * Put the state in its simplest form: replace what makes no difference any more by DG_TRUE
	 * (a condition) or DG_PASS (a decision). False: nothing can come of it.
	 */
	bool (*reduce)(void *data, dg_ref *state, size_t count);
	/* The state, all terminals and reduced, is what is looked for. */
	bool (*goal)(void *data, const dg_ref *state, size_t count);
	/* Going from @from to @to (reduced) is as good as anything that component could do. */
	bool (*best)(void *data, size_t component, dg_ref from, dg_ref to);
	/* Decisions of these kinds (bits) are hoped for: they are tried first. */
	uint8_t hoped;
	void *data;
};

struct dg_search {
	struct dg_symbols *symbols;
	const struct dg_diagram *diagram;
	/* For hints; of the decisions among the components. The second may be NULL, or both. */
	const struct dg_outlooks *outlooks, *more_outlooks;
	const struct dg_question *question;
	size_t budget; /* steps; what is left after a search */
	/* The finding: by variable, DG_CLASS_ANY where nothing depends on it. */
	uint32_t *classes;

	/* Inside. */
	const struct dg_variable *vars;
	uint32_t var_count;
	uint32_t *low, *high; /* by variable: the segment chosen on this path */
	size_t count;	      /* of components */
	struct dg_map failed; /* hash to index of a state */
	dg_ref *pool;	      /* states that failed, @count references each */
	size_t pool_count, pool_room;
};

/* Prepare; the four first members are set by the caller, budget before each search. 0 or -ENOMEM. */
int dg_search_init(struct dg_search *search);
void dg_search_done(struct dg_search *search);
/*
 * From within goal(): the classes that the search stands at, as they would be found. (A goal that says
 * no makes the search go through all states once.)
 */
void dg_search_here(struct dg_search *search);
/* 1: @search->classes has it; 0: there is none; -E2BIG: undecided; -ENOMEM. */
int dg_search_run(struct dg_search *search, const dg_ref *components, size_t count);
