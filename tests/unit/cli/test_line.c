#include "uc_test.h"

#include "cli/line.h"

static void check_words(const char *text, const char *joined)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	assert_ok(uc_line_split(text, &words, &e), e);
	UC_CLEANUP(uc_freep) char *got = uc_strv_join(&words, "|");
	assert_string_equal(got, joined);
}

static void blanks_divide(void **state)
{
	(void)state;
	check_words("", "");
	check_words(" \t\r\n", "");
	check_words("  show\tcert  list own\r\n", "show|cert|list|own");
}

static void quotes_keep_blanks(void **state)
{
	(void)state;
	check_words("a 'b c' \"d e\" f' 'g", "a|b c|d e|f g");
	check_words("--where='issuer contains \"A B\"'", "--where=issuer contains \"A B\"");
	check_words("'' \"\" x", "||x");
	check_words("'a\\b' \"a\\b\" \"a\\\"b\\\\\"", "a\\b|a\\b|a\"b\\");
}

static void a_backslash_keeps_the_next_character(void **state)
{
	(void)state;
	check_words("a\\ b \\'c \\#d", "a b|'c|#d");
}

static void a_comment_ends_the_line(void **state)
{
	(void)state;
	check_words("# all of it", "");
	check_words("show a#b # rest 'open", "show|a#b");
}

static void an_open_quote_is_an_error(void **state)
{
	(void)state;
	struct uc_error e;
	static const char *const bad[] = {"show 'x", "show \"x'", "show x\\"};
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
		assert_fails(uc_line_split(bad[i], &words, &e), e, UC_EINPUT, "open-quote");
		assert_int_equal(words.count, 0);
	}
}

static void an_unfinished_line_tells_its_last_word(void **state)
{
	(void)state;
	struct uc_line line;
	uc_line_read("show  'ce rt", 12, &line);
	assert_int_equal(line.words.count, 1);
	assert_string_equal(line.partial, "ce rt");
	assert_int_equal(line.start, 6);
	assert_int_equal(line.quote, '\'');
	uc_line_free(&line);
	uc_line_read("show ", 5, &line);
	assert_null(line.partial);
	assert_int_equal(line.words.count, 1);
	uc_line_free(&line);
	/* Only as much as was asked for. */
	uc_line_read("show cert", 4, &line);
	assert_string_equal(line.partial, "show");
	uc_line_free(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blanks_divide),
	    cmocka_unit_test(quotes_keep_blanks),
	    cmocka_unit_test(a_backslash_keeps_the_next_character),
	    cmocka_unit_test(a_comment_ends_the_line),
	    cmocka_unit_test(an_open_quote_is_an_error),
	    cmocka_unit_test(an_unfinished_line_tells_its_last_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
