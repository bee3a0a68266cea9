// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "arena.h"
#include "array.h"
#include "device_diff.h"
#include "eval.h"
#include "inventory.h"
#include "object_read.h"
#include "walker.h"

static size_t dg_judge_rules(const struct dg_judge *judge)
{
	return judge->tables ? judge->tables->rule_count : judge->policy->rule_count;
}

struct dg_bytes dg_judge_rule(const struct dg_judge *judge, uint32_t rule)
{
	const char *id;

	if (rule >= dg_judge_rules(judge))
		return (struct dg_bytes){ 0 };
	if (!judge->tables)
		return judge->policy->rules[rule].id;
	id = dg_tables_rule_id(judge->tables, rule);
	return (struct dg_bytes){ id, strlen(id) };
}

/* An index that no rule has must not be looked up: the answer may come from damaged tables. */
static bool dg_answer_valid(const struct dg_judge *judge, const struct dg_answer *answer)
{
	size_t rules = dg_judge_rules(judge);

	return (answer->rule < rules || answer->rule == DG_RULE_DEFAULT) &&
	       (answer->would < rules || answer->would == DG_RULE_NONE);
}

/* The facts in the tables' form, made once for both judges. */
struct dg_prepared {
	bool ready;
	struct dg_facts facts;
	struct dg_facts_more more;
};

static int dg_judge_prepared(const struct dg_judge *judge, const struct dg_device *device,
			     struct dg_prepared *prepared, uint32_t ops, uint64_t time,
			     struct dg_answer *answers)
{
	struct dg_query query = { .time = time, .clock_synced = 1 };
	struct dg_walk_state walk;

	if (judge->tables && !prepared->ready) {
		dg_device_to_facts(device, &prepared->facts);
		dg_device_to_more(device, &prepared->more);
		prepared->ready = true;
	}
	if (judge->tables)
		dg_walk_start(&walk, judge->tables, &prepared->facts, &prepared->more);
	for (query.op = 0; query.op < DG_OP_MAX; query.op++) {
		struct dg_answer *answer = &answers[query.op];
		int err = 0;

		if (!(ops >> query.op & 1))
			continue;
		if (judge->tables)
			err = dg_walk_decide(&walk, &query, answer);
		else
			dg_eval_decide(judge->policy, device, (enum dg_op)query.op, time, true,
				       answer);
		if (err || !dg_answer_valid(judge, answer))
			return -EBADMSG;
	}
	return 0;
}

int dg_judge_device(const struct dg_judge *judge, const struct dg_device *device, uint32_t ops,
		    uint64_t time, struct dg_answer answers[static DG_OP_MAX])
{
	struct dg_prepared prepared = { .ready = false };

	return dg_judge_prepared(judge, device, &prepared, ops, time, answers);
}

struct dg_comparison {
	const struct dg_judge *old_judge, *new_judge;
	uint32_t ops;
	uint64_t time;
	struct dg_device_diff *diff;
	struct dg_prepared prepared;
};

static int dg_add_change(struct dg_device_diff *diff, const struct dg_bytes *label, enum dg_op op,
			 const struct dg_answer *old_answer, const struct dg_answer *new_answer)
{
	int err = dg_array_reserve(&diff->changes, &diff->room, diff->count + 1,
				   sizeof(*diff->changes));

	if (err)
		return err;
	diff->changes[diff->count++] = (struct dg_device_change){
		.device = *label,
		.op = op,
		.old_answer = *old_answer,
		.new_answer = *new_answer,
	};
	return 0;
}

static int dg_compare_device(struct dg_device *device, size_t position, void *context)
{
	struct dg_comparison *c = context;
	struct dg_answer old_answers[DG_OP_MAX], new_answers[DG_OP_MAX];
	struct dg_bytes label = { 0 };
	int err;

	(void)position;
	c->diff->devices++;
	c->prepared.ready = false;
	err = dg_judge_prepared(c->old_judge, device, &c->prepared, c->ops, c->time, old_answers);
	if (!err)
		err = dg_judge_prepared(c->new_judge, device, &c->prepared, c->ops, c->time,
					new_answers);
	for (unsigned int op = 0; op < DG_OP_MAX && !err; op++) {
		if (!(c->ops >> op & 1) || old_answers[op].verdict == new_answers[op].verdict)
			continue;
		if (!label.data) {
			label.data = dg_arena_copy(c->diff->arena, device->label.data,
						   device->label.len);
			label.len = device->label.len;
			if (!label.data)
				return -ENOMEM;
			c->diff->devices_changed++;
		}
		err = dg_add_change(c->diff, &label, (enum dg_op)op, &old_answers[op],
				    &new_answers[op]);
	}
	return err;
}

int dg_device_diff_new(const char *path, const struct dg_judge *old_judge,
		       const struct dg_judge *new_judge, uint32_t ops, uint64_t time,
		       struct dg_diags *diags, struct dg_device_diff **ret)
{
	_cleanup_(dg_cleanup_device_diff) struct dg_device_diff *diff = calloc(1, sizeof(*diff));
	_cleanup_free_ struct dg_comparison *c = calloc(1, sizeof(*c));
	int err;

	if (!diff || !c)
		return -ENOMEM;
	diff->arena = dg_arena_new();
	if (!diff->arena)
		return -ENOMEM;
	c->old_judge = old_judge;
	c->new_judge = new_judge;
	c->ops = ops;
	c->time = time;
	c->diff = diff;
	err = dg_inventory_each(path, diags, dg_compare_device, c);
	if (!err)
		*ret = TAKE_PTR(diff);
	return err;
}

void dg_device_diff_free(struct dg_device_diff *diff)
{
	if (!diff)
		return;
	dg_arena_free(diff->arena);
	free(diff->changes);
	free(diff);
}
