/* src/trustlist/signed.c: signed files. */
#include "trustlist/phone_data.h"

#include "pki/make_certs.h"

static struct uc_tl_signing signing_of(enum uc_tl_digest digest)
{
	return (struct uc_tl_signing){
	    .layout = UC_TL_PEERS, .digest = digest, .file_name = "SEP001122334455.cnf.xml.sgn", .time = PEER_SGN_TIME};
}

static void the_peers_signed_files_come_out_byte_for_byte(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		enum uc_tl_digest digest;
	} rows[] = {{"peer.cnf.xml.sgn", UC_TL_SHA1}, {"peer-sha512.cnf.xml.sgn", UC_TL_SHA512}};
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(uc_buf_free) struct uc_buf content = sample("peer.cnf.xml");
	for (size_t i = 0; i < 2; i++) {
		struct uc_error e;
		struct uc_tl_signing signing = signing_of(rows[i].digest);
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(rows[i].file);
		/* Signed files say nothing of the signer's version, whatever lists do. */
		for (signing.signer_version = -1; signing.signer_version <= 1; signing.signer_version++) {
			UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
			assert_ok(uc_sgn_write(&signing, ccm.cert, ccm.key, uc_buf_slice(&content), &out, &e), e);
			assert_same_bytes(uc_buf_slice(&out), uc_buf_slice(&file));
		}
	}
}

static void what_was_signed_is_split_and_verified(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 3, 4, 1000, 70000};
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct uc_error e;
		struct uc_tl_signing signing = signing_of(UC_TL_SHA512);
		signing.layout = UC_TL_SERVER;
		signing.file_name = "New_Zealand/g3-tones.xml.sgn";
		struct uc_slice content;
		UC_CLEANUP(uc_buf_free) struct uc_buf in = UC_BUF_EMPTY;
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		for (size_t n = 0; n < lengths[i]; n++) uc_buf_add_u8(&in, (uint8_t)(n * 7));
		assert_ok(uc_sgn_write(&signing, ccm.cert, ccm.key, uc_buf_slice(&in), &out, &e), e);
		UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
		assert_ok(uc_sgn_read(uc_buf_slice(&out), &h, &content, NULL, &e), e);
		assert_same_bytes(content, uc_buf_slice(&in));
		assert_string_equal(h.file_name, "New_Zealand/g3-tones.xml.sgn");
		assert_string_equal(h.name, "CN=ucm1.example.test;OU=UC Lab;O=Example;C=NZ");
		assert_true(uc_tl_header_names(&h, ccm.cert));
		assert_ok(uc_tl_header_verify(&h, uc_buf_slice(&out), ccm.cert, &e), e);
	}
}

static void no_byte_can_be_changed_or_left_out(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-sha512.cnf.xml.sgn");
	for (size_t i = 0; i < file.len; i++) {
		struct uc_error e;
		struct uc_tl_header h;
		struct uc_slice content;
		file.ptr[i] ^= 0x10;
		if (uc_sgn_read(uc_buf_slice(&file), &h, &content, NULL, &e) == UC_OK) {
			if (uc_tl_header_verify(&h, uc_buf_slice(&file), ccm.cert, &e) == UC_OK) fail_msg("byte %zu", i);
			uc_tl_header_free(&h);
		}
		file.ptr[i] ^= 0x10;
		UC_CLEANUP(uc_freep) uint8_t *prefix = uc_memdup(file.ptr, i);
		struct uc_slice cut = uc_slice_of(prefix, i);
		if (uc_sgn_read(cut, &h, &content, NULL, &e) == UC_OK) {
			assert_true(i >= 448);
			assert_fails(uc_tl_header_verify(&h, cut, ccm.cert, &e), e, UC_EREFUSED, "tlv-signature");
			uc_tl_header_free(&h);
		} else {
			assert_string_equal(e.id, "tlv-truncated");
			assert_true(i < 448);
		}
	}
}

static void signers_of_files_are_held_to_the_same_rules(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_tl_signing signing = signing_of(UC_TL_SHA1);
	UC_CLEANUP(made_free) struct made ec = make_cert(&(struct make){.subject = "CN=ec", .key = "P-384"});
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party capf = peer("capf");
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_sgn_write(&signing, ec.cert, ec.key, uc_slice_str("a"), &out, &e), e, UC_EREFUSED, "tlv-signer-key");
	assert_fails(uc_sgn_write(&signing, ccm.cert, capf.key, uc_slice_str("a"), &out, &e), e, UC_EREFUSED, "key-mismatch");
	signing.digest = UC_TL_SHA256;
	assert_fails(uc_sgn_write(&signing, ccm.cert, ccm.key, uc_slice_str("a"), &out, &e), e, UC_EINPUT, "tlv-digest");
	assert_int_equal(out.len, 0);
}

static void large_files_are_neither_signed_nor_read(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_tl_header h;
	struct uc_slice content;
	const struct uc_tl_signing signing = signing_of(UC_TL_SHA1);
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	/* Only the length is looked at. */
	UC_CLEANUP(uc_freep) uint8_t *large = uc_zalloc(1, UC_SGN_MAX + UINT16_MAX + 1);
	assert_fails(uc_sgn_write(&signing, ccm.cert, ccm.key, uc_slice_of(large, UC_SGN_MAX + 1), &out, &e), e, UC_ELIMIT, "sgn-too-large");
	assert_fails(uc_sgn_read(uc_slice_of(large, UC_SGN_MAX + UINT16_MAX + 1), &h, &content, NULL, &e), e, UC_ELIMIT, "sgn-too-large");
}

static void what_is_no_signed_file_is_told(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_tl_header h;
	struct uc_slice content;
	assert_fails(uc_sgn_read(uc_slice_str("<device></device>"), &h, &content, NULL, &e), e, UC_EINPUT, "tlv-header");
	assert_offset(&e, 0);
	assert_fails(uc_sgn_read(uc_slice_str(""), &h, &content, NULL, &e), e, UC_EINPUT, "tlv-truncated");
	assert_offset(&e, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_peers_signed_files_come_out_byte_for_byte),
	    cmocka_unit_test(what_was_signed_is_split_and_verified),
	    cmocka_unit_test(no_byte_can_be_changed_or_left_out),
	    cmocka_unit_test(signers_of_files_are_held_to_the_same_rules),
	    cmocka_unit_test(large_files_are_neither_signed_nor_read),
	    cmocka_unit_test(what_is_no_signed_file_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
