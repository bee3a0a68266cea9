// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* From the members of a JSON object to the facts of a device (language page, section 9). */
#include <jansson.h>
#include <string.h>

#include "frontend.h"
#include "inventory.h"
#include "inventory_read.h"
#include "literal.h"
#include "suggest.h"

bool dg_fact_set_elements(struct dg_fact *fact, const struct dg_attr *attr,
			  struct dg_literal *elements, size_t count)
{
	size_t most = attr->type == DG_TYPE_STRING ? DG_SET_MAX_STRINGS : DG_SET_MAX_CLASSES;
	size_t distinct = 0;

	for (size_t i = 0; i < count; i++) {
		size_t k;

		for (k = 0; k < distinct; k++)
			if (dg_literal_equal(&elements[k], &elements[i]))
				break;
		if (k < distinct)
			continue;
		if (distinct == most)
			return false;
		elements[distinct++] = elements[i];
	}
	fact->known = true;
	fact->elements = elements;
	fact->element_count = distinct;
	return true;
}

int dg_device_set_label(struct dg_device *device, struct dg_bytes name, size_t position,
			struct dg_arena *arena)
{
	const struct dg_fact *own = &device->facts[DG_ATTR_DEVICE_NAME];
	char text[32];

	if (name.data) {
		device->label = name;
	} else if (own->known) {
		device->label = own->scalar.str;
	} else {
		int len = snprintf(text, sizeof(text), "#%zu", position);
		char *copy = dg_arena_copy(arena, text, (size_t)len);

		if (!copy)
			return -ENOMEM;
		device->label = (struct dg_bytes){ copy, (size_t)len };
	}
	return 0;
}

static int dg_copy_string(struct dg_reader *r, const json_t *value, struct dg_bytes *ret)
{
	size_t len = json_string_length(value);
	char *copy = dg_arena_copy(r->arena, json_string_value(value), len);

	if (!copy)
		return -ENOMEM;
	*ret = (struct dg_bytes){ copy, len };
	return 0;
}

/* Where something stands, as offsets: what a position costs is spent on what is reported only. */
struct dg_place {
	size_t from, to;
	struct dg_elements *elements; /* of a set: the place is that of the one numbered @element */
	size_t element;
};

/* As far as somebody asked: none is asked for again behind a later one. */
struct dg_elements {
	size_t at; /* the bracket or comma before the next one */
	size_t next;
	size_t from, to; /* the last one */
};

static struct dg_pos dg_place_pos(const struct dg_reader *r, const struct dg_place *place)
{
	struct dg_elements *e = place->elements;

	if (!e || r->source->text[place->from] != '[')
		return dg_source_pos(r->source, place->from, place->to);
	for (; e->next <= place->element; e->next++)
		e->at = dg_json_element(r->source, e->at, &e->from, &e->to);
	return dg_source_pos(r->source, e->from, e->to);
}

/* What became of a value. */
enum dg_reading {
	DG_READ_VALUE,
	DG_READ_UNKNOWN, /* a warning was given */
	DG_READ_WRONG,	 /* an error was reported */
};

static enum dg_reading _printf_(4, 5) dg_wrong(struct dg_reader *r, enum dg_diag_id id,
					       const struct dg_place *place, const char *fmt, ...)
{
	struct dg_pos pos = dg_place_pos(r, place);
	va_list ap;

	va_start(ap, fmt);
	dg_diag_vreport(r->diags, id, &pos, fmt, ap);
	va_end(ap);
	return dg_diag_info(id)->severity == DG_SEVERITY_ERROR ? DG_READ_WRONG : DG_READ_UNKNOWN;
}

static enum dg_reading dg_read_enum(struct dg_reader *r, const struct dg_attr *attr,
				    const char *text, const struct dg_place *place,
				    struct dg_literal *ret)
{
	const char *const *names = dg_schema_enum_names(attr);
	struct dg_suggestion near = dg_suggest_start(text, strlen(text));

	for (ret->num = 0; names[ret->num]; ret->num++)
		if (!strcmp(names[ret->num], text))
			return DG_READ_VALUE;
	dg_suggest_names(&near, names);
	return dg_wrong(r, DG_E084, place, "%s has no name \"%.60s\"%s", attr->name, text,
			dg_suggest_text(&near));
}

/* A literal of the language in a JSON string. -ENOMEM or what became of it. */
static int dg_read_literal(struct dg_reader *r, const struct dg_attr *attr, const json_t *value,
			   const struct dg_place *place, struct dg_literal *ret)
{
	const char *text = json_string_value(value);
	struct dg_literal_problem problem;
	struct dg_digest digest, *copy;

	if (!dg_literal_parse(text, json_string_length(value), &digest, ret, &problem)) {
		bool shape = problem.error == DG_LITERAL_MALFORMED ||
			     problem.error == DG_LITERAL_LONG;

		return (int)dg_wrong(r, DG_E084, place, "%s is of type %s; \"%.60s\": %s%s",
				     attr->name, dg_type_name(attr->type), text,
				     shape ? problem.why : dg_type_form(attr->type),
				     shape ? "" : " is wanted");
	}
	if (ret->type != attr->type)
		return (int)dg_wrong(r, DG_E084, place, "%s is of type %s, the value %s",
				     attr->name, dg_type_name(attr->type), dg_type_name(ret->type));
	if (dg_literal_is_pattern(ret))
		return (int)dg_wrong(r, DG_E084, place, "a fact is no pattern, as \"%s\" is", text);
	if (ret->type == DG_TYPE_DIGEST) {
		copy = dg_arena_new_of(r->arena, struct dg_digest);
		if (!copy)
			return -ENOMEM;
		*copy = digest;
		ret->digest = copy;
	}
	return DG_READ_VALUE;
}

static const char *dg_json_kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a bool";
	case JSON_NULL:
		return "null";
	default:
		return "an int";
	}
}

/* One scalar value, or one element of a set. -ENOMEM or what became of it. */
static int dg_read_scalar(struct dg_reader *r, const struct dg_attr *attr, const json_t *value,
			  const struct dg_place *place, struct dg_literal *ret)
{
	/* No place: the file is not kept as long as the fact. */
	*ret = (struct dg_literal){ .type = attr->type, .mask = UINT64_MAX };
	switch (attr->type) {
	case DG_TYPE_INT:
		if (!json_is_integer(value))
			break;
		if (json_integer_value(value) < 0) /* json_scan.h */
			ret->num = r->scan.big[-1 - json_integer_value(value)];
		else
			ret->num = (uint64_t)json_integer_value(value);
		return DG_READ_VALUE;
	case DG_TYPE_BOOL:
		if (!json_is_boolean(value))
			break;
		ret->num = json_is_true(value);
		return DG_READ_VALUE;
	case DG_TYPE_STRING:
		if (!json_is_string(value))
			break;
		if (json_string_length(value) > DG_STR_BYTES)
			return (int)dg_wrong(r, DG_E206, place,
					     "%s has %zu bytes; over %d it is unknown", attr->name,
					     json_string_length(value), DG_STR_BYTES);
		return dg_copy_string(r, value, &ret->str) ?: DG_READ_VALUE;
	case DG_TYPE_ENUM:
		if (!json_is_string(value))
			break;
		return (int)dg_read_enum(r, attr, json_string_value(value), place, ret);
	default:
		if (!json_is_string(value))
			break;
		return dg_read_literal(r, attr, value, place, ret);
	}
	return (int)dg_wrong(r, DG_E084, place, "%s is of type %s, written in JSON as %s; this is %s",
			     attr->name, dg_type_name(attr->type),
			     attr->type == DG_TYPE_INT	? "a number" :
			     attr->type == DG_TYPE_BOOL ? "true or false" :
							  "a string",
			     dg_json_kind(value));
}

static int dg_read_set(struct dg_reader *r, const struct dg_attr *attr, const json_t *value,
		       const struct dg_place *place, struct dg_fact *fact)
{
	struct dg_elements read = { .at = place->from };
	struct dg_place at = { place->from, place->to, &read, 0 };
	size_t size = json_array_size(value);
	struct dg_literal *elements;
	bool usable = true;

	if (!json_is_array(value)) {
		dg_wrong(r, DG_E084, place, "%s is a set, written as a JSON array; this is %s",
			 attr->name, dg_json_kind(value));
		return 0;
	}
	elements = dg_arena_alloc(r->arena, size * sizeof(*elements));
	if (!elements)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++) {
		int reading;

		at.element = i;
		reading = dg_read_scalar(r, attr, json_array_get(value, i), &at, &elements[i]);

		if (reading < 0)
			return reading;
		if (reading != DG_READ_VALUE)
			usable = false;
	}
	if (usable && !dg_fact_set_elements(fact, attr, elements, size))
		dg_wrong(r, DG_E207, place, "%s has more than %d distinct elements: unknown",
			 attr->name,
			 attr->type == DG_TYPE_STRING ? DG_SET_MAX_STRINGS : DG_SET_MAX_CLASSES);
	return 0;
}

static int dg_read_member(struct dg_reader *r, struct dg_device *device, const char *key,
			  const json_t *value, const struct dg_json_member *member,
			  struct dg_bytes *name)
{
	struct dg_place key_place = { .from = member->key, .to = member->key_end };
	struct dg_place place = { .from = member->value, .to = member->value_end };
	const struct dg_attr *attr;
	struct dg_fact *fact;
	unsigned int index;
	int reading;

	if (!strcmp(key, "name")) {
		if (json_is_null(value))
			return 0;
		if (json_is_string(value))
			return dg_copy_string(r, value, name);
		dg_wrong(r, DG_E084, &place, "the label \"name\" is a string; this is %s",
			 dg_json_kind(value));
		return 0;
	}
	attr = dg_schema_find(key, strlen(key), &index);
	if (!attr) {
		struct dg_suggestion near = dg_suggest_start(key, strlen(key));

		if (!dg_diags_full(r->diags))
			dg_suggest_attrs(&near);
		dg_wrong(r, DG_E205, &key_place, "no attribute is called \"%.60s\"%s", key,
			 dg_suggest_attr_text(&near));
		return 0;
	}
	if (json_is_null(value))
		return 0;
	fact = dg_device_fact_place(device, attr, index, r->arena);
	if (!fact)
		return -ENOMEM;
	if (attr->set)
		return dg_read_set(r, attr, value, &place, fact);
	reading = dg_read_scalar(r, attr, value, &place, &fact->scalar);
	if (reading < 0)
		return reading;
	fact->known = reading == DG_READ_VALUE;
	return 0;
}

int dg_reader_device(struct dg_reader *r, json_t *object, struct dg_device **ret)
{
	struct dg_device *device = dg_arena_new_of(r->arena, struct dg_device);
	struct dg_bytes name = { 0 };
	size_t member = 0;
	const char *key;
	json_t *value;
	int err;

	if (!device)
		return -ENOMEM;
	/* The library keeps the order of the text, and so does the list of places. */
	json_object_foreach(object, key, value) {
		struct dg_json_member none = { 0 };

		err = dg_read_member(r, device, key, value,
				     member < r->scan.member_count ? &r->scan.members[member++] :
								     &none,
				     &name);
		if (err)
			return err;
	}
	err = dg_device_set_label(device, name, r->device_count, r->arena);
	if (!err)
		*ret = device;
	return err;
}
