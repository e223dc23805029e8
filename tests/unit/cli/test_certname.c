#include "uc_test.h"

#include "cli/certname.h"

static void a_purpose_is_named_as_the_list_shows_it(void **state)
{
	(void)state;
	static const char *const names[][2] = {{"tomcat", "tomcat"},
	                                       {"tomcat.pem", "tomcat"},
	                                       {"tomcat/tomcat.pem", "tomcat"},
	                                       {"cup-xmpp/cup-xmpp.csr", "cup-xmpp"},
	                                       {".pem", ".pem"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(names[i][0]);
		assert_string_equal(purpose, names[i][1]);
	}
}

static void check_any(const char *store, const char *name, const char *path)
{
	UC_CLEANUP(uc_args_free) struct uc_args args = {.command = NULL};
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	if (store != NULL) uc_strv_add(&args.values[UC_OPT_STORE], store);
	uc_name_any(&args, name, &url);
	assert_string_equal(uc_url_text(&url), path);
}

static void a_name_is_a_purpose_or_a_file_of_a_store(void **state)
{
	(void)state;
	check_any(NULL, "tomcat", "/api/v1/certificates/own/tomcat");
	check_any(NULL, "Tomcat/tomcat.pem", "/api/v1/certificates/own/Tomcat");
	check_any(NULL, "tomcat/CA.pem", "/api/v1/certificates/trust/tomcat/CA.pem");
	check_any(NULL, "tomcat-trust/tomcat.pem", "/api/v1/certificates/trust/tomcat-trust/tomcat.pem");
	check_any(NULL, "tomcat/a/b", "/api/v1/certificates/trust/tomcat/a%2Fb");
	check_any("tomcat", "tomcat.pem", "/api/v1/certificates/trust/tomcat/tomcat.pem");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_purpose_is_named_as_the_list_shows_it),
	    cmocka_unit_test(a_name_is_a_purpose_or_a_file_of_a_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
