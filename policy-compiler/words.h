/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The reserved words of the policy language as numbers; the table itself is words.def. */
#pragma once

#include <stddef.h>

enum dg_word {
	DG_WORD_NONE, /* no word of the language, or an operation */
#define WORD(symbol, text) DG_WORD_##symbol,
#include "words.def"
#undef WORD
	DG_WORD_MAX,
};

/* The word that the @len bytes are, or DG_WORD_NONE. */
enum dg_word dg_word_find(const char *text, size_t len);

/* "where"; "" for DG_WORD_NONE. */
const char *dg_word_text(enum dg_word word);
