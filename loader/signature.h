/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The detached signature of an object: CMS (PKCS#7) in DER over all bytes of the file, one signer,
 * SHA-256 or stronger, no signed attributes, which is what the kernel's own check can take later.
 * cli.md, "sign" and "verify".
 */
#pragma once

#include <stddef.h>

#include "failure.h"

#define DG_SIGNATURE_MAX_BYTES (1U << 20) /* of a signature, certificates included */

struct dg_signature_signer {
	char subject[512]; /* RFC 2253; without control characters */
	char not_after[64]; /* when the certificate expires */
};

/*
 * Sign @size bytes at @data with the PEM private key in @key_path and the PEM certificate that comes
 * first in @cert_path; certificates after it (intermediate CAs) travel along. *ret is the caller's to
 * free(), *ret_signer may be NULL. 0, -EKEYREJECTED (refused: the key is not the certificate's, or too
 * weak, or the certificate expired), -EBADMSG (a file holds no key or certificate), another negative
 * errno for a file that cannot be read; @failure says which. What ret_ points to is untouched then.
 */
int dg_signature_make(const void *data, size_t size, const char *key_path, const char *cert_path,
		      void **ret, size_t *ret_size, struct dg_signature_signer *ret_signer,
		      struct dg_failure *failure);

/*
 * Check that @signature is one of @data by a certificate that now is valid and leads to one in the PEM
 * file @ca_path, which are trusted as they are. Errors as above; -EKEYREJECTED is "refused".
 */
int dg_signature_check(const void *data, size_t size, const void *signature, size_t signature_size,
		       const char *ca_path, struct dg_signature_signer *ret_signer,
		       struct dg_failure *failure);
