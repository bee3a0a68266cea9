// SPDX-License-Identifier: GPL-2.0-only
/* devgate verify OBJECT --ca CA [--signature FILE] */
#define _GNU_SOURCE /* asprintf */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "author.h"
#include "json_write.h"
#include "signature.h"
#include "source.h"

static void print_field(const char *before, const char *name, const char *text)
{
	printf("%s\"%s\":", before, name);
	if (text)
		dg_json_write_string(stdout, text, strlen(text));
	else
		fputs("null", stdout);
}

/* @reason: why it is refused, or NULL; @signer is NULL then. */
static void print_json(const char *object, const char *signature, const char *reason,
		       const struct dg_signature_signer *signer)
{
	print_field("{", "object", object);
	print_field(",", "signature", signature);
	printf(",\"valid\":%s", reason ? "false" : "true");
	print_field(",", "reason", reason);
	print_field(",", "signer", signer ? signer->subject : NULL);
	print_field(",", "not_after", signer ? signer->not_after : NULL);
	puts("}");
}

static int read_file(const char *verb, const char *path, struct dg_source **ret)
{
	int r = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, false, ret);

	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", path, strerror(-r));
	return DG_EXIT_OK;
}

int dg_verb_verify(int argc, char **argv)
{
	_cleanup_(dg_cleanup_source) struct dg_source *object = NULL, *signature = NULL;
	_cleanup_free_ char *beside = NULL;
	struct dg_signature_signer signer;
	struct dg_failure failure = {};
	const char *path, *from;
	struct dg_args args;
	int r;

	if (dg_args_parse(argc, argv, 1, 1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	path = args.operands[0];
	from = args.values[DG_OPTION_verify_signature];
	if (!strcmp(path, "-") && (!from || !strcmp(from, "-")))
		return dg_args_usage(argv[0], "an object from standard input needs --signature FILE");
	if (!from) {
		if (asprintf(&beside, "%s.p7s", path) < 0) {
			beside = NULL;
			return dg_author_fail(argv[0], DG_EXIT_SYSTEM, "%s", strerror(ENOMEM));
		}
		from = beside;
	}
	r = read_file(argv[0], path, &object);
	if (r == DG_EXIT_OK)
		r = read_file(argv[0], from, &signature);
	if (r != DG_EXIT_OK)
		return r;
	r = dg_signature_check(object->text, object->len, signature->text, signature->len,
			       args.values[DG_OPTION_verify_ca], &signer, &failure);
	if (r < 0 && failure.kind != DG_FAILURE_REFUSED)
		return dg_author_fail(argv[0], DG_EXIT_SYSTEM, "%s", failure.text);
	if (args.json)
		print_json(path, from, r < 0 ? failure.text : NULL, r < 0 ? NULL : &signer);
	if (r < 0)
		return dg_author_finish(argv[0], dg_author_fail(argv[0], DG_EXIT_REFUSED, "%s: %s",
								from, failure.text));
	if (!args.json)
		printf("%s: signed by %s, whose certificate expires on %s\n", path, signer.subject,
		       signer.not_after);
	return dg_author_finish(argv[0], DG_EXIT_OK);
}
