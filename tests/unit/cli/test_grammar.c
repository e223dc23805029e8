#include "uc_test.h"

#include "cli/grammar.h"

/* A small table of its own, so that the real one can grow without changing what is proved here. */
static int run_nothing(struct uc_cli *cli, const struct uc_args *args)
{
	(void)cli;
	(void)args;
	return 0;
}

static const struct uc_command table[] = {
    {"show cert list own|trust", UC_OPT(WHERE) | UC_OPT(LIMIT), "Lists.", run_nothing},
    {"show cert own PURPOSE", 0, "Shows.", run_nothing},
    {"show change list", 0, "Lists changes.", run_nothing},
    {"show change NUMBER", 0, "Shows a change.", run_nothing},
    {"set cert import trust STORE [FILE]", UC_OPT(YES) | UC_OPT(WHY) | UC_OPT(SCOPE), "Imports.", run_nothing},
    {"utils check FILE...", 0, "Checks.", run_nothing},
    {"help [WORD...]", 0, "Helps.", run_nothing},
    {"shadow", 0, NULL, run_nothing},
};
static const struct uc_grammar grammar = {.commands = table, .count = sizeof table / sizeof *table};

#define ARGV(...)         \
	(const char *const[]) \
	{                     \
		__VA_ARGS__       \
	}
#define COUNT(...) (sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))
/* Reads a command line of these words. */
#define READ(args, e, ...) read_words(ARGV(__VA_ARGS__), COUNT(__VA_ARGS__), args, e)

static enum uc_status read_words(const char *const *argv, size_t argc, struct uc_args *args, struct uc_error *e)
{
	*args = (struct uc_args){.command = NULL};
	UC_TRY(uc_args_scan(argv, argc, args, e));
	return uc_args_match(&grammar, args, e);
}

static void a_command_gets_its_arguments_and_options(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_args_free) struct uc_args a;
	assert_ok(READ(&a, &e, "set", "--why=a=b", "cert", "import", "--scope", "NODE", "trust", "tomcat", "f.pem", "--yes"), e);
	assert_ptr_equal(a.command, &table[4]);
	assert_string_equal(uc_args_word(&a, 0), "tomcat");
	assert_string_equal(uc_args_word(&a, 1), "f.pem");
	assert_null(uc_args_word(&a, 2));
	assert_string_equal(uc_args_value(&a, UC_OPT_WHY), "a=b");
	assert_string_equal(uc_args_value(&a, UC_OPT_SCOPE), "node");
	assert_true(uc_args_has(&a, UC_OPT_YES));
	assert_false(uc_args_has(&a, UC_OPT_FORCE));
	assert_null(uc_args_value(&a, UC_OPT_SOCKET));
}

static void words_may_be_shortened_while_unambiguous(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_args a;
	assert_ok(READ(&a, &e, "sho", "CER", "l", "T"), e);
	assert_ptr_equal(a.command, &table[0]);
	assert_string_equal(uc_args_word(&a, 0), "trust");
	uc_args_free(&a);
	/* An argument is never taken for a shortened word's rival, nor the other way round. */
	assert_ok(READ(&a, &e, "show", "change", "li"), e);
	assert_ptr_equal(a.command, &table[2]);
	uc_args_free(&a);
	assert_ok(READ(&a, &e, "show", "change", "7"), e);
	assert_ptr_equal(a.command, &table[3]);
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "s"), e, UC_EINPUT, "ambiguous-word");
	assert_string_equal(e.message, "'s' can mean show, set");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "show", "c"), e, UC_EINPUT, "ambiguous-word");
	assert_string_equal(e.message, "'c' can mean cert, change");
	uc_args_free(&a);
}

static void a_command_that_is_not_listed_needs_its_whole_name(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_args a;
	assert_ok(READ(&a, &e, "shadow"), e);
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "shad"), e, UC_EINPUT, "no-such-command");
	assert_null(strstr(e.hint, "shadow"));
	uc_args_free(&a);
}

static void repeated_and_optional_arguments(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_args a;
	assert_ok(READ(&a, &e, "utils", "check", "a", "b", "c"), e);
	assert_int_equal(a.words.count, 3);
	uc_args_free(&a);
	assert_ok(READ(&a, &e, "utils", "check", "-"), e);
	assert_string_equal(uc_args_word(&a, 0), "-");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "utils", "check"), e, UC_EINPUT, "argument-missing");
	uc_args_free(&a);
	assert_ok(READ(&a, &e, "help"), e);
	assert_int_equal(a.words.count, 0);
	uc_args_free(&a);
	assert_ok(READ(&a, &e, "set", "cert", "import", "trust", "tomcat"), e);
	assert_null(uc_args_word(&a, 1));
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "set", "cert", "import", "trust", ""), e, UC_EINPUT, "argument-missing");
	uc_args_free(&a);
}

static void errors_name_the_word_and_the_nearest(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_args a;
	assert_fails(READ(&a, &e, "shwo", "cert"), e, UC_EINPUT, "no-such-command");
	assert_string_equal(e.hint, "Did you mean 'show'?");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "show", "cret", "list"), e, UC_EINPUT, "no-such-command");
	assert_string_equal(e.message, "'cret' is not known after 'show'");
	assert_string_equal(e.hint, "Did you mean 'show cert'?");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "show", "licence"), e, UC_EINPUT, "no-such-command");
	assert_string_equal(e.hint, "Known here: cert, change.");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "show", "cert"), e, UC_EINPUT, "incomplete-command");
	assert_string_equal(e.message, "'show cert' is not complete: after it comes one of list, own");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "show", "cert", "own"), e, UC_EINPUT, "argument-missing");
	assert_string_equal(e.message, "'show cert own' needs PURPOSE");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "show", "cert", "own", "tomcat", "x"), e, UC_EINPUT, "too-many-words");
	assert_string_equal(e.field, "x");
	uc_args_free(&a);
}

static void wrong_options_are_named(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_args a;
	assert_fails(READ(&a, &e, "help", "--wher", "x"), e, UC_EINPUT, "no-such-option");
	assert_string_equal(e.hint, "Did you mean --where?");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "help", "-x"), e, UC_EINPUT, "no-such-option");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "help", "--yes"), e, UC_EINPUT, "option-not-here");
	assert_string_equal(e.field, "yes");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "help", "--json=1"), e, UC_EINPUT, "option-takes-no-value");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "help", "--socket"), e, UC_EINPUT, "option-needs-value");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "help", "--socket", "--json"), e, UC_EINPUT, "option-needs-value");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "help", "--socket", "a", "--socket=b"), e, UC_EINPUT, "option-twice");
	uc_args_free(&a);
	assert_fails(READ(&a, &e, "set", "cert", "import", "trust", "t", "--scope", "galaxy"), e, UC_EINPUT, "bad-option-value");
	assert_string_equal(e.message, "--scope is one of cluster|node, not 'galaxy'");
	uc_args_free(&a);
}

static void options_may_repeat_where_the_table_says_so(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_args_free) struct uc_args a;
	assert_ok(READ(&a, &e, "show", "cert", "list", "own", "--where", "a", "--where=", "--json", "--json"), e);
	assert_int_equal(a.values[UC_OPT_WHERE].count, 2);
	assert_string_equal(a.values[UC_OPT_WHERE].items[1], "");
	assert_true(uc_args_has(&a, UC_OPT_JSON));
}

static void options_with_a_value_keep_the_order_in_which_they_were_typed(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_args_free) struct uc_args a;
	assert_ok(READ(&a, &e, "--where", "a", "show", "--limit=3", "cert", "--json", "list", "own", "--where=b"), e);
	assert_int_equal(a.in_order_count, 3);
	assert_int_equal(a.in_order[0].id, UC_OPT_WHERE);
	assert_string_equal(a.in_order[0].value, "a");
	assert_int_equal(a.in_order[1].id, UC_OPT_LIMIT);
	assert_string_equal(a.in_order[2].value, "b");
	assert_ptr_equal(a.in_order[2].value, a.values[UC_OPT_WHERE].items[1]);
}

static void after_two_dashes_there_are_words_only(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_args_free) struct uc_args a;
	assert_ok(READ(&a, &e, "utils", "check", "--", "--yes", "-x", "--"), e);
	assert_int_equal(a.words.count, 3);
	assert_string_equal(uc_args_word(&a, 0), "--yes");
	assert_string_equal(uc_args_word(&a, 2), "--");
	assert_int_equal(a.given, 0);
}

static void distance_counts_slips(void **state)
{
	(void)state;
	assert_int_equal(uc_word_distance("show", "SHOW"), 0);
	assert_int_equal(uc_word_distance("show", "shwo"), 1);
	assert_int_equal(uc_word_distance("show", "sho"), 1);
	assert_int_equal(uc_word_distance("cert", "certs"), 1);
	assert_int_equal(uc_word_distance("", "abc"), 3);
	assert_int_equal(uc_word_distance("show", "undo"), 4);
	char long_word[200];
	memset(long_word, 'a', sizeof long_word - 1);
	long_word[sizeof long_word - 1] = '\0';
	assert_int_equal(uc_word_distance(long_word, ""), 40);
}

static void elements_of_a_pattern(void **state)
{
	(void)state;
	struct uc_element el;
	assert_true(uc_element_at("set X [FILE...]", 2, &el));
	assert_int_equal(el.len, 4);
	assert_memory_equal(el.text, "FILE", 4);
	assert_true(el.optional && el.repeats && !el.word);
	assert_true(uc_element_at("set X [FILE...]", 9, &el));
	assert_true(uc_element_at("own|trust X", 0, &el));
	assert_true(el.word && !el.optional);
	assert_false(uc_element_at("own|trust X", 2, &el));
	/* A word with a small letter is to be typed as it is; ID|all stands for something, which all is one of. */
	assert_true(uc_element_at("utils ctl update CTLFile", 3, &el));
	assert_true(el.word);
	assert_true(uc_element_at("done ID|all...", 1, &el));
	assert_false(el.word);
	assert_true(uc_alternative_stands(uc_slice_str("HOST:PORT")));
	struct uc_slice rest = uc_slice_str("own|trust");
	assert_true(uc_slice_eq(uc_alternative_next(&rest), uc_slice_str("own")));
	assert_true(uc_slice_eq(uc_alternative_next(&rest), uc_slice_str("trust")));
	assert_int_equal(rest.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_gets_its_arguments_and_options),
	    cmocka_unit_test(words_may_be_shortened_while_unambiguous),
	    cmocka_unit_test(a_command_that_is_not_listed_needs_its_whole_name),
	    cmocka_unit_test(repeated_and_optional_arguments),
	    cmocka_unit_test(errors_name_the_word_and_the_nearest),
	    cmocka_unit_test(wrong_options_are_named),
	    cmocka_unit_test(options_may_repeat_where_the_table_says_so),
	    cmocka_unit_test(options_with_a_value_keep_the_order_in_which_they_were_typed),
	    cmocka_unit_test(after_two_dashes_there_are_words_only),
	    cmocka_unit_test(distance_counts_slips),
	    cmocka_unit_test(elements_of_a_pattern),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
