/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Which labels of an automaton have strings, and the plainest of them. */
#pragma once

#include "arena.h"
#include "automaton.h"

/* Is the string left out? */
typedef bool (*dg_string_taken)(const void *data, struct dg_bytes string);

/*
 * For each label l of @automaton a string of 0 to 255 bytes without NUL that has it and is not
 * @taken: ret[l], in @arena; .data is NULL exactly when there is none. Short ones of letters are
 * preferred, and "" is the last choice. 0 or -ENOMEM.
 *
 * The work grows with the automaton, and with the strings that are taken.
 */
int dg_automaton_strings(const struct dg_automaton *automaton, dg_string_taken taken,
			 const void *data, struct dg_arena *arena, struct dg_bytes *ret);

/* The bytes 1 … 255 as one would choose them: letters, digits, other printable ones, the rest. */
#define DG_PLAIN_PRINTABLE 95 /* so many at the start are printable */
void dg_plain_bytes(uint8_t ret[static 255]);
