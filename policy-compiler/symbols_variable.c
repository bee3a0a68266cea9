/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * From a view to variables: one, or several where the automaton of all its globs or sets would be
 * too big. Each variable speaks of the whole value; which of their classes go together is for
 * symbols_group.c.
 */
#include "symbols_build.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "util.h"

/* States that globs may make together; a glob alone may have DG_AUTOMATON_MAX_STATES. */
#define STATES_FOR_BYTE 8
#define STATES_FOR_FEW 512

void dg_variable_done(struct dg_variable *v, struct dg_build_var *build)
{
	dg_classifier_done(&v->values);
	free(v->set.next);
	free(v->set.class);
	dg_plain_done(&build->plain);
	free(build->sets_off);
	free(build->sets);
	free(build->exact_off);
	free(build->exact);
	free(build->interval_off);
	free(build->intervals);
}

/* Room for one more variable, filled in and counted by add_variable(). */
static int reserve_variable(struct dg_symbols *s)
{
	size_t room = s->var_room;
	int r;

	r = dg_array_reserve(&s->vars, &room, s->var_count + 1, sizeof(*s->vars));
	if (r < 0)
		return r;
	return dg_array_reserve(&s->var_builds, &s->var_room, s->var_count + 1,
				sizeof(*s->var_builds));
}

static void add_variable(struct dg_symbols *s, struct dg_atom_list atoms,
			 const struct dg_variable *v, const struct dg_build_var *build)
{
	for (size_t i = 0; i < atoms.count; i++)
		s->atoms[atoms.items[i]].var = (uint32_t)s->var_count;
	s->vars[s->var_count] = *v;
	s->var_builds[s->var_count++] = *build;
}

/* Class 1: the clock is synchronised; class 2: it is not. */
static int classify_clock(struct dg_symbols *s, struct dg_atom_list atoms, struct dg_variable *v)
{
	struct dg_build_atom *atom = &s->atoms[atoms.items[0]];
	int r;

	v->class_count = 3;
	dg_runs_begin(s, atom);
	r = dg_runs_add(s, 1, 2);
	if (r >= 0)
		dg_runs_end(s, atom);
	return r;
}

/* One variable of these atoms. -E2BIG: it would be too big, and there is none. */
static int try_variable(struct dg_symbols *s, uint32_t number, struct dg_atom_list atoms,
			size_t max_states)
{
	struct dg_view *view = &s->views[number];
	struct dg_variable v = {.kind = view->kind, .fact = view->fact, .mask = view->mask};
	struct dg_build_var build = {.view = number};
	int r;

	r = reserve_variable(s);
	if (r < 0)
		return r;
	if (view->kind == DG_VAR_CLOCK) {
		r = classify_clock(s, atoms, &v);
	} else if (view->kind == DG_VAR_SET) {
		r = dg_classify_sets(s, view, atoms, &v, &build);
	} else {
		r = dg_classify(s, view, atoms, max_states, &v.values, &build.plain);
		v.class_count = v.values.class_count;
	}
	if (r < 0)
		return r;
	add_variable(s, atoms, &v, &build);
	return 0;
}

static size_t states_for(const struct dg_symbols *s, uint32_t view, struct dg_atom_list atoms)
{
	size_t states = STATES_FOR_FEW, globs = 0;

	for (size_t i = 0; i < atoms.count && s->views[view].glob_count > 0; i++) {
		const struct dg_build_atom *atom = &s->atoms[atoms.items[i]];

		if (atom->glob == DG_NONE)
			continue;
		globs++;
		states += STATES_FOR_BYTE * s->views[view].globs[atom->glob].text.len;
	}
	return globs > 1 && states < DG_AUTOMATON_MAX_STATES ? states : DG_AUTOMATON_MAX_STATES;
}

/* The test that an atom comes from. */
static const struct dg_expr *test_of(const struct dg_symbols *s, uint32_t atom)
{
	for (size_t i = 0; i < s->test_count; i++)
		if (s->tests[i].atoms[0] == atom || s->tests[i].atoms[1] == atom)
			return s->tests[i].expr;
	return NULL;
}

static void report(struct dg_symbols *s, uint32_t view, uint32_t atom, enum dg_symbols_fault fault)
{
	s->faulty = true;
	s->options->report(s->options->data, fault, s->views[view].attr, test_of(s, atom));
}

/*
 * As many atoms a variable as fit: neighbours stay together, as rules that speak of them do.
 * Positive: it has been said that there are too many.
 */
static int split(struct dg_symbols *s, uint32_t view, struct dg_atom_list atoms, size_t before)
{
	size_t most =
		s->views[view].kind == DG_VAR_SET ? DG_SYMBOLS_MAX_SETS : DG_SYMBOLS_MAX_GLOBS;
	struct dg_atom_list part = atoms;
	int r;

	while (atoms.count > 0) {
		if (s->var_count - before >= most) {
			report(s, view, atoms.items[0], DG_SYMBOLS_TOO_MANY);
			return 1;
		}
		part.items = atoms.items;
		if (part.count > atoms.count)
			part.count = atoms.count;
		r = try_variable(s, view, part, states_for(s, view, part));
		if (r == -E2BIG && part.count > 1) {
			part.count -= part.count > 8 ? part.count / 2 : 1;
			continue;
		}
		if (r == -E2BIG)
			report(s, view, part.items[0], DG_SYMBOLS_TOO_BIG);
		else if (r < 0)
			return r;
		atoms.items += part.count;
		atoms.count -= part.count;
		part.count++;
	}
	return 0;
}

/* Kinds of globs that do not multiply among themselves, or with exact values. */
enum form {
	FORM_EXACT,
	FORM_START, /* no star but the last byte */
	FORM_END,   /* no star but the first byte */
	FORM_OTHER,
	FORM_MAX,
};

static enum form form_of(const struct dg_symbols *s, const struct dg_view *view, uint32_t atom)
{
	const struct dg_bytes *text;
	enum form form = FORM_START;

	if (s->atoms[atom].glob == DG_NONE)
		return FORM_EXACT;
	text = &view->globs[s->atoms[atom].glob].text;
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '\\') {
			i++;
			continue;
		}
		if (text->data[i] != '*' || i + 1 == text->len)
			continue;
		if (i > 0)
			return FORM_OTHER;
		form = FORM_END;
	}
	if (form == FORM_END && text->len > 1 && text->data[text->len - 1] == '*')
		return FORM_OTHER;
	return form;
}

/* Exact names and globs by themselves; then by form; then in halves. */
static int split_strings(struct dg_symbols *s, uint32_t number, struct dg_atom_list atoms)
{
	_cleanup_free_ uint32_t *items = calloc(atoms.count + 1, sizeof(*items));
	struct dg_atom_list part = {.items = items};
	size_t before = s->var_count;
	int r;

	if (!items)
		return -ENOMEM;
	r = try_variable(s, number, atoms, states_for(s, number, atoms));
	if (r != -E2BIG)
		return r;
	r = 0;
	for (enum form form = 0; form < FORM_MAX && r == 0; form++) {
		part.count = 0;
		for (size_t i = 0; i < atoms.count; i++)
			if (form_of(s, &s->views[number], atoms.items[i]) == form)
				items[part.count++] = atoms.items[i];
		r = split(s, number, part, before);
	}
	return r;
}

/* What all atoms together make of the elements, for what only the whole can tell. */
static int classify_elements(struct dg_symbols *s, struct dg_view *view)
{
	struct dg_atom_list atoms = {.items = view->atoms.items, .count = view->atoms.count};
	int r = dg_classify(s, view, atoms, DG_AUTOMATON_MAX_STATES, &view->elements, &view->plain);

	return r == -E2BIG ? 0 : r;
}

int dg_variables_add(struct dg_symbols *s, uint32_t number)
{
	struct dg_view *view = &s->views[number];
	bool set = view->kind == DG_VAR_SET;
	const struct dg_atoms *list = set ? &view->sets : &view->atoms;
	struct dg_atom_list atoms = {.items = list->items, .count = list->count};
	size_t before = s->var_count;
	int r;

	if (view->values == DG_VALUES_STR && !set)
		r = split_strings(s, number, atoms);
	else
		r = split(s, number, atoms, before);
	if (r == 0 && set && s->var_count - before > 1)
		r = classify_elements(s, view);
	return r < 0 ? r : 0;
}
