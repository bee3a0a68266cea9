// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "array.h"
#include "json_scan.h"

struct dg_scanner {
	const struct dg_source *source;
	struct dg_json_scan *scan;
	size_t at, limit;
	size_t depth;  /* of { and [ */
	bool object;   /* the value is one: its members are noted */
	bool in_value; /* behind the colon of a member */
};

void dg_json_scan_done(struct dg_json_scan *scan)
{
	free(scan->text);
	free(scan->members);
	free(scan->big);
	free(scan->numbers);
	free(scan->wrong);
	*scan = (struct dg_json_scan){0};
}

/* Behind the closing quote, or the end of the text. */
static size_t dg_scan_string(const struct dg_scanner *s)
{
	const char *text = s->source->text;
	size_t i = s->at + 1;

	while (i < s->limit && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < s->limit ? i + 1 : s->limit;
}

static bool dg_is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '+' || c == '-' || c == '.';
}

static size_t dg_scan_word(const struct dg_scanner *s)
{
	size_t i = s->at;

	while (i < s->limit && dg_is_word_byte(s->source->text[i]))
		i++;
	return i;
}

/* What stands from @at to @end in the copy is replaced by @text, which is no longer. */
static void dg_scan_replace(struct dg_scanner *s, size_t end, const char *text)
{
	char *place = s->scan->text + (s->at - s->scan->start);

	memset(place, ' ', end - s->at);
	memcpy(place, text, strlen(text));
}

static int dg_scan_wrong(struct dg_scanner *s, size_t end, const char *why)
{
	struct dg_json_scan *scan = s->scan;

	if (dg_array_reserve(&scan->wrong, &scan->wrong_room, scan->wrong_count + 1,
			     sizeof(*scan->wrong)))
		return -ENOMEM;
	scan->wrong[scan->wrong_count++] = (struct dg_json_wrong){s->at, end, why};
	/* The library need not say it again, and no negative number is left but our own. */
	dg_scan_replace(s, end, "0");
	return 0;
}

static int dg_scan_number(struct dg_scanner *s, size_t end)
{
	const char *text = s->source->text;
	struct dg_json_scan *scan = s->scan;
	uint64_t value = 0;
	char negative[24];

	if (text[s->at] == '-')
		return dg_scan_wrong(s, end, "a number is not negative");
	for (size_t i = s->at; i < end; i++) {
		if (text[i] < '0' || text[i] > '9')
			return dg_scan_wrong(s, end,
					     "a number is an integer without fraction or exponent");
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return dg_scan_wrong(s, end, "the number does not fit in 64 bits");
	}
	/* A leading zero is left to the library, which refuses it. */
	if (value <= INT64_MAX || text[s->at] == '0')
		return 0;
	if (dg_array_reserve(&scan->big, &scan->big_room, scan->big_count + 1, sizeof(*scan->big)))
		return -ENOMEM;
	/* Such a number has 19 digits or more: there is room for the other. */
	snprintf(negative, sizeof(negative), "-%zu", scan->big_count + 1);
	dg_scan_replace(s, end, negative);
	scan->big[scan->big_count++] = value;
	return 0;
}

static int dg_scan_key(struct dg_scanner *s, size_t end)
{
	struct dg_json_scan *scan = s->scan;

	if (dg_array_reserve(&scan->members, &scan->member_room, scan->member_count + 1,
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

	if (!s->in_value || s->depth != 1 || !s->scan->member_count)
		return;
	last = &s->scan->members[s->scan->member_count - 1];
	last->value = s->at;
	last->value_end = end;
}

/*
 * What has to be said about a number, and to be changed in the copy, waits until the copy is there. Most
 * numbers are short and have nothing but digits.
 */
static int dg_scan_note_number(struct dg_scanner *s, size_t end)
{
	struct dg_json_scan *scan = s->scan;
	const char *text = s->source->text;
	size_t at = s->at;

	while (at < end && text[at] >= '0' && text[at] <= '9')
		at++;
	if (at == end && end - s->at < 19)
		return 0;
	if (dg_array_reserve(&scan->numbers, &scan->number_room, scan->number_count + 1,
			     sizeof(*scan->numbers)))
		return -ENOMEM;
	scan->numbers[scan->number_count++] = s->at;
	return 0;
}

static int dg_scan_token(struct dg_scanner *s)
{
	char c = s->source->text[s->at];
	bool own = s->object && s->depth == 1;
	size_t end = s->at + 1;
	int err = 0;

	switch (c) {
	case '{':
	case '[':
		dg_scan_value(s, end);
		s->depth++;
		break;
	case '}':
	case ']':
		s->depth -= s->depth > 0;
		break;
	case ':':
		s->in_value |= own;
		break;
	case ',':
		s->in_value &= !own;
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
			err = dg_scan_note_number(s, end);
		break;
	}
	s->at = end;
	return err;
}

static int dg_scan_numbers(struct dg_scanner *s)
{
	int err = 0;

	for (size_t i = 0; i < s->scan->number_count && !err; i++) {
		s->at = s->scan->numbers[i];
		err = dg_scan_number(s, dg_scan_word(s));
	}
	return err;
}

int dg_json_scan_value(struct dg_json_scan *scan, const struct dg_source *source, size_t at,
		       size_t limit)
{
	struct dg_scanner s = {.source = source, .scan = scan, .at = at, .limit = limit};
	int err;

	scan->start = scan->end = at;
	scan->member_count = scan->big_count = scan->number_count = scan->wrong_count = 0;
	s.object = at < limit && source->text[at] == '{';
	do {
		err = dg_scan_token(&s);
		if (err)
			return err;
	} while (s.depth && s.at < limit);
	scan->closed = !s.depth;
	/* An escape at the very end of the text. */
	scan->end = s.at < limit ? s.at : limit;
	scan->parsed = source->text + at;
	if (!scan->number_count)
		return 0;
	if (dg_array_reserve(&scan->text, &scan->text_room, scan->end - at + 1, 1))
		return -ENOMEM;
	memcpy(scan->text, source->text + at, scan->end - at);
	scan->parsed = scan->text;
	return dg_scan_numbers(&s);
}

size_t dg_json_element(const struct dg_source *source, size_t at, size_t *ret_from, size_t *ret_to)
{
	struct dg_scanner s = { .source = source, .at = at + 1, .limit = source->len };
	size_t depth = 0;
	bool found = false;

	while (s.at < s.limit) {
		char c = source->text[s.at];
		size_t end = s.at + 1;

		if (!depth && (c == ',' || c == ']'))
			break;
		if (c == '"')
			end = dg_scan_string(&s);
		else if (dg_is_word_byte(c))
			end = dg_scan_word(&s);
		else if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
		if (!found && !memchr(" \t\r\n", c, 4)) {
			*ret_from = s.at;
			*ret_to = end;
			found = true;
		}
		s.at = end;
	}
	return s.at;
}

bool dg_json_scan_report(const struct dg_json_scan *scan, const struct dg_source *source,
			 size_t end, struct dg_diags *diags)
{
	size_t i;

	for (i = 0; i < scan->wrong_count && scan->wrong[i].from < end; i++) {
		struct dg_pos pos = dg_source_pos(source, scan->wrong[i].from, scan->wrong[i].to);

		dg_diag_report(diags, DG_E083, &pos, "%s", scan->wrong[i].why);
	}
	return i > 0;
}
