// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <string.h>

#include "args.h"
#include "author.h"
#include "engine_run.h"
#include "file_write.h"
#include "heap.h"
#include "object.h"
#include "progress.h"

/* What the verifier needs for it on this kernel; 0 where the object cannot be loaded. */
static unsigned int verified_instructions(const void *bytes, size_t size)
{
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	_cleanup_(dg_cleanup_engine) struct dg_engine *engine = NULL;

	if (dg_object_open_memory(bytes, size, NULL, &object) < 0 ||
	    dg_engine_open(object, &engine) < 0)
		return 0;
	return dg_engine_verified_instructions(engine);
}

/* How operations are decided. */
static const char *form_name(const struct dg_tables_stats *stats)
{
	if (stats->blocks == 0)
		return "diagrams";
	return stats->parts > 0 ? "diagrams and bitmaps" : "bitmaps";
}

static void print_stats(const struct dg_tables_stats *stats, unsigned int instructions, bool json)
{
	if (json) {
		printf("{\"rules\":%zu,\"variables\":%zu,\"parts\":%zu,\"nodes\":%zu,\"edges\":%zu,"
		       "\"leaves\":%zu,\"depth\":%zu,\"form\":\"%s\",\"bitmap_rules\":%zu,"
		       "\"bitmap_terms\":%zu,\"bitmap_blocks\":%zu,\"table_bytes\":%zu,"
		       "\"verifier_instructions\":",
		       stats->rules, stats->variables, stats->parts, stats->nodes, stats->edges,
		       stats->leaves, stats->depth, form_name(stats), stats->apart, stats->terms,
		       stats->blocks, stats->bytes);
		if (instructions > 0)
			printf("%u}\n", instructions);
		else
			printf("null}\n");
		return;
	}
	printf("rules                  %zu\n", stats->rules);
	printf("form                   %s\n", form_name(stats));
	printf("variables              %zu\n", stats->variables);
	printf("parts                  %zu\n", stats->parts);
	printf("nodes                  %zu\n", stats->nodes);
	printf("edges                  %zu\n", stats->edges);
	printf("longest way            %zu nodes\n", stats->depth);
	if (stats->blocks > 0)
		printf("in bitmaps             %zu rules of an operation; of all, %zu terms in %zu "
		       "blocks\n",
		       stats->apart, stats->terms, stats->blocks);
	printf("table bytes            %zu\n", stats->bytes);
	if (instructions > 0)
		printf("verifier instructions  %u\n", instructions);
	else
		printf("verifier instructions  unknown (the object cannot be loaded here)\n");
}

/* Everything that can fail comes before the file is written. */
static int compile(const char *verb, const struct dg_args *args)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	const char *path = args->operands[0], *out = args->values[DG_OPTION_compile_output];
	bool show_stats = args->values[DG_OPTION_compile_stats];
	struct dg_progress progress = dg_progress_start(stderr, "devgate compile");
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ void *bytes = NULL;
	unsigned int flags = DG_LOAD_TESTS | DG_LOAD_ANALYSIS;
	struct dg_tables_stats stats = {};
	unsigned int instructions = 0;
	size_t size = 0;
	int r;

	if (!strcmp(out, "-"))
		return dg_author_usage(verb, "-o wants a file's name; /dev/stdout is one");
	/* A slip of the pen must not cost the policy, or a file that it names. */
	if (!dg_author_may_replace(out))
		return dg_author_usage(verb, "%s is there and is no object: it is not written over",
				       out);
	if (args->values[DG_OPTION_compile_allow_dead])
		flags |= DG_LOAD_ALLOW_DEAD;
	dg_heap_prepare(path);
	if (!args->json)
		diags.progress = &progress;
	r = dg_policy_load_flags(path, flags, &diags, &policy);
	if (r >= 0)
		r = dg_object_build(policy, &diags, &bytes, &size, &stats);
	dg_progress_clear(&progress);
	if (r == -EBADMSG || (r >= 0 && diags.errors > 0))
		return dg_author_failed(verb, path, -EBADMSG, args->json, &diags);
	dg_diags_print(stderr, &diags);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", path, strerror(-r));
	if (show_stats) {
		libbpf_set_print(NULL);
		instructions = verified_instructions(bytes, size);
	}
	r = dg_file_write(out, bytes, size);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", out, strerror(-r));
	if (show_stats)
		print_stats(&stats, instructions, args->json);
	return dg_author_finish(verb, DG_EXIT_OK);
}

int dg_verb_compile(int argc, char **argv)
{
	struct dg_args args;

	if (dg_args_parse(argc, argv, 1, 1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	dg_author_libbpf_warnings();
	return compile(argv[0], &args);
}
