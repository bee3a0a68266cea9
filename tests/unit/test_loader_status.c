// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "status.h"
#include "tree.h"

static struct dg_status status;

static json_t *to_json(void)
{
	json_t *object;
	char *text;

	cr_assert_eq(dg_status_to_json(&status, &text), 0);
	cr_expect_not(strchr(text, '\n'));
	object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	cr_assert(object, "valid JSON: %s", text);
	free(text);
	return object;
}

static json_int_t number(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "(none)";
}

Test(loader_status, json_no_policy)
{
	json_t *object;

	status.health = DG_HEALTH_NO_POLICY;
	status.kernel.mode = DG_MODE_AUDIT;
	object = to_json();
	cr_expect_str_eq(text_of(object, "health"), "no-policy");
	cr_expect_str_eq(text_of(object, "mode"), "audit");
	cr_expect_eq(number(object, "generation"), 0);
	cr_expect_eq(number(object, "pending_confirm_s"), 0);
	cr_expect(json_is_false(json_object_get(object, "sealed")));
	cr_expect(json_is_null(json_object_get(object, "policy")));
	cr_expect(json_is_null(json_object_get(object, "previous")));
	cr_expect(json_is_null(json_object_get(object, "events")));
	json_decref(object);
}

static void fill(void)
{
	status.health = DG_HEALTH_OK;
	status.kernel.mode = DG_MODE_ENFORCE;
	status.kernel.generation = 4;
	status.kernel.slot = 2;
	status.kernel.previous_generation = 3;
	status.kernel.previous_slot = 1;
	status.kernel.version = 42;
	status.kernel.has_digest = true;
	memset(status.kernel.digest, 0xab, sizeof(status.kernel.digest));
	strcpy(status.kernel.policy, "cvm \x1b");
	strcpy(status.kernel.counters[0].name, "bind_denied");
	status.kernel.counters[0].value = 5;
	strcpy(status.kernel.counters[1].name, "mmio_denied");
	status.kernel.counter_count = 2;
	status.kernel.pending_confirm_s = 30;
	status.kernel.sealed = true;
	status.hooks[DG_HOOK_DEVICE_BIND] = (struct dg_hook_state){true, true, true};
	status.has_stats = true;
	status.stats.seq = 9;
	status.stats.dropped = 2;
	status.stats.denied[DG_OP_BIND] = 5;
	status.has_previous = true;
	strcpy(status.previous_policy, "old");
	status.previous_version = 41;
}

Test(loader_status, json_policy)
{
	json_t *object, *policy, *hook;

	fill();
	object = to_json();
	policy = json_object_get(object, "policy");
	cr_expect_str_eq(text_of(policy, "name"), "cvm \x1b");
	cr_expect_eq(number(policy, "version"), 42);
	cr_expect_eq(number(policy, "generation"), 4);
	cr_expect_eq(strlen(text_of(policy, "digest")), 71);
	cr_expect_eq(strncmp(text_of(policy, "digest"), "sha256:abab", 11), 0);
	cr_expect_str_eq(text_of(json_object_get(object, "previous"), "name"), "old");
	hook = json_array_get(json_object_get(object, "hooks"), 0);
	cr_expect_str_eq(text_of(hook, "hook"), "device_bind");
	cr_expect(json_is_true(json_object_get(hook, "attached")));
	cr_expect_eq(number(json_object_get(object, "events"), "dropped"), 2);
	cr_expect_eq(
		number(json_object_get(json_object_get(object, "operations"), "bind"), "denied"),
		5);
	cr_expect_eq(number(json_object_get(object, "kernel"), "bind_denied"), 5);
	cr_expect(json_object_get(json_object_get(object, "kernel"), "mmio_denied"));
	cr_expect_eq(number(object, "pending_confirm_s"), 30);
	cr_expect(json_is_true(json_object_get(object, "sealed")));
	cr_expect_eq(json_array_size(json_object_get(object, "hooks")), DG_HOOK_MAX);
	json_decref(object);
}

Test(loader_status, text)
{
	size_t size;
	char *text;
	FILE *out;

	fill();
	status.health = DG_HEALTH_ENGINE_LOST;
	status.hooks[DG_HOOK_DEVICE_BIND].attached = false;
	out = open_memstream(&text, &size);
	dg_status_print(out, &status);
	fclose(out);
	cr_expect(strstr(text, "engine-lost"), "%s", text);
	cr_expect(strstr(text, "device_bind: not attached"), "%s", text);
	cr_expect(strstr(text, "\"cvm \\x1b\" version 42 (generation 4)"), "%s", text);
	cr_expect(strstr(text, "device_dma_attach: not attached"), "%s", text);
	cr_expect(strstr(text, "7 written, 2 dropped"), "%s", text);
	cr_expect(strstr(text, "in 30 s what was in force before returns"), "%s", text);
	cr_expect(strstr(text, "sealed "), "%s", text);
	cr_expect(strstr(text, "bind_denied 5"), "%s", text);
	cr_expect_not(strstr(text, "mmio_denied"), "what never happened is left out: %s", text);
	cr_expect_not(strchr(text, 0x1b), "nothing that a terminal acts on");
	free(text);
}

/* A tree with no securityfs files in it stands for a kernel without the patches. */
Test(loader_status, kernel_without_device_policy)
{
	char root[] = "/tmp/dg-test-XXXXXX";
	struct dg_kernel_status kernel = {.generation = 77};
	struct dg_failure failure = {};
	struct dg_facts facts = {};
	struct dg_selftest test;

	cr_assert(mkdtemp(root));
	cr_expect_eq(dg_kernel_status_read(root, &kernel, &failure), -EOPNOTSUPP);
	cr_expect_eq(failure.kind, DG_FAILURE_UNSUPPORTED);
	cr_expect(strstr(failure.text, "device_bind"), "names the hook: %s", failure.text);
	cr_expect_eq(kernel.generation, 77, "output untouched");
	cr_expect_eq(dg_kernel_selftest(root, DG_OP_BIND, &facts, &test, &failure), -EOPNOTSUPP);
	cr_expect_eq(dg_kernel_check(root, 1, &failure), -EOPNOTSUPP);
	cr_expect(strstr(failure.text, "no BTF"), "%s", failure.text);
	rmdir(root);
}

Test(loader_status, what_is_missing_is_named)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();
	struct dg_failure failure = {};

	dg_tree_put(&tree, "sys/kernel/btf/vmlinux", "no BTF in here");
	cr_expect_lt(dg_kernel_check(tree.root, 1, &failure), 0);
	cr_expect_eq(failure.kind, DG_FAILURE_SYSTEM);
	cr_expect(strstr(failure.text, "cannot read BTF"), "%s", failure.text);
}

/* A BTF file with the function bpf_lsm_@hook for each of @hooks. */
static void put_btf(const struct dg_tree *tree, const char *const *hooks)
{
	struct btf *btf = btf__new_empty();
	int proto = btf__add_func_proto(btf, 0);
	char path[256], name[64];
	const void *data;
	FILE *file;
	__u32 size;

	for (; *hooks; hooks++) {
		snprintf(name, sizeof(name), "bpf_lsm_%s", *hooks);
		cr_assert_gt(btf__add_func(btf, name, BTF_FUNC_STATIC, proto), 0);
	}
	data = btf__raw_data(btf, &size);
	dg_tree_put(tree, "sys/kernel/btf/vmlinux", "");
	snprintf(path, sizeof(path), "%s/sys/kernel/btf/vmlinux", tree->root);
	file = fopen(path, "w");
	cr_assert(file);
	cr_assert_eq(fwrite(data, 1, size, file), size);
	fclose(file);
	btf__free(btf);
}

Test(loader_status, missing_hooks_are_named)
{
	static const char *const old[] = {"device_bind", NULL};
	static const char *const some[] = {"device_bind", "device_mmio_map", "device_mmap",
					   "device_dma_map", NULL};
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();
	const uint32_t all = (1U << DG_HOOK_MAX) - 1;
	struct dg_failure failure = {};

	put_btf(&tree, old);
	cr_expect_eq(dg_kernel_check(tree.root, all, &failure), -EOPNOTSUPP);
	cr_expect_eq(failure.kind, DG_FAILURE_UNSUPPORTED);
	cr_expect(strstr(failure.text, "lacks the hooks device_mmio_map, device_mmap, "
				       "device_dma_map, device_dma_attach ("),
		  "%s", failure.text);
	cr_expect(dg_kernel_has_function(tree.root, "bpf_lsm_device_bind"));
	cr_expect_not(dg_kernel_has_function(tree.root, "bpf_lsm_device_mmap"));

	put_btf(&tree, some);
	cr_expect_eq(dg_kernel_check(tree.root, all, &failure), -EOPNOTSUPP);
	cr_expect(strstr(failure.text, "lacks the hook device_dma_attach ("), "%s", failure.text);
	cr_expect_eq(dg_kernel_check(tree.root, 1U << DG_HOOK_DEVICE_BIND, &failure), -EOPNOTSUPP);
	cr_expect_not(strstr(failure.text, "lacks the hook"), "what is there is not missed: %s",
		      failure.text);
}
