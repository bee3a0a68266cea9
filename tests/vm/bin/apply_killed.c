// SPDX-License-Identifier: GPL-2.0-only
/*
 * apply_killed OBJECT STEP: applies, and dies by SIGKILL right behind the step of that name.
 * apply_killed --steps: the names.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"

static void die_behind(void *context, enum dg_apply_step step)
{
	if (!strcmp(dg_apply_step_name(step), context))
		raise(SIGKILL);
}

int main(int argc, char **argv)
{
	struct dg_apply_options options = {.step = die_behind};
	struct dg_object *object;
	struct dg_apply_result result;
	struct dg_failure failure = {};
	char *error = NULL;

	if (argc == 2 && !strcmp(argv[1], "--steps")) {
		for (int step = 0; step <= DG_STEP_CLEANED; step++)
			puts(dg_apply_step_name(step));
		return 0;
	}
	if (argc != 3)
		return 2;
	options.context = argv[2];
	if (dg_object_open(argv[1], &error, &object)) {
		fprintf(stderr, "%s: %s\n", argv[1], error);
		return 4;
	}
	if (dg_apply(object, &options, &result, &failure)) {
		fprintf(stderr, "%s\n", failure.text);
		return 4;
	}
	fprintf(stderr, "not killed: there is no step \"%s\"\n", argv[2]);
	return 1;
}
