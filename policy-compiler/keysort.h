/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Sorting by 64-bit keys in linear time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dg_key {
	uint64_t key;
	uint32_t value;
};

/*
 * Sort by key; equal keys keep their order. @scratch has room for @count keys too. Cheap when the
 * keys are in order already.
 */
void dg_keys_sort(struct dg_key *keys, struct dg_key *scratch, size_t count);
