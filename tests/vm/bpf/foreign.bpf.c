// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of somebody else on the device hooks: each answers what it was told to, or tries to decide
 * the call by a stamp and answers 0.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "devgate_abi.h"
#include "foreign.h"
#include "kernel_types.h"

const volatile struct foreign_order order;
struct foreign_counts counts;

static __always_inline int concerns(const struct devpolicy_call *call)
{
	const struct dg_facts *facts;

	if (!order.address)
		return 1;
	facts = (const struct dg_facts *)bpf_devpolicy_facts(call, sizeof(*facts));
	return facts && facts->num[DG_NUM_PCI_ADDRESS] == order.address;
}

static __always_inline int reply(struct devpolicy_call *call)
{
	if (!concerns(call))
		return 0;
	__sync_fetch_and_add(&counts.calls, 1);
	if (order.verdict >= 0 && !bpf_devpolicy_stamp(call, (__u32)order.verdict, 0))
		__sync_fetch_and_add(&counts.stamped, 1);
	return order.answer;
}

SEC("?lsm/device_bind")
int BPF_PROG(device_bind, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	return reply(call);
}

SEC("?lsm/device_mmio_map")
int BPF_PROG(device_mmio_map, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	return reply(call);
}

SEC("?lsm/device_mmap")
int BPF_PROG(device_mmap, struct device *dev, __u64 phys, __u64 size, struct devpolicy_call *call)
{
	return reply(call);
}

SEC("?lsm/device_dma_map")
int BPF_PROG(device_dma_map, struct device *dev, struct devpolicy_call *call)
{
	return reply(call);
}

SEC("?lsm/device_dma_attach")
int BPF_PROG(device_dma_attach, struct device *dev, __u32 type, struct devpolicy_call *call)
{
	return reply(call);
}

char _license[] SEC("license") = "GPL";
