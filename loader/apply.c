// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "apply.h"
#include "control.h"
#include "dispatcher.h"
#include "inventory.h"
#include "protect.h"
#include "snapshot.h"
#include "state.h"
#include "text.h"
#include "unknown.h"
#include "util.h"
#include "walker.h"

#define VERIFIER_LOG_SIZE (256 * 1024)
#define TABLES_MAP DG_OBJECT_TABLES_SECTION
#define ACTIVATE_PROGRAM "dg_activate"

/* What a driver cannot do its work without; denying mmap or dma-relaxed is no loss to it. */
static const enum dg_op needed_ops[] = {DG_OP_BIND, DG_OP_MMIO, DG_OP_DMA};

struct apply {
	const struct dg_object *policy;
	const struct dg_tables *tables; /* its own */
	const struct dg_apply_options *options;
	struct dg_failure *failure;
	struct dg_kernel_status before;
	struct dg_inventory *devices;
	struct bpf_object *object;
	uint32_t hooks; /* that the object has a program for */
	uint32_t slot;
	bool in_force; /* the new policy is, for better or worse */
	struct dg_witnesses *witnesses;
	struct dg_apply_result result;
};

static const char *const step_names[] = {
	[DG_STEP_SIMULATED] = "simulated", [DG_STEP_LOADED] = "loaded",
	[DG_STEP_SHARED] = "shared",	   [DG_STEP_PINNED] = "pinned",
	[DG_STEP_SLOTTED] = "slotted",	   [DG_STEP_ATTACHED] = "attached",
	[DG_STEP_ACTIVATED] = "activated", [DG_STEP_PROVED] = "proved",
	[DG_STEP_CLEANED] = "cleaned",
};

const char *dg_apply_step_name(enum dg_apply_step step)
{
	return step_names[step];
}

static void step_done(const struct apply *apply, enum dg_apply_step step)
{
	if (apply->options->step)
		apply->options->step(apply->options->context, step);
}

static void note(const struct apply *apply, const char *text)
{
	if (apply->options->note)
		apply->options->note(apply->options->context, text);
}

static int refuse(const struct apply *apply, const char *text)
{
	return dg_failure_plain(apply->failure, DG_FAILURE_REFUSED, -EPERM, "%s", text);
}

/* Is a denial carried out? */
static bool refuses(const struct apply *apply)
{
	return apply->before.mode == DG_MODE_ENFORCE && !apply->options->permissive;
}

static int check_version(struct apply *apply)
{
	const struct dg_kernel_status *before = &apply->before;
	struct dg_version active = {
		.name = before->policy,
		.version = before->version,
		.digest = before->has_digest ? before->digest : NULL,
	};
	struct dg_version object = {
		.name = apply->tables->name,
		.version = apply->tables->version,
		.digest = apply->tables->text_sha256,
	};

	switch (dg_version_compare(before->generation ? &active : NULL, &object)) {
	case DG_VERSION_NEWER:
		return 0;
	case DG_VERSION_SAME:
		apply->result.repaired = true;
		return 0;
	case DG_VERSION_OLDER:
		if (apply->options->force) {
			note(apply, "an older version replaces a newer one (--force)");
			return 0;
		}
		return dg_failure_plain(
			apply->failure, DG_FAILURE_REFUSED, -EPERM,
			"version %u of this policy is in force, and the object is the "
			"older version %u: --force applies it all the same",
			active.version, object.version);
	case DG_VERSION_DIFFERENT:
		return dg_failure_plain(
			apply->failure, DG_FAILURE_REFUSED, -EPERM,
			"another text is in force under the same version %u: give the "
			"changed policy a higher version",
			active.version);
	}
	return -EINVAL;
}

/*
 * What a seal refuses, before anything is loaded. @again: the version in force would be activated
 * once more, to mend what was lost of it.
 */
static int check_seal(const struct apply *apply, bool again)
{
	const char *what = NULL;

	if (apply->options->permissive)
		what = "a permissive policy";
	else if (apply->options->confirm_s)
		what = "a policy that returns by itself";
	else if (apply->tables->version < apply->before.version)
		what = "an older version";
	else if (again && apply->tables->version == apply->before.version)
		what = "the same version once more";
	return what ? dg_control_unsealed(&apply->before, what, apply->failure) : 0;
}

static bool clock_synced(void)
{
	struct timex tx = {};

	return adjtimex(&tx) != TIME_ERROR && !(tx.status & STA_UNSYNC);
}

/*
 * What the policy says to what a bound driver needs. Returns true when the device is @needed for
 * the machine and would lose something.
 */
static bool simulate_device(struct apply *apply, const struct dg_device *device,
			    struct dg_facts *facts, struct dg_query *query, bool needed)
{
	const struct dg_apply_options *options = apply->options;
	bool lost = false;

	dg_device_to_facts(device, facts);
	for (size_t i = 0; i < ARRAY_SIZE(needed_ops); i++) {
		struct dg_answer answer;

		query->op = needed_ops[i];
		if (dg_tables_decide(apply->tables, facts, NULL, query, &answer) ||
		    answer.verdict == DG_VERDICT_ALLOW)
			continue;
		if (!lost)
			(*(query->op == DG_OP_BIND ? &apply->result.denied
						   : &apply->result.restricted))++;
		lost = true;
		if (options->denied)
			options->denied(options->context, device, apply->tables, query->op, &answer,
					needed);
	}
	return lost && needed;
}

/* What the policy would say to the drivers that are bound now. */
static int simulate(struct apply *apply)
{
	_cleanup_free_ struct dg_facts *facts = malloc(sizeof(*facts));
	_cleanup_(dg_protect_done) struct dg_protect protect = {};
	struct dg_query query = {
		.time = time(NULL),
		.clock_synced = clock_synced(),
	};
	const struct dg_device *lost = NULL;
	char name[DG_TEXT_SAFE(DG_STR_BYTES)];
	int r;

	if (!facts)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, -ENOMEM, "apply");
	r = dg_snapshot_take("", &apply->devices, apply->failure);
	if (r)
		return r;
	if (dg_protect_root(&protect))
		note(apply,
		     "what carries the root file system is not a local block device, or cannot be "
		     "told: it is not protected");
	for (size_t i = 0; i < apply->devices->device_count; i++) {
		const struct dg_device *device = apply->devices->devices[i];
		const struct dg_bytes *path = &device->facts[DG_ATTR_DEVICE_PATH].scalar.str;
		bool needed = path->data && dg_protect_has(&protect, path->data, path->len);

		if (!device->facts[DG_ATTR_DRIVER_NAME].known)
			continue;
		apply->result.judged++;
		if (simulate_device(apply, device, facts, &query, needed) && !lost)
			lost = device;
	}
	step_done(apply, DG_STEP_SIMULATED);
	if (!lost || !refuses(apply) || apply->options->force)
		return 0;
	dg_text_safe(lost->label.data, lost->label.len, name, sizeof(name));
	return dg_failure_plain(
		apply->failure, DG_FAILURE_REFUSED, -EPERM,
		"the policy would deny %s its driver, or what that needs, and the root file system "
		"is on it: --force applies it all the same",
		name);
}

static int find_witnesses(struct apply *apply)
{
	int r = dg_witnesses_find(apply->tables, apply->devices, &apply->witnesses);

	return r ? dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r, "apply") : 0;
}

/* Which hooks the object speaks for; a program for another hook is not silently left out. */
static int choose_programs(struct apply *apply)
{
	struct bpf_program *program;

	bpf_object__for_each_program (program, apply->object) {
		const char *name = bpf_program__name(program);
		int hook;

		bpf_program__set_autoload(program, !strcmp(name, ACTIVATE_PROGRAM));
		if (strncmp(bpf_program__section_name(program), "lsm", 3))
			continue;
		for (hook = 0; hook < DG_HOOK_MAX; hook++)
			if (!strcmp(name, dg_hook_info(hook)->program))
				break;
		if (hook == DG_HOOK_MAX)
			return dg_failure_plain(
				apply->failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
				"the object has a program for a hook that this devgate does "
				"not know (%s): use a newer one",
				bpf_program__section_name(program));
		bpf_program__set_autoload(program, true);
		apply->hooks |= 1U << hook;
	}
	for (int hook = 0; apply->hooks && hook < DG_HOOK_MAX; hook++)
		if (!(apply->hooks & 1U << hook))
			return dg_failure_plain(
				apply->failure, DG_FAILURE_SYSTEM, -EBADMSG,
				"the object has no program for the hook %s: it was compiled by an "
				"older devgate, compile the policy again",
				dg_hook_info(hook)->name);
	if (!apply->hooks || !bpf_object__find_program_by_name(apply->object, ACTIVATE_PROGRAM) ||
	    !bpf_object__find_map_by_name(apply->object, TABLES_MAP))
		return dg_failure_plain(
			apply->failure, DG_FAILURE_SYSTEM, -EBADMSG,
			"the object has no program for a hook, none to activate it, or no "
			"tables: it is not a policy");
	return 0;
}

/* The shared maps, by their names in the object and under bpffs. */
static const struct {
	const char *map, *pin;
} shared_maps[] = {
	{"dg_events", DG_PIN_EVENTS},
	{"dg_stats", DG_PIN_STATS},
};

static bool same_shape(int fd, const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	return !bpf_map_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map);
}

/*
 * Let the object write to the pinned ring and counters. All or none: numbers in the one count what
 * is in the other. *@ret is false when the object gets new ones.
 */
static int reuse_shared(struct apply *apply, bool *ret)
{
	int fds[ARRAY_SIZE(shared_maps)], r = 0;
	bool usable = true;

	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(apply->object, shared_maps[i].map);

		fds[i] = dg_state_get(shared_maps[i].pin);
		if (fds[i] >= 0 && map && !same_shape(fds[i], map))
			note(apply,
			     "the pinned audit stream has the layout of another version: a new one "
			     "takes its place, numbers start from 1");
		usable = usable && map && fds[i] >= 0 && same_shape(fds[i], map);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		if (usable && !r)
			r = bpf_map__reuse_fd(
				bpf_object__find_map_by_name(apply->object, shared_maps[i].map),
				fds[i]);
		if (fds[i] >= 0)
			close(fds[i]);
	}
	if (r)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r,
				      "cannot share the audit stream");
	*ret = usable;
	return 0;
}

static int pin_shared(struct apply *apply)
{
	int r;

	/* Where the reader stopped belongs to the old ring. */
	r = dg_state_unpin(DG_PIN_CURSOR);
	for (size_t i = 0; i < ARRAY_SIZE(shared_maps) && !r; i++)
		r = dg_state_pin(bpf_map__fd(bpf_object__find_map_by_name(apply->object,
									  shared_maps[i].map)),
				 shared_maps[i].pin);
	if (r)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r,
				      "cannot pin the audit stream under %s", DG_STATE_DIR);
	return 0;
}

/* The end of the verifier's log is where it says why. */
static int report_load(struct apply *apply, int r, const char *log)
{
	size_t len = strlen(log), keep = 600;
	const char *tail = log + (len > keep ? len - keep : 0);

	if (!len)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r,
				      "the kernel does not take the object");
	return dg_failure_plain(apply->failure, DG_FAILURE_SYSTEM, r,
				"the kernel does not take the object: %s. Its verifier says:\n%s%s",
				strerror(-r), len > keep ? "…" : "", tail);
}

static int open_object(struct apply *apply, char *log)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "policy", .kernel_log_buf = log,
		    .kernel_log_size = VERIFIER_LOG_SIZE);

	apply->object = bpf_object__open_mem(apply->policy->bytes, apply->policy->size, &opts);
	if (!apply->object)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, -errno,
				      "libbpf does not read the object");
	return choose_programs(apply);
}

static int load_object(struct apply *apply, bool *ret_shared)
{
	_cleanup_free_ char *log = calloc(1, VERIFIER_LOG_SIZE);
	bool shared = false;
	int r;

	if (!log)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, -ENOMEM, "apply");
	r = open_object(apply, log);
	if (r)
		return r;
	r = dg_kernel_check("", apply->hooks, apply->failure);
	if (r)
		return r;
	if (!apply->options->dry_run) {
		r = reuse_shared(apply, &shared);
		if (r)
			return r;
	}
	r = bpf_object__load(apply->object);
	if (r)
		return report_load(apply, r, log);
	step_done(apply, DG_STEP_LOADED);
	*ret_shared = shared;
	return 0;
}

static int program_fd(const struct apply *apply, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(apply->object, name));
}

static int pin_slot(struct apply *apply)
{
	char name[DG_PIN_NAME_MAX];
	int r;

	dg_state_slot_name(name, apply->slot, "tables");
	r = dg_state_pin(bpf_map__fd(bpf_object__find_map_by_name(apply->object, TABLES_MAP)),
			 name);
	for (int i = 0; i < DG_HOOK_MAX && !r; i++) {
		if (!(apply->hooks & 1U << i))
			continue;
		dg_state_slot_name(name, apply->slot, dg_hook_info(i)->name);
		r = dg_state_pin(program_fd(apply, dg_hook_info(i)->program), name);
	}
	if (r)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r, "cannot pin %s/%s",
				      DG_STATE_DIR, name);
	step_done(apply, DG_STEP_PINNED);
	return 0;
}

static int fill_slot(struct apply *apply, const struct dg_dispatcher *dispatcher)
{
	for (int i = 0; i < DG_HOOK_MAX; i++) {
		const struct dg_hook_info *hook = dg_hook_info(i);
		int r;

		if (!(apply->hooks & 1U << i))
			continue;
		r = dg_dispatcher_set(dispatcher, i, apply->slot, program_fd(apply, hook->program));
		if (r)
			return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r,
					      "cannot put the program of %s into slot %u",
					      hook->name, apply->slot);
	}
	step_done(apply, DG_STEP_SLOTTED);
	return 0;
}

static int program_id(int fd, uint32_t *ret)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	int r = bpf_prog_get_info_by_fd(fd, &info, &len);

	if (!r)
		*ret = info.id;
	return r;
}

/* Does any answer of the policy depend on the time? */
static bool is_timed(const struct dg_tables *tables)
{
	const struct dg_var *var = (const void *)((const char *)tables + tables->var_off);

	for (uint32_t i = 0; i < tables->var_count; i++)
		if (var[i].kind == DG_VAR_TIME)
			return true;
	return false;
}

static uint32_t activation_flags(struct apply *apply)
{
	uint32_t flags = 0;

	if (apply->options->permissive)
		flags |= DG_ACTIVATE_PERMISSIVE;
	if (apply->options->rejudge)
		flags |= DG_ACTIVATE_REJUDGE;
	if (is_timed(apply->tables)) {
		if (dg_kernel_has_function("", "bpf_devpolicy_confirm"))
			flags |= DG_ACTIVATE_TIMED;
		else
			note(apply, "this kernel judges rules with a time at each bind and switch, "
				    "not when they begin or end");
	}
	return flags;
}

static int activate(struct apply *apply)
{
	struct dg_activate context = {
		.expected = apply->before.generation,
		.slot = apply->slot,
		.flags = activation_flags(apply),
		.confirm_s = apply->options->confirm_s,
	};
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	int answer, r;

	r = bpf_map_get_info_by_fd(
		bpf_map__fd(bpf_object__find_map_by_name(apply->object, TABLES_MAP)), &info, &len);
	context.map_id = info.id;
	for (int i = 0; i < DG_HOOK_MAX && !r; i++)
		if (apply->hooks & 1U << i)
			r = program_id(program_fd(apply, dg_hook_info(i)->program),
				       &context.prog_id[i]);
	r = r
		    ?: dg_program_run(program_fd(apply, ACTIVATE_PROGRAM), &context,
				      sizeof(context), &answer);
	if (r)
		return dg_failure_set(apply->failure, DG_FAILURE_SYSTEM, r, "cannot run %s",
				      ACTIVATE_PROGRAM);
	if (answer == -ESTALE)
		return dg_failure_plain(
			apply->failure, DG_FAILURE_SYSTEM, answer,
			"another policy was put in force meanwhile: look at the status and "
			"try again");
	if (answer <= 0)
		return dg_failure_set(apply->failure,
				      answer == -EPERM ? DG_FAILURE_REFUSED : DG_FAILURE_SYSTEM,
				      answer ?: -EIO, "the kernel refused to activate the policy%s",
				      apply->before.sealed ? " (it is sealed)" : "");
	apply->result.generation = answer;
	apply->result.slot = apply->slot;
	apply->result.swapped = true;
	apply->in_force = true;
	step_done(apply, DG_STEP_ACTIVATED);
	return 0;
}

static int prove(struct apply *apply, struct dg_failure *failure)
{
	int r;

	r = dg_witnesses_prove(apply->witnesses, apply->result.generation, refuses(apply),
			       &apply->result.proof, failure);
	if (r)
		return r;
	if (!apply->result.proof.denied)
		note(apply,
		     "no device was found that the policy denies: that a denial holds is not "
		     "proved");
	step_done(apply, DG_STEP_PROVED);
	return 0;
}

/* The proof failed: back to what was in force before. @apply->failure keeps the reason. */
static void take_back(struct apply *apply)
{
	struct dg_failure second = {};
	size_t len = strlen(apply->failure->text);
	const char *outcome;
	uint32_t generation;
	int r;

	if (apply->before.generation)
		r = dg_kernel_rollback(apply->result.generation, &generation, &second);
	else
		r = dg_kernel_detach(apply->result.generation, &second);
	apply->in_force = r;
	outcome = r			     ? "and it could not be taken back: "
		  : apply->before.generation ? "what was in force before is in force again"
					     : "no policy is in force, as before";
	snprintf(apply->failure->text + len, sizeof(apply->failure->text) - len, "; %s%s", outcome,
		 r ? second.text : "");
}

static void empty_slot(const struct dg_dispatcher *dispatcher, uint32_t slot)
{
	dg_dispatcher_clear(dispatcher, slot);
	dg_state_remove_slot(slot);
}

/* Unload every generation but the one in force and the one before it. */
static void clean_slots(const struct dg_dispatcher *dispatcher, uint32_t active, uint32_t previous)
{
	for (uint32_t slot = 1; slot < DG_SLOT_COUNT; slot++)
		if (slot != active && slot != previous)
			empty_slot(dispatcher, slot);
}

static int switch_over(struct apply *apply, struct dg_dispatcher *dispatcher)
{
	int r;

	r = pin_slot(apply);
	if (!r)
		r = fill_slot(apply, dispatcher);
	if (!r)
		r = dg_dispatcher_attach(dispatcher, apply->failure);
	if (r)
		return r;
	step_done(apply, DG_STEP_ATTACHED);
	r = activate(apply);
	if (r)
		return r;
	r = prove(apply, apply->failure);
	if (r)
		take_back(apply);
	return r;
}

struct still {
	const struct dg_apply_options *options;
	size_t count;
};

static void count_still(void *context, const struct dg_bound_device *device)
{
	struct still *still = context;

	if (!dg_bound_is_still(device))
		return;
	still->count++;
	if (still->options->still)
		still->options->still(still->options->context, device);
}

/* What keeps something that the new policy denies it: the switch is made, this only tells of it. */
static void report_still(struct apply *apply)
{
	struct still still = {.options = apply->options};
	struct dg_failure failure = {};

	if (dg_bound_each("", count_still, &still, &failure))
		note(apply, failure.text);
	apply->result.still = still.count;
}

/* What is left once it is known that the object is good: everything that changes something. */
static int install(struct apply *apply, bool shared)
{
	_cleanup_(dg_cleanup_dispatcher) struct dg_dispatcher *dispatcher = NULL;
	struct dg_kernel_status after;
	struct dg_failure ignored;
	int r;

	if (!shared) {
		r = pin_shared(apply);
		if (r)
			return r;
	}
	r = dg_dispatcher_open(DG_ALL_HOOKS, &dispatcher, apply->failure);
	if (r)
		return r;
	step_done(apply, DG_STEP_SHARED);
	/* What an interrupted apply left behind. */
	clean_slots(dispatcher, apply->before.slot, apply->before.previous_slot);
	apply->slot = dg_slot_choose(apply->before.slot, apply->before.previous_slot);
	r = switch_over(apply, dispatcher);
	if (r) {
		if (!apply->in_force)
			empty_slot(dispatcher, apply->slot);
		return r;
	}
	/*
	 * What is kept is the kernel's word: a policy that waited to be confirmed is gone when
	 * another takes its place, and the one before it stays the way back.
	 */
	if (!dg_kernel_status_read("", &after, &ignored)) {
		clean_slots(dispatcher, after.slot, after.previous_slot);
		step_done(apply, DG_STEP_CLEANED);
	}
	report_still(apply);
	return 0;
}

static bool pinned(const char *name)
{
	_cleanup_close_ int fd = dg_state_get(name);

	return fd >= 0;
}

/*
 * The same policy is in force, all of it is where it belongs, and the kernel is seen to decide by
 * it: a swap would only cost the way back to the policy before it.
 */
static bool nothing_to_do(struct apply *apply)
{
	struct dg_failure ignored = {};
	char tables[DG_PIN_NAME_MAX];

	dg_state_slot_name(tables, apply->before.slot, "tables");
	if (!apply->result.repaired || apply->options->force || apply->options->dry_run ||
	    apply->before.permissive != apply->options->permissive ||
	    !dg_dispatcher_intact(DG_ALL_HOOKS, apply->before.slot) || !pinned(DG_PIN_EVENTS) ||
	    !pinned(DG_PIN_STATS) || !pinned(tables))
		return false;
	apply->result.generation = apply->before.generation;
	apply->result.slot = apply->before.slot;
	if (!prove(apply, &ignored) && (apply->result.proof.denied || apply->result.proof.allowed))
		return true;
	apply->result.generation = 0;
	apply->result.proof = (struct dg_proof){};
	return false;
}

/* A name ends up in lines of text that others parse. */
static int check_name(struct apply *apply)
{
	const char *name = apply->tables->name;

	for (size_t i = 0; i < DG_NAME_BYTES && name[i]; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return refuse(apply,
				      "the name of the policy has a control character in it");
	return 0;
}

/* An older kernel would pass over what it does not know. */
static int check_options(const struct apply *apply)
{
	char path[] = DG_DEVPOLICY_DIR "/devices";

	if (apply->options->confirm_s && !dg_kernel_has_function("", "bpf_devpolicy_confirm"))
		return dg_failure_plain(apply->failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
					"this kernel cannot return to the policy before by itself: "
					"it has no bpf_devpolicy_confirm");
	if (apply->options->rejudge && access(path, F_OK))
		return dg_failure_plain(apply->failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
					"this kernel does not unbind what a policy denies: it has "
					"no %s",
					path);
	return 0;
}

static void note_unknown(void *context, const char *rule, const struct dg_attr *attr)
{
	char id[DG_TEXT_SAFE(DG_NAME_BYTES)], text[512];

	dg_text_safe(rule, strlen(rule), id, sizeof(id));
	snprintf(text, sizeof(text),
		 "rule \"%s\" asks for %s, which this kernel cannot know of any device", id,
		 attr->name);
	note(context, text);
}

static int apply_locked(struct apply *apply)
{
	bool shared = false;
	int r;

	r = dg_kernel_status_read("", &apply->before, apply->failure);
	if (r)
		return r;
	r = check_options(apply) ?: check_name(apply) ?: check_version(apply);
	if (!r && dg_unknown_attributes(apply->policy, note_unknown, apply))
		note(apply, "the text in the object cannot be read back: what it asks for is not "
			    "looked at");
	r = r ?: check_seal(apply, false);
	r = r ?: simulate(apply);
	r = r ?: find_witnesses(apply);
	if (!r && nothing_to_do(apply)) {
		apply->result.repaired = false;
		if (apply->before.pending_confirm_s)
			note(apply, "it still waits to be confirmed");
		else if (apply->options->confirm_s)
			note(apply, "--confirm changes nothing about a policy that is in force "
				    "already");
		return 0;
	}
	r = r ?: check_seal(apply, true);
	r = r ?: load_object(apply, &shared);
	if (r || apply->options->dry_run)
		return r;
	return install(apply, shared);
}

int dg_apply(const struct dg_object *object, const struct dg_apply_options *options,
	     struct dg_apply_result *ret, struct dg_failure *failure)
{
	struct apply *apply = calloc(1, sizeof(*apply));
	_cleanup_close_ int lock = -1;
	int r;

	if (!apply)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "apply");
	apply->policy = object;
	apply->tables = object->tables;
	apply->options = options;
	apply->failure = failure;

	r = dg_kernel_check_root(failure);
	r = r ?: dg_kernel_check("", DG_ALL_HOOKS, failure);
	if (!r && !options->dry_run) {
		r = dg_state_check_bpffs(failure);
		r = r ?: dg_state_lock(DG_STATE_DIR, true, &lock, failure);
		r = r ?: dg_state_check_protocol(true, failure);
	}
	r = r ?: apply_locked(apply);
	if (!r)
		*ret = apply->result;
	bpf_object__close(apply->object);
	if (apply->devices)
		dg_inventory_free(apply->devices);
	dg_witnesses_free(apply->witnesses);
	free(apply);
	return r;
}
