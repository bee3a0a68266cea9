/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision: facts and a query in, verdict and rule out (policy language, section 6), by a walk
 * through each part of the operation (struct dg_tables). The same code runs in the LSM programs and
 * in the syscall program, on memory of the kernel or of a map: so it is made of static subprograms,
 * not of global ones.
 */
#pragma once

#include "classify.bpf.h"

struct dg_walk {
	__u32 rank;  /* the lowest so far, or DG_RANK_NO_RULE */
	__u32 would; /* the same of the permissive rules */
	__u32 class[DG_SLOTS_MAX];
};

static __always_inline void dg_answer_broken(struct dg_answer *answer)
{
	answer->verdict = DG_VERDICT_DENY;
	answer->flags = DG_LEAF_AUDIT;
	answer->rule = DG_RULE_BROKEN;
	answer->would = DG_RULE_NONE;
}

/* Variable @index, or NULL. */
static __always_inline dg_var_ptr dg_variable_at(__u32 index)
{
	/*
	 * No test against var_count: with few variables the verifier would take the index for a
	 * constant and walk every interval, so that its cost grew with the policy. The read is
	 * bounded all the same.
	 */
	return dg_tables_at(dg_header->var_off + (__u64)index * sizeof(struct dg_var),
			    sizeof(struct dg_var));
}

/*
 * Find the classes of all variables of the operation that have a slot. Apart from the walk, so that
 * the verifier looks at this once and not at each node of each part.
 */
static __noinline int dg_classify_all(struct dg_walk *walk, const struct dg_facts *facts,
				      const struct dg_facts_more *more,
				      const struct dg_query *query)
{
	__u32 op = query->op, first, count, index, class, slot;
	dg_var_ptr var;
	int i;

	if (op >= DG_OP_MAX ||
	    !DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_var) + (__u64)op * 4, &first) ||
	    !DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_var_count) + (__u64)op * 4,
		     &count))
		return -1;
	bpf_for (i, 0, DG_SLOTS_MAX) {
		if ((__u32)i >= count)
			break;
		if (!DG_READ(__u32, dg_header->list_off + ((__u64)first + (__u32)i) * 4, &index))
			return -1;
		var = dg_variable_at(index);
		class = 0;
		if (!var || dg_classify(var, facts, more, query, &class))
			return -1;
		slot = var->slot;
		asm volatile("" : "+r"(slot));
		if (slot >= DG_SLOTS_MAX)
			return -1;
		walk->class[slot] = class;
	}
	return 0;
}

/* The class that a node asks for: the slot's, or a digest's. */
static __always_inline bool dg_node_class(const struct dg_walk *walk,
					  const volatile struct dg_node *node,
					  const struct dg_facts_more *more, __u32 *ret)
{
	__u32 slot = node->slot;
	dg_var_ptr var;

	asm volatile("" : "+r"(slot));
	if (slot < DG_SLOTS_MAX) {
		*ret = walk->class[slot];
		return true;
	}
	*ret = 0;
	if (!more)
		return true;
	var = dg_variable_at(node->var);
	return var && !dg_classify_digest(var, more, ret);
}

/* The edge of the node at @at for @class. */
static __always_inline bool dg_follow(__u64 at, __u32 kind, __u32 count, __u32 class, __u32 *ret)
{
	__u64 edges = at + sizeof(struct dg_node);
	__u32 low = 0, high = count, first;

	if (kind == DG_NODE_DENSE) {
		if (class >= count)
			return false;
		return DG_READ(__u32, edges + (__u64) class * 4, ret);
	}
	int i;

	bpf_for (i, 0, DG_SEARCH_STEPS) {
		__u32 middle = low + (high - low) / 2;

		if (high - low <= 1)
			break;
		if (!DG_READ(__u32, edges + (__u64)middle * sizeof(struct dg_edge_run), &first))
			return false;
		if (first <= class)
			low = middle;
		else
			high = middle;
	}
	return DG_READ(__u32,
		       edges + (__u64)low * sizeof(struct dg_edge_run) +
			       __builtin_offsetof(struct dg_edge_run, ref),
		       ret);
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

/* Walk one part from @ref to its end. */
static __always_inline bool dg_walk_part(struct dg_walk *walk, __u32 ref,
					 const struct dg_facts_more *more)
{
	__u32 class = 0;
	int i;

	bpf_for (i, 0, DG_TABLE_MAX_DEPTH + 1) {
		const volatile struct dg_node *node;
		__u64 at;

		if (ref & DG_REF_LEAF)
			return dg_meet(walk, ref);
		at = dg_header->node_off + (__u64)ref * 8;
		node = dg_tables_at(at, sizeof(*node));
		if (!node || !dg_node_class(walk, node, more, &class) ||
		    !dg_follow(at, node->kind, node->count, class, &ref))
			return false;
	}
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
	struct dg_walk walk = {};
	__u32 op = query->op, first, count, ref;
	int i;

	dg_answer_broken(answer);
	if (dg_header->magic != DG_TABLES_MAGIC || dg_header->abi != DG_ABI_VERSION ||
	    op >= DG_OP_MAX)
		return -1;
	if (!DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_part) + (__u64)op * 4,
		     &first) ||
	    !DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_part_count) + (__u64)op * 4,
		     &count) ||
	    count > DG_PARTS_MAX || dg_classify_all(&walk, facts, more, query))
		return -1;
	walk.rank = walk.would = DG_RANK_NO_RULE;
	/* The number comes from the iterator: one counted here would never look the same twice. */
	bpf_for (i, 0, DG_PARTS_MAX) {
		if ((__u32)i >= count)
			break;
		if (!DG_READ(__u32, dg_header->part_off + ((__u64)first + (__u32)i) * 4, &ref) ||
		    !dg_walk_part(&walk, ref, more))
			return -1;
	}
	return dg_finish(&walk, op, answer);
}
