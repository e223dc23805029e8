/* src/pki/input_key.c, input_pkcs.c, input_crypt.c: private keys and PKCS#12 (C9, C34, C35, C37, C41). */
#include "openssl_files.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "maker.h"
#include "pki/input.h"

static int make_files(void **state)
{
	files_make(state);
	/* ./swap FROM TO: replaces bytes, given as hexadecimal digits. */
	sh("printf '%%s\\n' '#!/usr/bin/perl -0777 -p' 'BEGIN { $f = pack q(H*), shift; $t = pack q(H*), shift } s/\\Q$f\\E/$t/g' >swap && "
	   "chmod +x swap");
	sh("openssl genrsa -out rsa.key 2048 && openssl ecparam -genkey -name secp384r1 -out ec.key && openssl genpkey -algorithm ed25519 -out "
	   "ed.key");
	sh("openssl dsaparam -genkey -noout -out dsa.key 1024 && openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:1024 -out "
	   "pss.key");
	sh("for k in rsa ec ed dsa pss; do openssl pkcs8 -topk8 -nocrypt -in $k.key -outform DER -out $k.p8 || exit 1; done");
	sh("openssl req -x509 -new -key ec.key -subj /CN=a -days 30 -out a.pem && openssl x509 -in a.pem -outform DER -out a.der");
	sh("openssl req -x509 -new -key rsa.key -subj /CN=b -days 30 -out b.pem && openssl x509 -in b.pem -outform DER -out b.der");
	return 0;
}

static struct uc_input input;
static struct uc_error error;

static int forget(void **state)
{
	uc_input_free(&input);
	return maker_end(state);
}

static enum uc_status read_made(const char *command, const char *password, enum uc_input_keys keys)
{
	sh("%s >made", command);
	UC_CLEANUP(uc_buf_free) struct uc_buf data = file_of("made");
	uc_input_free(&input);
	enum uc_status status = uc_input_read(uc_buf_slice(&data), password, keys, &input, &error);
	/* What failed here must not make a later TLS call of this thread look failed. */
	assert_int_equal(ERR_peek_error(), 0);
	return status;
}

static void assert_item(size_t i, enum uc_input_kind kind, const char *der_file)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of(der_file);
	assert_true(i < input.count);
	assert_int_equal(input.items[i].kind, kind);
	assert_true(uc_slice_eq(uc_buf_slice(&input.items[i].der), uc_buf_slice(&der)));
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
	    "openssl pkcs12 -export -in a.pem -inkey ec.key -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-40 -passout pass:secret -legacy",
	    "openssl pkcs12 -export -in a.pem -inkey ec.key -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC2-40 -passout pass:secret -legacy",
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
		uc_input_free(&input);
		if (uc_input_read(uc_buf_slice(&copy), NULL, UC_INPUT_TAKE_KEYS, &input, &error) == UC_OK) continue;
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
		uc_input_free(&input);
		assert_fails(uc_input_read(rows[i], NULL, UC_INPUT_TAKE_KEYS, &input, &error), error, UC_ELIMIT, "key-too-large");
		assert_non_null(strstr(error.message, "16384"));
	}
	/* At the limit the size is not the fault. */
	uc_input_free(&input);
	if (uc_input_read(rsa_of(2048), NULL, UC_INPUT_TAKE_KEYS, &input, &error) != UC_OK) assert_string_equal(error.id, "damaged-key");
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
			assert_non_null(uc_findings_get(&input.findings, "keys-dropped"));
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

static void endless_password_hashing_is_refused(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    /* 70000 rounds become 8388607; of the MAC, or of the encryption alone. */
	    "openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 70000 | ./swap 0203011170 02037fffff",
	    "./swap 0203011170 02037fffff <odd",
	    "openssl pkcs8 -topk8 -in ec.key -passout pass:secret -iter 70000 -outform DER | ./swap 0203011170 02037fffff",
	    /* scrypt: N = 16384, r = 8, p = 1 becomes p = 127. */
	    "openssl pkcs8 -topk8 -in ec.key -scrypt -passout pass:secret -outform DER | ./swap 020108020101 02010802017f",
	};
	make_p12("secret", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 70000, -1);
	for (EACH(i, commands)) assert_fails(read_made(commands[i], "secret", UC_INPUT_TAKE_KEYS), error, UC_ELIMIT, "too-many-rounds");
	make_p12("secret", NID_aes_256_cbc, 70000, -1);
	assert_fails(read_made("./swap 0203011170 02037fffff <odd", "secret", UC_INPUT_REFUSE_KEYS), error, UC_ELIMIT, "too-many-rounds");
}

static void check_outcome(struct uc_slice data)
{
	/* A copy of exactly this size, so that a read beyond it is noticed. */
	UC_CLEANUP(uc_freep) uint8_t *copy = uc_memdup(data.ptr, data.len);
	for (int keys = UC_INPUT_REFUSE_KEYS; keys <= UC_INPUT_TAKE_KEYS; keys++) {
		uc_input_free(&input);
		enum uc_status status = uc_input_read(uc_slice_of(copy, data.len), "secret", (enum uc_input_keys)keys, &input, &error);
		assert_true(status == UC_OK ? input.count > 0 : error.id[0] != '\0' && error.message[0] != '\0');
	}
}

/* Cut off at every byte and with every byte changed: no crash, no leak (run under the sanitizers), a reason for every failure. */
static void any_damage_to_any_format_ends_well(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    "openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 1",
	    "openssl pkcs12 -export -in a.pem -inkey ec.key -passout pass:secret -iter 1 -legacy",
	    "openssl pkcs8 -topk8 -in ec.key -iter 1 -passout pass:secret -outform DER",
	    "openssl ec -in ec.key -aes256 -passout pass:secret",
	    "cat ec.key",
	    "cat ec.p8",
	    "openssl ec -in ec.key -outform DER",
	};
	for (EACH(i, commands)) {
		sh("%s >made", commands[i]);
		UC_CLEANUP(uc_buf_free) struct uc_buf data = file_of("made");
		for (size_t at = 0; at < data.len; at++) {
			check_outcome(uc_slice_of(data.ptr, at));
			data.ptr[at] ^= 0x21;
			check_outcome(uc_buf_slice(&data));
			data.ptr[at] ^= 0x21;
		}
	}
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
	    cmocka_unit_test_teardown(certificates_of_a_PKCS12_are_taken_and_its_key_is_dropped, forget),
	    cmocka_unit_test_teardown(the_password_of_a_PKCS12, forget),
	    cmocka_unit_test_teardown(a_PKCS12_without_any_password_is_read, forget),
	    cmocka_unit_test_teardown(a_PKCS12_without_MAC_is_read, forget),
	    cmocka_unit_test_teardown(an_unknown_encryption_of_a_PKCS12_is_named_C37, forget),
	    cmocka_unit_test_teardown(a_PKCS12_with_nothing_of_use_says_so, forget),
	    cmocka_unit_test_teardown(endless_password_hashing_is_refused, forget),
	    cmocka_unit_test_teardown(any_damage_to_any_format_ends_well, forget),
	};
	return cmocka_run_group_tests(tests, make_files, files_remove);
}
