/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "suggest.h"

#ifndef DG_VERSION
#define DG_VERSION "0.1"
#endif

enum dg_side {
	DG_SIDE_AUTHOR,
	DG_SIDE_HOST,
};

struct dg_verb {
	int (*handler)(int argc, char **argv); /* NULL: not built */
	const char *name;
	enum dg_side side;
	const char *synopsis, *summary, *example;
};

const struct dg_verb *dg_cli_verbs(size_t *ret_count);
const struct dg_verb *dg_cli_find_verb(const char *name); /* NULL: there is none */
void dg_cli_print_help(FILE *out);
/* What the verb takes, "devgate check POLICY… [--allow-dead] [--json]": operands, then options. */
void dg_cli_usage_text(const struct dg_verb *verb, char *text, size_t size);
/*
 * A paragraph, broken at blanks before column 80; further lines begin at @indent. @column: where the
 * first one begins.
 */
void dg_cli_print_wrapped(FILE *out, const char *text, size_t indent, size_t column);
void dg_cli_print_verb_help(FILE *out, const struct dg_verb *verb);
/* The same on standard output, as one JSON object in a line. */
void dg_cli_json_verb_help(const struct dg_verb *verb);
/* Point at the verb's help on standard error. Always DG_EXIT_USAGE. */
int dg_cli_usage(const char *verb_name);
