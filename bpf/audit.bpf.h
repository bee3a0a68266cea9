/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The audit stream. Sequence numbers are given out before room is asked for, so an event that did
 * not fit leaves a gap, and `dropped` says how many there are: nothing is lost silently.
 */
#pragma once

#include "kernel_types.h"
#include "tables.bpf.h"

/* Shared by all generations: the loader lets each object use the pinned ones. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} dg_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dg_stats);
} dg_stats SEC(".maps");

static __always_inline void dg_copy_name(char *to, const volatile void *from)
{
	const volatile __u64 *words = from;
	int i;

#pragma unroll
	for (i = 0; i < DG_NAME_BYTES / 8; i++)
		((__u64 *)to)[i] = words[i];
}

static __always_inline void dg_clear_name(char *to)
{
	int i;

#pragma unroll
	for (i = 0; i < DG_NAME_BYTES / 8; i++)
		((__u64 *)to)[i] = 0;
}

/* The id of rule @index, or "" when it is none. */
static __always_inline void dg_copy_rule_id(char *to, __u32 index)
{
	const volatile struct dg_rule *rule = NULL;
	__u32 words = 0, off = 0, i;

	if (index < dg_header->rule_count)
		rule = dg_tables_at(dg_header->rule_off + (__u64)index * sizeof(*rule),
				    sizeof(*rule));
	if (rule) {
		words = rule->id_words;
		off = rule->id;
	}
#pragma unroll
	for (i = 0; i < DG_NAME_BYTES / 8; i++) {
		__u64 word = 0;

		if (i < words)
			DG_READ(__u64, (__u64)dg_header->id_off + off + i * 8, &word);
		((__u64 *)to)[i] = word;
	}
}

static __always_inline void dg_count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/*
 * Is the decision the last word on its subject? A denial given ahead of use is not: the use, if it
 * comes, is asked again. Where nothing is refused it never is, so the denial counts at once. An
 * admission is kept and not asked for again, but for a bind, which is asked for each time.
 */
static __always_inline bool dg_is_final(const struct devpolicy_call *call,
					const struct dg_answer *answer)
{
	if (!(call->flags & DEVPOLICY_CALL_AHEAD))
		return true;
	if (answer->verdict == DG_VERDICT_ALLOW)
		return call->op != DG_OP_BIND;
	return call->flags & DEVPOLICY_CALL_REPORT_ONLY;
}

/* Count the decision, and write its event when one is due. @facts may be NULL. */
static __noinline int dg_audit(const struct devpolicy_call *call, const struct dg_facts *facts,
			       const struct dg_answer *answer)
{
	bool probe = call->flags & DEVPOLICY_CALL_SELFTEST;
	struct task_struct *task;
	struct dg_stats *stats;
	struct dg_event *event;
	__u32 zero = 0, op;
	__u64 seq;

	if (!dg_is_final(call, answer))
		return 0;
	stats = bpf_map_lookup_elem(&dg_stats, &zero);
	if (!stats)
		return 0;
	if (!probe) {
		op = call->op & 15;
		dg_count(answer->verdict == DG_VERDICT_ALLOW ? &stats->allowed[op]
							     : &stats->denied[op]);
		if (answer->would != DG_RULE_NONE)
			dg_count(&stats->would[op]);
		if (answer->rule == DG_RULE_BROKEN)
			dg_count(&stats->broken);
	}
	if (!(answer->flags & DG_LEAF_AUDIT))
		return 0;

	seq = __sync_fetch_and_add(&stats->seq, 1) + 1;
	event = bpf_ringbuf_reserve(&dg_events, sizeof(*event), 0);
	if (!event) {
		dg_count(&stats->dropped);
		return 0;
	}
	event->size = sizeof(*event);
	event->type = probe ? DG_EVENT_PROBE : DG_EVENT_DECISION;
	event->seq = seq;
	event->time_ns = call->time_ns;
	event->generation = call->generation;
	event->version = dg_header->version;
	event->op = call->op;
	event->verdict = answer->verdict;
	event->enforced = !(call->flags & DEVPOLICY_CALL_REPORT_ONLY);
	event->rule = answer->rule;
	event->would = answer->would;
	event->would_verdict =
		answer->flags & DG_LEAF_WOULD_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
	task = (struct task_struct *)bpf_get_current_task_btf();
	event->context = task->flags & PF_KTHREAD ? DG_CONTEXT_WORKER : DG_CONTEXT_TASK;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->cpu = bpf_get_smp_processor_id();
	event->reserved = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	dg_copy_name(event->policy, dg_header->name);
	dg_copy_rule_id(event->rule_id, answer->rule);
	dg_copy_rule_id(event->would_id, answer->would);
	/* Fills the target with zeroes when there is nothing to read. */
	bpf_probe_read_kernel(&event->facts, sizeof(event->facts), facts);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
