// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* What is judged over the whole policy (language page, section 7, without the decision diagram). */
#include <string.h>

#include "frontend.h"
#include "suggest.h"

/* The test alone: where it is @truth, spdm.verified is true. */
static bool dg_test_implies_verified(const struct dg_expr *test, bool truth)
{
	bool wanted;

	if (!test->attr || test->attr->id != DG_ATTR_SPDM_VERIFIED)
		return false;
	switch (test->test) {
	case DG_TEST_TRUE:
		return truth;
	case DG_TEST_EQ:
		wanted = test->literal.num;
		return wanted == truth;
	case DG_TEST_NE:
		wanted = !test->literal.num;
		return wanted == truth;
	case DG_TEST_IN:
		for (size_t i = 0; i < test->item_count; i++)
			if (test->items[i].kind != DG_ITEM_LITERAL || !test->items[i].low.num)
				return false;
		return truth && test->item_count;
	default:
		return false;
	}
}

/* Where @expr is true (or, with @truth false, where it is false) spdm.verified is true. */
static bool dg_implies_verified(const struct dg_expr *expr, bool truth)
{
	switch (expr->kind) {
	case DG_EXPR_TRUE:
		return !truth;
	case DG_EXPR_FALSE:
		return truth;
	case DG_EXPR_NOT:
		return dg_implies_verified(expr->left, !truth);
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		/* A true `and`, like a false `or`, has both sides; else there are two ways. */
		if ((expr->kind == DG_EXPR_AND) == truth)
			return dg_implies_verified(expr->left, truth) ||
			       dg_implies_verified(expr->right, truth);
		return dg_implies_verified(expr->left, truth) &&
		       dg_implies_verified(expr->right, truth);
	case DG_EXPR_TEST:
		return dg_test_implies_verified(expr, truth);
	}
	return false;
}

bool dg_check_implies_verified(const struct dg_expr *expr)
{
	return dg_implies_verified(expr, true);
}

static void dg_check_accept(struct dg_front *front)
{
	const struct dg_policy *policy = front->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		if (rule->effect != DG_EFFECT_ALLOW || !(rule->ops & 1U << DG_OP_ACCEPT) ||
		    rule->broken)
			continue;
		if (rule->where && dg_check_implies_verified(rule->where))
			continue;
		dg_diag_report(front->diags, DG_E070, &rule->pos,
			       "the rule allows accept, but the shape of its condition does not show "
			       "that spdm.verified is true; add `and spdm.verified`");
		front->benign_errors++;
	}
}

static void dg_check_defaults(struct dg_front *front)
{
	const struct dg_policy *policy = front->policy;
	char names[160] = "";
	size_t used = 0;

	for (int op = 0; op < DG_OP_MAX; op++)
		if (!(front->defaults_seen & 1U << op))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", dg_op_name((enum dg_op)op));
	if (!used || front->defaults_uncertain)
		return;
	dg_diag_report(front->diags, DG_E028, front->policy_seen ? &policy->pos : &front->first_pos,
		       "no default for %s", names);
	front->undecidable = true;
}

static void dg_check_sets(struct dg_front *front)
{
	const struct dg_policy *policy = front->policy;

	for (size_t i = 0; i < policy->set_count; i++)
		if (!policy->sets[i]->used)
			dg_diag_report(front->diags, DG_E200, &policy->sets[i]->pos,
				       "the set \"%.*s\" is never used",
				       (int)policy->sets[i]->name.len, policy->sets[i]->name.data);
}

static void dg_report_unknown_rule(struct dg_front *front, const struct dg_expect *expect)
{
	const struct dg_policy *policy = front->policy;
	struct dg_suggestion near = dg_suggest_start(expect->rule.data, expect->rule.len);

	if (policy->rule_count <= DG_SEARCHED_MAX && front->searches++ < DG_SEARCHES_MAX)
		for (size_t i = 0; i < policy->rule_count; i++)
			dg_suggest_try(&near, policy->rules[i].id.data, policy->rules[i].id.len);
	dg_diag_report(front->diags, DG_E047, &expect->rule_pos, "no rule is called \"%.*s\"%s",
		       (int)expect->rule.len, expect->rule.data, dg_suggest_text(&near));
	front->benign_errors++;
}

static void dg_check_expectations(struct dg_front *front)
{
	const struct dg_policy *policy = front->policy;

	for (size_t i = 0; i < policy->test_count; i++) {
		const struct dg_test_node *test = &policy->tests[i];

		for (size_t k = 0; k < test->expect_count; k++) {
			struct dg_expect *expect = &test->expects[k];

			if (!expect->by_rule || dg_symtab_find(&front->rules, expect->rule))
				continue;
			expect->broken = true;
			/* A list of operations is one `expect`: said once. */
			if (k && expect->rule_pos.line == expect[-1].rule_pos.line &&
			    expect->rule_pos.column == expect[-1].rule_pos.column)
				continue;
			if (!front->names_uncertain)
				dg_report_unknown_rule(front, expect);
		}
	}
}

static void dg_check_asserts(struct dg_front *front)
{
	const struct dg_policy *policy = front->policy;

	for (size_t i = 0; i < policy->assert_count; i++)
		dg_diag_report(front->diags, DG_E204, &policy->asserts[i].pos,
			       "the assertion \"%.*s\" is not proven by this version",
			       (int)policy->asserts[i].name.len, policy->asserts[i].name.data);
}

void dg_check_policy(struct dg_front *front)
{
	dg_check_defaults(front);
	if (front->syntax_failed)
		return;
	dg_check_accept(front);
	dg_check_sets(front);
	dg_check_expectations(front);
	dg_check_asserts(front);
}
