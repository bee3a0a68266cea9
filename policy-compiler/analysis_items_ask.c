/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Items of sets that nobody would miss.
 *
 * Without an item some tests are false that were true. A device is judged otherwise then exactly
 * when for some rule on the operation (1) the rule matches either with the item or without it, (2)
 * no rule of a lower rank decides as things are, and (3), for a permissive rule, none of a lower
 * rank is named either. (When the rule that decides matches no more, another one is named instead;
 * one that matches now changes something if nothing came before it.) So each rule that asks for the
 * item is one question, and only the parts of the operation as they are have to be searched.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis_items.h"
#include "util.h"

#define POINTS_MAX 256	       /* devices looked at for one question */
#define REGION_RUNS (1U << 20) /* work on one question */
#define PICKS_MAX 4096	       /* combinations of cases of several facts */
#define STEPS_PER_TEST 16      /* to make the asker's condition, with the item and without it */

/* Is the list what the test names? */
static bool names(const struct dg_item_list *list, const struct dg_expr *expr)
{
	if (list->set)
		return expr->item_count == 1 && expr->items[0].kind == DG_ITEM_SET &&
		       expr->items[0].set == list->set;
	return expr->items == list->items;
}

static const struct dg_item_fact *fact_of(const struct dg_item_loss *loss,
					  const struct dg_expr *expr)
{
	for (size_t i = 0; i < loss->fact_count; i++)
		if (loss->facts[i].attr == expr->attr && loss->facts[i].index == expr->index)
			return &loss->facts[i];
	return NULL;
}

/* Is the test one of those lost in the combination looked at? */
static bool is_lost(void *data, const struct dg_expr *expr)
{
	const struct dg_analysis_items *s = data;
	const struct dg_item_fact *fact;

	if (expr->test != DG_TEST_IN)
		return false;
	fact = fact_of(&s->loss, expr);
	if (!fact)
		return false;
	for (size_t p = 0; p < fact->probe_count; p++)
		if (s->loss.lost[fact - s->loss.facts] >> p & 1 &&
		    fact->probes[p].quantifier == expr->quantifier &&
		    names(&s->items.lists[fact->probes[p].root], expr))
			return true;
	return false;
}

static int condition_without(struct dg_analysis *a, const struct dg_expr *where,
			     enum dg_sense sense, dg_ref *ret)
{
	struct dg_conditions *conditions = &a->fold->conditions;
	int r;

	conditions->dropped = is_lost;
	conditions->dropped_data = a->items;
	r = dg_condition(conditions, where, sense, ret);
	conditions->dropped = NULL;
	return r;
}

static enum dg_sense opposite(enum dg_sense sense)
{
	return sense == DG_IS_TRUE ? DG_NOT_TRUE : DG_IS_FALSE;
}

/* Where the condition (as @sense, is true or not false) is so either with the item or without it.
 */
static int difference(struct dg_analysis *a, const struct dg_expr *where, enum dg_sense sense,
		      dg_ref *ret)
{
	struct dg_diagram *d = a->fold->diagram;
	dg_ref with, not_with, without, not_without;
	int r = dg_condition(&a->fold->conditions, where, sense, &with);

	if (r >= 0)
		r = dg_condition(&a->fold->conditions, where, opposite(sense), &not_with);
	if (r >= 0)
		r = condition_without(a, where, sense, &without);
	if (r >= 0)
		r = condition_without(a, where, opposite(sense), &not_without);
	if (r >= 0)
		r = dg_diagram_apply(d, DG_APPLY_AND, with, not_without, &with);
	if (r >= 0)
		r = dg_diagram_apply(d, DG_APPLY_AND, without, not_with, &without);
	return r < 0 ? r : dg_diagram_apply(d, DG_APPLY_OR, with, without, ret);
}

static int with_classes(struct dg_analysis *a, uint32_t group, const uint32_t *classes, dg_ref *ret)
{
	dg_ref all = DG_TRUE, one;
	int r = 0;

	for (uint32_t i = 0; i < a->search.vars[group].group_count && r >= 0; i++) {
		struct dg_class_run run = {.first = classes[i], .end = classes[i] + 1};
		struct dg_atom atom = {.var = group + i, .runs = &run, .run_count = 1};

		r = dg_condition_atom(&a->fold->conditions, &atom, false, &one);
		if (r >= 0)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, all, one, &all);
	}
	if (r >= 0)
		*ret = all;
	return r;
}

/* Where the fact may lose nothing. */
static int with_rest(struct dg_analysis *a, const struct dg_item_fact *fact, dg_ref *ret)
{
	dg_ref any = DG_FALSE, one;
	int r = 0;

	for (uint32_t n = 0; n < fact->rest.count && r >= 0; n++) {
		r = with_classes(a, fact->group, fact->rest.items + fact->rest.off[n], &one);
		if (r >= 0)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_OR, any, one, &any);
	}
	if (r >= 0 && !fact->attr->set)
		return dg_diagram_not(a->fold->diagram, any, ret);
	/* A set that is unknown loses nothing either, and its classes leave that out. */
	if (r >= 0)
		r = dg_diagram_known(a->fold->diagram, fact->group, false, &one);
	return r < 0 ? r : dg_diagram_apply(a->fold->diagram, DG_APPLY_OR, any, one, ret);
}

/* Somebody who asks for the item: a rule or an assertion. */
struct asker {
	const struct dg_expr *where;
	enum dg_sense sense;
	const struct dg_rule_node *rule; /* NULL: an assertion */
	uint32_t number;
	size_t facts[DG_ITEM_FACTS_MAX];
	size_t fact_count;
	uint32_t picks[DG_ITEM_FACTS_MAX]; /* case by fact; 0: nothing is lost there */
	size_t test_count;		   /* of lists and sets */
};

static struct asker asker_of(const struct dg_analysis *a, uint32_t owner)
{
	const struct dg_items *items = &a->items->items;
	struct asker asker = {.number = owner};
	size_t low = 0, high = items->test_count;
	bool seen[DG_ITEM_FACTS_MAX] = {};

	if (owner < a->policy->rule_count) {
		asker.rule = &a->policy->rules[owner];
		asker.where = asker.rule->where;
		asker.sense = asker.rule->effect == DG_EFFECT_ALLOW ? DG_IS_TRUE : DG_NOT_FALSE;
	} else {
		const struct dg_assert_node *assertion =
			&a->policy->asserts[owner - a->policy->rule_count];

		asker.where = assertion->where;
		asker.sense = assertion->always ? DG_IS_TRUE : DG_NOT_FALSE;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items->tests[middle].owner < owner)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < items->test_count && items->tests[low].owner == owner; low++) {
		const struct dg_item_fact *fact = fact_of(&a->items->loss, items->tests[low].expr);
		size_t f = fact ? (size_t)(fact - a->items->loss.facts) : 0;

		asker.test_count++;
		if (!fact || seen[f])
			continue;
		seen[f] = true;
		asker.facts[asker.fact_count++] = f;
	}
	return asker;
}

/* The next combination of cases. False: that was the last one. */
static bool next_pick(const struct dg_item_loss *loss, struct asker *asker)
{
	for (size_t i = 0; i < asker->fact_count; i++) {
		const struct dg_item_fact *fact = &loss->facts[asker->facts[i]];

		if (asker->picks[i]++ < fact->cases.count)
			return true;
		asker->picks[i] = 0;
	}
	return false;
}

/*
 * Where the tests that are lost in the case (0: none) hold with the item. Which sets of these
 * classes lose just them is asked along with every device.
 */
static int with_extra(struct dg_analysis *a, struct dg_item_fact *fact, uint32_t pick, dg_ref *ret)
{
	uint64_t lost = pick > 0 ? dg_item_case_get(fact, pick).lost : 0;
	dg_ref all = DG_TRUE, one;
	int r = 0;

	fact->extra.wanted = 1 + pick;
	dg_symbols_ask_also(a->fold->symbols, fact->group, &fact->extra);
	for (size_t p = 0; p < fact->probe_count && r >= 0; p++) {
		if (!(lost >> p & 1))
			continue;
		r = dg_condition_atom(&a->fold->conditions, &fact->probes[p].atom, false, &one);
		if (r >= 0)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, all, one, &all);
	}
	if (r >= 0)
		*ret = all;
	return r;
}

/* Where the asker's match differs in the combination of cases that it has picked. */
static int picked_difference(struct dg_analysis *a, const struct asker *asker, dg_ref *ret)
{
	struct dg_item_loss *loss = &a->items->loss;
	dg_ref condition, one;
	int r;

	memset(loss->lost, 0, sizeof(loss->lost));
	for (size_t i = 0; i < asker->fact_count; i++)
		if (asker->picks[i] > 0)
			loss->lost[asker->facts[i]] =
				dg_item_case_get(&loss->facts[asker->facts[i]], asker->picks[i])
					.lost;
	r = difference(a, asker->where, asker->sense, &condition);
	for (size_t i = 0; i < asker->fact_count && r >= 0; i++) {
		struct dg_item_fact *fact = &loss->facts[asker->facts[i]];

		if (fact->several)
			r = with_extra(a, fact, asker->picks[i], &one);
		else if (asker->picks[i] > 0)
			r = with_classes(a, fact->group,
					 dg_item_case_get(fact, asker->picks[i]).classes, &one);
		else
			r = with_rest(a, fact, &one);
		if (r >= 0)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, condition, one,
					     &condition);
	}
	if (r >= 0 && asker->rule && (asker->rule->has_from || asker->rule->has_until)) {
		r = dg_condition_live(&a->fold->conditions, asker->rule, &one);
		if (r >= 0)
			r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, condition, one,
					     &condition);
	}
	if (r >= 0)
		r = dg_diagram_apply(a->fold->diagram, DG_APPLY_AND, condition, a->synced,
				     &condition);
	if (r >= 0)
		*ret = condition;
	return r;
}

/* Who stands in the way of the rule of @rank; DG_RANK_NONE: nobody. */
static uint32_t obstacle(const struct dg_decision *d, uint32_t rank, bool permissive)
{
	if (d->rank < rank)
		return d->rank;
	return permissive && d->would < rank ? d->would : DG_RANK_NONE;
}

/*
 * Is there a device of the region that comes to the rule on @op? Devices are looked at one by one;
 * whoever stands in the way of one takes his out of the region. 1, 0, -E2BIG, -ENOMEM.
 */
static int comes_to_on(struct dg_analysis *a, const struct asker *asker, dg_ref region,
		       unsigned int op)
{
	uint32_t rank = a->fold->rank[asker->number];
	const struct dg_matcher *m;
	int r = dg_analysis_matcher(a, op, &m);

	if (r < 0)
		return r;
	for (size_t tries = 0; tries < POINTS_MAX && a->items->points > 0; tries++) {
		struct dg_decision d;
		uint32_t before;

		a->items->points--;
		r = dg_analysis_point(a, m, region);
		if (r != 1)
			return r;
		d = dg_matcher_decide(m, a->points.at);
		before = obstacle(&d, rank, asker->rule->permissive);
		if (before == DG_RANK_NONE)
			return 1;
		r = dg_diagram_apply(a->fold->diagram, DG_APPLY_BUT, region,
				     a->match[a->fold->rule_of[before]], &region);
		if (r < 0)
			return r;
	}
	return -E2BIG;
}

static int comes_to(struct dg_analysis *a, const struct asker *asker, dg_ref region)
{
	uint32_t asked = 0;
	int r = 0;

	for (unsigned int op = 0; op < DG_OP_MAX && r == 0; op++) {
		if (!(asker->rule->ops >> op & 1) || asked >> a->column_of[op] & 1)
			continue;
		asked |= 1U << a->column_of[op];
		r = comes_to_on(a, asker, region, op);
	}
	return r;
}

/* 1: the asker would miss the item; 0; -E2BIG. */
static int asker_misses(struct dg_analysis *a, struct asker *asker)
{
	struct dg_item_loss *loss = &a->items->loss;
	size_t tried = 0;
	int r = 0;

	while (r == 0 && next_pick(loss, asker)) {
		size_t steps = dg_diagram_steps(a->fold->diagram);
		dg_ref where = DG_FALSE;

		if (++tried > PICKS_MAX || a->items->steps == 0)
			return -E2BIG;
		dg_diagram_budget(a->fold->diagram, REGION_RUNS);
		r = picked_difference(a, asker, &where);
		if (r >= 0 && where != DG_FALSE)
			r = asker->rule ? comes_to(a, asker, where)
					: dg_analysis_satisfiable(a, where);
		dg_diagram_budget(a->fold->diagram, SIZE_MAX);
		steps = dg_diagram_steps(a->fold->diagram) - steps +
			STEPS_PER_TEST * asker->test_count;
		a->items->steps -= steps < a->items->steps ? steps : a->items->steps;
		for (size_t i = 0; i < loss->fact_count; i++)
			dg_symbols_ask_also(a->fold->symbols, loss->facts[i].group, NULL);
	}
	return r;
}

/* Ask all rules and assertions that the item may be missed by. */
int dg_items_ask(struct dg_analysis *a, uint8_t *answer)
{
	const struct dg_items *items = &a->items->items;
	const struct dg_item_loss *loss = &a->items->loss;
	int r;

	*answer = DG_ITEM_UNUSED;
	for (size_t i = 0; i < loss->root_count; i++) {
		uint32_t last = DG_ITEM_NONE;

		for (uint32_t t = items->lists[loss->roots[i]].first_test; t != DG_ITEM_NONE;
		     t = items->tests[t].next) {
			struct asker asker;

			if (items->tests[t].owner == last ||
			    (loss->owner != DG_ITEM_ALL && items->tests[t].owner != loss->owner))
				continue;
			asker = asker_of(a, items->tests[t].owner);
			last = asker.number;
			r = asker_misses(a, &asker);
			if (r == 1) {
				*answer = DG_ITEM_USED;
				return 0;
			}
			if (r == -E2BIG)
				*answer = DG_ITEM_UNDECIDED;
			else if (r < 0)
				return r;
		}
	}
	return 0;
}
