/* src/manage/upload.c: what an uploaded file holds, for both kinds of import. */
#include "site.h"

#include <openssl/pkcs12.h>

static enum uc_status read_file(struct uc_slice content, struct uc_certs *out, struct uc_findings *found, struct uc_error *e)
{
	struct uc_task_request req = {.content = content};
	return uc_upload_read(&req, out, found, e);
}

static void each_certificate_is_taken_once_in_the_order_of_the_file_C18(void **state)
{
	(void)state;
	struct made one = make_cert(&(struct make){.subject = "CN=One", .exts = MAKE_ROOT});
	struct made two = make_cert(&(struct make){.subject = "CN=Two", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&two, &one, &two));
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	struct uc_error e;
	assert_ok(read_file(uc_buf_slice(&file), &certs, &found, &e), e);
	assert_int_equal(certs.count, 2);
	assert_true(uc_cert_eq(certs.items[0], two.cert) && uc_cert_eq(certs.items[1], one.cert));
	const struct uc_finding *repeated = uc_findings_get(&found, "repeated");
	assert_non_null(repeated);
	char print[9];
	assert_non_null(strstr(repeated->message, made_print(&two, print)));
	made_free(&one);
	made_free(&two);
}

/* A request made by hand is enough: it is not looked into. */
static struct uc_buf some_request(struct site *s)
{
	struct uc_error e;
	request_csr(s, "tomcat-ECDSA");
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, "tomcat-ECDSA", &r, &e), e);
	struct uc_buf out = UC_BUF_EMPTY;
	uc_pem_write(&out, "CERTIFICATE REQUEST", uc_buf_slice(&r.der));
	return out;
}

static void a_request_or_revocation_list_beside_a_certificate_is_ignored_and_alone_is_an_error_C47(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf request = some_request(s);
	UC_CLEANUP(uc_buf_free) struct uc_buf crl = make_crl(&root, MADE_NONE);
	UC_CLEANUP(uc_buf_free) struct uc_buf others = UC_BUF_EMPTY;
	uc_buf_add_slice(&others, uc_buf_slice(&request));
	uc_pem_write(&others, "X509 CRL", uc_buf_slice(&crl));
	UC_CLEANUP(uc_certs_free) struct uc_certs none = {.items = NULL};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	struct uc_error e;
	assert_fails(read_file(uc_buf_slice(&others), &none, &found, &e), e, UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(e.message, "1 certificate signing request"));
	assert_non_null(strstr(e.message, "1 revocation list"));
	assert_string_equal(e.field, "file");

	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&root));
	uc_buf_add_slice(&others, uc_buf_slice(&file));
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
	assert_ok(read_file(uc_buf_slice(&others), &certs, &found, &e), e);
	assert_int_equal(certs.count, 1);
	assert_non_null(uc_findings_get(&found, "request-ignored"));
	assert_non_null(uc_findings_get(&found, "crl-ignored"));
	made_free(&root);
}

static void what_cannot_be_read_is_the_error_of_the_reader(void **state)
{
	(void)state;
	static const struct {
		const char *content;
		enum uc_status status;
		const char *id;
	} rows[] = {{"", UC_EINPUT, "empty-file"},
	            {"<!DOCTYPE html><html></html>", UC_EINPUT, "html-page"},
	            {"-----BEGIN CERTIFICATE-----\nMIIB", UC_EINPUT, "truncated"},
	            {"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", UC_EREFUSED, "private-key-in-upload"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
		UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
		struct uc_error e;
		assert_fails(read_file(uc_slice_str(rows[i].content), &certs, &found, &e), e, rows[i].status, rows[i].id);
		assert_int_equal(certs.count, 0);
		assert_string_equal(e.field, "file");
		UC_CLEANUP(uc_upload_requests_free) struct uc_upload_requests requests = {.items = NULL};
		const struct uc_task_request req = {.content = uc_slice_str(rows[i].content)};
		assert_fails(uc_upload_look(&req, &certs, &requests, &found, &e), e, rows[i].status, rows[i].id);
	}
}

/* A PKCS#12 with a password is an encrypted file that asks for one. */
static void a_password_that_is_missing_or_wrong_is_the_password_s_fault(void **state)
{
	(void)state;
	struct made c = make_cert(&(struct make){.subject = "CN=Packed", .exts = MAKE_ROOT});
	X509 *x = uc_cert_x509(c.cert);
	PKCS12 *p12 = PKCS12_create("right", NULL, c.key, x, NULL, 0, 0, 0, 0, 0);
	struct uc_buf file = UC_BUF_EMPTY;
	int len = i2d_PKCS12(p12, NULL);
	unsigned char *at = uc_buf_extend(&file, (size_t)len);
	i2d_PKCS12(p12, &at);
	PKCS12_free(p12);
	X509_free(x);
	static const struct {
		const char *password, *id;
	} rows[] = {{NULL, "password-needed"}, {"wrong", "wrong-password"}, {"right", NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
		UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
		const struct uc_task_request req = {.content = uc_buf_slice(&file), .password = rows[i].password};
		struct uc_error e;
		if (rows[i].id == NULL) {
			assert_ok(uc_upload_read(&req, &certs, &found, &e), e);
			assert_int_equal(certs.count, 1);
			continue;
		}
		assert_fails(uc_upload_read(&req, &certs, &found, &e), e, UC_EINPUT, rows[i].id);
		assert_string_equal(e.field, "password");
	}
	uc_buf_free(&file);
	made_free(&c);
}

/* U3: what is in a file, whatever it is. */
static void looking_at_a_file_takes_requests_too_each_once(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf request = some_request(s);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&root, &root));
	uc_buf_add_slice(&file, uc_buf_slice(&request));
	uc_buf_add_slice(&file, uc_buf_slice(&request));
	const struct uc_slice files[] = {uc_buf_slice(&file), uc_buf_slice(&request)};
	for (size_t i = 0; i < 2; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
		UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
		UC_CLEANUP(uc_upload_requests_free) struct uc_upload_requests requests = {.items = NULL};
		const struct uc_task_request req = {.content = files[i]};
		assert_ok(uc_upload_look(&req, &certs, &requests, &found, &e), e);
		assert_int_equal(certs.count, i == 0 ? 1 : 0);
		assert_int_equal(requests.count, 1);
		assert_null(uc_findings_get(&found, "request-ignored"));
		assert_int_equal(uc_findings_get(&found, "repeated") != NULL, i == 0);
	}
	/* A list alone is nothing. */
	UC_CLEANUP(uc_buf_free) struct uc_buf crl = make_crl(&root, MADE_NONE);
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	uc_pem_write(&pem, "X509 CRL", uc_buf_slice(&crl));
	struct uc_certs certs = {.items = NULL};
	struct uc_upload_requests requests = {.items = NULL};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	const struct uc_task_request req = {.content = uc_buf_slice(&pem)};
	struct uc_error e;
	assert_fails(uc_upload_look(&req, &certs, &requests, &found, &e), e, UC_EINPUT, "no-certificate-found");
	made_free(&root);
}

static void faults_are_told_with_the_name_of_the_certificate_and_this_nodes_clock_C69(void **state)
{
	struct site *s = *state;
	struct made old =
	    make_cert(&(struct make){.subject = "CN=Old", .from = MAKE_NOW - 3 * MAKE_YEAR, .to = MAKE_NOW - MAKE_YEAR, .exts = MAKE_ROOT});
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	uc_upload_check(&s->ctx, old.cert, UC_ROLE_TRUST, true, &found);
	const struct uc_finding *expired = uc_findings_get(&found, "expired");
	assert_non_null(expired);
	char print[9];
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("Old (SHA-256 %s...)", made_print(&old, print));
	assert_true(strncmp(expired->message, name, strlen(name)) == 0);
	assert_non_null(strstr(expired->message, "this node's clock says 2026-06-01T00:00:00Z"));
	assert_int_equal(expired->weight, UC_WARN);
	made_free(&old);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(each_certificate_is_taken_once_in_the_order_of_the_file_C18),
	    T(a_request_or_revocation_list_beside_a_certificate_is_ignored_and_alone_is_an_error_C47),
	    T(what_cannot_be_read_is_the_error_of_the_reader),
	    T(a_password_that_is_missing_or_wrong_is_the_password_s_fault),
	    T(looking_at_a_file_takes_requests_too_each_once),
	    T(faults_are_told_with_the_name_of_the_certificate_and_this_nodes_clock_C69),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
