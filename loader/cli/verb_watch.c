// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "args.h"
#include "audit.h"
#include "host.h"

#define STEP_MS 100

struct context {
	bool json;
	uint64_t last_ns; /* time of the last event: a drop lies behind it */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int put_line(char *text)
{
	int r = puts(text) < 0 ? -EIO : 0;

	free(text);
	return r;
}

static int show_event(void *context, const struct dg_event *event)
{
	struct context *show = context;
	char *text;
	int r;

	show->last_ns = event->time_ns;
	if (!show->json) {
		dg_event_print(stdout, event);
		return ferror(stdout) ? -EIO : 0;
	}
	r = dg_event_to_json(event, &text);
	return r ?: put_line(text);
}

static int show_drop(void *context, uint64_t first, uint64_t count)
{
	struct context *show = context;
	uint64_t time_ns = show->last_ns ?: now_ns();
	char *text;
	int r;

	if (!show->json) {
		dg_event_print_drop(stdout, time_ns, first, count);
		return ferror(stdout) ? -EIO : 0;
	}
	r = dg_event_drop_to_json(time_ns, first, count, &text);
	return r ?: put_line(text);
}

/*
 * SIGINT and SIGTERM stay blocked but for the moment of waiting: they are taken from the pending
 * set, so that what was read is always written and remembered.
 */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static bool asked_to_stop(const sigset_t *set)
{
	const struct timespec no_time = {};

	return sigtimedwait(set, NULL, &no_time) > 0;
}

static int read_events(struct dg_audit_reader *reader, bool follow)
{
	sigset_t set;
	int r;

	block_signals(&set);
	do {
		r = dg_audit_step(reader, follow ? STEP_MS : 10);
		if (r == -EINTR)
			r = 1;
	} while (r >= 0 && (r > 0 || follow) && !asked_to_stop(&set));
	return r < 0 ? r : dg_audit_finish(reader);
}

int dg_verb_watch(int argc, char **argv)
{
	_cleanup_(dg_cleanup_audit_reader) struct dg_audit_reader *reader = NULL;
	struct context context = {};
	struct dg_event_sink sink = {
		.event = show_event,
		.drop = show_drop,
		.context = &context,
	};
	struct dg_failure failure = {};
	struct dg_args args;
	int r;

	if (dg_args_parse(argc, argv, 0, 0, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	context.json = args.json;
	dg_host_quiet_libbpf();
	/* A line is out before the reader remembers that it was delivered. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (dg_audit_open(&sink, &reader, &failure))
		return dg_host_fail(argv[0], &failure);
	if (!context.json)
		dg_event_print_header(stdout);
	r = read_events(reader, args.values[DG_OPTION_watch_follow]);
	if (r) {
		dg_failure_set(&failure, DG_FAILURE_SYSTEM, r,
			       "cannot go on reading the audit stream");
		return dg_host_fail(argv[0], &failure);
	}
	return DG_EXIT_OK;
}
