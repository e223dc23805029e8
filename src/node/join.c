/* Joining a cluster: the new node's side. */
#include "node/join.h"

#include <stdlib.h>
#include <string.h>

#include "node/fetch.h"
#include "node/join_wire.h"

enum { TIMEOUT_MS = 60000, HTTP_OK = 200 };

void uc_join_told_free(struct uc_join_told *t)
{
	if (t->store != NULL) uc_secret_free(t->store, strlen(t->store));
	free(t->node);
	free(t->domain);
	free(t->roles);
	uc_buf_free(&t->founder);
	*t = (struct uc_join_told){.node = NULL};
}

enum uc_status uc_join_ask(const char *publisher, const struct uc_join_secret *secret, struct uc_keys *keys,
                           const struct uc_join_wish *wish, struct uc_join_told *out, struct uc_error *e)
{
	uint8_t mac[32];
	json_t *request = uc_join_request_make(secret, keys, wish, mac);
	const struct uc_fetch ask = {
	    .method = "POST", .peer = publisher, .path = "/api/v1/cluster/join", .body = request, .timeout_ms = TIMEOUT_MS};
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct uc_error why;
	enum uc_status status = uc_fetch(&ask, &got, &why);
	json_decref(request);
	if (status == UC_EUNREACHABLE)
		return uc_fail(e, status, "publisher-unreachable", why.hint, "the publisher cannot be asked: %s", why.message);
	if (status != UC_OK) return uc_fail(e, status, why.id, why.hint, "%s", why.message);
	if (got.status != HTTP_OK) return uc_join_refused(publisher, got.status, got.json, e);
	return uc_join_answer_read(secret, keys, wish->name, mac, got.json, out, e);
}
