/* src/trustlist/sign.c: signatures, held against the openssl program; forged paddings; systems that forbid a digest. */
#include "pki/openssl_files.h"
#include "trustlist/forge.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "pki/make_certs.h"
#include "trustlist/sign.h"

/* ---- the openssl program verifies what we write ---- */

static void put(const char *name, struct uc_slice bytes)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", files_dir, name);
	assert_ok(uc_file_write(path, bytes, 0600, &e), e);
}

/* Divides a file by the layout itself: the signature is the element 12 of the header. */
static void openssl_verifies(const struct uc_buf *file, const struct uc_cert *by, const char *digest)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf signed_bytes = UC_BUF_EMPTY;
	size_t at = 10;
	while (file->ptr[at] != 12) at += 3 + (file->ptr[at] == 3 || file->ptr[at] == 7 || file->ptr[at] == 28 ? get_u16(file, at + 1) : 0);
	size_t len = get_u16(file, at + 1);
	uc_buf_add(&signed_bytes, file->ptr, at);
	uc_buf_add(&signed_bytes, file->ptr + at + 3 + len, file->len - at - 3 - len);
	put("signed", uc_buf_slice(&signed_bytes));
	put("signature", uc_slice_of(file->ptr + at + 3, len));
	put("cert.der", uc_buf_slice(&by->der));
	sh("openssl x509 -inform DER -in cert.der -noout -pubkey >pub.pem");
	UC_CLEANUP(uc_freep) char *said = output_of("openssl dgst -%s -verify pub.pem -signature signature signed", digest);
	assert_string_equal(said, "Verified OK");
}

static void openssl_verifies_lists(void **state)
{
	(void)state;
	static const struct {
		const char *party, *digest;
		enum uc_tl_digest code;
		enum uc_tl_layout layout;
		int signer_version;
	} rows[] = {{"sast", "sha1", UC_TL_SHA1, UC_TL_SERVER, -1},
	            {"sast", "sha512", UC_TL_SHA512, UC_TL_SERVER, 1},
	            {"sast2", "sha1", UC_TL_SHA1, UC_TL_SERVER, 0},
	            {"sast2", "sha512", UC_TL_SHA512, UC_TL_PEERS, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct uc_error e;
		UC_CLEANUP(party_free) struct party sast = peer(rows[i].party);
		UC_CLEANUP(party_free) struct party ec = peer("tftp-ec");
		const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "pub", .role = UC_TL_SAST},
		                                      {.dns = "sub1", .role = UC_TL_CCM, .address = {1, 2, 3, 4}},
		                                      {.cert = ec.cert, .dns = "sub1", .role = UC_TL_TFTP, .address = {1, 2, 3, 4}}};
		const struct uc_tl_spec spec = {.signing = {.layout = rows[i].layout,
		                                            .digest = rows[i].code,
		                                            .signer_version = rows[i].signer_version,
		                                            .file_name = "ITLFile.tlv",
		                                            .time = PEER_LIST_TIME},
		                                .entries = entries,
		                                .count = 3};
		UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
		assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &file, &e), e);
		openssl_verifies(&file, sast.cert, rows[i].digest);
	}
}

static void openssl_verifies_signed_and_encrypted_files(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	struct uc_tl_signing signing = {.digest = UC_TL_SHA1, .file_name = "SEP001122334455.cnf.xml.sgn", .time = PEER_SGN_TIME};
	UC_CLEANUP(uc_buf_free) struct uc_buf content = sample("peer.cnf.xml");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_sgn_write(&signing, ccm.cert, ccm.key, uc_buf_slice(&content), &file, &e), e);
	openssl_verifies(&file, ccm.cert, "sha1");
	UC_CLEANUP(uc_buf_free) struct uc_buf encrypted = UC_BUF_EMPTY;
	signing.digest = UC_TL_SHA512;
	assert_ok(uc_enc_write(&signing, ccm.cert, ccm.key, dev.cert, uc_buf_slice(&content), NULL, &encrypted, &e), e);
	openssl_verifies(&encrypted, ccm.cert, "sha512");
}

/* ---- forged signatures ---- */

/* A key whose private operation a test can do by itself, with the small exponent that makes forging easy. */
static EVP_PKEY *key_with_exponent_3(void)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *three = BN_new();
	assert_int_equal(BN_set_word(three, 3), 1);
	assert_true(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 1024) == 1);
	assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three) == 1 && EVP_PKEY_generate(ctx, &key) == 1);
	BN_free(three);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

enum { BLOCK = 128, SHA1_LEN = 20 };
static const uint8_t digest_info[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};

/* The raw private operation over a block. */
static void sign_block(EVP_PKEY *key, const uint8_t block[BLOCK], uint8_t out[BLOCK])
{
	BIGNUM *n = NULL;
	BIGNUM *d = NULL;
	BIGNUM *m = BN_bin2bn(block, BLOCK, NULL);
	BN_CTX *ctx = BN_CTX_new();
	assert_true(EVP_PKEY_get_bn_param(key, "n", &n) == 1 && EVP_PKEY_get_bn_param(key, "d", &d) == 1);
	assert_true(BN_mod_exp(m, m, d, n, ctx) == 1 && BN_bn2binpad(m, out, BLOCK) == BLOCK);
	BN_CTX_free(ctx);
	BN_free(n);
	BN_free(d);
	BN_free(m);
}

/* A block of EMSA-PKCS1-v1_5 over data with so many bytes 0xff; what is missing follows as garbage. */
static void make_block(struct uc_slice data, size_t ffs, const uint8_t *info, size_t info_len, uint8_t out[BLOCK])
{
	size_t hash_len = 0;
	memset(out, 0x5a, BLOCK);
	out[0] = 0;
	out[1] = 1;
	memset(out + 2, 0xff, ffs);
	out[2 + ffs] = 0;
	memcpy(out + 3 + ffs, info, info_len);
	assert_int_equal(EVP_Q_digest(NULL, "SHA1", NULL, data.ptr, data.len, out + 3 + ffs + info_len, &hash_len), 1);
}

static bool verifies(EVP_PKEY *key, struct uc_slice data, const uint8_t block[BLOCK])
{
	struct uc_error e;
	bool good = false;
	uint8_t signature[BLOCK];
	const struct uc_tl_signed_parts parts = {.before = uc_slice_of(data.ptr, 3), .after = uc_slice_of(data.ptr + 3, data.len - 3)};
	sign_block(key, block, signature);
	assert_ok(uc_tl_check_signature(key, UC_TL_SHA1, parts, uc_slice_of(signature, BLOCK), &good, &e), e);
	return good;
}

static void padding_is_checked_to_the_last_byte(void **state)
{
	(void)state;
	const struct uc_slice data = uc_slice_str("what is signed");
	const size_t full = BLOCK - 3 - sizeof digest_info - SHA1_LEN;
	uint8_t block[BLOCK];
	EVP_PKEY *key = key_with_exponent_3();
	make_block(data, full, digest_info, sizeof digest_info, block);
	assert_true(verifies(key, data, block));
	for (size_t i = 1; i < BLOCK; i++) {
		make_block(data, full, digest_info, sizeof digest_info, block);
		block[i] ^= 1;
		if (verifies(key, data, block)) fail_msg("byte %zu", i);
	}
	/* Garbage behind the hash: what a forger needs when the exponent is 3 (Bleichenbacher 2006). */
	for (size_t ffs = 8; ffs < full; ffs++) {
		make_block(data, ffs, digest_info, sizeof digest_info, block);
		if (verifies(key, data, block)) fail_msg("%zu bytes 0xff", ffs);
	}
	/* Without DigestInfo. */
	make_block(data, BLOCK - 3 - SHA1_LEN, digest_info, 0, block);
	assert_false(verifies(key, data, block));
	EVP_PKEY_free(key);
}

/* DigestInfo whose parameters are missing, or are not NULL: another encoding is another signature. */
static void other_encodings_of_the_digest_are_refused(void **state)
{
	(void)state;
	static const uint8_t no_parameters[] = {0x30, 0x1f, 0x30, 0x07, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x04, 0x14};
	static const uint8_t with_octets[] = {0x30, 0x25, 0x30, 0x0d, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02,
	                                      0x1a, 0x04, 0x04, 'f',  'o',  'r',  'g',  0x04, 0x14};
	static const uint8_t md5[] = {0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48,
	                              0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10};
	const struct uc_slice data = uc_slice_str("what is signed");
	uint8_t block[BLOCK];
	EVP_PKEY *key = key_with_exponent_3();
	make_block(data, BLOCK - 3 - sizeof no_parameters - SHA1_LEN, no_parameters, sizeof no_parameters, block);
	assert_false(verifies(key, data, block));
	make_block(data, BLOCK - 3 - sizeof with_octets - SHA1_LEN, with_octets, sizeof with_octets, block);
	assert_false(verifies(key, data, block));
	make_block(data, BLOCK - 3 - sizeof md5 - SHA1_LEN, md5, sizeof md5, block);
	assert_false(verifies(key, data, block));
	EVP_PKEY_free(key);
}

/* ---- what a system forbids ---- */

/* With the settings that OpenSSL 3 comes with, SHA-1 and MD5 are there. */
static void sha1_works_as_openssl_is_installed(void **state)
{
	(void)state;
	struct uc_error e;
	bool good = false;
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	const struct uc_tl_signed_parts parts = {.before = uc_slice_str("a"), .after = uc_slice_str("b")};
	assert_ok(uc_tl_sign(ccm.key, UC_TL_SHA1, parts, &signature, &e), e);
	assert_ok(uc_tl_check_signature(ccm.key, UC_TL_SHA1, parts, uc_buf_slice(&signature), &good, &e), e);
	assert_true(good);
}

/* Distributions that forbid SHA-1 signatures fail where signing begins, as it does here when no provider may be used. */
static void a_forbidden_digest_is_told_as_such(void **state)
{
	(void)state;
	struct uc_error e;
	bool good = false;
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	const struct uc_tl_signed_parts parts = {.before = uc_slice_str("a"), .after = uc_slice_str("b")};
	assert_int_equal(EVP_set_default_properties(NULL, "provider=none"), 1);
	enum uc_status sign = uc_tl_sign(ccm.key, UC_TL_SHA1, parts, &signature, &e);
	struct uc_error e2;
	enum uc_status check = uc_tl_check_signature(ccm.key, UC_TL_SHA1, parts, uc_slice_str("x"), &good, &e2);
	UC_CLEANUP(uc_freep) char *md5 = uc_tl_digest_hex("MD5", uc_slice_str("a"));
	assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
	assert_fails(sign, e, UC_EREFUSED, "tlv-digest-off");
	assert_fails(check, e2, UC_EREFUSED, "tlv-digest-off");
	assert_non_null(strstr(e.message, "SHA-1"));
	assert_string_equal(md5, "");
	assert_false(good);
}

static void digests_by_code(void **state)
{
	(void)state;
	static const struct {
		unsigned code;
		const char *hex;
	} rows[] = {{1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	            {2, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	            {3, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac9"
	                "4fa54ca49f"},
	            {0, NULL},
	            {4, NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		assert_int_equal(uc_tl_digest(rows[i].code, uc_slice_str("abc"), &out), rows[i].hex != NULL);
		UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_buf_slice(&out), '\0');
		assert_string_equal(hex, rows[i].hex != NULL ? rows[i].hex : "");
	}
}

static void sizes_of_keys_have_codes(void **state)
{
	(void)state;
	uint8_t code = 99;
	static const unsigned bits[] = {512, 1024, 2048, 4096};
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(uc_tl_modulus_bits(i), bits[i]);
		assert_true(uc_tl_modulus_code(bits[i], &code) && code == i);
	}
	assert_int_equal(uc_tl_modulus_bits(4), 0);
	assert_false(uc_tl_modulus_code(3072, &code));
	assert_false(uc_tl_modulus_code(0, &code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(openssl_verifies_lists),
	    cmocka_unit_test(openssl_verifies_signed_and_encrypted_files),
	    cmocka_unit_test(padding_is_checked_to_the_last_byte),
	    cmocka_unit_test(other_encodings_of_the_digest_are_refused),
	    cmocka_unit_test(sha1_works_as_openssl_is_installed),
	    cmocka_unit_test(a_forbidden_digest_is_told_as_such),
	    cmocka_unit_test(digests_by_code),
	    cmocka_unit_test(sizes_of_keys_have_codes),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
