// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "status.h"
#include "util.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 0},
	{},
};

int dg_verb_status(int argc, char **argv)
{
	_cleanup_free_ struct dg_status *status = NULL;
	_cleanup_free_ char *text = NULL;
	struct dg_failure failure = {};
	int flags, r;

	flags = dg_host_options(argc, argv, options, 0, 0);
	if (flags < 0)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	status = calloc(1, sizeof(*status));
	r = status ? dg_status_take(status, &failure)
		   : dg_failure_set(&failure, DG_FAILURE_SYSTEM, -ENOMEM, "status");
	if (!r && flags) {
		r = dg_status_to_json(status, &text);
		if (r)
			dg_failure_set(&failure, DG_FAILURE_SYSTEM, r, "status");
	}
	if (r)
		return dg_host_fail(argv[0], &failure);
	if (flags)
		puts(text);
	else
		dg_status_print(stdout, status);
	return status->health == DG_HEALTH_ENGINE_LOST || status->health == DG_HEALTH_DEGRADED
		       ? DG_EXIT_FINDING
		       : DG_EXIT_OK;
}
