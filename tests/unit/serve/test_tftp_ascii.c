/* src/serve/tftp/ascii.c: the mode netascii. */
#include "uc_test.h"

#include "serve/tftp/ascii.h"

/* The whole text in pieces of so many bytes. */
static struct uc_buf convert(struct uc_slice content, size_t room)
{
	struct uc_buf out = UC_BUF_EMPTY;
	struct uc_tftp_ascii at = {.pos = 0};
	uint8_t block[64];
	size_t len = room;
	while (len == room) {
		len = uc_tftp_ascii_fill(content, &at, block, room);
		assert_true(len <= room);
		uc_buf_add(&out, block, len);
	}
	return out;
}

static void assert_converted(struct uc_slice content, struct uc_slice want)
{
	for (size_t room = 1; room <= 64; room++) {
		struct uc_buf out = convert(content, room);
		assert_true(uc_slice_eq(uc_buf_slice(&out), want));
		uc_buf_free(&out);
	}
}

static void line_feeds_and_carriage_returns_become_pairs(void **state)
{
	(void)state;
	assert_converted(uc_slice_str("a\nb\n"), uc_slice_of("a\r\nb\r\n", 6));
	assert_converted(uc_slice_str("a\rb"), uc_slice_of("a\r\0b", 4));
	assert_converted(uc_slice_str("a\r\nb"), uc_slice_of("a\r\0\r\nb", 6));
	assert_converted(uc_slice_str("\n\n\n\r\r"), uc_slice_of("\r\n\r\n\r\n\r\0\r\0", 10));
}

static void other_bytes_stay(void **state)
{
	(void)state;
	assert_converted(uc_slice_of(NULL, 0), uc_slice_of(NULL, 0));
	assert_converted(uc_slice_of("\0\xff\x80 text", 8), uc_slice_of("\0\xff\x80 text", 8));
}

static void a_full_last_block_is_followed_by_an_empty_one(void **state)
{
	(void)state;
	uint8_t out[4];
	struct uc_tftp_ascii at = {.pos = 0};
	assert_int_equal(uc_tftp_ascii_fill(uc_slice_str("ab\n"), &at, out, 4), 4);
	assert_int_equal(uc_tftp_ascii_fill(uc_slice_str("ab\n"), &at, out, 4), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(line_feeds_and_carriage_returns_become_pairs),
	    cmocka_unit_test(other_bytes_stay),
	    cmocka_unit_test(a_full_last_block_is_followed_by_an_empty_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
