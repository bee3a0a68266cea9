/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Devices as JSON (language page, section 9): reading an inventory and writing a device. */
#pragma once

#include "diag.h"
#include "facts.h"
#include "util.h"

#define DG_SET_MAX_CLASSES 32 /* distinct elements; more make the set unknown */
#define DG_SET_MAX_STRINGS 16

struct dg_source;

struct dg_inventory {
	struct dg_arena *arena; /* holds all devices */
	struct dg_device **devices; /* in the file's order */
	size_t device_count;
};

/*
 * A device of an inventory and its number in the file, from 1. A return other than 0 ends the reading
 * and is handed to the caller.
 */
typedef int (*dg_inventory_each_fn)(struct dg_device *device, size_t position, void *context);

/*
 * Read one object, an array of objects or one object a line from @path ("-" is standard input), device
 * by device, however many there are: memory is needed for the text and one device. What @each is given
 * is gone when it returns. After the first error nothing is handed on any more, but reading goes on to
 * report all: who prints or keeps something waits for the end.
 *
 * 0: every device was handed on; @diags may hold warnings.
 * -EBADMSG: @diags holds at least one error.
 * Other: what @each returned, the errno of the file, or -ENOMEM; nothing of that is in @diags.
 */
int dg_inventory_each(const char *path, struct dg_diags *diags, dg_inventory_each_fn each,
		      void *context);
int dg_inventory_each_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
			   dg_inventory_each_fn each, void *context);

/* The same of a text that was read; @source stays the caller's. */
int dg_inventory_each_source(struct dg_source *source, struct dg_diags *diags,
			     dg_inventory_each_fn each, void *context);

/*
 * The same, keeping all: some 7 KB a device.
 *
 * 0: *@ret holds every device; @diags may hold warnings.
 * -EBADMSG: @diags holds at least one error.
 * Other negative errno: the file could not be read or memory ran out; nothing of that is in @diags.
 */
int dg_inventory_load(const char *path, struct dg_diags *diags, struct dg_inventory **ret);
int dg_inventory_load_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
			   struct dg_inventory **ret);

/* One device from the text of one object, in @arena. Errors as above; -EBADMSG also for more or fewer. */
int dg_inventory_device_text(const char *name, const char *text, size_t len, struct dg_arena *arena,
			     struct dg_diags *diags, struct dg_device **ret);

void dg_inventory_free(struct dg_inventory *inventory);
DEFINE_CLEANUP(struct dg_inventory *, dg_inventory_free, inventory)

/*
 * Write @device as one JSON object in one line, without a line feed, attributes in the schema's order;
 * unknown ones are left out. `name` is written when the label is neither device.name nor a position.
 * A byte sequence that is no UTF-8 is written as U+FFFD. *@ret is to be freed. -ENOMEM.
 */
int dg_device_to_json(const struct dg_device *device, char **ret);

/* Do all its strings go into JSON as they are? */
bool dg_device_is_utf8(const struct dg_device *device);

/* A known fact's value as JSON. */
void dg_fact_to_json(FILE *out, const struct dg_attr *attr, const struct dg_fact *fact);
