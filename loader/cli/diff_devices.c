// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "author.h"
#include "device_diff.h"
#include "diff_devices.h"
#include "progress.h"
#include "show.h"

static void print_side(const struct dg_policy *policy, const struct dg_device_verdict *verdict)
{
	printf("%s by ", dg_show_verdict(verdict->verdict == DG_VERDICT_ALLOW));
	if (verdict->rule == DG_RULE_DEFAULT)
		printf("default");
	else
		dg_show_quoted(policy->rules[verdict->rule].id);
}

static void json_side(const struct dg_policy *policy, const struct dg_device_verdict *verdict)
{
	bool by_default = verdict->rule == DG_RULE_DEFAULT;

	printf("{\"verdict\":\"%s\",\"rule\":",
	       dg_show_verdict(verdict->verdict == DG_VERDICT_ALLOW));
	dg_show_json(by_default ? (struct dg_bytes){} : policy->rules[verdict->rule].id);
	printf(",\"default\":%s}", by_default ? "true" : "false");
}

static void print_change(const struct dg_diff_devices *o, const struct dg_device_change *change)
{
	if (o->json) {
		printf("{\"device\":");
		dg_show_json(change->device);
		printf(",\"op\":\"%s\",\"old\":", dg_op_name(change->op));
		json_side(o->before, &change->before);
		printf(",\"new\":");
		json_side(o->after, &change->after);
		printf("}\n");
		return;
	}
	dg_show_safe(change->device);
	printf("  %-11s  ", dg_op_name(change->op));
	print_side(o->before, &change->before);
	printf(" -> ");
	print_side(o->after, &change->after);
	printf("\n");
}

int dg_diff_devices(const char *verb, const struct dg_diff_devices *o)
{
	_cleanup_(dg_cleanup_device_diff) struct dg_device_diff *diff = NULL;
	struct dg_progress progress = dg_progress_start(stderr, "devgate diff");
	_cleanup_diags_ struct dg_diags diags = {.progress = o->json ? NULL : &progress};
	int r;

	r = dg_device_diff_new(o->inventory, o->before, o->after, o->ops, o->time, &diags, &diff);
	dg_progress_clear(&progress);
	if (r < 0)
		return dg_author_failed(verb, o->inventory, r, o->json, &diags);
	dg_diags_print(stderr, &diags);
	for (size_t i = 0; i < diff->count; i++)
		print_change(o, &diff->changes[i]);
	if (!o->json)
		printf("%zu of %zu devices change\n", diff->devices_changed, diff->devices);
	return diff->count ? DG_EXIT_FINDING : DG_EXIT_OK;
}
