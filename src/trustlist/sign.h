/* Digests and signatures (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2) of phone files, for the files of this room only. */
#ifndef UC_TRUSTLIST_SIGN_H
#define UC_TRUSTLIST_SIGN_H

#include "trustlist/header.h"

/* A file without its signature: what stands before it, and what after it. */
struct uc_tl_signed_parts {
	struct uc_slice before, after;
};

/*
 * Signs; appended to out. UC_EREFUSED "tlv-digest-off" when this machine's OpenSSL does not sign with that digest (some systems forbid
 * SHA-1), UC_EINTERNAL "openssl".
 */
enum uc_status uc_tl_sign(EVP_PKEY *key, unsigned digest, struct uc_tl_signed_parts parts, struct uc_buf *out, struct uc_error *e) UC_MUST;
/* *good: whether it is the signature of that RSA key. UC_EREFUSED "tlv-digest-off". */
enum uc_status uc_tl_check_signature(EVP_PKEY *key, unsigned digest, struct uc_tl_signed_parts parts, struct uc_slice signature, bool *good,
                                     struct uc_error *e) UC_MUST;
/* UC_EREFUSED "tlv-unsigned" for a header without a signature. */
enum uc_status uc_tl_check_signed(const struct uc_tl_header *h, struct uc_error *e) UC_MUST;
/* The digest by its code; appended to out. False for an unknown code. */
bool uc_tl_digest(unsigned code, struct uc_slice data, struct uc_buf *out) UC_MUST;
/* By OpenSSL's name ("MD5"), as lower-case hexadecimal. Free with free(). */
char *uc_tl_digest_hex(const char *name, struct uc_slice data) __attribute__((returns_nonnull));
/* "SHA-1", for people; "unknown digest" for an unknown code. Static. */
const char *uc_tl_digest_text(unsigned code);
/* The bits of a key by its code (tag 11), 0 for an unknown one; and the reverse: false for a size that has no code. */
unsigned uc_tl_modulus_bits(unsigned code);
bool uc_tl_modulus_code(unsigned bits, uint8_t *out) UC_MUST;

#endif
