/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Rules that would admit what was denied. A device is described by what makes it the same one
 * (generate.h): any device of which that is true is admitted, not the one in the log only, and that is
 * said. Rules that differ in one attribute become one over a set, which admits no more than they do. For
 * accept and dma-private a rule asks for spdm.verified; a device whose evidence was not verified can be
 * admitted by no rule. Nor is one made against a forbid, which comes before every allow.
 */
#pragma once

#include "denials.h"
#include "map.h"
#include "policy.h"

#define DG_ALSO_SHOWN 20

struct dg_suggested {
	char *id;
	char *text; /* statements of the language, a line each: sets, then the rule */
	uint32_t ops;
	uint32_t *numbers; /* the devices of the log that it admits, ascending */
	size_t count, room;
	uint32_t *refusals; /* of these devices, of its operations, ascending */
	size_t refusal_count, refusal_room;
	/* Devices of an inventory that it would admit too (dg_suggestions_try()). */
	size_t also_count;
	char *also[DG_ALSO_SHOWN]; /* labels of the first ones */
};

struct dg_boxes;

#define DG_NO_REFUSAL UINT32_MAX

struct dg_suggestions {
	struct dg_suggested *rules;
	size_t count;
	uint32_t *refused; /* by device of the log: operations that no rule can allow it */
	uint32_t *forbidden; /* by device: operations denied by forbids and by nothing else */
	/* By refusal: the rule in force that decided it, or NULL: the default, or it is not known. */
	const struct dg_rule_node **decided;
	/* By device its first refusal, by refusal the device's next one, or DG_NO_REFUSAL. */
	uint32_t *first, *next;
	struct dg_policy *policy; /* the rules as they are read, index for index */

	/* Inside. */
	struct dg_boxes *boxes; /* what the rules were made of */
	uint32_t *rule_of;	/* by box */
	struct dg_map names;	/* hash of bus and device.name, and rule -> device of the log */
	bool names_found;
};

/*
 * @in_force: the policy that denied, or NULL; it has to outlive the suggestions. Which rule is a forbid
 * is known from it alone. 0, -ENOMEM, -EFBIG. -EBADMSG is a mistake of this program: what it wrote are no
 * rules.
 */
int dg_suggest(const struct dg_denials *denials, const struct dg_policy *in_force,
	       struct dg_suggestions **ret);

/*
 * What else? Note for each rule whether it would admit @device for one of its operations; one that is in
 * the log (by bus and device.name) is no surprise. 0 or -ENOMEM.
 */
int dg_suggestions_try(struct dg_suggestions *suggestions, const struct dg_denials *denials,
		       const struct dg_device *device);

void dg_suggestions_free(struct dg_suggestions *suggestions);
DEFINE_CLEANUP(struct dg_suggestions *, dg_suggestions_free, suggestions)
