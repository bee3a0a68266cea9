/* SPDX-License-Identifier: GPL-2.0-only */
/* A temporary directory that stands for a machine's root in the loader's tests. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

struct dg_tree {
	char root[32];
};

static inline struct dg_tree dg_tree_make(void)
{
	struct dg_tree tree = {"/tmp/dg-test-XXXXXX"};

	cr_assert(mkdtemp(tree.root));
	return tree;
}

/* Write the file @name below the root, and make the directories it is in. */
static inline void dg_tree_put(const struct dg_tree *tree, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree->root, name);
	for (char *slash = path + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

static inline void dg_tree_done(struct dg_tree *tree)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", tree->root);
	cr_expect_eq(system(command), 0);
}
