/* src/serve/http/console.c: which request gets the page, in what form an asset is sent, and when it is not sent again. */
#include "uc_test.h"

#include "core/text.h"
#include "serve/http/console.h"
#include "serve/http/server_impl.h"

/* A request of which headers are known: name, value, ... */
struct asked {
	struct uc_http_job job;
	struct uc_http_response response;
};

static void ask(struct asked *a, const char *method, const char *path, const char *name, const char *value)
{
	*a = (struct asked){.job = {.request = {.method = method, .path = path, .raw_path = path, .query = ""}}};
	a->job.request.impl = &a->job;
	if (value != NULL) {
		uc_strv_add(&a->job.headers, name);
		uc_strv_add(&a->job.headers, value);
	}
	uc_http_response_init(&a->response);
}

static void answered(struct asked *a)
{
	uc_strv_free(&a->job.headers);
	uc_http_response_free(&a->response);
}

/* An added header, owned, or NULL. */
static char *header_of(const struct asked *a, const char *name)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	uc_http_response_headers(&a->response, &all);
	for (size_t i = 0; i + 1 < all.count; i += 2)
		if (uc_eq_nocase(all.items[i], name)) return uc_strdup(all.items[i + 1]);
	return NULL;
}

static void expect_header(const struct asked *a, const char *name, const char *want)
{
	UC_CLEANUP(uc_freep) char *have = header_of(a, name);
	if (want == NULL && have == NULL) return;
	if (want == NULL || have == NULL || strcmp(have, want) != 0)
		fail_msg("%s: got %s, wanted %s", name, have != NULL ? have : "none", want != NULL ? want : "none");
}

static bool wants_page(const char *method, const char *path, const char *accept)
{
	struct asked a;
	ask(&a, method, path, "Accept", accept);
	bool wants = uc_console_wants_page(&a.job.request);
	answered(&a);
	return wants;
}

static void a_page_is_what_a_browser_opens_outside_of_the_api(void **state)
{
	(void)state;
	static const char browser[] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
	static const char *const pages[] = {"/", "/certificates", "/certificates/own/tomcat", "/apiary", "/api-docs", "/assets", "/x/api/v1"};
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		assert_true(wants_page("GET", pages[i], browser));
		assert_true(wants_page("HEAD", pages[i], browser));
		assert_false(wants_page("POST", pages[i], browser));
		assert_false(wants_page("DELETE", pages[i], browser));
	}
	static const char *const others[] = {"/api", "/api/", "/api/v1/status", "/api/v1/nothing", "/assets/", "/assets/x.js"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(wants_page("GET", others[i], browser));
}

static void only_who_names_html_gets_a_page(void **state)
{
	(void)state;
	static const char *const yes[] = {"text/html", "TEXT/HTML", "a/b, text/html;level=1;q=0.5", "text/html;q=1"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) assert_true(wants_page("GET", "/x", yes[i]));
	static const char *const no[] = {NULL, "", "*/*", "text/*", "application/json", "text/htmlx", "text/html;q=0", "text/html; q=0.00",
	                                 ",;,"};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) assert_false(wants_page("GET", "/x", no[i]));
}

static const struct uc_console_asset asset = {
    .path = "assets/one-ABCDEFGH.js",
    .type = "text/javascript; charset=utf-8",
    .hash = "0123",
    .plain = {(const uint8_t *)"plain text", 10},
    .gzip = {(const uint8_t *)"packed", 6},
    .immutable = true,
};

static void gzip_is_sent_to_who_accepts_it_only(void **state)
{
	(void)state;
	static const struct {
		const char *accept;
		bool packed;
	} cases[] = {
	    {NULL, false},
	    {"", false},
	    {"gzip", true},
	    {"gzip, deflate, br", true},
	    {"br;q=1.0, GZIP;q=0.5", true},
	    {"*", true},
	    {"identity, *;q=0.1", true},
	    {"gzip;q=0", false},
	    {"gzip;q=0.0, *", false},
	    {"gzip;q=0.001", true},
	    {"*;q=0", false},
	    {"*;q=0, gzip", true},
	    {"deflate, br", false},
	    {"x-gzip", false},
	    {"identity", false},
	    {"gzip ; Q=0", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct asked a;
		ask(&a, "GET", "/assets/one-ABCDEFGH.js", "Accept-Encoding", cases[i].accept);
		uc_console_answer(&asset, &a.job.request, &a.response);
		assert_int_equal(a.response.status, 200);
		expect_header(&a, "Content-Encoding", cases[i].packed ? "gzip" : NULL);
		expect_header(&a, "ETag", cases[i].packed ? "\"0123-gzip\"" : "\"0123\"");
		expect_header(&a, "Vary", "Accept-Encoding");
		assert_true(uc_slice_eq(uc_buf_slice(&a.response.body), cases[i].packed ? asset.gzip : asset.plain));
		assert_string_equal(a.response.content_type, asset.type);
		answered(&a);
	}
}

static void what_gzip_does_not_make_smaller_is_sent_as_it_is(void **state)
{
	(void)state;
	struct uc_console_asset picture = asset;
	picture.gzip = (struct uc_slice){NULL, 0};
	struct asked a;
	ask(&a, "GET", "/", "Accept-Encoding", "gzip");
	uc_console_answer(&picture, &a.job.request, &a.response);
	expect_header(&a, "Content-Encoding", NULL);
	expect_header(&a, "ETag", "\"0123\"");
	assert_int_equal(a.response.body.len, 10);
	answered(&a);
}

static void what_the_client_has_is_not_sent_again(void **state)
{
	(void)state;
	static const struct {
		const char *held;
		int status;
	} cases[] = {
	    {"\"0123\"", 304},
	    {"W/\"0123\"", 304},
	    {"\"x\", \"0123\"", 304},
	    {"\"x\",W/\"0123\" , \"y\"", 304},
	    {"*", 304},
	    {"\"0123-gzip\"", 200},
	    {"0123", 200},
	    {"\"01234\"", 200},
	    {"", 200},
	    {"\"x\"", 200},
	    {"w/\"0123\"", 200},
	    {NULL, 200},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct asked a;
		ask(&a, "GET", "/", "If-None-Match", cases[i].held);
		uc_console_answer(&asset, &a.job.request, &a.response);
		if (a.response.status != cases[i].status) fail_msg("%s: got %d", cases[i].held, a.response.status);
		assert_int_equal(a.response.body.len, cases[i].status == 304 ? 0 : 10);
		/* RFC 9110 section 15.4.5: what a 200 would have said of the cached answer. */
		expect_header(&a, "ETag", "\"0123\"");
		expect_header(&a, "Vary", "Accept-Encoding");
		expect_header(&a, "Cache-Control", "public, max-age=31536000, immutable");
		answered(&a);
	}
}

static void only_names_with_a_hash_are_kept_for_ever(void **state)
{
	(void)state;
	assert_true(uc_console_asset_count >= 3);
	for (size_t i = 0; i < uc_console_asset_count; i++) {
		const struct uc_console_asset *one = &uc_console_assets[i];
		struct asked a;
		ask(&a, "GET", "/", "", NULL);
		uc_console_answer(one, &a.job.request, &a.response);
		expect_header(&a, "Cache-Control", one->immutable ? "public, max-age=31536000, immutable" : "no-cache");
		assert_true(uc_slice_eq(uc_buf_slice(&a.response.body), one->plain));
		assert_true(one->immutable == (uc_starts_with(one->path, "assets/") && strchr(one->path, '-') != NULL));
		answered(&a);
	}
}

static void the_page_loads_and_runs_nothing_from_elsewhere(void **state)
{
	(void)state;
	struct asked a;
	ask(&a, "GET", "/", "", NULL);
	uc_console_page(&a.job.request, &a.response);
	assert_string_equal(a.response.content_type, "text/html; charset=utf-8");
	expect_header(&a, "Content-Security-Policy",
	              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; "
	              "base-uri 'none'; frame-ancestors 'none'");
	answered(&a);
}

static void an_asset_is_found_by_its_whole_path_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < uc_console_asset_count; i++) assert_ptr_equal(uc_console_find(uc_console_assets[i].path), &uc_console_assets[i]);
	static const char *const none[] = {"",       "index",   "/index.html",          "index.html/",
	                                   "assets", "assets/", "assets/../index.html", "INDEX.HTML"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_null(uc_console_find(none[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_is_what_a_browser_opens_outside_of_the_api),
	    cmocka_unit_test(only_who_names_html_gets_a_page),
	    cmocka_unit_test(gzip_is_sent_to_who_accepts_it_only),
	    cmocka_unit_test(what_gzip_does_not_make_smaller_is_sent_as_it_is),
	    cmocka_unit_test(what_the_client_has_is_not_sent_again),
	    cmocka_unit_test(only_names_with_a_hash_are_kept_for_ever),
	    cmocka_unit_test(the_page_loads_and_runs_nothing_from_elsewhere),
	    cmocka_unit_test(an_asset_is_found_by_its_whole_path_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
