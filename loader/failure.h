/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a loader function failed, in words for the person at the terminal. The library prints
 * nothing: it fills a struct dg_failure beside its negative errno, and the verb prints it and turns
 * the kind into the exit status.
 */
#pragma once

enum dg_failure_kind {
	DG_FAILURE_SYSTEM,	/* the kernel or a file would not */
	DG_FAILURE_REFUSED,	/* signature, version, protected device */
	DG_FAILURE_UNSUPPORTED, /* this kernel lacks what the text names */
};

struct dg_failure {
	enum dg_failure_kind kind;
	char text[1024]; /* one sentence or more, no newline at the end; "" when nothing was set */
};

/*
 * Describe a failure. With a negative @error the text of that errno is appended. Returns @error, so
 * that a caller can return the call. A text that is too long is cut.
 */
int dg_failure_set(struct dg_failure *failure, enum dg_failure_kind kind, int error,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same without the text of the errno: where the format already says it all. */
int dg_failure_plain(struct dg_failure *failure, enum dg_failure_kind kind, int error,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
