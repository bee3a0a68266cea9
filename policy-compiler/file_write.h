/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Writing a file so that it is there whole or not at all. */
#pragma once

#include <stddef.h>

/*
 * Write @size bytes to @path through a temporary file beside it, synced and renamed; with the mode
 * and, where that is allowed, the owner of the file that was there, else 0666 without the umask's
 * bits. What is no regular file (a pipe, /dev/null) is written to, not replaced; a symbolic link is
 * replaced. 0 or negative errno; on failure a file that was there is as it was, and nothing is left
 * behind.
 */
int dg_file_write(const char *path, const void *data, size_t size);
