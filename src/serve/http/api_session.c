/* Sessions of the console: a cookie that scripts cannot read, and a token beside it that another site cannot know. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/http/api_internal.h"

/* A sign-in is a few hundred bytes; it comes from whoever can reach this node. */
enum { MAX_SIGN_IN = 16 * 1024 };

/* The prefix has the browser refuse a cookie of this name that another host or an unprotected page tries to set (RFC 6265bis, section 4.1.3.2). */
#define COOKIE "__Host-ucpki"
#define COOKIE_ATTRIBUTES "Path=/; Secure; HttpOnly; SameSite=Strict"

/*
 * An Authorization header says more than a cookie that is only sent along. Not from the console: there the header is the browser's, which has
 * once asked for a password itself and sends it from then on. Nobody could sign out, and changes would not need the token.
 */
static bool counts(const struct uc_http_request *request)
{
	bool console = uc_http_header(request, "UCPKI-Console") != NULL;
	return request->peer != UC_PEER_UNIX && (console || uc_http_header(request, "Authorization") == NULL);
}

char *uc_api_session_token(const struct uc_http_request *request)
{
	static const char prefix[] = COOKIE "=";
	const char *header = uc_http_header(request, "Cookie");
	if (header == NULL || !counts(request)) return NULL;
	UC_CLEANUP(uc_strv_free) struct uc_strv cookies = {.items = NULL};
	uc_strv_split(&cookies, header, ';');
	for (size_t i = 0; i < cookies.count; i++)
		if (uc_starts_with(cookies.items[i], prefix)) return uc_strdup(cookies.items[i] + strlen(prefix));
	return NULL;
}

enum uc_status uc_api_sign_in_session(struct uc_node *n, const struct uc_http_request *request, const char *token, char **who,
                                      struct uc_error *e)
{
	const char *console = uc_http_header(request, "UCPKI-Console");
	const struct uc_session_use use = {
	    .changes = strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0,
	    .csrf = uc_http_header(request, "UCPKI-CSRF"),
	    .background = console != NULL && strcmp(console, "background") == 0,
	};
	return uc_node_session_use(n, token, use, who, NULL, e);
}

/* ---- the routes ---- */

static enum uc_status read_sign_in(const struct uc_route_call *call, json_t **body, const char **account, const char **password,
                                   struct uc_error *e)
{
	if (call->request->body.len > MAX_SIGN_IN)
		return uc_fail(e, UC_ELIMIT, "too-large", NULL, "the request has %zu bytes, the limit is %d", call->request->body.len, MAX_SIGN_IN);
	UC_TRY(uc_api_body(call, body, e));
	UC_TRY(uc_api_need_text(*body, "account", account, e));
	return uc_api_need_text(*body, "password", password, e);
}

void uc_api_post_session(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_freep) char *former = uc_api_session_token(call->request);
	char token[UC_SESSION_TEXT];
	char peer[64];
	const char *account = NULL;
	const char *password = NULL;
	json_t *body = NULL;
	json_t *json = NULL;
	struct uc_error e;
	uc_api_peer(call->request, peer);
	enum uc_status status = read_sign_in(call, &body, &account, &password, &e);
	if (status == UC_OK)
		status = uc_node_session_begin(((struct uc_session *)ctx)->node, account, password, peer, former, token, &json, &e);
	json_decref(body);
	if (status != UC_OK) {
		uc_problem_write(r, &e, NULL);
		return;
	}
	uc_http_write_json(r, 201, json);
	json_decref(json);
	uc_http_add_header(r, "Set-Cookie", COOKIE "=%s; " COOKIE_ATTRIBUTES, token);
}

/* The request was let in by its session: that it is looked up once more must not prolong it. */
void uc_api_get_session(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_freep) char *token = uc_api_session_token(call->request);
	UC_CLEANUP(uc_freep) char *who = NULL;
	const struct uc_session_use use = {.background = true};
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_session_use(((struct uc_session *)ctx)->node, token, use, &who, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_delete_session(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_freep) char *token = uc_api_session_token(call->request);
	uc_node_session_end(((struct uc_session *)ctx)->node, token);
	uc_http_add_header(r, "Set-Cookie", COOKIE "=; Max-Age=0; " COOKIE_ATTRIBUTES);
	r->status = 204;
}
