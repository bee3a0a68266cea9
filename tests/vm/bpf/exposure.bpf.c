// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's device policy offers to BPF programs, and what it must not: each program is loaded
 * alone. good_*: the kernel takes it. bad_*: it does not, for the reason that the test names.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "devgate_abi.h"
#include "kernel_types.h"

struct device_driver___named {
	const char *name;
} __attribute__((preserve_access_index));

struct device___named {
	const char *init_name;
} __attribute__((preserve_access_index));

const char *seen; /* so that a read is not left out */
__u32 unknown_size;

/* Which hooks may sleep. */

#define SLEEPABLE(kind, hook)                                                                      \
	SEC("?lsm.s/" #hook)                                                                       \
	int kind##_sleeps_in_##hook(void *ctx)                                                     \
	{                                                                                          \
		return 0;                                                                          \
	}

SLEEPABLE(good, device_bind)
SLEEPABLE(good, device_mmio_map)
SLEEPABLE(good, device_mmap)
SLEEPABLE(good, device_dma_attach)
SLEEPABLE(bad, device_dma_map)

/* Memory may have no device. */

SEC("?lsm/device_mmio_map")
int BPF_PROG(bad_reads_no_device, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	seen = ((struct device___named *)dev)->init_name;
	return 0;
}

SEC("?lsm/device_mmio_map")
int BPF_PROG(good_looks_first, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	if (dev)
		seen = ((struct device___named *)dev)->init_name;
	return 0;
}

SEC("?lsm/device_bind")
int BPF_PROG(good_reads_device, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	seen = ((struct device___named *)dev)->init_name;
	return 0;
}

/* The facts and the call are the kernel's. */

SEC("?lsm/device_bind")
int BPF_PROG(good_reads_facts, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	const struct dg_facts *facts =
		(const struct dg_facts *)bpf_devpolicy_facts(call, sizeof(*facts));

	return facts && !facts->size ? -EPERM : 0;
}

SEC("?lsm/device_bind")
int BPF_PROG(bad_facts_unchecked, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	const struct dg_facts *facts =
		(const struct dg_facts *)bpf_devpolicy_facts(call, sizeof(*facts));

	return !facts->size ? -EPERM : 0;
}

SEC("?lsm/device_bind")
int BPF_PROG(bad_facts_past_their_end, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	const volatile __u64 *facts = (const volatile __u64 *)bpf_devpolicy_facts(call, 16);

	return facts && !facts[2] ? -EPERM : 0;
}

SEC("?lsm/device_bind")
int BPF_PROG(bad_writes_facts, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	struct dg_facts *facts = (struct dg_facts *)bpf_devpolicy_facts(call, sizeof(*facts));

	if (facts)
		facts->known_num = 0;
	return 0;
}

SEC("?lsm/device_bind")
int BPF_PROG(bad_facts_of_any_size, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	return bpf_devpolicy_facts(call, unknown_size) ? -EPERM : 0;
}

SEC("?lsm/device_bind")
int BPF_PROG(bad_writes_call, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	call->generation = 7;
	return 0;
}

/* Another hook's argument is no call. */
SEC("?lsm/device_bind")
int BPF_PROG(bad_stamps_device, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	return bpf_devpolicy_stamp((struct devpolicy_call *)dev, 1, 0) ? -EPERM : 0;
}

/* Decisions are for LSM programs, switches for syscall programs. */

SEC("?lsm/device_bind")
int BPF_PROG(good_stamps, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	return bpf_devpolicy_stamp(call, 1, 0) ? -EPERM : 0;
}

SEC("?fentry/devpolicy_call_end")
int BPF_PROG(bad_tracer_stamps, struct devpolicy_call *call)
{
	bpf_devpolicy_stamp(call, 1, 0);
	return 0;
}

SEC("?fentry/devpolicy_call_end")
int BPF_PROG(bad_tracer_reads_facts, struct devpolicy_call *call)
{
	bpf_devpolicy_facts(call, 16);
	return 0;
}

SEC("?fentry/devpolicy_call_end")
int BPF_PROG(good_tracer_looks_on, struct devpolicy_call *call)
{
	if (call->generation == 7)
		seen = NULL;
	return 0;
}

SEC("?fentry/devpolicy_call_end")
int BPF_PROG(bad_tracer_detaches, struct devpolicy_call *call)
{
	bpf_devpolicy_detach(1);
	return 0;
}

#define SWITCH(what, call)                                                                         \
	SEC("?syscall")                                                                            \
	int good_syscall_##what(void *ctx)                                                         \
	{                                                                                          \
		return call;                                                                       \
	}                                                                                          \
	SEC("?lsm.s/device_bind")                                                                  \
	int bad_lsm_##what(void *ctx)                                                              \
	{                                                                                          \
		return call ? -EPERM : 0;                                                          \
	}

SWITCH(detaches, bpf_devpolicy_detach(1))
SWITCH(rolls_back, bpf_devpolicy_rollback(1))
SWITCH(confirms, bpf_devpolicy_confirm(1))
SWITCH(seals, bpf_devpolicy_seal(1))

static struct devpolicy_activation activation;

SWITCH(activates, bpf_devpolicy_activate(&activation, sizeof(activation)))

char _license[] SEC("license") = "GPL";
