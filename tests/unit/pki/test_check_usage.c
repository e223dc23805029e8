#include "maker.h"

#include "pki/check.h"

static void usage_of(struct uc_slice extensions, const struct uc_usage_rule *rule, struct uc_findings *f)
{
	struct maker m = maker_leaf();
	m.exts = extensions;
	struct uc_cert *c = maker_cert(&m);
	uc_check_usage(c, rule, f);
	uc_cert_free(c);
}

static void assert_finding(const struct uc_findings *f, size_t i, enum uc_weight weight, const char *code, const char *says)
{
	assert_true(i < f->count);
	assert_string_equal(f->items[i].code, code);
	assert_int_equal(f->items[i].weight, weight);
	if (strstr(f->items[i].message, says) == NULL) fail_msg("'%s' lacks '%s'", f->items[i].message, says);
	assert_non_null(f->items[i].hint);
}

static const char *const server_client[] = {SERVER_AUTH, CLIENT_AUTH, NULL};
static const char *const server_only[] = {SERVER_AUTH, NULL};
static const struct uc_usage_rule tomcat = {
    .key_usage = UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT | UC_KU_DATA_ENCIPHERMENT,
    .ekus = server_client,
    .needs_server_auth = true,
};
static const struct uc_usage_rule capf = {
    .key_usage = UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT | UC_KU_KEY_CERT_SIGN,
    .ekus = server_only,
    .needs_server_auth = true,
    .needs_cert_sign = true,
};

/* Requirements section 2: missing DE, KE or clientAuth is a warning each, missing serverAuth and keyCertSign is refused. */
static void missing_usages_have_their_weight(void **state)
{
	(void)state;
	struct uc_findings f = {.items = NULL};
	usage_of(D_CAT(x_ku(UC_KU_DIGITAL_SIGNATURE), X_EKU(d_oid(SERVER_AUTH))), &tomcat, &f);
	assert_int_equal(f.count, 3);
	assert_finding(&f, 0, UC_WARN, "usage-missing", "keyUsage lacks keyEncipherment");
	assert_finding(&f, 1, UC_WARN, "usage-missing", "keyUsage lacks dataEncipherment");
	assert_finding(&f, 2, UC_WARN, "usage-missing", "extendedKeyUsage lacks clientAuth");
	uc_findings_free(&f);
	usage_of(D_CAT(x_ku(tomcat.key_usage), X_EKU(d_oid(CLIENT_AUTH))), &tomcat, &f);
	assert_int_equal(f.count, 1);
	assert_finding(&f, 0, UC_REFUSED, "usage-missing", "extendedKeyUsage lacks serverAuth");
	uc_findings_free(&f);
	usage_of(D_CAT(x_ku(UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT), X_EKU(d_oid(SERVER_AUTH))), &capf, &f);
	assert_int_equal(f.count, 1);
	assert_finding(&f, 0, UC_REFUSED, "usage-missing", "keyUsage lacks keyCertSign");
	uc_findings_free(&f);
	usage_of(D_CAT(x_ku(tomcat.key_usage), X_EKU(d_oid(SERVER_AUTH), d_oid(CLIENT_AUTH))), &tomcat, &f);
	assert_int_equal(f.count, 0);
}

/* RFC 5280 sections 4.2.1.3 and 4.2.1.12: without the extension, or with anyExtendedKeyUsage, nothing is missing. */
static void absent_usages_restrict_nothing(void **state)
{
	(void)state;
	struct uc_findings f = {.items = NULL};
	usage_of(x_bc(true), &capf, &f);
	assert_int_equal(f.count, 2);
	assert_finding(&f, 0, UC_NOTE, "usage-absent", "no keyUsage");
	assert_finding(&f, 1, UC_NOTE, "usage-absent", "no extendedKeyUsage");
	uc_findings_free(&f);
	usage_of(D_CAT(x_ku(capf.key_usage), X_EKU(d_oid("2.5.29.37.0"))), &capf, &f);
	assert_int_equal(f.count, 0);
	static const struct uc_usage_rule nothing = {.key_usage = 0};
	usage_of(x_bc(false), &nothing, &f);
	assert_int_equal(f.count, 0);
}

static void key_usage_bits_have_names(void **state)
{
	(void)state;
	assert_string_equal(uc_key_usage_name(0), "digitalSignature");
	assert_string_equal(uc_key_usage_name(5), "keyCertSign");
	assert_string_equal(uc_key_usage_name(8), "decipherOnly");
	assert_null(uc_key_usage_name(9));
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(missing_usages_have_their_weight),
	    TEST(absent_usages_restrict_nothing),
	    TEST(key_usage_bits_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
