// SPDX-License-Identifier: GPL-2.0-only
/* devgate sign OBJECT --key K --cert C [-o FILE] */
#define _GNU_SOURCE /* asprintf */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "author.h"
#include "file_write.h"
#include "json_write.h"
#include "signature.h"
#include "source.h"

static void print_field(const char *before, const char *name, const char *text)
{
	printf("%s\"%s\":", before, name);
	dg_json_write_string(stdout, text, strlen(text));
}

/* What is signed must be an object that this program would take; the very bytes checked are signed. */
static int read_object(const char *verb, const char *path, struct dg_source **ret)
{
	_cleanup_(dg_cleanup_source) struct dg_source *source = NULL;
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	_cleanup_free_ char *error = NULL;
	int r;

	r = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, false, &source);
	if (r >= 0)
		r = dg_object_open_memory(source->text, source->len, &error, &object);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", path,
				      error ? error : strerror(-r));
	*ret = TAKE_PTR(source);
	return DG_EXIT_OK;
}

int dg_verb_sign(int argc, char **argv)
{
	_cleanup_(dg_cleanup_source) struct dg_source *object = NULL;
	_cleanup_free_ char *beside = NULL;
	_cleanup_free_ void *signature = NULL;
	struct dg_signature_signer signer;
	struct dg_failure failure = {};
	const char *path, *output;
	struct dg_args args;
	size_t size = 0;
	int r;

	if (dg_args_parse(argc, argv, 1, 1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	path = args.operands[0];
	output = args.values[DG_OPTION_sign_output];
	if (!output && !strcmp(path, "-"))
		return dg_args_usage(argv[0], "an object from standard input needs -o FILE");
	if (output && !strcmp(output, "-"))
		return dg_args_usage(argv[0], "-o wants a file's name; /dev/stdout is one");
	r = read_object(argv[0], path, &object);
	if (r != DG_EXIT_OK)
		return r;
	if (!output) {
		if (asprintf(&beside, "%s.p7s", path) < 0) {
			beside = NULL;
			return dg_author_fail(argv[0], DG_EXIT_SYSTEM, "%s", strerror(ENOMEM));
		}
		output = beside;
	}
	if (dg_author_same_file(output, path) ||
	    dg_author_same_file(output, args.values[DG_OPTION_sign_key]) ||
	    dg_author_same_file(output, args.values[DG_OPTION_sign_cert]))
		return dg_author_usage(argv[0], "%s is an input too: it is not written over", output);
	r = dg_signature_make(object->text, object->len, args.values[DG_OPTION_sign_key],
			      args.values[DG_OPTION_sign_cert], &signature, &size, &signer, &failure);
	if (r < 0)
		return dg_author_fail(argv[0],
				      failure.kind == DG_FAILURE_REFUSED ? DG_EXIT_REFUSED
									 : DG_EXIT_SYSTEM,
				      "%s", failure.text);
	r = dg_file_write(output, signature, size);
	if (r < 0)
		return dg_author_fail(argv[0], DG_EXIT_SYSTEM, "%s: %s", output, strerror(-r));
	if (args.json) {
		print_field("{", "object", path);
		print_field(",", "signature", output);
		print_field(",", "signer", signer.subject);
		print_field(",", "not_after", signer.not_after);
		puts("}");
	}
	return dg_author_finish(argv[0], DG_EXIT_OK);
}
