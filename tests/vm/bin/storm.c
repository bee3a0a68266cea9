// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm STOP ALLOWED-DRIVER ALLOWED-DEVICE REFUSED-DRIVER REFUSED-DEVICE: until the file STOP is
 * there, unbind and bind the one, which must succeed, and try to bind the other, which must give
 * EPERM, through the drivers' sysfs directories. Prints "DECISIONS WRONG".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_to(const char *driver, const char *file, const char *device)
{
	char path[256];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s", driver, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = write(fd, device, strlen(device)) < 0 ? errno : 0;
	close(fd);
	return error;
}

int main(int argc, char **argv)
{
	unsigned long decisions = 0, wrong = 0;

	if (argc != 6) {
		fprintf(stderr, "usage: storm STOP DRIVER DEVICE DRIVER DEVICE\n");
		return 2;
	}
	write_to(argv[4], "unbind", argv[5]);
	while (access(argv[1], F_OK)) {
		if (write_to(argv[2], "unbind", argv[3]))
			wrong++;
		if (write_to(argv[2], "bind", argv[3]))
			wrong++;
		for (int i = 0; i < 20; i++)
			if (write_to(argv[4], "bind", argv[5]) != EPERM)
				wrong++;
		decisions += 21;
	}
	printf("%lu %lu\n", decisions, wrong);
	return 0;
}
