/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#define _GNU_SOURCE /* asprintf */
#include "file_write.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The rename is in the folder: without this it may be gone after a power cut. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = NULL;
	_cleanup_close_ int fd = -1;

	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int write_special(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write_all(fd, data, size);
}

/* @old: of the file that it takes the place of, or NULL. */
static int write_temporary(int fd, const void *data, size_t size, const struct stat *old)
{
	mode_t mask = umask(0);
	int r;

	umask(mask);
	r = write_all(fd, data, size);
	if (r < 0)
		return r;
	/* Who had the file keeps it, where we may give it to them; before the mode, which this clears. */
	if (old && (old->st_uid != geteuid() || old->st_gid != getegid()) &&
	    fchown(fd, old->st_uid, old->st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(fd, old ? old->st_mode & 07777 : 0666 & ~mask) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int dg_file_write(const char *path, const void *data, size_t size)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	bool there;
	int r;

	there = stat(path, &st) == 0;
	if (there && !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : write_special(path, data, size);
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_temporary(fd, data, size, there ? &st : NULL);
	if (r >= 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return r;
	}
	return sync_folder(path);
}
