/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "tables.h"

#include <string.h>

#include "array.h"
#include "fold.h"
#include "tables_build.h"
#include "util.h"

#define NOWHERE UINT32_MAX

struct emitter {
	const struct dg_policy *policy;
	struct dg_fold *fold;
	struct dg_kinds kinds;
	uint32_t var_count;
	struct dg_terms terms[DG_OP_MAX]; /* by column */
	struct dg_edge_run *runs; /* of one node */
	size_t run_room;
	uint32_t *place; /* of a node, by reference: in units of 8 bytes, or NOWHERE */
	dg_ref *queue;	 /* nodes in the order of their places */
	uint32_t node_count;
	uint64_t node_end; /* in units of 8 bytes */
	uint32_t *height;
	uint32_t *leaf_of; /* by terminal's number: leaf, or NOWHERE */
	size_t leaf_room;
	struct dg_pieces out; /* nodes.var_number may be NOWHERE */
};

static void emitter_done(struct emitter *e)
{
	for (unsigned int c = 0; c < DG_OP_MAX; c++)
		dg_terms_done(&e->terms[c]);
	dg_pieces_done(&e->out);
	free(e->runs);
	free(e->place);
	free(e->queue);
	free(e->height);
	free(e->leaf_of);
}

static int emitter_init(struct emitter *e)
{
	size_t nodes = dg_diagram_node_count(e->fold->diagram);

	e->out.nodes.vars = dg_symbols_variables(e->fold->symbols, &e->var_count);
	e->out.nodes.var_number = calloc(e->var_count + UINT64_C(1), sizeof(*e->out.nodes.var_number));
	e->out.nodes.slot = calloc(e->var_count + UINT64_C(1), sizeof(*e->out.nodes.slot));
	e->place = calloc(nodes + 1, sizeof(*e->place));
	e->queue = calloc(nodes + 1, sizeof(*e->queue));
	e->height = calloc(nodes + 1, sizeof(*e->height));
	if (!e->out.nodes.var_number || !e->out.nodes.slot || !e->place || !e->queue || !e->height)
		return -ENOMEM;
	memset(e->out.nodes.var_number, 0xff, e->var_count * sizeof(*e->out.nodes.var_number));
	memset(e->place, 0xff, nodes * sizeof(*e->place));
	return 0;
}

/* Longest path from a node, in nodes. As deep as there are variables. */
static uint32_t height(struct emitter *e, dg_ref ref)
{
	const struct dg_run *runs;
	uint32_t highest = 0;
	size_t count;

	if (dg_ref_terminal(ref))
		return 0;
	if (e->height[ref] > 0)
		return e->height[ref];
	runs = dg_diagram_runs(e->fold->diagram, ref, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t h = height(e, runs[i].child);

		if (h > highest)
			highest = h;
	}
	return e->height[ref] = highest + 1;
}

static int find_node(struct emitter *e, dg_ref ref)
{
	const struct dg_run *runs;
	size_t run_count;
	uint32_t var;
	int r;

	if (dg_ref_terminal(ref) || e->place[ref] != NOWHERE)
		return 0;
	var = dg_diagram_var(e->fold->diagram, ref);
	runs = dg_diagram_runs(e->fold->diagram, ref, &run_count);
	r = dg_array_reserve(&e->runs, &e->run_room, run_count, sizeof(*e->runs));
	if (r < 0)
		return r;
	for (size_t i = 0; i < run_count; i++)
		e->runs[i] = (struct dg_edge_run){runs[i].first, runs[i].child};
	e->out.nodes.var_number[var] = 0;
	e->place[ref] = (uint32_t)e->node_end;
	e->queue[e->node_count++] = ref;
	e->node_end += dg_node_size(&e->out.nodes, var, e->runs, run_count) / 8;
	return 0;
}

/* The terms of all rules that are in no part. */
static int find_terms(struct emitter *e)
{
	const struct dg_fold *f = e->fold;
	int r = 0;

	for (size_t c = 0; c < f->column_count && r >= 0; c++) {
		struct dg_terms *terms = &e->terms[c];

		r = dg_terms_make(terms, f, f->columns[c].apart, f->columns[c].apart_count);
		for (size_t i = 0; i < terms->literal_count; i++)
			e->out.nodes.var_number[terms->literals[i].var] = 0;
	}
	return r;
}

/* Every variable that is asked gets its number, and the first of them slots. */
static int number_variables(struct emitter *e)
{
	uint32_t number = 0, slots = 0;

	for (uint32_t v = 0; v < e->var_count; v++) {
		if (e->out.nodes.var_number[v] == NOWHERE)
			continue;
		e->out.nodes.var_number[v] = number++;
		e->out.nodes.slot[v] = DG_SLOT_NONE;
		if (e->out.nodes.vars[v].kind != DG_VAR_DIGEST && slots < DG_SLOTS_MAX)
			e->out.nodes.slot[v] = (uint8_t)slots++;
	}
	return number > DG_TABLE_MAX_DEPTH ? -E2BIG : 0;
}

/* Every node that the parts reach gets its place. */
static int find_nodes(struct emitter *e)
{
	int r = 0;

	for (unsigned int k = 0; k < DG_KINDS; k++)
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			for (size_t i = 0; i < e->kinds.ops[k][op].count && r >= 0; i++)
				r = find_node(e, e->kinds.ops[k][op].roots[i]);
	for (uint32_t i = 0; i < e->node_count && e->node_end * 8 <= DG_TABLES_MAX_BYTES && r >= 0;
	     i++) {
		const struct dg_run *runs;
		size_t count;

		runs = dg_diagram_runs(e->fold->diagram, e->queue[i], &count);
		for (size_t k = 0; k < count && r >= 0; k++)
			r = find_node(e, runs[k].child);
	}
	if (r < 0)
		return r;
	return e->node_end * 8 > DG_TABLES_MAX_BYTES ? -E2BIG : 0;
}

/* A terminal with a permissive rule passed over. */
static int emit_leaf(struct emitter *e, dg_ref terminal, const struct dg_decision *decision,
		     uint32_t *ret)
{
	struct dg_leaf leaf = {.rank = decision->rank, .would = decision->would};
	uint32_t number = terminal & ~DG_REF_TERMINAL;
	size_t had = e->leaf_room;
	int r;

	r = dg_array_reserve(&e->leaf_of, &e->leaf_room, number + UINT64_C(1), sizeof(*e->leaf_of));
	if (r < 0)
		return r;
	memset(e->leaf_of + had, 0xff, (e->leaf_room - had) * sizeof(*e->leaf_of));
	if (e->leaf_of[number] == NOWHERE) {
		e->leaf_of[number] = (uint32_t)(e->out.leaves.count / sizeof(leaf));
		r = dg_buffer_append(&e->out.leaves, &leaf, sizeof(leaf));
		if (r < 0)
			return r;
	}
	*ret = DG_REF_LEAF | DG_REF_PAIR | e->leaf_of[number];
	return 0;
}

static uint32_t node_ref(const struct emitter *e, dg_ref ref)
{
	size_t run_count;

	dg_diagram_runs(e->fold->diagram, ref, &run_count);
	return dg_node_reference(&e->out.nodes, dg_diagram_var(e->fold->diagram, ref), run_count,
				 e->place[ref]);
}

/* The table's reference for one of the diagram. */
static int emit_ref(struct emitter *e, dg_ref ref, uint32_t *ret)
{
	struct dg_decision decision;

	if (!dg_ref_terminal(ref)) {
		*ret = node_ref(e, ref);
		return 0;
	}
	decision = dg_diagram_decided(e->fold->diagram, ref);
	if (decision.would != DG_RANK_NONE)
		return emit_leaf(e, ref, &decision, ret);
	*ret = decision.rank == DG_RANK_NONE ? DG_REF_PASS : DG_REF_LEAF | decision.rank;
	return 0;
}

/* The bit of the fact of a node's variable. */
static uint32_t known_bit(const struct emitter *e, dg_ref ref)
{
	const struct dg_variable *v = &e->out.nodes.vars[dg_diagram_var(e->fold->diagram, ref)];

	return dg_known_bit(v->kind, v->fact);
}

/* Where a walk goes on from @ref when the fact of the bit @known is not known: class 0 throughout.
 */
static dg_ref behind(const struct emitter *e, dg_ref ref, uint32_t known)
{
	size_t count;

	while (known != DG_KNOWN_ALWAYS && !dg_ref_terminal(ref) && known_bit(e, ref) == known)
		ref = dg_diagram_runs(e->fold->diagram, ref, &count)[0].child;
	return ref;
}

/*
 * When a fact is not known, no other node on it has anything to say: that edge leads behind them.
 * Not so digests, of which each is known or not by itself.
 */
static int emit_node(struct emitter *e, dg_ref ref)
{
	uint32_t known = known_bit(e, ref), unknown = 0;
	const struct dg_run *runs;
	size_t run_count;
	int r;

	runs = dg_diagram_runs(e->fold->diagram, ref, &run_count);
	r = dg_array_reserve(&e->runs, &e->run_room, run_count, sizeof(*e->runs));
	for (size_t i = 0; i < run_count && r >= 0; i++) {
		e->runs[i].first = runs[i].first;
		r = emit_ref(e, runs[i].child, &e->runs[i].ref);
	}
	if (r >= 0)
		r = emit_ref(e,
			     known == DG_KNOWN_DIGEST ? runs[0].child
						      : behind(e, runs[0].child, known),
			     &unknown);
	if (r < 0)
		return r;
	return dg_node_write(&e->out.nodes, dg_diagram_var(e->fold->diagram, ref), e->runs, run_count,
			     unknown);
}

/* The blocks of each column, behind the nodes of the parts. */
static int emit_bitmaps(struct emitter *e)
{
	const struct dg_fold *f = e->fold;
	int r = 0;

	e->out.header.node_bitmaps = (uint32_t)e->out.nodes.out.count;
	for (size_t c = 0; c < f->column_count && r >= 0; c++) {
		uint32_t first = e->out.bitmaps.block_count, count = 0;

		if (e->terms[c].count > 0)
			r = dg_bitmaps_emit(&e->out.bitmaps, &e->out.nodes, &e->terms[c], &count);
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			if (f->columns[c].ops >> op & 1) {
				e->out.header.op_block[op] = first;
				e->out.header.op_block_count[op] = count;
			}
	}
	return r;
}

static bool same_parts(const struct dg_fold_op *a, const struct dg_fold_op *b)
{
	return a->count == b->count && !memcmp(a->roots, b->roots, a->count * sizeof(*a->roots));
}

/* A part and where it goes on when its first fact is not known. */
static int emit_part(struct emitter *e, dg_ref root)
{
	struct dg_part part = {.known = DG_KNOWN_ALWAYS};
	int r;

	if (!dg_ref_terminal(root))
		part.known = known_bit(e, root);
	r = emit_ref(e, root, &part.ref);
	if (r >= 0)
		r = emit_ref(e, behind(e, root, part.known), &part.unknown);
	if (r < 0)
		return r;
	return dg_buffer_append(&e->out.parts, &part, sizeof(part));
}

/* Where the parts of an operation are that are the same as these, if they are there already. */
static bool find_parts(const struct emitter *e, unsigned int kind, unsigned int op, uint32_t *ret)
{
	for (unsigned int i = 0; i < kind * DG_OP_MAX + op; i++) {
		unsigned int v = i / DG_OP_MAX, o = i % DG_OP_MAX;

		if (!same_parts(&e->kinds.ops[v][o], &e->kinds.ops[kind][op]))
			continue;
		*ret = e->out.header.kind[v].op_part[o];
		return true;
	}
	return false;
}

/* Operations with the same parts share them, in all kinds. */
static int emit_parts(struct emitter *e)
{
	int r = 0;

	for (unsigned int i = 0; i < DG_KINDS * DG_OP_MAX && r >= 0; i++) {
		unsigned int v = i / DG_OP_MAX, op = i % DG_OP_MAX;
		const struct dg_fold_op *parts = &e->kinds.ops[v][op];
		struct dg_kind *kind = &e->out.header.kind[v];

		kind->absent = e->kinds.absent[v];
		kind->op_part_count[op] = (uint32_t)parts->count;
		if (find_parts(e, v, op, &kind->op_part[op]))
			continue;
		kind->op_part[op] = (uint32_t)(e->out.parts.count / sizeof(struct dg_part));
		for (size_t k = 0; k < parts->count && r >= 0; k++)
			r = emit_part(e, parts->roots[k]);
	}
	return r;
}

static int emit_variables(struct emitter *e)
{
	struct dg_var var;
	int r = 0;

	for (uint32_t v = 0; v < e->var_count && r >= 0; v++) {
		if (e->out.nodes.var_number[v] == NOWHERE)
			continue;
		r = dg_classifier_emit(&e->out.nodes.vars[v], &e->out.data, &var);
		var.slot = e->out.nodes.slot[v];
		if (r >= 0)
			r = dg_buffer_append(&e->out.vars, &var, sizeof(var));
	}
	return r;
}

static int emit_ranks(struct emitter *e)
{
	int r = 0;

	for (size_t i = 0; i < e->policy->rule_count && r >= 0; i++) {
		const struct dg_rule_node *rule = &e->policy->rules[e->fold->rule_of[i]];
		struct dg_rank rank = {.rule = e->fold->rule_of[i]};

		if (rule->effect == DG_EFFECT_ALLOW)
			rank.flags |= DG_RANK_ALLOW;
		if (rule->audit == DG_AUDIT_ALWAYS ||
		    (rule->audit == DG_AUDIT_DENIED && rule->effect != DG_EFFECT_ALLOW))
			rank.flags |= DG_RANK_AUDIT;
		if (rule->audit != DG_AUDIT_NEVER)
			rank.flags |= DG_RANK_AUDIT_WOULD;
		r = dg_buffer_append(&e->out.ranks, &rank, sizeof(rank));
	}
	return r;
}

static int emit_rules(struct emitter *e)
{
	int r = 0;

	for (size_t i = 0; i < e->policy->rule_count && r >= 0; i++) {
		const struct dg_rule_node *node = &e->policy->rules[i];
		struct dg_rule rule = {.id = (uint32_t)e->out.ids.count,
				       .id_words = (uint16_t)(node->id.len / 8 + 1),
				       .ops = (uint16_t)node->ops,
				       .effect = (uint8_t)node->effect,
				       .audit = (uint8_t)node->audit,
				       .flags = node->permissive ? DG_RULE_PERMISSIVE : 0};
		void *at;

		if (node->id.len >= DG_NAME_BYTES)
			return -EINVAL;
		r = dg_buffer_extend(&e->out.ids, rule.id_words * UINT64_C(8), &at);
		if (r < 0)
			return r;
		memcpy(at, node->id.data, node->id.len);
		r = dg_buffer_append(&e->out.rules, &rule, sizeof(rule));
	}
	return r;
}

static int emit_all(struct emitter *e, struct dg_buffer *out)
{
	int r;

	r = find_nodes(e);
	if (r >= 0)
		r = find_terms(e);
	if (r >= 0)
		r = number_variables(e);
	for (uint32_t i = 0; i < e->node_count && r >= 0; i++)
		r = emit_node(e, e->queue[i]);
	if (r >= 0)
		r = emit_bitmaps(e);
	if (r >= 0)
		r = emit_parts(e);
	if (r >= 0)
		r = emit_variables(e);
	if (r >= 0)
		r = emit_ranks(e);
	if (r >= 0)
		r = emit_rules(e);
	if (r >= 0)
		r = dg_pieces_assemble(&e->out, out);
	return r;
}

static struct dg_tables_stats count(struct emitter *e)
{
	struct dg_tables_stats stats = {.rules = e->out.header.rule_count,
					.variables = e->out.header.var_count,
					.parts = e->out.header.part_count,
					.nodes = e->node_count,
					.edges = e->out.nodes.edge_count,
					.leaves = e->out.header.leaf_count,
					.blocks = e->out.bitmaps.block_count,
					.bytes = e->out.header.size};

	for (size_t c = 0; c < e->fold->column_count; c++) {
		stats.terms += e->terms[c].count;
		if (e->fold->columns[c].apart_count > stats.apart)
			stats.apart = e->fold->columns[c].apart_count;
	}

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		size_t depth = 0;

		for (size_t i = 0; i < e->fold->ops[op].count; i++)
			depth += height(e, e->fold->ops[op].roots[i]);
		if (depth > stats.depth)
			stats.depth = depth;
	}
	return stats;
}

static int emit(const struct dg_policy *policy, struct dg_fold *fold,
		const struct dg_tables_options *options, struct dg_diags *diags,
		struct dg_tables **ret, struct dg_tables_stats *ret_stats)
{
	_cleanup_(emitter_done) struct emitter e = {
		.policy = policy, .fold = fold, .out.nodes.form = options->nodes};
	struct dg_buffer out = {};
	int r;

	if (policy->name.len >= sizeof(e.out.header.name))
		return -EINVAL;
	e.out.header.magic = DG_TABLES_MAGIC;
	e.out.header.abi = DG_ABI_VERSION;
	e.out.header.version = policy->version;
	if (policy->name.len > 0)
		memcpy(e.out.header.name, policy->name.data, policy->name.len);
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		if (policy->defaults[op] == DG_VERDICT_ALLOW)
			e.out.header.allowed |= 1U << op;
	r = dg_kinds_make(&e.kinds, fold, !options->keep_parts);
	if (r >= 0)
		r = emitter_init(&e);
	if (r >= 0)
		r = emit_all(&e, &out);
	if (r < 0) {
		free(out.bytes);
		if (r != -E2BIG)
			return r;
		dg_diag_report(diags, DG_E101, &policy->pos,
			       "the policy is too big for tables: they need more than %u bytes",
			       DG_TABLES_MAX_BYTES);
		return -EBADMSG;
	}
	*ret = (struct dg_tables *)out.bytes;
	if (ret_stats)
		*ret_stats = count(&e);
	return 0;
}

int dg_tables_build_with(const struct dg_policy *policy, const struct dg_tables_options *options,
			 struct dg_diags *diags, struct dg_tables **ret,
			 struct dg_tables_stats *ret_stats)
{
	_cleanup_(dg_cleanup_fold) struct dg_fold *fold = NULL;
	unsigned int flags = (options->keep_parts ? DG_FOLD_KEEP_PARTS : 0) |
			     (options->bitmaps ? DG_FOLD_APART : 0) |
			     (options->split ? DG_FOLD_SPLIT : 0);
	int r;

	r = dg_fold_new(policy, flags, diags, &fold);
	if (r < 0)
		return r;
	return emit(policy, fold, options, diags, ret, ret_stats);
}

int dg_tables_build(const struct dg_policy *policy, struct dg_diags *diags, struct dg_tables **ret,
		    struct dg_tables_stats *ret_stats)
{
	static const struct dg_tables_options options;

	/* An analysed policy has its diagrams already. */
	if (policy->fold)
		return emit(policy, policy->fold, &options, diags, ret, ret_stats);
	return dg_tables_build_with(policy, &options, diags, ret, ret_stats);
}
