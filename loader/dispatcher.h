/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher (bpf/dispatcher.bpf.c, carried inside this program): its slot arrays and links
 * under bpffs, and the programs that ask the kernel to go back, to stop, to stay or to seal. The
 * caller holds the lock of the state for everything here but dg_dispatcher_intact().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "devgate_abi.h"
#include "failure.h"
#include "util.h"

struct dg_dispatcher;

/*
 * Take up the pinned slot arrays of @hooks (bit n: enum dg_hook n), and make and pin those that are
 * missing. Nothing is attached yet. *@ret is to be freed.
 */
int dg_dispatcher_open(uint32_t hooks, struct dg_dispatcher **ret, struct dg_failure *failure);

/*
 * Attach and pin the dispatchers whose link is missing, or is not one of the slot arrays taken up.
 * The new link is attached before an old pin goes: together they refuse what either refuses.
 */
int dg_dispatcher_attach(struct dg_dispatcher *dispatcher, struct dg_failure *failure);

/*
 * Is everything of @hooks under bpffs, with a program in @slot: the slot arrays, and links that
 * jump through them? Changes nothing.
 */
bool dg_dispatcher_intact(uint32_t hooks, uint32_t slot);

void dg_dispatcher_free(struct dg_dispatcher *dispatcher);
DEFINE_CLEANUP(struct dg_dispatcher *, dg_dispatcher_free, dispatcher)

/* Put a program into a slot of its hook. 0 or -errno. */
int dg_dispatcher_set(const struct dg_dispatcher *dispatcher, enum dg_hook hook, uint32_t slot,
		      int program);
/* Empty a slot in every hook taken up; 0 also when it was empty. */
int dg_dispatcher_clear(const struct dg_dispatcher *dispatcher, uint32_t slot);
/* Id of the program in a slot, 0 when it is empty, or -errno. */
int64_t dg_dispatcher_program(const struct dg_dispatcher *dispatcher, enum dg_hook hook,
			      uint32_t slot);

/*
 * Ask the kernel to return to the previous policy: the new generation in *@ret_generation. -ENOENT
 * when there is none, -ESTALE when @expected is not the generation any more.
 */
int dg_kernel_rollback(uint32_t expected, uint32_t *ret_generation, struct dg_failure *failure);
/* Ask the kernel to stop: from here on its boot defaults decide. -ESTALE as above. */
int dg_kernel_detach(uint32_t expected, struct dg_failure *failure);
/* Ask it to keep the policy in force, and not to return by itself. -ESTALE as above. */
int dg_kernel_confirm(uint32_t expected, struct dg_failure *failure);
/* Ask it to take nothing but a higher version from now on. -ESTALE as above. */
int dg_kernel_seal(uint32_t expected, struct dg_failure *failure);

/*
 * Run a syscall program with @context of @size bytes. What it returned is in *@ret; the function's
 * own result says whether it could be run.
 */
int dg_program_run(int program, void *context, uint32_t size, int *ret);
