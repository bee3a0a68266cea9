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
static struct dg_symtab_slot *dg_symtab_slot(const struct dg_symtab *table, struct dg_bytes name,
					     size_t hash)
{
	size_t at = hash & (table->room - 1);

	for (;; at = (at + 1) & (table->room - 1)) {
		struct dg_symtab_slot *slot = &table->slots[at];

		if (!slot->symbol || (slot->hash == hash && slot->symbol->name.len == name.len &&
				      !memcmp(slot->symbol->name.data, name.data, name.len)))
			return slot;
	}
}

struct dg_symbol *dg_symtab_find(const struct dg_symtab *table, struct dg_bytes name)
{
	return table->count ? dg_symtab_slot(table, name, dg_symtab_hash(name))->symbol : NULL;
}

static bool dg_symtab_enlarge(struct dg_symtab *table)
{
	size_t room = table->room ? 2 * table->room : 32;
	struct dg_symtab_slot *slots = calloc(room, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < table->room; i++) {
		size_t at = table->slots[i].hash & (room - 1);

		if (!table->slots[i].symbol)
			continue;
		while (slots[at].symbol)
			at = (at + 1) & (room - 1);
		slots[at] = table->slots[i];
	}
	free(table->slots);
	table->slots = slots;
	table->room = room;
	return true;
}

struct dg_symbol *dg_symtab_add(struct dg_symtab *table, struct dg_bytes name, struct dg_pos pos)
{
	size_t hash = dg_symtab_hash(name);
	struct dg_symbol *symbol;

	if (4 * (table->count + 1) > 3 * table->room && !dg_symtab_enlarge(table))
		return NULL;
	symbol = dg_arena_new_of(table->arena, struct dg_symbol);
	if (!symbol)
		return NULL;
	*symbol = (struct dg_symbol){ .name = name, .pos = pos };
	*dg_symtab_slot(table, name, hash) = (struct dg_symtab_slot){ symbol, hash };
	*(table->last ? &table->last->next : &table->first) = symbol;
	table->last = symbol;
	table->count++;
	return symbol;
}

void dg_symtab_done(struct dg_symtab *table)
{
	free(table->slots);
	table->slots = NULL;
	table->first = table->last = NULL;
	table->count = table->room = 0;
}
