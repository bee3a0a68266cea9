/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Numbers for lists of words. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * List n (from 1) is items[off[n - 1]] … items[off[n] - 1]; equal lists get equal numbers. All zero
 * is without any. The whole is the caller's, for dg_lists_done().
 */
struct dg_lists {
	uint32_t *off;
	size_t off_room;
	uint32_t *items;
	size_t item_count, item_room;
	uint32_t *slots; /* open addressing: number */
	size_t slot_count;
	uint32_t count;
};

/* The number of a list, a new one if it is not there. 0 or -ENOMEM. */
int dg_lists_number(struct dg_lists *lists, const uint32_t *items, size_t count, uint32_t *ret);
void dg_lists_done(struct dg_lists *lists);
