/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the files that make boxes share: generate_identity.c, generate_cover.c and generate_boxes.c. */
#pragma once

#include "generate_boxes.h"
#include "map.h"

/* Texts, each once: equal ones are one pointer. */
struct dg_strings {
	const char **slots;
	size_t count, room; /* a power of two */
};

/* Things by hash: a chain for each. */
struct dg_index {
	struct dg_map heads; /* hash -> number */
	uint32_t *next;	     /* by number; UINT32_MAX ends a chain */
};

/*
 * Boxes as they are before any of them is merged, and what they are found by when a box, or a device,
 * asks which of them it lies within.
 */
struct dg_cover {
	struct dg_box **boxes;
	size_t count;
	struct dg_mask *masks; /* the different ways of asking */
	size_t mask_count, mask_room;
	uint32_t *mask_of;     /* by box */
	uint64_t nested;       /* attributes (bits) of which one value may cover another one */
	uint64_t asked;	       /* those that some box does not leave free */
	struct dg_map loads;   /* a key with a line in it -> how many boxes have it */
	struct dg_index index; /* key -> entries */
	uint32_t *entries;     /* the boxes they stand for */
	size_t entry_count;
	uint32_t *found; /* the last answer: boxes */
	size_t found_count, found_room;
};

struct dg_builder {
	const struct dg_device_store *store;
	const struct dg_boxes_options *options;
	struct dg_boxes *result;
	struct dg_strings strings;
	bool drivers_named, serials_given; /* by any device of the inventory */
	size_t room;			   /* of result->boxes */
	struct dg_cover cover;
	struct dg_arena *scratch; /* where texts that no box has go; NULL: where all others are */
	uint64_t questions;	  /* that dg_boxes_find() was asked */
};

/* The one copy of the lines of @text (which is changed), ascending, each once. NULL: out of memory. */
const char *dg_intern_sorted(struct dg_builder *b, char *text);
void dg_strings_done(struct dg_strings *strings);

void dg_index_done(struct dg_index *index);
uint32_t dg_index_first(const struct dg_index *index, uint64_t hash); /* UINT32_MAX: there is none */
int dg_index_add(struct dg_index *index, uint64_t hash, uint32_t number); /* 0 or -ENOMEM */

bool dg_dim_same(const struct dg_dim *a, const struct dg_dim *b);
/* A hash of what the box asks but for the attributes @without (bits). */
uint64_t dg_box_hash(const struct dg_box *box, uint64_t without);

/* Index the @count boxes. 0 or -ENOMEM; dg_cover_done() in any case. */
int dg_cover_init(struct dg_cover *cover, struct dg_box *const *boxes, size_t count);
void dg_cover_done(struct dg_cover *cover);
/*
 * Put into @cover->found those that @box lies within, in no order; itself, when it is one of them. 0 or
 * -ENOMEM.
 */
int dg_cover_find(struct dg_cover *cover, const struct dg_box *box);
/* The scalars that the box at @at leaves free: the same number for the same ones, in the order of boxes. */
uint32_t dg_cover_order(const struct dg_cover *cover, uint32_t at);
/* Put into @b->cover.found those that @device lies within. 0 or -ENOMEM. */
int dg_find_around(struct dg_builder *b, const struct dg_device *device);

/* Ask for what makes @device the same one. 0 or -ENOMEM. */
int dg_identity(struct dg_builder *b, struct dg_box *box, const struct dg_device *device);
/* Ask for its verified evidence. */
int dg_identity_evidence(struct dg_builder *b, struct dg_box *box, const struct dg_device *device);
/* Ask for all of @asked (bits) that it shows, and that it does not show the rest of them. */
int dg_take_asked(struct dg_builder *b, struct dg_box *box, const struct dg_device *device,
		  uint64_t asked);
/* Can a value of it tell one device or model from others? That it is on some bus does not. */
bool dg_identifies(const struct dg_attr *attr);
/* The operations of @device that a rule can allow: those wanted (options), or what generate.h says. */
uint32_t dg_device_operations(const struct dg_builder *b, uint32_t number,
			      const struct dg_device *device);
/* Those of them that rest on evidence. */
#define DG_EVIDENCE_OPS (1U << DG_OP_ACCEPT | 1U << DG_OP_DMA_PRIVATE)
