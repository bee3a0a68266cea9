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
	if (lexer->muted)
		return;
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
		.line = 1,
		.fresh_line = true,
	};
	if (source->len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		dg_lexer_report(lexer, DG_E003, 0, 3, "the file begins with a byte-order mark");
		lexer->at = i = 3;
	}
	for (; i < source->len; i += n) {
		n = dg_utf8_plain(text + i, source->len - i);
		if (n)
			continue;
		n = dg_utf8_sequence(text + i, source->len - i);
		if (!n) {
			/* One report for a run of them. */
			for (n = 1; i + n < source->len; n++)
				if (dg_utf8_sequence(text + i + n, source->len - i - n))
					break;
			lexer->invalid_utf8 = true;
			dg_lexer_report(lexer, DG_E001, i, i + n,
					"the byte 0x%02x here begins no UTF-8 sequence",
					(unsigned char)text[i]);
		} else if (!text[i]) {
			dg_lexer_report(lexer, DG_E002, i, i + 1, "a NUL byte in the text");
		}
	}
}

enum {
	DG_BYTE_SPACE = 1 << 0,
	DG_BYTE_START = 1 << 1,	 /* of a name */
	DG_BYTE_NAME = 1 << 2,
	DG_BYTE_DIGIT = 1 << 3,
	DG_BYTE_WORD = 1 << 4,	 /* of a name, an attribute or a literal */
	DG_BYTE_STOP = 1 << 5,	 /* in a string, is not simply itself */
};

#define DG_LETTER (DG_BYTE_START | DG_BYTE_NAME | DG_BYTE_WORD)
static const uint8_t dg_bytes_kind[256] = {
	[0] = DG_BYTE_STOP,
	[' '] = DG_BYTE_SPACE,
	['\t'] = DG_BYTE_SPACE,
	['\r'] = DG_BYTE_SPACE | DG_BYTE_STOP,
	['\n'] = DG_BYTE_SPACE | DG_BYTE_STOP,
	['"'] = DG_BYTE_STOP,
	['\\'] = DG_BYTE_STOP,
	['-'] = DG_BYTE_NAME | DG_BYTE_WORD,
	['.'] = DG_BYTE_WORD,
	[':'] = DG_BYTE_WORD,
	['*'] = DG_BYTE_WORD,
	['0' ... '9'] = DG_BYTE_NAME | DG_BYTE_WORD | DG_BYTE_DIGIT,
	['A' ... 'Z'] = DG_LETTER,
	['_'] = DG_LETTER,
	['a' ... 'z'] = DG_LETTER,
};
#undef DG_LETTER

static inline bool dg_is_byte(char c, unsigned int kind)
{
	return dg_bytes_kind[(unsigned char)c] & kind;
}

static int dg_hex_value(char c)
{
	if (dg_is_byte(c, DG_BYTE_DIGIT))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Something joined by dots, nothing empty: an attribute, or what its reader says is none
 * (spdm.meas.0x1).
 */
static bool dg_is_path(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '.' && (i + 1 == len || text[i + 1] == '.'))
			return false;
	return true;
}

/* A word: a name, an attribute or a literal other than a string. 0 or -ENOMEM. */
static int dg_lexer_word(struct dg_lexer *lexer, struct dg_token *token)
{
	const char *text = lexer->source->text + token->start, *end = text;
	unsigned int colons = 0, dots = 0;
	struct dg_literal_problem problem;
	const char *wanted = lexer->wanted;
	enum dg_diag_id id = DG_E009;
	struct dg_digest digest, *copy;
	size_t len;

	/* It ends at two dots, so that 1..5 is a range. The text ends with a NUL. */
	for (;; end++) {
		if (dg_is_byte(*end, DG_BYTE_NAME))
			continue;
		if (!dg_is_byte(*end, DG_BYTE_WORD) || (*end == '.' && end[1] == '.'))
			break;
		if (*end == '.')
			dots++;
		else
			colons++;
	}
	/* A time with an offset, which is none here, is one mistake and not two. */
	if (*end == '+' && dg_is_byte(text[0], DG_BYTE_DIGIT) && end - text > 10 && text[10] == 'T')
		for (end++; dg_is_byte(*end, DG_BYTE_DIGIT) || *end == ':';)
			end++;
	len = (size_t)(end - text);
	token->end += (uint32_t)len;
	if (!colons && dg_is_byte(text[0], DG_BYTE_START)) {
		if (!dots) {
			token->kind = DG_TOKEN_NAME;
			token->word = dg_word_find(text, len);
			return 0;
		}
		if (dg_is_path(text, len)) {
			token->kind = DG_TOKEN_ATTR;
			return 0;
		}
	}
	token->kind = DG_TOKEN_LITERAL;
	if (dg_literal_parse(text, len, &digest, &token->literal, &problem)) {
		if (token->literal.type != DG_TYPE_DIGEST)
			return 0;
		copy = dg_arena_new_of(lexer->arena, struct dg_digest);
		if (!copy)
			return -ENOMEM;
		*copy = digest;
		token->literal.digest = copy;
		return 0;
	}
	token->poisoned = true;
	token->literal.type = DG_TYPE_INT; /* any */
	if (problem.error == DG_LITERAL_LONG)
		id = DG_E007;
	else if (problem.error == DG_LITERAL_NUMBER)
		id = DG_E008;
	/* The shape of a type says enough. */
	if (problem.error != DG_LITERAL_NUMBER && problem.error != DG_LITERAL_NONE)
		wanted = NULL;
	dg_lexer_report(lexer, id, token->start, token->end, "\"%.*s\"%s: %s%s%s%s%s",
			(int)(len < 60 ? len : 60), text, len < 60 ? "" : "…", problem.why,
			problem.pattern, wanted ? "; " : "", wanted ?: "",
			wanted ? " is wanted" : "");
	return 0;
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

/* Behind the opening quote, byte by byte: for what the quick way did not take. 0 or -ENOMEM. */
static int dg_lexer_string_slow(struct dg_lexer *lexer, struct dg_token *token)
{
	const char *text = lexer->source->text;
	char value[DG_STR_BYTES];
	size_t len = 0;

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
			token->end = (uint32_t)lexer->at;
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
	token->end = (uint32_t)lexer->at;
	token->literal.type = DG_TYPE_STRING;
	/* An invalid sequence in the text was reported; what comes of an escape is another matter. */
	if (lexer->invalid_utf8 && !dg_utf8_valid(text + token->start, token->end - token->start))
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

static int dg_lexer_string(struct dg_lexer *lexer, struct dg_token *token)
{
	const char *text = lexer->source->text + token->start + 1;
	size_t len = 0;

	lexer->at = token->start + 1;
	/* The text ends with a NUL, which stops it. */
	while (!dg_is_byte(text[len], DG_BYTE_STOP))
		len++;
	if (text[len] != '"' || len > DG_STR_BYTES || lexer->invalid_utf8)
		return dg_lexer_string_slow(lexer, token);
	token->kind = DG_TOKEN_STRING;
	token->end = (uint32_t)(lexer->at += len + 1);
	token->literal.type = DG_TYPE_STRING;
	token->literal.str.len = len;
	token->literal.str.data = dg_arena_copy(lexer->arena, text, len);
	return token->literal.str.data ? 0 : -ENOMEM;
}

/* Kind of an operator or bracket at @text; *@ret_len is its length. DG_TOKEN_BROKEN: none. */
static enum dg_token_kind dg_lexer_mark(const char *text, unsigned int *ret_len)
{
	bool equals = text[0] && text[1] == '='; /* the text ends with a NUL */

	*ret_len = 1;
	switch (text[0]) {
	case ';':
		return DG_TOKEN_SEMICOLON;
	case ',':
		return DG_TOKEN_COMMA;
	case '{':
		return DG_TOKEN_OPEN_BRACE;
	case '}':
		return DG_TOKEN_CLOSE_BRACE;
	case '(':
		return DG_TOKEN_OPEN_PAREN;
	case ')':
		return DG_TOKEN_CLOSE_PAREN;
	case '=':
		*ret_len += equals;
		if (text[1] == '~' || text[1] == '<' || text[1] == '>' ||
		    (equals && text[2] == '='))
			return DG_TOKEN_BROKEN;
		return equals ? DG_TOKEN_EQ : DG_TOKEN_ASSIGN;
	case '<':
		*ret_len += equals;
		if (text[1] == '>')
			return DG_TOKEN_BROKEN;
		return equals ? DG_TOKEN_LE : DG_TOKEN_LT;
	case '>':
		*ret_len += equals;
		return equals ? DG_TOKEN_GE : DG_TOKEN_GT;
	case '!':
		*ret_len = 2;
		return equals && text[2] != '=' ? DG_TOKEN_NE : DG_TOKEN_BROKEN;
	case '.':
		*ret_len = 2;
		return text[1] == '.' ? DG_TOKEN_DOTS : DG_TOKEN_BROKEN;
	default:
		return DG_TOKEN_BROKEN;
	}
}

/* To the next token, over white space and comments. */
static void dg_lexer_skip(struct dg_lexer *lexer)
{
	const char *text = lexer->source->text, *end;
	size_t len = lexer->source->len;

	while (lexer->at < len) {
		char c = text[lexer->at];

		if (c == '\n') {
			lexer->line_start = ++lexer->at;
			lexer->line++;
			lexer->fresh_line = true;
		} else if (dg_is_byte(c, DG_BYTE_SPACE)) {
			lexer->at++;
		} else if (c == '#') {
			end = memchr(text + lexer->at, '\n', len - lexer->at);
			lexer->at = end ? (size_t)(end - text) : len;
		} else {
			return;
		}
	}
}

/*
 * What begins no token: reported, and a broken token, so that the parser does not stumble over what
 * is missing. Operators of other languages are told what they are called here.
 */
static void dg_lexer_stray(struct dg_lexer *lexer, struct dg_token *token)
{
	static const struct {
		char text[4];
		const char *hint;
		bool in_condition; /* what it stands for can stand nowhere else */
	} foreign[] = {
		{ "&&", "; write `and`", true }, { "||", "; write `or`", true },
		{ "===", "; write ==", true },	 { "!==", "; write !=", true },
		{ "<>", "; write !=", true },	 { "=>", "; write >=", true },
		{ "=<", "; write <=", true },
		{ "!", "; write `not`, or != for a comparison", true },
		{ "&", "; write `and`", true },  { "|", "; write `or`", true },
		{ "//", "; a comment begins with #", false }, { "/*", "; a comment begins with #", false },
		{ "'", "; a string stands in double quotes", false },
		{ "-", "; numbers are not negative", false },
		{ "=~", "; a glob stands after `like`", false },
		{ "~", "; a glob stands after `like`", true },
		{ "[", "; a set stands between '{' and '}'", false },
		{ "]", "; a set stands between '{' and '}'", false },
	};
	const char *text = lexer->source->text + token->start, *hint = "", *wanted = lexer->wanted;
	size_t left = lexer->source->len - token->start, n = dg_utf8_sequence(text, left);

	token->kind = DG_TOKEN_BROKEN;
	token->foreign = false;
	/* Neither a NUL nor an invalid byte is said twice. */
	if (!n || !text[0]) {
		token->end += 1;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		size_t len = strlen(foreign[i].text);

		if (len > left || memcmp(text, foreign[i].text, len))
			continue;
		if (!foreign[i].in_condition || !wanted)
			hint = foreign[i].hint;
		token->foreign = true;
		n = len;
		break;
	}
	token->end += (uint32_t)n;
	dg_lexer_report(lexer, DG_E004, token->start, token->end,
			"unexpected character%s \"%.*s\"%s%s%s",
			n > 1 && (unsigned char)text[0] < 0x80 ? "s" : "", (int)n, text,
			*hint || !wanted ? hint : "; ", *hint || !wanted ? "" : wanted,
			*hint || !wanted ? "" : " is wanted");
}

int dg_lexer_next(struct dg_lexer *lexer, struct dg_token *token)
{
	const char *text = lexer->source->text;
	size_t len = lexer->source->len;
	unsigned int mark;
	int err = 0;

	dg_lexer_skip(lexer);
	token->start = token->end = (uint32_t)lexer->at;
	token->first = lexer->fresh_line;
	token->word = DG_WORD_NONE;
	token->poisoned = false;
	lexer->fresh_line = false;
	if (lexer->at == len) {
		token->kind = DG_TOKEN_END;
	} else if (text[lexer->at] == '"') {
		err = dg_lexer_string(lexer, token);
	} else {
		token->kind = dg_lexer_mark(text + lexer->at, &mark);
		if (token->kind != DG_TOKEN_BROKEN)
			token->end += mark;
		else if (dg_is_byte(text[lexer->at], DG_BYTE_START | DG_BYTE_DIGIT) ||
			 text[lexer->at] == ':' || text[lexer->at] == '*')
			err = dg_lexer_word(lexer, token);
		else
			dg_lexer_stray(lexer, token);
		lexer->at = token->end;
	}
	lexer->wanted = NULL;
	if (token->kind == DG_TOKEN_BROKEN)
		lexer->muted = true;
	/* No token goes past its line. At least one column, so that there is something to point at. */
	token->pos = (struct dg_pos){
		.source = lexer->source,
		.line = lexer->line,
		.column = (uint32_t)(token->start - lexer->line_start) + 1,
		.end_column = (uint32_t)(token->end - lexer->line_start) + 1 +
			      (token->start == token->end),
	};
	token->literal.pos = token->pos;
	return err;
}
