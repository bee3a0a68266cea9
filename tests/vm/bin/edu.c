// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu PCI-ADDRESS: makes QEMU's "edu" device write to a page of this process at the page's physical
 * address, with bus mastering turned on by hand, as a hostile device would: no driver is asked.
 * Prints "written" when the page changed, else "unchanged"; exit status 2 when it could not be tried.
 *
 * Registers: QEMU, docs/specs/edu. The device's dma_mask property has to let it reach the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONFIG_COMMAND	0x04
#define COMMAND_MEMORY	0x2
#define COMMAND_MASTER	0x4

#define DMA_SOURCE	0x80
#define DMA_TARGET	0x88
#define DMA_COUNT	0x90
#define DMA_COMMAND	0x98
#define DMA_START	0x1
#define DMA_TO_MEMORY	0x2
#define BUFFER		0x40000	/* of the device: zeroes after its reset */
#define BAR_BYTES	0x100000

#define BYTES		64
#define PATTERN		0xa5

static void give_up(const char *what)
{
	fprintf(stderr, "edu: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int open_file(const char *address, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, name);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		give_up(path);
	return fd;
}

static void enable(const char *address)
{
	int fd = open_file(address, "config");
	uint16_t command;

	if (pread(fd, &command, sizeof(command), CONFIG_COMMAND) != sizeof(command))
		give_up("config");
	command |= COMMAND_MEMORY | COMMAND_MASTER;
	if (pwrite(fd, &command, sizeof(command), CONFIG_COMMAND) != sizeof(command))
		give_up("config");
	close(fd);
}

/* Bits 0 to 54 of an entry of pagemap are the frame, bit 63 says that there is one. */
static uint64_t physical(const void *page)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), entry;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (off_t)((uintptr_t)page / size * sizeof(entry))) != sizeof(entry))
		give_up("pagemap");
	close(fd);
	entry &= (1ull << 63) | ((1ull << 55) - 1);
	if (!(entry >> 63) || !(entry << 1)) {
		errno = ENODATA;
		give_up("pagemap");
	}
	return (entry & ~(1ull << 63)) * size;
}

int main(int argc, char **argv)
{
	volatile uint64_t *registers;
	uint64_t target;
	uint8_t *page;
	int fd, tries;

	if (argc != 2) {
		fprintf(stderr, "usage: edu PCI-ADDRESS\n");
		return 2;
	}
	page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (page == MAP_FAILED)
		give_up("memory");
	memset(page, PATTERN, BYTES);
	target = physical(page);

	enable(argv[1]);
	fd = open_file(argv[1], "resource0");
	registers = mmap(NULL, BAR_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (registers == MAP_FAILED)
		give_up("resource0");
	registers[DMA_SOURCE / 8] = BUFFER;
	registers[DMA_TARGET / 8] = target;
	registers[DMA_COUNT / 8] = BYTES;
	registers[DMA_COMMAND / 8] = DMA_START | DMA_TO_MEMORY;
	for (tries = 0; registers[DMA_COMMAND / 8] & DMA_START; tries++) {
		if (tries == 1000) {
			errno = ETIMEDOUT;
			give_up("transfer");
		}
		usleep(10000);
	}
	for (unsigned int i = 0; i < BYTES; i++) {
		if (*(volatile uint8_t *)(page + i) != PATTERN) {
			puts("written");
			return 0;
		}
	}
	puts("unchanged");
	return 0;
}
