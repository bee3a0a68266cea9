/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * One input file: its name as given, its text and where its lines begin. Counted references: the
 * policy holds one, and so does each diagnostic that points into it, so that a diagnostic can still
 * show its line after the policy is gone.
 */
#pragma once

#include "ast.h"
#include "util.h"

#define DG_SOURCE_MAX_BYTES (16U << 20) /* of a policy file */
#define DG_INVENTORY_MAX_BYTES (256U << 20)

struct dg_source {
	unsigned int refs;
	unsigned int order;  /* diagnostics are sorted by it: order of appearance */
	char *name;	     /* as given, "-" is shown as <stdin> */
	char *real_path;     /* NULL for text that is not from a file */
	char *text;	     /* @len bytes and a NUL */
	size_t len;
	uint32_t *lines;     /* offset of each line's first byte */
	uint32_t line_count; /* at least 1 */
};

/*
 * Take a copy of @text. @name is what diagnostics show. -ENOMEM, -EFBIG over @max bytes.
 */
int dg_source_new(const char *name, const char *text, size_t len, size_t max,
		  struct dg_source **ret);

/*
 * Read a whole file; @path "-" is standard input, @name (NULL: the path) is what diagnostics show.
 * With @regular only a regular file is read: nothing blocks and no device is touched.
 * Negative errno: what open or read said, -EFBIG over @max bytes, -EINVAL for what is no regular file.
 */
int dg_source_read(const char *path, const char *name, size_t max, bool regular,
		   struct dg_source **ret);

/* What it gave, for a person. */
const char *dg_source_why(int err);

struct dg_source *dg_source_ref(struct dg_source *source);
void dg_source_unref(struct dg_source *source);
DEFINE_CLEANUP(struct dg_source *, dg_source_unref, source)

/* The position of the bytes from @offset to @end (cut at the end of the line). */
struct dg_pos dg_source_pos(const struct dg_source *source, size_t offset, size_t end);

/* Does it begin as an ELF file does, as a compiled policy? */
bool dg_source_is_object(const struct dg_source *source);

/* Line @line (from 1) without its line feed; empty for a number out of range. */
struct dg_bytes dg_source_line(const struct dg_source *source, uint32_t line);
