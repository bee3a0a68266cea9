// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "apply.h"
#include "args.h"
#include "host.h"
#include "progress.h"
#include "status.h"
#include "text.h"
#include "trust.h"

#define CONFIRM_MOST 86400 /* a day */

struct context {
	bool json;
	bool progress; /* standard error is a terminal */
};

static void show_step(void *context, enum dg_apply_step step)
{
	const struct context *show = context;

	if (show->progress)
		fprintf(stderr, "devgate apply: %s\n", dg_apply_step_name(step));
}

static void show_note(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "devgate apply: note: %s\n", text);
}

static const char *rule_id(const struct dg_tables *tables, uint32_t index)
{
	return index < tables->rule_count ? dg_tables_rule_id(tables, index) : NULL;
}

static json_t *id_json(const char *id)
{
	return id ? dg_text_json(id, strnlen(id, DG_NAME_BYTES)) : json_null();
}

static void print_json(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text)
		puts(text);
	free(text);
	json_decref(object);
}

/* The shape of a line of `sim --json`. */
static void denied_json(const struct dg_device *device, const struct dg_tables *tables,
			enum dg_op op, const struct dg_answer *answer)
{
	json_t *would = json_null();

	if (answer->would != DG_RULE_NONE)
		would = json_pack("{s:s, s:o}", "verdict",
				  answer->flags & DG_LEAF_WOULD_ALLOW ? "allow" : "deny", "rule",
				  id_json(rule_id(tables, answer->would)));
	print_json(json_pack("{s:o, s:s, s:s, s:o, s:b, s:o}", "device",
			     dg_text_json(device->label.data, device->label.len), "op",
			     dg_op_name(op), "verdict", "deny", "rule",
			     id_json(rule_id(tables, answer->rule)), "default",
			     answer->rule == DG_RULE_DEFAULT, "would", would));
}

static void show_denied(void *context, const struct dg_device *device,
			const struct dg_tables *tables, enum dg_op op,
			const struct dg_answer *answer, bool protected_device)
{
	char name[DG_TEXT_SAFE(DG_STR_BYTES)], driver[DG_TEXT_SAFE(DG_STR_BYTES)];
	char rule[DG_TEXT_SAFE(DG_NAME_BYTES)];
	const struct dg_bytes *bound = &device->facts[DG_ATTR_DRIVER_NAME].scalar.str;
	const char *id = rule_id(tables, answer->rule);
	const struct context *show = context;

	if (show->json) {
		denied_json(device, tables, op, answer);
		return;
	}
	dg_text_safe(device->label.data, device->label.len, name, sizeof(name));
	dg_text_safe(bound->data, bound->len, driver, sizeof(driver));
	dg_text_safe(id, id ? strnlen(id, DG_NAME_BYTES) : 0, rule, sizeof(rule));
	printf("denied: %s of %s with its driver %s, by %s%s%s%s\n", dg_op_name(op), name, driver,
	       id ? "rule \"" : "default", rule, id ? "\"" : "",
	       protected_device ? " (the root file system is on it)" : "");
}

static json_t *bytes_json(const char *text)
{
	return dg_text_json(text, strlen(text));
}

static void show_still(void *context, const struct dg_bound_device *device)
{
	char name[DG_TEXT_SAFE(sizeof(device->name))], driver[DG_TEXT_SAFE(sizeof(device->driver))];
	const struct context *show = context;

	if (show->json) {
		print_json(json_pack("{s:o, s:o, s:o, s:o, s:o}", "device",
				     bytes_json(device->name), "bus", bytes_json(device->bus),
				     "driver", bytes_json(device->driver), "ops",
				     bytes_json(device->ops), "state", bytes_json(device->state)));
		return;
	}
	dg_text_safe(device->name, strlen(device->name), name, sizeof(name));
	dg_text_safe(device->driver, strlen(device->driver), driver, sizeof(driver));
	printf("%s: %s with its driver %s, which the policy denies\n", device->state, name, driver);
}

static void show_result(const struct context *context, const struct dg_object *object,
			const struct dg_apply_options *options,
			const struct dg_apply_result *result,
			const struct dg_signature_signer *signer)
{
	bool dry_run = options->dry_run, waits = result->swapped && options->confirm_s;
	const struct dg_tables *tables = object->tables;
	char digest[DG_DIGEST_TEXT_MAX], name[DG_TEXT_SAFE(DG_NAME_BYTES)];

	dg_digest_text(tables->text_sha256, digest);
	if (context->json) {
		print_json(json_pack(
			"{s:b, s:o, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:b, s:b, "
			"s:{s:b, s:b}, s:o}",
			"applied", !dry_run, "policy", id_json(tables->name), "version",
			(json_int_t)tables->version, "digest", digest, "generation",
			dry_run ? json_null() : json_integer(result->generation), "judged",
			(json_int_t)result->judged, "denied", (json_int_t)result->denied,
			"restricted", (json_int_t)result->restricted, "still",
			(json_int_t)result->still, "confirm_s",
			waits ? json_integer(options->confirm_s) : json_null(), "swapped",
			result->swapped, "repaired", result->repaired, "proved", "deny",
			!!result->proof.denied, "allow", !!result->proof.allowed, "signer",
			*signer->subject ? bytes_json(signer->subject) : json_null()));
		return;
	}
	dg_text_safe(tables->name, strnlen(tables->name, DG_NAME_BYTES), name, sizeof(name));
	if (dry_run)
		printf("\"%s\" version %u would be applied (dry run: nothing was changed)\n", name,
		       tables->version);
	else
		printf("\"%s\" version %u is %sin force (generation %u, %s)\n", name,
		       tables->version, result->swapped ? "" : "already ", result->generation,
		       result->proof.denied && result->proof.allowed
			       ? "a denied and an allowed device were proved"
		       : result->proof.denied  ? "a denied device was proved"
		       : result->proof.allowed ? "an allowed device was proved"
					       : "nothing was proved");
	if (*signer->subject)
		printf("signed by %s, whose certificate expires on %s\n", signer->subject,
		       signer->not_after);
	printf("%zu of %zu devices with a driver would be denied it at their next bind, %zu more "
	       "would be denied mmio or dma\n",
	       result->denied, result->judged, result->restricted);
	if (waits)
		printf("in %u s what was in force before returns by itself: `devgate confirm` "
		       "keeps this policy\n",
		       options->confirm_s);
}

static int parse(int argc, char **argv, struct dg_args *ret_args, struct dg_apply_options *apply)
{
	const char *confirm, *rejudge;
	int64_t seconds;

	if (dg_args_parse(argc, argv, 1, 1, ret_args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	confirm = ret_args->values[DG_OPTION_apply_confirm];
	rejudge = ret_args->values[DG_OPTION_apply_rejudge];
	seconds = confirm ? dg_text_duration(confirm, CONFIRM_MOST) : 0;
	if (seconds < 0)
		return dg_args_usage("apply", "--confirm: \"%s\" is no time from 1s to 24h",
				     confirm);
	apply->confirm_s = seconds;
	apply->rejudge = rejudge && !strcmp(rejudge, "apply");
	apply->permissive = ret_args->values[DG_OPTION_apply_permissive];
	apply->dry_run = ret_args->values[DG_OPTION_apply_dry_run];
	apply->force = ret_args->values[DG_OPTION_apply_force];
	return DG_EXIT_OK;
}

/* Before anything else is done with it; the very bytes checked are those that are loaded. */
static int check_signature(const struct dg_args *args, const struct dg_object *object,
			   struct dg_signature_signer *ret)
{
	struct dg_trust trust = {
		.root = "",
		.ca = args->values[DG_OPTION_apply_ca],
		.object = args->operands[0],
		.signature = args->values[DG_OPTION_apply_signature],
	};
	struct dg_failure failure = {};

	if (dg_trust_check(&trust, object->bytes, object->size, ret, &failure) < 0)
		return dg_host_fail("apply", &failure);
	return DG_EXIT_OK;
}

int dg_verb_apply(int argc, char **argv)
{
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	struct dg_apply_options apply = {
		.step = show_step,
		.denied = show_denied,
		.still = show_still,
		.note = show_note,
	};
	_cleanup_free_ char *error = NULL;
	struct dg_signature_signer signer;
	struct dg_apply_result result;
	struct dg_failure failure = {};
	struct context context = {};
	struct dg_args args;
	const char *path;
	int r;

	if (parse(argc, argv, &args, &apply) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	path = args.operands[0];
	r = dg_object_open(path, &error, &object);
	if (r) {
		fprintf(stderr, "devgate apply: %s: %s\n", path, error ?: strerror(-r));
		return DG_EXIT_SYSTEM;
	}
	r = check_signature(&args, object, &signer);
	if (r != DG_EXIT_OK)
		return r;
	dg_host_quiet_libbpf();
	context.json = args.json;
	context.progress = !context.json && dg_progress_start(stderr, "devgate apply").out;
	apply.context = &context;
	r = dg_apply(object, &apply, &result, &failure);
	if (r)
		return dg_host_fail(argv[0], &failure);
	show_result(&context, object, &apply, &result, &signer);
	return DG_EXIT_OK;
}
