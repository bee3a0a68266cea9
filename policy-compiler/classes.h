/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Sets of classes of a variable, as runs. */
#pragma once

#include <stdint.h>

/* The classes @first … @end - 1. Runs in a list ascend and do not touch; none holds class 0. */
struct dg_class_run {
	uint32_t first, end;
};
