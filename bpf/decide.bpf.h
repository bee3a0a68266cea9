/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision: facts and a query in, verdict and rule out (policy language, section 6), by a walk
 * through each part of the operation and a look at its bitmaps (struct dg_tables). The same code
 * runs in the LSM programs and in the syscall program, on memory of the kernel or of a map.
 */
#pragma once

#include "classify.bpf.h"

/*
 * More than any tables need: of all parts as many nodes as there can be variables on each path, and
 * its end; of bitmaps as many nodes as there is room for.
 */
#define DG_STEPS_MAX (1U << 22)

/*
 * What has been found, and how far the bitmaps have been looked at. Numbers alone: a global
 * function may work on it, which the verifier looks at once.
 */
struct dg_search {
	__u32 rank;  /* the lowest so far, or DG_RANK_NO_RULE */
	__u32 would; /* the same of the permissive rules */
	__u64 known; /* DG_KNOWN_* */
	__u32 part;  /* the next one, and how many are left */
	__u32 parts;
	/* Blocks that are left, and of the one at hand the bitmap, its bits, and its nodes left. */
	__u32 block, blocks;
	__u64 groups; /* bitmaps of the block behind that one which may have something to say */
	__u64 bits;
	__u32 bitmap, row, rows;
};

struct dg_walk {
	const struct dg_facts *facts;
	const struct dg_facts_more *more; /* or NULL */
	const struct dg_query *query;
	struct dg_search search;
	/* By slot, the class + 1; 0: not asked for yet. The last is the digests' and stays 0. */
	union {
		__u32 class[DG_SLOT_NONE + 1];
		__u64 words[DG_SLOT_NONE / 2 + 1];
	};
};

static __always_inline void dg_answer_broken(struct dg_answer *answer)
{
	answer->verdict = DG_VERDICT_DENY;
	answer->flags = DG_LEAF_AUDIT;
	answer->rule = DG_RULE_BROKEN;
	answer->would = DG_RULE_NONE;
}

/* The class of the variable at @at in the tables. Its fact is known, or it is a digest. */
static __always_inline bool dg_classify(const struct dg_walk *walk, __u64 at, dg_var_ptr var,
					__u32 *ret)
{
	const struct dg_facts_more *more = walk->more;
	__u32 fact = var->fact;

	switch (var->kind) {
	case DG_VAR_NUM:
		*ret = dg_classify_number(at,
					  walk->facts->num[fact & (DG_NUM_SLOTS - 1)] & var->mask);
		break;
	case DG_VAR_STR:
		*ret = dg_classify_string(var, &walk->facts->str[fact & (DG_STR_SLOTS - 1)]);
		break;
	case DG_VAR_DIGEST:
		return more && dg_classify_digest(var, more, fact, ret);
	case DG_VAR_SET:
		*ret = more ? dg_classify_set(at, var, more) : 0;
		break;
	case DG_VAR_TIME:
		*ret = dg_classify_number(at, walk->query->time);
		break;
	case DG_VAR_CLOCK:
		*ret = walk->query->clock_synced ? 1 : 2;
		break;
	default:
		return false;
	}
	return *ret != 0;
}

/* The class of the variable @number of a node, plus 1, from now on in @slot; 0: damaged tables. */
static __noinline __u32 dg_ask(struct dg_walk *walk, __u32 number, __u32 slot)
{
	__u64 at = dg_header->var_off + (__u64)number * sizeof(struct dg_var);
	/*
	 * No test against var_count: with few variables the verifier would take the number for a
	 * constant and look at every one of them. The read is bounded all the same.
	 */
	dg_var_ptr var = dg_var_at(at);
	__u32 class;

	if (!var || !dg_classify(walk, at, var, &class))
		return 0;
	class ++;
	asm volatile("" : "+r"(slot));
	if (slot < DG_SLOT_NONE)
		walk->class[slot] = class;
	return class;
}

/* The edge of a hashed node of @count slots, whose hash is at @at. */
static __always_inline __u32 dg_search_slots(__u64 at, __u32 count, __u32 class)
{
	const volatile struct dg_edge_hash *hash = dg_tables_at(at, sizeof(*hash));
	const volatile struct dg_edge_slot *slot;
	__u32 displacement;
	__u64 key;

	if (!hash)
		return DG_REF_BROKEN;
	at += sizeof(*hash);
	key = dg_hash_step(dg_hash_start(hash->seed), class);
	if (!DG_READ(__u32, at + (__u64)dg_hash_bucket(key, hash->buckets) * 4, &displacement))
		return DG_REF_BROKEN;
	slot = dg_tables_at(at + (((__u64)hash->buckets * 4 + 7) & ~7ULL) +
				    (__u64)dg_hash_slot(key, displacement, count) * sizeof(*slot),
			    sizeof(*slot));
	if (!slot)
		return DG_REF_BROKEN;
	return slot->class == class ? slot->ref : hash->rest;
}

/*
 * The edge for @class of the node at @at, which is no dense one; DG_REF_BROKEN when the tables are
 * damaged.
 */
__noinline __u32 dg_search_edge(__u64 at, __u64 class)
{
	__u64 runs = at + sizeof(struct dg_node), low = dg_zero(class), high, middle;
	const volatile struct dg_node *node = dg_tables_at(at, sizeof(*node));
	__u32 first, ref;

	if (!node)
		return DG_REF_BROKEN;
	if (node->kind == DG_NODE_HASHED)
		return dg_search_slots(runs, node->count, class);
	high = node->count;
	while (high - low > 1) {
		DG_LOOP(spent);
		middle = (low + high) / 2;
		if (!DG_READ(__u32, runs + middle * sizeof(struct dg_edge_run), &first))
			return DG_REF_BROKEN;
		if (first <= class)
			low = middle;
		else
			high = middle;
	}
	if (DG_READ(__u32,
		    runs + low * sizeof(struct dg_edge_run) +
			    __builtin_offsetof(struct dg_edge_run, ref),
		    &ref))
		return ref;
spent:
	return DG_REF_BROKEN;
}

/* Where the node @ref leads; DG_REF_BROKEN when the tables are damaged. */
static __always_inline __u32 dg_follow(struct dg_walk *walk, __u32 ref)
{
	__u64 at = dg_header->node_off + (__u64)(ref & DG_REF_PLACE) * 8;
	__u64 slot = ref >> DG_REF_SLOT_SHIFT & DG_REF_SLOT_MASK;
	const volatile struct dg_node *node;
	__u32 class, next;

	if (slot > DG_SLOT_NONE)
		return DG_REF_BROKEN;
	class = walk->class[slot];
	if (!class) {
		node = dg_tables_at(at, sizeof(*node));
		if (!node)
			return DG_REF_BROKEN;
		class = 1;
		if (walk->search.known >> (node->known & 63) & 1)
			class = dg_ask(walk, node->var, slot);
		if (!class)
			return DG_REF_BROKEN;
	}
	class --;
	if (ref & DG_REF_SPARSE)
		return dg_search_edge(at, class);
	if (!DG_READ(__u32, at + sizeof(struct dg_node) + (__u64) class * 4, &next))
		return DG_REF_BROKEN;
	return next;
}

/* What the end of a path says, put together with what the other parts said. */
static __always_inline bool dg_meet(struct dg_search *search, __u32 ref)
{
	__u32 rank = ref & DG_REF_INDEX, would = DG_RANK_NO_RULE;

	if (ref == DG_REF_PASS)
		return true;
	if (ref & DG_REF_PAIR) {
		const volatile struct dg_leaf *leaf;

		leaf = dg_tables_at(dg_header->leaf_off + (__u64)rank * sizeof(*leaf),
				    sizeof(*leaf));
		if (!leaf)
			return false;
		rank = leaf->rank;
		would = leaf->would;
	}
	if (rank < search->rank)
		search->rank = rank;
	if (would < search->would)
		search->would = would;
	return true;
}

static __always_inline const volatile struct dg_rank *dg_rank_at(__u32 rank)
{
	return dg_tables_at(dg_header->rank_off + (__u64)rank * sizeof(struct dg_rank),
			    sizeof(struct dg_rank));
}

static __always_inline int dg_finish(const struct dg_walk *walk, __u32 op, struct dg_answer *answer)
{
	__u32 verdict, flags = 0, rule = DG_RULE_DEFAULT, would = DG_RULE_NONE;
	const volatile struct dg_rank *rank;

	if (walk->search.rank == DG_RANK_NO_RULE) {
		verdict = dg_header->allowed >> (op & 15) & 1 ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		if (verdict == DG_VERDICT_DENY)
			flags = DG_LEAF_AUDIT;
	} else {
		rank = dg_rank_at(walk->search.rank);
		if (!rank)
			return -1;
		rule = rank->rule;
		verdict = rank->flags & DG_RANK_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		if (rank->flags & DG_RANK_AUDIT)
			flags = DG_LEAF_AUDIT;
	}
	/* A permissive rule behind the one that decides is not passed over. */
	if (walk->search.would < walk->search.rank) {
		rank = dg_rank_at(walk->search.would);
		if (!rank)
			return -1;
		would = rank->rule;
		if (rank->flags & DG_RANK_ALLOW)
			flags |= DG_LEAF_WOULD_ALLOW;
		if (rank->flags & DG_RANK_AUDIT_WOULD)
			flags |= DG_LEAF_AUDIT;
	}
	answer->verdict = verdict;
	answer->flags = flags;
	answer->rule = rule;
	answer->would = would;
	return 0;
}

/* What a term of the bitmap at hand says that holds. */
static __always_inline bool dg_meet_term(struct dg_search *search, __u64 number)
{
	__u32 term;

	if (!DG_READ(__u32, dg_header->term_off + number * 4, &term))
		return false;
	if (!(term & DG_TERM_PERMISSIVE)) {
		if (term < search->rank)
			search->rank = term;
	} else if ((term & ~DG_TERM_PERMISSIVE) < search->would) {
		search->would = term & ~DG_TERM_PERMISSIVE;
	}
	return true;
}

/* All terms that the bitmap at hand has found to hold. */
static __always_inline bool dg_meet_terms(struct dg_search *search)
{
	__u64 bits = search->bits, zero = dg_zero(bits);
	__u32 block = search->bitmap / DG_BLOCK_BITMAPS,
	      group = search->bitmap % DG_BLOCK_BITMAPS - 1;
	__u64 number = ((__u64)block * DG_BLOCK_TERMS + group * 64) | zero;

	for (; bits; bits = bits >> 1 | zero) {
		DG_LOOP(spent);
		if (bits & 1 && !dg_meet_term(search, dg_apart(number, zero)))
			return false;
		number++;
	}
	return true;
spent:
	return false;
}

/* The bitmap @number is the one at hand. */
static __always_inline __u32 dg_begin_bitmap(struct dg_search *search, __u32 number)
{
	const volatile struct dg_bitmap *bitmap;

	bitmap = dg_tables_at(dg_header->bitmap_off + (__u64)number * sizeof(*bitmap),
			      sizeof(*bitmap));
	if (!bitmap)
		return DG_REF_BROKEN;
	search->bitmap = number;
	search->bits = bitmap->live;
	search->row = bitmap->row;
	search->rows = bitmap->row_count;
	return DG_REF_PASS;
}

/* The bitmap behind the one at hand that may have something to say; DG_REF_DONE: none. */
static __always_inline __u32 dg_next_bitmap(struct dg_search *search)
{
	__u64 groups = search->groups, zero = dg_zero(groups);
	__u32 number = search->bitmap | zero;

	for (; groups; groups = groups >> 1 | zero) {
		DG_LOOP(spent);
		number++;
		if (groups & 1) {
			search->groups = groups >> 1;
			return dg_begin_bitmap(search, dg_apart(number, zero));
		}
	}
	search->groups = groups;
	if (!search->blocks)
		return DG_REF_DONE;
	search->blocks--;
	return dg_begin_bitmap(search, search->block++ * DG_BLOCK_BITMAPS);
spent:
	return DG_REF_BROKEN;
}

/* Where to go on after @end: what a node of the bitmap at hand came to, or DG_REF_PASS. */
static __always_inline __u32 dg_next_row(struct dg_search *search, __u32 end)
{
	__u64 word;
	__u32 ref;

	if (end != DG_REF_PASS) {
		if (!DG_READ(__u64, dg_header->word_off + (__u64)(end & DG_REF_INDEX) * 8, &word))
			return DG_REF_BROKEN;
		search->bits &= word;
	}
	if (search->bits && search->rows) {
		search->rows--;
		if (!DG_READ(__u32, dg_header->row_off + (__u64)search->row++ * 4, &ref) ||
		    ref & DG_REF_LEAF)
			return DG_REF_BROKEN;
		return ref;
	}
	if (search->bitmap % DG_BLOCK_BITMAPS == 0)
		search->groups = search->bits;
	else if (!dg_meet_terms(search))
		return DG_REF_BROKEN;
	return dg_next_bitmap(search);
}

/*
 * Where to go on after the end @end of a path: with the next part, when there are no more with the
 * bitmaps. DG_REF_PASS: no path was gone; this is to be asked again. DG_REF_DONE: all has been
 * seen.
 */
__noinline __u32 dg_next_path(struct dg_search *search, __u32 end)
{
	const volatile struct dg_part *part;

	if (!search)
		return DG_REF_BROKEN;
	if (!search->parts)
		return dg_next_row(search, end);
	if (!dg_meet(search, end))
		return DG_REF_BROKEN;
	if (!--search->parts)
		return search->blocks ? DG_REF_PASS : DG_REF_DONE;
	part = dg_tables_at(dg_header->part_off + (__u64)search->part++ * sizeof(*part),
			    sizeof(*part));
	if (!part)
		return DG_REF_BROKEN;
	return search->known >> (part->known & 63) & 1 ? part->ref : part->unknown;
}

/* Entry @op of an array of the header, at @off. */
#define DG_READ_OF_OP(off, op, ret) DG_READ(__u32, (off) + (__u64)(op)*4, ret)

/* Where the kind of a device begins of which this is known. */
static __always_inline __u64 dg_kind_off(__u64 known)
{
	__u64 off = __builtin_offsetof(struct dg_tables, kind);
	int i;

#pragma unroll
	for (i = 0; i < DG_KINDS - 1; i++) {
		if (!(dg_header->kind[i].absent & known))
			break;
		off += sizeof(struct dg_kind);
	}
	return off;
}

/* Nothing has been found yet on @op. False when the tables are damaged. */
__noinline int dg_search_begin(struct dg_search *search, __u64 known, __u32 op)
{
	__u64 kind = dg_kind_off(known);

	if (!search)
		return false;
	*search = (struct dg_search){
		.rank = DG_RANK_NO_RULE, .would = DG_RANK_NO_RULE, .known = known};
	if (!DG_READ_OF_OP(kind + __builtin_offsetof(struct dg_kind, op_part), op, &search->part) ||
	    !DG_READ_OF_OP(kind + __builtin_offsetof(struct dg_kind, op_part_count), op,
			   &search->parts) ||
	    !DG_READ_OF_OP(__builtin_offsetof(struct dg_tables, op_block), op, &search->block) ||
	    !DG_READ_OF_OP(__builtin_offsetof(struct dg_tables, op_block_count), op,
			   &search->blocks) ||
	    search->parts > DG_PARTS_MAX)
		return false;
	search->parts++; /* the end of none comes first */
	return true;
}

/* Walk all parts, each to its end, and then the nodes of the bitmaps. */
static __always_inline bool dg_walk_all(struct dg_walk *walk)
{
	__u32 ref = dg_zero(walk->facts->known_num) | DG_REF_PASS;
	__u64 left = dg_zero(walk->facts->known_num) + DG_STEPS_MAX;

	for (; left; left--) {
		DG_LOOP(spent);
		if (!(ref & DG_REF_LEAF)) {
			if (ref == DG_REF_BROKEN)
				return false;
			ref = dg_follow(walk, ref);
		} else {
			ref = dg_next_path(&walk->search, ref);
			if (ref == DG_REF_DONE)
				return true;
		}
	}
spent:
	return false;
}

/*
 * Decide @query on @facts. @more: what the kernel does not tell yet, or NULL. Damaged tables deny,
 * under DG_RULE_BROKEN.
 *
 * Returns 0, or -1 when the tables are damaged.
 */
static __noinline int dg_decide(const struct dg_facts *facts, const struct dg_facts_more *more,
				const struct dg_query *query, struct dg_answer *answer)
{
	struct dg_walk walk;
	__u32 op = query->op;
	__u64 zero = dg_zero(facts->known_num);
	int i;

	walk.facts = facts;
	walk.more = more;
	walk.query = query;
#pragma unroll
	for (i = 0; i < DG_SLOT_NONE / 2 + 1; i++)
		walk.words[i] = zero;

	dg_answer_broken(answer);
	if (dg_header->magic != DG_TABLES_MAGIC || dg_header->abi != DG_ABI_VERSION ||
	    op >= DG_OP_MAX)
		return -1;
	if (!dg_search_begin(&walk.search, dg_known_facts(facts, more), op) || !dg_walk_all(&walk))
		return -1;
	return dg_finish(&walk, op, answer);
}
