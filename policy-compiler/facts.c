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

/* False: too long to be known. */
static bool dg_string_set(struct dg_string *string, const struct dg_bytes *value)
{
	if (value->len > DG_STR_BYTES)
		return false;
	string->len = (__u8)value->len;
	if (value->len)
		memcpy(string->bytes, value->data, value->len);
	return true;
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

		if (!dg_attr_in_facts(attr) || !fact->known)
			continue;
		if (attr->type == DG_TYPE_STRING) {
			if (dg_string_set(&ret->str[attr->fact], &fact->scalar.str))
				ret->known_str |= UINT64_C(1) << attr->fact;
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

static void dg_more_set_digest(struct dg_facts_more *more, unsigned int slot,
			       const struct dg_fact *fact)
{
	const struct dg_digest *digest = fact->scalar.digest;

	if (!fact->known)
		return;
	dg_digest_fact(digest, &more->digest[slot]);
	more->known_digest[slot / 64] |= UINT64_C(1) << slot % 64;
}

static bool dg_number_set_fill(struct dg_number_set *set, const struct dg_fact *fact)
{
	if (fact->element_count > DG_SET_NUMBERS)
		return false;
	for (size_t i = 0; i < fact->element_count; i++)
		set->value[set->count++] = fact->elements[i].num;
	return true;
}

static bool dg_string_set_fill(struct dg_string_set *set, const struct dg_fact *fact)
{
	if (fact->element_count > DG_SET_STRINGS)
		return false;
	for (size_t i = 0; i < fact->element_count; i++)
		if (!dg_string_set(&set->str[set->count++], &fact->elements[i].str))
			return false;
	return true;
}

static void dg_more_set_set(struct dg_facts_more *more, enum dg_set_fact which,
			    const struct dg_fact *fact)
{
	bool known = false;

	if (!fact->known)
		return;
	switch (which) {
	case DG_SET_USB_INTERFACES:
		known = dg_number_set_fill(&more->usb_interfaces, fact);
		break;
	case DG_SET_ACPI_IDS:
		known = dg_string_set_fill(&more->acpi_ids, fact);
		break;
	case DG_SET_OF_COMPATIBLE:
		known = dg_string_set_fill(&more->of_compatible, fact);
		break;
	case DG_SET_MAX:
		break;
	}
	if (known)
		more->known_set |= UINT64_C(1) << which;
}

void dg_digest_fact(const struct dg_digest *digest, struct dg_digest_fact *ret)
{
	*ret = (struct dg_digest_fact){.algo = digest->algo};
	memcpy(ret->bytes, digest->bytes, sizeof(ret->bytes));
}

void dg_device_to_more(const struct dg_device *device, struct dg_facts_more *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->size = sizeof(*ret);
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);

		if (attr->set)
			dg_more_set_set(ret, (enum dg_set_fact)attr->fact, &device->facts[id]);
		else if (attr->type == DG_TYPE_DIGEST && id != DG_ATTR_SPDM_MEAS)
			dg_more_set_digest(ret, (unsigned int)attr->fact, &device->facts[id]);
	}
	for (size_t i = 0; i < device->measurement_count; i++)
		dg_more_set_digest(ret, device->measurements[i].index, &device->measurements[i].fact);
}
