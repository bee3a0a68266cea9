/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * Running the very code of an object: its program `dg_run_sim` through BPF_PROG_RUN, on any kernel
 * that loads it. Nothing is attached. Needs CAP_BPF and what goes with it.
 */
#pragma once

#include "object_read.h"

struct dg_engine;

/*
 * Load @object. 0: *@ret is to be freed with dg_engine_free(). Negative errno: what libbpf said;
 * with -EPERM or -EACCES the caller lacks the privilege.
 */
int dg_engine_open(const struct dg_object *object, struct dg_engine **ret);
void dg_engine_free(struct dg_engine *engine);
DEFINE_CLEANUP(struct dg_engine *, dg_engine_free, engine)

/* Decide; @more may be NULL. 0 or negative errno (@ret untouched). Damaged tables: a denial under DG_RULE_BROKEN. */
int dg_engine_decide(struct dg_engine *engine, const struct dg_facts *facts,
		     const struct dg_facts_more *more, const struct dg_query *query,
		     struct dg_answer *ret);

/* Instructions of the program that ran, as the kernel counts them verified; 0 when it does not say.
 */
unsigned int dg_engine_verified_instructions(const struct dg_engine *engine);
