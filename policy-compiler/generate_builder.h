/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the two files that make boxes share: generate_identity.c and generate_boxes.c. */
#pragma once

#include "generate_boxes.h"

/* Texts, each once: equal ones are one pointer. */
struct dg_strings {
	const char **slots;
	size_t count, room; /* a power of two */
};

struct dg_builder {
	const struct dg_device_store *store;
	const struct dg_boxes_options *options;
	struct dg_boxes *result;
	struct dg_strings strings;
	bool drivers_named, serials_given; /* by any device of the inventory */
	size_t room;			   /* of result->boxes */
	uint64_t *masks;		   /* different sets of attributes that a box leaves free */
	size_t mask_count, mask_room;
	uint64_t asked; /* attributes that some box does not leave free */
};

/* The one copy of the lines of @text (which is changed), ascending, each once. NULL: out of memory. */
const char *dg_intern_sorted(struct dg_builder *b, char *text);
void dg_strings_done(struct dg_strings *strings);

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
