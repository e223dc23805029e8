/* src/trustlist/list_json.c: a list for the API and --json. */
#include "trustlist/forge.h"

static json_t *json_of(const struct uc_tl *l, const struct uc_findings *findings)
{
	json_t *o = uc_tl_json(l, findings, PEER_NOW);
	/* Everything can be written: no invalid text is in it. */
	char *text = json_dumps(o, 0);
	assert_non_null(text);
	free(text);
	return o;
}

/* "a.b.0.c" within an object. */
static const json_t *at(const json_t *o, const char *path)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv parts = {.items = NULL};
	uc_strv_split(&parts, path, '.');
	for (size_t i = 0; i < parts.count; i++)
		o = json_is_array(o) ? json_array_get(o, (size_t)atoi(parts.items[i])) : json_object_get(o, parts.items[i]);
	if (o == NULL) fail_msg("no %s", path);
	return o;
}

static void assert_text(const json_t *o, const char *path, const char *text)
{
	const json_t *v = at(o, path);
	if (!json_is_string(v) || strcmp(json_string_value(v), text) != 0)
		fail_msg("%s is %s, not %s", path, json_is_string(v) ? json_string_value(v) : "no text", text);
}

static void assert_number(const json_t *o, const char *path, json_int_t number)
{
	const json_t *v = at(o, path);
	assert_true(json_is_integer(v));
	assert_int_equal(json_integer_value(v), number);
}

static void the_members_of_a_list(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-min.tlv");
	json_t *o = json_of(&l, NULL);
	assert_number(o, "size", 1310);
	assert_int_equal(strlen(json_string_value(at(o, "md5"))), 32);
	assert_int_equal(strlen(json_string_value(at(o, "sha1"))), 40);
	assert_text(o, "sha256", "f749f0c2cfbdadc2a0d549c1bb49736fefa68cfd4b7271c9e3260a8ebe89048c");
	assert_text(o, "header.version", "1.2");
	assert_number(o, "header.length", 284);
	assert_text(o, "header.signer_version", "1.0");
	assert_text(o, "header.signer.subject", "CN=SAST2,O=Example,OU=UC Lab,C=NZ");
	assert_text(o, "header.signer.issuer", "CN=SAST2,O=Example,OU=UC Lab,C=NZ");
	assert_text(o, "header.signer.serial", "552a837afa52aac166e17256d22e861d");
	assert_text(o, "header.digest", "SHA-1");
	assert_number(o, "header.modulus_bits", 1024);
	assert_text(o, "header.file_name", "ITLFile.tlv");
	assert_text(o, "header.time", "2026-11-24T23:29:35Z");
	assert_int_equal(json_array_size(at(o, "header.elements")), 17);
	assert_number(o, "header.elements.4.offset", 0x12);
	assert_number(o, "header.elements.4.tag", 4);
	assert_text(o, "header.elements.4.name", "SIGNERNAME");
	assert_number(o, "header.elements.4.length", 34);
	assert_text(o, "header.elements.4.text", "CN=SAST2,O=Example,OU=UC Lab,C=NZ");
	assert_text(o, "header.elements.8.text", "1");
	assert_true(json_is_null(at(o, "header.elements.12.text")));
	assert_int_equal(strlen(json_string_value(at(o, "header.elements.12.hex"))), 128); /* 64 bytes of the signature */
	assert_true(json_is_true(at(o, "signature.valid")));
	assert_true(json_is_null(at(o, "signature.reason")));
	assert_int_equal(json_array_size(at(o, "findings")), 0);
	json_decref(o);
}

static void the_members_of_a_record(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-v11-sha512.tlv");
	json_t *o = json_of(&l, NULL);
	assert_int_equal(json_array_size(at(o, "records")), 6);
	assert_text(o, "header.digest", "SHA-512");
	assert_number(o, "header.modulus_bits", 2048);
	assert_number(o, "records.0.number", 1);
	assert_number(o, "records.0.offset", 432);
	assert_number(o, "records.0.length", 1603);
	assert_true(json_is_null(at(o, "records.0.dns")));
	assert_true(json_is_null(at(o, "records.0.address")));
	assert_text(o, "records.0.serial", "d8f17c87c777bc039daa410a3ff01855");
	assert_text(o, "records.0.role.name", "SAST");
	assert_number(o, "records.0.role.code", 0);
	assert_true(json_is_true(at(o, "records.0.signer")));
	assert_true(json_is_false(at(o, "records.1.signer")));
	assert_text(o, "records.0.certificate.sha1", "841fea25f1d5e8456693c376dbddcfc9019bd311");
	assert_int_equal(strlen(json_string_value(at(o, "records.0.certificate.fingerprint"))), 64);
	assert_text(o, "records.0.certificate.subject", "CN=ITLRECOVERY_ucm1,O=Example,OU=UC Lab,C=NZ");
	assert_text(o, "records.0.certificate.serial", "d8f17c87c777bc039daa410a3ff01855");
	assert_text(o, "records.0.certificate.common_name", "ITLRECOVERY_ucm1");
	assert_text(o, "records.0.certificate.state", "valid");
	assert_text(o, "records.0.certificate.key_type", "RSA 2048");
	assert_text(o, "records.3.certificate.key_type", "EC P-384");
	assert_text(o, "records.5.role.name", "TVS");
	assert_number(o, "records.3.elements.5.length", 97);
	assert_text(o, "records.3.elements.5.name", "PUBLICKEY");
	json_decref(o);
}

static void what_is_missing_is_null(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	struct uc_buf in = UC_BUF_EMPTY;
	struct forge f = {.signer = &sast, .unsigned_ = true};
	el_u8(&f.signature_info, 10, 0);
	el(&f.after, 99, "abc", 3);
	el_text(&in, 2, "sub1");
	el_u16(&in, 4, 300);
	el(&in, 10, "\x0a\1\2\3", 4);
	add_record(&f.body, &in);
	add_record(&f.body, &in);
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(&f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), &findings);
	json_t *o = json_of(&l, &findings);
	static const char *const nulls[] = {"header.signer_version",  "header.digest",         "header.modulus_bits", "header.time",
	                                    "records.0.subject",      "records.0.issuer",      "records.0.serial",    "records.0.certificate",
	                                    "records.0.role.name",    "records.1.role",        "records.1.dns",       "records.1.address",
	                                    "header.elements.8.name", "header.elements.8.text"};
	for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
		if (!json_is_null(at(o, nulls[i]))) fail_msg("%s is not null", nulls[i]);
	assert_number(o, "header.elements.8.tag", 99);
	assert_text(o, "header.elements.8.hex", "616263");
	assert_text(o, "header.file_name", "");
	assert_text(o, "records.0.dns", "sub1");
	assert_text(o, "records.0.address", "10.1.2.3");
	assert_number(o, "records.0.role.code", 300);
	assert_true(json_is_false(at(o, "signature.valid")));
	assert_text(o, "signature.reason", "the file has no signature");
	assert_text(o, "findings.0.code", "tlv-unknown");
	assert_int_equal(json_array_size(at(o, "findings")), findings.count);
	json_decref(o);
}

static void texts_that_are_no_utf8(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	struct uc_buf in = UC_BUF_EMPTY;
	struct forge f = {.signer = &sast};
	el_text(&f.signer_info, 4, "\xff\xfe");
	el_text(&in, 2, "\xc3(");
	add_record(&f.body, &in);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(&f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	json_t *o = json_of(&l, NULL);
	assert_text(o, "header.signer.subject", "\xef\xbf\xbd\xef\xbf\xbd");
	assert_text(o, "records.0.dns", "\xef\xbf\xbd(");
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_members_of_a_list),
	    cmocka_unit_test(the_members_of_a_record),
	    cmocka_unit_test(what_is_missing_is_null),
	    cmocka_unit_test(texts_that_are_no_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
