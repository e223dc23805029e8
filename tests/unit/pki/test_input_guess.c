/* src/pki/input_guess.c, input.c: what is refused, how its owner learns why, and the limits ("Bad input" of the requirements). */
#include "input_files.h"

static void read_fails(struct uc_slice data, enum uc_status status, const char *id)
{
	assert_fails(read_input(data, NULL, UC_INPUT_REFUSE_KEYS), error, status, id);
	assert_true(error.hint[0] != '\0');
}

#define BYTES(text)                               \
	{                                             \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static void nothing_at_all_is_an_empty_file(void **state)
{
	(void)state;
	static const struct uc_slice rows[] = {
	    {NULL, 0},
	    BYTES("\n"),
	    BYTES(" \t\r\n \r"),
	    BYTES("\xef\xbb\xbf"),
	    BYTES("\xef\xbb\xbf\n"),
	    BYTES("\xff\xfe"),
	    BYTES("\xff\xfe\r\0\n\0"),
	};
	for (EACH(i, rows)) {
		read_fails(rows[i], UC_EINPUT, "empty-file");
		UC_CLEANUP(uc_freep) char *size = uc_sprintf("%zu bytes", rows[i].len);
		assert_non_null(strstr(error.message, size));
	}
}

static void a_web_page_is_recognised(void **state)
{
	(void)state;
	static const struct uc_slice rows[] = {
	    BYTES("<!DOCTYPE html>\n<html><head><title>Sign in</title>"),
	    BYTES("\r\n  <HTML>\n"),
	    BYTES("<html lang=\"en\">"),
	    BYTES("\xef\xbb\xbf<!doctype HTML PUBLIC>"),
	    BYTES("<\0h\0t\0m\0l\0>\0\n\0"),
	};
	for (EACH(i, rows)) {
		read_fails(rows[i], UC_EINPUT, "html-page");
		assert_non_null(strstr(error.hint, "log-in form"));
	}
}

static void every_other_kind_of_file_is_named(void **state)
{
	(void)state;
	static const struct {
		struct uc_slice data;
		const char *what;
		const char *hint;
	} rows[] = {
	    {BYTES("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1"), "Java keystore", "keytool"},
	    {BYTES("\xce\xce\xce\xce\0\0\0\2\0\0\0\1"), "Java keystore", "keytool"},
	    {BYTES("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ user@host\n"), "SSH public key", "X.509"},
	    {BYTES("ecdsa-sha2-nistp256 AAAA user@host"), "SSH public key", "X.509"},
	    {BYTES("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n"), "SSH", "X.509"},
	    {BYTES("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n-----END PGP PUBLIC KEY BLOCK-----\n"), "OpenPGP", "X.509"},
	    {BYTES("-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n"), "the SOMETHING block at line 1", "CERTIFICATE"},
	    {BYTES("PK\3\4\24\0\0\0"), "ZIP", "Unpack"},
	    {BYTES("\x1f\x8b\x08\0"), "gzip", "Unpack"},
	    {BYTES("%PDF-1.7\n"), "PDF", "PEM"},
	    {BYTES("\xd0\xcf\x11\xe0\xa1\xb1"), "Office", "PEM"},
	    {BYTES("{\"error\": \"not found\"}"), "JSON", "out of it"},
	    {BYTES("<?xml version=\"1.0\"?><a/>"), "XML", "out of it"},
	    {BYTES("{\\rtf1\\ansi BEGIN}"), "RTF", "plain text"},
	    {BYTES("Certificate:\n    Data:\n        Version: 3 (0x2)\n"), "printed text", "BEGIN CERTIFICATE"},
	    {BYTES("0\xef\xbf\xbd\x03\xef\xbf\xbd\x30\xef\xbf\xbd"), "spoilt", "binary mode"},
	    {BYTES("\xe2\x80\x94\xe2\x80\x93"
	           "BEGIN CERTIFICATE\xe2\x80\x94\nMIIB\n"),
	     "without its hyphens", "word processor"},
	    {BYTES("Good morning, the certificate follows tomorrow.\n"), "of text without", "PEM"},
	    {BYTES("0 certificates found\n"), "of text without", "PEM"},
	    {BYTES("\0\1\2\3\4\5"), "6 bytes of binary data", "PEM"},
	    {BYTES("\x30\x03\x02\x01\x05"), "neither certificate", "PEM"},
	};
	for (EACH(i, rows)) {
		read_fails(rows[i].data, UC_EINPUT, "no-certificate-found");
		if (strstr(error.message, rows[i].what) == NULL) fail_msg("'%s' is not in: %s", rows[i].what, error.message);
		if (strstr(error.hint, rows[i].hint) == NULL) fail_msg("'%s' is not in: %s", rows[i].hint, error.hint);
	}
}

static void a_file_that_was_cut_off_is_named_with_its_line(void **state)
{
	(void)state;
	read_fails(uc_slice_str("\n\n-----BEGIN CERTIFICATE-----\nMIIB\n"), UC_EINPUT, "truncated");
	assert_non_null(strstr(error.message, "the CERTIFICATE block at line 3 has no END line"));
	read_fails(uc_slice_str("-----BEGIN CERTIFICATE"), UC_EINPUT, "truncated");
	read_fails(uc_slice_str("MIIB\n-----END CERTIFICATE-----\n"), UC_EINPUT, "truncated");
	assert_non_null(strstr(error.message, "line 2"));
	read_fails(uc_slice_str("-----BEGIN CERTIFICATE-----\nMIIDdTCCAl2g\n-----END CERTIFICATE-----\n"), UC_EINPUT, "truncated");
	assert_non_null(strstr(error.message, "9 of its 889 bytes"));
	read_fails(uc_slice_of("\x30\x82\x03\x75\x30\x82", 6), UC_EINPUT, "truncated");
}

static void bad_base64_is_named_with_line_column_and_character_C11(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
	    {"-----BEGIN CERTIFICATE-----\nMIID\nAA*A\n-----END CERTIFICATE-----\n", "line 3, column 3: the character '*'"},
	    {"-----BEGIN CERTIFICATE-----\r\nMIID\r\n\r\nA\xc2\xa0"
	     "AA\r\n-----END CERTIFICATE-----\r\n",
	     "line 4, column 2: the character U+00A0"},
	    {"-----BEGIN CERTIFICATE-----\rMIID\rAAA\xff\r-----END CERTIFICATE-----\r", "line 3, column 4: the byte 0xFF"},
	    {"-----BEGIN CERTIFICATE-----\n> MIID\n-----END CERTIFICATE-----\n", "line 2, column 1: the character '>'"},
	    {"-----BEGIN CERTIFICATE----- MI-D -----END CERTIFICATE-----", "line 1, column 4: the character '-'"},
	    {"-----BEGIN CERTIFICATE-----\nMIIDA\n-----END CERTIFICATE-----\n", "wrong number of characters"},
	    {"-----BEGIN CERTIFICATE-----\nMIID=AAA\n-----END CERTIFICATE-----\n",
	     "line 2: the base64 that begins at line 1 has a wrong number"},
	    {"MIIDdTCC\nAl2g_w==\n", "line 2, column 5: the character '_'"},
	    {"LS0tLS1CRUdJTiB!", "line 1, column 16: the character '!'"},
	};
	for (EACH(i, rows)) {
		read_fails(uc_slice_str(rows[i].text), UC_EINPUT, "bad-base64");
		if (strstr(error.message, rows[i].says) == NULL) fail_msg("'%s' is not in: %s", rows[i].says, error.message);
	}
}

static void a_block_that_is_no_certificate_names_the_field(void **state)
{
	(void)state;
	/* SEQUENCE { SEQUENCE { INTEGER 1 }, SEQUENCE {}, BIT STRING } */
	read_fails(uc_slice_str("-----BEGIN CERTIFICATE-----\nMAwwAwIBATAAAwMAAAE=\n-----END CERTIFICATE-----\n"), UC_EINPUT,
	           "not-a-certificate");
	assert_non_null(strstr(error.message, "the CERTIFICATE block at line 1"));
	read_fails(uc_slice_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), UC_EINPUT, "not-a-certificate");
	read_fails(uc_slice_str("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n"), UC_EINPUT,
	           "not-a-certificate");
	read_fails(uc_slice_str("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), UC_EINPUT, "no-certificate-found");
}

/* size bytes of the text, again and again. */
static struct uc_buf repeated(const char *text, size_t size)
{
	struct uc_buf b = UC_BUF_EMPTY;
	while (b.len < size) uc_buf_add_str(&b, text);
	b.len = size;
	return b;
}

static void more_than_the_limit_is_refused_unread_C54(void **state)
{
	(void)state;
	static const size_t sizes[] = {UC_INPUT_MAX + 1, (size_t)20 * 1024 * 1024};
	for (EACH(i, sizes)) {
		UC_CLEANUP(uc_buf_free) struct uc_buf data = repeated("-----BEGIN PRIVATE KEY-----\n", sizes[i]);
		read_fails(uc_buf_slice(&data), UC_ELIMIT, "too-large");
		assert_non_null(strstr(error.message, "4194304"));
	}
}

/* These have to end at all: anything worse than linear would take hours. */
static void the_largest_and_worst_inputs_are_read_in_one_go(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum uc_status status;
		const char *id;
	} rows[] = {
	    {"-----BEGIN CERTIFICATE-----\n", UC_ELIMIT, "too-many-objects"},
	    {"-----BEGIN X-----\n-----END X-----\n", UC_ELIMIT, "too-many-objects"},
	    {"-----END X-----", UC_ELIMIT, "too-many-objects"},
	    {"-", UC_EINPUT, "no-certificate-found"},
	    {"--BEGIN ", UC_EINPUT, "no-certificate-found"},
	    {"--BEGIN A", UC_ELIMIT, "too-many-objects"},
	    {"\r", UC_EINPUT, "empty-file"},
	    {"MIIB", UC_EINPUT, "no-certificate-found"},
	    {"TU1N", UC_EINPUT, "no-certificate-found"},
	    {"=", UC_EINPUT, "no-certificate-found"},
	    {"AA==", UC_EINPUT, "no-certificate-found"},
	    {"a\r\n", UC_EINPUT, "no-certificate-found"},
	    {"0\200", UC_EINPUT, "no-certificate-found"},
	};
	for (EACH(i, rows)) {
		UC_CLEANUP(uc_buf_free) struct uc_buf data = repeated(rows[i].text, UC_INPUT_MAX);
		read_fails(uc_buf_slice(&data), rows[i].status, rows[i].id);
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf long_block = UC_BUF_EMPTY;
	uc_buf_add_str(&long_block, "-----BEGIN CERTIFICATE-----\n");
	UC_CLEANUP(uc_buf_free) struct uc_buf filling = repeated("A:\n", UC_INPUT_MAX - 100);
	uc_buf_add_slice(&long_block, uc_buf_slice(&filling));
	uc_buf_add_str(&long_block, "\n-----END CERTIFICATE-----\n");
	read_fails(uc_buf_slice(&long_block), UC_EINPUT, "no-certificate-found");
}

/* As many objects as are allowed are taken, one more is not. */
static void the_limit_of_objects_is_exact_C95(void **state)
{
	files_make(state);
	sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -subj / -days 9 -outform DER -out c.der -config "
	   "/dev/null");
	struct uc_buf der = file_of("c.der");
	UC_CLEANUP(uc_buf_free) struct uc_buf all = UC_BUF_EMPTY;
	for (size_t i = 0; i < UC_INPUT_MAX_ITEMS; i++) uc_buf_add_slice(&all, uc_buf_slice(&der));
	assert_true(all.len + der.len <= UC_INPUT_MAX);
	assert_ok(read_input(uc_buf_slice(&all), NULL, UC_INPUT_REFUSE_KEYS), error);
	assert_int_equal(input.count, UC_INPUT_MAX_ITEMS);
	assert_true(uc_slice_eq(uc_buf_slice(&input.items[UC_INPUT_MAX_ITEMS - 1].der), uc_buf_slice(&der)));
	uc_buf_add_slice(&all, uc_buf_slice(&der));
	read_fails(uc_buf_slice(&all), UC_ELIMIT, "too-many-objects");
	assert_non_null(strstr(error.message, "10000"));
	uc_buf_free(&der);
	files_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(nothing_at_all_is_an_empty_file, forget),
	    cmocka_unit_test_teardown(a_web_page_is_recognised, forget),
	    cmocka_unit_test_teardown(every_other_kind_of_file_is_named, forget),
	    cmocka_unit_test_teardown(a_file_that_was_cut_off_is_named_with_its_line, forget),
	    cmocka_unit_test_teardown(bad_base64_is_named_with_line_column_and_character_C11, forget),
	    cmocka_unit_test_teardown(a_block_that_is_no_certificate_names_the_field, forget),
	    cmocka_unit_test_teardown(more_than_the_limit_is_refused_unread_C54, forget),
	    cmocka_unit_test_teardown(the_largest_and_worst_inputs_are_read_in_one_go, forget),
	    cmocka_unit_test_teardown(the_limit_of_objects_is_exact_C95, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
