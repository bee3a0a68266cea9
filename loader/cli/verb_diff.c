// SPDX-License-Identifier: GPL-2.0-only
/* devgate diff OLD NEW */
#include <string.h>
#include <time.h>

#include "args.h"
#include "author.h"
#include "diff_devices.h"
#include "diff_policies.h"

static int parse(int argc, char **argv, struct dg_diff_devices *ret)
{
	struct dg_diff_devices o = {.ops = (1U << DG_OP_MAX) - 1, .time = (uint64_t)time(NULL)};
	const char *ops, *at;
	struct dg_args args;
	int r, dashes;

	r = dg_args_parse(argc, argv, 2, 2, &args);
	if (r != DG_EXIT_OK)
		return r;
	o.old_path = args.operands[0];
	o.new_path = args.operands[1];
	o.inventory = args.values[DG_OPTION_diff_inventory];
	o.json = args.json;
	ops = args.values[DG_OPTION_diff_op];
	at = args.values[DG_OPTION_diff_at];
	if (ops)
		r = dg_author_ops(argv[0], ops, &o.ops);
	if (r == DG_EXIT_OK && at)
		r = dg_author_time(argv[0], at, &o.time);
	dashes = !strcmp(o.old_path, "-") + !strcmp(o.new_path, "-") +
		 (o.inventory && !strcmp(o.inventory, "-"));
	if (r == DG_EXIT_OK && dashes > 1)
		r = dg_args_usage(argv[0], "only one of them can be -");
	if (r == DG_EXIT_OK && !o.inventory && (ops || at))
		r = dg_args_usage(argv[0], "--op and --at are for --inventory: without it every kind "
					   "of device is compared, on all operations and at all times");
	if (r == DG_EXIT_OK)
		*ret = o;
	return r;
}

int dg_verb_diff(int argc, char **argv)
{
	struct dg_diff_devices o;
	int r;

	r = parse(argc, argv, &o);
	if (r != DG_EXIT_OK)
		return r;
	if (!o.inventory)
		return dg_author_finish(argv[0], dg_diff_policies(argv[0], o.old_path, o.new_path,
								  o.json));
	return dg_author_finish(argv[0], dg_diff_devices(argv[0], &o));
}
