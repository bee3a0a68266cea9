/* SPDX-License-Identifier: GPL-2.0-only */
/* What decide.c asks of decide.bpf.c: the context of its program. */
#pragma once

#include <linux/types.h>

#define DG_BENCH_DEVICES 64
#define DG_BENCH_KEYS 65536

enum dg_bench_what {
	DG_BENCH_EMPTY,	  /* a turn of the loop and one array look-up, which is in all of them */
	DG_BENCH_LOOKUP,  /* a hash look-up of 8 bytes among DG_BENCH_KEYS */
	DG_BENCH_DECIDE,  /* a decision on the facts that the hooks have */
	DG_BENCH_DECIDE_MORE, /* and on digests and sets besides */
};

struct dg_bench {
	__u32 what;
	__u32 turns;
	__u32 row; /* decisions on one device before the next one's turn: 2 to the power of this */
	__u32 reserved;
	__u64 ns;  /* what all turns took */
	__u64 sum; /* so that no loop is left out */
};
