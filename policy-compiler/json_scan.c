// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "json_scan.h"

struct dg_scanner {
	const struct dg_source *source;
	struct dg_diags *diags;
	struct dg_json_scan *scan;
	size_t at;
	size_t depth;	   /* of { and [ */
	size_t device;	   /* depth inside a device, or 0 outside of any */
	bool in_value;	   /* behind the colon of a device's member */
	bool bad;
};

void dg_json_scan_done(struct dg_json_scan *scan)
{
	free(scan->text);
	free(scan->members);
	free(scan->objects);
	free(scan->big);
	*scan = (struct dg_json_scan){ 0 };
}

static bool dg_vector_grow(void *items_ptr, size_t count, size_t *room, size_t size)
{
	void **items = items_ptr, *bigger;

	if (count < *room)
		return true;
	bigger = reallocarray(*items, *room ? 2 * *room : 64, size);
	if (!bigger)
		return false;
	*items = bigger;
	*room = *room ? 2 * *room : 64;
	return true;
}

/* Behind the closing quote, or the end of the text. */
static size_t dg_scan_string(const struct dg_scanner *s)
{
	const char *text = s->source->text;
	size_t i = s->at + 1;

	while (i < s->source->len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < s->source->len ? i + 1 : s->source->len;
}

static bool dg_is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '+' || c == '-' || c == '.';
}

static size_t dg_scan_word(const struct dg_scanner *s)
{
	size_t i = s->at;

	while (i < s->source->len && dg_is_word_byte(s->source->text[i]))
		i++;
	return i;
}

static void dg_scan_report(struct dg_scanner *s, size_t end, const char *why)
{
	struct dg_pos pos = dg_source_pos(s->source, s->at, end);

	dg_diag_report(s->diags, DG_E083, &pos, "%s", why);
	/* The library need not say it again, and no negative number is left but our own. */
	memset(s->scan->text + s->at, ' ', end - s->at);
	s->scan->text[s->at] = '0';
	s->bad = true;
}

static int dg_scan_number(struct dg_scanner *s, size_t end)
{
	const char *text = s->source->text;
	struct dg_json_scan *scan = s->scan;
	uint64_t value = 0;
	char negative[24];
	int len;

	if (text[s->at] == '-') {
		dg_scan_report(s, end, "a number is not negative");
		return 0;
	}
	for (size_t i = s->at; i < end; i++) {
		if (text[i] < '0' || text[i] > '9') {
			dg_scan_report(s, end, "a number is an integer without fraction or exponent");
			return 0;
		}
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value)) {
			dg_scan_report(s, end, "the number does not fit in 64 bits");
			return 0;
		}
	}
	/* A leading zero is left to the library, which refuses it. */
	if (value <= INT64_MAX || text[s->at] == '0')
		return 0;
	if (!dg_vector_grow(&scan->big, scan->big_count, &scan->big_room, sizeof(*scan->big)))
		return -ENOMEM;
	/* Such a number has 19 digits or more: there is room for the other, and blanks are nothing. */
	len = snprintf(negative, sizeof(negative), "-%zu", scan->big_count + 1);
	memset(scan->text + s->at, ' ', end - s->at);
	memcpy(scan->text + s->at, negative, (size_t)len);
	scan->big[scan->big_count++] = value;
	return 0;
}

static int dg_scan_key(struct dg_scanner *s, size_t end)
{
	struct dg_json_scan *scan = s->scan;

	if (!dg_vector_grow(&scan->members, scan->member_count, &scan->member_room,
			    sizeof(*scan->members)))
		return -ENOMEM;
	scan->members[scan->member_count++] = (struct dg_json_member){
		.key = s->at,
		.key_end = end,
		.value = s->at,
		.value_end = end,
	};
	return 0;
}

/* The first token behind a member's colon is (or begins) its value. */
static void dg_scan_value(struct dg_scanner *s, size_t end)
{
	struct dg_json_member *last;

	if (!s->in_value || s->depth != s->device || !s->scan->member_count)
		return;
	last = &s->scan->members[s->scan->member_count - 1];
	last->value = s->at;
	last->value_end = end;
}

static int dg_scan_open(struct dg_scanner *s, char c)
{
	struct dg_json_scan *scan = s->scan;

	dg_scan_value(s, s->at + 1);
	s->depth++;
	if (c != '{' || s->device)
		return 0;
	if (!dg_vector_grow(&scan->objects, scan->object_count, &scan->object_room,
			    sizeof(*scan->objects)))
		return -ENOMEM;
	scan->objects[scan->object_count++] = s->at;
	s->device = s->depth;
	s->in_value = false;
	return 0;
}

static void dg_scan_close(struct dg_scanner *s)
{
	if (s->depth == s->device)
		s->device = 0;
	if (s->depth)
		s->depth--;
}

static int dg_scan_token(struct dg_scanner *s)
{
	char c = s->source->text[s->at];
	bool own = s->device && s->depth == s->device;
	size_t end = s->at + 1;
	int err = 0;

	switch (c) {
	case '{':
	case '[':
		err = dg_scan_open(s, c);
		break;
	case '}':
	case ']':
		dg_scan_close(s);
		break;
	case ':':
		if (own)
			s->in_value = true;
		break;
	case ',':
		if (own)
			s->in_value = false;
		break;
	case '"':
		end = dg_scan_string(s);
		if (own && !s->in_value)
			err = dg_scan_key(s, end);
		else
			dg_scan_value(s, end);
		break;
	default:
		if (!dg_is_word_byte(c))
			break;
		end = dg_scan_word(s);
		dg_scan_value(s, end);
		if (c == '-' || (c >= '0' && c <= '9'))
			err = dg_scan_number(s, end);
	}
	s->at = end;
	return err;
}

int dg_json_scan(const struct dg_source *source, struct dg_diags *diags, struct dg_json_scan *ret)
{
	struct dg_scanner s = { .source = source, .diags = diags, .scan = ret };
	int err;

	*ret = (struct dg_json_scan){ 0 };
	ret->text = malloc(source->len + 1);
	if (!ret->text)
		return -ENOMEM;
	memcpy(ret->text, source->text, source->len + 1);
	while (s.at < source->len) {
		err = dg_scan_token(&s);
		if (err)
			return err;
	}
	return s.bad ? -EBADMSG : 0;
}
