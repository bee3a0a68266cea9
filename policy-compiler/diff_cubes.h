/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/*
 * A condition taken apart into cubes: some variables have a class each there. Functions restricted
 * to those are small, and mostly say nothing any more.
 */
#pragma once

#include "diagram.h"
#include "symbols.h"

#define DG_CUBES_MAX 64	  /* of one condition */
#define DG_CUBE_CLASSES 8 /* a variable with more classes to choose from stays open */
#define DG_CUBE_VARS 16	  /* the first ones that can be settled */

struct dg_cube {
	dg_ref condition; /* the one taken apart, where the variables have these classes */
	struct {
		uint32_t var, class;
	} settled[DG_CUBE_VARS]; /* ascending by variable */
	size_t count;
};

/*
 * Call @each for cubes that make up @condition together, until it returns other than 0: that is
 * returned then. 0; -E2BIG: there would be more than DG_CUBES_MAX; -ENOMEM.
 */
int dg_cubes_each(struct dg_diagram *diagram, const struct dg_variable *vars, dg_ref condition,
		  int (*each)(void *data, const struct dg_cube *cube), void *data);
/* @ref in the cube. 0, -ENOMEM, -E2BIG. */
int dg_cube_restrict(struct dg_diagram *diagram, const struct dg_cube *cube, dg_ref ref,
		     dg_ref *ret);
