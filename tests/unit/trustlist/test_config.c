#include "uc_test.h"

#include "core/file.h"
#include "pki/input.h"
#include "trustlist/config.h"

static struct uc_buf load(const char *name)
{
	struct uc_error e;
	struct uc_buf out = UC_BUF_EMPTY;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("tests/data/phone/%s", name);
	assert_ok(uc_file_read(path, UC_INPUT_MAX, &out, &e), e);
	return out;
}

static struct uc_slice text(const char *s)
{
	return uc_slice_str(s);
}

static struct uc_cnf_info read_info(struct uc_slice content)
{
	struct uc_error e;
	struct uc_cnf_info info;
	assert_ok(uc_cnf_read(content, &info, &e), e);
	return info;
}

/* What filling makes of it, as text; free with free(). */
static char *filled(struct uc_slice content, const struct uc_cnf_fill *fill)
{
	struct uc_error e;
	struct uc_buf out = UC_BUF_EMPTY;
	assert_ok(uc_cnf_fill(content, fill, &out, &e), e);
	return uc_buf_take_str(&out);
}

#define assert_filled(content, fill, want)                         \
	do {                                                           \
		UC_CLEANUP(uc_freep) char *got_ = filled(content, (fill)); \
		assert_string_equal(got_, (want));                         \
	} while (0)

static void add_all(struct uc_strv *v, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) uc_strv_add(v, names[i]);
}

/* ---- reading ---- */

static void the_sample_is_read(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf sample = load("peer.cnf.xml");
	struct uc_cnf_info info = read_info(uc_buf_slice(&sample));
	assert_true(info.full);
	assert_false(info.encrypted);
	assert_int_equal(info.capf_auth_mode, 2);
	assert_string_equal(info.cert_hash, "");
}

static void what_is_missing_has_its_default(void **state)
{
	(void)state;
	struct uc_cnf_info info = read_info(text("<device/>"));
	assert_true(info.full);
	assert_false(info.encrypted);
	assert_int_equal(info.capf_auth_mode, -1);
	assert_string_equal(info.cert_hash, "");
}

static void values_are_read_with_blanks_around_and_in_any_case(void **state)
{
	(void)state;
	struct uc_cnf_info info =
	    read_info(text("<device>\r\n<encrConfig> TRUE\n</encrConfig><fullConfig>False</fullConfig><capfAuthMode> 0 </capfAuthMode>"
	                   "<certHash>\n0123456789ABCDEF0123456789abcdef </certHash></device>"));
	assert_true(info.encrypted);
	assert_false(info.full);
	assert_int_equal(info.capf_auth_mode, 0);
	assert_string_equal(info.cert_hash, "0123456789abcdef0123456789abcdef");
}

static void what_is_no_md5_and_no_number_is_none(void **state)
{
	(void)state;
	struct uc_cnf_info info =
	    read_info(text("<device><certHash>0123456789abcdef0123456789abcdeg</certHash><capfAuthMode>two</capfAuthMode></device>"));
	assert_string_equal(info.cert_hash, "");
	assert_int_equal(info.capf_auth_mode, -1);
	info = read_info(text("<device><certHash>0123456789abcdef0123456789abcdef0</certHash><capfAuthMode>-1</capfAuthMode></device>"));
	assert_string_equal(info.cert_hash, "");
	assert_int_equal(info.capf_auth_mode, -1);
}

/* A clear text that one of two elements declares secret must not leave. */
static void repeated_elements_are_encrypted_when_any_says_so(void **state)
{
	(void)state;
	struct uc_cnf_info info =
	    read_info(text("<device><encrConfig>false</encrConfig><fullConfig>false</fullConfig><capfAuthMode>1</capfAuthMode>"
	                   "<capfAuthMode>2</capfAuthMode><fullConfig>true</fullConfig><encrConfig>true</encrConfig></device>"));
	assert_true(info.encrypted);
	assert_false(info.full);
	assert_int_equal(info.capf_auth_mode, 1);
}

static void only_children_of_the_root_count(void **state)
{
	(void)state;
	assert_false(read_info(text("<device><vendorConfig><encrConfig>true</encrConfig></vendorConfig><!-- <encrConfig>true</encrConfig> -->"
	                            "<x:encrConfig xmlns:x='u'>true</x:encrConfig><![CDATA[<encrConfig>true</encrConfig>]]></device>"))
	                 .encrypted);
}

static void the_default_configuration_is_read(void **state)
{
	(void)state;
	assert_false(read_info(text("<Default><TVS/></Default>")).encrypted);
}

/* ---- what is refused ---- */

struct bad {
	const char *content;
	const char *id;
	const char *says;
};

static void bad_input_is_refused_with_its_reason(void **state)
{
	(void)state;
	static const struct bad cases[] = {
	    {"", "cnf-malformed", "empty"},
	    {"hello", "cnf-malformed", "line 1"},
	    {"{\"device\":{}}", "cnf-malformed", "line 1"},
	    {"<device>\n<encrConfig>true</encrConfig>\n", "cnf-malformed", "line 3"},
	    {"<device>\n<encrConfig>true</device>", "cnf-malformed", "line 2"},
	    {"<device/><device/>", "cnf-malformed", "line 1"},
	    {"<device>&nothing;</device>", "cnf-malformed", "nothing"},
	    {"<?xml version=\"1.0\" encoding=\"no-such\"?><device/>", "cnf-malformed", "no-such"},
	    {"<device a='1' a='2'/>", "cnf-malformed", "line 1"},
	    {"<device>\xff</device>", "cnf-malformed", "line 1"},
	    {"<html><body>Log in</body></html>", "cnf-no-device", "<html>"},
	    {"<Device/>", "cnf-no-device", "<Device>"},
	    {"<x:device xmlns:x='u'/>", "cnf-no-device", "<device>"},
	    {"<!DOCTYPE device SYSTEM \"file:///etc/passwd\"><device/>", "cnf-malformed", "document type (line 1)"},
	    {"<?xml version='1.0'?>\n<!DOCTYPE device><device/>", "cnf-malformed", "document type (line 2)"},
	    {"<!DOCTYPE d [<!ENTITY a SYSTEM \"http://localhost/\">]><device>&a;</device>", "cnf-malformed", "document type (line 1)"},
	};
	struct uc_error e;
	struct uc_cnf_info info;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_fails(uc_cnf_read(text(cases[i].content), &info, &e), e, UC_EINPUT, cases[i].id);
		if (strstr(e.message, cases[i].says) == NULL) fail_msg("'%s' does not say '%s'", e.message, cases[i].says);
		assert_fails(uc_cnf_stub(text(cases[i].content), "", &out, &e), e, UC_EINPUT, cases[i].id);
		assert_fails(uc_cnf_fill(text(cases[i].content), &UC_CNF_FILL, &out, &e), e, UC_EINPUT, cases[i].id);
	}
	assert_int_equal(out.len, 0);
}

/* Ten entities of ten entities of ...: nothing of it is expanded, the declaration alone is refused. */
static void entities_that_multiply_are_refused(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_cnf_info info;
	UC_CLEANUP(uc_buf_free) struct uc_buf bomb = UC_BUF_EMPTY;
	uc_buf_add_str(&bomb, "<?xml version=\"1.0\"?>\n<!DOCTYPE device [\n<!ENTITY l0 \"lol\">\n");
	for (int i = 1; i < 12; i++) {
		uc_buf_printf(&bomb, "<!ENTITY l%d \"", i);
		for (int k = 0; k < 10; k++) uc_buf_printf(&bomb, "&l%d;", i - 1);
		uc_buf_add_str(&bomb, "\">\n");
	}
	uc_buf_add_str(&bomb, "]>\n<device><loadInformation>&l11;</loadInformation></device>");
	assert_fails(uc_cnf_read(uc_buf_slice(&bomb), &info, &e), e, UC_EINPUT, "cnf-malformed");
	assert_non_null(strstr(e.message, "document type (line 2)"));
}

static void every_truncation_of_the_sample_is_refused(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf sample = load("peer.cnf.xml");
	const char *end = strstr((const char *)sample.ptr, "</device>");
	size_t whole = (size_t)(end - (const char *)sample.ptr) + strlen("</device>");
	struct uc_error e;
	struct uc_cnf_info info;
	for (size_t len = 0; len < whole; len++)
		assert_fails(uc_cnf_read(uc_slice_of(sample.ptr, len), &info, &e), e, UC_EINPUT, "cnf-malformed");
	assert_ok(uc_cnf_read(uc_slice_of(sample.ptr, whole), &info, &e), e);
}

static void one_mebibyte_is_the_limit(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_cnf_info info;
	UC_CLEANUP(uc_buf_free) struct uc_buf big = UC_BUF_EMPTY;
	uc_buf_add_str(&big, "<device>");
	while (big.len < UC_CNF_MAX - strlen("</device>")) uc_buf_add_u8(&big, ' ');
	uc_buf_add_str(&big, "</device>");
	assert_int_equal(big.len, UC_CNF_MAX);
	assert_ok(uc_cnf_read(uc_buf_slice(&big), &info, &e), e);
	uc_buf_add_u8(&big, '\n');
	assert_fails(uc_cnf_read(uc_buf_slice(&big), &info, &e), e, UC_ELIMIT, "cnf-too-large");
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	assert_fails(uc_cnf_fill(uc_buf_slice(&big), &UC_CNF_FILL, &out, &e), e, UC_ELIMIT, "cnf-too-large");
	assert_fails(uc_cnf_stub(uc_buf_slice(&big), "", &out, &e), e, UC_ELIMIT, "cnf-too-large");
}

static void nesting_without_end_is_refused(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_cnf_info info;
	UC_CLEANUP(uc_buf_free) struct uc_buf deep = UC_BUF_EMPTY;
	for (int i = 0; i < 20000; i++) uc_buf_add_str(&deep, "<device>");
	for (int i = 0; i < 20000; i++) uc_buf_add_str(&deep, "</device>");
	assert_fails(uc_cnf_read(uc_buf_slice(&deep), &info, &e), e, UC_EINPUT, "cnf-malformed");
}

/* ---- filling ---- */

static void nothing_to_fill_changes_no_byte(void **state)
{
	(void)state;
	static const char *const contents[] = {
	    "<device/>",
	    "\xef\xbb\xbf<?xml version='1.0' encoding=\"utf-8\" standalone='yes' ?>\r\n<!-- a -->\r\n<?pbx do?>\r\n<device  a = 'x>y' >\r\n"
	    "\t<b></b><c/><d ><![CDATA[</device>]]></d>&#65;&amp;\r\n</device >\r\n<!-- after -->\r\n",
	};
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) assert_filled(text(contents[i]), &UC_CNF_FILL, contents[i]);
	UC_CLEANUP(uc_buf_free) struct uc_buf sample = load("peer.cnf.xml");
	UC_CLEANUP(uc_freep) char *same = filled(uc_buf_slice(&sample), &UC_CNF_FILL);
	assert_true(uc_slice_eq(uc_slice_str(same), uc_buf_slice(&sample)));
}

static void the_sample_is_filled_and_nothing_else_in_it_changes(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf sample = load("peer.cnf.xml");
	UC_CLEANUP(uc_strv_free) struct uc_strv tvs = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv capf = {.items = NULL};
	add_all(&tvs, (const char *const[]){"ucm2.example.test", "ucm1.example.test"}, 2);
	uc_strv_add(&capf, "ucm9.example.test");
	const struct uc_cnf_fill fill = {
	    .tvs = &tvs, .capf = &capf, .cert_hash = "00112233445566778899aabbccddeeff", .capf_auth_mode = 0, .encrypted = 1};
	UC_CLEANUP(uc_freep) char *got = filled(uc_buf_slice(&sample), &fill);
	struct uc_cnf_info info = read_info(text(got));
	assert_true(info.encrypted && info.full);
	assert_int_equal(info.capf_auth_mode, 0);
	assert_string_equal(info.cert_hash, fill.cert_hash);

	UC_CLEANUP(uc_freep) char *before = uc_strndup((const char *)sample.ptr, sample.len);
	static const char *const pairs[][2] = {
	    {"\n    <members>\n      <member priority=\"0\"><port>2445</port><address>ucm1.example.test</address></member>\n    </members>\n  "
	     "</TVS>",
	     "<members><member priority=\"0\"><port>2445</port><address>ucm2.example.test</address></member><member priority=\"1\">"
	     "<port>2445</port><address>ucm1.example.test</address></member></members></TVS>"},
	    {"<capfAuthMode>2<", "<capfAuthMode>0<"},
	    {"\n    <capf><phonePort>3804</phonePort><processNodeName>ucm1.example.test</processNodeName></capf>\n  </capfList>",
	     "<capf><phonePort>3804</phonePort><processNodeName>ucm9.example.test</processNodeName></capf></capfList>"},
	    {"<certHash><", "<certHash>00112233445566778899aabbccddeeff<"},
	    {"<encrConfig>false<", "<encrConfig>true<"},
	};
	UC_CLEANUP(uc_buf_free) struct uc_buf want = UC_BUF_EMPTY;
	const char *rest = before;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		const char *at = strstr(rest, pairs[i][0]);
		assert_non_null(at);
		uc_buf_add(&want, rest, (size_t)(at - rest));
		uc_buf_add_str(&want, pairs[i][1]);
		rest = at + strlen(pairs[i][0]);
	}
	uc_buf_add_str(&want, rest);
	assert_true(uc_slice_eq(uc_slice_str(got), uc_buf_slice(&want)));
	assert_filled(text(got), &fill, got);
}

/* The same members, indented and commented otherwise, stay as the PBX wrote them. */
static void what_says_the_same_already_stays_as_it_is(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf sample = load("peer.cnf.xml");
	UC_CLEANUP(uc_strv_free) struct uc_strv one = {.items = NULL};
	uc_strv_add(&one, "ucm1.example.test");
	const struct uc_cnf_fill fill = {.tvs = &one, .capf = &one, .cert_hash = "", .capf_auth_mode = 2, .encrypted = 0};
	UC_CLEANUP(uc_freep) char *got = filled(uc_buf_slice(&sample), &fill);
	assert_true(uc_slice_eq(uc_slice_str(got), uc_buf_slice(&sample)));
	struct uc_cnf_fill just_tvs = UC_CNF_FILL;
	just_tvs.tvs = &one;
	const char *commented =
	    "<device><TVS><!-- ours --><members> <member priority='0'><port> 2445 </port><address>ucm1.example.test</address></member>"
	    "</members></TVS></device>";
	assert_filled(text(commented), &just_tvs, commented);
	assert_filled(
	    text("<device><TVS><members><member priority='0'><port>2446</port><address>ucm1.example.test</address></member></members>"
	         "</TVS></device>"),
	    &just_tvs,
	    "<device><TVS><members><member priority=\"0\"><port>2445</port><address>ucm1.example.test</address></member></members></TVS>"
	    "</device>");
}

static void what_is_missing_is_added_at_the_end(void **state)
{
	(void)state;
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.cert_hash = "";
	fill.encrypted = 1;
	assert_filled(text("<device/>"), &fill, "<device><certHash></certHash><encrConfig>true</encrConfig></device>");
	assert_filled(text("<device a='>' />"), &fill, "<device a='>' ><certHash></certHash><encrConfig>true</encrConfig></device>");
	assert_filled(text("<device></device>"), &fill, "<device><certHash></certHash><encrConfig>true</encrConfig></device>");
	assert_filled(text("<device>\n  <a/>\n</device>\n"), &fill,
	              "<device>\n  <a/>\n  <certHash></certHash>\n  <encrConfig>true</encrConfig>\n</device>\n");
	assert_filled(text("<device>\r\n  <a/>\r\n</device>\r\n"), &fill,
	              "<device>\r\n  <a/>\r\n  <certHash></certHash>\r\n  <encrConfig>true</encrConfig>\r\n</device>\r\n");
}

static void elements_with_attributes_keep_them(void **state)
{
	(void)state;
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.cert_hash = "ab";
	fill.encrypted = 0;
	fill.capf_auth_mode = 3;
	assert_filled(text("<device><certHash/><encrConfig a='/>' /><capfAuthMode b=\"'>\">1</capfAuthMode></device>"), &fill,
	              "<device><certHash>ab</certHash><encrConfig a='/>' >false</encrConfig><capfAuthMode b=\"'>\">3</capfAuthMode></device>");
}

static void repeated_elements_are_all_filled(void **state)
{
	(void)state;
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.encrypted = 1;
	assert_filled(text("<device><encrConfig>false</encrConfig><a><encrConfig>false</encrConfig></a><encrConfig/></device>"), &fill,
	              "<device><encrConfig>true</encrConfig><a><encrConfig>false</encrConfig></a><encrConfig>true</encrConfig></device>");
}

static void tags_in_comments_and_character_data_are_none(void **state)
{
	(void)state;
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.encrypted = 1;
	assert_filled(text("<!--><encrConfig>--><?x?><?p <encrConfig> ?><device a='>&lt;'><![CDATA[<encrConfig>]]><!-- </device> "
	                   "--><encrConfig>0</encrConfig></device>"),
	              &fill,
	              "<!--><encrConfig>--><?x?><?p <encrConfig> ?><device a='>&lt;'><![CDATA[<encrConfig>]]><!-- </device> "
	              "--><encrConfig>true</encrConfig></device>");
}

static void values_are_escaped(void **state)
{
	(void)state;
	UC_CLEANUP(uc_strv_free) struct uc_strv capf = {.items = NULL};
	uc_strv_add(&capf, "a<b>&\"\xc3\xa9\x01\xff");
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.capf = &capf;
	UC_CLEANUP(uc_freep) char *got = filled(text("<device><capfList/></device>"), &fill);
	assert_string_equal(
	    got, "<device><capfList><capf><phonePort>3804</phonePort><processNodeName>a&#60;b&#62;&#38;&#34;&#233;?\?</processNodeName></capf>"
	         "</capfList></device>");
	assert_filled(text(got), &fill, got);
}

static void the_encoding_of_the_file_is_kept(void **state)
{
	(void)state;
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.encrypted = 1;
	assert_filled(text("<?xml version='1.0' encoding='ISO-8859-1'?><device><a>caf\xe9</a></device>"), &fill,
	              "<?xml version='1.0' encoding='ISO-8859-1'?><device><a>caf\xe9</a><encrConfig>true</encrConfig></device>");
}

static struct uc_buf utf16(const char *ascii, bool big)
{
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add(&out, big ? "\xfe\xff" : "\xff\xfe", 2);
	for (const char *p = ascii; *p != '\0'; p++) {
		uc_buf_add_u8(&out, big ? 0 : (uint8_t)*p);
		uc_buf_add_u8(&out, big ? (uint8_t)*p : 0);
	}
	return out;
}

static void utf16_is_read_and_filled_as_utf8(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		UC_CLEANUP(uc_buf_free)
		struct uc_buf content =
		    utf16("<?xml version='1.0' encoding='UTF-16'?><device><b/><encrConfig>true</encrConfig></device>", big != 0);
		assert_true(read_info(uc_buf_slice(&content)).encrypted);
		struct uc_cnf_fill fill = UC_CNF_FILL;
		fill.cert_hash = "ab";
		assert_filled(
		    uc_buf_slice(&content), &fill,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device><b/><encrConfig>true</encrConfig><certHash>ab</certHash></device>\n");
		/* Without anything to fill in it stays what it is. */
		struct uc_error e;
		UC_CLEANUP(uc_buf_free) struct uc_buf same = UC_BUF_EMPTY;
		assert_ok(uc_cnf_fill(uc_buf_slice(&content), &UC_CNF_FILL, &same, &e), e);
		assert_true(uc_slice_eq(uc_buf_slice(&same), uc_buf_slice(&content)));
	}
}

static void more_than_five_members_are_refused(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv many = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	struct uc_cnf_fill fill = UC_CNF_FILL;
	fill.tvs = &many;
	for (int i = 0; i < UC_CNF_MAX_MEMBERS; i++) uc_strv_add(&many, "n");
	assert_ok(uc_cnf_fill(text("<device/>"), &fill, &out, &e), e);
	uc_strv_add(&many, "n");
	assert_fails(uc_cnf_fill(text("<device/>"), &fill, &out, &e), e, UC_EREFUSED, "cnf-too-many");
	assert_non_null(strstr(e.message, "6 TVS servers"));
	fill = UC_CNF_FILL;
	fill.capf = &many;
	assert_fails(uc_cnf_fill(text("<device/>"), &fill, &out, &e), e, UC_EREFUSED, "cnf-too-many");
	assert_non_null(strstr(e.message, "6 CAPF servers"));
}

/* ---- stub and hash ---- */

static void the_stub_holds_what_a_phone_needs_to_go_on(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf sample = load("peer.cnf.xml");
	UC_CLEANUP(uc_buf_free) struct uc_buf stub = UC_BUF_EMPTY;
	assert_ok(uc_cnf_stub(uc_buf_slice(&sample), "00112233445566778899aabbccddeeff", &stub, &e), e);
	struct uc_cnf_info info = read_info(uc_buf_slice(&stub));
	assert_true(info.encrypted);
	assert_false(info.full);
	UC_CLEANUP(uc_freep) char *got = uc_buf_take_str(&stub);
	assert_string_equal(
	    got, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n  <fullConfig>false</fullConfig>\n  <ipAddressMode>0</ipAddressMode>\n"
	         "  <loadInformation>sip88xx.14-2-1-0101-26</loadInformation>\n  <capfAuthMode>2</capfAuthMode>\n  <capfList>\n"
	         "    <capf><phonePort>3804</phonePort><processNodeName>ucm1.example.test</processNodeName></capf>\n  </capfList>\n"
	         "  <certHash>00112233445566778899aabbccddeeff</certHash>\n  <encrConfig>true</encrConfig>\n</device>\n");
}

/* Secrets of the full configuration are not in it, whatever it is encoded in. */
static void the_stub_holds_nothing_else(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf stub = UC_BUF_EMPTY;
	assert_ok(
	    uc_cnf_stub(
	        text("<?xml version='1.0' encoding='ISO-8859-1'?><device><authPassword>geheim</authPassword><loadInformation a='1'>caf\xe9"
	             "</loadInformation><encrConfig>true</encrConfig></device>"),
	        "", &stub, &e),
	    e);
	UC_CLEANUP(uc_freep) char *got = uc_buf_take_str(&stub);
	assert_string_equal(
	    got,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n  <fullConfig>false</fullConfig>\n"
	    "  <loadInformation a=\"1\">caf\xc3\xa9</loadInformation>\n  <certHash></certHash>\n  <encrConfig>true</encrConfig>\n</device>\n");
}

/* formats.md 4.3: MD5 of the DER; this value is what `openssl x509 -fingerprint -md5` says of the sample's device certificate. */
static void the_hash_of_a_certificate_is_the_md5_of_its_der(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = load("peer-certs.pem");
	UC_CLEANUP(uc_input_free) struct uc_input in = {.count = 0};
	assert_ok(uc_input_read(uc_buf_slice(&pem), NULL, UC_INPUT_TAKE_KEYS, &in, &e), e);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	size_t certs = 0;
	for (size_t i = 0; i < in.count; i++) {
		if (in.items[i].kind != UC_INPUT_CERT || certs++ != 7) continue; /* sast, sast2, ccm, capf, tvs, app, tftp-ec, dev */
		assert_ok(uc_cert_read(uc_buf_slice(&in.items[i].der), &c, &e), e);
	}
	assert_non_null(c);
	char hash[UC_CNF_HASH_LEN];
	uc_cnf_cert_hash(c, hash);
	assert_string_equal(hash, "354fb210de93ead9a176db859100de8b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_sample_is_read),
	    cmocka_unit_test(what_is_missing_has_its_default),
	    cmocka_unit_test(values_are_read_with_blanks_around_and_in_any_case),
	    cmocka_unit_test(what_is_no_md5_and_no_number_is_none),
	    cmocka_unit_test(repeated_elements_are_encrypted_when_any_says_so),
	    cmocka_unit_test(only_children_of_the_root_count),
	    cmocka_unit_test(the_default_configuration_is_read),
	    cmocka_unit_test(bad_input_is_refused_with_its_reason),
	    cmocka_unit_test(entities_that_multiply_are_refused),
	    cmocka_unit_test(every_truncation_of_the_sample_is_refused),
	    cmocka_unit_test(one_mebibyte_is_the_limit),
	    cmocka_unit_test(nesting_without_end_is_refused),
	    cmocka_unit_test(nothing_to_fill_changes_no_byte),
	    cmocka_unit_test(the_sample_is_filled_and_nothing_else_in_it_changes),
	    cmocka_unit_test(what_says_the_same_already_stays_as_it_is),
	    cmocka_unit_test(what_is_missing_is_added_at_the_end),
	    cmocka_unit_test(elements_with_attributes_keep_them),
	    cmocka_unit_test(repeated_elements_are_all_filled),
	    cmocka_unit_test(tags_in_comments_and_character_data_are_none),
	    cmocka_unit_test(values_are_escaped),
	    cmocka_unit_test(the_encoding_of_the_file_is_kept),
	    cmocka_unit_test(utf16_is_read_and_filled_as_utf8),
	    cmocka_unit_test(more_than_five_members_are_refused),
	    cmocka_unit_test(the_stub_holds_what_a_phone_needs_to_go_on),
	    cmocka_unit_test(the_stub_holds_nothing_else),
	    cmocka_unit_test(the_hash_of_a_certificate_is_the_md5_of_its_der),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
