// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "audit.h"
#include "kernel.h"
#include "state.h"

/* How long a number that was given out may take to appear before its event counts as lost. */
#define SETTLE_MS 200

struct dg_audit_reader {
	struct ring_buffer *ring;
	const struct dg_event_sink *sink;
	struct dg_event_order order;
	int lock, stats, cursor; /* file descriptors */
	uint64_t awaited;	 /* highest number given out when a gap was first seen; 0: no gap */
	uint64_t awaited_since;	 /* ms */
	int error;		 /* of the sink, while the ring is being read */
};

static int read_stats(int fd, struct dg_stats *ret)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), key = 0;
	_cleanup_free_ void *value = NULL;
	int r;

	r = bpf_map_get_info_by_fd(fd, &info, &len);
	if (r)
		return r;
	value = calloc(1, info.value_size > sizeof(*ret) ? info.value_size : sizeof(*ret));
	if (!value)
		return -ENOMEM;
	r = bpf_map_lookup_elem(fd, &key, value);
	if (r)
		return r;
	memcpy(ret, value, sizeof(*ret));
	return 0;
}

int dg_audit_stats(struct dg_stats *ret, struct dg_failure *failure)
{
	_cleanup_close_ int fd = dg_state_get(DG_PIN_STATS);
	int r;

	if (fd == -ENOENT)
		return fd;
	r = fd < 0 ? fd : read_stats(fd, ret);
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot read %s/%s",
				      DG_STATE_DIR, DG_PIN_STATS);
	return 0;
}

static int take_sample(void *context, void *data, size_t size)
{
	_cleanup_free_ struct dg_event *event = malloc(sizeof(*event));
	struct dg_audit_reader *audit = context;
	int r;

	r = event ? dg_event_read(data, size, event) : -ENOMEM;
	/* A record that is not one leaves its gap, which is told as a drop. */
	if (r == -EBADMSG)
		return 0;
	r = r ?: dg_event_order_add(&audit->order, event, audit->sink);
	if (r)
		audit->error = r;
	return r;
}

/* The number after the last one delivered by an earlier reader. */
static int read_cursor(struct dg_audit_reader *audit)
{
	struct dg_stats stats;
	uint64_t last = 0;
	uint32_t key = 0;
	int r;

	audit->cursor = dg_state_get(DG_PIN_CURSOR);
	if (audit->cursor == -ENOENT) {
		audit->cursor = bpf_map_create(BPF_MAP_TYPE_ARRAY, "dg_cursor", sizeof(key),
					       sizeof(last), 1, NULL);
		if (audit->cursor < 0)
			return audit->cursor;
		r = dg_state_pin(audit->cursor, DG_PIN_CURSOR);
		if (r)
			return r;
	}
	if (audit->cursor < 0)
		return audit->cursor;
	r = bpf_map_lookup_elem(audit->cursor, &key, &last);
	r = r ?: read_stats(audit->stats, &stats);
	if (r)
		return r;
	/* Behind the end: of another ring, whose numbers started anew. */
	audit->order.next = last > stats.seq ? 1 : last + 1;
	return 0;
}

static int write_cursor(struct dg_audit_reader *audit)
{
	uint64_t last = audit->order.next - 1;
	uint32_t key = 0;

	return bpf_map_update_elem(audit->cursor, &key, &last, BPF_ANY);
}

int dg_audit_open(const struct dg_event_sink *sink, struct dg_audit_reader **ret,
		  struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_audit_reader) struct dg_audit_reader *audit =
		calloc(1, sizeof(*audit));
	_cleanup_close_ int events = -1;
	int r;

	if (!audit)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "audit");
	audit->sink = sink;
	audit->lock = audit->stats = audit->cursor = -1;
	r = dg_kernel_check_root(failure);
	r = r ?: dg_state_check_bpffs(failure);
	if (r)
		return r;
	events = dg_state_get(DG_PIN_EVENTS);
	audit->stats = dg_state_get(DG_PIN_STATS);
	if (events == -ENOENT || audit->stats == -ENOENT)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -ENOENT,
					"there is no audit stream: no policy was applied since the "
					"machine was started (or the pins under %s are gone)",
					DG_STATE_DIR);
	if (events < 0 || audit->stats < 0)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM,
				      events < 0 ? events : audit->stats, "cannot open %s/%s",
				      DG_STATE_DIR, events < 0 ? DG_PIN_EVENTS : DG_PIN_STATS);
	r = dg_state_lock(DG_STATE_DIR "/" DG_DIR_READER, true, &audit->lock, failure);
	if (r)
		return r;
	r = read_cursor(audit);
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot use %s/%s",
				      DG_STATE_DIR, DG_PIN_CURSOR);
	audit->ring = ring_buffer__new(events, take_sample, audit, NULL);
	if (!audit->ring)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "cannot read %s/%s",
				      DG_STATE_DIR, DG_PIN_EVENTS);
	*ret = TAKE_PTR(audit);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Give up numbers that did not appear in time. Returns 1 while some are awaited. */
static int settle(struct dg_audit_reader *audit)
{
	struct dg_stats stats;
	int r;

	r = read_stats(audit->stats, &stats);
	if (r)
		return r;
	if (stats.seq < audit->order.next && !audit->order.count) {
		audit->awaited = 0;
		return 0;
	}
	if (!audit->awaited || audit->order.next > audit->awaited) {
		audit->awaited = stats.seq;
		audit->awaited_since = now_ms();
		return 1;
	}
	if (now_ms() - audit->awaited_since < SETTLE_MS)
		return 1;
	r = dg_event_order_flush(&audit->order, audit->awaited, audit->sink);
	audit->awaited = 0;
	return r ?: 1;
}

int dg_audit_step(struct dg_audit_reader *audit, int timeout_ms)
{
	int count, r, saved;

	audit->error = 0;
	count = ring_buffer__poll(audit->ring, timeout_ms);
	if (count >= 0 && !count)
		count = ring_buffer__consume(audit->ring);
	/* Also after an error: what was delivered is not delivered again. */
	r = count < 0 ? 0 : settle(audit);
	saved = write_cursor(audit);
	if (audit->error)
		return audit->error;
	if (count < 0)
		return count;
	if (r < 0 || saved)
		return r < 0 ? r : saved;
	return count > 0 || r > 0;
}

int dg_audit_finish(struct dg_audit_reader *audit)
{
	int r;

	r = dg_event_order_flush(&audit->order, 0, audit->sink);
	return r ?: write_cursor(audit);
}

void dg_audit_free(struct dg_audit_reader *audit)
{
	ring_buffer__free(audit->ring);
	dg_event_order_done(&audit->order);
	dg_cleanup_close(&audit->cursor);
	dg_cleanup_close(&audit->stats);
	dg_cleanup_close(&audit->lock);
	free(audit);
}
