// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/*
 * Names that no set had where they were used. What to say of one is known only when all of the
 * policy was read: the set may be defined further down, where its name is not misspelt but in the
 * wrong place.
 */
#include <string.h>

#include "frontend.h"
#include "suggest.h"

int dg_set_awaited(struct dg_parser *p, const struct dg_token *token, struct dg_symbol **ret)
{
	struct dg_bytes name = dg_parser_text(p, token);
	struct dg_symtab *unknown = &p->front->unknown_sets;
	struct dg_symbol *symbol = dg_symtab_find(unknown, name);

	if (!symbol) {
		name.data = dg_arena_copy(p->front->arena, name.data, name.len);
		symbol = name.data ? dg_symtab_add(unknown, name, token->pos) : NULL;
	}
	if (!symbol)
		return -ENOMEM;
	if (ret)
		*ret = symbol;
	return 0;
}

int dg_set_unknown(struct dg_parser *p, const struct dg_token *token)
{
	struct dg_front *front = p->front;
	struct dg_symbol *symbol = NULL;
	int err;

	p->unclear = true;
	/* One more than is kept of all findings, so that they are known to be cut. */
	if (front->set_use_count > DG_DIAGS_MAX) {
		if (!front->names_uncertain)
			front->set_uses_cut = front->defaults_uncertain = true;
		return 0;
	}
	err = dg_set_awaited(p, token, &symbol);
	if (err)
		return err;
	if (!dg_arena_grow(front->arena, &front->set_uses, front->set_use_count,
			   sizeof(*front->set_uses)))
		return -ENOMEM;
	front->set_uses[front->set_use_count++] = (struct dg_set_use){
		.name = symbol->name,
		.pos = token->pos,
		.within = p->within,
		.earlier_sets = front->sets.count,
		.uncertain = front->names_uncertain,
	};
	return 0;
}

static bool dg_is_within(const struct dg_set_use *use, struct dg_bytes name)
{
	return use->within.data && use->within.len == name.len &&
	       !memcmp(use->within.data, name.data, name.len);
}

/* The set of the policy with the most similar name, also one with an error; NULL: there is none. */
static struct dg_symbol *dg_set_like(struct dg_front *front, const struct dg_set_use *use,
				     struct dg_suggestion *near, bool *ret_later)
{
	struct dg_symbol *best = NULL;
	size_t place = 0;

	if (front->sets.count > DG_SEARCHED_MAX || front->searches++ >= DG_SEARCHES_MAX)
		return NULL;
	for (struct dg_symbol *set = front->sets.first; set; set = set->next, place++) {
		if (dg_is_reserved_name(set->name) || dg_is_within(use, set->name))
			continue;
		dg_suggest_try(near, set->name.data, set->name.len);
		if (near->best.data != set->name.data)
			continue;
		best = set;
		*ret_later = place >= use->earlier_sets;
	}
	return best;
}

static void dg_report_misplaced(struct dg_front *front, const struct dg_set_use *use,
				const struct dg_symbol *set)
{
	int shown = dg_shown(use->name.len);

	if (dg_is_within(use, use->name))
		dg_diag_report(
			front->diags, DG_E042, &use->pos,
			"the set \"%.*s\" stands in its own definition, and a definition comes "
			"before any use: take it out",
			shown, use->name.data);
	else
		dg_diag_report(
			front->diags, DG_E042, &use->pos,
			"the set \"%.*s\" is defined only at %s:%u, and a definition comes before "
			"any use: move it up%s",
			shown, use->name.data, set->pos.source->name, set->pos.line,
			set->pos.source != use->pos.source ? ", or the import of its file" : "");
}

static void dg_report_unknown(struct dg_front *front, const struct dg_set_use *use)
{
	struct dg_suggestion near = dg_suggest_start(use->name.data, use->name.len);
	int shown = dg_shown(use->name.len);
	bool later = false;
	struct dg_symbol *like = dg_set_like(front, use, &near, &later);

	/* The set that was probably meant is not found to be unused besides. */
	if (like && like->set)
		like->set->used = true;
	if (later)
		dg_diag_report(
			front->diags, DG_E042, &use->pos,
			"no set is called \"%.*s\"%s It is defined only at %s:%u, and a definition "
			"comes before any use",
			shown, use->name.data, dg_suggest_text(&near), like->pos.source->name,
			like->pos.line);
	else
		dg_diag_report(front->diags, DG_E042, &use->pos, "no set is called \"%.*s\"%s",
			       shown, use->name.data,
			       like ? dg_suggest_text(&near) : ": define it before this place");
}

void dg_check_set_uses(struct dg_front *front)
{
	for (size_t i = 0; i < front->set_use_count; i++) {
		const struct dg_set_use *use = &front->set_uses[i];
		struct dg_symbol *set = dg_symtab_find(&front->sets, use->name);

		if (set)
			dg_report_misplaced(front, use, set);
		else if (!use->uncertain)
			dg_report_unknown(front, use);
	}
}
