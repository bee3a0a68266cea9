/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Diagnostics: collected, sorted by place and printed as text or as JSON lines (the command's
 * contract, `check --json`). The table of ids, titles and explanations is diag.def; an id is never
 * used again for something else.
 */
#pragma once

#include <stdarg.h>

#include "ast.h"
#include "util.h"

enum dg_severity {
	DG_SEVERITY_ERROR,
	DG_SEVERITY_WARNING,
};

/* enum dg_diag_id: DG_E001 … in the order of diag.def */
enum dg_diag_id {
#define DIAG(id, ...) DG_##id,
#include "diag.def"
#undef DIAG
	DG_DIAG_MAX,
};

/* Is it about the text and its grammar (diag.def, E001 to E019), whatever the names in it mean? */
#define DG_DIAG_IS_SYNTAX(id) ((id) < DG_E020)

struct dg_diag_info {
	const char *id; /* "E012" */
	enum dg_severity severity;
	const char *title;
	const char *explanation;
	const char *example;
};

struct dg_diag {
	enum dg_diag_id id;
	enum dg_severity severity;
	struct dg_pos pos; /* source NULL: about no place; else a reference is held */
	char *message;
	char *witness; /* a device as JSON text, or NULL */
	size_t seq;    /* order of reporting, for places that are equal */
};

struct dg_diags {
	struct dg_diag *items;
	size_t count, room;
	size_t errors, warnings;
	unsigned int source_count; /* numbers given to sources */
	struct dg_progress *progress; /* who is told how far the work is (progress.h), or NULL */
	bool sorted;
	bool cut;	  /* more than DG_DIAGS_MAX: the rest was counted, not kept */
	bool out_of_memory; /* a diagnostic was lost; the verdict must not be "fine" */
};

#define DG_DIAGS_MAX 10000
#define DG_DIAGS_UNDECIDED 10 /* E212 that are printed as text */

/* Would another one only be counted? Then its text need not be made. */
static inline bool dg_diags_full(const struct dg_diags *diags)
{
	return diags->count >= DG_DIAGS_MAX;
}

void dg_diags_done(struct dg_diags *diags); /* frees the contents, not @diags */
#define _cleanup_diags_ _cleanup_(dg_diags_done)

/*
 * Report. The severity is the table's. A diagnostic that does not fit in memory counts as an error,
 * so that nothing passes because it could not be said.
 */
void dg_diag_report(struct dg_diags *diags, enum dg_diag_id id, const struct dg_pos *pos,
		    const char *fmt, ...) _printf_(4, 5);
void dg_diag_vreport(struct dg_diags *diags, enum dg_diag_id id, const struct dg_pos *pos,
		     const char *fmt, va_list ap) _printf_(4, 0);

/*
 * The same with a severity other than the table's (--allow-dead) and a witness: JSON text of a device,
 * taken over (also on failure), or NULL.
 */
void dg_diag_report_full(struct dg_diags *diags, enum dg_diag_id id, enum dg_severity severity,
			 const struct dg_pos *pos, char *witness, const char *fmt, ...)
	_printf_(6, 7);

/* By file, line, column; what is equal stays in the order of reporting. */
void dg_diags_sort(struct dg_diags *diags);

/*
 * `file:line:col: error[E012]: text`, the source line and a caret, one after the other, sorted.
 * Colour only when @out is a terminal and NO_COLOR is not set. Bytes that a terminal would act on are
 * shown escaped. Of E212 the first DG_DIAGS_UNDECIDED are shown, and how many more there are.
 */
void dg_diags_print(FILE *out, struct dg_diags *diags);

/* One JSON object a line, sorted. */
void dg_diags_json(FILE *out, struct dg_diags *diags);

/* The table's entry. */
const struct dg_diag_info *dg_diag_info(enum dg_diag_id id);
/* By name, "E012" (either case); NULL when there is none. */
const struct dg_diag_info *dg_diag_find(const char *name);
