/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Terms as bitmaps (struct dg_bitmap). 64 terms make a bitmap, and 64 of these a block with one
 * above them. For each variable that any of them asks there is a node, whose ends are words: of the
 * terms, or bitmaps below, those that the class leaves.
 */
#include <stdlib.h>

#include "array.h"
#include "map.h"
#include "tables_build.h"
#include "util.h"

#define BITS 64

/* From class @at of a variable on, @change terms more of bit @bit hold as far as that one goes. */
struct event {
	uint32_t var, at;
	uint8_t bit;
	int8_t change;
};

struct maker {
	struct dg_bitmaps_out *out;
	struct dg_node_writer *nodes;
	const struct dg_terms *terms;
	struct event *events;
	size_t event_count, event_room;
	struct dg_edge_run *runs;
	size_t run_room;
	struct dg_map word_of; /* index of a word that there is already */
	int total[BITS];       /* terms of each bit of the bitmap at hand */
};

void dg_bitmaps_done(struct dg_bitmaps_out *out)
{
	free(out->bitmaps.bytes);
	free(out->rows.bytes);
	free(out->words.bytes);
	free(out->terms.bytes);
}

static int compare_events(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->var != y->var)
		return x->var < y->var ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* A term that asks a variable holds for none of its classes, but for those in its ranges. */
static int add_term(struct maker *m, const struct dg_term *term, uint8_t bit)
{
	m->total[bit]++;
	for (size_t i = 0; i < term->literal_count; i++) {
		const struct dg_term_literal *l = &m->terms->literals[term->literal + i];
		int r = dg_array_reserve(&m->events, &m->event_room,
					 m->event_count + 2 * l->range_count + 1,
					 sizeof(*m->events));

		if (r < 0)
			return r;
		m->events[m->event_count++] = (struct event){l->var, 0, bit, -1};
		for (size_t k = 0; k < l->range_count; k++) {
			const struct dg_range *range = &m->terms->ranges[l->range + k];

			m->events[m->event_count++] = (struct event){l->var, range->first, bit, 1};
			m->events[m->event_count++] = (struct event){l->var, range->end, bit, -1};
		}
	}
	return 0;
}

static int find_word(struct maker *m, uint64_t word, uint32_t *ret)
{
	int r;

	if (dg_map_get(&m->word_of, word, 0, ret))
		return 0;
	*ret = (uint32_t)(m->out->words.count / sizeof(word));
	r = dg_buffer_append(&m->out->words, &word, sizeof(word));
	return r < 0 ? r : dg_map_put(&m->word_of, word, 0, *ret);
}

static int add_run(struct maker *m, size_t count, uint32_t first, uint64_t word)
{
	uint32_t index;
	int r = dg_array_reserve(&m->runs, &m->run_room, count + 1, sizeof(*m->runs));

	if (r >= 0)
		r = find_word(m, word, &index);
	if (r >= 0)
		m->runs[count] = (struct dg_edge_run){.first = first, .ref = DG_REF_LEAF | index};
	return r;
}

/* The node of the variable that the @count events at @events are of, if it takes a bit from @live.
 */
static int add_node(struct maker *m, const struct event *events, size_t count, uint64_t live)
{
	uint32_t var = events[0].var, ref;
	uint64_t word = live, last = 0;
	int left[BITS], r = 0;
	size_t run_count = 0;

	memcpy(left, m->total, sizeof(left));
	for (size_t i = 0; i < count && r >= 0;) {
		uint32_t at = events[i].at;

		for (; i < count && events[i].at == at; i++) {
			left[events[i].bit] += events[i].change;
			if (left[events[i].bit] > 0)
				word |= UINT64_C(1) << events[i].bit;
			else
				word &= ~(UINT64_C(1) << events[i].bit);
		}
		if (at == m->nodes->vars[var].class_count || (run_count > 0 && word == last))
			continue;
		r = add_run(m, run_count++, at, word);
		last = word;
	}
	if (r < 0 || (run_count == 1 && last == live))
		return r;
	ref = dg_node_reference(m->nodes, var, run_count, (uint32_t)(m->nodes->out.count / 8));
	r = dg_node_write(m->nodes, var, m->runs, run_count, m->runs[0].ref);
	return r < 0 ? r : dg_buffer_append(&m->out->rows, &ref, sizeof(ref));
}

/* The bitmap of the events and totals that there are, which are gone then. */
static int add_bitmap(struct maker *m)
{
	struct dg_bitmap bitmap = {.row = (uint32_t)(m->out->rows.count / sizeof(uint32_t))};
	int r = 0;

	for (unsigned int bit = 0; bit < BITS; bit++)
		if (m->total[bit] > 0)
			bitmap.live |= UINT64_C(1) << bit;
	qsort(m->events, m->event_count, sizeof(*m->events), compare_events);
	for (size_t i = 0, end; i < m->event_count && r >= 0; i = end) {
		for (end = i; end < m->event_count && m->events[end].var == m->events[i].var;)
			end++;
		r = add_node(m, m->events + i, end - i, bitmap.live);
	}
	bitmap.row_count = (uint32_t)(m->out->rows.count / sizeof(uint32_t)) - bitmap.row;
	m->event_count = 0;
	memset(m->total, 0, sizeof(m->total));
	return r < 0 ? r : dg_buffer_append(&m->out->bitmaps, &bitmap, sizeof(bitmap));
}

/* The terms from @first on, as many as a block holds. */
static int add_block(struct maker *m, size_t first)
{
	size_t end =
		first + DG_BLOCK_TERMS < m->terms->count ? first + DG_BLOCK_TERMS : m->terms->count;
	const struct dg_term *terms = m->terms->terms;
	uint32_t *entries;
	void *at;
	int r = 0;

	for (size_t i = first; i < end && r >= 0; i++)
		r = add_term(m, &terms[i], (uint8_t)((i - first) / BITS));
	if (r >= 0)
		r = add_bitmap(m);
	for (size_t group = 0; group < BITS && r >= 0; group++) {
		for (size_t i = first + group * BITS; i < end && i < first + (group + 1) * BITS;
		     i++) {
			r = add_term(m, &terms[i], (uint8_t)((i - first) % BITS));
			if (r < 0)
				return r;
		}
		r = add_bitmap(m);
	}
	if (r >= 0)
		r = dg_buffer_extend(&m->out->terms, DG_BLOCK_TERMS * sizeof(*entries), &at);
	if (r < 0)
		return r;
	entries = at;
	for (size_t i = first; i < end; i++)
		entries[i - first] = terms[i].rank | (terms[i].permissive ? DG_TERM_PERMISSIVE : 0);
	m->out->block_count++;
	return 0;
}

int dg_bitmaps_emit(struct dg_bitmaps_out *out, struct dg_node_writer *writer,
		    const struct dg_terms *terms, uint32_t *ret)
{
	struct maker m = {.out = out, .nodes = writer, .terms = terms};
	int r = 0;

	*ret = 0;
	for (size_t first = 0; first < terms->count && r >= 0; first += DG_BLOCK_TERMS) {
		r = add_block(&m, first);
		++*ret;
	}
	free(m.events);
	free(m.runs);
	dg_map_done(&m.word_of);
	return r;
}
