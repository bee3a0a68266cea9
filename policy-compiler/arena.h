/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Memory that is freed all at once: a policy's tree, an inventory's devices. */
#pragma once

#include "ast.h"
#include "util.h"

struct dg_arena;

struct dg_arena *dg_arena_new(void); /* NULL: out of memory */
void dg_arena_free(struct dg_arena *arena);
DEFINE_CLEANUP(struct dg_arena *, dg_arena_free, arena)

/* Give back all of it; memory for the next use is kept. */
void dg_arena_reset(struct dg_arena *arena);

/* @size zeroed bytes, aligned for any type, never freed alone. NULL: out of memory. */
void *dg_arena_alloc(struct dg_arena *arena, size_t size);
/* A copy of @len bytes with a NUL behind. NULL: out of memory. */
char *dg_arena_copy(struct dg_arena *arena, const void *data, size_t len);

#define dg_arena_new_of(arena, type) ((type *)dg_arena_alloc((arena), sizeof(type)))

/*
 * Make room for element @count of the array @items in the arena, doubling it when it is full; the old
 * array stays as waste. True when there is room. Only for arrays that grow through this.
 */
bool dg_arena_grow(struct dg_arena *arena, void *items_ptr, size_t count, size_t item_size);
