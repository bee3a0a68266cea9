/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the files about items share. */
#pragma once

#include "items.h"

void dg_item_index_free(struct dg_item_index *index);
/* Mark the lists that are part of @root (without the item @without) with a new round. */
void dg_items_reach(struct dg_items *items, uint32_t root, uint32_t without);
