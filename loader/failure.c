// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"

int dg_failure_set(struct dg_failure *failure, enum dg_failure_kind kind, int error,
		   const char *format, ...)
{
	va_list args;
	size_t len;

	failure->kind = kind;
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	len = strlen(failure->text);
	snprintf(failure->text + len, sizeof(failure->text) - len, ": %s", strerror(-error));
	return error;
}

int dg_failure_plain(struct dg_failure *failure, enum dg_failure_kind kind, int error,
		     const char *format, ...)
{
	va_list args;

	failure->kind = kind;
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	return error;
}
