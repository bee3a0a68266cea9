/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "object_text.h"

int dg_object_policy(const struct dg_object *object, struct dg_diags *diags, struct dg_policy **ret)
{
	return dg_policy_load_text("the text in the object", object->text.data, object->text.len,
				   DG_LOAD_NO_EXPIRED, diags, ret);
}
