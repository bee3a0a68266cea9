/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "support.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

void dg_supports_done(struct dg_supports *s)
{
	free(s->node_of);
	dg_map_done(&s->union_of);
	dg_map_done(&s->set_of);
	free(s->items);
	free(s->sets);
}

/* The number of a set of variables. */
static int intern(struct dg_supports *s, const uint32_t *vars, size_t count, uint32_t *ret)
{
	uint64_t hash = dg_hash(vars, count * sizeof(*vars));
	uint32_t number;
	int r;

	for (; dg_map_get(&s->set_of, hash, count, &number); hash++)
		if (!memcmp(s->items + s->sets[number].off, vars, count * sizeof(*vars))) {
			*ret = number;
			return 0;
		}
	r = dg_array_reserve(&s->items, &s->item_room, s->item_count + count, sizeof(*s->items));
	if (r >= 0)
		r = dg_array_reserve(&s->sets, &s->set_room, s->set_count + 2, sizeof(*s->sets));
	if (r < 0)
		return r;
	if (s->set_count == 0)
		s->sets[s->set_count++] = (typeof(*s->sets)){};
	number = (uint32_t)s->set_count;
	r = dg_map_put(&s->set_of, hash, count, number);
	if (r < 0)
		return r;
	memcpy(s->items + s->item_count, vars, count * sizeof(*vars));
	s->sets[number].off = (uint32_t)s->item_count;
	s->sets[number].count = (uint32_t)count;
	s->item_count += count;
	s->set_count++;
	*ret = number;
	return 0;
}

/* The union of two sets that are not empty. */
static int unite_sets(struct dg_supports *s, uint32_t a, uint32_t b, uint32_t *ret)
{
	uint32_t na = s->sets[a].count, nb = s->sets[b].count, i = 0, k = 0;
	_cleanup_free_ uint32_t *vars = calloc(na + nb, sizeof(*vars));
	const uint32_t *x = s->items + s->sets[a].off, *y = s->items + s->sets[b].off;
	size_t count = 0;

	if (!vars)
		return -ENOMEM;
	while (i < na || k < nb) {
		uint32_t next = k == nb || (i < na && x[i] < y[k]) ? x[i] : y[k];

		vars[count++] = next;
		i += i < na && x[i] == next;
		k += k < nb && y[k] == next;
	}
	return intern(s, vars, count, ret);
}

static int unite(struct dg_supports *s, uint32_t a, uint32_t b, uint32_t *ret)
{
	int r;

	if (a == 0 || b == 0 || a == b) {
		*ret = a ? a : b;
		return 0;
	}
	if (dg_map_get(&s->union_of, a, b, ret))
		return 0;
	r = unite_sets(s, a, b, ret);
	if (r >= 0)
		r = dg_map_put(&s->union_of, a, b, *ret);
	return r;
}

/* As deep as there are variables; there is room for every node. */
static int find_support(struct dg_supports *s, const struct dg_diagram *d, dg_ref ref, uint32_t *ret)
{
	uint32_t var, set, child;
	const struct dg_run *runs;
	size_t count;
	int r;

	if (dg_ref_terminal(ref)) {
		*ret = 0;
		return 0;
	}
	if (s->node_of[ref] != 0) {
		*ret = s->node_of[ref] - 1;
		return 0;
	}
	var = dg_diagram_var(d, ref);
	r = intern(s, &var, 1, &set);
	runs = dg_diagram_runs(d, ref, &count);
	for (size_t i = 0; i < count && r >= 0; i++) {
		if (dg_ref_terminal(runs[i].child))
			continue;
		r = find_support(s, d, runs[i].child, &child);
		if (r >= 0)
			r = unite(s, set, child, &set);
	}
	if (r < 0)
		return r;
	s->node_of[ref] = set + 1;
	*ret = set;
	return 0;
}

int dg_support(struct dg_supports *s, const struct dg_diagram *d, dg_ref ref, uint32_t *ret)
{
	size_t had = s->node_room;
	int r = dg_array_reserve(&s->node_of, &s->node_room, dg_diagram_node_count(d) + 1,
				 sizeof(*s->node_of));

	if (r < 0)
		return r;
	memset(s->node_of + had, 0, (s->node_room - had) * sizeof(*s->node_of));
	return find_support(s, d, ref, ret);
}

uint32_t dg_support_first(const struct dg_supports *s, uint32_t number)
{
	return number == 0 ? DG_VAR_NONE : s->items[s->sets[number].off];
}
