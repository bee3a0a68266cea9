/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Names and what they stand for: sets, rule ids, names of assertions and tests, files of devices. */
#pragma once

#include "arena.h"

struct dg_device;

struct dg_symbol {
	struct dg_bytes name;
	struct dg_pos pos;
	bool broken;	 /* its definition was reported: uses are not reported again */
	bool twice;	 /* a second definition was reported: which one is meant is open */
	unsigned int depth; /* of sets in sets */
	struct dg_set *set;
	struct dg_device *device; /* of a file; NULL when an error in it was reported */
	uint64_t items;	 /* of a set, the sets in it counted out */
	struct dg_symbol *next; /* the one added after it */
};

struct dg_symtab_slot {
	struct dg_symbol *symbol; /* NULL: empty */
	size_t hash;
};

struct dg_symtab {
	struct dg_arena *arena;
	struct dg_symtab_slot *slots; /* open addressing; room is a power of two */
	size_t count, room;
	struct dg_symbol *first, *last; /* in the order of adding */
};

void dg_symtab_done(struct dg_symtab *table); /* frees the slots; the symbols are the arena's */

struct dg_symbol *dg_symtab_find(const struct dg_symtab *table, struct dg_bytes name);
/* Add a name that is not there yet; @name must live as long as the arena. NULL: out of memory. */
struct dg_symbol *dg_symtab_add(struct dg_symtab *table, struct dg_bytes name, struct dg_pos pos);
