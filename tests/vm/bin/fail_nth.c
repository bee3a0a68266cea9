// SPDX-License-Identifier: GPL-2.0-only
/*
 * fail_nth allow|refuse ACTION…: lets the first, second, third … allocation of an action fail
 * (/proc/thread-self/fail-nth) until it needs no more than have failed already. However it fails, it
 * must never do what is to be refused; and without a fault it must do the right thing after each.
 *
 *	write FILE TEXT UNDO DEVICE	writes TEXT to FILE; what counts is whether DEVICE/driver is
 *					there; TEXT is written to the file UNDO before each
 *	mmap FILE			maps the first page of FILE
 *	selftest ID			asks the kernel about a bind of the PCI id, vendor << 16 | device
 *	apply OBJECT FILE TEXT		activates the policy; FILE and TEXT as for write: it must be
 *					refused (EPERM) under every policy, before, between and after
 *
 * Prints "INJECTIONS WRONG"; what was wrong goes to stderr. Exit status 1 if anything was.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apply.h"
#include "kernel.h"

#define SWEEP_MAX 5000

struct sweep {
	bool allow;
	char **words;
	unsigned int nth;   /* which allocation fails */
	unsigned int wrong;
	bool hit;	    /* it did */
	bool armed;	    /* in an apply that has not switched yet */
	int fail_fd;
};

/* One write; 0 or a negative errno. */
static int write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* From here on the nth allocation of this thread fails; 0: none does any more. */
static void arm(unsigned int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	if (write_to("/proc/thread-self/fail-nth", text)) {
		perror("/proc/thread-self/fail-nth");
		exit(2);
	}
}

/* Was the fault injected? Nothing fails any more. */
static bool disarm(int fd)
{
	char text[16] = "";
	bool hit;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
		perror("fail-nth");
		exit(2);
	}
	hit = atoi(text) == 0;
	arm(0);
	return hit;
}

static void wrong(struct sweep *sweep, const char *what, int error)
{
	fprintf(stderr, "allocation %u: %s (%s)\n", sweep->nth, what, strerror(-error));
	sweep->wrong++;
}

static bool bound(const char *device)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/driver", device);
	return !access(path, F_OK);
}

static int try_write(struct sweep *sweep)
{
	const char *file = sweep->words[0], *text = sweep->words[1], *device = sweep->words[3];
	int fd, error;

	write_to(sweep->words[2], text);
	if (bound(device))
		wrong(sweep, "it is bound before", 0);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	arm(sweep->nth);
	error = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	sweep->hit = disarm(sweep->fail_fd);
	close(fd);
	if (!sweep->allow && bound(device))
		wrong(sweep, "a driver is bound that is to be refused", error);
	return error;
}

static int try_mmap(struct sweep *sweep)
{
	int fd = open(sweep->words[0], O_RDWR | O_CLOEXEC), error;
	void *page;

	if (fd < 0)
		return -errno;
	arm(sweep->nth);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	error = page == MAP_FAILED ? -errno : 0;
	sweep->hit = disarm(sweep->fail_fd);
	if (!error)
		munmap(page, 4096);
	close(fd);
	if (!sweep->allow && !error)
		wrong(sweep, "mapped what is to be refused", error);
	return error;
}

static int try_selftest(struct sweep *sweep)
{
	struct dg_facts facts = {
		.size = sizeof(facts),
		.known_num = 1ULL << DG_NUM_PCI_ID,
	};
	struct dg_failure failure = {};
	struct dg_selftest test;
	int error;

	facts.num[DG_NUM_PCI_ID] = strtoul(sweep->words[0], NULL, 0);
	arm(sweep->nth);
	error = dg_kernel_selftest("", DG_OP_BIND, &facts, &test, &failure);
	sweep->hit = disarm(sweep->fail_fd);
	if (error)
		return error;
	if (!sweep->allow && !test.refused)
		wrong(sweep, "answered that it is allowed", 0);
	return test.refused ? -EPERM : 0;
}

/* The fault is armed when the new policy is loaded, for the switch alone. */
static void armed_step(void *context, enum dg_apply_step step)
{
	struct sweep *sweep = context;

	if (step == DG_STEP_ATTACHED) {
		arm(sweep->nth);
		sweep->armed = true;
	} else if (step == DG_STEP_ACTIVATED) {
		sweep->hit = disarm(sweep->fail_fd);
		sweep->armed = false;
	}
}

static int try_apply(struct sweep *sweep)
{
	struct dg_apply_options options = {.step = armed_step, .context = sweep, .force = true};
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	struct dg_apply_result result;
	struct dg_failure failure = {};
	char *message = NULL;
	int error;

	error = dg_object_open(sweep->words[0], &message, &object);
	if (error)
		return error;
	error = dg_apply(object, &options, &result, &failure);
	if (sweep->armed)
		sweep->hit = disarm(sweep->fail_fd);
	sweep->armed = false;
	if (write_to(sweep->words[1], sweep->words[2]) != -EPERM)
		wrong(sweep, "after the switch a bind was not refused", error);
	return error;
}

static const struct {
	const char *name;
	int words;
	int (*run)(struct sweep *sweep);
} actions[] = {
	{"write", 4, try_write},
	{"mmap", 1, try_mmap},
	{"selftest", 1, try_selftest},
	{"apply", 3, try_apply},
};

int main(int argc, char **argv)
{
	struct sweep sweep = {};
	unsigned int injections = 0;
	int error = 0, a;

	for (a = 0; argc > 2 && a < (int)(sizeof(actions) / sizeof(actions[0])); a++)
		if (!strcmp(argv[2], actions[a].name) && argc == 3 + actions[a].words)
			break;
	if (argc < 3 || a == (int)(sizeof(actions) / sizeof(actions[0]))) {
		fprintf(stderr, "usage: fail_nth allow|refuse ACTION…\n");
		return 2;
	}
	sweep.allow = !strcmp(argv[1], "allow");
	sweep.words = argv + 3;
	sweep.fail_fd = open("/proc/thread-self/fail-nth", O_RDONLY | O_CLOEXEC);
	if (sweep.fail_fd < 0) {
		perror("/proc/thread-self/fail-nth");
		return 2;
	}
	for (sweep.nth = 1; sweep.nth < SWEEP_MAX; sweep.nth++) {
		error = actions[a].run(&sweep);
		if (sweep.hit) {
			injections++;
			continue;
		}
		if (sweep.allow ? error : error != -EPERM)
			wrong(&sweep, sweep.allow ? "refused without a fault" :
			      "not refused with EPERM without a fault", error);
		break;
	}
	if (sweep.nth == SWEEP_MAX)
		wrong(&sweep, "it always fails", error);
	printf("%u %u\n", injections, sweep.wrong);
	return sweep.wrong != 0;
}
