// SPDX-License-Identifier: GPL-2.0-only
#include "random_device.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const unsigned int measurements[MEASUREMENT_COUNT] = {1, 7, DG_MEAS_MAX};

/* A value of the attribute in JSON, appended to @ret. */
static void json_value(struct random *r, const struct dg_attr *attr, struct text *ret)
{
	char string[512];

	switch (attr->type) {
	case DG_TYPE_INT:
		put(ret, "%" PRIu64, (uint64_t)strtoull(PICK(r, ints), NULL, 0) + pick(r, 3) - 1);
		break;
	case DG_TYPE_BOOL:
		put_literal(r, ret, attr, false);
		break;
	case DG_TYPE_STRING:
		string_value(r, string);
		put_quoted(ret, string);
		break;
	default:
		put(ret, "\"");
		put_literal(r, ret, attr, false);
		put(ret, "\"");
	}
}

/* Often empty or with one element; now and then with more than are known. */
static void json_set(struct random *r, const struct dg_attr *attr, struct text *ret)
{
	size_t count = chance(r, 3) ? 40 : chance(r, 15) ? pick(r, 18) : pick(r, 4);

	put(ret, "[");
	for (size_t i = 0; i < count; i++) {
		put(ret, i > 0 ? "," : "");
		json_value(r, attr, ret);
	}
	put(ret, "]");
}

static const struct dg_attr *value_attr(size_t index)
{
	return dg_schema_attr(index < DG_ATTR_MAX ? (enum dg_attr_id)index : DG_ATTR_SPDM_MEAS);
}

void device_done(struct device_recipe *device)
{
	for (size_t i = 0; i < VALUES; i++)
		free(device->values[i]);
	*device = (struct device_recipe){};
}

/* What a device has all or nothing of, mostly by its bus: it has tables of its own by what it
 * lacks. */
static unsigned int group_of(const struct dg_attr *attr)
{
	if (!strncmp(attr->name, "pci.", 4))
		return 1;
	if (!strncmp(attr->name, "usb.", 4))
		return 2;
	return attr->set ? 3 : attr->type == DG_TYPE_DIGEST ? 4 : 0;
}

void make_device(struct random *r, struct device_recipe *ret)
{
	bool lacks[5] = {false, chance(r, 50), chance(r, 50), chance(r, 60), chance(r, 60)};
	static struct text value;

	for (size_t i = 0; i < VALUES; i++) {
		const struct dg_attr *attr = value_attr(i);

		if (i == DG_ATTR_SPDM_MEAS || lacks[group_of(attr)] ||
		    chance(r, attr->type == DG_TYPE_DIGEST ? 50 : 20))
			continue;
		value.len = 0;
		if (attr->set)
			json_set(r, attr, &value);
		else
			json_value(r, attr, &value);
		ret->values[i] = strdup(value.bytes);
	}
}

void device_text(const struct device_recipe *device, struct text *ret)
{
	const char *before = "";

	ret->len = 0;
	put(ret, "{");
	for (size_t i = 0; i < VALUES; i++) {
		if (!device->values[i])
			continue;
		put(ret, "%s\"%s", before, value_attr(i)->name);
		if (i >= DG_ATTR_MAX)
			put(ret, ".%u", measurements[i - DG_ATTR_MAX]);
		put(ret, "\":%s", device->values[i]);
		before = ",";
	}
	put(ret, "}");
}
