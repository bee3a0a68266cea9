// SPDX-License-Identifier: GPL-2.0-only
/*
 * The enforcement engine: compiled once, the same in every policy object; a policy is its tables.
 * One thin program a hook gathers the facts, decides, stamps the call and reports.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "audit.bpf.h"
#include "decide.bpf.h"
#include "kernel_types.h"

char LICENSE[] SEC("license") = "GPL";

/* What user space asks dg_run_sim. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dg_sim);
} dg_sim SEC(".maps");

/* Decide a call of a hook: what each hook's program is made of. 0 or -EPERM. */
static __always_inline int dg_judge(struct devpolicy_call *call)
{
	struct dg_query query = {
		.op = call->op,
		.clock_synced = !!(call->flags & DEVPOLICY_CALL_CLOCK_SYNCED),
		.time = call->time,
	};
	struct dg_answer answer;
	const struct dg_facts *facts;

	facts = (const struct dg_facts *)bpf_devpolicy_facts(call, sizeof(*facts));
	if (facts)
		dg_decide(facts, NULL, &query, &answer);
	else
		dg_answer_broken(&answer);

	/* Refused unless this object is the one in force; its word alone can allow then. */
	bpf_devpolicy_stamp(call, answer.verdict, answer.rule);
	dg_audit(call, facts, &answer);

	if (answer.verdict == DG_VERDICT_ALLOW || (call->flags & DEVPOLICY_CALL_REPORT_ONLY))
		return 0;
	return -EPERM;
}

SEC("lsm/device_bind")
int BPF_PROG(dg_device_bind, struct device *dev, const struct device_driver *drv,
	     struct devpolicy_call *call)
{
	return dg_judge(call);
}

SEC("lsm/device_mmio_map")
int BPF_PROG(dg_device_mmio_map, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	/* Memory of no device: rules speak of devices, so there is nothing to say. */
	return dev ? dg_judge(call) : 0;
}

SEC("lsm/device_mmap")
int BPF_PROG(dg_device_mmap, struct device *dev, __u64 phys, __u64 size,
	     struct devpolicy_call *call)
{
	return dg_judge(call);
}

SEC("lsm/device_dma_map")
int BPF_PROG(dg_device_dma_map, struct device *dev, struct devpolicy_call *call)
{
	return dg_judge(call);
}

SEC("lsm/device_dma_attach")
int BPF_PROG(dg_device_dma_attach, struct device *dev, __u32 type, struct devpolicy_call *call)
{
	return dg_judge(call);
}

/* Decide the query in dg_sim: no hook, no audit, any kernel. */
SEC("syscall")
int dg_run_sim(void *ctx)
{
	struct dg_answer answer;
	struct dg_query query;
	struct dg_sim *sim;
	__u32 zero = 0;
	int ret;

	sim = bpf_map_lookup_elem(&dg_sim, &zero);
	if (!sim)
		return -1;
	query.op = sim->query.op;
	query.clock_synced = sim->query.clock_synced;
	query.time = sim->query.time;
	ret = dg_decide(&sim->facts, &sim->more, &query, &answer);
	sim->answer.verdict = answer.verdict;
	sim->answer.flags = answer.flags;
	sim->answer.rule = answer.rule;
	sim->answer.would = answer.would;
	return ret;
}

/* Put this object in force; the name, version and digest are the tables' own. */
SEC("syscall")
int dg_activate(struct dg_activate *ctx)
{
	struct devpolicy_activation act = {
		.size = sizeof(act),
		.expected = ctx->expected,
		.slot = ctx->slot,
		.flags = ctx->flags,
		.map_id = ctx->map_id,
		.version = dg_header->version,
		.confirm_s = ctx->confirm_s,
	};
	int i;

#pragma unroll
	for (i = 0; i < DG_HOOK_SLOTS; i++)
		act.prog_id[i] = ctx->prog_id[i];
#pragma unroll
	for (i = 0; i < DG_NAME_BYTES; i++)
		act.name[i] = dg_header->name[i];
#pragma unroll
	for (i = 0; i < DG_SHA256_BYTES; i++)
		act.sha256[i] = dg_header->text_sha256[i];
	return bpf_devpolicy_activate(&act, sizeof(act));
}
