/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From the text in an object back to a syntax tree, without a file system: the text is one that needs no
 * other file (policy_join.h).
 */
#pragma once

#include "object_read.h"
#include "policy.h"

/* 0: *@ret is the policy. -EBADMSG: the text in the object has errors (@diags). -ENOMEM. */
int dg_object_policy(const struct dg_object *object, struct dg_diags *diags,
		     struct dg_policy **ret);
