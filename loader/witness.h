/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proof that the kernel decides as the tables say: for each operation that the kernel's self
 * test reaches, one device that the tables deny and one that they allow, looked for before the
 * switch and shown to the kernel after it. Nothing is bound or mapped for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "inventory.h"
#include "util.h"

struct dg_witnesses;

/*
 * Look for them: a device of which nothing is known, and each of @devices, with the driver it has
 * and with none. Devices whose answer depends on the clock are not used. 0, or -ENOMEM.
 */
int dg_witnesses_find(const struct dg_tables *tables, const struct dg_inventory *devices,
		      struct dg_witnesses **ret);
void dg_witnesses_free(struct dg_witnesses *witnesses);
DEFINE_CLEANUP(struct dg_witnesses *, dg_witnesses_free, witnesses)

/* By bit n: enum dg_op n, whether a denial and an admission of it were seen. */
struct dg_proof {
	uint32_t denied, allowed;
};

/*
 * Show them to the kernel. @refuses says whether a denial is carried out (mode enforce, policy not
 * permissive). -EIO, and what was met instead, when verdict, rule, generation, stamp or refusal are
 * not what the tables say.
 */
int dg_witnesses_prove(const struct dg_witnesses *witnesses, uint32_t generation, bool refuses,
		       struct dg_proof *ret, struct dg_failure *failure);
