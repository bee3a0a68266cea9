/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Growing arrays. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Make room for @need elements of @size bytes in the heap array that @array points to (a pointer to
 * the pointer), at least doubling it. 0, or -ENOMEM with everything as it was.
 */
static inline int dg_array_reserve(void *array, size_t *room, size_t need, size_t size)
{
	size_t n = *room ? *room : 16;
	void *items;

	if (need <= *room)
		return 0;
	while (n < need) {
		if (n > SIZE_MAX / 2)
			return -ENOMEM;
		n *= 2;
	}
	memcpy(&items, array, sizeof(items));
	items = reallocarray(items, n, size);
	if (!items)
		return -ENOMEM;
	memcpy(array, &items, sizeof(items));
	*room = n;
	return 0;
}
