/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Merging the states of an automaton that no string tells apart. */
#include "automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Partition of the states into blocks: the states of block k are items[first[k]] … items[end[k] -
 * 1], the first `marked[k]` of them marked for a split.
 */
struct partition {
	uint32_t *items, *where, *block_of;
	uint32_t *first, *end, *marked;
	uint32_t block_count;
	uint32_t *work; /* blocks still to split by */
	uint32_t work_count;
	uint8_t *in_work;
	uint32_t *touched;
	uint32_t touched_count;
	uint32_t *splitter;
	uint32_t *in_off, *in; /* predecessors by (byte class, state) */
};

static void partition_done(struct partition *p)
{
	free(p->items);
	free(p->where);
	free(p->block_of);
	free(p->first);
	free(p->end);
	free(p->marked);
	free(p->work);
	free(p->in_work);
	free(p->touched);
	free(p->splitter);
	free(p->in_off);
	free(p->in);
}

static uint32_t *alloc_u32(size_t count)
{
	return calloc(count ? count : 1, sizeof(uint32_t));
}

static int partition_init(struct partition *p, const struct dg_automaton *a)
{
	size_t n = a->state_count, k = a->byte_class_count;

	p->items = alloc_u32(n);
	p->where = alloc_u32(n);
	p->block_of = alloc_u32(n);
	p->first = alloc_u32(n);
	p->end = alloc_u32(n);
	p->marked = alloc_u32(n);
	p->work = alloc_u32(n);
	p->in_work = calloc(n, 1);
	p->touched = alloc_u32(n);
	p->splitter = alloc_u32(n);
	p->in_off = alloc_u32((n + 1) * k);
	p->in = alloc_u32(n * k);
	if (!p->items || !p->where || !p->block_of || !p->first || !p->end || !p->marked ||
	    !p->work || !p->in_work || !p->touched || !p->splitter || !p->in_off || !p->in)
		return -ENOMEM;

	for (size_t c = 0; c < k; c++) {
		uint32_t *off = p->in_off + c * (n + 1);

		for (size_t s = 0; s < n; s++)
			off[a->next[s * k + c] + 1]++;
		for (size_t s = 0; s < n; s++)
			off[s + 1] += off[s];
		for (size_t s = n; s-- > 0;) {
			uint32_t t = a->next[s * k + c];

			/* filled from the end of each list: off[t + 1] walks down to its start */
			p->in[c * n + --off[t + 1]] = (uint32_t)s;
		}
		/* off[t + 1] is now the start of t's list: shift back to the usual form */
		for (size_t s = 0; s < n; s++)
			off[s] = off[s + 1];
		off[n] = (uint32_t)n;
	}
	return 0;
}

static void add_work(struct partition *p, uint32_t block)
{
	if (p->in_work[block])
		return;
	p->in_work[block] = 1;
	p->work[p->work_count++] = block;
}

/* The first partition: by class. */
static int partition_by_class(struct partition *p, const struct dg_automaton *a,
			      const uint32_t *class_of)
{
	uint32_t max = 0, *block;

	for (uint32_t l = 0; l < a->label_count; l++)
		if (class_of[l] > max)
			max = class_of[l];
	block = alloc_u32((size_t)max + 1);
	if (!block)
		return -ENOMEM;
	for (uint32_t s = 0; s < a->state_count; s++) {
		uint32_t class = class_of[a->label[s]];

		if (block[class] == 0)
			block[class] = ++p->block_count;
		p->block_of[s] = block[class] - 1;
		p->end[p->block_of[s]]++;
	}
	free(block);
	for (uint32_t k = 0, at = 0; k < p->block_count; k++) {
		uint32_t size = p->end[k];

		p->first[k] = p->end[k] = at;
		at += size;
	}
	for (uint32_t s = 0; s < a->state_count; s++) {
		uint32_t k = p->block_of[s];

		p->where[s] = p->end[k]++;
		p->items[p->where[s]] = s;
	}
	for (uint32_t k = 0; k < p->block_count; k++)
		add_work(p, k);
	return 0;
}

static void mark(struct partition *p, uint32_t state)
{
	uint32_t k = p->block_of[state];
	uint32_t to = p->first[k] + p->marked[k];

	if (p->where[state] < to)
		return;
	if (p->marked[k]++ == 0)
		p->touched[p->touched_count++] = k;
	p->items[p->where[state]] = p->items[to];
	p->where[p->items[to]] = p->where[state];
	p->items[to] = state;
	p->where[state] = to;
}

/* Split every touched block into its marked and its other states. */
static void split(struct partition *p)
{
	while (p->touched_count > 0) {
		uint32_t k = p->touched[--p->touched_count];
		uint32_t marked = p->marked[k], size = p->end[k] - p->first[k], new;

		p->marked[k] = 0;
		if (marked == size)
			continue;
		new = p->block_count++;
		p->first[new] = p->first[k];
		p->end[new] = p->first[k] = p->first[k] + marked;
		for (uint32_t i = p->first[new]; i < p->end[new]; i++)
			p->block_of[p->items[i]] = new;
		if (p->in_work[k] || marked <= size - marked)
			add_work(p, new);
		else
			add_work(p, k);
	}
}

/* Hopcroft: split by the smaller half until no block tells the states of another apart. */
static void refine(struct partition *p, const struct dg_automaton *a)
{
	size_t n = a->state_count;

	while (p->work_count > 0) {
		uint32_t k = p->work[--p->work_count], count = p->end[k] - p->first[k];

		p->in_work[k] = 0;
		memcpy(p->splitter, p->items + p->first[k], count * sizeof(*p->splitter));
		for (size_t c = 0; c < a->byte_class_count; c++) {
			const uint32_t *off = p->in_off + c * (n + 1);
			const uint32_t *in = p->in + c * n;

			for (uint32_t i = 0; i < count; i++)
				for (uint32_t j = off[p->splitter[i]]; j < off[p->splitter[i] + 1];
				     j++)
					mark(p, in[j]);
			split(p);
		}
	}
}

/* Blocks become states, numbered in the order of a breadth-first walk from the start. */
static int rebuild(const struct partition *p, struct dg_automaton *a, const uint32_t *class_of)
{
	size_t k = a->byte_class_count;
	uint32_t *number = alloc_u32(p->block_count), *order = alloc_u32(p->block_count);
	uint32_t *next = alloc_u32(p->block_count * k), *label = alloc_u32(p->block_count);
	uint32_t count = 0;

	if (!number || !order || !next || !label) {
		free(number);
		free(order);
		free(next);
		free(label);
		return -ENOMEM;
	}
	order[count++] = p->block_of[0];
	number[p->block_of[0]] = count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t state = p->items[p->first[order[i]]];

		label[i] = class_of[a->label[state]];
		for (size_t c = 0; c < k; c++) {
			uint32_t block = p->block_of[a->next[state * k + c]];

			if (number[block] == 0) {
				order[count++] = block;
				number[block] = count;
			}
			next[i * k + c] = number[block] - 1;
		}
	}
	free(number);
	free(order);
	free(a->next);
	free(a->label);
	a->next = next;
	a->label = label;
	a->state_count = count;
	return 0;
}

/* Byte classes that every state treats alike become one. */
static void merge_columns(struct dg_automaton *a)
{
	uint32_t k = a->byte_class_count, kept = 0;
	uint8_t map[256], keep[256];

	for (uint32_t c = 0; c < k; c++) {
		uint32_t same;

		for (same = 0; same < kept; same++) {
			uint32_t s;

			for (s = 0; s < a->state_count; s++)
				if (a->next[(size_t)s * k + c] !=
				    a->next[(size_t)s * k + keep[same]])
					break;
			if (s == a->state_count)
				break;
		}
		if (same == kept)
			keep[kept++] = (uint8_t)c;
		map[c] = (uint8_t)same;
	}
	for (size_t s = 0; s < a->state_count; s++)
		for (uint32_t c = 0; c < kept; c++)
			a->next[s * kept + c] = a->next[s * k + keep[c]];
	for (size_t byte = 0; byte < 256; byte++)
		a->byte_class[byte] = map[a->byte_class[byte]];
	a->byte_class_count = kept;
}

int dg_automaton_minimise(struct dg_automaton *a, const uint32_t *class_of)
{
	struct partition p = {};
	int r;

	r = partition_init(&p, a);
	if (r >= 0)
		r = partition_by_class(&p, a, class_of);
	if (r >= 0) {
		refine(&p, a);
		r = rebuild(&p, a, class_of);
	}
	partition_done(&p);
	if (r < 0)
		return r;
	merge_columns(a);
	free(a->set_off);
	free(a->set_items);
	a->set_off = a->set_items = NULL;
	a->label_count = 0;
	return 0;
}
