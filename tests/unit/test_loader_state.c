// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state.h"

Test(loader_state, slot_is_free_and_goes_round)
{
	for (uint32_t active = 0; active < DG_SLOT_COUNT; active++)
		for (uint32_t previous = 0; previous < DG_SLOT_COUNT; previous++) {
			uint32_t slot = dg_slot_choose(active, previous);

			cr_expect(slot >= 1 && slot < DG_SLOT_COUNT, "%u %u", active, previous);
			cr_expect_neq(slot, active, "%u %u", active, previous);
			cr_expect_neq(slot, previous, "%u %u", active, previous);
		}
	cr_expect_eq(dg_slot_choose(0, 0), 1);
	cr_expect_eq(dg_slot_choose(1, 0), 2);
	cr_expect_eq(dg_slot_choose(7, 6), 1);
	cr_expect_eq(dg_slot_choose(7, 1), 2);
	cr_expect_eq(dg_slot_choose(3, 4), 5, "after a rollback");
	cr_expect_eq(dg_slot_choose(UINT32_MAX, 1), 2, "nonsense from elsewhere");
}

Test(loader_state, version_rule)
{
	static const uint8_t one[DG_SHA256_BYTES] = {1}, two[DG_SHA256_BYTES] = {2};
	struct dg_version active = {"p", 5, one};

	cr_expect_eq(dg_version_compare(NULL, &(struct dg_version){"p", 1, one}), DG_VERSION_NEWER);
	cr_expect_eq(dg_version_compare(&active, &(struct dg_version){"p", 6, one}),
		     DG_VERSION_NEWER);
	cr_expect_eq(dg_version_compare(&active, &(struct dg_version){"q", 1, two}),
		     DG_VERSION_NEWER, "another policy");
	cr_expect_eq(dg_version_compare(&active, &(struct dg_version){"p", 4, one}),
		     DG_VERSION_OLDER);
	cr_expect_eq(dg_version_compare(&active, &(struct dg_version){"p", 5, one}),
		     DG_VERSION_SAME);
	cr_expect_eq(dg_version_compare(&active, &(struct dg_version){"p", 5, two}),
		     DG_VERSION_DIFFERENT);
	active.digest = NULL;
	cr_expect_eq(dg_version_compare(&active, &(struct dg_version){"p", 5, one}),
		     DG_VERSION_DIFFERENT, "an unknown digest is not the same");
}

Test(loader_state, protocol)
{
	struct dg_protocol marker = {DG_PROTOCOL_MAGIC, DG_PROTOCOL_VERSION, DG_PROTOCOL_VERSION,
				     0};

	cr_expect_eq(dg_protocol_judge(&marker), 0);
	marker.version = DG_PROTOCOL_VERSION + 1;
	cr_expect_eq(dg_protocol_judge(&marker), 0,
		     "newer, and says that this version may work on it");
	marker.oldest = DG_PROTOCOL_VERSION + 1;
	cr_expect_eq(dg_protocol_judge(&marker), -EPROTO);
	marker = (struct dg_protocol){};
	cr_expect_eq(dg_protocol_judge(&marker), -EPROTO);
}

Test(loader_state, lock_holder)
{
	static const char locks[] = "1: POSIX  ADVISORY  WRITE 11 00:1a:99 0 EOF\n"
				    "2: FLOCK  ADVISORY  WRITE 22 00:1b:99 0 EOF\n"
				    "3: FLOCK  ADVISORY  WRITE 33 00:1a:99 0 EOF\n"
				    "3: -> FLOCK  ADVISORY  WRITE 44 00:1a:98 0 EOF\n";

	cr_expect_eq(dg_lock_holder(locks, makedev(0, 0x1a), 99), 33);
	cr_expect_eq(dg_lock_holder(locks, makedev(0, 0x1a), 98), 0, "a waiter holds nothing");
	cr_expect_eq(dg_lock_holder(locks, makedev(1, 0x1a), 99), 0);
	cr_expect_eq(dg_lock_holder("", makedev(0, 0x1a), 99), 0);
	cr_expect_eq(dg_lock_holder("2: FLOCK  ADVISORY  WRITE -1 00:1a:99 0 EOF\n",
				    makedev(0, 0x1a), 99),
		     0, "of another pid namespace");
}

Test(loader_state, lock)
{
	char dir[] = "/tmp/dg-test-XXXXXX", path[64], pid[32];
	struct dg_failure failure = {};
	int first = -1, second = -1;

	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/state", dir);
	cr_expect_eq(dg_state_lock(path, false, &first, &failure), -ENOENT);
	cr_expect_str_eq(failure.text, "");
	cr_assert_eq(dg_state_lock(path, true, &first, &failure), 0);
	cr_expect_eq(dg_state_lock(path, true, &second, &failure), -EBUSY);
	cr_expect_eq(second, -1, "output untouched");
	snprintf(pid, sizeof(pid), "process %d ", (int)getpid());
	cr_expect(strstr(failure.text, pid), "names the holder: %s", failure.text);
	close(first);
	cr_expect_eq(dg_state_lock(path, false, &second, &failure), 0);
	close(second);
	rmdir(path);
	rmdir(dir);
}

/* A killed holder leaves nothing behind. */
Test(loader_state, lock_of_a_dead_process)
{
	char dir[] = "/tmp/dg-test-XXXXXX";
	struct dg_failure failure = {};
	int lock = -1, ready[2];
	pid_t pid;
	char c;

	cr_assert(mkdtemp(dir));
	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (!dg_state_lock(dir, false, &lock, &failure) && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert_eq(read(ready[0], &c, 1), 1);
	cr_expect_eq(dg_state_lock(dir, false, &lock, &failure), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_eq(dg_state_lock(dir, false, &lock, &failure), 0);
	close(lock);
	rmdir(dir);
}
