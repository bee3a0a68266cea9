/* SPDX-License-Identifier: GPL-2.0-only */
/* Are two policies the same but for where their words stand? */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "facts.h"
#include "literal.h"
#include "policy.h"

static inline bool equal_bytes(struct dg_bytes a, struct dg_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static inline bool equal_literals(const struct dg_literal *a, const struct dg_literal *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == DG_TYPE_STRING)
		return equal_bytes(a->str, b->str);
	if (a->type == DG_TYPE_DIGEST)
		return a->digest->algo == b->digest->algo &&
		       !memcmp(a->digest->bytes, b->digest->bytes, sizeof(a->digest->bytes));
	return a->num == b->num && a->mask == b->mask;
}

static inline bool equal_items(const struct dg_item *a, const struct dg_item *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i].kind != b[i].kind)
			return false;
		if (a[i].kind == DG_ITEM_SET ? !equal_bytes(a[i].set->name, b[i].set->name) :
					       !equal_literals(&a[i].low, &b[i].low))
			return false;
		if (a[i].kind == DG_ITEM_RANGE && a[i].high.num != b[i].high.num)
			return false;
	}
	return true;
}

static inline bool equal_exprs(const struct dg_expr *a, const struct dg_expr *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind)
		return false;
	if (a->kind != DG_EXPR_TEST)
		return equal_exprs(a->left, b->left) && equal_exprs(a->right, b->right);
	if (a->attr != b->attr || a->index != b->index || a->quantifier != b->quantifier ||
	    a->test != b->test)
		return false;
	switch (a->test) {
	case DG_TEST_TRUE:
	case DG_TEST_KNOWN:
	case DG_TEST_NOT_KNOWN:
		return true;
	case DG_TEST_IN:
		return a->item_count == b->item_count &&
		       equal_items(a->items, b->items, a->item_count);
	default:
		return equal_literals(&a->literal, &b->literal);
	}
}

static inline bool equal_rules(const struct dg_rule_node *a, const struct dg_rule_node *b)
{
	return a->effect == b->effect && a->ops == b->ops && equal_bytes(a->id, b->id) &&
	       equal_exprs(a->where, b->where) && a->has_from == b->has_from &&
	       a->from == b->from && a->has_until == b->has_until && a->until == b->until &&
	       a->has_reason == b->has_reason && equal_bytes(a->reason, b->reason) &&
	       a->permissive == b->permissive && a->audit == b->audit;
}

static inline bool equal_facts(const struct dg_fact *a, const struct dg_fact *b, bool set)
{
	if (a->known != b->known)
		return false;
	if (!a->known)
		return true;
	if (!set)
		return equal_literals(&a->scalar, &b->scalar);
	if (a->element_count != b->element_count)
		return false;
	for (size_t i = 0; i < a->element_count; i++)
		if (!equal_literals(&a->elements[i], &b->elements[i]))
			return false;
	return true;
}

static inline bool equal_devices(const struct dg_device *a, const struct dg_device *b)
{
	for (int id = 0; id < DG_ATTR_MAX; id++)
		if (!equal_facts(&a->facts[id], &b->facts[id],
				 dg_schema_attr((enum dg_attr_id)id)->set))
			return false;
	if (a->measurement_count != b->measurement_count)
		return false;
	for (size_t i = 0; i < a->measurement_count; i++)
		if (a->measurements[i].index != b->measurements[i].index ||
		    !equal_facts(&a->measurements[i].fact, &b->measurements[i].fact, false))
			return false;
	return equal_bytes(a->label, b->label);
}

static inline bool equal_tests(const struct dg_test_node *a, const struct dg_test_node *b)
{
	if (!equal_bytes(a->name, b->name) || !equal_devices(a->device, b->device) ||
	    a->has_at != b->has_at || a->at != b->at || a->expect_count != b->expect_count)
		return false;
	for (size_t i = 0; i < a->expect_count; i++) {
		const struct dg_expect *x = &a->expects[i], *y = &b->expects[i];

		if (x->verdict != y->verdict || x->op != y->op || x->by_rule != y->by_rule ||
		    x->by_default != y->by_default || !equal_bytes(x->rule, y->rule))
			return false;
	}
	return true;
}

/* NULL, or what is the first difference. */
static inline const char *policy_difference(const struct dg_policy *a, const struct dg_policy *b)
{
	if (!equal_bytes(a->name, b->name) || a->version != b->version ||
	    memcmp(a->defaults, b->defaults, sizeof(a->defaults)) != 0)
		return "name, version or defaults";
	if (a->rule_count != b->rule_count || a->set_count != b->set_count ||
	    a->assert_count != b->assert_count || a->test_count != b->test_count)
		return "how many statements there are";
	for (size_t i = 0; i < a->rule_count; i++)
		if (!equal_rules(&a->rules[i], &b->rules[i]))
			return "a rule";
	for (size_t i = 0; i < a->set_count; i++)
		if (!equal_bytes(a->sets[i]->name, b->sets[i]->name) ||
		    a->sets[i]->type != b->sets[i]->type ||
		    a->sets[i]->item_count != b->sets[i]->item_count ||
		    !equal_items(a->sets[i]->items, b->sets[i]->items, a->sets[i]->item_count))
			return "a set";
	for (size_t i = 0; i < a->assert_count; i++)
		if (!equal_bytes(a->asserts[i].name, b->asserts[i].name) ||
		    a->asserts[i].always != b->asserts[i].always ||
		    a->asserts[i].ops != b->asserts[i].ops ||
		    !equal_exprs(a->asserts[i].where, b->asserts[i].where))
			return "an assertion";
	for (size_t i = 0; i < a->test_count; i++)
		if (!equal_tests(&a->tests[i], &b->tests[i]))
			return "a test";
	return NULL;
}
