// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* Names and types (language page, sections 5 and 8). */
#include <string.h>

#include "frontend.h"
#include "glob.h"
#include "literal.h"
#include "suggest.h"

/* "connect", "lock" out of a mask; at most all names fit. */
static const char *dg_write_ops(uint32_t ops, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (int op = 0; op < DG_OP_MAX; op++)
		if (ops & 1U << op && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s\"%s\"",
						 used ? ", " : "", dg_op_name((enum dg_op)op));
	return text;
}

static void dg_type_legal(struct dg_parser *p, const struct dg_attr *attr,
			  const struct dg_token *token)
{
	struct dg_bytes text = dg_parser_text(p, token);
	uint32_t illegal = 0;
	char names[160];

	for (int op = 0; op < DG_OP_MAX; op++)
		if (p->ops & 1U << op && !dg_schema_legal(attr, (enum dg_op)op))
			illegal |= 1U << op;
	if (!illegal)
		return;
	dg_parser_report(p, DG_E058, &token->pos, "\"%.*s\" can never be known on %s",
			 dg_shown(text.len), text.data, dg_write_ops(illegal, names, sizeof(names)));
	/* The condition still means something: it is unknown there. */
	p->front->benign_errors++;
}

const struct dg_attr *dg_type_attr(struct dg_parser *p, const struct dg_token *token,
				   unsigned int *ret_index)
{
	struct dg_bytes text = dg_parser_text(p, token);
	const struct dg_attr *attr = dg_schema_find(text.data, text.len, ret_index);
	struct dg_suggestion near;

	if (!attr) {
		near = dg_suggest_start(text.data, text.len);
		dg_suggest_attrs(&near);
		dg_parser_report(p, DG_E050, &token->pos, "no attribute is called \"%.*s\"%s",
				 dg_shown(text.len), text.data,
				 dg_suggest_attr_text(&near));
		return NULL;
	}
	dg_type_legal(p, attr, token);
	p->usb_string |= dg_attr_is_usb_string(attr);
	if (attr->unstable && p->in_rule)
		dg_parser_report(p, DG_E203, &token->pos,
				 "%s is unstable: it changes across reboots or kernel updates",
				 attr->name);
	return attr;
}

const char *dg_type_form(enum dg_type type)
{
	static const char *const forms[] = {
		[DG_TYPE_INT] = "an int (17 or 0x1f)",
		[DG_TYPE_BOOL] = "a bool (true or false)",
		[DG_TYPE_STRING] = "a string (in double quotes)",
		[DG_TYPE_ID] = "an id (10de:2330)",
		[DG_TYPE_CLASS] = "a class (01:08:02)",
		[DG_TYPE_ADDRESS] = "an address (0000:3b:00.0)",
		[DG_TYPE_DIGEST] = "a digest (sha256:, sha384: or sha512: and hex digits)",
		[DG_TYPE_ENUM] = "one of its names",
		[DG_TYPE_TIME] = "a time (2026-12-01 or 2026-12-01T08:00:00Z)",
	};

	return (size_t)type < ARRAY_SIZE(forms) ? forms[type] : "";
}

const char *dg_type_wanted(const struct dg_attr *attr)
{
	return attr && attr->type != DG_TYPE_INT ? dg_type_form(attr->type) : NULL;
}

/* "; its names are run, locked" for an enum, else nothing. At most all names fit. */
static const char *dg_write_names(const struct dg_attr *attr, char *text, size_t size)
{
	const char *const *names = dg_schema_enum_names(attr);
	size_t used = 0;

	text[0] = 0;
	for (; names && *names && used < size; names++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used ? ", " : "; its names are ", *names);
	return text;
}

static bool dg_type_enum(struct dg_parser *p, const struct dg_attr *attr,
			 const struct dg_token *token, struct dg_literal *ret)
{
	const char *const *names = dg_schema_enum_names(attr);
	struct dg_bytes text = dg_parser_text(p, token);
	struct dg_suggestion near;
	char list[160];

	for (uint64_t i = 0; names[i]; i++) {
		if (strlen(names[i]) != text.len || memcmp(names[i], text.data, text.len))
			continue;
		*ret = (struct dg_literal){
			.type = DG_TYPE_ENUM,
			.pos = token->pos,
			.num = i,
			.mask = UINT64_MAX,
		};
		return true;
	}
	near = dg_suggest_start(text.data, text.len);
	dg_suggest_names(&near, names);
	dg_parser_report(p, DG_E056, &token->pos, "%s has no name \"%.*s\"%s%s", attr->name,
			 dg_shown(text.len), text.data, dg_write_names(attr, list, sizeof(list)),
			 dg_suggest_text(&near));
	return false;
}

static bool dg_type_name_literal(struct dg_parser *p, const struct dg_attr *attr,
				 const struct dg_token *token, struct dg_literal *ret)
{
	struct dg_bytes text = dg_parser_text(p, token);
	bool is_true = token->word == DG_WORD_TRUE, is_false = token->word == DG_WORD_FALSE;
	struct dg_symbol *set;

	if (attr->type == DG_TYPE_ENUM)
		return dg_type_enum(p, attr, token, ret);
	if (attr->type == DG_TYPE_BOOL && (is_true || is_false)) {
		*ret = (struct dg_literal){
			.type = DG_TYPE_BOOL,
			.pos = token->pos,
			.num = is_true,
			.mask = UINT64_MAX,
		};
		return true;
	}
	/* A set that was meant is not found to be unused besides. */
	set = dg_symtab_find(&p->front->sets, text);
	if (set && set->set)
		set->set->used = true;
	else if (!set && dg_set_awaited(p, token, NULL) < 0)
		p->front->diags->out_of_memory = true;
	dg_parser_report(p, DG_E051, &token->pos,
			 "%s is compared with %s, \"%.*s\" is %s%s", attr->name,
			 dg_type_form(attr->type), dg_shown(text.len), text.data,
			 is_true || is_false ? "a bool" : "a bare name",
			 set ? "; for the set write `in`" : "");
	return false;
}

/* Is @string a value of the attribute that should stand there without its quotes? */
static bool dg_type_is_quoted(const struct dg_attr *attr, struct dg_bytes string)
{
	const char *const *names = dg_schema_enum_names(attr);
	struct dg_literal_problem problem;
	struct dg_digest digest;
	struct dg_literal literal = { 0 };

	for (; names && *names; names++)
		if (strlen(*names) == string.len && !memcmp(*names, string.data, string.len))
			return true;
	if (attr->type == DG_TYPE_BOOL)
		return (string.len == 4 && !memcmp(string.data, "true", 4)) ||
		       (string.len == 5 && !memcmp(string.data, "false", 5));
	return dg_literal_parse(string.data, string.len, &digest, &literal, &problem) &&
	       literal.type == attr->type;
}

bool dg_type_literal(struct dg_parser *p, const struct dg_attr *attr,
		     const struct dg_token *token, bool pattern, struct dg_literal *ret)
{
	const struct dg_literal *literal = &token->literal;

	if (token->poisoned)
		return false;
	if (token->kind == DG_TOKEN_NAME)
		return dg_type_name_literal(p, attr, token, ret);
	if (literal->type != attr->type) {
		char list[160];

		dg_parser_report(p, DG_E051, &token->pos, "%s is compared with %s, this is %s %s%s%s",
				 attr->name, dg_type_form(attr->type),
				 strchr("aeiou", *dg_type_name(literal->type)) ? "an" : "a",
				 dg_type_name(literal->type),
				 dg_write_names(attr, list, sizeof(list)),
				 literal->type == DG_TYPE_STRING &&
						 dg_type_is_quoted(attr, literal->str) ?
					 "; write it without the quotes" :
					 "");
		return false;
	}
	if (!pattern && dg_literal_is_pattern(literal)) {
		struct dg_bytes text = dg_parser_text(p, token);

		dg_parser_report(p, DG_E055, &token->pos, "%.*s is a pattern: it stands after `in` or in a set",
				 dg_shown(text.len), text.data);
		return false;
	}
	*ret = *literal;
	return true;
}

bool dg_type_test(struct dg_parser *p, const struct dg_expr *test, const struct dg_pos *attr_pos,
		  const struct dg_pos *test_pos)
{
	const struct dg_attr *attr = test->attr;
	const char *type = dg_type_name(attr->type);

	if (test->test == DG_TEST_KNOWN || test->test == DG_TEST_NOT_KNOWN) {
		if (test->quantifier == DG_QUANT_NONE)
			return true;
		dg_parser_report(p, DG_E054, test_pos,
				 "`is known` is asked of the set itself, without any or all");
		return false;
	}
	if (attr->set && test->quantifier == DG_QUANT_NONE) {
		dg_parser_report(p, DG_E054, attr_pos,
				 "%s is a set: write `any %s …` or `all %s …`", attr->name,
				 attr->name, attr->name);
		return false;
	}
	if (!attr->set && test->quantifier != DG_QUANT_NONE) {
		dg_parser_report(p, DG_E054, attr_pos,
				 "%s is no set: any and all are for set-valued attributes",
				 attr->name);
		return false;
	}
	switch (test->test) {
	case DG_TEST_TRUE:
		if (attr->type == DG_TYPE_BOOL)
			return true;
		dg_parser_report(p, DG_E053, attr_pos,
				 "%s is of type %s, no condition by itself: compare it (==, `in` …) or ask "
				 "`%s is known`", attr->name, type, attr->name);
		return false;
	case DG_TEST_LT:
	case DG_TEST_LE:
	case DG_TEST_GT:
	case DG_TEST_GE:
		if (attr->type == DG_TYPE_INT)
			return true;
		dg_parser_report(p, DG_E052, test_pos, "%s is of type %s, which has no order; <, <=, > and >= are for ints",
				 attr->name, type);
		return false;
	case DG_TEST_LIKE:
		if (attr->type == DG_TYPE_STRING)
			return true;
		dg_parser_report(p, DG_E059, test_pos, "%s is of type %s; `like` is for strings%s",
				 attr->name, type,
				 attr->type == DG_TYPE_ID || attr->type == DG_TYPE_CLASS ?
					 ": write `in` and a pattern" :
					 "");
		return false;
	default:
		return true;
	}
}
