// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "symtab.h"

/* FNV-1a */
static size_t dg_symtab_hash(struct dg_bytes name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (unsigned char)name.data[i]) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds @name, or the empty one where it belongs. Needs room for one more. */
static struct dg_symbol **dg_symtab_slot(const struct dg_symtab *table, struct dg_bytes name)
{
	size_t at = dg_symtab_hash(name) & (table->room - 1);

	for (;; at = (at + 1) & (table->room - 1)) {
		struct dg_symbol **slot = &table->slots[at];

		if (!*slot || ((*slot)->name.len == name.len &&
			       !memcmp((*slot)->name.data, name.data, name.len)))
			return slot;
	}
}

struct dg_symbol *dg_symtab_find(const struct dg_symtab *table, struct dg_bytes name)
{
	return table->count ? *dg_symtab_slot(table, name) : NULL;
}

struct dg_symbol *dg_symtab_add(struct dg_symtab *table, struct dg_bytes name, struct dg_pos pos)
{
	struct dg_symbol *symbol;

	if (2 * (table->count + 1) > table->room) {
		struct dg_symtab bigger = { .room = table->room ? 2 * table->room : 32 };

		bigger.slots = dg_arena_alloc(table->arena, bigger.room * sizeof(*bigger.slots));
		if (!bigger.slots)
			return NULL;
		for (size_t i = 0; i < table->room; i++)
			if (table->slots[i])
				*dg_symtab_slot(&bigger, table->slots[i]->name) = table->slots[i];
		table->slots = bigger.slots;
		table->room = bigger.room;
	}
	symbol = dg_arena_new_of(table->arena, struct dg_symbol);
	if (!symbol)
		return NULL;
	*symbol = (struct dg_symbol){ .name = name, .pos = pos, .index = SIZE_MAX };
	*dg_symtab_slot(table, name) = symbol;
	table->count++;
	return symbol;
}
