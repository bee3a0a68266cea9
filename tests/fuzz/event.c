// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event stream: records of any bytes and any length, as the ring hands them out, end in one
 * line of JSON each and one of the table, in order, with every gap told.
 */
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

static int show(void *context, const struct dg_event *event)
{
	_cleanup_free_ char *json = NULL;

	(void)context;
	dg_event_print(nowhere, event);
	if (dg_event_to_json(event, &json) || strchr(json, '\n'))
		abort();
	return 0;
}

static int show_drop(void *context, uint64_t first, uint64_t count)
{
	_cleanup_free_ char *json = NULL;
	uint64_t *due = context;

	if (!count || first < *due)
		abort();
	*due = first + count;
	dg_event_print_drop(nowhere, 0, first, count);
	if (dg_event_drop_to_json(0, first, count, &json) || strchr(json, '\n'))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dg_event event;
	struct dg_event_order order = {.next = 1};
	uint64_t due = 1;
	struct dg_event_sink sink = {.event = show, .drop = show_drop, .context = &due};

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	/* A length of two bytes before each record; two bits of it cut its sequence number down. */
	while (size > 2) {
		size_t len = data[0] | (size_t)(data[1] & 0x3f) << 8;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		if (!dg_event_read(data, len, &event)) {
			if (data[-1] & 0x40)
				event.seq &= 0x3ff;
			if (dg_event_order_add(&order, &event, &sink))
				abort();
		}
		data += len;
		size -= len;
	}
	if (dg_event_order_flush(&order, 0, &sink) || order.count)
		abort();
	dg_event_order_done(&order);
	return 0;
}
