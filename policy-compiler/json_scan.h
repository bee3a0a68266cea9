/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * A pass over JSON text before the library parses it. The library knows signed 64-bit integers only
 * and keeps no places of values; this pass
 *   - notes where each key and its value stand in the outermost objects (the devices),
 *   - checks that numbers are unsigned integers of 64 bits without fraction or exponent, and
 *   - replaces those of 2^63 and more by a negative number, -1 - index into ->big, which cannot
 *     stand in checked text otherwise.
 * Text that is no JSON is passed over as it comes: the library says what is wrong with it.
 */
#pragma once

#include "diag.h"
#include "source.h"

struct dg_json_member {
	size_t key, key_end;	 /* bytes of the key, quotes included */
	size_t value, value_end; /* of a value that is no object or array: all; else its first byte */
};

struct dg_json_scan {
	char *text; /* the changed copy, as long as the source's */
	struct dg_json_member *members;
	size_t member_count, member_room;
	size_t *objects; /* offset of each device's brace */
	size_t object_count, object_room;
	uint64_t *big;
	size_t big_count, big_room;
};

/* 0, -EBADMSG after reports of bad numbers or -ENOMEM. Free with dg_json_scan_done() in any case. */
int dg_json_scan(const struct dg_source *source, struct dg_diags *diags, struct dg_json_scan *ret);
void dg_json_scan_done(struct dg_json_scan *scan);
