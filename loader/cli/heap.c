/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "util.h"

/* In bytes; room is only address space until it is used. */
#define SMALL (256 << 10)
#define ROOM_PER_BYTE 40
#define ROOM_MOST (UINT64_C(1) << 30)

static uint64_t room_for(const char *path)
{
	struct rlimit limit;
	struct stat st;

	if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)
		return 0;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < SMALL)
		return 0;
	if ((uint64_t)st.st_size > ROOM_MOST / ROOM_PER_BYTE)
		return ROOM_MOST;
	return (uint64_t)st.st_size * ROOM_PER_BYTE;
}

void dg_heap_prepare(const char *path)
{
	uint64_t room = room_for(path), page = (uint64_t)sysconf(_SC_PAGESIZE);
	uintptr_t start;
	void *block;

	/* No page of the heap is given back, and none lies elsewhere. */
	if (room == 0 || !mallopt(M_MMAP_MAX, 0) || !mallopt(M_TRIM_THRESHOLD, INT_MAX))
		return;
	block = malloc(room);
	if (!block)
		return;
	start = ((uintptr_t)block + page - 1) & ~(uintptr_t)(page - 1);
	madvise((void *)start, room - page, MADV_HUGEPAGE);
	free(block);
}
