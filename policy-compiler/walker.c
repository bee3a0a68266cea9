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
	uint64_t at = off + index * size; /* 32 bits times a small size, and 32 bits: no overflow */

	if (at > t->size || t->size - at < size)
		return false;
	memcpy(ret, (const char *)t + at, size);
	return true;
}

static bool classify_value(const struct dg_tables *t, const struct dg_var *var, uint64_t value,
			   uint32_t *ret)
{
	struct dg_interval interval;
	uint32_t below = 0, above = var->data_count; /* the interval is in [below, above) */

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
	uint64_t next = (uint64_t)var->data_off + sizeof(struct dg_dfa);
	struct dg_dfa dfa;
	uint32_t state = 0;

	if (!fetch(t, var->data_off, 0, sizeof(dfa), &dfa))
		return false;
	for (size_t i = 0; i < string->len; i++)
		if (!fetch(t, next,
			   (uint64_t)state * dfa.byte_class_count +
				   dfa.byte_class[string->bytes[i]],
			   sizeof(state), &state))
			return false;
	return fetch(t, next, (uint64_t)dfa.state_count * dfa.byte_class_count + state,
		     sizeof(*ret), ret);
}

static bool classify(const struct dg_tables *t, const struct dg_var *var,
		     const struct dg_facts *facts, const struct dg_query *query, uint32_t *ret)
{
	*ret = 0;
	switch (var->kind) {
	case DG_VAR_NUM:
		if (var->fact >= DG_NUM_SLOTS || var->shift > 63)
			return false;
		if (!(facts->known_num & (UINT64_C(1) << var->fact)))
			return true;
		return classify_value(t, var, facts->num[var->fact] >> var->shift & var->mask, ret);
	case DG_VAR_STR:
		if (var->fact >= DG_STR_SLOTS)
			return false;
		if (!(facts->known_str & (UINT64_C(1) << var->fact)))
			return true;
		return classify_string(t, var, &facts->str[var->fact], ret);
	case DG_VAR_TIME:
		return classify_value(t, var, query->time, ret);
	case DG_VAR_CLOCK:
		*ret = query->clock_synced ? 1 : 2;
		return true;
	}
	return false;
}

static bool walk(const struct dg_tables *t, const struct dg_facts *facts,
		 const struct dg_query *query, struct dg_leaf *ret)
{
	uint32_t ref = t->op_root[query->op], class;
	struct dg_node node;
	struct dg_var var;

	for (unsigned int depth = 0; !(ref & DG_REF_LEAF); depth++) {
		if (depth == DG_TABLE_MAX_DEPTH || ref >= t->node_count ||
		    !fetch(t, t->node_off, ref, sizeof(node), &node) || node.var >= t->var_count ||
		    !fetch(t, t->var_off, node.var, sizeof(var), &var) ||
		    !classify(t, &var, facts, query, &class) || class >= var.class_count ||
		    !fetch(t, t->edge_off, (uint64_t)node.edge + class, sizeof(ref), &ref))
			return false;
	}
	ref &= ~DG_REF_LEAF;
	return ref < t->leaf_count && fetch(t, t->leaf_off, ref, sizeof(*ret), ret);
}

int dg_tables_decide(const struct dg_tables *tables, const struct dg_facts *facts,
		     const struct dg_query *query, struct dg_answer *ret)
{
	struct dg_leaf leaf;

	if (query->op >= DG_OP_MAX)
		return -EINVAL;
	if (tables->magic != DG_TABLES_MAGIC || tables->abi != DG_ABI_VERSION ||
	    !walk(tables, facts, query, &leaf)) {
		*ret = (struct dg_answer){.verdict = DG_VERDICT_DENY,
					  .flags = DG_LEAF_AUDIT,
					  .rule = DG_RULE_BROKEN,
					  .would = DG_RULE_NONE};
		return 0;
	}
	*ret = (struct dg_answer){.verdict = leaf.verdict == DG_VERDICT_ALLOW ? DG_VERDICT_ALLOW
									      : DG_VERDICT_DENY,
				  .flags = leaf.flags,
				  .rule = leaf.rule,
				  .would = leaf.would};
	return 0;
}
