#include "uc_test.h"

#include "cli/commands.h"

static void every_option_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < UC_OPT_COUNT; i++) {
		assert_non_null(uc_options[i].name);
		assert_non_null(uc_options[i].help);
		for (size_t k = 0; k < i; k++) assert_string_not_equal(uc_options[i].name, uc_options[k].name);
	}
	assert_true(UC_OPT_COUNT <= 64);
}

static void every_option_belongs_to_a_command(void **state)
{
	(void)state;
	uint64_t used = 0;
	for (size_t i = 0; i < uc_grammar.count; i++) used |= uc_grammar.commands[i].options;
	for (size_t i = 0; i < UC_OPT_COUNT; i++) assert_true(uc_options[i].global != ((used >> i & 1) != 0));
}

/* Types a pattern's own words: the table must lead back to the same row, whatever other rows there are. */
static void every_command_can_be_typed(void **state)
{
	(void)state;
	for (size_t i = 0; i < uc_grammar.count; i++) {
		struct uc_error e;
		struct uc_element el;
		UC_CLEANUP(uc_args_free) struct uc_args args = {.command = NULL};
		for (size_t place = 0; uc_element_at(uc_grammar.commands[i].words, place, &el) && place < 8; place++) {
			struct uc_slice rest = uc_slice_of(el.text, el.len);
			struct uc_slice word = uc_alternative_next(&rest);
			uc_strv_take(&args.typed, el.word ? uc_strndup((const char *)word.ptr, word.len) : uc_strdup("1"));
		}
		assert_ok(uc_args_match(&uc_grammar, &args, &e), e);
		assert_ptr_equal(args.command, &uc_grammar.commands[i]);
		assert_non_null(args.command->run);
	}
}

/* What changes something can be tried, agreed to and explained. */
static void every_change_takes_the_options_of_changes(void **state)
{
	(void)state;
	const uint64_t all = UC_OPT(DRY_RUN) | UC_OPT(YES) | UC_OPT(FORCE) | UC_OPT(WHY);
	size_t changes = 0;
	for (size_t i = 0; i < uc_grammar.count; i++) {
		const struct uc_command *c = &uc_grammar.commands[i];
		bool changing =
		    strncmp(c->words, "set ", 4) == 0 || strncmp(c->words, "utils undo", 10) == 0 || strncmp(c->words, "utils key", 9) == 0;
		assert_true((c->options & all) == (changing ? all : 0));
		changes += changing ? 1 : 0;
	}
	assert_true(changes >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_option_is_described),
	    cmocka_unit_test(every_option_belongs_to_a_command),
	    cmocka_unit_test(every_command_can_be_typed),
	    cmocka_unit_test(every_change_takes_the_options_of_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
