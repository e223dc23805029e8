/* src/core/random.c: unpredictable bytes, and what is made of them. */
#include "uc_test.h"

#include "core/random.h"
#include "core/text.h"

static void every_byte_of_the_buffer_is_filled(void **state)
{
	(void)state;
	/* A byte that stays zero in 64 fillings was not written: by chance once in 2^512 runs. */
	uint8_t seen[1000] = {0};
	for (int round = 0; round < 64; round++) {
		uint8_t buf[sizeof seen];
		memset(buf, 0, sizeof buf);
		uc_random(buf, sizeof buf);
		for (size_t i = 0; i < sizeof buf; i++) seen[i] |= buf[i];
	}
	for (size_t i = 0; i < sizeof seen; i++) assert_int_not_equal(seen[i], 0);
	uc_random(NULL, 0);
}

static void a_uuid_has_version_4_and_the_RFC_variant(void **state)
{
	(void)state;
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	for (int round = 0; round < 500; round++) {
		char *uuid = uc_uuid();
		assert_int_equal(strlen(uuid), 36);
		for (size_t i = 0; i < 36; i++) {
			bool dash = i == 8 || i == 13 || i == 18 || i == 23;
			assert_true(dash ? uuid[i] == '-' : strchr("0123456789abcdef", uuid[i]) != NULL);
		}
		assert_true(uuid[14] == '4');
		assert_non_null(strchr("89ab", uuid[19]));
		uc_strv_take(&all, uuid);
	}
	uc_strv_sort_unique(&all);
	assert_int_equal(all.count, 500);
}

static void a_password_uses_57_letters_that_cannot_be_confused(void **state)
{
	(void)state;
	bool seen[256] = {false};
	/* A given letter is missing from 20000 with a probability of 10^-154. */
	UC_CLEANUP(uc_freep) char *text = uc_password(20000);
	assert_int_equal(strlen(text), 20000);
	for (const char *p = text; *p != '\0'; p++) seen[(unsigned char)*p] = true;
	size_t count = 0;
	for (size_t i = 0; i < 256; i++) count += seen[i];
	assert_int_equal(count, 57);
	for (const char *p = "0O1lI"; *p != '\0'; p++) assert_false(seen[(unsigned char)*p]);
	UC_CLEANUP(uc_freep) char *empty = uc_password(0);
	assert_string_equal(empty, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_of_the_buffer_is_filled),
	    cmocka_unit_test(a_uuid_has_version_4_and_the_RFC_variant),
	    cmocka_unit_test(a_password_uses_57_letters_that_cannot_be_confused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
