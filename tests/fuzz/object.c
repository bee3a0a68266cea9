// SPDX-License-Identifier: GPL-2.0-only
/* Object files: any bytes are refused with a message, or are tables that can be walked. */
#include <stdlib.h>

#include "facts.h"
#include "object_read.h"
#include "walker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	_cleanup_free_ char *error = NULL;
	static const struct dg_device device;
	static struct dg_facts_more more;
	struct dg_facts facts;

	if (dg_object_open_memory(data, size, &error, &object)) {
		if (!error)
			abort();
		return 0;
	}
	dg_device_to_facts(&device, &facts);
	dg_device_to_more(&device, &more);
	for (enum dg_op op = 0; op < DG_OP_MAX; op++) {
		struct dg_query query = {.op = op};
		struct dg_answer answer;

		if (dg_tables_decide(object->tables, &facts, &more, &query, &answer))
			abort();
	}
	return 0;
}
