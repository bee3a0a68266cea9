/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of the audit stream: their order, and how they are shown (the `watch` fields of the
 * command's contract). The ring they come out of is audit.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "devgate_abi.h"

/* Where events go, in order. A negative return stops the delivery and is handed to the caller. */
struct dg_event_sink {
	int (*event)(void *context, const struct dg_event *event);
	/* @count events from sequence number @first on were due and are lost. */
	int (*drop)(void *context, uint64_t first, uint64_t count);
	void *context;
};

/*
 * A sequence number is given out before there is room in the ring for its event, so two processors
 * may write theirs in the other order. What comes early is held until the gap before it is filled,
 * until so many are held, or until the owner says that nothing more is on its way.
 */
#define DG_ORDER_WINDOW 256

struct dg_event_order {
	uint64_t next;				/* sequence number that is due */
	struct dg_event *held[DG_ORDER_WINDOW]; /* ascending by seq, all behind next */
	size_t count;
};

/*
 * Take one event. One that was already given up as lost is delivered all the same. -ENOMEM, or what
 * the sink returned.
 */
int dg_event_order_add(struct dg_event_order *order, const struct dg_event *event,
		       const struct dg_event_sink *sink);
/*
 * Everything up to number @last has had its time: deliver what is held up to there, gaps as drops
 * (also one at the end), and what follows without a gap. @last 0: deliver everything that is held.
 */
int dg_event_order_flush(struct dg_event_order *order, uint64_t last,
			 const struct dg_event_sink *sink);
/* Free what is held. */
void dg_event_order_done(struct dg_event_order *order);

/*
 * A record as it came out of the ring, @size bytes, into this version's layout: missing fields are
 * zero, more than is known is cut. -EBADMSG for less than everything before the facts.
 */
int dg_event_read(const void *data, size_t size, struct dg_event *ret);

/* One JSON object, no newline; to be freed. -ENOMEM. */
int dg_event_to_json(const struct dg_event *event, char **ret);
int dg_event_drop_to_json(uint64_t time_ns, uint64_t first, uint64_t count, char **ret);

/* One line of the table for people: time, device, driver, verdict, rule. Terminal-safe. */
void dg_event_print_header(FILE *out);
void dg_event_print(FILE *out, const struct dg_event *event);
void dg_event_print_drop(FILE *out, uint64_t time_ns, uint64_t first, uint64_t count);

/* "2026-11-21T09:00:25.123456789Z" */
#define DG_TIME_TEXT_MAX 40
void dg_time_text(uint64_t time_ns, char ret[static DG_TIME_TEXT_MAX]);
