/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From a policy to `policy.bpf.o`: the engine and the policy's tables in one libbpf ELF object. The
 * layout is in object_read.h, which reads it back.
 */
#pragma once

#include "tables.h"

/*
 * Compile @policy. The bytes depend on its text and on the engine only. Its diagrams are gone
 * afterwards (dg_policy_drop_diagrams()): they are the most of what is in memory.
 *
 * 0: *@ret_bytes is to be freed with free(). -EBADMSG: @diags says why the policy has no table
 * form. Other negative errno: no memory, or libelf or libbpf failed (libbpf says why by its own
 * means).
 */
int dg_object_build(struct dg_policy *policy, struct dg_diags *diags, void **ret_bytes,
		    size_t *ret_size, struct dg_tables_stats *ret_stats);
/* The same with tables in a form of the caller's choice (for tests); @options NULL: as above. */
int dg_object_build_with(struct dg_policy *policy, const struct dg_tables_options *options,
			 struct dg_diags *diags, void **ret_bytes, size_t *ret_size,
			 struct dg_tables_stats *ret_stats);
