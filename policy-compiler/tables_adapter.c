/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "tables_adapter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void dg_flat_done(struct dg_flat *flat)
{
	free(flat->intervals);
	dg_automaton_done(&flat->automaton);
}

static void add_interval(struct dg_flat *flat, uint64_t low, uint32_t class)
{
	struct dg_interval *last = flat->intervals + flat->interval_count - 1;

	if (flat->interval_count > 0 && last->low == low)
		flat->interval_count--;
	last = flat->intervals + flat->interval_count - 1;
	if (flat->interval_count > 0 && last->class == class)
		return;
	flat->intervals[flat->interval_count++] = (struct dg_interval){.low = low, .class = class};
}

static int flatten_numbers(const struct dg_classifier *c, struct dg_flat *flat)
{
	size_t at = 0;

	flat->intervals =
		calloc(2 * c->exact_count + c->interval_count + 1, sizeof(*flat->intervals));
	if (!flat->intervals)
		return -ENOMEM;
	for (size_t i = 0; i < c->interval_count; i++) {
		add_interval(flat, c->intervals[i].low, c->intervals[i].class);
		for (; at < c->exact_count; at++) {
			uint64_t num = c->exact[at].num;

			if (i + 1 < c->interval_count && num >= c->intervals[i + 1].low)
				break;
			add_interval(flat, num, c->exact[at].class);
			if (num != UINT64_MAX &&
			    (i + 1 == c->interval_count || num + 1 < c->intervals[i + 1].low))
				add_interval(flat, num + 1, c->intervals[i].class);
		}
	}
	return 0;
}

/* Exact names are a tree before the automaton of the globs, which every way out leads to. */
static int flatten_strings(const struct dg_classifier *c, struct dg_automaton *out)
{
	const struct dg_automaton *globs = &c->automaton;
	_cleanup_free_ uint32_t *identity = NULL, *path = NULL, *under = NULL;
	uint32_t sink_count = globs->state_count ? globs->state_count : 1, tree = 1, k = 0;
	uint8_t glob_column[256] = {};
	bool used[256] = {};
	size_t lcp, states;

	for (size_t i = 0; i < c->exact_count; i++) {
		const struct dg_bytes *name = &c->exact[i].bytes;
		const struct dg_bytes *before =
			i > 0 ? &c->exact[i - 1].bytes : &(struct dg_bytes){};

		for (lcp = 0;
		     lcp < name->len && lcp < before->len && name->data[lcp] == before->data[lcp];)
			lcp++;
		tree += (uint32_t)(name->len - lcp);
		for (size_t b = 0; b < name->len; b++)
			used[(uint8_t)name->data[b]] = true;
	}
	for (unsigned int b = 0; b < 256; b++) {
		uint32_t other;

		for (other = 0; other < b && !used[b]; other++)
			if (!used[other] && (globs->state_count == 0 ||
					     globs->byte_class[other] == globs->byte_class[b]))
				break;
		if (!used[b] && other < b) {
			out->byte_class[b] = out->byte_class[other];
			continue;
		}
		glob_column[k] = globs->state_count ? globs->byte_class[b] : 0;
		out->byte_class[b] = (uint8_t)k++;
	}
	states = (size_t)tree + sink_count;
	if (states * k > (16U << 20))
		return -E2BIG;
	out->next = calloc(states * k, sizeof(*out->next));
	out->label = calloc(states, sizeof(*out->label));
	identity = calloc(c->class_count, sizeof(*identity));
	path = calloc(DG_STR_BYTES + 1, sizeof(*path));
	under = calloc(tree, sizeof(*under));
	if (!out->next || !out->label || !identity || !path || !under)
		return -ENOMEM;
	out->state_count = (uint32_t)states;
	out->byte_class_count = k;
	out->label_count = c->class_count;
	for (uint32_t i = 0; i < c->class_count; i++)
		identity[i] = i;
#define GLOB_NEXT(state, column)                                                                   \
	(globs->state_count ? globs->next[(state)*globs->byte_class_count + glob_column[column]]   \
			    : 0)
	for (uint32_t s = 0; s < sink_count; s++) {
		out->label[tree + s] = globs->state_count ? globs->label[s] : c->rest;
		for (uint32_t column = 0; column < k; column++)
			out->next[(tree + s) * (size_t)k + column] = tree + GLOB_NEXT(s, column);
	}
	out->label[0] = out->label[tree];
	memcpy(out->next, out->next + (size_t)tree * k, k * sizeof(*out->next));
	for (size_t i = 0, node = 1; i < c->exact_count; i++) {
		const struct dg_bytes *name = &c->exact[i].bytes;

		for (size_t b = 0; b < name->len; b++) {
			uint32_t column = out->byte_class[(uint8_t)name->data[b]];
			uint32_t *next = &out->next[path[b] * (size_t)k + column];

			if (*next >= tree) {
				uint32_t below = *next - tree;

				*next = (uint32_t)node;
				under[node] = below;
				out->label[node] = out->label[tree + below];
				memcpy(out->next + node * k, out->next + (tree + below) * (size_t)k,
				       k * sizeof(*out->next));
				node++;
			}
			path[b + 1] = *next;
		}
		out->label[path[name->len]] = c->exact[i].class;
	}
#undef GLOB_NEXT
	return dg_automaton_minimise(out, identity);
}

int dg_flatten(const struct dg_variable *v, struct dg_flat *ret)
{
	struct dg_flat flat = {};
	int r = 0;

	if (v->kind == DG_VAR_STR)
		r = flatten_strings(&v->values, &flat.automaton);
	else if (v->kind == DG_VAR_NUM || v->kind == DG_VAR_TIME)
		r = flatten_numbers(&v->values, &flat);
	if (r < 0) {
		dg_flat_done(&flat);
		return r;
	}
	*ret = flat;
	return 0;
}
