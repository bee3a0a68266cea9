// SPDX-License-Identifier: GPL-2.0-only
#include "compiled.h"

#include <errno.h>

static const char text[] =
	HEAD "allow \"a\" on bind where device.name like \"nvme*\" and pci.bus in 3 .. 9;\n";
static const char device[] = "{\"device.name\":\"nvme0\",\"pci.bus\":4}";

Test(walker, decides)
{
	struct dg_tables *t = compile(text);

	cr_expect_eq(judge(t, device).verdict, DG_VERDICT_ALLOW);
	cr_expect_eq(judge(t, "{\"device.name\":\"nvme0\",\"pci.bus\":10}").verdict,
		     DG_VERDICT_DENY);
	free(t);
}

Test(walker, refuses_an_unknown_operation)
{
	struct dg_tables *t = compile(text);
	struct dg_query query = {.op = DG_OP_MAX};
	struct dg_answer answer = {.rule = 77};
	static struct dg_facts facts;
	static struct dg_facts_more more;

	cr_expect_eq(dg_tables_decide(t, &facts, &more, &query, &answer), -EINVAL);
	cr_expect_eq(answer.rule, 77, "the output is untouched on failure");
	free(t);
}

/* One word after the other wrong: no crash (the sanitizers look on), and what is broken denies. */
Test(walker, damaged_words_never_allow_by_accident_of_memory)
{
	static const uint32_t wrong[] = {0, 0x7fffffff, 0x80000000, 0xffffffff};
	struct dg_tables *t = compile(text);
	uint32_t *words = (uint32_t *)t, size = t->size;

	for (size_t i = 0; i < size / sizeof(*words); i++) {
		uint32_t right = words[i];

		for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
			struct dg_answer answer;

			words[i] = wrong[k];
			if (t->size > size) /* the caller's promise: as large as it says */
				t->size = size;
			answer = judge(t, device);
			if (answer.rule == DG_RULE_BROKEN)
				cr_expect_eq(answer.verdict, DG_VERDICT_DENY);
		}
		words[i] = right;
	}
	free(t);
}

/* What is kept from question to question is the device's, not the time's or the clock's. */
Test(walker, each_question_has_its_own_time)
{
	struct dg_tables *t =
		compile(HEAD "allow \"a\" on bind where pci.bus == 3 until 2030-01-01;\n");
	static const struct {
		uint64_t time;
		uint32_t clock_synced, verdict;
	} asked[] = {
		{0, 1, DG_VERDICT_ALLOW}, {4000000000, 1, DG_VERDICT_DENY},
		{0, 1, DG_VERDICT_ALLOW}, {0, 0, DG_VERDICT_DENY},
		{0, 1, DG_VERDICT_ALLOW},
	};
	struct dg_facts facts = {.known_num = 1U << DG_NUM_PCI_BUS};
	static struct dg_facts_more more;
	struct dg_walk_state walk;

	facts.num[DG_NUM_PCI_BUS] = 3;
	dg_walk_start(&walk, t, &facts, &more);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct dg_query query = {.op = DG_OP_BIND,
					 .time = asked[i].time,
					 .clock_synced = asked[i].clock_synced};
		struct dg_answer answer;

		cr_expect_eq(dg_walk_decide(&walk, &query, &answer), 0);
		cr_expect_eq(answer.verdict, asked[i].verdict, "question %zu", i);
	}
	free(t);
}

Test(walker, a_circle_ends)
{
	struct dg_tables *t = compile(text);
	uint32_t *words = (uint32_t *)((char *)t + t->node_off);

	/* Every edge of every node leads back to the first. */
	for (uint32_t at = 0; at < t->node_size / 4;) {
		struct dg_node *node = (struct dg_node *)(words + at);
		uint32_t step = node->kind == DG_NODE_DENSE ? 1 : 2;

		at += 2;
		for (uint32_t i = 0; i < node->count; i++)
			words[at + (i + 1) * step - 1] = 0;
		at = (at + node->count * step + 1) & ~1U;
	}
	cr_expect_eq(judge(t, device).rule, DG_RULE_BROKEN);
	free(t);
}
