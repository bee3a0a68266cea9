/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "diff_joint.h"

#include <string.h>

#include "array.h"
#include "numbering.h"
#include "util.h"

/* The rules of one policy that give verdicts, forbids first: by rank. */
struct ranked {
	uint32_t *rules;   /* indices */
	uint32_t *numbers; /* what they say */
	uint32_t *twin;	   /* place of the same rule in the other policy, or DG_JOINT_NONE */
	size_t count;
};

static void ranked_done(struct ranked ranked[DG_SIDES])
{
	for (int side = 0; side < DG_SIDES; side++) {
		free(ranked[side].rules);
		free(ranked[side].numbers);
		free(ranked[side].twin);
	}
}

static int rank_rules(struct dg_numbering *numbering, const struct dg_policy *policy,
		      struct ranked *ret)
{
	int r = 0;

	ret->rules = calloc(policy->rule_count + 1, sizeof(*ret->rules));
	ret->numbers = calloc(policy->rule_count + 1, sizeof(*ret->numbers));
	ret->twin = calloc(policy->rule_count + 1, sizeof(*ret->twin));
	if (!ret->rules || !ret->numbers || !ret->twin)
		return -ENOMEM;
	for (int forbids = 1; forbids >= 0; forbids--)
		for (uint32_t i = 0; i < policy->rule_count && r >= 0; i++) {
			const struct dg_rule_node *rule = &policy->rules[i];

			if ((rule->effect == DG_EFFECT_FORBID) != forbids || rule->permissive)
				continue;
			ret->rules[ret->count] = i;
			ret->twin[ret->count] = DG_JOINT_NONE;
			r = dg_number_rule(numbering, rule, &ret->numbers[ret->count++]);
		}
	return r;
}

/* The first rule that says something with its like, the second one with the second. */
static int pair_likes(const struct ranked *old, struct ranked *new, size_t number_count)
{
	_cleanup_free_ uint32_t *first = malloc((number_count + 1) * sizeof(*first));
	_cleanup_free_ uint32_t *next = malloc((old->count + 1) * sizeof(*next));

	if (!first || !next)
		return -ENOMEM;
	memset(first, 0xff, (number_count + 1) * sizeof(*first));
	for (size_t i = old->count; i-- > 0;) {
		next[i] = first[old->numbers[i]];
		first[old->numbers[i]] = (uint32_t)i;
	}
	for (size_t i = 0; i < new->count; i++) {
		uint32_t *like = &first[new->numbers[i]];

		if (*like == DG_JOINT_NONE)
			continue;
		new->twin[i] = *like;
		*like = next[*like];
	}
	return 0;
}

/*
 * Of the pairs, those of a longest run in which both policies have one order; the others are
 * dissolved. tails[n]: the pair that ends the run of length n + 1 which ends earliest in the old
 * policy.
 */
static int keep_in_order(struct ranked *old, struct ranked *new)
{
	_cleanup_free_ uint32_t *tails = malloc((new->count + 1) * sizeof(*tails));
	_cleanup_free_ uint32_t *before = malloc((new->count + 1) * sizeof(*before));
	size_t length = 0;
	uint32_t at;

	if (!tails || !before)
		return -ENOMEM;
	for (uint32_t i = 0; i < new->count; i++) {
		size_t low = 0, high = length;

		if (new->twin[i] == DG_JOINT_NONE)
			continue;
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (new->twin[tails[middle]] < new->twin[i])
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low > 0 ? tails[low - 1] : DG_JOINT_NONE;
		tails[low] = i;
		length += low == length;
	}
	at = length > 0 ? tails[length - 1] : DG_JOINT_NONE;
	for (; at != DG_JOINT_NONE; at = before[at])
		old->twin[new->twin[at]] = at;
	for (size_t i = 0; i < new->count; i++)
		if (new->twin[i] != DG_JOINT_NONE && old->twin[new->twin[i]] != i)
			new->twin[i] = DG_JOINT_NONE;
	return 0;
}

static void add(struct dg_joint *joint, const struct dg_policy *policy, uint32_t old, uint32_t new,
		uint32_t rule)
{
	uint32_t at = (uint32_t)joint->policy.rule_count++;

	joint->policy.rules[at] = policy->rules[rule];
	joint->index[at][DG_SIDE_OLD] = old;
	joint->index[at][DG_SIDE_NEW] = new;
}

static void merge(struct dg_joint *joint, const struct dg_policy *const policies[DG_SIDES],
		  const struct ranked ranked[DG_SIDES])
{
	const struct ranked *old = &ranked[DG_SIDE_OLD], *new = &ranked[DG_SIDE_NEW];
	size_t i = 0, k = 0;

	while (i < old->count || k < new->count) {
		if (i < old->count && old->twin[i] == DG_JOINT_NONE) {
			add(joint, policies[DG_SIDE_OLD], old->rules[i], DG_JOINT_NONE,
			    old->rules[i]);
			i++;
		} else if (k < new->count &&new->twin[k] == DG_JOINT_NONE) {
			add(joint, policies[DG_SIDE_NEW], DG_JOINT_NONE, new->rules[k],
			    new->rules[k]);
			k++;
		} else {
			add(joint, policies[DG_SIDE_OLD], old->rules[i], new->rules[k],
			    old->rules[i]);
			i++;
			k++;
		}
	}
}

static int make_room(struct dg_joint *joint, const struct dg_policy *const policies[DG_SIDES])
{
	const struct dg_policy *old = policies[DG_SIDE_OLD], *new = policies[DG_SIDE_NEW];
	struct dg_policy *policy = &joint->policy;
	size_t rules = old->rule_count + new->rule_count;

	*policy = (struct dg_policy){.name = old->name, .pos = old->pos};
	memcpy(policy->defaults, old->defaults, sizeof(policy->defaults));
	policy->rules = calloc(rules + 1, sizeof(*policy->rules));
	policy->sets = calloc(old->set_count + new->set_count + 1, sizeof(*policy->sets));
	joint->index = calloc(rules + 1, sizeof(*joint->index));
	if (!policy->rules || !policy->sets || !joint->index)
		return -ENOMEM;
	for (int side = 0; side < DG_SIDES; side++)
		for (size_t i = 0; i < policies[side]->set_count; i++)
			policy->sets[policy->set_count++] = policies[side]->sets[i];
	return 0;
}

int dg_joint_init(struct dg_joint *ret, const struct dg_policy *const policies[DG_SIDES])
{
	_cleanup_(dg_numbering_done) struct dg_numbering numbering = {};
	struct ranked ranked[DG_SIDES] = {};
	int r = make_room(ret, policies);

	for (int side = 0; side < DG_SIDES && r >= 0; side++)
		r = rank_rules(&numbering, policies[side], &ranked[side]);
	if (r >= 0)
		r = pair_likes(&ranked[DG_SIDE_OLD], &ranked[DG_SIDE_NEW], numbering.count);
	if (r >= 0)
		r = keep_in_order(&ranked[DG_SIDE_OLD], &ranked[DG_SIDE_NEW]);
	if (r >= 0)
		merge(ret, policies, ranked);
	ranked_done(ranked);
	return r;
}

void dg_joint_done(struct dg_joint *joint)
{
	free(joint->policy.rules);
	free(joint->policy.sets);
	free(joint->index);
}
