/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting a policy object in force: checks, simulation, the swap, the proof. The steps, and what is
 * in force when the process dies behind each, are in docs/bpffs-protocol.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bound.h"
#include "facts.h"
#include "failure.h"
#include "kernel.h"
#include "object_read.h"
#include "witness.h"

/* In order; reported when done. */
enum dg_apply_step {
	DG_STEP_SIMULATED, /* nothing is changed before here */
	DG_STEP_LOADED,	   /* the kernel's verifier took the programs */
	DG_STEP_SHARED,	   /* ring, counters and slot arrays are pinned */
	DG_STEP_PINNED,	   /* the new programs and tables are pinned */
	DG_STEP_SLOTTED,   /* they are in the slot arrays */
	DG_STEP_ATTACHED,  /* the dispatcher is attached and pinned */
	DG_STEP_ACTIVATED, /* the new policy is in force */
	DG_STEP_PROVED,	   /* and was seen to be */
	DG_STEP_CLEANED,   /* the generation before the previous is unloaded */
};

const char *dg_apply_step_name(enum dg_apply_step step);

struct dg_apply_options {
	bool permissive; /* compute and log, refuse nothing */
	bool dry_run;	 /* stop when the verifier took it: nothing is changed */
	bool rejudge;	 /* have the kernel unbind what is bound and denied its driver */
	/* Seconds until the kernel goes back to the policy before, unless confirmed; 0: never. */
	uint32_t confirm_s;
	/*
	 * Also an older version, also when a protected device would be denied, also when the same
	 * policy is in force and nothing is wrong with it.
	 */
	bool force;
	/* Called after each step; may be NULL. */
	void (*step)(void *context, enum dg_apply_step step);
	/*
	 * Called for each device that has a driver, and each operation that this needs and would be
	 * denied (bind, mmio, dma); may be NULL.
	 */
	void (*denied)(void *context, const struct dg_device *device,
		       const struct dg_tables *tables, enum dg_op op,
		       const struct dg_answer *answer, bool protected_device);
	/* Called after the switch for each device that keeps what it is denied; may be NULL. */
	void (*still)(void *context, const struct dg_bound_device *device);
	/* Something worth knowing that stops nothing; may be NULL. */
	void (*note)(void *context, const char *text);
	void *context;
};

struct dg_apply_result {
	uint32_t generation; /* 0 after a dry run */
	uint32_t slot;
	bool swapped;  /* false: the same policy was in force, whole and proved, and stays */
	bool repaired; /* the same policy was in force before */
	size_t judged, denied; /* devices with a driver: simulated, denied it */
	size_t restricted;     /* left their driver, and denied what it needs */
	size_t still;	       /* kept what they are denied, after the switch */
	struct dg_proof proof; /* verdicts that the kernel was seen to give */
};

/*
 * Put the object in force. 0, or a negative errno and @failure; what was in force before then still
 * is, or, if not even that could be brought back, the message says so.
 */
int dg_apply(const struct dg_object *object, const struct dg_apply_options *options,
	     struct dg_apply_result *ret, struct dg_failure *failure);
