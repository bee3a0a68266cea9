// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "diag.h"
#include "json_write.h"
#include "source.h"
#include "utf8.h"

static const struct dg_diag_info dg_diag_infos[] = {
#define DIAG(name, level, text, why, sample)                                                       \
	[DG_##name] = {                                                                            \
		.id = #name,                                                                       \
		.severity = DG_SEVERITY_##level,                                                   \
		.title = text,                                                                     \
		.explanation = why,                                                                \
		.example = sample,                                                                 \
	},
#include "diag.def"
#undef DIAG
};

const struct dg_diag_info *dg_diag_info(enum dg_diag_id id)
{
	return &dg_diag_infos[id];
}

const struct dg_diag_info *dg_diag_find(const char *name)
{
	for (size_t i = 0; i < DG_DIAG_MAX; i++)
		if (!strcasecmp(dg_diag_infos[i].id, name))
			return &dg_diag_infos[i];
	return NULL;
}

static void dg_diag_done(struct dg_diag *diag)
{
	/* The reference taken in dg_diag_add(); positions are otherwise read-only. */
	dg_source_unref((struct dg_source *)(uintptr_t)diag->pos.source);
	free(diag->message);
	free(diag->witness);
}

void dg_diags_done(struct dg_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		dg_diag_done(&diags->items[i]);
	free(diags->items);
	*diags = (struct dg_diags){0};
}

/* Takes @witness over. */
static void dg_diag_add(struct dg_diags *diags, enum dg_diag_id id, enum dg_severity severity,
			const struct dg_pos *pos, char *witness, const char *fmt, va_list ap)
{
	_cleanup_free_ char *owned = witness;
	char *message;

	if (severity == DG_SEVERITY_ERROR)
		diags->errors++;
	else
		diags->warnings++;
	if (dg_diags_full(diags)) {
		diags->cut = true;
		return;
	}
	if (diags->count == diags->room) {
		size_t room = diags->room ? 2 * diags->room : 16;
		struct dg_diag *items = reallocarray(diags->items, room, sizeof(*items));

		if (!items)
			goto lost;
		diags->items = items;
		diags->room = room;
	}
	if (vasprintf(&message, fmt, ap) < 0)
		goto lost;
	diags->items[diags->count] = (struct dg_diag){
		.id = id,
		.severity = severity,
		.pos = pos ? *pos : (struct dg_pos){0},
		.message = message,
		.witness = TAKE_PTR(owned),
		.seq = diags->count,
	};
	if (pos && pos->source)
		dg_source_ref((struct dg_source *)(uintptr_t)pos->source);
	diags->count++;
	diags->sorted = false;
	return;
lost:
	if (severity != DG_SEVERITY_ERROR)
		diags->errors++;
	diags->out_of_memory = true;
}

void dg_diag_vreport(struct dg_diags *diags, enum dg_diag_id id, const struct dg_pos *pos,
		     const char *fmt, va_list ap)
{
	dg_diag_add(diags, id, dg_diag_infos[id].severity, pos, NULL, fmt, ap);
}

void dg_diag_report(struct dg_diags *diags, enum dg_diag_id id, const struct dg_pos *pos,
		    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	dg_diag_vreport(diags, id, pos, fmt, ap);
	va_end(ap);
}

void dg_diag_report_full(struct dg_diags *diags, enum dg_diag_id id, enum dg_severity severity,
			 const struct dg_pos *pos, char *witness, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	dg_diag_add(diags, id, severity, pos, witness, fmt, ap);
	va_end(ap);
}

static int dg_compare(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int dg_diag_order(const void *left, const void *right)
{
	const struct dg_diag *a = left, *b = right;
	int order;

	if (!a->pos.source || !b->pos.source)
		order = (a->pos.source != NULL) - (b->pos.source != NULL);
	else
		order = dg_compare(a->pos.source->order, b->pos.source->order);
	order = order ?: dg_compare(a->pos.line, b->pos.line);
	order = order ?: dg_compare(a->pos.column, b->pos.column);
	return order ?: dg_compare(a->seq, b->seq);
}

void dg_diags_sort(struct dg_diags *diags)
{
	if (!diags->sorted && diags->count)
		qsort(diags->items, diags->count, sizeof(*diags->items), dg_diag_order);
	diags->sorted = true;
}

/*
 * Code points that a terminal acts on or that reorder what is shown (C1 controls, bidirectional
 * overrides): a hostile policy must not be able to repaint the report about it.
 */
static bool dg_is_deceptive(const char *text, size_t n)
{
	if (n == 1)
		return (unsigned char)text[0] < 0x20 || text[0] == 0x7f;
	if (n == 2)
		return !memcmp(text, "\xc2", 1) && (unsigned char)text[1] < 0xa0;
	if (n == 3 && !memcmp(text, "\xe2\x80", 2)) {
		unsigned char last = (unsigned char)text[2];

		return last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);
	}
	if (n == 3 && !memcmp(text, "\xe2\x81", 2))
		return (unsigned char)text[2] >= 0xa6 && (unsigned char)text[2] <= 0xa9;
	return false;
}

/* Write text with deceptive bytes escaped; returns the columns it takes. Tabs stay when @tabs. */
static size_t dg_print_escaped(FILE *out, const char *text, size_t len, bool tabs)
{
	size_t columns = 0;

	for (size_t i = 0, n; i < len; i += n) {
		n = dg_utf8_sequence(text + i, len - i);
		if (n && ((tabs && text[i] == '\t') || !dg_is_deceptive(text + i, n))) {
			fwrite(text + i, 1, n, out);
			columns++;
			continue;
		}
		n = n ?: 1;
		for (size_t k = 0; k < n; k++)
			columns += (size_t)fprintf(out, "\\x%02x", (unsigned char)text[i + k]);
	}
	return columns;
}

#define DG_SHOWN_MAX 160 /* bytes of a source line; a longer one is shown around the place */

static void dg_print_excerpt(FILE *out, const struct dg_pos *pos, const char *colour,
			     const char *plain)
{
	struct dg_bytes line = dg_source_line(pos->source, pos->line);
	size_t column = pos->column - 1, end = pos->end_column - 1;
	size_t from = 0, to = line.len, width;
	const char *text = line.data;

	if (to && text[to - 1] == '\r')
		to--;
	if (column > to)
		column = to;
	if (to > DG_SHOWN_MAX) {
		if (column > DG_SHOWN_MAX / 2)
			from = column - DG_SHOWN_MAX / 2;
		if (to > from + DG_SHOWN_MAX)
			to = from + DG_SHOWN_MAX;
		/* Not in the middle of a character. */
		while (from < column && ((unsigned char)text[from] & 0xc0) == 0x80)
			from++;
		while (to > column && to < line.len && ((unsigned char)text[to] & 0xc0) == 0x80)
			to--;
	}
	if (end > to)
		end = to;
	fputs("    ", out);
	dg_print_escaped(out, text + from, to - from, true);
	fputs("\n    ", out);
	/* What a prefix takes on screen, tabs kept so that they line up whatever their width. */
	for (size_t i = from, n; i < column; i += n) {
		n = dg_utf8_sequence(text + i, column - i);
		if (text[i] == '\t')
			putc('\t', out);
		else if (n && !dg_is_deceptive(text + i, n))
			putc(' ', out);
		else
			for (size_t k = 0; k < 4 * (n ?: 1); k++)
				putc(' ', out);
		n = n ?: 1;
	}
	width = 0;
	for (size_t i = column, n; i < end; i += n) {
		n = dg_utf8_sequence(text + i, end - i);
		width += n && !dg_is_deceptive(text + i, n) ? 1 : 4 * (n ?: 1);
		n = n ?: 1;
	}
	fputs(colour, out);
	putc('^', out);
	for (size_t k = 1; k < width; k++)
		putc('~', out);
	fprintf(out, "%s\n", plain);
}

static void dg_print_one(FILE *out, const struct dg_diag *diag, bool colour)
{
	const char *plain = colour ? "\033[0m" : "", *bold = colour ? "\033[1m" : "";
	bool error = diag->severity == DG_SEVERITY_ERROR;
	const char *hue = !colour ? "" : error ? "\033[1;31m" : "\033[1;35m";

	fputs(bold, out);
	if (diag->pos.source) {
		dg_print_escaped(out, diag->pos.source->name, strlen(diag->pos.source->name),
				 false);
		fprintf(out, ":%u:%u: ", diag->pos.line, diag->pos.column);
	}
	fprintf(out, "%s%s%s[%s]: ", hue, error ? "error" : "warning", plain,
		dg_diag_infos[diag->id].id);
	dg_print_escaped(out, diag->message, strlen(diag->message), false);
	putc('\n', out);
	if (diag->pos.source)
		dg_print_excerpt(out, &diag->pos, hue, plain);
	if (diag->witness) {
		fputs("    witness: ", out);
		dg_print_escaped(out, diag->witness, strlen(diag->witness), false);
		putc('\n', out);
	}
}

static void dg_print_all(FILE *out, struct dg_diags *diags, bool colour)
{
	size_t undecided = 0;

	dg_diags_sort(diags);
	for (size_t i = 0; i < diags->count; i++)
		/* Where one rule is too much, mostly hundreds are: they would bury the rest. */
		if (diags->items[i].id != DG_E212 || undecided++ < DG_DIAGS_UNDECIDED)
			dg_print_one(out, &diags->items[i], colour);
	if (undecided > DG_DIAGS_UNDECIDED)
		fprintf(out, "%zu more warnings E212 are not shown; check --json has them all\n",
			undecided - DG_DIAGS_UNDECIDED);
	if (diags->cut)
		fprintf(out, "only the first %d findings are shown\n", DG_DIAGS_MAX);
	if (diags->out_of_memory)
		fputs("out of memory: some diagnostics are not shown\n", out);
}

void dg_diags_print(FILE *out, struct dg_diags *diags)
{
	const char *no_color = getenv("NO_COLOR");
	bool colour = isatty(fileno(out)) && !(no_color && *no_color);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *whole;

	/* In one piece: standard error has no buffer, and each character would be a system call. */
	whole = open_memstream(&text, &size);
	if (!whole) {
		dg_print_all(out, diags, colour);
		return;
	}
	dg_print_all(whole, diags, colour);
	if (ferror(whole) | fclose(whole))
		dg_print_all(out, diags, colour);
	else
		fwrite(text, 1, size, out);
}

void dg_diags_json(FILE *out, struct dg_diags *diags)
{
	dg_diags_sort(diags);
	for (size_t i = 0; i < diags->count; i++) {
		const struct dg_diag *diag = &diags->items[i];
		const char *file = diag->pos.source ? diag->pos.source->name : "";

		fputs("{\"file\":", out);
		dg_json_write_string(out, file, strlen(file));
		fprintf(out, ",\"line\":%u,\"column\":%u,\"end_column\":%u", diag->pos.line,
			diag->pos.column, diag->pos.end_column);
		fprintf(out, ",\"severity\":\"%s\",\"id\":\"%s\",\"message\":",
			diag->severity == DG_SEVERITY_ERROR ? "error" : "warning",
			dg_diag_infos[diag->id].id);
		dg_json_write_string(out, diag->message, strlen(diag->message));
		fprintf(out, ",\"witness\":%s}\n", diag->witness ?: "null");
	}
}
