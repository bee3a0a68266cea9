// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* `set` statements and the lists of items after `in`. */
#include <string.h>

#include "frontend.h"
#include "literal.h"

static bool dg_is_enum_name(struct dg_bytes text)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const char *const *names = dg_schema_enum_names(dg_schema_attr((enum dg_attr_id)id));

		for (; names && *names; names++)
			if (strlen(*names) == text.len && !memcmp(*names, text.data, text.len))
				return true;
	}
	return false;
}

/* A set's name as an item. 0 when it is good, 1 after a report, -ENOMEM. */
static int dg_item_set(struct dg_parser *p, const struct dg_attr *attr, bool in_set,
			const struct dg_token *token, struct dg_items *items,
			struct dg_item *ret)
{
	struct dg_bytes text = dg_parser_text(p, token);
	struct dg_symbol *symbol = dg_symtab_find(&p->front->sets, text);

	if (!symbol && in_set && dg_is_enum_name(text)) {
		dg_parser_report(p, DG_E046, &token->pos,
				 "\"%.*s\" is an enum's name; a set holds literals and earlier sets",
				 dg_shown(text.len), text.data);
		return dg_set_awaited(p, token, NULL) ?: 1;
	}
	if (!symbol)
		return dg_set_unknown(p, token) ?: 1;
	if (symbol->set)
		symbol->set->used = true;
	p->unclear |= symbol->broken || symbol->twice;
	if (symbol->broken)
		return 1;
	if (attr && symbol->set->type != attr->type) {
		dg_parser_report(p, DG_E051, &token->pos,
				 "the set \"%.*s\" is of type %s, the attribute %s of type %s",
				 dg_shown(text.len), text.data, dg_type_name(symbol->set->type),
				 attr->name, dg_type_name(attr->type));
		return 1;
	}
	ret->kind = DG_ITEM_SET;
	ret->set = symbol->set;
	items->total += symbol->items - 1;
	if (symbol->depth >= items->depth)
		items->depth = symbol->depth + 1;
	return 0;
}

/* One end of an item in a `set`, where no attribute says which type is wanted. */
static bool dg_item_plain(const struct dg_token *token,
			  struct dg_literal *ret)
{
	if (token->poisoned)
		return false;
	if (token->kind == DG_TOKEN_NAME) {
		*ret = (struct dg_literal){
			.type = DG_TYPE_BOOL,
			.pos = token->pos,
			.num = (token->word == DG_WORD_TRUE),
			.mask = UINT64_MAX,
		};
		return true;
	}
	*ret = token->literal;
	return true;
}

static bool dg_item_range(struct dg_parser *p, struct dg_item *item, const struct dg_literal *high)
{
	if (item->low.type != DG_TYPE_INT || high->type != DG_TYPE_INT) {
		dg_parser_report(p, DG_E052, &item->pos, "a range is of two ints");
		return false;
	}
	if (item->low.num > high->num) {
		dg_parser_report(p, DG_E045, &item->pos, "the range ends before it begins");
		return false;
	}
	item->kind = DG_ITEM_RANGE;
	item->high.num = high->num;
	return true;
}

/*
 * Make an item of one or two tokens. 0, 1 when something was reported, or -ENOMEM. @attr NULL with @attr_known: in a `set`; NULL without: the
 * attribute was unknown, so nothing can be said about types.
 */
static int dg_item_make(struct dg_parser *p, const struct dg_attr *attr, bool attr_known,
			 const struct dg_token *low, const struct dg_token *high,
			 struct dg_items *items, struct dg_item *ret)
{
	bool in_set = attr_known && !attr, fine;
	struct dg_literal end;
	bool named = low->kind == DG_TOKEN_NAME && low->word != DG_WORD_TRUE &&
		     low->word != DG_WORD_FALSE && (!attr || attr->type != DG_TYPE_ENUM);

	ret->pos = dg_parser_pos_since(p, low);
	ret->kind = DG_ITEM_LITERAL;
	if (!attr_known) {
		/* Said about the attribute already; but a set named here is not unused. */
		struct dg_symbol *symbol =
			dg_symtab_find(&p->front->sets, dg_parser_text(p, low));

		if (named && symbol && symbol->set)
			symbol->set->used = true;
		return named && !symbol ? dg_set_awaited(p, low, NULL) ?: 1 : 1;
	}
	if (named && high) {
		dg_parser_report(p, DG_E052, &ret->pos, "a range is of two ints");
		return 1;
	}
	if (named)
		return dg_item_set(p, attr, in_set, low, items, ret);
	if (!attr) {
		fine = dg_item_plain(low, &ret->low) &&
		       (!high || dg_item_plain(high, &end));
	} else if (high && attr->type != DG_TYPE_INT) {
		dg_parser_report(p, DG_E052, &ret->pos, "a range is for int attributes; %s is %s",
				 attr->name, dg_type_name(attr->type));
		return 1;
	} else {
		fine = dg_type_literal(p, attr, low, true, &ret->low);
		if (high && !dg_type_literal(p, attr, high, true, &end))
			fine = false;
	}
	return fine && (!high || dg_item_range(p, ret, &end)) ? 0 : 1;
}

int dg_parse_item(struct dg_parser *p, const struct dg_attr *attr, bool attr_known,
		  struct dg_items *items)
{
	bool in_set = attr_known && !attr;
	struct dg_token low = p->token, high = { 0 };
	struct dg_item item = { 0 };
	bool range = false;
	enum dg_type type;
	int err;

	if (!dg_parser_at_value(p))
		return dg_parser_expected(p, "%s",
					  in_set ? "a literal, a range or an earlier set's name" :
						   "a literal, a range, a name or '{'");
	err = dg_parser_advance(p);
	if (err)
		return err;
	if (dg_parser_is_damaged(p, &low))
		return dg_parser_expected(p, "an item");
	if (dg_parser_at(p, DG_TOKEN_DOTS)) {
		range = true;
		err = dg_parser_advance(p);
		if (err)
			return err;
		if (!dg_parser_at_value(p))
			return dg_parser_expected(p, "the end of the range");
		high = p->token;
		err = dg_parser_advance(p);
		if (err)
			return err;
	}
	items->total++;
	err = dg_item_make(p, attr, attr_known, &low, range ? &high : NULL, items, &item);
	if (err) {
		items->broken = true;
		return err < 0 ? err : 0;
	}
	type = item.kind == DG_ITEM_SET ? item.set->type : item.low.type;
	if (in_set && items->typed && type != items->type) {
		dg_parser_report(p, DG_E043, &item.pos,
				 "an item of type %s in a set of type %s", dg_type_name(type),
				 dg_type_name(items->type));
		items->broken = true;
		return 0;
	}
	items->type = type;
	items->typed = true;
	if (items->total > DG_SET_ITEMS_MAX) /* reported at the end, not kept */
		return 0;
	if (!dg_arena_grow(p->front->arena, &items->items, items->count, sizeof(item)))
		return -ENOMEM;
	items->items[items->count++] = item;
	return 0;
}

static bool dg_items_too_many(const struct dg_items *items)
{
	return items->total > DG_SET_ITEMS_MAX || items->depth > DG_DEPTH_MAX;
}

static void dg_report_too_many(struct dg_parser *p, const struct dg_pos *pos)
{
	dg_parser_report(p, DG_E049, pos, "a set has at most %u items and %u sets in one another",
			 DG_SET_ITEMS_MAX, DG_DEPTH_MAX);
}

int dg_parse_items(struct dg_parser *p, const struct dg_attr *attr, bool attr_known,
		   struct dg_items *ret)
{
	struct dg_items items = { 0 };
	struct dg_pos start = p->token.pos;
	int err;

	if (dg_parser_at(p, DG_TOKEN_CLOSE_BRACE)) {
		dg_parser_report(p, DG_E044, &p->token.pos, "a set holds at least one item");
		items.broken = true;
		err = dg_parser_advance(p);
		if (!err)
			*ret = items;
		return err;
	}
	p->in_items = true;
	for (;;) {
		err = dg_parse_item(p, attr, attr_known, &items);
		if (err)
			return err;
		if (!dg_parser_at(p, DG_TOKEN_COMMA))
			break;
		err = dg_parser_advance_to(p, dg_type_wanted(attr));
		if (err)
			return err;
		if (dg_parser_at(p, DG_TOKEN_CLOSE_BRACE))
			return dg_parser_expected(p, "another item after ','");
	}
	err = dg_parser_eat(p, DG_TOKEN_CLOSE_BRACE, "',' or '}'");
	if (err)
		return err;
	p->in_items = false;
	if (dg_items_too_many(&items)) {
		/* Of a named one it is said at its name. */
		if (attr || !attr_known)
			dg_report_too_many(p, &start);
		items.broken = true;
	}
	*ret = items;
	return 0;
}

static int dg_set_define(struct dg_parser *p, const struct dg_token *name, struct dg_symbol *symbol,
			 const struct dg_items *items)
{
	struct dg_policy *policy = p->front->policy;
	struct dg_set *set = dg_arena_new_of(p->front->arena, struct dg_set);

	if (!set || !dg_arena_grow(p->front->arena, &policy->sets, policy->set_count,
				   sizeof(*policy->sets)))
		return -ENOMEM;
	*set = (struct dg_set){
		.name = symbol->name,
		.pos = name->pos,
		.type = items->type,
		.items = items->items,
		.item_count = items->count,
		/* What has an error, or is in one, is not found to be unused besides. */
		.used = items->broken ||
			dg_symtab_find(&p->front->unknown_sets, symbol->name) != NULL,
	};
	policy->sets[policy->set_count++] = set;
	symbol->set = set;
	symbol->items = items->total;
	symbol->depth = items->depth;
	symbol->broken = items->broken;
	if (dg_items_too_many(items))
		dg_report_too_many(p, &name->pos);
	return 0;
}

/* set NAME = { item, … }; */
int dg_parse_set(struct dg_parser *p)
{
	struct dg_symbol *symbol = NULL, *earlier;
	struct dg_items items = { 0 };
	struct dg_token name;
	struct dg_bytes text;
	int err;

	err = dg_parser_advance(p);
	if (err)
		return err;
	if (!dg_parser_at(p, DG_TOKEN_NAME)) {
		p->front->names_uncertain = true;
		return dg_parser_expected(p, "the set's name");
	}
	name = p->token;
	text = dg_parser_text(p, &name);
	earlier = dg_symtab_find(&p->front->sets, text);
	if (dg_is_reserved(p, &name))
		dg_parser_report(p, DG_E040, &name.pos,
				 "\"%.*s\" is a word of the language and cannot name a set",
				 dg_shown(text.len), text.data);
	else if (earlier)
		dg_parser_report(p, DG_E041, &name.pos,
				 "the set \"%.*s\" is defined twice; first at %s:%u", dg_shown(text.len),
				 text.data, earlier->pos.source->name, earlier->pos.line);
	if (earlier)
		earlier->twice = true;
	text.data = dg_arena_copy(p->front->arena, text.data, text.len);
	if (!text.data)
		return -ENOMEM;
	err = dg_parser_advance(p);
	if (dg_parser_is_damaged(p, &name))
		p->front->names_uncertain = true;
	if (!err)
		err = dg_parser_eat(p, DG_TOKEN_ASSIGN, "'='");
	if (!err)
		err = dg_parser_eat(p, DG_TOKEN_OPEN_BRACE, "'{'");
	p->within = text;
	if (!err)
		err = dg_parse_items(p, NULL, true, &items);
	p->within = (struct dg_bytes){ 0 };
	if (err == -ENOMEM)
		return err;
	/* Known from here on, not in its own items. Broken ones are known too. */
	if (!earlier) {
		symbol = dg_symtab_add(&p->front->sets, text, name.pos);
		if (!symbol)
			return -ENOMEM;
		symbol->broken = true;
		if (!err && items.count && !dg_is_reserved(p, &name))
			err = dg_set_define(p, &name, symbol, &items);
	}
	return err ?: dg_parser_semicolon(p);
}
