/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "format_tokens.h"

#include <string.h>

#include "array.h"

void dg_fmt_text_done(struct dg_fmt_text *t)
{
	free(t->words);
	free(t->comments);
	dg_arena_free(t->arena);
	dg_source_unref(t->source);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One line of a gap without its line feed: its comment, or data NULL. */
static struct dg_bytes line_comment(const char *line, const char *end)
{
	while (line < end && is_space(*line))
		line++;
	while (end > line && is_space(end[-1]))
		end--;
	if (line == end)
		return (struct dg_bytes){};
	return (struct dg_bytes){line, (size_t)(end - line)};
}

static int add_comment(struct dg_fmt_text *t, struct dg_bytes text, bool blank_before)
{
	int r = dg_array_reserve(&t->comments, &t->comment_room, t->comment_count + 1,
				 sizeof(*t->comments));

	if (r < 0)
		return r;
	t->comments[t->comment_count++] =
		(struct dg_comment){.text = text, .blank_before = blank_before};
	return 0;
}

/* What stands between two words; @before: the one in front, or NULL. */
static int read_gap(struct dg_fmt_text *t, const char *at, const char *end,
		    struct dg_fmt_word *before, struct dg_fmt_word *word)
{
	bool blank = false;
	const char *line;
	int r;

	word->comments = t->comment_count;
	if (before) {
		line = memchr(at, '\n', (size_t)(end - at));
		before->trailing = line_comment(at, line ? line : end);
		if (!line)
			return 0;
		at = line + 1;
	}
	while (at < end) {
		struct dg_bytes comment;

		line = memchr(at, '\n', (size_t)(end - at));
		comment = line_comment(at, line ? line : end);
		if (comment.data) {
			r = add_comment(t, comment, blank);
			if (r < 0)
				return r;
			blank = false;
		} else if (line) {
			blank = true;
		}
		if (!line)
			break;
		at = line + 1;
	}
	word->comment_count = t->comment_count - word->comments;
	word->blank_before = blank;
	return 0;
}

/* Digits in lower case; what a time or a string says is left as it is. */
static int word_text(struct dg_fmt_text *t, const struct dg_token *token, struct dg_bytes *text)
{
	char *copy;

	if (token->kind != DG_TOKEN_LITERAL || token->literal.type == DG_TYPE_TIME)
		return 0;
	copy = dg_arena_copy(t->arena, text->data, text->len);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < text->len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'F')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	text->data = copy;
	return 0;
}

static int read_words(struct dg_fmt_text *t, struct dg_diags *diags)
{
	struct dg_lexer lexer = {};
	struct dg_token token;
	size_t at = 0;
	int r;

	dg_lexer_start(&lexer, t->source, t->arena, diags);
	do {
		struct dg_fmt_word word = {};

		r = dg_lexer_next(&lexer, &token);
		if (r >= 0)
			r = dg_array_reserve(&t->words, &t->word_room, t->word_count + 1,
					     sizeof(*t->words));
		if (r < 0)
			return r;
		if (token.kind == DG_TOKEN_END)
			token.start = token.end = (uint32_t)t->source->len;
		word.kind = token.kind;
		word.word = token.kind == DG_TOKEN_NAME ? token.word : DG_WORD_NONE;
		word.text = dg_token_text(&lexer, &token);
		r = word_text(t, &token, &word.text);
		if (r >= 0)
			r = read_gap(t, t->source->text + at, t->source->text + token.start,
				     t->word_count > 0 ? &t->words[t->word_count - 1] : NULL,
				     &word);
		if (r < 0)
			return r;
		t->words[t->word_count++] = word;
		at = token.end;
	} while (token.kind != DG_TOKEN_END && !lexer.failed);
	return lexer.failed ? -EBADMSG : 0;
}

int dg_fmt_text_read(const char *name, const char *text, size_t len, struct dg_diags *diags,
		     struct dg_fmt_text *ret)
{
	int r;

	ret->arena = dg_arena_new();
	if (!ret->arena)
		return -ENOMEM;
	r = dg_source_new(name, text, len, DG_SOURCE_MAX_BYTES, &ret->source);
	if (r < 0)
		return r;
	return read_words(ret, diags);
}
