// SPDX-License-Identifier: GPL-2.0-only
/* devgate fmt [-w|--check] POLICY… */
#include <string.h>

#include "args.h"
#include "author.h"
#include "file_write.h"
#include "format.h"
#include "json_write.h"
#include "source.h"

struct formatting {
	const char *verb;
	bool write, check, json;
};

static void print_json(const char *path, bool changed, const char *text, size_t len)
{
	printf("{\"file\":");
	dg_json_write_string(stdout, path, strlen(path));
	printf(",\"changed\":%s", changed ? "true" : "false");
	if (text) {
		printf(",\"text\":");
		dg_json_write_string(stdout, text, len);
	}
	printf("}\n");
}

/* The file itself is laid out anew, not a link to it replaced. */
static int write_back(const char *path, const char *text, size_t len)
{
	_cleanup_free_ char *real = realpath(path, NULL);

	return real ? dg_file_write(real, text, len) : -errno;
}

/* What to do with a laid out text. */
static int finish(const struct formatting *f, const char *path, bool changed, const char *text,
		  size_t len)
{
	bool standard_input = !strcmp(path, "-");
	int r;

	if (f->check) {
		if (f->json)
			print_json(path, changed, NULL, 0);
		else if (changed)
			printf("%s\n", standard_input ? "<stdin>" : path);
		return changed ? DG_EXIT_FINDING : DG_EXIT_OK;
	}
	if (f->write && !standard_input) {
		r = changed ? write_back(path, text, len) : 0;
		if (r < 0)
			return dg_author_fail(f->verb, DG_EXIT_SYSTEM, "%s: %s", path,
					      strerror(-r));
		if (f->json)
			print_json(path, changed, NULL, 0);
		return DG_EXIT_OK;
	}
	if (f->json)
		print_json(path, changed, text, len);
	else
		fwrite(text, 1, len, stdout);
	return DG_EXIT_OK;
}

static int format_one(const struct formatting *f, const char *path)
{
	_cleanup_(dg_cleanup_source) struct dg_source *source = NULL;
	const char *name = strcmp(path, "-") ? path : "<stdin>";
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	r = dg_source_read(path, NULL, DG_SOURCE_MAX_BYTES, false, &source);
	if (r >= 0)
		r = dg_format_text(name, source->text, source->len, &diags, &text, &len);
	if (r == -EBADMSG) {
		if (f->json)
			dg_diags_json(stdout, &diags);
		else
			dg_diags_print(stderr, &diags);
		return DG_EXIT_FINDING;
	}
	if (r < 0)
		return dg_author_fail(f->verb, DG_EXIT_SYSTEM, "%s: %s", name, strerror(-r));
	return finish(f, path, len != source->len || memcmp(text, source->text, len) != 0, text,
		      len);
}

int dg_verb_fmt(int argc, char **argv)
{
	int status = DG_EXIT_OK;
	struct dg_args args;
	struct formatting f;

	if (dg_args_parse(argc, argv, 1, -1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	f = (struct formatting){.verb = argv[0],
				.write = args.values[DG_OPTION_fmt_write],
				.check = args.values[DG_OPTION_fmt_check],
				.json = args.json};
	if (f.write && f.check)
		return dg_args_usage(argv[0], "--write and --check do not go together");
	for (int i = 0; i < args.count; i++) {
		int one = format_one(&f, args.operands[i]);

		if (one > status)
			status = one;
	}
	return dg_author_finish(argv[0], status);
}
