/* src/pki/input_pkcs.c: PKCS#12 in all its forms (C18, C22, C37); PKCS#7 is in test_input.c. */
#include "input_files.h"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static int make_files(void **state)
{
	files_make(state);
	make_swap();
	sh("openssl ecparam -genkey -noout -name secp384r1 -out ec.key && openssl pkcs8 -topk8 -nocrypt -in ec.key -outform DER -out ec.p8");
	for (const char *name = "ab"; *name != '\0'; name++)
		sh("openssl req -x509 -new -key ec.key -subj /CN=%c -days 30 -out %c.pem && openssl x509 -in %c.pem -outform DER -out %c.der",
		   *name, *name, *name, *name);
	sh("printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\ndefault_md=sha256\\n' >ca.cnf; : >index");
	sh("openssl ca -gencrl -config ca.cnf -cert a.pem -keyfile ec.key -crldays 30 | openssl crl -outform DER -out a.crl");
	return 0;
}

static const char *const p12_commands[] = {
    "openssl pkcs12 -export -in a.pem -inkey ec.key -certfile b.pem -passout pass:%s",
    "openssl pkcs12 -export -in a.pem -inkey ec.key -certfile b.pem -passout pass:%s -legacy",
    "openssl pkcs12 -export -in a.pem -inkey ec.key -certfile b.pem -passout pass:%s -descert -name friend -CSP provider",
    "openssl pkcs12 -export -in a.pem -inkey ec.key -certfile b.pem -passout pass:%s -keypbe NONE -certpbe NONE",
    "openssl pkcs12 -export -in a.pem -inkey ec.key -certfile b.pem -passout pass:%s -nomac",
    "openssl pkcs12 -export -in a.pem -inkey ec.key -certfile b.pem -passout pass:%s -macalg SHA512 -iter 1",
};

static void certificates_of_a_PKCS12_are_taken_and_its_key_is_dropped(void **state)
{
	(void)state;
	static const char *const passwords[] = {"secret", "", "päßwörd €"};
	for (EACH(i, p12_commands))
		for (EACH(k, passwords)) {
			UC_CLEANUP(uc_freep) char *password = uc_sprintf("'%s'", passwords[k]);
			/* The commands stand in the table above. */
			UC_CLEANUP(uc_freep) char *before = uc_strndup(p12_commands[i], (size_t)(strstr(p12_commands[i], "%s") - p12_commands[i]));
			UC_CLEANUP(uc_freep) char *command = uc_sprintf("%s%s%s", before, password, strstr(p12_commands[i], "%s") + 2);
			assert_ok(read_made(command, passwords[k], UC_INPUT_REFUSE_KEYS), error);
			assert_string_equal(input.format, "PKCS#12");
			assert_int_equal(input.count, 2);
			assert_item(0, UC_INPUT_CERT, "a.der");
			assert_item(1, UC_INPUT_CERT, "b.der");
			assert_int_equal(input.keys_dropped, 1);
			assert_non_null(uc_findings_get(&input.findings, "key-dropped"));
			assert_ok(read_made(command, passwords[k], UC_INPUT_TAKE_KEYS), error);
			assert_int_equal(input.count, 3);
			assert_item(2, UC_INPUT_KEY, "ec.p8");
			assert_int_equal(input.keys_dropped, 0);
		}
}

static void the_password_of_a_PKCS12(void **state)
{
	(void)state;
	static const char with[] = "openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret";
	static const char without[] = "openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:";
	assert_fails(read_made(with, NULL, UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "password-needed");
	assert_fails(read_made(with, "Secret", UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "wrong-password");
	assert_ok(read_made(without, NULL, UC_INPUT_REFUSE_KEYS), error);
	assert_ok(read_made(without, "", UC_INPUT_REFUSE_KEYS), error);
	assert_int_equal(input.count, 1);
	assert_ok(
	    read_made("openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret | openssl base64", "secret", UC_INPUT_REFUSE_KEYS),
	    error);
	assert_string_equal(input.format, "base64");
}

/* A PKCS#12 with a.der as the openssl program does not make it; into the file "odd". */
static void make_p12(const char *password, int cipher, int rounds, int mac_rounds)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of("a.der");
	const unsigned char *p = der.ptr;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	PKCS12 *p12 = PKCS12_create(password, NULL, NULL, x, NULL, 0, cipher, rounds, mac_rounds, 0);
	assert_non_null(p12);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/odd", files_dir);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_true(i2d_PKCS12_fp(f, p12));
	assert_int_equal(fclose(f), 0);
	PKCS12_free(p12);
	X509_free(x);
}

/* Some programs write "no password" as no bytes at all, others as an empty string. */
static void a_PKCS12_without_any_password_is_read(void **state)
{
	(void)state;
	make_p12(NULL, NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 1, 1);
	assert_ok(read_made("cat odd", NULL, UC_INPUT_REFUSE_KEYS), error);
	assert_item(0, UC_INPUT_CERT, "a.der");
}

static void a_PKCS12_without_MAC_is_read(void **state)
{
	(void)state;
	static const int ciphers[] = {NID_aes_256_cbc, NID_pbe_WithSHA1And3_Key_TripleDES_CBC};
	for (EACH(i, ciphers)) {
		make_p12("secret", ciphers[i], 1, -1);
		assert_ok(read_made("cat odd", "secret", UC_INPUT_REFUSE_KEYS), error);
		assert_item(0, UC_INPUT_CERT, "a.der");
		assert_fails(read_made("cat odd", NULL, UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "password-needed");
		assert_fails(read_made("cat odd", "x", UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "wrong-password");
	}
}

static void an_unknown_encryption_of_a_PKCS12_is_named_C37(void **state)
{
	(void)state;
	make_p12("secret", NID_aes_256_cbc, 1, -1);
	/* AES-256-CBC gets another last arc. */
	assert_fails(read_made("./swap 650304012a 650304017f <odd", "secret", UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "unsupported-algorithm");
	assert_non_null(strstr(error.message, "2.16.840.1.101.3.4.1.127"));
	make_p12("secret", NID_aes_256_cbc, 1, 1);
	/* The hash of the MAC: SHA-256 with another last arc. */
	assert_fails(read_made("./swap 6503040201 650304027f <odd", "secret", UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "unsupported-algorithm");
}

static void a_PKCS12_with_nothing_of_use_says_so(void **state)
{
	(void)state;
	static const char only_key[] = "openssl pkcs12 -export -nocerts -inkey ec.key -passout pass:secret";
	assert_fails(read_made(only_key, "secret", UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(error.message, "only 1 private key"));
	assert_ok(read_made(only_key, "secret", UC_INPUT_TAKE_KEYS), error);
	assert_item(0, UC_INPUT_KEY, "ec.p8");
}

static void old_ciphers_are_read_or_named_C37(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
	    {"PBE-SHA1-RC4-128", "PBE-SHA1-RC4-40"},
	    {"PBE-SHA1-RC2-128", "PBE-SHA1-RC2-40"},
	    {"PBE-SHA1-2DES", "PBE-SHA1-3DES"},
	    {"PBE-MD5-DES", "PBE-SHA1-DES"},
	    {"rc2-cbc", "rc2-40-cbc"},
	    {"des-cbc", "camellia-256-cbc"},
	};
	for (EACH(i, pairs)) {
		UC_CLEANUP(uc_freep)
		char *command = uc_sprintf("openssl pkcs12 -export -in a.pem -inkey ec.key -certpbe %s -keypbe %s -passout pass:secret -legacy",
		                           pairs[i][0], pairs[i][1]);
		enum uc_status status = read_made(command, "secret", UC_INPUT_TAKE_KEYS);
		if (status == UC_OK) {
			assert_item(0, UC_INPUT_CERT, "a.der");
			assert_item(1, UC_INPUT_KEY, "ec.p8");
		} else {
			assert_string_equal(error.id, "unsupported-algorithm");
		}
	}
}

static struct uc_slice kept_file(const char *name)
{
	struct uc_buf content = file_of(name);
	return d_keep(&content);
}

#define DATA "1.2.840.113549.1.7.1"
#define BAG(kind, value) D_SEQ(d_oid("1.2.840.113549.1.12.10.1." kind), d_tlv(0xa0, value))
#define CERT_BAG(der) BAG("3", D_SEQ(d_oid("1.2.840.113549.1.9.22.1"), d_tlv(0xa0, d_tlv(0x04, der))))
#define CRL_BAG(der) BAG("4", D_SEQ(d_oid("1.2.840.113549.1.9.23.1"), d_tlv(0xa0, d_tlv(0x04, der))))
/* A ContentInfo of type data with the bags; and a PFX of such, without MAC. */
#define SAFE(...) D_SEQ(d_oid(DATA), d_tlv(0xa0, d_tlv(0x04, D_SEQ(__VA_ARGS__))))
#define PFX(...) D_SEQ(d_hex("020103"), SAFE(__VA_ARGS__))

static void bags_of_every_kind_are_looked_into(void **state)
{
	(void)state;
	struct uc_slice a = CERT_BAG(kept_file("a.der"));
	struct uc_slice secret = BAG("5", D_SEQ(d_oid("1.2.3"), d_tlv(0xa0, d_hex("0500"))));
	struct uc_slice nested = BAG("6", D_SEQ(BAG("6", D_SEQ(CERT_BAG(kept_file("b.der")), CRL_BAG(kept_file("a.crl"))))));
	struct uc_slice enveloped =
	    D_SEQ(d_oid("1.2.840.113549.1.7.3"), d_tlv(0xa0, D_SEQ(d_hex("020100"), d_hex("3100"), D_SEQ(d_oid(DATA), D_SEQ(d_oid("1.2.3"))))));
	assert_ok(read_input(PFX(SAFE(a, secret, BAG("1", kept_file("ec.p8"))), enveloped, SAFE(nested)), NULL, UC_INPUT_REFUSE_KEYS), error);
	assert_int_equal(input.count, 3);
	assert_item(0, UC_INPUT_CERT, "a.der");
	assert_item(1, UC_INPUT_CERT, "b.der");
	assert_item(2, UC_INPUT_CRL, "a.crl");
	assert_int_equal(input.keys_dropped, 1);
	assert_note("block-skipped", "secret");
	assert_note("damaged-block", "public key");
	assert_ok(read_input(PFX(SAFE(BAG("1", kept_file("ec.p8")))), NULL, UC_INPUT_TAKE_KEYS), error);
	assert_item(0, UC_INPUT_KEY, "ec.p8");
	assert_fails(read_input(PFX(SAFE(D_NONE)), NULL, UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "no-certificate-found");
	assert_fails(read_input(PFX(SAFE(CERT_BAG(d_hex("3000")))), NULL, UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "not-a-certificate");
	assert_fails(read_input(PFX(SAFE(CRL_BAG(d_hex("3000")))), NULL, UC_INPUT_REFUSE_KEYS), error, UC_EINPUT, "not-a-certificate");
}

static void bags_within_bags_are_followed_so_far(void **state)
{
	(void)state;
	struct uc_slice bag = CERT_BAG(kept_file("a.der"));
	for (int depth = 0; depth <= 12; depth++) {
		enum uc_status status = read_input(PFX(SAFE(bag)), NULL, UC_INPUT_REFUSE_KEYS);
		/* OpenSSL decodes 30 levels of elements; each of these bags is four. */
		assert_true(depth < 4 ? status == UC_OK : depth < 12 || status == UC_EINPUT);
		bag = BAG("6", D_SEQ(bag));
	}
}

static void endless_password_hashing_is_refused(void **state)
{
	(void)state;
	/* 70000 rounds become 8388607; of the MAC, or of the encryption alone. */
	assert_fails(read_made("openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 70000 | ./swap 0203011170 02037fffff",
	                       "secret", UC_INPUT_REFUSE_KEYS),
	             error, UC_ELIMIT, "too-many-rounds");
	static const int ciphers[] = {NID_aes_256_cbc, NID_pbe_WithSHA1And3_Key_TripleDES_CBC};
	for (EACH(i, ciphers)) {
		make_p12("secret", ciphers[i], 70000, -1);
		assert_fails(read_made("./swap 0203011170 02037fffff <odd", "secret", UC_INPUT_REFUSE_KEYS), error, UC_ELIMIT, "too-many-rounds");
	}
}

static void careful_password_hashing_is_accepted(void **state)
{
	(void)state;
	static const char command[] = "openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 300000";
	assert_ok(read_made(command, "secret", UC_INPUT_TAKE_KEYS), error);
	assert_int_equal(input.count, 2);
}

static void any_damage_ends_well(void **state)
{
	(void)state;
	assert_any_damage_ends_well("openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 1", "secret");
	assert_any_damage_ends_well("openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 1 -legacy", "secret");
	make_p12("secret", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 1, -1);
	assert_any_damage_ends_well("cat odd", "secret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(certificates_of_a_PKCS12_are_taken_and_its_key_is_dropped, forget),
	    cmocka_unit_test_teardown(the_password_of_a_PKCS12, forget),
	    cmocka_unit_test_teardown(a_PKCS12_without_any_password_is_read, forget),
	    cmocka_unit_test_teardown(a_PKCS12_without_MAC_is_read, forget),
	    cmocka_unit_test_teardown(an_unknown_encryption_of_a_PKCS12_is_named_C37, forget),
	    cmocka_unit_test_teardown(a_PKCS12_with_nothing_of_use_says_so, forget),
	    cmocka_unit_test_teardown(old_ciphers_are_read_or_named_C37, forget),
	    cmocka_unit_test_teardown(bags_of_every_kind_are_looked_into, forget),
	    cmocka_unit_test_teardown(bags_within_bags_are_followed_so_far, forget),
	    cmocka_unit_test_teardown(endless_password_hashing_is_refused, forget),
	    cmocka_unit_test_teardown(careful_password_hashing_is_accepted, forget),
	    cmocka_unit_test_teardown(any_damage_ends_well, forget),
	};
	return cmocka_run_group_tests(tests, make_files, files_remove);
}
