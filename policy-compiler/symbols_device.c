/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* From classes back to a device. */
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "symbols_build.h"
#include "util.h"

static int digest_of(struct dg_bytes bytes, struct dg_arena *arena, const struct dg_digest **ret)
{
	struct dg_digest *digest = dg_arena_new_of(arena, struct dg_digest);
	struct dg_digest_fact fact;

	if (!digest)
		return -ENOMEM;
	memcpy(&fact, bytes.data, sizeof(fact));
	digest->algo = (enum dg_digest_algo)fact.algo;
	memcpy(digest->bytes, fact.bytes, sizeof(digest->bytes));
	*ret = digest;
	return 0;
}

static int string_of(struct dg_bytes bytes, struct dg_arena *arena, struct dg_bytes *ret)
{
	char *data = dg_arena_copy(arena, bytes.data, bytes.len);

	if (!data)
		return -ENOMEM;
	*ret = (struct dg_bytes){.data = data, .len = bytes.len};
	return 0;
}

static int literal_of(enum dg_type type, uint64_t num, struct dg_bytes bytes,
		      struct dg_arena *arena, struct dg_literal *ret)
{
	*ret = (struct dg_literal){.type = type};
	if (type == DG_TYPE_STRING)
		return string_of(bytes, arena, &ret->str);
	if (type == DG_TYPE_DIGEST)
		return digest_of(bytes, arena, &ret->digest);
	ret->num = num;
	ret->mask = UINT64_MAX;
	return 0;
}

static int fill_set(const struct dg_view *view, const struct dg_group_value *value,
		    struct dg_arena *arena, struct dg_fact *fact)
{
	int r = 0;

	fact->elements = dg_arena_alloc(arena, value->count * sizeof(*fact->elements));
	if (!fact->elements)
		return -ENOMEM;
	for (size_t i = 0; i < value->count && r >= 0; i++) {
		bool string = view->attr->type == DG_TYPE_STRING;

		r = literal_of(view->attr->type, string ? 0 : value->nums[i],
			       string ? value->strings[i] : (struct dg_bytes){}, arena,
			       &fact->elements[i]);
	}
	fact->element_count = value->count;
	return r;
}

static int fill_fact(const struct dg_view *view, const struct dg_group_value *value,
		     struct dg_arena *arena, struct dg_device *device)
{
	unsigned int index = (unsigned int)view->fact - (unsigned int)view->attr->fact;
	struct dg_fact *fact = dg_device_fact_place(device, view->attr, index, arena);
	int r;

	if (!fact)
		return -ENOMEM;
	if (view->attr->set)
		r = fill_set(view, value, arena, fact);
	else
		r = literal_of(view->attr->type, value->num, value->bytes, arena, &fact->scalar);
	fact->known = r >= 0;
	return r;
}

static int fill_group(struct dg_symbols *s, uint32_t first_var, const uint32_t *classes,
		      struct dg_arena *arena, struct dg_witness *witness)
{
	const struct dg_variable *v = &s->ordered[first_var];
	const struct dg_set_extra *extra = dg_extra_of(s, first_var);
	struct dg_group_value value = {};
	bool known = false;
	int r;

	r = dg_group_solve(s, first_var, classes, arena, &value);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	for (uint32_t i = 0; i < v->group_count; i++)
		known |= classes[i] != 0 && classes[i] != DG_CLASS_ANY;
	/* A set that is asked for by nothing but this cannot be unknown. */
	known |= extra && extra->wanted != 1;
	if (!known)
		return 0;
	if (v->kind == DG_VAR_TIME) {
		witness->has_time = true;
		witness->time = value.num;
		return 0;
	}
	if (v->kind == DG_VAR_CLOCK) {
		witness->clock_synced = classes[0] != 2;
		return 0;
	}
	return fill_fact(&s->views[s->var_builds[s->build_of[first_var]].view], &value, arena,
			 witness->device);
}

int dg_symbols_device(struct dg_symbols *s, const uint32_t *classes, struct dg_arena *arena,
		      struct dg_witness *ret)
{
	struct dg_witness witness = {.device = dg_arena_new_of(arena, struct dg_device),
				     .clock_synced = true};
	const struct dg_fact *name;
	int r = 0;

	if (!witness.device)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->var_count && r >= 0; i += s->ordered[i].group_count)
		r = fill_group(s, i, classes + i, arena, &witness);
	if (r < 0)
		return r;
	name = &witness.device->facts[DG_ATTR_DEVICE_NAME];
	witness.device->label = (struct dg_bytes){.data = "#1", .len = 2};
	if (name->known)
		witness.device->label = name->scalar.str;
	*ret = witness;
	return 0;
}
