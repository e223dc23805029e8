/* OAuth: the token endpoint (RFC 6749), introspection (RFC 7662), the keys (RFC 7517), and the checksums of the keys. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/http/api_internal.h"

enum { MAX_FORM = 16 * 1024, BAD_REQUEST = 400, UNAUTHORIZED = 401 };

static struct uc_node *node_of(void *ctx)
{
	return ((struct uc_session *)ctx)->node;
}

/* ---- forms ---- */

static const char *form_value(const struct uc_strv *form, const char *name)
{
	for (size_t i = 0; i + 1 < form->count; i += 2)
		if (strcmp(form->items[i], name) == 0) return form->items[i + 1];
	return NULL;
}

static enum uc_status read_form(const struct uc_route_call *call, struct uc_strv *form, struct uc_error *e)
{
	if (call->request->body.len > MAX_FORM)
		return uc_fail(e, UC_ELIMIT, "too-large", NULL, "the form has %zu bytes, the limit is %d", call->request->body.len, MAX_FORM);
	return uc_route_body_form(call, form, e);
}

static enum uc_status need_value(const struct uc_strv *form, const char *name, const char **out, struct uc_error *e)
{
	*out = form_value(form, name);
	if (*out != NULL && (*out)[0] != '\0') return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "argument-missing", name, "Give it in the form.", "the parameter %s is missing", name);
}

/* ---- the token endpoint ---- */

/* RFC 6749 section 5.2 allows %x20-21, %x23-5B and %x5D-7E. */
static char *description_of(const char *message)
{
	char *text = uc_strdup(message);
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\') *c = '\'';
		if (*c < ' ' || *c > '~') *c = '?';
	}
	return text;
}

/* "code" is ours: it says what "error", which has few values, does not. */
static void refuse(struct uc_http_response *r, const char *error, const struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *text = description_of(e->message);
	json_t *json = json_pack("{s:s, s:s, s:s}", "error", error, "error_description", text, "code", e->id);
	int status = strcmp(error, "invalid_client") == 0 ? UNAUTHORIZED : e->code == UC_EAUTH ? BAD_REQUEST : uc_problem_status(e);
	uc_http_write_json(r, status, json);
	json_decref(json);
}

/* What this side could not do, whatever was sent. */
static const char *error_of(const struct uc_error *e, const char *auth)
{
	if (e->code == UC_EAUTH) return auth;
	if (e->code == UC_EINPUT || e->code == UC_ELIMIT) return "invalid_request";
	return e->code == UC_EUNAVAILABLE ? "temporarily_unavailable" : "server_error";
}

static enum uc_status grant_to_client(struct uc_node *n, const struct uc_route_call *call, const struct uc_strv *form, json_t **out,
                                      struct uc_error *e)
{
	(void)form;
	UC_CLEANUP(uc_freep) char *who = NULL;
	UC_TRY(uc_api_sign_in_basic(n, call->request, &who, e));
	return uc_node_token(n, who, out, e);
}

static enum uc_status grant_refresh(struct uc_node *n, const struct uc_route_call *call, const struct uc_strv *form, json_t **out,
                                    struct uc_error *e)
{
	(void)call;
	const char *token;
	UC_TRY(need_value(form, "refresh_token", &token, e));
	return uc_node_token_refresh(n, token, out, e);
}

static const struct {
	const char *type;
	enum uc_status (*grant)(struct uc_node *n, const struct uc_route_call *call, const struct uc_strv *form, json_t **out,
	                        struct uc_error *e);
	const char *refusal; /* of UC_EAUTH */
} grants[] = {
    {"client_credentials", grant_to_client, "invalid_client"}, /* section 4.4 */
    {"refresh_token", grant_refresh, "invalid_grant"},         /* section 6 */
};

void uc_api_post_token(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv form = {.items = NULL};
	const char *type;
	struct uc_error e;
	/* The server sends it anyway; RFC 6749 section 5.1 asks for both. */
	uc_http_add_header(r, "Pragma", "no-cache");
	if (read_form(call, &form, &e) != UC_OK || need_value(&form, "grant_type", &type, &e) != UC_OK) {
		refuse(r, error_of(&e, "invalid_request"), &e);
		return;
	}
	for (size_t i = 0; i < sizeof grants / sizeof *grants; i++) {
		json_t *json = NULL;
		if (strcmp(grants[i].type, type) != 0) continue;
		if (grants[i].grant(node_of(ctx), call, &form, &json, &e) == UC_OK)
			uc_http_write_json(r, 200, json);
		else
			refuse(r, error_of(&e, grants[i].refusal), &e);
		json_decref(json);
		return;
	}
	uc_fail_field(&e, UC_EINPUT, "bad-grant", "grant_type", NULL,
	              "there is no grant type '%s'; there are: client_credentials, refresh_token", type);
	refuse(r, "unsupported_grant_type", &e);
}

/* ---- questions ---- */

void uc_api_post_introspect(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv form = {.items = NULL};
	const char *token = NULL;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = read_form(call, &form, &e);
	if (status == UC_OK) status = need_value(&form, "token", &token, &e);
	if (status == UC_OK) status = uc_node_introspect(node_of(ctx), token, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_jwks(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_jwks(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_authz(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_authz(node_of(ctx), uc_route_param(call, "which"), &json, &e);
	uc_api_reply(r, status, json, &e);
}
