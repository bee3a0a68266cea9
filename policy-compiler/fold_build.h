/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Between fold.c and fold_new.c. */
#pragma once

#include "fold.h"

/*
 * Everything behind policy, symbols and diagram. 0, -ENOMEM, or -E2BIG at *@where.
 */
int dg_fold_build(struct dg_fold *fold, unsigned int flags, const struct dg_pos **where);
