// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "args.h"
#include "control.h"
#include "host.h"

int dg_verb_detach(int argc, char **argv)
{
	struct dg_failure failure = {};
	bool active;
	struct dg_args args;

	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	if (dg_detach(&active, &failure))
		return dg_host_fail(argv[0], &failure);
	if (args.json)
		printf("{\"detached\":%s}\n", active ? "true" : "false");
	else
		puts(active ? "no policy is in force any more: the kernel's boot defaults decide"
			    : "no policy was in force");
	return DG_EXIT_OK;
}
