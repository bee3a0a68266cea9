// SPDX-License-Identifier: GPL-2.0-only
/*
 * peerread PCI-ADDRESS DISK: reads a page of the disk, past the page cache, into memory of the PCI
 * device. Prints "ok", or the step that failed and the error's name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void failed(const char *step)
{
	printf("%s %s\n", step, strerrorname_np(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char path[128];
	int memory, disk;
	void *page;

	if (argc != 3) {
		fprintf(stderr, "usage: peerread PCI-ADDRESS DISK\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/p2pmem/allocate", argv[1]);
	memory = open(path, O_RDWR | O_CLOEXEC);
	if (memory < 0)
		failed("memory");
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (page == MAP_FAILED)
		failed("map");
	disk = open(argv[2], O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		failed("disk");
	if (read(disk, page, size) != (ssize_t)size)
		failed("read");
	printf("ok\n");
	return 0;
}
