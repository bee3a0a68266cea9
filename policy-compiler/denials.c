// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <jansson.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "denials.h"
#include "inventory_read.h"
#include "map.h"
#include "source.h"

struct dg_log_reader {
	const struct dg_source *source;
	struct dg_diags *diags;
	struct dg_denials *denials;
	struct dg_reader reader;    /* its scan is of the device */
	struct dg_json_scan line;   /* the event */
	size_t limit;		    /* where the line ends */
	struct dg_map seen;	    /* hash of a device's text -> device */
	struct dg_map pairs;	    /* device and hash of a rule -> refusal */
	size_t ops_room, refusal_room;
};

DEFINE_CLEANUP(json_t *, json_decref, json)

/* Where the member of the event stands; the whole line's first byte when there is none. */
static struct dg_json_member dg_log_place(const struct dg_log_reader *r, const json_t *event,
					  const char *wanted)
{
	size_t start = r->line.start, at = 0;
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)event, key, value) {
		if (!strcmp(key, wanted))
			return r->line.members[at];
		at++;
	}
	return (struct dg_json_member){ start, start + 1, start, start + 1 };
}

static int _printf_(4, 5) dg_log_wrong(struct dg_log_reader *r, const json_t *event,
				       const char *member, const char *fmt, ...)
{
	struct dg_json_member place = dg_log_place(r, event, member);
	struct dg_pos pos = dg_source_pos(r->source, place.value, place.value_end);
	va_list ap;

	va_start(ap, fmt);
	dg_diag_vreport(r->diags, DG_E090, &pos, fmt, ap);
	va_end(ap);
	return 0;
}

/* Facts as they are put together, and where each of them stands. */
struct dg_log_facts {
	json_t *object;
	struct dg_json_member *members;
	size_t count;
	bool failed;
};

static void dg_log_fact(struct dg_log_facts *facts, const char *key, json_t *value,
			const struct dg_json_member *place)
{
	facts->failed |= json_object_set(facts->object, key, value) != 0;
	facts->members[facts->count++] = *place;
}

/*
 * The driver that was judged, where the facts do not name it. That of a derived device is none of its
 * origin's facts.
 */
static json_t *dg_log_driver(const json_t *event, const json_t *device)
{
	json_t *driver = json_object_get(event, "driver");

	if (!json_is_string(driver) || json_is_true(json_object_get(event, "derived")) ||
	    json_object_get(device, "origin.bus") ||
	    json_is_string(json_object_get(device, "driver.name")))
		return NULL;
	return driver;
}

/*
 * The facts as an inventory has them. An event names its subject (name, path, bus) beside the facts; a
 * derived device's facts are its origin's, and so is `origin.bus`. The places of the reader's scan are
 * those of the facts afterwards. NULL: out of memory.
 */
static json_t *dg_log_facts(struct dg_log_reader *r, const json_t *event, const json_t *device)
{
	struct dg_json_scan *scan = &r->reader.scan;
	bool derived = json_is_true(json_object_get(event, "derived"));
	struct dg_log_facts facts = { .object = json_object() };
	json_t *driver = dg_log_driver(event, device), *value;
	struct dg_json_member name = { 0 }, place;
	const char *key;
	size_t at = 0;

	if (!facts.object ||
	    dg_array_reserve(&scan->members, &scan->member_room, scan->member_count + 2,
			     sizeof(*scan->members)))
		facts.failed = true;
	facts.members = scan->members;
	json_object_foreach((json_t *)(uintptr_t)device, key, value) {
		if (facts.failed)
			break;
		/* Never behind where it is read: what is kept moves up. */
		place = scan->members[at++];
		if (!strcmp(key, "name"))
			name = place;
		else if (!strcmp(key, "origin.bus"))
			dg_log_fact(&facts, "bus", value, &place);
		else if (!strcmp(key, "driver.name") && driver)
			continue;
		else if (strcmp(key, "path") &&
			 (strcmp(key, "bus") ||
			  !(derived || json_object_get(device, "origin.bus"))))
			dg_log_fact(&facts, key, value, &place);
	}
	if (driver && !facts.failed) {
		place = dg_log_place(r, event, "driver");
		dg_log_fact(&facts, "driver.name", driver, &place);
	}
	/* Its name is all there is to call it by, when device.name is not known. */
	value = json_object_get(device, "name");
	if (!json_is_string(json_object_get(device, "device.name")) && json_is_string(value) &&
	    !facts.failed)
		dg_log_fact(&facts, "name", value, &name);
	scan->member_count = facts.count;
	if (!facts.failed)
		return facts.object;
	json_decref(facts.object);
	return NULL;
}

/* Read the facts, unless such a device was there before: its number, or UINT32_MAX after a report. */
static int dg_log_read_device(struct dg_log_reader *r, json_t *facts, uint32_t *ret)
{
	struct dg_inventory *all = r->denials->devices;
	const struct dg_json_scan *scan = &r->reader.scan;
	size_t errors = r->diags->errors;
	_cleanup_free_ char *text = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);
	uint64_t first, second;
	struct dg_device *read;
	int err;

	if (!text)
		return -ENOMEM;
	/* Two hashes: 128 bits do not meet by chance. Large numbers stand apart (json_scan.h). */
	first = dg_hash(text, strlen(text));
	second = dg_hash(text, strlen(text) / 2) ^ strlen(text);
	if (scan->big_count)
		first ^= dg_hash(scan->big, scan->big_count * sizeof(*scan->big));
	if (dg_map_get(&r->seen, first, second, ret))
		return 0;
	r->reader.device_count = all->device_count + 1;
	err = dg_reader_device(&r->reader, facts, &read);
	if (err || r->diags->errors != errors)
		return err;
	err = dg_array_reserve(&r->denials->ops, &r->ops_room, all->device_count + 1,
			       sizeof(*r->denials->ops));
	if (err || !dg_arena_grow(all->arena, &all->devices, all->device_count,
				  sizeof(*all->devices)))
		return -ENOMEM;
	*ret = (uint32_t)all->device_count;
	all->devices[all->device_count] = read;
	r->denials->ops[all->device_count++] = 0;
	return dg_map_put(&r->seen, first, second, *ret);
}

/* The number of the event's device, a new one or not; UINT32_MAX after a report. */
static int dg_log_device(struct dg_log_reader *r, const json_t *event, uint32_t *ret)
{
	_cleanup_(dg_cleanup_json) json_t *device = NULL, *facts = NULL;
	struct dg_json_scan *scan = &r->reader.scan;
	bool wrong;
	int err;

	*ret = UINT32_MAX;
	err = dg_json_scan_value(scan, r->source, dg_log_place(r, event, "device").value, r->limit);
	if (err)
		return err;
	wrong = dg_json_scan_report(scan, r->source, r->limit, r->diags);
	/* A second time, for numbers that only the device's own scan counts. */
	device = json_loadb(scan->parsed, scan->end - scan->start, JSON_REJECT_DUPLICATES, NULL);
	facts = device ? dg_log_facts(r, event, device) : NULL;
	err = facts ? dg_log_read_device(r, facts, ret) : -ENOMEM;
	if (wrong)
		*ret = UINT32_MAX;
	return err;
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
	const json_t *driver = json_object_get(event, "driver");
	uint32_t number;
	int index, err;

	index = json_is_string(op) ? dg_op_find(json_string_value(op), json_string_length(op)) :
				     -ENOENT;
	if (index < 0)
		return dg_log_wrong(r, event, "op", "`op` names no operation");
	if (!json_is_string(verdict))
		return dg_log_wrong(r, event, "verdict", "`verdict` is missing");
	if (!json_is_object(json_object_get(event, "device")))
		return dg_log_wrong(r, event, "device", "`device` is missing");
	if (driver && !json_is_string(driver) && !json_is_null(driver))
		return dg_log_wrong(r, event, "driver", "`driver` is a string, or null");
	r->denials->events++;
	if (strcmp(json_string_value(verdict), "deny"))
		return 0;
	r->denials->denied++;
	err = dg_log_device(r, event, &number);
	if (err || number == UINT32_MAX)
		return err;
	return dg_log_refusal(r, event, number, index);
}

static int dg_log_event(struct dg_log_reader *r, const json_t *event)
{
	const json_t *type = json_object_get(event, "event");
	const json_t *count = json_object_get(event, "count");

	if (!json_is_string(type))
		return dg_log_wrong(r, event, "event",
				    "`event` is missing: is this what `devgate watch --json` "
				    "writes?");
	if (!strcmp(json_string_value(type), "decision"))
		return dg_log_decision(r, event);
	if (!strcmp(json_string_value(type), "drop") && json_integer_value(count) > 0)
		r->denials->lost += (size_t)json_integer_value(count);
	/* Of other events, and of those to come, nothing is denied. */
	return 0;
}

/* The event that begins at @at, on a line that ends at r->limit. */
static int dg_log_line(struct dg_log_reader *r, size_t at)
{
	_cleanup_(dg_cleanup_json) json_t *event = NULL;
	const char *text = r->source->text;
	json_error_t error;
	struct dg_pos pos;
	int err;

	/* Wrong numbers are reported where they are facts: of others an event may have any. */
	err = dg_json_scan_value(&r->line, r->source, at, r->limit);
	if (err)
		return err;
	event = json_loadb(r->line.parsed, r->line.end - at, JSON_REJECT_DUPLICATES, &error);
	if (!event && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!event) {
		r->reader.scan.start = at;
		r->reader.scan.end = r->line.end;
		r->reader.scan.member_count = 0;
		dg_reader_not_json(&r->reader, &error);
		return 0;
	}
	at = r->line.end + strspn(text + r->line.end, " \t\r");
	if (at < r->limit) {
		pos = dg_source_pos(r->source, at, at + 1);
		dg_diag_report(r->diags, DG_E080, &pos, "each event stands on a line of its own");
		return 0;
	}
	return dg_log_event(r, event);
}

static int dg_log_read(struct dg_log_reader *r)
{
	for (uint32_t line = 1; line <= r->source->line_count; line++) {
		struct dg_bytes text = dg_source_line(r->source, line);
		size_t blank = line == 1 ? dg_reader_begin(&r->reader) : 0;
		int err;

		blank += strspn(text.data + blank, " \t\r");

		if (blank >= text.len)
			continue;
		r->limit = r->source->lines[line - 1] + text.len;
		err = dg_log_line(r, r->source->lines[line - 1] + blank);
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
	struct dg_log_reader r = {
		.source = source,
		.diags = diags,
		.denials = denials,
		.reader = { .source = source, .diags = diags },
	};
	size_t errors = diags->errors;
	int err = -ENOMEM;

	source->order = diags->source_count++;
	if (denials)
		denials->devices = calloc(1, sizeof(*denials->devices));
	if (denials && denials->devices)
		denials->devices->arena = dg_arena_new();
	if (denials && denials->devices && denials->devices->arena) {
		r.reader.arena = denials->devices->arena;
		err = dg_log_read(&r);
	}
	dg_json_scan_done(&r.reader.scan);
	dg_json_scan_done(&r.line);
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
