/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * A policy as one text that needs no other file: an import is replaced by the file's text, between two
 * comments, and a test's device file by the device. It means what the files mean, and joined again it is
 * the same, byte for byte. A policy without imports and device files is its own text.
 */
#pragma once

#include "ast.h"
#include "util.h"

/* Is @policy surely its own text, that of its only source, as most large ones are? */
bool dg_policy_is_joined(const struct dg_policy *policy);
/*
 * @policy was read without errors. 0: *@ret (@ret_len bytes and a NUL) is to be freed. -ENOMEM; -EFBIG when
 * the result is larger than a policy file can be.
 */
int dg_policy_join(const struct dg_policy *policy, char **ret, size_t *ret_len);
