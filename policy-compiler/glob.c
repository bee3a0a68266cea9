// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include "glob.h"

/*
 * A bracket's body is a list of members: a byte, an escaped byte, or a range of two of them. A `-`
 * first or last is itself. Any other unescaped `-` must stand between two ends of a range: one that
 * follows a range, or is itself an end, is refused, since other tools read it in different ways.
 */
struct dg_bracket {
	const unsigned char *at, *end; /* rest of the glob */
	bool first;
	const char *problem;
};

/* One end of a range or a single byte; false with ->problem set when there is none. */
static bool dg_bracket_byte(struct dg_bracket *b, unsigned char *ret)
{
	if (b->at < b->end && *b->at == '\\')
		b->at++;
	if (b->at >= b->end) {
		b->problem = "a [ is not closed";
		return false;
	}
	*ret = *b->at++;
	return true;
}

/* The next member into *@ret_low … *@ret_high. False at the closing ] (stepped over) or an error. */
static bool dg_bracket_next(struct dg_bracket *b, unsigned char *ret_low, unsigned char *ret_high)
{
	bool first = b->first;

	b->first = false;
	if (b->at >= b->end) {
		b->problem = "a [ is not closed";
		return false;
	}
	if (*b->at == ']') {
		b->at++;
		if (first)
			b->problem = "a [] holds nothing";
		return false;
	}
	if (*b->at == '-') {
		bool last = b->at + 1 < b->end && b->at[1] == ']';

		if (!first && !last) {
			b->problem = "a - in a bracket stands first, last or between two bytes; "
				     "escape it with \\";
			return false;
		}
		b->at++;
		*ret_low = *ret_high = '-';
		return true;
	}
	if (!dg_bracket_byte(b, ret_low))
		return false;
	*ret_high = *ret_low;
	/* `a-]`: the - is last, and itself. */
	if (b->end - b->at < 2 || b->at[0] != '-' || b->at[1] == ']')
		return true;
	b->at++;
	if (*b->at == '-') {
		b->problem = "a - cannot end a range; escape it with \\";
		return false;
	}
	if (!dg_bracket_byte(b, ret_high))
		return false;
	if (*ret_high < *ret_low) {
		b->problem = "a range in a bracket is reversed";
		return false;
	}
	return true;
}

/* Step over `[` and `!`; true when the bracket is negated. */
static bool dg_bracket_open(struct dg_bracket *b, const unsigned char *at,
			    const unsigned char *end)
{
	bool negated = at + 1 < end && at[1] == '!';

	*b = (struct dg_bracket){ .at = at + 1 + negated, .end = end, .first = true };
	return negated;
}

const char *dg_glob_problem(const char *glob, size_t len)
{
	const unsigned char *at = (const unsigned char *)glob, *end = at + len;

	while (at < end) {
		unsigned char low, high;
		struct dg_bracket b;

		if (*at == '\\' && at + 1 == end)
			return "a \\ at the end escapes nothing";
		if (*at == '\\') {
			at += 2;
			continue;
		}
		if (*at != '[') {
			at++;
			continue;
		}
		dg_bracket_open(&b, at, end);
		while (dg_bracket_next(&b, &low, &high))
			;
		if (b.problem)
			return b.problem;
		at = b.at;
	}
	return NULL;
}

/* Match one byte with the element at @at (no *). NULL, or the place behind the element. */
static const unsigned char *dg_glob_step(const unsigned char *at, const unsigned char *end,
					 unsigned char byte)
{
	unsigned char low, high;
	struct dg_bracket b;
	bool negated, found = false;

	if (*at == '?')
		return at + 1;
	if (*at == '\\')
		return at[1] == byte ? at + 2 : NULL;
	if (*at != '[')
		return *at == byte ? at + 1 : NULL;
	negated = dg_bracket_open(&b, at, end);
	while (dg_bracket_next(&b, &low, &high))
		found |= byte >= low && byte <= high;
	return found != negated ? b.at : NULL;
}

bool dg_glob_match(const char *glob, size_t glob_len, const char *value, size_t value_len)
{
	const unsigned char *at = (const unsigned char *)glob, *end = at + glob_len;
	const unsigned char *byte = (const unsigned char *)value, *stop = byte + value_len;
	const unsigned char *star = NULL, *retry = NULL;

	/* Only the last * needs to give way: what an earlier one could take, it can take too. */
	while (byte < stop) {
		const unsigned char *next = NULL;

		if (at < end && *at == '*') {
			star = ++at;
			retry = byte;
			continue;
		}
		if (at < end)
			next = dg_glob_step(at, end, *byte);
		if (next) {
			at = next;
			byte++;
		} else if (star) {
			at = star;
			byte = ++retry;
		} else {
			return false;
		}
	}
	while (at < end && *at == '*')
		at++;
	return at == end;
}
