/* src/trustlist/name.c: names and serials as files for phones have them, and when two texts are the same name. */
#include "trustlist/phone_data.h"

#include "pki/make_certs.h"

struct named {
	const char *subject;
	int string_type;
	const char *server, *peers;
};

/* Names in the orders of real certificates; a server writes CN, OU, O, L, ST, C and nothing else. */
static const struct named names[] = {
    {"C=US,ST=CA,L=SJ,O=Alpha,OU=VTG,CN=host", 0, "CN=host;OU=VTG;O=Alpha;L=SJ;ST=CA;C=US", "C=US,ST=CA,L=SJ,O=Alpha,OU=VTG,CN=host"},
    {"L=Krakow,ST=Malopolska,CN=a-pub,OU=TAC,O=Example,C=PL", 0, "CN=a-pub;OU=TAC;O=Example;L=Krakow;ST=Malopolska;C=PL",
     "L=Krakow,ST=Malopolska,CN=a-pub,OU=TAC,O=Example,C=PL"},
    /* A CA of a Windows domain comes out as its CN. */
    {"DC=com,DC=example,CN=example-WIN-CA", 0, "CN=example-WIN-CA", "DC=com,DC=example,CN=example-WIN-CA"},
    {"CN=a,OU=one,O=x,OU=two,CN=b,OU=Three", 0, "CN=a;CN=b;OU=one;OU=two;OU=Three;O=x", "CN=a,OU=one,O=x,OU=two,CN=b,OU=Three"},
    {"CN=Mixed Case  Two Blanks", 0, "CN=Mixed Case  Two Blanks", "CN=Mixed Case  Two Blanks"},
    {"CN=a; b+c=\"d\"<e>\\f", 0, "CN=a; b+c=\"d\"<e>\\f", "CN=a\\; b\\+c=\\\"d\\\"\\<e\\>\\\\f"},
    {"CN= edge ,O=#x", 0, "CN= edge ;O=#x", "CN=\\ edge\\ ,O=\\#x"},
    {"serialNumber=7,emailAddress=a@b,CN=c", 0, "CN=c", "2.5.4.5=7,1.2.840.113549.1.9.1=a@b,CN=c"},
    {"street=s,UID=u,CN=c", 0, "CN=c", "STREET=s,UID=u,CN=c"},
    {"emailAddress=a@b", 0, "", "1.2.840.113549.1.9.1=a@b"},
    {"", 0, "", ""},
    {"CN=abc", V_ASN1_BMPSTRING, "CN=abc", "CN=abc"},
};

static void names_are_written_as_the_layout_has_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = names[i].subject, .string_type = names[i].string_type});
		UC_CLEANUP(uc_freep) char *server = uc_tl_name(m.cert->subject, UC_TL_SERVER);
		UC_CLEANUP(uc_freep) char *peers = uc_tl_name(m.cert->subject, UC_TL_PEERS);
		assert_string_equal(server, names[i].server);
		assert_string_equal(peers, names[i].peers);
		/* The two are the same name, unless nothing is left of it. */
		if (server[0] != '\0' && strchr(server, '\\') == NULL) assert_true(uc_tl_name_matches(server, peers));
	}
}

static void a_zero_byte_does_not_end_a_name(void **state)
{
	(void)state;
	static const uint8_t der[] = {0x30, 0x10, 0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x05, 'a', 'b', 0, 'c', 'd'};
	UC_CLEANUP(uc_freep) char *server = uc_tl_name(uc_slice_of(der, sizeof der), UC_TL_SERVER);
	UC_CLEANUP(uc_freep) char *peers = uc_tl_name(uc_slice_of(der, sizeof der), UC_TL_PEERS);
	UC_CLEANUP(uc_freep) char *broken = uc_tl_name(uc_slice_of(der, 5), UC_TL_SERVER);
	assert_string_equal(server, "CN=ab?cd");
	assert_string_equal(peers, "CN=ab?cd");
	assert_string_equal(broken, "");
}

static void serials_are_minimal_and_unsigned(void **state)
{
	(void)state;
	static const struct {
		const char *decimal, *hex;
	} rows[] = {
	    {"0", "00"},   {"1", "01"},     {"127", "7f"},     {"128", "80"},
	    {"255", "ff"}, {"256", "0100"}, {"32768", "8000"}, {"340282366920938463463374607431768211455", "ffffffffffffffffffffffffffffffff"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=a", .serial = rows[i].decimal});
		UC_CLEANUP(uc_buf_free) struct uc_buf serial = UC_BUF_EMPTY;
		uc_tl_serial(m.cert, &serial);
		UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_buf_slice(&serial), '\0');
		assert_string_equal(hex, rows[i].hex);
	}
}

struct compared {
	const char *a, *b;
	bool same;
};

static const struct compared compared[] = {
    {"CN=a;O=b", "CN=a;O=b", true},
    {"", "", true},
    {"CN=a;O=b", "CN=a,O=b", true},
    {"CN=a;O=b", "O=b,CN=a", true},
    {"cn=a;o=b", "CN=a,O=b", true},
    {" CN = a ; O = b ", "CN=a,O=b", true},
    {"CN=a", "CN=A", false},
    {"CN=a;O=b", "CN=a", false}, /* a server keeps O */
    {"CN=a", "CN=a,DC=b,DC=c", true},
    {"CN=a,2.5.4.5=7", "CN=a;UID=u", true},
    {"CN=a,2.5.4.5=7", "CN=a;2.5.4.5=8", false},
    {"DC=b,DC=c", "DC=d", false},
    {"CN=a;OU=x;OU=y", "OU=y,CN=a,OU=x", true},
    {"CN=a;OU=x;OU=x", "CN=a;OU=x", false},
    {"CN=a;OU=x;OU=y", "CN=a;OU=x", false},
    {"2.5.4.3=a", "CN=a", true},
    {"CN=a;O=Example, Inc.", "CN=a,O=Example\\, Inc.", true},
    {"CN=a;O=Example, Inc.;C=US", "C=US,CN=a,O=Example\\2c Inc.", true},
    {"CN=a;O=\"b\"", "CN=a;O=b", true},
    {"CN=a;O=\"b;c\"", "CN=a;O=b\\;c", true},
    {"CN=dom\\user", "CN=dom\\user", true},
    {"CN=a\\", "CN=b\\", false}, /* nothing after the backslash */
    {"CN=a\\2", "CN=b\\2", false},
    {"", "CN=a", false},
    {"DC=a", "", false},
    {"DC=a", "UID=b", false}, /* nothing in common */
    {"no name at all", "CN=a", false},
    {"cn=\"never closed", "cn=never closed", false},
    {"cn=\"never closed", "cn=\"never closed", true},
};

static void names_are_compared_as_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
		const struct compared *t = &compared[i];
		if (uc_tl_name_matches(t->a, t->b) != t->same || uc_tl_name_matches(t->b, t->a) != t->same)
			fail_msg("'%s' and '%s' should%s be the same", t->a, t->b, t->same ? "" : " not");
	}
}

static void a_name_of_thousands_of_attributes_is_none(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf many = UC_BUF_EMPTY;
	for (int i = 0; i < 20000; i++) uc_buf_add_str(&many, i > 0 ? ";CN=a" : "CN=a");
	UC_CLEANUP(uc_freep) char *a = uc_buf_take_str(&many);
	UC_CLEANUP(uc_freep) char *b = uc_sprintf("%s,", a);
	assert_false(uc_tl_name_reads(a));
	assert_false(uc_tl_name_matches(a, b));
	assert_true(uc_tl_name_matches(a, a));
}

static void what_reads_as_a_name(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool reads;
	} rows[] = {{"", true},       {"CN=a", true},   {"CN=a;OU=b", true}, {"CN=", true},    {"1.2.3=x,CN=a", true},
	            {"CN=a;b", true}, {"a", false},     {"=a", false},       {";CN=a", false}, {"cn=\"SAST  \";ou=IPCBU;o=\"Example", false},
	            {"CN=a;", true},  {"C N=a", false}, {"CN=\"a\"", true}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (uc_tl_name_reads(rows[i].text) != rows[i].reads) fail_msg("'%s'", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_written_as_the_layout_has_them),  cmocka_unit_test(a_zero_byte_does_not_end_a_name),
	    cmocka_unit_test(serials_are_minimal_and_unsigned),          cmocka_unit_test(names_are_compared_as_sets),
	    cmocka_unit_test(a_name_of_thousands_of_attributes_is_none), cmocka_unit_test(what_reads_as_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
