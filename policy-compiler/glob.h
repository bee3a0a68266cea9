/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Globs of `like` (language page, section 5): validity, and the reference evaluator's own matcher.
 * The tables have automata of their own and share nothing with this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* NULL when the glob is valid, else what is wrong with it, in English. */
const char *dg_glob_problem(const char *glob, size_t len);

/* Does the valid @glob match the whole of @value? */
bool dg_glob_match(const char *glob, size_t glob_len, const char *value, size_t value_len);
