// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* Rules and assertions (language page, section 4). */
#include <string.h>

#include "array.h"
#include "frontend.h"
#include "suggest.h"
#include "utf8.h"

static void dg_report_unknown_op(struct dg_parser *p, const struct dg_token *token)
{
	struct dg_bytes text = dg_parser_text(p, token);
	struct dg_suggestion near = dg_suggest_start(text.data, text.len);

	dg_suggest_ops(&near);
	dg_parser_report(p, DG_E027, &token->pos, "no operation is called \"%.*s\"%s%s",
			 dg_shown(text.len), text.data, dg_suggest_text(&near),
			 near.best.data ? "" : "; the operations are " DG_OP_NAMES);
	p->unknown_op = true;
}

int dg_parse_ops(struct dg_parser *p, uint32_t *ret_ops, struct dg_pos *ret_pos)
{
	uint32_t ops = 0;

	for (;;) {
		struct dg_token token = p->token;
		struct dg_bytes text = dg_parser_text(p, &token);
		int op, err;

		if (!dg_parser_at(p, DG_TOKEN_NAME) || p->token.word != DG_WORD_NONE)
			return dg_parser_expected(p, DG_OP_WANTED);
		err = dg_parser_advance_to(p, "',' between operations");
		if (err)
			return err;
		op = dg_op_find(text.data, text.len);
		if (op < 0 && dg_parser_at(p, DG_TOKEN_BROKEN)) {
			return dg_parser_expected(p, "an operation"); /* a damaged name */
		} else if (op < 0) {
			dg_report_unknown_op(p, &token);
		} else if (ops & 1U << op) {
			dg_parser_report(p, DG_E026, &token.pos,
					 "the operation \"%s\" stands in the list twice",
					 dg_op_name((enum dg_op)op));
			p->front->benign_errors++;
		} else {
			ops |= 1U << op;
			ret_pos[op] = token.pos;
		}
		if (!dg_parser_at(p, DG_TOKEN_COMMA))
			break;
		err = dg_parser_advance_to(p, DG_OP_WANTED);
		if (err)
			return err;
	}
	*ret_ops = ops;
	return 0;
}

int dg_parse_verdict(struct dg_parser *p, enum dg_verdict *ret)
{
	enum dg_verdict verdict;
	int err;

	if (dg_parser_at_word(p, DG_WORD_ALLOW))
		verdict = DG_VERDICT_ALLOW;
	else if (dg_parser_at_word(p, DG_WORD_DENY))
		verdict = DG_VERDICT_DENY;
	else
		return dg_parser_expected(p, "`allow` or `deny`");
	err = dg_parser_advance(p);
	if (!err)
		*ret = verdict;
	return err;
}

int dg_parse_time(struct dg_parser *p, uint64_t *ret, struct dg_pos *ret_pos)
{
	struct dg_token token = p->token;
	int err;

	if (!dg_parser_at(p, DG_TOKEN_LITERAL))
		return dg_parser_expected(p, "%s", dg_type_form(DG_TYPE_TIME));
	err = dg_parser_advance(p);
	if (err)
		return err;
	if (dg_parser_at(p, DG_TOKEN_BROKEN))
		return dg_parser_expected(p, "%s", dg_type_form(DG_TYPE_TIME));
	if (!token.poisoned && token.literal.type != DG_TYPE_TIME)
		dg_parser_report(p, DG_E051, &token.pos,
				 "%s is wanted, this is of type %s", dg_type_form(DG_TYPE_TIME),
				 dg_type_name(token.literal.type));
	*ret = token.literal.type == DG_TYPE_TIME ? token.literal.num : 0;
	*ret_pos = token.pos;
	return 0;
}

/* An option's word was seen before? Then say so; reading goes on. */
static bool dg_option_again(struct dg_parser *p, uint32_t *seen, uint32_t option)
{
	struct dg_bytes text = dg_parser_text(p, &p->token);
	bool again = *seen & option;

	if (again)
		dg_parser_report(p, DG_E031, &p->token.pos, "the option \"%.*s\" is given twice",
				 dg_shown(text.len), text.data);
	*seen |= option;
	return again;
}

#define DG_OPTION_WORDS "`from`, `until`, `reason`, `mode`, `audit`"

enum dg_option {
	DG_OPTION_FROM = 1 << 0,
	DG_OPTION_UNTIL = 1 << 1,
	DG_OPTION_REASON = 1 << 2,
	DG_OPTION_MODE = 1 << 3,
	DG_OPTION_AUDIT = 1 << 4,
};

static int dg_parse_option_reason(struct dg_parser *p, struct dg_rule_node *rule)
{
	struct dg_token token;
	int err;

	err = dg_parser_advance(p) ?: dg_parser_string(p, "the reason in quotes", &token);
	if (err)
		return err;
	if (!token.poisoned && !dg_utf8_valid(token.literal.str.data, token.literal.str.len)) {
		p->front->benign_errors++;
		dg_parser_report(p, DG_E010, &token.pos, "the reason is not valid UTF-8");
	}
	rule->reason = token.literal.str;
	rule->has_reason = true;
	return 0;
}

static int dg_parse_option_mode(struct dg_parser *p, struct dg_rule_node *rule)
{
	struct dg_token start = p->token;
	struct dg_pos pos;
	int err;

	err = dg_parser_advance(p) ?: dg_parser_eat_word(p, DG_WORD_PERMISSIVE);
	if (err)
		return err;
	pos = dg_parser_pos_since(p, &start);
	if (rule->effect == DG_EFFECT_FORBID && !rule->permissive)
		dg_parser_report(p, DG_E032, &pos,
				 "a forbid cannot be permissive; write a deny for that");
	rule->permissive = true;
	return 0;
}

static int dg_parse_option_audit(struct dg_parser *p, struct dg_rule_node *rule)
{
	int err = dg_parser_advance(p);

	if (err)
		return err;
	if (dg_parser_at_word(p, DG_WORD_ALWAYS))
		rule->audit = DG_AUDIT_ALWAYS;
	else if (dg_parser_at_word(p, DG_WORD_DENIED))
		rule->audit = DG_AUDIT_DENIED;
	else if (dg_parser_at_word(p, DG_WORD_NEVER))
		rule->audit = DG_AUDIT_NEVER;
	else
		return dg_parser_expected(p, "`always`, `denied` or `never`");
	return dg_parser_advance(p);
}

/* One option into @rule, which is a scratch copy when the option was there before. */
static int dg_parse_option(struct dg_parser *p, enum dg_option option, struct dg_rule_node *rule,
			   struct dg_pos *until_pos)
{
	struct dg_pos pos;
	int err;

	switch (option) {
	case DG_OPTION_FROM:
		rule->has_from = true;
		return dg_parser_advance(p) ?: dg_parse_time(p, &rule->from, &pos);
	case DG_OPTION_UNTIL:
		err = dg_parser_advance(p) ?: dg_parse_time(p, &rule->until, until_pos);
		rule->has_until = true;
		return err;
	case DG_OPTION_REASON:
		return dg_parse_option_reason(p, rule);
	case DG_OPTION_MODE:
		return dg_parse_option_mode(p, rule);
	case DG_OPTION_AUDIT:
		return dg_parse_option_audit(p, rule);
	}
	return 0;
}

/* `from` and `until` are known; an error in what else there is takes nothing from it. */
static void dg_check_times(struct dg_parser *p, const struct dg_rule_node *rule,
			   const struct dg_pos *until_pos)
{
	if (!rule->has_until)
		return;
	if (rule->has_from && rule->from >= rule->until)
		dg_parser_report(p, DG_E033, until_pos, "`until` is not after `from`");
	else if (rule->until <= p->front->now && !(p->front->flags & DG_LOAD_NO_EXPIRED))
		dg_parser_report(p, DG_E202, until_pos,
				 "the rule has expired: it decides nothing any more");
}

static int dg_parse_options(struct dg_parser *p, struct dg_rule_node *rule, uint32_t *ret_seen)
{
	static const struct {
		enum dg_word word;
		enum dg_option option;
	} options[] = {
		{ DG_WORD_FROM, DG_OPTION_FROM },     { DG_WORD_UNTIL, DG_OPTION_UNTIL },
		{ DG_WORD_REASON, DG_OPTION_REASON }, { DG_WORD_MODE, DG_OPTION_MODE },
		{ DG_WORD_AUDIT, DG_OPTION_AUDIT },
	};
	struct dg_pos until_pos = { 0 };
	bool unclear = false;
	uint32_t seen = 0;
	int err = 0;

	while (!err) {
		size_t errors = p->front->diags->errors;
		struct dg_rule_node scratch;
		bool again;
		size_t i;

		for (i = 0; i < ARRAY_SIZE(options); i++)
			if (dg_parser_at_word(p, options[i].word))
				break;
		if (i == ARRAY_SIZE(options))
			break;
		scratch = *rule;
		again = dg_option_again(p, &seen, options[i].option);
		err = dg_parse_option(p, options[i].option, again ? &scratch : rule, &until_pos);
		if (options[i].option & (DG_OPTION_FROM | DG_OPTION_UNTIL))
			unclear |= err || p->front->diags->errors != errors;
	}
	*ret_seen = seen;
	if (!unclear && err != -ENOMEM)
		dg_check_times(p, rule, &until_pos);
	return err;
}

static void dg_check_rule_id(struct dg_parser *p, const struct dg_token *token)
{
	struct dg_bytes id = token->literal.str;

	if (token->poisoned)
		return;
	if (id.len < 1 || id.len >= DG_NAME_BYTES) {
		p->front->benign_errors++;
		dg_parser_report(p, DG_E024, &token->pos,
				 "the rule's id has %zu bytes; 1 to %d are allowed", id.len,
				 DG_NAME_BYTES - 1);
	}
	if (!dg_utf8_valid(id.data, id.len)) {
		p->front->benign_errors++;
		dg_parser_report(p, DG_E010, &token->pos, "the rule's id is not valid UTF-8");
	}
}

/*
 * Take a name into its table. *@ret is its symbol, or NULL when it is poisoned or already there
 * (reported).
 */
static int dg_declare(struct dg_parser *p, struct dg_symtab *table, const struct dg_token *token,
		      enum dg_diag_id twice, const char *what, struct dg_symbol **ret)
{
	struct dg_bytes name = token->literal.str;
	struct dg_symbol *earlier;

	*ret = NULL;
	if (token->poisoned)
		return 0;
	earlier = dg_symtab_find(table, name);
	if (earlier) {
		dg_parser_report(p, twice, &token->pos,
				 "the %s \"%.*s\" is there already, at %s:%u", what, (int)name.len,
				 name.data, earlier->pos.source->name, earlier->pos.line);
		p->front->benign_errors++;
		return 0;
	}
	*ret = dg_symtab_add(table, name, token->pos);
	return *ret ? 0 : -ENOMEM;
}

static int dg_parse_where(struct dg_parser *p, uint32_t ops, bool in_rule, struct dg_expr **ret)
{
	int err;

	if (!dg_parser_at_word(p, DG_WORD_WHERE)) {
		if (!dg_parser_mend(p, DG_WORD_WHERE))
			return 0;
		p->token.word = DG_WORD_NONE;
		err = dg_parser_expected(p, "',', `where`%s or ';'",
					 in_rule ? ", an option (" DG_OPTION_WORDS ")" : "");
		if (err != -EBADMSG || !dg_parser_mend(p, DG_WORD_WHERE))
			return err;
	}
	p->ops = ops;
	p->in_rule = in_rule;
	err = dg_parser_advance(p) ?: dg_parse_expr(p, ret);
	p->ops = 0;
	p->in_rule = false;
	return err;
}

static int dg_rule_add(struct dg_front *front, const struct dg_rule_node *rule)
{
	struct dg_policy *policy = front->policy;
	int err = dg_array_reserve(&policy->rules, &front->rule_room, policy->rule_count + 1,
				   sizeof(*policy->rules));

	if (!err)
		policy->rules[policy->rule_count++] = *rule;
	return err;
}

/* forbid|allow|deny STRING on OP, … [where EXPR] [OPTION…]; */
int dg_parse_rule(struct dg_parser *p, enum dg_effect effect)
{
	struct dg_front *front = p->front;
	size_t errors = front->diags->errors - front->benign_errors, all = front->diags->errors;
	struct dg_rule_node rule = { .effect = effect, .audit = DG_AUDIT_DENIED };
	struct dg_token keyword = p->token, id;
	struct dg_pos op_pos[DG_OP_MAX];
	struct dg_symbol *symbol;
	uint32_t seen = 0;
	int err;

	err = dg_parser_advance(p) ?: dg_parser_string(p, "the rule's id in quotes", &id);
	if (err) {
		front->ids_uncertain = true;
		return err;
	}
	rule.id = id.literal.str;
	rule.pos = dg_parser_pos_since(p, &keyword);
	p->unknown_op = p->unclear = p->usb_string = false;
	dg_check_rule_id(p, &id);
	err = dg_declare(p, &front->rules, &id, DG_E025, "rule", &symbol);
	if (!err)
		err = dg_parser_eat_word_to(p, DG_WORD_ON, DG_OP_WANTED);
	if (!err)
		err = dg_parse_ops(p, &rule.ops, op_pos);
	if (!err)
		err = dg_parse_where(p, rule.ops, true, &rule.where);
	rule.broken = p->unclear || front->diags->errors - front->benign_errors != errors;
	if (!err && !rule.broken && rule.where && p->usb_string)
		dg_check_root_hubs(p, rule.where);
	if (!err)
		err = dg_parse_options(p, &rule, &seen);
	rule.unclear = rule.broken || front->diags->errors - front->benign_errors != errors;
	rule.in_error = rule.unclear || front->diags->errors != all;
	if (err)
		return err;
	if (rule.unclear)
		front->policy->unclear_ops |= p->unknown_op ? DG_OPS_ALL : rule.ops;
	if (!dg_parser_at(p, DG_TOKEN_SEMICOLON)) {
		p->missing_semicolon = true;
		return dg_parser_expected(p, "%s or ';'",
					  seen	     ? "an option (" DG_OPTION_WORDS ")" :
					  rule.where ? "`and`, `or`, an option (" DG_OPTION_WORDS ")" :
						       "',', `where`, an option (" DG_OPTION_WORDS ")");
	}
	return dg_rule_add(front, &rule) ?: dg_parser_advance(p);
}

/* assert STRING never|always OP, … [where EXPR]; */
int dg_parse_assert(struct dg_parser *p)
{
	struct dg_policy *policy = p->front->policy;
	size_t errors = p->front->diags->errors;
	struct dg_token keyword = p->token, name;
	struct dg_pos op_pos[DG_OP_MAX];
	struct dg_assert_node node = { 0 };
	struct dg_symbol *symbol;
	int err;

	p->unclear = false;
	err = dg_parser_advance(p) ?: dg_parser_string(p, "the assertion's name in quotes", &name);
	if (err)
		return err;
	node.name = name.literal.str;
	node.pos = dg_parser_pos_since(p, &keyword);
	err = dg_declare(p, &p->front->asserts, &name, DG_E037, "assertion", &symbol);
	if (err)
		return err;
	node.always = dg_parser_at_word(p, DG_WORD_ALWAYS);
	if (!node.always && !dg_parser_at_word(p, DG_WORD_NEVER))
		return dg_parser_expected(p, "`never` or `always`");
	err = dg_parser_advance_to(p, DG_OP_WANTED) ?: dg_parse_ops(p, &node.ops, op_pos);
	if (!err)
		err = dg_parse_where(p, node.ops, false, &node.where);
	if (err)
		return err;
	if (!dg_parser_at(p, DG_TOKEN_SEMICOLON)) {
		p->missing_semicolon = true;
		return dg_parser_expected(p, "%s", node.where ? "`and`, `or` or ';'" :
								"',', `where` or ';'");
	}
	/* One with an error says nothing that could be judged. */
	if (p->unclear || p->front->diags->errors != errors) {
		node.where = NULL;
		node.ops = 0;
	}
	if (!dg_arena_grow(p->front->arena, &policy->asserts, policy->assert_count, sizeof(node)))
		return -ENOMEM;
	policy->asserts[policy->assert_count++] = node;
	return dg_parser_advance(p);
}
