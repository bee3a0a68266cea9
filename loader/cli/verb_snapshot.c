// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "args.h"
#include "host.h"
#include "snapshot.h"

int dg_verb_snapshot(int argc, char **argv)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct dg_failure failure = {};
	struct dg_args args;

	/* What it writes is JSON lines, with --json and without. */
	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	if (dg_snapshot_take("", &inventory, &failure))
		return dg_host_fail(argv[0], &failure);
	for (size_t i = 0; i < inventory->device_count; i++) {
		_cleanup_free_ char *text = NULL;
		int r = dg_device_to_json(inventory->devices[i], &text);

		if (r) {
			dg_failure_set(&failure, DG_FAILURE_SYSTEM, r, "snapshot");
			return dg_host_fail(argv[0], &failure);
		}
		puts(text);
	}
	return DG_EXIT_OK;
}
