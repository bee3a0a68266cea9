/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Deciding by the diagrams themselves: a device's classes once, each part once, and every operation of
 * one policy, or of a pair whose symbols are joint, reads its verdict off them. What the tables say,
 * without making any.
 */
#pragma once

#include "facts.h"
#include "fold.h"

#define DG_JUDGE_FOLDS 2

struct dg_judge_part {
	dg_ref root;
	uint32_t variable; /* that it tests */
	dg_ref *children; /* by class of it; NULL: the diagram is asked */
	uint32_t rank;	  /* for the device last judged */
};

struct dg_device_judge {
	const struct dg_fold *folds[DG_JUDGE_FOLDS];
	unsigned int fold_count;
	const struct dg_variable *variables; /* the symbols' own */
	uint32_t variable_count;
	struct dg_class_source *sources; /* by variable: the attribute that it looks at */
	uint32_t *classes;		 /* of the device last judged, by variable */
	struct dg_judge_part *parts;	 /* different ones of all operations and folds */
	size_t part_count, part_room;
	uint16_t parts_of[DG_JUDGE_FOLDS][DG_OP_MAX][DG_PARTS_MAX];
};

struct dg_device_verdict {
	enum dg_verdict verdict;
	uint32_t rule; /* index, or DG_RULE_DEFAULT */
};

/*
 * A judge by @fold_count folds that share their symbols (dg_fold_pair()), which must outlive it. 0 or
 * -ENOMEM; to be ended with dg_device_judge_done().
 */
int dg_device_judge_init(struct dg_device_judge *judge, const struct dg_fold *const *folds,
			 unsigned int fold_count);
void dg_device_judge_done(struct dg_device_judge *judge);

/* The verdicts on all operations for @device at @time, the clock synchronised, by fold. */
void dg_device_judge_run(struct dg_device_judge *judge, const struct dg_device *device,
			 uint64_t time, struct dg_device_verdict (*verdicts)[DG_OP_MAX]);
