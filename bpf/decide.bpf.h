/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision: facts and a query in, verdict and rule out (policy language, section 6), by a walk
 * through each part of the operation (struct dg_tables). The same code runs in the LSM programs and
 * in the syscall program, on memory of the kernel or of a map.
 */
#pragma once

#include "classify.bpf.h"

/* Of all parts: as many nodes as there can be variables on each path, and its end. */
#define DG_STEPS_MAX (DG_PARTS_MAX * (DG_TABLE_MAX_DEPTH + 1))

struct dg_walk {
	const struct dg_facts *facts;
	const struct dg_facts_more *more; /* or NULL */
	const struct dg_query *query;
	__u64 known; /* DG_KNOWN_* */
	__u32 rank;  /* the lowest so far, or DG_RANK_NO_RULE */
	__u32 would; /* the same of the permissive rules */
	/* By slot, the class + 1; 0: not asked for yet. The last is the digests' and stays 0. */
	union {
		__u32 class[DG_REF_SLOT_MASK + 1];
		__u64 words[(DG_REF_SLOT_MASK + 1) / 2];
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

/* The edge of the sparse node at @at for @class; DG_REF_BROKEN when the tables are damaged. */
__noinline __u32 dg_search_runs(__u64 at, __u64 class)
{
	__u64 runs = at + sizeof(struct dg_node), low = dg_zero(class), high, middle;
	__u32 count, first, ref;

	if (!DG_READ(__u32, at + __builtin_offsetof(struct dg_node, count), &count))
		return DG_REF_BROKEN;
	high = count;
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
	__u32 slot = ref >> DG_REF_SLOT_SHIFT & DG_REF_SLOT_MASK;
	__u32 class = walk->class[slot], next;
	const volatile struct dg_node *node;

	if (!class) {
		node = dg_tables_at(at, sizeof(*node));
		if (!node)
			return DG_REF_BROKEN;
		class = 1;
		if (walk->known >> (node->known & 63) & 1)
			class = dg_ask(walk, node->var, slot);
		if (!class)
			return DG_REF_BROKEN;
	}
	class --;
	if (ref & DG_REF_SPARSE)
		return dg_search_runs(at, class);
	if (!DG_READ(__u32, at + sizeof(struct dg_node) + (__u64) class * 4, &next))
		return DG_REF_BROKEN;
	return next;
}

/* What the end of a path says, put together with what the other parts said. */
static __always_inline bool dg_meet(struct dg_walk *walk, __u32 ref)
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
	if (rank < walk->rank)
		walk->rank = rank;
	if (would < walk->would)
		walk->would = would;
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

	if (walk->rank == DG_RANK_NO_RULE) {
		verdict = dg_header->allowed >> (op & 15) & 1 ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		if (verdict == DG_VERDICT_DENY)
			flags = DG_LEAF_AUDIT;
	} else {
		rank = dg_rank_at(walk->rank);
		if (!rank)
			return -1;
		rule = rank->rule;
		verdict = rank->flags & DG_RANK_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		if (rank->flags & DG_RANK_AUDIT)
			flags = DG_LEAF_AUDIT;
	}
	/* A permissive rule behind the one that decides is not passed over. */
	if (walk->would < walk->rank) {
		rank = dg_rank_at(walk->would);
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

/* Walk @count parts from @part on, each to its end. */
static __always_inline bool dg_walk_parts(struct dg_walk *walk, __u32 part, __u64 count)
{
	__u64 left = dg_zero(walk->facts->known_num) + DG_STEPS_MAX;
	__u32 ref = dg_zero(left) | DG_REF_PASS;

	for (; left; left--) {
		DG_LOOP(spent);
		if (ref & DG_REF_LEAF) {
			const volatile struct dg_part *next;

			if (!dg_meet(walk, ref))
				return false;
			if (!count--)
				return true;
			next = dg_tables_at(dg_header->part_off + (__u64)part++ * sizeof(*next),
					    sizeof(*next));
			if (!next)
				return false;
			ref = walk->known >> (next->known & 63) & 1 ? next->ref : next->unknown;
		} else if (ref == DG_REF_BROKEN) {
			return false;
		} else {
			ref = dg_follow(walk, ref);
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
	__u32 op = query->op, part, count;
	__u64 zero = dg_zero(facts->known_num);
	int i;

	walk.facts = facts;
	walk.more = more;
	walk.query = query;
	walk.known = dg_known_facts(facts, more);
	walk.rank = walk.would = zero - 1;
#pragma unroll
	for (i = 0; i < (DG_REF_SLOT_MASK + 1) / 2; i++)
		walk.words[i] = zero;

	dg_answer_broken(answer);
	if (dg_header->magic != DG_TABLES_MAGIC || dg_header->abi != DG_ABI_VERSION ||
	    op >= DG_OP_MAX)
		return -1;
	if (!DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_part) + (__u64)op * 4, &part) ||
	    !DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_part_count) + (__u64)op * 4,
		     &count) ||
	    count > DG_PARTS_MAX || !dg_walk_parts(&walk, part, count))
		return -1;
	return dg_finish(&walk, op, answer);
}
