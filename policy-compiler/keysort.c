/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "keysort.h"

#include <stdbool.h>
#include <string.h>

#define FEW_KEYS 48

static void insertion_sort(struct dg_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct dg_key key = keys[i];
		size_t at = i;

		for (; at > 0 && keys[at - 1].key > key.key; at--)
			keys[at] = keys[at - 1];
		keys[at] = key;
	}
}

/* One pass by the byte at @shift. */
static void distribute(const struct dg_key *from, struct dg_key *to, size_t count,
		       unsigned int shift)
{
	size_t place[256] = {};
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		place[from[i].key >> shift & 0xff]++;
	for (unsigned int byte = 0; byte < 256; byte++) {
		size_t n = place[byte];

		place[byte] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++)
		to[place[from[i].key >> shift & 0xff]++] = from[i];
}

void dg_keys_sort(struct dg_key *keys, struct dg_key *scratch, size_t count)
{
	struct dg_key *from = keys, *to = scratch;
	uint64_t differ = 0;
	bool sorted = true;

	if (count <= FEW_KEYS) {
		insertion_sort(keys, count);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		differ |= keys[i].key ^ keys[0].key;
		sorted &= keys[i - 1].key <= keys[i].key;
	}
	if (sorted)
		return;
	/* From the lowest byte up, leaving out bytes that all keys share. */
	for (unsigned int shift = 0; shift < 64; shift += 8) {
		struct dg_key *swap = from;

		if ((differ >> shift & 0xff) == 0)
			continue;
		distribute(from, to, count, shift);
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(*keys));
}
