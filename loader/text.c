// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "utf8.h"
#include "util.h"

/* The character of a valid sequence of @len bytes. */
static uint32_t utf8_character(const char *text, size_t len)
{
	uint32_t c = (unsigned char)text[0];

	if (len > 1)
		c &= 0x7f >> len;
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (text[i] & 0x3f);
	return c;
}

/* Control characters (C0, DEL, C1), and what reorders or hides text around it. */
static bool acts_on_terminal(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void dg_text_safe(const char *data, size_t len, char *ret, size_t size)
{
	size_t at = 0;

	while (len) {
		size_t n = dg_utf8_sequence(data, len);

		if (n && !acts_on_terminal(utf8_character(data, n))) {
			if (at + n >= size)
				break;
			memcpy(ret + at, data, n);
			at += n;
		} else {
			n = 1;
			if (at + 4 >= size)
				break;
			snprintf(ret + at, size - at, "\\x%02x", (unsigned char)*data);
			at += 4;
		}
		data += n;
		len -= n;
	}
	ret[at] = 0;
}

json_t *dg_text_json(const char *data, size_t len)
{
	_cleanup_free_ char *clean = malloc(3 * len + 1);
	size_t at = 0;

	if (!clean)
		return NULL;
	while (len) {
		size_t n = dg_utf8_sequence(data, len);

		if (n) {
			memcpy(clean + at, data, n);
			at += n;
		} else {
			n = 1;
			memcpy(clean + at, "\xef\xbf\xbd", 3);
			at += 3;
		}
		data += n;
		len -= n;
	}
	return json_stringn(clean, at);
}

int64_t dg_text_duration(const char *text, uint32_t most)
{
	static const struct {
		const char *name;
		uint32_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || !number || number > most)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].name))
			return number <= most / units[i].seconds
				       ? (int64_t)(number * units[i].seconds)
				       : -1;
	return -1;
}
