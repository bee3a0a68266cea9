// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <jansson.h>
#include <string.h>

#include "frontend.h"
#include "inventory.h"
#include "json_scan.h"
#include "json_write.h"
#include "literal.h"
#include "suggest.h"

struct dg_reader {
	const struct dg_source *source;
	struct dg_diags *diags;
	struct dg_arena *arena;
	struct dg_json_scan scan;
	size_t member; /* next of scan.members */
	struct dg_device **devices;
	size_t device_count;
};

DEFINE_CLEANUP(json_t *, json_decref, json)

static void dg_reader_done(struct dg_reader *reader)
{
	dg_json_scan_done(&reader->scan);
}

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

/* What became of a value. */
enum dg_reading {
	DG_READ_VALUE,
	DG_READ_UNKNOWN, /* a warning was given */
	DG_READ_WRONG,	 /* an error was reported */
};

static enum dg_reading _printf_(4, 5) dg_wrong(struct dg_reader *r, enum dg_diag_id id,
					       const struct dg_pos *pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	dg_diag_vreport(r->diags, id, pos, fmt, ap);
	va_end(ap);
	return dg_diag_info(id)->severity == DG_SEVERITY_ERROR ? DG_READ_WRONG : DG_READ_UNKNOWN;
}

static enum dg_reading dg_read_enum(struct dg_reader *r, const struct dg_attr *attr,
				    const char *text, const struct dg_pos *pos,
				    struct dg_literal *ret)
{
	const char *const *names = dg_schema_enum_names(attr);
	struct dg_suggestion near = dg_suggest_start(text, strlen(text));

	for (ret->num = 0; names[ret->num]; ret->num++)
		if (!strcmp(names[ret->num], text))
			return DG_READ_VALUE;
	dg_suggest_names(&near, names);
	return dg_wrong(r, DG_E084, pos, "%s has no name \"%.60s\"%s", attr->name, text,
			dg_suggest_text(&near));
}

/* A literal of the language in a JSON string. */
static enum dg_reading dg_read_literal(struct dg_reader *r, const struct dg_attr *attr,
				       const json_t *value, const struct dg_pos *pos,
				       struct dg_literal *ret)
{
	const char *text = json_string_value(value);
	struct dg_literal_problem problem;

	if (!dg_literal_parse(text, json_string_length(value), ret, &problem))
		return dg_wrong(r, DG_E084, pos, "%s is of type %s; \"%.60s\": %s", attr->name,
				dg_type_name(attr->type), text, problem.why);
	if (ret->type != attr->type)
		return dg_wrong(r, DG_E084, pos, "%s is of type %s, the value %s", attr->name,
				dg_type_name(attr->type), dg_type_name(ret->type));
	if (dg_literal_is_pattern(ret))
		return dg_wrong(r, DG_E084, pos, "a fact is no pattern, as \"%s\" is", text);
	return DG_READ_VALUE;
}

/* One scalar value, or one element of a set. -ENOMEM or what became of it. */
static int dg_read_scalar(struct dg_reader *r, const struct dg_attr *attr, const json_t *value,
			  const struct dg_pos *pos, struct dg_literal *ret)
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
			return (int)dg_wrong(r, DG_E206, pos,
					     "%s has %zu bytes; over %d it is unknown", attr->name,
					     json_string_length(value), DG_STR_BYTES);
		return dg_copy_string(r, value, &ret->str) ?: DG_READ_VALUE;
	case DG_TYPE_ENUM:
		if (!json_is_string(value))
			break;
		return (int)dg_read_enum(r, attr, json_string_value(value), pos, ret);
	default:
		if (!json_is_string(value))
			break;
		return (int)dg_read_literal(r, attr, value, pos, ret);
	}
	return (int)dg_wrong(r, DG_E084, pos, "%s is of type %s, written in JSON as %s", attr->name,
			     dg_type_name(attr->type),
			     attr->type == DG_TYPE_INT	? "a number" :
			     attr->type == DG_TYPE_BOOL ? "true or false" :
							  "a string");
}

static int dg_read_set(struct dg_reader *r, const struct dg_attr *attr, const json_t *value,
		       const struct dg_pos *pos, struct dg_fact *fact)
{
	size_t size = json_array_size(value);
	struct dg_literal *elements;
	bool usable = true;

	if (!json_is_array(value)) {
		dg_wrong(r, DG_E084, pos, "%s is a set, written as a JSON array", attr->name);
		return 0;
	}
	elements = dg_arena_alloc(r->arena, size * sizeof(*elements));
	if (!elements)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++) {
		int reading = dg_read_scalar(r, attr, json_array_get(value, i), pos, &elements[i]);

		if (reading < 0)
			return reading;
		if (reading != DG_READ_VALUE)
			usable = false;
	}
	if (usable && !dg_fact_set_elements(fact, attr, elements, size))
		dg_wrong(r, DG_E207, pos, "%s has more than %d distinct elements: unknown",
			 attr->name,
			 attr->type == DG_TYPE_STRING ? DG_SET_MAX_STRINGS : DG_SET_MAX_CLASSES);
	return 0;
}

static int dg_read_member(struct dg_reader *r, struct dg_device *device, const char *key,
			  const json_t *value, const struct dg_json_member *member,
			  struct dg_bytes *name)
{
	struct dg_pos key_pos = dg_source_pos(r->source, member->key, member->key_end);
	struct dg_pos pos = dg_source_pos(r->source, member->value, member->value_end);
	const struct dg_attr *attr;
	struct dg_fact *fact;
	unsigned int index;
	int reading;

	if (!strcmp(key, "name")) {
		if (json_is_null(value))
			return 0;
		if (json_is_string(value))
			return dg_copy_string(r, value, name);
		dg_wrong(r, DG_E084, &pos, "the label \"name\" is a string");
		return 0;
	}
	attr = dg_schema_find(key, strlen(key), &index);
	if (!attr) {
		struct dg_suggestion near = dg_suggest_start(key, strlen(key));

		dg_suggest_attrs(&near);
		dg_wrong(r, DG_E205, &key_pos, "no attribute is called \"%.60s\"%s", key,
			 dg_suggest_text(&near));
		return 0;
	}
	if (json_is_null(value))
		return 0;
	fact = dg_device_fact_place(device, attr, index, r->arena);
	if (!fact)
		return -ENOMEM;
	if (attr->set)
		return dg_read_set(r, attr, value, &pos, fact);
	reading = dg_read_scalar(r, attr, value, &pos, &fact->scalar);
	if (reading < 0)
		return reading;
	fact->known = reading == DG_READ_VALUE;
	return 0;
}

static int dg_read_device(struct dg_reader *r, json_t *object)
{
	struct dg_device *device = dg_arena_new_of(r->arena, struct dg_device);
	struct dg_bytes name = { 0 };
	const char *key;
	json_t *value;
	int err;

	if (!device)
		return -ENOMEM;
	/* The library keeps the order of the text, and so does the list of places. */
	json_object_foreach(object, key, value) {
		struct dg_json_member none = { 0 };
		const struct dg_json_member *member = &none;

		if (r->member < r->scan.member_count)
			member = &r->scan.members[r->member++];
		err = dg_read_member(r, device, key, value, member, &name);
		if (err)
			return err;
	}
	err = dg_device_set_label(device, name, r->device_count + 1, r->arena);
	if (err)
		return err;
	if (!dg_arena_grow(r->arena, &r->devices, r->device_count, sizeof(*r->devices)))
		return -ENOMEM;
	r->devices[r->device_count++] = device;
	return 0;
}

static void dg_report_json(struct dg_reader *r, size_t base, const json_error_t *error)
{
	size_t at = base + (error->position > 0 ? (size_t)error->position : 0);
	enum dg_diag_id id = DG_E080;
	struct dg_pos pos;

	/* The library is behind what it complains about. */
	if (at > base)
		at--;
	if (at > r->source->len)
		at = r->source->len;
	pos = dg_source_pos(r->source, at, at + 1);
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		id = DG_E081;
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		id = DG_E082;
		break;
	default:
		break;
	}
	dg_diag_report(r->diags, id, &pos, "%s", error->text);
}

static size_t dg_skip_blank(const struct dg_source *source, size_t at, bool *ret_new_line)
{
	const char *text = source->text;

	for (; at < source->len && memchr(" \t\r\n", text[at], 4); at++)
		if (text[at] == '\n')
			*ret_new_line = true;
	return at;
}

static int dg_read_array(struct dg_reader *r, const json_t *array, const struct dg_pos *pos)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *element = json_array_get(array, i);
		int err;

		if (!json_is_object(element)) {
			dg_diag_report(r->diags, DG_E085, pos, "element %zu is no object", i + 1);
			continue;
		}
		err = dg_read_device(r, element);
		if (err)
			return err;
	}
	return 0;
}

/* One JSON value at @at; *@ret_end is where it ends. *@ret_last: nothing may follow. */
static int dg_read_value(struct dg_reader *r, size_t at, size_t *ret_end, bool *ret_last)
{
	_cleanup_(dg_cleanup_json) json_t *value = NULL;
	struct dg_pos pos = dg_source_pos(r->source, at, at + 1);
	json_error_t error;

	value = json_loadb(r->scan.text + at, r->source->len - at,
			   JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY,
			   &error);
	*ret_last = true;
	if (!value && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!value) {
		dg_report_json(r, at, &error);
		*ret_end = r->source->len;
		return 0;
	}
	*ret_end = at + (size_t)error.position;
	if (json_is_object(value)) {
		*ret_last = false;
		return dg_read_device(r, value);
	}
	if (json_is_array(value))
		return dg_read_array(r, value, &pos);
	dg_diag_report(r->diags, DG_E085, &pos, "an object, or an array of objects, is wanted");
	return 0;
}

static int dg_read_all(struct dg_reader *r)
{
	const char *nul = memchr(r->source->text, 0, r->source->len);
	bool last = false, new_line = true;
	struct dg_pos pos;
	size_t at, end;
	int err;

	if (nul) {
		at = (size_t)(nul - r->source->text);
		pos = dg_source_pos(r->source, at, at + 1);
		dg_diag_report(r->diags, DG_E082, &pos, "a NUL byte in the text");
		return 0;
	}
	at = dg_skip_blank(r->source, 0, &new_line);
	if (at == r->source->len) {
		pos = dg_source_pos(r->source, at, at + 1);
		dg_diag_report(r->diags, DG_E080, &pos, "the file is empty");
		return 0;
	}
	while (at < r->source->len) {
		if (last || !new_line) {
			pos = dg_source_pos(r->source, at, at + 1);
			dg_diag_report(r->diags, DG_E080, &pos,
				       last ? "the file goes on behind its end" :
					      "each object begins on a line of its own");
			return 0;
		}
		err = dg_read_value(r, at, &end, &last);
		if (err)
			return err;
		new_line = false;
		at = dg_skip_blank(r->source, end, &new_line);
		/* Only objects may stand one a line. */
		last |= at < r->source->len && r->source->text[at] != '{';
	}
	return 0;
}

/* Every device of @source into the reader. 0, -EBADMSG after reports, -ENOMEM. */
static int dg_reader_run(struct dg_reader *r)
{
	size_t errors = r->diags->errors;
	int err;

	err = dg_json_scan(r->source, r->diags, &r->scan);
	if (!err || err == -EBADMSG)
		err = dg_read_all(r);
	if (!err && r->diags->out_of_memory)
		err = -ENOMEM;
	if (!err && r->diags->errors != errors)
		err = -EBADMSG;
	return err;
}

/* Takes @source over. */
static int dg_inventory_load_source(struct dg_source *source, struct dg_diags *diags,
				    struct dg_inventory **ret)
{
	_cleanup_(dg_cleanup_source) struct dg_source *owned = source;
	_cleanup_(dg_cleanup_arena) struct dg_arena *arena = dg_arena_new();
	_cleanup_(dg_reader_done) struct dg_reader reader = {
		.source = source,
		.diags = diags,
		.arena = arena,
	};
	struct dg_inventory *inventory;
	int err;

	if (!arena)
		return -ENOMEM;
	source->order = diags->source_count++;
	err = dg_reader_run(&reader);
	if (err)
		return err;
	inventory = calloc(1, sizeof(*inventory));
	if (!inventory)
		return -ENOMEM;
	inventory->arena = TAKE_PTR(arena);
	inventory->devices = reader.devices;
	inventory->device_count = reader.device_count;
	*ret = inventory;
	return 0;
}

int dg_inventory_load(const char *path, struct dg_diags *diags, struct dg_inventory **ret)
{
	struct dg_source *source;
	int err = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, false, &source);

	return err ?: dg_inventory_load_source(source, diags, ret);
}

int dg_inventory_load_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
			   struct dg_inventory **ret)
{
	struct dg_source *source;
	int err = dg_source_new(name, text, len, DG_INVENTORY_MAX_BYTES, &source);

	return err ?: dg_inventory_load_source(source, diags, ret);
}

void dg_inventory_free(struct dg_inventory *inventory)
{
	if (!inventory)
		return;
	dg_arena_free(inventory->arena);
	free(inventory);
}

int dg_inventory_read_device(const char *path, struct dg_arena *arena, struct dg_diags *diags,
			     struct dg_device **ret)
{
	_cleanup_(dg_cleanup_source) struct dg_source *source = NULL;
	_cleanup_(dg_reader_done) struct dg_reader reader = { .diags = diags, .arena = arena };
	struct dg_pos pos;
	int err;

	err = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, true, &source);
	if (err)
		return err;
	source->order = diags->source_count++;
	reader.source = source;
	err = dg_reader_run(&reader);
	if (err)
		return err;
	if (reader.device_count != 1) {
		pos = dg_source_pos(source, 0, 1);
		dg_diag_report(diags, DG_E085, &pos, "one device is wanted, the file holds %zu",
			       reader.device_count);
		return -EBADMSG;
	}
	*ret = reader.devices[0];
	return 0;
}

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
