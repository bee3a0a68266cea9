/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel part (`devpolicy`) shows and takes: its files in securityfs, the hooks in its
 * BTF, and what must be there before a policy can be put in force.
 *
 * Functions that take @root prefix every path with it; "" is the machine itself, tests give a
 * temporary directory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devgate_abi.h"
#include "failure.h"

#define DG_SECURITY_DIR "/sys/kernel/security"
#define DG_DEVPOLICY_DIR DG_SECURITY_DIR "/devpolicy"

enum dg_mode {
	DG_MODE_OFF,
	DG_MODE_AUDIT,
	DG_MODE_ENFORCE,
};

const char *dg_mode_name(enum dg_mode mode);

/* One hook that a policy object may bring a program for. */
struct dg_hook_info {
	enum dg_hook hook;
	const char *name;	/* as in lsm/NAME, and of its pins */
	const char *program;	/* of the object */
	const char *dispatcher; /* program of the dispatcher object */
	const char *slots;	/* PROG_ARRAY of the dispatcher object */
	enum dg_op op; /* that the kernel's self test reaches it by; DG_OP_MAX: none does */
};

#define DG_ALL_HOOKS ((1U << DG_HOOK_MAX) - 1)

/* The table by enum dg_hook. Never NULL for a valid hook. */
const struct dg_hook_info *dg_hook_info(enum dg_hook hook);

#define DG_COUNTER_MAX 128

struct dg_counter {
	char name[48];
	uint64_t value;
};

/* devpolicy/status, read. */
struct dg_kernel_status {
	enum dg_mode mode;
	uint32_t generation; /* 0: no policy */
	uint32_t slot;
	uint32_t previous_generation; /* 0: nothing to return to */
	uint32_t previous_slot;
	uint32_t version;
	bool permissive;
	bool sealed;
	uint32_t pending_confirm_s; /* until it reverts by itself; 0: it stays */
	bool has_digest;
	uint8_t digest[DG_SHA256_BYTES]; /* of the policy text */
	char policy[DG_NAME_BYTES];	 /* "" when there is none */
	/* every other line with a decimal value, in the kernel's order */
	struct dg_counter counters[DG_COUNTER_MAX];
	size_t counter_count;
};

/*
 * Parse the text of devpolicy/status. Unknown keys with a decimal value become counters, other
 * unknown keys are passed over (a newer kernel). -EBADMSG on a line that a known key does not
 * allow, a key met twice, or when mode or generation is missing.
 */
int dg_kernel_status_parse(const char *text, struct dg_kernel_status *ret);

/* Read and parse it. @failure says what is missing (securityfs, devpolicy, the right to read). */
int dg_kernel_status_read(const char *root, struct dg_kernel_status *ret,
			  struct dg_failure *failure);

/*
 * Undo the kernel's \ooo for white space and backslashes in @len bytes. -EBADMSG when they do not
 * read so, or with the NUL do not fit into @size bytes (@ret is undefined then).
 */
int dg_unescape(const char *text, size_t len, char *ret, size_t size);

/* The answer of one self test. */
struct dg_selftest {
	bool stamped; /* an attached engine of the active policy has decided */
	bool refused; /* the wrapper would have refused the operation */
	enum dg_verdict verdict;
	uint32_t rule; /* index, DG_RULE_DEFAULT or DG_RULE_BROKEN */
	uint32_t generation;
};

/* Parse the line that devpolicy/selftest answers with. -EBADMSG when it is not one. */
int dg_selftest_parse(const char *text, struct dg_selftest *ret);

/* Judge @facts for @op by what is in force; nothing is bound. */
int dg_kernel_selftest(const char *root, enum dg_op op, const struct dg_facts *facts,
		       struct dg_selftest *ret, struct dg_failure *failure);

/* Does the kernel have the function @name (of BPF programs) in its BTF? False when it has no BTF.
 */
bool dg_kernel_has_function(const char *root, const char *name);

/* Is `bpf` an entry of the comma-separated list @text? */
bool dg_lsm_list_has_bpf(const char *text);

/* Is the running process allowed to do this at all? -EPERM with a message. */
int dg_kernel_check_root(struct dg_failure *failure);

/*
 * Everything in the kernel that enforcing needs: BTF, each hook of @hooks (bit n: enum dg_hook n),
 * `bpf` among the active LSMs, devpolicy itself. The first thing missing is named; of hooks, all.
 */
int dg_kernel_check(const char *root, uint32_t hooks, struct dg_failure *failure);

/*
 * Read a small file whole into a NUL-terminated buffer of @size bytes; bytes behind it are an error
 * (-EFBIG). Returns the length or a negative errno. Trailing newlines stay.
 */
int dg_read_file(const char *path, char *buffer, size_t size);
