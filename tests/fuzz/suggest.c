// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of `watch --json`, as suggest reads it: any bytes end in diagnostics or in rules, and the
 * rules admit the devices of the log that they say they do.
 */
#include <stdlib.h>

#include "eval.h"
#include "suggest_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dg_suggestions *suggestions, const struct dg_denials *denials)
{
	for (size_t i = 0; i < suggestions->count; i++) {
		const struct dg_suggested *rule = &suggestions->rules[i];
		const struct dg_rule_node *node = &suggestions->policy->rules[i];

		if (!rule->count || !rule->ops || rule->ops != node->ops ||
		    node->effect != DG_EFFECT_ALLOW)
			abort();
		for (size_t k = 0; k < rule->count; k++) {
			const struct dg_device *device =
				denials->devices->devices[rule->numbers[k]];

			if (node->where && dg_eval_condition(node->where, device) != DG_TRUTH_TRUE)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *suggestions = NULL;
	_cleanup_(dg_cleanup_denials) struct dg_denials *denials = NULL;
	_cleanup_diags_ struct dg_diags diags = {0};

	if (dg_denials_load_text("fuzz.log", (const char *)data, size, &diags, &denials))
		return 0;
	if (dg_suggest(denials, NULL, &suggestions))
		abort();
	check(suggestions, denials);
	return 0;
}
