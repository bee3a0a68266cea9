/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies for the tests of the back end, from text. */
#pragma once

#include <criterion/criterion.h>
#include <string.h>

#include "inventory.h"
#include "object.h"
#include "object_read.h"
#include "policy.h"
#include "walker.h"

#define HEAD                                                                                       \
	"policy \"test\" version 7 abi 1;\n"                                                       \
	"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n"

static inline struct dg_policy *parse(const char *text)
{
	struct dg_diags diags = {};
	struct dg_policy *policy = NULL;
	int r = dg_policy_load_text("test.dgp", text, strlen(text), DG_LOAD_NO_EXPIRED, &diags,
				    &policy);

	if (r < 0)
		dg_diags_print(stderr, &diags);
	dg_diags_done(&diags);
	cr_assert_eq(r, 0, "the policy does not parse");
	return policy;
}

static inline struct dg_tables *compile(const char *text)
{
	struct dg_policy *policy = parse(text);
	struct dg_tables *tables = NULL;
	struct dg_diags diags = {};
	const char *what = "";

	cr_assert_eq(dg_tables_build(policy, &diags, &tables, NULL), 0);
	cr_assert_eq(dg_tables_check(tables, tables->size, &what), 0, "%s", what);
	dg_diags_done(&diags);
	dg_policy_free(policy);
	return tables;
}

/* Decide for a device in JSON. */
static inline struct dg_answer decide(const struct dg_tables *tables, const char *json,
				      struct dg_query query)
{
	struct dg_inventory *inventory = NULL;
	struct dg_diags diags = {};
	struct dg_answer answer;
	static struct dg_facts_more more;
	struct dg_facts facts;

	cr_assert_eq(dg_inventory_load_text("d.json", json, strlen(json), &diags, &inventory), 0);
	dg_device_to_facts(inventory->devices[0], &facts);
	dg_device_to_more(inventory->devices[0], &more);
	cr_assert_eq(dg_tables_decide(tables, &facts, &more, &query, &answer), 0);
	dg_inventory_free(inventory);
	dg_diags_done(&diags);
	return answer;
}

static inline struct dg_answer judge(const struct dg_tables *tables, const char *json)
{
	return decide(tables, json, (struct dg_query){.op = DG_OP_BIND, .clock_synced = 1});
}

/* Each word of the tables wrong in turn: refused, or still fit to be followed for the device. */
static inline void expect_no_wild_index(struct dg_tables *t, const char *device)
{
	static const uint32_t wrong[] = {0, 0x7fffffff, 0x80000001, 0xffffffff};
	uint32_t *words = (uint32_t *)t, size = t->size;
	const char *what;

	for (size_t i = 0; i < size / sizeof(*words); i++) {
		uint32_t right = words[i];

		for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
			words[i] = wrong[k];
			if (dg_tables_check(t, size, &what) == 0)
				cr_expect_neq(judge(t, device).rule, DG_RULE_BROKEN, "word %zu", i);
		}
		words[i] = right;
	}
}
