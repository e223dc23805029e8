#include "uc_test.h"

#include <time.h>

#include "pki/asn1time.h"

static const char *const zones[] = {"UTC", "Asia/Tokyo", "America/Los_Angeles", "Australia/Lord_Howe", "<-12>12", "Europe/Dublin"};

static struct uc_asn1_time read_time(uint8_t tag, const char *text)
{
	struct uc_der element = {.tag = tag, .content = uc_slice_str(text)};
	return uc_asn1_time_read(&element);
}

/* T3, C62, C63: every form that is not the one allowed is refused, in both types, and the value is quoted. */
static void t3_malformed_forms_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *utc, *general, *fault;
	} forms[] = {
	    {"301231235959.5Z", "20301231235959.5Z", "has a fraction of a second"},
	    {"301231235959,25Z", "20301231235959,25Z", "has a fraction of a second"},
	    {"301231235959.Z", "20301231235959.Z", "has a fraction of a second"},
	    {"3012312359Z", "203012312359Z", "has no seconds"},
	    {"3012312359", "203012312359", "has no seconds"},
	    {"3012312359+0100", "203012312359+0100", "has no seconds"},
	    {"301231235959+0100", "20301231235959+0100", "has an offset from GMT instead of Z"},
	    {"301231235959-0500", "20301231235959-0500", "has an offset from GMT instead of Z"},
	    {"301231235959+0000", "20301231235959+0000", "has an offset from GMT instead of Z"},
	    {"301231235959", "20301231235959", "does not end in Z"},
	    {"301231235959z", "20301231235959z", "does not end in Z"},
	    {"301231235959Z ", "20301231235959Z ", "has characters after the Z"},
	    {"301231235959ZZ", "20301231235959ZZ", "has characters after the Z"},
	    {"300230000000Z", "20300230000000Z", "is a date or time that does not exist"},
	    {"310229000000Z", "20310229000000Z", "is a date or time that does not exist"},
	    {"301231235960Z", "20301231235960Z", "is a date or time that does not exist"},
	    {"301231240000Z", "20301231240000Z", "is a date or time that does not exist"},
	    {"301231236000Z", "20301231236000Z", "is a date or time that does not exist"},
	    {"301331000000Z", "20301331000000Z", "is a date or time that does not exist"},
	    {"300031000000Z", "20300031000000Z", "is a date or time that does not exist"},
	    {"301200000000Z", "20301200000000Z", "is a date or time that does not exist"},
	    {"", "", "is empty"},
	    {"never", "never", "is not a time"},
	    {"Z", "Z", "is not a time"},
	    {"-01231235959Z", "-0301231235959Z", "is not a time"},
	    {" 301231235959Z", " 20301231235959Z", "is not a time"},
	    {"30123123595Z", "2030123123595Z", "has the wrong number of digits"},
	    {"20301231235959Z", "3020301231235959Z", "has the wrong number of digits"},
	};
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
		setenv("TZ", zones[z], 1);
		tzset();
		for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
			for (int general = 0; general < 2; general++) {
				const char *text = general ? forms[i].general : forms[i].utc;
				struct uc_asn1_time t = read_time(general ? UC_DER_GENERALIZED_TIME : UC_DER_UTC_TIME, text);
				assert_false(t.ok);
				assert_string_equal(t.fault, forms[i].fault);
				UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(&t);
				UC_CLEANUP(uc_freep) char *want = uc_sprintf("%s '%s'", general ? "GeneralizedTime" : "UTCTime", text);
				assert_string_equal(quote, want);
			}
		}
	}
}

/* C58, C59, C61, C70: right forms give the right second in every time zone, from year 0 to 9999. */
static void c58_right_forms_are_read_with_64_bits(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		const char *text;
		uc_time value;
		bool wrong_type;
	} rows[] = {
	    {UC_DER_UTC_TIME, "700101000000Z", 0, false},
	    {UC_DER_UTC_TIME, "500101000000Z", -631152000, false},
	    {UC_DER_UTC_TIME, "380119031407Z", 2147483647, false},
	    {UC_DER_UTC_TIME, "380119031408Z", 2147483648, false},
	    {UC_DER_UTC_TIME, "390101000000Z", 2177452800, false},
	    {UC_DER_UTC_TIME, "491231235959Z", 2524607999, false},
	    {UC_DER_UTC_TIME, "000229120000Z", 951825600, false},
	    {UC_DER_GENERALIZED_TIME, "20500101000000Z", 2524608000, false},
	    {UC_DER_GENERALIZED_TIME, "20491231235959Z", 2524607999, true},
	    {UC_DER_GENERALIZED_TIME, "19700101000000Z", 0, true},
	    {UC_DER_GENERALIZED_TIME, "19491231235959Z", -631152001, true},
	    {UC_DER_GENERALIZED_TIME, "20991231235959Z", 4102444799, false},
	    {UC_DER_GENERALIZED_TIME, "21060207062816Z", 4294967296, false},
	    {UC_DER_GENERALIZED_TIME, "00000101000000Z", UC_TIME_MIN, true},
	    {UC_DER_GENERALIZED_TIME, "99991231235959Z", UC_TIME_MAX, false},
	};
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
		setenv("TZ", zones[z], 1);
		tzset();
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct uc_asn1_time t = read_time(rows[i].tag, rows[i].text);
			assert_true(t.ok);
			assert_null(t.fault);
			assert_true(t.value == rows[i].value);
			assert_int_equal(t.wrong_type, rows[i].wrong_type);
		}
	}
}

/* T3: what is no time at all is refused with a name that a person can read. */
static void t3_other_types_are_no_times(void **state)
{
	(void)state;
	struct uc_asn1_time t = read_time(0x0c, "301231235959Z");
	assert_false(t.ok);
	assert_string_equal(t.fault, "is neither UTCTime nor GeneralizedTime");
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(&t);
	assert_string_equal(quote, "element '301231235959Z'");
}

/* T3: a quote never carries control characters to a terminal, and is bounded. */
static void t3_quotes_are_printable_and_short(void **state)
{
	(void)state;
	struct uc_asn1_time t = read_time(UC_DER_UTC_TIME, "30\x1b[2J\n\xff");
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(&t);
	assert_string_equal(quote, "UTCTime '30?[2J?"
	                           "?'");
	char digits[5000];
	memset(digits, '1', sizeof digits - 1);
	digits[sizeof digits - 1] = '\0';
	t = read_time(UC_DER_GENERALIZED_TIME, digits);
	assert_string_equal(t.fault, "has the wrong number of digits");
	UC_CLEANUP(uc_freep) char *cut = uc_asn1_time_quote(&t);
	assert_true(strlen(cut) < 100);
	struct uc_der nothing = {.tag = UC_DER_UTC_TIME, .content = {.ptr = NULL}};
	t = uc_asn1_time_read(&nothing);
	assert_string_equal(t.fault, "is empty");
	UC_CLEANUP(uc_freep) char *empty = uc_asn1_time_quote(&t);
	assert_string_equal(empty, "UTCTime ''");
}

/* C62: an embedded NUL ends nothing. */
static void c62_a_nul_inside_is_a_fault(void **state)
{
	(void)state;
	static const char raw[] = "301231235959Z\0+0100";
	struct uc_der element = {.tag = UC_DER_UTC_TIME, .content = uc_slice_of(raw, sizeof raw - 1)};
	struct uc_asn1_time t = uc_asn1_time_read(&element);
	assert_false(t.ok);
	assert_string_equal(t.fault, "has characters after the Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(t3_malformed_forms_are_refused), cmocka_unit_test(c58_right_forms_are_read_with_64_bits),
	    cmocka_unit_test(t3_other_types_are_no_times),    cmocka_unit_test(t3_quotes_are_printable_and_short),
	    cmocka_unit_test(c62_a_nul_inside_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
