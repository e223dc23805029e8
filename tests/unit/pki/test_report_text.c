#include "maker.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "pki/report.h"
#include "pki/request.h"

#define NOW ((uc_time)1767225600) /* 2026-01-01 */

UC_DEFINE_CLEANUP(free_json, json_t, json_decref)

/* The lines that administrators' scripts look for are those of `openssl x509 -text`. */
static void text_is_that_of_openssl(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.not_after = d_utc("341124100000Z");
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	struct uc_buf b = UC_BUF_EMPTY;
	uc_report_cert_text(c, &b);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	static const char *const lines[] = {
	    "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number:",
	    "        Signature Algorithm: ecdsa-with-SHA256\n        Issuer: CN = Maker CA\n        Validity\n"
	    "            Not Before: Jan  1 00:00:00 2025 GMT\n            Not After : Nov 24 10:00:00 2034 GMT\n"
	    "        Subject: CN = cucm.example.com\n        Subject Public Key Info:\n",
	    "        X509v3 extensions:\n            X509v3 Basic Constraints: critical\n"};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (strstr(text, lines[i]) == NULL) fail_msg("'%s' is not in:\n%s", lines[i], text);
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *x = uc_cert_x509(c);
	X509_print_ex(bio, x, XN_FLAG_ONELINE, 0);
	char *theirs = NULL;
	long len = BIO_get_mem_data(bio, &theirs);
	assert_int_equal(strlen(text), len);
	assert_memory_equal(text, theirs, (size_t)len);
	X509_free(x);
	BIO_free_all(bio);
}

/* A certificate that OpenSSL cannot decode is shown as far as it can be read. */
static void undecodable_certificates_are_shown(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.serial = d_hex("0001"); /* a needless byte */
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	assert_null(uc_cert_x509(c));
	struct uc_buf b = UC_BUF_EMPTY;
	ERR_clear_error();
	uc_report_cert_text(c, &b);
	assert_true(ERR_peek_error() == 0);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	assert_non_null(strstr(text, "Issuer: CN=Maker CA\n        Validity\n            Not Before: Jan  1 00:00:00 2025 GMT\n"));
	UC_CLEANUP(free_json) json_t *o = uc_report_cert(c, NOW);
	assert_string_equal(json_string_value(json_object_get(o, "subject")), "CN=cucm.example.com");
	assert_int_equal(json_array_size(json_object_get(o, "extensions")), 6);
}

/* C2 of the requirements: a request is shown as `openssl req -text` shows it. */
static void c2_request_text_is_that_of_openssl(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct uc_profile p = {.common_name = "cucm.example.com", .country = "JP", .digest = "SHA256"};
	struct uc_buf der = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_csr_make(&p, key, &der, &e), e);
	EVP_PKEY_free(key);
	struct uc_buf b = UC_BUF_EMPTY;
	uc_report_csr_text(d_keep(&der), &b);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	assert_true(uc_starts_with(
	    text, "Certificate Request:\n    Data:\n        Version: 1 (0x0)\n        Subject: C = JP, CN = cucm.example.com\n"));
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(text_is_that_of_openssl),
	    TEST(undecodable_certificates_are_shown),
	    TEST(c2_request_text_is_that_of_openssl),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
