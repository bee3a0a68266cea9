// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one decision costs: the engine's own code on the tables of a policy object, in one program
 * with what it is compared with. The loops differ in their body alone.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/version.h>
#include <bpf/bpf_helpers.h>

/* The state of bpf_for(); the headers of older systems do not have it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));
#endif

#include "decide.bpf.h"
#include "decide.h"

char LICENSE[] SEC("license") = "GPL";

/* What the policy compiler's linker puts there in an object; decide.c gives it the tables' size. */
const volatile unsigned char dg_policy[8] SEC(".rodata.policy") = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DG_BENCH_DEVICES);
	__type(key, __u32);
	__type(value, struct dg_sim);
} bench_devices SEC(".maps");

/* The keys of bench_hash in the order of asking: one of them a turn. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DG_BENCH_KEYS);
	__type(key, __u32);
	__type(value, __u64);
} bench_keys SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DG_BENCH_KEYS);
	__type(key, __u64);
	__type(value, __u64);
} bench_hash SEC(".maps");

static __always_inline void loop_empty(struct dg_bench *bench)
{
	__u64 sum = 0;
	int i;

	bpf_for (i, 0, (int)bench->turns) {
		__u32 key = i & (DG_BENCH_KEYS - 1);
		const __u64 *at = bpf_map_lookup_elem(&bench_keys, &key);

		if (at)
			sum += *at;
	}
	bench->sum = sum;
}

static __always_inline void loop_lookup(struct dg_bench *bench)
{
	__u64 sum = 0;
	int i;

	bpf_for (i, 0, (int)bench->turns) {
		__u32 key = i & (DG_BENCH_KEYS - 1);
		const __u64 *at = bpf_map_lookup_elem(&bench_keys, &key);

		if (at) {
			__u64 wanted = *at;
			const __u64 *found = bpf_map_lookup_elem(&bench_hash, &wanted);

			if (found)
				sum += *found;
		}
	}
	bench->sum = sum;
}

/* Question and answer stay in the map: the engine takes nearly all of the stack that there is. */
static __always_inline void loop_decide(struct dg_bench *bench)
{
	bool with_more = bench->what == DG_BENCH_DECIDE_MORE;
	__u64 sum = 0;
	int i;

	bpf_for (i, 0, (int)bench->turns) {
		__u32 key = i >> (bench->row & 31) & (DG_BENCH_DEVICES - 1);
		struct dg_sim *sim = bpf_map_lookup_elem(&bench_devices, &key);

		if (!sim)
			continue;
		dg_decide(&sim->facts, with_more ? &sim->more : NULL, &sim->query, &sim->answer);
		sum += sim->answer.verdict;
	}
	bench->sum = sum;
}

SEC("syscall")
int bench_run(struct dg_bench *bench)
{
	__u64 begun = bpf_ktime_get_ns();

	switch (bench->what) {
	case DG_BENCH_EMPTY:
		loop_empty(bench);
		break;
	case DG_BENCH_LOOKUP:
		loop_lookup(bench);
		break;
	case DG_BENCH_DECIDE:
	case DG_BENCH_DECIDE_MORE:
		loop_decide(bench);
		break;
	default:
		return -1;
	}
	bench->ns = bpf_ktime_get_ns() - begun;
	return 0;
}
