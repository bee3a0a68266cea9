/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

uint64_t dg_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len, word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * UINT64_C(0xd6e8feb86659fd93);
		h ^= h >> 32;
	}
	for (; len > 0; p++, len--) {
		h = (h ^ *p) * UINT64_C(0xd6e8feb86659fd93);
		h ^= h >> 32;
	}
	return mix(h);
}

/* The entry of the key, or the free one where it would go. */
static struct dg_map_entry *find(const struct dg_map *map, uint64_t a, uint64_t b)
{
	size_t at = mix(a ^ mix(b)) & (map->room - 1);

	while (map->entries[at].used && (map->entries[at].a != a || map->entries[at].b != b))
		at = (at + 1) & (map->room - 1);
	return &map->entries[at];
}

bool dg_map_get(const struct dg_map *map, uint64_t a, uint64_t b, uint32_t *ret)
{
	const struct dg_map_entry *entry;

	if (map->room == 0)
		return false;
	entry = find(map, a, b);
	if (!entry->used)
		return false;
	*ret = entry->value;
	return true;
}

static int enlarge(struct dg_map *map)
{
	struct dg_map new = {.room = map->room ? map->room * 2 : 64, .count = map->count};

	new.entries = calloc(new.room, sizeof(*new.entries));
	if (!new.entries)
		return -ENOMEM;
	for (size_t i = 0; i < map->room; i++)
		if (map->entries[i].used)
			*find(&new, map->entries[i].a, map->entries[i].b) = map->entries[i];
	free(map->entries);
	*map = new;
	return 0;
}

int dg_map_put(struct dg_map *map, uint64_t a, uint64_t b, uint32_t value)
{
	struct dg_map_entry *entry;
	int r;

	if ((map->count + 1) * 3 > map->room * 2) {
		r = enlarge(map);
		if (r < 0)
			return r;
	}
	entry = find(map, a, b);
	if (!entry->used)
		map->count++;
	*entry = (struct dg_map_entry){.a = a, .b = b, .value = value, .used = true};
	return 0;
}

void dg_map_clear(struct dg_map *map)
{
	if (map->count > 0)
		memset(map->entries, 0, map->room * sizeof(*map->entries));
	map->count = 0;
}

void dg_map_done(struct dg_map *map)
{
	free(map->entries);
	*map = (struct dg_map){};
}
