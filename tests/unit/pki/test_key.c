/* src/pki/key.c: kinds of keys, held against what the openssl program makes and says. */
#include "openssl_files.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "maker.h"
#include "pki/key.h"

#define EACH(i, rows)                    \
	size_t i = 0;                        \
	(i) < sizeof(rows) / sizeof *(rows); \
	(i)++

static void assert_kind(struct uc_slice spki, enum uc_key_kind kind, unsigned bits, const char *text, const char *spec)
{
	struct uc_key_info info = uc_key_info_of(spki);
	assert_int_equal(info.kind, kind);
	assert_int_equal(info.bits, bits);
	assert_string_equal(info.text, text);
	const struct uc_key_spec *found = uc_key_spec_of(spki);
	assert_string_equal(found != NULL ? found->name : "", spec);
}

static void every_kind_of_public_key_is_named_C38_C39(void **state)
{
	(void)state;
	static const struct {
		const char *genpkey;
		enum uc_key_kind kind;
		unsigned bits;
		const char *text, *spec;
	} rows[] = {
	    {"-algorithm RSA -pkeyopt rsa_keygen_bits:2048", UC_KEY_RSA, 2048, "RSA 2048", "rsa-2048"},
	    {"-algorithm RSA -pkeyopt rsa_keygen_bits:1024", UC_KEY_RSA, 1024, "RSA 1024", ""},
	    {"-algorithm RSA -pkeyopt rsa_keygen_bits:1025", UC_KEY_RSA, 1025, "RSA 1025", ""},
	    {"-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", UC_KEY_RSA_PSS, 2048, "RSASSA-PSS 2048", ""},
	    {"-algorithm EC -pkeyopt ec_paramgen_curve:P-256", UC_KEY_EC, 256, "EC P-256", "ec-p256"},
	    {"-algorithm EC -pkeyopt ec_paramgen_curve:P-384", UC_KEY_EC, 384, "EC P-384", "ec-p384"},
	    {"-algorithm EC -pkeyopt ec_paramgen_curve:P-521", UC_KEY_EC, 521, "EC P-521", "ec-p521"},
	    {"-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", UC_KEY_EC, 256, "EC secp256k1", ""},
	    {"-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", UC_KEY_EC, 0, "EC 1.3.36.3.3.2.8.1.1.7", ""},
	    {"-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", UC_KEY_EC, 0, "EC with explicit parameters", ""},
	    {"-algorithm ED25519", UC_KEY_ED25519, 0, "Ed25519", ""},
	    {"-algorithm ED448", UC_KEY_ED448, 0, "Ed448", ""},
	    {"-algorithm X25519", UC_KEY_OTHER, 0, "1.3.101.110", ""},
	};
	for (EACH(i, rows)) {
		sh("openssl genpkey %s -out key && openssl pkey -in key -pubout -outform DER -out public", rows[i].genpkey);
		UC_CLEANUP(uc_buf_free) struct uc_buf spki = file_of("public");
		assert_kind(uc_buf_slice(&spki), rows[i].kind, rows[i].bits, rows[i].text, rows[i].spec);
	}
	sh("openssl dsaparam -genkey -noout -out key 1024 && openssl pkey -in key -pubout -outform DER -out public");
	UC_CLEANUP(uc_buf_free) struct uc_buf dsa = file_of("public");
	assert_kind(uc_buf_slice(&dsa), UC_KEY_DSA, 1024, "DSA 1024", "");
}

static void a_key_id_is_the_SHA256_of_the_public_key(void **state)
{
	(void)state;
	sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key && openssl pkey -in key -pubout -outform DER -out public");
	UC_CLEANUP(uc_freep) char *theirs = output_of("sha256sum public | cut -c 1-64");
	UC_CLEANUP(uc_buf_free) struct uc_buf spki = file_of("public");
	char id[UC_KEY_ID_LEN];
	assert_string_equal(uc_key_id(uc_buf_slice(&spki), id), theirs);
	const unsigned char *p = spki.ptr;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.len);
	assert_non_null(key);
	char again[UC_KEY_ID_LEN];
	assert_string_equal(uc_key_id_of(key, again), theirs);
	UC_CLEANUP(uc_buf_free) struct uc_buf written = UC_BUF_EMPTY;
	uc_key_spki(key, &written);
	assert_true(uc_slice_eq(uc_buf_slice(&written), uc_buf_slice(&spki)));
	EVP_PKEY_free(key);
}

static void a_key_of_every_kind_is_generated(void **state)
{
	(void)state;
	size_t count;
	const struct uc_key_spec *specs = uc_key_specs(&count);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++) {
		if (specs[i].bits > 3072) continue; /* a second or more */
		struct uc_error e;
		EVP_PKEY *key = NULL;
		assert_ok(uc_key_generate(&specs[i], &key, &e), e);
		UC_CLEANUP(uc_buf_free) struct uc_buf spki = UC_BUF_EMPTY;
		uc_key_spki(key, &spki);
		assert_ptr_equal(uc_key_spec_of(uc_buf_slice(&spki)), &specs[i]);
		assert_string_equal(uc_key_info_of(uc_buf_slice(&spki)).text, specs[i].text);
		assert_int_equal(EVP_PKEY_get_bits(key), specs[i].bits);
		assert_non_null(EVP_get_digestbyname(specs[i].digest));
		EVP_PKEY_free(key);
	}
}

static void a_private_key_is_read_whole_or_not_at_all(void **state)
{
	(void)state;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	assert_int_equal(uc_key_generate(uc_key_spec_find("ec-p256"), &key, NULL), UC_OK);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info);
	assert_true(len > 0);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	uc_buf_add(&file, der, (size_t)len);
	uc_buf_add_u8(&file, 0);
	OPENSSL_free(der);
	UC_CLEANUP(uc_key_freep) EVP_PKEY *read = uc_key_read(uc_slice_of(file.ptr, file.len - 1));
	char wanted[UC_KEY_ID_LEN];
	char id[UC_KEY_ID_LEN];
	assert_non_null(read);
	assert_string_equal(uc_key_id_of(read, id), uc_key_id_of(key, wanted));
	assert_null(uc_key_read(uc_buf_slice(&file)));
	assert_null(uc_key_read(uc_slice_of(file.ptr, file.len - 2)));
	assert_null(uc_key_read(uc_slice_of(NULL, 0)));
}

static void kinds_are_found_under_all_their_names(void **state)
{
	(void)state;
	static const struct {
		const char *typed, *name;
	} rows[] = {
	    {"rsa-2048", "rsa-2048"},  {"RSA 2048", "rsa-2048"}, {"rsa2048", "rsa-2048"},  {"RSA:4096", "rsa-4096"}, {"rsa_3072", "rsa-3072"},
	    {"ec-p384", "ec-p384"},    {"EC P-384", "ec-p384"},  {"P-384", "ec-p384"},     {"secp384r1", "ec-p384"}, {"ec-384", "ec-p384"},
	    {"prime256v1", "ec-p256"}, {"P-521", "ec-p521"},     {"secp521r1", "ec-p521"}, {"SECP256R1", "ec-p256"}, {"2048", "rsa-2048"},
	    {"4096", "rsa-4096"},      {"384", "ec-p384"},       {"521", "ec-p521"},
	};
	for (EACH(i, rows)) {
		const struct uc_key_spec *spec = uc_key_spec_find(rows[i].typed);
		if (spec == NULL) fail_msg("%s is not found", rows[i].typed);
		assert_string_equal(spec->name, rows[i].name);
	}
	static const char *const unknown[] = {"", "rsa", "rsa-1024", "1024", "ec", "ed25519", "rsa-20480", "p-255", "secp384r1x"};
	for (EACH(i, unknown)) assert_null(uc_key_spec_find(unknown[i]));
}

static void a_malformed_public_key_is_unknown_or_has_no_size(void **state)
{
	(void)state;
	struct uc_slice rsa = D_SEQ(d_oid("1.2.840.113549.1.1.1"), d_hex("0500"));
	struct uc_slice ec = D_SEQ(d_oid("1.2.840.10045.2.1"));
	assert_kind(D_NONE, UC_KEY_OTHER, 0, "unknown", "");
	assert_kind(d_hex("3000"), UC_KEY_OTHER, 0, "unknown", "");
	assert_kind(D_SEQ(rsa), UC_KEY_OTHER, 0, "unknown", "");
	assert_kind(D_SEQ(d_hex("3000"), d_bits(d_hex("00"))), UC_KEY_OTHER, 0, "unknown", "");
	assert_kind(D_SEQ(rsa, d_hex("0300")), UC_KEY_RSA, 0, "RSA 0", "");
	assert_kind(D_SEQ(rsa, d_bits(d_hex("3003020100"))), UC_KEY_RSA, 0, "RSA 0", "");
	assert_kind(D_SEQ(rsa, d_bits(d_hex("3003020103"))), UC_KEY_RSA, 2, "RSA 2", "");
	assert_kind(D_SEQ(ec, d_bits(d_hex("04"))), UC_KEY_EC, 0, "EC with explicit parameters", "");
	assert_kind(D_SEQ(D_SEQ(d_hex("0600")), d_bits(d_hex("04"))), UC_KEY_OTHER, 0, "?", "");
	/* An OID longer than the text has room for. */
	struct uc_buf arcs = UC_BUF_EMPTY;
	for (size_t i = 0; i < 200; i++) uc_buf_add_u8(&arcs, 0x7f);
	struct uc_slice long_oid = d_tlv(UC_DER_OID, d_keep(&arcs));
	assert_int_equal(strlen(uc_key_info_of(D_SEQ(D_SEQ(long_oid), d_bits(d_hex("04")))).text), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(every_kind_of_public_key_is_named_C38_C39, maker_end),
	    cmocka_unit_test_teardown(a_key_id_is_the_SHA256_of_the_public_key, maker_end),
	    cmocka_unit_test_teardown(a_key_of_every_kind_is_generated, maker_end),
	    cmocka_unit_test(a_private_key_is_read_whole_or_not_at_all),
	    cmocka_unit_test_teardown(kinds_are_found_under_all_their_names, maker_end),
	    cmocka_unit_test_teardown(a_malformed_public_key_is_unknown_or_has_no_size, maker_end),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
