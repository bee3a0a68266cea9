// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "author.h"
#include "literal.h"
#include "object_text.h"
#include "source.h"
#include "suggest.h"

void dg_input_done(struct dg_input *input)
{
	dg_policy_free(input->policy);
	dg_object_free(input->object);
}

int dg_author_fail(const char *verb, int status, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "devgate %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

int dg_author_usage(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "devgate %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (see: devgate %s --help)\n", verb);
	return DG_EXIT_USAGE;
}

int dg_author_finish(const char *verb, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	status = dg_author_fail(verb, DG_EXIT_SYSTEM, "standard output: %s", strerror(errno));
	/* Said; nothing is left for the end of the program to try again. */
	__fpurge(stdout);
	clearerr(stdout);
	return status;
}

bool dg_author_same_file(const char *path, const char *other)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int read_start(const char *path, char start[static 4], size_t *ret_size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	errno = 0;
	*ret_size = fread(start, 1, 4, file);
	return ferror(file) ? -(errno ? errno : EIO) : 0;
}

bool dg_author_may_replace(const char *path)
{
	char start[4] = {};
	struct stat st;
	size_t size;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return true; /* what cannot be looked at is for the writing to say */
	return read_start(path, start, &size) < 0 || dg_object_looks_like(start, size);
}

static int print_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || strstr(format, "LOAD LOG"))
		return 0;
	return vfprintf(stderr, format, args);
}

void dg_author_libbpf_warnings(void)
{
	libbpf_set_print(print_warning);
}

static int read_stream(FILE *file, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	size_t count = 0, room = 0, n;
	int r;

	do {
		r = dg_array_reserve(&bytes, &room, count + 65536, 1);
		if (r < 0)
			return r;
		n = fread(bytes + count, 1, room - count, file);
		count += n;
		if (count > DG_OBJECT_MAX_BYTES)
			return -EFBIG;
	} while (n > 0);
	if (ferror(file))
		return -EIO;
	*ret = TAKE_PTR(bytes);
	*ret_size = count;
	return 0;
}

static int read_policy(const char *verb, const char *path, const char *text, size_t len,
		       unsigned int flags, bool json, struct dg_policy **ret)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	if (text)
		r = dg_policy_load_text("<stdin>", text, len, flags, &diags, ret);
	else
		r = dg_policy_load_flags(path, flags, &diags, ret);
	if (r < 0)
		return dg_author_failed(verb, path, r, json, &diags);
	dg_diags_print(stderr, &diags);
	return DG_EXIT_OK;
}

static int read_object(const char *verb, const char *path, const char *bytes, size_t size,
		       struct dg_object **ret)
{
	_cleanup_free_ char *error = NULL;
	int r;

	if (bytes)
		r = dg_object_open_memory(bytes, size, &error, ret);
	else
		r = dg_object_open(path, &error, ret);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", path,
				      error ? error : strerror(-r));
	return DG_EXIT_OK;
}

int dg_input_read(const char *verb, const char *path, unsigned int load_flags, bool json,
		  struct dg_input *ret)
{
	_cleanup_free_ char *bytes = NULL;
	struct dg_input input = {};
	char start[4] = {};
	size_t size = 0;
	int r;

	if (!strcmp(path, "-")) {
		r = read_stream(stdin, &bytes, &size);
		if (r < 0)
			return dg_author_fail(verb, DG_EXIT_SYSTEM, "<stdin>: %s", strerror(-r));
		if (dg_object_looks_like(bytes, size))
			r = read_object(verb, "<stdin>", bytes, size, &input.object);
		else
			r = read_policy(verb, "<stdin>", bytes, size, load_flags, json,
					&input.policy);
	} else {
		r = read_start(path, start, &size);
		if (r < 0)
			return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", path, strerror(-r));
		if (dg_object_looks_like(start, size))
			r = read_object(verb, path, NULL, 0, &input.object);
		else
			r = read_policy(verb, path, NULL, 0, load_flags, json, &input.policy);
	}
	if (r == DG_EXIT_OK)
		*ret = input;
	return r;
}

int dg_author_failed(const char *verb, const char *path, int error, bool json,
		     struct dg_diags *diags)
{
	if (json && error == -EBADMSG)
		dg_diags_json(stdout, diags);
	else
		dg_diags_print(stderr, diags);
	if (json && error == -EBADMSG && diags->cut)
		dg_author_fail(verb, 0, "%s: only the first %d findings are shown", path,
			       DG_DIAGS_MAX);
	if (error == -EBADMSG)
		return DG_EXIT_FINDING;
	return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", strcmp(path, "-") ? path : "<stdin>",
			      strerror(-error));
}

int dg_author_policy(const char *verb, const char *path, unsigned int load_flags, bool json,
		     struct dg_policy **ret)
{
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_input_ struct dg_input input = {};
	int r;

	r = dg_input_read(verb, path, load_flags, json, &input);
	if (r != DG_EXIT_OK)
		return r;
	if (input.policy) {
		*ret = TAKE_PTR(input.policy);
		return DG_EXIT_OK;
	}
	r = dg_object_policy(input.object, &diags, ret);
	return r < 0 ? dg_author_failed(verb, path, r, json, &diags) : DG_EXIT_OK;
}

int dg_author_ops(const char *verb, const char *list, uint32_t *ret)
{
	uint32_t ops = 0;

	for (;;) {
		size_t len = strcspn(list, ",");
		int op = dg_op_find(list, len);

		if (op < 0) {
			struct dg_suggestion near = dg_suggest_start(list, len);

			dg_suggest_ops(&near);
			return dg_author_usage(verb, "--op: there is no operation \"%.*s\"%s",
					       (int)len, list, dg_suggest_text(&near));
		}
		ops |= 1U << op;
		if (list[len] == 0)
			break;
		list += len + 1;
	}
	*ret = ops;
	return DG_EXIT_OK;
}

int dg_author_time(const char *verb, const char *text, uint64_t *ret)
{
	struct dg_literal_problem problem;
	struct dg_literal literal;

	if (!dg_literal_parse(text, strlen(text), NULL, &literal, &problem) ||
	    literal.type != DG_TYPE_TIME)
		return dg_author_usage(verb,
				       "--at: \"%s\" is no time; write 2026-12-01 or "
				       "2026-12-01T08:00:00Z, in UTC",
				       text);
	*ret = literal.num;
	return DG_EXIT_OK;
}
