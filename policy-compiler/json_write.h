/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Writing JSON strings from bytes that may be anything. */
#pragma once

#include <stdio.h>

/* Quoted and escaped; a byte that is no UTF-8 is written as U+FFFD. */
void dg_json_write_string(FILE *out, const char *text, size_t len);
