/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs that act on a host share: exit statuses, quiet libbpf. */
#pragma once

#include "failure.h"
#include "verbs.h"

/* Print "devgate VERB: text" and return the exit status of the failure. */
int dg_host_fail(const char *verb, const struct dg_failure *failure);

/* libbpf keeps to itself what the failures say already. */
void dg_host_quiet_libbpf(void);
