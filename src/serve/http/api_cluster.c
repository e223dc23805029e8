/* The routes of the cluster: its nodes, jobs, store, and the OAuth keys that the nodes share. */
#include <string.h>

#include "serve/http/api_internal.h"

/* A request to join is three kilobytes; it comes from whoever can reach this node. */
enum { MAX_JOIN = 64 * 1024 };

static struct uc_node *node_of(void *ctx)
{
	return ((struct uc_session *)ctx)->node;
}

/* ---- nodes ---- */

void uc_api_list_nodes(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_nodes(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_node(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_get(node_of(ctx), uc_route_param(call, "name"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_node(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_api_body(call, &args, &e) == UC_OK)
		uc_api_run_task(ctx, call, r, "node-add", args);
	else
		uc_problem_write(r, &e, NULL);
}

void uc_api_delete_node(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	uc_api_run_task(ctx, call, r, "node-remove", json_pack("{s:s}", "node", uc_route_param(call, "name")));
}

void uc_api_post_node_rename(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_api_body(call, &args, &e) != UC_OK) {
		uc_problem_write(r, &e, NULL);
		return;
	}
	json_object_set_new(args, "node", json_string(uc_route_param(call, "name")));
	uc_api_run_task(ctx, call, r, "node-rename", args);
}

void uc_api_post_diagnose(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	const struct uc_session *s = ctx;
	bool all = strstr(call->route->pattern, "/nodes/") == NULL;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status =
	    uc_node_diagnose(s->node, all ? NULL : uc_route_param(call, "name"), uc_route_flag(call, "fix"), s->who, &json, &e);
	uc_api_reply(r, status, json, &e);
}

/* ---- jobs ---- */

void uc_api_list_jobs(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	int64_t before = 0;
	size_t limit = 0;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_api_page(call, &before, &limit, &e);
	if (status == UC_OK)
		status = uc_node_jobs(node_of(ctx), uc_route_query(call, "node"), uc_route_query(call, "state"), before, limit, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_job(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_job(node_of(ctx), uc_route_param(call, "id"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

/* ---- the store ---- */

void uc_api_get_cluster(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_cluster(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_move(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *body = NULL;
	json_t *json = NULL;
	const char *url = NULL;
	struct uc_error e;
	enum uc_status status = uc_api_body(call, &body, &e);
	if (status == UC_OK) status = uc_api_need_text(body, "url", &url, &e);
	if (status == UC_OK) status = uc_node_move(node_of(ctx), url, uc_route_flag(call, "dry_run"), &json, &e);
	json_decref(body);
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_resync(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	const struct uc_session *s = ctx;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_resync(s->node, s->who, uc_route_flag(call, "force"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

/* The members that this program does not know are covered by the MAC as well: they are no reason to refuse a newer one. */
void uc_api_post_join(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	char peer[64];
	json_t *body = NULL;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = UC_OK;
	if (call->request->body.len > MAX_JOIN)
		status = uc_fail(&e, UC_ELIMIT, "too-large", NULL, "the request has %zu bytes, the limit is %d", call->request->body.len, MAX_JOIN);
	if (status == UC_OK) status = uc_route_body_json(call, &body, &e);
	uc_api_peer(call->request, peer);
	if (status == UC_OK) status = uc_node_join_answer(node_of(ctx), body, peer, &json, &e);
	json_decref(body);
	uc_api_reply(r, status, json, &e);
}

/* ---- OAuth keys ---- */

void uc_api_post_signing(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	uc_api_run_task(ctx, call, r, "cert-regen", json_pack("{s:s}", "purpose", "authz"));
}

void uc_api_post_encryption(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	uc_api_run_task(ctx, call, r, "encryption-regen", json_object());
}

static enum uc_status read_peers(const json_t *body, struct uc_strv *out, struct uc_error *e)
{
	const json_t *list = json_object_get(body, "peers");
	size_t i;
	const json_t *peer;
	json_array_foreach(list, i, peer)
	{
		if (json_is_string(peer)) uc_strv_add(out, json_string_value(peer));
	}
	if (json_is_array(list) && out->count == json_array_size(list)) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-argument", "peers", "Give a list of strings, each HOST:PORT.",
	                     "the argument peers is not a list of strings");
}

void uc_api_post_compare(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv peers = {.items = NULL};
	const char *account = NULL;
	const char *password = NULL;
	json_t *body = NULL;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_api_body(call, &body, &e);
	if (status == UC_OK) status = read_peers(body, &peers, &e);
	if (status == UC_OK) status = uc_api_need_text(body, "account", &account, &e);
	if (status == UC_OK) status = uc_api_need_text(body, "password", &password, &e);
	if (status == UC_OK) status = uc_node_authz_compare(node_of(ctx), &peers, account, password, &json, &e);
	json_decref(body);
	uc_api_reply(r, status, json, &e);
}
