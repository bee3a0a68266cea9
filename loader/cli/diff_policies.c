// SPDX-License-Identifier: GPL-2.0-only
/* devgate diff OLD NEW: every kind of device, without an inventory. */
#include <string.h>
#include <time.h>

#include "author.h"
#include "diff.h"
#include "diff_policies.h"
#include "inventory.h"
#include "progress.h"
#include "show.h"

static void show_side(const struct dg_policy *policy, enum dg_verdict verdict, uint32_t rule)
{
	printf("%s by ", dg_show_verdict(verdict == DG_VERDICT_ALLOW));
	if (rule == DG_RULE_DEFAULT)
		printf("default");
	else
		dg_show_quoted(policy->rules[rule].id);
}

static void show_side_json(const struct dg_policy *policy, enum dg_verdict verdict, uint32_t rule)
{
	printf("{\"verdict\":\"%s\",\"rule\":", dg_show_verdict(verdict == DG_VERDICT_ALLOW));
	if (rule == DG_RULE_DEFAULT)
		printf("null,\"default\":true}");
	else {
		dg_show_json(policy->rules[rule].id);
		printf(",\"default\":false}");
	}
}

/* RFC 3339, in @ret of 32 bytes; "" when any time will do. */
static const char *time_text(const struct dg_diff_change *change, char ret[static 32])
{
	time_t time = (time_t)change->time;
	struct tm tm;

	ret[0] = 0;
	if (change->has_time && gmtime_r(&time, &tm))
		strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return ret;
}

static int show_change(const struct dg_diff_change *change, const struct dg_policy *old,
		       const struct dg_policy *new, bool json)
{
	_cleanup_free_ char *device = NULL;
	char when[32];
	int r = dg_device_to_json(change->device, &device);

	if (r < 0)
		return r;
	time_text(change, when);
	if (!json) {
		printf("%s: ", dg_op_name(change->op));
		show_side(old, change->old_verdict, change->old_rule);
		printf(" -> ");
		show_side(new, change->new_verdict, change->new_rule);
		printf("%s%s\n    witness: ", *when ? " at " : "", when);
		dg_show_safe((struct dg_bytes){device, strlen(device)});
		printf("%s\n", dg_device_is_utf8(change->device) ?
					"" :
					" (U+FFFD stands for bytes that are no UTF-8)");
		return 0;
	}
	printf("{\"op\":\"%s\",\"old\":", dg_op_name(change->op));
	show_side_json(old, change->old_verdict, change->old_rule);
	printf(",\"new\":");
	show_side_json(new, change->new_verdict, change->new_rule);
	printf(",\"more\":false,\"time\":%s%s%s,\"witness\":%s}\n", *when ? "\"" : "",
	       *when ? when : "null", *when ? "\"" : "", device);
	return 0;
}

/* In the place of the other side: the rules, perhaps the default too, that are not given. */
static void show_others(enum dg_verdict verdict, bool json)
{
	if (json)
		printf("{\"verdict\":\"%s\",\"rule\":null,\"default\":false}",
		       dg_show_verdict(verdict == DG_VERDICT_ALLOW));
	else
		printf("%s by more than is listed", dg_show_verdict(verdict == DG_VERDICT_ALLOW));
}

/* No pair but a note that the rule makes more of them, which it has to be told from. */
static void show_more(const struct dg_diff_more *more, const struct dg_policy *old,
		      const struct dg_policy *new, bool json)
{
	enum dg_verdict other =
		more->verdict == DG_VERDICT_ALLOW ? DG_VERDICT_DENY : DG_VERDICT_ALLOW;
	const struct dg_policy *policy = more->is_new ? new : old;

	printf(json ? "{\"op\":\"%s\",\"old\":" : "%s: ", dg_op_name(more->op));
	for (int is_new = 0; is_new < 2; is_new++) {
		if (is_new)
			printf(json ? ",\"new\":" : " -> ");
		if (is_new != more->is_new)
			show_others(other, json);
		else if (json)
			show_side_json(policy, more->verdict, more->rule);
		else
			show_side(policy, more->verdict, more->rule);
	}
	printf(json ? ",\"more\":true,\"time\":null,\"witness\":null}\n"
		    : "; --all lists every pair\n");
}

static int compare_policies(const char *verb, const struct dg_policy *old,
			    const struct dg_policy *new, bool all, bool json)
{
	_cleanup_(dg_cleanup_diff) struct dg_diff *diff = NULL;
	struct dg_progress progress = dg_progress_start(stderr, "devgate diff");
	_cleanup_diags_ struct dg_diags diags = {.progress = json ? NULL : &progress};
	int r = dg_diff_new(old, new, all ? DG_DIFF_ALL : 0, &diags, &diff);

	dg_progress_clear(&progress);
	if (r == -EBADMSG)
		return dg_author_failed(verb, "", r, json, &diags);
	dg_diags_print(stderr, &diags);
	for (size_t i = 0; r >= 0 && i < diff->count; i++)
		r = show_change(&diff->changes[i], old, new, json);
	for (size_t i = 0; r >= 0 && i < diff->more_count; i++)
		show_more(&diff->more[i], old, new, json);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s", strerror(-r));
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		if (diff->undecided >> op & 1)
			dg_author_fail(verb, DG_EXIT_FINDING,
				       "whether %s changes on %s is not decided within the budget",
				       diff->count > 0 ? "more" : "anything",
				       dg_op_name((enum dg_op)op));
	return diff->count > 0 || diff->undecided ? DG_EXIT_FINDING : DG_EXIT_OK;
}

int dg_diff_policies(const char *verb, const char *old_path, const char *new_path, bool all,
		     bool json)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *old = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *new = NULL;
	int r = dg_author_policy(verb, old_path, DG_LOAD_NO_EXPIRED, json, &old);

	if (r == DG_EXIT_OK)
		r = dg_author_policy(verb, new_path, DG_LOAD_NO_EXPIRED, json, &new);
	if (r == DG_EXIT_OK)
		r = compare_policies(verb, old, new, all, json);
	return r;
}
