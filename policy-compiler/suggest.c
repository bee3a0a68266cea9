// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "suggest.h"

#define DG_SUGGEST_MAX_LEN 64

static unsigned int dg_min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swapped neighbours, each of cost 1. */
static unsigned int dg_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[3][DG_SUGGEST_MAX_LEN + 1];
	unsigned int *before = rows[0], *last = rows[1], *row = rows[2];

	for (unsigned int j = 0; j <= b_len; j++)
		last[j] = before[j] = j;
	for (unsigned int i = 1; i <= a_len; i++) {
		unsigned int *oldest = before;

		row[0] = i;
		for (unsigned int j = 1; j <= b_len; j++) {
			unsigned int cost = last[j - 1] + (a[i - 1] != b[j - 1]);

			cost = dg_min(cost, dg_min(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost = dg_min(cost, before[j - 2] + 1);
			row[j] = cost;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_len];
}

struct dg_suggestion dg_suggest_start(const char *wanted, size_t len)
{
	return (struct dg_suggestion){
		.wanted = { wanted, len },
		/* More than a third wrong is another word. */
		.distance = 2 + (unsigned int)dg_min((unsigned int)len, DG_SUGGEST_MAX_LEN) / 3,
	};
}

void dg_suggest_try(struct dg_suggestion *suggestion, const char *name, size_t len)
{
	unsigned int distance;

	if (!len || len > DG_SUGGEST_MAX_LEN || suggestion->wanted.len > DG_SUGGEST_MAX_LEN)
		return;
	distance = dg_edit_distance(suggestion->wanted.data, suggestion->wanted.len, name, len);
	/* Capitals alone are one mistake, not one for each letter. */
	if (distance && len == suggestion->wanted.len &&
	    !strncasecmp(name, suggestion->wanted.data, len))
		distance = 1;
	/* All letters replaced is no misspelling, however short the word. */
	if (distance > suggestion->distance ||
	    distance >= (len > suggestion->wanted.len ? len : suggestion->wanted.len))
		return;
	/* Of two that are as near, one as long as what was written: letters change places easily. */
	if (distance == suggestion->distance &&
	    (!suggestion->best.data || len != suggestion->wanted.len ||
	     suggestion->best.len == suggestion->wanted.len))
		return;
	suggestion->distance = distance;
	suggestion->best = (struct dg_bytes){ name, len };
}

const char *dg_suggest_text(struct dg_suggestion *suggestion)
{
	suggestion->text[0] = 0;
	if (suggestion->best.data)
		snprintf(suggestion->text, sizeof(suggestion->text), "; did you mean \"%.*s\"?",
			 (int)suggestion->best.len, suggestion->best.data);
	return suggestion->text;
}

/* Each part between dots begins the one of @name: pci.ext of pci.external. */
static bool dg_abbreviates(struct dg_bytes wanted, const char *name)
{
	for (size_t i = 0; i < wanted.len; i++, name++) {
		if (wanted.data[i] == '.' && i)
			name += strcspn(name, ".");
		if (wanted.data[i] != *name)
			return false;
	}
	return wanted.len && !strchr(name, '.');
}

void dg_suggest_attrs(struct dg_suggestion *suggestion)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const char *name = dg_schema_attr((enum dg_attr_id)id)->name;

		/* "spdm.meas" alone is no attribute: show what one looks like. */
		if (id == DG_ATTR_SPDM_MEAS)
			name = "spdm.meas.1";
		dg_suggest_try(suggestion, name, strlen(name));
	}
	/* A slip of one letter apart, what was cut short is meant rather than what looks alike. */
	for (int id = 0, found = 0; id < DG_ATTR_MAX && suggestion->distance > 1; id++) {
		const char *name = dg_schema_attr((enum dg_attr_id)id)->name;
		size_t len = strlen(name);

		if (id == DG_ATTR_SPDM_MEAS || !dg_abbreviates(suggestion->wanted, name) ||
		    (found && len >= suggestion->best.len))
			continue;
		suggestion->best = (struct dg_bytes){ name, len };
		found = 1;
	}
}

const char *dg_suggest_attr_text(struct dg_suggestion *suggestion)
{
	struct dg_bytes wanted = suggestion->wanted;
	const char *meas = dg_schema_attr(DG_ATTR_SPDM_MEAS)->name;

	if (dg_schema_is_meas(wanted.data, wanted.len) ||
	    (wanted.len == strlen(meas) && !memcmp(wanted.data, meas, wanted.len)))
		return "; measurements are spdm.meas.1 to spdm.meas.239";
	return dg_suggest_text(suggestion);
}

void dg_suggest_ops(struct dg_suggestion *suggestion)
{
	for (int op = 0; op < DG_OP_MAX; op++) {
		const char *name = dg_op_name((enum dg_op)op);

		dg_suggest_try(suggestion, name, strlen(name));
	}
}

void dg_suggest_names(struct dg_suggestion *suggestion, const char *const *names)
{
	for (; *names; names++)
		dg_suggest_try(suggestion, *names, strlen(*names));
}

void dg_suggest_quoted(struct dg_suggestion *suggestion, const char *text)
{
	while ((text = strchr(text, '`'))) {
		size_t len = strspn(++text, "abcdefghijklmnopqrstuvwxyz-");

		if (text[len] == '`')
			dg_suggest_try(suggestion, text, len);
		text += len + (text[len] == '`');
	}
}
