/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes that a policy names and the running kernel cannot know: a rule that rests on one never
 * matches there (an allow), or always does (a forbid).
 */
#pragma once

#include "object_read.h"
#include "schema.h"

/* Can this version of the kernel series know the attribute of a device at all? */
bool dg_kernel_knows(enum dg_attr_id attr);

/*
 * Call @found for each rule of the object, in order, and each attribute of it that the kernel does
 * not know. @rule is NUL-terminated. 0; -EBADMSG when the text in the object cannot be read back;
 * -ENOMEM.
 */
int dg_unknown_attributes(const struct dg_object *object,
			  void (*found)(void *context, const char *rule,
					const struct dg_attr *attr),
			  void *context);
