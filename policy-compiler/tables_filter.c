/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The filter before an automaton (struct dg_dfa). Where the patterns begin with letters of their
 * own, the first bytes of nearly every string tell that it matches none of them.
 */
#include <string.h>

#include "tables_build.h"

#define MOST_BYTES 7	   /* that the first word of a string has beside its length */
#define MOST_BEGINNINGS 48 /* a fifth of the bits: more would let through what is none of them */

#define MOST_STEPS 1024 /* states that are looked at */

struct filter {
	const struct dg_automaton *automaton;
	const uint32_t *name; /* by state, as in the tables */
	unsigned int bytes;
	size_t count, steps;
	struct dg_dfa *dfa;
};

static uint32_t after(const struct filter *f, uint32_t state, unsigned int byte)
{
	const struct dg_automaton *a = f->automaton;

	return a->next[(size_t)state * a->byte_class_count + a->byte_class[byte]];
}

/* The end that most first bytes lead to; 0: none does. */
static uint32_t common_end(const struct filter *f)
{
	uint32_t best = 0, most = 0;

	for (unsigned int byte = 1; byte < 256; byte++) {
		uint32_t end = f->name[after(f, 0, byte)], count = 0;

		for (unsigned int other = byte; other < 256; other++)
			count += f->name[after(f, 0, other)] == end;
		if (end & DG_DFA_END && count > most) {
			most = count;
			best = end;
		}
	}
	return best;
}

/*
 * Set the bits of all beginnings by which a string that is in @state after @depth bytes, @begun,
 * may come to another end. False: they are too many.
 */
static bool add_beginnings(struct filter *f, uint32_t state, uint64_t begun, unsigned int depth)
{
	if (++f->steps > MOST_STEPS)
		return false;
	for (unsigned int byte = 1; byte < 256; byte++) {
		uint64_t now = begun | (uint64_t)byte << 8 * depth;
		uint32_t next = after(f, state, byte), bit = dg_filter_bit(now);

		if (f->name[next] == (DG_DFA_END | f->dfa->filter_class))
			continue;
		if (depth + 1 < f->bytes) {
			if (f->name[next] & DG_DFA_END || !add_beginnings(f, next, now, depth + 1))
				return false;
			continue;
		}
		f->dfa->filter[bit / 64] |= UINT64_C(1) << bit % 64;
		if (++f->count > MOST_BEGINNINGS)
			return false;
	}
	return true;
}

void dg_filter_make(const struct dg_automaton *automaton, const uint32_t *name, struct dg_dfa *dfa)
{
	struct filter f = {.automaton = automaton, .name = name, .dfa = dfa};
	uint32_t end = common_end(&f);

	dfa->filter_class = end & ~DG_DFA_END;
	for (f.bytes = end ? MOST_BYTES : 0; f.bytes > 0; f.bytes--) {
		memset(dfa->filter, 0, sizeof(dfa->filter));
		f.count = f.steps = 0;
		if (add_beginnings(&f, 0, 0, 0)) {
			dfa->filter_bytes = f.bytes;
			dfa->filter_mask = UINT64_MAX >> (64 - 8 * f.bytes);
			return;
		}
	}
	memset(dfa->filter, 0xff, sizeof(dfa->filter));
}
