/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "fold.h"

#include <string.h>

#include "array.h"

void dg_fold_free(struct dg_fold *fold)
{
	if (!fold)
		return;
	dg_symbols_free(fold->symbols);
	dg_diagram_free(fold->diagram);
	free(fold);
}

struct refs {
	dg_ref *items;
	size_t count, room;
};

static int add_ref(struct refs *refs, dg_ref ref)
{
	int r = dg_array_reserve(&refs->items, &refs->room, refs->count + 1, sizeof(*refs->items));

	if (r < 0)
		return r;
	refs->items[refs->count++] = ref;
	return 0;
}

static void refs_done(struct refs *refs)
{
	free(refs->items);
}

static int build_test(struct dg_fold *f, const struct dg_expr *expr, dg_ref *ret)
{
	struct dg_test_meaning meaning;
	const struct dg_atom *atoms = meaning.atoms;
	dg_ref result, second;
	int r;

	if (!dg_symbols_test(f->symbols, expr, &meaning))
		return -EINVAL;
	if (expr->test == DG_TEST_KNOWN || expr->test == DG_TEST_NOT_KNOWN)
		return dg_diagram_known(f->diagram, atoms[0].var, expr->test == DG_TEST_KNOWN, ret);

	r = dg_diagram_member(f->diagram, atoms[0].var, atoms[0].runs, atoms[0].run_count,
			      DG_UNKNOWN, &result);
	if (r >= 0 && meaning.count == 2) {
		r = dg_diagram_member(f->diagram, atoms[1].var, atoms[1].runs, atoms[1].run_count,
				      DG_UNKNOWN, &second);
		if (r >= 0)
			r = dg_diagram_apply(f->diagram, DG_APPLY_OR, result, second, &result);
	}
	if (r >= 0 && meaning.negated)
		r = dg_diagram_apply(f->diagram, DG_APPLY_NOT, result, DG_FALSE, &result);
	if (r < 0)
		return r;
	*ret = result;
	return 0;
}

static int build_condition(struct dg_fold *f, const struct dg_expr *expr, dg_ref *ret);

/*
 * The operands of a chain of one operator, with a stack of its own: ten thousand `or` make a tree
 * that deep. What remains as recursion is the nesting of different operators, which the parser
 * bounds.
 */
static int build_chain(struct dg_fold *f, const struct dg_expr *chain, dg_ref *ret)
{
	_cleanup_free_ const struct dg_expr **stack = NULL;
	_cleanup_(refs_done) struct refs refs = {};
	size_t depth = 0, room = 0;
	dg_ref ref;
	int r;

	r = dg_array_reserve(&stack, &room, 1, sizeof(*stack));
	if (r < 0)
		return r;
	stack[depth++] = chain;
	while (depth > 0) {
		const struct dg_expr *expr = stack[--depth];

		if (expr->kind == chain->kind) {
			r = dg_array_reserve(&stack, &room, depth + 2, sizeof(*stack));
			if (r < 0)
				return r;
			stack[depth++] = expr->right;
			stack[depth++] = expr->left;
			continue;
		}
		r = build_condition(f, expr, &ref);
		if (r >= 0)
			r = add_ref(&refs, ref);
		if (r < 0)
			return r;
	}
	return dg_diagram_reduce(f->diagram,
				 chain->kind == DG_EXPR_AND ? DG_APPLY_AND : DG_APPLY_OR,
				 refs.items, refs.count, ret);
}

static int build_condition(struct dg_fold *f, const struct dg_expr *expr, dg_ref *ret)
{
	bool negated = false;
	dg_ref ref;
	int r;

	for (; expr->kind == DG_EXPR_NOT; expr = expr->left)
		negated = !negated;
	switch (expr->kind) {
	case DG_EXPR_TRUE:
	case DG_EXPR_FALSE:
		ref = expr->kind == DG_EXPR_TRUE ? DG_TRUE : DG_FALSE;
		r = 0;
		break;
	case DG_EXPR_TEST:
		r = build_test(f, expr, &ref);
		break;
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		r = build_chain(f, expr, &ref);
		break;
	default:
		r = -EINVAL;
	}
	if (r >= 0 && negated)
		r = dg_diagram_apply(f->diagram, DG_APPLY_NOT, ref, DG_FALSE, &ref);
	if (r < 0)
		return r;
	*ret = ref;
	return 0;
}

static int build_atom(struct dg_fold *f, struct dg_atom atom, bool negated, dg_ref *ret)
{
	dg_ref ref;
	int r;

	r = dg_diagram_member(f->diagram, atom.var, atom.runs, atom.run_count, DG_FALSE, &ref);
	if (r >= 0 && negated)
		r = dg_diagram_apply(f->diagram, DG_APPLY_NOT, ref, DG_FALSE, &ref);
	if (r < 0)
		return r;
	*ret = ref;
	return 0;
}

/*
 * When the rule is live. With a clock that nobody vouches for, `until` must not be the reason to
 * admit anything: an allow is not live then, and what denies goes on denying.
 */
static int build_live(struct dg_fold *f, const struct dg_rule_node *rule, dg_ref *ret)
{
	bool allow = rule->effect == DG_EFFECT_ALLOW;
	dg_ref live = DG_TRUE, before, clock;
	int r = 0;

	if (rule->has_until) {
		r = build_atom(f, dg_symbols_time_from(f->symbols, rule->until), true, &before);
		if (r >= 0)
			r = build_atom(f, dg_symbols_clock_synced(f->symbols), !allow, &clock);
		if (r >= 0)
			r = dg_diagram_apply(f->diagram, allow ? DG_APPLY_AND : DG_APPLY_OR, before,
					     clock, &live);
	}
	if (r >= 0 && rule->has_from) {
		r = build_atom(f, dg_symbols_time_from(f->symbols, rule->from), false, &before);
		if (r >= 0)
			r = dg_diagram_apply(f->diagram, DG_APPLY_AND, live, before, &live);
	}
	if (r < 0)
		return r;
	*ret = live;
	return 0;
}

/* The decision that a rule by itself takes. */
static int build_rule(struct dg_fold *f, const struct dg_policy *policy, uint32_t index,
		      dg_ref *ret)
{
	const struct dg_rule_node *rule = &policy->rules[index];
	struct dg_decision decision = {.rule = index, .would = DG_DECISION_NONE};
	dg_ref condition = DG_TRUE, live, terminal;
	int r = 0;

	if (rule->permissive)
		decision = (struct dg_decision){.rule = DG_DECISION_PASS, .would = index};
	if (rule->where)
		r = build_condition(f, rule->where, &condition);
	if (r >= 0)
		r = build_live(f, rule, &live);
	if (r >= 0)
		r = dg_diagram_apply(f->diagram, DG_APPLY_AND, condition, live, &condition);
	if (r >= 0)
		r = dg_diagram_decision(f->diagram, decision, &terminal);
	if (r < 0)
		return r;
	return dg_diagram_apply(f->diagram,
				rule->effect == DG_EFFECT_ALLOW ? DG_APPLY_MATCH
								: DG_APPLY_MATCH_UNKNOWN,
				condition, terminal, ret);
}

/* Forbids first, then the others, each in order of position; then the default. */
static int build_op(struct dg_fold *f, const struct dg_policy *policy, const dg_ref *rules,
		    enum dg_op op, dg_ref *ret)
{
	_cleanup_(refs_done) struct refs refs = {};
	struct dg_decision decision = {.rule = policy->defaults[op] == DG_VERDICT_ALLOW
						       ? DG_DECISION_DEFAULT_ALLOW
						       : DG_DECISION_DEFAULT_DENY,
				       .would = DG_DECISION_NONE};
	dg_ref all = DG_PASS, terminal;
	int r = 0;

	for (int forbids = 1; forbids >= 0; forbids--)
		for (size_t i = 0; i < policy->rule_count && r >= 0; i++) {
			const struct dg_rule_node *rule = &policy->rules[i];

			if ((rule->effect == DG_EFFECT_FORBID) == forbids && rule->ops >> op & 1)
				r = add_ref(&refs, rules[i]);
		}
	/* The default stands outside the tree, so that operations with the same rules share it. */
	if (r >= 0 && refs.count > 0)
		r = dg_diagram_reduce(f->diagram, DG_APPLY_THEN, refs.items, refs.count, &all);
	if (r >= 0)
		r = dg_diagram_decision(f->diagram, decision, &terminal);
	if (r < 0)
		return r;
	return dg_diagram_apply(f->diagram, DG_APPLY_THEN, all, terminal, ret);
}

static int build(struct dg_fold *f, const struct dg_policy *policy, const struct dg_pos **where)
{
	_cleanup_free_ dg_ref *rules = calloc(policy->rule_count + 1, sizeof(*rules));
	int r = 0;

	if (!rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->rule_count && r >= 0; i++) {
		*where = &policy->rules[i].pos;
		r = build_rule(f, policy, i, &rules[i]);
	}
	for (unsigned int op = 0; op < DG_OP_MAX && r >= 0; op++) {
		*where = &policy->pos;
		r = build_op(f, policy, rules, op, &f->roots[op]);
	}
	return r;
}

struct report {
	struct dg_diags *diags;
	const struct dg_policy *policy;
};

static void report_symbols(void *data, enum dg_symbols_fault fault, const struct dg_attr *attr,
			   const struct dg_expr *expr)
{
	struct report *report = data;

	if (fault == DG_SYMBOLS_TOO_BIG)
		dg_diag_report(
			report->diags, DG_E101, expr ? &expr->pos : &report->policy->pos,
			"the policy is too big for tables: the names and globs on %s make an "
			"automaton with more than %u transitions",
			attr->name, DG_AUTOMATON_MAX_ENTRIES);
	else
		dg_diag_report(report->diags, DG_E100, &expr->pos,
			       "%s has no table form in this version: check and sim --engine ref "
			       "know it, compile does not",
			       attr->name);
}

static int new_diagram(struct dg_fold *f)
{
	_cleanup_free_ uint32_t *counts = NULL;
	const struct dg_variable *vars;
	uint32_t count;

	vars = dg_symbols_variables(f->symbols, &count);
	counts = calloc(count + UINT64_C(1), sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		counts[i] = vars[i].class_count;
	f->diagram = dg_diagram_new(counts, count, DG_FOLD_MAX_RUNS);
	return f->diagram ? 0 : -ENOMEM;
}

int dg_fold_new(const struct dg_policy *policy, struct dg_diags *diags, struct dg_fold **ret)
{
	_cleanup_(dg_cleanup_fold) struct dg_fold *f = calloc(1, sizeof(*f));
	struct report report = {.diags = diags, .policy = policy};
	struct dg_symbols_options options = {.report = report_symbols, .data = &report};
	const struct dg_pos *where = &policy->pos;
	int r;

	if (!f)
		return -ENOMEM;
	r = dg_symbols_new(&policy, 1, &options, &f->symbols);
	if (r == -EOPNOTSUPP)
		return -EBADMSG;
	if (r >= 0)
		r = new_diagram(f);
	if (r >= 0)
		r = build(f, policy, &where);
	if (r == -E2BIG) {
		dg_diag_report(diags, DG_E101, where,
			       "the policy is too big for tables: its decision diagram needs more "
			       "than %u edges",
			       DG_FOLD_MAX_RUNS);
		return -EBADMSG;
	}
	if (r < 0)
		return r;
	*ret = TAKE_PTR(f);
	return 0;
}
