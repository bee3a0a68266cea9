/* SPDX-License-Identifier: GPL-2.0-only */
/* Random policies of all that the language has. */
#pragma once

#include "random_values.h"

#define MAX_RULES 12

/* A policy as statements, so that some can be left out. */
struct recipe {
	struct text head;
	struct text rules[MAX_RULES];
	bool used[MAX_RULES];
	size_t rule_count;
};

void make_recipe(struct random *r, struct recipe *ret);
/* The statements that are used. */
void policy_text(const struct recipe *recipe, struct text *ret);
