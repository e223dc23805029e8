/* Signed (.sgn) and encrypted (.enc.sgn) files for phones: a header (header.h) and the file, or its ciphertext. */
#ifndef UC_TRUSTLIST_SIGNED_H
#define UC_TRUSTLIST_SIGNED_H

#include "trustlist/header.h"

/* No file for phones that is larger is signed or read: firmware and locales go as they are. */
#define UC_SGN_MAX ((size_t)64 * 1024 * 1024)

/*
 * Signs a file; appended to out, content after the header unchanged. signing->file_name is the whole name that is asked for
 * ("SEP001122334455.cnf.xml.sgn"); signing->signer_version counts for lists only. key is that of signer. The errors of
 * uc_tl_signer_fits(); UC_EREFUSED "key-mismatch", "tlv-digest-off"; UC_EINPUT "tlv-digest", "tlv-time"; UC_ELIMIT "sgn-too-large".
 */
enum uc_status uc_sgn_write(const struct uc_tl_signing *signing, const struct uc_cert *signer, EVP_PKEY *key, struct uc_slice content,
                            struct uc_buf *out, struct uc_error *e) UC_MUST;

/* What makes encryption reproducible: for tests and for `utils file encrypt` with a key that is given. All borrowed. */
struct uc_enc_fixed {
	const uint8_t *key, *iv; /* 16 bytes each */
	struct uc_slice wrapped; /* the key, wrapped to the phone's certificate */
};
/*
 * Encrypts a configuration for the phone that has this certificate, with a new AES-128 key, and signs it; appended to out. fixed is NULL
 * but for tests, and then nothing is wrapped to phone. UC_EREFUSED "enc-needs-rsa": keys are wrapped to RSA keys only; the errors of
 * uc_sgn_write().
 */
enum uc_status uc_enc_write(const struct uc_tl_signing *signing, const struct uc_cert *signer, EVP_PKEY *key, const struct uc_cert *phone,
                            struct uc_slice content, const struct uc_enc_fixed *fixed, struct uc_buf *out, struct uc_error *e) UC_MUST;

/*
 * Splits a signed file: header (freed with uc_tl_header_free()) and what follows it, which points into file. findings may be NULL. The
 * errors of uc_tl_header_read(), and UC_ELIMIT "sgn-too-large".
 */
enum uc_status uc_sgn_read(struct uc_slice file, struct uc_tl_header *header, struct uc_slice *content, struct uc_findings *findings,
                           struct uc_error *e) UC_MUST;
/*
 * Decrypts an .enc.sgn with the phone's private key and holds the plaintext against its digest; its signature is uc_tl_header_verify()'s
 * question. UC_EINPUT "enc-not-encrypted", "enc-malformed"; UC_EREFUSED "enc-wrong-key", "enc-digest". Appended to out: wipe it.
 */
enum uc_status uc_enc_read(struct uc_slice file, EVP_PKEY *key, struct uc_buf *out, struct uc_error *e) UC_MUST;

#endif
