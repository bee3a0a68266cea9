/* SPDX-License-Identifier: GPL-2.0-only */
/* What the author-side verbs that work with objects share. */
#pragma once

#include "object_read.h"
#include "policy.h"
#include "verbs.h"

/* A policy's text or an object, told apart by the first bytes. One of the two is not NULL. */
struct dg_input {
	struct dg_policy *policy;
	struct dg_object *object;
};

void dg_input_done(struct dg_input *input);
#define _cleanup_input_ _cleanup_(dg_input_done)

/*
 * Read @path ("-" is standard input) with @load_flags (enum dg_load_flags) for a text. Everything
 * found is printed, errors with @json as dg_author_failed() does. DG_EXIT_OK, or the exit status
 * after a message.
 */
int dg_input_read(const char *verb, const char *path, unsigned int load_flags, bool json,
		  struct dg_input *ret);

/*
 * The policy of a text or, from the text that travels in it, of an object. Everything found is printed to
 * standard error. DG_EXIT_OK, or the exit status after a message.
 */
int dg_author_policy(const char *verb, const char *path, unsigned int load_flags, bool json,
		     struct dg_policy **ret);

/* `--op OP,…` as bits and `--at TIME`. DG_EXIT_OK or DG_EXIT_USAGE after a message. */
int dg_author_ops(const char *verb, const char *list, uint32_t *ret);
int dg_author_time(const char *verb, const char *text, uint64_t *ret);

/*
 * What dg_inventory_load() and the like left: prints @diags and, for another error than -EBADMSG,
 * its text. The exit status. With @json findings that leave the verb without an answer are the
 * answer: they go to standard output, as `check --json` has them. Warnings beside an answer never
 * do.
 */
int dg_author_failed(const char *verb, const char *path, int error, bool json,
		     struct dg_diags *diags);

/* Print "devgate VERB: text" and a line end to standard error; returns @status. */
int dg_author_fail(const char *verb, int status, const char *format, ...) _printf_(3, 4);

/* Wrong usage: the text, and where to read on. Returns DG_EXIT_USAGE. */
int dg_author_usage(const char *verb, const char *format, ...) _printf_(2, 3);

/* End standard output. @status, or DG_EXIT_SYSTEM with a message when it did not take everything.
 */
int dg_author_finish(const char *verb, int status);

/* Do both name one regular file? */
bool dg_author_same_file(const char *path, const char *other);

/* May an object be written to @path: is nothing there, or an object, or what is no regular file? */
bool dg_author_may_replace(const char *path);

/* libbpf's warnings to standard error, but not its hints, and of a verifier's log nothing. */
void dg_author_libbpf_warnings(void);
