// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* Reading an inventory, device by device (language page, section 9). */
#include <jansson.h>
#include <string.h>

#include "frontend.h"
#include "inventory.h"
#include "inventory_read.h"
#include "progress.h"
#include "utf8.h"

DEFINE_CLEANUP(json_t *, json_decref, json)

static void dg_reader_done(struct dg_reader *reader)
{
	dg_json_scan_done(&reader->scan);
}

static void _printf_(4, 5) dg_report_at(struct dg_reader *r, enum dg_diag_id id, size_t at,
					const char *fmt, ...)
{
	struct dg_pos pos = dg_source_pos(r->source, at, at + 1);
	va_list ap;

	va_start(ap, fmt);
	dg_diag_vreport(r->diags, id, &pos, fmt, ap);
	va_end(ap);
}

/*
 * What the library stumbled over: it says how far it read, and most often near what. The bytes of the
 * text from *@ret_start to *@ret_end.
 */
static void dg_json_place(const struct dg_reader *r, const json_error_t *error, size_t *ret_start,
			  size_t *ret_end)
{
	const char *text = r->source->text, *near = strstr(error->text, "near '");
	size_t base = r->scan.start, left = r->source->len - base, at, len;

	at = error->position > 0 ? (size_t)error->position : 0;
	if (at > left)
		at = left;
	at += base;
	*ret_start = at > base ? at - 1 : at;
	*ret_end = *ret_start + 1;
	if (!near)
		return;
	near += strlen("near '");
	len = strlen(near);
	if (len && near[len - 1] == '\'')
		len--;
	if (len && len <= at - base && !memcmp(text + at - len, near, len)) {
		*ret_start = at - len;
		*ret_end = at;
	}
}

/* The first byte of the value's text that is no UTF-8, or @otherwise. */
static size_t dg_json_bad_byte(const struct dg_reader *r, size_t otherwise)
{
	for (size_t i = r->scan.start, n; i < r->source->len; i += n) {
		n = dg_utf8_sequence(r->source->text + i, r->source->len - i);
		if (!n)
			return i;
	}
	return otherwise;
}

/* The last key that begins before @at, or @at. */
static void dg_json_key(const struct dg_reader *r, size_t *start, size_t *end)
{
	for (size_t i = r->scan.member_count; i--;) {
		const struct dg_json_member *member = &r->scan.members[i];

		if (member->key > *start)
			continue;
		*start = member->key;
		*end = member->key_end;
		return;
	}
}

/* What the library says of the byte at @at, or plainer words for mistakes that are often made. */
static const char *dg_json_why(const struct dg_reader *r, size_t at, const char *said)
{
	const char *text = r->source->text;
	char c = at < r->source->len ? text[at] : 0;
	size_t before = at;

	while (before > r->scan.start && memchr(" \t\r\n", text[before - 1], 4))
		before--;
	if (c == '\'')
		return "in JSON a string stands in double quotes";
	if ((c == '}' || c == ']') && before > 0 && text[before - 1] == ',')
		return c == '}' ? "another member is wanted behind ','; behind the last one stands none" :
				  "another element is wanted behind ','; behind the last one stands none";
	return said;
}

void dg_reader_not_json(struct dg_reader *r, const json_error_t *error)
{
	enum dg_diag_id id = DG_E080;
	struct dg_pos pos;
	size_t start, end;

	dg_json_place(r, error, &start, &end);
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		id = DG_E081;
		dg_json_key(r, &start, &end);
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		id = DG_E082;
		break;
	case json_error_invalid_utf8:
		start = dg_json_bad_byte(r, start);
		end = start + 1;
		break;
	default:
		break;
	}
	pos = dg_source_pos(r->source, start, end);
	dg_diag_report(r->diags, id, &pos, "%s",
		       id == DG_E082 ? "a string cannot hold a NUL (\\u0000)" :
		       id == DG_E080 ? dg_json_why(r, start, error->text) :
				       error->text);
}

static size_t dg_skip_blank(const struct dg_source *source, size_t at, bool *ret_new_line)
{
	const char *text = source->text;

	for (; at < source->len && memchr(" \t\r\n", text[at], 4); at++)
		if (text[at] == '\n')
			*ret_new_line = true;
	return at;
}

/* The end of the line before the next one behind @at that begins with an object. */
static size_t dg_next_object(struct dg_reader *r, size_t at)
{
	const char *text = r->source->text, *next;

	if (r->next_object <= at) {
		next = memmem(text + at, r->source->len - at, "\n{", 2);
		r->next_object = next ? (size_t)(next - text) : r->source->len;
	}
	return r->next_object;
}

#define DG_REREAD_BYTES (1U << 20) /* besides the file over again */

/*
 * Where to go on. An object that lacks its end may have been read far into those behind it: they
 * are read again as long as that is not too much in all, else only the last of them.
 */
static size_t dg_go_on(struct dg_reader *r, size_t at, size_t stopped)
{
	size_t next = dg_next_object(r, at);
	const char *text = r->source->text;

	if (stopped < next + 2)
		return next;
	if (stopped - next <= r->source->len + DG_REREAD_BYTES - r->reread) {
		r->reread += stopped - next;
		return next;
	}
	for (next = stopped - 2; memcmp(text + next, "\n{", 2); next--)
		;
	return next;
}

#define DG_JSON_SEEN 8 /* bytes that the library may look ahead, or take back */

/* Was it the limit that the library stumbled over, and not the text? */
static bool dg_json_cut(const struct dg_json_scan *scan, const json_error_t *error)
{
	return !scan->closed && (json_error_code(error) == json_error_premature_end_of_input ||
				 (size_t)error->position + DG_JSON_SEEN > scan->end - scan->start);
}

/*
 * Scan and parse the value at @at, which ends before @limit or is looked at no further. NULL with
 * @error when it is no JSON. 0 or -ENOMEM.
 */
static int dg_parse_value(struct dg_reader *r, size_t at, size_t limit, json_t **ret,
			  json_error_t *error)
{
	int err = dg_json_scan_value(&r->scan, r->source, at, limit);
	json_t *value;

	if (err)
		return err;
	value = json_loadb(r->scan.parsed, r->scan.end - r->scan.start,
			   JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY,
			   error);
	if (!value && json_error_code(error) == json_error_out_of_memory)
		return -ENOMEM;
	*ret = value;
	return 0;
}

/*
 * The value at @at, parsed; *@ret_end is where it ends. NULL, after a report, when it is no JSON;
 * *@ret_end is where the next object may begin then.
 */
static int dg_read_value(struct dg_reader *r, size_t at, json_t **ret, size_t *ret_end)
{
	/* Most often the line: of many objects that lack their end each would be scanned to the
	 * last. */
	size_t limit = dg_next_object(r, at) + 2 + DG_JSON_SEEN;
	json_error_t error;
	int err;

	for (;; limit = at + 2 * (limit - at)) {
		if (limit > r->source->len)
			limit = r->source->len;
		err = dg_parse_value(r, at, limit, ret, &error);
		if (err)
			return err;
		if (*ret || limit == r->source->len || !dg_json_cut(&r->scan, &error))
			break;
	}
	*ret_end = at + (size_t)error.position;
	if (!*ret)
		*ret_end = dg_go_on(r, at, *ret_end);
	dg_json_scan_report(&r->scan, r->source, *ret_end, r->diags);
	if (!*ret)
		dg_reader_not_json(r, &error);
	return 0;
}

/* Hand the device on, unless something was wrong with it or with one before it. */
static int dg_read_device(struct dg_reader *r, json_t *object)
{
	struct dg_device *device;
	int err;

	r->device_count++;
	err = dg_reader_device(r, object, &device);
	if (!err && r->diags->errors == r->errors)
		err = r->each(device, r->device_count, r->context);
	return err;
}

/* The elements behind the bracket at @at. *@ret_end is where the array ends, or 0 after a report. */
static int dg_read_array(struct dg_reader *r, size_t at, size_t *ret_end)
{
	size_t array = at, count = 0;
	bool new_line;

	*ret_end = 0;
	at = dg_skip_blank(r->source, at + 1, &new_line);
	if (at < r->source->len && r->source->text[at] == ']') {
		dg_report_at(r, DG_E080, array, "the array is empty: it holds at least one object");
		*ret_end = at + 1;
		return 0;
	}
	for (;;) {
		_cleanup_(dg_cleanup_json) json_t *element = NULL;
		int err;

		if (at >= r->source->len)
			break;
		err = dg_read_value(r, at, &element, &at);
		if (err || !element)
			return err;
		count++;
		if (json_is_object(element))
			err = dg_read_device(r, element);
		else
			dg_report_at(r, DG_E085, array, "element %zu is no object", count);
		if (err)
			return err;
		at = dg_skip_blank(r->source, at, &new_line);
		if (at >= r->source->len)
			break;
		if (r->source->text[at] == ']') {
			*ret_end = at + 1;
			return 0;
		}
		if (r->source->text[at] != ',') {
			dg_report_at(r, DG_E080, at, "',' or ']' is expected behind an element");
			return 0;
		}
		at = dg_skip_blank(r->source, at + 1, &new_line);
	}
	dg_report_at(r, DG_E080, r->source->len, "the file ends inside an array");
	return 0;
}

/* An object, or an array of them, at @at. *@ret_last: nothing may follow. */
static int dg_read_top(struct dg_reader *r, size_t at, size_t *ret_end, bool *ret_last)
{
	_cleanup_(dg_cleanup_json) json_t *value = NULL;
	int err;

	*ret_last = true;
	if (r->source->text[at] == '[') {
		err = dg_read_array(r, at, ret_end);
		if (!*ret_end)
			*ret_end = r->source->len;
		return err;
	}
	err = dg_read_value(r, at, &value, ret_end);
	if (err)
		return err;
	if (!value) {
		*ret_last = r->source->text[at] != '{';
		return 0;
	}
	if (json_is_object(value)) {
		*ret_last = false;
		return dg_read_device(r, value);
	}
	dg_report_at(r, DG_E085, at, "an object, or an array of objects, is wanted");
	return 0;
}

size_t dg_reader_begin(struct dg_reader *r)
{
	struct dg_pos pos;

	if (r->source->len < 3 || memcmp(r->source->text, "\xef\xbb\xbf", 3))
		return 0;
	pos = dg_source_pos(r->source, 0, 3);
	dg_diag_report(r->diags, DG_E080, &pos, "the file begins with a byte-order mark");
	return 3;
}

static int dg_read_all(struct dg_reader *r)
{
	const char *nul = memchr(r->source->text, 0, r->source->len);
	bool last = false, new_line = true;
	size_t at, end;
	int err;

	if (nul) {
		dg_report_at(r, DG_E082, (size_t)(nul - r->source->text), "a NUL byte in the text");
		return 0;
	}
	at = dg_reader_begin(r);
	at = dg_skip_blank(r->source, at, &new_line);
	if (at == r->source->len)
		dg_report_at(r, DG_E080, at, "the file is empty");
	while (at < r->source->len) {
		if (last || !new_line) {
			dg_report_at(r, DG_E080, at, "%s",
				     last ? "the file goes on behind its end" :
					    "each object begins on a line of its own");
			return 0;
		}
		err = dg_read_top(r, at, &end, &last);
		if (err)
			return err;
		new_line = false;
		at = dg_skip_blank(r->source, end, &new_line);
		/* Only objects may stand one a line. */
		last |= at < r->source->len && r->source->text[at] != '{';
	}
	return 0;
}

/* Every device of @source, which is taken over, to @each; @arena is what they are made in. */
static int dg_reader_run(struct dg_source *source, struct dg_diags *diags, struct dg_arena *arena,
			 dg_inventory_each_fn each, void *context)
{
	_cleanup_(dg_cleanup_source) struct dg_source *owned = source;
	_cleanup_(dg_reader_done) struct dg_reader r = {
		.source = source,
		.diags = diags,
		.arena = arena,
		.errors = diags->errors,
		.each = each,
		.context = context,
	};
	int err;

	source->order = diags->source_count++;
	err = dg_read_all(&r);
	if (!err && diags->out_of_memory)
		err = -ENOMEM;
	if (!err && diags->errors != r.errors)
		err = -EBADMSG;
	return err;
}

/* Streaming: the arena is emptied for the next device. */
struct dg_stream {
	struct dg_arena *arena;
	struct dg_progress *progress;
	dg_inventory_each_fn each;
	void *context;
};

static int dg_stream_one(struct dg_device *device, size_t position, void *context)
{
	struct dg_stream *stream = context;
	int err;

	dg_progress_step(stream->progress, "device", position, 0);
	err = stream->each(device, position, stream->context);
	dg_arena_reset(stream->arena);
	return err;
}

static int dg_inventory_stream(struct dg_source *source, struct dg_diags *diags,
			       dg_inventory_each_fn each, void *context)
{
	_cleanup_(dg_cleanup_arena) struct dg_arena *arena = dg_arena_new();
	struct dg_stream stream = {
		.arena = arena,
		.progress = diags->progress,
		.each = each,
		.context = context,
	};

	if (!arena) {
		dg_source_unref(source);
		return -ENOMEM;
	}
	return dg_reader_run(source, diags, arena, dg_stream_one, &stream);
}

int dg_inventory_each(const char *path, struct dg_diags *diags, dg_inventory_each_fn each,
		      void *context)
{
	struct dg_source *source;
	int err = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, false, &source);

	return err ?: dg_inventory_stream(source, diags, each, context);
}

int dg_inventory_each_source(struct dg_source *source, struct dg_diags *diags,
			     dg_inventory_each_fn each, void *context)
{
	return dg_inventory_stream(dg_source_ref(source), diags, each, context);
}

int dg_inventory_each_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
			   dg_inventory_each_fn each, void *context)
{
	struct dg_source *source;
	int err = dg_source_new(name, text, len, DG_INVENTORY_MAX_BYTES, &source);

	return err ?: dg_inventory_stream(source, diags, each, context);
}

/* Keeping all: the devices stay in the inventory's arena. */
static int dg_keep_one(struct dg_device *device, size_t position, void *context)
{
	struct dg_inventory *inventory = context;

	(void)position;
	if (!dg_arena_grow(inventory->arena, &inventory->devices, inventory->device_count,
			   sizeof(*inventory->devices)))
		return -ENOMEM;
	inventory->devices[inventory->device_count++] = device;
	return 0;
}

/* Takes @source over. */
static int dg_inventory_load_source(struct dg_source *source, struct dg_diags *diags,
				    struct dg_inventory **ret)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = calloc(1,
										sizeof(*inventory));
	int err;

	if (inventory)
		inventory->arena = dg_arena_new();
	if (!inventory || !inventory->arena) {
		dg_source_unref(source);
		return -ENOMEM;
	}
	err = dg_reader_run(source, diags, inventory->arena, dg_keep_one, inventory);
	if (!err)
		*ret = TAKE_PTR(inventory);
	return err;
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

/* Takes @source over. */
static int dg_inventory_one_device(struct dg_source *source, struct dg_arena *arena,
				   struct dg_diags *diags, struct dg_device **ret)
{
	struct dg_inventory inventory = { .arena = arena };
	struct dg_pos pos;
	int err;

	dg_source_ref(source);
	err = dg_reader_run(source, diags, arena, dg_keep_one, &inventory);
	if (!err && inventory.device_count != 1) {
		pos = dg_source_pos(source, 0, 1);
		dg_diag_report(diags, DG_E085, &pos, "one device is wanted, the file holds %zu",
			       inventory.device_count);
		err = -EBADMSG;
	}
	dg_source_unref(source);
	if (!err)
		*ret = inventory.devices[0];
	return err;
}

int dg_inventory_device_text(const char *name, const char *text, size_t len, struct dg_arena *arena,
			     struct dg_diags *diags, struct dg_device **ret)
{
	struct dg_source *source;
	int err = dg_source_new(name, text, len, DG_INVENTORY_MAX_BYTES, &source);

	return err ?: dg_inventory_one_device(source, arena, diags, ret);
}

int dg_inventory_read_device(const char *path, struct dg_arena *arena, struct dg_diags *diags,
			     struct dg_device **ret)
{
	struct dg_source *source;
	int err = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, true, &source);

	return err ?: dg_inventory_one_device(source, arena, diags, ret);
}
