// SPDX-License-Identifier: GPL-2.0-only
/* devgate help [VERB|ENNN] */
#include <string.h>

#include "args.h"
#include "cli.h"
#include "diag.h"
#include "json_write.h"
#include "verbs.h"

static void dg_json_field(const char *separator, const char *name, const char *text)
{
	printf("%s\"%s\":", separator, name);
	dg_json_write_string(stdout, text, strlen(text));
}

static void dg_help_option_json(const char *separator, const struct dg_option_info *info)
{
	char letter[2] = { info->letter, 0 };

	fputs(separator, stdout);
	dg_json_field("{", "name", info->name);
	if (info->letter)
		dg_json_field(",", "letter", letter);
	else
		fputs(",\"letter\":null", stdout);
	if (info->argument)
		dg_json_field(",", "argument", info->argument);
	else
		fputs(",\"argument\":null", stdout);
	printf(",\"required\":%s", info->required ? "true" : "false");
	dg_json_field(",", "text", info->text);
	putchar('}');
}

void dg_cli_json_verb_help(const struct dg_verb *verb)
{
	bool first = true;

	dg_json_field("{", "verb", verb->name);
	dg_json_field(",", "synopsis", verb->synopsis);
	dg_json_field(",", "summary", verb->summary);
	dg_json_field(",", "example", verb->example);
	fputs(",\"options\":[", stdout);
	for (int i = 0; i < DG_OPTION_MAX; i++) {
		const struct dg_option_info *info = dg_option_info((enum dg_option)i);

		if (verb - dg_cli_verbs(&(size_t){ 0 }) != info->verb)
			continue;
		dg_help_option_json(first ? "" : ",", info);
		first = false;
	}
	puts("]}");
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

static void dg_help_diag(const struct dg_diag_info *info)
{
	printf("%s (%s): %s\n\n", info->id,
	       info->severity == DG_SEVERITY_ERROR ? "error" : "warning", info->title);
	dg_cli_print_wrapped(stdout, info->explanation, 0, 0);
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
		dg_cli_json_verb_help(&verbs[i]);
}

int dg_verb_help(int argc, char **argv)
{
	const struct dg_diag_info *info;
	const struct dg_verb *verb;
	struct dg_args args;
	bool json;

	if (dg_args_parse(argc, argv, 0, 1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	json = args.json;
	if (!args.count) {
		dg_help_list(json);
		return DG_EXIT_OK;
	}
	verb = dg_cli_find_verb(args.operands[0]);
	info = dg_diag_find(args.operands[0]);
	if (verb && json)
		dg_cli_json_verb_help(verb);
	else if (verb)
		dg_cli_print_verb_help(stdout, verb);
	else if (info && json)
		dg_help_diag_json(info);
	else if (info)
		dg_help_diag(info);
	else
		return dg_args_usage("help", "\"%s\" is neither a verb nor a diagnostic",
				     args.operands[0]);
	return DG_EXIT_OK;
}
