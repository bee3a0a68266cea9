/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of `devgate diff` that is about the devices of an inventory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dg_diff_devices {
	const char *old_path, *new_path; /* policies or objects */
	const char *inventory;
	uint32_t ops;
	uint64_t time;
	bool json;
};

/* Compare and print. The exit status of the verb. */
int dg_diff_devices(const char *verb, const struct dg_diff_devices *options);
