#include "maker.h"

#include <openssl/err.h>
#include <time.h>

#include "pki/report.h"
#include "pki/request.h"

#define NOW ((uc_time)1767225600) /* 2026-01-01 */

UC_DEFINE_CLEANUP(free_json, json_t, json_decref)
UC_DEFINE_CLEANUP(free_pkey, EVP_PKEY, EVP_PKEY_free)

static json_t *report_at(const struct maker *m, uc_time now)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(m);
	ERR_clear_error();
	json_t *o = uc_report_cert(c, now);
	assert_non_null(o);
	assert_true(ERR_peek_error() == 0);
	return o;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	if (text == NULL) fail_msg("%s is no string", key);
	return text;
}

/* The object has exactly these keys, separated by blanks. */
static void assert_keys(json_t *o, const char *keys)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv want = {.items = NULL};
	uc_strv_split(&want, keys, ' ');
	for (size_t i = 0; i < want.count; i++)
		if (json_object_get(o, want.items[i]) == NULL) fail_msg("key %s is missing", want.items[i]);
	assert_int_equal(json_object_size(o), want.count);
}

static char *joined(const json_t *o, const char *key)
{
	const json_t *list = json_object_get(o, key);
	assert_true(json_is_array(list));
	UC_CLEANUP(uc_strv_free) struct uc_strv v = {.items = NULL};
	for (size_t i = 0; i < json_array_size(list); i++) uc_strv_add(&v, json_string_value(json_array_get(list, i)));
	return uc_strv_join(&v, " ");
}

static void assert_list(const json_t *o, const char *key, const char *want)
{
	UC_CLEANUP(uc_freep) char *have = joined(o, key);
	assert_string_equal(have, want);
}

/* V2: every field is there, under the documented key. */
static void v2_a_certificate_is_decoded_whole(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
	assert_keys(
	    o,
	    "common_name subject issuer serial fingerprint_sha256 fingerprint_sha1 version not_before not_after expires state key_type key_id "
	    "signature_algorithm self_signed ca path_length key_usage extended_key_usage subject_alt_names subject_key_id authority_key_id "
	    "extensions pem");
	assert_string_equal(text_of(o, "common_name"), "cucm.example.com");
	assert_string_equal(text_of(o, "subject"), "CN=cucm.example.com");
	assert_string_equal(text_of(o, "issuer"), "CN=Maker CA");
	assert_string_equal(text_of(o, "serial"), "4a0102030405060708");
	assert_int_equal(json_integer_value(json_object_get(o, "version")), 3);
	assert_string_equal(text_of(o, "not_before"), "2025-01-01T00:00:00Z");
	assert_string_equal(text_of(o, "not_after"), "2034-01-01T00:00:00Z");
	assert_string_equal(text_of(o, "expires"), "in 2922 days");
	assert_string_equal(text_of(o, "state"), "valid");
	assert_string_equal(text_of(o, "key_type"), "EC P-256");
	assert_int_equal(strlen(text_of(o, "key_id")), 64);
	assert_int_equal(strlen(text_of(o, "fingerprint_sha256")), 64);
	assert_int_equal(strlen(text_of(o, "fingerprint_sha1")), 40);
	assert_string_equal(text_of(o, "signature_algorithm"), "ecdsa-with-SHA256");
	assert_true(json_is_false(json_object_get(o, "self_signed")));
	assert_true(json_is_false(json_object_get(o, "ca")));
	assert_true(json_is_null(json_object_get(o, "path_length")));
	assert_list(o, "key_usage", "digitalSignature keyEncipherment dataEncipherment");
	assert_list(o, "extended_key_usage", "serverAuth clientAuth");
	assert_list(o, "subject_alt_names", "DNS:cucm.example.com");
	assert_string_equal(text_of(o, "subject_key_id"), MAKER_LEAF_ID);
	assert_string_equal(text_of(o, "authority_key_id"), MAKER_CA_ID);
	assert_true(uc_starts_with(text_of(o, "pem"), "-----BEGIN CERTIFICATE-----\n"));
	json_t *list = json_object_get(o, "extensions");
	assert_int_equal(json_array_size(list), 6);
	json_t *first = json_array_get(list, 0);
	assert_keys(first, "oid name critical text");
	assert_string_equal(text_of(first, "oid"), "2.5.29.19");
	assert_string_equal(text_of(first, "name"), "basicConstraints");
	assert_string_equal(text_of(first, "text"), "CA:FALSE");
	assert_true(json_is_true(json_object_get(first, "critical")));
	assert_string_equal(text_of(json_array_get(list, 3), "text"), "DNS:cucm.example.com");
	assert_true(json_is_false(json_object_get(json_array_get(list, 3), "critical")));
}

static void v2_a_root_is_decoded_whole(void **state)
{
	(void)state;
	struct maker m = maker_root();
	m.exts = D_CAT(x_ext("2.5.29.19", true, D_SEQ(d_hex("0101ff"), d_hex("020102"))), x_ku(UC_KU_KEY_CERT_SIGN | UC_KU_CRL_SIGN));
	m.subject = D_SEQ(d_tlv(UC_DER_SET, D_SEQ(d_oid("2.5.4.10"), d_text(0x13, "Example, Inc."))));
	m.issuer = m.subject;
	UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
	assert_true(json_is_null(json_object_get(o, "common_name")));
	assert_string_equal(text_of(o, "subject"), "O=Example\\, Inc.");
	assert_true(json_is_true(json_object_get(o, "self_signed")));
	assert_true(json_is_true(json_object_get(o, "ca")));
	assert_int_equal(json_integer_value(json_object_get(o, "path_length")), 2);
	assert_list(o, "key_usage", "keyCertSign cRLSign");
	assert_list(o, "extended_key_usage", "");
	assert_true(json_is_null(json_object_get(o, "subject_key_id")));
	assert_true(json_is_null(json_object_get(o, "authority_key_id")));
}

/* M1, C61, C66, C67: the state changes at exact instants, and what never ends never alerts. */
static void c66_states_change_at_instants(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	const struct {
		uc_time now;
		const char *state, *expires;
	} rows[] = {
	    {c->not_before.value - 1, "not-yet-valid", "in 3287 days"},
	    {c->not_before.value, "valid", "in 3287 days"},
	    {c->not_after.value - 30 * UC_DAY, "valid", "in 30 days"},
	    {c->not_after.value - 30 * UC_DAY + 1, "expiring", "in 29 days"},
	    {c->not_after.value - 2 * UC_DAY + 1, "expiring", "in 47 hours"},
	    {c->not_after.value, "expiring", "in 0 seconds"},
	    {c->not_after.value + 1, "expired", "expired 1 second ago"},
	    {c->not_after.value + 3 * UC_DAY, "expired", "expired 3 days ago"},
	    {UC_TIME_MAX, "expired", "expired 2909520 days ago"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(free_json) json_t *o = uc_report_cert(c, rows[i].now);
		assert_string_equal(text_of(o, "state"), rows[i].state);
		assert_string_equal(text_of(o, "expires"), rows[i].expires);
	}
}

static void c61_no_well_defined_end_is_never(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.not_after = d_general("99991231235959Z");
	static const uc_time nows[] = {NOW, UC_TIME_MAX - UC_DAY, UC_TIME_MAX};
	for (size_t i = 0; i < sizeof nows / sizeof *nows; i++) {
		UC_CLEANUP(free_json) json_t *o = report_at(&m, nows[i]);
		assert_string_equal(text_of(o, "not_after"), "9999-12-31T23:59:59Z");
		assert_string_equal(text_of(o, "expires"), "never");
		assert_string_equal(text_of(o, "state"), "valid");
	}
}

/* C58, C59, C70: years after 2038, 2050 and 2099 are shown as they are, in every time zone. */
static void c59_late_years_are_shown(void **state)
{
	(void)state;
	static const char *const zones[] = {"UTC", "Asia/Tokyo", "America/Los_Angeles", "Australia/Lord_Howe"};
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
		setenv("TZ", zones[z], 1);
		tzset();
		struct maker m = maker_leaf();
		m.not_before = d_utc("390704010203Z");
		m.not_after = d_general("20990704010203Z");
		UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
		assert_string_equal(text_of(o, "not_before"), "2039-07-04T01:02:03Z");
		assert_string_equal(text_of(o, "not_after"), "2099-07-04T01:02:03Z");
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
		struct uc_buf b = UC_BUF_EMPTY;
		uc_report_cert_text(c, &b);
		UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
		assert_non_null(
		    strstr(text, "            Not Before: Jul  4 01:02:03 2039 GMT\n            Not After : Jul  4 01:02:03 2099 GMT\n"));
	}
}

/* C62, C63: a malformed time is displayed as it stands, and never trusted. */
static void c62_malformed_times_are_shown_raw(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.not_after = d_utc("301231235959.5Z");
	UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
	assert_string_equal(text_of(o, "state"), "malformed");
	assert_string_equal(text_of(o, "not_after"), "UTCTime '301231235959.5Z'");
	assert_string_equal(text_of(o, "expires"), "unknown");
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	struct uc_buf b = UC_BUF_EMPTY;
	uc_report_cert_text(c, &b);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	assert_non_null(strstr(text, "Not After : malformed: UTCTime '301231235959.5Z' has a fraction of a second\n"));
	assert_non_null(strstr(text, "Subject: CN = cucm.example.com\n")); /* what follows is shown all the same */
	assert_non_null(strstr(text, "X509v3 Subject Alternative Name"));
}

/* C49: one text in several string types is shown as one text. */
static void c49_string_types_are_shown_alike(void **state)
{
	(void)state;
	static const char bmp[] = "\0M\0\xfc\0n";
	const struct uc_slice names[] = {d_name_as(0x0c, uc_slice_str("M\xc3\xbcn")), d_name_as(0x1e, uc_slice_of(bmp, sizeof bmp - 1)),
	                                 d_name_as(0x14, uc_slice_str("M\xfcn"))};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct maker m = maker_leaf();
		m.subject = names[i];
		UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
		assert_string_equal(text_of(o, "common_name"), "M\xc3\xbcn");
		assert_string_equal(text_of(o, "subject"), "CN=M\xc3\xbcn");
	}
}

/* C71: serials are shown as signed hexadecimal. */
static void c71_serials_are_signed_hexadecimal(void **state)
{
	(void)state;
	static const struct {
		const char *content, *text;
	} rows[] = {{"00", "0"}, {"01", "01"}, {"ff", "-01"}, {"80", "-80"}, {"e1", "-1f"}, {"0080", "80"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct maker m = maker_leaf();
		m.serial = d_hex(rows[i].content);
		UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
		assert_string_equal(text_of(o, "serial"), rows[i].text);
	}
}

/* C55: the text of a large extension is bounded and still text; the list of names is whole. */
static void c55_extension_text_is_bounded(void **state)
{
	(void)state;
	static const unsigned counts[] = {1000, 5000};
	for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
		struct uc_buf names = UC_BUF_EMPTY;
		for (unsigned i = 0; i < counts[n]; i++) {
			char name[32];
			snprintf(name, sizeof name, "n%u.example.com", i);
			uc_buf_add_slice(&names, d_dns(name));
		}
		struct maker m = maker_leaf();
		m.exts = x_ext("2.5.29.17", false, d_tlv(0x30, d_keep(&names)));
		UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
		const char *text = text_of(json_array_get(json_object_get(o, "extensions"), 0), "text");
		assert_true(strlen(text) <= 4096 + 4);
		assert_true(counts[n] == 1000 ? uc_ends_with(text, " ...") : uc_ends_with(text, " bytes, not shown)"));
		assert_int_equal(json_array_size(json_object_get(o, "subject_alt_names")), counts[n]);
	}
}

/* What a certificate carries reaches a terminal only as UTF-8 without control characters. */
static void hostile_text_is_cleaned(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.exts = D_CAT(X_SAN(d_dns("a\x1b[31m\xff.example.com"), d_dns("b.example.com")),
	               x_ext("1.2.3.4", false, d_text(0x0c, "\x1b]0;title\x07\xc3")), x_ext("2.5.29.32", true, d_hex("0500")));
	m.subject = d_name("ev\x1b[2Jil");
	UC_CLEANUP(free_json) json_t *o = report_at(&m, NOW);
	UC_CLEANUP(uc_freep) char *dump = json_dumps(o, 0);
	assert_non_null(dump);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	struct uc_buf b = UC_BUF_EMPTY;
	uc_report_cert_text(c, &b);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	assert_true(uc_utf8_valid(uc_slice_str(text)));
	assert_null(strpbrk(text, "\x1b\x07\r"));
	const json_t *list = json_object_get(o, "extensions");
	for (size_t i = 0; i < json_array_size(list); i++) assert_null(strpbrk(text_of(json_array_get(list, i), "text"), "\x1b\x07\r"));
}

static void cleaning_keeps_text_and_lines(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *clean = uc_report_clean(uc_slice_str("a\tb\nc\x7f\xc3\xbc\xff"));
	assert_string_equal(clean, "a?b\nc?\xc3\xbc\xef\xbf\xbd");
	UC_CLEANUP(free_json) json_t *null = uc_report_string(NULL);
	assert_true(json_is_null(null));
	UC_CLEANUP(free_json) json_t *text = uc_report_string("\xff!");
	assert_string_equal(json_string_value(text), "\xef\xbf\xbd!");
}

static void purposes_and_usages_have_names(void **state)
{
	(void)state;
	assert_string_equal(uc_eku_name("1.3.6.1.5.5.7.3.1"), "serverAuth");
	assert_string_equal(uc_eku_name("1.3.6.1.5.5.7.3.2"), "clientAuth");
	assert_string_equal(uc_eku_name("1.3.6.1.5.5.7.3.5"), "ipsecEndSystem");
	assert_string_equal(uc_eku_name("1.2.3"), "1.2.3");
	UC_CLEANUP(free_json) json_t *list = uc_report_key_usage(1 | 16 | 256 | 512);
	UC_CLEANUP(uc_freep) char *text = json_dumps(list, JSON_COMPACT);
	assert_string_equal(text, "[\"digitalSignature\",\"keyAgreement\",\"decipherOnly\"]");
}

static void findings_are_listed(void **state)
{
	(void)state;
	struct uc_findings f = {.items = NULL};
	uc_findings_add(&f, UC_WARN, "wildcard", "Do this.", "it is %s", "wild");
	uc_findings_add(&f, UC_NOTE, "size", NULL, "it is large");
	UC_CLEANUP(free_json) json_t *list = uc_report_findings(&f);
	uc_findings_free(&f);
	UC_CLEANUP(uc_freep) char *text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "[{\"code\":\"wildcard\",\"hint\":\"Do this.\",\"message\":\"it is wild\",\"weight\":\"warn\"},"
	                          "{\"code\":\"size\",\"hint\":null,\"message\":\"it is large\",\"weight\":\"note\"}]");
}

/* ---- requests ---- */

static const char *const ekus[] = {SERVER_AUTH, CLIENT_AUTH, NULL};

static struct uc_slice request_of(EVP_PKEY *key, bool ca)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv sans = {.items = NULL};
	uc_strv_add(&sans, "DNS:cucm.example.com");
	uc_strv_add(&sans, "IP:192.0.2.1");
	struct uc_profile p = {.common_name = "cucm.example.com",
	                       .country = "JP",
	                       .sans = &sans,
	                       .key_usage = UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT,
	                       .ekus = ekus,
	                       .ca = ca,
	                       .digest = "SHA256"};
	struct uc_buf der = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_csr_make(&p, key, &der, &e), e);
	return d_keep(&der);
}

/* C2 of the requirements: a request is decoded whole. */
static void c2_a_request_is_decoded_whole(void **state)
{
	(void)state;
	UC_CLEANUP(free_pkey) EVP_PKEY *key = EVP_EC_gen("P-384");
	struct uc_slice der = request_of(key, false);
	UC_CLEANUP(free_json) json_t *o = uc_report_csr(der);
	assert_keys(
	    o, "common_name subject key_type key_id signature_algorithm hash key_usage extended_key_usage subject_alt_names ca extensions pem");
	assert_string_equal(text_of(o, "common_name"), "cucm.example.com");
	assert_string_equal(text_of(o, "hash"), "sha256");
	assert_string_equal(text_of(o, "subject"), "C=JP,CN=cucm.example.com");
	assert_string_equal(text_of(o, "key_type"), "EC P-384");
	char id[UC_KEY_ID_LEN];
	assert_string_equal(text_of(o, "key_id"), uc_key_id_of(key, id));
	assert_string_equal(text_of(o, "signature_algorithm"), "ecdsa-with-SHA256");
	assert_list(o, "key_usage", "digitalSignature keyEncipherment");
	assert_list(o, "extended_key_usage", "serverAuth clientAuth");
	assert_list(o, "subject_alt_names", "DNS:cucm.example.com IP:192.0.2.1");
	assert_true(json_is_false(json_object_get(o, "ca")));
	assert_true(json_array_size(json_object_get(o, "extensions")) >= 3);
	assert_true(uc_starts_with(text_of(o, "pem"), "-----BEGIN CERTIFICATE REQUEST-----\n"));
	UC_CLEANUP(free_json) json_t *ca = uc_report_csr(request_of(key, true));
	assert_true(json_is_true(json_object_get(ca, "ca")));
}

/* C47: what is no request gives none, and no text. */
static void c47_other_things_are_no_requests(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	const struct uc_slice others[] = {maker_der(&m), d_hex("3000"), D_NONE, uc_slice_str("hello")};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		ERR_clear_error();
		assert_null(uc_report_csr(others[i]));
		struct uc_buf b = UC_BUF_EMPTY;
		uc_report_csr_text(others[i], &b);
		assert_int_equal(b.len, 0);
		uc_buf_free(&b);
		assert_true(ERR_peek_error() == 0);
	}
}

/* Any single changed byte gives a report or none, never harm. */
static void no_changed_byte_of_a_request_does_harm(void **state)
{
	(void)state;
	UC_CLEANUP(free_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
	struct uc_slice good = request_of(key, true);
	UC_CLEANUP(uc_freep) uint8_t *bytes = uc_memdup(good.ptr, good.len);
	size_t reported = 0;
	for (size_t i = 0; i < good.len; i++) {
		bytes[i] ^= 0xff;
		UC_CLEANUP(free_json) json_t *o = uc_report_csr(uc_slice_of(bytes, good.len));
		if (o != NULL) {
			UC_CLEANUP(uc_freep) char *dump = json_dumps(o, 0);
			assert_non_null(dump);
			reported++;
		}
		bytes[i] ^= 0xff;
	}
	assert_true(reported > 0 && reported < good.len);
}

static void no_changed_byte_of_a_certificate_does_harm(void **state)
{
	(void)state;
	struct maker m = maker_root();
	struct uc_slice good = maker_der(&m);
	UC_CLEANUP(uc_freep) uint8_t *bytes = uc_memdup(good.ptr, good.len);
	size_t reported = 0;
	for (size_t i = 0; i < good.len; i++) {
		bytes[i] ^= 0xff;
		struct uc_error e;
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
		if (uc_cert_read(uc_slice_of(bytes, good.len), &c, &e) == UC_OK) {
			UC_CLEANUP(free_json) json_t *o = uc_report_cert(c, NOW);
			UC_CLEANUP(uc_freep) char *dump = json_dumps(o, 0);
			assert_non_null(dump);
			UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
			uc_report_cert_text(c, &text);
			assert_true(uc_utf8_valid(uc_buf_slice(&text)));
			reported++;
		}
		bytes[i] ^= 0xff;
	}
	assert_true(reported > 0 && reported < good.len);
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(v2_a_certificate_is_decoded_whole),
	    TEST(v2_a_root_is_decoded_whole),
	    TEST(c66_states_change_at_instants),
	    TEST(c61_no_well_defined_end_is_never),
	    TEST(c59_late_years_are_shown),
	    TEST(c62_malformed_times_are_shown_raw),

	    TEST(c49_string_types_are_shown_alike),
	    TEST(c71_serials_are_signed_hexadecimal),
	    TEST(c55_extension_text_is_bounded),
	    TEST(hostile_text_is_cleaned),
	    TEST(cleaning_keeps_text_and_lines),
	    TEST(purposes_and_usages_have_names),
	    TEST(findings_are_listed),
	    TEST(c2_a_request_is_decoded_whole),
	    TEST(c47_other_things_are_no_requests),
	    TEST(no_changed_byte_of_a_request_does_harm),
	    TEST(no_changed_byte_of_a_certificate_does_harm),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
