/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From the text in an object back to a syntax tree, without a file system: an import stands for the
 * statements of its file, so the files, in order of appearance, become one text. `test` blocks are
 * left out: they were run when the object was made, and their device files do not travel with it.
 */
#pragma once

#include "object_read.h"
#include "policy.h"

/*
 * 0: *@ret is the policy. -EBADMSG: the text in the object has errors (@diags). -ENOMEM.
 * Positions in the tree are those of the joined text.
 */
int dg_object_policy(const struct dg_object *object, struct dg_diags *diags,
		     struct dg_policy **ret);
