/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Positions: pattern p with m elements owns m + 1 consecutive positions; position base + i means
 * that its first i elements are matched, position base + m that the whole pattern is.
 */
enum element_kind {
	ELEMENT_BYTE,
	ELEMENT_CLASS,
	ELEMENT_STAR,
	ELEMENT_END,
};

struct element {
	enum element_kind kind;
	uint8_t byte;
	uint32_t pattern;
	uint32_t class; /* index in builder.masks */
};

struct byte_mask {
	uint64_t words[4];
};

struct vector {
	uint32_t *items;
	size_t count;
	size_t room;
};

struct builder {
	struct element *elements;
	size_t element_count, element_room;
	struct byte_mask *masks;
	size_t mask_count, mask_room;
	uint8_t byte_class[256];
	uint8_t representative[256]; /* a byte of each byte class */
	uint32_t byte_class_count;
	/* states: sets of positions */
	struct vector sets;
	size_t *state_off; /* room + 1 */
	uint32_t state_count;
	size_t state_room;
	uint32_t *slots; /* open addressing: state + 1 */
	size_t slot_count;
	struct vector next;
	struct vector bucket[256];
	uint8_t touched[256];
};

static int vector_reserve(struct vector *v, size_t more)
{
	size_t room = v->room ? v->room : 16;
	uint32_t *items;

	if (v->count + more <= v->room)
		return 0;
	while (room < v->count + more)
		room *= 2;
	items = reallocarray(v->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	v->items = items;
	v->room = room;
	return 0;
}

static int vector_push(struct vector *v, uint32_t item)
{
	int r = vector_reserve(v, 1);

	if (r < 0)
		return r;
	v->items[v->count++] = item;
	return 0;
}

static int grow(void *array, size_t *room, size_t need, size_t size)
{
	void **p = array, *q;
	size_t n = *room ? *room : 64;

	if (need <= *room)
		return 0;
	while (n < need)
		n *= 2;
	q = reallocarray(*p, n, size);
	if (!q)
		return -ENOMEM;
	*p = q;
	*room = n;
	return 0;
}

static void builder_done(struct builder *b)
{
	free(b->elements);
	free(b->masks);
	free(b->sets.items);
	free(b->state_off);
	free(b->slots);
	free(b->next.items);
	for (size_t i = 0; i < 256; i++)
		free(b->bucket[i].items);
}

static bool mask_has(const struct byte_mask *mask, uint8_t byte)
{
	return mask->words[byte / 64] >> (byte % 64) & 1;
}

static void mask_add(struct byte_mask *mask, uint8_t low, uint8_t high)
{
	for (unsigned int byte = low; byte <= high; byte++)
		mask->words[byte / 64] |= UINT64_C(1) << (byte % 64);
}

static int add_element(struct builder *b, struct element element)
{
	int r = grow(&b->elements, &b->element_room, b->element_count + 1, sizeof(*b->elements));

	if (r < 0)
		return r;
	b->elements[b->element_count++] = element;
	return 0;
}

static int add_class(struct builder *b, uint32_t pattern, const struct byte_mask *mask)
{
	uint32_t class;
	int r;

	for (class = 0; class < b->mask_count; class ++)
		if (!memcmp(&b->masks[class], mask, sizeof(*mask)))
			break;
	if (class == b->mask_count) {
		r = grow(&b->masks, &b->mask_room, b->mask_count + 1, sizeof(*b->masks));
		if (r < 0)
			return r;
		b->masks[b->mask_count++] = *mask;
	}
	return add_element(
		b, (struct element){.kind = ELEMENT_CLASS, .pattern = pattern, .class = class});
}

/* One byte of a bracket, an escape resolved. Returns the bytes consumed, 0 past the end. */
static size_t bracket_byte(const char *data, size_t len, uint8_t *ret)
{
	if (len == 0 || (data[0] == '\\' && len == 1))
		return 0;
	*ret = (uint8_t)(data[0] == '\\' ? data[1] : data[0]);
	return data[0] == '\\' ? 2 : 1;
}

/* Parse behind a '['. Returns the bytes consumed, the ']' included, or -EINVAL. */
static int parse_bracket(const char *data, size_t len, struct byte_mask *ret)
{
	struct byte_mask mask = {};
	bool negated = len > 0 && data[0] == '!';
	size_t at = negated, start = at, n;
	uint8_t low, high;

	while (at < len && data[at] != ']') {
		n = bracket_byte(data + at, len - at, &low);
		if (n == 0)
			return -EINVAL;
		at += n;
		high = low;
		if (at + 1 < len && data[at] == '-' && data[at + 1] != ']') {
			n = bracket_byte(data + at + 1, len - at - 1, &high);
			if (n == 0 || high < low)
				return -EINVAL;
			at += 1 + n;
		}
		mask_add(&mask, low, high);
	}
	if (at >= len || at == start)
		return -EINVAL;
	for (size_t i = 0; negated && i < 4; i++)
		mask.words[i] = ~mask.words[i];
	*ret = mask;
	return (int)(at + 1);
}

static int parse_glob(struct builder *b, uint32_t index, const struct dg_pattern *pattern)
{
	struct byte_mask mask;
	bool after_star = false;
	int r = 0, n;

	for (size_t at = 0; at < pattern->len && r >= 0; at++) {
		char c = pattern->data[at];

		if (c == '*') {
			if (!after_star)
				r = add_element(b, (struct element){.kind = ELEMENT_STAR,
								    .pattern = index});
			after_star = true;
			continue;
		}
		after_star = false;
		if (c == '?') {
			memset(&mask, 0xff, sizeof(mask));
			r = add_class(b, index, &mask);
		} else if (c == '[') {
			n = parse_bracket(pattern->data + at + 1, pattern->len - at - 1, &mask);
			if (n < 0)
				return n;
			at += (size_t)n;
			r = add_class(b, index, &mask);
		} else {
			if (c == '\\' && ++at == pattern->len)
				return -EINVAL;
			r = add_element(b, (struct element){.kind = ELEMENT_BYTE,
							    .byte = (uint8_t)pattern->data[at],
							    .pattern = index});
		}
	}
	return r;
}

static int parse_pattern(struct builder *b, uint32_t index, const struct dg_pattern *pattern)
{
	int r = 0;

	if (pattern->glob) {
		r = parse_glob(b, index, pattern);
	} else {
		for (size_t i = 0; i < pattern->len && r >= 0; i++)
			r = add_element(b, (struct element){.kind = ELEMENT_BYTE,
							    .byte = (uint8_t)pattern->data[i],
							    .pattern = index});
	}
	if (r < 0)
		return r;
	return add_element(b, (struct element){.kind = ELEMENT_END, .pattern = index});
}

/* Bytes that no element tells apart share a class; numbered by their first byte. */
static void classify_bytes(struct builder *b)
{
	bool single[256] = {};
	bool same;

	for (size_t i = 0; i < b->element_count; i++)
		if (b->elements[i].kind == ELEMENT_BYTE)
			single[b->elements[i].byte] = true;

	b->byte_class_count = 0;
	for (unsigned int byte = 0; byte < 256; byte++) {
		uint32_t class = b->byte_class_count;

		for (uint32_t c = 0; c < b->byte_class_count && !single[byte]; c++) {
			uint8_t other = b->representative[c];

			same = !single[other];
			for (size_t m = 0; m < b->mask_count && same; m++)
				same = mask_has(&b->masks[m], (uint8_t)byte) ==
				       mask_has(&b->masks[m], other);
			if (same) {
				class = c;
				break;
			}
		}
		if (class == b->byte_class_count)
			b->representative[b->byte_class_count++] = (uint8_t)byte;
		b->byte_class[byte] = (uint8_t) class;
	}
}

static uint64_t hash_items(const uint32_t *items, size_t count)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ count;

	for (size_t i = 0; i < count; i++) {
		h = (h ^ items[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return h;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * Close a set of positions under "a star may match nothing", sort it, and drop what a later star of
 * the same pattern covers: from a star on, everything can follow that could follow from before it.
 */
static int normalise(const struct builder *b, struct vector *set)
{
	size_t count = set->count, out = 0;
	int r;

	for (size_t i = 0; i < count; i++) {
		if (b->elements[set->items[i]].kind != ELEMENT_STAR)
			continue;
		r = vector_push(set, set->items[i] + 1);
		if (r < 0)
			return r;
	}
	for (size_t i = 1; i < set->count; i++)
		if (set->items[i - 1] >= set->items[i]) {
			qsort(set->items, set->count, sizeof(*set->items), compare_u32);
			break;
		}
	for (size_t i = 0; i < set->count; i++) {
		uint32_t position = set->items[i];
		const struct element *element = &b->elements[position];

		if (out > 0 && set->items[out - 1] == position)
			continue;
		if (element->kind == ELEMENT_STAR)
			while (out > 0 &&
			       b->elements[set->items[out - 1]].pattern == element->pattern)
				out--;
		set->items[out++] = position;
	}
	set->count = out;
	return 0;
}

static int rehash(struct builder *b)
{
	size_t count = b->slot_count ? b->slot_count * 2 : 1024;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t s = 0; s < b->state_count; s++) {
		size_t at = hash_items(b->sets.items + b->state_off[s],
				       b->state_off[s + 1] - b->state_off[s]) &
			    (count - 1);

		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = s + 1;
	}
	free(b->slots);
	b->slots = slots;
	b->slot_count = count;
	return 0;
}

/* The state of a normalised set; a new one is numbered next. */
static int intern_state(struct builder *b, const struct vector *set, uint32_t *ret)
{
	size_t at;
	int r;

	if (b->state_count * UINT64_C(2) >= b->slot_count) {
		r = rehash(b);
		if (r < 0)
			return r;
	}
	at = hash_items(set->items, set->count) & (b->slot_count - 1);
	for (; b->slots[at]; at = (at + 1) & (b->slot_count - 1)) {
		uint32_t s = b->slots[at] - 1;

		if (b->state_off[s + 1] - b->state_off[s] == set->count &&
		    (set->count == 0 || !memcmp(b->sets.items + b->state_off[s], set->items,
						set->count * sizeof(*set->items)))) {
			*ret = s;
			return 0;
		}
	}
	if (b->sets.count + (uint64_t)set->count > DG_AUTOMATON_MAX_POSITIONS)
		return -E2BIG;
	r = grow(&b->state_off, &b->state_room, b->state_count + 2, sizeof(*b->state_off));
	if (r < 0)
		return r;
	r = vector_reserve(&b->sets, set->count);
	if (r < 0)
		return r;
	if (set->count > 0)
		memcpy(b->sets.items + b->sets.count, set->items, set->count * sizeof(*set->items));
	b->state_off[b->state_count] = b->sets.count;
	b->sets.count += set->count;
	b->state_off[b->state_count + 1] = b->sets.count;
	b->slots[at] = b->state_count + 1;
	*ret = b->state_count++;
	return 0;
}

/* Put the positions that follow each byte class into its bucket. */
static int step(struct builder *b, uint32_t state)
{
	int r = 0;

	for (uint32_t c = 0; c < b->byte_class_count; c++)
		b->bucket[c].count = 0;
	for (size_t i = b->state_off[state]; i < b->state_off[state + 1] && r >= 0; i++) {
		uint32_t position = b->sets.items[i];
		const struct element *element = &b->elements[position];

		switch (element->kind) {
		case ELEMENT_BYTE:
			r = vector_push(&b->bucket[b->byte_class[element->byte]], position + 1);
			break;
		case ELEMENT_CLASS:
			for (uint32_t c = 0; c < b->byte_class_count && r >= 0; c++)
				if (mask_has(&b->masks[element->class], b->representative[c]))
					r = vector_push(&b->bucket[c], position + 1);
			break;
		case ELEMENT_STAR:
			for (uint32_t c = 0; c < b->byte_class_count && r >= 0; c++)
				r = vector_push(&b->bucket[c], position);
			break;
		case ELEMENT_END:
			break;
		}
	}
	return r;
}

static int determinise(struct builder *b, size_t pattern_count, size_t max_entries)
{
	struct vector *start = &b->bucket[0];
	uint32_t target;
	int r = 0;

	start->count = 0;
	for (uint32_t i = 0, p = 0; i < b->element_count && p < pattern_count && r >= 0; i++) {
		if (i == 0 || b->elements[i - 1].kind == ELEMENT_END) {
			r = vector_push(start, i);
			p++;
		}
	}
	if (r >= 0)
		r = normalise(b, start);
	if (r >= 0)
		r = intern_state(b, start, &target);
	for (uint32_t s = 0; r >= 0 && s < b->state_count; s++) {
		if ((s + UINT64_C(1)) * b->byte_class_count > max_entries)
			return -E2BIG;
		r = step(b, s);
		for (uint32_t c = 0; r >= 0 && c < b->byte_class_count; c++) {
			r = normalise(b, &b->bucket[c]);
			if (r >= 0)
				r = intern_state(b, &b->bucket[c], &target);
			if (r >= 0)
				r = vector_push(&b->next, target);
		}
	}
	return r;
}

/* Label the states with the set of patterns whose end they hold. Label 0 is the empty set. */
static int label_states(struct builder *b, struct dg_automaton *a)
{
	struct vector off = {}, items = {}, set = {};
	uint32_t *slots = NULL, *label = NULL;
	size_t slot_count = 1024, at;
	int r = -ENOMEM;

	while (slot_count < b->state_count * UINT64_C(2) + 2)
		slot_count *= 2;
	slots = calloc(slot_count, sizeof(*slots));
	label = calloc(b->state_count, sizeof(*label));
	if (!slots || !label || vector_push(&off, 0) < 0 || vector_push(&off, 0) < 0 ||
	    vector_reserve(&items, 1) < 0)
		goto out;

	for (uint32_t s = 0; s < b->state_count; s++) {
		set.count = 0;
		for (size_t i = b->state_off[s]; i < b->state_off[s + 1]; i++) {
			const struct element *element = &b->elements[b->sets.items[i]];

			if (element->kind == ELEMENT_END && vector_push(&set, element->pattern) < 0)
				goto out;
		}
		if (set.count == 0)
			continue;
		at = hash_items(set.items, set.count) & (slot_count - 1);
		for (; slots[at]; at = (at + 1) & (slot_count - 1)) {
			uint32_t l = slots[at];

			if (off.items[l + 1] - off.items[l] == set.count &&
			    !memcmp(items.items + off.items[l], set.items,
				    set.count * sizeof(*set.items)))
				break;
		}
		if (!slots[at]) {
			if (vector_reserve(&items, set.count) < 0)
				goto out;
			slots[at] = (uint32_t)(off.count - 1);
			memcpy(items.items + items.count, set.items,
			       set.count * sizeof(*set.items));
			items.count += set.count;
			if (vector_push(&off, (uint32_t)items.count) < 0)
				goto out;
		}
		label[s] = slots[at];
	}
	a->label = label;
	a->label_count = (uint32_t)(off.count - 1);
	a->set_off = off.items;
	a->set_items = items.items;
	label = NULL;
	off.items = items.items = NULL;
	r = 0;
out:
	free(slots);
	free(label);
	free(off.items);
	free(items.items);
	free(set.items);
	return r;
}

int dg_automaton_build(const struct dg_pattern *patterns, size_t count, size_t max_entries,
		       struct dg_automaton *ret)
{
	struct builder b = {};
	struct dg_automaton a = {};
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++)
		r = parse_pattern(&b, (uint32_t)i, &patterns[i]);
	if (r >= 0) {
		classify_bytes(&b);
		r = determinise(&b, count, max_entries);
	}
	if (r >= 0)
		r = label_states(&b, &a);
	if (r >= 0) {
		a.state_count = b.state_count;
		a.byte_class_count = b.byte_class_count;
		memcpy(a.byte_class, b.byte_class, sizeof(a.byte_class));
		a.next = b.next.items;
		b.next.items = NULL;
		*ret = a;
	}
	builder_done(&b);
	return r < 0 ? r : 0;
}

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

uint32_t dg_automaton_run(const struct dg_automaton *a, const char *data, size_t len)
{
	size_t state = 0;

	for (size_t i = 0; i < len; i++)
		state = a->next[state * a->byte_class_count + a->byte_class[(uint8_t)data[i]]];
	return a->label[state];
}

void dg_automaton_done(struct dg_automaton *a)
{
	free(a->next);
	free(a->label);
	free(a->set_off);
	free(a->set_items);
	*a = (struct dg_automaton){};
}
