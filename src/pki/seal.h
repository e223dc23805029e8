/*
 * Sealing: bytes for one or several nodes only, as CMS AuthEnvelopedData (RFC 5083, RFC 5652) with AES-256-GCM; each recipient is found by its certificate (EC keys by key agreement, RFC 5753). And the
 * signatures by which nodes know each other's words: ECDSA with SHA-256.
 */
#ifndef UC_PKI_SEAL_H
#define UC_PKI_SEAL_H

#include <openssl/types.h>

#include "pki/cert.h"

/* Seals data to every one of these certificates (at least one). DER appended to out. UC_EINPUT "bad-recipient" names the certificate that cannot be sealed to. */
enum uc_status uc_seal(struct uc_slice data, const struct uc_certs *recipients, struct uc_buf *out, struct uc_error *e) UC_MUST;
/*
 * Opens what was sealed, with one recipient's certificate and key. The bytes are appended to out: wipe them. UC_EREFUSED "sealed-to-others" when it is not among the recipients,
 * UC_EINPUT "seal-broken" when it is damaged or was changed, or is CMS of another form than uc_seal() makes.
 */
enum uc_status uc_unseal(struct uc_slice sealed, const struct uc_cert *cert, EVP_PKEY *key, struct uc_buf *out, struct uc_error *e) UC_MUST;

/* Is this the signature of the certificate's key over data? */
bool uc_signature_ok(const struct uc_cert *cert, struct uc_slice data, struct uc_slice signature);
/* HMAC with SHA-256 (RFC 2104). */
void uc_hmac_sha256(struct uc_slice key, struct uc_slice data, uint8_t out[32]);
/* Compares without telling by its time where they differ. */
bool uc_equal_secret(struct uc_slice a, struct uc_slice b);

#endif
