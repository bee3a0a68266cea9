// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* A device as JSON (language page, section 9). */
#include <string.h>

#include "inventory.h"
#include "json_write.h"
#include "literal.h"
#include "utf8.h"

static void dg_write_value(FILE *out, const struct dg_attr *attr, const struct dg_literal *literal)
{
	if (attr->type == DG_TYPE_STRING) {
		dg_json_write_string(out, literal->str.data, literal->str.len);
		return;
	}
	if (attr->type != DG_TYPE_INT && attr->type != DG_TYPE_BOOL)
		putc('"', out);
	dg_literal_write(out, literal, attr);
	if (attr->type != DG_TYPE_INT && attr->type != DG_TYPE_BOOL)
		putc('"', out);
}

void dg_fact_to_json(FILE *out, const struct dg_attr *attr, const struct dg_fact *fact)
{
	if (!attr->set) {
		dg_write_value(out, attr, &fact->scalar);
		return;
	}
	putc('[', out);
	for (size_t i = 0; i < fact->element_count; i++) {
		if (i)
			putc(',', out);
		dg_write_value(out, attr, &fact->elements[i]);
	}
	putc(']', out);
}

static void dg_write_fact(FILE *out, const struct dg_attr *attr, unsigned int index,
			  const struct dg_fact *fact, const char **separator)
{
	if (!fact->known)
		return;
	fprintf(out, "%s\"%s", *separator, attr->name);
	if (index)
		fprintf(out, ".%u", index);
	fputs("\":", out);
	*separator = ",";
	dg_fact_to_json(out, attr, fact);
}

static bool dg_label_is_name(const struct dg_device *device)
{
	const struct dg_fact *own = &device->facts[DG_ATTR_DEVICE_NAME];
	const struct dg_bytes *label = &device->label;

	if (!label->data)
		return false;
	if (own->known)
		return label->len != own->scalar.str.len ||
		       memcmp(label->data, own->scalar.str.data, label->len);
	if (label->len < 2 || label->data[0] != '#')
		return true;
	for (size_t i = 1; i < label->len; i++)
		if (label->data[i] < '0' || label->data[i] > '9')
			return true;
	return false;
}

static bool dg_literal_is_utf8(const struct dg_literal *literal)
{
	return literal->type != DG_TYPE_STRING ||
	       dg_utf8_valid(literal->str.data, literal->str.len);
}

bool dg_device_is_utf8(const struct dg_device *device)
{
	/* Measurements are no strings. */
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_fact *fact = &device->facts[id];
		bool set = dg_schema_attr((enum dg_attr_id)id)->set;

		if (!fact->known || id == DG_ATTR_SPDM_MEAS)
			continue;
		if (!set && !dg_literal_is_utf8(&fact->scalar))
			return false;
		for (size_t i = 0; set && i < fact->element_count; i++)
			if (!dg_literal_is_utf8(&fact->elements[i]))
				return false;
	}
	return true;
}

int dg_device_to_json(const struct dg_device *device, char **ret)
{
	_cleanup_free_ char *text = NULL;
	const char *separator = "";
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	putc('{', out);
	if (dg_label_is_name(device)) {
		fputs("\"name\":", out);
		dg_json_write_string(out, device->label.data, device->label.len);
		separator = ",";
	}
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);

		if (id != DG_ATTR_SPDM_MEAS) {
			dg_write_fact(out, attr, 0, &device->facts[id], &separator);
			continue;
		}
		for (size_t i = 0; i < device->measurement_count; i++)
			dg_write_fact(out, attr, device->measurements[i].index,
				      &device->measurements[i].fact, &separator);
	}
	putc('}', out);
	if (ferror(out)) {
		fclose(out);
		return -ENOMEM;
	}
	if (fclose(out))
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return 0;
}
