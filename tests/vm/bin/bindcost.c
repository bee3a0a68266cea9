// SPDX-License-Identifier: GPL-2.0-only
/*
 * bindcost DRIVER DEVICE COUNT: binds DEVICE to DRIVER (its sysfs directory) COUNT times and prints
 * the median of the time stamp counter's ticks that a bind took: executed instructions under QEMU's
 * -icount shift=0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

static int open_file(const char *driver, const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", driver, file);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static int compare(const void *a, const void *b)
{
	unsigned long long x = *(const unsigned long long *)a, y = *(const unsigned long long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned long long *ticks, begin;
	int bind, unbind;

	if (!count || count > 100000) {
		fprintf(stderr, "usage: bindcost DRIVER DEVICE COUNT\n");
		return 2;
	}
	ticks = calloc(count, sizeof(*ticks));
	bind = open_file(argv[1], "bind");
	unbind = open_file(argv[1], "unbind");
	if (!ticks || bind < 0 || unbind < 0) {
		fprintf(stderr, "bindcost: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (unsigned long i = 0; i < count; i++) {
		if (write(unbind, argv[2], strlen(argv[2])) < 0) {
			fprintf(stderr, "bindcost: unbind of %s: %s\n", argv[2], strerror(errno));
			return 1;
		}
		begin = __rdtsc();
		if (write(bind, argv[2], strlen(argv[2])) < 0) {
			fprintf(stderr, "bindcost: bind of %s: %s\n", argv[2], strerror(errno));
			return 1;
		}
		ticks[i] = __rdtsc() - begin;
	}
	qsort(ticks, count, sizeof(*ticks), compare);
	printf("%llu\n", ticks[count / 2]);
	return 0;
}
