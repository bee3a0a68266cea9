// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/*
 * Joining needs to know where tokens begin and end, but not what they mean: the text was parsed before. The
 * words `import` and `test` are reserved, so they begin their statements wherever they stand.
 */
#define _GNU_SOURCE
#include <string.h>

#include "array.h"
#include "policy_join.h"
#include "policy_write.h"
#include "source.h"

struct dg_joiner {
	const struct dg_policy *policy;
	size_t source, test; /* the next one to come */
	char *text;
	size_t len, room;
};

struct dg_cursor {
	const char *data;
	size_t len, at;
};

static int dg_put(struct dg_joiner *j, const char *data, size_t len)
{
	int err = dg_array_reserve(&j->text, &j->room, j->len + len + 1, 1);

	if (err)
		return err;
	if (len)
		memcpy(j->text + j->len, data, len);
	j->len += len;
	j->text[j->len] = 0;
	return j->len > DG_SOURCE_MAX_BYTES ? -EFBIG : 0;
}

static bool dg_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':' || c == '*';
}

/* Over one comment, string, word or other byte. */
static void dg_skip_token(struct dg_cursor *c)
{
	char first = c->data[c->at++];

	if (first == '#') {
		while (c->at < c->len && c->data[c->at] != '\n')
			c->at++;
	} else if (first == '"') {
		while (c->at < c->len && c->data[c->at] != '"')
			c->at += c->data[c->at] == '\\' ? 2 : 1;
		c->at++;
	} else if (dg_is_word(first)) {
		while (c->at < c->len && dg_is_word(c->data[c->at]))
			c->at++;
	}
	if (c->at > c->len)
		c->at = c->len;
}

/* Blanks and comments. */
static void dg_skip_space(struct dg_cursor *c)
{
	while (c->at < c->len && (strchr(" \t\r\n", c->data[c->at]) || c->data[c->at] == '#'))
		dg_skip_token(c);
}

static bool dg_word_is(const struct dg_cursor *c, size_t start, const char *word)
{
	return c->at - start == strlen(word) && !memcmp(c->data + start, word, c->at - start);
}

static int dg_put_device(struct dg_joiner *j, const struct dg_device *device)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	putc('{', out);
	dg_policy_write_device(out, device, " ");
	fputs(" }", out);
	if (fclose(out))
		return -ENOMEM;
	return dg_put(j, text, len);
}

/* Behind the word `test`: up to its closing brace. `device` before a string names a file. */
static int dg_join_test(struct dg_joiner *j, struct dg_cursor *c)
{
	const struct dg_test_node *test = NULL;
	size_t depth = 0, start;
	int err = 0;

	if (j->test < j->policy->test_count)
		test = &j->policy->tests[j->test++];
	do {
		bool device;

		start = c->at;
		dg_skip_token(c);
		depth += c->data[start] == '{';
		depth -= c->data[start] == '}' && depth;
		err = dg_put(j, c->data + start, c->at - start);
		device = dg_word_is(c, start, "device") && depth == 1;
		if (!device || err)
			continue;
		start = c->at;
		dg_skip_space(c);
		err = dg_put(j, c->data + start, c->at - start);
		if (err || c->at >= c->len || c->data[c->at] != '"' || !test)
			continue;
		dg_skip_token(c);
		err = dg_put_device(j, test->device);
		start = c->at; /* not at a brace */
	} while (!err && c->at < c->len && (depth || c->data[start] != '}'));
	return err;
}

static int dg_join_source(struct dg_joiner *j);

/* Behind the word `import`: the file's text takes the place of the statement. */
static int dg_join_import(struct dg_joiner *j, struct dg_cursor *c)
{
	_cleanup_free_ char *begin = NULL, *end = NULL;
	const char *name;
	int len, err;

	dg_skip_space(c);
	name = c->data + c->at;
	dg_skip_token(c);
	len = (int)(c->data + c->at - name);
	while (c->at < c->len && c->data[c->at] != ';')
		dg_skip_token(c);
	c->at += c->at < c->len;
	if (asprintf(&begin, "# import %.*s\n", len, name) < 0 ||
	    asprintf(&end, "# end of %.*s\n", len, name) < 0)
		return -ENOMEM;
	err = dg_put(j, begin, strlen(begin));
	if (!err)
		err = dg_join_source(j);
	if (!err && j->text[j->len - 1] != '\n')
		err = dg_put(j, "\n", 1);
	return err ?: dg_put(j, end, strlen(end));
}

/* The depth is that of the imports, which the front end bounds. */
static int dg_join_source(struct dg_joiner *j)
{
	const struct dg_source *source;
	struct dg_cursor c = { 0 };
	size_t from = 0; /* up to here it is taken over */
	int err = 0;

	if (j->source >= j->policy->source_count)
		return -EINVAL;
	source = j->policy->sources[j->source++];
	c.data = source->text;
	c.len = source->len;
	while (c.at < c.len && !err) {
		size_t start = c.at;
		bool test;

		dg_skip_token(&c);
		test = dg_word_is(&c, start, "test");
		if (!test && !dg_word_is(&c, start, "import"))
			continue;
		err = dg_put(j, c.data + from, (test ? c.at : start) - from);
		if (!err)
			err = test ? dg_join_test(j, &c) : dg_join_import(j, &c);
		from = c.at;
	}
	return err ?: dg_put(j, c.data + from, c.len - from);
}

bool dg_policy_is_joined(const struct dg_policy *policy)
{
	return policy->source_count == 1 && !policy->test_count;
}

int dg_policy_join(const struct dg_policy *policy, char **ret, size_t *ret_len)
{
	struct dg_joiner j = { .policy = policy };
	int err = dg_put(&j, "", 0);

	if (!err)
		err = dg_join_source(&j);
	if (err) {
		free(j.text);
		return err;
	}
	*ret = j.text;
	*ret_len = j.len;
	return 0;
}
