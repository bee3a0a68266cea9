/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random values. They are drawn from small pools, shared by policies and devices, so that
 * comparisons often meet their boundary. The same state gives the same values.
 */
#pragma once

#include "random.h"
#include "schema.h"
#include "util.h"

#define RULE_BYTES 65536

struct text {
	char bytes[RULE_BYTES];
	size_t len;
};

/* Append; a text that is too long ends the program. */
_printf_(2, 3) void put(struct text *t, const char *format, ...);

#define INTS 14
#define TIMES 6
/* As policies write them, ascending. */
extern const char *const ints[INTS], *const times[TIMES];

/* A string value, not quoted; sometimes as long as one can be. */
void string_value(struct random *r, char ret[512]);
void put_quoted(struct text *t, const char *value);
void put_glob(struct random *r, struct text *t);
/* A value of the attribute as a policy writes it; @pattern: or a pattern. */
void put_literal(struct random *r, struct text *t, const struct dg_attr *attr, bool pattern);
