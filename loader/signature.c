// SPDX-License-Identifier: GPL-2.0-only
#include "signature.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "util.h"

#define SIGNER_FLAGS (CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOSMIMECAP)
#define MIN_RSA_BITS 2048
/* OpenSSL's level for 112 bits: no SHA-1 and no RSA below 2048 bits anywhere in the chain. */
#define SECURITY_LEVEL 2

static void free_certs(STACK_OF(X509) *certs)
{
	sk_X509_pop_free(certs, X509_free);
}

/* The elements are the message's. */
static void free_signers(STACK_OF(X509) *signers)
{
	sk_X509_free(signers);
}

DEFINE_CLEANUP(BIO *, BIO_free_all, bio)
DEFINE_CLEANUP(X509 *, X509_free, cert)
DEFINE_CLEANUP(STACK_OF(X509) *, free_certs, certs)
DEFINE_CLEANUP(STACK_OF(X509) *, free_signers, signers)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free, key)
DEFINE_CLEANUP(CMS_ContentInfo *, CMS_ContentInfo_free, cms)
DEFINE_CLEANUP(X509_STORE *, X509_STORE_free, store)
DEFINE_CLEANUP(X509_STORE_CTX *, X509_STORE_CTX_free, store_ctx)

static int refuse(struct dg_failure *failure, const char *text)
{
	ERR_clear_error();
	return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EKEYREJECTED, "%s", text);
}

static int no_memory(struct dg_failure *failure)
{
	ERR_clear_error();
	return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "out of memory");
}

static int open_pem(const char *path, BIO **ret, struct dg_failure *failure)
{
	FILE *file = fopen(path, "re");
	BIO *bio;

	if (!file)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "%s", path);
	bio = BIO_new_fp(file, BIO_CLOSE);
	if (!bio) {
		fclose(file);
		return no_memory(failure);
	}
	*ret = bio;
	return 0;
}

/* All certificates of a PEM file, at least one. */
static int read_certs(const char *path, STACK_OF(X509) **ret, struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_certs) STACK_OF(X509) *certs = sk_X509_new_null();
	_cleanup_(dg_cleanup_bio) BIO *bio = NULL;
	unsigned long error;
	X509 *cert;
	int r;

	if (!certs)
		return no_memory(failure);
	r = open_pem(path, &bio, failure);
	if (r < 0)
		return r;
	ERR_clear_error();
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (!sk_X509_push(certs, cert)) {
			X509_free(cert);
			return no_memory(failure);
		}
	}
	/* The end of the file is an error to OpenSSL, too. */
	error = ERR_peek_last_error();
	ERR_clear_error();
	if (!sk_X509_num(certs))
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EBADMSG,
					"%s: no certificate in PEM form (BEGIN CERTIFICATE) is in it",
					path);
	if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		return dg_failure_plain(failure, DG_FAILURE_SYSTEM, -EBADMSG,
					"%s: certificate %d in it is damaged", path,
					sk_X509_num(certs) + 1);
	*ret = TAKE_PTR(certs);
	return 0;
}

static int read_key(const char *path, EVP_PKEY **ret, struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_bio) BIO *bio = NULL;
	EVP_PKEY *key;
	int r;

	r = open_pem(path, &bio, failure);
	if (r < 0)
		return r;
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	ERR_clear_error();
	if (!key)
		return dg_failure_plain(
			failure, DG_FAILURE_SYSTEM, -EBADMSG,
			"%s: no private key in PEM form (BEGIN PRIVATE KEY) can be read from it: it is "
			"something else, damaged, or its passphrase is another",
			path);
	*ret = key;
	return 0;
}

static void time_text(const ASN1_TIME *time, char *text, size_t size)
{
	_cleanup_(dg_cleanup_bio) BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && ASN1_TIME_print_ex(bio, time, ASN1_DTFLGS_ISO8601) == 1)
		n = BIO_read(bio, text, (int)size - 1);
	text[n > 0 ? n : 0] = 0;
}

static void describe(X509 *cert, struct dg_signature_signer *ret)
{
	_cleanup_(dg_cleanup_bio) BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_read(bio, ret->subject, sizeof(ret->subject) - 1);
	ret->subject[n > 0 ? n : 0] = 0;
	time_text(X509_get0_notAfter(cert), ret->not_after, sizeof(ret->not_after));
}

static int refuse_time(X509 *cert, bool expired, struct dg_failure *failure)
{
	struct dg_signature_signer who;
	char from[64];

	describe(cert, &who);
	time_text(X509_get0_notBefore(cert), from, sizeof(from));
	ERR_clear_error();
	return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EKEYREJECTED,
				expired ? "the certificate of %s expired on %s"
					: "the certificate of %s is not valid before %s: is the clock right?",
				who.subject, expired ? who.not_after : from);
}

/* The kernel knows no more than these two kinds of keys. */
static int check_key(EVP_PKEY *key, struct dg_failure *failure)
{
	if (EVP_PKEY_is_a(key, "EC"))
		return 0;
	if (!EVP_PKEY_is_a(key, "RSA"))
		return refuse(failure, "the key is neither RSA nor ECDSA: the kernel could not check the "
				       "signature");
	if (EVP_PKEY_get_bits(key) < MIN_RSA_BITS)
		return refuse(failure, "the key is RSA with fewer than 2048 bits, which is too weak");
	return 0;
}

static int check_signing_cert(X509 *cert, struct dg_failure *failure)
{
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return refuse_time(cert, true, failure);
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		return refuse_time(cert, false, failure);
	/* Without the extension all bits are set. */
	if (!(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
		return refuse(failure, "the certificate is not for signatures: its key usage lacks "
				       "digitalSignature");
	return 0;
}

static int sign(BIO *content, EVP_PKEY *key, STACK_OF(X509) *certs, CMS_ContentInfo **ret)
{
	_cleanup_(dg_cleanup_cms) CMS_ContentInfo *cms = NULL;

	cms = CMS_sign(NULL, NULL, NULL, NULL, SIGNER_FLAGS | CMS_PARTIAL);
	if (!cms || !CMS_add1_signer(cms, sk_X509_value(certs, 0), key, EVP_sha256(), SIGNER_FLAGS))
		return -EIO;
	for (int i = 1; i < sk_X509_num(certs); i++)
		if (!CMS_add1_cert(cms, sk_X509_value(certs, i)))
			return -EIO;
	if (!CMS_final(cms, content, NULL, SIGNER_FLAGS))
		return -EIO;
	*ret = TAKE_PTR(cms);
	return 0;
}

/* i2d with a malloc() of our own: what OpenSSL allocates is its to free. */
static int encode(CMS_ContentInfo *cms, void **ret, size_t *ret_size)
{
	int size = i2d_CMS_ContentInfo(cms, NULL);
	unsigned char *bytes, *end;

	if (size <= 0)
		return -EIO;
	bytes = end = malloc((size_t)size);
	if (!bytes)
		return -ENOMEM;
	if (i2d_CMS_ContentInfo(cms, &end) != size) {
		free(bytes);
		return -EIO;
	}
	*ret = bytes;
	*ret_size = (size_t)size;
	return 0;
}

int dg_signature_make(const void *data, size_t size, const char *key_path, const char *cert_path,
		      void **ret, size_t *ret_size, struct dg_signature_signer *ret_signer,
		      struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_certs) STACK_OF(X509) *certs = NULL;
	_cleanup_(dg_cleanup_cms) CMS_ContentInfo *cms = NULL;
	_cleanup_(dg_cleanup_bio) BIO *content = NULL;
	_cleanup_(dg_cleanup_key) EVP_PKEY *key = NULL;
	X509 *cert;
	int r;

	if (size > INT_MAX)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -EFBIG, "the object");
	r = read_key(key_path, &key, failure);
	if (r >= 0)
		r = read_certs(cert_path, &certs, failure);
	if (r < 0)
		return r;
	cert = sk_X509_value(certs, 0);
	if (X509_check_private_key(cert, key) != 1) {
		ERR_clear_error();
		return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EKEYREJECTED,
					"the key in %s does not belong to the certificate in %s",
					key_path, cert_path);
	}
	r = check_key(key, failure);
	if (r >= 0)
		r = check_signing_cert(cert, failure);
	if (r < 0)
		return r;
	content = BIO_new_mem_buf(data, (int)size);
	if (!content)
		return no_memory(failure);
	r = sign(content, key, certs, &cms);
	if (r >= 0)
		r = encode(cms, ret, ret_size);
	ERR_clear_error();
	if (r < 0)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "the signature cannot be made");
	if (ret_signer)
		describe(cert, ret_signer);
	return 0;
}

/* One whole DER message and nothing behind it. */
static int decode(const void *signature, size_t size, CMS_ContentInfo **ret,
		  struct dg_failure *failure)
{
	const unsigned char *at = signature;
	CMS_ContentInfo *cms = NULL;

	if (size <= DG_SIGNATURE_MAX_BYTES)
		cms = d2i_CMS_ContentInfo(NULL, &at, (long)size);
	if (cms && (size_t)(at - (const unsigned char *)signature) == size &&
	    OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed) {
		*ret = cms;
		return 0;
	}
	CMS_ContentInfo_free(cms);
	return refuse(failure, "not a whole CMS signature in DER form: it is truncated, damaged or "
			       "something else");
}

static bool strong_digest(int nid)
{
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* What the form of the signature must be, before anything is computed. */
static int check_form(CMS_ContentInfo *cms, struct dg_failure *failure)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
	X509_ALGOR *digest = NULL;
	CMS_SignerInfo *info;

	/* Nothing signs the content's type; the kernel takes no other than this one either. */
	if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data)
		return refuse(failure, "the signature is of another type of content than plain data");
	if (CMS_is_detached(cms) != 1)
		return refuse(failure, "the signature has a content of its own: it must be detached");
	if (!infos || sk_CMS_SignerInfo_num(infos) != 1)
		return refuse(failure, "the signature must have exactly one signer");
	info = sk_CMS_SignerInfo_value(infos, 0);
	/* With them the signature is over the attributes and no longer over the object alone. */
	if (CMS_signed_get_attr_count(info) >= 0)
		return refuse(failure, "the signature has signed attributes: `devgate sign` makes none "
				       "(openssl cms -sign -binary -noattr)");
	CMS_SignerInfo_get0_algs(info, NULL, NULL, &digest, NULL);
	if (!digest || !strong_digest(OBJ_obj2nid(digest->algorithm)))
		return refuse(failure, "the signature's digest is weaker than SHA-256");
	return 0;
}

/* The bytes against the signer's key; whose key it is comes after. */
static int check_bytes(CMS_ContentInfo *cms, const void *data, size_t size, X509 **ret,
		       struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_bio) BIO *content = BIO_new_mem_buf(data, (int)size);
	_cleanup_(dg_cleanup_signers) STACK_OF(X509) *signers = NULL;

	if (!content)
		return no_memory(failure);
	if (CMS_verify(cms, NULL, NULL, content, NULL,
		       CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1) {
		unsigned long error = ERR_peek_last_error();

		if (ERR_GET_LIB(error) == ERR_LIB_CMS &&
		    ERR_GET_REASON(error) == CMS_R_SIGNER_CERTIFICATE_NOT_FOUND)
			return refuse(failure, "the signer's certificate is not in the signature");
		return refuse(failure, "the signature is not of this object: the object was changed "
				       "after signing, or it is another one");
	}
	signers = CMS_get0_signers(cms);
	if (!signers || sk_X509_num(signers) != 1)
		return no_memory(failure);
	*ret = sk_X509_value(signers, 0);
	return 0;
}

static int refuse_chain(X509_STORE_CTX *ctx, X509 *signer, const char *ca_path,
			struct dg_failure *failure)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	struct dg_signature_signer who;

	if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID)
		return refuse_time(cert ? cert : signer, error == X509_V_ERR_CERT_HAS_EXPIRED,
				   failure);
	describe(signer, &who);
	ERR_clear_error();
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EKEYREJECTED,
					"the signer %s is unknown: no CA in %s vouches for the "
					"certificate",
					who.subject, ca_path);
	default:
		return dg_failure_plain(failure, DG_FAILURE_REFUSED, -EKEYREJECTED,
					"the certificate of the signer %s is not accepted: %s",
					who.subject, X509_verify_cert_error_string(error));
	}
}

/* As in a kernel keyring each given certificate is trusted, whether or not it signed itself. */
static int check_chain(CMS_ContentInfo *cms, X509 *signer, const char *ca_path,
		       struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	_cleanup_(dg_cleanup_certs) STACK_OF(X509) *trusted = NULL;
	_cleanup_(dg_cleanup_store) X509_STORE *store = X509_STORE_new();
	_cleanup_(dg_cleanup_certs) STACK_OF(X509) *others = NULL;
	X509_VERIFY_PARAM *param;
	int r;

	r = read_certs(ca_path, &trusted, failure);
	if (r < 0)
		return r;
	others = CMS_get1_certs(cms);
	if (!ctx || !store || !others)
		return no_memory(failure);
	for (int i = 0; i < sk_X509_num(trusted); i++)
		if (!X509_STORE_add_cert(store, sk_X509_value(trusted, i)))
			return no_memory(failure);
	if (!X509_STORE_CTX_init(ctx, store, signer, others))
		return no_memory(failure);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	if (X509_verify_cert(ctx) != 1)
		return refuse_chain(ctx, signer, ca_path, failure);
	return 0;
}

int dg_signature_check(const void *data, size_t size, const void *signature, size_t signature_size,
		       const char *ca_path, struct dg_signature_signer *ret_signer,
		       struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_cms) CMS_ContentInfo *cms = NULL;
	X509 *signer = NULL;
	int r;

	if (size > INT_MAX)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -EFBIG, "the object");
	r = decode(signature, signature_size, &cms, failure);
	if (r >= 0)
		r = check_form(cms, failure);
	if (r >= 0)
		r = check_bytes(cms, data, size, &signer, failure);
	if (r >= 0)
		r = check_key(X509_get0_pubkey(signer), failure);
	if (r >= 0)
		r = check_chain(cms, signer, ca_path, failure);
	if (r >= 0)
		r = check_signing_cert(signer, failure);
	ERR_clear_error();
	if (r < 0)
		return r;
	if (ret_signer)
		describe(signer, ret_signer);
	return 0;
}
