#include "serve/http/console.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "serve/http/api_internal.h"

/* Nothing but what this node itself serves is loaded, asked, or run; no page may hold this one in a frame. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                             "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const struct uc_console_asset *uc_console_find(const char *path)
{
	for (size_t i = 0; i < uc_console_asset_count; i++)
		if (strcmp(uc_console_assets[i].path, path) == 0) return &uc_console_assets[i];
	return NULL;
}

/* ---- what the client can take ---- */

enum say { SAYS_NOTHING, SAYS_NO, SAYS_YES };

/* "q=0", "q=0.0" and so on (RFC 9110 section 12.4.2). */
static bool is_zero_weight(const char *parameter)
{
	if (!uc_starts_with(parameter, "q=") && !uc_starts_with(parameter, "Q=")) return false;
	const char *weight = parameter + strlen("q=");
	return weight[strspn(weight, "0.")] == '\0';
}

/* What a list such as "gzip;q=0.5, *;q=0" says of a name. */
static enum say list_says(const char *list, const char *name)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv items = {.items = NULL};
	uc_strv_split(&items, list != NULL ? list : "", ',');
	for (size_t i = 0; i < items.count; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv parts = {.items = NULL};
		uc_strv_split(&parts, items.items[i], ';');
		if (parts.count == 0 || !uc_eq_nocase(parts.items[0], name)) continue;
		for (size_t p = 1; p < parts.count; p++)
			if (is_zero_weight(parts.items[p])) return SAYS_NO;
		return SAYS_YES;
	}
	return SAYS_NOTHING;
}

static bool accepts_gzip(const struct uc_http_request *request)
{
	const char *list = uc_http_header(request, "Accept-Encoding");
	enum say gzip = list_says(list, "gzip");
	return (gzip != SAYS_NOTHING ? gzip : list_says(list, "*")) == SAYS_YES;
}

/* If-None-Match: "*", or entity tags, which are compared weakly (RFC 9110 section 13.1.2). Ours hold no comma. */
static bool has_already(const struct uc_http_request *request, const char *tag)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv held = {.items = NULL};
	const char *header = uc_http_header(request, "If-None-Match");
	uc_strv_split(&held, header != NULL ? header : "", ',');
	for (size_t i = 0; i < held.count; i++) {
		const char *one = held.items[i];
		if (uc_starts_with(one, "W/")) one += strlen("W/");
		if (strcmp(one, tag) == 0 || strcmp(one, "*") == 0) return true;
	}
	return false;
}

bool uc_console_wants_page(const struct uc_http_request *request)
{
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) return false;
	bool api = strcmp(request->path, "/api") == 0 || uc_starts_with(request->path, "/api/");
	if (api || uc_starts_with(request->path, "/assets/")) return false;
	return list_says(uc_http_header(request, "Accept"), "text/html") == SAYS_YES;
}

/* ---- answers ---- */

void uc_console_answer(const struct uc_console_asset *a, const struct uc_http_request *request, struct uc_http_response *r)
{
	/* Each form has a tag of its own: they are not the same bytes (RFC 9110 section 8.8.3.3). */
	bool packed = a->gzip.len > 0 && accepts_gzip(request);
	UC_CLEANUP(uc_freep) char *tag = uc_sprintf("\"%s%s\"", a->hash, packed ? "-gzip" : "");
	uc_http_add_header(r, "ETag", "%s", tag);
	uc_http_add_header(r, "Vary", "Accept-Encoding");
	uc_http_add_header(r, "Cache-Control", "%s", a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	uc_http_add_header(r, "Content-Security-Policy", "%s", policy);
	if (has_already(request, tag)) {
		r->status = 304;
		return;
	}
	snprintf(r->content_type, sizeof r->content_type, "%s", a->type);
	if (packed) uc_http_add_header(r, "Content-Encoding", "gzip");
	uc_buf_add_slice(&r->body, packed ? a->gzip : a->plain);
}

void uc_console_page(const struct uc_http_request *request, struct uc_http_response *r)
{
	uc_console_answer(uc_console_find("index.html"), request, r);
}

void uc_api_get_page(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)ctx;
	uc_console_page(call->request, r);
}

void uc_api_get_asset(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)ctx;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("assets/%s", uc_route_param(call, "name"));
	const struct uc_console_asset *a = uc_console_find(path);
	if (a != NULL) {
		uc_console_answer(a, call->request, r);
		return;
	}
	struct uc_error e;
	uc_fail(&e, UC_ENOTFOUND, "no-asset", "Load the page again: it names the files of this version.", "the console has no file %s", path);
	uc_problem_write(r, &e, NULL);
}
