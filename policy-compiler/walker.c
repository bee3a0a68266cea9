/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "walker.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Copy element @index of an array at @off. False when it is not inside the tables. */
static bool fetch(const struct dg_tables *t, uint64_t off, uint64_t index, size_t size, void *ret)
{
	uint64_t at = off + index * size; /* 33 bits times a small size, and 32 bits: no overflow */

	if (at > t->size || t->size - at < size)
		return false;
	memcpy(ret, (const char *)t + at, size);
	return true;
}

/*
 * Is the value with these words an exact one? Then *@ret is its class, else 0. @key: the word that
 * stands in the entry itself.
 */
static bool find_exact(const struct dg_tables *t, const struct dg_var *var, const uint64_t *words,
		       size_t count, size_t key, uint32_t *ret)
{
	uint64_t hash = dg_hash_start(var->hash_seed), word;
	struct dg_exact_entry entry;
	uint32_t displacement;

	*ret = 0;
	if (count > var->exact_words)
		return true;
	for (size_t i = 0; i < count; i++)
		hash = dg_hash_step(hash, words[i]);
	if (!fetch(t, var->hash_off, dg_hash_bucket(hash, var->hash_buckets), sizeof(displacement),
		   &displacement) ||
	    !fetch(t, var->hash_off + ((UINT64_C(4) * var->hash_buckets + 7) & ~UINT64_C(7)),
		   dg_hash_slot(hash, displacement, var->hash_slots), sizeof(entry), &entry))
		return false;
	if (entry.class == 0 || entry.word != words[key])
		return true;
	for (size_t i = 0; count > 1 && i < count; i++) {
		if (!fetch(t, entry.words, i, sizeof(word), &word))
			return false;
		if (word != words[i])
			return true;
	}
	*ret = entry.class;
	return true;
}

static bool classify_number(const struct dg_tables *t, const struct dg_var *var, uint64_t value,
			    uint32_t *ret)
{
	uint32_t below = 0, above = var->data_count; /* the interval is in [below, above) */
	struct dg_interval interval;

	if (!find_exact(t, var, &value, 1, 0, ret))
		return false;
	if (*ret != 0)
		return true;
	while (above - below > 1) {
		uint32_t middle = below + (above - below) / 2;

		if (!fetch(t, var->data_off, middle, sizeof(interval), &interval))
			return false;
		if (value < interval.low)
			above = middle;
		else
			below = middle;
	}
	if (!fetch(t, var->data_off, below, sizeof(interval), &interval))
		return false;
	*ret = interval.class;
	return true;
}

static bool classify_string(const struct dg_tables *t, const struct dg_var *var,
			    const struct dg_string *string, uint32_t *ret)
{
	uint64_t words[sizeof(*string) / sizeof(uint64_t)] = {};
	uint64_t states = (uint64_t)var->data_off + sizeof(struct dg_dfa);
	struct dg_dfa dfa;
	uint32_t state = 0;

	memcpy(words, string, string->len + UINT64_C(1));
	if (!find_exact(t, var, words, string->len / 8 + UINT64_C(1), 0, ret))
		return false;
	if (*ret != 0)
		return true;
	if (var->data_count == 0) {
		*ret = var->rest;
		return true;
	}
	if (!fetch(t, var->data_off, 0, sizeof(dfa), &dfa))
		return false;
	if (string->len >= dfa.filter_bytes) {
		uint32_t bit = dg_filter_bit(words[0] >> 8 & dfa.filter_mask);

		if (!(dfa.filter[bit / 64] >> bit % 64 & 1)) {
			*ret = dfa.filter_class;
			return true;
		}
	}
	for (size_t i = 0; i < string->len; i++) {
		if (!fetch(t, states, (uint64_t)state + dfa.byte_class[string->bytes[i]],
			   sizeof(state), &state))
			return false;
		if (state & DG_DFA_END) {
			*ret = state & ~DG_DFA_END;
			return true;
		}
	}
	return fetch(t, states, (uint64_t)state + dfa.stride - 1, sizeof(*ret), ret);
}

static bool classify_digest(const struct dg_tables *t, const struct dg_var *var,
			    const struct dg_facts_more *more, uint32_t *ret)
{
	uint64_t words[sizeof(struct dg_digest_fact) / sizeof(uint64_t)];

	if (var->fact >= DG_DIGEST_SLOTS)
		return false;
	*ret = 0;
	if (!(more->known_digest[var->fact / 64] >> var->fact % 64 & 1))
		return true;
	memcpy(words, &more->digest[var->fact], sizeof(words));
	if (!find_exact(t, var, words, sizeof(words) / sizeof(words[0]), 1, ret))
		return false;
	if (*ret == 0)
		*ret = var->rest;
	return true;
}

static bool set_step(const struct dg_tables *t, const struct dg_var *var, uint32_t class,
		     uint32_t *state)
{
	return fetch(t, var->set_off, (uint64_t)*state + class, sizeof(*state), state);
}

static bool walk_strings(const struct dg_tables *t, const struct dg_var *var,
			 const struct dg_string_set *set, uint32_t *state)
{
	uint32_t class;

	for (uint32_t i = 0; i < set->count && i < DG_SET_STRINGS; i++)
		if (!classify_string(t, var, &set->str[i], &class) ||
		    !set_step(t, var, class, state))
			return false;
	return true;
}

static bool walk_numbers(const struct dg_tables *t, const struct dg_var *var,
			 const struct dg_number_set *set, uint32_t *state)
{
	uint32_t class;

	for (uint32_t i = 0; i < set->count && i < DG_SET_NUMBERS; i++)
		if (!classify_number(t, var, set->value[i], &class) ||
		    !set_step(t, var, class, state))
			return false;
	return true;
}

static bool classify_set(const struct dg_tables *t, const struct dg_var *var,
			 const struct dg_facts_more *more, uint32_t *ret)
{
	uint32_t state = 0;
	bool good;

	switch (var->fact) {
	case DG_SET_USB_INTERFACES:
		good = walk_numbers(t, var, &more->usb_interfaces, &state);
		break;
	case DG_SET_ACPI_IDS:
		good = walk_strings(t, var, &more->acpi_ids, &state);
		break;
	default:
		good = walk_strings(t, var, &more->of_compatible, &state);
	}
	return good && fetch(t, var->set_off, state, sizeof(*ret), ret);
}

/* The class of a variable whose fact is known. */
static bool classify(const struct dg_walk_state *w, const struct dg_var *var,
		     const struct dg_query *query, uint32_t *ret)
{
	const struct dg_tables *t = w->tables;

	switch (var->kind) {
	case DG_VAR_NUM:
		return var->fact < DG_NUM_SLOTS &&
		       classify_number(t, var, w->facts->num[var->fact] & var->mask, ret);
	case DG_VAR_STR:
		return var->fact < DG_STR_SLOTS &&
		       classify_string(t, var, &w->facts->str[var->fact], ret);
	case DG_VAR_DIGEST:
		return w->more && classify_digest(t, var, w->more, ret);
	case DG_VAR_SET:
		return w->more && classify_set(t, var, w->more, ret);
	case DG_VAR_TIME:
		return classify_number(t, var, query->time, ret);
	case DG_VAR_CLOCK:
		*ret = query->clock_synced ? 1 : 2;
		return true;
	}
	return false;
}

/* The class of the variable of the node at @at, kept for the nodes and questions to come. */
static bool ask(struct dg_walk_state *w, uint64_t at, const struct dg_query *query, uint32_t *ret)
{
	const struct dg_tables *t = w->tables;
	struct dg_node node;
	struct dg_var var;
	uint32_t class;

	*ret = 0;
	if (!fetch(t, at, 0, sizeof(node), &node))
		return false;
	if (!(w->known >> (node.known & 63) & 1))
		return true;
	if (!fetch(t, t->var_off, node.var, sizeof(var), &var) || !classify(w, &var, query, &class))
		return false;
	/* The time is the query's, everything else the device's. */
	if (var.slot < DG_SLOT_NONE && var.kind != DG_VAR_TIME && var.kind != DG_VAR_CLOCK)
		w->class[var.slot] = class + 1;
	*ret = class;
	return true;
}

/* The edge for @class of the hashed node of so many slots whose hash is at @at. */
static bool search_slots(const struct dg_tables *t, uint64_t at, uint32_t count, uint32_t class,
			 uint32_t *ret)
{
	struct dg_edge_hash hash;
	struct dg_edge_slot slot;
	uint32_t displacement;
	uint64_t key;

	if (!fetch(t, at, 0, sizeof(hash), &hash))
		return false;
	at += sizeof(hash);
	key = dg_hash_step(dg_hash_start(hash.seed), class);
	if (!fetch(t, at, dg_hash_bucket(key, hash.buckets), sizeof(displacement), &displacement))
		return false;
	at += (UINT64_C(4) * hash.buckets + 7) & ~UINT64_C(7);
	if (!fetch(t, at, dg_hash_slot(key, displacement, count), sizeof(slot), &slot))
		return false;
	*ret = slot.class == class ? slot.ref : hash.rest;
	return true;
}

/* The edge for @class of the node at @at, which is no dense one. */
static bool search_edge(const struct dg_tables *t, uint64_t at, uint32_t class, uint32_t *ret)
{
	uint32_t below = 0, above;
	struct dg_edge_run run;
	struct dg_node node;

	if (!fetch(t, at, 0, sizeof(node), &node))
		return false;
	at += sizeof(node);
	if (node.kind == DG_NODE_HASHED)
		return search_slots(t, at, node.count, class, ret);
	above = node.count;
	while (above - below > 1) {
		uint32_t middle = below + (above - below) / 2;

		if (!fetch(t, at, middle, sizeof(run), &run))
			return false;
		if (class < run.first)
			above = middle;
		else
			below = middle;
	}
	if (!fetch(t, at, below, sizeof(run), &run))
		return false;
	*ret = run.ref;
	return true;
}

/* Where the node @ref leads. */
static bool follow(struct dg_walk_state *w, uint32_t ref, const struct dg_query *query,
		   uint32_t *ret)
{
	uint64_t at = w->tables->node_off + UINT64_C(8) * (ref & DG_REF_PLACE);
	uint32_t kept = w->class[ref >> DG_REF_SLOT_SHIFT & DG_REF_SLOT_MASK], class = kept - 1;

	if (kept == 0 && !ask(w, at, query, &class))
		return false;
	if (ref & DG_REF_SPARSE)
		return search_edge(w->tables, at, class, ret);
	return fetch(w->tables, at + sizeof(struct dg_node), class, sizeof(*ret), ret);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Walk one part to its end, and put what it says together with what the others said. */
static bool walk_part(struct dg_walk_state *w, const struct dg_part *part,
		      const struct dg_query *query)
{
	uint32_t ref = w->known >> (part->known & 63) & 1 ? part->ref : part->unknown;
	const struct dg_tables *t = w->tables;
	struct dg_leaf leaf;

	for (unsigned int depth = 0; !(ref & DG_REF_LEAF); depth++)
		if (depth == DG_TABLE_MAX_DEPTH || !follow(w, ref, query, &ref))
			return false;
	if (ref == DG_REF_PASS)
		return true;
	leaf = (struct dg_leaf){.rank = ref & DG_REF_INDEX, .would = DG_RANK_NO_RULE};
	if (ref & DG_REF_PAIR && !fetch(t, t->leaf_off, leaf.rank, sizeof(leaf), &leaf))
		return false;
	w->rank = least(w->rank, leaf.rank);
	w->would = least(w->would, leaf.would);
	return true;
}

/* Which bits of the bitmap @number every one of its nodes leaves. */
static bool bitmap_bits(struct dg_walk_state *w, uint64_t number, const struct dg_query *query,
			uint64_t *ret)
{
	const struct dg_tables *t = w->tables;
	struct dg_bitmap bitmap;
	uint64_t word;
	uint32_t ref;

	if (!fetch(t, t->bitmap_off, number, sizeof(bitmap), &bitmap))
		return false;
	*ret = bitmap.live;
	for (uint64_t i = 0; i < bitmap.row_count && *ret != 0; i++) {
		if (!fetch(t, t->row_off, bitmap.row + i, sizeof(ref), &ref) ||
		    !follow(w, ref, query, &ref) || !(ref & DG_REF_LEAF) ||
		    !fetch(t, t->word_off, ref & DG_REF_INDEX, sizeof(word), &word))
			return false;
		*ret &= word;
	}
	return true;
}

static bool search_block(struct dg_walk_state *w, uint64_t block, const struct dg_query *query)
{
	const struct dg_tables *t = w->tables;
	uint64_t some, terms;
	uint32_t term;

	if (!bitmap_bits(w, block * DG_BLOCK_BITMAPS, query, &some))
		return false;
	for (unsigned int group = 0; group < 64; group++) {
		if (!(some >> group & 1))
			continue;
		if (!bitmap_bits(w, block * DG_BLOCK_BITMAPS + 1 + group, query, &terms))
			return false;
		for (unsigned int i = 0; i < 64; i++) {
			if (!(terms >> i & 1))
				continue;
			if (!fetch(t, t->term_off, block * DG_BLOCK_TERMS + group * 64 + i,
				   sizeof(term), &term))
				return false;
			if (term & DG_TERM_PERMISSIVE)
				w->would = least(w->would, term & ~DG_TERM_PERMISSIVE);
			else
				w->rank = least(w->rank, term);
		}
	}
	return true;
}

static bool finish(const struct dg_tables *t, const struct dg_walk_state *w, uint32_t op,
		   struct dg_answer *ret)
{
	struct dg_answer answer = {.rule = DG_RULE_DEFAULT, .would = DG_RULE_NONE};
	struct dg_rank rank;

	if (w->rank == DG_RANK_NO_RULE) {
		answer.verdict = t->allowed >> op & 1 ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		if (answer.verdict == DG_VERDICT_DENY)
			answer.flags |= DG_LEAF_AUDIT;
	} else {
		if (w->rank >= t->rank_count ||
		    !fetch(t, t->rank_off, w->rank, sizeof(rank), &rank))
			return false;
		answer.rule = rank.rule;
		answer.verdict = rank.flags & DG_RANK_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		if (rank.flags & DG_RANK_AUDIT)
			answer.flags |= DG_LEAF_AUDIT;
	}
	/* A permissive rule behind the one that decides is not passed over. */
	if (w->would < w->rank) {
		if (w->would >= t->rank_count ||
		    !fetch(t, t->rank_off, w->would, sizeof(rank), &rank))
			return false;
		answer.would = rank.rule;
		if (rank.flags & DG_RANK_ALLOW)
			answer.flags |= DG_LEAF_WOULD_ALLOW;
		if (rank.flags & DG_RANK_AUDIT_WOULD)
			answer.flags |= DG_LEAF_AUDIT;
	}
	*ret = answer;
	return true;
}

void dg_walk_start(struct dg_walk_state *walk, const struct dg_tables *tables,
		   const struct dg_facts *facts, const struct dg_facts_more *more)
{
	*walk = (struct dg_walk_state){.tables = tables,
				       .facts = facts,
				       .more = more,
				       .known = dg_known_facts(facts, more)};
}

int dg_walk_decide(struct dg_walk_state *w, const struct dg_query *query, struct dg_answer *ret)
{
	const struct dg_tables *t = w->tables;
	bool good = t->magic == DG_TABLES_MAGIC && t->abi == DG_ABI_VERSION;
	const struct dg_kind *kind = t->kind;
	struct dg_part part;

	if (query->op >= DG_OP_MAX)
		return -EINVAL;
	w->rank = w->would = DG_RANK_NO_RULE;
	while (kind < t->kind + DG_KINDS - 1 && kind->absent & w->known)
		kind++;
	good = good && kind->op_part_count[query->op] <= DG_PARTS_MAX;
	for (uint32_t i = 0; good && i < kind->op_part_count[query->op]; i++)
		good = fetch(t, t->part_off, (uint64_t)kind->op_part[query->op] + i, sizeof(part),
			     &part) &&
		       walk_part(w, &part, query);
	for (uint32_t i = 0; good && i < t->op_block_count[query->op]; i++)
		good = search_block(w, (uint64_t)t->op_block[query->op] + i, query);
	if (!good || !finish(t, w, query->op, ret))
		*ret = (struct dg_answer){.verdict = DG_VERDICT_DENY,
					  .flags = DG_LEAF_AUDIT,
					  .rule = DG_RULE_BROKEN,
					  .would = DG_RULE_NONE};
	return 0;
}

int dg_tables_decide(const struct dg_tables *tables, const struct dg_facts *facts,
		     const struct dg_facts_more *more, const struct dg_query *query,
		     struct dg_answer *ret)
{
	struct dg_walk_state walk;

	dg_walk_start(&walk, tables, facts, more);
	return dg_walk_decide(&walk, query, ret);
}
