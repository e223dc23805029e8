#include "check_faults.h"

#include <time.h>

static void signed_as(struct maker *m, const char *oid)
{
	m->inner_algorithm = D_SEQ(d_oid(oid));
	m->outer_algorithm = m->inner_algorithm;
}

static void plain_key(struct maker *m, const char *kind)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	assert_non_null(key);
	m->spki = d_spki(key);
	EVP_PKEY_free(key);
}

static void version_9(struct maker *m)
{
	m->version = d_hex("a003020109");
}

static void padded_serial(struct maker *m)
{
	m->serial = d_hex("0001");
}

static void broken_subject(struct maker *m)
{
	m->subject = D_SEQ(d_text(0x0c, "a name without its sets"));
}

static void broken_spki(struct maker *m)
{
	m->spki = D_SEQ(d_text(0x0c, "no algorithm"), d_bits(d_hex("00")));
}

static void fraction(struct maker *m)
{
	m->not_after = d_utc("301231235959.5Z");
}

static void offset(struct maker *m)
{
	m->not_before = d_general("20500101000000+0100");
}

static void general_2034(struct maker *m)
{
	m->not_after = d_general("20340101000000Z");
}

static void ends_before(struct maker *m)
{
	m->not_before = d_utc("250601000000Z");
	m->not_after = d_utc("250501000000Z");
}

static void expired(struct maker *m)
{
	m->not_after = d_utc("251229000000Z");
}

static void not_yet(struct maker *m)
{
	m->not_before = d_utc("260201000000Z");
}

static void rsa_1024(struct maker *m)
{
	m->spki = d_rsa_spki(1024);
}

static void rsa_2047(struct maker *m)
{
	m->spki = d_rsa_spki(2047);
}

static void dsa_1024(struct maker *m)
{
	struct uc_buf p = UC_BUF_EMPTY;
	uc_buf_add(&p, "\x00\x80", 2);
	for (int i = 0; i < 126; i++) uc_buf_add_u8(&p, 0x55);
	uc_buf_add_u8(&p, 0x01);
	struct uc_slice params = D_SEQ(d_tlv(2, d_keep(&p)), d_hex("02010b"), d_hex("020103"));
	m->spki = D_SEQ(D_SEQ(d_oid("1.2.840.10040.4.1"), params), d_bits(d_hex("020105")));
}

static void p192(struct maker *m)
{
	ec_curve(m, "P-192");
}

static void ed25519(struct maker *m)
{
	plain_key(m, "ED25519");
}

static void ed448(struct maker *m)
{
	plain_key(m, "ED448");
}

static void rsa_pss(struct maker *m)
{
	m->spki = d_rsa_spki_as("1.2.840.113549.1.1.10", 2048, "010001");
}

static void secp256k1(struct maker *m)
{
	ec_curve(m, "secp256k1");
}

static void brainpool(struct maker *m)
{
	ec_curve(m, "brainpoolP256r1");
}

static void rsa_16392(struct maker *m)
{
	m->spki = d_rsa_spki(16392);
}

static void key_of_the_future(struct maker *m)
{
	m->spki = D_SEQ(D_SEQ(d_oid("1.2.3.4.5")), d_bits(d_hex("0102")));
}

static void point_off_curve(struct maker *m)
{
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_add_slice(&b, d_spki(maker_leaf_key));
	b.ptr[b.len - 1] ^= 0xff;
	m->spki = d_keep(&b);
}

static void exponent_one(struct maker *m)
{
	m->spki = d_rsa_spki_as("1.2.840.113549.1.1.1", 2048, "01");
}

static void sha1(struct maker *m)
{
	signed_as(m, "1.2.840.10045.4.1");
	m->digest = "SHA1";
}

static void md5(struct maker *m)
{
	signed_as(m, "1.2.840.113549.1.1.4");
}

static void pss_default_sha1(struct maker *m)
{
	m->inner_algorithm = D_SEQ(d_oid("1.2.840.113549.1.1.10"), d_tlv(0x30, D_NONE));
	m->outer_algorithm = m->inner_algorithm;
}

static void sha1_root(struct maker *m)
{
	*m = maker_root();
	sha1(m);
}

static void sha1_rollover(struct maker *m)
{
	*m = maker_root();
	sha1(m);
	m->spki = d_spki(maker_leaf_key); /* C83: self-issued, but signed by another key */
	m->exts = D_CAT(x_bc(true), x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void other_outer(struct maker *m)
{
	m->outer_algorithm = d_ecdsa("1.2.840.10045.4.3.3");
}

static void other_parameters(struct maker *m)
{
	m->outer_algorithm = D_SEQ(d_oid("1.2.840.10045.4.3.2"), d_hex("0500"));
}

static void serial_negative(struct maker *m)
{
	m->serial = d_hex("e1");
}

static void serial_zero(struct maker *m)
{
	m->serial = d_hex("00");
}

static void serial_21(struct maker *m)
{
	m->serial = d_hex("0102030405060708090a0b0c0d0e0f101112131415");
}

static void version_1(struct maker *m)
{
	m->version = D_NONE;
	m->exts = D_NONE;
}

static void version_2_exts(struct maker *m)
{
	m->version = d_hex("a003020101");
}

static const struct fault faults[] = {
    {"malformed", ALL(UC_REFUSED), version_9, "version field says 10", NULL},
    {"malformed", ALL(UC_REFUSED), padded_serial, "serialNumber 0001", NULL},
    {"malformed", ALL(UC_REFUSED), broken_subject, "its subject cannot be decoded", NULL},
    {"malformed", ALL(UC_REFUSED), broken_spki, "its subjectPublicKeyInfo cannot be decoded", NULL},
    {"bad-time", ALL(UC_REFUSED), fraction, "notAfter is UTCTime '301231235959.5Z', which has a fraction of a second", NULL},
    {"bad-time", ALL(UC_REFUSED), offset, "notBefore is GeneralizedTime '20500101000000+0100', which has an offset from GMT", NULL},
    {"time-type", ALL(UC_WARN), general_2034, "notAfter is GeneralizedTime '20340101000000Z'", NULL},
    {"time-order", ALL(UC_REFUSED), ends_before, "notAfter 2025-05-01T00:00:00Z) before it begins (notBefore 2025-06-01T00:00:00Z",
     "expired"},
    {"expired", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, expired, "it expired 3 days ago", NULL},
    {"not-yet-valid", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, not_yet, "begins in 31 days", NULL},
    {"key-too-small", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, rsa_1024, "RSA 1024", NULL},
    {"key-too-small", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, rsa_2047, "RSA 2047", NULL},
    {"key-too-small", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, dsa_1024, "DSA 1024", NULL},
    {"key-too-small", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, p192, "EC P-192", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, ed25519, "Ed25519", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, ed448, "Ed448", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, dsa_1024, "DSA 1024", "key-too-small"},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, rsa_pss, "RSASSA-PSS 2048", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, secp256k1, "secp256k1", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, brainpool, "EC 1.3.36.3.3.2.8.1.1.7", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, rsa_16392, "RSA 16392; RSA keys above 16384 bits", NULL},
    {"key-unsupported", {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE}, key_of_the_future, "1.2.3.4.5", NULL},
    {"key-damaged", ALL(UC_REFUSED), point_off_curve, "EC P-256", NULL},
    {"key-damaged", ALL(UC_REFUSED), exponent_one, "RSA 2048", NULL},
    {"weak-signature", IDENTITY_ONLY, sha1, "SHA-1", NULL},
    {"weak-signature", IDENTITY_ONLY, md5, "MD5", NULL},
    {"weak-signature", IDENTITY_ONLY, pss_default_sha1, "SHA-1", NULL},
    {"weak-signature", {UC_WARN, UC_REFUSED, UC_WARN, UC_NOTE}, sha1_root, "SHA-1", NULL},
    {"weak-signature", IDENTITY_ONLY, sha1_rollover, "SHA-1", NULL},
    {"signature-mismatch", ALL(UC_REFUSED), other_outer, "ecdsa-with-SHA256 (1.2.840.10045.4.3.2), but it is signed with ecdsa-with-SHA384",
     NULL},
    {"signature-mismatch", ALL(UC_REFUSED), other_parameters, "with other parameters", NULL},
    {"serial-negative", IDENTITY_ONLY, serial_negative, "negative: -1f", NULL},
    {"serial-zero", IDENTITY_ONLY, serial_zero, "zero", NULL},
    {"serial-long", IDENTITY_ONLY, serial_21, "21 octets, more than the 20 allowed: 0102030405060708090a0b0c0d0e0f101112131415", NULL},
    {"version-1", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, version_1, "version 1", NULL},
    {"version-1", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, version_2_exts, "version 2", NULL},
};

/* T3, C38, C39, C71, C75, and the bad input that concerns keys, signatures, serials and versions: the weight of each, for each role. */
static void faults_of_fields_have_their_weight(void **state)
{
	(void)state;
	CHECK_FAULTS(faults);
}

/* T3, C62, C63, C70: each malformed form, in both types and both fields, is refused and quoted, in every time zone. */
static void t3_malformed_times_are_quoted(void **state)
{
	(void)state;
	static const char *const zones[] = {"UTC", "Asia/Tokyo", "America/Los_Angeles"};
	static const char *const ends[] = {"0615120000.5Z", "06151200Z",     "0615120000+0100", "06151200+0100", "0615120000",   "0230120000Z",
	                                   "0615120060Z",   "0615120000Z+0", "0615120000z",     "06151200000Z",  "0615120000,1Z"};
	static const char *const whole[] = {"", "tomorrow", "00000000000000Z"};
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
		setenv("TZ", zones[z], 1);
		tzset();
		for (size_t i = 0; i < (sizeof ends / sizeof *ends + sizeof whole / sizeof *whole) * 4; i++) {
			bool general = (i & 1) != 0;
			bool after = (i & 2) != 0;
			size_t n = i / 4;
			UC_CLEANUP(uc_freep)
			char *text = n < sizeof ends / sizeof *ends ? uc_sprintf("%s%s", general ? "2055" : "30", ends[n])
			                                            : uc_strdup(whole[n - sizeof ends / sizeof *ends]);
			struct maker m = maker_leaf();
			*(after ? &m.not_after : &m.not_before) = general ? d_general(text) : d_utc(text);
			struct uc_findings f = findings_of(&m, UC_ROLE_TRUST);
			const struct uc_finding *bad = uc_findings_get(&f, "bad-time");
			assert_non_null(bad);
			assert_int_equal(bad->weight, UC_REFUSED);
			UC_CLEANUP(uc_freep)
			char *want =
			    uc_sprintf("%s is %s '%s', which ", after ? "notAfter" : "notBefore", general ? "GeneralizedTime" : "UTCTime", text);
			if (strstr(bad->message, want) == NULL) fail_msg("'%s' lacks '%s'", bad->message, want);
			assert_null(uc_findings_get(&f, "expired"));
			uc_findings_free(&f);
		}
	}
}

/* T3: a GeneralizedTime before 2050 is a warning, by option an error; from 2050 it is right. */
static void t3_time_type_is_strict_by_option(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.not_after = d_general("20491231235959Z");
	struct uc_cert *c = maker_cert(&m);
	struct uc_check_options options = {.role = UC_ROLE_TRUST, .now = NOW, .strict_times = true};
	struct uc_findings f = {.items = NULL};
	uc_check_cert(c, &options, &f);
	assert_int_equal(uc_findings_get(&f, "time-type")->weight, UC_REFUSED);
	uc_findings_free(&f);
	uc_cert_free(c);
	m.not_after = d_general("20500101000000Z");
	f = findings_of(&m, UC_ROLE_TRUST);
	assert_null(uc_findings_get(&f, "time-type"));
	uc_findings_free(&f);
}

/* C58, C59, C61, C65: ends in 2039, 2050, 2099, 2106 and 9999 are those years, at any "now" there is. */
static void c59_long_validity_does_not_wrap(void **state)
{
	(void)state;
	static const struct {
		const char *utc, *general;
		uc_time value;
	} ends[] = {
	    {"390101000000Z", NULL, 2177452800},   {"491231235959Z", NULL, 2524607999},   {NULL, "20500101000000Z", 2524608000},
	    {NULL, "20991231235959Z", 4102444799}, {NULL, "21060207062816Z", 4294967296}, {NULL, "99991231235959Z", UC_TIME_MAX},
	};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct maker m = maker_leaf();
		m.not_after = ends[i].utc != NULL ? d_utc(ends[i].utc) : d_general(ends[i].general);
		struct uc_cert *c = maker_cert(&m);
		assert_true(c->not_after.value == ends[i].value);
		const uc_time nows[] = {NOW,           (uc_time)INT32_MAX + 1, (uc_time)UINT32_MAX, ends[i].value - 1,
		                        ends[i].value, ends[i].value + 1,      UC_TIME_MAX,         INT64_MAX,
		                        INT64_MIN};
		for (size_t n = 0; n < sizeof nows / sizeof *nows; n++) {
			struct uc_findings f = findings_at(c, UC_ROLE_IDENTITY, nows[n]);
			assert_int_equal(uc_findings_get(&f, "expired") != NULL, nows[n] > ends[i].value);
			assert_int_equal(uc_findings_get(&f, "not-yet-valid") != NULL, nows[n] < c->not_before.value);
			uc_findings_free(&f);
		}
		uc_cert_free(c);
	}
}

/* C66, C67: around the boundary, "expired" is said exactly when now lies after notAfter, and the distance agrees. */
static void c67_expiry_is_decided_by_instants(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	struct uc_cert *c = maker_cert(&m);
	uc_time end = c->not_after.value;
	static const uc_time steps[] = {0, 1, 59, 60, 3599, 3600, 86399, 86400, 86401, 172800, 34560000};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct uc_findings before = findings_at(c, UC_ROLE_ANY, end - steps[i]);
		assert_null(uc_findings_get(&before, "expired"));
		uc_findings_free(&before);
		if (steps[i] == 0) continue;
		struct uc_findings after = findings_at(c, UC_ROLE_ANY, end + steps[i]);
		const struct uc_finding *expired_one = uc_findings_get(&after, "expired");
		assert_non_null(expired_one);
		assert_non_null(strstr(expired_one->message, "it expired "));
		assert_non_null(strstr(expired_one->message, " ago"));
		uc_findings_free(&after);
	}
	uc_cert_free(c);
}

/* C69: the message has now, notBefore, notAfter and whose clock it is. */
static void c69_clock_messages_show_every_time(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	expired(&m);
	struct uc_findings f = findings_of(&m, UC_ROLE_IDENTITY);
	const char *message = uc_findings_get(&f, "expired")->message;
	assert_string_equal(message,
	                    "it expired 3 days ago: valid from 2025-01-01T00:00:00Z to 2025-12-29T00:00:00Z, and this node's clock says "
	                    "2026-01-01T00:00:00Z");
	uc_findings_free(&f);
	struct maker early = maker_leaf();
	not_yet(&early);
	f = findings_of(&early, UC_ROLE_IDENTITY);
	message = uc_findings_get(&f, "not-yet-valid")->message;
	assert_string_equal(message,
	                    "it is not valid yet and begins in 31 days: valid from 2026-02-01T00:00:00Z to 2034-01-01T00:00:00Z, and this "
	                    "node's clock says 2026-01-01T00:00:00Z");
	uc_findings_free(&f);
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(faults_of_fields_have_their_weight), TEST(t3_malformed_times_are_quoted),     TEST(t3_time_type_is_strict_by_option),
	    TEST(c59_long_validity_does_not_wrap),    TEST(c67_expiry_is_decided_by_instants), TEST(c69_clock_messages_show_every_time),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
