// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "control.h"
#include "dispatcher.h"
#include "state.h"
#include "util.h"

int dg_control_lock(int *ret, struct dg_kernel_status *ret_status, struct dg_failure *failure)
{
	_cleanup_close_ int lock = -1;
	int r;

	r = dg_kernel_check_root(failure);
	r = r ?: dg_kernel_check("", 0, failure);
	r = r ?: dg_state_check_bpffs(failure);
	if (r)
		return r;
	/* The directory may be gone with a policy still in force: it is made, to be locked. */
	r = dg_state_lock(DG_STATE_DIR, true, &lock, failure);
	r = r ?: dg_state_check_protocol(true, failure);
	r = r ?: dg_kernel_status_read("", ret_status, failure);
	if (!r)
		*ret = TAKE_FD(lock);
	return r;
}

int dg_control_unsealed(const struct dg_kernel_status *status, const char *what,
			struct dg_failure *failure)
{
	if (!status->generation || !status->sealed)
		return 0;
	return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EPERM,
				"the policy in force is sealed until the next start: %s is refused, "
				"only a policy of a higher version than %u can follow",
				what, status->version);
}

/* The kernel would switch to a slot that is empty since its pins went, and deny everything. */
static int check_previous(const struct dg_kernel_status *status, struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_dispatcher) struct dg_dispatcher *dispatcher = NULL;
	int r;

	if (!status->previous_generation)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -ENOENT,
					"there is no previous policy to return to");
	r = dg_dispatcher_open(DG_ALL_HOOKS, &dispatcher, failure);
	if (r)
		return r;
	for (int i = 0; i < DG_HOOK_MAX; i++)
		if (dg_dispatcher_program(dispatcher, i, status->previous_slot) <= 0)
			return dg_failure_plain(
				failure, DG_FAILURE_SYSTEM, -ENOENT,
				"the previous policy is not loaded any more: apply its "
				"object again (--force for an older version)");
	return 0;
}

int dg_rollback(uint32_t *ret_generation, struct dg_failure *failure)
{
	struct dg_kernel_status status;
	_cleanup_close_ int lock = -1;
	int r;

	r = dg_control_lock(&lock, &status, failure);
	r = r ?: dg_control_unsealed(&status, "rollback", failure);
	r = r ?: check_previous(&status, failure);
	return r ?: dg_kernel_rollback(status.generation, ret_generation, failure);
}

int dg_confirm(uint32_t *ret_generation, struct dg_failure *failure)
{
	struct dg_kernel_status status;
	_cleanup_close_ int lock = -1;
	int r;

	r = dg_control_lock(&lock, &status, failure);
	if (r)
		return r;
	if (!status.pending_confirm_s && dg_kernel_has_function("", "bpf_devpolicy_confirm"))
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -ENOENT,
					"no policy is waiting to be confirmed: none was applied "
					"with --confirm, or its time ran out");
	r = dg_kernel_confirm(status.generation, failure);
	if (!r)
		*ret_generation = status.generation;
	return r;
}

int dg_detach(bool *ret_active, struct dg_failure *failure)
{
	struct dg_kernel_status status;
	_cleanup_close_ int lock = -1;
	char name[DG_PIN_NAME_MAX];
	int r;

	r = dg_control_lock(&lock, &status, failure);
	r = r ?: dg_control_unsealed(&status, "detach", failure);
	if (!r && status.generation)
		r = dg_kernel_detach(status.generation, failure);
	if (r)
		return r;
	for (int i = 0; i < DG_HOOK_MAX && !r; i++) {
		snprintf(name, sizeof(name), "%s/%s", DG_DIR_LINKS, dg_hook_info(i)->name);
		r = dg_state_unpin(name);
		if (r)
			break;
		snprintf(name, sizeof(name), "%s/%s", DG_DIR_SLOTS, dg_hook_info(i)->name);
		r = dg_state_unpin(name);
	}
	for (uint32_t slot = 1; slot < DG_SLOT_COUNT && !r; slot++)
		r = dg_state_remove_slot(slot);
	if (r)
		return dg_failure_set(
			failure, DG_FAILURE_SYSTEM, r,
			"nothing is enforced any more, but not all pins under %s could be "
			"removed",
			DG_STATE_DIR);
	*ret_active = status.generation;
	return 0;
}
