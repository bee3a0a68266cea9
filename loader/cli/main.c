// SPDX-License-Identifier: GPL-2.0-only
/* The front of the command: finds the verb, prints the help, keeps the exit statuses. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "verbs.h"

/* Weak, so that the program links while a part that brings a verb is still left out. */
#define VERB(suffix, ...) extern __typeof__(dg_verb_##suffix) dg_verb_##suffix __attribute__((weak));
#include "verbs.def"
#undef VERB

static const struct dg_verb dg_verbs[] = {
#define VERB(suffix, verb_name, side, args, text, sample) \
	{ dg_verb_##suffix, verb_name, DG_SIDE_##side, args, text, sample },
#include "verbs.def"
#undef VERB
};

const struct dg_verb *dg_cli_verbs(size_t *ret_count)
{
	*ret_count = sizeof(dg_verbs) / sizeof(dg_verbs[0]);
	return dg_verbs;
}

const struct dg_verb *dg_cli_find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(dg_verbs) / sizeof(dg_verbs[0]); i++)
		if (!strcmp(dg_verbs[i].name, name))
			return &dg_verbs[i];
	return NULL;
}

static void dg_print_side(FILE *out, enum dg_side side, const char *title)
{
	fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; i < sizeof(dg_verbs) / sizeof(dg_verbs[0]); i++)
		if (dg_verbs[i].side == side)
			fprintf(out, "  %-10s %s\n", dg_verbs[i].name, dg_verbs[i].summary);
}

void dg_cli_print_help(FILE *out)
{
	fputs("usage: devgate VERB [ARGUMENT…] [--json]\n\n"
	      "Rules for which device a machine operates and which it trusts: written, checked,\n"
	      "compiled, put in force and traced.\n",
	      out);
	dg_print_side(out, DG_SIDE_AUTHOR, "author side (no kernel needed)");
	dg_print_side(out, DG_SIDE_HOST, "host side");
	fputs("\nEvery verb has --help, reads - as standard input and takes --json.\n"
	      "`devgate help ENNN` explains a diagnostic.\n\n"
	      "exit status: 0 done and nothing found; 1 a finding; 2 wrong usage; 3 refused;\n"
	      "4 the kernel or a file would not; 5 not supported by this kernel\n\n"
	      "example: devgate check examples/workstation.dgp\n",
	      out);
}

/* Characters on a terminal, for UTF-8 of one column each, as the tables have. */
static size_t dg_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

static void dg_print_word(FILE *out, const char *word, size_t indent, size_t *column)
{
	size_t wide = dg_columns(word);

	if (*column + 1 + wide > 79 && *column > indent) {
		fprintf(out, "\n%*s%s", (int)indent, "", word);
		*column = indent + wide;
	} else {
		fprintf(out, "%s%s", *column > indent ? " " : "", word);
		*column += wide + (*column > indent);
	}
}

void dg_cli_print_wrapped(FILE *out, const char *text, size_t indent, size_t column)
{
	char word[256];

	while (*text) {
		size_t len = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		dg_print_word(out, word, indent, &column);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void dg_cli_usage_text(const struct dg_verb *verb, char *text, size_t size)
{
	size_t len = (size_t)snprintf(text, size, "devgate %s%s%s", verb->name,
				      *verb->synopsis ? " " : "", verb->synopsis);

	for (int i = 0; i < DG_OPTION_MAX && len < size; i++) {
		const struct dg_option_info *info = dg_option_info((enum dg_option)i);
		char name[64];

		if (&dg_verbs[info->verb] != verb)
			continue;
		if (info->letter)
			snprintf(name, sizeof(name), "-%c", info->letter);
		else
			snprintf(name, sizeof(name), "--%s", info->name);
		len += (size_t)snprintf(text + len, size - len, " %s%s%s%s%s",
					info->required ? "" : "[", name, info->argument ? " " : "",
					info->argument ?: "", info->required ? "" : "]");
	}
	if (len < size)
		snprintf(text + len, size - len, " [--json]");
}

static void dg_print_option(FILE *out, const struct dg_option_info *info)
{
	char name[96];
	size_t column;

	snprintf(name, sizeof(name), "%s%.*s%s--%s%s%s", info->letter ? "-" : "", 1,
		 info->letter ? &info->letter : "", info->letter ? ", " : "", info->name,
		 info->argument ? " " : "", info->argument ?: "");
	column = dg_columns(name) + 2;
	fprintf(out, "  %s", name);
	if (column < 24)
		fprintf(out, "%*s", (int)(24 - column), "");
	else
		fprintf(out, "\n%24s", "");
	dg_cli_print_wrapped(out, info->text, 24, 24);
}

void dg_cli_print_verb_help(FILE *out, const struct dg_verb *verb)
{
	static const struct dg_option_info json = {
		.name = "json",
		.text = "JSON on standard output, one object a line, and nothing else there; "
			"errors "
			"in a policy or in devices as `check --json` has them",
	};
	char usage[1024];

	dg_cli_usage_text(verb, usage, sizeof(usage));
	fputs("usage: ", out);
	dg_cli_print_wrapped(out, usage, 7, 7);
	fputc('\n', out);
	dg_cli_print_wrapped(out, verb->summary, 0, 0);
	fputs("\noptions:\n", out);
	for (int i = 0; i < DG_OPTION_MAX; i++) {
		const struct dg_option_info *info = dg_option_info((enum dg_option)i);

		if (&dg_verbs[info->verb] == verb)
			dg_print_option(out, info);
	}
	dg_print_option(out, &json);
	fprintf(out, "\nexample: %s\n", verb->example);
}

int dg_cli_usage(const char *verb_name)
{
	fprintf(stderr, "see `devgate %s --help`\n", verb_name);
	return DG_EXIT_USAGE;
}

static bool dg_has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], word))
			return true;
	return false;
}

static int dg_run(int argc, char **argv)
{
	const struct dg_verb *verb;

	if (argc < 2) {
		dg_cli_print_help(stderr);
		return DG_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		dg_cli_print_help(stdout);
		return DG_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("devgate %s, policy language abi %d\n", DG_VERSION, DG_ABI_VERSION);
		return DG_EXIT_OK;
	}
	verb = dg_cli_find_verb(argv[1]);
	if (!verb) {
		struct dg_suggestion near = dg_suggest_start(argv[1], strlen(argv[1]));

		for (size_t i = 0; i < sizeof(dg_verbs) / sizeof(dg_verbs[0]); i++)
			dg_suggest_try(&near, dg_verbs[i].name, strlen(dg_verbs[i].name));
		fprintf(stderr, "devgate: no verb is called \"%s\"%s\nsee `devgate --help`\n",
			argv[1], dg_suggest_text(&near));
		return DG_EXIT_USAGE;
	}
	argc--;
	argv++;
	if (dg_has_word(argc, argv, "--help") || dg_has_word(argc, argv, "-h")) {
		if (dg_has_word(argc, argv, "--json"))
			dg_cli_json_verb_help(verb);
		else
			dg_cli_print_verb_help(stdout, verb);
		return DG_EXIT_OK;
	}
	if (!verb->handler) {
		fprintf(stderr, "devgate: %s is not built into this program\n", verb->name);
		return DG_EXIT_UNSUPPORTED;
	}
	return verb->handler(argc, argv);
}

int main(int argc, char **argv)
{
	int status;

	setlocale(LC_CTYPE, "");
	status = dg_run(argc, argv);
	/* What could not be written was not said: a full disk must not look like an empty answer. */
	errno = 0;
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "devgate: cannot write the output: %s\n",
			strerror(errno ? errno : EIO));
		if (status == DG_EXIT_OK || status == DG_EXIT_FINDING)
			status = DG_EXIT_SYSTEM;
	}
	return status;
}
