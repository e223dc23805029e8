/*
 * What every unit test program includes first: cmocka with what it needs, and the few assertions and fixtures of this tree.
 * Programs run with the project's root as their working directory.
 */
#ifndef UC_TEST_H
#define UC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/mem.h"

/* Skips the running test; the reason is shown at the end of `make check`. */
#define uc_skip(...)                \
	do {                            \
		print_message("skip: ");    \
		print_message(__VA_ARGS__); \
		print_message("\n");        \
		skip();                     \
	} while (0)

/* The call succeeds; e is the struct uc_error it was given, shown otherwise. */
#define assert_ok(call, e)                                                           \
	do {                                                                             \
		enum uc_status ok_status_ = (call);                                          \
		if (ok_status_ != UC_OK) fail_msg("%s: %s: %s", #call, (e).id, (e).message); \
	} while (0)

/* The call fails with exactly this status and id: failing for another reason is a failed test. */
#define assert_fails(call, e, want_status, want_id)                                                                               \
	do {                                                                                                                          \
		enum uc_status fails_status_ = (call);                                                                                    \
		if (fails_status_ == UC_OK) fail_msg("%s succeeded, wanted %s", #call, (want_id));                                        \
		if (strcmp((e).id, (want_id)) != 0 || fails_status_ != (want_status) || (e).code != fails_status_)                        \
			fail_msg("%s: got %s (%s): %s; wanted %s (%s)", #call, (e).id, uc_status_name(fails_status_), (e).message, (want_id), \
			         uc_status_name(want_status));                                                                                \
		assert_true((e).message[0] != '\0');                                                                                      \
	} while (0)

/* A new empty directory for one test. Remove it with uc_test_dir_remove(), which also frees the name. */
__attribute__((unused)) static char *uc_test_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = uc_sprintf("%s/ucpki-test-XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	return dir;
}

/* Removes everything below dir and dir itself; directories are not followed through links. */
__attribute__((unused)) static void uc_test_tree_remove(const char *dir)
{
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (const struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, entry->d_name);
		struct stat st;
		assert_int_equal(lstat(path, &st), 0);
		if (S_ISDIR(st.st_mode))
			uc_test_tree_remove(path);
		else
			assert_int_equal(unlink(path), 0);
	}
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
}

__attribute__((unused)) static void uc_test_dir_remove(char *dir)
{
	uc_test_tree_remove(dir);
	free(dir);
}

/* How many entries a directory has, to prove that nothing was left behind. */
__attribute__((unused)) static size_t uc_test_dir_count(const char *dir)
{
	DIR *d = opendir(dir);
	assert_non_null(d);
	size_t count = 0;
	for (const struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
	closedir(d);
	return count;
}

/*
 * A file of the public sample data, or NULL when this machine does not have it (then the test calls uc_skip). Free with free().
 */
__attribute__((unused)) static char *uc_test_sample(const char *name)
{
	const char *root = getenv("UCPKI_TEST_DATA");
	if (root == NULL) return NULL;
	char *path = uc_sprintf("%s/%s", root, name);
	if (access(path, R_OK) == 0) return path;
	free(path);
	return NULL;
}

#endif
