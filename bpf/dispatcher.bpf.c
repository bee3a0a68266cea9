// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dispatcher: one program a hook, attached once and pinned, that hands the call to the program
 * of the active policy. The kernel's word in the call names the slot, so that all hooks switch at
 * the one store of an activation; nothing here remembers which policy is in force.
 *
 * Also the two small programs that give the loader the kernel's rollback and detach.
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
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, DG_SLOT_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} dg_slots_bind SEC(".maps");

SEC("lsm/device_bind")
int BPF_PROG(dg_dispatch_bind, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	(void)dev;
	(void)drv;
	/*
	 * No policy yet: the kernel's boot default decides. The dispatcher is attached before the
	 * first activation, which would otherwise refuse every bind in between.
	 */
	if (!call->generation)
		return 0;
	bpf_tail_call(ctx, &dg_slots_bind, call->slot);
	/* An empty slot: the engine of the policy in force is lost. Nobody stamped the call. */
	return call->flags & DEVPOLICY_CALL_REPORT_ONLY ? 0 : -EPERM;
}

/* Context of dg_rollback and dg_detach; the run's return value is the kernel's answer. */
struct dg_expected {
	__u32 generation; /* that the caller saw */
};

SEC("syscall")
int dg_rollback(struct dg_expected *ctx)
{
	if (!bpf_ksym_exists(bpf_devpolicy_rollback))
		return -EOPNOTSUPP;
	return bpf_devpolicy_rollback(ctx->generation);
}

SEC("syscall")
int dg_detach(struct dg_expected *ctx)
{
	if (!bpf_ksym_exists(bpf_devpolicy_detach))
		return -EOPNOTSUPP;
	return bpf_devpolicy_detach(ctx->generation);
}

char _license[] SEC("license") = "GPL";
