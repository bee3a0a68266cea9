// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "lexer.h"
#include "literal.h"
#include "utf8.h"

static void _printf_(5, 6)
	dg_lexer_report(struct dg_lexer *lexer, enum dg_diag_id id, size_t start, size_t end,
			const char *fmt, ...)
{
	struct dg_pos pos = dg_source_pos(lexer->source, start, end);
	va_list ap;

	lexer->failed = true;
	va_start(ap, fmt);
	dg_diag_vreport(lexer->diags, id, &pos, fmt, ap);
	va_end(ap);
}

void dg_lexer_start(struct dg_lexer *lexer, const struct dg_source *source, struct dg_arena *arena,
		    struct dg_diags *diags)
{
	const char *text = source->text;
	size_t i = 0, n;

	*lexer = (struct dg_lexer){
		.source = source,
		.arena = arena,
		.diags = diags,
		.fresh_line = true,
	};
	if (source->len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		dg_lexer_report(lexer, DG_E003, 0, 3, "the file begins with a byte-order mark");
		lexer->at = i = 3;
	}
	for (; i < source->len; i += n) {
		n = dg_utf8_sequence(text + i, source->len - i);
		if (!n) {
			/* One report for a run of them. */
			for (n = 1; i + n < source->len; n++)
				if (dg_utf8_sequence(text + i + n, source->len - i - n))
					break;
			dg_lexer_report(lexer, DG_E001, i, i + n,
					"the byte 0x%02x here begins no UTF-8 sequence",
					(unsigned char)text[i]);
		} else if (!text[i]) {
			dg_lexer_report(lexer, DG_E002, i, i + 1, "a NUL byte in the text");
		}
	}
}

static bool dg_is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool dg_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool dg_is_name(char c)
{
	return dg_is_name_start(c) || dg_is_digit(c) || c == '-';
}

static int dg_hex_value(char c)
{
	if (dg_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Names or numbers joined by dots; @ret_dots is their number. */
static bool dg_is_path(const char *text, size_t len, size_t *ret_dots)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; dots++) {
		bool number = dg_is_digit(text[i]);

		if (!number && !dg_is_name_start(text[i]))
			return false;
		for (; i < len && text[i] != '.'; i++)
			if (number ? !dg_is_digit(text[i]) : !dg_is_name(text[i]))
				return false;
		if (i == len)
			break;
		if (++i == len)
			return false;
	}
	*ret_dots = dots;
	return len > 0;
}

/* A word: a name, an attribute or a literal other than a string. */
static void dg_lexer_word(struct dg_lexer *lexer, struct dg_token *token)
{
	const char *text = lexer->source->text + token->start;
	size_t len = token->end - token->start, dots = 0;
	struct dg_literal_problem problem;
	enum dg_diag_id id = DG_E009;

	if (dg_is_name_start(text[0]) && dg_is_path(text, len, &dots)) {
		token->kind = dots ? DG_TOKEN_ATTR : DG_TOKEN_NAME;
		return;
	}
	token->kind = DG_TOKEN_LITERAL;
	if (dg_literal_parse(text, len, &token->literal, &problem))
		return;
	token->poisoned = true;
	if (problem.error == DG_LITERAL_LONG)
		id = DG_E007;
	else if (problem.error == DG_LITERAL_NUMBER)
		id = DG_E008;
	dg_lexer_report(lexer, id, token->start, token->end, "\"%.*s\"%s: %s",
			(int)(len < 60 ? len : 60), text, len < 60 ? "" : "…", problem.why);
}

/*
 * One escape at lexer->at (behind the backslash). The byte, or -1 after a report, with lexer->at
 * behind what was read.
 */
static int dg_lexer_escape(struct dg_lexer *lexer)
{
	const char *text = lexer->source->text;
	size_t start = lexer->at - 1, left = lexer->source->len - lexer->at;
	char c = left ? text[lexer->at] : 0;
	int high, low;
	size_t n;

	switch (c) {
	case '"':
	case '\\':
		lexer->at++;
		return c;
	case 'n':
		lexer->at++;
		return '\n';
	case 't':
		lexer->at++;
		return '\t';
	case 'x':
		high = left > 1 ? dg_hex_value(text[lexer->at + 1]) : -1;
		low = left > 2 ? dg_hex_value(text[lexer->at + 2]) : -1;
		if (high < 0 || low < 0) {
			lexer->at++;
			dg_lexer_report(lexer, DG_E006, start, lexer->at,
					"\\x is followed by two hex digits");
			return -1;
		}
		lexer->at += 3;
		if (!high && !low) {
			dg_lexer_report(lexer, DG_E002, start, lexer->at,
					"a string cannot hold a NUL byte");
			return -1;
		}
		return high << 4 | low;
	case '\n':
	case '\r':
	case 0:
		/* The line, or the file, ends here: the caller says so. */
		return -1;
	default:
		n = dg_utf8_sequence(text + lexer->at, left) ?: 1;
		lexer->at += n;
		dg_lexer_report(lexer, DG_E006, start, lexer->at,
				"unknown escape; the escapes are \\\" \\\\ \\n \\t and \\xHH");
		return -1;
	}
}

static int dg_lexer_string(struct dg_lexer *lexer, struct dg_token *token)
{
	const char *text = lexer->source->text;
	char value[DG_STR_BYTES];
	size_t len = 0;

	lexer->at = token->start + 1;
	for (;;) {
		char c = lexer->at < lexer->source->len ? text[lexer->at] : '\n';
		int byte = (unsigned char)c;

		if (c == '\r' && lexer->at + 1 < lexer->source->len && text[lexer->at + 1] != '\n') {
			dg_lexer_report(lexer, DG_E005, lexer->at, lexer->at + 1,
					"a carriage return inside a string");
			token->poisoned = true;
			lexer->at++;
			continue;
		}
		if (c == '\n' || c == '\r') {
			token->kind = DG_TOKEN_BROKEN;
			token->end = lexer->at;
			dg_lexer_report(lexer, DG_E005, token->start, token->end,
					lexer->at < lexer->source->len ?
						"the string does not end on its line" :
						"the string does not end");
			return 0;
		}
		lexer->at++;
		if (c == '"')
			break;
		if (c == '\\')
			byte = dg_lexer_escape(lexer);
		if (byte <= 0) {
			token->poisoned = true; /* reported */
			continue;
		}
		if (len < sizeof(value))
			value[len] = (char)byte;
		len++;
	}
	token->kind = DG_TOKEN_STRING;
	token->end = lexer->at;
	token->literal.type = DG_TYPE_STRING;
	token->literal.mask = UINT64_MAX;
	/* An invalid sequence in the text was reported; what comes of an escape is another matter. */
	if (!dg_utf8_valid(text + token->start, token->end - token->start))
		token->poisoned = true;
	if (len > sizeof(value)) {
		dg_lexer_report(lexer, DG_E007, token->start, token->end,
				"a string of %zu bytes; 255 is the most", len);
		token->poisoned = true;
		len = 0;
	}
	token->literal.str.len = len;
	token->literal.str.data = dg_arena_copy(lexer->arena, value, len);
	return token->literal.str.data ? 0 : -ENOMEM;
}

/* Kind of an operator or bracket at @text; *@ret_len is its length. DG_TOKEN_BROKEN: none. */
static enum dg_token_kind dg_lexer_mark(const char *text, size_t left, size_t *ret_len)
{
	static const struct {
		char text[3];
		enum dg_token_kind kind;
	} marks[] = {
		/* Longer ones first. */
		{ "==", DG_TOKEN_EQ },	       { "!=", DG_TOKEN_NE },
		{ "<=", DG_TOKEN_LE },	       { ">=", DG_TOKEN_GE },
		{ "..", DG_TOKEN_DOTS },       { "<", DG_TOKEN_LT },
		{ ">", DG_TOKEN_GT },	       { "=", DG_TOKEN_ASSIGN },
		{ ";", DG_TOKEN_SEMICOLON },   { ",", DG_TOKEN_COMMA },
		{ "{", DG_TOKEN_OPEN_BRACE },  { "}", DG_TOKEN_CLOSE_BRACE },
		{ "(", DG_TOKEN_OPEN_PAREN },  { ")", DG_TOKEN_CLOSE_PAREN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t len = strlen(marks[i].text);

		if (len <= left && !memcmp(text, marks[i].text, len)) {
			*ret_len = len;
			return marks[i].kind;
		}
	}
	return DG_TOKEN_BROKEN;
}

/* Step over white space, comments and, after a report, what means nothing. */
static void dg_lexer_skip(struct dg_lexer *lexer)
{
	const char *text = lexer->source->text, *feed;
	size_t len = lexer->source->len, n, mark;

	while (lexer->at < len) {
		char c = text[lexer->at];

		if (c == '\n') {
			lexer->fresh_line = true;
			lexer->at++;
		} else if (c == ' ' || c == '\t' || c == '\r') {
			lexer->at++;
		} else if (c == '#') {
			feed = memchr(text + lexer->at, '\n', len - lexer->at);
			lexer->at = feed ? (size_t)(feed - text) : len;
		} else if (dg_is_name_start(c) || dg_is_digit(c) || c == '"' || c == '*' ||
			   c == ':' ||
			   dg_lexer_mark(text + lexer->at, len - lexer->at, &mark) !=
				   DG_TOKEN_BROKEN) {
			return;
		} else {
			n = dg_utf8_sequence(text + lexer->at, len - lexer->at);
			/* Neither a NUL nor an invalid byte is said twice. */
			if (n && c)
				dg_lexer_report(lexer, DG_E004, lexer->at, lexer->at + n,
						"unexpected character \"%.*s\"", (int)n,
						text + lexer->at);
			lexer->at += n ?: 1;
		}
	}
}

int dg_lexer_next(struct dg_lexer *lexer, struct dg_token *ret)
{
	const char *text = lexer->source->text;
	struct dg_token token = { 0 };
	size_t len = lexer->source->len, mark;
	int err = 0;

	dg_lexer_skip(lexer);
	token.start = token.end = lexer->at;
	token.first = lexer->fresh_line;
	lexer->fresh_line = false;
	if (lexer->at == len) {
		token.kind = DG_TOKEN_END;
	} else if (text[lexer->at] == '"') {
		err = dg_lexer_string(lexer, &token);
		if (err)
			return err;
	} else {
		token.kind = dg_lexer_mark(text + lexer->at, len - lexer->at, &mark);
		if (token.kind != DG_TOKEN_BROKEN) {
			token.end += mark;
		} else {
			/* A word ends at two dots, so that 1..5 is a range. */
			while (token.end < len &&
			       (dg_is_name(text[token.end]) || text[token.end] == ':' ||
				text[token.end] == '*' ||
				(text[token.end] == '.' &&
				 !(token.end + 1 < len && text[token.end + 1] == '.'))))
				token.end++;
			dg_lexer_word(lexer, &token);
		}
		lexer->at = token.end;
	}
	token.pos = dg_source_pos(lexer->source, token.start, token.end);
	token.literal.pos = token.pos;
	*ret = token;
	return 0;
}
