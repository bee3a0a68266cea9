// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "apply.h"
#include "host.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 0},
	{},
};

int dg_verb_confirm(int argc, char **argv)
{
	struct dg_failure failure = {};
	uint32_t generation;
	int flags;

	flags = dg_host_options(argc, argv, options, 0, 0);
	if (flags < 0)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	if (dg_confirm(&generation, &failure))
		return dg_host_fail(argv[0], &failure);
	if (flags)
		printf("{\"generation\":%u}\n", generation);
	else
		printf("the policy in force stays (generation %u)\n", generation);
	return DG_EXIT_OK;
}
