// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* Statements, and how reading goes on after a syntax error. */
#include <string.h>

#include "array.h"
#include "frontend.h"
#include "suggest.h"
#include "utf8.h"

int dg_parser_advance_to(struct dg_parser *p, const char *wanted)
{
	p->lexer.wanted = wanted;
	return dg_parser_advance(p);
}

int dg_parser_advance(struct dg_parser *p)
{
	int err;

	p->last_line = p->token.pos.line;
	p->last_end = p->token.pos.end_column;
	p->last_poisoned = p->token.poisoned;
	err = dg_lexer_next(&p->lexer, &p->token);
	if (p->lexer.failed)
		p->front->syntax_failed = true;
	return err;
}

struct dg_bytes dg_parser_text(const struct dg_parser *p, const struct dg_token *token)
{
	return dg_token_text(&p->lexer, token);
}

void dg_parser_report(struct dg_parser *p, enum dg_diag_id id, const struct dg_pos *pos,
		      const char *fmt, ...)
{
	va_list ap;

	if (p->front->flags & DG_LOAD_SYNTAX && !DG_DIAG_IS_SYNTAX(id))
		return;
	va_start(ap, fmt);
	dg_diag_vreport(p->front->diags, id, pos, fmt, ap);
	va_end(ap);
}

#define DG_SHOWN_TOKEN 40

/* `found …` and, for a misspelt word, which of those in @what was meant. */
static void dg_parser_report_found(struct dg_parser *p, const struct dg_token *token,
				   const char *what)
{
	struct dg_bytes text = dg_parser_text(p, token);
	struct dg_suggestion near = dg_suggest_start(text.data, text.len);
	size_t len = text.len < DG_SHOWN_TOKEN ? text.len : DG_SHOWN_TOKEN;
	bool string = token->kind == DG_TOKEN_STRING;

	if (token->kind == DG_TOKEN_END) {
		dg_parser_report(p, DG_E011, &token->pos, "expected %s, found the end of the file",
				 what);
		return;
	}
	/* Not in the middle of a character. */
	while (len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--;
	if (token->kind == DG_TOKEN_NAME && token->word == DG_WORD_NONE)
		dg_suggest_quoted(&near, what);
	dg_parser_report(p, DG_E011, &token->pos, "expected %s, found %s%.*s%s%s", what,
			 string ? "" : "'", (int)len, text.data,
			 len < text.len ? "…" :
			 string		? "" :
					  "'",
			 dg_suggest_text(&near));
}

int dg_parser_expected(struct dg_parser *p, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list ap;
	int len;

	p->front->syntax_failed = true;
	/* Reported when it was read; what follows a malformed literal is most often the rest of it. */
	if (dg_parser_at(p, DG_TOKEN_BROKEN) || p->token.poisoned ||
	    (p->last_poisoned && !dg_parser_at(p, DG_TOKEN_END) &&
	     !dg_parser_at_statement(p)))
		return -EBADMSG;
	va_start(ap, fmt);
	len = vasprintf(&what, fmt, ap);
	va_end(ap);
	if (len < 0) {
		what = NULL;
		return -ENOMEM;
	}
	dg_parser_report_found(p, &p->token, what);
	return -EBADMSG;
}

int dg_parser_expected_at(struct dg_parser *p, const struct dg_token *token, const char *what)
{
	p->front->syntax_failed = true;
	dg_parser_report_found(p, token, what);
	return -EBADMSG;
}

bool dg_parser_mend(struct dg_parser *p, enum dg_word word)
{
	struct dg_bytes text = dg_parser_text(p, &p->token);
	struct dg_suggestion near = dg_suggest_start(text.data, text.len);
	const char *meant = dg_word_text(word);

	if (!dg_parser_at(p, DG_TOKEN_NAME) || p->token.word != DG_WORD_NONE)
		return false;
	dg_suggest_try(&near, meant, strlen(meant));
	if (!near.best.data || near.distance > 2)
		return false;
	p->token.word = word;
	return true;
}

int dg_parser_eat(struct dg_parser *p, enum dg_token_kind kind, const char *what)
{
	if (!dg_parser_at(p, kind))
		return dg_parser_expected(p, "%s", what);
	return dg_parser_advance(p);
}

int dg_parser_eat_word_to(struct dg_parser *p, enum dg_word word, const char *wanted)
{
	if (!dg_parser_at_word(p, word)) {
		int err = dg_parser_expected(p, "`%s`", dg_word_text(word));

		/* Reported; if it is a slip of the pen, the rest can be read all the same. */
		if (err != -EBADMSG || !dg_parser_mend(p, word))
			return err;
	}
	return dg_parser_advance_to(p, wanted);
}

int dg_parser_eat_word(struct dg_parser *p, enum dg_word word)
{
	return dg_parser_eat_word_to(p, word, NULL);
}

int dg_parser_semicolon(struct dg_parser *p)
{
	if (!dg_parser_at(p, DG_TOKEN_SEMICOLON)) {
		p->missing_semicolon = true;
		return dg_parser_expected(p, "';'");
	}
	return dg_parser_advance(p);
}

int dg_parser_string(struct dg_parser *p, const char *what, struct dg_token *ret_token)
{
	if (!dg_parser_at(p, DG_TOKEN_STRING))
		return dg_parser_expected(p, "%s", what);
	*ret_token = p->token;
	return dg_parser_advance(p);
}

struct dg_pos dg_parser_pos_since(const struct dg_parser *p, const struct dg_token *from)
{
	struct dg_pos pos = from->pos;

	if (p->last_line == pos.line)
		pos.end_column = p->last_end;
	else
		pos.end_column = (uint32_t)dg_source_line(pos.source, pos.line).len + 1;
	return pos;
}

bool dg_is_reserved_name(struct dg_bytes name)
{
	return dg_word_find(name.data, name.len) != DG_WORD_NONE ||
	       dg_op_find(name.data, name.len) >= 0;
}

bool dg_is_reserved(const struct dg_parser *p, const struct dg_token *token)
{
	return token->word != DG_WORD_NONE || dg_is_reserved_name(dg_parser_text(p, token));
}

/* policy STRING version INT abi INT; */
static int dg_parse_number(struct dg_parser *p, const char *what, struct dg_token *ret)
{
	if (!dg_parser_at(p, DG_TOKEN_LITERAL) ||
	    (!p->token.poisoned && p->token.literal.type != DG_TYPE_INT))
		return dg_parser_expected(p, "%s", what);
	*ret = p->token;
	return dg_parser_advance(p);
}

static int dg_parse_policy(struct dg_parser *p)
{
	struct dg_policy *policy = p->front->policy;
	struct dg_token keyword = p->token, name, version, abi;
	bool first = false;
	int err;

	if (p->import_depth || p->front->policy_seen) {
		dg_parser_report(p, DG_E021, &keyword.pos,
				 p->import_depth ? "an imported file has no policy statement" :
						   "a second policy statement");
	} else {
		first = true;
		p->front->policy_seen = true;
		policy->pos = keyword.pos;
	}
	err = dg_parser_advance(p) ?: dg_parser_string(p, "the policy's name", &name);
	if (err)
		return err;
	err = dg_parser_eat_word(p, DG_WORD_VERSION) ?: dg_parse_number(p, "a version number", &version);
	if (err)
		return err;
	err = dg_parser_eat_word(p, DG_WORD_ABI) ?: dg_parse_number(p, "the abi's number", &abi);
	if (err)
		return err;
	if (first)
		policy->pos = dg_parser_pos_since(p, &keyword);
	if (!name.poisoned) {
		struct dg_bytes text = name.literal.str;

		if (text.len < 1 || text.len >= DG_NAME_BYTES)
			dg_parser_report(p, DG_E024, &name.pos,
					 "the policy's name has %zu bytes; 1 to %d are allowed",
					 text.len, DG_NAME_BYTES - 1);
		if (!dg_utf8_valid(text.data, text.len))
			dg_parser_report(p, DG_E010, &name.pos,
					 "the policy's name is not valid UTF-8");
	}
	if (!version.poisoned && (version.literal.num < 1 || version.literal.num > UINT32_MAX))
		dg_parser_report(p, DG_E022, &version.pos, "a version is 1 to %u", UINT32_MAX);
	if (!abi.poisoned && abi.literal.num != DG_ABI_VERSION)
		dg_parser_report(p, DG_E023, &abi.pos, "this compiler knows abi %d only",
				 DG_ABI_VERSION);
	if (first) {
		policy->name = name.literal.str;
		policy->version = (uint32_t)version.literal.num;
	}
	return dg_parser_semicolon(p);
}

/* default OP, … = allow|deny; */
static int dg_parse_default(struct dg_parser *p)
{
	struct dg_front *front = p->front;
	struct dg_pos pos[DG_OP_MAX];
	enum dg_verdict verdict;
	uint32_t ops = 0;
	int err;

	p->unknown_op = false;
	err = dg_parser_advance_to(p, DG_OP_WANTED) ?: dg_parse_ops(p, &ops, pos);
	/* A misspelt one is missing too, but one report is enough. */
	if (p->unknown_op)
		front->defaults_uncertain = true;
	if (!err)
		err = dg_parser_eat(p, DG_TOKEN_ASSIGN, "',' or '='");
	if (!err)
		err = dg_parse_verdict(p, &verdict);
	if (err) {
		front->defaults_uncertain = true;
		return err;
	}
	for (int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops & 1U << op))
			continue;
		if (front->defaults_seen & 1U << op) {
			dg_parser_report(p, DG_E029, &pos[op], "a second default for \"%s\"",
					 dg_op_name((enum dg_op)op));
			front->policy->unclear_ops |= 1U << op;
		} else {
			front->policy->defaults[op] = verdict;
		}
	}
	front->defaults_seen |= ops;
	if (ops & 1U << DG_OP_ACCEPT && verdict == DG_VERDICT_ALLOW) {
		dg_parser_report(p, DG_E030, &pos[DG_OP_ACCEPT],
				 "accept cannot be allowed by default");
		front->policy->unclear_ops |= 1U << DG_OP_ACCEPT;
	}
	return dg_parser_semicolon(p);
}

enum dg_statement {
	DG_STATEMENT_POLICY,
	DG_STATEMENT_IMPORT,
	DG_STATEMENT_SET,
	DG_STATEMENT_DEFAULT,
	DG_STATEMENT_FORBID,
	DG_STATEMENT_ALLOW,
	DG_STATEMENT_DENY,
	DG_STATEMENT_ASSERT,
	DG_STATEMENT_TEST,
	DG_STATEMENT_MAX,
};

#define DG_STATEMENT_WORDS                                                                       \
	"a statement (`import`, `set`, `default`, `forbid`, `allow`, `deny`, `assert` or `test`)"

/* The statement that the token begins, or DG_STATEMENT_MAX. */
static enum dg_statement dg_parser_statement(const struct dg_parser *p)
{
	switch (p->token.word) {
	case DG_WORD_POLICY:
		return DG_STATEMENT_POLICY;
	case DG_WORD_IMPORT:
		return DG_STATEMENT_IMPORT;
	case DG_WORD_SET:
		return DG_STATEMENT_SET;
	case DG_WORD_DEFAULT:
		return DG_STATEMENT_DEFAULT;
	case DG_WORD_FORBID:
		return DG_STATEMENT_FORBID;
	case DG_WORD_ALLOW:
		return DG_STATEMENT_ALLOW;
	case DG_WORD_DENY:
		return DG_STATEMENT_DENY;
	case DG_WORD_ASSERT:
		return DG_STATEMENT_ASSERT;
	case DG_WORD_TEST:
		return DG_STATEMENT_TEST;
	default:
		return DG_STATEMENT_MAX;
	}
}

bool dg_parser_at_statement(const struct dg_parser *p)
{
	return dg_parser_statement(p) != DG_STATEMENT_MAX;
}

/* A misspelt statement: reported, and taken for the one that was meant. Else nothing is done. */
static enum dg_statement dg_parser_mend_statement(struct dg_parser *p, bool first)
{
	static const enum dg_word words[] = {
		DG_WORD_POLICY, DG_WORD_IMPORT, DG_WORD_SET,	DG_WORD_DEFAULT, DG_WORD_FORBID,
		DG_WORD_ALLOW,	DG_WORD_DENY,	DG_WORD_ASSERT, DG_WORD_TEST,
	};

	struct dg_bytes text = dg_parser_text(p, &p->token);
	struct dg_suggestion near = dg_suggest_start(text.data, text.len);
	enum dg_word meant;

	for (size_t i = first ? 0 : 1; i < (first ? 1 : ARRAY_SIZE(words)); i++)
		dg_suggest_try(&near, dg_word_text(words[i]), strlen(dg_word_text(words[i])));
	meant = near.best.data ? dg_word_find(near.best.data, near.best.len) : DG_WORD_NONE;
	if (meant == DG_WORD_NONE || !dg_parser_mend(p, meant))
		return DG_STATEMENT_MAX;
	p->token.word = DG_WORD_NONE;
	if (dg_parser_expected(p, "%s", first ? "`policy` NAME version N abi 1;" :
						DG_STATEMENT_WORDS) == -EBADMSG)
		dg_parser_mend(p, meant);
	return dg_parser_statement(p);
}

static int dg_parse_statement(struct dg_parser *p, enum dg_statement statement, bool first)
{
	struct dg_front *front = p->front;

	switch (statement) {
	case DG_STATEMENT_POLICY:
		return dg_parse_policy(p);
	case DG_STATEMENT_ASSERT:
		return dg_parse_assert(p);
	case DG_STATEMENT_TEST:
		return dg_parse_test(p);
	case DG_STATEMENT_IMPORT:
		return dg_parse_import(p);
	case DG_STATEMENT_SET:
		return dg_parse_set(p);
	case DG_STATEMENT_DEFAULT:
		return dg_parse_default(p);
	case DG_STATEMENT_FORBID:
		return dg_parse_rule(p, DG_EFFECT_FORBID);
	case DG_STATEMENT_ALLOW:
		return dg_parse_rule(p, DG_EFFECT_ALLOW);
	case DG_STATEMENT_DENY:
		return dg_parse_rule(p, DG_EFFECT_DENY);
	default:
		/* It may have been anything. */
		front->defaults_uncertain = front->names_uncertain = true;
		return dg_parser_expected(p, "%s", first ? "`policy` NAME version N abi 1;" :
							   DG_STATEMENT_WORDS);
	}
}

/*
 * After a syntax error: to behind the next `;`, or to a word that begins a statement and stands first
 * on its line. A block in braces that begins on the way is passed as a whole, so that the inside of a
 * test is not taken for statements.
 */
static int dg_parser_skip_statement(struct dg_parser *p)
{
	unsigned int braces = p->in_items;
	bool resume = p->missing_semicolon;
	int err;

	p->missing_semicolon = p->in_items = false;
	for (; !dg_parser_at(p, DG_TOKEN_END); resume = false) {
		enum dg_token_kind kind = p->token.kind;

		if (dg_parser_at_statement(p) && (p->token.first || resume))
			return 0;
		/* What comes behind the statement is another matter again. */
		if ((kind == DG_TOKEN_SEMICOLON || kind == DG_TOKEN_CLOSE_BRACE) && braces <= 1)
			p->lexer.muted = false;
		err = dg_parser_advance(p);
		if (err)
			return err;
		if (kind == DG_TOKEN_OPEN_BRACE) {
			braces++;
		} else if (kind == DG_TOKEN_CLOSE_BRACE && braces && !--braces) {
			if (dg_parser_at(p, DG_TOKEN_SEMICOLON))
				return dg_parser_advance(p);
			if (p->token.first)
				return 0;
		} else if (kind == DG_TOKEN_SEMICOLON && !braces) {
			return 0;
		}
	}
	return 0;
}

/* The same, and over what can only be the rest of a test whose beginning was not understood. */
static int dg_parser_recover(struct dg_parser *p)
{
	bool in_test = false;
	int err;

	for (;;) {
		err = dg_parser_skip_statement(p);
		if (err)
			return err;
		if (dg_parser_at_word(p, DG_WORD_DEVICE) || dg_parser_at_word(p, DG_WORD_AT) ||
		    dg_parser_at_word(p, DG_WORD_EXPECT))
			in_test = true;
		else if (!in_test || !dg_parser_at(p, DG_TOKEN_CLOSE_BRACE))
			return 0;
		else
			return dg_parser_advance(p);
	}
}

static int dg_parse_statements(struct dg_parser *p)
{
	struct dg_front *front = p->front;

	/* When no more findings are kept, and there are errors, there is no use in looking for more. */
	while (!dg_parser_at(p, DG_TOKEN_END) && !front->set_uses_cut &&
	       !(front->diags->cut && front->diags->errors)) {
		enum dg_statement statement = dg_parser_statement(p);
		bool first = !front->first_seen;
		size_t start = p->token.start;
		int err;

		if (first) {
			front->first_seen = true;
			front->first_pos = p->token.pos;
			/* One that is no statement at all is reported as that: it may be `polcy`. */
			if (statement != DG_STATEMENT_POLICY && statement != DG_STATEMENT_MAX)
				dg_parser_report(p, DG_E020, &p->token.pos,
						 "the first statement must be `policy NAME version "
						 "N abi %d;`",
						 DG_ABI_VERSION);
		}
		p->missing_semicolon = false;
		p->lexer.muted = dg_parser_at(p, DG_TOKEN_BROKEN);
		if (statement == DG_STATEMENT_MAX)
			statement = dg_parser_mend_statement(p, first);
		err = dg_parse_statement(p, statement, first);
		if (err == -EBADMSG) {
			err = 0;
			if (p->token.start == start && !dg_parser_at(p, DG_TOKEN_SEMICOLON))
				err = dg_parser_advance(p); /* always get on */
			err = err ?: dg_parser_recover(p);
		}
		if (err)
			return err;
	}
	return 0;
}

#define DG_RULE_BYTES 64 /* few rules are shorter: there is room for nearly all from the start */

int dg_parse_file(struct dg_front *front, const struct dg_source *source, const char *folder,
		  unsigned int below, unsigned int import_depth)
{
	struct dg_parser p = {
		.front = front,
		.folder = folder,
		.below = below,
		.import_depth = import_depth,
	};
	int err;

	if (dg_source_is_object(source)) {
		struct dg_pos pos = dg_source_pos(source, 0, 1);

		dg_parser_report(&p, DG_E004, &pos,
				 "this is an object, not the text of a policy; `devgate inspect --text` "
				 "prints the text in one");
		front->syntax_failed = front->first_seen = true;
		front->defaults_uncertain = front->names_uncertain = true;
		return 0;
	}
	err = dg_array_reserve(&front->policy->rules, &front->rule_room,
			       front->policy->rule_count + source->len / DG_RULE_BYTES,
			       sizeof(*front->policy->rules));
	if (err)
		return err;
	dg_lexer_start(&p.lexer, source, front->arena, front->diags);
	err = dg_parser_advance(&p) ?: dg_parse_statements(&p);
	if (!err && !import_depth && !front->first_seen) {
		front->first_pos = p.token.pos;
		dg_parser_report(&p, DG_E020, &p.token.pos,
				 "the first statement must be `policy NAME version N abi %d;`",
				 DG_ABI_VERSION);
	}
	return err;
}
