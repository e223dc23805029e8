#include "serve/http/route.h"

#include <string.h>

#include "core/mem.h"
#include "serve/http/problem.h"

/* More than any pattern has. */
#define MAX_SEGMENTS 16

/* Value of name in a list of pairs, beginning at *at, which is moved behind it. */
static const char *next_value(const struct uc_strv *pairs, const char *name, size_t *at)
{
	while (*at + 1 < pairs->count) {
		size_t i = *at;
		*at += 2;
		if (strcmp(pairs->items[i], name) == 0) return pairs->items[i + 1];
	}
	return NULL;
}

const char *uc_route_param(const struct uc_route_call *call, const char *name)
{
	size_t at = 0;
	return next_value(&call->params, name, &at);
}

const char *uc_route_query(const struct uc_route_call *call, const char *name)
{
	size_t at = 0;
	return next_value(&call->query, name, &at);
}

void uc_route_query_all(const struct uc_route_call *call, const char *name, struct uc_strv *out)
{
	size_t at = 0;
	for (const char *v = next_value(&call->query, name, &at); v != NULL; v = next_value(&call->query, name, &at)) uc_strv_add(out, v);
}

/* 1 yes, 0 no, -1 neither. */
static int read_flag(const char *value)
{
	static const char *const words[] = {"0", "false", "no", "1", "true", "yes"};
	for (int i = 0; i < 6; i++)
		if (uc_eq_nocase(value, words[i])) return i >= 3;
	return -1;
}

bool uc_route_flag(const struct uc_route_call *call, const char *name)
{
	const char *value = uc_route_query(call, name);
	return value != NULL && read_flag(value) == 1;
}

enum uc_status uc_route_number(const struct uc_route_call *call, const char *name, unsigned long long lo, unsigned long long hi,
                               unsigned long long fallback, unsigned long long *out, struct uc_error *e)
{
	const char *value = uc_route_query(call, name);
	*out = fallback;
	if (value == NULL || uc_parse_u64(value, lo, hi, out)) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-number", name, NULL, "%s is '%s', but must be a number from %llu to %llu", name, value, lo, hi);
}

/* Decodes one component. False when it is malformed or not UTF-8. */
static bool decode(struct uc_slice raw, bool form, char **out)
{
	struct uc_buf b = UC_BUF_EMPTY;
	bool good = uc_http_unescape(raw, form, &b) && uc_utf8_valid(uc_buf_slice(&b));
	*out = uc_buf_take_str(&b);
	return good;
}

/* The segments of a path that begins with '/', decoded after they are parted, so that an encoded '/' is none. "/" has none. */
static bool read_segments(const char *raw_path, struct uc_strv *out)
{
	const char *at = raw_path;
	if (strcmp(at, "/") == 0) return true;
	while (*at == '/' && out->count <= MAX_SEGMENTS) {
		size_t len = strcspn(at + 1, "/");
		char *segment;
		bool good = decode(uc_slice_of(at + 1, len), false, &segment);
		uc_strv_take(out, segment);
		if (!good) return false;
		at += 1 + len;
	}
	return true;
}

/* Does the pattern fit? Then params gets what its names stand for. */
static bool fits(const char *pattern, const struct uc_strv *segments, struct uc_strv *params)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv parts = {0};
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {0};
	uc_strv_split(&parts, pattern, '/');
	if (parts.count != segments->count) return false;
	for (size_t i = 0; i < parts.count; i++) {
		const char *part = parts.items[i], *segment = segments->items[i];
		if (part[0] != '{') {
			if (strcmp(part, segment) != 0) return false;
			continue;
		}
		if (segment[0] == '\0') return false;
		uc_strv_take(&found, uc_strndup(part + 1, strlen(part) - 2));
		uc_strv_add(&found, segment);
	}
	uc_strv_free(params);
	*params = found;
	found = (struct uc_strv){0};
	return true;
}

static const struct uc_route_input *input_of(const struct uc_route *route, const char *name)
{
	for (const struct uc_route_input *i = route->inputs; i != NULL && i->name != NULL; i++)
		if (i->kind != UC_INPUT_HEADER && strcmp(i->name, name) == 0) return i;
	return NULL;
}

static enum uc_status unknown_parameter(const struct uc_route *route, const char *name, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {0};
	for (const struct uc_route_input *i = route->inputs; i != NULL && i->name != NULL; i++)
		if (i->kind != UC_INPUT_HEADER) uc_strv_add(&names, i->name);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ", ");
	if (names.count == 0)
		return uc_fail_field(e, UC_EINPUT, "unknown-parameter", name, NULL, "%s %s has no parameter '%s', nor any other", route->method,
		                     route->pattern, name);
	return uc_fail_field(e, UC_EINPUT, "unknown-parameter", name, NULL, "%s %s has no parameter '%s'; there are: %s", route->method,
	                     route->pattern, name, list);
}

static enum uc_status check_parameter(const struct uc_route_call *call, const char *name, const char *value, struct uc_error *e)
{
	const struct uc_route_input *input = input_of(call->route, name);
	if (input == NULL) return unknown_parameter(call->route, name, e);
	if (input->kind != UC_INPUT_LIST && uc_route_query(call, name) != NULL)
		return uc_fail_field(e, UC_EINPUT, "repeated-parameter", name, NULL, "The parameter %s is given more than once", name);
	if (input->kind == UC_INPUT_FLAG && read_flag(value) < 0)
		return uc_fail_field(e, UC_EINPUT, "bad-flag", name, "Say 1, true or yes; or 0, false or no.",
		                     "%s is '%s', which is neither yes nor no", name, value);
	unsigned long long number;
	if (input->kind == UC_INPUT_NUMBER && !uc_parse_u64(value, 0, UINT64_MAX, &number))
		return uc_fail_field(e, UC_EINPUT, "bad-number", name, NULL, "%s is '%s', which is not a number", name, value);
	return UC_OK;
}

/* "name=value" of application/x-www-form-urlencoded, as curl and browsers write it; both are owned by the caller, also when it is malformed. */
static bool read_pair(const char *part, char **name, char **value)
{
	size_t name_len = strcspn(part, "=");
	const char *raw_value = part[name_len] == '=' ? part + name_len + 1 : "";
	bool good = decode(uc_slice_of(part, name_len), true, name);
	return decode(uc_slice_str(raw_value), true, value) && good;
}

static enum uc_status read_query(struct uc_route_call *call, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv parts = {0};
	uc_strv_split(&parts, call->request->query, '&');
	for (size_t i = 0; i < parts.count; i++) {
		UC_CLEANUP(uc_freep) char *name = NULL;
		UC_CLEANUP(uc_freep) char *value = NULL;
		if (!read_pair(parts.items[i], &name, &value))
			return uc_fail(
			    e, UC_EINPUT, "malformed-query",
			    "Write each parameter as name=value in UTF-8, with '%' and two hexadecimal digits for other bytes; %00 is not allowed.",
			    "The query's part '%s' is not well-formed", parts.items[i]);
		UC_TRY(check_parameter(call, name, value, e));
		uc_strv_take(&call->query, uc_move(name));
		uc_strv_take(&call->query, uc_move(value));
	}
	return UC_OK;
}

static bool serves(const struct uc_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void refuse_method(const struct uc_http_request *request, struct uc_strv *allowed, struct uc_http_response *response)
{
	uc_strv_sort_unique(allowed);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(allowed, ", ");
	struct uc_error e;
	uc_fail(&e, UC_EINPUT, "method-not-allowed", NULL, "%s is not allowed for %s; there are: %s", request->method, request->path, list);
	uc_http_add_header(response, "Allow", "%s", list);
	uc_problem_write_as(response, 405, &e, NULL);
}

static bool refuse(const struct uc_error *e, struct uc_http_response *response)
{
	uc_problem_write(response, e, NULL);
	return false;
}

bool uc_route_match(const struct uc_route *table, size_t count, const struct uc_http_request *request, struct uc_route_call *call,
                    struct uc_http_response *response)
{
	*call = (struct uc_route_call){.request = request};
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv segments = {0};
	UC_CLEANUP(uc_strv_free) struct uc_strv allowed = {0};
	if (!read_segments(request->raw_path, &segments)) {
		uc_fail(&e, UC_EINPUT, "malformed-path",
		        "Write it in UTF-8, with '%' and two hexadecimal digits for other bytes; %00 is not allowed.",
		        "The path '%s' is not well-formed", request->raw_path);
		return refuse(&e, response);
	}
	for (size_t i = 0; i < count && call->route == NULL; i++) {
		if (!fits(table[i].pattern, &segments, &call->params)) continue;
		if (serves(&table[i], request->method)) call->route = &table[i];
		uc_strv_add(&allowed, table[i].method);
		if (strcmp(table[i].method, "GET") == 0) uc_strv_add(&allowed, "HEAD");
	}
	if (call->route != NULL) return call->route->any_query || read_query(call, &e) == UC_OK || refuse(&e, response);
	if (allowed.count > 0) {
		refuse_method(request, &allowed, response);
		return false;
	}
	uc_fail(&e, UC_ENOTFOUND, "no-such-route", "See /api/v1/openapi.json for what there is.", "There is nothing at %s", request->path);
	return refuse(&e, response);
}

void uc_route_call_free(struct uc_route_call *call)
{
	uc_strv_free(&call->params);
	uc_strv_free(&call->query);
}

/* jansson recurses for each level, so the depth is known before it begins. Brackets in strings do not count. */
static bool too_deep(struct uc_slice text)
{
	struct uc_reader r = uc_reader_of(text);
	unsigned depth = 0;
	bool quoted = false;
	uint8_t c, escaped;
	while (uc_read_u8(&r, &c)) {
		if (c == '"') quoted = !quoted;
		if (quoted) {
			if (c == '\\' && !uc_read_u8(&r, &escaped)) return false;
			continue;
		}
		if (c == '{' || c == '[') depth++;
		if ((c == '}' || c == ']') && depth > 0) depth--;
		if (depth > UC_ROUTE_JSON_DEPTH) return true;
	}
	return false;
}

enum uc_status uc_route_body_json(const struct uc_route_call *call, json_t **out, struct uc_error *e)
{
	struct uc_slice body = call->request->body;
	if (body.len == 0) {
		*out = json_object();
		return UC_OK;
	}
	if (too_deep(body))
		return uc_fail(e, UC_EINPUT, "json-too-deep", NULL, "The JSON body is nested more than %d levels deep", UC_ROUTE_JSON_DEPTH);
	json_error_t error;
	json_t *json = json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return uc_fail(e, UC_EINPUT, "bad-json", NULL, "The body is not well-formed JSON: line %d, column %d: %s", error.line, error.column,
		               error.text);
	if (!json_is_object(json)) {
		json_decref(json);
		return uc_fail(e, UC_EINPUT, "bad-json", NULL, "The body is JSON, but at line 1 begins something else than an object");
	}
	*out = json;
	return UC_OK;
}

static bool is_form(const struct uc_http_request *request)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = uc_http_header(request, "Content-Type");
	if (type == NULL || strncasecmp(type, form, strlen(form)) != 0) return false;
	return strchr("; \t", type[strlen(form)]) != NULL; /* parameters may follow, or nothing */
}

/* Not quoted: it may be a secret. */
static enum uc_status malformed_form(struct uc_error *e)
{
	return uc_fail(e, UC_EINPUT, "malformed-form", "Write each parameter as name=value in UTF-8, percent-encoded; %00 is not allowed.",
	               "The body is a form that is not well-formed");
}

enum uc_status uc_route_body_form(const struct uc_route_call *call, struct uc_strv *out, struct uc_error *e)
{
	struct uc_slice body = call->request->body;
	if (!is_form(call->request))
		return uc_fail(e, UC_EINPUT, "not-a-form", "Send it as application/x-www-form-urlencoded.", "The body is not a form");
	if (body.len == 0) return UC_OK;
	if (memchr(body.ptr, '\0', body.len) != NULL) return malformed_form(e);
	UC_CLEANUP(uc_strv_free) struct uc_strv parts = {0};
	UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)body.ptr, body.len);
	uc_strv_split(&parts, text, '&');
	for (size_t i = 0; i < parts.count; i++) {
		UC_CLEANUP(uc_freep) char *name = NULL;
		UC_CLEANUP(uc_freep) char *value = NULL;
		size_t at = 0;
		if (!read_pair(parts.items[i], &name, &value)) return malformed_form(e);
		if (next_value(out, name, &at) != NULL)
			return uc_fail_field(e, UC_EINPUT, "repeated-parameter", name, NULL, "The parameter %s is given more than once", name);
		uc_strv_take(out, uc_move(name));
		uc_strv_take(out, uc_move(value));
	}
	return UC_OK;
}
