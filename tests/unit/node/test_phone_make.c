/* src/node/phone_make.c: what is made out of a file, by its name and by what it says. */
#include "uc_test.h"

#include "node/phone_bed.h"
#include "trustlist/config.h"
#include "trustlist/signed.h"

static struct phone_bed bed;

static int setup(void **state)
{
	(void)state;
	bed_make(&bed);
	bed_text(bed.files, "ringlist.xml", "<rings/>");
	bed_text(bed.files, CONFIG, CLEAR);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bed_free(&bed);
	return 0;
}

static enum uc_status make(const char *asked, bool bare, struct uc_phone_made *out, struct uc_error *e)
{
	struct uc_phone_name name;
	assert_ok(uc_phone_name_read(asked, &name, e), *e);
	const struct uc_phone_order order = {
	    .files = bed.files, .certs = bed.certs, .asked = asked, .source = name.source, .name = &name, .bare = bare, .basis = bed.basis};
	return uc_phone_make(&order, out, e);
}

/* What is made, with a reference; NULL: there is no such file. */
static struct uc_phone_file *made_of(const char *asked, bool bare)
{
	struct uc_error e;
	struct uc_phone_made made;
	assert_ok(make(asked, bare, &made, &e), e);
	return made.file;
}

static void expect_bytes(const char *asked, bool bare, const char *bytes)
{
	struct uc_phone_file *f = made_of(asked, bare);
	assert_non_null(f);
	struct uc_slice content = uc_phone_file_content(f);
	if (!uc_slice_eq(content, uc_slice_str(bytes)))
		fail_msg("%s: %.*s instead of %s", asked, (int)content.len, (const char *)content.ptr, bytes);
	uc_phone_file_unref(f);
}

static void expect_none(const char *asked, bool bare)
{
	assert_null(made_of(asked, bare));
}

static void expect_fails(const char *asked, enum uc_status status, const char *id)
{
	struct uc_error e;
	struct uc_phone_made made;
	assert_fails(make(asked, false, &made, &e), e, status, id);
	assert_null(made.file);
}

/* What is inside a signed file, after its signature and its name have been looked at. Free with free(). */
static char *content_of(const struct uc_phone_file *f, const char *asked, unsigned digest)
{
	struct uc_error e;
	struct uc_tl_header h = {.name = NULL};
	struct uc_slice content;
	assert_non_null(f);
	assert_ok(uc_sgn_read(uc_phone_file_content(f), &h, &content, NULL, &e), e);
	assert_ok(uc_tl_header_verify(&h, uc_phone_file_content(f), bed.signer.cert, &e), e);
	assert_string_equal(h.file_name, asked);
	assert_int_equal(h.digest, digest);
	assert_false(h.has_signer_version);
	uc_tl_header_free(&h);
	return uc_strndup((const char *)content.ptr, content.len);
}

static void expect_signed(const char *asked, unsigned digest, const char *bytes)
{
	struct uc_phone_file *f = made_of(asked, false);
	UC_CLEANUP(uc_freep) char *content = content_of(f, asked, digest);
	assert_string_equal(content, bytes);
	uc_phone_file_unref(f);
}

/* ---- files ---- */

static void a_file_is_given_as_it_is(void **state)
{
	(void)state;
	expect_bytes("ringlist.xml", false, "<rings/>");
	expect_none("none.xml", false);
	expect_none("none.xml.sgn", false);
}

static void a_file_is_signed_under_the_name_that_was_asked_for(void **state)
{
	(void)state;
	expect_signed("ringlist.xml.sgn", UC_TL_SHA1, "<rings/>");
	bed.basis->digest = UC_TL_SHA512;
	expect_signed("ringlist.xml.sgn", UC_TL_SHA512, "<rings/>");
}

static void a_list_of_its_own_is_known_by_its_bytes(void **state)
{
	(void)state;
	bed_text(bed.files, "CTL" DEVICE ".tlv", "hello");
	struct uc_phone_file *f = made_of("CTL" DEVICE ".tlv", false);
	assert_string_equal(uc_phone_file_list(f), "CTL");
	assert_string_equal(uc_phone_file_version(f), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	uc_phone_file_unref(f);
	f = made_of("ringlist.xml", false);
	assert_string_equal(uc_phone_file_list(f), "");
	assert_string_equal(uc_phone_file_version(f), "");
	uc_phone_file_unref(f);
}

static void without_a_signer_the_reason_is_told(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_phone_made made;
	EVP_PKEY_free(bed.basis->tftp_key);
	bed.basis->tftp_key = NULL;
	snprintf(bed.basis->fault, sizeof bed.basis->fault, "its key has 3072 bits");
	assert_fails(make("ringlist.xml.sgn", false, &made, &e), e, UC_EREFUSED, "phone-signer");
	assert_non_null(strstr(e.message, "ringlist.xml.sgn"));
	assert_non_null(strstr(e.message, "its key has 3072 bits"));
	/* What need not be signed is there. */
	expect_bytes("ringlist.xml", false, "<rings/>");
	expect_bytes(CONFIG ".sgn", true, CLEAR);
	uc_phone_basis_unref(bed.basis);
	bed.basis = NULL;
	expect_fails(CONFIG ".sgn", UC_EREFUSED, "phone-signer");
	expect_bytes("ringlist.xml", false, "<rings/>");
}

static void a_key_that_cannot_sign_phone_files_is_refused(void **state)
{
	(void)state;
	uc_cert_free(bed.basis->tftp_cert);
	EVP_PKEY_free(bed.basis->tftp_key);
	bed.basis->tftp_cert = uc_cert_dup(bed.ec.cert);
	bed.basis->tftp_key = bed.ec.key;
	EVP_PKEY_up_ref(bed.ec.key);
	expect_fails("ringlist.xml.sgn", UC_EREFUSED, "tlv-signer-key");
}

/* ---- configurations ---- */

static void a_configuration_in_the_clear_is_plain_and_signed(void **state)
{
	(void)state;
	bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
	expect_bytes(CONFIG, false, CLEAR);
	expect_signed(CONFIG ".sgn", UC_TL_SHA1, CLEAR);
	expect_none(CONFIG ".enc.sgn", false);
	/* HTTPS: what is inside, under the signed name. */
	expect_bytes(CONFIG ".sgn", true, CLEAR);
}

static void the_clear_text_of_an_encrypted_configuration_never_leaves(void **state)
{
	(void)state;
	bed_text(bed.files, CONFIG, SECRET);
	static const char *const names[] = {CONFIG, CONFIG ".sgn", CONFIG ".enc.sgn"};
	for (int with_cert = 0; with_cert < 2; with_cert++) {
		if (with_cert == 1) bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
		for (size_t i = 0; i < 3; i++) {
			for (int bare = 0; bare < 2; bare++) {
				struct uc_phone_file *f = made_of(names[i], bare == 1);
				struct uc_slice content = f != NULL ? uc_phone_file_content(f) : uc_slice_str("");
				assert_null(memmem(content.ptr, content.len, "password", 8));
				if (f != NULL) uc_phone_file_unref(f);
			}
		}
	}
	expect_none(CONFIG, false);
}

static void the_stub_says_which_certificate_the_file_is_encrypted_for(void **state)
{
	(void)state;
	char hash[UC_CNF_HASH_LEN], line[80];
	bed_text(bed.files, CONFIG, SECRET);
	struct uc_phone_file *f = made_of(CONFIG ".sgn", false);
	UC_CLEANUP(uc_freep) char *before = content_of(f, CONFIG ".sgn", UC_TL_SHA1);
	uc_phone_file_unref(f);
	struct uc_cnf_info info;
	struct uc_error e;
	assert_ok(uc_cnf_read(uc_slice_str(before), &info, &e), e);
	assert_true(info.encrypted);
	assert_false(info.full);
	assert_string_equal(info.cert_hash, "");
	bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
	f = made_of(CONFIG ".sgn", false);
	UC_CLEANUP(uc_freep) char *after = content_of(f, CONFIG ".sgn", UC_TL_SHA1);
	uc_cnf_cert_hash(bed.phone.cert, hash);
	snprintf(line, sizeof line, "<certHash>%s</certHash>", hash);
	assert_non_null(strstr(after, line));
	/* The same stub without the signature on HTTPS. */
	expect_bytes(CONFIG ".sgn", true, after);
	uc_phone_file_unref(f);
}

static void it_is_encrypted_for_the_certificate_of_the_phone(void **state)
{
	(void)state;
	struct uc_error e;
	bed_text(bed.files, CONFIG, SECRET);
	expect_none(CONFIG ".enc.sgn", false);
	/* In DER as well. */
	for (int der = 0; der < 2; der++) {
		if (der == 0)
			bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
		else
			bed_write(bed.certs, DEVICE ".pem", uc_buf_slice(&bed.phone.cert->der));
		struct uc_phone_file *f = made_of(CONFIG ".enc.sgn", false);
		UC_CLEANUP(uc_freep) char *body = content_of(f, CONFIG ".enc.sgn", UC_TL_SHA1);
		assert_null(strstr(body, "<device>"));
		UC_CLEANUP(uc_buf_free) struct uc_buf clear = UC_BUF_EMPTY;
		assert_ok(uc_enc_read(uc_phone_file_content(f), bed.phone.key, &clear, &e), e);
		assert_true(uc_slice_eq(uc_buf_slice(&clear), uc_slice_str(SECRET)));
		uc_phone_file_unref(f);
	}
}

static void a_certificate_that_is_of_no_use_is_named(void **state)
{
	(void)state;
	bed_text(bed.files, CONFIG, SECRET);
	bed_pem(bed.certs, DEVICE ".pem", bed.ec.cert);
	expect_fails(CONFIG ".enc.sgn", UC_EREFUSED, "enc-needs-rsa");
	bed_text(bed.certs, DEVICE ".pem", "no certificate");
	expect_fails(CONFIG ".enc.sgn", UC_EINPUT, "phone-certificate");
	expect_fails(CONFIG ".sgn", UC_EINPUT, "phone-certificate");
	/* One that is not needed is in nobody's way. */
	bed_text(bed.files, CONFIG, CLEAR);
	expect_signed(CONFIG ".sgn", UC_TL_SHA1, CLEAR);
}

static void what_is_no_xml_goes_as_it_is_unless_it_may_be_secret(void **state)
{
	(void)state;
	bed_text(bed.files, CONFIG, "<device><a></device>");
	expect_bytes(CONFIG, false, "<device><a></device>");
	expect_signed(CONFIG ".sgn", UC_TL_SHA1, "<device><a></device>");
	bed_text(bed.files, CONFIG, "");
	expect_bytes(CONFIG, false, "");
	bed_text(bed.files, CONFIG, "<device><a><encrConfig>true</encrConfig></device>");
	expect_fails(CONFIG, UC_EINPUT, "cnf-malformed");
	expect_fails(CONFIG ".sgn", UC_EINPUT, "cnf-malformed");
	bed_write(bed.files, CONFIG, uc_slice_of("<\0d\0", 4));
	expect_fails(CONFIG, UC_EINPUT, "cnf-malformed");
}

/* Whatever half of it a PBX that writes in place has come to, and whatever asks for it. */
static void a_configuration_that_is_still_being_written_is_not_given(void **state)
{
	(void)state;
	static const char *const names[] = {CONFIG, CONFIG ".sgn", CONFIG ".enc.sgn"};
	for (size_t len = 1; len < strlen(SECRET); len++) {
		bed_write(bed.files, CONFIG, uc_slice_of(SECRET, len));
		for (size_t i = 0; i < 3; i++) {
			struct uc_error e;
			struct uc_phone_made made;
			if (make(names[i], i == 1, &made, &e) == UC_OK && made.file != NULL)
				fail_msg("%s after %zu bytes: %.*s", names[i], len, (int)uc_phone_file_content(made.file).len,
				         (const char *)uc_phone_file_content(made.file).ptr);
		}
	}
	/* Another root element is another kind of file. */
	bed_text(bed.files, CONFIG, "<flat-profile/>");
	expect_bytes(CONFIG, false, "<flat-profile/>");
}

/* Passwords that nobody has escaped are what makes XML of a PBX malformed; whoever asks is not told of them. */
static void what_is_wrong_with_a_secret_does_not_quote_it(void **state)
{
	(void)state;
	static const char *const files[] = {
	    "<device><sshPassword>very&hunter2;</sshPassword><encrConfig>true</encrConfig></device>",
	    "<device><sshPassword>a<hunter2</sshPassword><encrConfig>true</encrConfig></device>",
	    "<device><sshPassword>a<hunter2></sshPassword><encrConfig>true</encrConfig></device>",
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct uc_error e;
		struct uc_phone_made made;
		bed_text(bed.files, CONFIG, files[i]);
		assert_fails(make(CONFIG, false, &made, &e), e, UC_EINPUT, "cnf-malformed");
		assert_null(strstr(e.message, "hunter2"));
	}
}

/* An editor's and a PBX's copies, a device of another kind, a name that a file system takes for the same. */
static void an_encrypted_configuration_is_secret_under_any_name(void **state)
{
	(void)state;
	static const char *const names[] = {CONFIG "~",
	                                    CONFIG ".bak",
	                                    CONFIG ".tmp",
	                                    "CSFjohn.cnf.xml",
	                                    "copy of it",
	                                    "SEP001~1.XML",
	                                    "\xc5\xbf\x65p001122334455.cnf.xml", /* with a long s */
	                                    "x.xml"};
	static const char wide[] = "\xff\xfe<\0e\0n\0c\0r\0C\0o\0n\0f\0i\0g\0";
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		UC_CLEANUP(uc_freep) char *signed_name = uc_sprintf("%s.sgn", names[i]);
		bed_text(bed.files, names[i], SECRET);
		expect_none(names[i], false);
		expect_none(signed_name, false);
		bed_write(bed.files, names[i], uc_slice_of(SECRET, strlen(SECRET) - 1));
		expect_fails(names[i], UC_EINPUT, "cnf-malformed");
		/* What is before the word is secret, too. */
		bed_write(bed.files, names[i], uc_slice_of(SECRET, strlen("<device><fullConfig>true</fullConfig><secret>password</secret>")));
		expect_fails(names[i], UC_EINPUT, "cnf-malformed");
		bed_write(bed.files, names[i], uc_slice_of(wide, sizeof wide - 1));
		expect_fails(names[i], UC_EINPUT, "cnf-malformed");
		bed_text(bed.files, names[i], CLEAR);
		expect_bytes(names[i], false, CLEAR);
	}
	/* What only speaks of it is none, and what was put there signed is for everybody: a stub says the word, too. */
	bed_text(bed.files, "kern8845.sbn",
	         "\x7f"
	         "ELF encrConfig");
	expect_bytes("kern8845.sbn", false,
	             "\x7f"
	             "ELF encrConfig");
	bed_text(bed.files, "CSFjohn.cnf.xml.sgn", SECRET);
	struct uc_error e;
	struct uc_phone_made made;
	struct uc_phone_name name = {.kind = UC_PHONE_OTHER};
	const struct uc_phone_order order = {.files = bed.files,
	                                     .certs = bed.certs,
	                                     .asked = "CSFjohn.cnf.xml.sgn",
	                                     .source = "CSFjohn.cnf.xml.sgn",
	                                     .name = &name,
	                                     .basis = bed.basis};
	assert_ok(uc_phone_make(&order, &made, &e), e);
	assert_non_null(made.file);
	uc_phone_file_unref(made.file);
}

static void a_configuration_is_filled_in_when_the_cluster_wants_it(void **state)
{
	(void)state;
	char hash[UC_CNF_HASH_LEN];
	bed.basis->fill = true;
	uc_strv_add(&bed.basis->tvs, "cucm-pub.example.com");
	uc_strv_add(&bed.basis->tvs, "cucm-sub1.example.com");
	uc_strv_add(&bed.basis->capf, "capf.example.com");
	bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
	uc_cnf_cert_hash(bed.phone.cert, hash);
	struct uc_phone_file *f = made_of(CONFIG ".sgn", false);
	UC_CLEANUP(uc_freep) char *content = content_of(f, CONFIG ".sgn", UC_TL_SHA1);
	uc_phone_file_unref(f);
	static const char *const words[] = {"cucm-pub.example.com", "cucm-sub1.example.com", "capf.example.com", "<secret>password</secret>"};
	for (size_t i = 0; i < 4; i++) assert_non_null(strstr(content, words[i]));
	assert_non_null(strstr(content, hash));
	assert_non_null(strstr(content, "<capfAuthMode>0</capfAuthMode>"));
	assert_true(strstr(content, words[0]) < strstr(content, words[1]));
	/* The same however it is fetched. */
	expect_bytes(CONFIG, false, content);
	expect_bytes(CONFIG ".sgn", true, content);
	/* Other files are not. */
	expect_bytes("ringlist.xml", false, "<rings/>");
	/* The stub has the servers too, and the encrypted file. */
	bed_text(bed.files, CONFIG, SECRET);
	f = made_of(CONFIG ".sgn", false);
	UC_CLEANUP(uc_freep) char *stub = content_of(f, CONFIG ".sgn", UC_TL_SHA1);
	uc_phone_file_unref(f);
	assert_non_null(strstr(stub, "capf.example.com"));
	f = made_of(CONFIG ".enc.sgn", false);
	UC_CLEANUP(uc_buf_free) struct uc_buf clear = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_enc_read(uc_phone_file_content(f), bed.phone.key, &clear, &e), e);
	assert_non_null(memmem(clear.ptr, clear.len, "cucm-pub.example.com", 20));
	uc_phone_file_unref(f);
}

static void without_filling_in_every_byte_stays(void **state)
{
	(void)state;
	uc_strv_add(&bed.basis->tvs, "cucm-pub.example.com");
	expect_bytes(CONFIG, false, CLEAR);
}

/* ---- what it depends on ---- */

static void what_it_was_made_from_is_told(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_phone_made made;
	assert_ok(make("ringlist.xml", false, &made, &e), e);
	assert_true(made.need.file.there);
	assert_int_equal(made.need.serial, 0);
	uc_phone_file_unref(made.file);
	assert_ok(make("ringlist.xml.sgn", false, &made, &e), e);
	assert_int_equal(made.need.serial, 1);
	uc_phone_file_unref(made.file);
	/* A configuration depends on the phone's certificate even where it does not need one: it may come to. */
	assert_ok(make(CONFIG, false, &made, &e), e);
	assert_int_equal(made.need.serial, 1);
	assert_false(made.need.cert.there);
	uc_phone_file_unref(made.file);
	bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
	assert_ok(make(CONFIG, false, &made, &e), e);
	assert_true(made.need.cert.there);
	assert_false(made.settled); /* the certificate is too young */
	uc_phone_file_unref(made.file);
	bed_settle();
	assert_ok(make(CONFIG, false, &made, &e), e);
	assert_true(made.settled);
	uc_phone_file_unref(made.file);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_file_is_given_as_it_is),
	    TEST(a_file_is_signed_under_the_name_that_was_asked_for),
	    TEST(a_list_of_its_own_is_known_by_its_bytes),
	    TEST(without_a_signer_the_reason_is_told),
	    TEST(a_key_that_cannot_sign_phone_files_is_refused),
	    TEST(a_configuration_in_the_clear_is_plain_and_signed),
	    TEST(the_clear_text_of_an_encrypted_configuration_never_leaves),
	    TEST(the_stub_says_which_certificate_the_file_is_encrypted_for),
	    TEST(it_is_encrypted_for_the_certificate_of_the_phone),
	    TEST(a_certificate_that_is_of_no_use_is_named),
	    TEST(what_is_no_xml_goes_as_it_is_unless_it_may_be_secret),
	    TEST(a_configuration_that_is_still_being_written_is_not_given),
	    TEST(what_is_wrong_with_a_secret_does_not_quote_it),
	    TEST(an_encrypted_configuration_is_secret_under_any_name),
	    TEST(a_configuration_is_filled_in_when_the_cluster_wants_it),
	    TEST(without_filling_in_every_byte_stays),
	    TEST(what_it_was_made_from_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
