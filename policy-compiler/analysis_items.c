/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Set items that nobody would miss: which are asked about, and what is known without asking. */
#include <stdlib.h>
#include <string.h>

#include "analysis_items.h"
#include "array.h"
#include "util.h"

#define ALL_POINTS 200000 /* devices looked at for all questions */
#define ALL_STEPS (1U << 27) /* of work on diagrams for all of them */
#define CLASSES_TRIED 64
#define OWNER_STEPS 256 /* of looking at one owner by itself */

static void dg_item_loss_done(struct dg_item_loss *loss)
{
	for (size_t i = 0; i < loss->view_count; i++)
		dg_item_view_done(&loss->views[i]);
	for (size_t i = 0; i < loss->fact_count; i++)
		dg_item_fact_done(&loss->facts[i]);
	memset(loss->facts, 0, loss->fact_count * sizeof(*loss->facts));
	free(loss->views);
	free(loss->roots);
	loss->views = NULL;
	loss->roots = NULL;
	loss->view_count = loss->root_count = loss->fact_count = 0;
}

void dg_analysis_items_done(struct dg_analysis *a)
{
	struct dg_analysis_items *s = a->items;

	if (!s)
		return;
	dg_item_loss_done(&s->loss);
	dg_items_done(&s->items);
	dg_map_done(&s->used_in);
	dg_lists_done(&s->asked);
	free(s->answers);
	free(s->settled);
	free(s);
	a->items = NULL;
}

int dg_analysis_items_prepare(struct dg_analysis *a)
{
	int r;

	a->items = calloc(1, sizeof(*a->items));
	if (!a->items)
		return -ENOMEM;
	r = dg_items_init(&a->items->items, a->policy);
	if (r < 0)
		return r;
	a->items->points = ALL_POINTS;
	a->items->steps = ALL_STEPS;
	a->items->settled = calloc(a->items->items.list_count + 1, sizeof(*a->items->settled));
	return a->items->settled ? 0 : -ENOMEM;
}

static uint64_t used_key(uint32_t root, enum dg_quantifier quantifier)
{
	return (uint64_t)root << 2 | quantifier;
}

/* Does the rule decide for the device in a->points.at when @var has the class there? */
static bool decides_with(struct dg_analysis *a, uint32_t rule, const struct dg_matcher *m,
			 uint32_t var, uint32_t class)
{
	uint32_t *at = &a->points.at[var], kept = *at;
	bool decides;

	*at = class;
	decides = dg_matcher_decide(m, a->points.at).rank == a->fold->rank[rule];
	*at = kept;
	return decides;
}

/*
 * The rule demands the test. Wherever it decides with a value of one class, every item that alone
 * holds a value of that class is used: without it the rule does not match.
 */
static int settle_test(struct dg_analysis *a, const struct dg_item_test *test,
		       const struct dg_matcher *m)
{
	struct dg_analysis_items *s = a->items;
	struct dg_test_meaning meaning;
	const struct dg_atom *atom = &meaning.atoms[0];
	size_t tried = 0, good = 0;
	int r = 0;

	if (!dg_symbols_test(a->fold->symbols, test->expr, &meaning) || meaning.count > 1 ||
	    a->search.vars[atom->var].group_count > 1)
		return 0;
	for (size_t i = 0; i < atom->run_count; i++)
		for (uint32_t c = atom->runs[i].first; c < atom->runs[i].end && r >= 0; c++) {
			if (++tried > CLASSES_TRIED)
				return 0;
			if (a->points.at[atom->var] != c &&
			    !decides_with(a, test->owner, m, atom->var, c))
				continue;
			good++;
			if (atom->run_count > 1 || atom->runs[i].end > atom->runs[i].first + 1)
				r = dg_map_put(&s->used_in,
					       used_key(test->list, test->expr->quantifier),
					       (uint64_t)atom->var << 32 | c, 0);
		}
	s->settled[test->list] |= good == tried;
	return r;
}

int dg_analysis_items_decided(struct dg_analysis *a, uint32_t rule, unsigned int op)
{
	struct dg_analysis_items *s = a->items;
	const struct dg_items *items = &s->items;
	const struct dg_matcher *m;
	int r = 0;

	while (s->next_test < items->test_count && items->tests[s->next_test].owner < rule)
		s->next_test++;
	if (s->next_test == items->test_count || items->tests[s->next_test].owner != rule)
		return 0;
	/* What a search found has classes that are open. */
	for (uint32_t v = 0; v < a->search.var_count; v++)
		if (a->points.decided[v] == DG_CLASS_ANY)
			return 0;
	memcpy(a->points.at, a->points.decided, a->search.var_count * sizeof(*a->points.at));
	r = dg_analysis_matcher(a, op, &m);
	for (size_t i = s->next_test; i < items->test_count && r >= 0; i++) {
		const struct dg_item_test *test = &items->tests[i];

		if (test->owner != rule)
			break;
		if (test->demanded && !s->settled[test->list])
			r = settle_test(a, test, m);
	}
	return r;
}

/* The probe of a test among those of its fact, which may be a new one; NULL: too many. */
static struct dg_item_probe *find_probe(struct dg_item_loss *loss, const struct dg_expr *expr,
					size_t root)
{
	struct dg_item_fact *fact = loss->facts;
	struct dg_item_probe *probe;

	while (fact < loss->facts + loss->fact_count &&
	       (fact->attr != expr->attr || fact->index != expr->index))
		fact++;
	if (fact == loss->facts + DG_ITEM_FACTS_MAX)
		return NULL;
	if (fact == loss->facts + loss->fact_count) {
		fact->attr = expr->attr;
		fact->index = expr->index;
		loss->fact_count++;
	}
	for (probe = fact->probes; probe < fact->probes + fact->probe_count; probe++)
		if (probe->root == loss->roots[root] && probe->quantifier == expr->quantifier)
			return probe;
	if (fact->probe_count == DG_ITEM_PROBES)
		return NULL;
	fact->probe_count++;
	probe->root = loss->roots[root];
	probe->quantifier = expr->quantifier;
	probe->view = &loss->views[root];
	return probe;
}

static int add_test(struct dg_analysis *a, const struct dg_item_test *test, size_t root)
{
	struct dg_item_loss *loss = &a->items->loss;
	struct dg_item_probe *probe = find_probe(loss, test->expr, root);
	struct dg_test_meaning meaning;

	if (!probe)
		return -E2BIG;
	if (probe->atom.run_count > 0)
		return 0;
	if (!dg_symbols_test(a->fold->symbols, test->expr, &meaning))
		return -EINVAL;
	probe->atom = meaning.atoms[0];
	for (size_t i = 0; i < loss->fact_count; i++)
		if (probe >= loss->facts[i].probes &&
		    probe < loss->facts[i].probes + DG_ITEM_PROBES)
			loss->facts[i].group = a->search.vars[meaning.atoms[0].var].group;
	return 0;
}

/* Does the owner ask for the root? */
static bool asks(const struct dg_items *items, uint32_t root, uint32_t owner)
{
	uint32_t t = items->lists[root].first_test;

	while (owner != DG_ITEM_ALL && t != DG_ITEM_NONE && items->tests[t].owner != owner)
		t = items->tests[t].next;
	return t != DG_ITEM_NONE;
}

static int add_root(struct dg_analysis *a, uint32_t root)
{
	struct dg_analysis_items *s = a->items;
	struct dg_item_loss *loss = &s->loss;
	size_t number = loss->root_count;
	int r = dg_item_view_init(&loss->views[number], &s->items, root, loss->item);

	loss->view_count = number + 1;
	loss->roots[loss->root_count++] = root;
	for (uint32_t t = s->items.lists[root].first_test; t != DG_ITEM_NONE && r >= 0;
	     t = s->items.tests[t].next)
		if (loss->owner == DG_ITEM_ALL || s->items.tests[t].owner == loss->owner)
			r = add_test(a, &s->items.tests[t], number);
	return r;
}

int dg_item_loss_find(struct dg_analysis *a, uint32_t list, uint32_t item, uint32_t owner)
{
	struct dg_analysis_items *s = a->items;
	struct dg_item_loss *loss = &s->loss;
	_cleanup_free_ uint32_t *roots = NULL;
	const uint32_t *found;
	size_t count;
	int r = 0;

	dg_item_loss_done(loss);
	loss->item = item;
	loss->owner = owner;
	count = dg_items_roots(&s->items, list, &found);
	roots = calloc(count + 1, sizeof(*roots));
	loss->roots = calloc(count + 1, sizeof(*loss->roots));
	loss->views = calloc(count + 1, sizeof(*loss->views));
	if (!roots || !loss->roots || !loss->views)
		return -ENOMEM;
	memcpy(roots, found, count * sizeof(*roots));
	for (size_t i = 0; i < count && r >= 0; i++)
		if (asks(&s->items, roots[i], owner))
			r = add_root(a, roots[i]);
	for (size_t i = 0; i < loss->fact_count && r >= 0; i++)
		r = dg_item_cases_find(&loss->facts[i], a->fold->symbols, &s->items,
				       loss->fact_count > 1);
	return r;
}

/* Known from where rules were found to decide? */
static bool known_used(const struct dg_analysis *a)
{
	const struct dg_analysis_items *s = a->items;
	const struct dg_item_loss *loss = &s->loss;
	uint32_t number;

	for (size_t f = 0; f < loss->fact_count; f++) {
		const struct dg_item_fact *fact = &loss->facts[f];

		for (uint32_t n = 1; n <= fact->cases.count; n++) {
			struct dg_item_case c = dg_item_case_get(fact, n);

			for (size_t p = 0; p < fact->probe_count; p++)
				if (c.lost >> p & 1 &&
				    (s->settled[fact->probes[p].root] ||
				     (!fact->several &&
				      dg_map_get(&s->used_in,
						 used_key(fact->probes[p].root,
							  fact->probes[p].quantifier),
						 (uint64_t)fact->group << 32 | c.classes[0],
						 &number))))
					return true;
		}
	}
	return false;
}

/* The answer's place: items of a list with the same cases have it in common. */
static int find_answer(struct dg_analysis *a, uint32_t list, uint8_t **ret)
{
	struct dg_analysis_items *s = a->items;
	const struct dg_item_loss *loss = &s->loss;
	_cleanup_free_ uint32_t *words = NULL;
	size_t count = 1 + loss->fact_count, had = s->answer_room, more;
	uint32_t number;
	int r;

	for (size_t f = 0; f < loss->fact_count; f++) {
		dg_item_fact_words(&loss->facts[f], &more);
		count += more;
	}
	words = calloc(count, sizeof(*words));
	if (!words)
		return -ENOMEM;
	words[0] = list;
	count = 1;
	for (size_t f = 0; f < loss->fact_count; f++) {
		const uint32_t *of_fact = dg_item_fact_words(&loss->facts[f], &more);

		words[count++] = (uint32_t)more;
		if (more > 0)
			memcpy(words + count, of_fact, more * sizeof(*words));
		count += more;
	}
	r = dg_lists_number(&s->asked, words, count, &number);
	if (r >= 0)
		r = dg_array_reserve(&s->answers, &s->answer_room, number + UINT64_C(1), 1);
	if (r < 0)
		return r;
	memset(s->answers + had, DG_ITEM_UNASKED, s->answer_room - had);
	*ret = &s->answers[number];
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Who asks for items of the list, ascending, now and then twice. */
static int list_owners(struct dg_analysis *a, uint32_t list, uint32_t **ret, size_t *ret_count)
{
	struct dg_items *items = &a->items->items;
	_cleanup_free_ uint32_t *owners = NULL;
	size_t count = 0, room = 0, root_count;
	const uint32_t *roots;

	root_count = dg_items_roots(items, list, &roots);
	for (size_t i = 0; i < root_count; i++)
		for (uint32_t t = items->lists[roots[i]].first_test; t != DG_ITEM_NONE;
		     t = items->tests[t].next) {
			if (dg_array_reserve(&owners, &room, count + 1, sizeof(*owners)) < 0)
				return -ENOMEM;
			owners[count++] = items->tests[t].owner;
		}
	if (count > 0)
		qsort(owners, count, sizeof(*owners), compare_numbers);
	*ret = TAKE_PTR(owners);
	*ret_count = count;
	return 0;
}

static const struct dg_item_fact *losing_fact(const struct dg_item_loss *loss)
{
	for (size_t i = 0; i < loss->fact_count; i++)
		if (loss->facts[i].cases.count > 0)
			return &loss->facts[i];
	return NULL;
}

int dg_item_loss_example(struct dg_analysis *a, uint32_t list, uint32_t item,
			 const struct dg_item_fact **ret)
{
	const struct dg_item_loss *loss = &a->items->loss;
	int r = dg_item_loss_find(a, list, item, DG_ITEM_ALL), err;
	_cleanup_free_ uint32_t *owners = NULL;
	size_t count = 0;

	*ret = r >= 0 ? losing_fact(loss) : NULL;
	if (r == -E2BIG) {
		err = list_owners(a, list, &owners, &count);
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < count && !*ret && (r >= 0 || r == -E2BIG); i++) {
		r = dg_item_loss_find(a, list, item, owners[i]);
		if (r >= 0)
			*ret = losing_fact(loss);
	}
	if (r >= 0 && !*ret)
		*ret = &loss->facts[0];
	return r;
}

/* What one owner makes of it. 0 or -ENOMEM. */
static int judge_for(struct dg_analysis *a, uint32_t list, uint32_t item, uint32_t owner,
		     uint8_t *answer)
{
	size_t *steps = &a->items->items.steps;
	int r = *steps < OWNER_STEPS ? -E2BIG : 0;

	if (r >= 0) {
		*steps -= OWNER_STEPS;
		r = dg_item_loss_find(a, list, item, owner);
	}
	if (r == -E2BIG) {
		*answer = DG_ITEM_UNDECIDED;
		return 0;
	}
	if (r < 0)
		return r;
	if (!known_used(a))
		return dg_items_ask(a, answer);
	*answer = DG_ITEM_USED;
	return 0;
}

/* One owner after the other, for they are too many at once. 0 or -ENOMEM. */
static int judge_by_owner(struct dg_analysis *a, uint32_t list, uint32_t item,
			  enum dg_item_answer *ret)
{
	_cleanup_free_ uint32_t *owners = NULL;
	size_t count = 0;
	int r = list_owners(a, list, &owners, &count);

	*ret = DG_ITEM_UNUSED;
	for (size_t i = 0; i < count && *ret != DG_ITEM_USED && r >= 0; i++) {
		uint8_t answer = DG_ITEM_UNUSED;

		if (i == 0 || owners[i] != owners[i - 1])
			r = judge_for(a, list, item, owners[i], &answer);
		if (answer != DG_ITEM_UNUSED)
			*ret = (enum dg_item_answer)answer;
	}
	return r;
}

static int judge(struct dg_analysis *a, uint32_t list, uint32_t item, enum dg_item_answer *ret)
{
	uint8_t *answer = NULL;
	int r = dg_item_loss_find(a, list, item, DG_ITEM_ALL);

	if (r == -E2BIG)
		return judge_by_owner(a, list, item, ret);
	if (r >= 0 && known_used(a)) {
		*ret = DG_ITEM_USED;
		return 0;
	}
	if (r >= 0)
		r = find_answer(a, list, &answer);
	if (r >= 0 && *answer == DG_ITEM_UNASKED)
		r = dg_items_ask(a, answer);
	if (r >= 0)
		*ret = *answer;
	return r;
}

/* Is all that asks for the list a rule that was said never to decide? */
static bool all_silent(struct dg_analysis *a, uint32_t list)
{
	struct dg_items *items = &a->items->items;
	const uint32_t *roots;
	size_t count = dg_items_roots(items, list, &roots);

	for (size_t i = 0; i < count; i++)
		for (uint32_t t = items->lists[roots[i]].first_test; t != DG_ITEM_NONE;
		     t = items->tests[t].next) {
			uint32_t owner = items->tests[t].owner;

			if (owner >= a->policy->rule_count || !a->silent[owner])
				return false;
		}
	return true;
}

/* Nothing is to be asked: all that asks was found to miss each of its items. */
static bool settled(struct dg_analysis *a, uint32_t list)
{
	const uint32_t *roots;

	return dg_items_roots(&a->items->items, list, &roots) == 1 && a->items->settled[roots[0]];
}

/* Said where the items stand. */
static void list_undecided(struct dg_analysis *a, uint32_t list, uint32_t count)
{
	const struct dg_item_list *l = &a->items->items.lists[list];

	if (l->set)
		dg_diag_report(a->diags, DG_E212, l->pos,
			       "whether %u item%s of the set \"%.*s\" %s ever used is not decided "
			       "within the budget",
			       count, count == 1 ? "" : "s", (int)l->set->name.len,
			       l->set->name.data, count == 1 ? "is" : "are");
	else
		dg_diag_report(a->diags, DG_E212, l->pos,
			       "whether %u of the items of this test %s ever used is not decided "
			       "within the budget",
			       count, count == 1 ? "is" : "are");
}

static int check_list(struct dg_analysis *a, uint32_t list)
{
	struct dg_analysis_items *s = a->items;
	const struct dg_item_list *l = &s->items.lists[list];
	_cleanup_free_ uint8_t *answers = calloc(l->count + UINT64_C(1), 1);
	bool silent = settled(a, list) || all_silent(a, list);
	uint32_t judged = 0, unused = 0, undecided = 0, first = 0;
	int r = 0;

	if (!answers)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->count && r >= 0; i++) {
		enum dg_item_answer answer = DG_ITEM_USED;

		if (s->items.covered_by[l->first_item + i] != DG_ITEM_NONE)
			continue;
		judged++;
		if (!silent)
			r = judge(a, list, l->first_item + i, &answer);
		answers[i] = (uint8_t)answer;
		undecided += answer == DG_ITEM_UNDECIDED;
		if (answer == DG_ITEM_UNUSED && unused++ == 0)
			first = i;
	}
	if (r >= 0 && undecided > 0)
		list_undecided(a, list, undecided);
	if (r >= 0 && unused > 1 && unused == judged && l->set)
		return dg_items_report_unused(a, list, l->first_item + first, true);
	for (uint32_t i = 0; i < l->count && unused > 0 && r >= 0; i++)
		if (answers[i] == DG_ITEM_UNUSED)
			r = dg_items_report_unused(a, list, l->first_item + i, false);
	return r;
}

/* What was covered is reported, and gone while the rest is judged. */
static int check_covered(struct dg_analysis *a)
{
	struct dg_analysis_items *s = a->items;
	int r = dg_items_cover(&s->items);

	for (uint32_t i = 0; i < s->items.item_count && r >= 0; i++)
		if (s->items.covered_by[i] != DG_ITEM_NONE)
			r = dg_items_report_covered(a, dg_items_list_of(&s->items, i), i);
	return r;
}

static int check_rest(struct dg_analysis *a)
{
	struct dg_analysis_items *s = a->items;
	_cleanup_free_ struct dg_item *kept = NULL;
	size_t count = 0, room = 0;
	int r = 0;

	for (uint32_t i = 0; i < s->items.item_count && r >= 0; i++) {
		if (s->items.covered_by[i] == DG_ITEM_NONE)
			continue;
		r = dg_array_reserve(&kept, &room, count + 1, sizeof(*kept));
		if (r >= 0)
			kept[count++] = dg_item_take_away(dg_item_place(a, i));
	}
	for (uint32_t i = 0; i < s->items.list_count && r >= 0; i++) {
		dg_progress_step(a->diags->progress, "looking for unused items in set", i + 1,
				 s->items.list_count);
		r = check_list(a, i);
		if (r == -E2BIG) {
			list_undecided(a, i, s->items.lists[i].count);
			r = 0;
		}
	}
	for (uint32_t i = 0, k = 0; k < count; i++)
		if (s->items.covered_by[i] != DG_ITEM_NONE)
			*dg_item_place(a, i) = kept[k++];
	return r;
}

int dg_analysis_items(struct dg_analysis *a)
{
	struct dg_analysis_items *s = a->items;
	int r;

	r = check_covered(a);
	if (r >= 0)
		r = check_rest(a);
	if (r == -E2BIG) {
		const struct dg_item_list *l = &s->items.lists[s->items.stopped_at];

		dg_diag_report(a->diags, DG_E212, l->pos,
			       "which set items are never used is not decided within the budget: "
			       "what they hold was compared up to here, from the last one on");
		return 0;
	}
	return r;
}
