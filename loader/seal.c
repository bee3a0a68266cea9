// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "dispatcher.h"
#include "seal.h"
#include "util.h"

/* Does the text of the file hold @word? False when it cannot be read. */
static bool file_has(const char *root, const char *name, const char *word)
{
	char path[PATH_MAX], text[256];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return dg_read_file(path, text, sizeof(text)) > 0 && strstr(text, word);
}

int dg_seal_preconditions(const char *root, void (*missing)(void *context, const char *text),
			  void *context)
{
	static const char lockdown[] = DG_SECURITY_DIR "/lockdown";
	int count = 0;

	if (!file_has(root, lockdown, "[integrity]") &&
	    !file_has(root, lockdown, "[confidentiality]")) {
		missing(context, "lockdown is not on: start with lockdown=integrity");
		count++;
	}
	if (!file_has(root, "/sys/module/module/parameters/sig_enforce", "Y")) {
		missing(context, "modules need no signature: start with module.sig_enforce=1");
		count++;
	}
	return count;
}

int dg_seal(bool force, void (*missing)(void *context, const char *text), void *context,
	    struct dg_failure *failure)
{
	struct dg_kernel_status status;
	_cleanup_close_ int lock = -1;
	int r;

	r = dg_control_lock(&lock, &status, failure);
	if (r)
		return r;
	if (!status.generation)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -ENOENT,
					"no policy is in force: there is nothing to seal");
	if (status.sealed)
		return 0;
	if (status.mode != DG_MODE_ENFORCE || status.permissive)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EINVAL,
					"nothing is refused (%s): a seal would hold nothing",
					status.permissive ? "the policy is permissive"
							  : "the mode is not enforce");
	if (status.pending_confirm_s)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EBUSY,
					"the policy in force waits to be confirmed: `devgate "
					"confirm` first");
	if (dg_seal_preconditions("", missing, context) && !force)
		return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EPERM,
					"root could still change the kernel, so a seal would hold "
					"nothing: --force seals all the same");
	return dg_kernel_seal(status.generation, failure);
}
