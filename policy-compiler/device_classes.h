/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Deciding by the diagrams themselves: a device's classes once, then every operation (and both policies
 * of a pair, whose symbols are joint) walks from them. What the tables say, without making any.
 */
#pragma once

#include "facts.h"
#include "fold.h"

struct dg_device_classes {
	const struct dg_variable *variables; /* the symbols' own */
	uint32_t count;
	struct dg_class_source *sources; /* by variable: the attribute that it looks at */
	uint32_t *classes;		 /* of the device last classified, by variable */
};

/* For the symbols of a fold (or of a pair). 0 or -ENOMEM; to be ended with dg_device_classes_done(). */
int dg_device_classes_init(struct dg_device_classes *classes, const struct dg_symbols *symbols);
void dg_device_classes_done(struct dg_device_classes *classes);

/* Find the classes of @device at @time, the clock synchronised. */
void dg_device_classify(struct dg_device_classes *classes, const struct dg_device *device,
			uint64_t time);

struct dg_fold_verdict {
	enum dg_verdict verdict;
	uint32_t rule; /* index, or DG_RULE_DEFAULT */
};

/* The verdicts of @fold for the classified device on @ops, by operation; others are left alone. */
void dg_fold_judge(const struct dg_fold *fold, const struct dg_device_classes *classes, uint32_t ops,
		   struct dg_fold_verdict verdicts[static DG_OP_MAX]);
