/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Two policies in one order. Rules that both have, and in the same order, stand in it once; between
 * two of them stand those that only the old policy has there, and then those that only the new one
 * has. So each policy is found in it with its rules in their own order, and decides as the first of
 * its rules that matches. Permissive rules give no verdict, and are left out.
 */
#pragma once

#include "ast.h"

#define DG_JOINT_NONE UINT32_MAX

enum dg_side {
	DG_SIDE_OLD,
	DG_SIDE_NEW,
	DG_SIDES,
};

struct dg_joint {
	struct dg_policy policy; /* rules and sets of both; the conditions are theirs, as are the
				    defaults of the old one */
	/* By rule of @policy: its index on each side, or DG_JOINT_NONE. */
	uint32_t (*index)[DG_SIDES];
};

/* A rule of one policy alone. */
static inline bool dg_joint_alone(const struct dg_joint *joint, uint32_t rule)
{
	return joint->index[rule][DG_SIDE_OLD] == DG_JOINT_NONE ||
	       joint->index[rule][DG_SIDE_NEW] == DG_JOINT_NONE;
}

/* 0 or -ENOMEM; dg_joint_done() in any case. @ret borrows from both policies. */
int dg_joint_init(struct dg_joint *ret, const struct dg_policy *const policies[DG_SIDES]);
void dg_joint_done(struct dg_joint *joint);
