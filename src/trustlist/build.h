/* Making headers and signing what follows them, for the files of this room only. */
#ifndef UC_TRUSTLIST_BUILD_H
#define UC_TRUSTLIST_BUILD_H

#include "trustlist/header.h"

struct uc_tl_build {
	const struct uc_tl_signing *signing;
	const struct uc_cert *signer;
	uint8_t major, minor;
	bool with_signer_version; /* as signing says; otherwise there is none */
	struct uc_slice more;     /* elements after the time */
};

/*
 * May this signer, with this time and digest, sign a file for phones? The errors of uc_tl_signer_fits(), and UC_EINPUT "tlv-digest",
 * "tlv-time".
 */
enum uc_status uc_tl_build_check(const struct uc_tl_build *b, struct uc_error *e) UC_MUST;
/*
 * The header as it is signed: without its signature, but with padding and a length that count it. Appended to out; *signature_at is where
 * (in out) the signature goes. The errors of uc_tl_build_check(), and UC_ELIMIT "tlv-too-large".
 */
enum uc_status uc_tl_build_header(const struct uc_tl_build *b, struct uc_buf *out, size_t *signature_at, struct uc_error *e) UC_MUST;
/* A whole signed file: header, signature, content. Appended to out. Also UC_EREFUSED "key-mismatch" when key is not the signer's. */
enum uc_status uc_tl_build_file(const struct uc_tl_build *b, EVP_PKEY *key, struct uc_slice content, struct uc_buf *out,
                                struct uc_error *e) UC_MUST;
/* The same with a signature that was made elsewhere; UC_EINPUT "tlv-signature" when it has another length than the signer's. */
enum uc_status uc_tl_build_signed(const struct uc_tl_build *b, struct uc_slice signature, struct uc_slice content, struct uc_buf *out,
                                  struct uc_error *e) UC_MUST;

#endif
