// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm STOP [KIND EXPECTED WHERE WHAT]…: until the file STOP is there, does each work over and over:
 *
 *	bind		WHERE a driver's directory in sysfs, WHAT a device: unbinds, if that is possible,
 *			and binds it; one that is refused is tried 20 times
 *	map		WHERE a file, WHAT a size: maps it, shared, and unmaps it
 *	ioremap		WHERE a file of debugfs, WHAT "ADDRESS SIZE": has the kernel map it
 *
 * EXPECTED: "allowed", "refused" (with EPERM; ioremap: ENOMEM), or "either" of them; a bind of either
 * may find that somebody else has bound the device. Prints "DECISIONS WRONG", then a line for each work,
 * "KIND EXPECTED ALLOWED REFUSED", and the first wrong one on the standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_WORKS 16

static unsigned long decisions, wrong;
static struct {
	unsigned long allowed, refused;
} counts[MAX_WORKS];
static unsigned int current; /* work */

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	error = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return error;
}

static void judge(char **work, int error, int denial)
{
	bool either = !strcmp(work[1], "either");
	bool good = !error ? either || !strcmp(work[1], "allowed")
			   : error == denial && (either || !strcmp(work[1], "refused"));

	decisions++;
	counts[current].allowed += !error;
	counts[current].refused += error == denial;
	/* Bound already, or bound by somebody else: no decision. */
	if (either && (error == EBUSY || error == ENODEV))
		good = true;
	if (!good && !wrong++)
		fprintf(stderr, "storm: %s %s %s: %s\n", work[0], work[1], work[3],
			error ? strerror(error) : "allowed");
}

static void bind(char **work)
{
	int tries = strcmp(work[1], "refused") ? 1 : 20;
	char path[256];

	snprintf(path, sizeof(path), "%s/unbind", work[2]);
	write_to(path, work[3]);
	snprintf(path, sizeof(path), "%s/bind", work[2]);
	while (tries--)
		judge(work, write_to(path, work[3]), EPERM);
}

static void map(char **work)
{
	size_t size = strtoul(work[3], NULL, 0);
	int fd = open(work[2], O_RDWR | O_SYNC | O_CLOEXEC), error = errno;
	void *memory;

	if (fd >= 0) {
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		error = memory == MAP_FAILED ? errno : 0;
		if (!error)
			munmap(memory, size);
		close(fd);
	}
	judge(work, error, EPERM);
}

static int usage(void)
{
	fprintf(stderr, "usage: storm STOP [bind|map|ioremap allowed|refused|either WHERE WHAT]…\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 6 || argc % 4 != 2 || argc > 2 + 4 * MAX_WORKS)
		return usage();
	while (access(argv[1], F_OK)) {
		current = 0;
		for (char **work = argv + 2; *work; work += 4, current++) {
			if (!strcmp(work[0], "bind"))
				bind(work);
			else if (!strcmp(work[0], "map"))
				map(work);
			else if (!strcmp(work[0], "ioremap"))
				judge(work, write_to(work[2], work[3]), ENOMEM);
			else
				return usage();
		}
	}
	printf("%lu %lu\n", decisions, wrong);
	current = 0;
	for (char **work = argv + 2; *work; work += 4, current++)
		printf("%s %s %lu %lu\n", work[0], work[1], counts[current].allowed,
		       counts[current].refused);
	return 0;
}
