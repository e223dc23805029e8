#include "check_faults.h"

#include "pki/request.h"

static void assert_perfect(const struct uc_cert *c, enum uc_check_role role)
{
	struct uc_findings f = findings_at(c, role, NOW);
	if (f.count > 0) show(&f);
	assert_int_equal(uc_findings_worst(&f), UC_NOTE);
	uc_findings_free(&f);
}

/* C39: every key kind that can be generated is accepted for every role it can have. */
static void c39_perfect_certificates_have_no_finding(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	struct uc_slice keys[] = {m.spki, D_NONE, D_NONE, d_rsa_spki(2048), d_rsa_spki(3072), d_rsa_spki(4096)};
	ec_curve(&m, "P-384");
	keys[1] = m.spki;
	ec_curve(&m, "P-521");
	keys[2] = m.spki;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_non_null(uc_key_spec_of(keys[i]));
		m.spki = keys[i];
		struct uc_cert *leaf = maker_cert(&m);
		assert_perfect(leaf, UC_ROLE_ANY);
		assert_perfect(leaf, UC_ROLE_IDENTITY);
		assert_perfect(leaf, UC_ROLE_TRUST);
		uc_cert_free(leaf);
		struct maker ca = m;
		intermediate(&ca);
		struct uc_cert *c = maker_cert(&ca);
		assert_perfect(c, UC_ROLE_ANY);
		assert_perfect(c, UC_ROLE_TRUST);
		assert_perfect(c, UC_ROLE_ISSUER);
		uc_cert_free(c);
	}
	struct maker root = maker_root();
	struct uc_cert *c = maker_cert(&root);
	assert_true(uc_cert_self_signed(c));
	assert_perfect(c, UC_ROLE_ISSUER);
	assert_perfect(c, UC_ROLE_TRUST);
	uc_cert_free(c);
}

/* The certificates that a node makes for itself pass its own rules, in each kind of key. */
static void own_self_signed_certificates_are_perfect(void **state)
{
	(void)state;
	static const char *const ekus[] = {SERVER_AUTH, CLIENT_AUTH, NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv sans = {.items = NULL};
	uc_strv_add(&sans, "DNS:cucm.example.com");
	for (size_t i = 0; i < 4; i++) {
		static const char *const kinds[] = {"rsa-2048", "ec-p256", "ec-p384", "ec-p521"};
		const struct uc_key_spec *spec = uc_key_spec_find(kinds[i]);
		struct uc_error e;
		EVP_PKEY *key = NULL;
		assert_ok(uc_key_generate(spec, &key, &e), e);
		struct uc_profile p = {.common_name = "cucm.example.com",
		                       .sans = &sans,
		                       .key_usage = UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT | UC_KU_DATA_ENCIPHERMENT,
		                       .ekus = ekus,
		                       .digest = spec->digest,
		                       .not_before = NOW - UC_DAY,
		                       .not_after = NOW + 7300 * UC_DAY};
		UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
		assert_ok(uc_cert_self_sign(&p, key, &der, &e), e);
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
		assert_ok(uc_cert_read(uc_buf_slice(&der), &c, &e), e);
		assert_perfect(c, UC_ROLE_IDENTITY);
		assert_perfect(c, UC_ROLE_TRUST);
		EVP_PKEY_free(key);
	}
}

/* The order of the findings is the order of check.h, whatever a certificate is guilty of. */
static void findings_come_in_order(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.not_after = d_utc("251229000000Z");
	m.spki = d_rsa_spki(1024);
	m.inner_algorithm = d_ecdsa("1.2.840.10045.4.1");
	m.outer_algorithm = m.inner_algorithm;
	m.serial = d_hex("00");
	m.subject = d_name("*.example.com");
	exts(&m, X_SAN(d_dns("other.example.com")));
	struct uc_findings f = findings_of(&m, UC_ROLE_IDENTITY);
	static const char *const want[] = {"expired", "key-too-small", "weak-signature", "serial-zero", "duplicate-extension", "wildcard"};
	assert_int_equal(f.count, sizeof want / sizeof *want);
	for (size_t i = 0; i < f.count; i++) assert_string_equal(f.items[i].code, want[i]);
	uc_findings_free(&f);
}

/* Any single changed byte gives an error or findings that can be shown; nothing is read beyond the certificate. */
static void no_changed_byte_does_harm(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	struct uc_slice good = maker_der(&m);
	UC_CLEANUP(uc_freep) uint8_t *bytes = uc_memdup(good.ptr, good.len);
	size_t read = 0;
	for (size_t i = 0; i < good.len; i++) {
		static const uint8_t flips[] = {0x01, 0x20, 0x80, 0xff};
		for (size_t j = 0; j < sizeof flips; j++) {
			bytes[i] ^= flips[j];
			struct uc_error e;
			struct uc_cert *c = NULL;
			if (uc_cert_read(uc_slice_of(bytes, good.len), &c, &e) == UC_OK) {
				for (int role = UC_ROLE_ANY; role <= UC_ROLE_ISSUER; role++) {
					struct uc_findings f = findings_at(c, (enum uc_check_role)role, NOW);
					uc_findings_free(&f);
				}
				read++;
			}
			uc_cert_free(c);
			bytes[i] ^= flips[j];
		}
	}
	assert_true(read > good.len); /* most changes leave something that can be read, and was judged */
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(c39_perfect_certificates_have_no_finding),
	    TEST(own_self_signed_certificates_are_perfect),
	    TEST(findings_come_in_order),
	    TEST(no_changed_byte_does_harm),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
