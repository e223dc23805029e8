/*
 * Joining a cluster: no trust on first use. The publisher gives out a join secret, good once and for some hours:
 *   "ucpki-join-1." and the base64url (without padding) of: id (8 bytes), secret (20 random bytes), SHA-256 of the publisher's node certificate (32).
 *
 * The new node posts to /api/v1/cluster/join
 *   {"id":HEX,"publisher":HEX,"node":NAME,"domain":DOMAIN,"certificate":BASE64 DER,"guid":UUID,"time":"...Z","version":V,"mac":BASE64}
 * where mac is HMAC-SHA256 under the secret over the compact JSON with sorted members of the rest: so its certificate is known to come from who has the secret, which itself is never sent. publisher is the
 * fingerprint that the secret names, node and domain what the node is to be called ("": as the secret says): what the node would not accept is refused before anything is changed. The answer is
 *   {"certificate":BASE64 DER of the publisher,"sealed":BASE64,"signature":BASE64}
 * sealed (pki/seal.h) to the new node's certificate; the signature is the publisher's over the request's mac followed by the sealed bytes. The publisher's certificate must have the fingerprint of the join
 * secret. So neither side has to trust the connection. Inside is
 *   {"node","domain","roles","store":CONNECTION STRING,"founder":BASE64 DER,"head":{"number","hash"},"cluster":HASH OF CHANGE 1,"time":"...Z"}.
 * The new node then replays the log and holds it against the head that it was told. Until it has made its first change (its installation), repeating the request with the same certificate repeats the answer,
 * with fresh credentials; with another one it is refused.
 */
#ifndef UC_NODE_JOIN_H
#define UC_NODE_JOIN_H

#include <jansson.h>

#include "manage/join_secret.h"

/* What a new node is told. Zero-initialise; release with uc_join_told_free(), which wipes. */
struct uc_join_told {
	char *node, *domain, *roles;
	char *store; /* the connection string */
	struct uc_buf founder;
	int64_t head;
	char hash[65];
};
void uc_join_told_free(struct uc_join_told *t);

/* Who wants to join; borrowed. name and domain may be NULL: those that the secret was made for. */
struct uc_join_wish {
	const char *name, *domain, *guid;
};

struct uc_keys;
/*
 * Asks the publisher at "HOST:PORT". UC_ECONFLICT "other-node" when the wish is another one than the secret was made for. UC_EUNREACHABLE "publisher-unreachable"; UC_EREFUSED
 * "publisher-not-authentic" when the answer is not that of the publisher who gave out the secret; the publisher's own refusals ("join-secret-wrong", "join-secret-used", "join-secret-expired", "clock-off",
 * "not-publisher", "not-shared") as UC_EREFUSED, but UC_EUNAVAILABLE when it only cannot do it at the moment. The other errors of uc_join_answer_read() and uc_fetch().
 */
enum uc_status uc_join_ask(const char *publisher, const struct uc_join_secret *secret, struct uc_keys *keys,
                           const struct uc_join_wish *wish, struct uc_join_told *out, struct uc_error *e) UC_MUST;

#endif
