/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Cleanup attributes and the few macros that every part uses. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Run @fn on the address of the variable when it goes out of scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(dg_cleanup_free)
#define _cleanup_close_ _cleanup_(dg_cleanup_close)
#define _cleanup_fclose_ _cleanup_(dg_cleanup_fclose)

#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _unused_ __attribute__((unused))

/* Hand a pointer on: the variable is NULL afterwards, so its cleanup does nothing. */
#define TAKE_PTR(ptr)                              \
	({                                         \
		__typeof__(ptr) *_take_ = &(ptr);  \
		__typeof__(ptr) _taken_ = *_take_; \
		*_take_ = NULL;                    \
		_taken_;                           \
	})

/* The same for a file descriptor: the variable is -1 afterwards. */
#define TAKE_FD(fd)                  \
	({                           \
		int *_take_ = &(fd); \
		int _taken_ = *_take_; \
		*_take_ = -1;        \
		_taken_;             \
	})

/* Define dg_cleanup_<name>(type *) which calls @fn on a pointer that is not NULL. */
#define DEFINE_CLEANUP(type, fn, name)                     \
	static inline _unused_ void dg_cleanup_##name(type *p) \
	{                                                  \
		if (*p)                                    \
			fn(*p);                            \
	}

static inline void dg_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void dg_cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

DEFINE_CLEANUP(FILE *, fclose, fclose)
