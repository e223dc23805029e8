/* src/pki/seal.c: bytes for some nodes only, held against the openssl program; signatures; HMAC. */
#include "pki/openssl_files.h"

#include <openssl/evp.h>

#include "core/clock.h"
#include "core/text.h"
#include "pki/key.h"
#include "pki/request.h"
#include "pki/seal.h"

static const char clear_text[] = "32 bytes that nobody else reads!";

struct party {
	EVP_PKEY *key;
	struct uc_certs certs; /* one */
};

static void party_free(struct party *p)
{
	uc_key_free(p->key);
	uc_certs_free(&p->certs);
}

static struct party party_with(const char *spec, unsigned key_usage)
{
	struct uc_error e;
	struct party p = {.key = NULL};
	struct uc_cert *c = NULL;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	const struct uc_profile profile = {.common_name = "a node", .key_usage = key_usage, .digest = "SHA256", .not_after = UC_TIME_MAX};
	assert_ok(uc_key_generate(uc_key_spec_find(spec), &p.key, &e), e);
	assert_ok(uc_cert_self_sign(&profile, p.key, &der, &e), e);
	assert_ok(uc_cert_read(uc_buf_slice(&der), &c, &e), e);
	uc_certs_take(&p.certs, c);
	return p;
}

static struct party a_node(void)
{
	return party_with("ec-p256", UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_AGREEMENT);
}

static struct uc_buf sealed_to(const struct uc_certs *certs)
{
	struct uc_error e;
	struct uc_buf out = UC_BUF_EMPTY;
	assert_ok(uc_seal(uc_slice_str(clear_text), certs, &out, &e), e);
	return out;
}

static void assert_opens(struct uc_slice sealed, const struct party *p)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf out = UC_BUF_EMPTY;
	assert_ok(uc_unseal(sealed, p->certs.items[0], p->key, &out, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&out), uc_slice_str(clear_text)));
}

static void assert_refused(struct uc_slice sealed, const struct party *p, enum uc_status status, const char *id)
{
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_buf_wipe) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_unseal(sealed, p->certs.items[0], p->key, &out, &e), e, status, id);
	assert_int_equal(out.len, 0);
}

static void put(const char *name, struct uc_slice bytes)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", files_dir, name);
	assert_ok(uc_file_write(path, bytes, 0600, &e), e);
}

static void what_is_sealed_is_opened_by_every_recipient_and_by_nobody_else(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party one = a_node();
	UC_CLEANUP(party_free) struct party two = a_node();
	UC_CLEANUP(party_free) struct party other = a_node();
	UC_CLEANUP(uc_certs_free) struct uc_certs both = {.items = NULL};
	uc_certs_take(&both, uc_cert_dup(one.certs.items[0]));
	uc_certs_take(&both, uc_cert_dup(two.certs.items[0]));
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = sealed_to(&both);
	assert_opens(uc_buf_slice(&sealed), &one);
	assert_opens(uc_buf_slice(&sealed), &two);
	assert_refused(uc_buf_slice(&sealed), &other, UC_EREFUSED, "sealed-to-others");
	assert_null(memmem(sealed.ptr, sealed.len, clear_text, 8));
	/* The certificate of a recipient, but not its key. */
	struct party thief = {.key = other.key, .certs = one.certs};
	assert_refused(uc_buf_slice(&sealed), &thief, UC_EINPUT, "seal-broken");
	/* Never twice the same. */
	UC_CLEANUP(uc_buf_free) struct uc_buf again = sealed_to(&both);
	assert_false(uc_slice_eq(uc_buf_slice(&sealed), uc_buf_slice(&again)));
}

static void any_length_can_be_sealed_even_none(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 15, 16, 17, 4096, 100000};
	UC_CLEANUP(party_free) struct party node = a_node();
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_buf_free) struct uc_buf data = UC_BUF_EMPTY;
		UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		for (size_t n = 0; n < lengths[i]; n++) uc_buf_add_u8(&data, (uint8_t)(n * 7));
		assert_ok(uc_seal(uc_buf_slice(&data), &node.certs, &sealed, &e), e);
		assert_ok(uc_unseal(uc_buf_slice(&sealed), node.certs.items[0], node.key, &out, &e), e);
		assert_true(uc_slice_eq(uc_buf_slice(&data), uc_buf_slice(&out)));
	}
}

/* An independent reader: the openssl program opens it, with each recipient's key. */
static void openssl_opens_what_was_sealed(void **state)
{
	(void)state;
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
	for (int i = 1; i <= 2; i++) {
		struct uc_error e;
		struct uc_cert *c = NULL;
		sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k%d.pem -out c%d.pem -days 30 -subj /CN=n%d", i, i,
		   i);
		sh("openssl x509 -in c%d.pem -outform DER -out c%d.der", i, i);
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("c%d.der", i);
		UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of(name);
		assert_ok(uc_cert_read(uc_buf_slice(&der), &c, &e), e);
		uc_certs_take(&certs, c);
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = sealed_to(&certs);
	put("sealed.der", uc_buf_slice(&sealed));
	for (int i = 1; i <= 2; i++) {
		sh("openssl cms -decrypt -binary -inform DER -in sealed.der -recip c%d.pem -inkey k%d.pem -out clear%d", i, i, i);
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("clear%d", i);
		UC_CLEANUP(uc_buf_free) struct uc_buf clear = file_of(name);
		assert_true(uc_slice_eq(uc_buf_slice(&clear), uc_slice_str(clear_text)));
	}
	UC_CLEANUP(uc_freep) char *text = output_of("openssl cms -cmsout -print -noout -inform DER -in sealed.der");
	assert_non_null(strstr(text, "id-smime-ct-authEnvelopedData"));
	assert_non_null(strstr(text, "aes-256-gcm"));
	assert_non_null(strstr(text, "dhSinglePass-stdDH-sha256kdf-scheme"));
	assert_non_null(strstr(text, "id-aes256-wrap"));
	assert_null(strstr(text, "sha1kdf"));
}

/* And what the openssl program sealed is opened here; but no other kind of content, and no other cipher. */
static void what_openssl_sealed_is_opened_if_it_is_authenticated_and_of_256_bits(void **state)
{
	(void)state;
	static const struct {
		const char *cipher;
		const char *kdf;
		bool ok;
	} cases[] = {{"aes-256-gcm", "sha256", true},  {"aes-256-gcm", "sha1", false},   {"aes-256-gcm", "sha384", false},
	             {"aes-128-gcm", "sha256", false}, {"aes-192-gcm", "sha256", false}, {"aes-256-cbc", "sha256", false}};
	UC_CLEANUP(party_free) struct party node = a_node();
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	uc_pem_write(&pem, "CERTIFICATE", uc_buf_slice(&node.certs.items[0]->der));
	put("node.pem", uc_buf_slice(&pem));
	put("clear", uc_slice_str(clear_text));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		sh("openssl cms -encrypt -binary -%s -in clear -outform DER -out theirs.der -recip node.pem -keyopt ecdh_kdf_md:%s",
		   cases[i].cipher, cases[i].kdf);
		UC_CLEANUP(uc_buf_free) struct uc_buf theirs = file_of("theirs.der");
		if (cases[i].ok)
			assert_opens(uc_buf_slice(&theirs), &node);
		else
			assert_refused(uc_buf_slice(&theirs), &node, UC_EINPUT, "seal-broken");
	}
}

/*
 * One recipient: then every byte of it matters to this one, but for a few bits of the issuer's name that OpenSSL takes for the same (the case of letters): they change nothing of what comes
 * out. The hash in the change log covers them as well.
 */
static void no_changed_bit_of_a_seal_alters_what_comes_out(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party node = a_node();
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = sealed_to(&node.certs);
	static const uint8_t wrapped_key[] = {0x04, 0x28}; /* an OCTET STRING of 40 bytes, behind the serial */
	struct uc_slice serial = node.certs.items[0]->serial;
	const uint8_t *found = memmem(sealed.ptr, sealed.len, serial.ptr, serial.len);
	assert_non_null(found);
	size_t key_at = (size_t)(found - sealed.ptr) + serial.len;
	assert_memory_equal(sealed.ptr + key_at, wrapped_key, sizeof wrapped_key);
	size_t others = 0;
	size_t same = 0;
	for (size_t i = 0; i < 8 * sealed.len; i++) {
		struct uc_error e = {.code = UC_OK};
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		sealed.ptr[i / 8] ^= (uint8_t)(1u << (i % 8));
		enum uc_status status = uc_unseal(uc_buf_slice(&sealed), node.certs.items[0], node.key, &out, &e);
		sealed.ptr[i / 8] ^= (uint8_t)(1u << (i % 8));
		if (status == UC_OK) {
			if (i / 8 >= key_at) fail_msg("bit %zu of byte %zu of %zu can be changed", i % 8, i / 8, sealed.len);
			assert_true(uc_slice_eq(uc_buf_slice(&out), uc_slice_str(clear_text)));
			same++;
			continue;
		}
		assert_int_equal(out.len, 0);
		if (strcmp(e.id, "sealed-to-others") == 0)
			others++;
		else
			assert_string_equal(e.id, "seal-broken");
	}
	assert_in_range(others, 8 * serial.len, 8 * (serial.len + 32));
	assert_in_range(same, 0, 16);
	assert_opens(uc_buf_slice(&sealed), &node);
}

/* OpenSSL 3.0 writes beyond a buffer when it unwraps a key by id-aes256-wrap-pad that is not its own: such a seal must not get so far. */
static void another_way_of_wrapping_is_refused_before_openssl_sees_it(void **state)
{
	(void)state;
	static const uint8_t wrap[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d};
	UC_CLEANUP(party_free) struct party node = a_node();
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = sealed_to(&node.certs);
	uint8_t *at = memmem(sealed.ptr, sealed.len, wrap, sizeof wrap);
	assert_non_null(at);
	for (unsigned id = 0; id < 256; id++) {
		struct uc_error e;
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		if (id == 0x2d) continue;
		at[sizeof wrap - 1] = (uint8_t)id;
		assert_fails(uc_unseal(uc_buf_slice(&sealed), node.certs.items[0], node.key, &out, &e), e, UC_EINPUT, "seal-broken");
		assert_non_null(strstr(e.message, "form"));
	}
}

static void a_seal_cut_short_or_with_something_behind_it_is_broken(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party node = a_node();
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = sealed_to(&node.certs);
	for (size_t len = 0; len < sealed.len; len++) assert_refused(uc_slice_of(sealed.ptr, len), &node, UC_EINPUT, "seal-broken");
	uc_buf_add_u8(&sealed, 0);
	assert_refused(uc_buf_slice(&sealed), &node, UC_EINPUT, "seal-broken");
	assert_refused(uc_slice_str("-----BEGIN CMS-----"), &node, UC_EINPUT, "seal-broken");
	assert_refused(uc_buf_slice(&node.certs.items[0]->der), &node, UC_EINPUT, "seal-broken");
}

static void a_certificate_that_nothing_can_be_sealed_to_is_named(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party good = a_node();
	UC_CLEANUP(party_free) struct party rsa = party_with("rsa-2048", UC_KU_KEY_ENCIPHERMENT);
	UC_CLEANUP(party_free) struct party signer = party_with("ec-p256", UC_KU_DIGITAL_SIGNATURE);
	const struct party *const bad[] = {&rsa, &signer};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		char hex[UC_FINGERPRINT_HEX];
		UC_CLEANUP(uc_certs_free) struct uc_certs list = {.items = NULL};
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		uc_certs_take(&list, uc_cert_dup(good.certs.items[0]));
		uc_certs_take(&list, uc_cert_dup(bad[i]->certs.items[0]));
		assert_fails(uc_seal(uc_slice_str(clear_text), &list, &out, &e), e, UC_EINPUT, "bad-recipient");
		uc_cert_fingerprint_hex(list.items[1], hex);
		hex[16] = '\0';
		assert_non_null(strstr(e.message, hex));
		assert_int_equal(out.len, 0);
	}
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_seal(uc_slice_str(clear_text), &(struct uc_certs){.items = NULL}, &out, &e), e, UC_EINPUT, "bad-recipient");
}

/* Signed by the openssl program, so that both sides do not share a mistake. */
static void a_signature_is_good_for_its_data_and_its_key_alone(void **state)
{
	(void)state;
	struct uc_error e;
	sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.pem -days 30 -subj /CN=signer");
	sh("openssl x509 -in s.pem -outform DER -out s.der");
	put("data", uc_slice_str("change 17"));
	sh("openssl dgst -sha256 -sign s.key -out sig data; openssl dgst -sha384 -sign s.key -out sig384 data");
	UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of("s.der");
	UC_CLEANUP(uc_buf_free) struct uc_buf sig = file_of("sig");
	UC_CLEANUP(uc_buf_free) struct uc_buf sha384 = file_of("sig384");
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	assert_ok(uc_cert_read(uc_buf_slice(&der), &cert, &e), e);
	struct uc_slice data = uc_slice_str("change 17");
	assert_true(uc_signature_ok(cert, data, uc_buf_slice(&sig)));
	assert_false(uc_signature_ok(cert, uc_slice_str("change 18"), uc_buf_slice(&sig)));
	assert_false(uc_signature_ok(cert, data, uc_buf_slice(&sha384)));
	assert_false(uc_signature_ok(cert, data, uc_slice_of(sig.ptr, sig.len - 1)));
	assert_false(uc_signature_ok(cert, data, uc_slice_of(NULL, 0)));
	UC_CLEANUP(party_free) struct party other = a_node();
	UC_CLEANUP(party_free) struct party rsa = party_with("rsa-2048", UC_KU_DIGITAL_SIGNATURE);
	assert_false(uc_signature_ok(other.certs.items[0], data, uc_buf_slice(&sig)));
	assert_false(uc_signature_ok(rsa.certs.items[0], data, uc_buf_slice(&sig)));
	sig.ptr[sig.len - 1] ^= 1;
	assert_false(uc_signature_ok(cert, data, uc_buf_slice(&sig)));
}

/* RFC 4231 sections 4.3 and 4.7 (test cases 2 and 6). */
static void hmac_gives_the_values_of_rfc_4231(void **state)
{
	(void)state;
	uint8_t long_key[131];
	memset(long_key, 0xaa, sizeof long_key);
	const struct {
		struct uc_slice key;
		const char *data;
		const char *mac;
	} cases[] = {
	    {uc_slice_str("Jefe"), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	    {uc_slice_of(long_key, sizeof long_key), "Test Using Larger Than Block-Size Key - Hash Key First",
	     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	    {uc_slice_of(NULL, 0), "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t mac[32];
		uc_hmac_sha256(cases[i].key, uc_slice_str(cases[i].data), mac);
		UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(mac, sizeof mac), '\0');
		assert_string_equal(hex, cases[i].mac);
	}
}

static void secrets_are_equal_when_all_their_bytes_are(void **state)
{
	(void)state;
	assert_true(uc_equal_secret(uc_slice_str("abc"), uc_slice_str("abc")));
	assert_true(uc_equal_secret(uc_slice_of(NULL, 0), uc_slice_str("")));
	assert_false(uc_equal_secret(uc_slice_str("abc"), uc_slice_str("abd")));
	assert_false(uc_equal_secret(uc_slice_str("abc"), uc_slice_str("Abc")));
	assert_false(uc_equal_secret(uc_slice_str("abc"), uc_slice_str("ab")));
	assert_false(uc_equal_secret(uc_slice_str(""), uc_slice_str("a")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_sealed_is_opened_by_every_recipient_and_by_nobody_else),
	    cmocka_unit_test(any_length_can_be_sealed_even_none),
	    cmocka_unit_test(openssl_opens_what_was_sealed),
	    cmocka_unit_test(what_openssl_sealed_is_opened_if_it_is_authenticated_and_of_256_bits),
	    cmocka_unit_test(no_changed_bit_of_a_seal_alters_what_comes_out),
	    cmocka_unit_test(another_way_of_wrapping_is_refused_before_openssl_sees_it),
	    cmocka_unit_test(a_seal_cut_short_or_with_something_behind_it_is_broken),
	    cmocka_unit_test(a_certificate_that_nothing_can_be_sealed_to_is_named),
	    cmocka_unit_test(a_signature_is_good_for_its_data_and_its_key_alone),
	    cmocka_unit_test(hmac_gives_the_values_of_rfc_4231),
	    cmocka_unit_test(secrets_are_equal_when_all_their_bytes_are),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
