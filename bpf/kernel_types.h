/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * The little that the programs know of the kernel, relocated against its BTF when they are loaded.
 * Written by hand, so that no kernel has to be built or running to compile the engine.
 */
#pragma once

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct device;
struct device_driver;

struct devpolicy_call {
	__u64 time_ns;
	__u64 time;
	__u32 op;
	__u32 flags;
	__u32 generation;
	__u32 slot;
};

struct task_struct {
	unsigned int flags;
};

#pragma clang attribute pop

/* Layout is ABI (include/uapi/linux/devpolicy.h), not relocated. */
struct devpolicy_activation {
	__u32 size;
	__u32 expected;
	__u32 slot;
	__u32 flags;
	__u32 map_id;
	__u32 version;
	__u32 prog_id[16];
	char name[64];
	__u8 sha256[32];
	__u32 confirm_s; /* a kernel without it knows no bpf_devpolicy_confirm either */
};

#define DEVPOLICY_CALL_REPORT_ONLY (1U << 0)
#define DEVPOLICY_CALL_SELFTEST (1U << 1)
#define DEVPOLICY_CALL_CLOCK_SYNCED (1U << 2)
#define DEVPOLICY_CALL_AHEAD (1U << 3) /* judged ahead of use */

#define PF_KTHREAD 0x00200000
#define EPERM 1

extern const __u8 *bpf_devpolicy_facts(const struct devpolicy_call *call,
				       const __u32 rdonly_buf_size) __ksym __weak;
extern int bpf_devpolicy_stamp(struct devpolicy_call *call, __u32 verdict,
			       __u32 rule) __ksym __weak;
extern int bpf_devpolicy_activate(struct devpolicy_activation *act, __u32 act__sz) __ksym __weak;
extern int bpf_devpolicy_rollback(__u32 expected) __ksym __weak;
extern int bpf_devpolicy_detach(__u32 expected) __ksym __weak;
extern int bpf_devpolicy_confirm(__u32 expected) __ksym __weak;
extern int bpf_devpolicy_seal(__u32 expected) __ksym __weak;
