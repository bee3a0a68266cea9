/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* A hash map from a pair of words to a 32-bit value. Entries are only ever added. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dg_map_entry {
	uint64_t a, b;
	uint32_t value;
	bool used;
};

/* All zero is an empty map. */
struct dg_map {
	struct dg_map_entry *entries;
	size_t room;
	size_t count;
};

/* The value of (@a, @b). False when there is none; @ret is untouched then. */
bool dg_map_get(const struct dg_map *map, uint64_t a, uint64_t b, uint32_t *ret);

/* Add or replace. 0 or -ENOMEM. */
int dg_map_put(struct dg_map *map, uint64_t a, uint64_t b, uint32_t value);

/* Forget all entries, but keep the room. */
void dg_map_clear(struct dg_map *map);
void dg_map_done(struct dg_map *map);

/* A hash of @len bytes, the same on every run. */
uint64_t dg_hash(const void *data, size_t len);
