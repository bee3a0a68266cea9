// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "host.h"
#include "status.h"
#include "util.h"

int dg_verb_status(int argc, char **argv)
{
	_cleanup_free_ struct dg_status *status = NULL;
	_cleanup_free_ char *text = NULL;
	struct dg_failure failure = {};
	struct dg_args args;
	int r;

	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	status = calloc(1, sizeof(*status));
	r = status ? dg_status_take(status, &failure)
		   : dg_failure_set(&failure, DG_FAILURE_SYSTEM, -ENOMEM, "status");
	if (!r && args.json) {
		r = dg_status_to_json(status, &text);
		if (r)
			dg_failure_set(&failure, DG_FAILURE_SYSTEM, r, "status");
	}
	if (r)
		return dg_host_fail(argv[0], &failure);
	if (args.json)
		puts(text);
	else
		dg_status_print(stdout, status);
	return status->health == DG_HEALTH_ENGINE_LOST || status->health == DG_HEALTH_DEGRADED
		       ? DG_EXIT_FINDING
		       : DG_EXIT_OK;
}
