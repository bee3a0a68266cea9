// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* `test` statements (language page, section 4). */
#include <string.h>

#include "frontend.h"
#include "inventory.h"
#include "literal.h"

/* `{ literal, … }` or `{ }` for a set-valued attribute. */
static int dg_parse_fact_set(struct dg_parser *p, const struct dg_attr *attr, struct dg_fact *fact)
{
	struct dg_literal *elements = NULL, literal;
	struct dg_token start = p->token;
	bool first = true;
	size_t count = 0;
	int err;

	err = dg_parser_advance(p);
	if (err)
		return err;
	p->in_fact_set = true;
	/* A comma is followed by another literal: only the empty set ends at once. */
	while (!first || !dg_parser_at(p, DG_TOKEN_CLOSE_BRACE)) {
		if (!dg_parser_at_value(p))
			return dg_parser_expected(p, "a literal");
		if (attr && dg_type_literal(p, attr, &p->token, false, &literal)) {
			if (!dg_arena_grow(p->front->arena, &elements, count, sizeof(literal)))
				return -ENOMEM;
			elements[count++] = literal;
		}
		first = false;
		err = dg_parser_advance(p);
		if (err)
			return err;
		if (!dg_parser_at(p, DG_TOKEN_COMMA))
			break;
		err = dg_parser_advance(p);
		if (err)
			return err;
	}
	err = dg_parser_eat(p, DG_TOKEN_CLOSE_BRACE, "',' or '}'");
	if (err)
		return err;
	p->in_fact_set = false;
	if (!attr)
		return 0;
	if (!attr->set) {
		dg_parser_report(p, DG_E051, &start.pos, "%s is no set; its value has no braces",
				 attr->name);
	} else if (!dg_fact_set_elements(fact, attr, elements, count)) {
		struct dg_pos pos = dg_parser_pos_since(p, &start);

		dg_parser_report(p, DG_E207, &pos, "%s has too many elements and so is unknown",
				 attr->name);
	}
	return 0;
}

/* ATTR = VALUE; */
static int dg_parse_fact(struct dg_parser *p, struct dg_device *device, bool *seen)
{
	struct dg_fact scratch = { 0 }, *fact = &scratch;
	struct dg_token name = p->token;
	const struct dg_attr *attr;
	unsigned int index = 0;
	int err;

	if (!dg_parser_at(p, DG_TOKEN_ATTR) && !dg_parser_at(p, DG_TOKEN_NAME))
		return dg_parser_expected(p, "an attribute or '}'");
	attr = dg_type_attr(p, &name, &index);
	if (attr) {
		bool *mark = &seen[attr->id == DG_ATTR_SPDM_MEAS ? DG_ATTR_MAX + index : attr->id];

		if (*mark)
			dg_parser_report(p, DG_E048, &name.pos, "%s is given twice", attr->name);
		else
			fact = dg_device_fact_place(device, attr, index, p->front->arena);
		if (!fact)
			return -ENOMEM;
		*mark = true;
	}
	err = dg_parser_advance(p);
	if (err)
		return err;
	if (!dg_parser_at(p, DG_TOKEN_ASSIGN))
		return dg_parser_expected(p, "'='");
	err = dg_parser_advance_to(p, dg_type_wanted(attr));
	if (err)
		return err;
	if (dg_parser_at(p, DG_TOKEN_OPEN_BRACE)) {
		err = dg_parse_fact_set(p, attr, fact);
		return err ?: dg_parser_semicolon(p);
	}
	if (!dg_parser_at_value(p))
		return dg_parser_expected(p, "a value");
	if (attr && attr->set)
		dg_parser_report(p, DG_E051, &p->token.pos,
				 "%s is a set; its value stands in braces", attr->name);
	else if (attr && dg_type_literal(p, attr, &p->token, false, &fact->scalar))
		fact->known = true;
	return dg_parser_advance(p) ?: dg_parser_semicolon(p);
}

/*
 * After an error inside braces: behind the next `;`, or at the `}`. False when neither comes before a
 * statement begins, or the file ends: then the whole test is given up.
 */
static int dg_recover_inside(struct dg_parser *p, bool *ret_inside)
{
	bool in_set = p->in_fact_set;
	unsigned int braces = 0;
	int err;

	p->in_fact_set = false;
	for (;;) {
		enum dg_token_kind kind = p->token.kind;

		*ret_inside = false;
		if (kind == DG_TOKEN_END)
			return 0;
		if (p->token.first && dg_parser_at_statement(p))
			return 0;
		*ret_inside = true;
		if (kind == DG_TOKEN_CLOSE_BRACE && !braces && !in_set)
			return 0;
		if (kind == DG_TOKEN_SEMICOLON || kind == DG_TOKEN_CLOSE_BRACE)
			p->lexer.muted = false;
		err = dg_parser_advance(p);
		if (err)
			return err;
		if (kind == DG_TOKEN_OPEN_BRACE)
			braces++;
		else if (kind == DG_TOKEN_CLOSE_BRACE && braces)
			braces--;
		else if (kind == DG_TOKEN_CLOSE_BRACE)
			in_set = false;
		else if (kind == DG_TOKEN_SEMICOLON && !braces)
			return 0;
	}
}

/* { ATTR = VALUE; … } */
static int dg_parse_inline_device(struct dg_parser *p, struct dg_device **ret)
{
	bool seen[DG_ATTR_MAX + DG_MEAS_MAX + 1] = { false };
	struct dg_device *device = dg_arena_new_of(p->front->arena, struct dg_device);
	bool inside, broken = false;
	int err;

	if (!device)
		return -ENOMEM;
	err = dg_parser_advance(p);
	if (err)
		return err;
	while (!dg_parser_at(p, DG_TOKEN_CLOSE_BRACE)) {
		err = dg_parse_fact(p, device, seen);
		if (err != -EBADMSG) {
			if (err)
				return err;
			continue;
		}
		broken = true;
		err = dg_recover_inside(p, &inside);
		if (err)
			return err;
		if (!inside)
			return -EBADMSG;
	}
	err = dg_parser_advance(p);
	if (err)
		return err;
	err = dg_device_set_label(device, (struct dg_bytes){ 0 }, 1, p->front->arena);
	if (!err && !broken)
		*ret = device;
	return err;
}

/* A file that several tests name is read once, and what is wrong in it said once. */
static int dg_device_of_file(struct dg_parser *p, const struct dg_token *token,
			     struct dg_device **ret)
{
	struct dg_bytes name = token->literal.str, key;
	struct dg_front *front = p->front;
	struct dg_device *device = NULL;
	_cleanup_free_ char *path = NULL;
	struct dg_symbol *file;
	int err;

	if (asprintf(&path, "%s%.*s", name.len && name.data[0] == '/' ? "" : p->folder,
		     (int)name.len, name.data) < 0)
		return -ENOMEM;
	key = (struct dg_bytes){ path, strlen(path) };
	file = dg_symtab_find(&front->device_files, key);
	if (!file) {
		err = dg_inventory_read_device(path, front->arena, front->diags, &device);
		if (err && err != -EBADMSG && err != -ENOMEM) {
			dg_parser_report(p, DG_E086, &token->pos, "cannot read \"%s\": %s", path,
					 dg_source_why(err));
			return 0;
		}
		key.data = dg_arena_copy(front->arena, path, key.len);
		file = err == -ENOMEM || !key.data ?
			       NULL :
			       dg_symtab_add(&front->device_files, key, token->pos);
		if (!file)
			return -ENOMEM;
		file->device = device;
	}
	*ret = file->device;
	return 0;
}

/* device STRING; | device { … }; */
static int dg_parse_device(struct dg_parser *p, struct dg_device **ret)
{
	struct dg_token token;
	int err;

	err = dg_parser_eat_word(p, DG_WORD_DEVICE);
	if (err)
		return err;
	if (dg_parser_at(p, DG_TOKEN_OPEN_BRACE)) {
		err = dg_parse_inline_device(p, ret);
		return err ?: dg_parser_semicolon(p);
	}
	err = dg_parser_string(p, "a file's name in quotes or '{'", &token);
	if (err)
		return err;
	if (!token.poisoned && !(p->front->flags & DG_LOAD_SYNTAX))
		err = dg_device_of_file(p, &token, ret);
	return err ?: dg_parser_semicolon(p);
}

/* expect allow|deny on OP, … [by STRING | by default]; */
static int dg_parse_expect(struct dg_parser *p, struct dg_test_node *test)
{
	struct dg_expect expect = { 0 };
	struct dg_token start = p->token, rule;
	struct dg_pos op_pos[DG_OP_MAX];
	uint32_t ops = 0;
	int err;

	err = dg_parser_eat_word(p, DG_WORD_EXPECT) ?: dg_parse_verdict(p, &expect.verdict);
	if (!err)
		err = dg_parser_eat_word_to(p, DG_WORD_ON, DG_OP_WANTED);
	if (!err)
		err = dg_parse_ops(p, &ops, op_pos);
	if (err)
		return err;
	if (dg_parser_at_word(p, DG_WORD_BY)) {
		err = dg_parser_advance(p);
		if (err)
			return err;
		if (dg_parser_at_word(p, DG_WORD_DEFAULT)) {
			expect.by_default = true;
			err = dg_parser_advance(p);
		} else {
			err = dg_parser_string(p, "a rule's id in quotes or `default`", &rule);
			if (!err && !rule.poisoned) {
				expect.by_rule = true;
				expect.rule = rule.literal.str;
				expect.rule_pos = rule.pos;
			}
		}
		if (err)
			return err;
	}
	expect.pos = dg_parser_pos_since(p, &start);
	/* All unknown, which was reported: any will do. It is not judged, but may name a rule. */
	ops = ops ?: 1U << DG_OP_BIND;
	for (int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops & 1U << op))
			continue;
		if (!dg_arena_grow(p->front->arena, &test->expects, test->expect_count,
				   sizeof(expect)))
			return -ENOMEM;
		expect.op = (enum dg_op)op;
		test->expects[test->expect_count++] = expect;
	}
	return dg_parser_semicolon(p);
}

/* One statement of the body. Device first, then `at`, then what is expected. */
struct dg_body {
	struct dg_test_node *test;
	bool device_seen, expect_seen;
	bool device_late; /* it may still come: what stood in its place was reported */
};

static int dg_parse_body(struct dg_parser *p, struct dg_body *body)
{
	struct dg_pos pos;
	int err;

	if (!body->device_seen) {
		if (!dg_parser_at_word(p, DG_WORD_DEVICE))
			return dg_parser_expected(p, "`device`");
		body->device_seen = true;
		return dg_parse_device(p, &body->test->device);
	}
	if (body->device_late && dg_parser_at_word(p, DG_WORD_DEVICE)) {
		body->device_late = false;
		return dg_parse_device(p, &body->test->device);
	}
	if (!body->expect_seen && !body->test->has_at && dg_parser_at_word(p, DG_WORD_AT)) {
		body->test->has_at = true;
		err = dg_parser_advance(p) ?: dg_parse_time(p, &body->test->at, &pos);
		return err ?: dg_parser_semicolon(p);
	}
	if (!dg_parser_at_word(p, DG_WORD_EXPECT)) {
		err = dg_parser_expected(p, body->expect_seen ? "`expect` or '}'" :
								"`at` or `expect`");
		if (err != -EBADMSG || !dg_parser_mend(p, DG_WORD_EXPECT))
			return err;
	}
	body->expect_seen = true;
	return dg_parse_expect(p, body->test);
}

static int dg_parse_bodies(struct dg_parser *p, struct dg_test_node *test, bool *ret_broken)
{
	struct dg_body body = { .test = test };
	bool inside;
	int err;

	while (!dg_parser_at(p, DG_TOKEN_CLOSE_BRACE)) {
		err = dg_parse_body(p, &body);
		if (err != -EBADMSG) {
			if (err)
				return err;
			continue;
		}
		*ret_broken = true;
		/* Not again for each line that follows. */
		body.device_late |= !body.device_seen;
		body.device_seen = true;
		err = dg_recover_inside(p, &inside);
		if (err)
			return err;
		if (!inside)
			return -EBADMSG;
	}
	if (!body.device_seen)
		return dg_parser_expected(p, "`device`");
	if (!body.expect_seen && !*ret_broken)
		dg_parser_report(p, DG_E039, &test->pos, "the test expects nothing");
	return dg_parser_advance(p);
}

/* test STRING { … } [;] */
int dg_parse_test(struct dg_parser *p)
{
	struct dg_policy *policy = p->front->policy;
	size_t errors = p->front->diags->errors;
	struct dg_token keyword = p->token, name;
	struct dg_test_node test = { 0 };
	struct dg_symbol *earlier;
	bool broken = false;
	int err;

	err = dg_parser_advance(p) ?: dg_parser_string(p, "the test's name in quotes", &name);
	if (err)
		return err;
	test.name = name.literal.str;
	test.pos = dg_parser_pos_since(p, &keyword);
	earlier = name.poisoned ? NULL : dg_symtab_find(&p->front->tests, test.name);
	if (earlier)
		dg_parser_report(p, DG_E038, &name.pos,
				 "the test \"%.*s\" is there already, at %s:%u", (int)test.name.len,
				 test.name.data, earlier->pos.source->name, earlier->pos.line);
	else if (!name.poisoned && !dg_symtab_add(&p->front->tests, test.name, name.pos))
		return -ENOMEM;
	err = dg_parser_eat(p, DG_TOKEN_OPEN_BRACE, "'{'");
	if (!err)
		err = dg_parse_bodies(p, &test, &broken);
	if (err && err != -EBADMSG)
		return err;
	/*
	 * One with an error in it is not run: it would not be what was meant. The rules that it
	 * names are looked for all the same.
	 */
	test.in_error = err || !test.device || p->front->diags->errors != errors;
	if (!dg_arena_grow(p->front->arena, &policy->tests, policy->test_count, sizeof(test)))
		return -ENOMEM;
	policy->tests[policy->test_count++] = test;
	if (err)
		return err;
	return dg_parser_at(p, DG_TOKEN_SEMICOLON) ? dg_parser_advance(p) : 0;
}
