// SPDX-License-Identifier: GPL-2.0-only
/* devgate check POLICY… */
#include <string.h>

#include "args.h"
#include "cli.h"
#include "heap.h"
#include "policy.h"
#include "progress.h"
#include "verbs.h"

/* What was looked at, for a person; a program reads the exit status. */
static void dg_check_summary(const char *path, const struct dg_policy *policy,
			     const struct dg_diags *diags)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "%s: %zu rules, %zu assertions hold, %zu tests passed, %zu warnings\n", path,
		policy->rule_count, policy->assert_count, policy->test_count, diags->warnings);
}

static int dg_check_one(const char *path, unsigned int flags, bool json)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	struct dg_progress progress = dg_progress_start(stderr, "devgate check");
	_cleanup_diags_ struct dg_diags diags = { 0 };
	int err;

	dg_heap_prepare(path);
	if (!json)
		diags.progress = &progress;
	err = dg_policy_load_flags(path, flags, &diags, &policy);
	dg_progress_clear(&progress);
	if (json)
		dg_diags_json(stdout, &diags);
	else
		dg_diags_print(stderr, &diags);
	if (err && err != -EBADMSG) {
		fprintf(stderr, "devgate: %s: %s\n", strcmp(path, "-") ? path : "<stdin>",
			strerror(-err));
		return DG_EXIT_SYSTEM;
	}
	if (diags.cut && json)
		fprintf(stderr, "devgate: %s: only the first %d findings are shown\n", path,
			DG_DIAGS_MAX);
	if (err)
		return DG_EXIT_FINDING;
	if (!json)
		dg_check_summary(path, policy, &diags);
	return DG_EXIT_OK;
}

int dg_verb_check(int argc, char **argv)
{
	int status = DG_EXIT_OK;
	unsigned int flags = DG_LOAD_TESTS | DG_LOAD_ANALYSIS;
	struct dg_args args;

	if (dg_args_parse(argc, argv, 1, -1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	if (args.values[DG_OPTION_check_allow_dead])
		flags |= DG_LOAD_ALLOW_DEAD;
	for (int i = 0; i < args.count; i++) {
		int one = dg_check_one(args.operands[i], flags, args.json);

		/* A file that could not be read outweighs a finding. */
		if (one > status)
			status = one;
	}
	return status;
}
