/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Devices that are accepted though no driver may bind them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_verdict.h"
#include "blocks.h"
#include "eval.h"
#include "util.h"

#define BIND_SLACK 4096

static bool never_best(void *data, size_t component, dg_ref from, dg_ref to)
{
	(void)data, (void)component, (void)from, (void)to;
	return false;
}

/*
 * Accepted and never bound: there is a device that @rule accepts, and whatever settles later than
 * acceptance, bind is denied. "Whatever" is settled by examples: find a device that is accepted and
 * not bound as it is; find how it would be bound after all; from then on look only at devices for
 * which that way is closed, too. Few ways are enough for most policies: they are looked at beside the
 * rest of the question. More of them are taken out of what is asked about, which is more work.
 */
#define WAYS_MAX 12
#define WAYS_ALL 4096	       /* for one rule */
#define CLOSE_RUNS (1U << 20) /* work on taking one way out */
#define CLOSE_ALL (1U << 24)  /* the same for all rules, in steps */

/* What may change between acceptance and binding: the driver that asks, and the state that
 * acceptance itself changes. */
static bool settled_later(const struct dg_variable *v)
{
	if (v->kind == DG_VAR_STR)
		return v->fact == DG_STR_DRIVER_NAME || v->fact == DG_STR_DRIVER_MODULE;
	return v->kind == DG_VAR_NUM &&
	       (v->fact == DG_NUM_DRIVER_BUILTIN || v->fact == DG_NUM_TDI_STATE);
}

struct bind_question {
	const struct dg_verdict_context *c;
	const struct dg_fold_op *accept; /* parts with two ranks */
	uint32_t rank;			 /* of the rule that accepts */
	dg_ref region;			 /* its match, but for what ways taken out of it bind */
	bool *later;			 /* by variable: settled later */
	struct dg_fold_op denials; /* of the rules that deny bind: ranks, clock synchronised */
	bool denials_made;
	uint32_t *ways[WAYS_MAX]; /* classes by variable of what settles later */
	size_t way_count;
	size_t close_steps; /* left */
};

/*
 * The components are: the rule's match; the parts of accept; then for each way the parts of bind,
 * which never stand at a variable that settles later.
 */
static dg_ref settle(const struct bind_question *q, dg_ref ref, size_t way)
{
	while (!dg_ref_terminal(ref) && q->later[dg_diagram_var(q->c->a->fold->diagram, ref)]) {
		uint32_t var = dg_diagram_var(q->c->a->fold->diagram, ref);

		ref = dg_diagram_child(q->c->a->fold->diagram, ref, q->ways[way][var]);
	}
	return ref;
}

/* The parts of bind on one way, @state being the first of them: can they still deny? */
static bool reduce_way(const struct bind_question *q, dg_ref *state, size_t way)
{
	const struct dg_verdicts *v = &q->c->ops[DG_OP_BIND];
	struct dg_verdict_question denied = {
		.c = q->c, .by_default = v->by_default, .wanted = DG_VERDICT_DENY};

	for (size_t i = 0; i < v->count; i++)
		state[i] = settle(q, state[i], way);
	return dg_verdict_reduce(&denied, state, v->count);
}

static bool reduce_bind(void *data, dg_ref *state, size_t count)
{
	const struct bind_question *q = data;
	size_t accepting = 1 + q->accept->count;

	(void)count;
	if (state[0] == DG_FALSE)
		return false;
	for (size_t i = 1; i < accepting; i++) {
		struct dg_outlook o;

		if (state[i] == DG_PASS)
			continue;
		o = dg_outlook(&q->c->a->outlooks, state[i]);
		if (o.most < q->rank)
			return false;
		if (o.least >= q->rank)
			state[i] = DG_PASS;
	}
	for (size_t way = 0; way < q->way_count; way++)
		if (!reduce_way(q, state + accepting + way * q->c->ops[DG_OP_BIND].count, way))
			return false;
	return true;
}

static bool best_bind(void *data, size_t component, dg_ref from, dg_ref to)
{
	const struct bind_question *q = data;

	if (component == 0)
		return to == DG_TRUE;
	if (component < 1 + q->accept->count || to != DG_PASS)
		return to == DG_PASS;
	return !(dg_outlook(&q->c->outlooks, from).kinds & 1);
}

/* Is there room for one more way, and for the parts of those known beside the rest of the question? */
static bool has_room(const struct bind_question *q)
{
	return q->way_count < WAYS_MAX &&
	       1 + q->accept->count + q->way_count * q->c->ops[DG_OP_BIND].count <=
		       DG_COMPONENTS_MAX;
}

/* A device that the rule accepts and that no way known so far binds. As dg_search_run(). */
static int find_unbound(struct bind_question *q)
{
	const struct dg_verdicts *v = &q->c->ops[DG_OP_BIND];
	struct dg_question question = {
		.reduce = reduce_bind, .goal = dg_verdict_goal, .best = best_bind, .data = q};
	dg_ref components[DG_COMPONENTS_MAX];
	size_t count = 1 + q->accept->count;

	if (count + q->way_count * v->count > DG_COMPONENTS_MAX)
		return -E2BIG;
	components[0] = q->region;
	memcpy(components + 1, q->accept->roots, q->accept->count * sizeof(*components));
	for (size_t way = 0; way < q->way_count; way++, count += v->count)
		memcpy(components + count, v->roots, v->count * sizeof(*components));
	return dg_analysis_search(q->c->a, &question, components, count);
}

struct way_question {
	const struct bind_question *bind;
	const uint32_t *device; /* classes by variable */
};

static bool reduce_allowed(void *data, dg_ref *state, size_t count)
{
	const struct way_question *q = data;
	const struct dg_diagram *d = q->bind->c->a->fold->diagram;
	struct dg_verdict_question allowed = {.c = q->bind->c,
					      .by_default = q->bind->c->ops[DG_OP_BIND].by_default,
					      .wanted = DG_VERDICT_ALLOW};

	for (size_t i = 0; i < count; i++)
		while (!dg_ref_terminal(state[i]) && !q->bind->later[dg_diagram_var(d, state[i])]) {
			uint32_t class = q->device[dg_diagram_var(d, state[i])];

			state[i] = dg_diagram_child(d, state[i], class == DG_CLASS_ANY ? 1 : class);
		}
	return dg_verdict_reduce(&allowed, state, count);
}

/*
 * The classes of one device among those found: unknown where any class would do. Views of a value
 * that is known by another view are known, too. 0, -E2BIG, -ENOMEM.
 */
static int settle_classes(struct dg_search *search, uint32_t *classes)
{
	memcpy(classes, search->classes, search->var_count * sizeof(*classes));
	for (uint32_t v = 0; v < search->var_count; v++) {
		uint32_t group = search->vars[v].group, known = 0;
		int r = 0;

		for (uint32_t i = 0; i < search->vars[v].group_count; i++)
			known |= classes[group + i] != DG_CLASS_ANY && classes[group + i] != 0;
		/* Of the time, which is never unknown, any class still does. */
		if (search->vars[v].kind == DG_VAR_TIME || search->vars[v].kind == DG_VAR_CLOCK)
			continue;
		if (classes[v] != DG_CLASS_ANY || !known) {
			if (classes[v] == DG_CLASS_ANY)
				classes[v] = 0;
			continue;
		}
		for (classes[v] = 1; classes[v] < search->vars[v].class_count; classes[v]++) {
			r = dg_symbols_group_possible(search->symbols, group, classes + group);
			if (r != 0)
				break;
		}
		if (r != 1)
			return r < 0 ? r : -E2BIG;
	}
	return 0;
}

/* A way to bind the device with these classes, added to the ways. As dg_search_run(). */
static int find_way(struct bind_question *q, const uint32_t *device)
{
	const struct dg_verdicts *v = &q->c->ops[DG_OP_BIND];
	struct dg_analysis *a = q->c->a;
	struct way_question way = {.bind = q, .device = device};
	struct dg_question question = {.reduce = reduce_allowed,
				       .goal = dg_verdict_goal,
				       .best = never_best,
				       .data = &way};
	int r = dg_analysis_search(a, &question, v->roots, v->count);

	if (r != 1)
		return r;
	r = settle_classes(&a->search, q->ways[q->way_count]);
	if (r < 0)
		return r;
	q->way_count++;
	return 1;
}

/* A terminal of the parts of bind: does it deny? */
static int denies(void *data, dg_ref terminal, dg_ref *ret)
{
	const struct bind_question *q = data;
	uint32_t block = dg_diagram_decided(q->c->a->fold->diagram, terminal).rank;
	enum dg_verdict verdict = block == DG_RANK_NONE ? q->c->ops[DG_OP_BIND].by_default :
							  dg_block_verdict(block);

	*ret = verdict == DG_VERDICT_DENY ? DG_TRUE : DG_FALSE;
	return 0;
}

/* Where bind is denied on the way. */
static int closed_on(struct bind_question *q, size_t way, dg_ref *ret)
{
	const struct dg_verdicts *v = &q->c->ops[DG_OP_BIND];
	struct dg_diagram *d = q->c->a->fold->diagram;
	dg_ref all = DG_PASS, part;
	int r = 0;

	for (size_t i = 0; i < v->count && r >= 0; i++) {
		part = v->roots[i];
		for (uint32_t var = 0; var < q->c->a->search.var_count && r >= 0; var++)
			if (q->later[var])
				r = dg_diagram_restrict(d, part, var, q->ways[way][var], &part);
		if (r >= 0)
			r = dg_diagram_apply(d, DG_APPLY_MIN, all, part, &all);
	}
	return r < 0 ? r : dg_diagram_map(d, all, denies, q, ret);
}

/* The ways are taken out of the region, and there is room for others. 0, -E2BIG, -ENOMEM. */
static int close_ways(struct bind_question *q)
{
	struct dg_diagram *d = q->c->a->fold->diagram;
	size_t steps = dg_diagram_steps(d);
	dg_ref closed;
	int r = 0;

	for (size_t way = 0; way < q->way_count && r >= 0; way++) {
		dg_diagram_budget(d, CLOSE_RUNS < q->close_steps ? CLOSE_RUNS : q->close_steps);
		r = closed_on(q, way, &closed);
		if (r >= 0)
			r = dg_diagram_apply(d, DG_APPLY_AND, q->region, closed, &q->region);
		dg_diagram_budget(d, SIZE_MAX);
	}
	steps = dg_diagram_steps(d) - steps;
	q->close_steps -= steps < q->close_steps ? steps : q->close_steps;
	q->way_count = 0;
	return r;
}

static int report_unbound(struct dg_analysis *a, uint32_t number)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	struct dg_answer accept, bind;
	struct dg_analysis_witness w;
	char name[128];
	int r;

	r = dg_analysis_witness(a, &w);
	if (r < 0)
		return r;
	dg_analysis_decide(a, &w, DG_OP_ACCEPT, &accept);
	dg_analysis_decide(a, &w, DG_OP_BIND, &bind);
	if (accept.rule != number || accept.verdict != DG_VERDICT_ALLOW ||
	    bind.verdict != DG_VERDICT_DENY) {
		dg_analysis_disagree(a, &rule->pos);
		return 0;
	}
	dg_analysis_name(a, &bind.rule, 1, false, name, sizeof(name));
	dg_analysis_report(a, DG_E210, DG_SEVERITY_WARNING, &rule->pos, &w,
			   "the rule accepts a device that no driver may bind in any state: bind "
			   "is denied by %s for the witness%s",
			   name, w.when);
	return 0;
}

static bool accepts(const struct dg_rule_node *rule)
{
	return rule->effect == DG_EFFECT_ALLOW && rule->ops >> DG_OP_ACCEPT & 1 &&
	       !rule->permissive;
}

/* The rules that deny bind, as a column of their own. 0 or -ENOMEM; to be freed in any case. */
static int denial_column(const struct dg_analysis *a, struct dg_fold_column *ret)
{
	const struct dg_fold_column *all = &a->fold->columns[a->column_of[DG_OP_BIND]];

	*ret = *all;
	ret->rule_count = 0;
	ret->rules = calloc(all->rule_count + 1, sizeof(*ret->rules));
	ret->groups = calloc(all->group_count + 1, sizeof(*ret->groups));
	if (!ret->rules || !ret->groups)
		return -ENOMEM;
	for (size_t g = 0; g < all->group_count; g++) {
		ret->groups[g] = ret->rule_count;
		for (size_t i = all->groups[g]; i < all->groups[g + 1]; i++) {
			const struct dg_rule_node *rule = &a->policy->rules[all->rules[i]];

			if (rule->effect != DG_EFFECT_ALLOW && !rule->permissive)
				ret->rules[ret->rule_count++] = all->rules[i];
		}
	}
	ret->groups[all->group_count] = ret->rule_count;
	return 0;
}

static int make_denials(struct bind_question *q)
{
	struct dg_analysis *a = q->c->a;
	struct dg_fold_column column;
	int r;

	if (q->denials_made)
		return 0;
	r = denial_column(a, &column);
	if (r >= 0)
		r = dg_fold_parts(a->fold, &column, DG_KEEP_ONE, true, &q->denials);
	free(column.rules);
	free(column.groups);
	for (size_t i = 0; i < q->denials.count && r >= 0; i++) {
		r = dg_analysis_synchronise(a, q->denials.roots[i], &q->denials.roots[i]);
		if (r >= 0)
			r = dg_outlooks_add(&a->outlooks, q->denials.roots[i]);
	}
	q->denials_made = r >= 0;
	return r;
}

/* A part that can still deny before the rule accepts. */
static bool reduce_denial(void *data, dg_ref *state, size_t count)
{
	const struct bind_question *q = data;
	bool open = false;

	if (state[0] == DG_FALSE)
		return false;
	for (size_t i = 1; i < count; i++) {
		if (state[i] != DG_PASS &&
		    dg_outlook_least(&q->c->a->outlooks, state[i]) >= q->rank)
			state[i] = DG_PASS;
		open |= state[i] != DG_PASS;
	}
	return open;
}

/* Does a rule before it deny bind to something that the rule, which allows bind too, matches? */
static int find_earlier_denial(struct bind_question *q, uint32_t rule)
{
	struct dg_question question = {
		.reduce = reduce_denial, .goal = dg_verdict_goal, .best = never_best, .data = q};
	dg_ref components[1 + DG_PARTS_MAX];
	int r = make_denials(q);

	if (r < 0)
		return r;
	components[0] = q->c->a->match[rule];
	memcpy(components + 1, q->denials.roots, q->denials.count * sizeof(*components));
	return dg_analysis_search(q->c->a, &question, components, 1 + q->denials.count);
}

/* @device: room for a class of each variable. */
static int check_bind(struct bind_question *q, uint32_t rule, uint32_t *device)
{
	struct dg_search *search = &q->c->a->search;
	size_t ways = 0;
	int r;

	q->region = q->c->a->match[rule];
	for (;;) {
		r = has_room(q) ? 0 : close_ways(q);
		if (r >= 0)
			r = find_unbound(q);
		if (r != 1)
			break;
		r = settle_classes(search, device);
		if (r >= 0)
			r = find_way(q, device);
		if (r == 0) {
			memcpy(search->classes, device, search->var_count * sizeof(*device));
			return report_unbound(q->c->a, rule);
		}
		if (r == 1 && ++ways == WAYS_ALL)
			r = -E2BIG;
		if (r != 1)
			break;
	}
	/* The ways that one device was found to be bound by are tried first for the next. */
	if (r == -E2BIG) {
		q->way_count = 0;
		dg_diag_report(q->c->a->diags, DG_E212, &q->c->a->policy->rules[rule].pos,
			       "whether every device that the rule accepts may be bound is not "
			       "decided within the budget");
		return 0;
	}
	return r;
}

/* The classes that a condition leaves no choice about, of variables with few classes. */
#define PINS_MAX 8
#define PINNED_CLASSES 64
#define PINNINGS_MAX 32 /* different ones that are worth the work */

struct pins {
	uint32_t vars[PINS_MAX], classes[PINS_MAX];
	size_t count;
};

static struct pins find_pins(const struct bind_question *q, dg_ref condition)
{
	const struct dg_diagram *d = q->c->a->fold->diagram;
	struct pins pins = {};

	while (!dg_ref_terminal(condition)) {
		uint32_t var = dg_diagram_var(d, condition);
		const struct dg_run *runs;
		size_t count, only = SIZE_MAX;
		uint32_t end;

		runs = dg_diagram_runs(d, condition, &count);
		for (size_t i = 0; i < count; i++) {
			if (runs[i].child == DG_FALSE)
				continue;
			if (only != SIZE_MAX)
				return pins;
			only = i;
		}
		end = only + 1 < count ? runs[only + 1].first : dg_diagram_class_count(d, var);
		if (!q->later[var] && runs[only].first + 1 == end && pins.count < PINS_MAX &&
		    dg_diagram_class_count(d, var) <= PINNED_CLASSES) {
			pins.vars[pins.count] = var;
			pins.classes[pins.count++] = runs[only].first;
		}
		condition = runs[only].child;
	}
	return pins;
}

/* The parts of bind where the pins hold: what cannot be there is out of the way. */
static int pin(struct dg_verdict_context *c, const struct dg_verdicts *all, const struct pins *pins)
{
	struct dg_verdicts *v = &c->ops[DG_OP_BIND];
	struct dg_diagram *d = c->a->fold->diagram;
	int r = 0;

	*v = *all;
	v->count = 0;
	for (size_t i = 0; i < all->count && r >= 0; i++) {
		dg_ref ref = all->roots[i];

		for (size_t k = 0; k < pins->count && r >= 0; k++)
			r = dg_diagram_restrict(d, ref, pins->vars[k], pins->classes[k], &ref);
		if (r >= 0)
			r = dg_outlooks_add(&c->outlooks, ref);
		if (ref != DG_PASS)
			v->roots[v->count++] = ref;
	}
	return r;
}

/* The parts of bind and of accept, of use only for rules that need a closer look. */
static int make_parts(struct dg_verdict_context *c, struct bind_question *q,
		      struct dg_verdicts *ret_all)
{
	int r;

	if (ret_all->made)
		return 0;
	r = dg_analysis_column(c->a, DG_OP_ACCEPT, &q->accept);
	if (r >= 0)
		r = dg_verdict_make(c, DG_OP_BIND, BIND_SLACK);
	if (r >= 0)
		*ret_all = c->ops[DG_OP_BIND];
	return r;
}

static int check_binds(struct dg_verdict_context *c, struct bind_question *q, uint32_t *device)
{
	struct dg_analysis *a = c->a;
	struct dg_verdicts all = {};
	struct pins now = {}, next;
	size_t pinnings = 0;
	int r;

	for (uint32_t i = 0; i < a->policy->rule_count; i++) {
		if (!accepts(&a->policy->rules[i]) || a->silent[i])
			continue;
		q->rank = a->fold->rank[i];
		r = a->policy->rules[i].ops >> DG_OP_BIND & 1 ? find_earlier_denial(q, i) : 1;
		if (r == 0)
			continue;
		if (r > 0 || r == -E2BIG)
			r = make_parts(c, q, &all);
		if (r < 0)
			return r;
		next = find_pins(q, a->match[i]);
		if (pinnings == PINNINGS_MAX)
			next = (struct pins){};
		if (memcmp(&next, &now, sizeof(next))) {
			r = pin(c, &all, &next);
			if (r < 0)
				return r;
			now = next;
			pinnings += now.count > 0;
		}
		/* Few of the ways of the last rule are of use here. */
		if (q->way_count > 2)
			q->way_count = 2;
		r = check_bind(q, i, device);
		if (r < 0)
			return r;
	}
	return 0;
}

int dg_analysis_binds(struct dg_analysis *a)
{
	_cleanup_(dg_verdict_context_done) struct dg_verdict_context c = {.a = a};
	struct bind_question q = {.c = &c};
	_cleanup_free_ uint32_t *classes = NULL;
	size_t count = a->search.var_count;
	bool any = false;
	int r;

	for (size_t i = 0; i < a->policy->rule_count && !any; i++)
		any = accepts(&a->policy->rules[i]) && !a->silent[i];
	if (!any || a->policy->unclear_ops & (1U << DG_OP_ACCEPT | 1U << DG_OP_BIND))
		return 0;
	/* The ways, one device, and a flag by variable. */
	classes = calloc((WAYS_MAX + 2) * count + 1, sizeof(*classes));
	if (!classes)
		return -ENOMEM;
	for (size_t way = 0; way < WAYS_MAX; way++)
		q.ways[way] = classes + way * count;
	q.close_steps = CLOSE_ALL;
	q.later = (bool *)(classes + (WAYS_MAX + 1) * count);
	for (size_t v = 0; v < count; v++)
		q.later[v] = settled_later(&a->search.vars[v]);
	r = dg_verdict_context_init(&c, a);
	if (r >= 0)
		r = check_binds(&c, &q, classes + WAYS_MAX * count);
	return r;
}
