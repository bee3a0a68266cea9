/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Which rules match one device? The device is given by its classes, one for each variable.
 *
 * Each rule is kept under classes that it cannot do without: every device that it matches has one
 * of them. Those that the fewest rules ask for are taken, so that a device meets few rules that do
 * not match it: of a rule on an id and a driver the id, since the driver has many rules.
 */
#pragma once

#include "diagram.h"

struct dg_matcher;

/*
 * Of @claims, ascending by rank, over the @var_count variables of @diagram, which must outlive the
 * result and may grow. 0 or -ENOMEM.
 */
int dg_matcher_new(const struct dg_diagram *diagram, uint32_t var_count,
		   const struct dg_claim *claims, size_t count, struct dg_matcher **ret);
void dg_matcher_free(struct dg_matcher *matcher);

/* The decision of all claims, two ranks kept. @classes: by variable, none of them DG_CLASS_ANY. */
struct dg_decision dg_matcher_decide(const struct dg_matcher *matcher, const uint32_t *classes);

/* How many rules ask for the class, about: tests of very many classes are not counted. */
uint32_t dg_matcher_load(const struct dg_matcher *matcher, uint32_t var, uint32_t class);
