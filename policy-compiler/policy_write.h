/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Pieces of a policy as text of the language: what is written reads back as the same. */
#pragma once

#include "facts.h"

/* A string literal, quotes included; what is no printable UTF-8 is escaped. */
void dg_policy_write_string(FILE *out, struct dg_bytes bytes);

/* The value of @attr (NULL: not an enum's) as a literal. */
void dg_policy_write_value(FILE *out, const struct dg_attr *attr, const struct dg_literal *value);

/* A fact: a literal, a set in braces, or `unknown` (which is no text of the language). */
void dg_policy_write_fact(FILE *out, const struct dg_attr *attr, const struct dg_fact *fact);

/* "spdm.meas.7" */
void dg_policy_write_attr(FILE *out, const struct dg_attr *attr, unsigned int index);

/*
 * A test (DG_EXPR_TEST, true or false), such as `pci.id in gpus`. Of a list in braces at most @items
 * are written, and then `… N more`; 0: all.
 */
void dg_policy_write_test(FILE *out, const struct dg_expr *test, size_t items);

/*
 * The statements `ATTR = VALUE;` of a test's inline device, each with @before in front of it, in the
 * schema's order. Measurements included.
 */
void dg_policy_write_device(FILE *out, const struct dg_device *device, const char *before);
