/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "lists.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "map.h"

static int lists_grow(struct dg_lists *lists)
{
	size_t slot_count = lists->slot_count ? lists->slot_count * 2 : 256;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t n = 0; n < lists->count; n++) {
		const uint32_t *items = lists->items + lists->off[n];
		size_t len = (lists->off[n + 1] - lists->off[n]) * sizeof(*items);
		size_t at = dg_hash(items, len) & (slot_count - 1);

		while (slots[at])
			at = (at + 1) & (slot_count - 1);
		slots[at] = n + 1;
	}
	free(lists->slots);
	lists->slots = slots;
	lists->slot_count = slot_count;
	return 0;
}

int dg_lists_number(struct dg_lists *lists, const uint32_t *items, size_t count, uint32_t *ret)
{
	size_t len = count * sizeof(*items), at;
	int r = 0;

	if (lists->count * UINT64_C(2) >= lists->slot_count)
		r = lists_grow(lists);
	if (r >= 0)
		r = dg_array_reserve(&lists->off, &lists->off_room, lists->count + UINT64_C(2),
				     sizeof(*lists->off));
	if (r >= 0)
		r = dg_array_reserve(&lists->items, &lists->item_room,
				     lists->item_count + count + 1, sizeof(*lists->items));
	if (r < 0)
		return r;
	at = dg_hash(items, len) & (lists->slot_count - 1);
	for (; lists->slots[at]; at = (at + 1) & (lists->slot_count - 1)) {
		uint32_t n = lists->slots[at] - 1;

		if (lists->off[n + 1] - lists->off[n] == count &&
		    (count == 0 || !memcmp(lists->items + lists->off[n], items, len))) {
			*ret = n + 1;
			return 0;
		}
	}
	if (count > 0)
		memcpy(lists->items + lists->item_count, items, len);
	lists->off[lists->count] = (uint32_t)lists->item_count;
	lists->item_count += count;
	lists->off[++lists->count] = (uint32_t)lists->item_count;
	lists->slots[at] = lists->count;
	*ret = lists->count;
	return 0;
}

void dg_lists_done(struct dg_lists *lists)
{
	free(lists->off);
	free(lists->items);
	free(lists->slots);
}
