/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* "Did you mean …": the name nearest to a misspelt one. */
#pragma once

#include "ast.h"

struct dg_suggestion {
	struct dg_bytes wanted;
	struct dg_bytes best; /* data NULL: nothing near enough */
	unsigned int distance;
	char text[320]; /* filled by dg_suggest_text() */
};

struct dg_suggestion dg_suggest_start(const char *wanted, size_t len);
void dg_suggest_try(struct dg_suggestion *suggestion, const char *name, size_t len);
/* `; did you mean "…"?` or an empty string. Lives in @suggestion. */
const char *dg_suggest_text(struct dg_suggestion *suggestion);

/* The same over a whole list of names. */
void dg_suggest_attrs(struct dg_suggestion *suggestion);
/* dg_suggest_text() of an attribute, or which measurements there are. */
const char *dg_suggest_attr_text(struct dg_suggestion *suggestion);
void dg_suggest_ops(struct dg_suggestion *suggestion);
void dg_suggest_names(struct dg_suggestion *suggestion, const char *const *names);
/* The words that stand in backquotes in a message. */
void dg_suggest_quoted(struct dg_suggestion *suggestion, const char *text);
