/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reader of the pinned audit ring. A ring has one consumer: what was read is gone, so a reader
 * holds a lock for as long as it lives, and where it stopped is kept beside the ring: the next one
 * tells what was lost in between.
 */
#pragma once

#include "event.h"
#include "failure.h"
#include "util.h"

struct dg_audit_reader;

/*
 * Take up the ring. -ENOENT with a message when there is none; -EBUSY with a message that names the
 * process that reads already. @sink must live as long as *@ret.
 */
int dg_audit_open(const struct dg_event_sink *sink, struct dg_audit_reader **ret,
		  struct dg_failure *failure);

/*
 * Wait up to @timeout_ms for events and deliver what has come. 1: there was something, or events
 * are still awaited; 0: nothing is there and nothing is missing; -EINTR after a signal; else what
 * the sink returned or a negative errno.
 */
int dg_audit_step(struct dg_audit_reader *audit, int timeout_ms);

/* Deliver what is held back, and remember where the reader stopped. 0 or as above. */
int dg_audit_finish(struct dg_audit_reader *audit);

void dg_audit_free(struct dg_audit_reader *audit);
DEFINE_CLEANUP(struct dg_audit_reader *, dg_audit_free, audit_reader)

/* The shared counters of all engines; -ENOENT (no message) when they are not pinned. */
int dg_audit_stats(struct dg_stats *ret, struct dg_failure *failure);
