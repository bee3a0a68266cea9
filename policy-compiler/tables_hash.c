/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The hash of exact values: every value has the one slot where it can be. Values fall into buckets
 * of a few; for each bucket, the fullest first, a displacement is looked for that puts all of its
 * values into free slots. A seed under which two values of a bucket cannot be told apart, or that
 * makes the search long, is given up for the next.
 */
#include <errno.h>
#include <string.h>

#include "tables_build.h"
#include "util.h"

#define VALUES_IN_BUCKET 4
#define MAX_DISPLACEMENT (1U << 16)
#define MAX_SEEDS 1000
#define STRING_WORDS (sizeof(struct dg_string) / sizeof(uint64_t))
#define DIGEST_WORDS (sizeof(struct dg_digest_fact) / sizeof(uint64_t))

struct hashing {
	const struct dg_classifier *values;
	uint32_t count, buckets, slots;
	uint16_t words;	   /* of the longest value */
	uint64_t *hash;	   /* by value */
	uint32_t *first;   /* by bucket: its values are order[first] … order[first of the next] */
	uint32_t *order;   /* values, bucket by bucket */
	uint32_t *by_size; /* buckets, the fullest first */
	uint32_t *displacement; /* by bucket */
	uint32_t *value_of;	/* by slot: value + 1 */
};

static void hashing_done(struct hashing *h)
{
	free(h->hash);
	free(h->first);
	free(h->order);
	free(h->by_size);
	free(h->displacement);
	free(h->value_of);
}

/* The words of a value; returns how many. */
static size_t value_words(const struct dg_classifier *values, const struct dg_exact *exact,
			  uint64_t words[static STRING_WORDS])
{
	switch (values->values) {
	case DG_VALUES_NUM:
		words[0] = exact->num;
		return 1;
	case DG_VALUES_STR: {
		uint8_t *bytes = (uint8_t *)words;
		size_t count = exact->bytes.len / 8 + 1;

		memset(words, 0, count * sizeof(*words));
		bytes[0] = (uint8_t)exact->bytes.len;
		if (exact->bytes.len > 0)
			memcpy(bytes + 1, exact->bytes.data, exact->bytes.len);
		return count;
	}
	case DG_VALUES_DIGEST:
		memcpy(words, exact->bytes.data, sizeof(struct dg_digest_fact));
		return DIGEST_WORDS;
	}
	return 0;
}

static int hashing_init(struct hashing *h, const struct dg_classifier *values)
{
	h->values = values;
	h->count = (uint32_t)values->exact_count;
	h->buckets = (h->count + VALUES_IN_BUCKET - 1) / VALUES_IN_BUCKET;
	h->slots = h->count + h->count / 4 + 1;
	h->hash = calloc(h->count, sizeof(*h->hash));
	h->first = calloc(h->buckets + UINT64_C(2), sizeof(*h->first));
	h->order = calloc(h->count, sizeof(*h->order));
	h->by_size = calloc(h->buckets, sizeof(*h->by_size));
	h->displacement = calloc(h->buckets, sizeof(*h->displacement));
	h->value_of = calloc(h->slots, sizeof(*h->value_of));
	if (!h->hash || !h->first || !h->order || !h->by_size || !h->displacement || !h->value_of)
		return -ENOMEM;
	return 0;
}

static void hash_values(struct hashing *h, uint32_t seed)
{
	uint64_t words[STRING_WORDS];

	for (uint32_t i = 0; i < h->count; i++) {
		size_t count = value_words(h->values, &h->values->exact[i], words);
		uint64_t hash = dg_hash_start(seed);

		if (count > h->words)
			h->words = (uint16_t)count;
		for (size_t w = 0; w < count; w++)
			hash = dg_hash_step(hash, words[w]);
		h->hash[i] = hash;
	}
}

/* Values by bucket. Returns the size of the fullest. */
static uint32_t fill_buckets(struct hashing *h)
{
	uint32_t fullest = 0;

	memset(h->first, 0, (h->buckets + UINT64_C(2)) * sizeof(*h->first));
	for (uint32_t i = 0; i < h->count; i++)
		h->first[dg_hash_bucket(h->hash[i], h->buckets) + 2]++;
	for (uint32_t b = 0; b < h->buckets; b++) {
		if (h->first[b + 2] > fullest)
			fullest = h->first[b + 2];
		h->first[b + 2] += h->first[b + 1];
	}
	for (uint32_t i = 0; i < h->count; i++)
		h->order[h->first[dg_hash_bucket(h->hash[i], h->buckets) + 1]++] = i;
	return fullest;
}

static void sort_buckets(struct hashing *h, uint32_t fullest)
{
	uint32_t n = 0;

	for (uint32_t size = fullest + 1; size-- > 0;)
		for (uint32_t b = 0; b < h->buckets; b++)
			if (h->first[b + 1] - h->first[b] == size)
				h->by_size[n++] = b;
}

/* Put the values of a bucket into slots. False: not with this displacement; nothing is changed. */
static bool place_bucket(struct hashing *h, uint32_t bucket, uint32_t displacement)
{
	uint32_t i, begin = h->first[bucket], end = h->first[bucket + 1];

	for (i = begin; i < end; i++) {
		uint32_t slot = dg_hash_slot(h->hash[h->order[i]], displacement, h->slots);

		if (h->value_of[slot])
			break;
		h->value_of[slot] = h->order[i] + 1;
	}
	if (i == end) {
		h->displacement[bucket] = displacement;
		return true;
	}
	while (i-- > begin)
		h->value_of[dg_hash_slot(h->hash[h->order[i]], displacement, h->slots)] = 0;
	return false;
}

static bool place_all(struct hashing *h)
{
	memset(h->value_of, 0, h->slots * sizeof(*h->value_of));
	for (uint32_t i = 0; i < h->buckets; i++) {
		uint32_t displacement = 0;

		while (!place_bucket(h, h->by_size[i], displacement))
			if (++displacement >= MAX_DISPLACEMENT)
				return false;
	}
	return true;
}

static int find_slots(struct hashing *h, uint32_t *ret_seed)
{
	for (uint32_t seed = 0; seed < MAX_SEEDS; seed++) {
		hash_values(h, seed);
		sort_buckets(h, fill_buckets(h));
		if (place_all(h)) {
			*ret_seed = seed;
			return 0;
		}
	}
	return -E2BIG; /* as good as impossible */
}

static int emit_slots(const struct hashing *h, struct dg_buffer *data)
{
	size_t entries = data->count;
	uint64_t words[STRING_WORDS];
	void *at;
	int r;

	r = dg_buffer_extend(data, h->slots * sizeof(struct dg_exact_entry), &at);
	for (uint32_t slot = 0; slot < h->slots && r >= 0; slot++) {
		const struct dg_exact *exact;
		struct dg_exact_entry entry = {};
		size_t count;

		if (!h->value_of[slot])
			continue;
		exact = &h->values->exact[h->value_of[slot] - 1];
		count = value_words(h->values, exact, words);
		entry.class = exact->class;
		entry.word = words[h->values->values == DG_VALUES_DIGEST];
		if (count > 1) {
			entry.words = (uint32_t)data->count;
			r = dg_buffer_append(data, words, count * sizeof(*words));
			if (r < 0)
				break;
		}
		memcpy(data->bytes + entries + slot * sizeof(entry), &entry, sizeof(entry));
	}
	return r;
}

int dg_exact_emit(const struct dg_classifier *values, struct dg_buffer *data, struct dg_var *ret)
{
	_cleanup_(hashing_done) struct hashing h = {};
	uint32_t seed, off = (uint32_t)data->count;
	int r;

	if (values->exact_count == 0)
		return 0;
	r = hashing_init(&h, values);
	if (r >= 0)
		r = find_slots(&h, &seed);
	if (r >= 0)
		r = dg_buffer_append(data, h.displacement, h.buckets * sizeof(*h.displacement));
	if (r >= 0)
		r = dg_buffer_pad(data);
	if (r >= 0)
		r = emit_slots(&h, data);
	if (r < 0)
		return r;
	ret->hash_off = off;
	ret->hash_seed = seed;
	ret->hash_buckets = h.buckets;
	ret->hash_slots = h.slots;
	ret->exact_words = h.words;
	return 0;
}
