/* src/trustlist/signed_enc.c: encrypted configurations, held against the peers' file and the openssl program. */
#include "pki/openssl_files.h"
#include "trustlist/phone_data.h"

#include <openssl/rsa.h>

#include "pki/make_certs.h"

static const char peer_key[] = "30ce1ed3144c0bfadee6bceafb198684";
static const char peer_iv[] = "410287f10d00b4186e2faf6a71f81b26";

static struct uc_tl_signing signing_of(enum uc_tl_digest digest)
{
	return (struct uc_tl_signing){
	    .layout = UC_TL_PEERS, .digest = digest, .file_name = "SEP001122334455.cnf.xml.enc.sgn", .time = PEER_ENC_TIME};
}

/* The peers' configuration as it was encrypted. */
static struct uc_buf clear_text(void)
{
	struct uc_buf content = sample("peer.cnf.xml");
	uc_buf_add_u8(&content, 0);
	char *at = strstr((char *)content.ptr, "<encrConfig>false");
	assert_non_null(at);
	content.len--;
	splice(&content, (size_t)(at - (char *)content.ptr), strlen("<encrConfig>false"), "<encrConfig>true", strlen("<encrConfig>true"));
	assert_int_equal(content.len, 1032);
	return content;
}

static void the_peers_encrypted_file_comes_out_byte_for_byte(void **state)
{
	(void)state;
	struct uc_error e;
	const struct uc_tl_signing signing = signing_of(UC_TL_SHA1);
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	UC_CLEANUP(uc_buf_free) struct uc_buf content = clear_text();
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
	UC_CLEANUP(uc_buf_free) struct uc_buf key = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf iv = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
	assert_true(uc_unhex(peer_key, &key) && uc_unhex(peer_iv, &iv));
	assert_ok(uc_tl_header_read(uc_buf_slice(&file), &h, NULL, &e), e);
	const struct uc_enc_fixed fixed = {.key = key.ptr, .iv = iv.ptr, .wrapped = uc_buf_slice(&h.wrapped_key)};
	assert_ok(uc_enc_write(&signing, ccm.cert, ccm.key, dev.cert, uc_buf_slice(&content), &fixed, &out, &e), e);
	assert_same_bytes(uc_buf_slice(&out), uc_buf_slice(&file));
}

static void the_peers_encrypted_file_is_decrypted_and_verified(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	UC_CLEANUP(uc_buf_free) struct uc_buf content = clear_text();
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
	assert_ok(uc_enc_read(uc_buf_slice(&file), dev.key, &out, &e), e);
	assert_same_bytes(uc_buf_slice(&out), uc_buf_slice(&content));
	assert_ok(uc_tl_header_read(uc_buf_slice(&file), &h, NULL, &e), e);
	assert_ok(uc_tl_header_verify(&h, uc_buf_slice(&file), ccm.cert, &e), e);
}

static void what_was_encrypted_is_decrypted(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 15, 16, 17, 1000, 100000};
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct uc_error e;
		struct uc_slice body;
		const struct uc_tl_signing signing = signing_of(i % 2 == 0 ? UC_TL_SHA1 : UC_TL_SHA512);
		UC_CLEANUP(uc_buf_free) struct uc_buf in = UC_BUF_EMPTY;
		UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
		for (size_t n = 0; n < lengths[i]; n++) uc_buf_add_u8(&in, (uint8_t)(n * 7));
		assert_ok(uc_enc_write(&signing, ccm.cert, ccm.key, dev.cert, uc_buf_slice(&in), NULL, &file, &e), e);
		assert_ok(uc_enc_read(uc_buf_slice(&file), dev.key, &out, &e), e);
		assert_same_bytes(uc_buf_slice(&out), uc_buf_slice(&in));
		assert_ok(uc_sgn_read(uc_buf_slice(&file), &h, &body, NULL, &e), e);
		/* A whole block of padding when nothing is missing. */
		assert_int_equal(body.len, lengths[i] / 16 * 16 + 16);
		assert_int_equal(h.pad_count, body.len - lengths[i]);
		assert_int_equal(h.content_digest_algorithm, signing.digest);
		assert_ok(uc_tl_header_verify(&h, uc_buf_slice(&file), ccm.cert, &e), e);
	}
}

static void every_file_has_a_key_and_an_iv_of_its_own(void **state)
{
	(void)state;
	struct uc_error e;
	const struct uc_tl_signing signing = signing_of(UC_TL_SHA1);
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	struct uc_tl_header h[2];
	struct uc_slice body[2];
	struct uc_buf file[2] = {UC_BUF_EMPTY, UC_BUF_EMPTY};
	for (size_t i = 0; i < 2; i++) {
		assert_ok(uc_enc_write(&signing, ccm.cert, ccm.key, dev.cert, uc_slice_str("<device/>"), NULL, &file[i], &e), e);
		assert_ok(uc_sgn_read(uc_buf_slice(&file[i]), &h[i], &body[i], NULL, &e), e);
	}
	assert_false(uc_slice_eq(uc_buf_slice(&h[0].iv), uc_buf_slice(&h[1].iv)));
	assert_false(uc_slice_eq(uc_buf_slice(&h[0].wrapped_key), uc_buf_slice(&h[1].wrapped_key)));
	assert_false(uc_slice_eq(body[0], body[1]));
	for (size_t i = 0; i < 2; i++) {
		assert_null(memmem(file[i].ptr, file[i].len, "<device/>", 9));
		uc_tl_header_free(&h[i]);
		uc_buf_free(&file[i]);
	}
}

static void put(const char *name, struct uc_slice bytes)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", files_dir, name);
	assert_ok(uc_file_write(path, bytes, 0600, &e), e);
}

/* An independent reader: pkeyutl unwraps the key, enc decrypts, and the carriage returns are as many as the header says. */
static void openssl_decrypts_what_was_encrypted(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_slice body;
	const struct uc_tl_signing signing = signing_of(UC_TL_SHA512);
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	UC_CLEANUP(uc_buf_free) struct uc_buf content = clear_text();
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
	assert_ok(uc_enc_write(&signing, ccm.cert, ccm.key, dev.cert, uc_buf_slice(&content), NULL, &file, &e), e);
	assert_ok(uc_sgn_read(uc_buf_slice(&file), &h, &body, NULL, &e), e);
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(dev.key, &der);
	put("dev.key", uc_slice_of(der, (size_t)len));
	OPENSSL_free(der);
	put("wrapped", uc_buf_slice(&h.wrapped_key));
	put("body", body);
	UC_CLEANUP(uc_freep) char *iv = uc_hex(uc_buf_slice(&h.iv), '\0');
	sh("openssl pkeyutl -decrypt -inkey dev.key -keyform DER -in wrapped -out aes -pkeyopt rsa_padding_mode:pkcs1");
	sh("openssl enc -d -aes-128-cbc -nopad -K $(od -An -tx1 aes | tr -d ' \\n') -iv %s -in body -out plain", iv);
	UC_CLEANUP(uc_buf_free) struct uc_buf plain = file_of("plain");
	assert_int_equal(plain.len, content.len + 8);
	assert_memory_equal(plain.ptr, content.ptr, content.len);
	assert_memory_equal(plain.ptr + content.len, "\r\r\r\r\r\r\r\r", 8);
	UC_CLEANUP(uc_freep) char *digest = uc_hex(uc_buf_slice(&h.content_digest), '\0');
	put("content", uc_buf_slice(&content));
	UC_CLEANUP(uc_freep) char *said = output_of("openssl dgst -sha512 -r content | cut -c1-128");
	assert_string_equal(said, digest);
}

/* ---- what is refused ---- */

static void keys_are_wrapped_to_rsa_only(void **state)
{
	(void)state;
	struct uc_error e;
	const struct uc_tl_signing signing = signing_of(UC_TL_SHA1);
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party ec = peer("dev-ec");
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_enc_write(&signing, ccm.cert, ccm.key, ec.cert, uc_slice_str("a"), NULL, &out, &e), e, UC_EREFUSED, "enc-needs-rsa");
	assert_non_null(strstr(e.message, "EC P-384"));
	assert_fails(uc_enc_write(&signing, ec.cert, ec.key, ccm.cert, uc_slice_str("a"), NULL, &out, &e), e, UC_EREFUSED, "tlv-signer-key");
	assert_int_equal(out.len, 0);
}

static void assert_unreadable(const struct uc_buf *file, EVP_PKEY *key, enum uc_status status, const char *id)
{
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_enc_read(uc_buf_slice(file), key, &out, &e), e, status, id);
	assert_int_equal(out.len, 0);
}

static void another_key_does_not_decrypt(void **state)
{
	(void)state;
	static const char *const others[] = {"ccm", "sast2", "dev-ec"}; /* of the same size, of another, no RSA */
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(party_free) struct party other = peer(others[i]);
		assert_unreadable(&file, other.key, UC_EREFUSED, "enc-wrong-key");
	}
}

static void damage_of_an_encrypted_file(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
		enum uc_status status;
		const char *id;
	} rows[] = {{0x1d3, 0x55, UC_EREFUSED, "enc-digest"}, /* of the IV */
	            {0x1e2, 7, UC_EREFUSED, "enc-digest"},    /* padding */
	            {0x1e2, 0, UC_EINPUT, "enc-malformed"},
	            {0x1e2, 17, UC_EINPUT, "enc-malformed"},
	            {0x1f8, 0x55, UC_EREFUSED, "enc-wrong-key"}, /* the wrapped key */
	            {0x2f9, 4, UC_EINPUT, "enc-malformed"},      /* the kind of the digest */
	            {0x2f9, 3, UC_EREFUSED, "enc-digest"},
	            {0x300, 0x55, UC_EREFUSED, "enc-digest"}, /* the digest */
	            {0x400, 0x55, UC_EREFUSED, "enc-digest"}, /* the content */
	            {0x1c1, 99, UC_EINPUT, "enc-not-encrypted"},
	            {0x1cb, 99, UC_EINPUT, "enc-malformed"}, /* no IV */
	            {0x1f3, 99, UC_EINPUT, "enc-malformed"}, /* no key */
	            {0x004, 1, UC_OK, NULL}};                /* the minor version: covered by the signature alone */
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
		assert_true(file.ptr[rows[i].at] != rows[i].value);
		file.ptr[rows[i].at] = rows[i].value;
		struct uc_error e;
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		if (rows[i].status == UC_OK)
			assert_ok(uc_enc_read(uc_buf_slice(&file), dev.key, &out, &e), e);
		else
			assert_unreadable(&file, dev.key, rows[i].status, rows[i].id);
	}
}

static void content_must_be_whole_blocks(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
	size_t whole = file.len;
	file.len = whole - 1;
	assert_unreadable(&file, dev.key, UC_EINPUT, "enc-malformed");
	file.len = whole - 16;
	assert_unreadable(&file, dev.key, UC_EREFUSED, "enc-digest");
	file.len = 788;
	assert_unreadable(&file, dev.key, UC_EINPUT, "enc-malformed");
	file.len = 787;
	assert_unreadable(&file, dev.key, UC_EINPUT, "tlv-truncated");
}

static void other_files_are_not_decrypted(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party dev = peer("dev");
	UC_CLEANUP(uc_buf_free) struct uc_buf sgn = sample("peer.cnf.xml.sgn");
	UC_CLEANUP(uc_buf_free) struct uc_buf list = sample("peer-itl.tlv");
	UC_CLEANUP(uc_buf_free) struct uc_buf plain = sample("peer.cnf.xml");
	assert_unreadable(&sgn, dev.key, UC_EINPUT, "enc-not-encrypted");
	assert_unreadable(&list, dev.key, UC_EINPUT, "enc-not-encrypted");
	assert_unreadable(&plain, dev.key, UC_EINPUT, "tlv-header");
}

static void no_byte_of_an_encrypted_file_can_be_changed(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
	for (size_t i = 0; i < file.len; i++) {
		struct uc_error e;
		struct uc_tl_header h;
		file.ptr[i] ^= 0x40;
		if (uc_tl_header_read(uc_buf_slice(&file), &h, NULL, &e) == UC_OK) {
			if (uc_tl_header_verify(&h, uc_buf_slice(&file), ccm.cert, &e) == UC_OK) fail_msg("byte %zu", i);
			uc_tl_header_free(&h);
		}
		file.ptr[i] ^= 0x40;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_peers_encrypted_file_comes_out_byte_for_byte),
	    cmocka_unit_test(the_peers_encrypted_file_is_decrypted_and_verified),
	    cmocka_unit_test(what_was_encrypted_is_decrypted),
	    cmocka_unit_test(every_file_has_a_key_and_an_iv_of_its_own),
	    cmocka_unit_test(openssl_decrypts_what_was_encrypted),
	    cmocka_unit_test(keys_are_wrapped_to_rsa_only),
	    cmocka_unit_test(another_key_does_not_decrypt),
	    cmocka_unit_test(damage_of_an_encrypted_file),
	    cmocka_unit_test(content_must_be_whole_blocks),
	    cmocka_unit_test(other_files_are_not_decrypted),
	    cmocka_unit_test(no_byte_of_an_encrypted_file_can_be_changed),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
