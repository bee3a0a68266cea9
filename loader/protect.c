// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel.h"
#include "protect.h"
#include "util.h"

#define MAX_DEPTH 8 /* of stacked block devices */

static int add_path(const char *root, const char *path, struct dg_protect *protect, int depth);

/* The devices below a dm or md device. 1 when there are some. */
static int add_slaves(const char *root, const char *path, struct dg_protect *protect, int depth)
{
	char name[PATH_MAX], resolved[PATH_MAX];
	struct dirent *entry;
	int found = 0, r = 0;
	DIR *dir;

	if (snprintf(name, sizeof(name), "%s/slaves", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	dir = opendir(name);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/slaves/%s", path, entry->d_name) >=
			    (int)sizeof(name) ||
		    !realpath(name, resolved))
			continue;
		found = 1;
		r = add_path(root, resolved, protect, depth + 1);
	}
	closedir(dir);
	return r ?: found;
}

static int add_path(const char *root, const char *path, struct dg_protect *protect, int depth)
{
	char sys[PATH_MAX];
	size_t skip = 0;
	char *copy;
	int r;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	r = add_slaves(root, path, protect, depth);
	if (r)
		return r < 0 ? r : 0;
	if (*root && realpath(root, sys))
		skip = strlen(sys);
	if (protect->count == DG_PROTECT_MAX)
		return -E2BIG;
	copy = strdup(path + skip + strlen("/sys"));
	if (!copy)
		return -ENOMEM;
	protect->paths[protect->count++] = copy;
	return 0;
}

int dg_protect_add(const char *root, dev_t device, struct dg_protect *protect)
{
	char path[PATH_MAX], resolved[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u", root, major(device), minor(device));
	if (!realpath(path, resolved))
		return -errno;
	return add_path(root, resolved, protect, 0);
}

bool dg_protect_mount_source(const char *mountinfo, char *ret, size_t size)
{
	const char *line = mountinfo;
	bool found = false;

	while (line && *line) {
		size_t len = strcspn(line, "\n");
		_cleanup_free_ char *copy = strndup(line, len);
		char mount[PATH_MAX], source[PATH_MAX], *dash;

		/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" */
		if (copy && sscanf(copy, "%*d %*d %*s %*s %4095s", mount) == 1 &&
		    !strcmp(mount, "/") && (dash = strstr(copy, " - ")) &&
		    sscanf(dash, " - %*s %4095s", source) == 1 && strlen(source) < size) {
			strcpy(ret, source);
			found = true;
		}
		line += len;
		line += *line == '\n';
	}
	return found;
}

int dg_protect_root(struct dg_protect *protect)
{
	_cleanup_free_ char *text = malloc(1 << 20);
	char source[PATH_MAX];
	struct stat st;

	if (!text)
		return -ENOMEM;
	if (stat("/", &st))
		return -errno;
	if (major(st.st_dev))
		return dg_protect_add("", st.st_dev, protect);
	/* A file system with a device number of its own (btrfs): ask what was mounted. */
	if (dg_read_file("/proc/self/mountinfo", text, 1 << 20) < 0 ||
	    !dg_protect_mount_source(text, source, sizeof(source)) || source[0] != '/' ||
	    stat(source, &st) || !S_ISBLK(st.st_mode))
		return -ENODEV;
	return dg_protect_add("", st.st_rdev, protect);
}

bool dg_protect_has(const struct dg_protect *protect, const char *path, size_t len)
{
	for (size_t i = 0; i < protect->count; i++) {
		const char *block = protect->paths[i];

		if (!strncmp(block, path, len) && (block[len] == '/' || !block[len]))
			return true;
	}
	return false;
}

void dg_protect_done(struct dg_protect *protect)
{
	for (size_t i = 0; i < protect->count; i++)
		free(protect->paths[i]);
	protect->count = 0;
}
