// SPDX-License-Identifier: GPL-2.0-only
#include "random_values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"

const char *const ints[INTS] = {"0",
				"1",
				"2",
				"3",
				"7",
				"31",
				"32",
				"255",
				"0xff",
				"256",
				"0x7fffffffffffffff",
				"0x8000000000000000",
				"18446744073709551614",
				"18446744073709551615"};
static const char *const halves[] = {"0000", "0001", "10de", "8086", "2330", "FFFE", "ffff"};
static const char *const octets[] = {"00", "01", "02", "08", "0c", "fe", "FF"};
static const char *const addresses[] = {"0000:00:00.0",	    "0000:00:00.1", "0000:3b:00.0",
					"0000:3b:1f.7",	    "0000:ff:1f.7", "0001:00:00.0",
					"ffffffff:ff:1f.7", "10000:e0:06.0"};
const char *const times[TIMES] = {"1970-01-01",		  "2026-01-01", "2026-01-01T00:00:01Z",
				  "2026-06-01T12:00:00Z", "2027-01-01", "2038-01-19T03:14:08Z"};
static const char *const pieces[] = {"a",  "b", "c", "ab",	 "-", "]",	   "[",	 "*", "?",
				     "\\", "!", "^", "\xc3\xa9", "z", "mlx5_core", "\"", " ", "/"};

void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->bytes + t->len, sizeof(t->bytes) - t->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(t->bytes) - t->len) {
		fputs("differential: a text is too long\n", stderr);
		exit(3);
	}
	t->len += (size_t)n;
}

void string_value(struct random *r, char ret[512])
{
	size_t count = pick(r, 5), len = 0;

	if (chance(r, 2)) {
		len = 250 + pick(r, 7); /* 250 … 256: the last one is too long to be known */
		memset(ret, 'a', len);
		if (chance(r, 50))
			ret[len - 1] = 'b';
		ret[len] = 0;
		return;
	}
	ret[0] = 0;
	for (size_t i = 0; i < count; i++) {
		const char *piece = PICK(r, pieces);

		memcpy(ret + len, piece, strlen(piece) + 1);
		len += strlen(piece);
	}
}

void put_quoted(struct text *t, const char *value)
{
	put(t, "\"");
	for (; *value; value++)
		put(t, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	put(t, "\"");
}

static void put_string(struct random *r, struct text *t)
{
	char value[512];

	do
		string_value(r, value);
	while (strlen(value) > DG_STR_BYTES);
	put_quoted(t, value);
}

static void bracket(struct random *r, struct text *glob)
{
	static const char *const inner[] = {"a-c",  "ab",	 "-", "a-",  "-z",    "^",
					    "\\]",  "\\a-\\c",	 "*", "?",   "a-c-e", "\\\\",
					    "\xc3", "\x80-\xbf", "[", "!-b", "\\--a", "b-bz"};
	size_t count = 1 + pick(r, 2);

	put(glob, chance(r, 30) ? "[!" : "[");
	for (size_t i = 0; i < count; i++)
		put(glob, "%s", PICK(r, inner));
	put(glob, "]");
}

static void make_glob(struct random *r, struct text *ret)
{
	size_t count = pick(r, 6);

	ret->len = 0;
	ret->bytes[0] = 0;
	for (size_t i = 0; i < count; i++) {
		const char *piece;

		switch (pick(r, 5)) {
		case 0:
			put(ret, "*");
			break;
		case 1:
			put(ret, "?");
			break;
		case 2:
			bracket(r, ret);
			break;
		default:
			for (piece = PICK(r, pieces); *piece; piece++)
				put(ret, strchr("*?[\\", *piece) ? "\\%c" : "%c", *piece);
		}
	}
}

void put_glob(struct random *r, struct text *t)
{
	static struct text glob;

	do
		make_glob(r, &glob);
	while (dg_glob_problem(glob.bytes, glob.len));
	/* In the text of a policy: bytes that are no UTF-8 by escape. */
	put(t, "\"");
	for (size_t i = 0; i < glob.len; i++) {
		unsigned char c = (unsigned char)glob.bytes[i];

		if (c >= 0x80)
			put(t, "\\x%02x", c);
		else
			put(t, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	put(t, "\"");
}

/* Few of them, so that they are often equal; the two of one length differ in the last digit. */
static void put_digest(struct random *r, struct text *t)
{
	static const struct {
		const char *name;
		unsigned int digits;
	} algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
	size_t algorithm = pick(r, ARRAY_SIZE(algorithms));

	put(t, "%s:", algorithms[algorithm].name);
	for (unsigned int i = 1; i < algorithms[algorithm].digits; i++)
		put(t, "%c", i == 17 ? 'A' : '5');
	put(t, "%c", chance(r, 60) ? '0' : '1');
}

void put_literal(struct random *r, struct text *t, const struct dg_attr *attr, bool pattern)
{
	const char *const *names;
	size_t count = 0, stars;

	switch (attr->type) {
	case DG_TYPE_INT:
		put(t, "%s", PICK(r, ints));
		break;
	case DG_TYPE_BOOL:
		put(t, "%s", chance(r, 50) ? "true" : "false");
		break;
	case DG_TYPE_STRING:
		put_string(r, t);
		break;
	case DG_TYPE_ID:
		put(t, "%s:", pattern && chance(r, 40) ? "*" : PICK(r, halves));
		put(t, "%s", pattern && chance(r, 40) ? "*" : PICK(r, halves));
		break;
	case DG_TYPE_CLASS:
		stars = pattern ? pick(r, 4) : 0;
		put(t, "%s:", stars > 2 ? "*" : PICK(r, octets));
		put(t, "%s:", stars > 1 ? "*" : PICK(r, octets));
		put(t, "%s", stars > 0 ? "*" : PICK(r, octets));
		break;
	case DG_TYPE_ADDRESS:
		put(t, "%s", PICK(r, addresses));
		break;
	case DG_TYPE_DIGEST:
		put_digest(r, t);
		break;
	case DG_TYPE_ENUM:
		names = dg_schema_enum_names(attr);
		while (names[count])
			count++;
		put(t, "%s", names[pick(r, count)]);
		break;
	default:
		break;
	}
}
