/* SPDX-License-Identifier: GPL-2.0-only */
/* Random devices, each with some of the facts. */
#pragma once

#include "random_values.h"

#define MEASUREMENT_COUNT 3
#define VALUES (DG_ATTR_MAX + MEASUREMENT_COUNT)

struct device_recipe {
	char *values[VALUES]; /* JSON, or NULL: unknown; the measurements stand behind the rest */
};

/* Measurements that policies ask about and devices show: the first, one in between, the last. */
extern const unsigned int measurements[MEASUREMENT_COUNT];

/* To be freed with device_done(). */
void make_device(struct random *r, struct device_recipe *ret);
void device_done(struct device_recipe *device);
/* As JSON. */
void device_text(const struct device_recipe *device, struct text *ret);
