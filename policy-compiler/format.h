/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The one canonical layout of a policy's text.
 *
 * Statements stay in their order and comments where they are: a comment at the end of a line stays at
 * the end of that line's last word, one on a line of its own stands on a line of its own before the
 * word that follows it. One blank line between statements is kept, more are not. What fits on a line
 * of 100 columns (tabs are 8 wide) is on one; else a rule breaks before `where` and before its
 * options, conditions before `and` and `or`, lists after commas. Hexadecimal digits outside of
 * strings are written in lower case. Strings are left alone.
 */
#pragma once

#include "diag.h"

/*
 * Lay out @text, a policy or a part of one that others import; @name is what diagnostics show.
 *
 * 0: *@ret (NUL terminated, @ret_len bytes) is to be freed. -EBADMSG: the text has syntax errors, which
 * @diags holds, and nothing else; other mistakes do not stand in the way. -ENOMEM, -EFBIG.
 */
int dg_format_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
		   char **ret, size_t *ret_len);
