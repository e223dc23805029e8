/* src/core/error.c: what an error object holds. */
#include "uc_test.h"

#include <errno.h>

#include "core/text.h"

static void a_failure_says_what_where_and_what_to_do(void **state)
{
	(void)state;
	struct uc_error e;
	assert_int_equal(uc_fail_field(&e, UC_ECONFLICT, "key-mismatch", "file", "Do this.", "'%s' at %d", "x", 7), UC_ECONFLICT);
	assert_int_equal(e.code, UC_ECONFLICT);
	assert_string_equal(e.id, "key-mismatch");
	assert_string_equal(e.field, "file");
	assert_string_equal(e.hint, "Do this.");
	assert_string_equal(e.message, "'x' at 7");
	assert_int_equal(uc_fail(&e, UC_EINPUT, "other", NULL, "second"), UC_EINPUT);
	assert_string_equal(e.field, "");
	assert_string_equal(e.hint, "");
	assert_string_equal(e.message, "second");
}

static void nobody_has_to_want_the_reason(void **state)
{
	(void)state;
	assert_int_equal(uc_fail(NULL, UC_EIO, "io", NULL, "%s", "x"), UC_EIO);
	assert_int_equal(uc_fail_errno(NULL, ENOSPC, "x"), UC_EFULL);
}

static void long_texts_are_cut_and_stay_utf8(void **state)
{
	(void)state;
	char text[4000];
	struct uc_error e;
	for (size_t start = 0; start < 2; start++) {
		memset(text, 'x', sizeof text);
		for (size_t i = start; i + 1 < sizeof text - 1; i += 2) memcpy(text + i, "\xc3\xa4", 2);
		text[sizeof text - 1] = '\0';
		uc_fail_field(&e, UC_EINPUT, text, text, text, "%s", text);
		assert_int_equal(strlen(e.message), sizeof e.message - 1);
		assert_int_equal(strlen(e.hint), sizeof e.hint - 1);
		assert_true(uc_utf8_valid(uc_slice_str(e.message)));
		assert_true(uc_utf8_valid(uc_slice_str(e.hint)));
		assert_true(uc_utf8_valid(uc_slice_str(e.field)));
	}
}

static void control_characters_of_an_upload_never_reach_the_terminal(void **state)
{
	(void)state;
	struct uc_error e;
	uc_fail_field(&e, UC_EINPUT, "bad", "a\nb", "c\rd", "name '%s'", "x\x1b[2J\n\x7f\xff");
	assert_string_equal(e.message, "name 'x?[2J?\?\?'");
	assert_string_equal(e.field, "a?b");
	assert_string_equal(e.hint, "c?d");
}

static void an_error_can_be_wrapped_in_a_longer_one(void **state)
{
	(void)state;
	struct uc_error e;
	uc_fail(&e, UC_EINPUT, "bad-time", "Write it so.", "inner");
	uc_fail(&e, e.code, e.id, e.hint, "file 3: %s", e.message);
	assert_string_equal(e.message, "file 3: inner");
	assert_string_equal(e.id, "bad-time");
	assert_string_equal(e.hint, "Write it so.");
}

static void system_errors_are_sorted_by_what_can_be_done_C143(void **state)
{
	(void)state;
	static const struct {
		int errnum;
		enum uc_status status;
		const char *id;
		bool hint;
	} rows[] = {
	    {ENOSPC, UC_EFULL, "disk-full", true}, {EDQUOT, UC_EFULL, "disk-full", true}, {EROFS, UC_EIO, "read-only", true},
	    {EIO, UC_EIO, "system", false},        {EACCES, UC_EIO, "system", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct uc_error e;
		assert_int_equal(uc_fail_errno(&e, rows[i].errnum, "cannot write %s", "f"), rows[i].status);
		assert_string_equal(e.id, rows[i].id);
		assert_int_equal(e.hint[0] != '\0', rows[i].hint);
		UC_CLEANUP(uc_freep) char *want = uc_sprintf("cannot write f: %s", strerror(rows[i].errnum));
		assert_string_equal(e.message, want);
	}
}

static enum uc_status fails(enum uc_status status)
{
	UC_TRY(UC_OK);
	UC_TRY(status);
	return UC_EINTERNAL;
}

static void trying_returns_the_first_failure(void **state)
{
	(void)state;
	assert_int_equal(fails(UC_ELIMIT), UC_ELIMIT);
	assert_int_equal(fails(UC_OK), UC_EINTERNAL);
}

static void every_status_has_its_own_name(void **state)
{
	(void)state;
	for (int a = UC_OK; a <= UC_EINTERNAL; a++) {
		assert_non_null(uc_status_name((enum uc_status)a));
		for (int b = UC_OK; b < a; b++) assert_string_not_equal(uc_status_name((enum uc_status)a), uc_status_name((enum uc_status)b));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failure_says_what_where_and_what_to_do),
	    cmocka_unit_test(nobody_has_to_want_the_reason),
	    cmocka_unit_test(long_texts_are_cut_and_stay_utf8),
	    cmocka_unit_test(control_characters_of_an_upload_never_reach_the_terminal),
	    cmocka_unit_test(an_error_can_be_wrapped_in_a_longer_one),
	    cmocka_unit_test(system_errors_are_sorted_by_what_can_be_done_C143),
	    cmocka_unit_test(trying_returns_the_first_failure),
	    cmocka_unit_test(every_status_has_its_own_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
