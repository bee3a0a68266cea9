// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "host.h"
#include "seal.h"

enum {
	OPTION_FORCE,
	OPTION_JSON,
};

static const struct option options[] = {
	{"force", no_argument, NULL, OPTION_FORCE},
	{"json", no_argument, NULL, OPTION_JSON},
	{},
};

static void show_missing(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "devgate seal: missing: %s\n", text);
}

int dg_verb_seal(int argc, char **argv)
{
	struct dg_failure failure = {};
	int flags;

	flags = dg_host_options(argc, argv, options, 0, 0);
	if (flags < 0)
		return DG_EXIT_USAGE;
	dg_host_quiet_libbpf();
	if (dg_seal(flags & 1 << OPTION_FORCE, show_missing, NULL, &failure))
		return dg_host_fail(argv[0], &failure);
	puts(flags & 1 << OPTION_JSON
		     ? "{\"sealed\":true}"
		     : "sealed: until the next start there is no way back, and only a policy of a "
		       "higher version takes the place of this one");
	return DG_EXIT_OK;
}
