// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <jansson.h>

#include "audit.h"
#include "dispatcher.h"
#include "schema.h"
#include "state.h"
#include "status.h"
#include "text.h"
#include "util.h"

#define RETRIES 10

static const char *const health_names[] = {
	[DG_HEALTH_OK] = "healthy",	   [DG_HEALTH_NO_POLICY] = "no-policy",
	[DG_HEALTH_OFF] = "off",	   [DG_HEALTH_ENGINE_LOST] = "engine-lost",
	[DG_HEALTH_DEGRADED] = "degraded",
};

const char *dg_health_name(enum dg_health health)
{
	return health_names[health];
}

void dg_digest_text(const uint8_t digest[static DG_SHA256_BYTES],
		    char ret[static DG_DIGEST_TEXT_MAX])
{
	strcpy(ret, "sha256:");
	for (size_t i = 0; i < DG_SHA256_BYTES; i++)
		sprintf(ret + 7 + 2 * i, "%02x", digest[i]);
}

static void __attribute__((format(printf, 2, 3)))
add_finding(struct dg_status *status, const char *format, ...)
{
	va_list args;

	if (status->finding_count == DG_FINDINGS_MAX)
		return;
	va_start(args, format);
	vsnprintf(status->findings[status->finding_count].text, sizeof(status->findings[0].text),
		  format, args);
	va_end(args);
	status->finding_count++;
}

/* A device of which nothing is known: any policy decides on it, and no driver is involved. */
static int try_hook(struct dg_status *status, enum dg_hook hook, struct dg_failure *failure)
{
	_cleanup_free_ struct dg_facts *facts = calloc(1, sizeof(*facts));
	struct dg_selftest test;
	int r;

	if (!facts)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "status");
	facts->size = sizeof(*facts);
	if (dg_hook_info(hook)->op == DG_OP_MAX) {
		/* Not to be tried: a pinned link that leads to a program is all there is to see. */
		status->hooks[hook].attached =
			dg_dispatcher_intact(1U << hook, status->kernel.slot);
		return 0;
	}
	r = dg_kernel_selftest("", dg_hook_info(hook)->op, facts, &test, failure);
	if (r)
		return r;
	if (test.generation != status->kernel.generation)
		return -ESTALE;
	status->hooks[hook].attached = test.stamped;
	return 0;
}

static bool pin_exists(const char *name)
{
	_cleanup_close_ int fd = dg_state_get(name);

	return fd >= 0;
}

static bool slot_filled(enum dg_hook hook, uint32_t slot)
{
	char name[DG_PIN_NAME_MAX];
	_cleanup_close_ int fd = -1;
	uint32_t id;

	snprintf(name, sizeof(name), "%s/%s", DG_DIR_SLOTS, dg_hook_info(hook)->name);
	fd = dg_state_get(name);
	return fd >= 0 && !bpf_map_lookup_elem(fd, &slot, &id);
}

static void look_at_pins(struct dg_status *status)
{
	char name[DG_PIN_NAME_MAX];

	for (int i = 0; i < DG_HOOK_MAX; i++) {
		snprintf(name, sizeof(name), "%s/%s", DG_DIR_LINKS, dg_hook_info(i)->name);
		status->hooks[i].pinned = pin_exists(name);
		status->hooks[i].loaded = slot_filled(i, status->kernel.slot);
	}
}

/* The header of the tables of @slot; what is in force is the kernel's word, this only names it. */
static bool read_tables(uint32_t slot, struct dg_tables *ret)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), key = 0;
	_cleanup_free_ struct dg_tables *tables = NULL;
	char name[DG_PIN_NAME_MAX];
	_cleanup_close_ int fd = -1;

	dg_state_slot_name(name, slot, "tables");
	fd = dg_state_get(name);
	if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &len) || info.value_size < sizeof(*tables))
		return false;
	tables = malloc(info.value_size);
	if (!tables || bpf_map_lookup_elem(fd, &key, tables) || tables->magic != DG_TABLES_MAGIC)
		return false;
	*ret = *tables;
	ret->name[DG_NAME_BYTES - 1] = 0;
	return true;
}

static void look_at_previous(struct dg_status *status)
{
	struct dg_tables tables;

	if (!status->kernel.previous_generation)
		return;
	for (int i = 0; i < DG_HOOK_MAX; i++)
		if (!slot_filled(i, status->kernel.previous_slot))
			return;
	if (!read_tables(status->kernel.previous_slot, &tables))
		return;
	status->has_previous = true;
	memcpy(status->previous_policy, tables.name, sizeof(status->previous_policy));
	status->previous_version = tables.version;
	memcpy(status->previous_digest, tables.text_sha256, DG_SHA256_BYTES);
}

static void judge(struct dg_status *status)
{
	status->health = DG_HEALTH_OK;
	if (status->kernel.mode == DG_MODE_OFF) {
		status->health = DG_HEALTH_OFF;
		return;
	}
	if (!status->kernel.generation) {
		status->health = DG_HEALTH_NO_POLICY;
		return;
	}
	for (int i = 0; i < DG_HOOK_MAX; i++) {
		const struct dg_hook_state *hook = &status->hooks[i];
		const char *name = dg_hook_info(i)->name;

		if (!hook->attached) {
			add_finding(status,
				    "no engine answers at the hook %s: every new decision is %s; "
				    "apply the policy again",
				    name,
				    status->kernel.mode == DG_MODE_ENFORCE &&
						    !status->kernel.permissive
					    ? "refused"
					    : "missing");
			status->health = DG_HEALTH_ENGINE_LOST;
			continue;
		}
		if (!hook->pinned || !hook->loaded)
			add_finding(status,
				    "the pins of the hook %s are gone: it works only for as long "
				    "as something else holds it; apply the policy again",
				    name);
	}
	if (!status->has_stats)
		add_finding(status,
			    "the counters and the audit stream are not pinned; apply the policy "
			    "again");
	if (status->stats.broken)
		add_finding(status, "%llu decision%s met damaged tables or missing facts",
			    (unsigned long long)status->stats.broken,
			    status->stats.broken == 1 ? "" : "s");
	if (status->health == DG_HEALTH_OK && status->finding_count)
		status->health = DG_HEALTH_DEGRADED;
}

static int take_once(struct dg_status *status, struct dg_failure *failure)
{
	struct dg_kernel_status again;
	int r;

	r = dg_kernel_status_read("", &status->kernel, failure);
	if (r)
		return r;
	if (status->kernel.mode == DG_MODE_OFF) {
		judge(status);
		return 0;
	}
	if (status->kernel.generation) {
		for (int i = 0; i < DG_HOOK_MAX; i++) {
			r = try_hook(status, i, failure);
			if (r)
				return r;
		}
		look_at_previous(status);
	}
	look_at_pins(status);
	r = dg_audit_stats(&status->stats, failure);
	if (r && r != -ENOENT)
		return r;
	status->has_stats = !r;
	r = dg_kernel_status_read("", &again, failure);
	if (r)
		return r;
	if (again.generation != status->kernel.generation)
		return -ESTALE;
	judge(status);
	return 0;
}

int dg_status_take(struct dg_status *ret, struct dg_failure *failure)
{
	_cleanup_free_ struct dg_status *status = malloc(sizeof(*status));
	int r;

	if (!status)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "status");
	/* No lock is taken, that would stand in the way of an apply: look again when one came
	 * between. */
	for (int i = 0; i < RETRIES; i++) {
		memset(status, 0, sizeof(*status));
		r = take_once(status, failure);
		if (r != -ESTALE)
			break;
	}
	if (r == -ESTALE)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, r,
					"the policy in force changes all the time");
	if (!r)
		*ret = *status;
	return r;
}

static json_t *policy_json(const char *name, uint32_t version, bool has_digest,
			   const uint8_t digest[static DG_SHA256_BYTES], uint32_t generation,
			   uint32_t slot)
{
	char text[DG_DIGEST_TEXT_MAX];

	dg_digest_text(digest, text);
	return json_pack("{s:o, s:I, s:s?, s:I, s:I}", "name", dg_text_json(name, strlen(name)),
			 "version", (json_int_t)version, "digest", has_digest ? text : NULL,
			 "generation", (json_int_t)generation, "slot", (json_int_t)slot);
}

static json_t *hooks_json(const struct dg_status *status)
{
	json_t *hooks = json_array();

	for (int i = 0; i < DG_HOOK_MAX; i++)
		json_array_append_new(hooks,
				      json_pack("{s:s, s:b, s:b}", "hook", dg_hook_info(i)->name,
						"attached", status->hooks[i].attached, "pinned",
						status->hooks[i].pinned));
	return hooks;
}

static json_t *operations_json(const struct dg_status *status)
{
	json_t *operations = json_object();

	if (!status->has_stats) {
		json_decref(operations);
		return json_null();
	}
	for (int i = 0; i < DG_OP_MAX; i++)
		json_object_set_new(operations, dg_op_name(i),
				    json_pack("{s:I, s:I, s:I}", "allowed",
					      (json_int_t)status->stats.allowed[i], "denied",
					      (json_int_t)status->stats.denied[i], "would",
					      (json_int_t)status->stats.would[i]));
	return operations;
}

int dg_status_to_json(const struct dg_status *status, char **ret)
{
	const struct dg_kernel_status *kernel = &status->kernel;
	json_t *counters = json_object(), *findings = json_array(), *object;
	char *text;

	for (size_t i = 0; i < kernel->counter_count; i++)
		json_object_set_new(counters, kernel->counters[i].name,
				    json_integer(kernel->counters[i].value));
	for (size_t i = 0; i < status->finding_count; i++)
		json_array_append_new(findings, dg_text_json(status->findings[i].text,
							     strlen(status->findings[i].text)));
	object = json_pack(
		"{s:s, s:s, s:I, s:o, s:b, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "health",
		dg_health_name(status->health), "mode", dg_mode_name(kernel->mode), "generation",
		(json_int_t)kernel->generation, "policy",
		kernel->generation
			? policy_json(kernel->policy, kernel->version, kernel->has_digest,
				      kernel->digest, kernel->generation, kernel->slot)
			: json_null(),
		"permissive", kernel->permissive, "sealed", kernel->sealed, "pending_confirm_s",
		(json_int_t)kernel->pending_confirm_s, "previous",
		status->has_previous
			? policy_json(status->previous_policy, status->previous_version, true,
				      status->previous_digest, kernel->previous_generation,
				      kernel->previous_slot)
			: json_null(),
		"hooks", hooks_json(status), "events",
		status->has_stats
			? json_pack("{s:I, s:I, s:I}", "last", (json_int_t)status->stats.seq,
				    "dropped", (json_int_t)status->stats.dropped, "broken",
				    (json_int_t)status->stats.broken)
			: json_null(),
		"operations", operations_json(status), "kernel", counters, "findings", findings);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

static void print_policy(FILE *out, const char *label, const char *name, uint32_t version,
			 bool has_digest, const uint8_t digest[static DG_SHA256_BYTES],
			 uint32_t generation)
{
	char digest_text[DG_DIGEST_TEXT_MAX], safe[DG_TEXT_SAFE(DG_NAME_BYTES)];

	dg_digest_text(digest, digest_text);
	dg_text_safe(name, strlen(name), safe, sizeof(safe));
	fprintf(out, "%-12s \"%s\" version %u (generation %u)\n", label, safe, version, generation);
	if (has_digest)
		fprintf(out, "%-12s %s\n", "", digest_text);
}

static void print_operations(FILE *out, const struct dg_stats *stats)
{
	for (int i = 0; i < DG_OP_MAX; i++) {
		if (!stats->allowed[i] && !stats->denied[i] && !stats->would[i])
			continue;
		fprintf(out,
			"%-12s %llu allowed, %llu denied, %llu passed over a permissive rule\n",
			dg_op_name(i), (unsigned long long)stats->allowed[i],
			(unsigned long long)stats->denied[i], (unsigned long long)stats->would[i]);
	}
	fprintf(out, "%-12s %llu written, %llu dropped\n", "events",
		(unsigned long long)(stats->seq - stats->dropped),
		(unsigned long long)stats->dropped);
}

/* What never happened is left out: there are many kinds of it. */
static void print_counters(FILE *out, const struct dg_kernel_status *kernel)
{
	const char *label = "kernel";

	for (size_t i = 0; i < kernel->counter_count; i++) {
		if (!kernel->counters[i].value)
			continue;
		fprintf(out, "%-12s %s %llu\n", label, kernel->counters[i].name,
			(unsigned long long)kernel->counters[i].value);
		label = "";
	}
}

void dg_status_print(FILE *out, const struct dg_status *status)
{
	const struct dg_kernel_status *kernel = &status->kernel;

	fprintf(out, "%-12s %s\n", "health", dg_health_name(status->health));
	fprintf(out, "%-12s %s%s\n", "mode", dg_mode_name(kernel->mode),
		kernel->permissive ? ", the policy is permissive: it refuses nothing" : "");
	if (kernel->generation)
		print_policy(out, "policy", kernel->policy, kernel->version, kernel->has_digest,
			     kernel->digest, kernel->generation);
	else
		fprintf(out, "%-12s none: the kernel's boot defaults decide\n", "policy");
	if (kernel->pending_confirm_s)
		fprintf(out, "%-12s in %u s what was in force before returns, unless confirmed\n",
			"pending", kernel->pending_confirm_s);
	if (kernel->sealed)
		fprintf(out, "%-12s until the next start\n", "sealed");
	if (status->has_previous)
		print_policy(out, "previous", status->previous_policy, status->previous_version,
			     true, status->previous_digest, kernel->previous_generation);
	for (int i = 0; i < DG_HOOK_MAX; i++)
		fprintf(out, "%-12s %s: %s%s\n", i ? "" : "hooks", dg_hook_info(i)->name,
			status->hooks[i].attached ? "attached" : "not attached",
			status->hooks[i].pinned ? "" : ", not pinned");
	if (status->has_stats)
		print_operations(out, &status->stats);
	print_counters(out, kernel);
	for (size_t i = 0; i < status->finding_count; i++)
		fprintf(out, "%-12s %s\n", i ? "" : "findings", status->findings[i].text);
}
