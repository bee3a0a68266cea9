// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "verbs.h"

#define REQUIRED true
#define OPTIONAL false

static const struct dg_option_info dg_options[] = {
#define OPTION(suffix, symbol, long_name, short_name, value, need, doc) \
	{DG_VERB_##suffix, long_name, short_name, value, need, doc},
#include "options.def"
#undef OPTION
};

#undef REQUIRED
#undef OPTIONAL

/* What getopt gives for --json, which no table holds. */
#define JSON DG_OPTION_MAX

const struct dg_option_info *dg_option_info(enum dg_option option)
{
	return &dg_options[option];
}

int dg_args_usage(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "devgate %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return dg_cli_usage(verb);
}

bool dg_args_in_list(const char *list, const char *word)
{
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, "|");
		if (strlen(word) == len && !strncmp(list, word, len))
			return true;
		if (!list[len])
			return false;
	}
}

/* The verb's part of the table as getopt wants it. */
struct getopt_tables {
	struct option longs[DG_OPTION_MAX + 2];
	char shorts[2 * DG_OPTION_MAX + 2];
};

static void make_tables(enum dg_verb_index verb, struct getopt_tables *ret)
{
	struct option *longs = ret->longs;
	char *shorts = ret->shorts;

	*shorts++ = ':';
	for (int i = 0; i < DG_OPTION_MAX; i++) {
		const struct dg_option_info *info = &dg_options[i];

		if (info->verb != verb)
			continue;
		*longs++ = (struct option){
			.name = info->name,
			.has_arg = info->argument ? required_argument : no_argument,
			.val = 256 + i,
		};
		if (!info->letter)
			continue;
		*shorts++ = info->letter;
		if (info->argument)
			*shorts++ = ':';
	}
	*longs++ = (struct option){.name = "json", .val = 256 + JSON};
	*longs = (struct option){};
	*shorts = 0;
}

static int option_of_letter(enum dg_verb_index verb, int letter)
{
	for (int i = 0; i < DG_OPTION_MAX; i++)
		if (dg_options[i].verb == verb && dg_options[i].letter == letter)
			return i;
	return DG_OPTION_MAX;
}

/* What getopt stumbled over: it has stepped behind the word, or is inside one of short options. */
static const char *offending(char **argv, char letter[static 3])
{
	if (optopt && optopt < 256) {
		letter[0] = '-';
		letter[1] = (char)optopt;
		letter[2] = 0;
		return letter;
	}
	return argv[optind - 1];
}

static int take_value(const char *verb, int option, struct dg_args *args)
{
	const struct dg_option_info *info = &dg_options[option];

	if (info->argument && strchr(info->argument, '|') &&
	    !dg_args_in_list(info->argument, optarg))
		return dg_args_usage(verb, "--%s: \"%s\" is none of %s", info->name, optarg,
				     info->argument);
	if (info->argument && args->values[option])
		return dg_args_usage(verb, "--%s is given twice", info->name);
	args->values[option] = info->argument ? optarg : info->name;
	return DG_EXIT_OK;
}

static int read_options(int argc, char **argv, enum dg_verb_index verb, struct dg_args *args)
{
	struct getopt_tables tables;
	char letter[3];
	int c, r;

	make_tables(verb, &tables);
	optind = 0; /* another verb may have parsed before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (c == '?' && optopt >= 256)
			return dg_args_usage(argv[0], "%s: this option takes no argument",
					     argv[optind - 1]);
		if (c == '?')
			return dg_args_usage(argv[0], "unknown option %s", offending(argv, letter));
		if (c == ':')
			return dg_args_usage(argv[0], "%s needs an argument", argv[optind - 1]);
		if (c == 256 + JSON) {
			args->json = true;
			continue;
		}
		r = take_value(argv[0], c < 256 ? option_of_letter(verb, c) : c - 256, args);
		if (r != DG_EXIT_OK)
			return r;
	}
	return DG_EXIT_OK;
}

static int check_required(const char *verb_name, enum dg_verb_index verb,
			  const struct dg_args *args)
{
	for (int i = 0; i < DG_OPTION_MAX; i++) {
		const struct dg_option_info *info = &dg_options[i];

		if (info->verb != verb || !info->required || args->values[i])
			continue;
		if (info->letter)
			return dg_args_usage(verb_name, "-%c %s is missing", info->letter,
					     info->argument);
		return dg_args_usage(verb_name, "--%s %s is missing", info->name, info->argument);
	}
	return DG_EXIT_OK;
}

int dg_args_parse(int argc, char **argv, int least, int most, struct dg_args *ret)
{
	const struct dg_verb *verb = dg_cli_find_verb(argv[0]);
	struct dg_args args = {};
	enum dg_verb_index index;
	int r;

	if (!verb)
		return DG_EXIT_USAGE;
	index = (enum dg_verb_index)(verb - dg_cli_verbs(&(size_t){0}));
	r = read_options(argc, argv, index, &args);
	if (r != DG_EXIT_OK)
		return r;
	args.operands = argv + optind;
	args.count = argc - optind;
	if (args.count < least)
		return dg_args_usage(argv[0], "an operand is missing: %s", verb->synopsis);
	if (most >= 0 && args.count > most)
		return most ? dg_args_usage(argv[0], "too many operands: \"%s\" is one too many",
					    args.operands[most])
			    : dg_args_usage(argv[0], "it takes no operand: \"%s\" is one",
					    args.operands[0]);
	for (int i = 0, inputs = 0; i < args.count; i++)
		if (!strcmp(args.operands[i], "-") && inputs++)
			return dg_args_usage(argv[0], "standard input can be read once only");
	r = check_required(argv[0], index, &args);
	if (r == DG_EXIT_OK)
		*ret = args;
	return r;
}
