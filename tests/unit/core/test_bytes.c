/* src/core/bytes.c: bounded reading and growing buffers. */
#include "uc_test.h"

#include <sys/wait.h>

#include "core/bytes.h"

/* A generator with a fixed seed: a failing sequence fails again. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void slices_are_equal_by_content(void **state)
{
	(void)state;
	assert_true(uc_slice_eq(uc_slice_str("abc"), uc_slice_of("abcd", 3)));
	assert_false(uc_slice_eq(uc_slice_str("abc"), uc_slice_str("abd")));
	assert_false(uc_slice_eq(uc_slice_str("abc"), uc_slice_str("ab")));
	assert_true(uc_slice_eq(uc_slice_of(NULL, 0), uc_slice_str("")));
	assert_true(uc_slice_eq(uc_slice_of("a\0b", 3), uc_slice_of("a\0b", 3)));
	assert_false(uc_slice_eq(uc_slice_of("a\0b", 3), uc_slice_of("a\0c", 3)));
}

static void slices_are_ordered_by_bytes_and_a_prefix_comes_first(void **state)
{
	(void)state;
	static const char *const ordered[] = {"", "a", "aa", "ab", "b", "\x7f", "\x80", "\xff"};
	enum { COUNT = sizeof ordered / sizeof ordered[0] };
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++) {
			int order = uc_slice_cmp(uc_slice_str(ordered[i]), uc_slice_str(ordered[j]));
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void numbers_are_read_big_endian(void **state)
{
	(void)state;
	struct uc_reader r = uc_reader_of(uc_slice_of("\x01\x02\x03\xff\xfe\xfd\xfc", 7));
	uint8_t a = 0;
	uint16_t b = 0;
	uint32_t c = 0;
	assert_true(uc_read_u8(&r, &a) && uc_read_u16(&r, &b) && uc_read_u32(&r, &c));
	assert_int_equal(a, 0x01);
	assert_int_equal(b, 0x0203);
	assert_true(c == 0xfffefdfcu);
	assert_int_equal(uc_reader_left(&r), 0);
}

static void a_read_beyond_the_end_fails_and_moves_nothing(void **state)
{
	(void)state;
	struct uc_reader r = uc_reader_of(uc_slice_of("abc", 3));
	struct uc_slice s;
	uint8_t a;
	uint16_t b = 7;
	uint32_t c = 7;
	assert_false(uc_read_u32(&r, &c));
	assert_false(uc_read_slice(&r, 4, &s));
	assert_false(uc_read_slice(&r, SIZE_MAX, &s));
	assert_int_equal(uc_reader_left(&r), 3);
	assert_true(uc_read_slice(&r, 2, &s));
	assert_false(uc_read_u16(&r, &b));
	assert_false(uc_read_slice(&r, SIZE_MAX - 1, &s));
	assert_true(b == 7 && c == 7);
	assert_true(uc_peek_u8(&r, &a) && a == 'c');
	assert_true(uc_read_u8(&r, &a) && a == 'c');
	assert_false(uc_peek_u8(&r, &a));
	assert_false(uc_read_u8(&r, &a));
	assert_true(uc_read_slice(&r, 0, &s) && s.len == 0);
}

static void an_empty_reader_without_memory_gives_only_empty_slices(void **state)
{
	(void)state;
	struct uc_reader r = uc_reader_of(uc_slice_of(NULL, 0));
	struct uc_slice s = uc_slice_str("x");
	uint8_t a;
	assert_true(uc_read_slice(&r, 0, &s));
	assert_int_equal(s.len, 0);
	assert_false(uc_read_slice(&r, 1, &s));
	assert_false(uc_read_u8(&r, &a));
}

static void a_text_is_read_to_its_NUL_and_not_beyond_the_end(void **state)
{
	(void)state;
	const char *text;
	struct uc_reader r = uc_reader_of(uc_slice_of("one\0\0two", 8));
	assert_true(uc_read_text(&r, &text));
	assert_string_equal(text, "one");
	assert_true(uc_read_text(&r, &text));
	assert_string_equal(text, "");
	assert_false(uc_read_text(&r, &text));
	assert_int_equal(uc_reader_left(&r), 3);
	struct uc_reader empty = uc_reader_of(uc_slice_of(NULL, 0));
	assert_false(uc_read_text(&empty, &text));
}

/* Whatever is read in whatever order, the reader agrees with a position kept beside it and never passes the end. */
static void random_reads_agree_with_a_model(void **state)
{
	(void)state;
	uint8_t data[97];
	for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7 + 1);
	uint32_t seed = 1;
	for (int round = 0; round < 2000; round++) {
		size_t size = next_random(&seed) % sizeof data;
		struct uc_reader r = uc_reader_of(uc_slice_of(data, size));
		size_t pos = 0;
		for (int step = 0; step < 20; step++) {
			size_t want = next_random(&seed) % 12;
			struct uc_slice s;
			bool ok = uc_read_slice(&r, want, &s);
			assert_int_equal(ok, want <= size - pos);
			if (ok) {
				assert_true(uc_slice_eq(s, uc_slice_of(data + pos, want)));
				pos += want;
			}
			assert_int_equal(uc_reader_left(&r), size - pos);
		}
	}
}

static void a_buffer_grows_and_keeps_what_it_holds(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf b = UC_BUF_EMPTY;
	for (size_t i = 0; i < 10000; i++) uc_buf_add_u8(&b, (uint8_t)i);
	assert_int_equal(b.len, 10000);
	for (size_t i = 0; i < 10000; i++) assert_int_equal(b.ptr[i], (uint8_t)i);
	uc_buf_free(&b);
	assert_null(b.ptr);
	assert_int_equal(b.len, 0);
}

static void every_way_to_add_appends(void **state)
{
	(void)state;
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_add(&b, NULL, 0);
	uc_buf_add_str(&b, "a");
	uc_buf_add_slice(&b, uc_slice_str("bc"));
	uc_buf_add_u8(&b, 'd');
	uc_buf_printf(&b, "%d%s", 42, "x");
	memcpy(uc_buf_extend(&b, 2), "yz", 2);
	assert_true(uc_slice_eq(uc_buf_slice(&b), uc_slice_str("abcd42xyz")));
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	assert_string_equal(text, "abcd42xyz");
	assert_null(b.ptr);
	assert_int_equal(b.len, 0);
}

static void taking_an_empty_buffer_gives_an_empty_string(void **state)
{
	(void)state;
	struct uc_buf b = UC_BUF_EMPTY;
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&b);
	assert_string_equal(text, "");
}

static void a_length_that_overflows_ends_the_process(void **state)
{
	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL) _exit(0);
		struct uc_buf b = UC_BUF_EMPTY;
		uc_buf_add_str(&b, "something");
		volatile size_t huge = SIZE_MAX - 80;
		uc_buf_extend(&b, huge);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void wiping_leaves_an_empty_buffer(void **state)
{
	(void)state;
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_wipe(&b);
	uc_buf_add_str(&b, "secret");
	uc_buf_wipe(&b);
	assert_null(b.ptr);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slices_are_equal_by_content),
	    cmocka_unit_test(slices_are_ordered_by_bytes_and_a_prefix_comes_first),
	    cmocka_unit_test(numbers_are_read_big_endian),
	    cmocka_unit_test(a_read_beyond_the_end_fails_and_moves_nothing),
	    cmocka_unit_test(an_empty_reader_without_memory_gives_only_empty_slices),
	    cmocka_unit_test(a_text_is_read_to_its_NUL_and_not_beyond_the_end),
	    cmocka_unit_test(random_reads_agree_with_a_model),
	    cmocka_unit_test(a_buffer_grows_and_keeps_what_it_holds),
	    cmocka_unit_test(every_way_to_add_appends),
	    cmocka_unit_test(taking_an_empty_buffer_gives_an_empty_string),
	    cmocka_unit_test(a_length_that_overflows_ends_the_process),
	    cmocka_unit_test(wiping_leaves_an_empty_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
