/* src/core/text.c: encodings, UTF-8, names and lists. */
#include "uc_test.h"

#include <jansson.h>
#include <openssl/evp.h>

#include "core/text.h"

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void hexadecimal_round_trip(void **state)
{
	(void)state;
	uint8_t all[256];
	for (size_t i = 0; i < sizeof all; i++) all[i] = (uint8_t)i;
	for (size_t len = 0; len <= sizeof all; len += 5)
		for (int with_colons = 0; with_colons < 2; with_colons++) {
			UC_CLEANUP(uc_freep) char *text = uc_hex(uc_slice_of(all, len), with_colons ? ':' : '\0');
			UC_CLEANUP(uc_buf_free) struct uc_buf back = UC_BUF_EMPTY;
			assert_true(uc_unhex(text, &back));
			assert_true(uc_slice_eq(uc_buf_slice(&back), uc_slice_of(all, len)));
		}
	UC_CLEANUP(uc_freep) char *text = uc_hex(uc_slice_of("\x00\xab\xff", 3), ':');
	assert_string_equal(text, "00:ab:ff");
}

static void wrong_hexadecimal_is_refused_and_adds_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {"a", "abc", "0g", "g0", "00 11", "00:", ":00", "00::11", "0:1", "00-11", "0x00", "00\n"};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_str(&out, "kept");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(uc_unhex(bad[i], &out));
		assert_true(uc_slice_eq(uc_buf_slice(&out), uc_slice_str("kept")));
	}
	assert_true(uc_unhex("0aFF", &out));
	assert_true(uc_slice_eq(uc_buf_slice(&out), uc_slice_of("kept\x0a\xff", 6)));
}

static void base64_vectors_of_RFC_4648(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_freep) char *text = uc_base64(uc_slice_str(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		UC_CLEANUP(uc_buf_free) struct uc_buf back = UC_BUF_EMPTY;
		assert_true(uc_unbase64(uc_slice_str(rows[i][1]), &back));
		assert_true(uc_slice_eq(uc_buf_slice(&back), uc_slice_str(rows[i][0])));
	}
}

static void base64_agrees_with_OpenSSL(void **state)
{
	(void)state;
	uint32_t seed = 3;
	for (size_t len = 0; len < 300; len++) {
		uint8_t data[300];
		for (size_t i = 0; i < len; i++) data[i] = (uint8_t)next_random(&seed);
		char want[404];
		EVP_EncodeBlock((unsigned char *)want, data, (int)len);
		UC_CLEANUP(uc_freep) char *text = uc_base64(uc_slice_of(data, len));
		assert_string_equal(text, want);
		/* Lines of 64 characters, as in PEM. */
		UC_CLEANUP(uc_buf_free) struct uc_buf lines = UC_BUF_EMPTY;
		for (size_t i = 0; text[i] != '\0'; i++) {
			uc_buf_add_u8(&lines, (uint8_t)text[i]);
			if (i % 64 == 63) uc_buf_add_str(&lines, "\r\n");
		}
		UC_CLEANUP(uc_buf_free) struct uc_buf back = UC_BUF_EMPTY;
		assert_true(uc_unbase64(uc_buf_slice(&lines), &back));
		assert_true(uc_slice_eq(uc_buf_slice(&back), uc_slice_of(data, len)));
	}
}

/* RFC 4648 section 5; the last two bytes need '-' and '_'. */
static void base64url_has_one_text_for_each_bytes(void **state)
{
	(void)state;
	static const char *const rows[][2] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
	                                      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf back = UC_BUF_EMPTY;
		UC_CLEANUP(uc_freep) char *text = uc_base64url(uc_slice_str(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		assert_true(uc_unbase64url(uc_slice_str(text), &back));
		assert_true(uc_slice_eq(uc_buf_slice(&back), uc_slice_str(rows[i][0])));
	}
	static const char *const bad[] = {"Z", "Zg==", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "+/+/", "-_-/", "Zm9v=", "====", "Zm9v.", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		uc_buf_add_str(&out, "x");
		if (uc_unbase64url(uc_slice_str(bad[i]), &out)) fail_msg("'%s' was read", bad[i]);
		assert_int_equal(out.len, 1);
	}
}

static void wrong_base64_is_refused_and_adds_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "Z",    "Zg",     "Zg=",      "Zm8",   "=",         "==",   "===",  "====",   "Z===", "Z=g=",       "Zg==Zg==",
	    "Zg=a", "Zm8=Zg", "Zm9v====", "Zm9v=", "Zm9vZg===", "Zm9-", "Zm9_", "Zm9v\v", "Zm.v", "\xc3\xa4Zm", "Zm8=="};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_str(&out, "kept");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(uc_unbase64(uc_slice_str(bad[i]), &out));
		assert_true(uc_slice_eq(uc_buf_slice(&out), uc_slice_str("kept")));
	}
	assert_false(uc_unbase64(uc_slice_of("Zm9v\0", 5), &out));
}

/* jansson refuses what is not UTF-8 by a decoder of its own: our answers must be the same, or JSON output would have holes. */
static bool jansson_takes(struct uc_slice s)
{
	json_t *value = json_stringn((const char *)s.ptr, s.len);
	json_decref(value);
	return value != NULL;
}

static void utf8_agrees_with_another_decoder_on_all_short_sequences(void **state)
{
	(void)state;
	long differences = 0;
	for (unsigned v = 0; v < 0x10000; v++) {
		const uint8_t bytes[] = {(uint8_t)(v >> 8), (uint8_t)v};
		differences += uc_utf8_valid(uc_slice_of(bytes, 2)) != jansson_takes(uc_slice_of(bytes, 2));
	}
	for (unsigned v = 0xe00000; v < 0xf00000; v++) {
		const uint8_t bytes[] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
		differences += uc_utf8_valid(uc_slice_of(bytes, 3)) != jansson_takes(uc_slice_of(bytes, 3));
	}
	static const uint8_t edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff};
	for (unsigned lead = 0xf0; lead <= 0xff; lead++)
		for (unsigned second = 0; second < 256; second++)
			for (size_t i = 0; i < sizeof edges * sizeof edges; i++) {
				const uint8_t bytes[] = {(uint8_t)lead, (uint8_t)second, edges[i / sizeof edges], edges[i % sizeof edges]};
				differences += uc_utf8_valid(uc_slice_of(bytes, 4)) != jansson_takes(uc_slice_of(bytes, 4));
			}
	assert_int_equal(differences, 0);
}

static void utf8_that_ends_early_is_malformed(void **state)
{
	(void)state;
	static const char *const whole[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
		size_t len = strlen(whole[i]);
		assert_true(uc_utf8_valid(uc_slice_of(whole[i], len)));
		for (size_t cut = 1; cut < len; cut++) {
			/* On the heap with no byte to spare, so that a read beyond the end is seen. */
			UC_CLEANUP(uc_freep) char *part = uc_memdup(whole[i], cut);
			assert_false(uc_utf8_valid(uc_slice_of(part, cut)));
		}
	}
	assert_true(uc_utf8_valid(uc_slice_of(NULL, 0)));
}

static void cleaning_keeps_good_text_and_marks_bad_bytes(void **state)
{
	(void)state;
	static const struct {
		struct uc_slice in;
		const char *out;
	} rows[] = {
	    {{(const uint8_t *)"", 0}, ""},
	    {{(const uint8_t *)"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80", 16}, "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80"},
	    {{(const uint8_t *)"M\xfcller", 6}, "M\xef\xbf\xbdller"},
	    {{(const uint8_t *)"a\0b", 3},
	     "a\xef\xbf\xbd"
	     "b"},
	    {{(const uint8_t *)"\xe2\x82", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
	    {{(const uint8_t *)"\xed\xa0\x80", 3}, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_freep) char *text = uc_utf8_clean(rows[i].in);
		assert_string_equal(text, rows[i].out);
	}
}

static void printable_text_has_no_control_and_is_utf8(void **state)
{
	(void)state;
	char text[] = "a\nb\x1b[31m\x7f\xc2\x85\xc2\xa0\xff\xe2\x82";
	assert_string_equal(uc_text_printable(text), "a?b?[31m?\?\?\xc2\xa0?\?\?");
	char reordered[] = "moc.\xe2\x80\xae"
	                   "elpmaxe"; /* U+202E: shown as example.com */
	assert_string_equal(uc_text_printable(reordered), "moc.?\?\?elpmaxe");
	uint32_t seed = 5;
	for (int round = 0; round < 20000; round++) {
		char random[24];
		size_t len = next_random(&seed) % (sizeof random - 1);
		for (size_t i = 0; i < len; i++) random[i] = (char)(1 + next_random(&seed) % 255);
		random[len] = '\0';
		uc_text_printable(random);
		assert_int_equal(strlen(random), len);
		assert_true(uc_utf8_valid(uc_slice_str(random)));
		for (size_t i = 0; i < len; i++) assert_true((unsigned char)random[i] >= 0x20 && random[i] != 0x7f);
		char again[24];
		memcpy(again, random, sizeof again);
		assert_string_equal(uc_text_printable(again), random);
	}
}

static void folding_makes_letters_lower_case_and_is_stable(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"ABCxyz019-_", "abcxyz019-_"},
	    {"\xc3\x84\xc3\x96\xc3\x9c\xc3\x9f\xc3\x97", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\x97"},
	    {"\xce\x91\xce\xa9\xce\x86\xce\x88\xce\x8a\xce\x8c\xce\x8e\xce\x8f",
	     "\xce\xb1\xcf\x89\xce\xac\xce\xad\xce\xaf\xcf\x8c\xcf\x8d\xcf\x8e"},
	    {"\xd0\x90\xd0\xaf\xd0\x81", "\xd0\xb0\xd1\x8f\xd1\x91"},
	    {"bad \xff\xc3 bytes", "bad \xff\xc3 bytes"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_freep) char *folded = uc_fold(rows[i][0]);
		assert_string_equal(folded, rows[i][1]);
		UC_CLEANUP(uc_freep) char *twice = uc_fold(folded);
		assert_string_equal(twice, folded);
	}
}

static void prefixes_suffixes_and_case(void **state)
{
	(void)state;
	assert_true(uc_starts_with("tomcat-trust", "tomcat") && uc_starts_with("x", ""));
	assert_false(uc_starts_with("tom", "tomcat"));
	assert_true(uc_ends_with("tomcat-trust", "-trust") && uc_ends_with("x", ""));
	assert_false(uc_ends_with("trust", "-trust"));
	assert_true(uc_eq_nocase("CallManager-Trust", "callmanager-trust") && uc_eq_nocase("", ""));
	assert_false(uc_eq_nocase("ab", "abc"));
	assert_false(uc_eq_nocase("[", "{"));
	assert_false(uc_eq_nocase("\xc3\x84", "\xc3\xa4"));
}

static void numbers_are_whole_unsigned_and_in_range_C65(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "", " 1", "1 ", "+1", "-1", "0x1", "1e3", "1.0", "1a", "18446744073709551616", "99999999999999999999999", "\xd9\xa1"};
	unsigned long long v = 7;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(uc_parse_u64(bad[i], 0, UINT64_MAX, &v));
	assert_false(uc_parse_u64("9", 10, 20, &v));
	assert_false(uc_parse_u64("21", 10, 20, &v));
	assert_true(v == 7);
	assert_true(uc_parse_u64("10", 10, 20, &v) && v == 10);
	assert_true(uc_parse_u64("0020", 10, 20, &v) && v == 20);
	assert_true(uc_parse_u64("18446744073709551615", 0, UINT64_MAX, &v) && v == UINT64_MAX);
}

static void a_safe_name_is_one_path_component_whatever_the_subject_holds(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"", ""},
	    {"ccm.example.com", "ccm.example.com"},
	    {"../../etc/passwd", "_._.._etc_passwd"},
	    {".", "_"},
	    {"..", "_."},
	    {"a/b\\c:d e", "a_b_c_d_e"},
	    {"M\xc3\xbcller", "M__ller"},
	    {"*.example.com", "_.example.com"},
	    {"user@host", "user@host"},
	    {"a\nb\x1b", "a_b_"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_safe_name(rows[i][0]);
		assert_string_equal(name, rows[i][1]);
	}
	char text[301];
	memset(text, 'x', 300);
	text[300] = '\0';
	UC_CLEANUP(uc_freep) char *cut = uc_safe_name(text);
	assert_int_equal(strlen(cut), 200);
}

static void lists_of_strings(void **state)
{
	(void)state;
	UC_CLEANUP(uc_strv_free) struct uc_strv v = {.items = NULL};
	uc_strv_split(&v, " b , a,,\t, b ,c d", ',');
	UC_CLEANUP(uc_freep) char *joined = uc_strv_join(&v, "|");
	assert_string_equal(joined, "b|a|b|c d");
	assert_true(uc_strv_has(&v, "c d"));
	assert_false(uc_strv_has(&v, "c"));
	uc_strv_add(&v, "a");
	uc_strv_sort_unique(&v);
	UC_CLEANUP(uc_freep) char *sorted = uc_strv_join(&v, ",");
	assert_string_equal(sorted, "a,b,c d");
	uc_strv_free(&v);
	uc_strv_sort_unique(&v);
	uc_strv_split(&v, "", ',');
	UC_CLEANUP(uc_freep) char *none = uc_strv_join(&v, ",");
	assert_string_equal(none, "");
	assert_int_equal(v.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hexadecimal_round_trip),
	    cmocka_unit_test(wrong_hexadecimal_is_refused_and_adds_nothing),
	    cmocka_unit_test(base64_vectors_of_RFC_4648),
	    cmocka_unit_test(base64url_has_one_text_for_each_bytes),
	    cmocka_unit_test(base64_agrees_with_OpenSSL),
	    cmocka_unit_test(wrong_base64_is_refused_and_adds_nothing),
	    cmocka_unit_test(utf8_agrees_with_another_decoder_on_all_short_sequences),
	    cmocka_unit_test(utf8_that_ends_early_is_malformed),
	    cmocka_unit_test(cleaning_keeps_good_text_and_marks_bad_bytes),
	    cmocka_unit_test(printable_text_has_no_control_and_is_utf8),
	    cmocka_unit_test(folding_makes_letters_lower_case_and_is_stable),
	    cmocka_unit_test(prefixes_suffixes_and_case),
	    cmocka_unit_test(numbers_are_whole_unsigned_and_in_range_C65),
	    cmocka_unit_test(a_safe_name_is_one_path_component_whatever_the_subject_holds),
	    cmocka_unit_test(lists_of_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
