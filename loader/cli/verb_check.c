// SPDX-License-Identifier: GPL-2.0-only
/* devgate check POLICY… */
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "policy.h"
#include "verbs.h"

/* What was looked at, for a person; a program reads the exit status. */
static void dg_check_summary(const char *path, const struct dg_policy *policy,
			     const struct dg_diags *diags)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "%s: %zu rules, %zu tests passed, %zu warnings; not looked for by this "
			"version: dead and shadowed rules, violated assertions\n",
		path, policy->rule_count, policy->test_count, diags->warnings);
}

static int dg_check_one(const char *path, bool json)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = { 0 };
	int err = dg_policy_load_flags(path, DG_LOAD_TESTS, &diags, &policy);

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
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "allow-dead", no_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	int status = DG_EXIT_OK, option;
	bool json = false;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'd':
			/* Dead and shadowed rules are not looked for yet: nothing to soften. */
			break;
		default:
			return dg_cli_usage("check");
		}
	}
	if (optind == argc) {
		fputs("devgate check: no policy is named\n", stderr);
		return dg_cli_usage("check");
	}
	for (int i = optind; i < argc; i++) {
		int one = dg_check_one(argv[i], json);

		/* A file that could not be read outweighs a finding. */
		if (one > status)
			status = one;
	}
	return status;
}
