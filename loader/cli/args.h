/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of a verb, read by the table of options (options.def). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* enum dg_verb_index: DG_VERB_check … in the order of verbs.def */
enum dg_verb_index {
#define VERB(suffix, ...) DG_VERB_##suffix,
#include "verbs.def"
#undef VERB
	DG_VERB_MAX,
};

enum dg_option {
#define OPTION(suffix, symbol, ...) DG_OPTION_##suffix##_##symbol,
#include "options.def"
#undef OPTION
	DG_OPTION_MAX,
};

struct dg_option_info {
	enum dg_verb_index verb;
	const char *name;
	char letter;		/* 0: none */
	const char *argument;	/* NULL: a flag */
	bool required;
	const char *text;
};

/* The table's entry. */
const struct dg_option_info *dg_option_info(enum dg_option option);

struct dg_args {
	const char *values[DG_OPTION_MAX]; /* NULL: not given; of a flag anything else */
	bool json;
	char **operands; /* argv's own */
	int count;
};

/*
 * Read the options of the verb argv[0]; between @least and @most operands must be left (@most -1: no
 * limit). An option given twice counts as given last. DG_EXIT_OK, or DG_EXIT_USAGE after a message
 * that says what is wrong and where the help is.
 */
int dg_args_parse(int argc, char **argv, int least, int most, struct dg_args *ret);

/* "devgate VERB: text" and where the help is, to standard error. Always DG_EXIT_USAGE. */
int dg_args_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is @word one of the words of @list, which have | between them? */
bool dg_args_in_list(const char *list, const char *word);
