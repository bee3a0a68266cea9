/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "automaton_strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define LONGEST 255
#define FAR UINT16_MAX

/* The first shortest string to each state, by preference of bytes. */
struct paths {
	uint32_t *from;
	uint8_t *byte;
	uint16_t *length; /* FAR: no string leads there */
	uint32_t *order;  /* states as they were found */
	uint32_t count;
};

struct search {
	const struct dg_automaton *a;
	dg_string_taken taken;
	const void *data;
	struct dg_arena *arena;
	struct dg_bytes *found; /* by label */
	uint32_t open;		/* labels without a string */
	uint8_t bytes[255];
	struct paths paths;
	/* to find strings one by one */
	uint32_t *before_off, *before; /* states that lead to a state */
	uint64_t *reach[LONGEST + 1];  /* states that so many bytes lead to the label from */
	char string[LONGEST];
};

static void search_done(struct search *s)
{
	free(s->paths.from);
	free(s->paths.byte);
	free(s->paths.length);
	free(s->paths.order);
	free(s->before_off);
	free(s->before);
	for (size_t i = 0; i <= LONGEST; i++)
		free(s->reach[i]);
}

void dg_plain_bytes(uint8_t ret[static 255])
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "-_.";
	bool used[256] = {};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(first) - 1; i++) {
		ret[count++] = (uint8_t)first[i];
		used[(uint8_t)first[i]] = true;
	}
	for (unsigned int printable = 1; printable <= 2; printable++)
		for (unsigned int byte = 1; byte < 256; byte++)
			if (!used[byte] && (printable == 1) == (byte >= ' ' && byte <= '~'))
				ret[count++] = (uint8_t)byte;
}

static uint32_t successor(const struct dg_automaton *a, uint32_t state, uint8_t byte)
{
	return a->next[(size_t)state * a->byte_class_count + a->byte_class[byte]];
}

static int find_paths(struct search *s, size_t byte_count)
{
	const struct dg_automaton *a = s->a;
	struct paths *p = &s->paths;
	uint8_t best[256]; /* the first byte of each byte class */
	bool seen[256] = {};
	unsigned int columns = 0;

	if (!p->from) {
		p->from = calloc(a->state_count, sizeof(*p->from));
		p->byte = calloc(a->state_count, sizeof(*p->byte));
		p->length = calloc(a->state_count, sizeof(*p->length));
		p->order = calloc(a->state_count, sizeof(*p->order));
		if (!p->from || !p->byte || !p->length || !p->order)
			return -ENOMEM;
	}
	for (size_t i = 0; i < byte_count; i++)
		if (!seen[a->byte_class[s->bytes[i]]]) {
			seen[a->byte_class[s->bytes[i]]] = true;
			best[columns++] = s->bytes[i];
		}
	memset(p->length, 0xff, a->state_count * sizeof(*p->length));
	p->count = 0;
	p->order[p->count++] = 0;
	p->length[0] = 0;
	for (uint32_t i = 0; i < p->count; i++) {
		uint32_t state = p->order[i];

		if (p->length[state] == LONGEST)
			break;
		for (unsigned int c = 0; c < columns; c++) {
			uint32_t next = successor(a, state, best[c]);

			if (p->length[next] != FAR)
				continue;
			p->length[next] = (uint16_t)(p->length[state] + 1);
			p->from[next] = state;
			p->byte[next] = best[c];
			p->order[p->count++] = next;
		}
	}
	return 0;
}

/* Take ->string as the label's, unless it is taken. */
static int offer(struct search *s, uint32_t label, size_t len)
{
	struct dg_bytes string = {.data = s->string, .len = len};

	if (s->taken(s->data, string))
		return 0;
	string.data = dg_arena_copy(s->arena, s->string, len);
	if (!string.data)
		return -ENOMEM;
	s->found[label] = string;
	s->open--;
	return 0;
}

static void path_string(struct search *s, uint32_t state)
{
	for (size_t at = s->paths.length[state]; at > 0; state = s->paths.from[state])
		s->string[--at] = (char)s->paths.byte[state];
}

/* The shortest strings to states, then those with another last byte. */
static int try_paths(struct search *s, size_t byte_count)
{
	const struct dg_automaton *a = s->a;
	int r;

	r = find_paths(s, byte_count);
	for (uint32_t i = 1; i < s->paths.count && s->open > 0 && r >= 0; i++) {
		uint32_t state = s->paths.order[i], label = a->label[state];

		if (s->found[label].data)
			continue;
		path_string(s, state);
		r = offer(s, label, s->paths.length[state]);
	}
	for (uint32_t i = 0; i < s->paths.count && s->open > 0 && r >= 0; i++) {
		uint32_t state = s->paths.order[i];
		size_t len = s->paths.length[state];

		if (len == LONGEST)
			break;
		path_string(s, state);
		for (size_t b = 0; b < byte_count && r >= 0; b++) {
			uint32_t label = a->label[successor(a, state, s->bytes[b])];

			if (s->found[label].data)
				continue;
			s->string[len] = (char)s->bytes[b];
			r = offer(s, label, len + 1);
		}
	}
	return r;
}

static int find_before(struct search *s)
{
	const struct dg_automaton *a = s->a;
	size_t total = (size_t)a->state_count * a->byte_class_count;

	if (s->before)
		return 0;
	s->before_off = calloc(a->state_count + UINT64_C(2), sizeof(*s->before_off));
	s->before = calloc(total + 1, sizeof(*s->before));
	if (!s->before_off || !s->before)
		return -ENOMEM;
	for (size_t i = 0; i < total; i++)
		s->before_off[a->next[i] + UINT64_C(2)]++;
	for (uint32_t state = 0; state < a->state_count; state++)
		s->before_off[state + 2] += s->before_off[state + 1];
	for (size_t i = 0; i < total; i++)
		s->before[s->before_off[a->next[i] + 1]++] = (uint32_t)(i / a->byte_class_count);
	return 0;
}

static bool has_bit(const uint64_t *bits, uint32_t at)
{
	return bits[at / 64] >> (at % 64) & 1;
}

/* Fill reach[len]. Positive: some state is in it. */
static int find_reach(struct search *s, uint32_t label, size_t len)
{
	const struct dg_automaton *a = s->a;
	uint64_t *bits = s->reach[len];
	size_t words = a->state_count / 64 + UINT64_C(1);
	int any = 0;

	if (!bits) {
		bits = s->reach[len] = calloc(words, sizeof(*bits));
		if (!bits)
			return -ENOMEM;
	}
	memset(bits, 0, words * sizeof(*bits));
	for (uint32_t state = 0; state < a->state_count; state++) {
		if (len == 0 && a->label[state] == label) {
			bits[state / 64] |= UINT64_C(1) << (state % 64);
			any = 1;
		}
		if (len == 0 || !has_bit(s->reach[len - 1], state))
			continue;
		for (uint32_t i = s->before_off[state]; i < s->before_off[state + 1]; i++) {
			bits[s->before[i] / 64] |= UINT64_C(1) << (s->before[i] % 64);
			any = 1;
		}
	}
	return any;
}

/* All strings with the label, @left bytes after @len, until one is not taken. */
static int try_each(struct search *s, uint32_t label, uint32_t state, size_t len, size_t left)
{
	int r = 0;

	if (left == 0)
		return offer(s, label, len);
	for (size_t b = 0; b < sizeof(s->bytes) && !s->found[label].data && r >= 0; b++) {
		uint32_t next = successor(s->a, state, s->bytes[b]);

		if (!has_bit(s->reach[left - 1], next))
			continue;
		s->string[len] = (char)s->bytes[b];
		r = try_each(s, label, next, len + 1, left - 1);
	}
	return r;
}

/* Each string that is looked at is another one, so no more of them are than there are taken. */
static int try_all(struct search *s, uint32_t label)
{
	int r;

	r = find_before(s);
	for (size_t len = 0; len <= LONGEST && !s->found[label].data && r >= 0; len++) {
		r = find_reach(s, label, len);
		if (r <= 0)
			return r;
		if (len > 0 && has_bit(s->reach[len], 0))
			r = try_each(s, label, 0, 0, len);
	}
	return r;
}

static int search(struct search *s)
{
	const struct dg_automaton *a = s->a;
	_cleanup_free_ bool *near = NULL; /* by label: strings have it */
	int r;

	r = try_paths(s, DG_PLAIN_PRINTABLE);
	if (r < 0 || s->open == 0)
		return r;
	r = try_paths(s, sizeof(s->bytes));
	if (r >= 0 && !s->found[a->label[0]].data)
		r = offer(s, a->label[0], 0);
	if (r < 0 || s->open == 0)
		return r;
	near = calloc(a->label_count, sizeof(*near));
	if (!near)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->paths.count; i++)
		near[a->label[s->paths.order[i]]] = true;
	for (uint32_t label = 0; label < a->label_count && r >= 0; label++)
		if (near[label] && !s->found[label].data)
			r = try_all(s, label);
	return r < 0 ? r : 0;
}

int dg_automaton_strings(const struct dg_automaton *automaton, dg_string_taken taken,
			 const void *data, struct dg_arena *arena, struct dg_bytes *ret)
{
	_cleanup_free_ struct search *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->a = automaton;
	s->taken = taken;
	s->data = data;
	s->arena = arena;
	s->found = ret;
	s->open = automaton->label_count;
	memset(ret, 0, automaton->label_count * sizeof(*ret));
	dg_plain_bytes(s->bytes);
	r = search(s);
	search_done(s);
	return r;
}
