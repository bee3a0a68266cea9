// SPDX-License-Identifier: GPL-2.0-only
/*
 * fail_nth allow|refuse ACTION…: lets the first, second, third … allocation of an action fail
 * (/proc/thread-self/fail-nth) until it needs no more than have failed already. However it fails,
 * it must never do what is to be refused; and after each it must do right without a fault.
 *
 *	write FILE TEXT UNDO DEVICE	writes TEXT to FILE; what counts is whether DEVICE/driver is
 *					there; TEXT is written to the file UNDO before each
 *	mmap FILE			maps the first page of FILE
 *	map DEVICE FUNCTION RANGE	maps device memory in the kernel by that function (the
 *					module devpolicy_map); what was judged of the device is
 *					forgotten before each, so that the call judges
 *	ask DEVICE ENTRY ANSWER		enters the DMA API or the IOMMU (the module devgate_dma);
 *					ANSWER is what it says when it refuses
 *	ask-anew DEVICE ENTRY ANSWER	the same, forgotten before each as for map
 *	selftest ID			asks the kernel about a bind of a PCI device inside the
 *					machine of that id, vendor << 16 | device
 *	apply OBJECT FILE TEXT		activates the policy; FILE and TEXT as for write: it must
 *					be refused (EPERM) before, between and after, under the
 *					policy in force and this one and under none
 *	rollback FILE TEXT		goes back to the policy before, in the same way
 *
 * A policy is loaded once and only the program's run that makes the switch is repeated: on a kernel
 * that checks itself the verifier takes a minute, and a switch less than a second.
 *
 * Prints "INJECTIONS WRONG"; what was wrong goes to stderr. Exit status 1 if anything was.
 */
#include <bpf/bpf.h>
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
#include "dispatcher.h"
#include "kernel.h"

#define SWEEP_MAX 5000

struct sweep {
	bool allow;
	char **words;
	unsigned int nth; /* which allocation fails */
	unsigned int injections;
	unsigned int wrong;
	bool hit;   /* it did */
	bool after; /* now none fails, and what was judged before is not forgotten */
	/* Of a switch: what is refused under every policy, and whether a detach undoes it. */
	const char *file, *text;
	bool detach;
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

/*
 * From here on the nth allocation of this thread fails; 0: none does any more. The file is open
 * already: to open it allocates.
 */
static void arm(int fd, unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fd, text, (size_t)length, 0) != length) {
		perror("fail-nth");
		exit(2);
	}
}

static void arm_next(const struct sweep *sweep)
{
	arm(sweep->fail_fd, sweep->after ? 0 : sweep->nth);
}

/* Was the fault injected? Nothing fails any more. */
static bool disarm(int fd)
{
	char text[16] = "";
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	arm(fd, 0);
	if (length <= 0) {
		perror("fail-nth");
		exit(2);
	}
	return atoi(text) == 0;
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

/* A write under a fault; 0 or a negative errno. */
static int write_armed(struct sweep *sweep, const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	arm_next(sweep);
	error = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	sweep->hit = disarm(sweep->fail_fd);
	close(fd);
	return error;
}

static int try_write(struct sweep *sweep)
{
	const char *file = sweep->words[0], *text = sweep->words[1], *device = sweep->words[3];
	int error;

	write_to(sweep->words[2], text);
	if (bound(device))
		wrong(sweep, "it is bound before", 0);
	error = write_armed(sweep, file, text);
	if (!sweep->allow && bound(device))
		wrong(sweep, "a driver is bound that is to be refused", error);
	/* Anything else is the word of a driver that was asked, though it then failed by itself. */
	else if (!sweep->allow && error != -EPERM && error != -ENOMEM)
		wrong(sweep, "it was not refused", error);
	return error;
}

static int try_mmap(struct sweep *sweep)
{
	int fd = open(sweep->words[0], O_RDWR | O_CLOEXEC), error;
	void *page;

	if (fd < 0)
		return -errno;
	arm_next(sweep);
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

#define QUESTIONS "/sys/kernel/debug/devgate_dma/ask"

static void forget(struct sweep *sweep)
{
	char text[64];
	int error;

	if (sweep->after)
		return;
	snprintf(text, sizeof(text), "%s forget", sweep->words[0]);
	error = write_to(QUESTIONS, text);
	if (error)
		wrong(sweep, "its verdicts cannot be forgotten", error);
}

static int try_map(struct sweep *sweep)
{
	char path[PATH_MAX];
	int error;

	forget(sweep);
	snprintf(path, sizeof(path), "/sys/kernel/debug/devpolicy_map/%s", sweep->words[1]);
	error = write_armed(sweep, path, sweep->words[2]);
	if (!sweep->allow && !error)
		wrong(sweep, "mapped what is to be refused", error);
	/* ioremap() and its kin say NULL, for which the module says ENOMEM. */
	return error == -ENOMEM ? -EPERM : error;
}

static int try_ask(struct sweep *sweep)
{
	char text[128], said[64] = "";
	ssize_t length;
	int fd, error;

	snprintf(text, sizeof(text), "%s %s", sweep->words[0], sweep->words[1]);
	error = write_armed(sweep, QUESTIONS, text);
	if (error)
		return error;
	fd = open(QUESTIONS, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, said, sizeof(said) - 1);
	close(fd);
	if (length <= 0)
		return -EIO;
	said[strcspn(said, "\n")] = '\0';
	if (strcmp(said, "ok"))
		return strcmp(said, sweep->words[2]) ? -EIO : -EPERM;
	if (!sweep->allow)
		wrong(sweep, "what is to be refused was done", 0);
	return 0;
}

static int try_ask_anew(struct sweep *sweep)
{
	forget(sweep);
	return try_ask(sweep);
}

static int try_selftest(struct sweep *sweep)
{
	struct dg_facts facts = {
		.size = sizeof(facts),
		.known_num = 1ULL << DG_NUM_PCI_ID | 1ULL << DG_NUM_PCI_EXTERNAL,
		.known_str = 1ULL << DG_STR_BUS,
		.str[DG_STR_BUS] = {.len = 3, .bytes = "pci"},
	};
	struct dg_failure failure = {};
	struct dg_selftest test;
	int error;

	facts.num[DG_NUM_PCI_ID] = strtoul(sweep->words[0], NULL, 0);
	arm_next(sweep);
	error = dg_kernel_selftest("", DG_OP_BIND, &facts, &test, &failure);
	sweep->hit = disarm(sweep->fail_fd);
	if (error)
		return error;
	if (!sweep->allow && !test.refused)
		wrong(sweep, "answered that it is allowed", 0);
	return test.refused ? -EPERM : 0;
}

/* The sweep under which the next program runs, again and again. */
static struct sweep *switching;

int __real_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *options);
int __wrap_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *options);

/* Switched in spite of a fault: so that the same can be asked for again. */
static void switch_again(struct sweep *sweep, uint32_t *expected, uint32_t generation)
{
	struct dg_failure failure = {};
	int error;

	*expected = sweep->detach ? 0 : generation;
	if (!sweep->detach)
		return;
	error = dg_kernel_detach(generation, &failure);
	if (error)
		wrong(sweep, failure.text, error);
}

static void read_state(struct sweep *sweep, struct dg_kernel_status *ret)
{
	struct dg_failure failure = {};
	int error = dg_kernel_status_read("", ret, &failure);

	if (error)
		wrong(sweep, failure.text, error);
}

/* A switch that failed leaves all as it was: what is in force, and what can come back. */
static void check_kept(struct sweep *sweep, const struct dg_kernel_status *before, int error)
{
	struct dg_kernel_status now = {};

	read_state(sweep, &now);
	if (now.generation != before->generation || now.slot != before->slot)
		wrong(sweep, "a switch that failed left another policy in force", error);
	if (now.previous_generation != before->previous_generation ||
	    now.previous_slot != before->previous_slot)
		wrong(sweep, "a switch that failed left another policy to go back to", error);
}

int __wrap_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *options)
{
	struct dg_kernel_status before = {};
	struct sweep *sweep = switching;
	int error;

	if (!sweep)
		return __real_bpf_prog_test_run_opts(fd, options);
	switching = NULL;
	for (;; sweep->nth++) {
		options->retval = 0;
		read_state(sweep, &before);
		arm_next(sweep);
		error = __real_bpf_prog_test_run_opts(fd, options);
		sweep->hit = disarm(sweep->fail_fd);
		if (write_to(sweep->file, sweep->text) != -EPERM)
			wrong(sweep, "after the switch a bind was not refused",
			      error ?: (int)options->retval);
		if (!sweep->hit || sweep->nth >= SWEEP_MAX)
			return error;
		sweep->injections++;
		if (error || (int)options->retval <= 0)
			check_kept(sweep, &before, error ?: (int)options->retval);
		else
			/* The loader's own context: the generation that it expects comes first. */
			switch_again(sweep, (uint32_t *)(uintptr_t)options->ctx_in,
				     options->retval);
	}
}

static int try_apply(struct sweep *sweep)
{
	struct dg_apply_options options = {.force = true};
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	struct dg_apply_result result;
	struct dg_failure failure = {};
	char *message = NULL;
	int error;

	error = dg_object_open(sweep->words[0], &message, &object);
	if (error)
		return error;
	sweep->file = sweep->words[1];
	sweep->text = sweep->words[2];
	sweep->detach = true;
	switching = sweep;
	return dg_apply(object, &options, &result, &failure);
}

static int try_rollback(struct sweep *sweep)
{
	struct dg_kernel_status status;
	struct dg_failure failure = {};
	uint32_t generation;
	int error;

	error = dg_kernel_status_read("", &status, &failure);
	if (error)
		return error;
	sweep->file = sweep->words[0];
	sweep->text = sweep->words[1];
	switching = sweep;
	return dg_kernel_rollback(status.generation, &generation, &failure);
}

static const struct {
	const char *name;
	int words;
	/* How many allocations come before one is not always the same: a slab is filled up,
	 * kmemleak notes what was allocated. One pass can miss it. */
	unsigned int passes;
	int (*run)(struct sweep *sweep);
} actions[] = {
	{"write", 4, 5, try_write},	  {"mmap", 1, 5, try_mmap},
	{"map", 3, 5, try_map},		  {"ask", 3, 5, try_ask},
	{"ask-anew", 3, 5, try_ask_anew}, {"selftest", 1, 5, try_selftest},
	{"apply", 3, 1, try_apply},	  {"rollback", 2, 1, try_rollback},
};

static void check_unharmed(struct sweep *sweep, int error, const char *when)
{
	char text[80];

	if (sweep->allow ? !error : error == -EPERM)
		return;
	snprintf(text, sizeof(text), "%s without a fault%s",
		 sweep->allow ? "refused" : "not refused with EPERM", when);
	wrong(sweep, text, error);
}

/* Nothing that a fault left behind decides: the same again, and what was judged is not forgotten.
 */
static void check_after(struct sweep *sweep, int (*run)(struct sweep *))
{
	sweep->after = true;
	check_unharmed(sweep, run(sweep), ", after this one");
	sweep->after = false;
}

static void sweep_once(struct sweep *sweep, int (*run)(struct sweep *))
{
	int error = 0;

	for (sweep->nth = 1; sweep->nth < SWEEP_MAX; sweep->nth++) {
		error = run(sweep);
		if (!sweep->hit) {
			check_unharmed(sweep, error, "");
			return;
		}
		sweep->injections++;
		check_after(sweep, run);
	}
	wrong(sweep, "it always fails", error);
}

int main(int argc, char **argv)
{
	struct sweep sweep = {};
	int a;

	for (a = 0; argc > 2 && a < (int)(sizeof(actions) / sizeof(actions[0])); a++)
		if (!strcmp(argv[2], actions[a].name) && argc == 3 + actions[a].words)
			break;
	if (argc < 3 || a == (int)(sizeof(actions) / sizeof(actions[0]))) {
		fprintf(stderr, "usage: fail_nth allow|refuse ACTION…\n");
		return 2;
	}
	sweep.allow = !strcmp(argv[1], "allow");
	sweep.words = argv + 3;
	sweep.fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (sweep.fail_fd < 0) {
		perror("/proc/thread-self/fail-nth");
		return 2;
	}
	for (unsigned int pass = 0; pass < actions[a].passes; pass++)
		sweep_once(&sweep, actions[a].run);
	printf("%u %u\n", sweep.injections, sweep.wrong);
	return sweep.wrong != 0;
}
