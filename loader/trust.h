/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose objects may be put in force. Where ROOT/etc/devgate/ca.pem is there, every object must
 * carry a signature (signature.h) that one of the certificates in it vouches for; a caller can
 * demand the same of certificates of its own. The check is of user space: it keeps out mistakes and
 * objects that were changed on their way, and binds nobody who may write to that file or to the
 * kernel.
 */
#pragma once

#include <stddef.h>

#include "failure.h"
#include "signature.h"

#define DG_TRUST_CA "/etc/devgate/ca.pem"

struct dg_trust {
	const char *root;      /* in front of DG_TRUST_CA; "" but in tests */
	const char *ca;	       /* PEM file that must vouch too, or NULL */
	const char *object;    /* its path, "-" for standard input */
	const char *signature; /* path; NULL: the object's with .p7s behind it */
};

/*
 * Check the object of @size bytes at @data. 0: *@ret is who signed it, with an empty subject when
 * nobody demands a signature. -EKEYREJECTED (refused): there is none, or none that counts. Another
 * negative errno: a file could not be read. @failure says which; *@ret is untouched then.
 */
int dg_trust_check(const struct dg_trust *trust, const void *data, size_t size,
		   struct dg_signature_signer *ret, struct dg_failure *failure);
