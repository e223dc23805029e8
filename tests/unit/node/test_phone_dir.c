/* src/node/phone_dir.c: files below a directory and nothing beyond it, and whether they have changed. */
#include "uc_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "node/phone_internal.h"

#define MAX ((size_t)1024 * 1024)

struct bed {
	char *top, *dir; /* dir is in top, and top/secret is not in dir */
};

static void write_text(const char *dir, const char *name, const char *text)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void make_dir(const char *dir, const char *name)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const char *to, const char *dir, const char *name)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	assert_int_equal(symlink(to, path), 0);
}

static int bed_setup(void **state)
{
	struct bed *b = uc_zalloc(1, sizeof *b);
	b->top = uc_test_dir();
	b->dir = uc_sprintf("%s/files", b->top);
	make_dir(b->top, "files");
	make_dir(b->dir, "sub");
	write_text(b->top, "secret", "secret");
	write_text(b->dir, "a.xml", "hello");
	write_text(b->dir, "sub/b.xml", "below");
	*state = b;
	return 0;
}

static int bed_teardown(void **state)
{
	struct bed *b = *state;
	uc_test_dir_remove(b->top);
	free(b->dir);
	free(b);
	return 0;
}

static struct uc_phone_stamp look(const struct bed *b, const char *name)
{
	struct uc_error e;
	struct uc_phone_stamp stamp;
	assert_ok(uc_phone_dir_look(b->dir, name, &stamp, &e), e);
	return stamp;
}

/* Free with uc_buf_free(). */
static struct uc_buf read_file(const struct bed *b, const char *name, struct uc_phone_stamp *stamp)
{
	struct uc_error e;
	struct uc_buf out = UC_BUF_EMPTY;
	bool settled;
	assert_ok(uc_phone_dir_read(b->dir, name, MAX, &out, stamp, &settled, &e), e);
	return out;
}

static void expect_text(const struct bed *b, const char *name, const char *text)
{
	struct uc_phone_stamp stamp;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = read_file(b, name, &stamp);
	assert_true(stamp.there);
	assert_true(uc_slice_eq(uc_buf_slice(&out), uc_slice_str(text)));
	struct uc_phone_stamp seen = look(b, name);
	assert_true(uc_phone_stamp_eq(&stamp, &seen));
}

static void expect_refused(const struct bed *b, const char *name, const char *id)
{
	struct uc_error e;
	struct uc_buf out = UC_BUF_EMPTY;
	struct uc_phone_stamp stamp;
	bool settled;
	assert_fails(uc_phone_dir_read(b->dir, name, MAX, &out, &stamp, &settled, &e), e, UC_EREFUSED, id);
	assert_int_equal(out.len, 0);
	uc_buf_free(&out);
}

static void files_below_are_read(void **state)
{
	const struct bed *b = *state;
	expect_text(b, "a.xml", "hello");
	expect_text(b, "sub/b.xml", "below");
	write_text(b->dir, "empty", "");
	expect_text(b, "empty", "");
}

static void what_is_not_there_is_no_failure(void **state)
{
	const struct bed *b = *state;
	static const char *const names[] = {"none", "sub/none", "none/none", "a.xml/none"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct uc_phone_stamp stamp;
		UC_CLEANUP(uc_buf_free) struct uc_buf out = read_file(b, names[i], &stamp);
		assert_false(stamp.there);
		assert_int_equal(out.len, 0);
		assert_false(look(b, names[i]).there);
	}
	struct uc_phone_stamp stamp;
	struct uc_error e;
	assert_ok(uc_phone_dir_look("/nonexistent", "a", &stamp, &e), e);
	assert_false(stamp.there);
}

static void links_below_are_followed(void **state)
{
	const struct bed *b = *state;
	make_link("a.xml", b->dir, "link.xml");
	make_link("../a.xml", b->dir, "sub/up.xml");
	make_link("sub", b->dir, "folder");
	expect_text(b, "link.xml", "hello");
	expect_text(b, "sub/up.xml", "hello");
	expect_text(b, "folder/b.xml", "below");
	make_link("nowhere", b->dir, "broken");
	assert_false(look(b, "broken").there);
}

static void links_that_lead_out_are_refused(void **state)
{
	const struct bed *b = *state;
	UC_CLEANUP(uc_freep) char *absolute = uc_sprintf("%s/secret", b->top);
	UC_CLEANUP(uc_freep) char *inside = uc_sprintf("%s/a.xml", b->dir);
	make_link("../secret", b->dir, "out");
	make_link("..", b->dir, "up");
	make_link(absolute, b->dir, "absolute");
	make_link(inside, b->dir, "inside"); /* nothing tells it from one that leads out */
	make_link("loop", b->dir, "loop");
	make_link("/proc/self/root", b->dir, "magic");
	static const char *const names[] = {"out", "up/secret", "absolute", "inside", "loop", "magic/etc/passwd", "../secret", "/etc/passwd"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) expect_refused(b, names[i], "unsafe-name");
}

static void only_files_are_read(void **state)
{
	const struct bed *b = *state;
	UC_CLEANUP(uc_freep) char *pipe = uc_sprintf("%s/pipe", b->dir);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/socket", b->dir);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	static const char *const names[] = {"pipe", "socket", "sub"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct uc_error e;
		struct uc_phone_stamp stamp;
		expect_refused(b, names[i], "not-a-file"); /* at once: nobody writes into the pipe */
		assert_fails(uc_phone_dir_look(b->dir, names[i], &stamp, &e), e, UC_EREFUSED, "not-a-file");
	}
	close(fd);
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
	const struct bed *b = *state;
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	struct uc_phone_stamp stamp;
	bool settled;
	assert_fails(uc_phone_dir_read(b->dir, "a.xml", 4, &out, &stamp, &settled, &e), e, UC_ELIMIT, "file-large");
	assert_ok(uc_phone_dir_read(b->dir, "a.xml", 5, &out, &stamp, &settled, &e), e);
}

static void a_file_that_may_not_be_read_says_so(void **state)
{
	const struct bed *b = *state;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/a.xml", b->dir);
	UC_CLEANUP(uc_freep) char *sub = uc_sprintf("%s/sub", b->dir);
	struct uc_error e, look;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	struct uc_phone_stamp stamp;
	bool settled;
	/* Root may read everything, and becomes somebody else for a moment. */
	bool root = geteuid() == 0;
	assert_int_equal(chmod(b->top, 0755) + chmod(b->dir, 0755) + chmod(path, 0) + chmod(sub, 0), 0);
	if (root) assert_int_equal(seteuid(65534), 0);
	enum uc_status status = uc_phone_dir_read(b->dir, "a.xml", MAX, &out, &stamp, &settled, &e);
	enum uc_status looked = uc_phone_dir_look(b->dir, "sub/b.xml", &stamp, &look);
	if (root) assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(sub, 0700), 0);
	assert_fails(status, e, UC_EIO, "system");
	assert_fails(looked, look, UC_EIO, "system");
	/* Whoever is told has no business with the path. */
	assert_null(strstr(e.message, b->top));
	assert_null(strstr(look.message, b->top));
}

/* Every change shows in the stamp, but only once the file is old enough is that certain. */
static void changes_show(void **state)
{
	const struct bed *b = *state;
	struct uc_phone_stamp first = look(b, "a.xml"), second;
	assert_true(uc_phone_stamp_eq(&first, &first));
	nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
	write_text(b->dir, "a.xml", "HELLO");
	second = look(b, "a.xml");
	assert_false(uc_phone_stamp_eq(&first, &second));
	/* The same size and the same mtime, in another file. */
	UC_CLEANUP(uc_freep) char *from = uc_sprintf("%s/c.xml", b->dir);
	UC_CLEANUP(uc_freep) char *to = uc_sprintf("%s/a.xml", b->dir);
	write_text(b->dir, "c.xml", "world");
	const struct timespec times[2] = {second.mtime, second.mtime};
	assert_int_equal(utimensat(AT_FDCWD, from, times, 0), 0);
	assert_int_equal(rename(from, to), 0);
	struct uc_phone_stamp third = look(b, "a.xml");
	assert_false(uc_phone_stamp_eq(&second, &third));
	struct uc_phone_stamp none = {.there = false};
	assert_false(uc_phone_stamp_eq(&none, &third));
}

/* How a file is settled depends on the clock; this asks until its age decides. */
static void a_young_file_is_not_settled(void **state)
{
	const struct bed *b = *state;
	struct uc_error e;
	struct uc_phone_stamp stamp;
	struct timespec now;
	write_text(b->dir, "a.xml", "young");
	bool settled;
	do {
		UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
		assert_ok(uc_phone_dir_read(b->dir, "a.xml", MAX, &out, &stamp, &settled, &e), e);
		clock_gettime(CLOCK_REALTIME, &now);
		int64_t age = (now.tv_sec - stamp.ctime.tv_sec) * INT64_C(1000000000) + now.tv_nsec - stamp.ctime.tv_nsec;
		if (settled) assert_true(age >= 100 * 1000 * 1000);
		if (age < 100 * 1000 * 1000) assert_false(settled);
	} while (!settled);
}

/* ext4 with small inodes, NFS and FAT keep whole seconds: what is written twice in one of them is told apart by nothing. */
static void where_times_are_coarse_a_file_is_young_for_longer(void **state)
{
	(void)state;
	const struct uc_phone_stamp fine = {.there = true, .ctime = {.tv_sec = 1000, .tv_nsec = 500000000}};
	const struct uc_phone_stamp coarse = {.there = true, .ctime = {.tv_sec = 1000}};
	assert_false(uc_phone_stamp_settled(&fine, (struct timespec){.tv_sec = 1000, .tv_nsec = 550000000}));
	assert_true(uc_phone_stamp_settled(&fine, (struct timespec){.tv_sec = 1000, .tv_nsec = 650000000}));
	assert_false(uc_phone_stamp_settled(&coarse, (struct timespec){.tv_sec = 1000, .tv_nsec = 990000000}));
	assert_false(uc_phone_stamp_settled(&coarse, (struct timespec){.tv_sec = 1001, .tv_nsec = 990000000}));
	assert_true(uc_phone_stamp_settled(&coarse, (struct timespec){.tv_sec = 1002, .tv_nsec = 200000000}));
	/* A clock that was set back says nothing of the age. */
	assert_false(uc_phone_stamp_settled(&fine, (struct timespec){.tv_sec = 900}));
}

/* ---- without openat2 ---- */

/* As in a container whose filter does not know it; 0: as it is. */
static int refused_with;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, const void *b, const void *c, size_t d);
long __wrap_syscall(long number, long a, const void *b, const void *c, size_t d)
{
	if (number != SYS_openat2 || refused_with == 0) return __real_syscall(number, a, b, c, d);
	errno = refused_with;
	return -1;
}

static void old_kernels_and_containers_give_the_same_but_for_links(void **state)
{
	const struct bed *b = *state;
	static const int refusals[] = {ENOSYS, EPERM};
	make_link("a.xml", b->dir, "inside.xml");
	make_link("../secret", b->dir, "outside.xml");
	make_link("..", b->dir, "up");
	make_link("sub", b->dir, "down");
	for (size_t i = 0; i < 2; i++) {
		refused_with = refusals[i];
		files_below_are_read(state);
		what_is_not_there_is_no_failure(state);
		static const char *const links[] = {"inside.xml", "outside.xml", "up/secret", "down/b.xml"};
		for (size_t k = 0; k < sizeof links / sizeof *links; k++) {
			struct uc_error e;
			struct uc_phone_stamp stamp;
			bool settled;
			UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
			enum uc_status status = uc_phone_dir_read(b->dir, links[k], MAX, &out, &stamp, &settled, &e);
			assert_true(status == UC_EREFUSED || (status == UC_OK && !stamp.there));
			assert_int_equal(out.len, 0);
		}
		refused_with = 0;
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(files_below_are_read),
	    TEST(what_is_not_there_is_no_failure),
	    TEST(links_below_are_followed),
	    TEST(links_that_lead_out_are_refused),
	    TEST(only_files_are_read),
	    TEST(a_file_beyond_the_limit_is_refused),
	    TEST(a_file_that_may_not_be_read_says_so),
	    TEST(changes_show),
	    TEST(a_young_file_is_not_settled),
	    TEST(old_kernels_and_containers_give_the_same_but_for_links),
	    TEST(where_times_are_coarse_a_file_is_young_for_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
