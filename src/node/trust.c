/* T1: is a peer trusted by a store, by which chain, and if not, exactly which certificate is missing. */
#include <stdlib.h>
#include <string.h>

#include "manage/upload.h"
#include "node/internal.h"
#include "node/probe.h"
#include "node/trust.h"
#include "pki/name.h"
#include "pki/path.h"
#include "pki/report.h"

enum { PEER_TIMEOUT_MS = 10000 };

static enum uc_status holds(const char *node, struct uc_store *store, const char *trust_store, const struct uc_cert *c, bool *held,
                            struct uc_error *e)
{
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	UC_TRY(uc_store_trust(store, trust_store, node, NULL, uc_cert_fingerprint_hex(c, fp), 1, &found, e));
	*held = found.count > 0;
	return UC_OK;
}

static enum uc_status link_json(const char *node, struct uc_store *store, const char *trust_store, const struct uc_path *path, size_t i,
                                json_t **out, struct uc_error *e)
{
	const struct uc_cert *c = path->chain.items[i];
	char fp[UC_FINGERPRINT_HEX];
	char until[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	UC_CLEANUP(uc_freep) char *subject = uc_name_text(c->subject);
	bool held = false;
	if (trust_store != NULL) UC_TRY(holds(node, store, trust_store, c, &held, e));
	bool broken = !path->ok && (int)i == path->depth;
	*out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?}", "label", label, "subject", subject, "fingerprint",
	                 uc_cert_fingerprint_hex(c, fp), "state", uc_cert_state(c, uc_now()), "link", broken ? path->code : "ok", "not_after",
	                 c->not_after.ok ? uc_time_rfc3339(c->not_after.value, until) : "", "in_store", held ? trust_store : NULL);
	return UC_OK;
}

static json_t *missing_json(const struct uc_path *path, const char *trust_store)
{
	if (path->ok || path->missing_subject == NULL) return json_null();
	return json_pack("{s:s, s:s?, s:s?}", "subject", path->missing_subject, "key_id", path->missing_key_id, "store", trust_store);
}

static enum uc_status path_json(const char *node, struct uc_store *store, const char *trust_store, const struct uc_path *path, json_t **out,
                                struct uc_error *e)
{
	json_t *items = json_array();
	for (size_t i = 0; i < path->chain.count; i++) {
		json_t *link = NULL;
		enum uc_status status = link_json(node, store, trust_store, path, i, &link, e);
		if (status != UC_OK) {
			json_decref(items);
			return status;
		}
		json_array_append_new(items, link);
	}
	*out = json_pack("{s:o, s:b, s:o, s:s}", "items", items, "complete", path->ok, "missing", missing_json(path, trust_store), "reason",
	                 path->ok ? "" : path->message);
	return UC_OK;
}

/*
 * Builds the best path of leaf over what it came with and what the store holds. Roots that it came with vouch for nothing: only the store's own do. The leaf is an anchor
 * itself when the store holds it, and, unless trusted_only, when it is self-signed: then it is its own chain. A leaf that is no anchor must name the host (NULL: any).
 */
static enum uc_status best_path(const char *node, struct uc_store *store, const char *trust_store, const struct uc_cert *leaf,
                                const struct uc_certs *with, bool trusted_only, const char *host, struct uc_path *path, struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs intermediates = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs anchors = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs from = {.items = NULL};
	bool held = false;
	uc_certs_take(&from, uc_cert_dup(leaf));
	for (size_t i = 0; with != NULL && i < with->count; i++) {
		uc_certs_take(&from, uc_cert_dup(with->items[i]));
		if (!uc_cert_self_signed(with->items[i])) uc_certs_take(&intermediates, uc_cert_dup(with->items[i]));
	}
	if (trust_store != NULL) {
		UC_TRY(uc_pool_gather(store, trust_store, node, &from, &intermediates, &anchors, e));
		UC_TRY(holds(node, store, trust_store, leaf, &held, e));
	}
	if (held || (!trusted_only && uc_cert_self_signed(leaf))) uc_certs_take(&anchors, uc_cert_dup(leaf));
	struct uc_path_options options = {
	    .at = uc_now(), .host = held ? NULL : host, .v1_anchors = true, .allow_weak = true, .partial_anchors = held && trusted_only};
	uc_path_build(leaf, &intermediates, &anchors, &options, path);
	return UC_OK;
}

enum uc_status uc_chain_json(const char *node, struct uc_store *store, const char *trust_store, const struct uc_cert *leaf,
                             const struct uc_certs *known, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_path_free) struct uc_path path = {.ok = false};
	UC_TRY(best_path(node, store, trust_store, leaf, known, false, NULL, &path, e));
	return path_json(node, store, trust_store, &path, out, e);
}

/* ---- the trust question ---- */

/* The answer in a sentence. Free with free(). */
static char *reason_text(const struct uc_cert *leaf, const char *trust_store, const struct uc_path *path)
{
	UC_CLEANUP(uc_freep) char *label = uc_upload_name(leaf);
	if (path->ok) return uc_sprintf("%s is trusted by %s", label, trust_store);
	if (path->missing_subject == NULL) return uc_sprintf("%s is not trusted by %s: %s", label, trust_store, path->message);
	return uc_sprintf("%s is not trusted by %s: upload the certificate of %s (key identifier %s) to %s", label, trust_store,
	                  path->missing_subject, path->missing_key_id != NULL ? path->missing_key_id : "unknown", trust_store);
}

enum uc_status uc_trust_judge(struct uc_store *store, const char *node, const char *trust_store, const struct uc_cert *leaf,
                              const struct uc_certs *with, const char *host, bool *trusted, char **reason, struct uc_error *e)
{
	UC_CLEANUP(uc_path_free) struct uc_path path = {.ok = false};
	UC_TRY(best_path(node, store, trust_store, leaf, with, true, host, &path, e));
	*trusted = path.ok;
	*reason = reason_text(leaf, trust_store, &path);
	return UC_OK;
}

static enum uc_status answer(struct uc_node *n, const char *store_name, const struct uc_cert *leaf, const struct uc_certs *with,
                             json_t **out, struct uc_error *e)
{
	const struct uc_trust_store *trust_store;
	UC_TRY(uc_trust_store_find(store_name, &trust_store, e));
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_CLEANUP(uc_path_free) struct uc_path path = {.ok = false};
	UC_TRY(best_path(n->name, reader.store, trust_store->name, leaf, with, true, NULL, &path, e));
	json_t *chain = NULL;
	UC_TRY(path_json(n->name, reader.store, trust_store->name, &path, &chain, e));
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	struct uc_task_context ctx = uc_node_context(n, reader.store);
	uc_upload_check(&ctx, leaf, UC_ROLE_ANY, true, &findings);
	uc_findings_move(&findings, &path.findings, NULL);
	UC_CLEANUP(uc_freep) char *reason = reason_text(leaf, trust_store->name, &path);
	*out = json_pack("{s:b, s:s, s:s, s:s, s:O, s:O, s:o}", "trusted", path.ok, "store", trust_store->name, "code",
	                 path.ok ? "trusted" : path.code, "reason", reason, "chain", json_object_get(chain, "items"), "missing",
	                 json_object_get(chain, "missing"), "findings", uc_report_findings(&findings));
	json_decref(chain);
	return UC_OK;
}

enum uc_status uc_node_trust_check(struct uc_node *n, const char *store, struct uc_slice file, const char *password, json_t **out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings ignored = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
	struct uc_task_request req = {.content = file, .password = password};
	UC_TRY(uc_upload_read(&req, &certs, &ignored, e));
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(certs.count, sizeof *order);
	UC_CLEANUP(uc_freep) size_t *chain = uc_zalloc(certs.count, sizeof *chain);
	uc_chain_order(&certs, order, chain);
	return answer(n, store, certs.items[order[0]], &certs, out, e);
}

enum uc_status uc_node_trust_peer(struct uc_node *n, const char *store, const char *peer, const char *name, json_t **out,
                                  struct uc_error *e)
{
	char host[256];
	char port[8];
	const struct uc_trust_store *known;
	UC_TRY(uc_trust_store_find(store, &known, e)); /* before a peer is troubled */
	UC_TRY(uc_peer_split(peer, host, port, e));
	UC_CLEANUP(uc_probe_free) struct uc_probe seen = {.address = ""};
	UC_TRY(uc_probe_tls(host, port, name, UC_PROBE_ANY, PEER_TIMEOUT_MS, &seen, e));
	return answer(n, store, seen.chain.items[0], &seen.chain, out, e);
}
