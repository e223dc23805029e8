/* src/core/file.c: files change whole or not at all (C142, C143, C145). */
#include "uc_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/bytes.h"
#include "core/file.h"

/*
 * The calls through which file.c changes the disk are taken over by this program: they are written down in order, and one of them can be
 * made to fail.
 */
static struct {
	char calls[1024];      /* "open fsync rename open fsync " */
	mode_t created;        /* the mode of the last file made */
	const char *fail_call; /* the call that fails ... */
	int fail_at;           /* ... the n-th time, counted from 1 ... */
	int fail_errno;        /* ... with this error */
	size_t write_most;     /* write() takes at most so many bytes, unless 0 */
} disk;

static void disk_reset(void)
{
	memset(&disk, 0, sizeof disk);
}

static void disk_fails(const char *call, int at, int errnum)
{
	disk_reset();
	disk.fail_call = call;
	disk.fail_at = at;
	disk.fail_errno = errnum;
}

/* Notes a call; true when it has to fail, with errno set. */
static bool noted(const char *call)
{
	size_t used = strlen(disk.calls);
	if (used + 20 < sizeof disk.calls) snprintf(disk.calls + used, sizeof disk.calls - used, "%s ", call);
	if (disk.fail_call == NULL || strcmp(disk.fail_call, call) != 0 || --disk.fail_at != 0) return false;
	errno = disk.fail_errno;
	return true;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_chmod(const char *path, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);

int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	if (flags & O_CREAT) {
		va_list ap;
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
		disk.created = mode;
	}
	if (noted(flags & O_CREAT ? "create" : "open")) return -1;
	return __real_open64(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (noted("write")) return -1;
	return __real_write(fd, data, disk.write_most > 0 && len > disk.write_most ? disk.write_most : len);
}

int __wrap_fsync(int fd)
{
	return noted("fsync") ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	return noted("rename") ? -1 : __real_rename(from, to);
}

int __wrap_link(const char *from, const char *to)
{
	return noted("link") ? -1 : __real_link(from, to);
}

int __wrap_chmod(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	noted("chmod");
	return 0;
}

int __wrap_fchmod(int fd, mode_t mode)
{
	(void)fd;
	(void)mode;
	noted("chmod");
	return 0;
}

/* A directory for each test, and the path of a file in it. */
struct place {
	char *dir;
	char *path;
};

static int setup(void **state)
{
	struct place *p = uc_zalloc(1, sizeof *p);
	p->dir = uc_test_dir();
	p->path = uc_sprintf("%s/file", p->dir);
	disk_reset();
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	disk_reset();
	uc_test_dir_remove(p->dir);
	free(p->path);
	free(p);
	return 0;
}

static void assert_content(const char *path, const char *want)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf got = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_file_read(path, 1 << 20, &got, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&got), uc_slice_str(want)));
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void a_file_is_read_up_to_the_limit(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	enum { SIZE = 200000 };
	UC_CLEANUP(uc_freep) uint8_t *data = uc_alloc(SIZE);
	for (size_t i = 0; i < SIZE; i++) data[i] = (uint8_t)(i % 251);
	assert_ok(uc_file_write(p->path, uc_slice_of(data, SIZE), 0600, &e), e);
	UC_CLEANUP(uc_buf_free) struct uc_buf got = UC_BUF_EMPTY;
	uc_buf_add_str(&got, "before");
	assert_ok(uc_file_read(p->path, SIZE, &got, &e), e);
	assert_int_equal(got.len, SIZE + 6);
	assert_memory_equal(got.ptr, "before", 6);
	assert_memory_equal(got.ptr + 6, data, SIZE);
	assert_fails(uc_file_read(p->path, SIZE - 1, &got, &e), e, UC_ELIMIT, "too-large");
	assert_non_null(strstr(e.message, "199999"));
	UC_CLEANUP(uc_buf_free) struct uc_buf endless = UC_BUF_EMPTY;
	assert_fails(uc_file_read("/dev/zero", 1000, &endless, &e), e, UC_ELIMIT, "too-large");
}

static void what_cannot_be_read_is_told_apart_C147(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf got = UC_BUF_EMPTY;
	assert_fails(uc_file_read(p->path, 10, &got, &e), e, UC_ENOTFOUND, "no-such-file");
	assert_non_null(strstr(e.message, p->path));
	assert_fails(uc_file_read(p->dir, 10, &got, &e), e, UC_EINPUT, "is-directory");
	assert_int_equal(got.len, 0);
	assert_false(uc_file_exists(p->path));
	assert_true(uc_file_exists(p->dir));
}

static void a_dash_is_standard_input(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	assert_ok(uc_file_write(p->path, uc_slice_str("typed"), 0600, &e), e);
	int saved = dup(STDIN_FILENO);
	int fd = open(p->path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	close(fd);
	UC_CLEANUP(uc_buf_free) struct uc_buf got = UC_BUF_EMPTY;
	enum uc_status status = uc_file_read("-", 10, &got, &e);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
	assert_ok(status, e);
	assert_true(uc_slice_eq(uc_buf_slice(&got), uc_slice_str("typed")));
}

static void the_mode_is_there_from_the_first_byte_C142(void **state)
{
	const struct place *p = *state;
	static const mode_t modes[] = {0600, 0640, 0644};
	mode_t old = umask(0);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		struct uc_error e;
		disk_reset();
		assert_ok(uc_file_write(p->path, uc_slice_str("secret"), modes[i], &e), e);
		assert_int_equal(disk.created, modes[i]);
		assert_null(strstr(disk.calls, "chmod"));
		assert_int_equal(mode_of(p->path), modes[i]);
	}
	umask(old);
}

static void a_replaced_file_takes_the_new_mode_not_the_old_one_C142(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	mode_t old = umask(0);
	assert_ok(uc_file_write(p->path, uc_slice_str("public"), 0644, &e), e);
	assert_ok(uc_file_write(p->path, uc_slice_str("secret"), 0600, &e), e);
	umask(old);
	assert_int_equal(mode_of(p->path), 0600);
	assert_content(p->path, "secret");
}

static void a_write_is_synced_before_the_rename_and_the_directory_after_it_C145(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	assert_ok(uc_file_write(p->path, uc_slice_str("x"), 0600, &e), e);
	assert_string_equal(disk.calls, "create write fsync rename open fsync ");
	disk_reset();
	assert_ok(uc_file_remove(p->path, &e), e);
	assert_string_equal(disk.calls, "open fsync ");
	disk_reset();
	assert_ok(uc_file_create(p->path, uc_slice_str("x"), 0600, &e), e);
	assert_string_equal(disk.calls, "create write fsync link open fsync ");
}

static void short_writes_are_continued(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	disk.write_most = 3;
	assert_ok(uc_file_write(p->path, uc_slice_str("0123456789"), 0600, &e), e);
	assert_content(p->path, "0123456789");
	disk_fails("write", 1, EINTR);
	assert_ok(uc_file_write(p->path, uc_slice_str("interrupted"), 0600, &e), e);
	assert_content(p->path, "interrupted");
}

/* Whatever fails, and after however much was written: the old content stays, and nothing else is in the directory. */
static void a_failed_write_leaves_the_old_file_and_nothing_beside_it_C143(void **state)
{
	const struct place *p = *state;
	static const struct {
		const char *call;
		int at;
		int errnum;
		enum uc_status status;
		const char *id;
	} rows[] = {
	    {"create", 1, ENOSPC, UC_EFULL, "disk-full"}, {"create", 1, EROFS, UC_EIO, "read-only"},
	    {"write", 1, ENOSPC, UC_EFULL, "disk-full"},  {"write", 3, ENOSPC, UC_EFULL, "disk-full"},
	    {"write", 2, EDQUOT, UC_EFULL, "disk-full"},  {"write", 2, EIO, UC_EIO, "system"},
	    {"fsync", 1, EIO, UC_EIO, "system"},          {"fsync", 1, ENOSPC, UC_EFULL, "disk-full"},
	    {"rename", 1, EIO, UC_EIO, "system"},         {"rename", 1, ENOSPC, UC_EFULL, "disk-full"},
	};
	struct uc_error e;
	assert_ok(uc_file_write(p->path, uc_slice_str("old"), 0600, &e), e);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		disk_fails(rows[i].call, rows[i].at, rows[i].errnum);
		disk.write_most = 4;
		assert_fails(uc_file_write(p->path, uc_slice_str("something longer"), 0600, &e), e, rows[i].status, rows[i].id);
		assert_non_null(strstr(e.message, p->dir));
		disk_reset();
		assert_content(p->path, "old");
		assert_int_equal(uc_test_dir_count(p->dir), 1);
	}
}

static void a_failed_creation_leaves_nothing_C143(void **state)
{
	const struct place *p = *state;
	static const char *const calls[] = {"create", "write", "fsync", "link"};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		struct uc_error e;
		disk_fails(calls[i], 1, ENOSPC);
		assert_fails(uc_file_create(p->path, uc_slice_str("new"), 0600, &e), e, UC_EFULL, "disk-full");
		disk_reset();
		assert_int_equal(uc_test_dir_count(p->dir), 0);
	}
}

static void a_directory_that_cannot_be_synced_is_reported_C145(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	disk_fails("fsync", 2, EIO);
	assert_fails(uc_file_write(p->path, uc_slice_str("x"), 0600, &e), e, UC_EIO, "system");
	assert_int_equal(uc_test_dir_count(p->dir), 1);
}

static void creating_does_not_replace(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	assert_ok(uc_file_create(p->path, uc_slice_str("first"), 0600, &e), e);
	assert_fails(uc_file_create(p->path, uc_slice_str("second"), 0600, &e), e, UC_ECONFLICT, "exists");
	assert_content(p->path, "first");
	assert_int_equal(uc_test_dir_count(p->dir), 1);
	assert_int_equal(mode_of(p->path), 0600);
}

static void a_write_replaces_a_link_and_not_what_it_leads_to(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *other = uc_sprintf("%s/other", p->dir);
	assert_ok(uc_file_write(other, uc_slice_str("other"), 0644, &e), e);
	assert_int_equal(symlink(other, p->path), 0);
	assert_ok(uc_file_write(p->path, uc_slice_str("mine"), 0600, &e), e);
	assert_content(p->path, "mine");
	assert_content(other, "other");
}

static void a_write_to_a_missing_directory_fails(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/none/file", p->dir);
	assert_fails(uc_file_write(path, uc_slice_str("x"), 0600, &e), e, UC_EIO, "system");
	assert_non_null(strstr(e.message, strerror(ENOENT)));
}

static void an_empty_file_can_be_written(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	assert_ok(uc_file_write(p->path, uc_slice_of(NULL, 0), 0600, &e), e);
	assert_content(p->path, "");
}

static void removing_what_is_not_there_is_fine(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	assert_ok(uc_file_remove(p->path, &e), e);
	assert_fails(uc_file_remove(p->dir, &e), e, UC_EIO, "system");
}

static void directories_are_made_with_their_parents_and_mode(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *a = uc_sprintf("%s/a", p->dir);
	UC_CLEANUP(uc_freep) char *deep = uc_sprintf("%s/b/c", a);
	UC_CLEANUP(uc_freep) char *slash = uc_sprintf("%s/d/", a);
	mode_t old = umask(0);
	assert_ok(uc_dir_make(deep, 0700, &e), e);
	umask(old);
	assert_int_equal(mode_of(a), 0700);
	assert_int_equal(mode_of(deep), 0700);
	assert_null(strstr(disk.calls, "chmod"));
	assert_ok(uc_dir_make(deep, 0755, &e), e);
	assert_int_equal(mode_of(deep), 0700);
	assert_ok(uc_dir_make(slash, 0700, &e), e);
	assert_ok(uc_dir_make("/", 0700, &e), e);
	assert_ok(uc_dir_make(".", 0700, &e), e);
}

static void what_stands_in_the_way_of_a_directory_is_named(void **state)
{
	const struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *below = uc_sprintf("%s/below", p->path);
	UC_CLEANUP(uc_freep) char *dangling = uc_sprintf("%s/dangling", p->dir);
	assert_ok(uc_file_write(p->path, uc_slice_str("x"), 0600, &e), e);
	assert_fails(uc_dir_make(p->path, 0700, &e), e, UC_EIO, "not-directory");
	assert_fails(uc_dir_make(below, 0700, &e), e, UC_EIO, "not-directory");
	assert_int_equal(symlink("nowhere", dangling), 0);
	assert_fails(uc_dir_make(dangling, 0700, &e), e, UC_EIO, "system");
}

/* A small file system that goes away with this process, on p->dir. False when that is not permitted. */
static bool mount_small(const struct place *p, const char *options)
{
	if (unshare(CLONE_NEWNS) != 0) return false;
	/* Below a chroot "/" is no mount point; each test unmounts what it mounted. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 && errno != EINVAL) return false;
	return mount("none", p->dir, "tmpfs", 0, options) == 0;
}

static void on_a_full_file_system_the_old_content_stays_and_space_heals_it_C143(void **state)
{
	const struct place *p = *state;
	if (!mount_small(p, "size=64k")) uc_skip("mounting a small file system needs root: %s", strerror(errno));
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *filler = uc_sprintf("%s/filler", p->dir);
	UC_CLEANUP(uc_freep) uint8_t *big = uc_zalloc(1, 1 << 20);
	assert_ok(uc_file_write(p->path, uc_slice_str("old"), 0600, &e), e);
	assert_fails(uc_file_write(p->path, uc_slice_of(big, 1 << 20), 0600, &e), e, UC_EFULL, "disk-full");
	assert_true(e.hint[0] != '\0');
	assert_content(p->path, "old");
	assert_int_equal(uc_test_dir_count(p->dir), 1);
	assert_fails(uc_file_create(filler, uc_slice_of(big, 1 << 20), 0600, &e), e, UC_EFULL, "disk-full");
	assert_int_equal(uc_test_dir_count(p->dir), 1);

	/* Not one page left: even a small file cannot be replaced, and nothing is emptied by trying. */
	assert_ok(uc_file_write(filler, uc_slice_of(big, 60 << 10), 0600, &e), e);
	assert_fails(uc_file_write(p->path, uc_slice_str("new"), 0600, &e), e, UC_EFULL, "disk-full");
	assert_content(p->path, "old");
	assert_int_equal(uc_test_dir_count(p->dir), 2);
	assert_ok(uc_file_remove(filler, &e), e);
	assert_ok(uc_file_write(p->path, uc_slice_str("new"), 0600, &e), e);
	assert_content(p->path, "new");
	assert_int_equal(umount(p->dir), 0);
}

static void when_no_inode_is_left_the_error_is_a_full_disk_C143(void **state)
{
	const struct place *p = *state;
	if (!mount_small(p, "nr_inodes=2")) uc_skip("mounting a small file system needs root: %s", strerror(errno));
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *below = uc_sprintf("%s/below", p->dir);
	assert_ok(uc_file_write(p->path, uc_slice_str("old"), 0600, &e), e);
	assert_fails(uc_file_write(p->path, uc_slice_str("new"), 0600, &e), e, UC_EFULL, "disk-full");
	assert_fails(uc_dir_make(below, 0700, &e), e, UC_EFULL, "disk-full");
	assert_content(p->path, "old");
	assert_int_equal(umount(p->dir), 0);
}

static void on_a_read_only_file_system_nothing_changes_and_the_error_says_so(void **state)
{
	const struct place *p = *state;
	if (!mount_small(p, "size=64k")) uc_skip("mounting a small file system needs root: %s", strerror(errno));
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *below = uc_sprintf("%s/below", p->dir);
	assert_ok(uc_file_write(p->path, uc_slice_str("old"), 0600, &e), e);
	assert_int_equal(mount("none", p->dir, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k"), 0);
	assert_fails(uc_file_write(p->path, uc_slice_str("new"), 0600, &e), e, UC_EIO, "read-only");
	assert_fails(uc_file_create(below, uc_slice_str("new"), 0600, &e), e, UC_EIO, "read-only");
	assert_fails(uc_file_remove(p->path, &e), e, UC_EIO, "read-only");
	assert_fails(uc_dir_make(below, 0700, &e), e, UC_EIO, "read-only");
	assert_true(e.hint[0] != '\0');
	assert_content(p->path, "old");
	assert_int_equal(uc_test_dir_count(p->dir), 1);
	assert_int_equal(umount(p->dir), 0);
}

static void a_crash_point_kills_only_when_it_is_named(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			uc_crash_point("here");
			setenv("UCPKI_CRASH_AT", named ? "here" : "there", 1);
			uc_crash_point("here");
			_exit(7);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(named ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : WIFEXITED(status) && WEXITSTATUS(status) == 7);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_file_is_read_up_to_the_limit),
	    TEST(what_cannot_be_read_is_told_apart_C147),
	    TEST(a_dash_is_standard_input),
	    TEST(the_mode_is_there_from_the_first_byte_C142),
	    TEST(a_replaced_file_takes_the_new_mode_not_the_old_one_C142),
	    TEST(a_write_is_synced_before_the_rename_and_the_directory_after_it_C145),
	    TEST(short_writes_are_continued),
	    TEST(a_failed_write_leaves_the_old_file_and_nothing_beside_it_C143),
	    TEST(a_failed_creation_leaves_nothing_C143),
	    TEST(a_directory_that_cannot_be_synced_is_reported_C145),
	    TEST(creating_does_not_replace),
	    TEST(a_write_replaces_a_link_and_not_what_it_leads_to),
	    TEST(a_write_to_a_missing_directory_fails),
	    TEST(an_empty_file_can_be_written),
	    TEST(removing_what_is_not_there_is_fine),
	    TEST(directories_are_made_with_their_parents_and_mode),
	    TEST(what_stands_in_the_way_of_a_directory_is_named),
	    TEST(on_a_full_file_system_the_old_content_stays_and_space_heals_it_C143),
	    TEST(when_no_inode_is_left_the_error_is_a_full_disk_C143),
	    TEST(on_a_read_only_file_system_nothing_changes_and_the_error_says_so),
	    cmocka_unit_test(a_crash_point_kills_only_when_it_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
