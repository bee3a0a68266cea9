// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dispatcher.h"
#include "kernel.h"
#include "state.h"

/* The object's bytes, put there by the build. */
extern const char dg_dispatcher_start[], dg_dispatcher_end[];

struct dg_dispatcher {
	struct bpf_object
		*object; /* loaded with the slot arrays below; NULL: no need for one yet */
	uint32_t hooks;
	int slots[DG_HOOK_MAX]; /* PROG_ARRAY, -1 for a hook not taken up */
};

static void slots_name(char name[static DG_PIN_NAME_MAX], enum dg_hook hook)
{
	snprintf(name, DG_PIN_NAME_MAX, "%s/%s", DG_DIR_SLOTS, dg_hook_info(hook)->name);
}

static void link_name(char name[static DG_PIN_NAME_MAX], enum dg_hook hook)
{
	snprintf(name, DG_PIN_NAME_MAX, "%s/%s", DG_DIR_LINKS, dg_hook_info(hook)->name);
}

static int open_object(struct bpf_object **ret, struct dg_failure *failure)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "dispatcher");
	struct bpf_program *program;
	struct bpf_object *object;
	struct bpf_map *map;

	object = bpf_object__open_mem(dg_dispatcher_start, dg_dispatcher_end - dg_dispatcher_start,
				      &opts);
	if (!object)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "dispatcher");
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, false);
	bpf_object__for_each_map (map, object)
		bpf_map__set_autocreate(map, false);
	*ret = object;
	return 0;
}

static bool right_array(int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	return !bpf_map_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_PROG_ARRAY &&
	       info.max_entries == DG_SLOT_COUNT;
}

static int open_slots(struct dg_dispatcher *dispatcher, enum dg_hook hook,
		      struct dg_failure *failure)
{
	_cleanup_close_ int fd = -1;
	char name[DG_PIN_NAME_MAX];
	int r;

	slots_name(name, hook);
	fd = dg_state_get(name);
	if (fd < 0 && fd != -ENOENT)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, fd, "cannot open %s/%s",
				      DG_STATE_DIR, name);
	if (fd >= 0 && !right_array(fd))
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EPROTO,
					"%s/%s is not devgate's: remove it and apply again",
					DG_STATE_DIR, name);
	if (fd < 0) {
		fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, dg_hook_info(hook)->slots,
				    sizeof(uint32_t), sizeof(uint32_t), DG_SLOT_COUNT, NULL);
		if (fd < 0)
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, fd, "cannot make %s",
					      name);
		r = dg_state_pin(fd, name);
		if (r)
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot pin %s/%s",
					      DG_STATE_DIR, name);
	}
	dispatcher->slots[hook] = TAKE_FD(fd);
	return 0;
}

int dg_dispatcher_open(uint32_t hooks, struct dg_dispatcher **ret, struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_dispatcher) struct dg_dispatcher *dispatcher = NULL;
	int r;

	dispatcher = calloc(1, sizeof(*dispatcher));
	if (!dispatcher)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "dispatcher");
	dispatcher->hooks = hooks;
	for (int i = 0; i < DG_HOOK_MAX; i++)
		dispatcher->slots[i] = -1;
	for (int i = 0; i < DG_HOOK_MAX; i++) {
		if (!(hooks & 1U << i))
			continue;
		r = open_slots(dispatcher, i, failure);
		if (r)
			return r;
	}
	*ret = TAKE_PTR(dispatcher);
	return 0;
}

void dg_dispatcher_free(struct dg_dispatcher *dispatcher)
{
	bpf_object__close(dispatcher->object);
	for (int i = 0; i < DG_HOOK_MAX; i++)
		if (dispatcher->slots[i] >= 0)
			close(dispatcher->slots[i]);
	free(dispatcher);
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	return bpf_map_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* Does program @id read the map @map? */
static bool program_uses(uint32_t id, uint32_t map)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info), maps[16];
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0 || !map)
		return false;
	info.nr_map_ids = ARRAY_SIZE(maps);
	info.map_ids = (uintptr_t)maps;
	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		return false;
	for (uint32_t i = 0; i < info.nr_map_ids && i < ARRAY_SIZE(maps); i++)
		if (maps[i] == map)
			return true;
	return false;
}

/*
 * A pinned link counts only when its program jumps through the slot array that is pinned beside it:
 * an array whose last pin went was emptied by the kernel, and a new one is unknown to the old
 * dispatcher.
 */
static bool link_is_ours(const struct dg_dispatcher *dispatcher, enum dg_hook hook)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);
	_cleanup_close_ int fd = -1;
	char name[DG_PIN_NAME_MAX];

	link_name(name, hook);
	fd = dg_state_get(name);
	if (fd < 0 || bpf_link_get_info_by_fd(fd, &info, &len) ||
	    info.type != BPF_LINK_TYPE_TRACING)
		return false;
	return program_uses(info.prog_id, map_id(dispatcher->slots[hook]));
}

bool dg_dispatcher_intact(uint32_t hooks, uint32_t slot)
{
	struct dg_dispatcher dispatcher;
	char name[DG_PIN_NAME_MAX];

	for (int i = 0; i < DG_HOOK_MAX; i++) {
		_cleanup_close_ int fd = -1;

		if (!(hooks & 1U << i))
			continue;
		slots_name(name, i);
		fd = dg_state_get(name);
		if (fd < 0 || !right_array(fd))
			return false;
		dispatcher.slots[i] = fd;
		if (!link_is_ours(&dispatcher, i) ||
		    dg_dispatcher_program(&dispatcher, i, slot) <= 0)
			return false;
	}
	return true;
}

static int attach_hook(struct dg_dispatcher *dispatcher, enum dg_hook hook,
		       struct dg_failure *failure)
{
	const struct dg_hook_info *info = dg_hook_info(hook);
	struct bpf_program *program;
	char name[DG_PIN_NAME_MAX];
	struct bpf_link *link;
	int r;

	program = bpf_object__find_program_by_name(dispatcher->object, info->dispatcher);
	link = bpf_program__attach_lsm(program);
	if (!link)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno,
				      "cannot attach to the hook %s", info->name);
	link_name(name, hook);
	r = dg_state_pin(bpf_link__fd(link), name);
	bpf_link__destroy(link); /* the pin holds it now */
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot pin %s/%s",
				      DG_STATE_DIR, name);
	return 0;
}

int dg_dispatcher_attach(struct dg_dispatcher *dispatcher, struct dg_failure *failure)
{
	uint32_t missing = 0;
	int r;

	for (int i = 0; i < DG_HOOK_MAX; i++)
		if (dispatcher->hooks & 1U << i && !link_is_ours(dispatcher, i))
			missing |= 1U << i;
	if (!missing)
		return 0;
	r = open_object(&dispatcher->object, failure);
	if (r)
		return r;
	for (int i = 0; i < DG_HOOK_MAX && !r; i++) {
		const struct dg_hook_info *info = dg_hook_info(i);
		struct bpf_map *slots;

		if (!(missing & 1U << i))
			continue;
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(dispatcher->object, info->dispatcher),
			true);
		slots = bpf_object__find_map_by_name(dispatcher->object, info->slots);
		bpf_map__set_autocreate(slots, true);
		r = bpf_map__reuse_fd(slots, dispatcher->slots[i]);
	}
	if (!r)
		r = bpf_object__load(dispatcher->object);
	if (r)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r,
				      "the kernel does not take the dispatcher");
	for (int i = 0; i < DG_HOOK_MAX && !r; i++)
		if (missing & 1U << i)
			r = attach_hook(dispatcher, i, failure);
	return r;
}

int dg_dispatcher_set(const struct dg_dispatcher *dispatcher, enum dg_hook hook, uint32_t slot,
		      int program)
{
	return bpf_map_update_elem(dispatcher->slots[hook], &slot, &program, BPF_ANY);
}

int dg_dispatcher_clear(const struct dg_dispatcher *dispatcher, uint32_t slot)
{
	int result = 0;

	for (int i = 0; i < DG_HOOK_MAX; i++) {
		int r;

		if (dispatcher->slots[i] < 0)
			continue;
		r = bpf_map_delete_elem(dispatcher->slots[i], &slot);
		if (r && r != -ENOENT && !result)
			result = r;
	}
	return result;
}

int64_t dg_dispatcher_program(const struct dg_dispatcher *dispatcher, enum dg_hook hook,
			      uint32_t slot)
{
	uint32_t id;
	int r;

	r = bpf_map_lookup_elem(dispatcher->slots[hook], &slot, &id);
	return r == -ENOENT ? 0 : r ?: (int64_t)id;
}

int dg_program_run(int program, void *context, uint32_t size, int *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = context, .ctx_size_in = size);
	int r;

	r = bpf_prog_test_run_opts(program, &opts);
	if (r)
		return r;
	*ret = (int)opts.retval;
	return 0;
}

/* Load one of the syscall programs alone and run it. */
static int run_syscall(const char *name, uint32_t expected, int *ret, struct dg_failure *failure)
{
	struct {
		uint32_t generation;
	} context = {expected};
	struct bpf_program *program;
	struct bpf_object *object;
	int r;

	r = open_object(&object, failure);
	if (r)
		return r;
	program = bpf_object__find_program_by_name(object, name);
	bpf_program__set_autoload(program, true);
	r = bpf_object__load(object);
	if (!r)
		r = dg_program_run(bpf_program__fd(program), &context, sizeof(context), ret);
	if (r)
		dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot run %s", name);
	bpf_object__close(object);
	return r;
}

/* Run dg_@what; a negative answer of the kernel is put into words and returned. */
static int ask_kernel(const char *what, uint32_t expected, int *ret_answer,
		      struct dg_failure *failure)
{
	char name[32];
	int answer, r;

	snprintf(name, sizeof(name), "dg_%s", what);
	r = run_syscall(name, expected, &answer, failure);
	if (r)
		return r;
	if (answer == -ESTALE)
		return dg_failure_plain(
			failure, DG_FAILURE_SYSTEM, answer,
			"the policy in force changed meanwhile: look at the status and try "
			"again");
	if (answer == -EOPNOTSUPP)
		return dg_failure_plain(failure, DG_FAILURE_UNSUPPORTED, answer,
					"this kernel has no bpf_devpolicy_%s", what);
	if (answer < 0)
		return dg_failure_set(failure,
				      answer == -EPERM ? DG_FAILURE_REFUSED : DG_FAILURE_SYSTEM,
				      answer, "the kernel refused (bpf_devpolicy_%s)", what);
	*ret_answer = answer;
	return 0;
}

int dg_kernel_rollback(uint32_t expected, uint32_t *ret_generation, struct dg_failure *failure)
{
	int answer, r;

	r = ask_kernel("rollback", expected, &answer, failure);
	if (!r)
		*ret_generation = answer;
	return r;
}

int dg_kernel_detach(uint32_t expected, struct dg_failure *failure)
{
	int answer;

	return ask_kernel("detach", expected, &answer, failure);
}

int dg_kernel_confirm(uint32_t expected, struct dg_failure *failure)
{
	int answer;

	return ask_kernel("confirm", expected, &answer, failure);
}

int dg_kernel_seal(uint32_t expected, struct dg_failure *failure)
{
	int answer;

	return ask_kernel("seal", expected, &answer, failure);
}
