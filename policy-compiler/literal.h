/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Literals other than strings and names (language page, section 3): from a word to a value and back.
 * Used by the lexer and, as facts are "written as in the language", by the inventory.
 */
#pragma once

#include <stdio.h>

#include "ast.h"

enum dg_literal_error {
	DG_LITERAL_FINE,
	DG_LITERAL_LONG,      /* over 255 bytes */
	DG_LITERAL_NUMBER,    /* not a number, or out of range */
	DG_LITERAL_MALFORMED, /* not one of the other types */
	DG_LITERAL_NONE,      /* of no type's shape */
	DG_LITERAL_WORD,      /* a word and a colon */
};

/* Why a word is no literal; a message in English. */
struct dg_literal_problem {
	enum dg_literal_error error;
	const char *why;
	const char *pattern; /* what goes behind it where a pattern may stand; else empty */
};

/*
 * Read an int, id, class, address, digest or time, told apart by their shape; ids and classes may be
 * patterns. @ret gets type and value (not pos). A digest goes to *@ret_digest, which @ret then points
 * to (NULL: @ret->digest is NULL). False, with @ret untouched, when @text is none of them;
 * @ret_problem then says why.
 */
bool dg_literal_parse(const char *text, size_t len, struct dg_digest *ret_digest,
		      struct dg_literal *ret, struct dg_literal_problem *ret_problem);

static inline bool dg_literal_is_pattern(const struct dg_literal *literal)
{
	return (literal->type == DG_TYPE_ID || literal->type == DG_TYPE_CLASS) &&
	       literal->mask != UINT64_MAX;
}

/* Equal values of one type (patterns are not looked at). */
bool dg_literal_equal(const struct dg_literal *a, const struct dg_literal *b);

/*
 * Write the value as the language writes it. @attr gives an enum its names (NULL: a number). Strings
 * are written without quotes or escapes.
 */
void dg_literal_write(FILE *out, const struct dg_literal *literal, const struct dg_attr *attr);
