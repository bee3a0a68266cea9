/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes that a device or a file gave, made fit to be shown. Device strings are attacker-controlled:
 * they may be no UTF-8, and they may hold what a terminal acts on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* Room that @len bytes can need when every one of them is escaped. */
#define DG_TEXT_SAFE(len) (4 * (len) + 1)

/*
 * Copy @len bytes of @data with every byte that is not printable ASCII, and not part of a valid
 * UTF-8 sequence outside the control characters, as \xHH. Cut to @size with the NUL.
 */
void dg_text_safe(const char *data, size_t len, char *ret, size_t size);

/* "60", "60s", "5m" or "1h" in seconds, 1 to @most; -1 when it reads otherwise. */
int64_t dg_text_duration(const char *text, uint32_t most);

/* A JSON string; what is no UTF-8 becomes U+FFFD, byte by byte. NULL: out of memory. */
json_t *dg_text_json(const char *data, size_t len);
