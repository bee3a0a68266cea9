/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The hash of exact values: the slots of struct dg_exact_entry, and the words behind them. */
#include <errno.h>
#include <string.h>

#include "tables_build.h"
#include "util.h"

#define STRING_WORDS (sizeof(struct dg_string) / sizeof(uint64_t))
#define DIGEST_WORDS (sizeof(struct dg_digest_fact) / sizeof(uint64_t))

struct hashing {
	const struct dg_classifier *values;
	uint16_t words; /* of the longest value */
	struct dg_slots slots;
};

static void hashing_done(struct hashing *h)
{
	dg_slots_done(&h->slots);
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

static void hash_values(void *data, struct dg_slots *slots)
{
	uint64_t words[STRING_WORDS];
	struct hashing *h = data;

	for (uint32_t i = 0; i < slots->count; i++) {
		size_t count = value_words(h->values, &h->values->exact[i], words);
		uint64_t hash = dg_hash_start(slots->seed);

		if (count > h->words)
			h->words = (uint16_t)count;
		for (size_t w = 0; w < count; w++)
			hash = dg_hash_step(hash, words[w]);
		slots->hash[i] = hash;
	}
}

static int emit_slots(const struct hashing *h, struct dg_buffer *data)
{
	size_t entries = data->count;
	uint64_t words[STRING_WORDS];
	void *at;
	int r;

	r = dg_buffer_extend(data, h->slots.slots * sizeof(struct dg_exact_entry), &at);
	for (uint32_t slot = 0; slot < h->slots.slots && r >= 0; slot++) {
		const struct dg_exact *exact;
		struct dg_exact_entry entry = {};
		size_t count;

		if (!h->slots.key_of[slot])
			continue;
		exact = &h->values->exact[h->slots.key_of[slot] - 1];
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
	_cleanup_(hashing_done) struct hashing h = {.values = values};
	uint32_t off = (uint32_t)data->count;
	int r;

	if (values->exact_count == 0)
		return 0;
	r = dg_slots_init(&h.slots, (uint32_t)values->exact_count);
	if (r >= 0)
		r = dg_slots_find(&h.slots, hash_values, &h);
	if (r >= 0)
		r = dg_buffer_append(data, h.slots.displacement,
				     h.slots.buckets * sizeof(*h.slots.displacement));
	if (r >= 0)
		r = dg_buffer_pad(data);
	if (r >= 0)
		r = emit_slots(&h, data);
	if (r < 0)
		return r;
	ret->hash_off = off;
	ret->hash_seed = h.slots.seed;
	ret->hash_buckets = h.slots.buckets;
	ret->hash_slots = h.slots.slots;
	ret->exact_words = h.words;
	return 0;
}
