// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <jansson.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "denials.h"
#include "map.h"
#include "source.h"

struct dg_log_reader {
	const struct dg_source *source;
	struct dg_diags *diags;
	struct dg_denials *denials;
	struct dg_pos pos;	    /* of the line */
	struct dg_map seen;	    /* hash of a device's text -> device */
	struct dg_map pairs;	    /* device and hash of a rule -> refusal */
	size_t ops_room, refusal_room;
};

DEFINE_CLEANUP(json_t *, json_decref, json)

static int _printf_(2, 3) dg_log_wrong(struct dg_log_reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	dg_diag_vreport(r->diags, DG_E090, &r->pos, fmt, ap);
	va_end(ap);
	return 0;
}

/*
 * The facts as an inventory has them. An event names its subject (name, path, bus) beside the facts; a
 * derived device's facts are its origin's, and so is `origin.bus`.
 */
static json_t *dg_log_facts(const json_t *device)
{
	json_t *facts = json_object(), *value;
	const json_t *origin = json_object_get(device, "origin.bus");
	const char *key;
	bool failed = !facts;

	json_object_foreach((json_t *)(uintptr_t)device, key, value) {
		if (!strcmp(key, "name") || !strcmp(key, "path") || !strcmp(key, "origin.bus"))
			continue;
		if (!strcmp(key, "bus") && origin)
			value = (json_t *)(uintptr_t)origin;
		failed |= json_object_set(facts, key, value) != 0;
	}
	/* Its name is all there is to call it by, when device.name is not known. */
	value = json_object_get(device, "name");
	if (!json_is_string(json_object_get(device, "device.name")) && json_is_string(value))
		failed |= json_object_set(facts, "name", value) != 0;
	if (failed) {
		json_decref(facts);
		return NULL;
	}
	return facts;
}

/* What is wrong with the facts is said of the line: the places in the text made of them mean nothing. */
static int dg_log_repeat(struct dg_log_reader *r, const struct dg_diags *inner)
{
	for (size_t i = 0; i < inner->count; i++)
		dg_diag_report(r->diags, inner->items[i].id, &r->pos, "%s",
			       inner->items[i].message);
	return 0;
}

/* The number of the device with these facts, a new one or not; UINT32_MAX after a report. */
static int dg_log_device(struct dg_log_reader *r, const json_t *device, uint32_t *ret)
{
	struct dg_inventory *all = r->denials->devices;
	_cleanup_(dg_cleanup_json) json_t *facts = dg_log_facts(device);
	_cleanup_diags_ struct dg_diags inner = { 0 };
	_cleanup_free_ char *text = NULL;
	struct dg_device *read;
	uint64_t first, second;
	int err;

	*ret = UINT32_MAX;
	text = facts ? json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (!text)
		return -ENOMEM;
	/* Two hashes: 128 bits do not meet by chance. */
	first = dg_hash(text, strlen(text));
	second = dg_hash(text, strlen(text) / 2) ^ strlen(text);
	if (dg_map_get(&r->seen, first, second, ret))
		return 0;
	err = dg_inventory_device_text("event", text, strlen(text), all->arena, &inner, &read);
	if (err == -EBADMSG)
		return dg_log_repeat(r, &inner);
	if (!err)
		err = dg_array_reserve(&r->denials->ops, &r->ops_room, all->device_count + 1,
				       sizeof(*r->denials->ops));
	if (err || !dg_arena_grow(all->arena, &all->devices, all->device_count,
				  sizeof(*all->devices)))
		return err ?: -ENOMEM;
	*ret = (uint32_t)all->device_count;
	all->devices[all->device_count] = read;
	r->denials->ops[all->device_count++] = 0;
	return dg_map_put(&r->seen, first, second, *ret);
}

static int dg_log_copy(struct dg_log_reader *r, const json_t *string, struct dg_bytes *ret)
{
	size_t len = json_string_length(string);
	char *copy;

	*ret = (struct dg_bytes){ 0 };
	if (!json_is_string(string))
		return 0;
	copy = dg_arena_copy(r->denials->devices->arena, json_string_value(string), len);
	if (!copy)
		return -ENOMEM;
	*ret = (struct dg_bytes){ copy, len };
	return 0;
}

static int dg_log_refusal(struct dg_log_reader *r, const json_t *event, uint32_t device, int op)
{
	struct dg_denials *denials = r->denials;
	const json_t *rule = json_object_get(event, "rule");
	uint64_t hash = json_is_string(rule) ?
				dg_hash(json_string_value(rule), json_string_length(rule)) | 1 :
				0;
	uint32_t at = (uint32_t)denials->refusal_count;
	struct dg_refusal *refusal;
	int err;

	if (!dg_map_get(&r->pairs, device, hash, &at)) {
		err = dg_array_reserve(&denials->refusals, &r->refusal_room, at + 1,
				       sizeof(*denials->refusals));
		if (!err)
			err = dg_map_put(&r->pairs, device, hash, at);
		if (err)
			return err;
		refusal = &denials->refusals[denials->refusal_count++];
		*refusal = (struct dg_refusal){ .device = device };
		err = dg_log_copy(r, rule, &refusal->rule);
		if (err)
			return err;
	}
	refusal = &denials->refusals[at];
	refusal->ops |= 1U << op;
	refusal->count++;
	denials->ops[device] |= 1U << op;
	return dg_log_copy(r, json_object_get(event, "time"), &refusal->last);
}

static int dg_log_decision(struct dg_log_reader *r, const json_t *event)
{
	const json_t *op = json_object_get(event, "op");
	const json_t *verdict = json_object_get(event, "verdict");
	const json_t *device = json_object_get(event, "device");
	uint32_t number;
	int index, err;

	index = json_is_string(op) ? dg_op_find(json_string_value(op), json_string_length(op)) :
				     -ENOENT;
	if (index < 0)
		return dg_log_wrong(r, "`op` names no operation");
	if (!json_is_string(verdict))
		return dg_log_wrong(r, "`verdict` is missing");
	if (!json_is_object(device))
		return dg_log_wrong(r, "`device` is missing");
	r->denials->events++;
	if (strcmp(json_string_value(verdict), "deny"))
		return 0;
	r->denials->denied++;
	err = dg_log_device(r, device, &number);
	if (err || number == UINT32_MAX)
		return err;
	return dg_log_refusal(r, event, number, index);
}

static int dg_log_line(struct dg_log_reader *r, const char *text, size_t len)
{
	_cleanup_(dg_cleanup_json) json_t *event = NULL;
	const json_t *type, *count;
	json_error_t error;

	event = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!event && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!event) {
		dg_diag_report(r->diags, DG_E080, &r->pos, "%s", error.text);
		return 0;
	}
	type = json_object_get(event, "event");
	if (!json_is_string(type))
		return dg_log_wrong(r, "`event` is missing: is this what `devgate watch --json` "
				       "writes?");
	if (!strcmp(json_string_value(type), "decision"))
		return dg_log_decision(r, event);
	count = json_object_get(event, "count");
	if (!strcmp(json_string_value(type), "drop") && json_is_integer(count))
		r->denials->lost += (size_t)json_integer_value(count);
	/* Of other events, and of those to come, nothing is denied. */
	return 0;
}

static int dg_log_read(struct dg_log_reader *r)
{
	for (uint32_t line = 1; line <= r->source->line_count; line++) {
		struct dg_bytes text = dg_source_line(r->source, line);
		int err;

		r->pos = (struct dg_pos){ r->source, line, 1, 2 };
		if (strspn(text.data, " \t\r") >= text.len)
			continue;
		err = dg_log_line(r, text.data, text.len);
		if (err)
			return err;
	}
	return 0;
}

/* Takes @source over. */
static int dg_denials_load_source(struct dg_source *source, struct dg_diags *diags,
				  struct dg_denials **ret)
{
	_cleanup_(dg_cleanup_source) struct dg_source *owned = source;
	_cleanup_(dg_cleanup_denials) struct dg_denials *denials = calloc(1, sizeof(*denials));
	struct dg_log_reader r = { .source = source, .diags = diags, .denials = denials };
	size_t errors = diags->errors;
	int err = -ENOMEM;

	source->order = diags->source_count++;
	if (denials)
		denials->devices = calloc(1, sizeof(*denials->devices));
	if (denials && denials->devices)
		denials->devices->arena = dg_arena_new();
	if (denials && denials->devices && denials->devices->arena)
		err = dg_log_read(&r);
	dg_map_done(&r.seen);
	dg_map_done(&r.pairs);
	if (!err && diags->out_of_memory)
		err = -ENOMEM;
	if (!err && diags->errors != errors)
		err = -EBADMSG;
	if (!err)
		*ret = TAKE_PTR(denials);
	return err;
}

int dg_denials_load(const char *path, struct dg_diags *diags, struct dg_denials **ret)
{
	struct dg_source *source;
	int err = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, false, &source);

	return err ?: dg_denials_load_source(source, diags, ret);
}

int dg_denials_load_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
			 struct dg_denials **ret)
{
	struct dg_source *source;
	int err = dg_source_new(name, text, len, DG_INVENTORY_MAX_BYTES, &source);

	return err ?: dg_denials_load_source(source, diags, ret);
}

void dg_denials_free(struct dg_denials *denials)
{
	if (!denials)
		return;
	dg_inventory_free(denials->devices);
	free(denials->ops);
	free(denials->refusals);
	free(denials);
}
