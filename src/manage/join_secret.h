/* The join secret: what a publisher gives out for one new node, and how both sides prove that they have it. How it is used: node/join.h. */
#ifndef UC_MANAGE_JOIN_SECRET_H
#define UC_MANAGE_JOIN_SECRET_H

#include <jansson.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "pki/seal.h"

#define UC_JOIN_PREFIX "ucpki-join-1."

enum { UC_JOIN_ID_LEN = 8, UC_JOIN_SECRET_LEN = 20 /* 160 random bits */, UC_JOIN_HOURS = 24 };

struct uc_join_secret {
	uint8_t id[UC_JOIN_ID_LEN];
	uint8_t secret[UC_JOIN_SECRET_LEN];
	uint8_t publisher[UC_FINGERPRINT_LEN]; /* SHA-256 of the publisher's node certificate */
};

/* As text: UC_JOIN_PREFIX and base64url without padding. Free with uc_secret_free(). */
char *uc_join_secret_write(const struct uc_join_secret *s) __attribute__((returns_nonnull));
/* Blanks and line ends around it do not matter. UC_EINPUT "bad-join-secret" otherwise, without quoting it. */
enum uc_status uc_join_secret_read(const char *text, struct uc_join_secret *out, struct uc_error *e) UC_MUST;
/* HMAC-SHA256 under the secret over the compact JSON, members sorted, of request without its member "mac". */
void uc_join_mac(const uint8_t secret[UC_JOIN_SECRET_LEN], const json_t *request, uint8_t mac[32]);

#endif
