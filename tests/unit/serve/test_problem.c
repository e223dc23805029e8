/* src/serve/http/problem.c: errors as problem documents (RFC 9457). */
#include "uc_test.h"

#include "core/text.h"
#include "serve/http/problem.h"

static json_t *parse(const struct uc_http_response *r)
{
	json_error_t error;
	json_t *json = json_loadb((const char *)r->body.ptr, r->body.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) fail_msg("%s: %.*s", error.text, (int)r->body.len, (const char *)r->body.ptr);
	return json;
}

static void expect_text(const json_t *json, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(json, key));
	assert_non_null(got);
	assert_string_equal(got, want);
}

static void the_status_follows_the_class(void **state)
{
	(void)state;
	static const struct {
		enum uc_status code;
		const char *id;
		int status;
	} cases[] = {
	    {UC_EINPUT, "a", 400},         {UC_EAUTH, "sign-in", 401}, {UC_EAUTH, "forbidden", 403}, {UC_ENOTFOUND, "a", 404},
	    {UC_EAUTH, "csrf", 403},       {UC_ECONFLICT, "a", 409},   {UC_EREFUSED, "a", 422},      {UC_ELIMIT, "a", 413},
	    {UC_EUNREACHABLE, "a", 502},   {UC_EIO, "a", 500},         {UC_EFULL, "a", 507},         {UC_EINTERNAL, "a", 500},
	    {UC_EINPUT, "forbidden", 400},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct uc_error e;
		uc_fail(&e, cases[i].code, cases[i].id, NULL, "x");
		struct uc_http_response r;
		uc_http_response_init(&r);
		uc_problem_write(&r, &e, NULL);
		assert_int_equal(r.status, cases[i].status);
		assert_string_not_equal(uc_http_reason(r.status), "Unknown");
		json_t *json = parse(&r);
		assert_int_equal(json_integer_value(json_object_get(json, "status")), cases[i].status);
		json_decref(json);
		uc_http_response_free(&r);
	}
}

static void all_members_are_written_and_empty_ones_are_not(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_http_response r;
	uc_http_response_init(&r);
	uc_buf_add_str(&r.body, "what a handler had begun");
	json_t *plan = json_pack("{s:s}", "task", "import-own");
	uc_fail_field(&e, UC_EREFUSED, "key-mismatch", "body", "Do that.", "The key %s", "\"quoted\"");
	uc_problem_write(&r, &e, plan);
	assert_string_equal(r.content_type, "application/problem+json");
	json_t *json = parse(&r);
	expect_text(json, "type", "urn:ucpki:problem:key-mismatch");
	expect_text(json, "title", "Key mismatch");
	expect_text(json, "detail", "The key \"quoted\"");
	expect_text(json, "code", "key-mismatch");
	expect_text(json, "field", "body");
	expect_text(json, "hint", "Do that.");
	expect_text(json_object_get(json, "plan"), "task", "import-own");
	json_decref(json);
	json_decref(plan);

	uc_fail(&e, UC_ENOTFOUND, "no-such-route", NULL, "Nothing");
	uc_problem_write(&r, &e, NULL);
	json = parse(&r);
	assert_int_equal(json_object_size(json), 5);
	assert_null(json_object_get(json, "field"));
	assert_null(json_object_get(json, "hint"));
	assert_null(json_object_get(json, "plan"));
	json_decref(json);
	uc_http_response_free(&r);
}

static void bytes_that_are_not_utf8_do_not_spoil_the_document(void **state)
{
	(void)state;
	struct uc_error e;
	uc_fail(&e, UC_EINPUT, "bad", NULL, "x");
	/* Past uc_fail(), which would clean it. */
	snprintf(e.message, sizeof e.message, "a\xff\xc3z\xe2\x82");
	snprintf(e.field, sizeof e.field, "\x80");
	snprintf(e.hint, sizeof e.hint, "\xed\xa0\x80");
	struct uc_http_response r;
	uc_http_response_init(&r);
	uc_problem_write(&r, &e, NULL);
	assert_true(uc_utf8_valid(uc_buf_slice(&r.body)));
	json_t *json = parse(&r);
	const char *detail = json_string_value(json_object_get(json, "detail"));
	assert_non_null(detail);
	assert_true(uc_starts_with(detail, "a\xef\xbf\xbd"));
	assert_non_null(strchr(detail, 'z'));
	assert_non_null(json_object_get(json, "field"));
	assert_non_null(json_object_get(json, "hint"));
	json_decref(json);
	uc_http_response_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_status_follows_the_class),
	    cmocka_unit_test(all_members_are_written_and_empty_ones_are_not),
	    cmocka_unit_test(bytes_that_are_not_utf8_do_not_spoil_the_document),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
