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

	dg_parser_report(p, id, &token->pos, "cannot import \"%.*s\": %s", (int)path.len, path.data,
			 why);
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

/* import STRING; */
int dg_parse_import(struct dg_parser *p)
{
	struct dg_token path;
	int err;

	err = dg_parser_advance(p) ?: dg_parser_string(p, "a file's name in quotes", &path);
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
	return err ?: dg_parser_semicolon(p);
}
