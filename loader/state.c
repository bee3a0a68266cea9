// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include "kernel.h"
#include "state.h"
#include "util.h"

#define LOCK_RETRIES 10

int dg_state_check_bpffs(struct dg_failure *failure)
{
	struct statfs fs;

	if (statfs(DG_BPFFS_DIR, &fs))
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "%s", DG_BPFFS_DIR);
	if ((unsigned long)fs.f_type != BPF_FS_MAGIC)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EOPNOTSUPP,
					"the BPF file system is not mounted: mount -t bpf bpf %s",
					DG_BPFFS_DIR);
	return 0;
}

pid_t dg_lock_holder(const char *locks, dev_t device, ino_t inode)
{
	const char *line = locks;

	while (line) {
		unsigned int maj, min;
		unsigned long long ino;
		char kind[16];
		long pid;

		/* "1: FLOCK  ADVISORY  WRITE 1234 00:1a:99 0 EOF"; a waiter's line has "->" */
		if (sscanf(line, "%*d: %15s %*s %*s %ld %x:%x:%llu", kind, &pid, &maj, &min,
			   &ino) == 5 &&
		    !strcmp(kind, "FLOCK") && maj == major(device) && min == minor(device) &&
		    ino == inode)
			return pid > 0 ? pid : 0;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

static int report_holder(int fd, const char *dir, struct dg_failure *failure)
{
	_cleanup_free_ char *locks = malloc(256 * 1024);
	char comm[64] = "", path[64];
	struct stat st;
	pid_t pid = 0;

	if (locks && !fstat(fd, &st) && dg_read_file("/proc/locks", locks, 256 * 1024) > 0)
		pid = dg_lock_holder(locks, st.st_dev, st.st_ino);
	if (!pid)
		return dg_failure_plain(
			failure, DG_FAILURE_SYSTEM, -EBUSY,
			"another process is at work on %s: try again when it is done", dir);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (dg_read_file(path, comm, sizeof(comm)) > 0)
		comm[strcspn(comm, "\n")] = 0;
	return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EBUSY,
				"process %d (%s) is at work on %s: try again when it is done",
				(int)pid, comm, dir);
}

int dg_state_lock(const char *dir, bool create, int *ret, struct dg_failure *failure)
{
	for (int i = 0; i < LOCK_RETRIES; i++) {
		_cleanup_close_ int fd = -1;
		struct stat held, named;

		if (create && mkdir(dir, 0700) && errno != EEXIST)
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "cannot make %s",
					      dir);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && !create)
			return -ENOENT;
		if (fd < 0 && errno == ENOENT)
			continue; /* removed since */
		if (fd < 0)
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "cannot open %s",
					      dir);
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			if (errno == EWOULDBLOCK)
				return report_holder(fd, dir, failure);
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "cannot lock %s",
					      dir);
		}
		/* The directory that was locked may have been removed before, and made anew. */
		if (!fstat(fd, &held) && !stat(dir, &named) && held.st_dev == named.st_dev &&
		    held.st_ino == named.st_ino) {
			*ret = TAKE_FD(fd);
			return 0;
		}
	}
	return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EAGAIN,
				"%s is removed and made again all the time", dir);
}

int dg_protocol_judge(const struct dg_protocol *marker)
{
	if (marker->magic != DG_PROTOCOL_MAGIC || !marker->version ||
	    marker->oldest > DG_PROTOCOL_VERSION)
		return -EPROTO;
	return 0;
}

static int write_protocol(struct dg_failure *failure)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	struct dg_protocol marker = {
		.magic = DG_PROTOCOL_MAGIC,
		.version = DG_PROTOCOL_VERSION,
		.oldest = DG_PROTOCOL_OLDEST,
	};
	_cleanup_close_ int fd = -1;
	uint32_t key = 0;
	int r;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "dg_protocol", sizeof(key), sizeof(marker), 1,
			    &opts);
	r = fd < 0 ? fd : bpf_map_update_elem(fd, &key, &marker, BPF_ANY);
	r = r ?: bpf_map_freeze(fd);
	/* The pin appears whole or not at all. */
	r = r ?: dg_state_pin(fd, DG_PIN_PROTOCOL);
	return r ? dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot pin %s/%s", DG_STATE_DIR,
				  DG_PIN_PROTOCOL)
		 : 0;
}

int dg_state_check_protocol(bool create, struct dg_failure *failure)
{
	struct dg_protocol marker = {};
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), key = 0;
	_cleanup_close_ int fd = -1;
	int r;

	fd = dg_state_get(DG_PIN_PROTOCOL);
	if (fd == -ENOENT)
		return create ? write_protocol(failure) : 0;
	if (fd < 0)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, fd, "cannot open %s/%s",
				      DG_STATE_DIR, DG_PIN_PROTOCOL);
	r = bpf_map_get_info_by_fd(fd, &info, &len);
	if (!r && (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != sizeof(marker)))
		r = -EPROTO;
	if (!r)
		r = bpf_map_lookup_elem(fd, &key, &marker);
	if (!r)
		r = dg_protocol_judge(&marker);
	if (r == -EPROTO)
		return dg_failure_plain(
			failure, DG_FAILURE_SYSTEM, r,
			"%s was made by another version of devgate (protocol %u, this one "
			"knows %u): use that one",
			DG_STATE_DIR, marker.version, DG_PROTOCOL_VERSION);
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot read %s/%s",
				      DG_STATE_DIR, DG_PIN_PROTOCOL);
	/* From here on the state may hold what the older version does not know. */
	return create && marker.version < DG_PROTOCOL_VERSION ? write_protocol(failure) : 0;
}

static int state_path(char path[static PATH_MAX], const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", DG_STATE_DIR, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

int dg_state_get(const char *name)
{
	char path[PATH_MAX];

	return state_path(path, name) ?: bpf_obj_get(path);
}

int dg_state_pin(int fd, const char *name)
{
	char path[PATH_MAX], *slash;
	int r;

	r = state_path(path, name);
	if (r)
		return r;
	slash = strrchr(path, '/');
	*slash = 0;
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	*slash = '/';
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path);
}

int dg_state_unpin(const char *name)
{
	char path[PATH_MAX];
	int r;

	r = state_path(path, name);
	if (r)
		return r;
	return unlink(path) && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

void dg_state_slot_name(char buffer[static DG_PIN_NAME_MAX], uint32_t slot, const char *name)
{
	snprintf(buffer, DG_PIN_NAME_MAX, "slot-%u/%s", slot, name);
}

int dg_state_remove_slot(uint32_t slot)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "%s/slot-%u", DG_STATE_DIR, slot);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) &&
		    errno != ENOENT && !r)
			r = -errno;
	closedir(dir);
	if (rmdir(path) && errno != ENOENT && !r)
		r = -errno;
	return r;
}

uint32_t dg_slot_choose(uint32_t active, uint32_t previous)
{
	uint32_t slot = active < DG_SLOT_COUNT ? active : 0;

	do
		slot = slot + 1 < DG_SLOT_COUNT ? slot + 1 : 1;
	while (slot == active || slot == previous);
	return slot;
}

enum dg_version_order dg_version_compare(const struct dg_version *active,
					 const struct dg_version *object)
{
	if (!active || strcmp(active->name, object->name) || object->version > active->version)
		return DG_VERSION_NEWER;
	if (object->version < active->version)
		return DG_VERSION_OLDER;
	if (!active->digest || !object->digest ||
	    memcmp(active->digest, object->digest, DG_SHA256_BYTES))
		return DG_VERSION_DIFFERENT;
	return DG_VERSION_SAME;
}
