/* src/trustlist/header.c: headers of lists and signed files, and whom they name. Damage is in test_list_read.c. */
#include "trustlist/forge.h"

#include "pki/make_certs.h"

static void the_header_of_a_signed_file(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer.cnf.xml.sgn");
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
	assert_ok(uc_tl_header_read(uc_buf_slice(&file), &h, &findings, &e), e);
	assert_true(h.major == 1 && h.minor == 0 && h.length == 448 && !h.has_signer_version && !h.encrypted);
	assert_string_equal(h.name, "CN=ucm1.example.test,O=Example,OU=UC Lab,C=NZ");
	assert_string_equal(h.file_name, "SEP001122334455.cnf.xml.sgn");
	assert_int_equal(h.time, PEER_SGN_TIME);
	assert_int_equal(findings.count, 0);
	assert_ok(uc_tl_header_verify(&h, uc_buf_slice(&file), ccm.cert, &e), e);
	assert_fails(uc_tl_header_verify(&h, uc_buf_slice(&file), sast.cert, &e), e, UC_EREFUSED, "tlv-signature");
	file.ptr[file.len - 1] ^= 1;
	assert_fails(uc_tl_header_verify(&h, uc_buf_slice(&file), ccm.cert, &e), e, UC_EREFUSED, "tlv-signature");
}

/* The offsets and values of the worked example of an encrypted file. */
static void the_header_of_an_encrypted_file(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		size_t offset, length;
		bool container;
	} rows[] = {{1, 0x00, 2, false},    {2, 0x05, 2, false},    {3, 0x0a, 117, true},   {4, 0x0d, 46, false},    {6, 0x3e, 46, false},
	            {5, 0x6f, 16, false},   {7, 0x82, 15, true},    {8, 0x85, 1, false},    {9, 0x89, 8, true},      {10, 0x8c, 1, false},
	            {11, 0x90, 1, false},   {12, 0x94, 256, false}, {14, 0x197, 32, false}, {15, 0x1ba, 4, false},   {16, 0x1c1, 306, true},
	            {17, 0x1c4, 28, true},  {18, 0x1c7, 1, false},  {19, 0x1cb, 16, false}, {20, 0x1de, 2, false},   {21, 0x1e3, 272, true},
	            {22, 0x1e6, 1, false},  {23, 0x1ea, 2, false},  {24, 0x1ef, 1, false},  {25, 0x1f3, 256, false}, {26, 0x2f6, 1, false},
	            {27, 0x2fa, 20, false}, {13, 0x311, 0, false},  {13, 0x312, 0, false},  {13, 0x313, 0, false}};
	struct uc_error e;
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-enc.cnf.xml.enc.sgn");
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h;
	assert_ok(uc_tl_header_read(uc_buf_slice(&file), &h, &findings, &e), e);
	assert_int_equal(findings.count, 0);
	assert_int_equal(h.elements.count, sizeof rows / sizeof *rows);
	for (size_t i = 0; i < h.elements.count; i++) {
		const struct uc_tl_element *have = &h.elements.items[i];
		assert_int_equal(have->tag, rows[i].tag);
		assert_int_equal(have->offset, rows[i].offset);
		assert_int_equal(have->value.len, rows[i].length);
		assert_int_equal(have->container, rows[i].container);
	}
	assert_true(h.encrypted && h.iv.len == 16 && h.pad_count == 8 && h.wrapped_bits == 2048 && h.wrapped_key.len == 256);
	assert_true(h.content_digest_algorithm == UC_TL_SHA1 && h.content_digest.len == 20);
}

static void digests_have_names(void **state)
{
	(void)state;
	enum uc_tl_digest digest = UC_TL_SHA1;
	static const char *const names[] = {NULL, "sha1", "sha256", "sha512", NULL};
	for (unsigned i = 0; i < 5; i++) {
		if (names[i] == NULL) {
			assert_null(uc_tl_digest_name(i));
			continue;
		}
		assert_string_equal(uc_tl_digest_name(i), names[i]);
		assert_true(uc_tl_digest_find(names[i], &digest) && (unsigned)digest == i);
	}
	assert_false(uc_tl_digest_find("md5", &digest));
	assert_false(uc_tl_digest_find("", &digest));
	assert_int_equal(digest, UC_TL_SHA512);
}

/* A header whose signer is told like this. */
static struct uc_tl_header named(const struct party *signer, const char *name, const char *issuer, struct uc_slice serial)
{
	struct uc_error e;
	struct uc_tl_header h;
	struct forge f = {.signer = signer};
	el_text(&f.signer_info, 4, name);
	el(&f.signer_info, 5, serial.ptr, serial.len);
	el_text(&f.signer_info, 6, issuer);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(&f);
	assert_ok(uc_tl_header_read(uc_buf_slice(&file), &h, NULL, &e), e);
	uc_tl_elements_free(&h.elements); /* they point into the file */
	return h;
}

static void whom_a_header_names(void **state)
{
	(void)state;
	static const struct {
		const char *name, *issuer, *serial;
		bool is;
	} rows[] = {
	    {"CN=a;O=Example", "CN=ca", "\x03\xe8", true},
	    {"CN=a,DC=test,O=Example", "CN=ca", "\x03\xe8", true},
	    {"O=Example,cn=a", "CN=ca,DC=x", "\x03\xe8", true},
	    {"cn=\"a\";o=\"Exam", "cn=\"c", "\x03\xe8", true}, /* a token's: the serial has to do */
	    {"CN=a;O=Example", "CN=ca", "\x03\xe9", false},
	    {"CN=b;O=Example", "CN=ca", "\x03\xe8", false},
	    {"CN=a;O=Example", "CN=cb", "\x03\xe8", false},
	    {"", "", "\x03\xe8", false},
	    {"CN=a;O=Example", "CN=ca", "", false},
	};
	UC_CLEANUP(made_free)
	struct made m =
	    make_cert(&(struct make){.subject = "DC=test,O=Example,CN=a", .issuer_name = "CN=ca", .key = "RSA-1024", .serial = "1000"});
	const struct party signer = {.cert = m.cert, .key = m.key};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h = named(&signer, rows[i].name, rows[i].issuer, uc_slice_str(rows[i].serial));
		if (uc_tl_header_names(&h, m.cert) != rows[i].is) fail_msg("%s, %s", rows[i].name, rows[i].issuer);
	}
	/* Leading zeros of a serial do not count, as in the INTEGER of a certificate. */
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header h = named(&signer, "CN=a;O=Example", "CN=ca", uc_slice_of("\0\x03\xe8", 3));
	assert_true(uc_tl_header_names(&h, m.cert));
}

/* Peers write nothing for a serial of zero; servers one byte. */
static void a_serial_of_zero_is_the_same_with_and_without_a_byte(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=a", .key = "RSA-1024", .serial = "0"});
	const struct party signer = {.cert = m.cert, .key = m.key};
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header none = named(&signer, "CN=a", "CN=a", uc_slice_of("", 0));
	UC_CLEANUP(uc_tl_header_free) struct uc_tl_header one = named(&signer, "CN=a", "CN=a", uc_slice_of("\0", 1));
	assert_true(uc_tl_header_names(&none, m.cert) && uc_tl_header_names(&one, m.cert));
}

static void a_failure_leaves_nothing_behind(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_tl_header h;
	memset(&h, 0xaa, sizeof h);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-itl-min.tlv");
	file.ptr[0x112] = 'x';
	assert_fails(uc_tl_header_read(uc_buf_slice(&file), &h, NULL, &e), e, UC_EINPUT, "tlv-text");
	assert_true(h.name == NULL && h.elements.items == NULL && h.signature.ptr == NULL);
	uc_tl_header_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_header_of_a_signed_file),
	    cmocka_unit_test(the_header_of_an_encrypted_file),
	    cmocka_unit_test(digests_have_names),
	    cmocka_unit_test(whom_a_header_names),
	    cmocka_unit_test(a_serial_of_zero_is_the_same_with_and_without_a_byte),
	    cmocka_unit_test(a_failure_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
