// SPDX-License-Identifier: GPL-2.0-only
/* devgate help [VERB|ENNN] */
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "diag.h"
#include "json_write.h"
#include "verbs.h"

static void dg_json_field(const char *separator, const char *name, const char *text)
{
	printf("%s\"%s\":", separator, name);
	dg_json_write_string(stdout, text, strlen(text));
}

static void dg_help_verb_json(const struct dg_verb *verb)
{
	dg_json_field("{", "verb", verb->name);
	dg_json_field(",", "synopsis", verb->synopsis);
	dg_json_field(",", "summary", verb->summary);
	dg_json_field(",", "example", verb->example);
	puts("}");
}

static void dg_help_diag_json(const struct dg_diag_info *info)
{
	dg_json_field("{", "id", info->id);
	dg_json_field(",", "severity",
		      info->severity == DG_SEVERITY_ERROR ? "error" : "warning");
	dg_json_field(",", "title", info->title);
	dg_json_field(",", "explanation", info->explanation);
	dg_json_field(",", "example", info->example);
	puts("}");
}

/* A paragraph, broken at blanks before column 80. */
static void dg_print_wrapped(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > 79) {
			putchar('\n');
			column = 0;
		} else if (column) {
			putchar(' ');
			column++;
		}
		fwrite(text, 1, len, stdout);
		column += len;
		text += len + strspn(text + len, " ");
	}
	putchar('\n');
}

static void dg_help_diag(const struct dg_diag_info *info)
{
	printf("%s (%s): %s\n\n", info->id,
	       info->severity == DG_SEVERITY_ERROR ? "error" : "warning", info->title);
	dg_print_wrapped(info->explanation);
	fputs("\nexample:\n", stdout);
	for (const char *line = info->example; line;) {
		const char *end = strchr(line, '\n');

		printf("    %.*s\n", end ? (int)(end - line) : (int)strlen(line), line);
		line = end ? end + 1 : NULL;
	}
}

static void dg_help_list(bool json)
{
	const struct dg_verb *verbs;
	size_t count;

	if (!json) {
		dg_cli_print_help(stdout);
		return;
	}
	verbs = dg_cli_verbs(&count);
	for (size_t i = 0; i < count; i++)
		dg_help_verb_json(&verbs[i]);
}

int dg_verb_help(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	const struct dg_diag_info *info;
	const struct dg_verb *verb;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return dg_cli_usage("help");
		json = true;
	}
	if (argc - optind > 1) {
		fputs("devgate help: one verb or diagnostic at a time\n", stderr);
		return dg_cli_usage("help");
	}
	if (optind == argc) {
		dg_help_list(json);
		return DG_EXIT_OK;
	}
	verb = dg_cli_find_verb(argv[optind]);
	info = dg_diag_find(argv[optind]);
	if (verb && json)
		dg_help_verb_json(verb);
	else if (verb)
		dg_cli_print_verb_help(stdout, verb);
	else if (info && json)
		dg_help_diag_json(info);
	else if (info)
		dg_help_diag(info);
	else {
		fprintf(stderr, "devgate help: \"%s\" is neither a verb nor a diagnostic\n",
			argv[optind]);
		return dg_cli_usage("help");
	}
	return DG_EXIT_OK;
}
