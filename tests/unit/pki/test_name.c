/* src/pki/name.c: distinguished names and alternative names. */
#include "openssl_files.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include "maker.h"
#include "pki/name.h"

#define EACH(i, rows)                    \
	size_t i = 0;                        \
	(i) < sizeof(rows) / sizeof *(rows); \
	(i)++

/* A Name of one attribute in each RDN: pairs of dotted OID and element. */
static struct uc_slice rdn(const char *oid, struct uc_slice value)
{
	return d_tlv(UC_DER_SET, D_SEQ(d_oid(oid), value));
}

static void names_and_hashes_are_those_of_the_openssl_program(void **state)
{
	(void)state;
	static const char *const subjects[] = {
	    "/CN=host.example.com",
	    "/C=DE/ST=Hessen/L=Frankfurt/O=Example, Inc./OU=a+b/CN=x",
	    "/CN=K\\\"ln <x>;y=z",
	    "/O=# first/CN= blanks \\\\ ",
	    "/CN=M\xc3\xbcller \xe2\x82\xac/emailAddress=a@example.com",
	    "/DC=com/DC=example/UID=jdoe/serialNumber=42/GN=A/SN=B/title=T/initials=I",
	    "/1.2.3.4.5=unknown/CN=x",
	    "/CN=a/CN=b",
	    "/O=x+CN=y/OU=z",
	    "/",
	};
	for (EACH(i, subjects)) {
		sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c.pem -utf8 -subj '%s' -days 9",
		   subjects[i]);
		sh("openssl x509 -in c.pem -outform DER -out c.der");
		UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of("c.der");
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
		struct uc_error e;
		assert_ok(uc_cert_read(uc_buf_slice(&der), &c, &e), e);
		UC_CLEANUP(uc_freep)
		char *theirs =
		    output_of("openssl x509 -in c.pem -noout -subject -nameopt esc_2253,esc_ctrl,utf8,sep_comma_plus | sed 's/^subject=//'");
		UC_CLEANUP(uc_freep) char *ours = uc_name_text(c->subject);
		assert_string_equal(ours, theirs);
		UC_CLEANUP(uc_freep) char *their_hash = output_of("openssl x509 -in c.pem -noout -subject_hash");
		UC_CLEANUP(uc_freep) char *hash = uc_sprintf("%08x", uc_name_hash(c->subject));
		assert_string_equal(hash, their_hash);
	}
}

static void the_last_common_name_counts(void **state)
{
	(void)state;
	struct uc_slice two =
	    D_SEQ(rdn("2.5.4.3", d_text(0x0c, "first")), rdn("2.5.4.10", d_text(0x0c, "O")), rdn("2.5.4.3", d_text(0x0c, "second")));
	UC_CLEANUP(uc_freep) char *cn = uc_name_cn(two);
	assert_string_equal(cn, "second");
	assert_null(uc_name_cn(D_SEQ(rdn("2.5.4.10", d_text(0x0c, "O")))));
	assert_null(uc_name_cn(d_name_as(0x0c, uc_slice_of("", 0))));
	assert_null(uc_name_cn(D_SEQ(rdn("2.5.4.3", d_text(0x0c, "")))));
	assert_null(uc_name_cn(d_hex("0101ff")));
	assert_null(uc_name_cn(D_NONE));
}

static void text_of_any_string_type_becomes_clean_UTF_8(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		const char *hex, *text;
	} rows[] = {
	    {0x0c, "4dc3bc", "M\xc3\xbc"},                   /* UTF8String */
	    {0x13, "4d61", "Ma"},                            /* PrintableString */
	    {0x14, "4dfc", "M\xc3\xbc"},                     /* TeletexString, read as Latin-1 */
	    {0x16, "4d40", "M@"},                            /* IA5String */
	    {0x1e, "004d00fc20ac", "M\xc3\xbc\xe2\x82\xac"}, /* BMPString */
	    {0x1c, "0000004d0001f600", "M\xf0\x9f\x98\x80"}, /* UniversalString */
	    {0x0c, "610062",
	     "a\xef\xbf\xbd"
	     "b"}, /* a NUL does not end it */
	};
	for (EACH(i, rows)) {
		UC_CLEANUP(uc_freep) char *cn = uc_name_cn(d_name_as(rows[i].tag, d_hex(rows[i].hex)));
		assert_non_null(cn);
		assert_string_equal(cn, rows[i].text);
	}
	assert_null(uc_name_cn(d_name_as(0x0c, d_hex("4dff4e")))); /* not UTF-8: malformed, for OpenSSL too */
	UC_CLEANUP(uc_freep) char *text = uc_name_text(d_name_as(0x0c, d_hex("0a1b7f")));
	assert_string_equal(text, "CN=\\0A\\1B\\7F");
}

static void names_are_equal_whatever_their_string_types_C78(void **state)
{
	(void)state;
	struct uc_slice plain = d_name_as(0x13, uc_slice_str("Example CA"));
	struct uc_slice same[] = {
	    d_name_as(0x0c, uc_slice_str("Example CA")),
	    d_name_as(0x0c, uc_slice_str("EXAMPLE ca")),
	    d_name_as(0x0c, uc_slice_str("  Example   CA ")),
	    d_name_as(0x1e, d_hex("004500780061006d0070006c0065002000430041")),
	};
	struct uc_slice other[] = {
	    d_name_as(0x0c, uc_slice_str("Example CAs")),
	    d_name_as(0x0c, uc_slice_str("ExampleCA")),
	    d_name_as(0x0c, uc_slice_of("", 0)),
	    D_SEQ(rdn("2.5.4.10", d_text(0x0c, "Example CA"))),
	    D_SEQ(rdn("2.5.4.3", d_text(0x0c, "Example CA")), rdn("2.5.4.3", d_text(0x0c, "Example CA"))),
	};
	for (EACH(i, same)) {
		assert_true(uc_name_eq(plain, same[i]) && uc_name_eq(same[i], plain));
		assert_int_equal(uc_name_hash(plain), uc_name_hash(same[i]));
	}
	for (EACH(i, other)) {
		assert_false(uc_name_eq(plain, other[i]) || uc_name_eq(other[i], plain));
		assert_true(uc_name_hash(plain) != uc_name_hash(other[i]));
	}
}

static void malformed_names_equal_only_the_same_bytes(void **state)
{
	(void)state;
	struct uc_slice a = d_hex("3003020100");
	struct uc_slice b = d_hex("3003020101");
	assert_true(uc_name_eq(a, d_hex("3003020100")));
	assert_false(uc_name_eq(a, b));
	assert_false(uc_name_eq(a, d_name("x")));
	UC_CLEANUP(uc_freep) char *text = uc_name_text(a);
	assert_string_equal(text, "(malformed name)");
	assert_int_equal(uc_name_hash(a), 0);
	assert_true(uc_name_is_empty(d_hex("3000")) && !uc_name_is_empty(d_name("x")));
	/* What failed here must not make a later TLS call of this thread look failed. */
	assert_int_equal(ERR_peek_error(), 0);
}

static void every_kind_of_alternative_name_is_shown_C53(void **state)
{
	(void)state;
	struct uc_slice value =
	    D_SEQ(d_text(0x82, "a.example.com"), d_text(0x82, "*.example.com"), d_text(0x81, "a@example.com"), d_text(0x86, "http://x/"),
	          d_tlv(0x87, d_hex("c0000201")), d_tlv(0x87, d_hex("20010db8000000000000000000000001")), d_tlv(0x88, d_hex("2a0304")),
	          d_tlv(0xa4, d_name("x")), d_tlv(0xa0, D_CAT(d_oid("1.3.6.1.4.1.311.20.2.3"), d_tlv(0xa0, d_text(0x0c, "u@x")))),
	          d_tlv(0xa3, D_NONE), d_tlv(0xa5, D_NONE), d_tlv(0x82, uc_slice_of("good\0evil", 9)));
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	assert_true(uc_san_read(value, &names));
	UC_CLEANUP(uc_freep) char *all = uc_strv_join(&names, " ");
	assert_string_equal(
	    all, "DNS:a.example.com DNS:*.example.com email:a@example.com URI:http://x/ IP:192.0.2.1 IP:2001:db8::1 RID:1.2.3.4 dirName:CN=x "
	         "othername:1.3.6.1.4.1.311.20.2.3 othername:[3] othername:[5] DNS:good\xef\xbf\xbd"
	         "evil");
}

static void malformed_alternative_names_are_refused(void **state)
{
	(void)state;
	struct uc_slice bad[] = {
	    D_NONE,
	    d_hex("0400"),
	    D_SEQ(d_hex("82")),
	    D_SEQ(d_hex("8205")),
	    D_SEQ(d_tlv(0x87, d_hex("c00002"))),
	    D_SEQ(d_text(0x0c, "host")),
	    D_SEQ(d_tlv(0xa0, D_NONE)),
	    D_CAT(D_SEQ(d_text(0x82, "a")), d_hex("00")),
	};
	for (EACH(i, bad)) {
		UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
		assert_false(uc_san_read(bad[i], &names));
	}
	UC_CLEANUP(uc_strv_free) struct uc_strv none = {.items = NULL};
	assert_true(uc_san_read(d_hex("3000"), &none));
	assert_int_equal(none.count, 0);
}

static void typed_names_are_brought_into_one_form_C50_C51(void **state)
{
	(void)state;
	static const struct {
		const char *typed, *name;
	} rows[] = {
	    {"host.example.com", "DNS:host.example.com"},
	    {"DNS:host", "DNS:host"},
	    {"b\xc3\xbc"
	     "cher.example",
	     "DNS:xn--bcher-kva.example"},
	    {"xn--bcher-kva.example", "DNS:xn--bcher-kva.example"},
	    {"*.b\xc3\xbc"
	     "cher.example",
	     "DNS:*.xn--bcher-kva.example"},
	    {"*.xn--bcher-kva.example", "DNS:*.xn--bcher-kva.example"},
	    {"stra\xc3\x9f"
	     "e.example",
	     "DNS:xn--strae-oqa.example"},
	    {"*.example.com", "DNS:*.example.com"},
	    {"_sip._tcp.example.com", "DNS:_sip._tcp.example.com"},
	    {"ab--cd.example", "DNS:ab--cd.example"},
	    {"192.0.2.1", "IP:192.0.2.1"},
	    {"IP:192.0.2.1", "IP:192.0.2.1"},
	    {"2001:DB8:0::1", "IP:2001:db8::1"},
	    {"IP:::1", "IP:::1"},
	    {"email:a@example.com", "email:a@example.com"},
	    {"URI:sip:x@example.com", "URI:sip:x@example.com"},
	};
	for (EACH(i, rows)) {
		struct uc_error e;
		UC_CLEANUP(uc_freep) char *name = NULL;
		assert_ok(uc_san_normalize(rows[i].typed, &name, &e), e);
		assert_string_equal(name, rows[i].name);
		/* What came out is in the form already. */
		UC_CLEANUP(uc_freep) char *again = NULL;
		assert_ok(uc_san_normalize(name, &again, &e), e);
		assert_string_equal(again, name);
	}
}

static void names_that_cannot_be_are_refused_with_the_label_C50_C51(void **state)
{
	(void)state;
	static const struct {
		const char *typed, *says;
	} rows[] = {
	    {"", "''"},
	    {"DNS:", "''"},
	    {"*.", "0 characters"},
	    {"*", "label '*'"},
	    {"a.*.example.com", "label '*'"},
	    {"*a.example.com", "label '*a'"},
	    {"-a.example.com", "label '-a'"},
	    {"a-.example.com", "label 'a-'"},
	    {"a..example.com", "label ''"},
	    {".example.com", "label ''"},
	    {"host.example.com.", "label ''"},
	    {"a b.example.com", "label 'a b'"},
	    {"host/example", "label 'host/example'"},
	    {"host.example.com:8443", "label 'com:8443'"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", "label 'aaaa"},
	    {"xn--a.example", "xn--a"},
	    {"xn--zzzzzzzzzzzz99999.example", "xn--zzzz"},
	    {"b\xc3\xbc_cher.example", "label 'xn--b_cher"},
	    {"\xff\xfe.example", "internationalised"},
	    {"IP:192.0.2.256", "192.0.2.256"},
	    {"IP:host", "not an IP address"},
	    {"email:", "empty"},
	    {"email:a b@example.com", "not allowed"},
	    {"URI:http://\xc3\xbc/", "not allowed"},
	};
	for (EACH(i, rows)) {
		struct uc_error e;
		char *name = NULL;
		assert_fails(uc_san_normalize(rows[i].typed, &name, &e), e, UC_EINPUT, "bad-name");
		if (strstr(e.message, rows[i].says) == NULL) fail_msg("'%s' is not in: %s", rows[i].says, e.message);
		assert_string_equal(e.field, "san");
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf long_name = UC_BUF_EMPTY;
	while (long_name.len < 254) uc_buf_add_str(&long_name, "a.");
	uc_buf_add_str(&long_name, "a");
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&long_name);
	struct uc_error e;
	char *name = NULL;
	assert_fails(uc_san_normalize(text, &name, &e), e, UC_EINPUT, "bad-name");
	assert_non_null(strstr(e.message, "255 characters"));
}

static void differences_are_shown_both_ways_C33(void **state)
{
	(void)state;
	UC_CLEANUP(uc_strv_free) struct uc_strv a = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv b = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv only_a = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv only_b = {.items = NULL};
	uc_san_diff(&a, &b, &only_a, &only_b);
	assert_int_equal(only_a.count + only_b.count, 0);
	uc_strv_split(&a, "DNS:example.com DNS:Host.example.com DNS:host.example.com DNS:z", ' ');
	uc_strv_split(&b, "DNS:www.example.com DNS:HOST.example.com DNS:z DNS:z IP:192.0.2.1", ' ');
	uc_san_diff(&a, &b, &only_a, &only_b);
	UC_CLEANUP(uc_freep) char *left = uc_strv_join(&only_a, " ");
	UC_CLEANUP(uc_freep) char *right = uc_strv_join(&only_b, " ");
	assert_string_equal(left, "DNS:example.com");
	assert_string_equal(right, "DNS:www.example.com IP:192.0.2.1");
}

/* Ends at all: pairwise comparison would take minutes. */
static void many_names_are_compared_as_sets_C55(void **state)
{
	(void)state;
	enum { COUNT = 200000 };
	UC_CLEANUP(uc_strv_free) struct uc_strv a = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv b = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv only_a = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv only_b = {.items = NULL};
	for (int i = 0; i < COUNT; i++) {
		uc_strv_take(&a, uc_sprintf("DNS:h%d.example.com", i));
		uc_strv_take(&b, uc_sprintf("DNS:h%d.example.com", COUNT - i));
	}
	uc_san_diff(&a, &b, &only_a, &only_b);
	assert_int_equal(only_a.count, 1);
	assert_string_equal(only_a.items[0], "DNS:h0.example.com");
	assert_int_equal(only_b.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(names_and_hashes_are_those_of_the_openssl_program, maker_end),
	    cmocka_unit_test_teardown(the_last_common_name_counts, maker_end),
	    cmocka_unit_test_teardown(text_of_any_string_type_becomes_clean_UTF_8, maker_end),
	    cmocka_unit_test_teardown(names_are_equal_whatever_their_string_types_C78, maker_end),
	    cmocka_unit_test_teardown(malformed_names_equal_only_the_same_bytes, maker_end),
	    cmocka_unit_test_teardown(every_kind_of_alternative_name_is_shown_C53, maker_end),
	    cmocka_unit_test_teardown(malformed_alternative_names_are_refused, maker_end),
	    cmocka_unit_test_teardown(typed_names_are_brought_into_one_form_C50_C51, maker_end),
	    cmocka_unit_test_teardown(names_that_cannot_be_are_refused_with_the_label_C50_C51, maker_end),
	    cmocka_unit_test_teardown(differences_are_shown_both_ways_C33, maker_end),
	    cmocka_unit_test_teardown(many_names_are_compared_as_sets_C55, maker_end),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
