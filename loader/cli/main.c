// SPDX-License-Identifier: GPL-2.0-only
/* The front of the command: finds the verb, prints the help, keeps the exit statuses. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

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

void dg_cli_print_verb_help(FILE *out, const struct dg_verb *verb)
{
	fprintf(out, "usage: devgate %s%s%s [--json]\n\n%s\n\nexample: %s\n", verb->name,
		*verb->synopsis ? " " : "", verb->synopsis, verb->summary, verb->example);
}

int dg_cli_usage(const char *verb_name)
{
	fprintf(stderr, "see `devgate %s --help`\n", verb_name);
	return DG_EXIT_USAGE;
}

static bool dg_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
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
	if (dg_wants_help(argc - 1, argv + 1)) {
		dg_cli_print_verb_help(stdout, verb);
		return DG_EXIT_OK;
	}
	if (!verb->handler) {
		fprintf(stderr, "devgate: %s is not built into this program\n", verb->name);
		return DG_EXIT_UNSUPPORTED;
	}
	return verb->handler(argc - 1, argv + 1);
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
