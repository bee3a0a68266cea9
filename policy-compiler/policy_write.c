// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "literal.h"
#include "policy_write.h"
#include "utf8.h"

void dg_policy_write_string(FILE *out, struct dg_bytes bytes)
{
	putc('"', out);
	for (size_t i = 0, n; i < bytes.len; i += n) {
		unsigned char c = (unsigned char)bytes.data[i];

		n = dg_utf8_sequence(bytes.data + i, bytes.len - i);
		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c == '\n') {
			fputs("\\n", out);
		} else if (c == '\t') {
			fputs("\\t", out);
		} else if (!n || c < 0x20 || c == 0x7f) {
			fprintf(out, "\\x%02x", c);
			n = 1;
		} else {
			fwrite(bytes.data + i, 1, n, out);
		}
	}
	putc('"', out);
}

void dg_policy_write_value(FILE *out, const struct dg_attr *attr, const struct dg_literal *value)
{
	if (value->type == DG_TYPE_STRING)
		dg_policy_write_string(out, value->str);
	else
		dg_literal_write(out, value, attr);
}

void dg_policy_write_fact(FILE *out, const struct dg_attr *attr, const struct dg_fact *fact)
{
	if (!fact->known) {
		fputs("unknown", out);
		return;
	}
	if (!attr->set) {
		dg_policy_write_value(out, attr, &fact->scalar);
		return;
	}
	if (!fact->element_count) {
		fputs("{ }", out);
		return;
	}
	for (size_t i = 0; i < fact->element_count; i++) {
		fputs(i ? ", " : "{ ", out);
		dg_policy_write_value(out, attr, &fact->elements[i]);
	}
	fputs(" }", out);
}

void dg_policy_write_attr(FILE *out, const struct dg_attr *attr, unsigned int index)
{
	fputs(attr->name, out);
	if (index)
		fprintf(out, ".%u", index);
}

static void dg_write_item(FILE *out, const struct dg_attr *attr, const struct dg_item *item)
{
	switch (item->kind) {
	case DG_ITEM_SET:
		fprintf(out, "%.*s", (int)item->set->name.len, item->set->name.data);
		break;
	case DG_ITEM_RANGE:
		fprintf(out, "%llu..%llu", (unsigned long long)item->low.num,
			(unsigned long long)item->high.num);
		break;
	case DG_ITEM_LITERAL:
		dg_policy_write_value(out, attr, &item->low);
		break;
	}
}

static void dg_write_items(FILE *out, const struct dg_expr *test, size_t items)
{
	size_t shown = items && test->item_count > items ? items : test->item_count;

	if (test->item_count == 1) {
		dg_write_item(out, test->attr, &test->items[0]);
		return;
	}
	for (size_t i = 0; i < shown; i++) {
		fputs(i ? ", " : "{ ", out);
		dg_write_item(out, test->attr, &test->items[i]);
	}
	if (shown < test->item_count)
		fprintf(out, ", … %zu more", test->item_count - shown);
	fputs(" }", out);
}

void dg_policy_write_test(FILE *out, const struct dg_expr *test, size_t items)
{
	static const char *const operators[] = {
		[DG_TEST_EQ] = "==",   [DG_TEST_NE] = "!=", [DG_TEST_LT] = "<",
		[DG_TEST_LE] = "<=",   [DG_TEST_GT] = ">",  [DG_TEST_GE] = ">=",
		[DG_TEST_LIKE] = "like",
	};

	if (test->kind != DG_EXPR_TEST) {
		fputs(test->kind == DG_EXPR_TRUE ? "true" : "false", out);
		return;
	}
	if (test->quantifier != DG_QUANT_NONE)
		fputs(test->quantifier == DG_QUANT_ANY ? "any " : "all ", out);
	dg_policy_write_attr(out, test->attr, test->index);
	switch (test->test) {
	case DG_TEST_TRUE:
		break;
	case DG_TEST_KNOWN:
		fputs(" is known", out);
		break;
	case DG_TEST_NOT_KNOWN:
		fputs(" is not known", out);
		break;
	case DG_TEST_IN:
		fputs(" in ", out);
		dg_write_items(out, test, items);
		break;
	default:
		fprintf(out, " %s ", operators[test->test]);
		dg_policy_write_value(out, test->attr, &test->literal);
	}
}

static void dg_write_assignment(FILE *out, const struct dg_attr *attr, unsigned int index,
				const struct dg_fact *fact, const char *before)
{
	if (!fact->known)
		return;
	fputs(before, out);
	dg_policy_write_attr(out, attr, index);
	fputs(" = ", out);
	dg_policy_write_fact(out, attr, fact);
	putc(';', out);
}

void dg_policy_write_device(FILE *out, const struct dg_device *device, const char *before)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);

		if (id != DG_ATTR_SPDM_MEAS) {
			dg_write_assignment(out, attr, 0, &device->facts[id], before);
			continue;
		}
		for (size_t i = 0; i < device->measurement_count; i++)
			dg_write_assignment(out, attr, device->measurements[i].index,
					    &device->measurements[i].fact, before);
	}
}
