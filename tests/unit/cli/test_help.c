#include "uc_test.h"

#include "cli/commands.h"
#include "cli/help.h"

static char *help_for(const char *words)
{
	char *text = NULL;
	size_t len = 0;
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {.items = NULL};
	uc_strv_split(&list, words, ' ');
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	uc_help_print(&uc_grammar, &list, out);
	fclose(out);
	return text;
}

static void help_narrows_with_each_word(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *all = help_for("");
	assert_non_null(strstr(all, "show cert list own|trust"));
	assert_non_null(strstr(all, "--socket PATH"));
	assert_null(strstr(all, "complete"));
	UC_CLEANUP(uc_freep) char *some = help_for("show csr");
	assert_non_null(strstr(some, "show csr own PURPOSE"));
	assert_null(strstr(some, "show cert"));
	UC_CLEANUP(uc_freep) char *one = help_for("show csr own");
	assert_true(uc_starts_with(one, "Usage: show csr own PURPOSE [options]\n"));
	assert_non_null(strstr(one, "--text"));
	/* What does not fit is left out of account. */
	UC_CLEANUP(uc_freep) char *slip = help_for("show csr onw x");
	assert_string_equal(slip, some);
}

static void known_words_are_those_to_type(void **state)
{
	(void)state;
	static const char *const lines[][2] = {
	    {"set cert regen tomcat now", "set cert regen"}, {"set crt", "set"}, {"nothing", ""}, {"", ""}, {"sho cer", "sho cer"}};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
		uc_strv_split(&words, lines[i][0], ' ');
		UC_CLEANUP(uc_freep) char *known = uc_help_known(&uc_grammar, &words);
		assert_string_equal(known, lines[i][1]);
	}
}

static char *completed(const char *before, const char *partial, bool *files)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	uc_strv_split(&words, before, ' ');
	uc_help_complete(&uc_grammar, &words, partial, &found, files);
	return uc_strv_join(&found, " ");
}

static void words_options_and_values_are_completed(void **state)
{
	(void)state;
	static const struct {
		const char *before, *partial, *found;
		bool files;
	} cases[] = {
	    {"", "s", "set show", false},
	    {"show cert list", "", "own trust", false},
	    {"show cert own", "tomcat-", "tomcat-ECDSA", false},
	    {"set cert delete", "CAPF", "CAPF-trust", false},
	    {"set cert import own tomcat", "", "", true},
	    {"set cert import own", "tv", "TVS", false},
	    {"utils cert check a b", "", "", true},
	    {"set cert regen tomcat", "--ye", "--years --yes", false},
	    {"set cert regen tomcat --key", "rsa-4", "rsa-4096", true},
	    {"set cert import trust x --scope", "", "cluster node", false},
	    {"--json show status", "--f", "", false},
	    {"set cert regen tomcat --why", "", "", false},
	    {"show cert list own --bogus", "", "", false},
	    {"nothing of the kind", "", "", false},
	    {"utils ctl update", "", "CTLFile", false},
	    {"utils tlv diff a", "", "", true},
	    {"utils tlv build x --signer-version", "1.", "1.0 1.1", false},
	    {"set setting", "file-s", "file-signature", false},
	    {"show phone list --list", "", "ctl itl", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool files = false;
		UC_CLEANUP(uc_freep) char *found = completed(cases[i].before, cases[i].partial, &files);
		assert_string_equal(found, cases[i].found);
		assert_int_equal(files, cases[i].files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(help_narrows_with_each_word),
	    cmocka_unit_test(known_words_are_those_to_type),
	    cmocka_unit_test(words_options_and_values_are_completed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
