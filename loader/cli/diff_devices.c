// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "author.h"
#include "device_diff.h"
#include "diff_devices.h"
#include "show.h"
#include "tables.h"

/* One of the two policies, and what has to live as long as its judge. */
struct side {
	struct dg_judge judge;
	struct dg_input input;
	struct dg_tables *compiled;
};

static void side_done(struct side *side)
{
	free(side->compiled);
	dg_input_done(&side->input);
}

/* A policy too big for tables is judged by the reference evaluator: slower, and the same. */
static int open_side(const char *verb, const char *path, struct side *side)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r = dg_input_read(verb, path, DG_LOAD_NO_EXPIRED, &side->input);

	if (r != DG_EXIT_OK)
		return r;
	if (side->input.object) {
		side->judge.tables = side->input.object->tables;
		return DG_EXIT_OK;
	}
	side->judge.policy = side->input.policy;
	r = dg_tables_build(side->input.policy, &diags, &side->compiled, NULL);
	if (r < 0 && r != -EBADMSG)
		return dg_author_failed(verb, path, r, &diags);
	side->judge.tables = side->compiled;
	return DG_EXIT_OK;
}

static void print_side(const struct dg_judge *judge, const struct dg_answer *answer)
{
	printf("%s by ", dg_show_verdict(answer->verdict == DG_VERDICT_ALLOW));
	if (answer->rule == DG_RULE_DEFAULT)
		printf("default");
	else
		dg_show_quoted(dg_judge_rule(judge, answer->rule));
}

static void json_side(const struct dg_judge *judge, const struct dg_answer *answer)
{
	printf("{\"verdict\":\"%s\",\"rule\":",
	       dg_show_verdict(answer->verdict == DG_VERDICT_ALLOW));
	dg_show_json(dg_judge_rule(judge, answer->rule));
	printf(",\"default\":%s}", answer->rule == DG_RULE_DEFAULT ? "true" : "false");
}

static void print_change(const struct side *sides, const struct dg_device_change *change, bool json)
{
	if (json) {
		printf("{\"device\":");
		dg_show_json(change->device);
		printf(",\"op\":\"%s\",\"old\":", dg_op_name(change->op));
		json_side(&sides[0].judge, &change->old_answer);
		printf(",\"new\":");
		json_side(&sides[1].judge, &change->new_answer);
		printf("}\n");
		return;
	}
	dg_show_safe(change->device);
	printf("  %-11s  ", dg_op_name(change->op));
	print_side(&sides[0].judge, &change->old_answer);
	printf(" -> ");
	print_side(&sides[1].judge, &change->new_answer);
	printf("\n");
}

static int compare(const char *verb, const struct dg_diff_devices *o, const struct side *sides)
{
	_cleanup_(dg_cleanup_device_diff) struct dg_device_diff *diff = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	r = dg_device_diff_new(o->inventory, &sides[0].judge, &sides[1].judge, o->ops, o->time,
			       &diags, &diff);
	if (r == -EBADMSG && !diags.errors)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "the tables of an object are damaged");
	if (r < 0)
		return dg_author_failed(verb, o->inventory, r, &diags);
	dg_diags_print(stderr, &diags);
	for (size_t i = 0; i < diff->count; i++)
		print_change(sides, &diff->changes[i], o->json);
	if (!o->json)
		printf("%zu of %zu devices change\n", diff->devices_changed, diff->devices);
	return diff->count ? DG_EXIT_FINDING : DG_EXIT_OK;
}

int dg_diff_devices(const char *verb, const struct dg_diff_devices *options)
{
	struct side sides[2] = {};
	int r;

	r = open_side(verb, options->old_path, &sides[0]);
	if (r == DG_EXIT_OK)
		r = open_side(verb, options->new_path, &sides[1]);
	if (r == DG_EXIT_OK)
		r = compare(verb, options, sides);
	side_done(&sides[0]);
	side_done(&sides[1]);
	return r;
}
