/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Which devices of an inventory get another verdict from a new policy, by which rules. */
#pragma once

#include "device_judge.h"
#include "util.h"

struct dg_device_change {
	struct dg_bytes device; /* its label */
	enum dg_op op;
	struct dg_device_verdict before, after; /* of different verdicts */
};

struct dg_device_diff {
	struct dg_arena *arena; /* holds the labels */
	struct dg_device_change *changes; /* in the inventory's order, then by operation */
	size_t count, room;
	size_t devices, devices_changed;
};

/*
 * Read the inventory at @path device by device; each is classified once and judged by both policies at
 * @time, the clock synchronised, on @ops (bits). Policies that are too big for joint diagrams are judged
 * by the reference evaluator: slower, and the same.
 *
 * 0: *@ret is to be freed. -EBADMSG: @diags has errors of the inventory. Other negative errno: the file
 * could not be read, or -ENOMEM.
 */
int dg_device_diff_new(const char *path, const struct dg_policy *before,
		       const struct dg_policy *after, uint32_t ops, uint64_t time,
		       struct dg_diags *diags, struct dg_device_diff **ret);
void dg_device_diff_free(struct dg_device_diff *diff);
DEFINE_CLEANUP(struct dg_device_diff *, dg_device_diff_free, device_diff)
