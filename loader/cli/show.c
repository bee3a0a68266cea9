// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "json_write.h"
#include "show.h"
#include "source.h"
#include "text.h"

void dg_show_safe(struct dg_bytes bytes)
{
	char text[DG_TEXT_SAFE(4096)];

	dg_text_safe(bytes.data, bytes.len < 4096 ? bytes.len : 4096, text, sizeof(text));
	fputs(text, stdout);
}

void dg_show_quoted(struct dg_bytes bytes)
{
	putchar('"');
	dg_show_safe(bytes);
	putchar('"');
}

void dg_show_json(struct dg_bytes bytes)
{
	if (bytes.data)
		dg_json_write_string(stdout, bytes.data, bytes.len);
	else
		fputs("null", stdout);
}

static struct dg_bytes file_of(const struct dg_pos *pos)
{
	const char *name = pos->source ? pos->source->name : "";

	return (struct dg_bytes){name, strlen(name)};
}

void dg_show_pos(const struct dg_pos *pos)
{
	dg_show_safe(file_of(pos));
	printf(":%u:%u", pos->line, pos->column);
}

void dg_show_json_pos(const struct dg_pos *pos)
{
	fputs("\"file\":", stdout);
	dg_show_json(file_of(pos));
	printf(",\"line\":%u,\"column\":%u", pos->line, pos->column);
}

const char *dg_show_verdict(bool allow)
{
	return allow ? "allow" : "deny";
}

const char *dg_show_path(const char *path)
{
	return strcmp(path, "-") ? path : "<stdin>";
}
