/* SPDX-License-Identifier: GPL-2.0-only */
/* Verb handlers and the exit statuses of the command (its contract). */
#pragma once

enum dg_exit {
	DG_EXIT_OK = 0,		 /* done, nothing found */
	DG_EXIT_FINDING = 1,	 /* a diagnostic error, a failed test, a denied device with --fail-on-deny */
	DG_EXIT_USAGE = 2,	 /* wrong usage */
	DG_EXIT_REFUSED = 3,	 /* signature, version, protected device */
	DG_EXIT_SYSTEM = 4,	 /* the kernel or a file would not: the message has the errno */
	DG_EXIT_UNSUPPORTED = 5, /* this kernel lacks something: the message names it */
};

#define VERB(suffix, ...) int dg_verb_##suffix(int argc, char **argv);
#include "verbs.def"
#undef VERB
