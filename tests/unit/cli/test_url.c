#include "uc_test.h"

#include "cli/url.h"

static void segments_are_encoded(void **state)
{
	(void)state;
	UC_CLEANUP(uc_url_free) struct uc_url u = {.query = false};
	assert_string_equal(uc_url_text(&u), "/api/v1");
	uc_url_add(&u, "trust");
	uc_url_add(&u, "a/b?c#d e%\xc3\xa9");
	uc_url_add(&u, "Az09-_~.pem");
	assert_string_equal(uc_url_text(&u), "/api/v1/trust/a%2Fb%3Fc%23d%20e%25%C3%A9/Az09-_~.pem");
}

static void dots_never_climb(void **state)
{
	(void)state;
	UC_CLEANUP(uc_url_free) struct uc_url u = {.query = false};
	uc_url_add(&u, "..");
	uc_url_add(&u, ".");
	uc_url_add(&u, "..a");
	assert_string_equal(uc_url_text(&u), "/api/v1/%2E%2E/%2E/..a");
}

static void parameters_are_encoded_and_left_out_when_absent(void **state)
{
	(void)state;
	UC_CLEANUP(uc_url_free) struct uc_url u = {.query = false};
	uc_url_add(&u, "certificates");
	uc_url_param(&u, "match", NULL);
	uc_url_param(&u, "where", "name is a&b=c+d");
	uc_url_param(&u, "where", "");
	assert_string_equal(uc_url_text(&u), "/api/v1/certificates?where=name%20is%20a%26b%3Dc%2Bd&where=");
	assert_string_equal(uc_url_text(&u), "/api/v1/certificates?where=name%20is%20a%26b%3Dc%2Bd&where=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(segments_are_encoded),
	    cmocka_unit_test(dots_never_climb),
	    cmocka_unit_test(parameters_are_encoded_and_left_out_when_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
