// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* Conditions (language page, section 5). */
#include <stddef.h>
#include <string.h>

#include "array.h"
#include "frontend.h"
#include "glob.h"

static int dg_parse_or(struct dg_parser *p, struct dg_expr **ret);
static int dg_parse_unary(struct dg_parser *p, struct dg_expr **ret);

static struct dg_expr *dg_expr_new(struct dg_parser *p, enum dg_expr_kind kind, struct dg_pos pos)
{
	size_t size = kind == DG_EXPR_TEST ? sizeof(struct dg_expr) : offsetof(struct dg_expr, attr);
	struct dg_expr *expr = dg_arena_alloc(p->front->arena, size);

	if (expr) {
		expr->kind = kind;
		expr->pos = pos;
	}
	return expr;
}

static int dg_operand_add(struct dg_parser *p, struct dg_expr *operand)
{
	struct dg_front *front = p->front;
	int err = dg_array_reserve(&front->operands, &front->operand_room, front->operand_count + 1,
				   sizeof(*front->operands));

	if (!err)
		front->operands[front->operand_count++] = operand;
	return err;
}

/* From the start of one place to the end of another, cut at the end of the first line. */
static struct dg_pos dg_pos_join(struct dg_pos from, struct dg_pos to)
{
	if (from.line == to.line)
		from.end_column = to.end_column;
	else
		from.end_column = (uint32_t)dg_source_line(from.source, from.line).len + 1;
	return from;
}

/*
 * A chain becomes a tree of logarithmic depth: `and` and `or` are associative in Kleene's logic too,
 * and a condition of a hundred thousand terms must not cost anyone's stack.
 */
static struct dg_expr *dg_chain_tree(struct dg_parser *p, enum dg_expr_kind kind,
				     struct dg_expr **operands, size_t count)
{
	struct dg_expr *expr, *left, *right;

	if (count == 1)
		return operands[0];
	left = dg_chain_tree(p, kind, operands, count / 2);
	right = dg_chain_tree(p, kind, operands + count / 2, count - count / 2);
	if (!left || !right)
		return NULL;
	expr = dg_expr_new(p, kind, dg_pos_join(left->pos, right->pos));
	if (expr) {
		expr->left = left;
		expr->right = right;
	}
	return expr;
}

static const struct {
	enum dg_token_kind token;
	enum dg_test_kind test;
} dg_comparisons[] = {
	{ DG_TOKEN_EQ, DG_TEST_EQ }, { DG_TOKEN_NE, DG_TEST_NE }, { DG_TOKEN_LT, DG_TEST_LT },
	{ DG_TOKEN_LE, DG_TEST_LE }, { DG_TOKEN_GT, DG_TEST_GT }, { DG_TOKEN_GE, DG_TEST_GE },
};

/* What follows an attribute, as it was read: types are looked at when all of it is there. */
struct dg_test_parts {
	struct dg_token attr, operator, operand;
	struct dg_items items;
	enum dg_test_kind test;
};

static int dg_parse_in(struct dg_parser *p, const struct dg_attr *attr,
		       struct dg_test_parts *parts)
{
	int err;

	if (dg_parser_at(p, DG_TOKEN_OPEN_BRACE)) {
		err = dg_parser_advance_to(p, dg_type_wanted(attr));
		return err ?: dg_parse_items(p, attr, attr != NULL, &parts->items);
	}
	return dg_parse_item(p, attr, attr != NULL, &parts->items);
}

static int dg_parse_is(struct dg_parser *p, struct dg_test_parts *parts)
{
	int err;

	parts->test = DG_TEST_KNOWN;
	if (dg_parser_at_word(p, DG_WORD_NOT)) {
		parts->test = DG_TEST_NOT_KNOWN;
		err = dg_parser_advance(p);
		if (err)
			return err;
	}
	if (!dg_parser_at_word(p, DG_WORD_KNOWN))
		return dg_parser_expected(p, "%s", parts->test == DG_TEST_KNOWN ?
							   "`known` or `not` `known`" :
							   "`known`");
	return dg_parser_advance(p);
}

/* What can only be part of a condition, and cannot stand behind an attribute. */
static bool dg_parser_at_operand(const struct dg_parser *p)
{
	switch (p->token.kind) {
	case DG_TOKEN_LITERAL:
	case DG_TOKEN_STRING:
	case DG_TOKEN_ATTR:
	case DG_TOKEN_OPEN_BRACE:
	case DG_TOKEN_OPEN_PAREN:
		return true;
	case DG_TOKEN_NAME:
		break;
	default:
		return false;
	}
	switch (p->token.word) {
	case DG_WORD_NONE:
	case DG_WORD_TRUE:
	case DG_WORD_FALSE:
	case DG_WORD_NOT:
	case DG_WORD_KNOWN:
	case DG_WORD_ANY:
	case DG_WORD_ALL:
		return true;
	default:
		return false;
	}
}

/* TEST, or nothing: then the attribute stands alone. */
static int dg_parse_test_parts(struct dg_parser *p, const struct dg_attr *attr,
			       struct dg_test_parts *parts)
{
	int err;

	parts->test = DG_TEST_TRUE;
	parts->operator = p->token;
	for (size_t i = 0; i < ARRAY_SIZE(dg_comparisons); i++) {
		if (!dg_parser_at(p, dg_comparisons[i].token))
			continue;
		parts->test = dg_comparisons[i].test;
		err = dg_parser_advance_to(p, dg_type_wanted(attr));
		if (err)
			return err;
		parts->operand = p->token;
		if (!dg_parser_at_value(p))
			return dg_parser_expected(p, "a literal");
		return dg_parser_advance(p);
	}
	if (dg_parser_at(p, DG_TOKEN_ASSIGN))
		return dg_parser_expected(p, "'==' for a comparison");
	if (dg_parser_at_word(p, DG_WORD_IN)) {
		parts->test = DG_TEST_IN;
		err = dg_parser_advance_to(p, dg_type_wanted(attr));
		return err ?: dg_parse_in(p, attr, parts);
	}
	if (dg_parser_at_word(p, DG_WORD_LIKE)) {
		parts->test = DG_TEST_LIKE;
		err = dg_parser_advance_to(p, "a glob in double quotes");
		return err ?: dg_parser_string(p, "a glob in quotes", &parts->operand);
	}
	if (dg_parser_at_word(p, DG_WORD_IS)) {
		err = dg_parser_advance(p);
		return err ?: dg_parse_is(p, parts);
	}
	/* A bool attribute by itself, if what may follow a condition follows. */
	if (dg_parser_at_operand(p))
		return dg_parser_expected(p, "a test (==, !=, <, <=, >, >=, `in`, `like` or `is`), "
					     "`and`, `or` or the end of the condition");
	return 0;
}

/* The operand of a comparison or of `like`, once attribute and test fit. */
static void dg_test_operand(struct dg_parser *p, struct dg_expr *expr,
			    const struct dg_test_parts *parts)
{
	const struct dg_token *operand = &parts->operand;
	struct dg_literal literal;
	const char *problem;

	switch (parts->test) {
	case DG_TEST_TRUE:
	case DG_TEST_IN:
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		return;
	case DG_TEST_LIKE:
		if (operand->poisoned)
			return;
		expr->literal = operand->literal;
		problem = dg_glob_problem(operand->literal.str.data, operand->literal.str.len);
		if (problem)
			dg_parser_report(p, DG_E057, &operand->pos, "malformed glob: %s", problem);
		return;
	default:
		if (!dg_type_literal(p, expr->attr, operand, false, &literal))
			return;
		expr->literal = literal;
		if (parts->test == DG_TEST_EQ && expr->attr->type == DG_TYPE_STRING &&
		    memchr(expr->literal.str.data, '*', expr->literal.str.len))
			dg_parser_report(p, DG_E201, &operand->pos,
					 "after == a * is an ordinary byte; did you mean `like`?");
	}
}

static bool dg_parser_is_attr(const struct dg_parser *p, const struct dg_token *token)
{
	struct dg_bytes text = dg_parser_text(p, token);
	unsigned int index;

	return dg_schema_find(text.data, text.len, &index) != NULL;
}

/* [any|all] ATTR TEST */
static int dg_parse_attr_test(struct dg_parser *p, enum dg_quantifier quantifier,
			      const struct dg_token *start, struct dg_expr **ret)
{
	struct dg_test_parts parts = { .attr = p->token };
	const struct dg_attr *attr;
	unsigned int index = 0;
	struct dg_expr *expr;
	int err;

	if (!dg_parser_at(p, DG_TOKEN_ATTR) &&
	    (!dg_parser_at(p, DG_TOKEN_NAME) || dg_is_reserved(p, &p->token)))
		return dg_parser_expected(p, "%s",
					  quantifier == DG_QUANT_NONE ? "a condition" :
									"an attribute");
	err = dg_parser_advance(p);
	if (err)
		return err;
	if (dg_parser_at(p, DG_TOKEN_BROKEN))
		return dg_parser_expected(p, "a test"); /* a damaged name, perhaps */
	/* `nto pci.external`: no attribute, but a word of the language. */
	if (parts.attr.kind == DG_TOKEN_NAME && dg_parser_at_operand(p) &&
	    !dg_parser_is_attr(p, &parts.attr))
		return dg_parser_expected_at(p, &parts.attr,
					     "a condition (an attribute, `not`, `any`, `all` or '(')");
	attr = dg_type_attr(p, &parts.attr, &index);
	err = dg_parse_test_parts(p, attr, &parts);
	if (err)
		return err;
	expr = dg_expr_new(p, DG_EXPR_TEST, dg_parser_pos_since(p, start));
	if (!expr)
		return -ENOMEM;
	expr->attr = attr;
	expr->index = index;
	expr->quantifier = quantifier;
	expr->test = parts.test;
	if (parts.test == DG_TEST_IN) {
		expr->items = parts.items.items;
		expr->item_count = parts.items.count;
	}
	if (attr && dg_type_test(p, expr, &parts.attr.pos, &parts.operator.pos))
		dg_test_operand(p, expr, &parts);
	*ret = expr;
	return 0;
}

/* `not` or `(`: what nests, and so is counted. */
static int dg_parse_nested(struct dg_parser *p, struct dg_expr **ret)
{
	bool negation = dg_parser_at_word(p, DG_WORD_NOT);
	struct dg_expr *inner, *expr;
	struct dg_token start = p->token;
	int err;

	if (p->depth >= DG_DEPTH_MAX) {
		dg_parser_report(p, DG_E012, &p->token.pos,
				 "parentheses and `not` nest at most %d deep", DG_DEPTH_MAX);
		p->front->syntax_failed = true;
		return -EBADMSG;
	}
	p->depth++;
	err = dg_parser_advance(p);
	if (err)
		return err;
	if (!negation) {
		err = dg_parse_or(p, &expr);
		if (!err)
			err = dg_parser_eat(p, DG_TOKEN_CLOSE_PAREN, "')', `and` or `or`");
		if (err)
			return err;
	} else {
		err = dg_parse_unary(p, &inner);
		if (err)
			return err;
		expr = dg_expr_new(p, DG_EXPR_NOT, dg_parser_pos_since(p, &start));
		if (!expr)
			return -ENOMEM;
		expr->left = inner;
	}
	p->depth--;
	*ret = expr;
	return 0;
}

static int dg_parse_unary(struct dg_parser *p, struct dg_expr **ret)
{
	struct dg_token start = p->token;
	bool is_true = dg_parser_at_word(p, DG_WORD_TRUE);
	int err;

	if (dg_parser_at(p, DG_TOKEN_OPEN_PAREN) || dg_parser_at_word(p, DG_WORD_NOT))
		return dg_parse_nested(p, ret);
	if (is_true || dg_parser_at_word(p, DG_WORD_FALSE)) {
		struct dg_expr *expr = dg_expr_new(p, is_true ? DG_EXPR_TRUE : DG_EXPR_FALSE,
						   p->token.pos);

		err = expr ? dg_parser_advance(p) : -ENOMEM;
		if (!err)
			*ret = expr;
		return err;
	}
	if (dg_parser_at_word(p, DG_WORD_ANY) || dg_parser_at_word(p, DG_WORD_ALL)) {
		enum dg_quantifier quantifier = dg_parser_at_word(p, DG_WORD_ANY) ? DG_QUANT_ANY :
									      DG_QUANT_ALL;

		err = dg_parser_advance(p);
		return err ?: dg_parse_attr_test(p, quantifier, &start, ret);
	}
	return dg_parse_attr_test(p, DG_QUANT_NONE, &start, ret);
}

static int dg_parse_and(struct dg_parser *p, struct dg_expr **ret);

/* A chain of `and` or of `or`. The operands wait on a stack that all chains share. */
static int dg_parse_chain(struct dg_parser *p, enum dg_expr_kind kind, struct dg_expr **ret)
{
	enum dg_word word = kind == DG_EXPR_AND ? DG_WORD_AND : DG_WORD_OR;
	size_t mark = p->front->operand_count;
	struct dg_expr *expr = NULL;
	int err;

	for (;;) {
		err = kind == DG_EXPR_AND ? dg_parse_unary(p, &expr) : dg_parse_and(p, &expr);
		if (err)
			return err;
		if (!dg_parser_at_word(p, word) && p->front->operand_count == mark)
			break; /* one alone, as most are */
		err = dg_operand_add(p, expr);
		if (err)
			return err;
		if (!dg_parser_at_word(p, word)) {
			expr = dg_chain_tree(p, kind, p->front->operands + mark,
					     p->front->operand_count - mark);
			p->front->operand_count = mark;
			break;
		}
		err = dg_parser_advance(p);
		if (err)
			return err;
	}
	if (!expr)
		return -ENOMEM;
	*ret = expr;
	return 0;
}

static int dg_parse_and(struct dg_parser *p, struct dg_expr **ret)
{
	return dg_parse_chain(p, DG_EXPR_AND, ret);
}

static int dg_parse_or(struct dg_parser *p, struct dg_expr **ret)
{
	return dg_parse_chain(p, DG_EXPR_OR, ret);
}

int dg_parse_expr(struct dg_parser *p, struct dg_expr **ret)
{
	int err;

	p->depth = 0;
	err = dg_parse_or(p, ret);
	p->front->operand_count = 0;
	return err;
}
