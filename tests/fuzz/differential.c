// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy, a NUL byte, an inventory: when both are understood, the tables must give the
 * reference's answer on every device, operation and time that the policy names a neighbour of.
 */
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "eval.h"
#include "inventory.h"
#include "object_read.h"
#include "policy.h"
#include "tables.h"
#include "walker.h"

#define DEVICES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct dg_policy *policy, const struct dg_tables *tables,
		    const struct dg_device *device, uint64_t time, bool clock_synced)
{
	static struct dg_facts_more more;
	static struct dg_facts facts;

	dg_device_to_facts(device, &facts);
	dg_device_to_more(device, &more);
	for (enum dg_op op = 0; op < DG_OP_MAX; op++) {
		struct dg_query query = {.op = op, .clock_synced = clock_synced, .time = time};
		struct dg_answer expected, got;

		dg_eval_decide(policy, device, op, time, clock_synced, &expected);
		if (dg_tables_decide(tables, &facts, &more, &query, &got) ||
		    memcmp(&expected, &got, sizeof(got)))
			abort();
	}
}

/* The times around the first few that rules name. */
static void compare_all(const struct dg_policy *policy, const struct dg_tables *tables,
			const struct dg_device *device)
{
	compare(policy, tables, device, 1800000000, true);
	for (size_t i = 0; i < policy->rule_count && i < 4; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		for (int off = -1; off <= 0; off++) {
			if (rule->has_from)
				compare(policy, tables, device, rule->from + (uint64_t)off, true);
			if (rule->has_until)
				compare(policy, tables, device, rule->until + (uint64_t)off, true);
			if (rule->has_until)
				compare(policy, tables, device, rule->until + (uint64_t)off, false);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_diags_ struct dg_diags diags = {0};
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_free_ struct dg_tables *tables = NULL;
	const uint8_t *end = memchr(data, 0, size);
	const char *what;

	if (!end || dg_policy_load_text("fuzz.dgp", (const char *)data, (size_t)(end - data), 0,
					&diags, &policy))
		return 0;
	if (dg_inventory_load_text("fuzz.json", (const char *)end + 1,
				   size - (size_t)(end - data) - 1, &diags, &inventory))
		return 0;
	if (dg_tables_build(policy, &diags, &tables, NULL))
		return 0;
	if (dg_tables_check(tables, tables->size, &what))
		abort();
	for (size_t i = 0; i < inventory->device_count && i < DEVICES_MAX; i++)
		compare_all(policy, tables, inventory->devices[i]);
	return 0;
}
