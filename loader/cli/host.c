// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include <bpf/libbpf.h>

#include "cli.h"
#include "host.h"

int dg_host_fail(const char *verb, const struct dg_failure *failure)
{
	fprintf(stderr, "devgate %s: %s\n", verb, failure->text);
	switch (failure->kind) {
	case DG_FAILURE_REFUSED:
		return DG_EXIT_REFUSED;
	case DG_FAILURE_UNSUPPORTED:
		return DG_EXIT_UNSUPPORTED;
	default:
		return DG_EXIT_SYSTEM;
	}
}

int dg_host_usage(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "devgate %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return dg_cli_usage(verb);
}

int dg_host_options(int argc, char **argv, const struct option *options, int least, int most)
{
	return dg_host_options_with(argc, argv, options, NULL, least, most);
}

int dg_host_options_with(int argc, char **argv, const struct option *options, const char **values,
			 int least, int most)
{
	int flags = 0, c;

	optind = 0; /* another verb may have parsed before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == '?' || c == ':') {
			dg_host_usage(argv[0],
				      c == '?' ? "unknown option %s" : "%s needs an argument",
				      argv[optind - 1]);
			return -1;
		}
		flags |= 1 << c;
		if (optarg)
			values[c] = optarg;
	}
	if (argc - optind < least || argc - optind > most) {
		dg_host_usage(argv[0], argc - optind < least ? "an operand is missing"
							     : "too many operands");
		return -1;
	}
	return flags;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

void dg_host_quiet_libbpf(void)
{
	libbpf_set_print(print_nothing);
}
