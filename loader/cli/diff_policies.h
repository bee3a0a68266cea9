/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of `devgate diff` that is about every kind of device there can be. */
#pragma once

#include <stdbool.h>

/* Compare and print. The exit status of the verb. */
int dg_diff_policies(const char *verb, const char *old_path, const char *new_path, bool all,
		     bool json);
