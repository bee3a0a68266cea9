// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "tree.h"

static struct dg_bound_device device;

Test(loader_bound, line)
{
	cr_assert_eq(dg_bound_parse("pci 0000:00:03.0 nvme generation 7 ops bind,mmio,dma state "
				    "still-bound since 3",
				    &device),
		     0);
	cr_expect_str_eq(device.bus, "pci");
	cr_expect_str_eq(device.name, "0000:00:03.0");
	cr_expect_str_eq(device.driver, "nvme");
	cr_expect_eq(device.generation, 7);
	cr_expect_str_eq(device.ops, "bind,mmio,dma");
	cr_expect_str_eq(device.state, "still-bound");
	cr_expect(dg_bound_is_still(&device));
}

Test(loader_bound, escapes_and_no_driver)
{
	cr_assert_eq(dg_bound_parse("platform a\\040b\\134 - generation 0 ops - state unbound\n",
				    &device),
		     0);
	cr_expect_str_eq(device.name, "a b\\");
	cr_expect_str_eq(device.driver, "");
	cr_expect_not(dg_bound_is_still(&device));
}

Test(loader_bound, refused)
{
	static const char *const bad[] = {
		"",
		"pci",
		"pci 0000:00:03.0 nvme",
		"pci 0000:00:03.0 nvme generation x ops bind state bound",
		"pci 0000:00:03.0 nvme generation 4294967296 ops bind state bound",
		"pci 0000:00:03.0 nvme ops bind generation 1 state bound",
		"pci 0000:00:03.0 nvme generation 1 ops bind state",
		"pci a\\0 nvme generation 1 ops bind state bound",
		"pci a\\400 nvme generation 1 ops bind state bound",
	};

	device.generation = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(dg_bound_parse(bad[i], &device), -EBADMSG, "text %zu", i);
	cr_expect_eq(device.generation, 77, "output untouched");
}

static void count(void *context, const struct dg_bound_device *one)
{
	*(int *)context += dg_bound_is_still(one) ? 100 : 1;
}

Test(loader_bound, file)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();
	struct dg_failure failure = {};
	int seen = 0;

	cr_expect_eq(dg_bound_each(tree.root, count, &seen, &failure), -EOPNOTSUPP);
	cr_expect_eq(failure.kind, DG_FAILURE_UNSUPPORTED);
	dg_tree_put(&tree, "sys/kernel/security/devpolicy/devices",
		    "pci a x generation 1 ops bind state bound\n"
		    "pci b x generation 1 ops dma state still-bound\n");
	cr_expect_eq(dg_bound_each(tree.root, count, &seen, &failure), 0);
	cr_expect_eq(seen, 101);
	dg_tree_put(&tree, "sys/kernel/security/devpolicy/devices", "nonsense\n");
	cr_expect_eq(dg_bound_each(tree.root, count, &seen, &failure), -EBADMSG);
}
