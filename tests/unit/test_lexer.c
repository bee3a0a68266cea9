// SPDX-License-Identifier: GPL-2.0-only
/* Tokens and literals (language page, section 3). */
#include <criterion/criterion.h>
#include <string.h>

#include "lexer.h"
#include "literal.h"
#include "words.h"

struct lexed {
	struct dg_source *source;
	struct dg_arena *arena;
	struct dg_diags diags;
	struct dg_lexer lexer;
};

static void lex_start(struct lexed *l, const char *text, size_t len)
{
	*l = (struct lexed){ .arena = dg_arena_new() };
	cr_assert_not_null(l->arena);
	cr_assert_eq(dg_source_new("t", text, len, DG_SOURCE_MAX_BYTES, &l->source), 0);
	dg_lexer_start(&l->lexer, l->source, l->arena, &l->diags);
}

static struct dg_token lex_next(struct lexed *l)
{
	struct dg_token token;

	cr_assert_eq(dg_lexer_next(&l->lexer, &token), 0);
	return token;
}

static void lex_stop(struct lexed *l)
{
	dg_diags_done(&l->diags);
	dg_arena_free(l->arena);
	dg_source_unref(l->source);
}

static struct dg_literal parse(const char *text)
{
	static struct dg_digest digest;
	struct dg_literal literal = { 0 };
	struct dg_literal_problem problem = { 0 };

	cr_assert(dg_literal_parse(text, strlen(text), &digest, &literal, &problem), "%s: %s", text,
		  problem.why);
	return literal;
}

Test(lexer, tokens_in_order)
{
	static const char text[] = "allow \"x\" on bind where pci.id in{1..5}!=<=>=< > == =;(),#c\r\nz";
	static const enum dg_token_kind want[] = {
		DG_TOKEN_NAME, DG_TOKEN_STRING, DG_TOKEN_NAME, DG_TOKEN_NAME, DG_TOKEN_NAME,
		DG_TOKEN_ATTR, DG_TOKEN_NAME, DG_TOKEN_OPEN_BRACE, DG_TOKEN_LITERAL, DG_TOKEN_DOTS,
		DG_TOKEN_LITERAL, DG_TOKEN_CLOSE_BRACE, DG_TOKEN_NE, DG_TOKEN_LE, DG_TOKEN_GE,
		DG_TOKEN_LT, DG_TOKEN_GT, DG_TOKEN_EQ, DG_TOKEN_ASSIGN, DG_TOKEN_SEMICOLON,
		DG_TOKEN_OPEN_PAREN, DG_TOKEN_CLOSE_PAREN, DG_TOKEN_COMMA, DG_TOKEN_NAME,
		DG_TOKEN_END, DG_TOKEN_END,
	};
	struct lexed l;

	lex_start(&l, text, sizeof(text) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		cr_expect_eq(lex_next(&l).kind, want[i], "token %zu", i);
	cr_expect_eq(l.diags.errors, 0);
	lex_stop(&l);
}

Test(lexer, only_a_line_feed_ends_a_line)
{
	struct dg_token token;
	struct lexed l;

	lex_start(&l, "a\rb\n\n c", 7);
	lex_next(&l);
	token = lex_next(&l);
	cr_expect_eq(token.pos.line, 1);
	cr_expect_eq(token.pos.column, 3);
	token = lex_next(&l);
	cr_expect_eq(token.pos.line, 3);
	cr_expect_eq(token.pos.column, 2);
	cr_expect_eq(token.pos.end_column, 3);
	cr_expect(token.first);
	lex_stop(&l);
}

Test(lexer, columns_are_bytes)
{
	struct dg_token token;
	struct lexed l;

	lex_start(&l, "\"\xc3\xa9\" x", 6);
	lex_next(&l);
	token = lex_next(&l);
	cr_expect_eq(token.pos.column, 6);
	lex_stop(&l);
}

Test(lexer, escapes)
{
	struct dg_token token;
	struct lexed l;

	lex_start(&l, "\"\\\"\\\\\\n\\t\\x41\\xfF\"", 18);
	token = lex_next(&l);
	cr_expect_eq(token.literal.str.len, 6);
	cr_expect_eq(memcmp(token.literal.str.data, "\"\\\n\tA\xff", 6), 0);
	cr_expect_eq(l.diags.errors, 0);
	lex_stop(&l);
}

Test(lexer, strings_of_255_bytes_are_the_longest)
{
	char text[300];
	struct lexed l;

	memset(text, 'a', sizeof(text));
	text[0] = text[256] = '"';
	lex_start(&l, text, 257);
	cr_expect_eq(lex_next(&l).literal.str.len, 255);
	cr_expect_eq(l.diags.errors, 0);
	lex_stop(&l);

	text[256] = 'a';
	text[257] = '"';
	lex_start(&l, text, 258);
	cr_expect(lex_next(&l).poisoned);
	cr_assert_eq(l.diags.count, 1);
	cr_expect_eq(l.diags.items[0].id, DG_E007);
	lex_stop(&l);
}

Test(literal, values)
{
	cr_expect_eq(parse("18446744073709551615").num, UINT64_MAX);
	cr_expect_eq(parse("0xffffffffffffffff").num, UINT64_MAX);
	cr_expect_eq(parse("10DE:2330").num, 0x10de2330);
	cr_expect_eq(parse("01:08:02").num, 0x010802);
	cr_expect_eq(parse("10000:e0:1f.7").num, UINT64_C(0x10000e0ff));
	cr_expect_eq(parse("1970-01-01").num, 0);
	cr_expect_eq(parse("2000-02-29").num, 951782400);
	cr_expect_eq(parse("2026-12-01T08:00:00Z").num, 1796112000);
	cr_expect_eq(parse("9999-12-31T23:59:59Z").num, UINT64_C(253402300799));
}

Test(literal, patterns_have_a_mask)
{
	struct dg_literal id = parse("*:2330"), class = parse("01:*:*"), plain = parse("01:08:02");

	cr_expect(dg_literal_is_pattern(&id));
	cr_expect_eq(id.mask & 0xffffffff, 0xffff);
	cr_expect(dg_literal_is_pattern(&class));
	cr_expect_eq(class.mask & 0xffffff, 0xff0000);
	cr_expect(!dg_literal_is_pattern(&plain));
	cr_expect_eq(plain.mask, UINT64_MAX);
}

Test(literal, written_as_read)
{
	static const char *const texts[] = {
		"17", "10de:2330", "*:2330", "01:08:*", "0000:3b:00.0", "10000:e0:06.0",
		"2026-12-01", "2026-12-01T08:00:00Z", "2096-02-29", "*:*", "*:*:*",
		"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *out = NULL;
		struct dg_literal literal = parse(texts[i]);
		size_t size;
		FILE *f = open_memstream(&out, &size);

		dg_literal_write(f, &literal, NULL);
		fclose(f);
		cr_expect_str_eq(out, texts[i]);
	}
}

Test(literal, malformed)
{
	static const char *const texts[] = {
		"", "0X1", "0x", "00", "01", "1a", "18446744073709551616", "10de:233", ":", "::",
		"*", "10de:2330:", "01:*:02", "*:01:02", "0000:3b:20.0", "0000:3b:00.8", "-1",
		"2026-02-29", "2100-02-29", "2026-00-10", "2026-12-01T08:00:60Z", "1969-12-31",
		"sha256:00", "SHA256:00", "sha384:", "2026-12", "0000:3b:00", "1:2:3:4",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct dg_literal_problem problem = { 0 };
		struct dg_literal literal = { .num = 42 };

		cr_expect(!dg_literal_parse(texts[i], strlen(texts[i]), NULL, &literal, &problem), "%s",
			  texts[i]);
		cr_expect_eq(literal.num, 42, "%s: the output was touched", texts[i]);
		cr_expect_not_null(problem.why);
	}
}

/* The table is in the alphabet's order, which the search relies on; operations are words of their own. */
Test(lexer, every_word_is_found)
{
	for (unsigned int word = DG_WORD_NONE + 1; word < DG_WORD_MAX; word++) {
		const char *text = dg_word_text((enum dg_word)word);
		char longer[32];

		snprintf(longer, sizeof(longer), "%sx", text);
		cr_expect_eq(dg_word_find(text, strlen(text)), word, "%s", text);
		cr_expect_eq(dg_word_find(longer, strlen(longer)), DG_WORD_NONE, "%s", longer);
		cr_expect_eq(dg_word_find(text, strlen(text) - 1) == word, false, "%s", text);
		cr_expect(word == 1 || strcmp(dg_word_text((enum dg_word)(word - 1)), text) < 0, "%s",
			  text);
		cr_expect_lt(dg_op_find(text, strlen(text)), 0, "%s", text);
	}
	cr_expect_eq(dg_word_find("", 0), DG_WORD_NONE);
	cr_expect_eq(dg_word_find("Allow", 5), DG_WORD_NONE);
	cr_expect_eq(dg_word_find("zebra", 5), DG_WORD_NONE);
	cr_expect_str_eq(dg_word_text(DG_WORD_NONE), "");
}
