#include "serve/http/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/input.h"
#include "serve/http/api_internal.h"
#include "serve/http/console.h"

void uc_api_reply(struct uc_http_response *r, enum uc_status status, json_t *json, const struct uc_error *e)
{
	if (status == UC_OK)
		uc_http_write_json(r, 200, json);
	else
		uc_problem_write(r, e, json);
	json_decref(json);
}

enum uc_status uc_api_check_upload(const struct uc_route_call *call, struct uc_error *e)
{
	const char *type = uc_http_header(call->request, "Content-Type");
	if (type != NULL && strncasecmp(type, "multipart/", strlen("multipart/")) == 0)
		return uc_fail_field(e, UC_EINPUT, "multipart-upload", "file", "With curl: --data-binary @FILE instead of -F.",
		                     "the body is a form (%s); send the file itself as the body", type);
	if (call->request->body.len <= UC_INPUT_MAX) return UC_OK;
	return uc_fail_field(e, UC_ELIMIT, "too-large", "file",
	                     "A certificate or chain is a few thousand bytes: check that it is the right file.",
	                     "the file has %zu bytes, the limit is %zu", call->request->body.len, UC_INPUT_MAX);
}

enum uc_status uc_api_change_number(const struct uc_route_call *call, int64_t *out, struct uc_error *e)
{
	unsigned long long number;
	const char *text = uc_route_param(call, "number");
	if (!uc_parse_u64(text, 1, INT64_MAX, &number))
		return uc_fail_field(e, UC_EINPUT, "bad-number", "number", "List the changes to see their numbers.",
		                     "'%s' is not the number of a change", text);
	*out = (int64_t)number;
	return UC_OK;
}

enum uc_status uc_api_page(const struct uc_route_call *call, int64_t *before, size_t *limit, struct uc_error *e)
{
	unsigned long long rows;
	unsigned long long number = 0;
	const char *cursor = uc_route_query(call, "cursor");
	UC_TRY(uc_route_number(call, "limit", 1, UC_API_MAX_LIMIT, UC_API_DEFAULT_LIMIT, &rows, e));
	if (cursor != NULL && !uc_parse_u64(cursor, 1, INT64_MAX, &number))
		return uc_fail_field(e, UC_EINPUT, "bad-cursor", "cursor", "Use the value of \"next\" of the answer before.",
		                     "'%s' is not a cursor of this list", cursor);
	*before = (int64_t)number;
	*limit = rows;
	return UC_OK;
}

/* ---- sign-in ---- */

/* "Basic base64(name:password)" (RFC 7617) into name and password, which point into buf. */
static bool read_basic(const char *header, struct uc_buf *buf, const char **name, const char **password)
{
	if (header == NULL || strncasecmp(header, "Basic ", 6) != 0 || !uc_unbase64(uc_slice_str(header + 6), buf)) return false;
	uc_buf_add_u8(buf, 0);
	char *colon = memchr(buf->ptr, ':', buf->len);
	/* A NUL inside would let two texts count as one. */
	if (colon == NULL || strlen((const char *)buf->ptr) + 1 != buf->len) return false;
	*colon = '\0';
	*name = (const char *)buf->ptr;
	*password = colon + 1;
	return true;
}

void uc_api_peer(const struct uc_http_request *request, char out[64])
{
	snprintf(out, 64, "%s", request->peer_text);
	char *colon = strrchr(out, ':');
	if (colon != NULL) *colon = '\0';
}

enum uc_status uc_api_sign_in_basic(struct uc_node *n, const struct uc_http_request *request, char **who, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf buf = UC_BUF_EMPTY;
	const char *name;
	const char *password;
	if (!read_basic(uc_http_header(request, "Authorization"), &buf, &name, &password))
		return uc_fail(
		    e, UC_EAUTH, "sign-in-needed",
		    "Send the name and password of an account of this node (HTTP Basic) or an access token (Bearer), or sign in at its console.",
		    "this needs a sign-in");
	char peer[64];
	uc_api_peer(request, peer);
	UC_TRY(uc_node_sign_in(n, name, password, peer, e));
	*who = uc_strdup(name);
	return UC_OK;
}

/* The token of "Bearer TOKEN" (RFC 6750 section 2.1), or NULL. Borrowed. */
static const char *read_bearer(const struct uc_http_request *request)
{
	static const char bearer[] = "Bearer ";
	const char *header = uc_http_header(request, "Authorization");
	return header != NULL && strncasecmp(header, bearer, strlen(bearer)) == 0 ? header + strlen(bearer) : NULL;
}

/* Who asks. On the Unix socket the kernel says it; elsewhere an access token, a password or a session does. *who (owned) gets the account. */
static enum uc_status sign_in(struct uc_node *n, const struct uc_http_request *request, const struct uc_route *route, char **who,
                              struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *session = uc_api_session_token(request);
	if (session != NULL) return uc_api_sign_in_session(n, request, session, who, e);
	if (route->session)
		return uc_fail(e, UC_EAUTH, "no-session", "Sign in: POST /api/v1/session.", "this request is not part of a session of the console");
	if (request->peer == UC_PEER_UNIX && (request->peer_uid == 0 || request->peer_uid == geteuid())) {
		*who = uc_sprintf("uid %u", request->peer_uid);
		return UC_OK;
	}
	const char *token = read_bearer(request);
	return token != NULL ? uc_node_token_check(n, token, who, e) : uc_api_sign_in_basic(n, request, who, e);
}

/*
 * How to sign in (RFC 9110 section 15.5.2; of a token that was refused also RFC 6750 section 3.1). The console asks for the password itself:
 * a challenge would have the browser ask besides.
 */
static void challenge(const struct uc_route_call *call, struct uc_http_response *response)
{
	if (response->status != 401 || uc_http_header(call->request, "UCPKI-Console") != NULL) return;
	uc_http_add_header(response, "WWW-Authenticate", "Basic realm=\"ucpki\", charset=\"UTF-8\"");
	if (!call->route->open && read_bearer(call->request) != NULL)
		uc_http_add_header(response, "WWW-Authenticate", "Bearer realm=\"ucpki\", error=\"invalid_token\"");
}

/*
 * A browser that has signed in sends its password with whatever another site makes it send: what changes anything must come from our own pages, or from no page at all. Programs send neither
 * header.
 */
static enum uc_status check_origin(const struct uc_http_request *request, struct uc_error *e)
{
	if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0) return UC_OK;
	const char *origin = uc_http_header(request, "Origin");
	const char *host = uc_http_header(request, "Host");
	const char *site = uc_http_header(request, "Sec-Fetch-Site");
	bool own_site = site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
	bool own_origin =
	    origin == NULL || (host != NULL && uc_starts_with(origin, "https://") && uc_eq_nocase(origin + strlen("https://"), host));
	if (own_site && own_origin) return UC_OK;
	return uc_fail(e, UC_EAUTH, "forbidden", "Open the console of this node itself.", "a page of another site (%s) sent this request",
	               origin != NULL ? origin : site);
}

void uc_api_handle(void *ctx, const struct uc_http_request *request, struct uc_http_response *response)
{
	struct uc_session session = {.node = ctx};
	UC_CLEANUP(uc_route_call_free) struct uc_route_call call = {.route = NULL};
	if (uc_console_wants_page(request)) {
		uc_console_page(request, response);
		return;
	}
	if (!uc_route_match(uc_api_routes, uc_api_route_count, request, &call, response)) return;
	UC_CLEANUP(uc_freep) char *who = NULL;
	struct uc_error e;
	enum uc_status status = check_origin(request, &e);
	if (status == UC_OK && !call.route->open) status = sign_in(session.node, request, call.route, &who, &e);
	session.who = who;
	if (status == UC_OK)
		call.route->handler(&session, &call, response);
	else
		uc_problem_write(response, &e, NULL);
	challenge(&call, response);
}
