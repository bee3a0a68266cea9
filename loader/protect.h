/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices a machine cannot lose: what carries its root file system. (The first slice: not yet
 * the console or the network.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DG_PROTECT_MAX 32

struct dg_protect {
	/* sysfs paths of block devices as in device.path, "/devices/…/block/vda/vda1" */
	char *paths[DG_PROTECT_MAX];
	size_t count;
};

/*
 * Follow block device @device, through what is stacked below it (dm, md), down to those that a bus
 * holds. @root prefixes /sys. 0 or -errno; -ENOENT when sysfs does not know it.
 */
int dg_protect_add(const char *root, dev_t device, struct dg_protect *protect);

/*
 * What / is on. -ENODEV when that is no block device that can be told from its mount source (a
 * network or memory file system).
 */
int dg_protect_root(struct dg_protect *protect);

/* Is the device with this device.path one of them, or on the way to one? */
bool dg_protect_has(const struct dg_protect *protect, const char *path, size_t len);

void dg_protect_done(struct dg_protect *protect);

/*
 * Mount source of "/" out of the text of /proc/self/mountinfo into @ret; false when there is none.
 * Later mounts over the same place win.
 */
bool dg_protect_mount_source(const char *mountinfo, char *ret, size_t size);
