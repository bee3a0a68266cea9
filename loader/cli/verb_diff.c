// SPDX-License-Identifier: GPL-2.0-only
/* devgate diff OLD NEW */
#include <string.h>
#include <time.h>

#include "args.h"
#include "author.h"
#include "diff_devices.h"
#include "diff_policies.h"

struct options {
	const char *before, *after;
	bool all;
	struct dg_diff_devices devices;
};

static int parse(int argc, char **argv, struct options *ret)
{
	struct options o = {.devices = {.ops = DG_OPS_ALL, .time = (uint64_t)time(NULL)}};
	const char *ops, *at;
	struct dg_args args;
	int r, dashes;

	r = dg_args_parse(argc, argv, 2, 2, &args);
	if (r != DG_EXIT_OK)
		return r;
	o.before = args.operands[0];
	o.after = args.operands[1];
	o.devices.inventory = args.values[DG_OPTION_diff_inventory];
	o.devices.json = args.json;
	o.all = args.values[DG_OPTION_diff_all];
	ops = args.values[DG_OPTION_diff_op];
	at = args.values[DG_OPTION_diff_at];
	if (ops)
		r = dg_author_ops(argv[0], ops, &o.devices.ops);
	if (r == DG_EXIT_OK && at)
		r = dg_author_time(argv[0], at, &o.devices.time);
	dashes = !strcmp(o.before, "-") + !strcmp(o.after, "-") +
		 (o.devices.inventory && !strcmp(o.devices.inventory, "-"));
	if (r == DG_EXIT_OK && dashes > 1)
		r = dg_args_usage(argv[0], "only one of them can be -");
	if (r == DG_EXIT_OK && !o.devices.inventory && (ops || at))
		r = dg_args_usage(argv[0], "--op and --at are for --inventory: without it every kind "
					   "of device is compared, on all operations and at all times");
	if (r == DG_EXIT_OK && o.devices.inventory && o.all)
		r = dg_args_usage(argv[0], "--all is for a comparison without --inventory, which "
					   "lists every device as it is");
	if (r == DG_EXIT_OK)
		*ret = o;
	return r;
}

int dg_verb_diff(int argc, char **argv)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *before = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *after = NULL;
	struct options o = {};
	int r;

	r = parse(argc, argv, &o);
	if (r == DG_EXIT_OK && !o.devices.inventory)
		return dg_author_finish(argv[0], dg_diff_policies(argv[0], o.before, o.after,
								  o.all, o.devices.json));
	if (r == DG_EXIT_OK)
		r = dg_author_policy(argv[0], o.before, DG_LOAD_NO_EXPIRED, o.devices.json,
				     &before);
	if (r == DG_EXIT_OK)
		r = dg_author_policy(argv[0], o.after, DG_LOAD_NO_EXPIRED, o.devices.json, &after);
	if (r != DG_EXIT_OK)
		return r;
	o.devices.before = before;
	o.devices.after = after;
	return dg_author_finish(argv[0], dg_diff_devices(argv[0], &o.devices));
}
