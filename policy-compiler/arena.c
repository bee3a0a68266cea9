// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <stdalign.h>
#include <string.h>

#include "arena.h"

/*
 * Every allocation of DG_CHUNK_BIG or more has a chunk of its own, straight from calloc(): a device is
 * mostly zeros, and pages nobody writes to then cost nothing.
 */
#define DG_CHUNK_SIZE (64U << 10) /* the first; each next is twice as big, up to … */
#define DG_CHUNK_SIZE_MAX (1U << 20)
#define DG_CHUNK_BIG (8U << 10)
#define DG_ARENA_ALIGN 8U

struct dg_chunk {
	struct dg_chunk *next;
	alignas(DG_ARENA_ALIGN) unsigned char data[];
};

struct dg_arena {
	struct dg_chunk *chunks;
	struct dg_chunk *filling; /* the one that small allocations come from, or NULL */
	size_t filling_size;
	unsigned char *free;	  /* in it */
	size_t left;
};

struct dg_arena *dg_arena_new(void)
{
	return calloc(1, sizeof(struct dg_arena));
}

void dg_arena_free(struct dg_arena *arena)
{
	if (!arena)
		return;
	for (struct dg_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

void dg_arena_reset(struct dg_arena *arena)
{
	struct dg_chunk *kept = arena->filling, *next;

	for (struct dg_chunk *chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		if (chunk != kept)
			free(chunk);
	}
	arena->chunks = kept;
	if (!kept)
		return;
	/* Only what was handed out of it is not zero. */
	memset(kept->data, 0, (size_t)(arena->free - kept->data));
	kept->next = NULL;
	arena->free = kept->data;
	arena->left = arena->filling_size;
}

static struct dg_chunk *dg_chunk_new(struct dg_arena *arena, size_t size)
{
	struct dg_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

void *dg_arena_alloc(struct dg_arena *arena, size_t size)
{
	const size_t align = DG_ARENA_ALIGN;
	struct dg_chunk *chunk;
	void *result;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + !size + align - 1) & ~(align - 1);
	if (size >= DG_CHUNK_BIG) {
		chunk = dg_chunk_new(arena, size);
		return chunk ? chunk->data : NULL;
	}
	if (size > arena->left) {
		size_t bigger = arena->filling_size ? 2 * arena->filling_size : DG_CHUNK_SIZE;

		if (bigger > DG_CHUNK_SIZE_MAX)
			bigger = DG_CHUNK_SIZE_MAX;
		chunk = dg_chunk_new(arena, bigger);
		if (!chunk)
			return NULL;
		arena->filling = chunk;
		arena->filling_size = arena->left = bigger;
		arena->free = chunk->data;
	}
	result = arena->free;
	arena->free += size;
	arena->left -= size;
	return result;
}

char *dg_arena_copy(struct dg_arena *arena, const void *data, size_t len)
{
	char *copy = dg_arena_alloc(arena, len + 1);

	if (copy && len)
		memcpy(copy, data, len);
	return copy;
}

/* From @old to @size bytes where they stand, when nothing came behind them. */
static bool dg_arena_extend(struct dg_arena *arena, const void *data, size_t old, size_t size)
{
	const size_t align = DG_ARENA_ALIGN;

	old = (old + align - 1) & ~(align - 1);
	size = (size + align - 1) & ~(align - 1);
	if ((const unsigned char *)data + old != arena->free || size - old > arena->left)
		return false;
	arena->free += size - old;
	arena->left -= size - old;
	return true;
}

bool dg_arena_grow(struct dg_arena *arena, void *items_ptr, size_t count, size_t item_size)
{
	void **items = items_ptr, *bigger;

	/* Full exactly when the count is a power of two (or nothing is there yet). */
	if (count & (count - 1))
		return true;
	if (count > SIZE_MAX / 4 / item_size)
		return false;
	if (count && dg_arena_extend(arena, *items, count * item_size, 2 * count * item_size))
		return true;
	bigger = dg_arena_alloc(arena, (count ? 2 * count : 1) * item_size);
	if (!bigger)
		return false;
	if (count)
		memcpy(bigger, *items, count * item_size);
	*items = bigger;
	return true;
}
