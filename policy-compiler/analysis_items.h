/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What the files about unused set items share: analysis_items.c goes through the items and asks,
 * analysis_items_ask.c answers, analysis_items_report.c says.
 */
#pragma once

#include "analysis_parts.h"
#include "items_cases.h"

#define DG_ITEM_FACTS_MAX 256

#define DG_ITEM_ALL UINT32_MAX /* in place of an owner */

enum dg_item_answer {
	DG_ITEM_UNASKED,
	DG_ITEM_USED,
	DG_ITEM_UNUSED,
	DG_ITEM_UNDECIDED,
};

/* What the item is lost from: its roots, and the facts that tests compare with them. */
struct dg_item_loss {
	uint32_t item;
	uint32_t owner;		    /* whose tests are looked at alone, or DG_ITEM_ALL */
	struct dg_item_view *views; /* by root */
	uint32_t *roots;
	size_t root_count, view_count;
	struct dg_item_fact facts[DG_ITEM_FACTS_MAX];
	size_t fact_count;
	uint64_t lost[DG_ITEM_FACTS_MAX]; /* probes, in the combination of cases looked at */
};

struct dg_analysis_items {
	struct dg_items items;
	size_t next_test;
	bool *settled;	       /* by root: items that others do not hold are used */
	struct dg_map used_in; /* (root, variable and class): its items of that class are */
	struct dg_lists asked; /* a list and the cases of an item … */
	uint8_t *answers;      /* … and what came out, by number */
	size_t answer_room;
	struct dg_item_loss loss;
	size_t points; /* devices that may still be looked at */
	size_t steps;  /* of work on diagrams that all questions may still take */
};

/* What is lost with the item by the tests of @owner, to a->items->loss. 0, -ENOMEM, -E2BIG. */
int dg_item_loss_find(struct dg_analysis *a, uint32_t list, uint32_t item, uint32_t owner);
/*
 * The same of all owners or, when they are too many, of one for whom something is lost. *@ret: a
 * fact of which something is lost, if there is any. 0, -ENOMEM, -E2BIG.
 */
int dg_item_loss_example(struct dg_analysis *a, uint32_t list, uint32_t item,
			 const struct dg_item_fact **ret);

/* Would a rule or an assertion miss the item of the loss? 0 with *@ret, or -ENOMEM. */
int dg_items_ask(struct dg_analysis *a, uint8_t *ret);

struct dg_item *dg_item_place(const struct dg_analysis *a, uint32_t item);
/* In place of an item, nothing; returns what stood there. */
struct dg_item dg_item_take_away(struct dg_item *place);
/* 0, -ENOMEM, -E2BIG. @whole: none of the items of the set is used. */
int dg_items_report_covered(struct dg_analysis *a, uint32_t list, uint32_t item);
int dg_items_report_unused(struct dg_analysis *a, uint32_t list, uint32_t item, bool whole);
