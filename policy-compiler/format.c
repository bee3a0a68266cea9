/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "format.h"

#include <string.h>

#include "format_tokens.h"
#include "policy.h"

#define COLUMNS 100
#define TAB 8

struct layout {
	const struct dg_fmt_text *text;
	FILE *out;
	size_t column;
	bool fresh; /* nothing is on the line yet */
	bool must_break; /* a comment ended the line */
};

static void put_newline(struct layout *l)
{
	if (!l->fresh)
		fputc('\n', l->out);
	l->fresh = true;
	l->must_break = false;
	l->column = 0;
}

static void put_indent(struct layout *l, unsigned int tabs)
{
	for (unsigned int i = 0; i < tabs; i++)
		fputc('\t', l->out);
	l->column = tabs * (size_t)TAB;
	l->fresh = false;
}

static size_t width(struct dg_bytes text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++)
		columns += (text.data[i] & 0xc0) != 0x80;
	return columns;
}

static void put_bytes(struct layout *l, struct dg_bytes text)
{
	if (text.len > 0)
		fwrite(text.data, 1, text.len, l->out);
	l->column += width(text);
}

static const struct dg_fmt_word *word_at(const struct layout *l, size_t i)
{
	return &l->text->words[i];
}

/* Comments on lines of their own before word @i. */
static void put_comments(struct layout *l, size_t i, unsigned int tabs, bool blanks)
{
	const struct dg_fmt_word *w = word_at(l, i);

	for (size_t c = w->comments; c < w->comments + w->comment_count; c++) {
		const struct dg_comment *comment = &l->text->comments[c];

		put_newline(l);
		if (blanks && comment->blank_before && ftell(l->out) > 0)
			fputc('\n', l->out);
		put_indent(l, tabs);
		put_bytes(l, comment->text);
		l->must_break = true;
	}
}

static void put_trailing(struct layout *l, size_t i)
{
	const struct dg_fmt_word *w = word_at(l, i);

	if (!w->trailing.data)
		return;
	fputc(' ', l->out);
	put_bytes(l, w->trailing);
	l->must_break = true;
}

/* Is there white space between word @i and the one before it on its line? */
static bool spaced(const struct layout *l, size_t i)
{
	enum dg_token_kind kind = word_at(l, i)->kind, before = word_at(l, i - 1)->kind;

	return kind != DG_TOKEN_SEMICOLON && kind != DG_TOKEN_COMMA &&
	       kind != DG_TOKEN_CLOSE_PAREN && before != DG_TOKEN_OPEN_PAREN;
}

static bool has_comments(const struct layout *l, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if ((i > first && word_at(l, i)->comment_count > 0) ||
		    (i + 1 < end && word_at(l, i)->trailing.data))
			return true;
	return false;
}

/* Columns of the words on one line. */
static size_t line_width(const struct layout *l, size_t first, size_t end)
{
	size_t columns = 0;

	for (size_t i = first; i < end; i++)
		columns += width(word_at(l, i)->text) + (i > first && spaced(l, i));
	return columns;
}

static bool is_option(const struct dg_fmt_word *w)
{
	return w->word == DG_WORD_FROM || w->word == DG_WORD_UNTIL || w->word == DG_WORD_REASON ||
	       w->word == DG_WORD_MODE || w->word == DG_WORD_AUDIT;
}

static bool may_break(const struct layout *l, size_t i)
{
	const struct dg_fmt_word *w = word_at(l, i);

	return word_at(l, i - 1)->kind == DG_TOKEN_COMMA || w->word == DG_WORD_AND ||
	       w->word == DG_WORD_OR || is_option(w);
}

/*
 * The words from @first to before @end, beginning on a fresh line with @tabs and going on with
 * @more; a line is broken where the next stretch that holds together would pass its end.
 */
static void put_filled(struct layout *l, size_t first, size_t end, unsigned int tabs,
		       unsigned int more)
{
	for (size_t i = first; i < end; i++) {
		size_t stretch = i + 1;

		if (i > first)
			put_comments(l, i, more, false);
		while (stretch < end && !may_break(l, stretch))
			stretch++;
		if (l->must_break || l->fresh ||
		    (i > first && may_break(l, i) &&
		     l->column + 1 + line_width(l, i, stretch) > COLUMNS)) {
			put_newline(l);
			put_indent(l, i == first ? tabs : more);
		} else if (i > first && spaced(l, i)) {
			fputc(' ', l->out);
			l->column++;
		}
		put_bytes(l, word_at(l, i)->text);
		put_trailing(l, i);
	}
}

/* On one line when it fits and no comment is inside. */
static bool put_on_one_line(struct layout *l, size_t first, size_t end, unsigned int tabs)
{
	if (has_comments(l, first, end) || tabs * TAB + line_width(l, first, end) > COLUMNS)
		return false;
	put_filled(l, first, end, tabs, tabs);
	return true;
}

/* The first of the words that @is, outside of brackets; @end when there is none. */
static size_t find_word(const struct layout *l, size_t first, size_t end, enum dg_word wanted)
{
	int depth = 0;

	for (size_t i = first; i < end; i++) {
		const struct dg_fmt_word *w = word_at(l, i);

		if (w->kind == DG_TOKEN_OPEN_BRACE || w->kind == DG_TOKEN_OPEN_PAREN)
			depth++;
		else if (w->kind == DG_TOKEN_CLOSE_BRACE || w->kind == DG_TOKEN_CLOSE_PAREN)
			depth--;
		else if (depth == 0 && (wanted ? w->word == wanted : is_option(w)))
			return i;
	}
	return end;
}

/* A rule or an assertion: what it is about, its condition, its options. */
static void put_rule(struct layout *l, size_t first, size_t end)
{
	size_t where, options;

	if (put_on_one_line(l, first, end, 0))
		return;
	options = find_word(l, first, end, DG_WORD_NONE);
	where = find_word(l, first, options, DG_WORD_WHERE);
	put_filled(l, first, where, 0, 1);
	if (where < options) {
		put_comments(l, where, 1, false);
		put_newline(l);
		put_filled(l, where, options, 1, 2);
	}
	if (options < end) {
		put_comments(l, options, 1, false);
		put_newline(l);
		put_filled(l, options, end, 1, 2);
	}
}

static size_t find_kind(const struct layout *l, size_t first, size_t end, enum dg_token_kind kind)
{
	while (first < end && word_at(l, first)->kind != kind)
		first++;
	return first;
}

/* name = { items }; */
static void put_set(struct layout *l, size_t first, size_t end)
{
	size_t open = find_kind(l, first, end, DG_TOKEN_OPEN_BRACE);
	size_t close = find_kind(l, open, end, DG_TOKEN_CLOSE_BRACE);

	if (put_on_one_line(l, first, end, 0))
		return;
	if (close == end) {
		put_filled(l, first, end, 0, 1);
		return;
	}
	put_filled(l, first, open + 1, 0, 1);
	if (close > open + 1) {
		put_comments(l, open + 1, 1, false);
		put_newline(l);
		put_filled(l, open + 1, close, 1, 1);
	}
	put_comments(l, close, 1, false);
	put_newline(l);
	put_filled(l, close, end, 0, 1);
}

/* The end of the statement at @first inside a block that ends at @end. */
static size_t inner_end(const struct layout *l, size_t first, size_t end)
{
	int depth = 0;

	for (size_t i = first; i < end; i++) {
		enum dg_token_kind kind = word_at(l, i)->kind;

		depth += kind == DG_TOKEN_OPEN_BRACE;
		depth -= kind == DG_TOKEN_CLOSE_BRACE;
		if (kind == DG_TOKEN_SEMICOLON && depth <= 0)
			return i + 1;
	}
	return end;
}

/* device { ATTR = VALUE; … }; with a line for each attribute */
static void put_device(struct layout *l, size_t first, size_t end)
{
	size_t open = find_kind(l, first, end, DG_TOKEN_OPEN_BRACE), close = open + 1;

	for (int depth = 1; close < end; close++) {
		depth += word_at(l, close)->kind == DG_TOKEN_OPEN_BRACE;
		depth -= word_at(l, close)->kind == DG_TOKEN_CLOSE_BRACE;
		if (depth == 0)
			break;
	}
	if (put_on_one_line(l, first, end, 1))
		return;
	if (close >= end) {
		put_filled(l, first, end, 1, 2);
		return;
	}
	put_filled(l, first, open + 1, 1, 2);
	for (size_t i = open + 1, next; i < close; i = next) {
		next = inner_end(l, i, close);
		put_comments(l, i, 2, false);
		put_newline(l);
		put_filled(l, i, next, 2, 3);
	}
	put_comments(l, close, 2, false);
	put_newline(l);
	put_filled(l, close, end, 1, 2);
}

static void put_test(struct layout *l, size_t first, size_t end)
{
	size_t open = find_kind(l, first, end, DG_TOKEN_OPEN_BRACE), close = end;

	while (close > open && word_at(l, close - 1)->kind != DG_TOKEN_CLOSE_BRACE)
		close--;
	if (open == end || close <= open + 1) {
		put_filled(l, first, end, 0, 1);
		return;
	}
	close--;
	put_filled(l, first, open + 1, 0, 1);
	for (size_t i = open + 1, next; i < close; i = next) {
		next = inner_end(l, i, close);
		put_comments(l, i, 1, false);
		put_newline(l);
		if (word_at(l, i)->word == DG_WORD_DEVICE)
			put_device(l, i, next);
		else if (!put_on_one_line(l, i, next, 1))
			put_filled(l, i, next, 1, 2);
	}
	put_comments(l, close, 1, false);
	put_newline(l);
	put_filled(l, close, end, 0, 1);
}

/* Behind the last word of the statement at @first. */
static size_t statement_end(const struct layout *l, size_t first)
{
	size_t end = l->text->word_count - 1;
	int depth = 0;

	for (size_t i = first; i < end; i++) {
		enum dg_token_kind kind = word_at(l, i)->kind;

		depth += kind == DG_TOKEN_OPEN_BRACE;
		depth -= kind == DG_TOKEN_CLOSE_BRACE;
		if (depth > 0)
			continue;
		if (kind == DG_TOKEN_SEMICOLON)
			return i + 1;
		/* Its semicolon may be left out; where it stands it belongs to it. */
		if (kind == DG_TOKEN_CLOSE_BRACE && word_at(l, first)->word == DG_WORD_TEST)
			return i + 1 + (word_at(l, i + 1)->kind == DG_TOKEN_SEMICOLON);
	}
	return end;
}

static void put_statement(struct layout *l, size_t first, size_t end)
{
	switch (word_at(l, first)->word) {
	case DG_WORD_FORBID:
	case DG_WORD_ALLOW:
	case DG_WORD_DENY:
	case DG_WORD_ASSERT:
		put_rule(l, first, end);
		break;
	case DG_WORD_SET:
		put_set(l, first, end);
		break;
	case DG_WORD_TEST:
		put_test(l, first, end);
		break;
	default:
		if (!put_on_one_line(l, first, end, 0))
			put_filled(l, first, end, 0, 1);
	}
}

static void put_all(struct layout *l)
{
	size_t last = l->text->word_count - 1;

	for (size_t i = 0, end; i < last; i = end) {
		const struct dg_fmt_word *w = word_at(l, i);

		end = statement_end(l, i);
		put_comments(l, i, 0, true);
		put_newline(l);
		if (w->blank_before && ftell(l->out) > 0)
			fputc('\n', l->out);
		put_statement(l, i, end);
	}
	put_comments(l, last, 0, true);
	put_newline(l);
}

/* Are the words the same, one by one? What a layout must never change. */
static bool same_words(const struct dg_fmt_text *a, const struct dg_fmt_text *b)
{
	if (a->word_count != b->word_count || a->comment_count != b->comment_count)
		return false;
	for (size_t i = 0; i < a->word_count; i++) {
		const struct dg_fmt_word *x = &a->words[i], *y = &b->words[i];

		if (x->kind != y->kind || x->text.len != y->text.len ||
		    x->comment_count != y->comment_count ||
		    !x->trailing.data != !y->trailing.data ||
		    (x->text.len > 0 && memcmp(x->text.data, y->text.data, x->text.len) != 0))
			return false;
	}
	return true;
}

int dg_format_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
		   char **ret, size_t *ret_len)
{
	_cleanup_(dg_fmt_text_done) struct dg_fmt_text words = {}, again = {};
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags silent = {};
	struct layout l = {.text = &words, .fresh = true};
	_cleanup_free_ char *out = NULL;
	size_t out_len = 0;
	int r;

	r = dg_policy_load_text(name, text, len, DG_LOAD_SYNTAX, diags, &policy);
	if (r >= 0)
		r = dg_fmt_text_read(name, text, len, diags, &words);
	if (r < 0)
		return r;
	l.out = open_memstream(&out, &out_len);
	if (!l.out)
		return -ENOMEM;
	put_all(&l);
	r = ferror(l.out) ? -ENOMEM : 0;
	if (fclose(l.out) != 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	/* A formatter that changes what it formats would be worse than none. */
	r = dg_fmt_text_read(name, out, out_len, &silent, &again);
	if (r < 0 || !same_words(&words, &again))
		return r == -ENOMEM ? r : -EIO;
	*ret = TAKE_PTR(out);
	*ret_len = out_len;
	return 0;
}
