/* src/core/log.c: one line per event on standard error. */
#include "uc_test.h"

#include <fcntl.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"

/* What is written to standard error between capture_start() and capture_end(). */
struct capture {
	char *dir;
	char *path;
	int saved;
};

static struct capture capture_start(void)
{
	struct capture c = {.dir = uc_test_dir(), .saved = dup(STDERR_FILENO)};
	c.path = uc_sprintf("%s/stderr", c.dir);
	int fd = open(c.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && c.saved >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	return c;
}

static char *capture_end(struct capture *c)
{
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	struct uc_buf text = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_file_read(c->path, 10000, &text, &e), e);
	free(c->path);
	uc_test_dir_remove(c->dir);
	return uc_buf_take_str(&text);
}

static void an_event_is_one_line_with_time_and_level(void **state)
{
	(void)state;
	uc_clock_set(1795600800);
	struct capture c = capture_start();
	uc_log(UC_LOG_INFO, "name '%s'", "a\nb\x1b");
	uc_log(UC_LOG_WARN, "second");
	UC_CLEANUP(uc_freep) char *text = capture_end(&c);
	uc_clock_set(-1);
	assert_string_equal(text, "2026-11-25T10:00:00Z info: name 'a?b?'\n2026-11-25T10:00:00Z warning: second\n");
}

static void the_level_decides_what_is_written(void **state)
{
	(void)state;
	static const char *const want[] = {"e", "ew", "ewi", "ewid"};
	uc_clock_set(0);
	for (int most = UC_LOG_ERROR; most <= UC_LOG_DEBUG; most++) {
		uc_log_level((enum uc_level)most);
		struct capture c = capture_start();
		uc_log(UC_LOG_ERROR, "e");
		uc_log(UC_LOG_WARN, "w");
		uc_log(UC_LOG_INFO, "i");
		uc_log(UC_LOG_DEBUG, "d");
		UC_CLEANUP(uc_freep) char *text = capture_end(&c);
		char got[8] = "";
		for (const char *p = strchr(text, '\n'); p != NULL; p = strchr(p + 1, '\n')) strncat(got, p - 1, 1);
		assert_string_equal(got, want[most]);
	}
	uc_log_level(UC_LOG_INFO);
	uc_clock_set(-1);
}

static void an_error_is_logged_with_its_hint(void **state)
{
	(void)state;
	struct uc_error e;
	uc_clock_set(0);
	struct capture c = capture_start();
	uc_fail(&e, UC_EIO, "x", "Do this.", "it broke");
	uc_log_error("starting", &e);
	uc_fail(&e, UC_EIO, "x", NULL, "it broke");
	uc_log_error("starting", &e);
	uc_fail(&e, UC_EIO, "x", "Do this.", "is it broken?");
	uc_log_error("starting", &e);
	UC_CLEANUP(uc_freep) char *text = capture_end(&c);
	uc_clock_set(-1);
	assert_string_equal(text, "1970-01-01T00:00:00Z error: starting: it broke. Do this.\n1970-01-01T00:00:00Z error: starting: it broke\n"
	                          "1970-01-01T00:00:00Z error: starting: is it broken? Do this.\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_is_one_line_with_time_and_level),
	    cmocka_unit_test(the_level_decides_what_is_written),
	    cmocka_unit_test(an_error_is_logged_with_its_hint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
