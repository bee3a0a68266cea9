// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/* What is judged over the whole policy without its decision diagrams (language page, section 7). */
#include <string.h>

#include "frontend.h"
#include "suggest.h"

static void dg_check_defaults(struct dg_front *front)
{
	struct dg_policy *policy = front->policy;
	char names[160] = "";
	size_t used = 0;

	for (int op = 0; op < DG_OP_MAX; op++)
		if (!(front->defaults_seen & 1U << op))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", dg_op_name((enum dg_op)op));
	policy->unclear_ops |= DG_OPS_ALL & ~front->defaults_seen;
	if (!used || front->defaults_uncertain)
		return;
	dg_diag_report(front->diags, DG_E028, front->policy_seen ? &policy->pos : &front->first_pos,
		       "no default for %s", names);
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

			expect->broken = policy->unclear_ops >> expect->op & 1;
			if (!expect->by_rule || dg_symtab_find(&front->rules, expect->rule))
				continue;
			expect->broken = true;
			/* A list of operations is one `expect`: said once. */
			if (k && expect->rule_pos.line == expect[-1].rule_pos.line &&
			    expect->rule_pos.column == expect[-1].rule_pos.column)
				continue;
			if (!front->names_uncertain && !front->ids_uncertain)
				dg_report_unknown_rule(front, expect);
		}
	}
}

/*
 * What an error left unclear is not judged, nor what depends on it: its operations' assertions and
 * expectations. Whatever such a rule means, another that never decides without it does not with it.
 */
static void dg_set_aside(struct dg_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct dg_rule_node *rule = &policy->rules[i];

		if (!rule->unclear)
			continue;
		rule->ops = 0;
		rule->where = NULL;
		rule->has_from = rule->has_until = false;
	}
	for (size_t i = 0; i < policy->assert_count; i++)
		policy->asserts[i].ops &= ~policy->unclear_ops;
}

void dg_check_policy(struct dg_front *front)
{
	dg_check_defaults(front);
	dg_check_set_uses(front);
	dg_check_expectations(front);
	if (front->syntax_failed)
		return;
	if (dg_check_accept(front) < 0)
		front->diags->out_of_memory = true;
	dg_check_sets(front);
	dg_set_aside(front->policy);
}
