// SPDX-License-Identifier: GPL-2.0-only
/* devgate generate [--inventory FILE] */
#include <string.h>

#include "args.h"
#include "author.h"
#include "generate.h"
#include "progress.h"
#include "show.h"
#include "snapshot.h"

static int store_one(struct dg_device *device, size_t position, void *context)
{
	(void)position;
	return dg_device_store_add(context, device);
}

static int read_devices(const char *verb, const char *path, bool json, struct dg_device_store *store)
{
	struct dg_progress progress = dg_progress_start(stderr, "devgate generate");
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *present = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	struct dg_failure failure = {};
	int r;

	if (!path) {
		if (dg_snapshot_take("", &present, &failure))
			return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s", failure.text);
		if (dg_device_store_add_all(store, present))
			return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s", strerror(ENOMEM));
		return DG_EXIT_OK;
	}
	if (!json)
		diags.progress = &progress;
	r = dg_inventory_each(path, &diags, store_one, store);
	dg_progress_clear(&progress);
	if (r < 0)
		return dg_author_failed(verb, path, r, json, &diags);
	dg_diags_print(stderr, &diags);
	return DG_EXIT_OK;
}

static void print_json(const struct dg_generated *generated)
{
	printf("{\"devices\":%zu,\"left_out\":%zu,\"rules\":%zu,\"policy\":", generated->device_count,
	       generated->left_out, generated->rules);
	dg_show_json((struct dg_bytes){generated->text, generated->text_len});
	printf("}\n");
}

int dg_verb_generate(int argc, char **argv)
{
	_cleanup_(dg_device_store_done) struct dg_device_store store = {};
	_cleanup_(dg_cleanup_generated) struct dg_generated *generated = NULL;
	struct dg_args args;
	unsigned int flags;
	int r;

	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	flags = args.values[DG_OPTION_generate_pin] ? DG_GENERATE_PIN : 0;
	r = read_devices(argv[0], args.values[DG_OPTION_generate_inventory], args.json, &store);
	if (r != DG_EXIT_OK)
		return r;
	r = dg_generate_stored(&store, flags, &generated);
	if (r < 0)
		return dg_author_fail(argv[0], DG_EXIT_SYSTEM, "%s",
				      r == -EFBIG ? "the policy would be larger than a policy can be"
						  : strerror(-r));
	if (generated->left_out)
		fprintf(stderr,
			"devgate generate: %zu of %zu devices left out: no stable attribute tells "
			"them from any other\n",
			generated->left_out, generated->device_count);
	if (args.json)
		print_json(generated);
	else
		fwrite(generated->text, 1, generated->text_len, stdout);
	return dg_author_finish(argv[0], DG_EXIT_OK);
}
