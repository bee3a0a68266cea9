/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Values as the cases of an item are found by them: all that are of a kind, that is of the same
 * classes and in the same items, are one. Internal to items_*.c.
 */
#pragma once

#include "items_cases.h"

#define DG_ITEM_LOW_MASK UINT64_C(0xffff) /* of a variable for the low half of an id */
#define DG_ITEM_CASES 1024
#define DG_ITEM_CASE_HEAD 2 /* words in front of the classes of a case */

/* The search for the cases of one fact. */
struct dg_item_finder {
	struct dg_item_fact *fact;
	struct dg_items *items;
	const struct dg_variable *vars; /* of the group */
	uint32_t var_count;
	struct dg_symbols *symbols;
	struct dg_item_cuts cuts, halves;
	struct dg_digest digest; /* of a value that is looked at */
};

/* Told of a value; positive: enough. */
typedef int (*dg_item_visit)(struct dg_item_finder *f, const struct dg_literal *value, void *data);

/* All that some root loses, one of each kind. What the last visit said, -E2BIG, -ENOMEM. */
int dg_item_visit_lost(struct dg_item_finder *f, dg_item_visit visit, void *data);

/* A value of one class that loses nothing. */
struct dg_item_keeper {
	struct dg_elements of;
	uint32_t class;
	const uint32_t *classes; /* by variable: what it must have there too; NULL: nothing */
	uint64_t held;		 /* probes whose root holds it */
	struct dg_literal value;
};

/* 1: there is one, in held and value; 0, -E2BIG, -ENOMEM. */
int dg_item_find_keeper(struct dg_item_finder *f, struct dg_item_keeper *keeper);

/* Tests by number of the probe: true for the value with the item and false without it; true
 * without. */
uint64_t dg_item_lost_for(const struct dg_item_fact *fact, const struct dg_literal *value);
uint64_t dg_item_held_of(const struct dg_item_fact *fact, const struct dg_literal *value);
/* The class of the value's bits in @mask. */
uint32_t dg_item_class_in(const struct dg_classifier *c, uint64_t mask,
			  const struct dg_literal *value);

/* 0, -ENOMEM, -E2BIG. */
int dg_item_add_case(struct dg_item_fact *fact, uint64_t lost, const uint32_t *classes,
		     uint32_t count);

/* The cases of a set, by what its elements come to. 0, -ENOMEM, -E2BIG. */
int dg_item_set_cases(struct dg_item_finder *f);
void dg_item_letters_free(struct dg_item_letters *letters);
