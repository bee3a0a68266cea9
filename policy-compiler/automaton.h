/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * One deterministic automaton over bytes for all exact names and globs of a string attribute.
 *
 * Built in two steps: dg_automaton_build() labels each state with the set of patterns that match a
 * string ending there; once the caller has grouped these sets into classes,
 * dg_automaton_minimise() merges the states that no string tells apart.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dg_pattern {
	const char *data;
	size_t len;
	bool glob; /* else an exact value */
};

/*
 * A complete automaton; state 0 is the start. Ends in state s: label[s]. Label l stands for the
 * patterns set_items[set_off[l]] … set_items[set_off[l + 1] - 1], ascending.
 */
struct dg_automaton {
	uint32_t state_count;
	uint32_t byte_class_count;
	uint8_t byte_class[256];
	uint32_t *next; /* next[state * byte_class_count + byte_class[b]] */
	uint32_t *label;
	uint32_t label_count;
	uint32_t *set_off;
	uint32_t *set_items;
};

/* What one automaton may have: states, and positions of patterns in all of them. Past it -E2BIG. */
#define DG_AUTOMATON_MAX_STATES (64U << 10)
#define DG_AUTOMATON_MAX_POSITIONS (8U << 20)

/*
 * Build the automaton of @count patterns. Right for strings of up to 255 bytes without NUL, which
 * are all there are. -EINVAL: a malformed glob; -E2BIG: more than @max_states states, or than
 * DG_AUTOMATON_MAX_POSITIONS; -ENOMEM. The result is the caller's, for dg_automaton_done().
 */
int dg_automaton_build(const struct dg_pattern *patterns, size_t count, size_t max_states,
		       struct dg_automaton *ret);

/*
 * Replace label l by class_of[l] and merge equivalent states; states are renumbered in the order of
 * first visit. The label sets are dropped. -ENOMEM leaves the automaton as it was.
 */
int dg_automaton_minimise(struct dg_automaton *automaton, const uint32_t *class_of);

/* The label of the state that @len bytes end in. */
uint32_t dg_automaton_run(const struct dg_automaton *automaton, const char *data, size_t len);

void dg_automaton_done(struct dg_automaton *automaton);
