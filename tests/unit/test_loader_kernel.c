// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "compiled.h"
#include "kernel.h"

extern const char dg_dispatcher_start[], dg_dispatcher_end[];

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static struct dg_kernel_status status;

Test(loader_kernel, status_full)
{
	static const char text[] = "mode enforce\ngeneration 4\nslot 2\nprevious_generation 3\n"
				   "previous_slot 1\npolicy cvm\\040prod\\134x\nversion 42\n"
				   "digest sha256:" DIGEST "\npermissive 0\nbind_programs 1\n"
				   "bind_program 17\nattach_program 18\n"
				   "pending_confirm_s 45\nsealed 1\n"
				   "bind_allowed 18446744073709551615\nword yes\n";

	cr_assert_eq(dg_kernel_status_parse(text, &status), 0);
	cr_expect_eq(status.mode, DG_MODE_ENFORCE);
	cr_expect_eq(status.generation, 4);
	cr_expect_eq(status.slot, 2);
	cr_expect_eq(status.previous_generation, 3);
	cr_expect_eq(status.previous_slot, 1);
	cr_expect_eq(status.version, 42);
	cr_expect_str_eq(status.policy, "cvm prod\\x", "white space is escaped by the kernel");
	cr_expect(status.has_digest);
	cr_expect_eq(status.digest[0], 0x00);
	cr_expect_eq(status.digest[31], 0xff);
	cr_expect_not(status.permissive);
	cr_expect_eq(status.pending_confirm_s, 45);
	cr_expect(status.sealed);
	cr_expect_eq(status.counter_count, 2, "what is no number, or an id, is passed over");
	cr_expect_str_eq(status.counters[1].name, "bind_allowed");
	cr_expect_eq(status.counters[1].value, UINT64_MAX);
}

static void has_program(struct bpf_object *object, const char *name, const char *hook)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	cr_assert(program, "no program %s", name);
	cr_expect_str_eq(bpf_program__section_name(program) + strlen("lsm/"), hook);
}

Test(loader_kernel, hooks_are_those_of_the_objects)
{
	struct dg_policy *policy = parse(HEAD);
	struct bpf_object *engine, *dispatcher;
	struct bpf_program *program;
	struct dg_diags diags = {};
	int programs = 0;
	size_t size;
	void *bytes;

	cr_assert_eq(dg_object_build(policy, &diags, &bytes, &size, NULL), 0);
	engine = bpf_object__open_mem(bytes, size, NULL);
	dispatcher = bpf_object__open_mem(dg_dispatcher_start,
					  dg_dispatcher_end - dg_dispatcher_start, NULL);
	cr_assert(engine);
	cr_assert(dispatcher);
	for (int i = 0; i < DG_HOOK_MAX; i++) {
		const struct dg_hook_info *hook = dg_hook_info(i);

		cr_expect_eq((int)hook->hook, i);
		has_program(engine, hook->program, hook->name);
		has_program(dispatcher, hook->dispatcher, hook->name);
		cr_expect(bpf_object__find_map_by_name(dispatcher, hook->slots), "no map %s",
			  hook->slots);
		cr_expect_leq(strlen(hook->slots), 15, "the kernel knows no longer names");
	}
	bpf_object__for_each_program (program, engine)
		programs += !strncmp(bpf_program__section_name(program), "lsm/", 4);
	cr_expect_eq(programs, DG_HOOK_MAX, "no program of the engine is left out");
	bpf_object__close(engine);
	bpf_object__close(dispatcher);
	free(bytes);
	dg_diags_done(&diags);
	dg_policy_free(policy);
}

Test(loader_kernel, status_no_policy)
{
	cr_assert_eq(dg_kernel_status_parse("mode audit\ngeneration 0\npolicy\nversion\ndigest\n",
					    &status),
		     0);
	cr_expect_eq(status.mode, DG_MODE_AUDIT);
	cr_expect_eq(status.generation, 0);
	cr_expect_str_eq(status.policy, "");
	cr_expect_not(status.has_digest);
}

Test(loader_kernel, status_refused)
{
	static const char *const bad[] = {
		"",
		"mode enforce\n",
		"generation 1\n",
		"mode maybe\ngeneration 1\n",
		"mode enforce\ngeneration x\n",
		"mode enforce\ngeneration -1\n",
		"mode enforce\ngeneration 4294967296\n",
		"mode enforce\ngeneration 1\ngeneration 2\n",
		"mode enforce\ngeneration 1\npermissive 2\n",
		"mode enforce\ngeneration 1\nsealed maybe\n",
		"mode enforce\ngeneration 1\npending_confirm_s -1\n",
		"mode enforce\ngeneration 1\ndigest sha256:00\n",
		"mode enforce\ngeneration 1\ndigest md5:" DIGEST "\n",
		"mode enforce\ngeneration 1\npolicy a\\0\n",
		"mode enforce\ngeneration 1\npolicy a\\\\\n",
		"mode enforce\ngeneration 1\npolicy a\\400\n",
		"mode enforce\ngeneration 1\n"
		"policy 0123456789012345678901234567890123456789012345678901234567890123\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		status.generation = 77;
		cr_expect_eq(dg_kernel_status_parse(bad[i], &status), -EBADMSG, "text %zu", i);
		cr_expect_eq(status.generation, 77, "text %zu: output untouched", i);
	}
}

Test(loader_kernel, selftest)
{
	struct dg_selftest test;

	cr_assert_eq(
		dg_selftest_parse("stamped 1 verdict deny rule 3 generation 9 refused 1\n", &test),
		0);
	cr_expect(test.stamped);
	cr_expect(test.refused);
	cr_expect_eq(test.verdict, DG_VERDICT_DENY);
	cr_expect_eq(test.rule, 3);
	cr_expect_eq(test.generation, 9);
	cr_assert_eq(
		dg_selftest_parse("stamped 0 verdict allow rule 4294967295 generation 0 refused 0",
				  &test),
		0);
	cr_expect_not(test.stamped);
	cr_expect_eq(test.verdict, DG_VERDICT_ALLOW);
	cr_expect_eq(test.rule, DG_RULE_DEFAULT);
	cr_assert_eq(
		dg_selftest_parse(
			"stamped 1 verdict deny rule default generation 1 refused 0 new x", &test),
		0);
	cr_expect_eq(test.rule, DG_RULE_DEFAULT);
}

Test(loader_kernel, selftest_refused)
{
	static const char *const bad[] = {
		"",
		"stamped 1 verdict deny rule 3 generation 9\n",
		"stamped 1 verdict deny rule 3 generation 9 refused\n",
		"stamped 2 verdict deny rule 3 generation 9 refused 1\n",
		"stamped 1 verdict maybe rule 3 generation 9 refused 1\n",
		"stamped 1 verdict deny rule x generation 9 refused 1\n",
	};
	struct dg_selftest test = {.rule = 77};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(dg_selftest_parse(bad[i], &test), -EBADMSG, "text %zu", i);
	cr_expect_eq(test.rule, 77, "output untouched");
}

Test(loader_kernel, lsm_list)
{
	cr_expect(dg_lsm_list_has_bpf("lockdown,capability,bpf\n"));
	cr_expect(dg_lsm_list_has_bpf("bpf"));
	cr_expect(dg_lsm_list_has_bpf("bpf,devpolicy"));
	cr_expect_not(dg_lsm_list_has_bpf("lockdown,bpfx,xbpf\n"));
	cr_expect_not(dg_lsm_list_has_bpf(""));
}
