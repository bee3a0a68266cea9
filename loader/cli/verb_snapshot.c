// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "host.h"
#include "snapshot.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 0}, /* what it writes is JSON lines anyway */
	{},
};

int dg_verb_snapshot(int argc, char **argv)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct dg_failure failure = {};

	if (dg_host_options(argc, argv, options, 0, 0) < 0)
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
