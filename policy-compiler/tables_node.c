/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Nodes as the tables have them (struct dg_node). */
#include "tables_build.h"

#define DENSE_ALWAYS 16 /* classes up to which nothing is saved by runs */

bool dg_node_is_dense(const struct dg_node_writer *w, uint32_t var, size_t run_count)
{
	uint32_t class_count = w->vars[var].class_count;

	if (w->form != DG_NODES_BEST)
		return w->form == DG_NODES_DENSE;
	return class_count <= DENSE_ALWAYS || class_count <= 4 * run_count;
}

size_t dg_node_size(const struct dg_node_writer *w, uint32_t var, size_t run_count)
{
	size_t edges = dg_node_is_dense(w, var, run_count)
			       ? w->vars[var].class_count * sizeof(uint32_t)
			       : run_count * sizeof(struct dg_edge_run);

	return (sizeof(struct dg_node) + edges + 7) & ~(size_t)7;
}

uint32_t dg_node_reference(const struct dg_node_writer *w, uint32_t var, size_t run_count,
			   uint32_t place)
{
	return (dg_node_is_dense(w, var, run_count) ? 0 : DG_REF_SPARSE) |
	       (uint32_t)w->slot[var] << DG_REF_SLOT_SHIFT | place;
}

static void fill_edges(uint32_t *edges, uint32_t class_count, const struct dg_edge_run *runs,
		       size_t run_count)
{
	for (size_t i = 0; i < run_count; i++) {
		uint32_t end = i + 1 < run_count ? runs[i + 1].first : class_count;

		for (uint32_t class = runs[i].first; class < end; class ++)
			edges[class] = runs[i].ref;
	}
}

int dg_node_write(struct dg_node_writer *w, uint32_t var, const struct dg_edge_run *runs,
		  size_t run_count, uint32_t unknown)
{
	const struct dg_variable *v = &w->vars[var];
	bool dense = dg_node_is_dense(w, var, run_count);
	struct dg_node node = {.var = (uint16_t)w->var_number[var],
			       .kind = dense ? DG_NODE_DENSE : DG_NODE_SPARSE,
			       .known = (uint8_t)dg_known_bit(v->kind, v->fact),
			       .count = dense ? v->class_count : (uint32_t)run_count};
	void *at;
	int r = dg_buffer_append(&w->out, &node, sizeof(node));

	w->edge_count += node.count;
	if (r >= 0 && !dense)
		r = dg_buffer_append(&w->out, runs, run_count * sizeof(*runs));
	if (r >= 0 && dense) {
		r = dg_buffer_extend(&w->out, node.count * sizeof(uint32_t), &at);
		if (r >= 0) {
			uint32_t *edges = at;

			fill_edges(edges, node.count, runs, run_count);
			edges[0] = unknown;
		}
	}
	return r < 0 ? r : dg_buffer_pad(&w->out);
}
