/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Which variables a function looks at, as a number: equal sets of variables have equal numbers. */
#pragma once

#include "diagram.h"
#include "map.h"

/* All zero is empty. */
struct dg_supports {
	uint32_t *node_of; /* by node: number + 1, or 0 */
	size_t node_room;
	struct dg_map union_of; /* (number, number) to number */
	struct dg_map set_of;  /* hash to number */
	uint32_t *items;       /* variables, ascending, of all sets */
	size_t item_count, item_room;
	struct {
		uint32_t off, count;
	} *sets; /* by number; [0] is the empty one */
	size_t set_count, set_room;
};

void dg_supports_done(struct dg_supports *supports);
/* The first variable of a set, DG_VAR_NONE of the empty one. */
uint32_t dg_support_first(const struct dg_supports *supports, uint32_t number);
/* The number of the set of variables of @ref: 0 for a terminal. 0 or -ENOMEM. */
int dg_support(struct dg_supports *supports, const struct dg_diagram *diagram, dg_ref ref,
	       uint32_t *ret);
