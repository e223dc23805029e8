/* src/pki/cert.c: reading certificates, and what is said of them, held against the openssl program. */
#include "openssl_files.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "maker.h"
#include "pki/name.h"

#define EACH(i, rows)                    \
	size_t i = 0;                        \
	(i) < sizeof(rows) / sizeof *(rows); \
	(i)++

/* Reads the certificate in a PEM or DER file. */
static struct uc_cert *read_file(const char *name)
{
	sh("openssl x509 -in %s -outform DER -out read.der", name);
	UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of("read.der");
	struct uc_cert *c = NULL;
	struct uc_error e;
	assert_ok(uc_cert_read(uc_buf_slice(&der), &c, &e), e);
	return c;
}

static void assert_not_read(struct uc_slice der, const char *id, const char *says)
{
	struct uc_cert *c = NULL;
	struct uc_error e;
	assert_fails(uc_cert_read(der, &c, &e), e, UC_EINPUT, id);
	assert_null(c);
	if (strstr(e.message, says) == NULL) fail_msg("'%s' is not in: %s", says, e.message);
	assert_true(e.hint[0] != '\0');
}

static void fields_are_those_that_the_openssl_program_shows(void **state)
{
	(void)state;
	sh("openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c.pem -days 3650 -subj '/O=Example/CN=Root' -addext "
	   "keyUsage=critical,keyCertSign,cRLSign,digitalSignature "
	   "-addext extendedKeyUsage=serverAuth,1.2.3.4 -addext subjectAltName=DNS:a.example.com,IP:192.0.2.1");
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = read_file("c.pem");
	char hex[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_freep)
	char *fingerprint = output_of("openssl x509 -in c.pem -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f");
	assert_string_equal(uc_cert_fingerprint_hex(c, hex), fingerprint);
	UC_CLEANUP(uc_freep) char *end = output_of("date -u -d \"$(openssl x509 -in c.pem -noout -enddate | cut -d= -f2)\" +%%s");
	UC_CLEANUP(uc_freep) char *our_end = uc_sprintf("%lld", (long long)c->not_after.value);
	assert_string_equal(our_end, end);
	assert_true(c->not_before.ok && c->not_after.ok && c->not_after.value - c->not_before.value == 3650 * UC_DAY);
	assert_int_equal(c->version, 3);
	assert_true(c->has_bc && c->is_ca && c->pathlen == -1 && c->has_ku && c->self_issued);
	assert_int_equal(c->key_usage, UC_KU_KEY_CERT_SIGN | UC_KU_CRL_SIGN | UC_KU_DIGITAL_SIGNATURE);
	UC_CLEANUP(uc_freep) char *ski = uc_hex(c->ski, '\0');
	UC_CLEANUP(uc_freep)
	char *their_ski = output_of("openssl x509 -in c.pem -noout -ext subjectKeyIdentifier | tail -1 | tr -d ' :' | tr A-F a-f");
	assert_string_equal(ski, their_ski);
	assert_true(uc_slice_eq(c->ski, c->aki));
	UC_CLEANUP(uc_strv_free) struct uc_strv sans = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv ekus = {.items = NULL};
	assert_true(uc_cert_sans(c, &sans) && uc_cert_ekus(c, &ekus));
	UC_CLEANUP(uc_freep) char *san_text = uc_strv_join(&sans, " ");
	UC_CLEANUP(uc_freep) char *eku_text = uc_strv_join(&ekus, " ");
	assert_string_equal(san_text, "DNS:a.example.com IP:192.0.2.1");
	assert_string_equal(eku_text, SERVER_AUTH " 1.2.3.4");
	assert_true(uc_cert_ext(c, "2.5.29.15")->critical && !uc_cert_ext(c, "2.5.29.17")->critical);
	assert_null(uc_cert_ext(c, "2.5.29.30"));
	assert_true(uc_cert_self_signed(c));
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	uc_pem_write(&pem, "CERTIFICATE", uc_buf_slice(&c->der));
	UC_CLEANUP(uc_buf_free) struct uc_buf theirs = file_of("c.pem");
	assert_true(uc_slice_eq(uc_buf_slice(&pem), uc_buf_slice(&theirs)));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *copy = uc_cert_dup(c);
	assert_true(uc_cert_eq(c, copy) && copy->subject.ptr != c->subject.ptr);
}

/* The name of each field whose end is missing or whose type is wrong. */
static void the_field_that_cannot_be_read_is_named_C47(void **state)
{
	(void)state;
	struct maker good = maker_leaf();
	struct uc_slice null = d_hex("0500");
	struct {
		const char *field;
		struct maker m;
	} rows[] = {
	    {"version", good},
	    {"version", good},
	    {"signature", good},
	    {"issuer", good},
	    {"validity", good},
	    {"subject", good},
	    {"subjectPublicKeyInfo", good},
	    {"extensions", good},
	    {"extensions", good},
	    {"signatureAlgorithm", good},
	    {"the fields after", good},
	};
	rows[0].m.version = d_hex("a0020500");
	rows[1].m.version = d_hex("a00402020001");
	rows[2].m.inner_algorithm = null;
	rows[3].m.issuer = null;
	rows[4].m.not_before = D_NONE;
	rows[5].m.subject = null;
	rows[6].m.spki = null;
	rows[7].m.exts = D_SEQ(null);
	rows[8].m.exts = D_CAT(x_bc(true), D_SEQ(d_oid("2.5.29.9"), d_hex("0101ff")));
	rows[9].m.outer_algorithm = d_hex("3000");
	rows[10].m.spki = D_CAT(good.spki, null);
	for (EACH(i, rows)) assert_not_read(maker_der(&rows[i].m), "not-a-certificate", rows[i].field);
	struct maker no_serial = good;
	no_serial.serial = D_NONE;
	assert_not_read(maker_der(&no_serial), "not-a-certificate", "serialNumber");
}

static void only_a_certificate_without_anything_behind_it_is_read(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	struct uc_slice der = maker_der(&m);
	assert_not_read(D_CAT(der, d_hex("00")), "trailing-bytes", "1 bytes");
	assert_not_read(D_NONE, "not-a-certificate", "0 bytes");
	assert_not_read(d_hex("3000"), "not-a-certificate", "tbsCertificate");
	assert_not_read(d_hex("30800000"), "not-a-certificate", "4 bytes");
	for (size_t len = 0; len < der.len; len++) {
		UC_CLEANUP(uc_freep) uint8_t *copy = uc_memdup(der.ptr, len);
		assert_not_read(uc_slice_of(copy, len), "not-a-certificate", "not one complete DER sequence");
	}
}

static void serials_of_every_sign_are_shown_as_openssl_does_C71(void **state)
{
	(void)state;
	static const char *const serials[] = {"0",
	                                      "1",
	                                      "-1",
	                                      "-31",
	                                      "127",
	                                      "128",
	                                      "-128",
	                                      "-129",
	                                      "255",
	                                      "256",
	                                      "-32768",
	                                      "0x4a03",
	                                      "0x00ff00",
	                                      "-0x00ff00",
	                                      "0xffffffffffffffffffffffffffffffffffffffff",
	                                      "-0x8000000000000000000000000000000000000000"};
	sh("openssl ecparam -genkey -name prime256v1 -out k");
	for (EACH(i, serials)) {
		sh("openssl req -x509 -new -key k -subj /CN=x -set_serial %s -out c.pem", serials[i]);
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = read_file("c.pem");
		UC_CLEANUP(uc_freep) char *ours = uc_cert_serial_text(c);
		UC_CLEANUP(uc_freep) char *theirs = output_of("openssl x509 -in c.pem -noout -serial | sed 's/serial=//' | tr A-F a-f");
		if (strcmp(serials[i], "0") == 0)
			assert_string_equal(ours, "0");
		else
			assert_string_equal(ours, theirs);
	}
	/* Zeros in front are not DER, but some CAs wrote them. */
	struct maker m = maker_leaf();
	m.serial = d_hex("0000004a");
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	UC_CLEANUP(uc_freep) char *text = uc_cert_serial_text(c);
	assert_string_equal(text, "4a");
	assert_int_equal(c->serial.len, 4);
}

static void versions_are_read_as_they_stand_C75(void **state)
{
	(void)state;
	static const struct {
		const char *element;
		int version;
	} rows[] = {{"", 1},           {"a003020100", 1}, {"a003020101", 2},  {"a003020102", 3},
	            {"a003020103", 4}, {"a0030201ff", 0}, {"a0030201c0", -63}};
	for (EACH(i, rows)) {
		struct maker m = maker_leaf();
		m.version = d_hex(rows[i].element);
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
		assert_int_equal(c->version, rows[i].version);
	}
	struct maker v1 = maker_root();
	v1.version = D_NONE;
	v1.exts = D_NONE;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&v1);
	assert_true(c->ext_count == 0 && !c->has_bc && !c->has_ku && !c->is_ca && c->ski.len == 0 && uc_cert_self_signed(c));
}

static void the_first_of_repeated_extensions_counts_C74(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.exts = D_CAT(x_bc(false), x_ski("aa"), x_ku(UC_KU_DIGITAL_SIGNATURE), x_bc(true), x_ski("bb"), x_ku(UC_KU_KEY_CERT_SIGN));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	assert_int_equal(c->ext_count, 6);
	assert_true(c->has_bc && !c->is_ca && c->key_usage == UC_KU_DIGITAL_SIGNATURE && uc_slice_eq(c->ski, d_hex("aa")));
}

static void values_that_cannot_be_read_count_as_absent(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.exts = D_CAT(x_ext("2.5.29.19", true, d_hex("0500")), x_ext("2.5.29.15", true, d_hex("0300")),
	               x_ext("2.5.29.14", false, d_hex("3000")), x_ext("2.5.29.35", false, d_hex("04")), x_ext("2.5.29.17", false, d_hex("04")),
	               x_ext("2.5.29.37", false, d_hex("3003020100")));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	assert_true(!c->has_bc && !c->has_ku && c->ski.len == 0 && c->aki.len == 0);
	assert_false(uc_cert_sans(c, &names) || uc_cert_ekus(c, &names));
	struct maker path = maker_root();
	path.exts = D_CAT(x_ext("2.5.29.19", true, D_SEQ(d_hex("0101ff"), d_hex("02020100"))), x_ext("2.5.29.15", true, d_hex("0303070080")));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *ca = maker_cert(&path);
	assert_int_equal(ca->pathlen, 256);
	assert_int_equal(ca->key_usage, 1 << 8); /* decipherOnly, in the second byte */
}

static void too_many_extensions_are_refused(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	struct uc_buf exts = UC_BUF_EMPTY;
	for (int i = 0; i < 200; i++) uc_buf_add_slice(&exts, x_ext("1.2.3.4", false, D_NONE));
	m.exts = uc_buf_slice(&exts);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	assert_int_equal(c->ext_count, 200);
	uc_buf_add_slice(&exts, x_ext("1.2.3.4", false, D_NONE));
	m.exts = uc_buf_slice(&exts);
	assert_not_read(maker_der(&m), "not-a-certificate", "extensions");
	uc_buf_free(&exts);
}

static void labels_and_file_names(void **state)
{
	(void)state;
	struct uc_slice organization = D_SEQ(d_tlv(UC_DER_SET, D_SEQ(d_oid("2.5.4.10"), d_text(0x0c, "Example"))));
	struct uc_slice san = X_SAN(d_dns("alt.example.com"));
	struct {
		struct uc_slice subject, exts;
		const char *label, *base; /* base NULL: the subject hash */
	} rows[] = {
	    {d_name("host.example.com"), san, "host.example.com", "host.example.com"},
	    {d_name("../../etc/passwd"), san, "../../etc/passwd", "_._.._etc_passwd"},
	    {d_name("M\xc3\xbc a"), san, "M\xc3\xbc a", "M___a"},
	    {organization, san, "O=Example", NULL},
	    {d_name(""), san, "DNS:alt.example.com", NULL},
	    {d_name(""), D_NONE, "00000000", NULL},
	};
	for (EACH(i, rows)) {
		struct maker m = maker_leaf();
		m.subject = rows[i].subject;
		m.exts = rows[i].exts;
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
		UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
		UC_CLEANUP(uc_freep) char *base = uc_cert_base_name(c);
		UC_CLEANUP(uc_freep) char *hash = uc_sprintf("%08x", uc_name_hash(c->subject));
		assert_string_equal(label, strcmp(rows[i].label, "00000000") == 0 ? hash : rows[i].label);
		assert_string_equal(base, rows[i].base != NULL ? rows[i].base : hash);
	}
}

static void self_signed_means_signed_with_its_own_key_C83(void **state)
{
	(void)state;
	struct maker root = maker_root();
	struct maker rollover = root; /* the same name, a new key, signed by the old one */
	rollover.spki = d_spki(maker_leaf_key);
	rollover.exts = D_CAT(x_bc(true), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *r = maker_cert(&root);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *n = maker_cert(&rollover);
	assert_true(r->self_issued && uc_cert_self_signed(r));
	assert_true(n->self_issued && !uc_cert_self_signed(n));
	assert_true(uc_cert_issued_by(n, r) && !uc_cert_issued_by(r, n));
	/* Also without key identifiers to tell them apart. */
	rollover.exts = x_bc(true);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *bare = maker_cert(&rollover);
	assert_true(bare->self_issued && !uc_cert_self_signed(bare) && uc_cert_issued_by(bare, r));
	assert_int_equal(ERR_peek_error(), 0);
}

static void issuers_of_one_name_are_told_apart_C86(void **state)
{
	(void)state;
	struct maker leaf = maker_leaf();
	struct maker right = maker_root();
	struct maker wrong = right; /* the same name and key identifier, another key */
	wrong.spki = d_spki(maker_leaf_key);
	wrong.signer = maker_leaf_key;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *l = maker_cert(&leaf);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *a = maker_cert(&right);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *b = maker_cert(&wrong);
	assert_true(uc_cert_self_signed(a) && uc_cert_self_signed(b) && uc_name_eq(a->subject, b->subject) && !uc_cert_eq(a, b));
	assert_true(uc_cert_issued_by(l, a) && !uc_cert_issued_by(l, b));
	/* Both are kept and found under their own fingerprint. */
	struct uc_certs all = {.items = NULL};
	uc_certs_take(&all, uc_cert_dup(b));
	uc_certs_take(&all, uc_cert_dup(a));
	assert_int_equal(uc_certs_find(&all, b->fingerprint), 0);
	assert_int_equal(uc_certs_find(&all, a->fingerprint), 1);
	assert_int_equal(uc_certs_find(&all, l->fingerprint), -1);
	uc_certs_free(&all);
	assert_int_equal(all.count, 0);
	/* The key identifiers decide before the signature does. */
	struct maker other_id = right;
	other_id.exts = D_CAT(x_bc(true), x_ski("cc"));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&other_id);
	assert_false(uc_cert_issued_by(l, c));
}

static void an_issuer_is_found_whatever_the_string_type_of_its_name_C78(void **state)
{
	(void)state;
	struct maker leaf = maker_leaf();
	leaf.issuer = d_name_as(0x13, uc_slice_str("MAKER  ca"));
	struct maker root = maker_root();
	UC_CLEANUP(uc_cert_freep) struct uc_cert *l = maker_cert(&leaf);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *r = maker_cert(&root);
	assert_false(uc_slice_eq(l->issuer, r->subject));
	assert_true(uc_cert_issued_by(l, r));
	leaf.issuer = d_name("Maker CA 2");
	UC_CLEANUP(uc_cert_freep) struct uc_cert *other = maker_cert(&leaf);
	assert_false(uc_cert_issued_by(other, r));
}

/* Ends at all, and all names are there. */
static void ten_thousand_alternative_names_are_read_C55(void **state)
{
	(void)state;
	enum { COUNT = 10000 };
	struct uc_buf names = UC_BUF_EMPTY;
	for (int i = 0; i < COUNT; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("host%d.example.com", i);
		uc_buf_add_u8(&names, 0x82);
		uc_buf_add_u8(&names, (uint8_t)strlen(name));
		uc_buf_add_str(&names, name);
	}
	struct maker m = maker_leaf();
	m.exts = x_ext("2.5.29.17", false, d_tlv(0x30, uc_buf_slice(&names)));
	uc_buf_free(&names);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	UC_CLEANUP(uc_strv_free) struct uc_strv sans = {.items = NULL};
	assert_true(uc_cert_sans(c, &sans));
	assert_int_equal(sans.count, COUNT);
	assert_string_equal(sans.items[COUNT - 1], "DNS:host9999.example.com");
}

static void a_p7b_holds_all_certificates(void **state)
{
	(void)state;
	struct maker leaf = maker_leaf();
	struct maker root = maker_root();
	struct uc_certs all = {.items = NULL};
	uc_certs_take(&all, maker_cert(&leaf));
	uc_certs_take(&all, maker_cert(&root));
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	uc_pkcs7_write(&all, &der);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/all.p7b", files_dir);
	struct uc_error e;
	assert_ok(uc_file_write(path, uc_buf_slice(&der), 0600, &e), e);
	UC_CLEANUP(uc_freep) char *subjects = output_of("openssl pkcs7 -inform DER -in all.p7b -print_certs -noout | grep subject | tr -d ' '");
	assert_string_equal(subjects, "subject=CN=cucm.example.com\nsubject=CN=MakerCA");
	uc_certs_free(&all);
}

static void what_OpenSSL_cannot_decode_is_no_crash(void **state)
{
	(void)state;
	struct maker m = maker_root();
	m.issuer = d_name_as(0x0c, d_hex("ff")); /* no UTF-8 */
	m.subject = m.issuer;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = maker_cert(&m);
	assert_null(uc_cert_x509(c));
	assert_true(c->self_issued && !uc_cert_self_signed(c));
	struct maker bad_key = maker_root();
	bad_key.spki = D_SEQ(D_SEQ(d_oid("1.2.3")), d_bits(d_hex("00")));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *k = maker_cert(&bad_key);
	assert_false(uc_cert_self_signed(k));
	/* What failed here must not make a later TLS call of this thread look failed. */
	assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(fields_are_those_that_the_openssl_program_shows, maker_end_all),
	    cmocka_unit_test_teardown(the_field_that_cannot_be_read_is_named_C47, maker_end_all),
	    cmocka_unit_test_teardown(only_a_certificate_without_anything_behind_it_is_read, maker_end_all),
	    cmocka_unit_test_teardown(serials_of_every_sign_are_shown_as_openssl_does_C71, maker_end_all),
	    cmocka_unit_test_teardown(versions_are_read_as_they_stand_C75, maker_end_all),
	    cmocka_unit_test_teardown(the_first_of_repeated_extensions_counts_C74, maker_end_all),
	    cmocka_unit_test_teardown(values_that_cannot_be_read_count_as_absent, maker_end_all),
	    cmocka_unit_test_teardown(too_many_extensions_are_refused, maker_end_all),
	    cmocka_unit_test_teardown(labels_and_file_names, maker_end_all),
	    cmocka_unit_test_teardown(self_signed_means_signed_with_its_own_key_C83, maker_end_all),
	    cmocka_unit_test_teardown(issuers_of_one_name_are_told_apart_C86, maker_end_all),
	    cmocka_unit_test_teardown(an_issuer_is_found_whatever_the_string_type_of_its_name_C78, maker_end_all),
	    cmocka_unit_test_teardown(ten_thousand_alternative_names_are_read_C55, maker_end_all),
	    cmocka_unit_test_teardown(a_p7b_holds_all_certificates, maker_end_all),
	    cmocka_unit_test_teardown(what_OpenSSL_cannot_decode_is_no_crash, maker_end_all),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
