/* SPDX-License-Identifier: GPL-2.0-only */
/* The same policy in any layout: other white space, and comments in places of all kinds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"

static inline uint64_t scramble_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Behind the string or comment that begins at @at, else behind one byte. */
static inline const char *scramble_step(const char *at, const char *end)
{
	const char *start = at++;

	if (*start == '#')
		while (at < end && *at != '\n')
			at++;
	if (*start != '"')
		return at;
	while (at < end && *at != '"')
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at + 1 : end;
}

/* White space, perhaps with comments; @blank: one byte of it at least. */
static inline void scramble_gap(FILE *out, uint64_t *seed, unsigned int comments, bool blank)
{
	static const char *const spaces[] = {" ", "\n", "\t", "\r\n", "  ", "\n\n", " \n\t\n\n"};
	static const char *const texts[] = {"", " here", "# \"x\"; }", " caf\xc3\xa9 \t", " a\rb",
					    " a comment of some length, as people write them at times"};
	static const char *const ends[] = {"\n", " \r\n", "\n\n"};

	if (blank || scramble_next(seed) % 2)
		fputs(spaces[scramble_next(seed) % 7], out);
	while (scramble_next(seed) % 100 < comments)
		fprintf(out, "%s#%s%s", spaces[scramble_next(seed) % 7],
			texts[scramble_next(seed) % 6], ends[scramble_next(seed) % 3]);
}

/*
 * Lay @text, which is valid, out in some way that @seed (not 0) says; of a hundred gaps @comments
 * get a comment. Comments that were there are left out. To be freed.
 */
static inline char *scramble(const char *text, size_t len, uint64_t *seed, unsigned int comments)
{
	const char *at = text, *end = text + len, *next;
	bool blank = false;
	char *ret = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&ret, &size);

	for (; at < end; at = next) {
		bool mark = strchr(";,{}()", *at);

		next = scramble_step(at, end);
		if (*at == '#' || strchr(" \t\r\n", *at)) {
			blank = true;
			continue;
		}
		if (blank || mark)
			scramble_gap(out, seed, comments, blank);
		fwrite(at, 1, (size_t)(next - at), out);
		blank = false;
		if (mark)
			scramble_gap(out, seed, comments, false);
	}
	fclose(out);
	return ret;
}

/* The comments of @text in order, a line each, without white space at their ends. To be freed. */
static inline char *scramble_comments(const char *text, size_t len)
{
	const char *at = text, *end = text + len, *next;
	char *ret = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&ret, &size);

	for (; at < end; at = next) {
		const char *last;

		next = last = scramble_step(at, end);
		if (*at != '#')
			continue;
		while (last > at && strchr(" \t\r", last[-1]))
			last--;
		fprintf(out, "%.*s\n", (int)(last - at), at);
	}
	fclose(out);
	return ret;
}
