/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Many devices in little memory, for who asks for them one at a time: what is not known takes no room,
 * where a struct dg_device has some 2.5 KB whatever is known of it.
 */
#pragma once

#include "inventory.h"

struct dg_stored_device;

struct dg_device_store {
	struct dg_arena *arena;
	struct dg_stored_device **devices;
	size_t count, room;
};

/* An empty one is all zeros. 0 or -ENOMEM. */
int dg_device_store_add(struct dg_device_store *store, const struct dg_device *device);
/* The same for all of an inventory. */
int dg_device_store_add_all(struct dg_device_store *store, const struct dg_inventory *inventory);
/* What *@ret points to is the store's. Positions of literals are lost. */
void dg_device_store_get(const struct dg_device_store *store, size_t number, struct dg_device *ret);
bool dg_device_store_knows(const struct dg_device_store *store, size_t number, enum dg_attr_id id);
void dg_device_store_done(struct dg_device_store *store);
