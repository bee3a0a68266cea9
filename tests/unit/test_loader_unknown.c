// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>

#include "compiled.h"
#include "unknown.h"

static void keep(void *context, const char *rule, const struct dg_attr *attr)
{
	char *text = context;

	sprintf(text + strlen(text), "%s:%s ", rule, attr->name);
}

Test(loader_unknown, rules_are_named)
{
	struct dg_policy *policy =
		parse(HEAD "set sticks = { 0951:1666 };\n"
			   "allow \"known\" on bind where pci.id == 8086:10d3 and bus == \"pci\";\n"
			   "allow \"stick\" on bind where bus == \"usb\" and (usb.id in sticks or not "
			   "(usb.product like \"*x\"));\n"
			   "allow \"always\" on bind;\n"
			   "forbid \"tdi\" on dma where tdi.state != run and not (attest.result == "
			   "\"good\") and pci.external;\n");
	struct dg_diags diags = {};
	struct dg_object *object;
	char text[512] = "";
	size_t size;
	void *bytes;

	cr_assert_eq(dg_object_build(policy, &diags, &bytes, &size, NULL), 0);
	cr_assert_eq(dg_object_open_memory(bytes, size, NULL, &object), 0);
	cr_expect_eq(dg_unknown_attributes(object, keep, text), 0);
	cr_expect_str_eq(text, "tdi:tdi.state tdi:attest.result ");
	dg_object_free(object);
	free(bytes);
	dg_diags_done(&diags);
	dg_policy_free(policy);
}

Test(loader_unknown, what_the_kernel_knows)
{
	cr_expect(dg_kernel_knows(DG_ATTR_IOMMU_DOMAIN));
	cr_expect(dg_kernel_knows(DG_ATTR_USB_ID));
	cr_expect_not(dg_kernel_knows(DG_ATTR_SPDM_VERIFIED));
}
