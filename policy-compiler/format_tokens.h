/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* A text as words with the comments between them: what format.c lays out. */
#pragma once

#include "lexer.h"

struct dg_comment {
	struct dg_bytes text; /* from the # on, without white space at the end */
	bool blank_before;    /* a blank line stood before it */
};

struct dg_fmt_word {
	enum dg_token_kind kind;
	enum dg_word word;
	struct dg_bytes text;	 /* as it is written out */
	size_t comments;	 /* index of the first on lines of their own before it */
	size_t comment_count;
	struct dg_bytes trailing; /* comment behind it on its line, or data NULL */
	bool blank_before;	 /* a blank line stood before it, behind its comments */
};

struct dg_fmt_text {
	struct dg_source *source;
	struct dg_arena *arena;
	struct dg_fmt_word *words; /* the last one is the end, which has the comments at the end */
	size_t word_count, word_room;
	struct dg_comment *comments;
	size_t comment_count, comment_room;
};

/*
 * Take @text apart. 0: the result is the caller's, for dg_fmt_text_done(), which is to be called in any
 * case; -EBADMSG: the lexer reported something; -ENOMEM; -EFBIG.
 */
int dg_fmt_text_read(const char *name, const char *text, size_t len, struct dg_diags *diags,
		     struct dg_fmt_text *ret);
void dg_fmt_text_done(struct dg_fmt_text *text);
