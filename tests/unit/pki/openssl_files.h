/* Fixtures made by the openssl program while the tests run: a directory, commands in it, and its files. */
#ifndef UC_TEST_OPENSSL_FILES_H
#define UC_TEST_OPENSSL_FILES_H

#include "core/bytes.h"
#include "core/file.h"
#include "uc_test.h"

/* The directory of the group that is running: files_make() and files_remove() are its set-up and tear-down. */
static char *files_dir;

__attribute__((unused)) static int files_remove(void **state)
{
	(void)state;
	uc_test_dir_remove(files_dir);
	files_dir = NULL;
	return 0;
}

/* Runs a shell command in the directory; the test fails when it does. */
__attribute__((unused)) UC_PRINTF(1, 2) static void sh(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *command = uc_vsprintf(fmt, ap);
	va_end(ap);
	UC_CLEANUP(uc_freep) char *full = uc_sprintf("cd '%s' && { %s\n} >>log 2>&1 </dev/null", files_dir, command);
	/* Fixed commands of these tests, in a directory of their own. */
	if (system(full) != 0) fail_msg("%s failed; see %s/log", command, files_dir); /* NOLINT(cert-env33-c) */
}

/* The content of a file; released with uc_buf_free(). */
__attribute__((unused)) static struct uc_buf file_of(const char *name)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", files_dir, name);
	struct uc_buf content = UC_BUF_EMPTY;
	struct uc_error e = {.code = UC_OK};
	assert_ok(uc_file_read(path, (size_t)64 << 20, &content, &e), e);
	return content;
}

/* What a shell command prints, without the last line end. Free with free(). */
__attribute__((unused)) UC_PRINTF(1, 2) static char *output_of(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *command = uc_vsprintf(fmt, ap);
	va_end(ap);
	sh("{ %s\n} >output", command);
	struct uc_buf out = file_of("output");
	while (out.len > 0 && out.ptr[out.len - 1] == '\n') out.len--;
	return uc_buf_take_str(&out);
}

__attribute__((unused)) static int files_make(void **state)
{
	(void)state;
	files_dir = uc_test_dir();
	return 0;
}

#endif
