/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* What an audit log (the JSON lines of `devgate watch --json`) shows denied. */
#pragma once

#include "diag.h"
#include "inventory.h"

/* One device, one rule (or default) that refused it. */
struct dg_refusal {
	uint32_t device;
	struct dg_bytes rule; /* data NULL: the default */
	uint32_t ops;
	size_t count;
	struct dg_bytes last; /* time of the last one, as the log has it; may be empty */
};

struct dg_denials {
	/*
	 * The devices that were judged, each once for every different set of facts; of a derived device
	 * its origin, which is what rules speak of.
	 */
	struct dg_inventory *devices;
	uint32_t *ops; /* by device: what was denied */
	struct dg_refusal *refusals; /* in the order of the log */
	size_t refusal_count;
	size_t events, denied, lost; /* lost: events that the log says it does not have */
};

/*
 * Read a log from @path ("-" is standard input). 0; -EBADMSG: @diags holds at least one error; other
 * negative errno: the file could not be read, or memory ran out.
 */
int dg_denials_load(const char *path, struct dg_diags *diags, struct dg_denials **ret);
int dg_denials_load_text(const char *name, const char *text, size_t len, struct dg_diags *diags,
			 struct dg_denials **ret);
void dg_denials_free(struct dg_denials *denials);
DEFINE_CLEANUP(struct dg_denials *, dg_denials_free, denials)
