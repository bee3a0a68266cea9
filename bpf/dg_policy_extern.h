/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * How the engine names the compiled policy. The policy compiler defines the variable in an object
 * of its own (`const volatile unsigned char dg_policy[size]`, section `.rodata.policy`, 8-byte
 * aligned) and libbpf's static linker merges the two, so the tables become the value of the frozen
 * internal array map `.rodata.policy`: the verifier reads struct dg_tables in it as constants.
 *
 * The linker takes the definition's array size and section: the extern is an array of unknown size,
 * and its element type must be the definition's (any other type does not link).
 */
#pragma once

extern const volatile unsigned char dg_policy[] __attribute__((aligned(8))) SEC(".rodata.policy");
