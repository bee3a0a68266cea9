/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Which devices of an inventory get another verdict from a new policy, by which rules. */
#pragma once

#include "diag.h"
#include "facts.h"
#include "util.h"

/* What judges: compiled tables, or (NULL) the reference evaluator on the tree. */
struct dg_judge {
	const struct dg_tables *tables;
	const struct dg_policy *policy;
};

/* The id of a rule of the judge, by its index in an answer. */
struct dg_bytes dg_judge_rule(const struct dg_judge *judge, uint32_t rule);

/*
 * Answers for @ops (bits), by operation; those of others are left alone. 0, or -EBADMSG: the tables are
 * damaged.
 */
int dg_judge_device(const struct dg_judge *judge, const struct dg_device *device, uint32_t ops,
		    uint64_t time, struct dg_answer answers[static DG_OP_MAX]);

struct dg_device_change {
	struct dg_bytes device; /* its label */
	enum dg_op op;
	struct dg_answer old_answer, new_answer; /* of different verdicts */
};

struct dg_device_diff {
	struct dg_arena *arena; /* holds the labels */
	struct dg_device_change *changes; /* in the inventory's order, then by operation */
	size_t count, room;
	size_t devices, devices_changed;
};

/*
 * Read the inventory at @path device by device. 0: *@ret is to be freed. -EBADMSG: @diags has errors of
 * the inventory, or (none) tables are damaged. Other negative errno: the file could not be read, or -ENOMEM.
 */
int dg_device_diff_new(const char *path, const struct dg_judge *old_judge,
		       const struct dg_judge *new_judge, uint32_t ops, uint64_t time,
		       struct dg_diags *diags, struct dg_device_diff **ret);
void dg_device_diff_free(struct dg_device_diff *diff);
DEFINE_CLEANUP(struct dg_device_diff *, dg_device_diff_free, device_diff)
