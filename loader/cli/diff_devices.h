/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of `devgate diff` that is about the devices of an inventory. */
#pragma once

#include "policy.h"

struct dg_diff_devices {
	const struct dg_policy *before, *after;
	const char *inventory;
	uint32_t ops;
	uint64_t time;
	bool json;
};

/* Compare and print. The exit status of the verb. */
int dg_diff_devices(const char *verb, const struct dg_diff_devices *options);
