// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* What else the rules of a log would admit (suggest_rules.h). */
#include <string.h>

#include "generate_boxes.h"
#include "suggest_rules.h"

static bool dg_is_named(const struct dg_device *device)
{
	return device->facts[DG_ATTR_BUS].known && device->facts[DG_ATTR_DEVICE_NAME].known;
}

static uint64_t dg_name_hash(const struct dg_device *device)
{
	const struct dg_bytes *bus = &device->facts[DG_ATTR_BUS].scalar.str;
	const struct dg_bytes *name = &device->facts[DG_ATTR_DEVICE_NAME].scalar.str;
	uint64_t both[] = { dg_hash(bus->data, bus->len), dg_hash(name->data, name->len) };

	return dg_hash(both, sizeof(both));
}

static bool dg_same_string(const struct dg_device *a, const struct dg_device *b, enum dg_attr_id id)
{
	const struct dg_bytes *x = &a->facts[id].scalar.str, *y = &b->facts[id].scalar.str;

	return x->len == y->len && !memcmp(x->data, y->data, x->len);
}

static bool dg_same_name(const struct dg_device *a, const struct dg_device *b)
{
	return dg_is_named(a) && dg_is_named(b) && dg_same_string(a, b, DG_ATTR_BUS) &&
	       dg_same_string(a, b, DG_ATTR_DEVICE_NAME);
}

/* Which names each rule's devices of the log have. */
static int dg_find_names(struct dg_suggestions *s, const struct dg_denials *denials)
{
	int err = 0;

	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < s->rules[i].count && !err; k++) {
			uint32_t number = s->rules[i].numbers[k];
			const struct dg_device *device = denials->devices->devices[number];

			if (dg_is_named(device))
				err = dg_map_put(&s->names, dg_name_hash(device), i, number);
		}
	s->names_found = !err;
	return err;
}

static bool dg_in_log(const struct dg_suggestions *s, uint32_t rule, const struct dg_denials *denials,
		      const struct dg_device *device)
{
	struct dg_device *const *logged = denials->devices->devices;
	uint32_t number;

	if (!dg_is_named(device) || !dg_map_get(&s->names, dg_name_hash(device), rule, &number))
		return false;
	if (dg_same_name(logged[number], device))
		return true;
	/* Another name of the same hash. */
	for (size_t i = 0; i < s->rules[rule].count; i++)
		if (dg_same_name(logged[s->rules[rule].numbers[i]], device))
			return true;
	return false;
}

static int dg_note_also(struct dg_suggested *rule, const struct dg_device *device)
{
	if (rule->also_count < DG_ALSO_SHOWN) {
		char *label = strndup(device->label.data, device->label.len);

		if (!label)
			return -ENOMEM;
		rule->also[rule->also_count] = label;
	}
	rule->also_count++;
	return 0;
}

int dg_suggestions_try(struct dg_suggestions *s, const struct dg_denials *denials,
		       const struct dg_device *device)
{
	const uint32_t *boxes;
	size_t count = 0;
	int err = s->names_found ? 0 : dg_find_names(s, denials);

	if (!err)
		err = dg_boxes_find(s->boxes, device, &boxes, &count);
	for (size_t i = 0; i < count && !err; i++) {
		uint32_t rule = s->rule_of[boxes[i]];

		if (!dg_in_log(s, rule, denials, device))
			err = dg_note_also(&s->rules[rule], device);
	}
	return err;
}
