/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Rules by what they say. Two rules have the same number when they are written the same way:
 * effect, operations, times, mode and condition, the sets that it names read item by item. Ids,
 * reasons and the names of sets do not count. Nothing is compared by a hash alone.
 */
#pragma once

#include "ast.h"
#include "map.h"

/* All zero is empty. */
struct dg_numbering {
	struct dg_map number_of; /* hash of a text, then the next ones for other texts */
	struct dg_map set_of;	 /* struct dg_set to number */
	char *texts;		 /* of all numbers, behind each other */
	size_t text_len, text_room;
	struct {
		size_t off, len;
	} * items; /* by number */
	size_t count, room;
};

/* 0 or -ENOMEM. */
int dg_number_rule(struct dg_numbering *numbering, const struct dg_rule_node *rule, uint32_t *ret);
void dg_numbering_done(struct dg_numbering *numbering);
