/* Making certificates and requests (RFC 2986, RFC 5280), and reading requests. */
#ifndef UC_PKI_REQUEST_H
#define UC_PKI_REQUEST_H

#include <openssl/types.h>

#include "core/clock.h"
#include "core/text.h"
#include "pki/cert.h"

/* What a certificate or request asks for. All borrowed. Subject fields may be NULL or empty. */
struct uc_profile {
	const char *common_name;
	const char *country, *state, *locality, *organization, *unit;
	const struct uc_strv *sans;    /* in the form of uc_san_normalize() */
	unsigned key_usage;            /* UC_KU_ bits */
	const char *const *ekus;       /* NULL-terminated dotted OIDs, or NULL for none */
	bool ca;                       /* basicConstraints CA:TRUE, pathlen:0 */
	const char *digest;            /* "SHA256", ... */
	uc_time not_before, not_after; /* certificates only */
};

/*
 * A self-signed certificate with a random positive serial of 128 bits, subject and authority key identifiers. der is appended to. UC_EINPUT for a subject field that X.520
 * does not allow (country of two letters, lengths), naming the field.
 */
enum uc_status uc_cert_self_sign(const struct uc_profile *p, EVP_PKEY *key, struct uc_buf *der, struct uc_error *e) UC_MUST;
/* A PKCS#10 request with all extensions in one extensionRequest attribute and one SAN (C46). */
enum uc_status uc_csr_make(const struct uc_profile *p, EVP_PKEY *key, struct uc_buf *der, struct uc_error *e) UC_MUST;

/* A request, read. */
struct uc_csr {
	struct uc_slice subject; /* Name, whole; borrowed from the DER given */
	struct uc_slice spki;    /* borrowed */
	struct uc_strv sans;     /* owned */
	bool has_san;
};

/*
 * Reads a request that is exactly der, which must outlive out, and verifies its proof of possession (C45). UC_EINPUT "not-a-request" says what it looks like instead (C47);
 * "bad-proof" when the signature does not verify; "duplicate-extension". Release with uc_csr_free().
 */
enum uc_status uc_csr_read(struct uc_slice der, struct uc_csr *out, struct uc_error *e) UC_MUST;
void uc_csr_free(struct uc_csr *c);

#endif
