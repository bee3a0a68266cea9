// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layout: any text ends in diagnostics or in a layout that stays as it is when it is laid out again,
 * and that compiles to the same tables.
 */
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "policy.h"
#include "tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dg_tables *compile(const char *text, size_t len)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {0};
	struct dg_tables *tables = NULL;

	if (dg_policy_load_text("fuzz.dgp", text, len, 0, &diags, &policy) ||
	    dg_tables_build(policy, &diags, &tables, NULL))
		return NULL;
	return tables;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *once = NULL, *twice = NULL;
	_cleanup_diags_ struct dg_diags diags = {0};
	struct dg_tables *before, *after;
	size_t once_len, twice_len;

	if (dg_format_text("fuzz.dgp", (const char *)data, size, &diags, &once, &once_len)) {
		if (!diags.errors)
			abort();
		return 0;
	}
	if (dg_format_text("fuzz.dgp", once, once_len, &diags, &twice, &twice_len) ||
	    once_len != twice_len || memcmp(once, twice, once_len) != 0)
		abort();
	before = compile((const char *)data, size);
	after = compile(once, once_len);
	if (!before != !after ||
	    (before && (before->size != after->size || memcmp(before, after, before->size) != 0)))
		abort();
	free(before);
	free(after);
	return 0;
}
