// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "control.h"
#include "host.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 0},
	{},
};

int dg_verb_detach(int argc, char **argv)
{
	struct dg_failure failure = {};
	bool active;
	int flags;

	flags = dg_host_options(argc, argv, options, 0, 0);
	if (flags < 0)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	if (dg_detach(&active, &failure))
		return dg_host_fail(argv[0], &failure);
	if (flags)
		printf("{\"detached\":%s}\n", active ? "true" : "false");
	else
		puts(active ? "no policy is in force any more: the kernel's boot defaults decide"
			    : "no policy was in force");
	return DG_EXIT_OK;
}
