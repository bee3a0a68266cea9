// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <inttypes.h>
#include <string.h>

#include "literal.h"

static int dg_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool dg_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* @len hex digits, at most 16. */
static bool dg_parse_hex(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;

	if (!len || len > 16)
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = dg_hex_digit(text[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*ret = value;
	return true;
}

/* @len decimal digits, at most 4: the fields of a time. */
static bool dg_parse_field(const char *text, size_t len, unsigned int *ret)
{
	unsigned int value = 0;

	for (size_t i = 0; i < len; i++) {
		if (!dg_is_digit(text[i]))
			return false;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	*ret = value;
	return true;
}

static const char *dg_parse_int(const char *text, size_t len, struct dg_literal *ret)
{
	uint64_t value = 0;

	ret->type = DG_TYPE_INT;
	ret->mask = UINT64_MAX;
	if (len > 1 && text[0] == '0' && text[1] == 'X')
		return "a hexadecimal number begins with 0x, not 0X";
	if (len > 1 && text[0] == '0' && text[1] == 'x') {
		if (len == 2)
			return "0x without a digit";
		for (size_t i = 2; i < len; i++) {
			int digit = dg_hex_digit(text[i]);

			if (digit < 0)
				return "not a hexadecimal digit in a number after 0x";
			if (value >> 60)
				return "the number does not fit in 64 bits";
			value = value << 4 | (uint64_t)digit;
		}
		ret->num = value;
		return NULL;
	}
	for (size_t i = 0; i < len; i++)
		if (!dg_is_digit(text[i]))
			return "not a number, and no other literal looks like this";
	if (len > 1 && text[0] == '0')
		return "a decimal number has no leading zero";
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return "the number does not fit in 64 bits";
	ret->num = value;
	return NULL;
}

static const char dg_id_shape[] = "an id is two fields of exactly 4 hex digits (10de:2330)";

static const char *dg_parse_id(const char *text, size_t len, struct dg_literal *ret)
{
	uint64_t num = 0, mask = UINT64_MAX;
	size_t at = 0;

	for (unsigned int shift = 16;; shift = 0) {
		uint64_t field;

		if (at < len && text[at] == '*') {
			mask &= ~(UINT64_C(0xffff) << shift);
			at++;
		} else if (at + 4 <= len && dg_parse_hex(text + at, 4, &field)) {
			num |= field << shift;
			at += 4;
		} else {
			return dg_id_shape;
		}
		if (!shift)
			break;
		if (at >= len || text[at++] != ':')
			return dg_id_shape;
	}
	if (at != len)
		return dg_id_shape;
	ret->type = DG_TYPE_ID;
	ret->num = num;
	ret->mask = mask;
	return NULL;
}

static const char dg_class_shape[] = "a class is three fields of exactly 2 hex digits (01:08:02)";

/* Two fields, the first one of a class: `01:*` */
static bool dg_looks_like_class(const char *text, size_t len)
{
	return (len == 4 || len == 5) && text[2] == ':';
}

static const char *dg_parse_class(const char *text, size_t len, struct dg_literal *ret)
{
	uint64_t num = 0, mask = UINT64_MAX;
	bool star = false;
	size_t at = 0;

	for (unsigned int shift = 16;; shift -= 8) {
		uint64_t field;

		if (at < len && text[at] == '*') {
			mask &= ~(UINT64_C(0xff) << shift);
			star = true;
			at++;
		} else if (star) {
			return "in a class, once a field is *, all following are *";
		} else if (at + 2 <= len && dg_parse_hex(text + at, 2, &field)) {
			num |= field << shift;
			at += 2;
		} else {
			return dg_class_shape;
		}
		if (!shift)
			break;
		if (at >= len || text[at++] != ':')
			return dg_class_shape;
	}
	if (at != len)
		return dg_class_shape;
	ret->type = DG_TYPE_CLASS;
	ret->num = num;
	ret->mask = mask;
	return NULL;
}

static const char *dg_parse_address(const char *text, size_t len, struct dg_literal *ret)
{
	static const char shape[] = "an address is domain (4 to 8 hex digits):bus:device.function "
				    "(0000:3b:00.0)";
	const char *colon = memchr(text, ':', len);
	size_t domain_len = colon ? (size_t)(colon - text) : 0;
	uint64_t domain, bus, device, function;
	const char *rest = text + domain_len + 1;

	/* domain ':' bb ':' dd '.' f */
	if (domain_len < 4 || domain_len > 8 || len - domain_len != 8 || rest[2] != ':' ||
	    rest[5] != '.')
		return shape;
	if (!dg_parse_hex(text, domain_len, &domain) || !dg_parse_hex(rest, 2, &bus) ||
	    !dg_parse_hex(rest + 3, 2, &device) || !dg_parse_hex(rest + 6, 1, &function))
		return shape;
	if (device > 0x1f)
		return "the device number of an address is at most 1f";
	if (function > 7)
		return "the function number of an address is at most 7";
	ret->type = DG_TYPE_ADDRESS;
	ret->num = domain << 16 | bus << 8 | device << 3 | function;
	ret->mask = UINT64_MAX;
	return NULL;
}

static const struct {
	const char *prefix;
	size_t bytes;
	const char *shape;
} dg_digests[] = {
	[DG_DIGEST_SHA256] = { "sha256:", 32, "sha256: is followed by exactly 64 hex digits" },
	[DG_DIGEST_SHA384] = { "sha384:", 48, "sha384: is followed by exactly 96 hex digits" },
	[DG_DIGEST_SHA512] = { "sha512:", 64, "sha512: is followed by exactly 128 hex digits" },
};

/* Index of the algorithm the text begins with, or -1. */
static int dg_digest_algo(const char *text, size_t len)
{
	for (int i = 0; i < 3; i++)
		if (len >= 7 && !memcmp(text, dg_digests[i].prefix, 7))
			return i;
	return -1;
}

static const char *dg_parse_digest(const char *text, size_t len, int algo,
				   struct dg_digest *ret_digest, struct dg_literal *ret)
{
	struct dg_digest digest = { .algo = (enum dg_digest_algo)algo };

	if (len != 7 + 2 * dg_digests[algo].bytes)
		return dg_digests[algo].shape;
	for (size_t i = 0; i < dg_digests[algo].bytes; i++) {
		uint64_t byte;

		if (!dg_parse_hex(text + 7 + 2 * i, 2, &byte))
			return dg_digests[algo].shape;
		digest.bytes[i] = (uint8_t)byte;
	}
	if (ret_digest)
		*ret_digest = digest;
	ret->type = DG_TYPE_DIGEST;
	ret->digest = ret_digest;
	return NULL;
}

static bool dg_leap_year(unsigned int year)
{
	return (!(year % 4) && year % 100) || !(year % 400);
}

/* Days from 1970-01-01 to the first of January of @year. */
static uint64_t dg_days_before_year(unsigned int year)
{
	unsigned int y = year - 1;

	return (uint64_t)365 * (year - 1970) + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) +
	       (y / 400 - 1969 / 400);
}

/* `1-5`. The beginning of a date is none. */
static bool dg_is_range_with_dash(const char *text, size_t len)
{
	const char *dash = memchr(text, '-', len);
	size_t low = (size_t)(dash - text);
	struct dg_literal end;

	return !(low == 4 && len == 7) && low + 1 < len && !dg_parse_int(text, low, &end) &&
	       !dg_parse_int(dash + 1, len - low - 1, &end);
}

static const char *dg_parse_time(const char *text, size_t len, struct dg_literal *ret)
{
	static const char shape[] = "a time is in UTC: 2026-12-01 or 2026-12-01T08:00:00Z";
	static const uint8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned int year, month, day, hour = 0, minute = 0, second = 0, days;
	uint64_t total;

	if ((len != 10 && len != 20) || text[4] != '-' || text[7] != '-' ||
	    !dg_parse_field(text, 4, &year) || !dg_parse_field(text + 5, 2, &month) ||
	    !dg_parse_field(text + 8, 2, &day))
		return shape;
	if (len == 20 && (text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
			  text[19] != 'Z' || !dg_parse_field(text + 11, 2, &hour) ||
			  !dg_parse_field(text + 14, 2, &minute) ||
			  !dg_parse_field(text + 17, 2, &second)))
		return shape;
	if (year < 1970)
		return "a time is not before 1970";
	if (month < 1 || month > 12)
		return "there is no such month";
	days = month_days[month - 1] + (month == 2 && dg_leap_year(year));
	if (day < 1 || day > days)
		return "there is no such day in that month";
	if (hour > 23 || minute > 59 || second > 59)
		return "there is no such time of day";
	total = dg_days_before_year(year) + day - 1;
	for (unsigned int m = 1; m < month; m++)
		total += month_days[m - 1] + (m == 2 && dg_leap_year(year));
	ret->type = DG_TYPE_TIME;
	ret->mask = UINT64_MAX;
	ret->num = total * 86400 + hour * 3600 + minute * 60 + second;
	return NULL;
}

/* `bind:`, and not the beginning of an id. */
static bool dg_is_word_and_colon(const char *text, size_t len)
{
	uint64_t value;

	return text[len - 1] == ':' && !dg_is_digit(text[0]) && text[0] != '*' && len > 1 &&
	       (len > 5 || !dg_parse_hex(text, len - 1, &value));
}

bool dg_literal_parse(const char *text, size_t len, struct dg_digest *ret_digest,
		      struct dg_literal *ret, struct dg_literal_problem *ret_problem)
{
	enum dg_literal_error kind = DG_LITERAL_MALFORMED;
	struct dg_literal literal = { 0 };
	unsigned int colons = 0;
	bool dots = false;
	const char *why;
	int algo;

	for (size_t i = 0; i < len; i++) {
		colons += text[i] == ':';
		dots |= text[i] == '.';
	}
	algo = dg_digest_algo(text, len);
	if (len > DG_STR_BYTES) {
		kind = DG_LITERAL_LONG;
		why = "a literal has at most 255 bytes";
	} else if (!len) {
		why = "empty";
	} else if (algo >= 0) {
		why = dg_parse_digest(text, len, algo, ret_digest, &literal);
	} else if (dg_is_digit(text[0]) && memchr(text, '-', len) &&
		   dg_is_range_with_dash(text, len)) {
		why = "a range has two dots in it, as 1..5";
	} else if (dg_is_digit(text[0]) && memchr(text, '-', len)) {
		why = dg_parse_time(text, len, &literal);
	} else if (colons && dots) {
		why = dg_parse_address(text, len, &literal);
	} else if (colons == 1 && !strncasecmp(text, "sha", 3)) {
		why = "a digest begins with sha256:, sha384: or sha512:";
	} else if (colons == 1 && dg_is_word_and_colon(text, len)) {
		kind = DG_LITERAL_WORD;
		why = "a word has no ':' behind it; where a value follows, write '='";
	} else if (colons == 1 && dg_looks_like_class(text, len)) {
		why = dg_class_shape;
	} else if (colons == 1) {
		why = dg_parse_id(text, len, &literal);
	} else if (colons == 2) {
		why = dg_parse_class(text, len, &literal);
	} else if (!colons && dg_is_digit(text[0])) {
		kind = DG_LITERAL_NUMBER;
		why = dg_parse_int(text, len, &literal);
	} else {
		kind = DG_LITERAL_NONE;
		why = "no literal looks like this";
	}
	if (!why) {
		literal.pos = ret->pos;
		*ret = literal;
		return true;
	}
	*ret_problem = (struct dg_literal_problem){
		.error = kind,
		.why = why,
		.pattern = why == dg_id_shape	 ? ", either may be *" :
			   why == dg_class_shape ? ", the last ones may be *" :
						   "",
	};
	return false;
}

bool dg_literal_equal(const struct dg_literal *a, const struct dg_literal *b)
{
	switch (a->type) {
	case DG_TYPE_STRING:
		return a->str.len == b->str.len &&
		       (!a->str.len || !memcmp(a->str.data, b->str.data, a->str.len));
	case DG_TYPE_DIGEST:
		return a->digest->algo == b->digest->algo &&
		       !memcmp(a->digest->bytes, b->digest->bytes, sizeof(a->digest->bytes));
	default:
		return a->num == b->num;
	}
}

static void dg_write_field(FILE *out, const struct dg_literal *literal, unsigned int shift,
			   unsigned int bits, char separator)
{
	uint64_t ones = (UINT64_C(1) << bits) - 1;

	if (separator)
		putc(separator, out);
	if (literal->mask >> shift & ones)
		fprintf(out, "%0*" PRIx64, (int)bits / 4, literal->num >> shift & ones);
	else
		putc('*', out);
}

static void dg_write_time(FILE *out, uint64_t seconds)
{
	static const uint8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t days = seconds / 86400, rest = seconds % 86400;
	unsigned int year = 1970, month = 1;

	while (days >= 365U + dg_leap_year(year))
		days -= 365U + dg_leap_year(year++);
	while (days >= month_days[month - 1] + (unsigned int)(month == 2 && dg_leap_year(year))) {
		days -= month_days[month - 1] + (unsigned int)(month == 2 && dg_leap_year(year));
		month++;
	}
	fprintf(out, "%04u-%02u-%02u", year, month, (unsigned int)days + 1);
	if (rest)
		fprintf(out, "T%02u:%02u:%02uZ", (unsigned int)(rest / 3600),
			(unsigned int)(rest / 60 % 60), (unsigned int)(rest % 60));
}

void dg_literal_write(FILE *out, const struct dg_literal *literal, const struct dg_attr *attr)
{
	const char *const *names = attr ? dg_schema_enum_names(attr) : NULL;

	switch (literal->type) {
	case DG_TYPE_BOOL:
		fputs(literal->num ? "true" : "false", out);
		break;
	case DG_TYPE_STRING:
		fwrite(literal->str.data, 1, literal->str.len, out);
		break;
	case DG_TYPE_ID:
		dg_write_field(out, literal, 16, 16, 0);
		dg_write_field(out, literal, 0, 16, ':');
		break;
	case DG_TYPE_CLASS:
		dg_write_field(out, literal, 16, 8, 0);
		dg_write_field(out, literal, 8, 8, ':');
		dg_write_field(out, literal, 0, 8, ':');
		break;
	case DG_TYPE_ADDRESS:
		fprintf(out, "%04" PRIx64 ":%02" PRIx64 ":%02" PRIx64 ".%" PRIx64,
			literal->num >> 16, literal->num >> 8 & 0xff, literal->num >> 3 & 0x1f,
			literal->num & 7);
		break;
	case DG_TYPE_DIGEST:
		fputs(dg_digests[literal->digest->algo].prefix, out);
		for (size_t i = 0; i < dg_digests[literal->digest->algo].bytes; i++)
			fprintf(out, "%02x", literal->digest->bytes[i]);
		break;
	case DG_TYPE_TIME:
		dg_write_time(out, literal->num);
		break;
	case DG_TYPE_ENUM:
		for (uint64_t i = 0; names && names[i]; i++) {
			if (i == literal->num) {
				fputs(names[i], out);
				return;
			}
		}
		/* fall through */
	case DG_TYPE_INT:
		fprintf(out, "%" PRIu64, literal->num);
		break;
	}
}
