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
	assert_true(UC_OPT_COUNT <= 8 * sizeof(uc_option_set));
}

static void every_option_belongs_to_a_command(void **state)
{
	(void)state;
	uc_option_set used = 0;
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
	const uc_option_set all = UC_OPT(DRY_RUN) | UC_OPT(YES) | UC_OPT(FORCE) | UC_OPT(WHY);
	size_t changes = 0;
	for (size_t i = 0; i < uc_grammar.count; i++) {
		const struct uc_command *c = &uc_grammar.commands[i];
		static const char *const begins[] = {"set ", "utils undo", "utils key", "utils ctl", "utils itl"};
		bool changing = false;
		for (size_t k = 0; k < sizeof begins / sizeof *begins; k++) changing = changing || uc_starts_with(c->words, begins[k]);
		/* What concerns the store as a whole is in no change log: it can be tried or forced, not agreed to. */
		bool store = strncmp(c->words, "utils cluster", 13) == 0;
		if (!store) assert_true((c->options & all) == (changing ? all : 0));
		changes += changing ? 1 : 0;
	}
	assert_true(changes >= 18);
}

/* What can become a job of another node can be left to it: --node, where it may be chosen, never comes without --no-wait. */
static void every_change_on_another_node_can_be_left_to_it(void **state)
{
	(void)state;
	size_t elsewhere = 0;
	for (size_t i = 0; i < uc_grammar.count; i++) {
		const struct uc_command *c = &uc_grammar.commands[i];
		bool changing = (c->options & UC_OPT(WHY)) != 0;
		bool node = (c->options & UC_OPT(NODE)) != 0;
		bool no_wait = (c->options & UC_OPT(NO_WAIT)) != 0;
		if (changing && node) assert_true(no_wait);
		if (no_wait) assert_true(changing);
		elsewhere += changing && node ? 1 : 0;
	}
	assert_true(elsewhere >= 6);
}

static const struct uc_command *command_of(const char *line, struct uc_args *args)
{
	struct uc_error e;
	uc_strv_split(&args->typed, line, ' ');
	assert_ok(uc_args_match(&uc_grammar, args, &e), e);
	return args->command;
}

/* "list" is a word and not the name of a node or a job. */
static void a_list_is_told_from_a_name(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"show node list", "show node cucm-sub1"}, {"show job list", "show job 4c-list"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		UC_CLEANUP(uc_args_free) struct uc_args list = {.command = NULL};
		UC_CLEANUP(uc_args_free) struct uc_args one = {.command = NULL};
		assert_string_equal(command_of(pairs[i][0], &list)->words, pairs[i][0]);
		assert_ptr_not_equal(command_of(pairs[i][1], &one), list.command);
		assert_int_equal(list.words.count, 0);
		assert_int_equal(one.words.count, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_option_is_described),
	    cmocka_unit_test(every_option_belongs_to_a_command),
	    cmocka_unit_test(every_command_can_be_typed),
	    cmocka_unit_test(every_change_takes_the_options_of_changes),
	    cmocka_unit_test(every_change_on_another_node_can_be_left_to_it),
	    cmocka_unit_test(a_list_is_told_from_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
