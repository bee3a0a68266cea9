// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "arena.h"
#include "array.h"
#include "device_diff.h"
#include "eval.h"
#include "inventory.h"

struct dg_comparison {
	const struct dg_policy *policies[2];
	struct dg_fold *folds[2]; /* NULL: by the reference evaluator */
	struct dg_device_judge judge;
	uint32_t ops;
	uint64_t time;
	struct dg_device_diff *diff;
};

static void dg_comparison_done(struct dg_comparison *c)
{
	dg_device_judge_done(&c->judge);
	dg_fold_free(c->folds[1]); /* borrows from the first */
	dg_fold_free(c->folds[0]);
}

static void dg_evaluate(const struct dg_comparison *c, unsigned int which,
			const struct dg_device *device, struct dg_device_verdict *verdicts)
{
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		struct dg_answer answer;

		if (!(c->ops >> op & 1))
			continue;
		dg_eval_decide(c->policies[which], device, (enum dg_op)op, c->time, true, &answer);
		verdicts[op].verdict = (enum dg_verdict)answer.verdict;
		verdicts[op].rule = answer.rule;
	}
}

static int dg_keep_label(struct dg_device_diff *diff, const struct dg_bytes *label,
			 struct dg_bytes *ret)
{
	char *copy;

	if (ret->data)
		return 0;
	copy = dg_arena_copy(diff->arena, label->data, label->len);
	if (!copy)
		return -ENOMEM;
	*ret = (struct dg_bytes){ copy, label->len };
	diff->devices_changed++;
	return 0;
}

static int dg_compare_device(struct dg_device *device, size_t position, void *context)
{
	struct dg_comparison *c = context;
	struct dg_device_verdict verdicts[2][DG_OP_MAX], *before = verdicts[0], *after = verdicts[1];
	struct dg_device_diff *diff = c->diff;
	struct dg_bytes label = { 0 };

	(void)position;
	diff->devices++;
	if (c->folds[0]) {
		dg_device_judge_run(&c->judge, device, c->time, verdicts);
	} else {
		dg_evaluate(c, 0, device, before);
		dg_evaluate(c, 1, device, after);
	}
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		int err;

		if (!(c->ops >> op & 1) || before[op].verdict == after[op].verdict)
			continue;
		err = dg_keep_label(diff, &device->label, &label);
		if (!err)
			err = dg_array_reserve(&diff->changes, &diff->room, diff->count + 1,
					       sizeof(*diff->changes));
		if (err)
			return err;
		diff->changes[diff->count++] = (struct dg_device_change){
			.device = label,
			.op = (enum dg_op)op,
			.before = before[op],
			.after = after[op],
		};
	}
	return 0;
}

/* Joint diagrams, when there are any. */
static int dg_comparison_fold(struct dg_comparison *c)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	int err = dg_fold_pair(c->policies[0], c->policies[1], &diags, &c->folds[0], &c->folds[1]);

	if (err == -EBADMSG)
		return 0;
	return err ?: dg_device_judge_init(&c->judge, (const struct dg_fold *const *)c->folds, 2);
}

int dg_device_diff_new(const char *path, const struct dg_policy *before,
		       const struct dg_policy *after, uint32_t ops, uint64_t time,
		       struct dg_diags *diags, struct dg_device_diff **ret)
{
	_cleanup_(dg_cleanup_device_diff) struct dg_device_diff *diff = calloc(1, sizeof(*diff));
	_cleanup_(dg_comparison_done) struct dg_comparison c = {
		.policies = { before, after },
		.ops = ops,
		.time = time,
		.diff = diff,
	};
	int err;

	if (!diff)
		return -ENOMEM;
	diff->arena = dg_arena_new();
	err = diff->arena ? dg_comparison_fold(&c) : -ENOMEM;
	if (!err)
		err = dg_inventory_each(path, diags, dg_compare_device, &c);
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
