/* src/pki/input_key.c, input_crypt.c: private keys (C9, C34, C35, C37, C41). */
#include "input_files.h"

static int make_files(void **state)
{
	files_make(state);
	make_swap();
	sh("openssl genrsa -out rsa.key 2048 && openssl ecparam -genkey -name secp384r1 -out ec.key && openssl genpkey -algorithm ed25519 -out "
	   "ed.key");
	sh("openssl dsaparam -genkey -noout -out dsa.key 1024 && openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:1024 -out "
	   "pss.key");
	sh("for k in rsa ec ed dsa pss; do openssl pkcs8 -topk8 -nocrypt -in $k.key -outform DER -out $k.p8 || exit 1; done");
	sh("openssl req -x509 -new -key ec.key -subj /CN=a -days 30 -out a.pem && openssl x509 -in a.pem -outform DER -out a.der");
	return 0;
}

/* Ways to write a key; all of them without a password. */
static const struct {
	const char *command;
	const char *p8;
} plain[] = {
    {"openssl rsa -in rsa.key -traditional", "rsa.p8"},
    {"cat ec.key", "ec.p8"}, /* EC PARAMETERS and EC PRIVATE KEY */
    {"openssl dsa -in dsa.key", "dsa.p8"},
    {"openssl pkey -in rsa.key", "rsa.p8"},
    {"openssl pkey -in ec.key", "ec.p8"},
    {"openssl pkey -in ed.key", "ed.p8"},
    {"cat pss.key", "pss.p8"},
    {"openssl rsa -in rsa.key -traditional -outform DER", "rsa.p8"},
    {"openssl ec -in ec.key -outform DER", "ec.p8"},
    {"openssl dsa -in dsa.key -outform DER", "dsa.p8"},
    {"cat rsa.p8", "rsa.p8"},
    {"cat ed.p8", "ed.p8"},
    {"openssl base64 -A -in ec.p8", "ec.p8"},
    {"{ echo Bag Attributes; echo ' localKeyID: 01'; echo 'Key Attributes: <No Attributes>'; openssl pkey -in ec.key; }", "ec.p8"},
    {"openssl pkey -in ec.key | sed 's/$/\\r/' | iconv -f ASCII -t UTF-16LE", "ec.p8"},
};

/* Ways to encrypt one, with the password "secret". */
static const struct {
	const char *command;
	const char *p8;
	const char *name; /* what a message calls it */
} encrypted[] = {
    {"openssl pkcs8 -topk8 -in rsa.key -passout pass:secret", "rsa.p8", "aes-256-cbc"},
    {"openssl pkcs8 -topk8 -in ec.key -v2 aes-128-cbc -v2prf hmacWithSHA1 -passout pass:secret -outform DER", "ec.p8", "aes-128-cbc"},
    {"openssl pkcs8 -topk8 -in ed.key -v2 des3 -passout pass:secret", "ed.p8", "des-ede3-cbc"},
    {"openssl pkcs8 -topk8 -in ec.key -scrypt -passout pass:secret", "ec.p8", "scrypt"},
    {"openssl pkcs8 -topk8 -in ec.key -v1 PBE-SHA1-3DES -passout pass:secret", "ec.p8", "pbeWithSHA1And3-KeyTripleDES-CBC"},
    {"openssl pkcs8 -topk8 -in ec.key -v1 PBE-SHA1-RC2-40 -passout pass:secret -provider legacy -provider default", "ec.p8",
     "pbeWithSHA1And40BitRC2-CBC"},
    {"openssl pkcs8 -topk8 -in ec.key -v1 PBE-MD5-DES -passout pass:secret -provider legacy -provider default", "ec.p8",
     "pbeWithMD5AndDES-CBC"},
    {"openssl rsa -in rsa.key -traditional -aes128 -passout pass:secret", "rsa.p8", "AES-128-CBC"},
    {"openssl rsa -in rsa.key -traditional -des3 -passout pass:secret", "rsa.p8", "DES-EDE3-CBC"},
    {"openssl rsa -in rsa.key -traditional -des -passout pass:secret -provider legacy -provider default", "rsa.p8", "DES-CBC"},
    {"openssl ec -in ec.key -camellia256 -passout pass:secret", "ec.p8", "CAMELLIA-256-CBC"},
    {"openssl dsa -in dsa.key -aes256 -passout pass:secret", "dsa.p8", "AES-256-CBC"},
    {"openssl ec -in ec.key -aes256 -passout pass:secret | sed 's/$/ \\r/'", "ec.p8", "AES-256-CBC"},
};

#define EACH(i, rows)                    \
	size_t i = 0;                        \
	(i) < sizeof(rows) / sizeof *(rows); \
	(i)++

static void every_form_of_key_is_read_C9_C34(void **state)
{
	(void)state;
	for (EACH(i, plain)) {
		assert_ok(read_made(plain[i].command, NULL, UC_INPUT_TAKE_KEYS), error);
		assert_int_equal(input.count, 1);
		assert_item(0, UC_INPUT_KEY, plain[i].p8);
	}
}

static void every_usual_encryption_is_read_C34_C35(void **state)
{
	(void)state;
	for (EACH(i, encrypted)) {
		assert_ok(read_made(encrypted[i].command, "secret", UC_INPUT_TAKE_KEYS), error);
		assert_int_equal(input.count, 1);
		assert_item(0, UC_INPUT_KEY, encrypted[i].p8);
	}
}

static void a_missing_password_differs_from_a_wrong_one_C35(void **state)
{
	(void)state;
	for (EACH(i, encrypted)) {
		assert_fails(read_made(encrypted[i].command, NULL, UC_INPUT_TAKE_KEYS), error, UC_EINPUT, "password-needed");
		assert_true(error.hint[0] != '\0');
		assert_fails(read_made(encrypted[i].command, "Secret", UC_INPUT_TAKE_KEYS), error, UC_EINPUT, "wrong-password");
		assert_non_null(strstr(error.message, encrypted[i].name));
		assert_fails(read_made(encrypted[i].command, "", UC_INPUT_TAKE_KEYS), error, UC_EINPUT, "wrong-password");
	}
}

static void an_unknown_encryption_is_named_C35_C37(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		const char *name;
	} rows[] = {
	    {"openssl ec -in ec.key -aes256 -passout pass:secret | sed s/AES-256-CBC/FANCY-256-CBC/", "FANCY-256-CBC"},
	    {"openssl ec -in ec.key -aes256 -passout pass:secret | sed s/AES-256-CBC/AES-256-GCM/", "AES-256-GCM"},
	    /* The object identifiers of AES-256-CBC, PBES2 and PBKDF2 with another last arc. */
	    {"openssl pkcs8 -topk8 -in ec.key -passout pass:secret -outform DER | ./swap 650304012a 650304017f", "2.16.840.1.101.3.4.1.127"},
	    {"openssl pkcs8 -topk8 -in ec.key -passout pass:secret -outform DER | ./swap f70d01050d f70d01057f", "1.2.840.113549.1.5.127"},
	    {"openssl pkcs8 -topk8 -in ec.key -passout pass:secret -outform DER | ./swap f70d01050c f70d01057f", "1.2.840.113549.1.5.127"},
	    /* A key that is for an algorithm nobody knows. */
	    {"./swap 2b6570 2b657f <ed.p8", "1.3.101.127"},
	    {"./swap 2b81040022 2b81040063 <ec.p8", "the curve 1.3.132.0.99"},
	    {"sed 's/PRIVATE KEY/OPENSSH PRIVATE KEY/' ed.key", "OpenSSH"},
	};
	for (EACH(i, rows)) {
		assert_fails(read_made(rows[i].command, "secret", UC_INPUT_TAKE_KEYS), error, UC_EINPUT, "unsupported-algorithm");
		assert_non_null(strstr(error.message, rows[i].name));
	}
}

static void old_ciphers_are_read_or_named_C37(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    "openssl pkcs8 -topk8 -in ec.key -v2 rc2-cbc -passout pass:secret -provider legacy -provider default",
	    "openssl pkcs8 -topk8 -in ec.key -v2 rc2-40-cbc -passout pass:secret -provider legacy -provider default",
	    "openssl pkcs8 -topk8 -in ec.key -v2 rc2-64-cbc -passout pass:secret -provider legacy -provider default",
	    "openssl pkcs8 -topk8 -in ec.key -v2 des -passout pass:secret -provider legacy -provider default",
	};
	for (EACH(i, commands)) {
		enum uc_status status = read_made(commands[i], "secret", UC_INPUT_TAKE_KEYS);
		if (status == UC_OK)
			assert_item(input.count - 1, UC_INPUT_KEY, "ec.p8");
		else
			assert_string_equal(error.id, "unsupported-algorithm");
		if (status != UC_OK) print_message("note: %s\n", error.message);
	}
}

static void no_key_is_taken_from_an_upload(void **state)
{
	(void)state;
	for (EACH(i, plain)) assert_fails(read_made(plain[i].command, NULL, UC_INPUT_REFUSE_KEYS), error, UC_EREFUSED, "private-key-in-upload");
	for (EACH(i, encrypted))
		assert_fails(read_made(encrypted[i].command, "secret", UC_INPUT_REFUSE_KEYS), error, UC_EREFUSED, "private-key-in-upload");
	static const char *const others[] = {
	    "cat a.pem rsa.key",
	    "cat rsa.key a.pem", /* among certificates */
	    "head -5 rsa.key",
	    "sed 's/^M/?/' rsa.key",                    /* damaged */
	    "sed 's/PRIVATE/OPENSSH PRIVATE/' rsa.key", /* forms that are not read */
	    "{ echo 'PuTTY-User-Key-File-3: ssh-rsa'; echo 'Encryption: none'; }",
	};
	for (EACH(i, others)) {
		assert_fails(read_made(others[i], NULL, UC_INPUT_REFUSE_KEYS), error, UC_EREFUSED, "private-key-in-upload");
		assert_true(error.hint[0] != '\0');
	}
}

static void nothing_of_a_key_is_in_a_message(void **state)
{
	(void)state;
	assert_fails(read_made("openssl pkey -in rsa.key | sed '3s/^..../*~*~/'", NULL, UC_INPUT_TAKE_KEYS), error, UC_EINPUT, "bad-base64");
	assert_non_null(strstr(error.message, "line 3, column 1"));
	assert_null(strchr(error.message, '*'));
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = file_of("made");
	UC_CLEANUP(uc_buf_free) struct uc_buf copy = UC_BUF_EMPTY;
	for (size_t at = 40; at < pem.len; at += 7) {
		copy.len = 0;
		uc_buf_add_slice(&copy, uc_buf_slice(&pem));
		copy.ptr[at] = '!';
		if (read_input(uc_buf_slice(&copy), NULL, UC_INPUT_TAKE_KEYS) == UC_OK) continue;
		for (size_t i = 28; i + 32 < pem.len; i++) { /* without BEGIN and END */
			UC_CLEANUP(uc_freep) char *six = uc_strndup((const char *)pem.ptr + i, 6);
			if (strstr(error.message, six) != NULL) fail_msg("%s", error.message);
		}
	}
}

/* len bytes, all of them c. */
static struct uc_slice fill(uint8_t c, size_t len)
{
	struct uc_buf b = UC_BUF_EMPTY;
	memset(uc_buf_extend(&b, len), c, len);
	return d_keep(&b);
}

static struct uc_slice rsa_of(size_t modulus_bytes)
{
	struct uc_slice three = d_hex("020103");
	struct uc_slice modulus = d_tlv(UC_DER_INTEGER, D_CAT(d_hex("00"), fill(0xc5, modulus_bytes)));
	return D_SEQ(d_hex("020100"), modulus, d_hex("0203010001"), three, three, three, three, three, three);
}

static void a_key_beyond_the_limit_is_an_error_C41(void **state)
{
	(void)state;
	struct uc_slice algorithm = D_SEQ(d_oid("1.2.840.113549.1.1.1"), d_hex("0500"));
	struct uc_slice rows[] = {
	    rsa_of(2049),
	    rsa_of(400000),
	    D_SEQ(d_hex("020100"), algorithm, d_tlv(UC_DER_OCTET_STRING, rsa_of(2049))),
	    D_SEQ(d_hex("020101"), d_tlv(UC_DER_OCTET_STRING, fill(1, 70000))),
	};
	for (EACH(i, rows)) {
		assert_fails(read_input(rows[i], NULL, UC_INPUT_TAKE_KEYS), error, UC_ELIMIT, "key-too-large");
		assert_non_null(strstr(error.message, "16384"));
	}
	/* At the limit the size is not the fault. */
	if (read_input(rsa_of(2048), NULL, UC_INPUT_TAKE_KEYS) != UC_OK) assert_string_equal(error.id, "damaged-key");
}

static void a_damaged_key_is_an_error_or_a_finding(void **state)
{
	(void)state;
	/* The type of an element inside the key. */
	assert_fails(read_made("./swap 0201010430 0201010330 <ec.p8", NULL, UC_INPUT_TAKE_KEYS), error, UC_EINPUT, "damaged-key");
	assert_ok(read_made("{ cat a.pem; sed '3d' rsa.key; }", NULL, UC_INPUT_TAKE_KEYS), error);
	assert_int_equal(input.count, 1);
	assert_non_null(uc_findings_get(&input.findings, "damaged-block"));
	assert_fails(read_made("openssl ec -in ec.key -aes256 -passout pass:secret | sed '/DEK-Info/s/,.*/,00/'", "secret", UC_INPUT_TAKE_KEYS),
	             error, UC_EINPUT, "damaged-key");
	assert_fails(read_made("openssl ec -in ec.key -aes256 -passout pass:secret | sed '/DEK-Info/d'", "secret", UC_INPUT_TAKE_KEYS), error,
	             UC_EINPUT, "damaged-key");
}

static void endless_password_hashing_is_refused(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    /* 70000 rounds become 8388607. */
	    "openssl pkcs8 -topk8 -in ec.key -passout pass:secret -iter 70000 -outform DER | ./swap 0203011170 02037fffff",
	    "openssl pkcs8 -topk8 -in ec.key -v1 PBE-SHA1-3DES -passout pass:secret -iter 70000 -outform DER | ./swap 0203011170 02037fffff",
	    /* scrypt: N = 16384, r = 8, p = 1 becomes p = 127. */
	    "openssl pkcs8 -topk8 -in ec.key -scrypt -passout pass:secret -outform DER | ./swap 020108020101 02010802017f",
	};
	for (EACH(i, commands)) assert_fails(read_made(commands[i], "secret", UC_INPUT_TAKE_KEYS), error, UC_ELIMIT, "too-many-rounds");
}

static void any_damage_ends_well(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    "openssl pkcs8 -topk8 -in ec.key -iter 1 -passout pass:secret -outform DER",
	    "openssl ec -in ec.key -aes256 -passout pass:secret",
	    "cat ec.key",
	    "cat ec.p8",
	    "openssl ec -in ec.key -outform DER",
	};
	for (EACH(i, commands)) assert_any_damage_ends_well(commands[i], "secret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(every_form_of_key_is_read_C9_C34, forget),
	    cmocka_unit_test_teardown(every_usual_encryption_is_read_C34_C35, forget),
	    cmocka_unit_test_teardown(a_missing_password_differs_from_a_wrong_one_C35, forget),
	    cmocka_unit_test_teardown(an_unknown_encryption_is_named_C35_C37, forget),
	    cmocka_unit_test_teardown(old_ciphers_are_read_or_named_C37, forget),
	    cmocka_unit_test_teardown(no_key_is_taken_from_an_upload, forget),
	    cmocka_unit_test_teardown(nothing_of_a_key_is_in_a_message, forget),
	    cmocka_unit_test_teardown(a_key_beyond_the_limit_is_an_error_C41, forget),
	    cmocka_unit_test_teardown(a_damaged_key_is_an_error_or_a_finding, forget),
	    cmocka_unit_test_teardown(endless_password_hashing_is_refused, forget),
	    cmocka_unit_test_teardown(any_damage_ends_well, forget),
	};
	return cmocka_run_group_tests(tests, make_files, files_remove);
}
