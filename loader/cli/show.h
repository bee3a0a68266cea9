/* SPDX-License-Identifier: GPL-2.0-only */
/* Small pieces of output that the author-side verbs share. All write to standard output. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "ast.h"

/* With every byte that a terminal would act on escaped; a long text is cut at 4096 bytes. */
void dg_show_safe(struct dg_bytes bytes);

/* The same in double quotes. */
void dg_show_quoted(struct dg_bytes bytes);

/* As a JSON string; data NULL: null. */
void dg_show_json(struct dg_bytes bytes);

/* FILE:LINE:COLUMN */
void dg_show_pos(const struct dg_pos *pos);

/* `"file":"p.dgp","line":3,"column":1` */
void dg_show_json_pos(const struct dg_pos *pos);

/* `allow` or `deny` */
const char *dg_show_verdict(bool allow);

/* The file's name as diagnostics show it. */
const char *dg_show_path(const char *path);
