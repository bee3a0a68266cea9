/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "object_text.h"

#include <string.h>

#include "array.h"

struct joiner {
	const struct dg_object *object;
	size_t next; /* source that the next import stands for */
	char *text;
	size_t len, room;
};

struct cursor {
	const char *data;
	size_t len, at;
};

static int put(struct joiner *j, const char *data, size_t len)
{
	int r = dg_array_reserve(&j->text, &j->room, j->len + len + 1, 1);

	if (r < 0)
		return r;
	if (len > 0)
		memcpy(j->text + j->len, data, len);
	j->len += len;
	return 0;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':' || c == '*';
}

static void skip_line(struct cursor *c)
{
	while (c->at < c->len && c->data[c->at] != '\n')
		c->at++;
}

static void skip_string(struct cursor *c)
{
	for (c->at++; c->at < c->len && c->data[c->at] != '"'; c->at++)
		if (c->data[c->at] == '\\')
			c->at++;
	c->at = c->at < c->len ? c->at + 1 : c->len;
}

/* Over one comment, string, word or other byte. */
static void skip_token(struct cursor *c)
{
	if (c->data[c->at] == '#')
		skip_line(c);
	else if (c->data[c->at] == '"')
		skip_string(c);
	else if (is_word(c->data[c->at]))
		while (c->at < c->len && is_word(c->data[c->at]))
			c->at++;
	else
		c->at++;
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->len && (strchr(" \t\r\n", c->data[c->at]) || c->data[c->at] == '#')) {
		if (c->data[c->at] == '#')
			skip_line(c);
		else
			c->at++;
	}
}

/* From behind the word to behind the closing brace, and a semicolon after it. */
static void skip_test(struct cursor *c)
{
	size_t depth = 0;
	char first;

	do {
		if (c->at >= c->len)
			return;
		first = c->data[c->at];
		skip_token(c);
		if (first == '{')
			depth++;
		else if (first == '}')
			depth--;
	} while (depth > 0 || first != '}');
	skip_space(c);
	if (c->at < c->len && c->data[c->at] == ';')
		c->at++;
}

static void skip_statement(struct cursor *c)
{
	while (c->at < c->len && c->data[c->at] != ';')
		skip_token(c);
	if (c->at < c->len)
		c->at++;
}

static bool word_is(const struct cursor *c, size_t start, const char *word)
{
	return c->at - start == strlen(word) && !memcmp(c->data + start, word, c->at - start);
}

/* As deep as the imports are nested, which the front end bounded when the object was made. */
#define MAX_DEPTH 256

static int join(struct joiner *j, unsigned int depth)
{
	const struct dg_bytes *text;
	struct cursor c;
	int r;

	if (depth > MAX_DEPTH || j->next >= j->object->source_count)
		return -EBADMSG;
	text = &j->object->sources[j->next++].text;
	c = (struct cursor){.data = text->data, .len = text->len};
	while (c.at < c.len) {
		size_t start = c.at;

		skip_token(&c);
		if (word_is(&c, start, "test")) {
			skip_test(&c);
			r = 0;
		} else if (word_is(&c, start, "import")) {
			skip_statement(&c);
			r = join(j, depth + 1);
		} else {
			r = put(j, c.data + start, c.at - start);
		}
		if (r < 0)
			return r;
	}
	return put(j, "\n", 1); /* a comment without a line end must not go on in the next file */
}

int dg_object_policy(const struct dg_object *object, struct dg_diags *diags, struct dg_policy **ret)
{
	struct joiner j = {.object = object};
	int r;

	r = join(&j, 0);
	if (r >= 0 && j.next != object->source_count)
		r = -EBADMSG;
	if (r >= 0)
		r = dg_policy_load_text("the text in the object", j.text, j.len, DG_LOAD_NO_EXPIRED,
					diags, ret);
	free(j.text);
	return r;
}
