/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * How far long work is: one line on a terminal, overwritten, and gone at the end. Nothing of it is seen
 * of work that takes less than a second.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct dg_progress {
	FILE *out; /* NULL: nothing is shown */
	const char *who;
	int64_t due; /* ms of the monotonic clock: not before */
	int64_t every;
	bool shown;
};

/*
 * For what @who (`devgate check`) does. Nothing is shown when @out is no terminal. The environment's
 * DEVGATE_PROGRESS: `always` from the beginning and at each step, `never`.
 */
struct dg_progress dg_progress_start(FILE *out, const char *who);

/*
 * Now comes the part @at (from 1) of @count; a @count of 0: nobody knows how many, @at of 0: it has no
 * parts. Costs a look at the clock. @progress may be NULL.
 */
void dg_progress_step(struct dg_progress *progress, const char *what, size_t at, size_t count);

/* The line is erased: before anything else is written. It comes back with the next step. */
void dg_progress_clear(struct dg_progress *progress);
