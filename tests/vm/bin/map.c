// SPDX-License-Identifier: GPL-2.0-only
/*
 * map ERRNO FILE OFFSET SIZE: maps a file, shared, and tells the outcomes of attempt(1) apart:
 * 0 allowed, 1 denied with exactly ERRNO, 2 could not be attempted, 3 denied by something else.
 *
 * map watch FILE OFFSET SIZE: maps it and reads a word over and over; says "read" when that works
 * and "sigbus" when it does not, at the start and at each change. For a dma-buf, what its importer
 * says (tests/vm/module/devgate_dmabuf.c), which is the device itself.
 *
 * FILE is a resource file of sysfs, /dev/mem, a device's file in /proc/bus/pci, or one of
 * vfio:GROUP:ADDRESS, that device's BAR number OFFSET through vfio-pci, and
 * dmabuf:GROUP:ADDRESS, the export of that BAR as a dma-buf; nothing is mapped but by watch.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Newer than the headers of the machine that builds this. */
#define FEATURE_DMA_BUF 11

struct feature_dma_buf {
	struct vfio_device_feature feature;
	uint32_t region_index;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	uint64_t offset;
	uint64_t length;
};

static sigjmp_buf bus_error;

static void on_sigbus(int number)
{
	(void)number;
	siglongjmp(bus_error, 1);
}

static int number_of(const char *name)
{
	if (!strcmp(name, "EPERM"))
		return EPERM;
	return atoi(name);
}

static void give_up(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

/* The container and the group stay open as long as the process lives. */
static int open_vfio(char *words)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	char *group_number = strtok(words, ":"), *address = strtok(NULL, "");
	char path[64];
	int container, group, device;

	if (!address) {
		fprintf(stderr, "vfio:GROUP:ADDRESS\n");
		exit(2);
	}
	snprintf(path, sizeof(path), "/dev/vfio/%s", group_number);
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	group = open(path, O_RDWR | O_CLOEXEC);
	if (container < 0 || group < 0)
		give_up(path);
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE) ||
	    ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		give_up("container");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (device < 0)
		give_up(address);
	return device;
}

/* The buffer's descriptor, or a negative errno. */
static int export(int device, unsigned int bar, size_t size)
{
	struct feature_dma_buf request = {
		.feature = {.argsz = sizeof(request),
			    .flags = VFIO_DEVICE_FEATURE_GET | FEATURE_DMA_BUF},
		.region_index = bar,
		.open_flags = O_RDWR | O_CLOEXEC,
		.nr_ranges = 1,
		.length = size,
	};

	int buffer = ioctl(device, VFIO_DEVICE_FEATURE, &request);

	return buffer < 0 ? -errno : buffer;
}

/* What the importer of a dma-buf says, at the start and at each change. */
static void watch_import(const char *address, int buffer)
{
	int import = open("/sys/kernel/debug/devgate_dmabuf/import", O_RDWR | O_CLOEXEC);
	char said[64] = "", now[64];
	ssize_t length;

	if (import < 0 || dprintf(import, "%s %d", address, buffer) < 0)
		give_up("import");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;; usleep(20000)) {
		length = pread(import, now, sizeof(now) - 1, 0);
		if (length < 0)
			give_up("import");
		now[length] = '\0';
		if (strcmp(now, said))
			fputs(now, stdout);
		strcpy(said, now);
	}
}

static int open_file(const char *path, int *ret_fd, off_t *offset)
{
	char words[128];

	if (!strncmp(path, "vfio:", 5) || !strncmp(path, "dmabuf:", 7)) {
		struct vfio_region_info info = {.argsz = sizeof(info), .index = (uint32_t)*offset};

		snprintf(words, sizeof(words), "%s", strchr(path, ':') + 1);
		*ret_fd = open_vfio(words);
		if (*path == 'v') {
			if (ioctl(*ret_fd, VFIO_DEVICE_GET_REGION_INFO, &info))
				give_up("region");
			*offset = (off_t)info.offset;
		}
		return 0;
	}
	*ret_fd = open(path, O_RDWR | O_CLOEXEC | O_SYNC);
	if (*ret_fd < 0)
		return -1;
	if (!strncmp(path, "/proc/bus/pci/", 14))
		return ioctl(*ret_fd, PCIIOC_MMAP_IS_MEM);
	return 0;
}

static bool read_word(volatile const uint32_t *word)
{
	if (sigsetjmp(bus_error, 1))
		return false;
	(void)*word;
	return true;
}

static void watch(volatile const uint32_t *word)
{
	const char *said = "";

	signal(SIGBUS, on_sigbus);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;; usleep(20000)) {
		const char *now = read_word(word) ? "read" : "sigbus";

		if (strcmp(now, said))
			puts(now);
		said = now;
	}
}

int main(int argc, char **argv)
{
	const void *memory = NULL;
	size_t size;
	off_t offset;
	int fd, got = 0;

	if (argc != 5) {
		fprintf(stderr, "usage: map ERRNO|watch FILE OFFSET SIZE\n");
		return 2;
	}
	offset = (off_t)strtoull(argv[3], NULL, 0);
	size = strtoull(argv[4], NULL, 0);
	if (open_file(argv[2], &fd, &offset))
		give_up(argv[2]);
	if (!strncmp(argv[2], "dmabuf:", 7)) {
		int buffer = export(fd, (unsigned int)offset, size);

		got = buffer < 0 ? -buffer : 0;
		if (!got && !strcmp(argv[1], "watch"))
			watch_import(strchr(argv[2] + 7, ':') + 1, buffer);
	} else {
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
		if (memory == MAP_FAILED)
			got = errno;
	}
	if (got) {
		fprintf(stderr, "%s: %s\n", argv[2], strerror(got));
		return got == number_of(argv[1]) ? 1 : 3;
	}
	if (!strcmp(argv[1], "watch") && memory)
		watch(memory);
	return 0;
}
