/* src/trustlist/list.c: roles, and what a list makes known. */
#include "trustlist/phone_data.h"

static void roles_have_names_and_numbers(void **state)
{
	(void)state;
	static const struct {
		unsigned role;
		const char *name;
	} rows[] = {{0, "SAST"}, {1, "CCM"}, {2, "CCM+TFTP"}, {3, "TFTP"}, {4, "CAPF"}, {5, "SRST"}, {7, "APP-SERVER"}, {21, "TVS"}};
	size_t named = 0;
	for (unsigned role = 0; role <= UINT16_MAX; role++) named += uc_tl_role_name(role) != NULL ? 1 : 0;
	assert_int_equal(named, sizeof rows / sizeof *rows);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned role = 99;
		UC_CLEANUP(uc_freep) char *lower = uc_fold(rows[i].name);
		UC_CLEANUP(uc_freep) char *number = uc_sprintf("%u", rows[i].role);
		assert_string_equal(uc_tl_role_name(rows[i].role), rows[i].name);
		assert_true(uc_tl_role_find(rows[i].name, &role) && role == rows[i].role);
		assert_true(uc_tl_role_find(lower, &role) && role == rows[i].role);
		assert_true(uc_tl_role_find(number, &role) && role == rows[i].role);
	}
}

static void roles_are_found_by_any_number_of_16_bits_and_nothing_else(void **state)
{
	(void)state;
	unsigned role = 99;
	assert_true(uc_tl_role_find("6", &role) && role == 6);
	assert_true(uc_tl_role_find("65535", &role) && role == 65535);
	static const char *const wrong[] = {"", "65536", "-1", "+1", "1x", "ccm tftp", "TFTPS", " 1"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(uc_tl_role_find(wrong[i], &role));
	assert_int_equal(role, 65535);
}

static void what_a_list_makes_known(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-v11-sha512.tlv");
	size_t count = 0;
	UC_CLEANUP(uc_freep) struct uc_tl_known *known = uc_tl_known_of(&l, &count);
	assert_int_equal(count, 6);
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	assert_memory_equal(known[1].fingerprint, ccm.cert->fingerprint, UC_FINGERPRINT_LEN);
	assert_memory_equal(known[2].fingerprint, ccm.cert->fingerprint, UC_FINGERPRINT_LEN);
	assert_int_equal(known[1].role, UC_TL_CCM);
	assert_int_equal(known[2].role, UC_TL_TFTP);
}

static void records_without_a_certificate_or_role_make_nothing_known(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-itl-min.tlv");
	/* An empty record, and the first one without its role. */
	uc_buf_add(&file, "\1\0\2\0\x0a\4\0\2\0\1", 10);
	file.ptr[0x17e] = 99;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	size_t count = 99;
	UC_CLEANUP(uc_freep) struct uc_tl_known *known = uc_tl_known_of(&l, &count);
	assert_non_null(known);
	assert_int_equal(l.count, 2);
	assert_int_equal(count, 0);
	const struct uc_tl none = {.records = NULL};
	UC_CLEANUP(uc_freep) struct uc_tl_known *nothing = uc_tl_known_of(&none, &count);
	assert_non_null(nothing);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(roles_have_names_and_numbers),
	    cmocka_unit_test(roles_are_found_by_any_number_of_16_bits_and_nothing_else),
	    cmocka_unit_test(what_a_list_makes_known),
	    cmocka_unit_test(records_without_a_certificate_or_role_make_nothing_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
