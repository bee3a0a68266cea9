/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "object_read.h"

#include <string.h>

static int bad(const char **ret_what, const char *what)
{
	*ret_what = what;
	return -EBADMSG;
}

static bool part_fits(const struct dg_tables *t, uint32_t off, uint32_t count, size_t size)
{
	return off % 8 == 0 && off >= sizeof(*t) && off <= t->size &&
	       (uint64_t)count * size <= t->size - off;
}

static const void *part(const struct dg_tables *t, uint64_t off)
{
	return (const char *)t + off;
}

static bool data_fits(const struct dg_tables *t, uint64_t off, uint64_t len)
{
	return off % 8 == 0 && off >= t->data_off && off <= t->data_off + (uint64_t)t->data_size &&
	       len <= t->data_off + (uint64_t)t->data_size - off;
}

static bool intervals_valid(const struct dg_tables *t, const struct dg_var *var)
{
	const struct dg_interval *intervals = part(t, var->data_off);

	if (var->data_count == 0 ||
	    !data_fits(t, var->data_off, (uint64_t)var->data_count * sizeof(*intervals)) ||
	    intervals[0].low != 0)
		return false;
	for (uint32_t i = 0; i < var->data_count; i++)
		if (intervals[i].class == 0 || intervals[i].class >= var->class_count ||
		    (i > 0 && intervals[i].low <= intervals[i - 1].low))
			return false;
	return true;
}

static bool dfa_valid(const struct dg_tables *t, const struct dg_var *var)
{
	const struct dg_dfa *dfa = part(t, var->data_off);
	const uint32_t *next;
	uint64_t entries;

	if (!data_fits(t, var->data_off, sizeof(*dfa)) || dfa->state_count == 0 ||
	    dfa->byte_class_count == 0 || dfa->byte_class_count > 256)
		return false;
	entries = (uint64_t)dfa->state_count * dfa->byte_class_count;
	if (!data_fits(t, var->data_off,
		       sizeof(*dfa) + (entries + dfa->state_count) * sizeof(uint32_t)))
		return false;
	for (unsigned int byte = 0; byte < 256; byte++)
		if (dfa->byte_class[byte] >= dfa->byte_class_count)
			return false;
	next = part(t, var->data_off + sizeof(*dfa));
	for (uint64_t i = 0; i < entries; i++)
		if (next[i] >= dfa->state_count)
			return false;
	for (uint64_t i = 0; i < dfa->state_count; i++)
		if (next[entries + i] == 0 || next[entries + i] >= var->class_count)
			return false;
	return true;
}

static bool var_valid(const struct dg_tables *t, const struct dg_var *var)
{
	if (var->class_count < 2)
		return false;
	switch (var->kind) {
	case DG_VAR_NUM:
		return var->fact < DG_NUM_MAX && var->shift < 64 && intervals_valid(t, var);
	case DG_VAR_STR:
		return var->fact < DG_STR_MAX && dfa_valid(t, var);
	case DG_VAR_TIME:
		return intervals_valid(t, var);
	case DG_VAR_CLOCK:
		return var->class_count == 3;
	}
	return false;
}

static bool ref_valid(const struct dg_tables *t, uint32_t ref)
{
	return ref & DG_REF_LEAF ? (ref & ~DG_REF_LEAF) < t->leaf_count : ref < t->node_count;
}

/* Longest path from @ref in nodes; more than DG_TABLE_MAX_DEPTH also for one that never ends. */
static unsigned int path_length(const struct dg_tables *t, uint8_t *known, uint32_t ref,
				unsigned int depth)
{
	const struct dg_node *nodes = part(t, t->node_off);
	const struct dg_var *vars = part(t, t->var_off);
	const uint32_t *edges = part(t, t->edge_off);
	unsigned int longest = 0;

	if (ref & DG_REF_LEAF)
		return 0;
	if (known[ref] > 0)
		return known[ref];
	if (depth >= DG_TABLE_MAX_DEPTH)
		return DG_TABLE_MAX_DEPTH + 1;
	for (uint32_t c = 0; c < vars[nodes[ref].var].class_count; c++) {
		unsigned int length = path_length(t, known, edges[nodes[ref].edge + c], depth + 1);

		if (length > longest)
			longest = length;
		if (longest >= DG_TABLE_MAX_DEPTH)
			return DG_TABLE_MAX_DEPTH + 1;
	}
	known[ref] = (uint8_t)(longest + 1);
	return longest + 1;
}

static int check_header(const struct dg_tables *t, size_t size, const char **ret_what)
{
	if (size < sizeof(*t))
		return bad(ret_what, "the tables are truncated");
	if (t->magic != DG_TABLES_MAGIC)
		return bad(ret_what, "its tables do not begin with devgate's magic number");
	if (t->abi > DG_ABI_VERSION) {
		*ret_what = "it is of a newer abi than this program knows";
		return -EPROTO;
	}
	if (t->abi == 0)
		return bad(ret_what, "its abi is 0");
	if (t->size != size)
		return bad(ret_what, t->size > size ? "the tables are truncated"
						    : "there is something behind the tables");
	if (t->size % 8 != 0)
		return bad(ret_what, "the tables have an odd size");
	if (t->version == 0)
		return bad(ret_what, "the policy's version is 0");
	if (!memchr(t->name, 0, sizeof(t->name)))
		return bad(ret_what, "the policy's name is not terminated");
	return 0;
}

static int check_parts(const struct dg_tables *t, const char **ret_what)
{
	const struct dg_rule *rules;
	const struct dg_leaf *leaves;

	if (!part_fits(t, t->var_off, t->var_count, sizeof(struct dg_var)) ||
	    !part_fits(t, t->node_off, t->node_count, sizeof(struct dg_node)) ||
	    !part_fits(t, t->edge_off, t->edge_count, sizeof(uint32_t)) ||
	    !part_fits(t, t->leaf_off, t->leaf_count, sizeof(struct dg_leaf)) ||
	    !part_fits(t, t->rule_off, t->rule_count, sizeof(struct dg_rule)) ||
	    !part_fits(t, t->data_off, t->data_size, 1))
		return bad(ret_what, "a part of the tables lies outside of them");

	rules = part(t, t->rule_off);
	for (uint32_t i = 0; i < t->rule_count; i++)
		if (!memchr(rules[i].id, 0, sizeof(rules[i].id)) || rules[i].id[0] == 0 ||
		    rules[i].effect > DG_EFFECT_DENY || rules[i].audit > DG_AUDIT_NEVER ||
		    rules[i].ops >> DG_OP_MAX)
			return bad(ret_what, "a rule in the tables is damaged");
	leaves = part(t, t->leaf_off);
	for (uint32_t i = 0; i < t->leaf_count; i++)
		if (leaves[i].verdict > DG_VERDICT_ALLOW ||
		    (leaves[i].rule >= t->rule_count && leaves[i].rule != DG_RULE_DEFAULT) ||
		    (leaves[i].would >= t->rule_count && leaves[i].would != DG_RULE_NONE))
			return bad(ret_what, "a verdict in the tables is damaged");
	return 0;
}

static int check_diagram(const struct dg_tables *t, const char **ret_what)
{
	const struct dg_var *vars = part(t, t->var_off);
	const struct dg_node *nodes = part(t, t->node_off);
	const uint32_t *edges = part(t, t->edge_off);
	_cleanup_free_ uint8_t *known = NULL;

	for (uint32_t i = 0; i < t->var_count; i++)
		if (!var_valid(t, &vars[i]))
			return bad(ret_what, "a variable in the tables is damaged");
	for (uint32_t i = 0; i < t->node_count; i++)
		if (nodes[i].var >= t->var_count || nodes[i].edge > t->edge_count ||
		    vars[nodes[i].var].class_count > t->edge_count - nodes[i].edge)
			return bad(ret_what, "a node in the tables is damaged");
	for (uint32_t i = 0; i < t->edge_count; i++)
		if (!ref_valid(t, edges[i]))
			return bad(ret_what, "an edge in the tables is damaged");
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		if (!ref_valid(t, t->op_root[op]))
			return bad(ret_what, "an operation in the tables is damaged");

	known = calloc(t->node_count + UINT64_C(1), 1);
	if (!known)
		return -ENOMEM;
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		if (path_length(t, known, t->op_root[op], 0) > DG_TABLE_MAX_DEPTH)
			return bad(ret_what, "a path through the tables is too long");
	return 0;
}

int dg_tables_check(const struct dg_tables *tables, size_t size, const char **ret_what)
{
	int r;

	*ret_what = "there is not enough memory";
	r = check_header(tables, size, ret_what);
	if (r >= 0)
		r = check_parts(tables, ret_what);
	if (r >= 0)
		r = check_diagram(tables, ret_what);
	return r;
}
