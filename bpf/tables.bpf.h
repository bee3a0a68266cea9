/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Bounded reads of the compiled policy. The tables are the value of a frozen map, so the verifier
 * knows their size as a constant, and every read proves itself against it. The compiler has checked
 * the tables; these checks are what lets them be data all the same.
 */
#pragma once

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

/*
 * To stand first in the body of a loop, whose bound the verifier need not see then: it looks at the
 * body for any number of turns at once. Once the kernel's budget for such loops is spent, it goes
 * to
 * @label. This costs a few instructions a turn, an iterator a call.
 */
#define DG_LOOP(label) asm goto("may_goto %l[" #label "]" : : : : label)

/*
 * 0, out of a number that the verifier does not know: so it does not know this one either. A
 * counter that begins at a constant would be another constant at each turn.
 */
static __always_inline __u64 dg_zero(__u64 unknown)
{
	__u64 zero = ~unknown;

	asm volatile("%0 &= %1" : "+r"(zero) : "r"(unknown));
	return zero;
}

/*
 * @counter, of which the verifier does not see that it is: what it learns of the copy at a read says
 * nothing of the counter, which would have other bounds at each turn. @zero: dg_zero().
 */
static __always_inline __u64 dg_apart(__u64 counter, __u64 zero)
{
	asm volatile("%0 += %1" : "+r"(counter) : "r"(zero));
	return counter;
}
