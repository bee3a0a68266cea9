// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
/*
 * The strings of a USB device are stable but on root hubs, where they name the kernel's release and
 * the controller's address (language page, section 8): unstable in a rule of root hubs alone.
 */
#include <string.h>

#include "facts.h"
#include "frontend.h"

static bool items_are_root_hubs(const struct dg_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct dg_item *item = &items[i];

		if (item->kind == DG_ITEM_SET) {
			if (!items_are_root_hubs(item->set->items, item->set->item_count))
				return false;
		} else if (item->low.mask != UINT64_MAX || !dg_usb_id_is_root_hub(item->low.num)) {
			return false;
		}
	}
	return true;
}

/* Is the device a root hub wherever the condition is @wanted? Its tests of usb.id count. */
static bool only_root_hubs(const struct dg_expr *expr, bool wanted)
{
	switch (expr->kind) {
	case DG_EXPR_NOT:
		return only_root_hubs(expr->left, !wanted);
	case DG_EXPR_AND:
	case DG_EXPR_OR:
		/* Where both have to be as wanted, one will do; where either may be, not. */
		if ((expr->kind == DG_EXPR_AND) == wanted)
			return only_root_hubs(expr->left, wanted) ||
			       only_root_hubs(expr->right, wanted);
		return only_root_hubs(expr->left, wanted) && only_root_hubs(expr->right, wanted);
	case DG_EXPR_TEST:
		if (expr->attr->id != DG_ATTR_USB_ID)
			return false;
		if (expr->test == (wanted ? DG_TEST_EQ : DG_TEST_NE))
			return dg_usb_id_is_root_hub(expr->literal.num);
		return wanted && expr->test == DG_TEST_IN &&
		       items_are_root_hubs(expr->items, expr->item_count);
	default:
		return false;
	}
}

static void report_strings(struct dg_parser *p, const struct dg_expr *expr)
{
	struct dg_pos pos = expr->pos;

	if (expr->left)
		report_strings(p, expr->left);
	if (expr->right)
		report_strings(p, expr->right);
	if (expr->kind != DG_EXPR_TEST || !dg_attr_is_usb_string(expr->attr))
		return;
	pos.end_column = pos.column + (uint32_t)strlen(expr->attr->name);
	dg_parser_report(
		p, DG_E203, &pos,
		"%s is unstable on root hubs, of which alone the rule speaks: it changes across "
		"reboots or kernel updates",
		expr->attr->name);
}

void dg_check_root_hubs(struct dg_parser *p, const struct dg_expr *where)
{
	/* Where the text alone counts, a name may be nothing's, and nobody has said so. */
	if (p->front->flags & DG_LOAD_SYNTAX)
		return;
	if (only_root_hubs(where, true))
		report_strings(p, where);
}
