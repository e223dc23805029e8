#include "uc_test.h"

#include <locale.h>

#include "cli/output.h"

/* What a function printed. */
struct capture {
	FILE *out;
	char *text;
	size_t len;
};

static void capture_open(struct capture *c)
{
	c->out = open_memstream(&c->text, &c->len);
	assert_non_null(c->out);
}

static void capture_check(struct capture *c, const char *wanted)
{
	fclose(c->out);
	assert_string_equal(c->text, wanted);
	free(c->text);
}

#define EVIL "\x1b[31mred\x07\x7f\xc2\x9b\xff"

static void a_line_stays_one_line_and_harmless(void **state)
{
	(void)state;
	struct capture c;
	capture_open(&c);
	uc_out_line(c.out, "%s|%s", "a\nb\tc\r", EVIL);
	capture_check(&c, "a?b?c?|?[31mred?????\n");
}

static void text_keeps_its_lines_and_nothing_else(void **state)
{
	(void)state;
	struct capture c;
	capture_open(&c);
	uc_out_text(c.out, uc_slice_str("one\n\ttwo " EVIL "\n"));
	uc_out_text(c.out, uc_slice_of("nul\0last", 8));
	uc_out_text(c.out, uc_slice_of(NULL, 0));
	/* A byte that is no UTF-8 is shown as U+FFFD, NUL too. */
	capture_check(&c, "one\n\ttwo ?[31mred????\xef\xbf\xbd\nnul\xef\xbf\xbdlast\n");
}

static void json_escapes_what_terminals_obey(void **state)
{
	(void)state;
	struct capture c;
	UC_CLEANUP(uc_json_free) json_t *json = json_pack("{s:s}", "k", "\x1b\x7f\xc2\x9b \xc3\xa5");
	capture_open(&c);
	uc_out_json(c.out, json);
	fclose(c.out);
	assert_string_equal(c.text, "{\n  \"k\": \"\\u001B\\u007f\\u009b \xc3\xa5\"\n}\n");
	UC_CLEANUP(uc_json_free) json_t *again = json_loads(c.text, 0, NULL);
	assert_true(json_equal(json, again));
	free(c.text);
}

static void columns_count_what_a_terminal_shows(void **state)
{
	(void)state;
	assert_int_equal(uc_text_columns(""), 0);
	assert_int_equal(uc_text_columns("plain"), 5);
	assert_int_equal(uc_text_columns("Zo\xc3\xab"), 3);
	assert_int_equal(uc_text_columns("Zoe\xcc\x88"), 3);
	assert_int_equal(uc_text_columns("\xe8\xa8\xbc\xe6\x98\x8e"), 4);
}

static void a_table_is_aligned(void **state)
{
	(void)state;
	struct capture c;
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	uc_table_add(&t, (const char *const[]){"A", "NAME", "END"}, 3);
	uc_table_add(&t, (const char *const[]){"1", "\xe8\xa8\xbc", "x"}, 3);
	uc_table_add(&t, (const char *const[]){"22", "Zo\xc3\xab\n"}, 2);
	uc_table_add(&t, (const char *const[]){"3", "", "y", "cut"}, 4);
	capture_open(&c);
	uc_table_print(&t, c.out, 1);
	capture_check(&c, " A   NAME  END\n"
	                  " 1   \xe8\xa8\xbc    x\n"
	                  " 22  Zo\xc3\xab?  -\n"
	                  " 3   -     y\n");
}

static void an_empty_table_prints_nothing(void **state)
{
	(void)state;
	struct capture c;
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	capture_open(&c);
	uc_table_print(&t, c.out, 0);
	fflush(c.out);
	assert_int_equal(c.len, 0);
	capture_check(&c, "");
}

static void members_are_read_whatever_they_are(void **state)
{
	(void)state;
	UC_CLEANUP(uc_json_free)
	json_t *o = json_pack("{s:s,s:i,s:b,s:[s,i,s],s:n}", "text", "a", "number", 7, "flag", 1, "list", "x", 3, "y", "null");
	assert_string_equal(uc_json_text(o, "text"), "a");
	assert_string_equal(uc_json_text(o, "number"), "");
	assert_string_equal(uc_json_text(o, "none"), "");
	assert_string_equal(uc_json_text(NULL, "text"), "");
	assert_int_equal(uc_json_number(o, "number", -1), 7);
	assert_int_equal(uc_json_number(o, "text", -1), -1);
	static const char *const shown[][2] = {{"text", "a"}, {"number", "7"}, {"flag", "yes"}, {"list", "x, y"}, {"null", ""}, {"none", ""}};
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		UC_CLEANUP(uc_freep) char *text = uc_json_shown(o, shown[i][0]);
		assert_string_equal(text, shown[i][1]);
	}
}

static void expiry_says_when_and_how_far(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"{\"not_after\":\"2031-07-01T10:00:00Z\",\"expires\":\"in 23 days\"}", "2031-07-01T10:00:00Z, in 23 days"},
	    {"{\"not_after\":\"9999-12-31T23:59:59Z\",\"expires\":\"never\"}", "never"},
	    {"{\"not_after\":\"2031-07-01T10:00:00Z\"}", "2031-07-01T10:00:00Z"},
	    {"{\"not_after\":null,\"expires\":null,\"state\":\"malformed\"}", "malformed"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_json_free) json_t *row = json_loads(rows[i][0], 0, NULL);
		UC_CLEANUP(uc_freep) char *text = uc_json_expiry(row);
		assert_string_equal(text, rows[i][1]);
	}
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_stays_one_line_and_harmless),
	    cmocka_unit_test(text_keeps_its_lines_and_nothing_else),
	    cmocka_unit_test(json_escapes_what_terminals_obey),
	    cmocka_unit_test(columns_count_what_a_terminal_shows),
	    cmocka_unit_test(a_table_is_aligned),
	    cmocka_unit_test(an_empty_table_prints_nothing),
	    cmocka_unit_test(members_are_read_whatever_they_are),
	    cmocka_unit_test(expiry_says_when_and_how_far),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
