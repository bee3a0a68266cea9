/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* From text to tokens (language page, section 3). */
#pragma once

#include "arena.h"
#include "diag.h"
#include "source.h"
#include "words.h"

enum dg_token_kind {
	DG_TOKEN_END,
	DG_TOKEN_NAME,	    /* no dot inside */
	DG_TOKEN_ATTR,	    /* names or numbers joined by dots */
	DG_TOKEN_LITERAL,   /* all but strings, bools and enum names: see ->literal */
	DG_TOKEN_STRING,    /* ->literal.str, escapes resolved */
	DG_TOKEN_SEMICOLON,
	DG_TOKEN_COMMA,
	DG_TOKEN_OPEN_BRACE,
	DG_TOKEN_CLOSE_BRACE,
	DG_TOKEN_OPEN_PAREN,
	DG_TOKEN_CLOSE_PAREN,
	DG_TOKEN_ASSIGN,
	DG_TOKEN_EQ,
	DG_TOKEN_NE,
	DG_TOKEN_LT,
	DG_TOKEN_LE,
	DG_TOKEN_GT,
	DG_TOKEN_GE,
	DG_TOKEN_DOTS,	    /* .. */
	DG_TOKEN_BROKEN,    /* reported; what follows cannot be trusted (an unterminated string) */
};

struct dg_token {
	struct dg_pos pos;
	enum dg_token_kind kind : 8;
	enum dg_word word : 8; /* DG_TOKEN_NAME */
	bool first;	   /* nothing but white space before it on its line */
	bool poisoned;	   /* a literal or string that was reported: of any type, no value */
	bool foreign;	   /* of DG_TOKEN_BROKEN: an operator, a bracket, … of other languages */
	uint32_t start, end; /* bytes of the text */
	struct dg_literal literal; /* DG_TOKEN_LITERAL, DG_TOKEN_STRING; else undefined */
};

struct dg_lexer {
	const struct dg_source *source;
	struct dg_arena *arena; /* strings and digests go there */
	struct dg_diags *diags;
	size_t at;
	uint32_t line;	   /* from 1; of the byte at @at */
	size_t line_start; /* offset of its first byte */
	bool fresh_line;   /* no token since the last line feed */
	bool invalid_utf8; /* somewhere in the text */
	bool failed;	   /* something was reported */
	bool muted;	   /* after a broken token, until the parser has recovered: what follows in the
			      statement is not reported, it may be the rest of the same mistake */
	const char *wanted; /* where the next token is, for what is reported of it; or NULL */
};

/* Begin at the start of @source. Invalid UTF-8, NULs and a byte-order mark are reported at once. */
void dg_lexer_start(struct dg_lexer *lexer, const struct dg_source *source, struct dg_arena *arena,
		    struct dg_diags *diags);

/* The next token; after the last one DG_TOKEN_END for ever. 0 or -ENOMEM. */
int dg_lexer_next(struct dg_lexer *lexer, struct dg_token *ret);

/* The token's text in the source. */
static inline struct dg_bytes dg_token_text(const struct dg_lexer *lexer,
					    const struct dg_token *token)
{
	return (struct dg_bytes){ lexer->source->text + token->start, token->end - token->start };
}
