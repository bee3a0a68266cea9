// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dispatcher: one program a hook, attached once and pinned, that hands the call to the program
 * of the active policy. The kernel's word in the call names the slot, so that all hooks switch at
 * the one store of an activation; nothing here remembers which policy is in force.
 *
 * Also the small programs that give the loader the kernel's rollback, detach, confirm and seal.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "devgate_abi.h"
#include "kernel_types.h"

#define EOPNOTSUPP 95

/*
 * One array a hook: the kernel insists that all programs in an array have one attach target. The
 * last file descriptor or pin of it must outlive the link, else the kernel empties it (and all is
 * denied).
 */
struct dg_slots {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, DG_SLOT_COUNT);
	__type(key, __u32);
	__type(value, __u32);
};

struct dg_slots dg_slots_bind SEC(".maps"), dg_slots_mmio SEC(".maps"), dg_slots_mmap SEC(".maps"),
	dg_slots_dma SEC(".maps"), dg_slots_attach SEC(".maps");

static __always_inline int dg_dispatch(void *ctx, void *slots, const struct devpolicy_call *call)
{
	/*
	 * No policy yet: the kernel's boot default decides. The dispatcher is attached before the
	 * first activation, which would otherwise refuse every call in between.
	 */
	if (!call->generation)
		return 0;
	bpf_tail_call(ctx, slots, call->slot);
	/* An empty slot: the engine of the policy in force is lost. Nobody stamped the call. */
	return call->flags & DEVPOLICY_CALL_REPORT_ONLY ? 0 : -EPERM;
}

SEC("lsm/device_bind")
int BPF_PROG(dg_dispatch_bind, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	return dg_dispatch(ctx, &dg_slots_bind, call);
}

SEC("lsm/device_mmio_map")
int BPF_PROG(dg_dispatch_mmio, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	/* Memory of no device: the kernel decides, with an engine or without. */
	return dev ? dg_dispatch(ctx, &dg_slots_mmio, call) : 0;
}

SEC("lsm/device_mmap")
int BPF_PROG(dg_dispatch_mmap, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	return dg_dispatch(ctx, &dg_slots_mmap, call);
}

SEC("lsm/device_dma_map")
int BPF_PROG(dg_dispatch_dma, struct device *dev, struct devpolicy_call *call)
{
	return dg_dispatch(ctx, &dg_slots_dma, call);
}

SEC("lsm/device_dma_attach")
int BPF_PROG(dg_dispatch_attach, struct device *dev, __u32 type, struct devpolicy_call *call)
{
	return dg_dispatch(ctx, &dg_slots_attach, call);
}

/* Context of the programs below; the run's return value is the kernel's answer. */
struct dg_expected {
	__u32 generation; /* that the caller saw */
};

/* A program that asks the kernel for @what, which an older one may lack. */
#define DG_ASK(what)                                                                               \
	SEC("syscall")                                                                             \
	int dg_##what(struct dg_expected *ctx)                                                     \
	{                                                                                          \
		if (!bpf_ksym_exists(bpf_devpolicy_##what))                                        \
			return -EOPNOTSUPP;                                                        \
		return bpf_devpolicy_##what(ctx->generation);                                      \
	}

DG_ASK(rollback)
DG_ASK(detach)
DG_ASK(confirm)
DG_ASK(seal)

char _license[] SEC("license") = "GPL";
