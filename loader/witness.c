// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "schema.h"
#include "walker.h"
#include "witness.h"

struct witness {
	bool found;
	struct dg_facts facts;
	struct dg_answer answer;
};

struct dg_witnesses {
	/* by hook: its operation; by enum dg_verdict */
	struct witness of[DG_HOOK_MAX][2];
};

/* Would the answer be the same whatever the clock says, now and in a minute? */
static bool decide_steadily(const struct dg_tables *tables, const struct dg_facts *facts,
			    enum dg_op op, struct dg_answer *ret)
{
	struct dg_query query = {.op = op, .time = time(NULL)};
	struct dg_answer first, other;

	/* Damaged tables are no verdict. */
	if (dg_tables_decide(tables, facts, NULL, &query, &first) || first.rule == DG_RULE_BROKEN)
		return false;
	for (int i = 1; i < 4; i++) {
		query.clock_synced = i & 1;
		query.time += i & 2 ? 60 : 0;
		if (dg_tables_decide(tables, facts, NULL, &query, &other) ||
		    other.verdict != first.verdict || other.rule != first.rule)
			return false;
	}
	*ret = first;
	return true;
}

static void offer(struct dg_witnesses *witnesses, const struct dg_tables *tables,
		  const struct dg_facts *facts)
{
	for (int i = 0; i < DG_HOOK_MAX; i++) {
		struct dg_answer answer;
		struct witness *witness;

		if (dg_hook_info(i)->op == DG_OP_MAX ||
		    (witnesses->of[i][DG_VERDICT_DENY].found &&
		     witnesses->of[i][DG_VERDICT_ALLOW].found) ||
		    !decide_steadily(tables, facts, dg_hook_info(i)->op, &answer))
			continue;
		witness = &witnesses->of[i][answer.verdict == DG_VERDICT_ALLOW];
		/* A rule proves more than the default. */
		if (witness->found &&
		    !(witness->answer.rule == DG_RULE_DEFAULT && answer.rule != DG_RULE_DEFAULT))
			continue;
		witness->found = true;
		witness->facts = *facts;
		witness->answer = answer;
	}
}

static void forget_driver(struct dg_facts *facts)
{
	facts->known_str &= ~(1ULL << DG_STR_DRIVER_NAME | 1ULL << DG_STR_DRIVER_MODULE);
	facts->known_num &= ~(1ULL << DG_NUM_DRIVER_BUILTIN);
	facts->num[DG_NUM_DRIVER_BUILTIN] = 0;
	memset(&facts->str[DG_STR_DRIVER_NAME], 0, sizeof(facts->str[0]));
	memset(&facts->str[DG_STR_DRIVER_MODULE], 0, sizeof(facts->str[0]));
}

int dg_witnesses_find(const struct dg_tables *tables, const struct dg_inventory *devices,
		      struct dg_witnesses **ret)
{
	_cleanup_(dg_cleanup_witnesses) struct dg_witnesses *witnesses =
		calloc(1, sizeof(*witnesses));
	_cleanup_free_ struct dg_facts *facts = calloc(1, sizeof(*facts));

	if (!witnesses || !facts)
		return -ENOMEM;
	facts->size = sizeof(*facts);
	offer(witnesses, tables, facts);
	for (size_t i = 0; i < devices->device_count; i++) {
		dg_device_to_facts(devices->devices[i], facts);
		offer(witnesses, tables, facts);
		forget_driver(facts);
		offer(witnesses, tables, facts);
	}
	*ret = TAKE_PTR(witnesses);
	return 0;
}

void dg_witnesses_free(struct dg_witnesses *witnesses)
{
	free(witnesses);
}

/* "allow by rule 3", "deny by the default", "deny by damaged tables" */
static void verdict_words(char *to, size_t size, uint32_t verdict, uint32_t rule)
{
	const char *word = verdict == DG_VERDICT_ALLOW ? "allow" : "deny";

	if (rule == DG_RULE_DEFAULT)
		snprintf(to, size, "%s by the default", word);
	else if (rule == DG_RULE_BROKEN)
		snprintf(to, size, "%s by damaged tables", word);
	else
		snprintf(to, size, "%s by rule %u", word, rule);
}

static int prove_one(const struct witness *witness, enum dg_op op, uint32_t generation,
		     bool refuses, struct dg_failure *failure)
{
	bool refused = refuses && witness->answer.verdict == DG_VERDICT_DENY;
	char expected[64], got[64];
	struct dg_selftest test;
	int r;

	r = dg_kernel_selftest("", op, &witness->facts, &test, failure);
	if (r)
		return r;
	if (test.stamped && test.verdict == witness->answer.verdict &&
	    test.rule == witness->answer.rule && test.generation == generation &&
	    test.refused == refused)
		return 0;
	if (!test.stamped)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EIO,
					"the policy's program was not asked on %s%s: another BPF LSM "
					"program on the hook may answer before it (bpftool prog list)",
					dg_op_name(op),
					test.refused ? ", and the kernel refused" : "");
	verdict_words(expected, sizeof(expected), witness->answer.verdict, witness->answer.rule);
	verdict_words(got, sizeof(got), test.verdict, test.rule);
	return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EIO,
				"the kernel does not do what the policy says on %s: expected %s in "
				"generation %u, got %s in generation %u%s",
				dg_op_name(op), expected, generation, got, test.generation,
				test.refused == refused ? ""
				: test.refused		? ", and refused it: another LSM program does"
							: ", and did not refuse it");
}

int dg_witnesses_prove(const struct dg_witnesses *witnesses, uint32_t generation, bool refuses,
		       struct dg_proof *ret, struct dg_failure *failure)
{
	struct dg_proof proof = {};

	for (int i = 0; i < DG_HOOK_MAX; i++) {
		for (int verdict = DG_VERDICT_DENY; verdict <= DG_VERDICT_ALLOW; verdict++) {
			const struct witness *witness = &witnesses->of[i][verdict];
			enum dg_op op = dg_hook_info(i)->op;
			int r;

			if (!witness->found)
				continue;
			r = prove_one(witness, op, generation, refuses, failure);
			if (r)
				return r;
			*(verdict == DG_VERDICT_ALLOW ? &proof.allowed : &proof.denied) |= 1U << op;
		}
	}
	*ret = proof;
	return 0;
}
