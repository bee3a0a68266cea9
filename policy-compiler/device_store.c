// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "arena.h"
#include "array.h"
#include "device_store.h"

/* A literal without its position; of a set, its elements, and @type is not used. */
struct dg_stored_fact {
	uint8_t id; /* enum dg_attr_id */
	uint8_t type;
	union {
		uint64_t num;
		struct dg_bytes str;
		const struct dg_digest *digest;
		struct {
			struct dg_literal *elements;
			size_t element_count;
		};
	};
};

struct dg_stored_device {
	struct dg_bytes label;
	struct dg_measurement *measurements;
	size_t measurement_count, fact_count;
	struct dg_stored_fact facts[];
};

static int dg_store_bytes(struct dg_arena *arena, struct dg_bytes *bytes)
{
	bytes->data = dg_arena_copy(arena, bytes->data, bytes->len);
	return bytes->data ? 0 : -ENOMEM;
}

/* What @literal points to becomes the store's. */
static int dg_store_literal(struct dg_arena *arena, struct dg_literal *literal)
{
	struct dg_digest *digest;

	literal->pos = (struct dg_pos){ 0 };
	if (literal->type == DG_TYPE_STRING)
		return dg_store_bytes(arena, &literal->str);
	if (literal->type != DG_TYPE_DIGEST)
		return 0;
	digest = dg_arena_new_of(arena, struct dg_digest);
	if (!digest)
		return -ENOMEM;
	*digest = *literal->digest;
	literal->digest = digest;
	return 0;
}

static int dg_store_elements(struct dg_arena *arena, const struct dg_fact *fact,
			     struct dg_stored_fact *stored)
{
	size_t size = fact->element_count * sizeof(*fact->elements);
	int err = 0;

	stored->elements = dg_arena_alloc(arena, size);
	if (!stored->elements)
		return -ENOMEM;
	if (size)
		memcpy(stored->elements, fact->elements, size);
	stored->element_count = fact->element_count;
	for (size_t i = 0; i < fact->element_count && !err; i++)
		err = dg_store_literal(arena, &stored->elements[i]);
	return err;
}

static int dg_store_fact(struct dg_arena *arena, enum dg_attr_id id, const struct dg_fact *fact,
			 struct dg_stored_fact *stored)
{
	struct dg_literal literal = fact->scalar;
	int err;

	stored->id = (uint8_t)id;
	if (dg_schema_attr(id)->set)
		return dg_store_elements(arena, fact, stored);
	err = dg_store_literal(arena, &literal);
	stored->type = (uint8_t)literal.type;
	if (literal.type == DG_TYPE_STRING)
		stored->str = literal.str;
	else if (literal.type == DG_TYPE_DIGEST)
		stored->digest = literal.digest;
	else
		stored->num = literal.num;
	return err;
}

static int dg_store_measurements(struct dg_arena *arena, const struct dg_device *device,
				 struct dg_stored_device *stored)
{
	size_t size = device->measurement_count * sizeof(*device->measurements);
	int err = 0;

	if (!size)
		return 0;
	stored->measurements = dg_arena_alloc(arena, size);
	if (!stored->measurements)
		return -ENOMEM;
	memcpy(stored->measurements, device->measurements, size);
	stored->measurement_count = device->measurement_count;
	for (size_t i = 0; i < stored->measurement_count && !err; i++)
		if (stored->measurements[i].fact.known)
			err = dg_store_literal(arena, &stored->measurements[i].fact.scalar);
	return err;
}

int dg_device_store_add(struct dg_device_store *store, const struct dg_device *device)
{
	struct dg_stored_device *stored;
	size_t count = 0;
	int err = 0;

	if (!store->arena)
		store->arena = dg_arena_new();
	for (int id = 0; id < DG_ATTR_MAX; id++)
		count += device->facts[id].known;
	if (!store->arena || dg_array_reserve(&store->devices, &store->room, store->count + 1,
					      sizeof(*store->devices)))
		return -ENOMEM;
	stored = dg_arena_alloc(store->arena, sizeof(*stored) + count * sizeof(*stored->facts));
	if (!stored)
		return -ENOMEM;
	stored->label = device->label;
	err = dg_store_bytes(store->arena, &stored->label);
	for (int id = 0; id < DG_ATTR_MAX && !err; id++)
		if (device->facts[id].known)
			err = dg_store_fact(store->arena, (enum dg_attr_id)id, &device->facts[id],
					    &stored->facts[stored->fact_count++]);
	if (!err)
		err = dg_store_measurements(store->arena, device, stored);
	if (!err)
		store->devices[store->count++] = stored;
	return err;
}

int dg_device_store_add_all(struct dg_device_store *store, const struct dg_inventory *inventory)
{
	int err = 0;

	for (size_t i = 0; i < inventory->device_count && !err; i++)
		err = dg_device_store_add(store, inventory->devices[i]);
	return err;
}

void dg_device_store_get(const struct dg_device_store *store, size_t number, struct dg_device *ret)
{
	const struct dg_stored_device *stored = store->devices[number];

	memset(ret, 0, sizeof(*ret));
	ret->label = stored->label;
	ret->measurements = stored->measurements;
	ret->measurement_count = stored->measurement_count;
	for (size_t i = 0; i < stored->fact_count; i++) {
		const struct dg_stored_fact *from = &stored->facts[i];
		struct dg_fact *fact = &ret->facts[from->id];

		fact->known = true;
		if (dg_schema_attr((enum dg_attr_id)from->id)->set) {
			fact->elements = from->elements;
			fact->element_count = from->element_count;
			continue;
		}
		fact->scalar.type = (enum dg_type)from->type;
		if (fact->scalar.type == DG_TYPE_STRING) {
			fact->scalar.str = from->str;
		} else if (fact->scalar.type == DG_TYPE_DIGEST) {
			fact->scalar.digest = from->digest;
		} else {
			fact->scalar.num = from->num;
			fact->scalar.mask = UINT64_MAX;
		}
	}
}

bool dg_device_store_knows(const struct dg_device_store *store, size_t number, enum dg_attr_id id)
{
	const struct dg_stored_device *stored = store->devices[number];

	for (size_t i = 0; i < stored->fact_count; i++)
		if (stored->facts[i].id == id)
			return true;
	return false;
}

void dg_device_store_done(struct dg_device_store *store)
{
	dg_arena_free(store->arena);
	free(store->devices);
	*store = (struct dg_device_store){ 0 };
}
