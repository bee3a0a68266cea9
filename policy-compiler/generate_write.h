/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Boxes as rules: their names, their sets, their text. For generate and suggest. */
#pragma once

#include "generate_boxes.h"
#include "map.h"

#define DG_NAME_MAX 63 /* of a rule's id */

struct dg_named_set {
	const char *text; /* interned values */
	char name[96];
};

struct dg_namer {
	struct dg_map used; /* hash of a name -> how often it was wanted */
};

/* @store, @boxes, @out and @prefix are given; the rest is dg_writer_begin()'s. */
struct dg_writer {
	const struct dg_device_store *store;
	const struct dg_boxes *boxes;
	FILE *out;
	const char *prefix; /* of ids, or NULL */
	struct dg_namer rules, set_names;
	char (*ids)[DG_NAME_MAX + 1]; /* by box */
	uint32_t *order; /* boxes in the order of writing */
	struct dg_named_set *sets;
	size_t set_count, set_room;
	struct dg_map set_of; /* interned values and attribute type -> set */
};


/* What of the machine a box is about: rules stand in this order. */
enum dg_section {
	DG_SECTION_PCI,
	DG_SECTION_USB,
	DG_SECTION_OTHER,
};
enum dg_section dg_writer_section(const struct dg_box *box);

/* Settle the order of writing, and with it the ids. 0 or -ENOMEM; dg_writer_done() in any case. */
int dg_writer_begin(struct dg_writer *w);
/*
 * The statements of boxes[@index], each ending a line: sets that were not written yet, and the rule.
 */
int dg_writer_rule(struct dg_writer *w, uint32_t index);
void dg_writer_done(struct dg_writer *w); /* but not ->out */

/* The devices of a box for a comment: `a, b and 3 more`. */
void dg_writer_labels(const struct dg_writer *w, const struct dg_box *box);
/* Text of a device in a comment: one line, and nothing that hides or reorders. */
void dg_writer_plain(FILE *out, struct dg_bytes bytes);
void dg_writer_ops(FILE *out, uint32_t ops);
bool dg_writer_is_plain(char c); /* may it stand in a name? */
