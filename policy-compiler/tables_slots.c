/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * A hash in which every key has the one slot where it can be. Keys fall into buckets of a few; for
 * each bucket, the fullest first, a displacement is looked for that puts all of its keys into free
 * slots. A seed under which two keys of a bucket cannot be told apart, or that makes the search
 * long, is given up for the next.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables_build.h"

#define KEYS_IN_BUCKET 4
#define MAX_DISPLACEMENT (1U << 16)
#define MAX_SEEDS 1000

uint32_t dg_slots_buckets(uint32_t count)
{
	return count / KEYS_IN_BUCKET + (count % KEYS_IN_BUCKET != 0);
}

uint32_t dg_slots_slots(uint32_t count)
{
	return count + count / 4 + 1;
}

void dg_slots_done(struct dg_slots *s)
{
	free(s->hash);
	free(s->first);
	free(s->order);
	free(s->by_size);
	free(s->displacement);
	free(s->key_of);
}

int dg_slots_init(struct dg_slots *s, uint32_t count)
{
	*s = (struct dg_slots){
		.count = count, .buckets = dg_slots_buckets(count), .slots = dg_slots_slots(count)};
	s->hash = calloc(s->count, sizeof(*s->hash));
	s->first = calloc(s->buckets + UINT64_C(2), sizeof(*s->first));
	s->order = calloc(s->count, sizeof(*s->order));
	s->by_size = calloc(s->buckets, sizeof(*s->by_size));
	s->displacement = calloc(s->buckets, sizeof(*s->displacement));
	s->key_of = calloc(s->slots, sizeof(*s->key_of));
	if (!s->hash || !s->first || !s->order || !s->by_size || !s->displacement || !s->key_of)
		return -ENOMEM;
	return 0;
}

/* Keys by bucket. Returns the size of the fullest. */
static uint32_t fill_buckets(struct dg_slots *s)
{
	uint32_t fullest = 0;

	memset(s->first, 0, (s->buckets + UINT64_C(2)) * sizeof(*s->first));
	for (uint32_t i = 0; i < s->count; i++)
		s->first[dg_hash_bucket(s->hash[i], s->buckets) + 2]++;
	for (uint32_t b = 0; b < s->buckets; b++) {
		if (s->first[b + 2] > fullest)
			fullest = s->first[b + 2];
		s->first[b + 2] += s->first[b + 1];
	}
	for (uint32_t i = 0; i < s->count; i++)
		s->order[s->first[dg_hash_bucket(s->hash[i], s->buckets) + 1]++] = i;
	return fullest;
}

static void sort_buckets(struct dg_slots *s, uint32_t fullest)
{
	uint32_t n = 0;

	for (uint32_t size = fullest + 1; size-- > 0;)
		for (uint32_t b = 0; b < s->buckets; b++)
			if (s->first[b + 1] - s->first[b] == size)
				s->by_size[n++] = b;
}

/* Put the keys of a bucket into slots. False: not with this displacement; nothing is changed. */
static bool place_bucket(struct dg_slots *s, uint32_t bucket, uint32_t displacement)
{
	uint32_t i, begin = s->first[bucket], end = s->first[bucket + 1];

	for (i = begin; i < end; i++) {
		uint32_t slot = dg_hash_slot(s->hash[s->order[i]], displacement, s->slots);

		if (s->key_of[slot])
			break;
		s->key_of[slot] = s->order[i] + 1;
	}
	if (i == end) {
		s->displacement[bucket] = displacement;
		return true;
	}
	while (i-- > begin)
		s->key_of[dg_hash_slot(s->hash[s->order[i]], displacement, s->slots)] = 0;
	return false;
}

static bool place_all(struct dg_slots *s)
{
	sort_buckets(s, fill_buckets(s));
	memset(s->key_of, 0, s->slots * sizeof(*s->key_of));
	for (uint32_t i = 0; i < s->buckets; i++) {
		uint32_t displacement = 0;

		while (!place_bucket(s, s->by_size[i], displacement))
			if (++displacement >= MAX_DISPLACEMENT)
				return false;
	}
	return true;
}

int dg_slots_find(struct dg_slots *s, void (*hash_keys)(void *data, struct dg_slots *s), void *data)
{
	for (s->seed = 0; s->seed < MAX_SEEDS; s->seed++) {
		hash_keys(data, s);
		if (place_all(s))
			return 0;
	}
	return -E2BIG; /* as good as impossible */
}
