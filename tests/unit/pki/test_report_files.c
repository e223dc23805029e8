#include "maker.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "pki/input.h"
#include "pki/report.h"
#include "pki/request.h"

#define NOW ((uc_time)1767225600) /* 2026-01-01 */

UC_DEFINE_CLEANUP(free_json, json_t, json_decref)

/* ---- what the files hold: root, intermediate, leaf, the leaf's key and request ---- */

static EVP_PKEY *host_key;
static EVP_PKEY *other_key;

static int make_keys(void **state)
{
	(void)state;
	host_key = EVP_EC_gen("P-256");
	other_key = EVP_EC_gen("P-256");
	return host_key != NULL && other_key != NULL ? 0 : -1;
}

static int free_keys(void **state)
{
	EVP_PKEY_free(host_key);
	EVP_PKEY_free(other_key);
	return maker_end_all(state);
}

static struct maker root(void)
{
	struct maker m = maker_root();
	m.subject = d_name("Root");
	m.issuer = m.subject;
	return m;
}

/* Its key is the maker's leaf key. */
static struct maker inter(void)
{
	struct maker m = maker_leaf();
	m.issuer = d_name("Root");
	m.subject = d_name("Inter");
	m.exts = D_CAT(x_bc(true), x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
	return m;
}

static struct maker leaf(void)
{
	struct maker m = maker_leaf();
	m.issuer = d_name("Inter");
	m.subject = d_name("host");
	m.spki = d_spki(host_key);
	m.signer = maker_leaf_key;
	m.exts = D_CAT(x_bc(false), x_ku(UC_KU_DIGITAL_SIGNATURE), X_SAN(d_dns("host.example.com")), x_ski("c1"), x_aki(MAKER_LEAF_ID));
	return m;
}

static struct uc_slice pem_of(const char *label, struct uc_slice der)
{
	struct uc_buf b = UC_BUF_EMPTY;
	uc_pem_write(&b, label, der);
	return d_keep(&b);
}

static struct uc_slice cert_pem(struct maker m)
{
	return pem_of("CERTIFICATE", maker_der(&m));
}

static struct uc_slice key_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_add(&b, data, (size_t)len);
	BIO_free_all(bio);
	return d_keep(&b);
}

static struct uc_slice csr_pem(EVP_PKEY *key, bool broken)
{
	struct uc_profile p = {.common_name = "host", .digest = "SHA256"};
	struct uc_buf der = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_csr_make(&p, key, &der, &e), e);
	if (broken) der.ptr[der.len - 1] ^= 1;
	return pem_of("CERTIFICATE REQUEST", d_keep(&der));
}

/* ---- looking into the result ---- */

static json_t *survey(const struct uc_report_file *files, size_t count)
{
	ERR_clear_error();
	json_t *o = uc_report_files(files, count, NULL, NOW);
	assert_non_null(o);
	assert_true(ERR_peek_error() == 0);
	UC_CLEANUP(uc_freep) char *dump = json_dumps(o, 0);
	assert_non_null(dump);
	assert_null(strstr(dump, "PRIVATE KEY"));
	return o;
}

static json_t *survey_of(const char *name, struct uc_slice content)
{
	struct uc_report_file file = {name, content};
	return survey(&file, 1);
}

static const json_t *find(const json_t *findings, const char *code)
{
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *f = json_array_get(findings, i);
		if (strcmp(json_string_value(json_object_get(f, "code")), code) == 0) return f;
	}
	return NULL;
}

static const json_t *whole(const json_t *o, const char *code)
{
	return find(json_object_get(o, "findings"), code);
}

static void assert_says(const json_t *finding, const char *weight, const char *message)
{
	assert_non_null(finding);
	assert_string_equal(json_string_value(json_object_get(finding, "weight")), weight);
	const char *have = json_string_value(json_object_get(finding, "message"));
	if (strstr(have, message) == NULL) fail_msg("'%s' lacks '%s'", have, message);
}

static const json_t *object(const json_t *o, size_t i)
{
	return json_array_get(json_object_get(o, "objects"), i);
}

static const char *object_text(const json_t *o, size_t i, const char *key)
{
	return json_string_value(json_object_get(object(o, i), key));
}

/* A part of the result as compact JSON with sorted keys. */
static void assert_json(const json_t *part, const char *want)
{
	UC_CLEANUP(uc_freep) char *have = json_dumps(part, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(have, want);
}

/* C1, C2, C3: a bundle in the wrong order is sorted by signature, and one sentence says which certificate is out of place. */
static void c3_order_is_found_and_told(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *o = survey_of("bundle.pem", D_CAT(cert_pem(leaf()), cert_pem(root()), cert_pem(inter())));
	assert_int_equal(json_array_size(json_object_get(o, "objects")), 3);
	assert_json(json_object_get(o, "chains"), "[{\"certificates\":[0,2,1],\"complete\":true,\"missing_issuer\":null,\"valid\":true}]");
	assert_says(
	    whole(o, "chain-order"), "note",
	    "bundle.pem: certificate 2 ('Root') is out of place: the order found is host, Root, Inter; leaf first it is host, Inter, Root");
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 1);
	assert_string_equal(json_string_value(json_object_get(o, "worst")), "note");
	assert_string_equal(object_text(o, 0, "kind"), "certificate");
	assert_string_equal(object_text(o, 0, "label"), "host");
	assert_string_equal(object_text(o, 0, "file"), "bundle.pem");
	assert_int_equal(json_integer_value(json_object_get(object(o, 0), "line")), 1);
	assert_true(json_integer_value(json_object_get(object(o, 1), "line")) > 1);
	const json_t *decoded = json_object_get(object(o, 0), "certificate");
	assert_string_equal(json_string_value(json_object_get(decoded, "issuer")), "CN=Inter");
	assert_string_equal(object_text(o, 0, "fingerprint_sha256"), json_string_value(json_object_get(decoded, "fingerprint_sha256")));
	assert_int_equal(json_array_size(json_object_get(object(o, 0), "findings")), 0);
}

static void c3_right_order_is_not_told(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *o = survey_of("bundle.pem", D_CAT(cert_pem(leaf()), cert_pem(inter()), cert_pem(root())));
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 0);
	/* Spread over files there is no order to keep. */
	const struct uc_report_file files[] = {
	    {"root.pem", cert_pem(root())}, {"inter.pem", cert_pem(inter())}, {"leaf.pem", cert_pem(leaf())}};
	UC_CLEANUP(free_json) json_t *spread = survey(files, 3);
	assert_int_equal(json_array_size(json_object_get(spread, "findings")), 0);
	assert_json(json_array_get(json_object_get(spread, "chains"), 0),
	            "{\"certificates\":[2,1,0],\"complete\":true,\"missing_issuer\":null,\"valid\":true}");
}

/* T1: the missing issuer is named by subject and key identifier. */
static void t1_missing_issuer_is_named(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *o = survey_of("chain.pem", D_CAT(cert_pem(leaf()), cert_pem(inter())));
	assert_json(json_object_get(o, "chains"), "[{\"certificates\":[0,1],\"complete\":false,\"missing_issuer\":{\"key_id\":\"" MAKER_CA_ID
	                                          "\",\"subject\":\"CN=Root\"},\"valid\":false}]");
	assert_says(whole(o, "issuer-missing"), "warn",
	            "the chain of 'host' ends at certificate 2 of chain.pem ('Inter'), because its issuer is not in these files: CN=Root, key "
	            "identifier " MAKER_CA_ID);
	assert_string_equal(json_string_value(json_object_get(o, "worst")), "warn");
	struct maker bare = leaf();
	bare.exts = x_bc(false);
	UC_CLEANUP(free_json) json_t *without = survey_of("leaf.pem", cert_pem(bare));
	assert_says(whole(without, "issuer-missing"), "warn", "CN=Inter, key identifier not given");
}

/* C23, C86: unrelated certificates stay apart, whatever they are called. */
static void c23_unrelated_chains_stay_apart(void **state)
{
	(void)state;
	struct maker alien = root();
	alien.spki = d_spki(other_key);
	alien.signer = other_key;
	alien.exts = D_CAT(x_bc(true), x_ku(UC_KU_KEY_CERT_SIGN), x_ski("d1"), x_aki("d1"));
	UC_CLEANUP(free_json) json_t *o = survey_of("all.pem", D_CAT(cert_pem(leaf()), cert_pem(inter()), cert_pem(alien), cert_pem(root())));
	const json_t *chains = json_object_get(o, "chains");
	assert_int_equal(json_array_size(chains), 2);
	assert_json(json_object_get(json_array_get(chains, 0), "certificates"), "[0,1,3]");
	assert_json(json_object_get(json_array_get(chains, 1), "certificates"), "[2]");
	assert_true(json_is_true(json_object_get(json_array_get(chains, 1), "complete")));
	assert_null(whole(o, "chain-order"));
}

/* C23: two leaves of one CA have a whole chain each. */
static void c23_issuers_are_shared(void **state)
{
	(void)state;
	struct maker second = leaf();
	second.serial = d_hex("4b");
	UC_CLEANUP(free_json) json_t *o = survey_of("all.pem", D_CAT(cert_pem(leaf()), cert_pem(second), cert_pem(inter()), cert_pem(root())));
	assert_json(json_object_get(o, "chains"), "[{\"certificates\":[0,2,3],\"complete\":true,\"missing_issuer\":null,\"valid\":true},"
	                                          "{\"certificates\":[1,2,3],\"complete\":true,\"missing_issuer\":null,\"valid\":true}]");
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 0);
}

/* C7, C25: the same object twice is noted by what it is the same as, and counted once. */
static void c7_repeated_objects_are_noted(void **state)
{
	(void)state;
	struct uc_slice one = cert_pem(root());
	const struct uc_report_file files[] = {{"a.pem", D_CAT(one, key_pem(host_key))}, {"b.pem", D_CAT(key_pem(host_key), one)}};
	UC_CLEANUP(free_json) json_t *o = survey(files, 2);
	assert_says(find(json_object_get(object(o, 3), "findings"), "repeated"), "note", "it is the same as certificate 1 of a.pem ('Root')");
	assert_says(find(json_object_get(object(o, 2), "findings"), "repeated"), "note", "it is the same as key 1 of a.pem");
	assert_null(find(json_object_get(object(o, 0), "findings"), "repeated"));
	assert_json(json_object_get(json_array_get(json_object_get(o, "chains"), 0), "certificates"), "[0]");
	assert_int_equal(json_array_size(json_object_get(o, "chains")), 1);
}

/* C26, C27: key and request are matched by public key. */
static void c26_pairs_are_found_by_key(void **state)
{
	(void)state;
	const struct uc_report_file files[] = {
	    {"key.pem", key_pem(host_key)}, {"req.pem", csr_pem(host_key, false)}, {"all.pem", D_CAT(cert_pem(root()), cert_pem(leaf()))}};
	UC_CLEANUP(free_json) json_t *o = survey(files, 3);
	const json_t *pairs = json_object_get(o, "pairs");
	assert_int_equal(json_array_size(pairs), 3);
	UC_CLEANUP(uc_freep) char *text = json_dumps(pairs, JSON_COMPACT | JSON_SORT_KEYS);
	assert_non_null(strstr(text, "{\"certificate\":3,\"key\":0}"));
	assert_non_null(strstr(text, "{\"certificate\":3,\"request\":1}"));
	assert_non_null(strstr(text, "{\"key\":0,\"request\":1}"));
	assert_null(whole(o, "key-unmatched"));
	assert_null(whole(o, "request-unmatched"));
	assert_string_equal(object_text(o, 0, "kind"), "key");
	assert_string_equal(object_text(o, 0, "label"), "EC P-256 key");
	assert_string_equal(object_text(o, 0, "key_id"), object_text(o, 3, "key_id"));
	assert_int_equal(json_object_size(object(o, 0)), 6); /* file, line, kind, label, key_id, findings: nothing else of a key */
	assert_string_equal(object_text(o, 1, "kind"), "request");
	assert_string_equal(object_text(o, 1, "label"), "CN=host");
	assert_non_null(json_object_get(object(o, 1), "request"));
}

/* "do not match: KEY of a, KEY of b" as the findings say it. Free with free(). */
static char *mismatch(const char *this, const char *that, EVP_PKEY *have, EVP_PKEY *want)
{
	char a[UC_KEY_ID_LEN];
	char b[UC_KEY_ID_LEN];
	return uc_sprintf("%s does not belong to %s: their key ids are %s and %s", this, that, uc_key_id_of(have, a), uc_key_id_of(want, b));
}

/* C26: a key that matches nothing is told with both key ids; the leaf is what it was meant for. */
static void c26_lone_keys_are_told(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *o = survey_of("all.pem", D_CAT(cert_pem(inter()), cert_pem(leaf()), key_pem(other_key)));
	UC_CLEANUP(uc_freep)
	char *text = mismatch("key 1 of all.pem ('EC P-256 key')", "certificate 2 of all.pem ('host')", other_key, host_key);
	assert_says(whole(o, "key-unmatched"), "warn", text);
	assert_json(json_object_get(o, "pairs"), "[]");
	UC_CLEANUP(free_json) json_t *ca = survey_of("all.pem", D_CAT(cert_pem(root()), key_pem(other_key)));
	assert_says(whole(ca, "key-unmatched"), "warn", "does not belong to certificate 1 of all.pem ('Root')");
	UC_CLEANUP(free_json) json_t *alone = survey_of("key.pem", key_pem(other_key));
	assert_int_equal(json_array_size(json_object_get(alone, "findings")), 0);
}

/* C29, C30: a request and its key are a pair; that the certificate is for another key, or the key for another request, is told. */
static void c30_certificates_for_another_key_are_told(void **state)
{
	(void)state;
	struct uc_slice request = csr_pem(other_key, false);
	UC_CLEANUP(free_json) json_t *o = survey_of("all.pem", D_CAT(cert_pem(leaf()), key_pem(other_key), request));
	assert_json(json_object_get(o, "pairs"), "[{\"key\":1,\"request\":2}]");
	UC_CLEANUP(uc_freep)
	char *text = mismatch("request 1 of all.pem ('CN=host')", "certificate 1 of all.pem ('host')", other_key, host_key);
	assert_says(whole(o, "request-unmatched"), "note", text);
	assert_says(whole(o, "key-unmatched"), "warn", "key 1 of all.pem ('EC P-256 key') does not belong to certificate 1 of all.pem");
	UC_CLEANUP(free_json) json_t *two = survey_of("all.pem", D_CAT(key_pem(host_key), request));
	assert_says(whole(two, "key-unmatched"), "warn",
	            "key 1 of all.pem ('EC P-256 key') does not belong to request 1 of all.pem ('CN=host')");
	/* A pair on its way to the CA misses nothing, nor does a second one beside a complete identity. */
	UC_CLEANUP(free_json) json_t *pending = survey_of("all.pem", D_CAT(cert_pem(root()), key_pem(other_key), request));
	assert_int_equal(json_array_size(json_object_get(pending, "findings")), 0);
	UC_CLEANUP(free_json)
	json_t *beside =
	    survey_of("all.pem", D_CAT(cert_pem(leaf()), cert_pem(inter()), cert_pem(root()), key_pem(host_key), key_pem(other_key), request));
	assert_int_equal(json_array_size(json_object_get(beside, "findings")), 0);
}

/* C45: a request whose own signature is wrong is refused. */
static void c45_broken_requests_are_refused(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *o = survey_of("req.pem", csr_pem(host_key, true));
	assert_says(find(json_object_get(object(o, 0), "findings"), "bad-proof"), "refused", "signature");
	assert_string_equal(object_text(o, 0, "label"), "CN=host");
	assert_string_equal(json_string_value(json_object_get(o, "worst")), "refused");
}

/* T3, RFC 5280: the faults of each certificate stand with it, and the worst of all is told. */
static void t3_faults_stand_with_their_certificate(void **state)
{
	(void)state;
	struct maker bad = leaf();
	bad.not_after = d_utc("301231235959+0100");
	UC_CLEANUP(free_json) json_t *o = survey_of("bundle.pem", D_CAT(cert_pem(inter()), cert_pem(bad), cert_pem(root())));
	assert_int_equal(json_array_size(json_object_get(object(o, 0), "findings")), 0);
	assert_says(find(json_object_get(object(o, 1), "findings"), "bad-time"), "refused", "'301231235959+0100'");
	assert_string_equal(json_string_value(json_object_get(o, "worst")), "refused");
	assert_true(json_is_false(json_object_get(json_array_get(json_object_get(o, "chains"), 0), "valid")));
	assert_null(whole(o, "bad-time")); /* told once */
}

/* C69: an expired one says whose clock that is. */
static void c69_expired_ones_name_the_clock(void **state)
{
	(void)state;
	struct maker old = root();
	old.not_after = d_utc("251231000000Z");
	UC_CLEANUP(free_json) json_t *o = survey_of("root.pem", cert_pem(old));
	assert_says(find(json_object_get(object(o, 0), "findings"), "expired"), "warn", "this computer's clock says 2026-01-01T00:00:00Z");
	assert_null(whole(o, "expired"));
	assert_string_equal(json_string_value(json_object_get(o, "worst")), "warn");
}

/* C77: a complete chain that RFC 5280 section 6 does not allow is refused with the rule. */
static void c77_chains_are_validated(void **state)
{
	(void)state;
	struct maker narrow = root();
	narrow.exts = D_CAT(x_ext("2.5.29.19", true, D_SEQ(d_hex("0101ff"), d_hex("020100"))), x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_CA_ID),
	                    x_aki(MAKER_CA_ID));
	UC_CLEANUP(free_json) json_t *o = survey_of("bundle.pem", D_CAT(cert_pem(leaf()), cert_pem(inter()), cert_pem(narrow)));
	const json_t *chain = json_array_get(json_object_get(o, "chains"), 0);
	assert_true(json_is_true(json_object_get(chain, "complete")));
	assert_true(json_is_false(json_object_get(chain, "valid")));
	assert_says(whole(o, "path-length"), "refused", "the chain of 'host' is not valid: ");
}

/* C7, C47: what cannot be read is told with the file's name, and does not hide the rest. */
static void unreadable_files_do_not_hide_others(void **state)
{
	(void)state;
	static const char page[] = "<!DOCTYPE html><html><body>Log in</body></html>";
	const struct uc_report_file files[] = {{"empty.pem", D_NONE}, {"page.pem", uc_slice_str(page)}, {"root.pem", cert_pem(root())}};
	UC_CLEANUP(free_json) json_t *o = survey(files, 3);
	assert_says(whole(o, "empty-file"), "refused", "empty.pem: ");
	assert_says(whole(o, "html-page"), "refused", "page.pem: ");
	assert_int_equal(json_array_size(json_object_get(o, "objects")), 1);
	assert_string_equal(object_text(o, 0, "label"), "Root");
}

/* A revocation list is shown with its issuer and times. */
static void revocation_lists_are_decoded(void **state)
{
	(void)state;
	struct uc_slice alg = d_ecdsa("1.2.840.10045.4.3.2");
	struct uc_slice revoked = D_SEQ(D_SEQ(d_hex("020105"), d_utc("250102000000Z")));
	struct uc_slice tbs = D_SEQ(d_hex("020101"), alg, d_name("Root"), d_utc("250101000000Z"), d_utc("250201000000Z"), revoked);
	UC_CLEANUP(free_json) json_t *o = survey_of("ca.crl", pem_of("X509 CRL", D_SEQ(tbs, alg, d_bits(d_hex("30060201010201")))));
	assert_string_equal(object_text(o, 0, "kind"), "crl");
	assert_string_equal(object_text(o, 0, "label"), "CN=Root");
	assert_json(json_object_get(object(o, 0), "crl"), "{\"issuer\":\"CN=Root\",\"next_update\":\"2025-02-01T00:00:00Z\",\"revoked\":1,"
	                                                  "\"this_update\":\"2025-01-01T00:00:00Z\"}");
}

/* C34, C35: an encrypted key needs the password; a wrong one is told from none. */
static void c35_encrypted_keys_need_the_password(void **state)
{
	(void)state;
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, host_key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL), 1);
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	const struct uc_report_file file = {"key.pem", uc_slice_of(data, (size_t)len)};
	UC_CLEANUP(free_json) json_t *without = uc_report_files(&file, 1, NULL, NOW);
	assert_says(whole(without, "password-needed"), "refused", "key.pem: ");
	UC_CLEANUP(free_json) json_t *wrong = uc_report_files(&file, 1, "guess", NOW);
	assert_says(whole(wrong, "wrong-password"), "refused", "key.pem: ");
	UC_CLEANUP(free_json) json_t *right = uc_report_files(&file, 1, "secret", NOW);
	char id[UC_KEY_ID_LEN];
	assert_string_equal(object_text(right, 0, "key_id"), uc_key_id_of(host_key, id));
	BIO_free_all(bio);
}

/* No file and no name is too odd: names are shown as text. */
static void names_of_files_are_shown_as_text(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *none = survey(NULL, 0);
	assert_json(none, "{\"chains\":[],\"findings\":[],\"objects\":[],\"pairs\":[],\"worst\":\"note\"}");
	UC_CLEANUP(free_json) json_t *odd = survey_of("r\xff.pem", D_CAT(cert_pem(inter())));
	assert_string_equal(object_text(odd, 0, "file"), "r\xef\xbf\xbd.pem");
	assert_says(whole(odd, "issuer-missing"), "warn", "certificate 1 of r?.pem ('Inter')");
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(c3_order_is_found_and_told),
	    TEST(c3_right_order_is_not_told),
	    TEST(t1_missing_issuer_is_named),
	    TEST(c23_unrelated_chains_stay_apart),
	    TEST(c23_issuers_are_shared),
	    TEST(c7_repeated_objects_are_noted),
	    TEST(c26_pairs_are_found_by_key),
	    TEST(c26_lone_keys_are_told),
	    TEST(c30_certificates_for_another_key_are_told),
	    TEST(c45_broken_requests_are_refused),
	    TEST(t3_faults_stand_with_their_certificate),
	    TEST(c69_expired_ones_name_the_clock),
	    TEST(c77_chains_are_validated),
	    TEST(unreadable_files_do_not_hide_others),
	    TEST(revocation_lists_are_decoded),
	    TEST(c35_encrypted_keys_need_the_password),
	    TEST(names_of_files_are_shown_as_text),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
