/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seal: from then on, until the next start, nobody detaches, rolls back or loosens by a
 * permissive policy what is in force; only a higher version takes its place. (Who made that only
 * `apply` looks at, trust.h, not the kernel.) It holds only where root cannot change the kernel itself,
 * so what that takes is looked at first.
 */
#pragma once

#include <stdbool.h>

#include "failure.h"

/*
 * Call @missing for each thing that root could still change the running kernel by: lockdown below
 * integrity, modules without an enforced signature. Returns how many there are. @root as in
 * kernel.h.
 */
int dg_seal_preconditions(const char *root, void (*missing)(void *context, const char *text),
			  void *context);

/*
 * Seal what is in force; 0 also when it is. -EPERM and DG_FAILURE_REFUSED when a precondition is
 * missing, unless @force; -ENOENT, -EINVAL, -EBUSY when there is no policy, it refuses nothing, or
 * it waits to be confirmed; DG_FAILURE_UNSUPPORTED when the kernel has no seal.
 */
int dg_seal(bool force, void (*missing)(void *context, const char *text), void *context,
	    struct dg_failure *failure);
