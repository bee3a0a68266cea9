// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "arena.h"
#include "facts.h"

/* Position of the first measurement whose index is @index or more. */
static size_t dg_measurement_position(const struct dg_device *device, unsigned int index)
{
	size_t at = 0;

	while (at < device->measurement_count && device->measurements[at].index < index)
		at++;
	return at;
}

const struct dg_fact *dg_device_fact(const struct dg_device *device, const struct dg_attr *attr,
				     unsigned int index)
{
	static const struct dg_fact unknown;
	size_t at;

	if (attr->id != DG_ATTR_SPDM_MEAS)
		return &device->facts[attr->id];
	at = dg_measurement_position(device, index);
	if (at == device->measurement_count || device->measurements[at].index != index)
		return &unknown;
	return &device->measurements[at].fact;
}

struct dg_fact *dg_device_fact_place(struct dg_device *device, const struct dg_attr *attr,
				     unsigned int index, struct dg_arena *arena)
{
	struct dg_measurement *place;
	size_t at;

	if (attr->id != DG_ATTR_SPDM_MEAS)
		return &device->facts[attr->id];
	at = dg_measurement_position(device, index);
	if (at < device->measurement_count && device->measurements[at].index == index)
		return &device->measurements[at].fact;
	if (!dg_arena_grow(arena, &device->measurements, device->measurement_count,
			   sizeof(*device->measurements)))
		return NULL;
	place = &device->measurements[at];
	memmove(place + 1, place, (device->measurement_count - at) * sizeof(*place));
	device->measurement_count++;
	*place = (struct dg_measurement){ .index = index };
	return &place->fact;
}

static void dg_facts_set_string(struct dg_facts *facts, int slot, const struct dg_bytes *value)
{
	if (value->len > DG_STR_BYTES)
		return;
	facts->str[slot].len = (__u8)value->len;
	if (value->len)
		memcpy(facts->str[slot].bytes, value->data, value->len);
	facts->known_str |= UINT64_C(1) << slot;
}

void dg_device_to_facts(const struct dg_device *device, struct dg_facts *ret)
{
	/* Who is named in the audit is the device itself here: nothing is derived in an inventory. */
	static const struct {
		enum dg_str subject, fact;
	} subjects[] = {
		{ DG_STR_SUBJECT_NAME, DG_STR_DEVICE_NAME },
		{ DG_STR_SUBJECT_BUS, DG_STR_BUS },
		{ DG_STR_SUBJECT_DRIVER, DG_STR_DRIVER_NAME },
	};

	memset(ret, 0, sizeof(*ret));
	ret->size = sizeof(*ret);
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);
		const struct dg_fact *fact = &device->facts[id];

		if (attr->fact == DG_FACT_NONE || !fact->known)
			continue;
		if (attr->type == DG_TYPE_STRING) {
			dg_facts_set_string(ret, attr->fact, &fact->scalar.str);
			continue;
		}
		ret->num[attr->fact] = fact->scalar.num;
		ret->known_num |= UINT64_C(1) << attr->fact;
	}
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (!(ret->known_str & UINT64_C(1) << subjects[i].fact))
			continue;
		ret->str[subjects[i].subject] = ret->str[subjects[i].fact];
		ret->known_str |= UINT64_C(1) << subjects[i].subject;
	}
}
