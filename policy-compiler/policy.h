/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The front end of the policy compiler: from a file to a checked syntax tree (language page, sections
 * 3 to 7 as far as they need no decision diagram).
 */
#pragma once

#include "ast.h"
#include "diag.h"
#include "util.h"

/* Flags of dg_policy_load_flags() */
enum dg_load_flags {
	DG_LOAD_TESTS = 1 << 0,	     /* run the `test` blocks too, even beside errors that leave the
					rules decidable */
	DG_LOAD_NO_EXPIRED = 1 << 1, /* no warning for an `until` in the past (sim --at) */
	DG_LOAD_ANALYSIS = 1 << 2,   /* the exact analysis too, beside the same errors as tests; the
					diagrams stay with the policy, for the tables */
	DG_LOAD_ALLOW_DEAD = 1 << 3, /* dead and shadowed rules are warnings */
	DG_LOAD_SYNTAX = 1 << 4,     /* of this text only what DG_DIAG_IS_SYNTAX(); no other file is
					read. The policy is not one to be judged by. */
};

/*
 * Parse @path ("-" is standard input) and its imports, type-check, check. Everything found goes to
 * @diags, whose contents outlive the policy.
 *
 * 0: *@ret is a policy without errors (there may be warnings), to be freed with dg_policy_free().
 * -EBADMSG: @diags holds at least one error.
 * Other negative errno: the file itself could not be read, or memory ran out; nothing about that is in
 * @diags.
 */
int dg_policy_load_flags(const char *path, unsigned int flags, struct dg_diags *diags,
			 struct dg_policy **ret);
int dg_policy_load(const char *path, struct dg_diags *diags, struct dg_policy **ret);

/*
 * The same for a text in memory. @name is what diagnostics show; imports and device files are relative
 * to the current directory.
 */
int dg_policy_load_text(const char *name, const char *text, size_t len, unsigned int flags,
			struct dg_diags *diags, struct dg_policy **ret);

/* The diagrams of DG_LOAD_ANALYSIS go; tables that are made later make their own. */
void dg_policy_drop_diagrams(struct dg_policy *policy);
void dg_policy_free(struct dg_policy *policy);
DEFINE_CLEANUP(struct dg_policy *, dg_policy_free, policy)

/*
 * Run the `test` blocks with the reference evaluator. Each expectation that does not hold is an error
 * diagnostic at its `expect`. Returns the number of failed expectations.
 */
size_t dg_policy_run_tests(const struct dg_policy *policy, struct dg_diags *diags);
