// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* From a file to a checked policy. */
#include <string.h>
#include <time.h>

#include "analysis.h"
#include "fold.h"
#include "frontend.h"

void dg_policy_drop_diagrams(struct dg_policy *policy)
{
	dg_fold_free(policy->fold);
	policy->fold = NULL;
}

void dg_policy_free(struct dg_policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->source_count; i++)
		dg_source_unref(policy->sources[i]);
	dg_fold_free(policy->fold);
	free(policy->rules);
	dg_arena_free(policy->arena); /* holds *policy too */
}

static int dg_policy_new(struct dg_policy **ret)
{
	_cleanup_(dg_cleanup_arena) struct dg_arena *arena = dg_arena_new();
	struct dg_policy *policy;

	if (!arena)
		return -ENOMEM;
	policy = dg_arena_new_of(arena, struct dg_policy);
	if (!policy)
		return -ENOMEM;
	policy->arena = TAKE_PTR(arena);
	*ret = policy;
	return 0;
}

static void dg_front_done(struct dg_front *front)
{
	free(front->operands);
	dg_symtab_done(&front->sets);
	dg_symtab_done(&front->rules);
	dg_symtab_done(&front->asserts);
	dg_symtab_done(&front->tests);
	dg_symtab_done(&front->device_files);
	dg_symtab_done(&front->unknown_sets);
}

static int dg_policy_analyse(struct dg_policy *policy, unsigned int flags, struct dg_diags *diags)
{
	int err = dg_fold_new(policy, DG_FOLD_ANALYSIS, diags, &policy->fold);

	if (err == -EBADMSG)
		return 0; /* too big: that was reported */
	if (err < 0)
		return err;
	return dg_analysis_run(policy, policy->fold,
			       flags & DG_LOAD_ALLOW_DEAD ? DG_ANALYSIS_ALLOW_DEAD : 0, diags);
}

/* The parse of a source that the policy holds as its first. */
static int dg_policy_build(struct dg_policy *policy, const char *folder, unsigned int flags,
			   struct dg_diags *diags)
{
	_cleanup_free_ char *root = realpath(*folder ? folder : ".", NULL);
	_cleanup_(dg_front_done) struct dg_front front = {
		.policy = policy,
		.arena = policy->arena,
		.diags = diags,
		.flags = flags,
		.now = (uint64_t)time(NULL),
		.root_folder = root,
	};
	int err;

	front.sets.arena = front.rules.arena = policy->arena;
	front.asserts.arena = front.tests.arena = front.unknown_sets.arena = policy->arena;
	front.device_files.arena = policy->arena;
	err = dg_parse_file(&front, policy->sources[0], folder, 0, 0);
	if (err)
		return err;
	if (flags & DG_LOAD_SYNTAX)
		return diags->out_of_memory ? -ENOMEM : 0;
	dg_check_policy(&front);
	if (flags & DG_LOAD_TESTS && !front.syntax_failed)
		dg_policy_run_tests(policy, diags);
	if (flags & DG_LOAD_ANALYSIS && !front.syntax_failed) {
		err = dg_policy_analyse(policy, flags, diags);
		if (err)
			return err;
	}
	if (diags->out_of_memory)
		return -ENOMEM;
	return 0;
}

/* Takes @source over. */
static int dg_policy_load_source(struct dg_source *source, const char *folder, unsigned int flags,
				 struct dg_diags *diags, struct dg_policy **ret)
{
	_cleanup_(dg_cleanup_source) struct dg_source *owned = source;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	size_t errors = diags->errors;
	int err;

	err = dg_policy_new(&policy);
	if (err)
		return err;
	if (!dg_arena_grow(policy->arena, &policy->sources, 0, sizeof(*policy->sources)))
		return -ENOMEM;
	source->order = diags->source_count++;
	policy->sources[policy->source_count++] = TAKE_PTR(owned);
	err = dg_policy_build(policy, folder, flags, diags);
	if (err)
		return err;
	if (diags->errors != errors)
		return -EBADMSG;
	*ret = TAKE_PTR(policy);
	return 0;
}

int dg_policy_load_flags(const char *path, unsigned int flags, struct dg_diags *diags,
			 struct dg_policy **ret)
{
	_cleanup_free_ char *folder = NULL;
	struct dg_source *source;
	const char *slash = NULL;
	int err;

	err = dg_source_read(path, NULL, DG_SOURCE_MAX_BYTES, false, &source);
	if (err)
		return err;
	if (strcmp(path, "-")) {
		source->real_path = realpath(path, NULL);
		slash = strrchr(path, '/');
	}
	folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	if (!folder) {
		dg_source_unref(source);
		return -ENOMEM;
	}
	return dg_policy_load_source(source, folder, flags, diags, ret);
}

int dg_policy_load(const char *path, struct dg_diags *diags, struct dg_policy **ret)
{
	return dg_policy_load_flags(path, 0, diags, ret);
}

int dg_policy_load_text(const char *name, const char *text, size_t len, unsigned int flags,
			struct dg_diags *diags, struct dg_policy **ret)
{
	struct dg_source *source;
	int err;

	err = dg_source_new(name, text, len, DG_SOURCE_MAX_BYTES, &source);
	if (err)
		return err;
	return dg_policy_load_source(source, "", flags, diags, ret);
}
