// SPDX-License-Identifier: GPL-2.0-only
/*
 * An inventory of any kind, and the starting policy from it: a policy that loads and allows each
 * device exactly what was promised.
 */
#include <stdlib.h>

#include "eval.h"
#include "generate.h"
#include "policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_(dg_cleanup_generated) struct dg_generated *generated = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {0};
	unsigned int flags = size > 0 && data[size - 1] == ' ' ? DG_GENERATE_PIN : 0;

	if (dg_inventory_load_text("fuzz.json", (const char *)data, size, &diags, &inventory))
		return 0;
	if (dg_generate(inventory, flags, &generated) ||
	    dg_policy_load_text("generated.dgp", generated->text, generated->text_len, 0, &diags,
				&policy) ||
	    generated->device_count != inventory->device_count)
		abort();
	for (size_t i = 0; i < inventory->device_count; i++)
		for (enum dg_op op = 0; op < DG_OP_MAX; op++) {
			bool promised = generated->promised[i] >> op & 1;
			struct dg_answer answer;

			dg_eval_decide(policy, inventory->devices[i], op, 1800000000, true,
				       &answer);
			if (promised && answer.verdict != DG_VERDICT_ALLOW)
				abort();
			/* What was left out may be like one that was not. */
			if (!promised && generated->promised[i] &&
			    answer.verdict == DG_VERDICT_ALLOW)
				abort();
		}
	return 0;
}
