/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs that act on a host share: exit statuses, options, quiet libbpf. */
#pragma once

#include <getopt.h>

#include "failure.h"
#include "verbs.h"

/* Print "devgate VERB: text" and return the exit status of the failure. */
int dg_host_fail(const char *verb, const struct dg_failure *failure);

/* Print "devgate VERB: …" about wrong usage, and where the help is; returns DG_EXIT_USAGE. */
int dg_host_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Parse the flags of @options (no arguments, `val` is put into flags as a bit 1 << val) and check
 * that between @least and @most operands follow; @argv is permuted, the first operand is
 * argv[optind]. Returns the flags, or -1 after a message: the caller returns DG_EXIT_USAGE.
 */
int dg_host_options(int argc, char **argv, const struct option *options, int least, int most);

/* The same with options that take an argument: it is put into @values by the option's `val`. */
int dg_host_options_with(int argc, char **argv, const struct option *options, const char **values,
			 int least, int most);

/* libbpf keeps to itself what the failures say already. */
void dg_host_quiet_libbpf(void);
