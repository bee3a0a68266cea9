/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The parts as devices see them that lack whole kinds of facts. What a part asks of those is
 * answered already: such parts are smaller, some say nothing at all, and what is left goes together
 * better.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "fold.h"

#define SLACK 4096
#define WORK_LEAST (1U << 20)
#define WORK_PER_RULE 32

/* Which variables are on the facts of @absent. */
static bool *find_absent(const struct dg_fold *f, uint64_t absent)
{
	const struct dg_variable *vars;
	uint32_t count;
	bool *unknown;

	vars = dg_symbols_variables(f->symbols, &count);
	unknown = calloc(count + UINT64_C(1), sizeof(*unknown));
	for (uint32_t v = 0; unknown && v < count; v++)
		unknown[v] = absent >> dg_known_bit(vars[v].kind, vars[v].fact) & 1;
	return unknown;
}

static int kind_parts(struct dg_fold *f, const bool *unknown, bool merge, struct dg_fold_op *parts)
{
	size_t count = 0, work = WORK_LEAST + f->policy->rule_count * WORK_PER_RULE;
	dg_ref ref;
	int r = 0;

	for (size_t i = 0; i < parts->count && r >= 0; i++) {
		r = dg_diagram_unknown(f->diagram, parts->roots[i], unknown, &ref);
		if (r >= 0 && ref != DG_PASS)
			parts->roots[count++] = ref;
	}
	parts->count = count;
	if (r < 0 || !merge)
		return r;
	return dg_fold_merge(f->diagram, DG_APPLY_MIN, parts->roots, &parts->count, SLACK, &work);
}

int dg_fold_kind(struct dg_fold *f, uint64_t absent, bool merge, struct dg_fold_op *ret)
{
	_cleanup_free_ bool *unknown = find_absent(f, absent);

	if (!unknown)
		return -ENOMEM;
	for (size_t c = 0; c < f->column_count; c++) {
		size_t before = dg_diagram_node_count(f->diagram);
		struct dg_fold_op parts = {};
		int r;

		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			if (f->columns[c].ops >> op & 1)
				parts = f->ops[op];
		r = kind_parts(f, unknown, merge, &parts);
		if (r == -ENOMEM)
			return r;
		if (r < 0) /* no room left: as good, and larger */
			dg_diagram_undo(f->diagram, before);
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			if (f->columns[c].ops >> op & 1)
				ret[op] = r < 0 ? f->ops[op] : parts;
	}
	return 0;
}
