// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* Devices judged by the diagrams of a pair of policies: what the reference evaluator says of each. */
#include <stdlib.h>
#include <unistd.h>

#include "compiled.h"
#include "device_diff.h"
#include "eval.h"

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Every kind of variable, both ways round. */
static const char before_text[] = HEAD
	"set ids = { 10de:2330, 8086:*, *:10d3 };\n"
	"forbid \"f\" on bind, accept where pci.external and pci.class in 01:08:*;\n"
	"allow \"ids\" on bind, dma where pci.id in ids and not pci.revision in 3 .. 200;\n"
	"allow \"names\" on bind where driver.name in { \"nvme\", \"a\", \"ab\" } or driver.name like \"a*b\";\n"
	"deny \"sets\" on bind, lock where any usb.interfaces in 08:*:* or all acpi.ids like \"P*\";\n"
	"allow \"usb\" on bind, mmio where usb.interfaces is known and all usb.interfaces != 03:01:01;\n"
	"allow \"soon\" on bind, dma where bus == \"pci\" from 2030-01-01 until 2031-01-01;\n"
	"allow \"tcb\" on accept where spdm.verified and spdm.meas.1 == sha256:" A32 A32 ";\n"
	"allow \"root\" on dma where spdm.root != sha256:" A32 A32 ";\n";
static const char after_text[] = HEAD
	"allow \"ids\" on bind, dma where pci.id in { 10de:*, 8086:10d3 } and pci.revision < 100;\n"
	"deny \"p\" on bind where bus == \"usb\" mode permissive;\n"
	"deny \"unknown\" on bind, lock where device.name == \"x\";\n"
	"allow \"names\" on bind, connect where driver.name like \"[a-n]*\" and driver.name is known;\n"
	"allow \"meas\" on dma where spdm.meas.239 is not known and tdi.state in { run, locked };\n"
	"allow \"usb\" on mmio where any usb.interfaces == 03:01:01;\n";

static const struct {
	const char *name;
	const char *values[5];
} pools[] = {
	{ "bus", { "\"pci\"", "\"usb\"" } },
	{ "device.name", { "\"x\"", "\"y\"" } },
	{ "driver.name", { "\"nvme\"", "\"a\"", "\"ab\"", "\"axb\"", "\"z\"" } },
	{ "pci.id", { "\"10de:2330\"", "\"10de:2331\"", "\"8086:10d3\"", "\"1234:10d3\"", "\"ffff:0000\"" } },
	{ "pci.class", { "\"01:08:02\"", "\"02:00:00\"" } },
	{ "pci.external", { "true", "false" } },
	{ "pci.revision", { "2", "3", "99", "200", "18446744073709551615" } },
	{ "usb.interfaces", { "[]", "[\"03:01:01\"]", "[\"08:06:50\",\"03:01:01\"]", "[\"09:00:00\"]" } },
	{ "acpi.ids", { "[]", "[\"PNP0\"]", "[\"PNP0\",\"X\"]" } },
	{ "spdm.verified", { "true", "false" } },
	{ "spdm.meas.1", { "\"sha256:" A32 A32 "\"", "\"sha384:" A32 A32 A32 "\"" } },
	{ "spdm.meas.239", { "\"sha256:" A32 A32 "\"" } },
	{ "spdm.root", { "\"sha256:" A32 A32 "\"", "\"sha512:" A32 A32 A32 A32 "\"" } },
	{ "tdi.state", { "\"run\"", "\"locked\"", "\"error\"" } },
};

#define DEVICES 3000

static char *random_inventory(void)
{
	unsigned int state = 11;
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < DEVICES; i++) {
		fprintf(out, "{\"name\":\"d%zu\"", i);
		for (size_t k = 0; k < ARRAY_SIZE(pools); k++) {
			size_t count = 0, pick;

			while (count < 5 && pools[k].values[count])
				count++;
			state = state * 1664525 + 1013904223;
			pick = (state >> 12) % (count + 1);
			if (pick < count)
				fprintf(out, ",\"%s\":%s", pools[k].name, pools[k].values[pick]);
		}
		fputs("}\n", out);
	}
	fclose(out);
	return text;
}

static void check_policies(const char *old_text, const char *new_text, uint64_t time, uint32_t ops)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *before = parse(old_text);
	_cleanup_(dg_cleanup_policy) struct dg_policy *after = parse(new_text);
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	_cleanup_(dg_cleanup_device_diff) struct dg_device_diff *diff = NULL;
	_cleanup_free_ char *text = random_inventory();
	char path[] = "/tmp/devgate-diff-XXXXXX";
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_close_ int fd = mkstemp(path);
	size_t at = 0, devices = 0;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_expect_eq(dg_device_diff_new(path, before, after, ops, time, &diags, &diff), 0);
	cr_expect_eq(dg_inventory_load(path, &diags, &inventory), 0);
	unlink(path);
	cr_assert_not_null(diff);
	cr_assert_not_null(inventory);
	for (size_t i = 0; i < inventory->device_count; i++) {
		bool changed = false;

		for (int op = 0; op < DG_OP_MAX; op++) {
			const struct dg_device_change *change = &diff->changes[at];
			struct dg_answer old_answer, new_answer;

			if (!(ops >> op & 1))
				continue;
			dg_eval_decide(before, inventory->devices[i], (enum dg_op)op, time, true,
				       &old_answer);
			dg_eval_decide(after, inventory->devices[i], (enum dg_op)op, time, true,
				       &new_answer);
			if (old_answer.verdict == new_answer.verdict)
				continue;
			cr_assert_lt(at++, diff->count, "device %zu on %d", i, op);
			cr_assert_eq(change->op, (enum dg_op)op);
			cr_assert_str_eq(change->device.data, inventory->devices[i]->label.data);
			cr_assert_eq(change->before.verdict, old_answer.verdict);
			cr_assert_eq(change->before.rule, old_answer.rule);
			cr_assert_eq(change->after.verdict, new_answer.verdict);
			cr_assert_eq(change->after.rule, new_answer.rule);
			changed = true;
		}
		devices += changed;
	}
	cr_expect_eq(at, diff->count);
	cr_expect_gt(at, DEVICES / 20, "the inventory shows nothing");
	cr_expect_eq(devices, diff->devices_changed);
	cr_expect_eq(diff->devices, DEVICES);
}

static void check_at(uint64_t time, uint32_t ops)
{
	check_policies(before_text, after_text, time, ops);
}

Test(device_diff, as_the_reference_evaluator)
{
	check_at(0, (1U << DG_OP_MAX) - 1);
	check_at(1900000000, (1U << DG_OP_MAX) - 1); /* within 2030 */
	check_at(0, 1U << DG_OP_BIND | 1U << DG_OP_DMA);
}

/* No diagram holds this glob (E101): the evaluator itself judges then. */
Test(device_diff, of_policies_too_big_for_diagrams)
{
	_cleanup_free_ char *old_text = NULL, *new_text = NULL;
	const char *big = "deny \"big\" on lock where device.name like \"*a????????????????????\";\n";

	cr_assert_geq(asprintf(&old_text, "%s%s", before_text, big), 0);
	cr_assert_geq(asprintf(&new_text, "%s%s", after_text, big), 0);
	check_policies(old_text, new_text, 0, (1U << DG_OP_MAX) - 1);
	check_policies(old_text, new_text, 1900000000, 1U << DG_OP_BIND | 1U << DG_OP_LOCK);
}

Test(device_diff, what_is_no_inventory)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = parse(before_text);
	struct dg_device_diff *diff = NULL;
	_cleanup_diags_ struct dg_diags diags = {};

	cr_expect_eq(dg_device_diff_new("/nowhere/i.json", policy, policy, 1, 0, &diags, &diff),
		     -ENOENT);
	cr_expect_null(diff, "a failed function leaves its outputs alone");
	dg_device_diff_free(NULL);
}
