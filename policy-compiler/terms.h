/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Rules taken apart: a rule matches where one of its terms holds, and a term holds where each of
 * its literals does. A literal is true for some classes of one variable.
 */
#pragma once

#include "fold.h"

/* A rule of more terms is split into the alternatives of its condition, */
#define DG_TERMS_PER_RULE 256
/* and one that is as many terms even then stays in a diagram. */
#define DG_TERMS_SPLIT 4096

/* Classes @first … @end - 1. */
struct dg_range {
	uint32_t first, end;
};

struct dg_term_literal {
	uint32_t var;
	size_t range, range_count; /* in dg_terms.ranges, ascending */
};

struct dg_term {
	uint32_t rank;
	bool permissive;
	size_t literal, literal_count; /* in dg_terms.literals, ascending by variable */
};

/* All zero are none. */
struct dg_terms {
	struct dg_term *terms;
	struct dg_term_literal *literals;
	struct dg_range *ranges;
	size_t count, literal_count, range_count;
	size_t room, literal_room, range_room;
};

/* How many terms a condition has: paths to true, at most DG_TERMS_PER_RULE + 1 counted. */
size_t dg_terms_count(const struct dg_diagram *diagram, dg_ref condition);
/*
 * Whether the rule can be terms; split, if need be, in @fold. 1, 0, -ENOMEM. Adds to the diagram
 * what is not to be undone.
 */
int dg_terms_possible(struct dg_fold *fold, uint32_t rule);
/*
 * The terms of @rules (@count of them), sorted so that neighbours ask the same of the same
 * variable. To be freed with dg_terms_done() in any case. 0, -ENOMEM.
 */
int dg_terms_make(struct dg_terms *terms, const struct dg_fold *fold, const uint32_t *rules,
		  size_t count);
void dg_terms_done(struct dg_terms *terms);
