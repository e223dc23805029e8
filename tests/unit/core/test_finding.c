/* src/core/finding.c: the list of what a plan or check has to say. */
#include "uc_test.h"

#include "core/finding.h"

static void findings_are_kept_in_order_with_their_texts(void **state)
{
	(void)state;
	UC_CLEANUP(uc_findings_free) struct uc_findings f = {.items = NULL};
	char code[] = "expired";
	uc_findings_add(&f, UC_WARN, code, NULL, "ended %d\ndays ago", 3);
	code[0] = 'X';
	uc_findings_add(&f, UC_NOTE, "self-signed", "Nothing to do.", "x");
	assert_int_equal(f.count, 2);
	assert_string_equal(f.items[0].code, "expired");
	assert_string_equal(f.items[0].message, "ended 3?days ago");
	assert_null(f.items[0].hint);
	assert_string_equal(f.items[1].hint, "Nothing to do.");
	assert_ptr_equal(uc_findings_get(&f, "self-signed"), &f.items[1]);
	assert_null(uc_findings_get(&f, "self"));
}

static void the_worst_weight_counts(void **state)
{
	(void)state;
	UC_CLEANUP(uc_findings_free) struct uc_findings f = {.items = NULL};
	assert_int_equal(uc_findings_worst(&f), UC_NOTE);
	static const enum uc_weight order[] = {UC_WARN, UC_NOTE, UC_DANGER, UC_WARN, UC_REFUSED, UC_NOTE};
	static const enum uc_weight worst[] = {UC_WARN, UC_WARN, UC_DANGER, UC_DANGER, UC_REFUSED, UC_REFUSED};
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		uc_findings_add(&f, order[i], "c", NULL, "m");
		assert_int_equal(uc_findings_worst(&f), worst[i]);
	}
}

static void moving_prefixes_and_empties_the_source(void **state)
{
	(void)state;
	UC_CLEANUP(uc_findings_free) struct uc_findings to = {.items = NULL};
	UC_CLEANUP(uc_findings_free) struct uc_findings from = {.items = NULL};
	uc_findings_move(&to, &from, "nothing");
	assert_int_equal(to.count, 0);
	uc_findings_add(&to, UC_NOTE, "first", NULL, "a");
	uc_findings_add(&from, UC_DANGER, "second", "h", "b");
	uc_findings_move(&to, &from, "block 2");
	uc_findings_add(&from, UC_NOTE, "third", NULL, "c");
	uc_findings_move(&to, &from, NULL);
	assert_int_equal(from.count, 0);
	assert_null(from.items);
	assert_int_equal(to.count, 3);
	assert_string_equal(to.items[1].message, "block 2: b");
	assert_string_equal(to.items[1].hint, "h");
	assert_int_equal(to.items[1].weight, UC_DANGER);
	assert_string_equal(to.items[2].message, "c");
}

static void weights_have_names(void **state)
{
	(void)state;
	assert_string_equal(uc_weight_name(UC_NOTE), "note");
	assert_string_equal(uc_weight_name(UC_WARN), "warn");
	assert_string_equal(uc_weight_name(UC_DANGER), "danger");
	assert_string_equal(uc_weight_name(UC_REFUSED), "refused");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(findings_are_kept_in_order_with_their_texts),
	    cmocka_unit_test(the_worst_weight_counts),
	    cmocka_unit_test(moving_prefixes_and_empties_the_source),
	    cmocka_unit_test(weights_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
