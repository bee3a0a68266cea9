/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The lists of items of a policy: its named sets, and what stands in braces after `in`; the tests
 * that ask for them; and which items the others of a list hold already.
 *
 * A list that a test names is a root. Through sets in sets a root holds the items of several lists.
 * Lists of one item in a condition are left out: without the item there would be no test.
 */
#pragma once

#include "ast.h"
#include "map.h"

#define DG_ITEM_NONE UINT32_MAX

/* An `in` of a condition. */
struct dg_item_test {
	const struct dg_expr *expr;
	uint32_t owner; /* rule; the number of rules and more: assertion */
	uint32_t list;
	uint32_t next; /* test of the same list, or DG_ITEM_NONE */
	bool demanded; /* the condition is false wherever the test is */
};

struct dg_item_index;

struct dg_item_list {
	const struct dg_set *set; /* NULL: in a condition */
	const struct dg_pos *pos;
	struct dg_item *items;
	uint32_t count;
	uint32_t first_item; /* number of its first item among all */
	uint32_t first_test; /* DG_ITEM_NONE: no test names it */
	uint32_t first_use;  /* of ->uses: in other lists */
	bool has_sets;
	struct dg_item_index *index; /* of a root with sets in it; made when needed */
};

/* A set in a list. */
struct dg_item_use {
	uint32_t user; /* list */
	uint32_t item; /* number */
	uint32_t next;
};

struct dg_items {
	const struct dg_policy *policy;
	/* Sets first, in order, then lists in rules, then those in assertions. */
	struct dg_item_list *lists;
	size_t list_count, list_room;
	struct dg_item_test *tests; /* by owner, ascending */
	size_t test_count, test_room;
	struct dg_item_use *uses;
	size_t use_count, use_room;
	uint32_t item_count;
	/* By item: another one that holds what it holds (itself: several do); or DG_ITEM_NONE. */
	uint32_t *covered_by;
	uint32_t stopped_at; /* list at which dg_items_cover() gave up */
	size_t covered_sets; /* how many of the covered items are sets */
	size_t steps;	     /* that may still be taken; -E2BIG when there are none */

	/* Inside. */
	struct dg_map list_of;	       /* set to list */
	uint32_t *reached, round;      /* by list: the round in which it was come to */
	uint32_t *stack;	       /* of lists */
	uint32_t *roots;	       /* of dg_items_roots() */
	struct dg_item_index *scratch; /* of the root asked for last */
};

/* The lists and tests of @policy, which must outlive them. 0 or -ENOMEM. */
int dg_items_init(struct dg_items *items, const struct dg_policy *policy);
void dg_items_done(struct dg_items *items);

/*
 * Find what is covered: from the last item to the first, an item whose values the others that are
 * left hold in every root. All of them can go at once, and no test changes. 0, -ENOMEM, -E2BIG.
 */
int dg_items_cover(struct dg_items *items);

uint32_t dg_items_list_of(const struct dg_items *items, uint32_t item);
const struct dg_item *dg_items_item(const struct dg_items *items, uint32_t item);

/* The roots that hold the items of @list: *@ret, valid until the next call; returns their number.
 */
size_t dg_items_roots(struct dg_items *items, uint32_t list, const uint32_t **ret);

/* What a root holds without one item and without covered ones. */
struct dg_item_view {
	struct dg_items *items;
	const struct dg_item_index *index;
	uint32_t without; /* item, or DG_ITEM_NONE */
	uint32_t *lost;	  /* ascending: lists that are no part of the root without it */
	size_t lost_count;
};

/*
 * A view of @root without @item (DG_ITEM_NONE: with all). There is one at a time of a root without
 * sets in it. 0, -ENOMEM, -E2BIG.
 */
int dg_item_view_init(struct dg_item_view *view, struct dg_items *items, uint32_t root,
		      uint32_t item);
void dg_item_view_done(struct dg_item_view *view);
/* An item that holds the value (mask all ones), or DG_ITEM_NONE. Takes steps. */
uint32_t dg_item_view_holds(const struct dg_item_view *view, const struct dg_literal *value);
/* Does the root hold the value with the item and not without it? Takes steps. */
bool dg_item_view_loses(const struct dg_item_view *view, const struct dg_literal *value);
/*
 * The literals, patterns and ranges that the root loses with the item, one after the other: *@at is
 * 0 at first. NULL: no more.
 */
const struct dg_item *dg_item_view_lost(const struct dg_item_view *view, size_t *at);

/* Numbers where something may change: between two neighbours all values are alike. */
struct dg_item_cuts {
	uint64_t *items;
	size_t count, room;
};
void dg_item_cuts_done(struct dg_item_cuts *cuts);
int dg_item_cuts_add(struct dg_item_cuts *cuts, uint64_t at);
/* Where what the root holds begins and ends between @low and @high. 0, -ENOMEM. */
int dg_item_view_cuts(const struct dg_item_view *view, uint64_t low, uint64_t high,
		      struct dg_item_cuts *cuts);
/* The low halves that the root names. */
int dg_item_view_low_cuts(const struct dg_item_view *view, struct dg_item_cuts *cuts);
/* Sort them, each once. */
void dg_item_cuts_sort(struct dg_item_cuts *cuts);

/* What one item that is no set stands for: values, or a span, or ids with one low half. */
enum dg_item_form {
	DG_ITEM_EXACT,
	DG_ITEM_SPAN,
	DG_ITEM_LOW_HALF,
};
enum dg_item_form dg_item_form(const struct dg_item *item, uint64_t *ret_low, uint64_t *ret_high);
