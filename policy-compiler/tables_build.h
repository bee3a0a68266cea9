/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * What the files that write tables share. Not for others: they use tables.h.
 *
 * Functions give 0, -ENOMEM, or -E2BIG when the tables would be larger than DG_TABLES_MAX_BYTES.
 */
#pragma once

#include "symbols.h"
#include "tables.h"

/* Bytes that grow. All zero is an empty one; free ->bytes. */
struct dg_buffer {
	uint8_t *bytes;
	size_t count, room;
};

int dg_buffer_append(struct dg_buffer *buffer, const void *data, size_t len);
/* @len bytes more, zeroed, for the caller to fill: valid until the next call. */
int dg_buffer_extend(struct dg_buffer *buffer, size_t len, void **ret);
/* Zeroes up to the next multiple of 8. */
int dg_buffer_pad(struct dg_buffer *buffer);

/*
 * Append the data by which the values of @v find their classes, and describe it in @ret. Offsets
 * are relative to the start of @data, those in the entries of the hash too: dg_classifier_place()
 * moves them once the data has its place in the tables.
 */
int dg_classifier_emit(const struct dg_variable *v, struct dg_buffer *data, struct dg_var *ret);
/* The data of @var, at @data, is from now on at @off in the tables. */
void dg_classifier_place(struct dg_var *var, uint8_t *data, uint32_t off);

/*
 * The hash of the exact values, appended to @data: displacements, then one entry a slot, then the
 * words of those that have more than one. Sets the hash_ members of @ret.
 */
int dg_exact_emit(const struct dg_classifier *values, struct dg_buffer *data, struct dg_var *ret);
