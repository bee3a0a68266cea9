/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * A pass over one JSON value before the library parses it. The library knows signed 64-bit integers
 * only and keeps no places of values; this pass
 *   - finds where the value ends, so that a file can be read device by device,
 *   - notes where each key and its value stand in an object (a device),
 *   - notes numbers that are no unsigned integers of 64 bits without fraction or exponent, and
 *   - replaces those of 2^63 and more by a negative number, -1 - index into ->big, which cannot
 *     stand in checked text otherwise.
 * Text that is no JSON is passed over as it comes: the library says what is wrong with it.
 */
#pragma once

#include "diag.h"
#include "source.h"

/* Offsets in the source. */
struct dg_json_member {
	size_t key, key_end;	 /* bytes of the key, quotes included */
	size_t value, value_end; /* of a value that is no object or array: all; else its first byte */
};

struct dg_json_wrong {
	size_t from, to;
	const char *why;
};

/* All zero before the first use; the memory is used again by the next value. */
struct dg_json_scan {
	size_t start, end;  /* the value in the source; of unfinished text, all up to the limit */
	bool closed;	    /* it is finished */
	const char *parsed; /* what to parse, from start to end: the source's own text, or the copy */
	char *text;	    /* the changed copy, where numbers had to be changed */
	size_t text_room;
	struct dg_json_member *members;
	size_t member_count, member_room;
	uint64_t *big;
	size_t big_count, big_room;
	size_t *numbers; /* offsets of those to be looked at again */
	size_t number_count, number_room;
	struct dg_json_wrong *wrong; /* of the numbers: can be parsed all the same */
	size_t wrong_count, wrong_room;
};

/* Look at the value that begins at @at and ends before @limit. 0 or -ENOMEM. Free with
 * dg_json_scan_done(). */
int dg_json_scan_value(struct dg_json_scan *scan, const struct dg_source *source, size_t at,
		       size_t limit);
void dg_json_scan_done(struct dg_json_scan *scan);

/*
 * The element of an array that stands behind @at, a bracket or a comma, in text that was parsed: its
 * bytes, as those of a member's value. The place of the comma or bracket behind it.
 */
size_t dg_json_element(const struct dg_source *source, size_t at, size_t *ret_from, size_t *ret_to);

/* Report the wrong numbers that begin before @end. Was there one? */
bool dg_json_scan_report(const struct dg_json_scan *scan, const struct dg_source *source,
			 size_t end, struct dg_diags *diags);
