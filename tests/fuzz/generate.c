// SPDX-License-Identifier: GPL-2.0-only
/*
 * An inventory of any kind, and the starting policy from it: a policy without a warning, with a
 * test for each rule that holds, that allows each device exactly what was promised.
 */
#include <stdlib.h>

#include "eval.h"
#include "generate.h"
#include "policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_device(const struct dg_policy *policy, const struct dg_device *device,
			 uint32_t promised)
{
	for (enum dg_op op = 0; op < DG_OP_MAX; op++) {
		struct dg_answer answer;

		dg_eval_decide(policy, device, op, 1800000000, true, &answer);
		if ((answer.verdict == DG_VERDICT_ALLOW) != (promised >> op & 1))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_(dg_cleanup_generated) struct dg_generated *generated = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags warnings = {0}, diags = {0};
	unsigned int flags = size > 0 && data[size - 1] == ' ' ? DG_GENERATE_PIN : 0;
	size_t left_out = 0;

	if (dg_inventory_load_text("fuzz.json", (const char *)data, size, &warnings, &inventory))
		return 0;
	if (dg_generate(inventory, flags, &generated) ||
	    dg_policy_load_text("generated.dgp", generated->text, generated->text_len,
				DG_LOAD_TESTS, &diags, &policy) ||
	    diags.count || generated->device_count != inventory->device_count)
		abort();
	for (size_t i = 0; i < inventory->device_count; i++) {
		check_device(policy, inventory->devices[i], generated->promised[i]);
		left_out += !generated->promised[i];
	}
	if (left_out != generated->left_out)
		abort();
	return 0;
}
