/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of what is in force that bring no object: back, stay, stop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "kernel.h"

/* Return to the previous policy; refused when it is not loaded any more. */
int dg_rollback(uint32_t *ret_generation, struct dg_failure *failure);

/* Keep a policy that was applied with @confirm_s. -ENOENT when none is waiting for it. */
int dg_confirm(uint32_t *ret_generation, struct dg_failure *failure);

/*
 * Stop enforcing and remove what is pinned but the audit stream and the counters. *@ret_active is
 * false when no policy was in force (what was left behind is removed all the same).
 */
int dg_detach(bool *ret_active, struct dg_failure *failure);

/*
 * What every change of what is in force begins with: root, the kernel part, the lock of the pinned
 * state in *@ret (to be closed), and the kernel's status under it.
 */
int dg_control_lock(int *ret, struct dg_kernel_status *ret_status, struct dg_failure *failure);

/*
 * -EPERM and DG_FAILURE_REFUSED when the policy in force is sealed: @what, such as "detach", is named
 * in the message. The kernel refuses it as well, without words.
 */
int dg_control_unsealed(const struct dg_kernel_status *status, const char *what,
			struct dg_failure *failure);
