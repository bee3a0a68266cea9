/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Nodes as the tables have them (struct dg_node). */
#include "tables_build.h"

#define DENSE_ALWAYS 16 /* classes up to which nothing is saved by another form */
#define RUNS_ALWAYS 4	/* up to which the search is as short as a hash */

/* What most classes do, and how many do something else. */
struct shape {
	enum dg_node_kind kind;
	uint32_t rest, others;
};

bool dg_node_is_dense(const struct dg_node_writer *w, uint32_t var, size_t run_count)
{
	uint32_t class_count = w->vars[var].class_count;

	if (w->form != DG_NODES_BEST)
		return w->form == DG_NODES_DENSE;
	return class_count <= DENSE_ALWAYS || class_count <= 4 * run_count;
}

static uint32_t run_end(const struct dg_edge_run *runs, size_t count, size_t i,
			uint32_t class_count)
{
	return i + 1 < count ? runs[i + 1].first : class_count;
}

static struct shape shape_of(const struct dg_node_writer *w, uint32_t var,
			     const struct dg_edge_run *runs, size_t count)
{
	uint32_t class_count = w->vars[var].class_count, longest = 0;
	struct shape shape = {.kind = DG_NODE_RUNS};

	if (dg_node_is_dense(w, var, count)) {
		shape.kind = DG_NODE_DENSE;
		return shape;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t len = run_end(runs, count, i, class_count) - runs[i].first;

		if (len > longest) {
			longest = len;
			shape.rest = runs[i].ref;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (runs[i].ref != shape.rest)
			shape.others += run_end(runs, count, i, class_count) - runs[i].first;
	if (w->form == DG_NODES_HASHED
		    ? shape.others <= 2 * count
		    : w->form == DG_NODES_BEST && count > RUNS_ALWAYS && shape.others <= count)
		shape.kind = DG_NODE_HASHED;
	return shape;
}

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

size_t dg_node_size(const struct dg_node_writer *w, uint32_t var, const struct dg_edge_run *runs,
		    size_t count)
{
	struct shape shape = shape_of(w, var, runs, count);
	size_t size = sizeof(struct dg_node);

	switch (shape.kind) {
	case DG_NODE_DENSE:
		return size + padded(w->vars[var].class_count * sizeof(uint32_t));
	case DG_NODE_RUNS:
		return size + count * sizeof(struct dg_edge_run);
	case DG_NODE_HASHED:
		break;
	}
	return size + sizeof(struct dg_edge_hash) +
	       padded(dg_slots_buckets(shape.others) * sizeof(uint32_t)) +
	       dg_slots_slots(shape.others) * sizeof(struct dg_edge_slot);
}

uint32_t dg_node_reference(const struct dg_node_writer *w, uint32_t var, size_t run_count,
			   uint32_t place)
{
	return (dg_node_is_dense(w, var, run_count) ? 0 : DG_REF_SPARSE) |
	       (uint32_t)w->slot[var] << DG_REF_SLOT_SHIFT | place;
}

static int write_dense(struct dg_node_writer *w, uint32_t class_count,
		       const struct dg_edge_run *runs, size_t run_count, uint32_t unknown)
{
	uint32_t *edges;
	void *at;
	int r = dg_buffer_extend(&w->out, class_count * sizeof(*edges), &at);

	if (r < 0)
		return r;
	edges = at;
	for (size_t i = 0; i < run_count; i++) {
		uint32_t end = run_end(runs, run_count, i, class_count);

		for (uint32_t class = runs[i].first; class < end; class ++)
			edges[class] = runs[i].ref;
	}
	edges[0] = unknown;
	return dg_buffer_pad(&w->out);
}

static void hash_classes(void *data, struct dg_slots *slots)
{
	const struct dg_edge_slot *others = data;

	for (uint32_t i = 0; i < slots->count; i++)
		slots->hash[i] = dg_hash_step(dg_hash_start(slots->seed), others[i].class);
}

static int write_slots(struct dg_node_writer *w, const struct dg_slots *slots,
		       const struct dg_edge_slot *others, uint32_t rest)
{
	struct dg_edge_hash hash = {.seed = slots->seed, .buckets = slots->buckets, .rest = rest};
	int r = dg_buffer_append(&w->out, &hash, sizeof(hash));

	if (r >= 0)
		r = dg_buffer_append(&w->out, slots->displacement,
				     slots->buckets * sizeof(*slots->displacement));
	if (r >= 0)
		r = dg_buffer_pad(&w->out);
	for (uint32_t i = 0; i < slots->slots && r >= 0; i++) {
		struct dg_edge_slot slot = {.class = DG_NO_CLASS, .ref = rest};

		if (slots->key_of[i])
			slot = others[slots->key_of[i] - 1];
		r = dg_buffer_append(&w->out, &slot, sizeof(slot));
	}
	return r;
}

static int write_hashed(struct dg_node_writer *w, const struct shape *shape, uint32_t class_count,
			const struct dg_edge_run *runs, size_t run_count)
{
	_cleanup_free_ struct dg_edge_slot *others = calloc(shape->others, sizeof(*others));
	_cleanup_(dg_slots_done) struct dg_slots slots = {};
	size_t count = 0;
	int r;

	if (!others)
		return -ENOMEM;
	for (size_t i = 0; i < run_count; i++) {
		uint32_t end = run_end(runs, run_count, i, class_count);

		for (uint32_t class = runs[i].first; runs[i].ref != shape->rest && class < end;
		     class ++)
			others[count++] = (struct dg_edge_slot){class, runs[i].ref};
	}
	r = dg_slots_init(&slots, shape->others);
	if (r >= 0)
		r = dg_slots_find(&slots, hash_classes, others);
	return r < 0 ? r : write_slots(w, &slots, others, shape->rest);
}

int dg_node_write(struct dg_node_writer *w, uint32_t var, const struct dg_edge_run *runs,
		  size_t run_count, uint32_t unknown)
{
	const struct dg_variable *v = &w->vars[var];
	struct shape shape = shape_of(w, var, runs, run_count);
	struct dg_node node = {.var = (uint16_t)w->var_number[var],
			       .kind = (uint8_t)shape.kind,
			       .known = (uint8_t)dg_known_bit(v->kind, v->fact),
			       .count = (uint32_t)run_count};
	int r;

	if (shape.kind == DG_NODE_DENSE)
		node.count = v->class_count;
	else if (shape.kind == DG_NODE_HASHED)
		node.count = dg_slots_slots(shape.others);
	w->edge_count += node.count;
	r = dg_buffer_append(&w->out, &node, sizeof(node));
	if (r < 0)
		return r;
	switch (shape.kind) {
	case DG_NODE_DENSE:
		return write_dense(w, v->class_count, runs, run_count, unknown);
	case DG_NODE_RUNS:
		return dg_buffer_append(&w->out, runs, run_count * sizeof(*runs));
	case DG_NODE_HASHED:
		break;
	}
	return write_hashed(w, &shape, v->class_count, runs, run_count);
}
