/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Patterns as elements: what automaton_glob.c hands to automaton.c.
 *
 * Pattern p with m elements owns m + 1 consecutive positions; position base + i means that its
 * first i elements are matched, position base + m (an ELEMENT_END) that the whole pattern is.
 */
#pragma once

#include "automaton.h"

enum dg_element_kind {
	DG_ELEMENT_BYTE,
	DG_ELEMENT_CLASS,
	DG_ELEMENT_STAR, /* never two in a row */
	DG_ELEMENT_END,
};

struct dg_element {
	enum dg_element_kind kind;
	uint8_t byte;
	uint32_t pattern;
	uint32_t class; /* index in ->masks */
};

struct dg_byte_mask {
	uint64_t words[4];
};

/*
 * Bytes that no element tells apart share a byte class. No string holds NUL: it is in the class of
 * byte 1, whatever that is.
 */
struct dg_elements {
	struct dg_element *items;
	size_t count, room;
	struct dg_byte_mask *masks;
	size_t mask_count, mask_room;
	uint8_t byte_class[256];
	uint8_t representative[256]; /* a byte of each byte class */
	uint32_t byte_class_count;
};

/* 0, -EINVAL for a malformed glob, -ENOMEM. For dg_elements_done() in any case. */
int dg_elements_parse(const struct dg_pattern *patterns, size_t count, struct dg_elements *ret);
void dg_elements_done(struct dg_elements *elements);

static inline bool dg_mask_has(const struct dg_byte_mask *mask, uint8_t byte)
{
	return mask->words[byte / 64] >> (byte % 64) & 1;
}
