// SPDX-License-Identifier: GPL-2.0-only
/*
 * attempt ERRNO FILE TEXT: write TEXT to FILE in one write, and tell four outcomes apart:
 *   0 allowed
 *   1 denied with exactly ERRNO (a name or a number)
 *   2 could not be attempted (FILE does not open)
 *   3 denied by something else
 * attempt ERRNO FILE: the same for opening FILE for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int number_of(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{"EPERM", EPERM},   {"ENODEV", ENODEV}, {"EBUSY", EBUSY},
		{"EINVAL", EINVAL}, {"ENOENT", ENOENT}, {"EACCES", EACCES},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return names[i].number;
	return atoi(name);
}

int main(int argc, char **argv)
{
	int expected, fd, got;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: attempt ERRNO FILE [TEXT]\n");
		return 2;
	}
	expected = number_of(argv[1]);
	fd = open(argv[2], O_WRONLY | O_CLOEXEC);
	if (argc == 3 || fd < 0) {
		got = fd < 0 ? errno : 0;
		if (argc == 4) {
			fprintf(stderr, "%s: %s\n", argv[2], strerror(got));
			return 2;
		}
	} else {
		got = write(fd, argv[3], strlen(argv[3])) < 0 ? errno : 0;
	}
	if (!got)
		return 0;
	fprintf(stderr, "%s: %s\n", argv[2], strerror(got));
	if (argc == 3 && (got == ENOENT || got == ENXIO))
		return 2;
	return got == expected ? 1 : 3;
}
