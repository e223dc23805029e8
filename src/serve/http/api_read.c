/* The routes that ask. */
#include <stdlib.h>
#include <string.h>

#include "node/probe.h"
#include "pki/report.h"
#include "serve/http/api_internal.h"

enum { PROBE_TIMEOUT_MS = 10000 };

static struct uc_node *node_of(void *ctx)
{
	return ((struct uc_session *)ctx)->node;
}

/* ---- questions ---- */

void uc_api_get_status(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	uc_api_reply(r, UC_OK, uc_node_status(node_of(ctx)), NULL);
}

void uc_api_get_purposes(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)ctx;
	(void)call;
	uc_api_reply(r, UC_OK, uc_node_purposes(), NULL);
}

void uc_api_get_stores(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_stores(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

static enum uc_status read_find(const struct uc_route_call *call, struct uc_find *f, struct uc_error *e)
{
	const char *usage = uc_route_query(call, "usage");
	if (usage != NULL && strcmp(usage, "own") != 0 && strcmp(usage, "trust") != 0)
		return uc_fail_field(e, UC_EINPUT, "bad-usage", "usage", "Use own or trust.", "'%s' is not a usage", usage);
	f->usage = usage;
	f->node = uc_route_query(call, "node");
	UC_CLEANUP(uc_strv_free) struct uc_strv where = {.items = NULL};
	uc_route_query_all(call, "where", &where);
	for (size_t i = 0; i < where.count; i++) UC_TRY(uc_find_where(f, where.items[i], e));
	const char *match = uc_route_query(call, "match");
	if (match != NULL && strcmp(match, "all") != 0 && strcmp(match, "any") != 0)
		return uc_fail_field(e, UC_EINPUT, "bad-match", "match", "Use all or any.", "'%s' is not a way to combine conditions", match);
	f->any = match != NULL && strcmp(match, "any") == 0;
	if (uc_route_query(call, "sort") != NULL) UC_TRY(uc_find_sort(f, uc_route_query(call, "sort"), e));
	unsigned long long limit;
	UC_TRY(uc_route_number(call, "limit", 1, UC_API_MAX_LIMIT, UC_API_DEFAULT_LIMIT, &limit, e));
	f->limit = limit;
	if (uc_route_query(call, "cursor") != NULL) UC_TRY(uc_find_cursor(f, uc_route_query(call, "cursor"), e));
	return UC_OK;
}

void uc_api_list_certs(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = NULL};
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = read_find(call, &f, &e);
	if (status == UC_OK) status = uc_node_find(node_of(ctx), &f, &json, &e);
	uc_api_reply(r, status, json, &e);
}

/* A certificate's place: from the path own/{purpose} or trust/{store}/{name}, and the node from the query. */
struct place {
	const char *node; /* NULL: this one */
	bool own;
	const char *unit;
	const char *name;
};

static struct place place_of(const struct uc_route_call *call)
{
	bool own = strstr(call->route->pattern, "/own/") != NULL;
	return (struct place){.node = uc_route_query(call, "node"),
	                      .own = own,
	                      .unit = uc_route_param(call, own ? "purpose" : "store"),
	                      .name = own ? "" : uc_route_param(call, "name")};
}

void uc_api_get_cert(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	struct place p = place_of(call);
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_cert(node_of(ctx), p.node, p.own, p.unit, p.name, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_chain(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	struct place p = place_of(call);
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_chain(node_of(ctx), p.node, p.own, p.unit, p.name, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_send_file(struct uc_http_response *r, enum uc_status status, struct uc_buf *bytes, const char *type, const char *file,
                      const struct uc_error *e)
{
	if (status != UC_OK) {
		uc_problem_write(r, e, NULL);
		return;
	}
	snprintf(r->content_type, sizeof r->content_type, "%s", type);
	uc_http_add_header(r, "Content-Disposition", "attachment; filename=\"%s\"", file);
	uc_buf_free(&r->body);
	r->body = *bytes;
	*bytes = UC_BUF_EMPTY;
}

void uc_api_get_cert_content(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	struct place p = place_of(call);
	const char *format = uc_route_query(call, "format");
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	char type[96];
	char file[96];
	struct uc_error e;
	enum uc_status status =
	    uc_node_content(node_of(ctx), p.node, p.own, p.unit, p.name, format != NULL ? format : "pem", &bytes, type, file, &e);
	uc_api_send_file(r, status, &bytes, type, file, &e);
}

void uc_api_get_overview(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_overview(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_inspect(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_api_check_upload(call, &e);
	if (status == UC_OK)
		status = uc_node_inspect(node_of(ctx), call->request->body, uc_http_header(call->request, "UCPKI-Password"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_csr_defaults(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_request_defaults(node_of(ctx), uc_route_query(call, "node"), uc_route_param(call, "purpose"),
	                                                 uc_route_query(call, "distribution"), uc_route_query(call, "key"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_list_csrs(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_requests(node_of(ctx), uc_route_query(call, "node"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_csr(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_request(node_of(ctx), uc_route_query(call, "node"), uc_route_param(call, "purpose"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_csr_content(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	const char *format = uc_route_query(call, "format");
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	char type[96];
	char file[96];
	struct uc_error e;
	enum uc_status status = uc_node_request_content(node_of(ctx), uc_route_query(call, "node"), uc_route_param(call, "purpose"),
	                                                format != NULL ? format : "pem", &bytes, type, file, &e);
	uc_api_send_file(r, status, &bytes, type, file, &e);
}

void uc_api_list_changes(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	size_t limit = 0;
	int64_t before = 0;
	json_t *json = NULL;
	struct uc_error e;
	const struct uc_log_filter filter = {
	    .object = uc_route_query(call, "object"),
	    .search = uc_route_query(call, "search"),
	    .who = uc_route_query(call, "who"),
	    .task = uc_route_query(call, "task"),
	    .node = uc_route_query(call, "node"),
	    .from = uc_route_query(call, "from"),
	    .to = uc_route_query(call, "to"),
	};
	enum uc_status status = uc_api_page(call, &before, &limit, &e);
	if (status == UC_OK) status = uc_node_changes(node_of(ctx), &filter, before, limit, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_change(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	int64_t number = 0;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_api_change_number(call, &number, &e);
	if (status == UC_OK) status = uc_node_change(node_of(ctx), number, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_probe(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)ctx;
	const char *peer = uc_route_query(call, "peer");
	char host[256];
	char port[8];
	UC_CLEANUP(uc_probe_free) struct uc_probe seen = {.address = ""};
	struct uc_error e;
	enum uc_status status =
	    peer == NULL ? uc_fail_field(&e, UC_EINPUT, "argument-missing", "peer", "Give it as HOST:PORT.", "the parameter peer is missing")
	                 : uc_peer_split(peer, host, port, &e);
	if (status == UC_OK) status = uc_probe_tls(host, port, uc_route_query(call, "name"), UC_PROBE_ANY, PROBE_TIMEOUT_MS, &seen, &e);
	json_t *json = NULL;
	if (status == UC_OK) {
		json_t *certs = json_array();
		for (size_t i = 0; i < seen.chain.count; i++) json_array_append_new(certs, uc_report_cert(seen.chain.items[i], uc_now()));
		char fp[UC_FINGERPRINT_HEX];
		json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "peer", peer, "address", seen.address, "protocol_version", seen.version,
		                 "cipher", seen.cipher, "key_type", uc_key_info_of(seen.chain.items[0]->spki).text, "fingerprint",
		                 uc_cert_fingerprint_hex(seen.chain.items[0], fp), "certificates", certs);
	}
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_trust_check(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	const char *peer = uc_route_query(call, "peer");
	const char *store = uc_route_param(call, "store");
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_api_check_upload(call, &e);
	if (status == UC_OK)
		status = peer != NULL ? uc_node_trust_peer(node_of(ctx), store, peer, uc_route_query(call, "name"), &json, &e)
		                      : uc_node_trust_check(node_of(ctx), store, call->request->body,
		                                            uc_http_header(call->request, "UCPKI-Password"), &json, &e);
	uc_api_reply(r, status, json, &e);
}
