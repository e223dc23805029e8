#include "check_faults.h"

static void san_numbered(struct maker *m, unsigned count)
{
	struct uc_buf names = UC_BUF_EMPTY;
	for (unsigned i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%u.example.com", i);
		uc_buf_add_slice(&names, d_dns(name));
	}
	san_of(m, d_keep(&names), false);
}

static void no_subject(struct maker *m)
{
	m->subject = d_name("");
}

static void no_subject_ca(struct maker *m)
{
	intermediate(m);
	m->subject = d_name("");
}

static void no_issuer(struct maker *m)
{
	m->issuer = d_name("");
}

static void san_101(struct maker *m)
{
	san_numbered(m, 101);
}

static void san_1000(struct maker *m)
{
	san_numbered(m, 1000);
}

static void san_1001(struct maker *m)
{
	san_numbered(m, 1001);
}

static void san_empty(struct maker *m)
{
	san_of(m, D_NONE, false);
}

static void san_address_as_name(struct maker *m)
{
	san_of(m, D_CAT(d_dns("good.example.com"), d_dns("192.0.2.17"), d_dns("two words")), false);
}

static void wildcard(struct maker *m)
{
	san_of(m, D_CAT(d_dns("good.example.com"), d_dns("*.example.com")), false);
}

static void wildcard_cn(struct maker *m)
{
	m->subject = d_name("*.example.com");
}

static void large(struct maker *m)
{
	struct uc_buf zeros = UC_BUF_EMPTY;
	memset(uc_buf_extend(&zeros, 17000), 0, 17000);
	exts(m, x_ext("1.2.3.4", false, d_tlv(UC_DER_OCTET_STRING, d_keep(&zeros))));
}

static const struct fault faults[] = {
    {"no-subject", {UC_WARN, UC_WARN, UC_WARN, UC_REFUSED}, no_subject, "subject is empty", NULL},
    {"no-subject", ALL(UC_REFUSED), no_subject_ca, "subject is empty", NULL},
    {"no-subject", ALL(UC_REFUSED), no_issuer, "issuer is empty", NULL},
    {"san-many", ALL(UC_NOTE), san_101, "101", NULL},
    {"san-many", ALL(UC_NOTE), san_1000, "1000", "size"},
    {"san-many", ALL(UC_WARN), san_1001, "1001", "size"},
    {"san-empty", ALL(UC_WARN), san_empty, "no names", NULL},
    {"san-bad-name", ALL(UC_WARN), san_address_as_name, "2 of its 3 alternative names cannot be right: DNS:192.0.2.17 is an address", NULL},
    {"wildcard", ALL(UC_WARN), wildcard, "*.example.com", NULL},
    {"wildcard", ALL(UC_WARN), wildcard_cn, "*.example.com", NULL},
    {"size", ALL(UC_WARN), large, "17", NULL},
};

/* C54, C55, C57, and the bad input that concerns names: code and weight of each, for each role. */
static void faults_of_names_have_their_weight(void **state)
{
	(void)state;
	CHECK_FAULTS(faults);
}

/* C57: an empty subject is right when the alternative names are critical. */
static void c57_empty_subject_with_critical_names_is_right(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	m.subject = d_name("");
	san_of(&m, d_dns("cucm.example.com"), true);
	struct uc_findings f = findings_of(&m, UC_ROLE_IDENTITY);
	assert_int_equal(f.count, 0);
}

/* C55: ten thousand names are counted, and the time grows with them, not with their square (else this test does not end). */
static void c55_ten_thousand_names_are_counted(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	san_numbered(&m, 10000);
	struct uc_findings f = findings_of(&m, UC_ROLE_ANY);
	assert_non_null(strstr(uc_findings_get(&f, "san-many")->message, "10000"));
	assert_int_equal(uc_findings_get(&f, "size")->weight, UC_WARN);
	assert_null(uc_findings_get(&f, "san-bad-name"));
	uc_findings_free(&f);
}

/* C50, C53, C54: which names can be right. */
static void c50_names_are_judged_by_kind(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		const char *name;
		const char *fault; /* NULL: it is right */
	} names[] = {
	    {0x82, "a.example.com", NULL},
	    {0x82, "A-1.EXAMPLE.com", NULL},
	    {0x82, "cucm", NULL},
	    {0x82, "xn--bcher-kva.example", NULL},
	    {0x82, "_sip._tls.example.com", NULL},
	    {0x82, "3com.example", NULL},
	    {0x82, "", "is empty"},
	    {0x82, ".example.com", "empty label"},
	    {0x82, "example.com.", "empty label"},
	    {0x82, "a..example.com", "empty label"},
	    {0x82, "-a.example.com", "hyphen"},
	    {0x82, "a-.example.com", "hyphen"},
	    {0x82,
	     "b\xc3\xbc"
	     "cher.example",
	     "not ASCII"},
	    {0x82, "host name.example.com", "character"},
	    {0x82, "https://example.com", "character"},
	    {0x82, "2001:db8::1", "character"},
	    {0x82, "192.0.2.1", "address or number"},
	    {0x82, "f*.example.com", "asterisk"},
	    {0x82, "a.*.example.com", "asterisk"},
	    {0x82, "*.*.example.com", "asterisk"},
	    {0x82, "*", "asterisk"},
	    {0x82, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", "63 characters"},
	    {0x81, "admin@example.com", NULL},
	    {0x81, "example.com", "mail address"},
	    {0x81, "@example.com", "mail address"},
	    {0x81, "admin@", "mail address"},
	    {0x86, "sip:cucm@example.com", NULL},
	    {0x86, "example.com", "not a URI"},
	    {0x87, "\xc0\x01\x02\x03", NULL},
	    {0x87, "\xc0\x01\x02", "neither 4 nor 16"},
	    {0x88, "\x2a\x03\x04", NULL}, /* registeredID */
	    {0x0c, "example.com", "no kind that exists"},
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct maker m = maker_leaf();
		san_of(&m, d_text(names[i].tag, names[i].name), false);
		struct uc_findings f = findings_of(&m, UC_ROLE_ANY);
		const struct uc_finding *bad = uc_findings_get(&f, "san-bad-name");
		if ((bad == NULL) != (names[i].fault == NULL)) fail_msg("'%s' is judged wrong", names[i].name);
		if (bad != NULL && names[i].fault != NULL && strstr(bad->message, names[i].fault) == NULL)
			fail_msg("'%s' lacks '%s'", bad->message, names[i].fault);
		uc_findings_free(&f);
	}
}

/* C50: 253 characters are allowed, 254 are not. */
static void c50_long_names_have_a_limit(void **state)
{
	(void)state;
	for (size_t len = 253; len <= 254; len++) {
		struct uc_buf b = UC_BUF_EMPTY;
		for (size_t i = 0; i < len; i++) uc_buf_add_u8(&b, i % 50 == 49 ? '.' : 'a');
		struct maker m = maker_leaf();
		san_of(&m, d_tlv(0x82, d_keep(&b)), false);
		struct uc_findings f = findings_of(&m, UC_ROLE_ANY);
		assert_int_equal(uc_findings_get(&f, "san-bad-name") != NULL, len > 253);
		uc_findings_free(&f);
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(faults_of_names_have_their_weight),  TEST(c57_empty_subject_with_critical_names_is_right),
	    TEST(c55_ten_thousand_names_are_counted), TEST(c50_names_are_judged_by_kind),
	    TEST(c50_long_names_have_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
