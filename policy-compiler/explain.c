// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "array.h"
#include "explain.h"

struct dg_clauses {
	const struct dg_device *device;
	struct dg_explained_rule *rule;
	size_t room;
	bool out_of_memory;
};

static void dg_add_clause(struct dg_clauses *c, const struct dg_expr *test, bool wanted)
{
	struct dg_explained_rule *rule = c->rule;

	if (dg_array_reserve(&rule->clauses, &c->room, rule->clause_count + 1,
			     sizeof(*rule->clauses))) {
		c->out_of_memory = true;
		return;
	}
	rule->clauses[rule->clause_count++] = (struct dg_clause){
		.test = test,
		.truth = dg_eval_condition(test, c->device),
		.wanted = wanted,
		.fact = test->kind == DG_EXPR_TEST ?
				dg_device_fact(c->device, test->attr, test->index) :
				NULL,
	};
}

/*
 * The tests that make @expr what it is: enough of them, not more. @wanted is false below an odd number
 * of `not`.
 */
static void dg_add_support(struct dg_clauses *c, const struct dg_expr *expr, bool wanted)
{
	enum dg_truth truth = dg_eval_condition(expr, c->device);
	/* One side is enough for a false `and` and a true `or`. */
	bool one = truth == (expr->kind == DG_EXPR_AND ? DG_TRUTH_FALSE : DG_TRUTH_TRUE);

	switch (expr->kind) {
	case DG_EXPR_NOT:
		dg_add_support(c, expr->left, !wanted);
		break;
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		if (dg_eval_condition(expr->left, c->device) == truth) {
			dg_add_support(c, expr->left, wanted);
			if (one)
				break;
		}
		if (dg_eval_condition(expr->right, c->device) == truth)
			dg_add_support(c, expr->right, wanted);
		break;
	default:
		dg_add_clause(c, expr, wanted);
	}
}

#define DG_IMPOSSIBLE (SIZE_MAX / 4)

/* Does the device show any fact of the family of @attr (pci.…, usb.…)? */
static bool dg_family_known(const struct dg_attr *attr, const struct dg_device *device)
{
	size_t len = strcspn(attr->name, ".");

	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (device->facts[id].known &&
		    !strncmp(dg_schema_attr((enum dg_attr_id)id)->name, attr->name, len + 1))
			return true;
	return false;
}

/*
 * A test that fails counts 1; one on a fact that no device of this kind has, like the PCI class of a
 * USB device, 2: a rule about another kind of device is not near.
 */
static size_t dg_test_distance(const struct dg_expr *test, bool wanted,
			       const struct dg_device *device)
{
	enum dg_truth truth = dg_eval_condition(test, device);

	if (truth == (wanted ? DG_TRUTH_TRUE : DG_TRUTH_FALSE))
		return 0;
	return truth == DG_TRUTH_UNKNOWN && test->attr->known_from == DG_KNOWN_FROM_BIND &&
			       !dg_family_known(test->attr, device) ?
		       2 :
		       1;
}

/* What the tests count that would have to be otherwise for @expr to be @wanted, or DG_IMPOSSIBLE. */
static size_t dg_distance(const struct dg_expr *expr, bool wanted, const struct dg_device *device)
{
	size_t left, right;

	switch (expr->kind) {
	case DG_EXPR_TRUE:
	case DG_EXPR_FALSE:
		return wanted == (expr->kind == DG_EXPR_TRUE) ? 0 : DG_IMPOSSIBLE;
	case DG_EXPR_NOT:
		return dg_distance(expr->left, !wanted, device);
	case DG_EXPR_TEST:
		return dg_test_distance(expr, wanted, device);
	default:
		break;
	}
	left = dg_distance(expr->left, wanted, device);
	right = dg_distance(expr->right, wanted, device);
	if ((expr->kind == DG_EXPR_AND) != wanted)
		return left < right ? left : right;
	return left + right < DG_IMPOSSIBLE ? left + right : DG_IMPOSSIBLE;
}

/* The tests that dg_distance() counts. Impossible: the constant in the way. */
static void dg_add_failures(struct dg_clauses *c, const struct dg_expr *expr, bool wanted)
{
	const struct dg_device *device = c->device;

	switch (expr->kind) {
	case DG_EXPR_NOT:
		dg_add_failures(c, expr->left, !wanted);
		return;
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		break;
	default:
		if (dg_distance(expr, wanted, device))
			dg_add_clause(c, expr, wanted);
		return;
	}
	if ((expr->kind == DG_EXPR_AND) == wanted) {
		dg_add_failures(c, expr->left, wanted);
		dg_add_failures(c, expr->right, wanted);
	} else if (dg_distance(expr->left, wanted, device) <=
		   dg_distance(expr->right, wanted, device)) {
		dg_add_failures(c, expr->left, wanted);
	} else {
		dg_add_failures(c, expr->right, wanted);
	}
}

/* Tests that are as they should be. */
static size_t dg_holding(const struct dg_expr *expr, bool wanted, const struct dg_device *device)
{
	switch (expr->kind) {
	case DG_EXPR_NOT:
		return dg_holding(expr->left, !wanted, device);
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		return dg_holding(expr->left, wanted, device) +
		       dg_holding(expr->right, wanted, device);
	default:
		return dg_distance(expr, wanted, device) == 0;
	}
}

static int dg_explain_rule(const struct dg_policy *policy, const struct dg_device *device,
			   uint32_t index, uint64_t time, bool failures,
			   struct dg_explained_rule *ret)
{
	const struct dg_rule_node *rule;
	struct dg_clauses c = { .device = device, .rule = ret };

	ret->rule = index;
	if (index >= policy->rule_count) {
		ret->rule = DG_RULE_NONE;
		return 0;
	}
	rule = &policy->rules[index];
	ret->live = dg_eval_live(rule, time, true);
	ret->truth = rule->where ? dg_eval_condition(rule->where, device) : DG_TRUTH_TRUE;
	if (rule->where && failures)
		dg_add_failures(&c, rule->where, true);
	else if (rule->where)
		dg_add_support(&c, rule->where, true);
	return c.out_of_memory ? -ENOMEM : 0;
}

/* How near a rule is to an allow. */
struct dg_nearness {
	size_t distance, holding; /* tests that keep it from one; tests that do not */
	bool live;
};

static bool dg_is_nearer(const struct dg_nearness *a, const struct dg_nearness *b)
{
	if (a->distance != b->distance)
		return a->distance < b->distance;
	/* A fact of the device can be mended, or a test of a rule; the time cannot. */
	if (a->live != b->live)
		return a->live;
	return a->holding > b->holding;
}

static uint32_t dg_nearest_allow(const struct dg_policy *policy, const struct dg_device *device,
				 enum dg_op op, uint64_t time)
{
	struct dg_nearness least = { .distance = SIZE_MAX };
	uint32_t best = DG_RULE_NONE;

	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];
		struct dg_nearness near;

		if (rule->effect != DG_EFFECT_ALLOW || rule->permissive || !(rule->ops >> op & 1))
			continue;
		near.live = dg_eval_live(rule, time, true);
		near.distance = (rule->where ? dg_distance(rule->where, true, device) : 0) +
				!near.live;
		near.holding = rule->where ? dg_holding(rule->where, true, device) : 0;
		if (dg_is_nearer(&near, &least)) {
			least = near;
			best = i;
		}
	}
	return best;
}

int dg_explain(const struct dg_policy *policy, const struct dg_device *device, enum dg_op op,
	       uint64_t time, struct dg_explanation **ret)
{
	_cleanup_(dg_cleanup_explanation) struct dg_explanation *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	dg_eval_decide(policy, device, op, time, true, &e->answer);
	e->nearest.rule = DG_RULE_NONE;
	err = dg_explain_rule(policy, device, e->answer.rule, time, false, &e->decided);
	if (!err)
		err = dg_explain_rule(policy, device, e->answer.would, time, false, &e->would);
	if (!err && e->answer.verdict == DG_VERDICT_DENY)
		err = dg_explain_rule(policy, device, dg_nearest_allow(policy, device, op, time),
				      time, true, &e->nearest);
	if (err)
		return err;
	*ret = TAKE_PTR(e);
	return 0;
}

void dg_explanation_free(struct dg_explanation *explanation)
{
	if (!explanation)
		return;
	free(explanation->decided.clauses);
	free(explanation->would.clauses);
	free(explanation->nearest.clauses);
	free(explanation);
}

const char *dg_explain_unknown(const struct dg_attr *attr, const struct dg_device *device)
{
	switch (attr->id) {
	case DG_ATTR_DRIVER_NAME:
	case DG_ATTR_DRIVER_MODULE:
	case DG_ATTR_DRIVER_BUILTIN:
		if (!device->facts[DG_ATTR_DRIVER_NAME].known)
			return "no driver is named for the device";
		break;
	default:
		break;
	}
	switch (attr->known_from) {
	case DG_KNOWN_FROM_CONNECT:
		return "it is established when a secure link is connected, which is not shown";
	case DG_KNOWN_FROM_LOCK:
		return "it is established when the device is locked and its evidence verified, which is "
		       "not shown";
	case DG_KNOWN_FROM_BIND:
		break;
	}
	return attr->provenance == DG_PROVENANCE_CLAIMED ?
		       "the device does not say, or what describes it does not" :
		       "the device has no such place, or what describes it does not say";
}
