// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include "json_write.h"
#include "utf8.h"

void dg_json_write_string(FILE *out, const char *text, size_t len)
{
	putc('"', out);
	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)text[i];

		n = dg_utf8_sequence(text + i, len - i);
		if (!n) {
			fputs("\xef\xbf\xbd", out);
			n = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c == '\n') {
			fputs("\\n", out);
		} else if (c == '\t') {
			fputs("\\t", out);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
		} else {
			fwrite(text + i, 1, n, out);
		}
	}
	putc('"', out);
}
