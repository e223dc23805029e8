/* src/core/mem.c: memory that does not fail, and giving it away. */
#include "uc_test.h"

#include <sys/wait.h>

static void nothing_at_all_can_be_asked_for(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) void *a = uc_alloc(0);
	UC_CLEANUP(uc_freep) void *b = uc_zalloc(0, 8);
	UC_CLEANUP(uc_freep) void *c = uc_realloc(NULL, 0, 0);
	UC_CLEANUP(uc_freep) void *d = uc_memdup(NULL, 0);
	assert_true(a != NULL && b != NULL && c != NULL && d != NULL);
}

static void zeroed_memory_is_zero(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) uint8_t *p = uc_zalloc(100, 3);
	for (size_t i = 0; i < 300; i++) assert_int_equal(p[i], 0);
}

static void copies_are_copies(void **state)
{
	(void)state;
	const char text[] = "abcdef";
	UC_CLEANUP(uc_freep) char *whole = uc_strdup(text);
	UC_CLEANUP(uc_freep) char *part = uc_strndup(text, 3);
	UC_CLEANUP(uc_freep) uint8_t *bytes = uc_memdup(text, 6);
	UC_CLEANUP(uc_freep) char *made = uc_sprintf("%s-%03d", "x", 7);
	assert_string_equal(whole, "abcdef");
	assert_string_equal(part, "abc");
	assert_memory_equal(bytes, text, 6);
	assert_string_equal(made, "x-007");
}

static char *give_away(void)
{
	UC_CLEANUP(uc_freep) char *local = uc_strdup("mine");
	return uc_move(local);
}

static void moving_leaves_null_behind(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *got = give_away();
	assert_string_equal(got, "mine");
	UC_CLEANUP(uc_freep) char *to = uc_move(got);
	assert_null(got);
	assert_string_equal(to, "mine");
}

static int freed;

static void count_free(char *p)
{
	free(p);
	freed++;
}

UC_DEFINE_CLEANUP(count_freep, char, count_free)

static void a_cleanup_runs_once_and_not_for_null(void **state)
{
	(void)state;
	{
		UC_CLEANUP(count_freep) char *a = uc_strdup("a");
		UC_CLEANUP(count_freep) char *b = NULL;
		assert_non_null(a);
		assert_null(b);
	}
	assert_int_equal(freed, 1);
	uc_secret_free(NULL, 10);
	uc_secret_free(uc_alloc(10), 10);
}

static void running_out_of_memory_ends_the_process(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			if (freopen("/dev/null", "w", stderr) == NULL) _exit(0);
			volatile size_t huge = SIZE_MAX / 2 + 1;
			void *volatile p = NULL;
			if (how == 0) p = uc_alloc(huge);
			if (how == 1) p = uc_zalloc(huge, 4);
			if (how == 2) p = uc_realloc(NULL, huge, 4);
			free(p);
			_exit(0);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_at_all_can_be_asked_for),
	    cmocka_unit_test(zeroed_memory_is_zero),
	    cmocka_unit_test(copies_are_copies),
	    cmocka_unit_test(moving_leaves_null_behind),
	    cmocka_unit_test(a_cleanup_runs_once_and_not_for_null),
	    cmocka_unit_test(running_out_of_memory_ends_the_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
