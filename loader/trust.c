// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* asprintf */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "source.h"
#include "trust.h"
#include "util.h"

static int refuse(struct dg_failure *failure, const char *text, const char *path)
{
	return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EKEYREJECTED, text, path);
}

/* DG_TRUST_CA in @ret, NULL where it is not there. What cannot be looked at is no reason to do
 * without. */
static int configured_ca(const struct dg_trust *trust, char **ret, struct dg_failure *failure)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s", trust->root, DG_TRUST_CA) < 0) {
		path = NULL;
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "%s", DG_TRUST_CA);
	}
	/* The name itself: a link that leads nowhere is a mistake, not a machine that asks for
	 * nothing. */
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = TAKE_PTR(path);
	else if (errno != ENOENT && errno != ENOTDIR)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "%s", path);
	return 0;
}

static int read_signature(const struct dg_trust *trust, struct dg_source **ret,
			  struct dg_failure *failure)
{
	_cleanup_free_ char *beside = NULL;
	const char *path = trust->signature;
	int r;

	if (!path && !strcmp(trust->object, "-"))
		return refuse(failure,
			      "a signature is demanded, and that of an object from "
			      "standard input has to be given: --signature FILE%s",
			      "");
	if (!path) {
		if (asprintf(&beside, "%s.p7s", trust->object) < 0) {
			beside = NULL;
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "%s",
					      trust->object);
		}
		path = beside;
	}
	r = dg_source_read(path, NULL, DG_SIGNATURE_MAX_BYTES, false, ret);
	if (r == -ENOENT)
		return refuse(failure,
			      "the object is not signed: a signature is demanded, and %s is not "
			      "there (`devgate sign` makes one)",
			      path);
	return r < 0 ? dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "%s", path) : 0;
}

int dg_trust_check(const struct dg_trust *trust, const void *data, size_t size,
		   struct dg_signature_signer *ret, struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_source) struct dg_source *signature = NULL;
	_cleanup_free_ char *configured = NULL;
	struct dg_signature_signer signer = {};
	int r = configured_ca(trust, &configured, failure);
	const char *cas[2];

	if (r < 0)
		return r;
	cas[0] = configured;
	cas[1] = trust->ca;
	if (!configured && !trust->ca && trust->signature)
		return refuse(
			failure,
			"nothing says whose signature counts: --ca FILE, or %s for all objects",
			DG_TRUST_CA);
	if (configured || trust->ca)
		r = read_signature(trust, &signature, failure);
	for (size_t i = 0; i < ARRAY_SIZE(cas) && r >= 0; i++)
		if (cas[i])
			r = dg_signature_check(data, size, signature->text, signature->len, cas[i],
					       &signer, failure);
	if (r >= 0)
		*ret = signer;
	return r;
}
