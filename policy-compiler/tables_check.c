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

static bool class_valid(uint32_t class, uint32_t classes)
{
	return class > 0 && class < classes;
}

static bool intervals_valid(const struct dg_tables *t, const struct dg_var *var, uint32_t classes)
{
	const struct dg_interval *intervals = part(t, var->data_off);

	if (var->data_count == 0 ||
	    !data_fits(t, var->data_off, (uint64_t)var->data_count * sizeof(*intervals)) ||
	    intervals[0].low != 0)
		return false;
	for (uint32_t i = 0; i < var->data_count; i++)
		if (!class_valid(intervals[i].class, classes) ||
		    (i > 0 && intervals[i].low <= intervals[i - 1].low))
			return false;
	return true;
}

static bool dfa_valid(const struct dg_tables *t, const struct dg_var *var, uint32_t classes)
{
	const struct dg_dfa *dfa = part(t, var->data_off);
	const uint32_t *rows;
	uint64_t end;

	if (var->data_count != 1 || !data_fits(t, var->data_off, sizeof(*dfa)) ||
	    dfa->state_count == 0 || dfa->stride < 2 || dfa->stride > 257)
		return false;
	end = (uint64_t)dfa->state_count * dfa->stride;
	if (!data_fits(t, var->data_off, sizeof(*dfa) + end * sizeof(uint32_t)))
		return false;
	for (unsigned int byte = 0; byte < 256; byte++)
		if (dfa->byte_class[byte] >= dfa->stride - 1)
			return false;
	if (dfa->filter_bytes > 7 ||
	    dfa->filter_mask !=
		    (dfa->filter_bytes ? UINT64_MAX >> (64 - 8 * dfa->filter_bytes) : 0) ||
	    (dfa->filter_bytes ? !class_valid(dfa->filter_class, classes) : !(dfa->filter[0] & 1)))
		return false;
	rows = part(t, var->data_off + sizeof(*dfa));
	for (uint64_t i = 0; i < end; i++) {
		if (i % dfa->stride == dfa->stride - 1) {
			if (!class_valid(rows[i], classes))
				return false;
		} else if (rows[i] & DG_DFA_END) {
			if (!class_valid(rows[i] & ~DG_DFA_END, classes))
				return false;
		} else if (rows[i] >= end || rows[i] % dfa->stride != 0) {
			return false;
		}
	}
	return true;
}

/* @words: how many an exact value has; 0: a string's, which tells by itself. */
static bool hash_valid(const struct dg_tables *t, const struct dg_var *var, uint32_t classes,
		       size_t words)
{
	uint64_t entries = var->hash_off + ((UINT64_C(4) * var->hash_buckets + 7) & ~UINT64_C(7));
	const struct dg_exact_entry *entry;

	if (var->hash_slots == 0)
		return var->exact_words == 0;
	if (var->hash_buckets == 0 ||
	    !data_fits(t, var->hash_off, UINT64_C(4) * var->hash_buckets) ||
	    !data_fits(t, entries, (uint64_t)var->hash_slots * sizeof(*entry)))
		return false;
	entry = part(t, entries);
	for (uint32_t i = 0; i < var->hash_slots; i++, entry++) {
		size_t count = words > 0 ? words : (entry->word & 0xff) / 8 + 1;

		if (entry->class == 0)
			continue;
		if (entry->class >= classes || count > var->exact_words ||
		    (count == 1) != (entry->words == 0) ||
		    (count > 1 && !data_fits(t, entry->words, count * sizeof(uint64_t))))
			return false;
	}
	return true;
}

static bool number_valid(const struct dg_tables *t, const struct dg_var *var, uint32_t classes)
{
	return intervals_valid(t, var, classes) && hash_valid(t, var, classes, 1);
}

static bool string_valid(const struct dg_tables *t, const struct dg_var *var, uint32_t classes)
{
	if (var->data_count > 0 ? !dfa_valid(t, var, classes) : !class_valid(var->rest, classes))
		return false;
	return hash_valid(t, var, classes, 0);
}

static bool set_valid(const struct dg_tables *t, const struct dg_var *var)
{
	uint64_t end = (uint64_t)var->set_states * var->set_columns;
	const uint32_t *rows = part(t, var->set_off);

	if (var->set_states == 0 || var->set_columns < 2 || end > UINT32_MAX ||
	    !data_fits(t, var->set_off, end * sizeof(*rows)))
		return false;
	for (uint64_t i = 0; i < end; i++) {
		if (i % var->set_columns == 0) {
			if (!class_valid(rows[i], var->class_count))
				return false;
		} else if (rows[i] >= end || rows[i] % var->set_columns != 0) {
			return false;
		}
	}
	return var->fact == DG_SET_USB_INTERFACES ? number_valid(t, var, var->set_columns)
						  : string_valid(t, var, var->set_columns);
}

static bool var_valid(const struct dg_tables *t, const struct dg_var *var)
{
	if (var->class_count < 2 || var->known != dg_known_bit(var->kind, var->fact) ||
	    (var->slot != DG_SLOT_NONE &&
	     (var->kind == DG_VAR_DIGEST || var->slot >= DG_SLOTS_MAX)))
		return false;
	switch (var->kind) {
	case DG_VAR_NUM:
		return var->fact < DG_NUM_MAX && number_valid(t, var, var->class_count);
	case DG_VAR_STR:
		return var->fact < DG_STR_MAX && string_valid(t, var, var->class_count);
	case DG_VAR_DIGEST:
		return var->fact > 0 && var->fact < DG_DIGEST_MAX &&
		       class_valid(var->rest, var->class_count) &&
		       hash_valid(t, var, var->class_count,
				  sizeof(struct dg_digest_fact) / sizeof(uint64_t));
	case DG_VAR_SET:
		return var->fact < DG_SET_MAX && set_valid(t, var);
	case DG_VAR_TIME:
		return number_valid(t, var, var->class_count);
	case DG_VAR_CLOCK:
		return var->class_count == 3;
	}
	return false;
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

/* An id is there, NUL terminated and padded with NULs. */
static bool id_valid(const struct dg_tables *t, const struct dg_rule *rule)
{
	const char *id = part(t, (uint64_t)t->id_off + rule->id);
	size_t room = rule->id_words * UINT64_C(8), len;

	if (rule->id_words == 0 || room > DG_NAME_BYTES || rule->id % 8 != 0 ||
	    rule->id > t->id_size || room > t->id_size - rule->id)
		return false;
	len = strnlen(id, room);
	if (len == 0 || len == room)
		return false;
	while (len < room)
		if (id[len++] != 0)
			return false;
	return true;
}

static bool rank_valid(const struct dg_tables *t, uint32_t rank)
{
	return rank < t->rank_count || rank == DG_RANK_NO_RULE;
}

static int check_rules(const struct dg_tables *t, const char **ret_what)
{
	const struct dg_rule *rules = part(t, t->rule_off);
	const struct dg_rank *ranks = part(t, t->rank_off);
	const struct dg_leaf *leaves = part(t, t->leaf_off);

	for (uint32_t i = 0; i < t->rule_count; i++)
		if (!id_valid(t, &rules[i]) || rules[i].effect > DG_EFFECT_DENY ||
		    rules[i].audit > DG_AUDIT_NEVER || rules[i].ops >> DG_OP_MAX)
			return bad(ret_what, "a rule in the tables is damaged");
	for (uint32_t i = 0; i < t->rank_count; i++)
		if (ranks[i].rule >= t->rule_count)
			return bad(ret_what, "the order of the rules in the tables is damaged");
	for (uint32_t i = 0; i < t->leaf_count; i++)
		if (!rank_valid(t, leaves[i].rank) || leaves[i].would >= t->rank_count ||
		    leaves[i].would >= leaves[i].rank)
			return bad(ret_what, "a verdict in the tables is damaged");
	return 0;
}

static int check_parts(const struct dg_tables *t, const char **ret_what)
{
	if (!part_fits(t, t->part_off, t->part_count, sizeof(struct dg_part)) ||
	    !part_fits(t, t->var_off, t->var_count, sizeof(struct dg_var)) ||
	    !part_fits(t, t->node_off, t->node_size, 1) || t->node_size % 8 != 0 ||
	    t->node_bitmaps > t->node_size || t->node_bitmaps % 8 != 0 ||
	    !part_fits(t, t->bitmap_off, t->bitmap_count, sizeof(struct dg_bitmap)) ||
	    t->bitmap_count % DG_BLOCK_BITMAPS != 0 ||
	    !part_fits(t, t->row_off, t->row_count, sizeof(uint32_t)) ||
	    !part_fits(t, t->word_off, t->word_count, sizeof(uint64_t)) ||
	    !part_fits(t, t->term_off, t->bitmap_count / DG_BLOCK_BITMAPS,
		       DG_BLOCK_TERMS * sizeof(uint32_t)) ||
	    !part_fits(t, t->leaf_off, t->leaf_count, sizeof(struct dg_leaf)) ||
	    !part_fits(t, t->rank_off, t->rank_count, sizeof(struct dg_rank)) ||
	    !part_fits(t, t->rule_off, t->rule_count, sizeof(struct dg_rule)) ||
	    !part_fits(t, t->id_off, t->id_size, 1) ||
	    !part_fits(t, t->data_off, t->data_size, 1) || t->var_count > DG_TABLE_MAX_DEPTH)
		return bad(ret_what, "a part of the tables lies outside of them");
	return check_rules(t, ret_what);
}

/* The displacements and slots of a hashed node. */
static const uint32_t *displacements(const struct dg_edge_hash *hash)
{
	return (const uint32_t *)(hash + 1);
}

static const struct dg_edge_slot *slots(const struct dg_edge_hash *hash)
{
	return (const struct dg_edge_slot *)(displacements(hash) + hash->buckets +
					     (hash->buckets & 1));
}

/* Bytes of what follows a node. False: more than @room. */
static bool edges_size(const struct dg_node *node, uint64_t room, uint64_t *ret)
{
	const struct dg_edge_hash *hash = (const struct dg_edge_hash *)(node + 1);

	switch (node->kind) {
	case DG_NODE_DENSE:
		*ret = (node->count * (uint64_t)sizeof(uint32_t) + 7) & ~UINT64_C(7);
		break;
	case DG_NODE_RUNS:
		*ret = node->count * (uint64_t)sizeof(struct dg_edge_run);
		break;
	case DG_NODE_HASHED:
		if (room < sizeof(*hash) || hash->buckets == 0)
			return false;
		*ret = sizeof(*hash) + ((hash->buckets * UINT64_C(4) + 7) & ~UINT64_C(7)) +
		       node->count * (uint64_t)sizeof(struct dg_edge_slot);
		break;
	default:
		return false;
	}
	return *ret <= room;
}

/* Where nodes begin: node_var[place] is the variable + 1 of the node there, 0 where none begins. */
static int find_nodes(const struct dg_tables *t, uint16_t *node_var, const char **ret_what)
{
	const struct dg_var *vars = part(t, t->var_off);

	for (uint64_t at = 0; at < t->node_size;) {
		const struct dg_node *node = part(t, t->node_off + at);
		uint64_t size;

		if (!edges_size(node, t->node_size - at - sizeof(*node), &size) ||
		    node->var >= t->var_count || node->count == 0 ||
		    node->known != vars[node->var].known ||
		    (node->kind == DG_NODE_DENSE && node->count != vars[node->var].class_count))
			return bad(ret_what, "a node in the tables is damaged");
		node_var[at / 8] = (uint16_t)(node->var + 1);
		at += sizeof(*node) + size;
	}
	return 0;
}

static const struct dg_node *node_at(const struct dg_tables *t, uint32_t ref)
{
	return part(t, t->node_off + (ref & DG_REF_PLACE) * UINT64_C(8));
}

static uint32_t node_ref(const struct dg_tables *t, uint32_t place)
{
	const struct dg_node *node = node_at(t, place);
	const struct dg_var *vars = part(t, t->var_off);

	return (node->kind == DG_NODE_DENSE ? 0 : DG_REF_SPARSE) |
	       (uint32_t)vars[node->var].slot << DG_REF_SLOT_SHIFT | place;
}

/* @var_after: the number + 1 of the variable that the path comes from, 0 at its start. */
static bool ref_valid(const struct dg_tables *t, const uint16_t *node_var, uint32_t ref,
		      unsigned int var_after)
{
	uint32_t place;

	if (ref == DG_REF_PASS)
		return true;
	if (ref & DG_REF_LEAF)
		return (ref & DG_REF_INDEX) < (ref & DG_REF_PAIR ? t->leaf_count : t->rank_count);
	place = ref & DG_REF_PLACE;
	/* Ascending variables: no path is longer than there are variables, and none goes round. */
	return place < t->node_bitmaps / 8 && node_var[place] > var_after &&
	       ref == node_ref(t, place);
}

/* A reference to a node of a bitmap. */
static bool row_valid(const struct dg_tables *t, const uint16_t *node_var, uint32_t ref)
{
	uint32_t place = ref & DG_REF_PLACE;

	return !(ref & DG_REF_LEAF) && place >= t->node_bitmaps / 8 && place < t->node_size / 8 &&
	       node_var[place] > 0 && ref == node_ref(t, place);
}

static bool edge_valid(const struct dg_tables *t, const uint16_t *node_var,
		       const struct dg_node *node, uint32_t ref)
{
	if ((const char *)node >= (const char *)t + t->node_off + t->node_bitmaps)
		return ref & DG_REF_LEAF && (ref & ~DG_REF_LEAF) < t->word_count;
	return ref_valid(t, node_var, ref, node->var + 1U);
}

static bool edges_valid(const struct dg_tables *t, const uint16_t *node_var,
			const struct dg_node *node)
{
	const uint32_t *refs = (const uint32_t *)(node + 1);
	const struct dg_edge_run *runs = (const struct dg_edge_run *)(node + 1);
	const struct dg_edge_hash *hash = (const struct dg_edge_hash *)(node + 1);

	if (node->kind == DG_NODE_HASHED && !edge_valid(t, node_var, node, hash->rest))
		return false;
	for (uint32_t i = 0; i < node->count; i++) {
		uint32_t ref = node->kind == DG_NODE_DENSE  ? refs[i]
			       : node->kind == DG_NODE_RUNS ? runs[i].ref
							    : slots(hash)[i].ref;

		if (node->kind == DG_NODE_RUNS &&
		    (i == 0 ? runs[i].first != 0 : runs[i].first <= runs[i - 1].first))
			return false;
		if (!edge_valid(t, node_var, node, ref))
			return false;
	}
	return true;
}

/* The edge of a node for class 0. */
static uint32_t edge_unknown(const struct dg_node *node)
{
	const struct dg_edge_hash *hash = (const struct dg_edge_hash *)(node + 1);
	const uint32_t *words = (const uint32_t *)(node + 1);
	const struct dg_edge_slot *slot;
	uint64_t key;

	if (node->kind != DG_NODE_HASHED)
		return node->kind == DG_NODE_DENSE ? words[0] : words[1];
	key = dg_hash_step(dg_hash_start(hash->seed), 0);
	slot = &slots(hash)[dg_hash_slot(
		key, displacements(hash)[dg_hash_bucket(key, hash->buckets)], node->count)];
	return slot->class == 0 ? slot->ref : hash->rest;
}

/* Where a part goes on when its first fact is not known. */
static bool part_valid(const struct dg_tables *t, const uint16_t *node_var, const struct dg_part *p)
{
	const struct dg_node *node = node_at(t, p->ref);
	uint32_t ref = p->ref;

	if (!ref_valid(t, node_var, ref, 0))
		return false;
	if (ref & DG_REF_LEAF)
		return p->known == DG_KNOWN_ALWAYS && p->unknown == ref;
	if (p->known != node->known)
		return false;
	while (p->known != DG_KNOWN_ALWAYS && !(ref & DG_REF_LEAF) &&
	       node_at(t, ref)->known == p->known)
		ref = edge_unknown(node_at(t, ref));
	return p->unknown == ref;
}

/* Every bit that may be set has a term, and every term a rank. */
static bool block_valid(const struct dg_tables *t, uint32_t block)
{
	const struct dg_bitmap *bitmaps =
		(const struct dg_bitmap *)part(t, t->bitmap_off) + (size_t)block * DG_BLOCK_BITMAPS;
	const uint32_t *terms =
		(const uint32_t *)part(t, t->term_off) + (size_t)block * DG_BLOCK_TERMS;

	for (unsigned int i = 0; i < DG_BLOCK_TERMS; i++)
		if ((terms[i] & ~DG_TERM_PERMISSIVE) >= t->rank_count &&
		    bitmaps[1 + i / 64].live >> i % 64 & 1)
			return false;
	return true;
}

static int check_bitmaps(const struct dg_tables *t, const uint16_t *node_var, const char **ret_what)
{
	uint32_t blocks = t->bitmap_count / DG_BLOCK_BITMAPS;
	const struct dg_bitmap *bitmaps = part(t, t->bitmap_off);
	const uint32_t *rows = part(t, t->row_off);
	uint32_t row = 0;

	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		if (t->op_block[op] > blocks || t->op_block_count[op] > blocks - t->op_block[op])
			return bad(ret_what, "an operation in the tables is damaged");
	for (uint32_t i = 0; i < t->row_count; i++)
		if (!row_valid(t, node_var, rows[i]))
			return bad(ret_what, "a node of a bitmap in the tables is damaged");
	/* Each row is one bitmap's, so that no decision looks at more of them than there are. */
	for (uint32_t i = 0; i < t->bitmap_count; i++) {
		if (bitmaps[i].row != row || bitmaps[i].row_count > t->row_count - row)
			return bad(ret_what, "a bitmap in the tables is damaged");
		row += bitmaps[i].row_count;
	}
	for (uint32_t i = 0; i < blocks; i++)
		if (!block_valid(t, i))
			return bad(ret_what, "a bitmap in the tables is damaged");
	return 0;
}

static int check_edges(const struct dg_tables *t, const uint16_t *node_var, const char **ret_what)
{
	const struct dg_part *parts = part(t, t->part_off);

	for (uint64_t at = 0; at < t->node_size; at += 8)
		if (node_var[at / 8] && !edges_valid(t, node_var, part(t, t->node_off + at)))
			return bad(ret_what, "an edge in the tables is damaged");
	for (const struct dg_kind *kind = t->kind; kind < t->kind + DG_KINDS; kind++)
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			if (kind->op_part_count[op] > DG_PARTS_MAX ||
			    kind->op_part[op] > t->part_count ||
			    kind->op_part_count[op] > t->part_count - kind->op_part[op])
				return bad(ret_what, "an operation in the tables is damaged");
	if (t->kind[DG_KINDS - 1].absent != 0)
		return bad(ret_what, "the tables have no parts for some devices");
	for (uint32_t i = 0; i < t->part_count; i++)
		if (!part_valid(t, node_var, &parts[i]))
			return bad(ret_what, "a part of an operation in the tables is damaged");
	return 0;
}

static int check_diagram(const struct dg_tables *t, const char **ret_what)
{
	const struct dg_var *vars = part(t, t->var_off);
	_cleanup_free_ uint16_t *node_var = NULL;
	uint64_t slots = 0;
	int r;

	for (uint32_t i = 0; i < t->var_count; i++) {
		bool slotted = vars[i].slot != DG_SLOT_NONE;

		if (!var_valid(t, &vars[i]) || (slotted && slots >> vars[i].slot & 1))
			return bad(ret_what, "a variable in the tables is damaged");
		slots |= (uint64_t)slotted << (vars[i].slot & 63);
	}
	node_var = calloc(t->node_size / 8 + UINT64_C(1), sizeof(*node_var));
	if (!node_var)
		return -ENOMEM;
	r = find_nodes(t, node_var, ret_what);
	if (r >= 0)
		r = check_edges(t, node_var, ret_what);
	if (r >= 0)
		r = check_bitmaps(t, node_var, ret_what);
	return r;
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
