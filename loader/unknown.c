// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "object_text.h"
#include "unknown.h"
#include "util.h"

/* What security/devpolicy/facts.c of the series fills in. */
static const bool known[DG_ATTR_MAX] = {
	[DG_ATTR_BUS] = true,		[DG_ATTR_DEVICE_NAME] = true,
	[DG_ATTR_DEVICE_PATH] = true,	[DG_ATTR_DRIVER_NAME] = true,
	[DG_ATTR_DRIVER_MODULE] = true, [DG_ATTR_DRIVER_BUILTIN] = true,
	[DG_ATTR_PCI_ID] = true,	[DG_ATTR_PCI_SUBSYSTEM] = true,
	[DG_ATTR_PCI_CLASS] = true,	[DG_ATTR_PCI_REVISION] = true,
	[DG_ATTR_PCI_ADDRESS] = true,	[DG_ATTR_PCI_SEGMENT] = true,
	[DG_ATTR_PCI_BUS] = true,	[DG_ATTR_PCI_SLOT] = true,
	[DG_ATTR_PCI_FUNCTION] = true,	[DG_ATTR_PCI_EXTERNAL] = true,
	[DG_ATTR_PCI_VIRTFN] = true,	[DG_ATTR_IOMMU_DOMAIN] = true,
	[DG_ATTR_USB_ID] = true,	[DG_ATTR_USB_CLASS] = true,
	[DG_ATTR_USB_SERIAL] = true,	[DG_ATTR_USB_PRODUCT] = true,
	[DG_ATTR_USB_MANUFACTURER] = true, [DG_ATTR_USB_PORT] = true,
};

_Static_assert(DG_ATTR_MAX <= 64, "a bit for each attribute");

bool dg_kernel_knows(enum dg_attr_id attr)
{
	return known[attr];
}

/* Bit n: the expression names attribute n. The front end bounds how deep it is nested. */
static uint64_t attributes_of(const struct dg_expr *expr)
{
	uint64_t named = 0;

	for (; expr; expr = expr->right) {
		if (expr->kind == DG_EXPR_TEST)
			named |= 1ULL << expr->attr->id;
		named |= attributes_of(expr->left);
	}
	return named;
}

int dg_unknown_attributes(const struct dg_object *object,
			  void (*found)(void *context, const char *rule,
					const struct dg_attr *attr),
			  void *context)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	r = dg_object_policy(object, &diags, &policy);
	if (r)
		return r;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];
		uint64_t named = attributes_of(rule->where);

		for (int attr = 0; attr < DG_ATTR_MAX; attr++)
			if (named >> attr & 1 && !known[attr])
				found(context, rule->id.data, dg_schema_attr(attr));
	}
	return 0;
}
