/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What taking an item away does to the tests of one fact, in terms of classes.
 *
 * Many items of a set share a class: no test tells their values apart. So that the item is gone is
 * no question about classes alone, but this one is: in which classes are values that the item alone
 * holds, and which tests are false for them then that are true with it? Each such combination is a
 * case; a policy has few, however many items there are.
 */
#pragma once

#include "items.h"
#include "lists.h"
#include "symbols.h"

#define DG_ITEM_PROBES 64

/* Tests of one root with one quantifier are one: they are lost together. */
struct dg_item_probe {
	uint32_t root;
	enum dg_quantifier quantifier;
	const struct dg_item_view *view;
	struct dg_atom atom; /* sets: of the test */
};

struct dg_item_fact {
	const struct dg_attr *attr;
	unsigned int index;
	uint32_t group; /* its first variable */
	struct dg_item_probe probes[DG_ITEM_PROBES];
	size_t probe_count;
	/*
	 * Each is: probes that are lost (bits, two words), then the classes of the group. Of a set with
	 * several variables it is the probes alone; which classes go with them is what @extra asks.
	 */
	struct dg_lists cases;
	/*
	 * Where nothing is lost. Sets of one variable: the classes that a set without a loss can have;
	 * sets of several: nothing; others: the classes, as in cases, in which all values lose something.
	 */
	struct dg_lists rest;
	/* Sets of several variables: its classes are 1, nothing is lost, and 1 + number of the case. */
	bool several;
	struct dg_set_extra extra;
	struct dg_item_letters *letters; /* elements */
	struct dg_literal example; /* a value of the first case, or an element of it */
};

/* Fill cases, rest (@all: else sets have it alone) and example. 0, -ENOMEM, -E2BIG. */
int dg_item_cases_find(struct dg_item_fact *fact, struct dg_symbols *symbols,
		       struct dg_items *items, bool all);
void dg_item_fact_done(struct dg_item_fact *fact);
/* What tells the fact from that of another item of the list: words, valid as long as the fact. */
const uint32_t *dg_item_fact_words(const struct dg_item_fact *fact, size_t *ret_count);

/* Case @number, from 1. */
struct dg_item_case {
	uint64_t lost;		 /* bit n: probe n */
	const uint32_t *classes; /* by variable of the group; not of a set with several */
};
struct dg_item_case dg_item_case_get(const struct dg_item_fact *fact, uint32_t number);
