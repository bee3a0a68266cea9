/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices that the kernel keeps a verdict of (securityfs devpolicy/devices). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* One line of the file. The strings are as the kernel has them, unescaped. */
struct dg_bound_device {
	char bus[256], name[256], driver[256]; /* driver "" when there is none */
	uint32_t generation;		       /* that the device was judged under */
	char ops[128];			       /* allowed ones, "bind,mmio,dma" */
	char state[32];			       /* "bound", "still-bound", "still-mapped", … */
};

/* -EBADMSG when it is not such a line. What a newer kernel adds at its end is passed over. */
int dg_bound_parse(const char *line, struct dg_bound_device *ret);

/* Has the device kept something that the policy in force denies it? */
bool dg_bound_is_still(const struct dg_bound_device *device);

/*
 * Call @each for every line. -EOPNOTSUPP and a message when the kernel keeps no such list. @root as
 * in kernel.h.
 */
int dg_bound_each(const char *root,
		  void (*each)(void *context, const struct dg_bound_device *device), void *context,
		  struct dg_failure *failure);
