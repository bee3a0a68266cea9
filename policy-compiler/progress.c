// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

#define DG_PROGRESS_FROM_MS 1000
#define DG_PROGRESS_EVERY_MS 100

static int64_t dg_progress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

struct dg_progress dg_progress_start(FILE *out, const char *who)
{
	const char *wish = getenv("DEVGATE_PROGRESS") ?: "";

	if (!strcmp(wish, "never") || !isatty(fileno(out)))
		return (struct dg_progress){ 0 };
	if (!strcmp(wish, "always"))
		return (struct dg_progress){ .out = out, .who = who };
	return (struct dg_progress){
		.out = out,
		.who = who,
		.due = dg_progress_now() + DG_PROGRESS_FROM_MS,
		.every = DG_PROGRESS_EVERY_MS,
	};
}

/* With a comma before each three digits. */
static void dg_progress_number(FILE *out, size_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%zu", number);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			putc(',', out);
		putc(digits[i], out);
	}
}

void dg_progress_step(struct dg_progress *progress, const char *what, size_t at, size_t count)
{
	int64_t now;

	if (!progress || !progress->out)
		return;
	now = dg_progress_now();
	if (now < progress->due)
		return;
	progress->due = now + progress->every;
	progress->shown = true;
	fprintf(progress->out, "\r%s: %s", progress->who, what);
	if (at) {
		putc(' ', progress->out);
		dg_progress_number(progress->out, at);
	}
	if (count) {
		fputs(" of ", progress->out);
		dg_progress_number(progress->out, count);
	}
	fputs("\033[K", progress->out);
	fflush(progress->out);
}

void dg_progress_clear(struct dg_progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", progress->out);
	fflush(progress->out);
	progress->shown = false;
}
