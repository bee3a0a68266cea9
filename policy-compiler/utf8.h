/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* UTF-8 as the Unicode standard defines it: no overlong forms, no surrogates, up to U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the valid sequence at @text (1 … 4), or 0 when there is none. @len is at least 1. */
size_t dg_utf8_sequence(const char *text, size_t len);
/* How many bytes from @text on are surely seven-bit text without a NUL; looked at eight at a time. */
size_t dg_utf8_plain(const char *text, size_t len);
bool dg_utf8_valid(const char *text, size_t len);
