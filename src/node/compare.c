/* O1: do the OAuth keys of other clusters agree with ours? Asked of their nodes, over connections that tomcat-trust vouches for. */
#include <stdlib.h>
#include <string.h>

#include "node/fetch.h"
#include "node/internal.h"
#include "node/probe.h"
#include "node/trust.h"

enum { TIMEOUT_MS = 10000, MAX_PEERS = 100, HTTP_OK = 200 };

struct comparison {
	struct uc_node *node;
	const json_t *ours;
	const char *account, *password;
};

/* What the peer presents must be trusted: its leaf's key, appended to spki, is then the only one that gets the password. */
static enum uc_status find_key(struct uc_node *n, const char *peer, struct uc_buf *spki, struct uc_error *e)
{
	char host[256];
	char port[8];
	bool trusted = false;
	UC_CLEANUP(uc_freep) char *reason = NULL;
	UC_CLEANUP(uc_probe_free) struct uc_probe seen = {.address = ""};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_peer_split(peer, host, port, e));
	UC_TRY(uc_probe_tls(host, port, NULL, UC_PROBE_ANY, TIMEOUT_MS, &seen, e));
	UC_TRY(uc_reader_borrow(n, &reader, e));
	const struct uc_cert *leaf = seen.chain.items[0];
	UC_TRY(uc_trust_judge(reader.store, n->name, "tomcat-trust", leaf, &seen.chain, host, &trusted, &reason, e));
	if (!trusted)
		return uc_fail(e, UC_EREFUSED, "peer-not-trusted",
		               "Upload that certificate to tomcat-trust, if it is the one of the other cluster.", "%s", reason);
	uc_buf_add_slice(spki, leaf->spki);
	return UC_OK;
}

static const char *checksum(const json_t *keys, const char *which)
{
	return uc_json_member(json_object_get(keys, which), "checksum");
}

static enum uc_status ask(const struct comparison *c, const char *peer, struct uc_fetched *theirs, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf spki = UC_BUF_EMPTY;
	UC_TRY(find_key(c->node, peer, &spki, e));
	const struct uc_fetch request = {.method = "GET",
	                                 .peer = peer,
	                                 .path = "/api/v1/authz",
	                                 .account = c->account,
	                                 .password = c->password,
	                                 .pin = uc_buf_slice(&spki),
	                                 .timeout_ms = TIMEOUT_MS};
	UC_TRY(uc_fetch(&request, theirs, e));
	const char *why = uc_json_member(theirs->json, "detail");
	if (theirs->status != HTTP_OK)
		return uc_fail(e, UC_EREFUSED, "peer-refuses", "Check account and password: they must be right in every cluster.",
		               "%s answers with HTTP status %ld%s%s", peer, theirs->status, why[0] != '\0' ? ": " : "", why);
	if (checksum(theirs->json, "signing")[0] != '\0' && checksum(theirs->json, "encryption")[0] != '\0') return UC_OK;
	return uc_fail(e, UC_EUNREACHABLE, "bad-answer", "Check that the API of ucpkid is at this address.",
	               "the answer of %s holds no checksums of OAuth keys", peer);
}

static json_t *failed(const char *peer, const struct uc_error *why)
{
	return json_pack("{s:s, s:s, s:n, s:n, s:s, s:s}", "peer", peer, "state", "failed", "signing", "encryption", "detail", why->message,
	                 "hint", why->hint);
}

static const char differ_hint[] = "Each cluster makes keys of its own, and no command carries them over: sign in to each. What verifies "
                                  "tokens by itself finds the public signing key of each at /api/v1/oauth/jwks.";

static json_t *compare_one(const struct comparison *c, const char *peer, bool *equal)
{
	struct uc_error e;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched theirs = {.json = NULL};
	*equal = false;
	if (ask(c, peer, &theirs, &e) != UC_OK) return failed(peer, &e);
	bool signing = strcmp(checksum(c->ours, "signing"), checksum(theirs.json, "signing")) == 0;
	bool encryption = strcmp(checksum(c->ours, "encryption"), checksum(theirs.json, "encryption")) == 0;
	*equal = signing && encryption;
	const char *detail = *equal       ? "both keys are the same"
	                     : signing    ? "the encryption key is another one"
	                     : encryption ? "the signing key is another one"
	                                  : "both keys are other ones";
	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:s}", "peer", peer, "state", *equal ? "equal" : "differs", "signing", signing,
	                 "encryption", encryption, "detail", detail, "hint", *equal ? "" : differ_hint);
}

enum uc_status uc_node_authz_compare(struct uc_node *n, const struct uc_strv *peers, const char *account, const char *password,
                                     json_t **out, struct uc_error *e)
{
	json_t *ours = NULL;
	*out = NULL;
	if (peers->count == 0 || peers->count > MAX_PEERS)
		return uc_fail_field(e, UC_EINPUT, "bad-peers", "peers", "Name one node of each other cluster as HOST:PORT.",
		                     "%zu nodes were named, between 1 and %d can be asked at once", peers->count, MAX_PEERS);
	UC_TRY(uc_node_authz(n, NULL, &ours, e));
	if (checksum(ours, "signing")[0] == '\0' || checksum(ours, "encryption")[0] == '\0') {
		json_decref(ours);
		return uc_fail(e, UC_EUNAVAILABLE, "no-token-keys", "show node list says what is wrong with this node.",
		               "this node does not have both keys of OAuth (yet), so there is nothing to compare");
	}
	const struct comparison c = {.node = n, .ours = ours, .account = account, .password = password};
	json_t *items = json_array();
	bool all = true;
	for (size_t i = 0; i < peers->count; i++) {
		bool equal;
		json_array_append_new(items, compare_one(&c, peers->items[i], &equal));
		all = all && equal;
	}
	json_decref(ours);
	*out = json_pack("{s:o, s:b}", "items", items, "equal", all);
	return UC_OK;
}
