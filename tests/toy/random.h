/* SPDX-License-Identifier: GPL-2.0-only */
/* Pseudo-random numbers of tests (SplitMix64): the same state gives the same ones on any machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t next(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* From 0, below @count. */
static inline size_t pick(struct random *r, size_t count)
{
	return next(r) % count;
}

static inline bool chance(struct random *r, unsigned int percent)
{
	return pick(r, 100) < percent;
}

#define PICK(r, array) ((array)[pick((r), ARRAY_SIZE(array))])
