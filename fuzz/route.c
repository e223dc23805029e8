/*
 * Targets: uc_route_match and its getters, uc_route_body_json, uc_http_unescape (src/serve/http). The first line is the path, the second the
 * query, the rest the body. Whatever they are, the values are UTF-8 and a refusal is a problem document.
 */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/http/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool rule)
{
	if (!rule) abort();
}

static void nothing(void *ctx, const struct uc_route_call *call, struct uc_http_response *response)
{
	(void)ctx;
	(void)call;
	(void)response;
}

static const struct uc_route_input inputs[] = {
    {"where", UC_INPUT_LIST, NULL}, {"limit", UC_INPUT_NUMBER, NULL}, {"yes", UC_INPUT_FLAG, NULL},
    {"sort", UC_INPUT_TEXT, NULL},  {NULL, UC_INPUT_TEXT, NULL},
};
static const struct uc_route table[] = {
    {.method = "GET", .pattern = "/", .handler = nothing, .summary = "", .inputs = inputs},
    {.method = "GET", .pattern = "/a/{x}", .handler = nothing, .summary = "", .inputs = inputs},
    {.method = "POST", .pattern = "/a/{x}/{y}", .handler = nothing, .summary = ""},
    {.method = "GET", .pattern = "/a/{x}/b", .handler = nothing, .summary = "", .inputs = inputs},
};

/* The text up to the next line break, without NUL bytes, which no request has. */
static char *next_line(struct uc_slice *rest)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
	size_t len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
	struct uc_buf line = UC_BUF_EMPTY;
	for (size_t i = 0; i < len; i++)
		if (rest->ptr[i] != '\0') uc_buf_add_u8(&line, rest->ptr[i]);
	size_t used = end != NULL ? len + 1 : len;
	*rest = uc_slice_of(used > 0 ? rest->ptr + used : rest->ptr, rest->len - used);
	return uc_buf_take_str(&line);
}

static void check_values(const struct uc_strv *pairs)
{
	require(pairs->count % 2 == 0);
	for (size_t i = 0; i < pairs->count; i++) require(uc_utf8_valid(uc_slice_str(pairs->items[i])));
}

static void check_problem(const struct uc_http_response *r)
{
	require(r->status >= 400 && r->status < 500 && strcmp(r->content_type, "application/problem+json") == 0);
	json_t *json = json_loadb((const char *)r->body.ptr, r->body.len, JSON_REJECT_DUPLICATES, NULL);
	require(json_is_string(json_object_get(json, "code")) && json_is_string(json_object_get(json, "detail")));
	json_decref(json);
}

static void check_body(const struct uc_route_call *call)
{
	struct uc_error e;
	json_t *json = NULL;
	if (uc_route_body_json(call, &json, &e) == UC_OK)
		require(json_is_object(json));
	else
		require(json == NULL && (strcmp(e.id, "bad-json") == 0 || strcmp(e.id, "json-too-deep") == 0));
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uc_slice rest = uc_slice_of(data, size);
	UC_CLEANUP(uc_freep) char *path = next_line(&rest);
	UC_CLEANUP(uc_freep) char *query = next_line(&rest);
	const struct uc_http_request request = {.method = "HEAD", .path = path, .raw_path = path, .query = query, .body = rest};
	struct uc_route_call call;
	struct uc_http_response response;
	uc_http_response_init(&response);
	if (uc_route_match(table, sizeof table / sizeof table[0], &request, &call, &response)) {
		check_values(&call.params);
		check_values(&call.query);
		struct uc_error e;
		unsigned long long n = 0;
		require(uc_route_number(&call, "limit", 0, UINT64_MAX, 0, &n, &e) == UC_OK);
		(void)uc_route_flag(&call, "yes");
		check_body(&call);
	} else {
		check_problem(&response);
	}
	uc_route_call_free(&call);
	uc_http_response_free(&response);
	return 0;
}
