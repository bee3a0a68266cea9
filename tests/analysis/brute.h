/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the comparison with brute force share. */
#pragma once

#include "diag.h"
#include "policy.h"
#include "toy.h"

#define OPS (1U << DG_OP_BIND | 1U << DG_OP_DMA | 1U << DG_OP_ACCEPT)
#define ASSERTS 2
#define ASSERT_BIT 16 /* first one of the assertions' in a mask */
#define DEVICES_MAX 2000
#define SYNCED 3 /* of toy_times: those with the clock synchronised come first */

enum kind {
	DEAD,
	SHADOWED,
	REDUNDANT,
	NEVER_TRUE,
	VIOLATED,
	ITEM,
	SET_ITEM,
	UNBOUND,
	UNVERIFIED,
	CHANGED,
	KINDS,
};

struct brute_counts {
	uint64_t asked, found, said, missed, wrong, bad_witness;
};
extern struct brute_counts counts[KINDS];

/* One device of the toy world, or a witness. */
struct masks {
	uint32_t is_true, not_false;
};

struct set_world;

struct brute {
	const struct toy_world *world;
	struct set_world *sets; /* NULL: the devices are the toy world's */
	char text[TOY_TEXT_BYTES];
	const struct dg_policy *policy;
	struct masks devices[DEVICES_MAX];
	size_t count;
	uint32_t attrs;
};

/* Everything that devices show, at all times: bits of rules, or of assertions. */
struct shown {
	uint32_t matches, comes, matters, is_true, violates;
};

struct outcome {
	uint32_t verdict, rule, would, flags;
};

struct masks judge(const struct dg_policy *policy, const struct dg_device *device);
/* The rules that match, their number bits. */
uint32_t matching(const struct dg_policy *policy, const struct masks *m, uint64_t time);
/* Language page, section 6, for the rules in @bits. */
struct outcome decide(const struct dg_policy *policy, uint32_t bits, enum dg_op op);
bool same_but_rule(const struct outcome *a, const struct outcome *b);
void complain(const struct brute *b, enum kind kind, const char *what, size_t number);
/* Compare what must be found with what was, bit by bit below @count. */
void compare(const struct brute *b, enum kind kind, uint32_t expected, uint32_t got, size_t count);

/* Add what one device shows. */
void show(const struct dg_policy *policy, const struct masks *m, struct shown *ret);
/* What the analysis says of b->policy, by kind bits of rules or assertions. */
void analyse(const struct brute *b, unsigned int flags, struct dg_diags *diags);
void reported(const struct brute *b, const struct dg_diags *diags, uint32_t ret[KINDS]);

/*
 * brute_sets.c: devices with any set of a few elements, and pci.external. A policy of more tests of
 * the set than one variable holds is drawn, and its findings about items are compared.
 */
#define SET_VALUES 513 /* unknown included */
#define SET_DEVICES (3 * SET_VALUES)
const struct dg_device *set_device(struct set_world *sets, size_t n);
void check_sets(struct brute *b, struct random *r);

/*
 * brute_items.c: the findings about set items; @silent are the rules that never decide. Takes the
 * policy's sets apart: nothing else may be asked of it afterwards.
 */
void compare_items(const struct brute *b, const struct dg_diags *diags, uint32_t silent);
