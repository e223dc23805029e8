/* The two envelopes of a token, each in one form only: JWS with RS256 (RFC 7515), JWE with "dir" and A256GCM (RFC 7516), compact. The only file that knows cjose. */
#ifndef UC_KEYS_TOKEN_JOSE_H
#define UC_KEYS_TOKEN_JOSE_H

#include "keys/token.h"

/* Signs a payload; type is the header's "typ". *out is freed with uc_secret_free(). */
enum uc_status uc_jws_make(const struct uc_token_keys *k, const char *type, struct uc_slice payload, char **out,
                           struct uc_error *e) UC_MUST;
/* Verifies one whose header is exactly ours, and gives its payload (appended). UC_EAUTH "token-invalid", "token-replaced-key" when another key is named. */
enum uc_status uc_jws_open(const struct uc_token_keys *k, const char *type, struct uc_slice token, struct uc_buf *payload,
                           struct uc_error *e) UC_MUST;
/* The same for encryption. The payload is a secret: wipe it. */
enum uc_status uc_jwe_make(const struct uc_token_keys *k, struct uc_slice payload, char **out, struct uc_error *e) UC_MUST;
enum uc_status uc_jwe_open(const struct uc_token_keys *k, struct uc_slice token, struct uc_buf *payload, struct uc_error *e) UC_MUST;

/* What both refuse with. */
enum uc_status uc_token_invalid(const char *why, struct uc_error *e);
enum uc_status uc_token_replaced(const char *which, struct uc_error *e);

#endif
