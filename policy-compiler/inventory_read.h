/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What the files that read an inventory share. Not for others: they use inventory.h. */
#pragma once

#include <jansson.h>

#include "inventory.h"
#include "json_scan.h"

struct dg_reader {
	const struct dg_source *source;
	struct dg_diags *diags;
	struct dg_arena *arena; /* of the device being read */
	struct dg_json_scan scan;
	size_t device_count;	/* the one being read included */
	size_t errors;		/* in @diags before the first device */
	size_t next_object;	/* dg_next_object() found it; 0: nothing yet */
	size_t reread;		/* bytes of the text that were read more than once */
	dg_inventory_each_fn each;
	void *context;
};

/*
 * inventory_value.c: the facts of @object, whose places are in reader->scan. What is wrong with them is
 * reported. 0 or -ENOMEM.
 */
int dg_reader_device(struct dg_reader *r, json_t *object, struct dg_device **ret);

/* inventory.c: where the text begins, behind a byte-order mark, which is reported. */
size_t dg_reader_begin(struct dg_reader *r);

/* inventory.c: report what the library says of the value that begins at reader->scan.start. */
void dg_reader_not_json(struct dg_reader *r, const json_error_t *error);
