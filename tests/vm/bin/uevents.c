// SPDX-License-Identifier: GPL-2.0-only
/*
 * uevents FILE: writes the kernel's uevents to FILE, one a line, its parts separated by blanks
 * ("change@/devices/… ACTION=change …"). Goes to the background once it listens and prints its
 * process id, so that whoever starts it misses nothing.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void copy_event(FILE *to, char *event, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!event[i])
			event[i] = i + 1 == size ? '\n' : ' ';
	fwrite(event, 1, size, to);
	fflush(to);
}

int main(int argc, char **argv)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int fd, room = 1 << 20;
	char event[8192];
	ssize_t size;
	FILE *to;
	pid_t pid;

	if (argc != 2) {
		fprintf(stderr, "usage: uevents FILE\n");
		return 2;
	}
	to = fopen(argv[1], "w");
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (!to || fd < 0 || bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0) {
		fprintf(stderr, "uevents: %s\n", strerror(errno));
		return 1;
	}
	pid = fork();
	if (pid) {
		printf("%d\n", pid);
		return pid < 0;
	}
	/* A test that reads our output must not wait for us. */
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		return 1;
	while ((size = recv(fd, event, sizeof(event), 0)) > 0 || errno == EINTR)
		if (size > 0)
			copy_event(to, event, size);
	return 1;
}
