/* src/catalog/setting.c: the table of settings, held against a second writing of it. */
#include "uc_test.h"

#include "catalog/setting.h"

static const struct {
	const char *name, *values[3];
	bool by;
} expected[] = {
    {UC_SETTING_MODE, {"non-secure", "mixed"}, true}, {UC_SETTING_SIGNER, {"ITLRecovery", "CallManager"}, true},
    {UC_SETTING_DIGEST, {"sha1", "sha512"}, false},   {UC_SETTING_ENCRYPTION, {"basic", "advanced"}, false},
    {UC_SETTING_FILL, {"off", "on"}, false},
};

enum { EXPECTED = sizeof expected / sizeof *expected };

static void assert_sentence(const char *text)
{
	size_t len = strlen(text);
	assert_true(len > 10 && text[0] >= 'A' && text[0] <= 'Z' && text[len - 1] == '.');
}

static void each_setting_has_values_the_first_of_which_is_the_default(void **state)
{
	(void)state;
	size_t count;
	const struct uc_setting *all = uc_settings(&count);
	assert_int_equal(count, EXPECTED);
	for (size_t i = 0; i < EXPECTED; i++) {
		assert_string_equal(all[i].name, expected[i].name);
		assert_int_equal(all[i].by != NULL, expected[i].by);
		assert_sentence(all[i].about);
		for (size_t k = 0; k < 2; k++) {
			assert_string_equal(all[i].values[k], expected[i].values[k]);
			assert_sentence(all[i].texts[k]);
		}
		assert_null(all[i].values[2]);
		assert_null(all[i].texts[2]);
	}
}

static void a_setting_is_found_by_name_and_its_values_too(void **state)
{
	(void)state;
	struct uc_error e;
	const struct uc_setting *s = NULL;
	size_t index = 9;
	assert_ok(uc_setting_find("FILE-Signature", &s, &e), e);
	assert_string_equal(s->name, UC_SETTING_DIGEST);
	assert_ok(uc_setting_value(s, "SHA512", &index, &e), e);
	assert_int_equal(index, 1);
	assert_ok(uc_setting_value(s, "sha1", &index, &e), e);
	assert_int_equal(index, 0);
}

static void what_there_is_is_named_when_something_is_not(void **state)
{
	(void)state;
	struct uc_error e;
	const struct uc_setting *s = NULL;
	size_t index;
	assert_fails(uc_setting_find("file-signatures", &s, &e), e, UC_ENOTFOUND, "no-setting");
	assert_string_equal(e.field, "name");
	assert_string_equal(e.message, "there is no setting 'file-signatures'");
	assert_string_equal(e.hint, "The settings are cluster-mode, list-signer, file-signature, list-encryption, phone-fill.");
	assert_fails(uc_setting_find("", &s, &e), e, UC_ENOTFOUND, "no-setting");
	assert_ok(uc_setting_find(UC_SETTING_DIGEST, &s, &e), e);
	assert_fails(uc_setting_value(s, "sha256", &index, &e), e, UC_EINPUT, "bad-setting");
	assert_string_equal(e.field, "value");
	assert_string_equal(e.message, "'sha256' is no value of the setting file-signature");
	assert_string_equal(e.hint, "Its values are sha1, sha512.");
	assert_fails(uc_setting_value(s, "", &index, &e), e, UC_EINPUT, "bad-setting");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_setting_has_values_the_first_of_which_is_the_default),
	    cmocka_unit_test(a_setting_is_found_by_name_and_its_values_too),
	    cmocka_unit_test(what_there_is_is_named_when_something_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
