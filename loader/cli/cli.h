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
void dg_cli_print_verb_help(FILE *out, const struct dg_verb *verb);
/* Point at the verb's help on standard error. Always DG_EXIT_USAGE. */
int dg_cli_usage(const char *verb_name);
