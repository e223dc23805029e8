#include "serve/http/api.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pki/input.h"
#include "serve/http/api_internal.h"

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

/* ---- the table ---- */

#define TASK_INPUTS                                                                                                           \
	{"dry_run", UC_INPUT_FLAG, "only plan, change nothing"}, {"yes", UC_INPUT_FLAG, "answers the warnings of the plan"},      \
	    {"force", UC_INPUT_FLAG, "with yes: answers its dangers"}, {"seen", UC_INPUT_TEXT, "the hash of the plan agreed to"}, \
	    {"why", UC_INPUT_TEXT, "the reason, for the change log"},                                                             \
	{                                                                                                                         \
		"request", UC_INPUT_TEXT, "an id of the caller's own: repeating it repeats the answer, not the task"                  \
	}

static const struct uc_route_input task_inputs[] = {TASK_INPUTS, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input upload_inputs[] = {
    TASK_INPUTS, {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input trust_inputs[] = {TASK_INPUTS,
                                                     {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"},
                                                     {"description", UC_INPUT_TEXT, "what the certificate is for"},
                                                     {"scope", UC_INPUT_TEXT, "cluster or node"},
                                                     {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input find_inputs[] = {{"usage", UC_INPUT_TEXT, "own or trust"},
                                                    {"where", UC_INPUT_LIST, "a condition: column, operator, value"},
                                                    {"match", UC_INPUT_TEXT, "all (default) or any of the conditions"},
                                                    {"sort", UC_INPUT_TEXT, "a column, with - before it descending"},
                                                    {"limit", UC_INPUT_NUMBER, "rows in the answer, 1 to 1000"},
                                                    {"cursor", UC_INPUT_TEXT, "where to go on: next of the answer before"},
                                                    {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input change_inputs[] = {{"limit", UC_INPUT_NUMBER, "1 to 1000"},
                                                      {"cursor", UC_INPUT_TEXT, "next of the answer before"},
                                                      {"object", UC_INPUT_TEXT, "only what touched it, for example own/tomcat"},
                                                      {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input content_inputs[] = {{"format", UC_INPUT_TEXT, "pem (default), der, chain or p7b"},
                                                       {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input csr_content_inputs[] = {{"format", UC_INPUT_TEXT, "pem (default) or der"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input probe_inputs[] = {
    {"peer", UC_INPUT_TEXT, "HOST:PORT"}, {"name", UC_INPUT_TEXT, "the name to ask for (SNI)"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input check_inputs[] = {{"peer", UC_INPUT_TEXT, "HOST:PORT, instead of a file"},
                                                     {"name", UC_INPUT_TEXT, "the name to ask the peer for (SNI)"},
                                                     {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"},
                                                     {NULL, UC_INPUT_TEXT, NULL}};

#define FILE_TYPES "application/x-pem-file, application/pkix-cert, application/x-pkcs7-certificates"
#define ANY_TYPE "application/octet-stream"
#define JSON_TYPE "application/json"

static const char csr_schema[] =
    "{\"type\":\"object\",\"properties\":{\"distribution\":{\"enum\":[\"node\",\"multi-server\"]},\"common_name\":{\"type\":\"string\"},"
    "\"subject_alt_names\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"parent_domain\":{\"type\":\"string\"},"
    "\"key\":{\"type\":\"string\"},\"hash\":{\"enum\":[\"sha256\",\"sha384\",\"sha512\"]},\"country\":{\"type\":\"string\"},"
    "\"state\":{\"type\":\"string\"},\"locality\":{\"type\":\"string\"},\"organization\":{\"type\":\"string\"},"
    "\"organizational_unit\":{\"type\":\"string\"}}}";
static const char password_schema[] =
    "{\"type\":\"object\",\"properties\":{\"password\":{\"type\":\"string\",\"minLength\":10}},\"required\":[\"password\"]}";
static const char regen_schema[] =
    "{\"type\":\"object\",\"properties\":{\"key\":{\"type\":\"string\"},\"hash\":{\"enum\":[\"sha256\",\"sha384\",\"sha512\"]},"
    "\"years\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}}}";

#define API "/api/v1"

static void get_openapi(void *ctx, const struct uc_route_call *call, struct uc_http_response *r);

static const struct uc_route routes[] = {
    {.method = "GET", .pattern = "/", .handler = uc_api_get_root, .summary = "What answers here", .open = true, .answer_type = "text/html"},
    {.method = "GET", .pattern = API "/openapi.json", .handler = get_openapi, .summary = "This description", .open = true},
    {.method = "GET",
     .pattern = API "/status",
     .handler = uc_api_get_status,
     .summary = "The node, its ports and what it last saw on them"},
    {.method = "GET", .pattern = API "/purposes", .handler = uc_api_get_purposes, .summary = "The purposes of certificates"},
    {.method = "GET", .pattern = API "/stores", .handler = uc_api_get_stores, .summary = "The trust stores"},
    {.method = "GET", .pattern = API "/certificates", .handler = uc_api_list_certs, .inputs = find_inputs, .summary = "Find certificates"},
    {.method = "GET", .pattern = API "/certificates/own/{purpose}", .handler = uc_api_get_cert, .summary = "An identity certificate"},
    {.method = "GET", .pattern = API "/certificates/own/{purpose}/chain", .handler = uc_api_get_chain, .summary = "Its chain"},
    {.method = "GET",
     .pattern = API "/certificates/own/{purpose}/content",
     .handler = uc_api_get_cert_content,
     .inputs = content_inputs,
     .summary = "Download it",
     .answer_type = FILE_TYPES},
    {.method = "POST",
     .pattern = API "/certificates/own/{purpose}",
     .handler = uc_api_post_own,
     .inputs = upload_inputs,
     .summary = "Upload a CA-signed certificate",
     .body_type = ANY_TYPE,
     .answers = {200, 201}},
    {.method = "POST",
     .pattern = API "/certificates/own/{purpose}/regenerate",
     .handler = uc_api_post_regenerate,
     .inputs = task_inputs,
     .summary = "Make a new key and a self-signed certificate",
     .body_type = JSON_TYPE,
     .body_schema = regen_schema,
     .answers = {200, 201}},
    {.method = "GET", .pattern = API "/certificates/trust/{store}/{name}", .handler = uc_api_get_cert, .summary = "A trust certificate"},
    {.method = "GET", .pattern = API "/certificates/trust/{store}/{name}/chain", .handler = uc_api_get_chain, .summary = "Its chain"},
    {.method = "GET",
     .pattern = API "/certificates/trust/{store}/{name}/content",
     .handler = uc_api_get_cert_content,
     .inputs = content_inputs,
     .summary = "Download it",
     .answer_type = FILE_TYPES},
    {.method = "POST",
     .pattern = API "/certificates/trust/{store}",
     .handler = uc_api_post_trust,
     .inputs = trust_inputs,
     .summary = "Upload certificates to a trust store",
     .body_type = ANY_TYPE,
     .answers = {200, 201}},
    {.method = "DELETE",
     .pattern = API "/certificates/trust/{store}/{name}",
     .handler = uc_api_delete_trust,
     .inputs = task_inputs,
     .summary = "Delete a trust certificate",
     .answers = {200, 201}},
    {.method = "GET", .pattern = API "/csrs", .handler = uc_api_list_csrs, .summary = "The pending certificate signing requests"},
    {.method = "GET", .pattern = API "/csrs/{purpose}", .handler = uc_api_get_csr, .summary = "A pending request"},
    {.method = "GET",
     .pattern = API "/csrs/{purpose}/content",
     .handler = uc_api_get_csr_content,
     .inputs = csr_content_inputs,
     .summary = "Download it",
     .answer_type = "application/x-pem-file, application/pkcs10"},
    {.method = "POST",
     .pattern = API "/csrs/{purpose}",
     .handler = uc_api_post_csr,
     .inputs = task_inputs,
     .summary = "Generate a request",
     .body_type = JSON_TYPE,
     .body_schema = csr_schema,
     .answers = {200, 201}},
    {.method = "DELETE",
     .pattern = API "/csrs/{purpose}",
     .handler = uc_api_delete_csr,
     .inputs = task_inputs,
     .summary = "Delete a pending request",
     .answers = {200, 201}},
    {.method = "GET",
     .pattern = API "/changes",
     .handler = uc_api_list_changes,
     .inputs = change_inputs,
     .summary = "The change log, newest first"},
    {.method = "GET", .pattern = API "/changes/{number}", .handler = uc_api_get_change, .summary = "A change"},
    {.method = "POST",
     .pattern = API "/changes/{number}/undo",
     .handler = uc_api_post_undo,
     .inputs = task_inputs,
     .summary = "Take a change back",
     .answers = {200, 201}},
    {.method = "DELETE",
     .pattern = API "/keys/{id}",
     .handler = uc_api_delete_key,
     .inputs = task_inputs,
     .summary = "Destroy a private key that is no longer in use",
     .answers = {200, 201}},
    {.method = "POST",
     .pattern = API "/accounts/{name}/password",
     .handler = uc_api_post_password,
     .inputs = task_inputs,
     .summary = "Set a new password",
     .body_type = JSON_TYPE,
     .body_schema = password_schema,
     .answers = {200, 201}},
    {.method = "GET",
     .pattern = API "/probe",
     .handler = uc_api_get_probe,
     .inputs = probe_inputs,
     .summary = "What a TLS server presents"},
    {.method = "POST",
     .pattern = API "/trust-check/{store}",
     .handler = uc_api_post_trust_check,
     .inputs = check_inputs,
     .summary = "Would a peer be trusted by a store?",
     .body_type = ANY_TYPE},
};

enum { ROUTES = sizeof routes / sizeof *routes };

static void get_openapi(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)ctx;
	(void)call;
	json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:o}", "openapi", "3.1.0", "info", "title", "ucpki", "version", UC_VERSION,
	                        "description", "Certificates and trust of a unified communications cluster", "paths",
	                        uc_route_openapi(routes, ROUTES), "components", uc_route_openapi_components());
	uc_api_reply(r, UC_OK, doc, NULL);
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

/* The peer's address without its port: what guesses are counted by. */
static void peer_address(const struct uc_http_request *request, char out[64])
{
	snprintf(out, 64, "%s", request->peer_text);
	char *colon = strrchr(out, ':');
	if (colon != NULL) *colon = '\0';
}

/* Who asks. On the Unix socket the kernel says it; elsewhere a password does. *who (owned) gets the account. */
static enum uc_status sign_in(struct uc_node *n, const struct uc_http_request *request, char **who, struct uc_error *e)
{
	if (request->peer == UC_PEER_UNIX && (request->peer_uid == 0 || request->peer_uid == geteuid())) {
		*who = uc_sprintf("uid %u", request->peer_uid);
		return UC_OK;
	}
	UC_CLEANUP(uc_buf_wipe) struct uc_buf buf = UC_BUF_EMPTY;
	const char *name;
	const char *password;
	if (!read_basic(uc_http_header(request, "Authorization"), &buf, &name, &password))
		return uc_fail(e, UC_EAUTH, "sign-in-needed", "Send the name and password of an account of this node (HTTP Basic).",
		               "this needs a sign-in");
	char peer[64];
	peer_address(request, peer);
	UC_TRY(uc_node_sign_in(n, name, password, peer, e));
	*who = uc_strdup(name);
	return UC_OK;
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
	if (!uc_route_match(routes, ROUTES, request, &call, response)) return;
	UC_CLEANUP(uc_freep) char *who = NULL;
	struct uc_error e;
	if (check_origin(request, &e) != UC_OK || (!call.route->open && sign_in(session.node, request, &who, &e) != UC_OK)) {
		uc_problem_write(response, &e, NULL);
		return;
	}
	session.who = who;
	call.route->handler(&session, &call, response);
}
