/*
 * OAuth tokens (RFC 6749, RFC 9068): access tokens are JWTs, signed with the authz key (JWS, RS256); refresh tokens are the same, encrypted with the encryption key besides (JWE, "dir" with A256GCM). Both
 * name both keys, so that replacing either puts an end to every token that was made under it. Made and read with cjose.
 *
 * Claims: iss and aud (the cluster), sub and client_id (the account), role, iat, exp, jti, use ("access" or "refresh"), cred (what changes with the account's password), ekid (the id of the encryption key); the JOSE header names the signing key as kid,
 * that of the JWE the encryption key.
 */
#ifndef UC_KEYS_TOKEN_H
#define UC_KEYS_TOKEN_H

#include <jansson.h>

#include "keys/keys.h"

/* The keys in force. Zero-initialise; release with uc_token_keys_free(). */
struct uc_token_keys {
	EVP_PKEY *signing;              /* RSA, owned */
	char signing_id[UC_KEY_ID_LEN]; /* the SHA-256 of its public key */
	uint8_t encryption[32];
	char encryption_id[UC_KEY_ID_LEN];
	bool whole; /* both are there */
};
void uc_token_keys_free(struct uc_token_keys *k);

enum uc_token_use { UC_TOKEN_ACCESS, UC_TOKEN_REFRESH };

/* Longer ones are refused before anything of them is read. */
#define UC_TOKEN_MAX 8192

#define UC_TOKEN_ACCESS_SECONDS 3600
#define UC_TOKEN_REFRESH_SECONDS (60 * UC_DAY)

/* Whom a token is for; borrowed. */
struct uc_token_subject {
	const char *issuer; /* the cluster */
	const char *account, *role;
	const char *credential; /* what changes with the account's password */
};

/* Makes a token; *out is freed with uc_secret_free(). UC_EUNAVAILABLE "no-token-keys" when the keys are not whole. */
enum uc_status uc_token_make(const struct uc_token_keys *k, enum uc_token_use use, const struct uc_token_subject *subject, uc_time now,
                             char **out, struct uc_error *e) UC_MUST;
/*
 * Reads a token of either use and says whether it is good now: *claims (owned) when it is. Whether the account is still there, with the same password, is for the caller to say. UC_EAUTH "token-invalid" (not a token of this cluster, damaged, an algorithm other than ours), "token-expired",
 * "token-replaced-key" when it was made under a key that is no longer in force; UC_EUNAVAILABLE as uc_token_make().
 */
enum uc_status uc_token_read(const struct uc_token_keys *k, const char *issuer, const char *token, uc_time now, enum uc_token_use *use,
                             json_t **claims, struct uc_error *e) UC_MUST;
/* The JWK Set (RFC 7517) with the public signing key: {"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid","n","e"}]}, or none without that key; owned. */
json_t *uc_token_jwks(const struct uc_token_keys *k);

#endif
