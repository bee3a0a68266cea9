/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The decision: facts and a query in, verdict and rule out (policy language, section 6), by one
 * walk through the diagram of the operation. The same code runs in the LSM programs and in the
 * syscall program, on memory of the kernel or of a map: so it is a static subprogram, not a global
 * one.
 */
#pragma once

#include "tables.bpf.h"

#define DG_SEARCH_STEPS 32 /* halvings of at most 2^32 intervals */

/* The class of @value among the intervals of @var. False when the tables are damaged. */
static __always_inline bool dg_classify_number(const struct dg_var *var, __u64 value, __u32 *ret)
{
	__u32 low = 0, high = var->data_count;
	__u64 bound;
	int i;

	bpf_for (i, 0, DG_SEARCH_STEPS) {
		__u32 middle = low + (high - low) / 2;

		if (high - low <= 1)
			break;
		if (!DG_READ(__u64, var->data_off + (__u64)middle * sizeof(struct dg_interval),
			     &bound))
			return false;
		if (bound <= value)
			low = middle;
		else
			high = middle;
	}
	return DG_READ(__u32,
		       var->data_off + (__u64)low * sizeof(struct dg_interval) +
			       __builtin_offsetof(struct dg_interval, class),
		       ret);
}

static __always_inline bool dg_classify_string(const struct dg_var *var,
					       const struct dg_facts *facts, __u32 *ret)
{
	__u32 index = var->fact, states, columns, state = 0, step;
	__u64 next = (__u64)var->data_off + sizeof(struct dg_dfa);
	const struct dg_string *string;
	__u8 column;
	int i, len;

	if (index >= DG_STR_SLOTS)
		return false;
	if (!(facts->known_str >> index & 1)) {
		*ret = 0;
		return true;
	}
	if (!DG_READ(__u32, (__u64)var->data_off, &states) ||
	    !DG_READ(__u32, (__u64)var->data_off + 4, &columns))
		return false;

	string = &facts->str[index];
	len = string->len;
	bpf_for (i, 0, len) {
		__u32 at = i;

		asm volatile("" : "+r"(at));
		if (at >= DG_STR_BYTES)
			break;
		if (!DG_READ(__u8,
			     (__u64)var->data_off + __builtin_offsetof(struct dg_dfa, byte_class) +
				     string->bytes[at],
			     &column) ||
		    !DG_READ(__u32, next + ((__u64)state * columns + column) * 4, &step))
			return false;
		state = step;
	}
	return DG_READ(__u32, next + ((__u64)states * columns + state) * 4, ret);
}

static __always_inline bool dg_classify(const struct dg_var *var, const struct dg_facts *facts,
					const struct dg_query *query, __u32 *ret)
{
	__u32 index = var->fact;
	__u64 value;

	switch (var->kind) {
	case DG_VAR_STR:
		return dg_classify_string(var, facts, ret);
	case DG_VAR_CLOCK:
		*ret = query->clock_synced ? 1 : 2;
		return true;
	case DG_VAR_TIME:
		value = query->time;
		break;
	case DG_VAR_NUM:
		if (index >= DG_NUM_SLOTS)
			return false;
		if (!(facts->known_num >> index & 1)) {
			*ret = 0;
			return true;
		}
		value = (facts->num[index] >> (var->shift & 63)) & var->mask;
		break;
	default:
		return false;
	}
	return dg_classify_number(var, value, ret);
}

static __always_inline bool dg_read_var(__u32 index, struct dg_var *ret)
{
	const volatile struct dg_var *at;

	/*
	 * No test against var_count: with few variables the verifier would take the index for a
	 * constant and walk every interval, so that its cost grew with the policy. The read is
	 * bounded all the same.
	 */
	at = dg_tables_at(dg_header->var_off + (__u64)index * sizeof(*at), sizeof(*at));
	if (!at)
		return false;
	ret->kind = at->kind;
	ret->fact = at->fact;
	ret->shift = at->shift;
	ret->mask = at->mask;
	ret->class_count = at->class_count;
	ret->data_off = at->data_off;
	ret->data_count = at->data_count;
	return true;
}

static __always_inline void dg_answer_broken(struct dg_answer *answer)
{
	answer->verdict = DG_VERDICT_DENY;
	answer->flags = DG_LEAF_AUDIT;
	answer->rule = DG_RULE_BROKEN;
	answer->would = DG_RULE_NONE;
}

/*
 * Decide @query on @facts. Damaged tables deny, under DG_RULE_BROKEN.
 *
 * Returns 0, or -1 when the tables are damaged.
 */
static __noinline int dg_decide(const struct dg_facts *facts, const struct dg_query *query,
				struct dg_answer *answer)
{
	__u32 op = query->op, ref, class = 0;
	int i;

	dg_answer_broken(answer);
	if (dg_header->magic != DG_TABLES_MAGIC || dg_header->abi != DG_ABI_VERSION ||
	    op >= DG_OP_MAX)
		return -1;
	if (!DG_READ(__u32, __builtin_offsetof(struct dg_tables, op_root) + (__u64)op * 4, &ref))
		return -1;

	bpf_for (i, 0, DG_TABLE_MAX_DEPTH + 1) {
		const volatile struct dg_leaf *leaf;
		const volatile struct dg_node *node;
		struct dg_var var;

		if (ref & DG_REF_LEAF) {
			leaf = dg_tables_at(dg_header->leaf_off +
						    (__u64)(ref & ~DG_REF_LEAF) * sizeof(*leaf),
					    sizeof(*leaf));
			if (!leaf)
				return -1;
			answer->verdict = leaf->verdict == DG_VERDICT_ALLOW ? DG_VERDICT_ALLOW
									    : DG_VERDICT_DENY;
			answer->flags = leaf->flags;
			answer->rule = leaf->rule;
			answer->would = leaf->would;
			return 0;
		}
		node = dg_tables_at(dg_header->node_off + (__u64)ref * sizeof(*node),
				    sizeof(*node));
		if (!node || !dg_read_var(node->var, &var) ||
		    !dg_classify(&var, facts, query, &class) || class >= var.class_count)
			return -1;
		if (!DG_READ(__u32, dg_header->edge_off + ((__u64)node->edge + class) * 4, &ref))
			return -1;
	}
	return -1;
}
