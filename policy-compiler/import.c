// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#define _GNU_SOURCE
/* `import` (language page, section 4). */
#include <string.h>

#include "frontend.h"

/*
 * Follow the folders of @path from one that is @below folders under the root file's. False when a
 * step leaves that one, even if a later step comes back: the text alone must show where files are.
 */
static bool dg_path_stays(const char *path, unsigned int below, unsigned int *ret_below)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		bool last = !path[len];

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			if (!below)
				return false;
			below--;
		} else if (!last && len && !(len == 1 && path[0] == '.')) {
			below++;
		}
		path += len + !last;
	}
	*ret_below = below;
	return true;
}

/* Is the real path inside the real folder? */
static bool dg_path_inside(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (len == 1) /* "/" */
		return true;
	return !strncmp(path, folder, len) && path[len] == '/';
}

static const struct dg_source *dg_import_earlier(const struct dg_front *front,
						 const char *real_path)
{
	for (size_t i = 0; i < front->policy->source_count; i++) {
		const struct dg_source *source = front->policy->sources[i];

		if (source->real_path && !strcmp(source->real_path, real_path))
			return source;
	}
	return NULL;
}

static int dg_import_failed(struct dg_parser *p, enum dg_diag_id id, const struct dg_token *token,
			    const char *why)
{
	struct dg_bytes path = token->literal.str;

	/* Of one without quotes enough is said: it may not have been meant as it was read. */
	if (token->kind == DG_TOKEN_STRING)
		dg_parser_report(p, id, &token->pos, "cannot import \"%.*s\": %s", (int)path.len,
				 path.data, why);
	p->front->defaults_uncertain = p->front->names_uncertain = true;
	p->front->policy->unclear_ops = DG_OPS_ALL;
	return 0;
}

/* Read the file that @token names and parse it in this place. */
static int dg_import_file(struct dg_parser *p, const struct dg_token *token)
{
	struct dg_front *front = p->front;
	struct dg_policy *policy = front->policy;
	_cleanup_(dg_cleanup_source) struct dg_source *source = NULL;
	_cleanup_free_ char *path = NULL, *real_path = NULL;
	struct dg_bytes name = token->literal.str;
	const struct dg_source *earlier;
	unsigned int below;
	char *folder;
	int err;

	if (name.len && name.data[0] == '/')
		return dg_import_failed(p, DG_E035, token, "an absolute path");
	if (!dg_path_stays(name.data, p->below, &below))
		return dg_import_failed(p, DG_E035, token, "it leaves the root file's folder");
	if (p->import_depth >= DG_IMPORT_DEPTH_MAX)
		return dg_import_failed(p, DG_E012, token, "imports nest too deeply");
	if (!name.len)
		return dg_import_failed(p, DG_E034, token, strerror(ENOENT));
	if (asprintf(&path, "%s%.*s", p->folder, (int)name.len, name.data) < 0)
		return -ENOMEM;
	real_path = realpath(path, NULL);
	if (!real_path)
		return errno == ENOMEM ? -ENOMEM :
					 dg_import_failed(p, DG_E034, token, strerror(errno));
	if (!front->root_folder || !dg_path_inside(real_path, front->root_folder))
		return dg_import_failed(p, DG_E035, token,
					"it leads out of the root file's folder");
	earlier = dg_import_earlier(front, real_path);
	if (earlier)
		return dg_import_failed(p, DG_E036, token,
					earlier == policy->sources[0] ?
						"it is the root file" :
						"it is imported already, or importing this");
	err = dg_source_read(real_path, path, DG_SOURCE_MAX_BYTES, true, &source);
	if (err)
		return err == -ENOMEM ? err
				      : dg_import_failed(p, DG_E034, token, dg_source_why(err));
	source->real_path = TAKE_PTR(real_path);
	source->order = front->diags->source_count++;
	folder = dg_arena_copy(front->arena, path,
			       strlen(path) - strlen(strrchr(path, '/') ?: path) +
				       (strrchr(path, '/') != NULL));
	if (!folder || !dg_arena_grow(front->arena, &policy->sources, policy->source_count,
				      sizeof(*policy->sources)))
		return -ENOMEM;
	policy->sources[policy->source_count++] = source;
	return dg_parse_file(front, TAKE_PTR(source), folder, below, p->import_depth + 1);
}

#define DG_PATH_WANTED "a file's name in double quotes"

/* May the token be the beginning of a file's name that lacks its quotes? */
static bool dg_import_at_unquoted(const struct dg_parser *p)
{
	char first = *dg_parser_text(p, &p->token).data;

	switch (p->token.kind) {
	case DG_TOKEN_NAME:
	case DG_TOKEN_ATTR:
	case DG_TOKEN_LITERAL:
	case DG_TOKEN_DOTS:
		return !dg_parser_at_statement(p);
	case DG_TOKEN_BROKEN:
		return first && strchr("./\\~", first);
	default:
		return false;
	}
}

/*
 * A file's name without quotes: reported, and read as if it had them, so that what the file defines
 * is not missing besides. It goes on to white space or to what cannot be part of it, whatever the
 * tokens would be.
 */
static int dg_import_unquoted(struct dg_parser *p, struct dg_token *ret_path)
{
	const char *text = p->lexer.source->text;
	struct dg_token path = p->token;

	if (!dg_import_at_unquoted(p))
		return dg_parser_expected(p, DG_PATH_WANTED);
	/* The text ends with a NUL. */
	while ((unsigned char)text[path.end] > ' ' && !strchr(";\"#", text[path.end]))
		path.end++;
	path.pos.end_column += path.end - p->token.end;
	if (!dg_parser_at(p, DG_TOKEN_BROKEN) && !path.poisoned)
		dg_parser_expected_at(p, &path, DG_PATH_WANTED);
	path.kind = DG_TOKEN_NAME;
	path.poisoned = false;
	path.literal.str.len = path.end - path.start;
	path.literal.str.data =
		dg_arena_copy(p->front->arena, text + path.start, path.literal.str.len);
	if (!path.literal.str.data)
		return -ENOMEM;
	p->lexer.at = path.end;
	/* A quote right behind it is the closing one and no string that does not end. */
	p->lexer.muted = text[path.end] == '"';
	p->token = *ret_path = path;
	return dg_parser_advance(p);
}

/* The file's name. One without its quotes was reported: *@ret_path is no DG_TOKEN_STRING then. */
static int dg_import_path(struct dg_parser *p, struct dg_token *ret_path)
{
	int err = dg_parser_advance_to(p, DG_PATH_WANTED);

	if (err)
		return err;
	if (dg_parser_at(p, DG_TOKEN_STRING))
		return dg_parser_string(p, DG_PATH_WANTED, ret_path);
	err = dg_import_unquoted(p, ret_path);
	/* What else there is may be more of it. */
	p->lexer.muted = err || !dg_parser_at(p, DG_TOKEN_SEMICOLON);
	return err;
}

/* import STRING; */
int dg_parse_import(struct dg_parser *p)
{
	struct dg_token path;
	int err;

	err = dg_import_path(p, &path);
	if (err) {
		p->front->defaults_uncertain = p->front->names_uncertain = true;
		return err;
	}
	if (path.poisoned)
		p->front->defaults_uncertain = p->front->names_uncertain = true;
	if (path.poisoned || p->front->flags & DG_LOAD_SYNTAX)
		err = 0;
	else
		err = dg_import_file(p, &path);
	if (!err && path.kind != DG_TOKEN_STRING && !dg_parser_at(p, DG_TOKEN_SEMICOLON))
		return -EBADMSG; /* reported: not a second time where the name went on */
	return err ?: dg_parser_semicolon(p);
}
