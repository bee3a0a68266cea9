// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include <bpf/libbpf.h>

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
