/*
 * What goes over the wire when a node joins (join.h), both sides of it, without a network: what one side makes the other one reads.
 */
#ifndef UC_NODE_JOIN_WIRE_H
#define UC_NODE_JOIN_WIRE_H

#include "keys/keys.h"
#include "node/join.h"

/* How far the clocks of two nodes may be apart. */
#define UC_JOIN_CLOCK_SECONDS 300

/* ---- the node that joins ---- */

/* The request. mac gets its proof, which the answer must be about. Owned. */
json_t *uc_join_request_make(const struct uc_join_secret *secret, const struct uc_keys *keys, const struct uc_join_wish *wish,
                             uint8_t mac[32]) __attribute__((returns_nonnull));
/*
 * Reads the answer to the request with this mac. UC_EREFUSED "publisher-not-authentic" when it is not by the publisher who gave out the secret, or not an answer to this request; the errors of uc_unseal(); UC_EREFUSED
 * "bad-answer" when it is authentic and cannot be read, "clock-off"; UC_ECONFLICT "other-node" when name is another one than the secret was made for.
 */
enum uc_status uc_join_answer_read(const struct uc_join_secret *secret, struct uc_keys *keys, const char *name, const uint8_t mac[32],
                                   const json_t *answer, struct uc_join_told *out, struct uc_error *e) UC_MUST;
/* The publisher's refusal, of whatever shape, as a failure with the publisher's own id, message and hint. UC_EREFUSED; UC_ECONFLICT for "other-node", UC_EUNAVAILABLE when it cannot work at the moment (HTTP 503). */
enum uc_status uc_join_refused(const char *publisher, long status, const json_t *problem, struct uc_error *e) UC_MUST;

/* ---- the publisher ---- */

struct uc_join_request {
	char id[2 * UC_JOIN_ID_LEN + 1]; /* in lower case */
	const char *publisher; /* the fingerprint of the publisher that it wants, in hexadecimal; borrowed from the JSON, as is what follows */
	const char *node, *domain; /* "" when the node takes any */
	const char *guid;
	const char *certificate; /* base64 */
	struct uc_cert *cert;    /* owned */
	uc_time at;
	uint8_t mac[32];
};
void uc_join_request_free(struct uc_join_request *r);
/* Reads what can be read without knowing the secret. UC_EINPUT "bad-join-request" names the member; a certificate must be self-signed, for a P-256 key. */
enum uc_status uc_join_request_read(const json_t *request, struct uc_join_request *out, struct uc_error *e) UC_MUST;
/* Was the request made by somebody who has the secret? */
bool uc_join_request_proven(const struct uc_join_request *r, const json_t *request, const uint8_t secret[UC_JOIN_SECRET_LEN]);
/* UC_EREFUSED "clock-off", with both times, when at is not the time now. whose: "this node" or "the publisher": where at was taken. */
enum uc_status uc_join_clock(uc_time at, uc_time now, const char *whose, const char *other, struct uc_error *e) UC_MUST;
/* Seals what the node is told to its certificate, and signs. Owned. */
enum uc_status uc_join_answer_make(struct uc_keys *keys, const struct uc_join_request *r, const json_t *told, json_t **out,
                                   struct uc_error *e) UC_MUST;

#endif
