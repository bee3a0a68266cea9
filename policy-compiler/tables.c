/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "tables.h"

#include <string.h>

#include "array.h"
#include "fold.h"
#include "map.h"
#include "tables_adapter.h"
#include "util.h"

#define NO_NUMBER UINT32_MAX
#define NO_GAIN 1 /* emit_coarse(): the full form is smaller */
/* Ranks behind all rules' that stand for an operation's default. */
#define RANK_DEFAULT_DENY (DG_RANK_NONE - 1)
#define RANK_DEFAULT_ALLOW (DG_RANK_NONE - 2)

struct buffer {
	uint8_t *bytes;
	size_t count, room;
};

static int append(struct buffer *buffer, const void *data, size_t len)
{
	int r;

	if (len == 0)
		return 0;
	/* Far beyond any table: what comes out is never cut at a 32-bit offset. */
	if (buffer->count + len > DG_TABLES_MAX_BYTES)
		return -E2BIG;
	r = dg_array_reserve(&buffer->bytes, &buffer->room, buffer->count + len, 1);
	if (r < 0)
		return r;
	memcpy(buffer->bytes + buffer->count, data, len);
	buffer->count += len;
	return 0;
}

static int append_u32(struct buffer *buffer, uint32_t value)
{
	return append(buffer, &value, sizeof(value));
}

static int pad(struct buffer *buffer)
{
	static const uint8_t zero[8];

	return append(buffer, zero, -buffer->count & 7);
}

/* Where the intervals of each class of a variable are, for those that are coarsened. */
struct places {
	uint32_t *off;	 /* by class */
	uint32_t *items; /* indices of intervals, ascending */
};

struct emitter {
	const struct dg_policy *policy;
	struct dg_fold *fold;
	const struct dg_variable *vars; /* of the diagram */
	struct dg_flat *flat;		/* by variable of the diagram */
	uint32_t var_count;
	struct places *places; /* by variable of the diagram */
	uint32_t *var_number;  /* of its full form, or NO_NUMBER */
	uint32_t *node_number; /* by reference, or NO_NUMBER */
	dg_ref *queue;	       /* nodes in the order of their numbers */
	uint32_t node_count;
	uint32_t *height;
	struct dg_map leaf_of; /* (terminal, 0) to leaf */
	struct dg_map coarse;  /* (hash, variable) to number of the emitted one */
	struct buffer var_bytes, node_bytes, edge_bytes, leaf_bytes, rule_bytes, data_bytes;
	/* scratch for one node */
	uint32_t *edges;
	size_t edge_room;
	struct dg_interval *intervals;
	size_t interval_room;
};

static void emitter_done(struct emitter *e)
{
	for (uint32_t i = 0; e->flat && i < e->var_count; i++)
		dg_flat_done(&e->flat[i]);
	free(e->flat);
	for (uint32_t i = 0; e->places && i < e->var_count; i++) {
		free(e->places[i].off);
		free(e->places[i].items);
	}
	free(e->places);
	free(e->var_number);
	free(e->node_number);
	free(e->queue);
	free(e->height);
	dg_map_done(&e->leaf_of);
	dg_map_done(&e->coarse);
	free(e->var_bytes.bytes);
	free(e->node_bytes.bytes);
	free(e->edge_bytes.bytes);
	free(e->leaf_bytes.bytes);
	free(e->rule_bytes.bytes);
	free(e->data_bytes.bytes);
	free(e->edges);
	free(e->intervals);
}

/* @rule and @would: indices, or no rule's. */
static bool event_due(const struct dg_policy *policy, uint32_t rule, uint32_t would,
		      enum dg_verdict verdict)
{
	enum dg_audit audit = DG_AUDIT_DENIED;

	if (rule < policy->rule_count)
		audit = policy->rules[rule].audit;
	if (audit == DG_AUDIT_ALWAYS || (audit == DG_AUDIT_DENIED && verdict == DG_VERDICT_DENY))
		return true;
	return would < policy->rule_count && policy->rules[would].audit != DG_AUDIT_NEVER;
}

static int emit_leaf(struct emitter *e, dg_ref terminal, uint32_t *ret)
{
	struct dg_decision decision = dg_diagram_decided(e->fold->diagram, terminal);
	struct dg_leaf leaf = {.rule = DG_RULE_DEFAULT, .would = DG_RULE_NONE};
	uint32_t number;
	int r;

	if (dg_map_get(&e->leaf_of, terminal, 0, &number)) {
		*ret = number | DG_REF_LEAF;
		return 0;
	}
	if (decision.rank < e->policy->rule_count) {
		leaf.rule = e->fold->rule_of[decision.rank];
		leaf.verdict = e->policy->rules[leaf.rule].effect == DG_EFFECT_ALLOW
				       ? DG_VERDICT_ALLOW
				       : DG_VERDICT_DENY;
	} else {
		leaf.verdict = decision.rank == RANK_DEFAULT_ALLOW ? DG_VERDICT_ALLOW
								   : DG_VERDICT_DENY;
	}
	if (decision.would != DG_RANK_NONE) {
		leaf.would = e->fold->rule_of[decision.would];
		if (e->policy->rules[leaf.would].effect == DG_EFFECT_ALLOW)
			leaf.flags |= DG_LEAF_WOULD_ALLOW;
	}
	if (event_due(e->policy, leaf.rule, leaf.would, leaf.verdict))
		leaf.flags |= DG_LEAF_AUDIT;

	number = (uint32_t)(e->leaf_bytes.count / sizeof(leaf));
	r = append(&e->leaf_bytes, &leaf, sizeof(leaf));
	if (r >= 0)
		r = dg_map_put(&e->leaf_of, terminal, 0, number);
	if (r < 0)
		return r;
	*ret = number | DG_REF_LEAF;
	return 0;
}

/* The table's reference for one of the diagram; a node met for the first time is queued. */
static int emit_ref(struct emitter *e, dg_ref ref, uint32_t *ret)
{
	if (dg_ref_terminal(ref))
		return emit_leaf(e, ref, ret);
	if (e->node_number[ref] == NO_NUMBER) {
		e->queue[e->node_count] = ref;
		e->node_number[ref] = e->node_count++;
	}
	*ret = e->node_number[ref];
	return 0;
}

static int emit_dfa(struct emitter *e, const struct dg_automaton *a)
{
	struct dg_dfa dfa = {.state_count = a->state_count,
			     .byte_class_count = a->byte_class_count};
	int r;

	memcpy(dfa.byte_class, a->byte_class, sizeof(dfa.byte_class));
	r = append(&e->data_bytes, &dfa, sizeof(dfa));
	if (r >= 0)
		r = append(&e->data_bytes, a->next,
			   (size_t)a->state_count * a->byte_class_count * sizeof(*a->next));
	if (r >= 0)
		r = append(&e->data_bytes, a->label, a->state_count * sizeof(*a->label));
	if (r >= 0)
		r = pad(&e->data_bytes);
	return r;
}

/* data_off is relative to the classifier data until everything has its place. */
static int emit_var(struct emitter *e, const struct dg_variable *v, uint32_t class_count,
		    const struct dg_interval *intervals, size_t interval_count, uint32_t *ret)
{
	struct dg_var var = {.kind = (uint16_t)v->kind,
			     .fact = v->fact,
			     .mask = v->mask,
			     .class_count = class_count,
			     .data_off = (uint32_t)e->data_bytes.count,
			     .data_count = (uint32_t)interval_count};
	uint32_t number = (uint32_t)(e->var_bytes.count / sizeof(var));
	int r;

	if (v->kind == DG_VAR_STR)
		r = emit_dfa(e, &e->flat[v - e->vars].automaton);
	else
		r = append(&e->data_bytes, intervals, interval_count * sizeof(*intervals));
	if (r >= 0)
		r = append(&e->var_bytes, &var, sizeof(var));
	if (r < 0)
		return r;
	*ret = number;
	return 0;
}

static int emit_full_var(struct emitter *e, uint32_t index, uint32_t *ret)
{
	const struct dg_variable *v = &e->vars[index];
	int r;

	if (e->var_number[index] == NO_NUMBER) {
		r = emit_var(e, v, v->class_count, e->flat[index].intervals,
			     e->flat[index].interval_count, &e->var_number[index]);
		if (r < 0)
			return r;
	}
	*ret = e->var_number[index];
	return 0;
}

/* An edge for each class. */
static int emit_dense(struct emitter *e, uint32_t var, const struct dg_run *runs, size_t run_count,
		      uint32_t *ret_var)
{
	uint32_t class_count = e->vars[var].class_count, ref;
	int r;

	for (size_t i = 0; i < run_count; i++) {
		uint32_t end = i + 1 < run_count ? runs[i + 1].first : class_count;

		r = emit_ref(e, runs[i].child, &ref);
		for (uint32_t class = runs[i].first; class < end && r >= 0; class ++)
			r = append_u32(&e->edge_bytes, ref);
		if (r < 0)
			return r;
	}
	return emit_full_var(e, var, ret_var);
}

static int find_places(struct emitter *e, uint32_t var)
{
	const struct dg_variable *v = &e->vars[var];
	const struct dg_flat *flat = &e->flat[var];
	struct places *p = &e->places[var];

	if (p->off)
		return 0;
	p->items = calloc(flat->interval_count + 1, sizeof(*p->items));
	p->off = calloc(v->class_count + UINT64_C(2), sizeof(*p->off));
	if (!p->off || !p->items)
		return -ENOMEM;
	for (size_t i = 0; i < flat->interval_count; i++)
		p->off[flat->intervals[i].class + 2]++;
	for (uint32_t c = 0; c < v->class_count; c++)
		p->off[c + 2] += p->off[c + 1];
	for (size_t i = 0; i < flat->interval_count; i++)
		p->items[p->off[flat->intervals[i].class + 1]++] = (uint32_t)i;
	return 0;
}

/*
 * The intervals that a node tells apart, coarser than its variable's: the run with most classes is
 * the background, the others lie on it. Fills e->intervals with classes that are run numbers + 1.
 * The work is that of the small runs.
 */
struct patch {
	uint32_t interval;
	uint32_t run;
};

static int compare_patches(const void *a, const void *b)
{
	const struct patch *x = a, *y = b;

	return (x->interval > y->interval) - (x->interval < y->interval);
}

static uint32_t run_end(const struct dg_run *runs, size_t run_count, size_t i, uint32_t class_count)
{
	return i + 1 < run_count ? runs[i + 1].first : class_count;
}

/* 0, or NO_GAIN past @max patches. */
static int find_patches(const struct places *places, const struct dg_run *runs, size_t run_count,
			uint32_t class_count, size_t background, size_t max, struct patch **ret,
			size_t *ret_count)
{
	_cleanup_free_ struct patch *patches = NULL;
	size_t count = 0, room = 0;
	int r;

	for (size_t i = 0; i < run_count; i++) {
		uint32_t class = runs[i].first > 0 ? runs[i].first : 1;

		if (runs[i].child == runs[background].child)
			continue;
		for (; class < run_end(runs, run_count, i, class_count); class ++)
			for (uint32_t k = places->off[class]; k < places->off[class + 1]; k++) {
				if (count >= max)
					return NO_GAIN;
				r = dg_array_reserve(&patches, &room, count + 1, sizeof(*patches));
				if (r < 0)
					return r;
				patches[count++] = (struct patch){.interval = places->items[k],
								  .run = (uint32_t)i};
			}
	}
	if (count > 1)
		qsort(patches, count, sizeof(*patches), compare_patches);
	*ret = TAKE_PTR(patches);
	*ret_count = count;
	return 0;
}

/* Give each successor one class, in the order of the runs. Class 0 has the first edge to itself. */
static int number_successors(struct emitter *e, const struct dg_run *runs, size_t run_count,
			     uint32_t *class_of_run, uint32_t *ret_count)
{
	struct dg_map class_of = {};
	uint32_t count = 1, ref;
	int r;

	r = dg_array_reserve(&e->edges, &e->edge_room, run_count + 1, sizeof(*e->edges));
	if (r >= 0)
		r = emit_ref(e, runs[0].child, &e->edges[0]);
	for (size_t i = 0; i < run_count && r >= 0; i++) {
		if (i == 0 && run_count > 1 && runs[1].first == 1)
			continue; /* class 0 alone */
		if (dg_map_get(&class_of, runs[i].child, 0, &class_of_run[i]))
			continue;
		r = emit_ref(e, runs[i].child, &ref);
		if (r < 0)
			break;
		e->edges[count] = ref;
		class_of_run[i] = count++;
		r = dg_map_put(&class_of, runs[i].child, 0, class_of_run[i]);
	}
	dg_map_done(&class_of);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

static int add_interval(struct emitter *e, size_t *count, uint64_t low, uint32_t class)
{
	int r;

	if (*count > 0 && e->intervals[*count - 1].class == class)
		return 0;
	r = dg_array_reserve(&e->intervals, &e->interval_room, *count + 1, sizeof(*e->intervals));
	if (r < 0)
		return r;
	e->intervals[(*count)++] = (struct dg_interval){.low = low, .class = class};
	return 0;
}

/* The emitted variable with e->intervals; nodes that tell the same apart share it. */
static int intern_coarse(struct emitter *e, uint32_t var, size_t count, uint32_t class_count,
			 uint32_t *ret)
{
	size_t len = count * sizeof(*e->intervals);
	uint64_t hash = dg_hash(e->intervals, len);
	uint32_t number;
	int r;

	for (; dg_map_get(&e->coarse, hash, var, &number); hash++) {
		struct dg_var other;

		memcpy(&other, e->var_bytes.bytes + number * sizeof(other), sizeof(other));
		if (other.data_count == count && other.class_count == class_count &&
		    !memcmp(e->data_bytes.bytes + other.data_off, e->intervals, len)) {
			*ret = number;
			return 0;
		}
	}
	r = emit_var(e, &e->vars[var], class_count, e->intervals, count, &number);
	if (r >= 0)
		r = dg_map_put(&e->coarse, hash, var, number);
	if (r < 0)
		return r;
	*ret = number;
	return 0;
}

static int emit_patched(struct emitter *e, uint32_t var, const struct dg_run *runs,
			size_t run_count, size_t background, const struct patch *patches,
			size_t patch_count, uint32_t *ret_var)
{
	const struct dg_interval *full = e->flat[var].intervals;
	size_t count = 0, next = 0;
	uint32_t class_count, ref;
	int r;

	_cleanup_free_ uint32_t *class_of_run = calloc(run_count, sizeof(*class_of_run));

	if (!class_of_run)
		return -ENOMEM;
	r = number_successors(e, runs, run_count, class_of_run, &class_count);
	for (size_t i = 0; i < patch_count && r >= 0; i++) {
		if (patches[i].interval > next)
			r = add_interval(e, &count, full[next].low, class_of_run[background]);
		if (r >= 0)
			r = add_interval(e, &count, full[patches[i].interval].low,
					 class_of_run[patches[i].run]);
		next = patches[i].interval + UINT64_C(1);
	}
	if (r >= 0 && next < e->flat[var].interval_count)
		r = add_interval(e, &count, full[next].low, class_of_run[background]);
	for (uint32_t c = 0; c < class_count && r >= 0; c++) {
		ref = e->edges[c];
		r = append_u32(&e->edge_bytes, ref);
	}
	if (r < 0)
		return r;
	return intern_coarse(e, var, count, class_count, ret_var);
}

/* Fewer classes for a node that tells few apart: 0, or NO_GAIN with nothing emitted. */
static int emit_coarse(struct emitter *e, uint32_t var, const struct dg_run *runs, size_t run_count,
		       uint32_t *ret_var)
{
	const struct dg_variable *v = &e->vars[var];
	_cleanup_free_ struct patch *patches = NULL;
	size_t background = 0, widest = 0, patch_count;
	size_t dense = v->class_count * sizeof(uint32_t), max;
	int r;

	if (v->kind == DG_VAR_STR || v->kind == DG_VAR_CLOCK)
		return NO_GAIN;
	/* Each patch costs up to two intervals, each run an edge. */
	if (run_count * sizeof(uint32_t) + sizeof(struct dg_var) >= dense)
		return NO_GAIN;
	max = (dense - sizeof(struct dg_var) - run_count * sizeof(uint32_t)) /
	      (2 * sizeof(struct dg_interval));
	for (size_t i = 0; i < run_count; i++) {
		uint32_t width = run_end(runs, run_count, i, v->class_count) - runs[i].first;

		if (runs[i].first == 0 && --width == 0)
			continue;
		if (width > widest) {
			widest = width;
			background = i;
		}
	}
	r = find_places(e, var);
	if (r >= 0)
		r = find_patches(&e->places[var], runs, run_count, v->class_count, background, max,
				 &patches, &patch_count);
	if (r != 0)
		return r;
	return emit_patched(e, var, runs, run_count, background, patches, patch_count, ret_var);
}

static int emit_node(struct emitter *e, dg_ref ref)
{
	struct dg_node node = {.edge = (uint32_t)(e->edge_bytes.count / sizeof(uint32_t))};
	uint32_t var = dg_diagram_var(e->fold->diagram, ref);
	const struct dg_run *runs;
	size_t run_count;
	int r;

	runs = dg_diagram_runs(e->fold->diagram, ref, &run_count);
	r = emit_coarse(e, var, runs, run_count, &node.var);
	if (r == NO_GAIN)
		r = emit_dense(e, var, runs, run_count, &node.var);
	if (r < 0)
		return r;
	return append(&e->node_bytes, &node, sizeof(node));
}

static int emit_rules(struct emitter *e)
{
	int r = 0;

	for (size_t i = 0; i < e->policy->rule_count && r >= 0; i++) {
		const struct dg_rule_node *node = &e->policy->rules[i];
		struct dg_rule rule = {.effect = node->effect,
				       .audit = node->audit,
				       .flags = node->permissive ? DG_RULE_PERMISSIVE : 0,
				       .ops = node->ops};

		if (node->id.len >= sizeof(rule.id))
			return -EINVAL;
		memcpy(rule.id, node->id.data, node->id.len);
		r = append(&e->rule_bytes, &rule, sizeof(rule));
	}
	return r;
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

static int emitter_init(struct emitter *e)
{
	size_t nodes = dg_diagram_node_count(e->fold->diagram);

	e->vars = dg_symbols_variables(e->fold->symbols, &e->var_count);
	e->flat = calloc(e->var_count + UINT64_C(1), sizeof(*e->flat));
	e->places = calloc(e->var_count + UINT64_C(1), sizeof(*e->places));
	e->var_number = calloc(e->var_count + UINT64_C(1), sizeof(*e->var_number));
	e->node_number = calloc(nodes + 1, sizeof(*e->node_number));
	e->queue = calloc(nodes + 1, sizeof(*e->queue));
	e->height = calloc(nodes + 1, sizeof(*e->height));
	if (!e->flat || !e->places || !e->var_number || !e->node_number || !e->queue || !e->height)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->var_count; i++) {
		int r = dg_flatten(&e->vars[i], &e->flat[i]);

		if (r < 0)
			return r;
	}
	memset(e->var_number, 0xff, e->var_count * sizeof(*e->var_number));
	memset(e->node_number, 0xff, nodes * sizeof(*e->node_number));
	return 0;
}

/* Append a part to the table and note where it is. */
static int place(struct buffer *out, const struct buffer *part, size_t size, __u32 *ret_off,
		 __u32 *ret_count)
{
	int r = pad(out);

	if (r < 0)
		return r;
	*ret_off = (__u32)out->count;
	*ret_count = (__u32)(part->count / size);
	return append(out, part->bytes, part->count);
}

static int assemble(struct emitter *e, struct dg_tables *header, struct buffer *out)
{
	struct dg_var var;
	int r;

	r = append(out, header, sizeof(*header));
	if (r >= 0)
		r = place(out, &e->var_bytes, sizeof(var), &header->var_off, &header->var_count);
	if (r >= 0)
		r = place(out, &e->node_bytes, sizeof(struct dg_node), &header->node_off,
			  &header->node_count);
	if (r >= 0)
		r = place(out, &e->edge_bytes, sizeof(uint32_t), &header->edge_off,
			  &header->edge_count);
	if (r >= 0)
		r = place(out, &e->leaf_bytes, sizeof(struct dg_leaf), &header->leaf_off,
			  &header->leaf_count);
	if (r >= 0)
		r = place(out, &e->rule_bytes, sizeof(struct dg_rule), &header->rule_off,
			  &header->rule_count);
	if (r >= 0)
		r = place(out, &e->data_bytes, 1, &header->data_off, &header->data_size);
	if (r >= 0)
		r = pad(out);
	if (r < 0)
		return r;

	for (uint32_t i = 0; i < header->var_count; i++) {
		uint8_t *at = out->bytes + header->var_off + i * sizeof(var);

		memcpy(&var, at, sizeof(var));
		var.data_off += header->data_off;
		memcpy(at, &var, sizeof(var));
	}
	header->size = (__u32)out->count;
	memcpy(out->bytes, header, sizeof(*header));
	return 0;
}

struct default_rank {
	struct dg_diagram *diagram;
	uint32_t rank;
};

/* Where no rule decides, the default does. */
static int add_default(void *data, dg_ref terminal, dg_ref *ret)
{
	struct default_rank *d = data;
	struct dg_decision decision = dg_diagram_decided(d->diagram, terminal);

	if (decision.rank == DG_RANK_NONE)
		decision.rank = d->rank;
	return dg_diagram_decision(d->diagram, decision, ret);
}

/* All parts of an operation in one diagram. */
static int op_root(struct emitter *e, unsigned int op, dg_ref *ret)
{
	struct default_rank d = {.diagram = e->fold->diagram,
				 .rank = e->policy->defaults[op] == DG_VERDICT_ALLOW
						 ? RANK_DEFAULT_ALLOW
						 : RANK_DEFAULT_DENY};
	const struct dg_fold_op *parts = &e->fold->ops[op];
	dg_ref all = DG_PASS;
	int r = 0;

	if (parts->count > 0)
		r = dg_diagram_reduce(d.diagram, DG_APPLY_MIN, parts->roots, parts->count, &all);
	if (r < 0)
		return r;
	return dg_diagram_map(d.diagram, all, add_default, &d, ret);
}

static int emit(struct emitter *e, struct dg_tables **ret, struct dg_tables_stats *stats)
{
	dg_ref roots[DG_OP_MAX];
	struct dg_tables header = {
		.magic = DG_TABLES_MAGIC, .abi = DG_ABI_VERSION, .version = e->policy->version};
	struct buffer out = {};
	uint32_t depth = 0;
	int r;

	if (e->policy->name.len >= sizeof(header.name))
		return -EINVAL;
	if (e->policy->name.len > 0)
		memcpy(header.name, e->policy->name.data, e->policy->name.len);
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		r = op_root(e, op, &roots[op]);
		if (r < 0)
			return r;
	}
	r = emitter_init(e);
	for (unsigned int op = 0; op < DG_OP_MAX && r >= 0; op++) {
		uint32_t h = height(e, roots[op]);

		if (h > depth)
			depth = h;
		r = emit_ref(e, roots[op], &header.op_root[op]);
	}
	if (r >= 0 && depth > DG_TABLE_MAX_DEPTH)
		r = -E2BIG;
	for (uint32_t i = 0; i < e->node_count && r >= 0; i++)
		r = emit_node(e, e->queue[i]);
	if (r >= 0)
		r = emit_rules(e);
	if (r >= 0)
		r = assemble(e, &header, &out);
	if (r < 0) {
		free(out.bytes);
		return r;
	}
	*stats = (struct dg_tables_stats){.rules = header.rule_count,
					  .variables = header.var_count,
					  .nodes = header.node_count,
					  .edges = header.edge_count,
					  .leaves = header.leaf_count,
					  .depth = depth,
					  .bytes = header.size};
	*ret = (struct dg_tables *)out.bytes;
	return 0;
}

/* Digests and sets have no place in the tables yet. */
static bool has_table_form(const struct dg_expr *expr, struct dg_diags *diags)
{
	bool left;

	if (!expr)
		return true;
	if (expr->kind == DG_EXPR_TEST) {
		if (dg_attr_in_facts(expr->attr))
			return true;
		dg_diag_report(diags, DG_E100, &expr->pos,
			       "%s has no table form in this version: check and sim --engine ref "
			       "know it, compile does not",
			       expr->attr->name);
		return false;
	}
	left = has_table_form(expr->left, diags);
	return has_table_form(expr->right, diags) && left;
}

int dg_tables_build(const struct dg_policy *policy, struct dg_diags *diags, struct dg_tables **ret,
		    struct dg_tables_stats *ret_stats)
{
	_cleanup_(dg_cleanup_fold) struct dg_fold *own = NULL;
	_cleanup_(emitter_done) struct emitter e = {};
	struct dg_tables_stats stats;
	struct dg_tables *tables;
	bool formed = true;
	int r;

	for (size_t i = 0; i < policy->rule_count; i++)
		formed &= has_table_form(policy->rules[i].where, diags);
	/* An analysed policy has its diagrams already. */
	r = policy->fold ? 0 : dg_fold_new(policy, 0, diags, &own);
	if (r >= 0 && !formed)
		r = -EBADMSG;
	if (r < 0)
		return r;
	e.policy = policy;
	e.fold = policy->fold ? policy->fold : own;
	r = emit(&e, &tables, &stats);
	if (r == -E2BIG) {
		dg_diag_report(diags, DG_E101, &policy->pos,
			       "the policy is too big for tables: they need more than %u bytes",
			       DG_TABLES_MAX_BYTES);
		return -EBADMSG;
	}
	if (r < 0)
		return r;
	*ret = tables;
	if (ret_stats)
		*ret_stats = stats;
	return 0;
}
