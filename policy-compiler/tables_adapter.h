/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * For tables that do not look exact values up yet: all of a classifier as intervals, or as one
 * dense automaton. Goes when the engine hashes.
 */
#pragma once

#include "symbols.h"

struct dg_flat {
	struct dg_interval *intervals;
	size_t interval_count;
	struct dg_automaton automaton;
};

/* 0, -E2BIG or -ENOMEM; the result is the caller's, for dg_flat_done(). */
int dg_flatten(const struct dg_variable *variable, struct dg_flat *ret);
void dg_flat_done(struct dg_flat *flat);
