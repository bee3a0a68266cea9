/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "items_cases.h"

#include <errno.h>
#include <string.h>

#include "items_finder.h"
#include "util.h"

void dg_item_fact_done(struct dg_item_fact *fact)
{
	dg_item_letters_free(fact->letters);
	free(fact->extra.automaton.next);
	free(fact->extra.automaton.class);
	dg_lists_done(&fact->cases);
	dg_lists_done(&fact->rest);
}

struct dg_item_case dg_item_case_get(const struct dg_item_fact *fact, uint32_t number)
{
	const uint32_t *words = fact->cases.items + fact->cases.off[number - 1];

	return (struct dg_item_case){.lost = words[0] | (uint64_t)words[1] << 32,
				     .classes = words + DG_ITEM_CASE_HEAD};
}

int dg_item_add_case(struct dg_item_fact *fact, uint64_t lost, const uint32_t *classes,
		     uint32_t count)
{
	uint32_t words[DG_ITEM_CASE_HEAD + 64] = {(uint32_t)lost, (uint32_t)(lost >> 32)}, number;

	if (count > 64 || fact->cases.count >= DG_ITEM_CASES)
		return -E2BIG;
	memcpy(words + DG_ITEM_CASE_HEAD, classes, count * sizeof(*classes));
	return dg_lists_number(&fact->cases, words, DG_ITEM_CASE_HEAD + count, &number);
}

static int visit_value(struct dg_item_finder *f, const struct dg_literal *value, void *data)
{
	uint64_t lost = dg_item_lost_for(f->fact, value);
	uint32_t classes[64];

	(void)data;
	if (f->items->steps == 0 || f->var_count > ARRAY_SIZE(classes))
		return -E2BIG;
	if (lost == 0)
		return 0;
	if (f->fact->cases.count == 0)
		f->fact->example = *value;
	for (uint32_t i = 0; i < f->var_count; i++)
		classes[i] = dg_item_class_in(&f->vars[i].values, f->vars[i].mask, value);
	return dg_item_add_case(f->fact, lost, classes, f->var_count);
}

/* The variable that knows the values of a list best: names, or the whole of a number. */
static uint32_t leading(const struct dg_item_finder *f)
{
	for (uint32_t i = 0; i < f->var_count; i++)
		if (f->vars[i].kind == DG_VAR_NUM ? f->vars[i].mask != DG_ITEM_LOW_MASK
						  : f->vars[i].values.exact_count > 0)
			return i;
	return 0;
}

/* The classes of cases in which nothing but losses is. */
static int find_rest(struct dg_item_finder *f)
{
	uint32_t number, lead = leading(f);
	struct dg_elements of;
	int r = dg_symbols_elements(f->symbols, f->fact->group + lead, &of);

	for (uint32_t n = 1; n <= f->fact->cases.count && r >= 0; n++) {
		const uint32_t *classes = dg_item_case_get(f->fact, n).classes;
		struct dg_item_keeper keeper = {
			.of = of, .class = classes[lead], .classes = classes};

		r = dg_item_find_keeper(f, &keeper);
		if (r == 0)
			r = dg_lists_number(&f->fact->rest, classes, f->var_count, &number);
	}
	return r < 0 ? r : 0;
}

int dg_item_cases_find(struct dg_item_fact *fact, struct dg_symbols *symbols,
		       struct dg_items *items, bool all)
{
	uint32_t count;
	const struct dg_variable *vars = dg_symbols_variables(symbols, &count);
	struct dg_item_finder f = {.fact = fact,
				   .items = items,
				   .symbols = symbols,
				   .vars = vars + fact->group,
				   .var_count = vars[fact->group].group_count};
	int r;

	if (f.vars[0].kind == DG_VAR_SET) {
		r = dg_item_set_cases(&f);
	} else {
		r = dg_item_visit_lost(&f, visit_value, NULL);
		if (r >= 0 && all)
			r = find_rest(&f);
	}
	dg_item_cuts_done(&f.cuts);
	dg_item_cuts_done(&f.halves);
	return r < 0 ? r : 0;
}
