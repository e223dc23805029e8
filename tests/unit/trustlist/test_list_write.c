/* src/trustlist/list_write.c, build.c: lists made anew, held against those of other programs and the lengths of a real server's file. */
#include "trustlist/phone_data.h"

#include <openssl/param_build.h>

#include "pki/make_certs.h"

/* ---- the peers' files, byte for byte ---- */

struct row {
	const char *party;
	unsigned role;
};

struct peer_list {
	const char *file, *inner;
	enum uc_tl_digest digest;
	int signer_version;
	struct row rows[8]; /* the first is the signer */
};

static const struct peer_list peer_lists[] = {
    {"peer-itl.tlv",
     "ITLFile.tlv",
     UC_TL_SHA1,
     0,
     {{"sast", UC_TL_SAST}, {"ccm", UC_TL_CCM_TFTP}, {"capf", UC_TL_CAPF}, {"tvs", UC_TL_TVS}}},
    {"peer-itl-v11-sha512.tlv",
     "ITLFile.tlv",
     UC_TL_SHA512,
     1,
     {{"sast", UC_TL_SAST},
      {"ccm", UC_TL_CCM},
      {"ccm", UC_TL_TFTP},
      {"tftp-ec", UC_TL_TFTP},
      {"app", UC_TL_APP_SERVER},
      {"tvs", UC_TL_TVS}}},
    {"peer-itl-min.tlv", "ITLFile.tlv", UC_TL_SHA1, 0, {{"sast2", UC_TL_SAST}}},
    {"peer-ctl.tlv",
     "CTLFile.tlv",
     UC_TL_SHA1,
     0,
     {{"sast", UC_TL_SAST}, {"sast2", UC_TL_SAST}, {"ccm", UC_TL_CCM_TFTP}, {"capf", UC_TL_CAPF}, {"app", UC_TL_APP_SERVER}}},
};

enum { PEER_LISTS = sizeof peer_lists / sizeof *peer_lists };

struct made_spec {
	struct party parties[8];
	struct uc_tl_entry entries[8];
	struct uc_tl_spec spec;
};

static void made_spec_free(struct made_spec *m)
{
	for (size_t i = 0; i < m->spec.count; i++) party_free(&m->parties[i]);
}

static void spec_of(const struct peer_list *list, struct made_spec *m)
{
	*m = (struct made_spec){.spec = {.signing = {.layout = UC_TL_PEERS,
	                                             .digest = list->digest,
	                                             .signer_version = list->signer_version,
	                                             .file_name = list->inner,
	                                             .time = PEER_LIST_TIME}}};
	for (size_t i = 0; list->rows[i].party != NULL; i++) {
		m->parties[i] = peer(list->rows[i].party);
		m->entries[i] = (struct uc_tl_entry){.cert = m->parties[i].cert, .dns = "", .role = list->rows[i].role};
		m->spec.count++;
	}
	m->spec.entries = m->entries;
}

static void the_peers_lists_come_out_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < PEER_LISTS; i++) {
		struct uc_error e;
		UC_CLEANUP(made_spec_free) struct made_spec m;
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(peer_lists[i].file);
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		spec_of(&peer_lists[i], &m);
		assert_ok(uc_tl_write(&m.spec, m.parties[0].cert, m.parties[0].key, &out, &e), e);
		assert_same_bytes(uc_buf_slice(&out), uc_buf_slice(&file));
	}
}

static void a_signature_made_elsewhere_is_put_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < PEER_LISTS; i++) {
		struct uc_error e;
		UC_CLEANUP(made_spec_free) struct made_spec m;
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(peer_lists[i].file);
		UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		spec_of(&peer_lists[i], &m);
		struct uc_slice signature = uc_buf_slice(&l.header.signature);
		assert_ok(uc_tl_write_signed(&m.spec, m.parties[0].cert, signature, &out, &e), e);
		assert_same_bytes(uc_buf_slice(&out), uc_buf_slice(&file));
		signature.len--;
		assert_fails(uc_tl_write_signed(&m.spec, m.parties[0].cert, signature, &out, &e), e, UC_EINPUT, "tlv-signature");
		assert_int_equal(out.len, file.len);
	}
}

/* ---- a server's layout ---- */

static EVP_PKEY *key_1024;

/* A certificate of RSA 1024 with this DER size, given by an attribute of the name that servers leave out. */
static struct made sized(const char *subject, const char *serial, size_t der_size)
{
	char filler[300] = "";
	for (size_t n = 1; n < sizeof filler - 1; n++) {
		filler[n - 1] = 'x';
		UC_CLEANUP(uc_freep) char *ext = uc_sprintf("nsComment=%s", filler);
		const struct made same = {.key = key_1024};
		struct made m = make_cert(&(struct make){.subject = subject, .same_key = &same, .serial = serial, .digest = "SHA1", .exts = {ext}});
		if (m.cert->der.len == der_size) return m;
		made_free(&m);
	}
	fail_msg("no certificate of %zu bytes", der_size);
	return (struct made){.cert = NULL};
}

static int make_key_1024(void **state)
{
	(void)state;
	key_1024 = EVP_RSA_gen(1024);
	return key_1024 == NULL;
}

static int free_key_1024(void **state)
{
	(void)state;
	EVP_PKEY_free(key_1024);
	return 0;
}

/* The next element: its head is checked, its value returned. */
static struct uc_slice expect(struct uc_reader *r, uint8_t tag, size_t len)
{
	uint8_t have = 0;
	uint16_t have_len = 0;
	struct uc_slice value;
	assert_true(uc_read_u8(r, &have) && uc_read_u16(r, &have_len));
	assert_int_equal(have, tag);
	assert_int_equal(have_len, len);
	assert_true(uc_read_slice(r, len, &value));
	return value;
}

static void expect_text(struct uc_reader *r, uint8_t tag, const char *text)
{
	struct uc_slice value = expect(r, tag, strlen(text) + 1);
	assert_memory_equal(value.ptr, text, value.len);
}

static void expect_bytes(struct uc_reader *r, uint8_t tag, const void *bytes, size_t len)
{
	struct uc_slice value = expect(r, tag, len);
	assert_memory_equal(value.ptr, bytes, len);
}

#define SERVER_NAME "CN=server-006.lab.local;OU=VTG;O=Alpha;L=SJ;ST=CA;C=US"

/* The worked header of a real server's file of six records, the names of which have 54 characters: 312 bytes, the signature at 0x9e. */
static void check_server_header(const struct uc_buf *file)
{
	static const uint8_t serial[] = {0x24, 0x49, 0x1f, 0x10, 0x70, 0x3f, 0xea, 0x9b};
	struct uc_reader r = uc_reader_of(uc_buf_slice(file));
	expect_bytes(&r, 1, "\x01\x02", 2);
	expect_bytes(&r, 2, "\x01\x38", 2);
	(void)expect(&r, 3, 0x7f);
	r.pos = 0x0d;
	expect_text(&r, 4, SERVER_NAME);
	assert_int_equal(r.pos, 0x47);
	expect_bytes(&r, 5, serial, sizeof serial);
	assert_int_equal(r.pos, 0x52);
	expect_text(&r, 6, SERVER_NAME);
	assert_int_equal(r.pos, 0x8c);
	(void)expect(&r, 7, 15);
	r.pos = 0x8f;
	expect_bytes(&r, 8, "\x01", 1);
	(void)expect(&r, 9, 8);
	r.pos = 0x96;
	expect_bytes(&r, 10, "\x00", 1);
	expect_bytes(&r, 11, "\x01", 1);
	assert_int_equal(r.pos, 0x9e);
	(void)expect(&r, 12, 128);
	assert_int_equal(r.pos, 0x121);
	expect_text(&r, 14, "CTLFile.tlv");
	expect_bytes(&r, 15, "\x55\x4a\xd7\xb7", 4);
	assert_int_equal(r.pos, 0x137);
	assert_int_equal(file->ptr[0x137], 0x0d);
}

struct server_row {
	const char *dns, *cn;
	unsigned role;
	const char *serial;
	size_t serial_len, cert_len, offset, length;
	uint8_t address[4];
};

/* Lengths and offsets of that file; common names have those lengths too. */
static const struct server_row server_rows[] = {
    {"server-006", "server-006.lab.local", UC_TL_SAST, "2614655214128458395", 8, 712, 0x138, 1147, {10, 35, 48, 106}},
    {"server-006", "server-006.lab.local", UC_TL_CCM_TFTP, "2614655214128458395", 8, 712, 0x5b3, 1147, {10, 35, 48, 106}},
    {"server-007", "server-007.lab.local", UC_TL_CCM_TFTP, "2614655214128458396", 8, 724, 0xa2e, 0, {10, 35, 150, 151}},
};

static void check_server_record(const struct uc_buf *file, size_t at, const struct server_row *row, const struct uc_cert *c, size_t length)
{
	struct uc_reader r = uc_reader_of(uc_slice_of(file->ptr + at, file->len - at));
	const uint8_t head[] = {(uint8_t)(length >> 8), (uint8_t)length};
	const uint8_t role[] = {0, (uint8_t)row->role};
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("CN=%s;OU=VTG;O=Alpha;L=SJ;ST=CA;C=US", row->cn);
	expect_bytes(&r, 1, head, 2);
	expect_text(&r, 2, row->dns);
	expect_text(&r, 3, name);
	expect_bytes(&r, 4, role, 2);
	expect_text(&r, 5, name);
	(void)expect(&r, 6, row->serial_len);
	struct uc_slice key = expect(&r, 7, 140);
	assert_memory_equal(key.ptr, "\x30\x81\x89\x02\x81\x81\x00", 7);
	struct uc_slice signature = expect(&r, 8, 128);
	assert_memory_equal(signature.ptr, c->der.ptr + c->der.len - 128, 128);
	expect_bytes(&r, 9, c->der.ptr, c->der.len);
	expect_bytes(&r, 10, row->address, 4);
	assert_int_equal(r.pos, length);
}

static void a_servers_layout_has_the_lengths_of_a_real_file(void **state)
{
	(void)state;
	enum { ROWS = sizeof server_rows / sizeof *server_rows };
	struct uc_error e;
	struct made made[ROWS];
	struct uc_tl_entry entries[ROWS];
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	for (size_t i = 0; i < ROWS; i++) {
		const struct server_row *row = &server_rows[i];
		UC_CLEANUP(uc_freep) char *subject = uc_sprintf("C=US,ST=CA,L=SJ,O=Alpha,OU=VTG,CN=%s", row->cn);
		made[i] = i == 1 ? (struct made){.cert = uc_cert_dup(made[0].cert)} : sized(subject, row->serial, row->cert_len);
		entries[i] = (struct uc_tl_entry){.cert = made[i].cert, .dns = row->dns, .role = row->role};
		memcpy(entries[i].address, row->address, 4);
	}
	const struct uc_tl_spec spec = {.signing = {.digest = UC_TL_SHA1, .signer_version = -1, .file_name = "CTLFile.tlv", .time = 0x554ad7b7},
	                                .entries = entries,
	                                .count = ROWS};
	assert_ok(uc_tl_write(&spec, made[0].cert, key_1024, &file, &e), e);
	check_server_header(&file);
	size_t at = 0x138;
	for (size_t i = 0; i < ROWS; i++) {
		size_t length = get_u16(&file, at + 3);
		assert_int_equal(at, server_rows[i].offset);
		if (server_rows[i].length != 0) assert_int_equal(length, server_rows[i].length);
		check_server_record(&file, at, &server_rows[i], made[i].cert, length);
		at += length;
	}
	assert_int_equal(at, file.len);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	assert_ok(uc_tl_verify(&l, NULL, &e), e);
	assert_true(l.records[0].is_signer && !l.records[1].is_signer);
	for (size_t i = 0; i < ROWS; i++) made_free(&made[i]);
}

/* 5 + (3+16) + (3+62) + (3+2) + (3+62) + (3+16) + (3+140) + (3+128) + (3+694) + (3+4) = 1156 */
static void a_record_has_the_length_of_the_worked_sum(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(made_free)
	struct made m = sized("ST=Lancashire,L=Munich,CN=voice-lab-a-pub,OU=LAB,O=Alpha,C=DE", "150000000000000000000000000000000000000", 694);
	const struct uc_tl_entry entry = {.cert = m.cert, .dns = "voice-lab-a-pub", .role = UC_TL_SAST, .address = {10, 48, 47, 153}};
	const struct uc_tl_spec spec = {
	    .signing = {.digest = UC_TL_SHA1, .signer_version = -1, .file_name = "CTLFile.tlv"}, .entries = &entry, .count = 1};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(&spec, m.cert, key_1024, &file, &e), e);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	assert_int_equal(l.records[0].length, 1156);
	assert_string_equal(l.header.name, "CN=voice-lab-a-pub;OU=LAB;O=Alpha;L=Munich;ST=Lancashire;C=DE");
	assert_int_equal(strlen(l.header.name), 61);
	/* 149 bytes of signer info, and 333 bytes of header that become 336, as in a server's dump. */
	assert_int_equal(get_u16(&file, 11), 149);
	assert_int_equal(l.header.length, 336);
	assert_memory_equal(file.ptr + 333, "\x0d\x0d\x0d\x01", 4);
}

static void an_empty_record_has_33_bytes_for_a_name_of_12_characters(void **state)
{
	(void)state;
	static const uint8_t want[] = {1,   0,   2,   0, 33, 2, 0, 13, 'c', 'u', 'c', 'm', '-', '9', '-', 's', 'u',
	                               'b', '-', '1', 0, 4,  0, 2, 0,  1,   10,  0,   4,   10,  1,   2,   3};
	struct uc_error e;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "pub", .role = UC_TL_SAST},
	                                      {.dns = "cucm-9-sub-1", .role = UC_TL_CCM, .address = {10, 1, 2, 3}}};
	struct uc_tl_spec spec = {.signing = {.digest = UC_TL_SHA1, .file_name = "CTLFile.tlv"}, .entries = entries, .count = 2};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &file, &e), e);
	assert_memory_equal(file.ptr + file.len - sizeof want, want, sizeof want);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	assert_int_equal(l.records[1].length, 33);
	assert_null(l.records[1].subject);
	/* Peers omit name and address: length and role are left. */
	spec.signing.layout = UC_TL_PEERS;
	UC_CLEANUP(uc_buf_free) struct uc_buf other = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &other, &e), e);
	assert_memory_equal(other.ptr + other.len - 10, "\x01\x00\x02\x00\x0a\x04\x00\x02\x00\x01", 10);
}

/* What the peers' smallest list is in a server's layout. */
static void the_layouts_differ_where_they_should(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(party_free) struct party sast2 = peer("sast2");
	const struct uc_tl_entry entry = {.cert = sast2.cert, .dns = "n", .role = UC_TL_SAST, .address = {1, 2, 3, 4}};
	const struct uc_tl_spec spec = {
	    .signing = {.digest = UC_TL_SHA512, .signer_version = 1, .file_name = "ITLFile.tlv", .time = 1}, .entries = &entry, .count = 1};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(&spec, sast2.cert, sast2.key, &file, &e), e);
	struct uc_reader r = uc_reader_of(uc_buf_slice(&file));
	expect_bytes(&r, 1, "\x01\x02", 2);
	(void)expect(&r, 2, 2);
	expect_bytes(&r, 28, "\x01\x01", 2);
	(void)expect(&r, 3, 93);
	r.pos -= 93;
	expect_text(&r, 4, "CN=SAST2;OU=UC Lab;O=Example;C=NZ");
	expect_bytes(&r, 5, "\x55\x2a\x83\x7a\xfa\x52\xaa\xc1\x66\xe1\x72\x56\xd2\x2e\x86\x1d", 16);
	expect_text(&r, 6, "CN=SAST2;OU=UC Lab;O=Example;C=NZ");
	(void)expect(&r, 7, 15);
	r.pos -= 15;
	expect_bytes(&r, 8, "\x03", 1);
}

/* ---- what is refused ---- */

/* A public key with a modulus of this size, made without looking for primes. */
static EVP_PKEY *rsa_public(int bits)
{
	EVP_PKEY *key = NULL;
	BIGNUM *n = BN_new();
	BIGNUM *exponent = BN_new();
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	assert_true(BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) == 1 && BN_set_word(exponent, 65537) == 1);
	assert_true(OSSL_PARAM_BLD_push_BN(build, "n", n) == 1 && OSSL_PARAM_BLD_push_BN(build, "e", exponent) == 1);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	assert_true(EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(exponent);
	return key;
}

static struct uc_tl_spec spec_with(const struct uc_tl_entry *entries, size_t count)
{
	return (struct uc_tl_spec){
	    .signing = {.digest = UC_TL_SHA1, .file_name = "CTLFile.tlv", .time = PEER_LIST_TIME}, .entries = entries, .count = count};
}

static void assert_not_written(const struct uc_tl_spec *spec, const struct uc_cert *signer, EVP_PKEY *key, enum uc_status status,
                               const char *id, const char *part)
{
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_tl_write(spec, signer, key, &out, &e), e, status, id);
	assert_int_equal(out.len, 0);
	if (strstr(e.message, part) == NULL) fail_msg("'%s' does not say '%s'", e.message, part);
}

static void signers_without_a_code_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *key, *text;
	} rows[] = {{"RSA-3072", "RSA 3072"}, {"RSA-512", "RSA 512"}, {"P-256", "EC P-256"}, {"RSA-1536", "RSA 1536"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct uc_error e;
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=signer", .key = rows[i].key, .digest = "SHA1"});
		const struct uc_tl_entry entry = {.cert = m.cert, .dns = "a", .role = UC_TL_SAST};
		const struct uc_tl_spec spec = spec_with(&entry, 1);
		assert_not_written(&spec, m.cert, m.key, UC_EREFUSED, "tlv-signer-key", rows[i].text);
		assert_fails(uc_tl_signer_fits(m.cert, &e), e, UC_EREFUSED, "tlv-signer-key");
	}
}

static void a_pss_key_is_no_signer_and_in_no_record(void **state)
{
	(void)state;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	assert_true(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &key) == 1);
	EVP_PKEY_CTX_free(ctx);
	UC_CLEANUP(made_free) struct made as_key = {.key = key};
	UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=pss", .same_key = &as_key});
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "a", .role = UC_TL_SAST},
	                                      {.cert = m.cert, .dns = "a", .role = UC_TL_SAST}};
	const struct uc_tl_spec spec = spec_with(entries, 2);
	assert_not_written(&spec, m.cert, m.key, UC_EREFUSED, "tlv-signer-key", "RSASSA-PSS 2048");
	assert_not_written(&spec, sast.cert, sast.key, UC_EREFUSED, "tlv-key", "record 2 (SAST 'pss')");
}

static void signers_that_fit_sign(void **state)
{
	(void)state;
	static const char *const kinds[] = {"RSA-1024", "RSA-2048", "RSA-4096"};
	static const enum uc_tl_digest digests[] = {UC_TL_SHA1, UC_TL_SHA512};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct uc_error e;
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=signer", .key = kinds[i]});
		const struct uc_tl_entry entry = {.cert = m.cert, .dns = "a", .role = UC_TL_SAST};
		struct uc_tl_spec spec = spec_with(&entry, 1);
		assert_ok(uc_tl_signer_fits(m.cert, &e), e);
		for (size_t k = 0; k < sizeof digests / sizeof *digests; k++) {
			UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
			spec.signing.digest = digests[k];
			assert_ok(uc_tl_write(&spec, m.cert, m.key, &out, &e), e);
			UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&out), NULL);
			assert_ok(uc_tl_verify(&l, NULL, &e), e);
			assert_int_equal(l.header.length % 4, 0);
			assert_int_equal(l.header.modulus, 1 + i);
		}
	}
}

static void records_with_keys_that_phones_do_not_know_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		bool fits;
	} rows[] = {{"P-256", true},  {"P-384", true},      {"P-521", true}, {"RSA-1536", true},
	            {"P-192", false}, {"secp256k1", false}, {"DSA", false}};
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct uc_error e;
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=odd", .key = rows[i].key});
		const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "a", .role = UC_TL_SAST},
		                                      {.cert = m.cert, .dns = "a", .role = UC_TL_TFTP}};
		const struct uc_tl_spec spec = spec_with(entries, 2);
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		if (rows[i].fits)
			assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &out, &e), e);
		else
			assert_not_written(&spec, sast.cert, sast.key, UC_EREFUSED, "tlv-key", "record 2 (TFTP 'odd')");
	}
}

static void rsa_keys_of_records_have_4096_bits_at_most(void **state)
{
	(void)state;
	static const int sizes[] = {3072, 4096, 4104, 8192};
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	const struct made ca = {.cert = sast.cert, .key = sast.key};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct uc_error e;
		UC_CLEANUP(made_free) struct made key = {.key = rsa_public(sizes[i])};
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=big", .issuer = &ca, .same_key = &key});
		const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "a", .role = UC_TL_SAST},
		                                      {.cert = m.cert, .dns = "a", .role = UC_TL_APP_SERVER}};
		const struct uc_tl_spec spec = spec_with(entries, 2);
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		if (sizes[i] <= 4096)
			assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &out, &e), e);
		else
			assert_not_written(&spec, sast.cert, sast.key, UC_EREFUSED, "tlv-key", "record 2 (APP-SERVER 'big')");
	}
}

static void elliptic_points_are_uncompressed(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=ec", .key = "P-256"});
	assert_int_equal(EVP_PKEY_set_utf8_string_param(m.key, "point-format", "compressed"), 1);
	const struct made same = {.key = m.key};
	UC_CLEANUP(made_free) struct made compressed = make_cert(&(struct make){.subject = "CN=ec", .same_key = &same});
	const struct uc_tl_entry good[] = {{.cert = sast.cert, .dns = "a", .role = UC_TL_SAST},
	                                   {.cert = m.cert, .dns = "a", .role = UC_TL_TFTP}};
	const struct uc_tl_entry bad[] = {good[0], {.cert = compressed.cert, .dns = "a", .role = UC_TL_TFTP}};
	struct uc_tl_spec spec = spec_with(good, 2);
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &out, &e), e);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&out), NULL);
	assert_int_equal(l.records[1].public_key.len, 65);
	assert_int_equal(l.records[1].public_key.ptr[0], 4);
	spec = spec_with(bad, 2);
	assert_not_written(&spec, sast.cert, sast.key, UC_EREFUSED, "tlv-key", "record 2");
}

static void the_signer_must_be_in_the_list_as_a_sast(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "a", .role = UC_TL_SAST},
	                                      {.cert = ccm.cert, .dns = "a", .role = UC_TL_CCM_TFTP}};
	const struct uc_tl_spec spec = spec_with(entries, 2);
	assert_not_written(&spec, ccm.cert, ccm.key, UC_EREFUSED, "tlv-signer-missing", "ucm1.example.test");
	assert_not_written(&spec, sast.cert, ccm.key, UC_EREFUSED, "key-mismatch", "ITLRECOVERY_ucm1");
	const struct uc_tl_spec none = spec_with(entries, 0);
	assert_not_written(&none, sast.cert, sast.key, UC_EREFUSED, "tlv-signer-missing", "ITLRECOVERY_ucm1");
}

static void a_third_sast_is_refused(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party a = peer("sast");
	UC_CLEANUP(party_free) struct party b = peer("sast2");
	UC_CLEANUP(party_free) struct party c = peer("ccm");
	const struct uc_tl_entry entries[] = {{.cert = a.cert, .dns = "a", .role = UC_TL_SAST},
	                                      {.cert = b.cert, .dns = "a", .role = UC_TL_SAST},
	                                      {.cert = c.cert, .dns = "a", .role = UC_TL_SAST}};
	const struct uc_tl_spec spec = spec_with(entries, 3);
	assert_not_written(&spec, a.cert, a.key, UC_EREFUSED, "tlv-too-many-sast", "3 records");
}

static void odd_digests_and_times_are_refused(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party a = peer("sast");
	const struct uc_tl_entry entry = {.cert = a.cert, .dns = "a", .role = UC_TL_SAST};
	struct uc_tl_spec spec = spec_with(&entry, 1);
	spec.signing.digest = UC_TL_SHA256;
	assert_not_written(&spec, a.cert, a.key, UC_EINPUT, "tlv-digest", "SHA-256");
	spec = spec_with(&entry, 1);
	spec.signing.time = -1;
	assert_not_written(&spec, a.cert, a.key, UC_EINPUT, "tlv-time", "-1");
	spec.signing.time = (uc_time)UINT32_MAX + 1;
	assert_not_written(&spec, a.cert, a.key, UC_EINPUT, "tlv-time", "4294967296");
	UC_CLEANUP(uc_freep) char *name = uc_zalloc(1, 40000);
	memset(name, 'n', 39999);
	spec = spec_with(&entry, 1);
	spec.signing.file_name = name;
	assert_not_written(&spec, a.cert, a.key, UC_ELIMIT, "tlv-too-large", "names");
}

/* C: phones do not load 64 KiB: one byte less is written, that size is not, and the message says what is large. */
static void a_list_of_64_kib_is_refused_and_the_largest_records_are_named(void **state)
{
	(void)state;
	enum { FEW = 60 };
	struct uc_error e;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(party_free) struct party app = peer("app");
	const struct made ca = {.cert = sast.cert, .key = sast.key};
	UC_CLEANUP(made_free) struct made key = {.key = rsa_public(4096)};
	UC_CLEANUP(made_free) struct made large = make_cert(&(struct make){.subject = "CN=Large Root", .issuer = &ca, .same_key = &key});
	char pad[4000] = "";
	struct uc_tl_entry entries[FEW + 3] = {{.cert = sast.cert, .dns = "pub", .role = UC_TL_SAST},
	                                       {.cert = large.cert, .dns = "", .role = UC_TL_APP_SERVER}};
	size_t n = 2;
	struct uc_buf out = UC_BUF_EMPTY;
	for (; n < FEW; n++) {
		struct uc_tl_spec spec = spec_with(entries, n + 1);
		entries[n] = (struct uc_tl_entry){.cert = app.cert, .dns = "app", .role = UC_TL_APP_SERVER};
		uc_buf_free(&out);
		if (uc_tl_write(&spec, sast.cert, sast.key, &out, &e) != UC_OK) break;
	}
	assert_true(n < FEW);
	assert_string_equal(e.id, "tlv-large");
	assert_non_null(strstr(e.message, "record 2 (APP-SERVER 'Large Root'): "));
	assert_null(strstr(e.message, "record 1 "));
	assert_true(strstr(e.message, "record 2 ") < strstr(e.message, "record 3 "));
	/* The place of the last one that fitted is filled with a name. */
	n--;
	struct uc_tl_spec spec = spec_with(entries, n + 1);
	entries[n] = (struct uc_tl_entry){.dns = pad, .role = UC_TL_CCM};
	assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &out, &e), e);
	size_t free_bytes = UC_TL_MAX - 1 - out.len;
	assert_true(free_bytes < sizeof pad - 1);
	uc_buf_free(&out);
	memset(pad, 'p', free_bytes);
	assert_ok(uc_tl_write(&spec, sast.cert, sast.key, &out, &e), e);
	assert_int_equal(out.len, UC_TL_MAX - 1);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&out), NULL);
	assert_ok(uc_tl_verify(&l, NULL, &e), e);
	pad[free_bytes] = 'p';
	assert_not_written(&spec, sast.cert, sast.key, UC_EREFUSED, "tlv-large", "65536");
	uc_buf_free(&out);
}

/* Fields of 16 bits are never overrun, however large one thing is. */
static void one_record_beyond_every_field_is_refused(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(uc_freep) char *name = uc_zalloc(1, 200000);
	memset(name, 'n', 199999);
	const struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "", .role = UC_TL_SAST}, {.dns = name, .role = UC_TL_CCM}};
	const struct uc_tl_spec spec = spec_with(entries, 2);
	assert_not_written(&spec, sast.cert, sast.key, UC_EREFUSED, "tlv-large", "record 2 (CCM 'nnn");
}

/* ---- what a list says ---- */

/* Writes it, and reads it again. */
static void hash_of(const struct uc_tl_spec *spec, const struct party *signer, char out[65])
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(spec, signer->cert, signer->key, &file, &e), e);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	uc_tl_content_hash(&l, out);
	assert_int_equal(strlen(out), 64);
}

static void assert_hash(const struct uc_tl_spec *spec, const struct party *signer, const char *than, bool same)
{
	char hash[65];
	hash_of(spec, signer, hash);
	if ((strcmp(hash, than) == 0) != same) fail_msg("%s and %s", hash, than);
}

static void the_content_hash_is_that_of_all_but_time_and_signature(void **state)
{
	(void)state;
	char hash[65];
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	struct uc_tl_entry entries[] = {{.cert = sast.cert, .dns = "pub", .role = UC_TL_SAST},
	                                {.cert = ccm.cert, .dns = "pub", .role = UC_TL_CCM_TFTP}};
	struct uc_tl_spec spec = spec_with(entries, 2);
	hash_of(&spec, &sast, hash);
	spec.signing.time += 1000;
	assert_hash(&spec, &sast, hash, true);
	entries[1].role = UC_TL_TFTP;
	assert_hash(&spec, &sast, hash, false);
	entries[1].role = UC_TL_CCM_TFTP;
	assert_hash(&spec, &sast, hash, true);
	entries[1].address[3] = 1;
	assert_hash(&spec, &sast, hash, false);
	entries[1].address[3] = 0;
	spec.signing.digest = UC_TL_SHA512;
	assert_hash(&spec, &sast, hash, false);
	spec.signing.digest = UC_TL_SHA1;
	spec.signing.signer_version = 1;
	assert_hash(&spec, &sast, hash, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_peers_lists_come_out_byte_for_byte),
	    cmocka_unit_test(a_signature_made_elsewhere_is_put_in),
	    cmocka_unit_test(a_servers_layout_has_the_lengths_of_a_real_file),
	    cmocka_unit_test(a_record_has_the_length_of_the_worked_sum),
	    cmocka_unit_test(an_empty_record_has_33_bytes_for_a_name_of_12_characters),
	    cmocka_unit_test(the_layouts_differ_where_they_should),
	    cmocka_unit_test(signers_without_a_code_are_refused),
	    cmocka_unit_test(a_pss_key_is_no_signer_and_in_no_record),
	    cmocka_unit_test(signers_that_fit_sign),
	    cmocka_unit_test(records_with_keys_that_phones_do_not_know_are_refused),
	    cmocka_unit_test(rsa_keys_of_records_have_4096_bits_at_most),
	    cmocka_unit_test(elliptic_points_are_uncompressed),
	    cmocka_unit_test(the_signer_must_be_in_the_list_as_a_sast),
	    cmocka_unit_test(a_third_sast_is_refused),
	    cmocka_unit_test(odd_digests_and_times_are_refused),
	    cmocka_unit_test(a_list_of_64_kib_is_refused_and_the_largest_records_are_named),
	    cmocka_unit_test(one_record_beyond_every_field_is_refused),
	    cmocka_unit_test(the_content_hash_is_that_of_all_but_time_and_signature),
	};
	return cmocka_run_group_tests(tests, make_key_1024, free_key_1024);
}
