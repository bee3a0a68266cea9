/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A toy world for proofs by enumeration: random policies over a few real attributes, each with a
 * pool of values so small that every device can be judged.
 *
 * The pools are complete: any two values of an attribute that some condition of a toy policy tells
 * apart have a representative each. What holds for all devices of the complete world and all its
 * times therefore holds for all devices at all times.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "facts.h"
#include "inventory.h"
#include "policy.h"
#include "random.h"

enum toy_attr {
	TOY_BUS,
	TOY_EXTERNAL,
	TOY_ID,
	TOY_DRIVER,
	TOY_STATE,
	TOY_INTERFACES,
	TOY_REVISION,
	TOY_VERIFIED,
	TOY_ROOT,
	TOY_ATTRS,
};

#define TOY_BIT(attr) (1U << (attr))
#define TOY_SIX 0x3fU /* the first six */
#define TOY_ALL ((1U << TOY_ATTRS) - 1)
#define TOY_VALUES 10 /* of one attribute, unknown included */
#define TOY_RULES 24
#define TOY_RULE_BYTES 2048
#define TOY_TEXT_BYTES (TOY_RULES * TOY_RULE_BYTES + 8192)

/* What policies are drawn. */
struct toy_shape {
	uint32_t attrs;	    /* TOY_BIT() of those that may be named */
	unsigned int named; /* at most so many of them in one policy */
	size_t rules;	    /* 1 … this, at most TOY_RULES */
	unsigned int depth; /* of conditions */
	uint32_t ops;	    /* bit n: enum dg_op n */
	bool unverified;    /* an allow on accept may forget spdm.verified: an error */
};

struct toy_rule {
	enum dg_effect effect;
	char text[TOY_RULE_BYTES]; /* with its semicolon and line feed */
};

struct toy_policy {
	uint32_t attrs;	 /* that its conditions were drawn from */
	char head[4096]; /* policy, defaults, sets */
	struct toy_rule rules[TOY_RULES];
	size_t rule_count;
};

/* A policy without errors, as far as no analysis is asked: rules may be dead. */
void toy_policy_make(struct random *r, const struct toy_shape *shape, struct toy_policy *ret);
/* One rule more, called "extra", drawn from the same attributes, as the last of @policy. */
void toy_policy_add(struct random *r, const struct toy_shape *shape, enum dg_effect effect,
		    struct toy_policy *policy);
/* A condition over @attrs, without parentheses around it. */
void toy_condition(struct random *r, uint32_t attrs, unsigned int depth, char *ret, size_t size);
/* The whole text, NUL-terminated. */
void toy_policy_text(const struct toy_policy *policy, char ret[static TOY_TEXT_BYTES]);

/* Load, or print text and diagnostics and exit with 3: a toy policy has no errors. */
struct dg_policy *toy_load(const char *text);

/* Attributes that tables can hold; says which cannot. */
uint32_t toy_attrs_with_tables(void);

/* The toy attributes that conditions name (rules, assertions), and whether a rule has a time. */
uint32_t toy_mentioned(const struct dg_policy *policy);
bool toy_timed(const struct dg_policy *policy);

/* The values, read once from JSON. */
struct toy_world {
	struct dg_inventory *inventory;
	struct dg_fact facts[TOY_ATTRS][TOY_VALUES]; /* [0]: unknown */
	enum dg_attr_id ids[TOY_ATTRS];
	unsigned int small[TOY_ATTRS];	  /* values that the small world has, the first ones */
	unsigned int complete[TOY_ATTRS]; /* all */
};

struct toy_world *toy_world_new(void); /* exits with 3 when that fails */
void toy_world_free(struct toy_world *world);

/*
 * All devices, one after the other:
 *
 *	toy_walk_start(&walk, world, attrs, complete);
 *	do { … walk.device … } while (toy_walk_next(&walk));
 *
 * Attributes not in @attrs stay unknown.
 */
struct toy_walk {
	const struct toy_world *world;
	uint32_t attrs;
	bool complete;
	unsigned int at[TOY_ATTRS];
	struct dg_device device;
};

void toy_walk_start(struct toy_walk *walk, const struct toy_world *world, uint32_t attrs,
		    bool complete);
bool toy_walk_next(struct toy_walk *walk);
/* Set the attribute to its @value-th value; 0: unknown. */
void toy_walk_set(struct toy_walk *walk, enum toy_attr attr, unsigned int value);
/* How many devices that is. */
size_t toy_walk_count(const struct toy_world *world, uint32_t attrs, bool complete);

/* The times before, between and behind what rules name, with the clock synchronised or not. */
struct toy_time {
	uint64_t time;
	bool clock_synced;
};
#define TOY_TIMES 6
extern const struct toy_time toy_times[TOY_TIMES];

bool toy_answers_equal(const struct dg_answer *a, const struct dg_answer *b);
/* For a report of a difference: the device as JSON, each line behind "# ". */
void toy_print_device(const struct dg_device *device);
void toy_print_answer(const char *who, const struct dg_answer *answer);
void toy_print_text(const char *text);
