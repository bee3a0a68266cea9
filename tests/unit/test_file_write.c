// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* Files are written whole or not at all, and nothing is left beside them. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "file_write.h"
#include "util.h"

static char folder[] = "/tmp/devgate-write-XXXXXX";

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	umask(022);
}

static void tear_down(void)
{
	unlink("file");
	rmdir("in");
	if (chdir("/") == 0)
		rmdir(folder);
}

TestSuite(file_write, .init = set_up, .fini = tear_down);

static void expect_content(const char *want)
{
	char text[64] = "";
	_cleanup_close_ int fd = open("file", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	cr_expect_eq(n, (ssize_t)strlen(want));
	cr_expect_str_eq(text, want);
}

static size_t entries(void)
{
	DIR *dir = opendir(".");
	size_t count = 0;

	cr_assert_not_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2; /* itself and the one above */
}

Test(file_write, new_and_again)
{
	char path[128];
	struct stat st;

	cr_assert_eq(dg_file_write("file", "one", 3), 0);
	expect_content("one");
	cr_assert_eq(stat("file", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0644);
	cr_assert_eq(chmod("file", 0600), 0);
	snprintf(path, sizeof(path), "%s/file", folder);
	cr_assert_eq(dg_file_write(path, "two!", 4), 0);
	expect_content("two!");
	cr_assert_eq(stat("file", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600, "the mode stays");
	cr_expect_eq(entries(), 1);
}

Test(file_write, whose_it_was)
{
	struct stat st;

	cr_assert_eq(dg_file_write("file", "one", 3), 0);
	if (geteuid() != 0)
		cr_skip("only root gives files away");
	cr_assert_eq(chown("file", 1, 2), 0);
	cr_assert_eq(dg_file_write("file", "two", 3), 0);
	cr_assert_eq(stat("file", &st), 0);
	cr_expect_eq(st.st_uid, 1);
	cr_expect_eq(st.st_gid, 2);
}

Test(file_write, a_failure_leaves_what_was_there)
{
	struct rlimit limit;

	cr_assert_eq(dg_file_write("file", "one", 3), 0);
	cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 4;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(dg_file_write("file", "three", 5), -EFBIG);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_content("one");
	cr_expect_eq(entries(), 1, "a temporary file is left");
	cr_expect_eq(dg_file_write("missing/file", "x", 1), -ENOENT);
}

Test(file_write, what_is_no_file)
{
	cr_assert_eq(mkdir("in", 0700), 0);
	cr_expect_eq(dg_file_write("in", "x", 1), -EISDIR);
	cr_expect_eq(dg_file_write("/dev/null", "x", 1), 0);
	cr_expect_eq(dg_file_write("/dev/full", "x", 1), -ENOSPC, "written to, not replaced");
	cr_expect_eq(entries(), 1);
}
