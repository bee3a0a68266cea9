/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The devices of an inventory as boxes: conjunctions of a test on each of some attributes. What
 * generate.h says about identity, covering and grouping happens here; generate.c writes the boxes as
 * rules. Not for others.
 */
#pragma once

#include "arena.h"
#include "generate.h"

enum dg_dim_state {
	DG_DIM_FREE,   /* not asked */
	DG_DIM_ABSENT, /* is not known */
	DG_DIM_VALUES,
};

/*
 * One attribute of a box. @text is interned, so equal texts are one pointer: the values as the language
 * writes them, ascending, one a line. Of a set-valued attribute they are the elements of the one set (all
 * elements are among them); of the measurements "INDEX DIGEST".
 */
struct dg_dim {
	const char *text; /* DG_DIM_VALUES */
	enum dg_dim_state state;
};

#define DG_NO_DEVICE UINT32_MAX

struct dg_box {
	struct dg_dim dims[DG_ATTR_MAX];
	uint32_t ops;
	uint32_t first, last, count; /* its devices, chained by dg_boxes.next */
	bool evidence;		     /* what it allows rests on verified evidence */
	struct dg_box *into;	     /* the one that it was merged into; NULL: none, and */
	uint32_t number;	     /* this is its place in dg_boxes.boxes */
	uint64_t question;	     /* the last one that it was an answer to (dg_boxes_find()) */
};

struct dg_builder;

struct dg_boxes {
	struct dg_arena *arena;
	struct dg_box **boxes; /* in the order of their first devices */
	size_t count;
	uint32_t *next;	     /* by device: the next one of its box, or DG_NO_DEVICE */
	uint32_t *promised;  /* by device: operations that a box allows it */
	size_t device_count, left_out;
	struct dg_builder *builder; /* for dg_boxes_find() */
};

/* Number of values in a text of lines. */
size_t dg_lines_count(const char *text);

struct dg_boxes_options {
	bool pin;
	const uint32_t *ops; /* wanted, by device; NULL: what generate.h says */
};

int dg_boxes_new(const struct dg_device_store *store, const struct dg_boxes_options *options,
		 struct dg_boxes **ret);
/*
 * The numbers of the boxes that @device lies within, each once, in no order: the rules made of these are
 * true of it, those of others are not. Any device may be asked for; the time it takes does not grow with
 * the number of boxes. *@ret is valid until the next call. 0 or -ENOMEM.
 */
int dg_boxes_find(struct dg_boxes *boxes, const struct dg_device *device, const uint32_t **ret,
		  size_t *ret_count);
void dg_boxes_free(struct dg_boxes *boxes);
DEFINE_CLEANUP(struct dg_boxes *, dg_boxes_free, boxes)
