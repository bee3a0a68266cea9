/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is enforced on this machine, judged by what the kernel does and not by what is pinned: each
 * hook that the kernel's self test reaches is tried with it.
 */
#pragma once

#include <stdio.h>

#include "kernel.h"

enum dg_health {
	DG_HEALTH_OK,
	DG_HEALTH_NO_POLICY,   /* the kernel's boot defaults decide */
	DG_HEALTH_OFF,	       /* devpolicy=off */
	DG_HEALTH_ENGINE_LOST, /* a policy is in force, and no engine answers for it */
	DG_HEALTH_DEGRADED,    /* it answers, and something else is wrong: the findings say what */
};

const char *dg_health_name(enum dg_health health);

struct dg_hook_state {
	/*
	 * The self test of its operation was stamped by the active engine. Of a hook that the self
	 * test does not reach: its link and its program are where they belong.
	 */
	bool attached;
	bool pinned; /* the dispatcher's link is under bpffs */
	bool loaded; /* the active slot holds a program */
};

struct dg_finding {
	char text[256];
};

#define DG_FINDINGS_MAX 8

struct dg_status {
	enum dg_health health;
	struct dg_kernel_status kernel;
	struct dg_hook_state hooks[DG_HOOK_MAX];
	bool has_stats;
	struct dg_stats stats;
	/* the previous generation, when it can be returned to */
	bool has_previous;
	char previous_policy[DG_NAME_BYTES];
	uint32_t previous_version;
	uint8_t previous_digest[DG_SHA256_BYTES];
	struct dg_finding findings[DG_FINDINGS_MAX];
	size_t finding_count;
};

/*
 * Look. Needs the right to read securityfs and bpffs. What is wrong with the policy in force is a
 * finding in *@ret, not an error; an error is not being able to look.
 */
int dg_status_take(struct dg_status *ret, struct dg_failure *failure);

/* One JSON object, no newline; to be freed. -ENOMEM. */
int dg_status_to_json(const struct dg_status *status, char **ret);
void dg_status_print(FILE *out, const struct dg_status *status);

/* "sha256:…" */
#define DG_DIGEST_TEXT_MAX (7 + 2 * DG_SHA256_BYTES + 1)
void dg_digest_text(const uint8_t digest[static DG_SHA256_BYTES],
		    char ret[static DG_DIGEST_TEXT_MAX]);
