/* src/serve/http/route.c and route_openapi.c: the routing table. */
#include "uc_test.h"

#include "serve/http/route.h"

static void nothing(void *ctx, const struct uc_route_call *call, struct uc_http_response *response)
{
	(void)ctx;
	(void)call;
	(void)response;
}

static const struct uc_route_input list_inputs[] = {
    {"where", UC_INPUT_LIST, "a condition"},
    {"limit", UC_INPUT_NUMBER, NULL},
    {"sort", UC_INPUT_TEXT, NULL},
    {NULL, UC_INPUT_TEXT, NULL},
};
static const struct uc_route_input task_inputs[] = {
    {"dry_run", UC_INPUT_FLAG, "only the plan"},
    {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"},
    {NULL, UC_INPUT_TEXT, NULL},
};

static const struct uc_route table[] = {
    {.method = "GET", .pattern = "/", .handler = nothing, .summary = "start", .open = true, .answer_type = "text/html"},
    {.method = "GET", .pattern = "/v1/certs", .handler = nothing, .summary = "list", .inputs = list_inputs},
    {.method = "GET", .pattern = "/v1/certs/{store}/{name}", .handler = nothing, .summary = "one"},
    {.method = "DELETE",
     .pattern = "/v1/certs/{store}/{name}",
     .handler = nothing,
     .summary = "delete",
     .inputs = task_inputs,
     .answers = {200, 201}},
    {.method = "GET",
     .pattern = "/v1/certs/{store}/{name}/content",
     .handler = nothing,
     .summary = "bytes",
     .answer_type = "application/x-pem-file, application/pkix-cert"},
    {.method = "POST",
     .pattern = "/v1/csrs/{purpose}",
     .handler = nothing,
     .summary = "make",
     .body_type = "application/json",
     .body_schema = "{\"type\": \"object\", \"properties\": {\"key\": {\"type\": \"string\"}}}",
     .inputs = task_inputs},
    {.method = "DELETE", .pattern = "/v1/session", .handler = nothing, .summary = "sign out", .session = true, .answers = {204}},
    {.method = "GET", .pattern = "/page", .handler = nothing, .summary = "page", .open = true, .any_query = true},
};
#define ROWS (sizeof table / sizeof table[0])

/* A request and what became of it. */
struct trial {
	struct uc_http_request request;
	struct uc_route_call call;
	struct uc_http_response response;
	bool matched;
};

static struct trial *try_out(const char *method, const char *raw_path, const char *query)
{
	struct trial *t = uc_zalloc(1, sizeof *t);
	t->request = (struct uc_http_request){.method = method, .path = raw_path, .raw_path = raw_path, .query = query};
	uc_http_response_init(&t->response);
	t->matched = uc_route_match(table, ROWS, &t->request, &t->call, &t->response);
	return t;
}

static void trial_free(struct trial *t)
{
	uc_route_call_free(&t->call);
	uc_http_response_free(&t->response);
	free(t);
}

/* The problem of a refused request; text must be in its detail. */
static void expect_refused(const char *method, const char *raw_path, const char *query, int status, const char *code, const char *text)
{
	struct trial *t = try_out(method, raw_path, query);
	assert_false(t->matched);
	assert_int_equal(t->response.status, status);
	json_t *json = json_loadb((const char *)t->response.body.ptr, t->response.body.len, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "code")), code);
	const char *detail = json_string_value(json_object_get(json, "detail"));
	if (strstr(detail, text) == NULL) fail_msg("no '%s' in '%s'", text, detail);
	json_decref(json);
	trial_free(t);
}

static void expect_row(const char *method, const char *raw_path, size_t row)
{
	struct trial *t = try_out(method, raw_path, "");
	if (!t->matched || t->call.route != &table[row]) fail_msg("%s %s does not match row %zu", method, raw_path, row);
	trial_free(t);
}

static void the_first_row_of_path_and_method_is_found(void **state)
{
	(void)state;
	expect_row("GET", "/", 0);
	expect_row("HEAD", "/", 0);
	expect_row("GET", "/v1/certs", 1);
	expect_row("GET", "/v1/certs/a/b", 2);
	expect_row("DELETE", "/v1/certs/a/b", 3);
	expect_row("HEAD", "/v1/certs/a/b/content", 4);
	expect_row("GET", "/%76%31/certs", 1);
}

static void what_is_not_there_is_404(void **state)
{
	(void)state;
	static const char *const paths[] = {"/v1",
	                                    "/v1/",
	                                    "/v1/certs/",
	                                    "//v1/certs",
	                                    "/v1//certs",
	                                    "/V1/certs",
	                                    "/v1/certs/a",
	                                    "/v1/certs//b",
	                                    "/v1/certs/a/",
	                                    "/v1%2Fcerts",
	                                    "/v1/certs/a/b/content/d",
	                                    "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z",
	                                    "//",
	                                    "//////////////////////////////",
	                                    "/{store}"};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) expect_refused("GET", paths[i], "", 404, "no-such-route", paths[i]);
}

static void a_wrong_method_is_405_with_allow(void **state)
{
	(void)state;
	struct trial *t = try_out("POST", "/v1/certs/a/b", "");
	assert_false(t->matched);
	UC_CLEANUP(uc_freep) char *headers = uc_buf_take_str(&t->response.headers);
	assert_string_equal(headers, "Allow: DELETE, GET, HEAD\r\n");
	trial_free(t);
	expect_refused("HEAD", "/v1/csrs/tomcat", "", 405, "method-not-allowed", "POST");
}

static void segments_are_decoded_after_they_are_parted(void **state)
{
	(void)state;
	static const struct {
		const char *raw, *want;
	} cases[] = {
	    {"a%2Fb.pem", "a/b.pem"}, {"a%2fb", "a/b"}, {"%C3%A4+b%2B", "\xc3\xa4+b+"}, {"%252F", "%2F"}, {"..", ".."},
	    {"%2e%2E", ".."},         {"a%20b", "a b"}, {"%7Bname%7D", "{name}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("/v1/certs/tomcat-trust/%s", cases[i].raw);
		struct trial *t = try_out("GET", path, "");
		assert_true(t->matched);
		assert_string_equal(uc_route_param(&t->call, "store"), "tomcat-trust");
		assert_string_equal(uc_route_param(&t->call, "name"), cases[i].want);
		assert_null(uc_route_param(&t->call, "other"));
		trial_free(t);
	}
}

static void malformed_encoding_is_400(void **state)
{
	(void)state;
	static const char *const bad[] = {"%", "%4", "%zz", "%4g", "a%00b", "%c3", "%ff", "%ed%a0%80", "%C0%AF"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("/v1/certs/a/%s", bad[i]);
		expect_refused("GET", path, "", 400, "malformed-path", bad[i]);
		UC_CLEANUP(uc_freep) char *value = uc_sprintf("sort=a&where=%s", bad[i]);
		expect_refused("GET", "/v1/certs", value, 400, "malformed-query", bad[i]);
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s=1", bad[i]);
		expect_refused("GET", "/v1/certs", name, 400, "malformed-query", bad[i]);
	}
}

static void query_parameters_are_decoded_and_may_repeat_where_they_are_a_list(void **state)
{
	(void)state;
	struct trial *t = try_out("GET", "/v1/certs", "where=issuer+contains%20A%26B&&sort=-na%6De&where=a=b&where=&limit=20");
	assert_true(t->matched);
	UC_CLEANUP(uc_strv_free) struct uc_strv where = {0};
	uc_route_query_all(&t->call, "where", &where);
	assert_int_equal(where.count, 3);
	assert_string_equal(where.items[0], "issuer contains A&B");
	assert_string_equal(where.items[1], "a=b");
	assert_string_equal(where.items[2], "");
	assert_string_equal(uc_route_query(&t->call, "where"), "issuer contains A&B");
	assert_string_equal(uc_route_query(&t->call, "sort"), "-name");
	struct uc_error e;
	unsigned long long n = 0;
	assert_ok(uc_route_number(&t->call, "limit", 1, 1000, 50, &n, &e), e);
	assert_int_equal(n, 20);
	assert_fails(uc_route_number(&t->call, "limit", 1, 19, 50, &n, &e), e, UC_EINPUT, "bad-number");
	assert_string_equal(e.field, "limit");
	trial_free(t);
	t = try_out("GET", "/v1/certs", "");
	assert_ok(uc_route_number(&t->call, "limit", 1, 1000, 50, &n, &e), e);
	assert_int_equal(n, 50);
	assert_null(uc_route_query(&t->call, "where"));
	trial_free(t);
}

static void an_unknown_parameter_is_400_and_names_those_there_are(void **state)
{
	(void)state;
	expect_refused("GET", "/v1/certs", "sort=a&color=red", 400, "unknown-parameter", "'color'; there are: where, limit, sort");
	expect_refused("GET", "/v1/certs", "Sort=a", 400, "unknown-parameter", "'Sort'");
	expect_refused("GET", "/v1/certs", "=a", 400, "unknown-parameter", "''");
	expect_refused("GET", "/", "a=1", 400, "unknown-parameter", "nor any other");
	/* A password in a query would be in every log on the way. */
	expect_refused("POST", "/v1/csrs/a", "UCPKI-Password=x", 400, "unknown-parameter", "there are: dry_run");
}

static void the_query_of_a_page_is_its_own(void **state)
{
	(void)state;
	static const char *const queries[] = {"", "a=1", "a=1&a=1", "%", "%00", "\xff"};
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		struct trial *t = try_out("GET", "/page", queries[i]);
		assert_true(t->matched);
		trial_free(t);
	}
}

static void a_parameter_given_twice_or_of_the_wrong_kind_is_400(void **state)
{
	(void)state;
	expect_refused("GET", "/v1/certs", "sort=a&sort=a", 400, "repeated-parameter", "sort");
	expect_refused("POST", "/v1/csrs/a", "dry_run=1&dry_run=0", 400, "repeated-parameter", "dry_run");
	expect_refused("GET", "/v1/certs", "limit=ten", 400, "bad-number", "'ten'");
	expect_refused("GET", "/v1/certs", "limit=", 400, "bad-number", "''");
	expect_refused("GET", "/v1/certs", "limit=99999999999999999999", 400, "bad-number", "99999999999999999999");
	static const char *const odd[] = {"dry_run", "dry_run=", "dry_run=on", "dry_run=2", "dry_run=1%20"};
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) expect_refused("POST", "/v1/csrs/a", odd[i], 400, "bad-flag", "dry_run");
}

static void a_flag_is_yes_or_no(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		bool want;
	} cases[] = {
	    {"dry_run=1", true}, {"dry_run=true", true}, {"dry_run=YES", true},    {"dry_run=0", false},
	    {"", false},         {"dry_run=no", false},  {"dry_run=False", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *t = try_out("POST", "/v1/csrs/a", cases[i].query);
		assert_true(t->matched);
		assert_int_equal(uc_route_flag(&t->call, "dry_run"), cases[i].want);
		trial_free(t);
	}
}

static enum uc_status read_body(struct uc_slice body, json_t **out, struct uc_error *e)
{
	const struct uc_http_request request = {.body = body};
	const struct uc_route_call call = {.request = &request};
	*out = NULL;
	return uc_route_body_json(&call, out, e);
}

static void a_json_body_is_one_object(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *json;
	assert_ok(read_body(uc_slice_str(""), &json, &e), e);
	assert_int_equal(json_object_size(json), 0);
	json_decref(json);
	assert_ok(read_body(uc_slice_str(" {\"a\": [1, {\"a\": \"]}\\\"[[[[[[[[[[[[[[[[[[[[\"}]}\n"), &json, &e), e);
	assert_int_equal(json_object_size(json), 1);
	json_decref(json);
}

static void another_body_is_refused_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *place;
	} cases[] = {
	    {"{\"a\": 1,\n \"b\": x}", "line 2"},
	    {"{\"a\": 1} trailing", "line 1"},
	    {"{\"a\": 1,\n\"a\": 2}", "line 2"},
	    {"[1]", "line 1"},
	    {"\"a\"", "line 1"},
	    {"{\"a\": 1", "line 1"},
	    {"{\"a\": \"\xff\"}", "line 1"},
	    {"{\"a\": \"\\u0000\"}", "line 1"},
	    {"{'a': 1}", "line 1"},
	    {" ", "line 1"},
	    {"\"\\", "line 1"},
	    {"{\"a\": 99999999999999999999}", "line 1"},
	};
	struct uc_error e;
	json_t *json;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_fails(read_body(uc_slice_str(cases[i].text), &json, &e), e, UC_EINPUT, "bad-json");
		if (strstr(e.message, cases[i].place) == NULL) fail_msg("no '%s' in '%s'", cases[i].place, e.message);
		assert_null(json);
	}
	assert_fails(read_body(uc_slice_of("{\"a\": 1}\0", 9), &json, &e), e, UC_EINPUT, "bad-json");
}

static void a_body_nested_too_deep_is_refused(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *json;
	char text[4 * UC_ROUTE_JSON_DEPTH];
	for (int extra = 0; extra < 2; extra++) {
		snprintf(text, sizeof text, "{\"a\":%.*s%.*s}", UC_ROUTE_JSON_DEPTH - 1 + extra, "[[[[[[[[[[[[[[[[[[[[",
		         UC_ROUTE_JSON_DEPTH - 1 + extra, "]]]]]]]]]]]]]]]]]]]]");
		if (extra == 1) {
			assert_fails(read_body(uc_slice_str(text), &json, &e), e, UC_EINPUT, "json-too-deep");
		} else {
			assert_ok(read_body(uc_slice_str(text), &json, &e), e);
			json_decref(json);
		}
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf deep = UC_BUF_EMPTY;
	memset(uc_buf_extend(&deep, 1 << 20), '[', 1 << 20);
	assert_fails(read_body(uc_buf_slice(&deep), &json, &e), e, UC_EINPUT, "json-too-deep");
}

static const json_t *at(const json_t *json, const char *const *keys)
{
	for (; *keys != NULL && json != NULL; keys++)
		json = json_is_array(json) ? json_array_get(json, strtoul(*keys, NULL, 10)) : json_object_get(json, *keys);
	return json;
}
#define AT(json, ...) at(json, (const char *const[]){__VA_ARGS__, NULL})

static void the_openapi_paths_say_what_the_table_says(void **state)
{
	(void)state;
	json_t *paths = uc_route_openapi(table, ROWS);
	assert_int_equal(json_object_size(paths), 7);
	for (size_t i = 0; i < ROWS; i++) {
		UC_CLEANUP(uc_freep) char *method = uc_fold(table[i].method);
		const json_t *op = AT(paths, table[i].pattern, method);
		assert_non_null(op);
		assert_string_equal(json_string_value(AT(op, "summary")), table[i].summary);
		assert_int_equal(json_array_size(AT(op, "security")), table[i].open ? 0 : table[i].session ? 1 : 3);
		assert_string_equal(json_string_value(AT(op, "responses", "default", "content", "application/problem+json", "schema", "$ref")),
		                    "#/components/schemas/Problem");
	}
	const json_t *list = AT(paths, "/v1/certs", "get", "parameters");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(AT(list, "0", "schema", "type")), "array");
	assert_string_equal(json_string_value(AT(list, "0", "description")), "a condition");
	assert_string_equal(json_string_value(AT(list, "1", "schema", "type")), "integer");

	const json_t *del = AT(paths, "/v1/certs/{store}/{name}", "delete");
	assert_string_equal(json_string_value(AT(del, "parameters", "0", "name")), "store");
	assert_string_equal(json_string_value(AT(del, "parameters", "1", "name")), "name");
	assert_string_equal(json_string_value(AT(del, "parameters", "1", "in")), "path");
	assert_true(json_is_true(AT(del, "parameters", "1", "required")));
	assert_string_equal(json_string_value(AT(del, "parameters", "2", "schema", "type")), "boolean");
	assert_string_equal(json_string_value(AT(del, "parameters", "3", "in")), "header");
	assert_non_null(AT(del, "responses", "200"));
	assert_non_null(AT(del, "responses", "201"));
	assert_null(AT(del, "requestBody"));
	assert_string_equal(json_string_value(AT(del, "operationId")), "delete-v1-certs-store-name");

	const json_t *out = AT(paths, "/v1/session", "delete");
	assert_non_null(AT(out, "security", "0", "session"));
	assert_non_null(AT(out, "responses", "204", "description"));
	assert_null(AT(out, "responses", "204", "content"));

	const json_t *bytes = AT(paths, "/v1/certs/{store}/{name}/content", "get", "responses", "200", "content");
	assert_int_equal(json_object_size(bytes), 2);
	assert_non_null(AT(bytes, "application/pkix-cert"));
	const json_t *body = AT(paths, "/v1/csrs/{purpose}", "post", "requestBody", "content", "application/json", "schema");
	assert_non_null(AT(body, "properties", "key"));
	json_decref(paths);

	json_t *components = uc_route_openapi_components();
	assert_non_null(AT(components, "schemas", "Problem", "properties", "hint"));
	assert_non_null(AT(components, "securitySchemes", "basic"));
	assert_non_null(AT(components, "securitySchemes", "bearer"));
	assert_string_equal(json_string_value(AT(components, "securitySchemes", "session", "name")), "__Host-ucpki");
	json_decref(components);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_row_of_path_and_method_is_found),
	    cmocka_unit_test(what_is_not_there_is_404),
	    cmocka_unit_test(a_wrong_method_is_405_with_allow),
	    cmocka_unit_test(segments_are_decoded_after_they_are_parted),
	    cmocka_unit_test(malformed_encoding_is_400),
	    cmocka_unit_test(query_parameters_are_decoded_and_may_repeat_where_they_are_a_list),
	    cmocka_unit_test(an_unknown_parameter_is_400_and_names_those_there_are),
	    cmocka_unit_test(the_query_of_a_page_is_its_own),
	    cmocka_unit_test(a_parameter_given_twice_or_of_the_wrong_kind_is_400),
	    cmocka_unit_test(a_flag_is_yes_or_no),
	    cmocka_unit_test(a_json_body_is_one_object),
	    cmocka_unit_test(another_body_is_refused_with_its_place),
	    cmocka_unit_test(a_body_nested_too_deep_is_refused),
	    cmocka_unit_test(the_openapi_paths_say_what_the_table_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
