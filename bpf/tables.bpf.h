/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Bounded reads of the compiled policy. The tables are the value of a frozen map, so the verifier
 * knows their size as a constant, and every read proves itself against it. The compiler has checked
 * the tables; these checks are what lets them be data all the same.
 */
#pragma once

#include <linux/version.h>

/* The state of bpf_for(); the headers of older systems do not have it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));
#endif

#include "devgate_abi.h"
#include "dg_policy_extern.h"

#define dg_header ((const volatile struct dg_tables *)dg_policy)

/* Bytes at @off, @len of them, or NULL. @off is 64 bits wide, so that no sum of callers wraps. */
static __always_inline const volatile void *dg_tables_at(__u64 off, __u64 len)
{
	__u64 size = dg_header->size;

	if (size < len)
		return NULL;
	asm volatile("" : "+r"(off)); /* the checked register is the one that is used */
	if (off > size - len)
		return NULL;
	return dg_policy + off;
}

#define DG_READ(type, off, ret)                                                                    \
	({                                                                                         \
		const volatile type *at_ = dg_tables_at(off, sizeof(type));                        \
		if (at_)                                                                           \
			*(ret) = *at_;                                                             \
		at_ != NULL;                                                                       \
	})
