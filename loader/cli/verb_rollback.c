// SPDX-License-Identifier: GPL-2.0-only
/* devgate rollback, devgate confirm: the previous policy again, or the new one for good. */
#include <stdio.h>

#include "args.h"
#include "control.h"
#include "host.h"

static int change(int argc, char **argv, int (*how)(uint32_t *, struct dg_failure *),
		  const char *outcome)
{
	struct dg_failure failure = {};
	uint32_t generation;
	struct dg_args args;

	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	if (how(&generation, &failure))
		return dg_host_fail(argv[0], &failure);
	if (args.json)
		printf("{\"generation\":%u}\n", generation);
	else
		printf("%s (generation %u)\n", outcome, generation);
	return DG_EXIT_OK;
}

int dg_verb_rollback(int argc, char **argv)
{
	return change(argc, argv, dg_rollback, "the previous policy is in force again");
}

int dg_verb_confirm(int argc, char **argv)
{
	return change(argc, argv, dg_confirm, "the policy in force stays");
}
