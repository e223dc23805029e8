#include "uc_test.h"

#include "cli/line.h"
#include "cli/shell_edit.h"
#include "core/file.h"

static void files_are_found_as_they_are_typed(void **state)
{
	(void)state;
	struct uc_error e;
	char *dir = uc_test_dir();
	static const char *const names[] = {"root.pem", "root two.pem", ".hidden", "sub/x"};
	UC_CLEANUP(uc_freep) char *sub = uc_sprintf("%s/sub", dir);
	assert_ok(uc_dir_make(sub, 0700, &e), e);
	for (size_t i = 0; i < 4; i++) {
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, names[i]);
		assert_ok(uc_file_write(path, uc_slice_str(""), 0600, &e), e);
	}
	static const char *const cases[][2] = {
	    {"", "root two.pem root.pem sub/"}, {"root", "root two.pem root.pem"}, {".h", ".hidden"}, {"none", ""}, {"sub/", "sub/x"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
		UC_CLEANUP(uc_freep) char *partial = uc_sprintf("%s/%s", dir, cases[i][0]);
		uc_edit_files(partial, &found);
		for (size_t k = 0; k < found.count; k++) {
			char *rest = uc_strdup(found.items[k] + strlen(dir) + 1);
			free(found.items[k]);
			found.items[k] = rest;
		}
		UC_CLEANUP(uc_freep) char *joined = uc_strv_join(&found, " ");
		assert_string_equal(joined, cases[i][1]);
	}
	UC_CLEANUP(uc_strv_free) struct uc_strv none = {.items = NULL};
	uc_edit_files("/nonexistent/x", &none);
	assert_int_equal(none.count, 0);
	uc_test_dir_remove(dir);
}

static void check_common(const char *words, const char *common)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {.items = NULL};
	uc_strv_split(&list, words, ' ');
	UC_CLEANUP(uc_freep) char *got = uc_edit_common(&list);
	assert_string_equal(got, common);
}

static void what_candidates_share_is_whole_characters(void **state)
{
	(void)state;
	check_common("", "");
	check_common("tomcat", "tomcat");
	check_common("tomcat tomcat-ECDSA TVS", "");
	check_common("tomcat-ECDSA tomcat", "tomcat");
	check_common("a\xc3\xa5 a\xc3\xa4", "a");
}

/* What is quoted for the line is read back as the same word. */
static void quoted_words_are_read_back(void **state)
{
	(void)state;
	static const char *const words[] = {"plain", "two words", "it's", "a\"b\\c", "#x", "tab\there"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_strv_free) struct uc_strv read = {.items = NULL};
		UC_CLEANUP(uc_freep) char *quoted = uc_edit_quoted(words[i]);
		assert_ok(uc_line_split(quoted, &read, &e), e);
		assert_int_equal(read.count, 1);
		assert_string_equal(read.items[0], words[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_are_found_as_they_are_typed),
	    cmocka_unit_test(what_candidates_share_is_whole_characters),
	    cmocka_unit_test(quoted_words_are_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
