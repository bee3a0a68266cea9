// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "args.h"
#include "host.h"
#include "seal.h"

static void show_missing(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "devgate seal: missing: %s\n", text);
}

int dg_verb_seal(int argc, char **argv)
{
	struct dg_failure failure = {};
	struct dg_args args;

	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	if (dg_seal(args.values[DG_OPTION_seal_force], show_missing, NULL, &failure))
		return dg_host_fail(argv[0], &failure);
	puts(args.json
		     ? "{\"sealed\":true}"
		     : "sealed: until the next start there is no way back, and only a policy of a "
		       "higher version takes the place of this one");
	return DG_EXIT_OK;
}
