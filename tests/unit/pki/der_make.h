/* DER made by hand, for what no program would make: DER(0x30, HEX("0201 00"), TEXT("x")). All of it lives until der_forget(). */
#ifndef UC_TEST_DER_MAKE_H
#define UC_TEST_DER_MAKE_H

#include "core/bytes.h"
#include "core/text.h"
#include "uc_test.h"

static struct uc_strv der_memory;

/* An element with this tag around the parts. */
#define DER(tag, ...) \
	der_join(tag, (const struct uc_slice[]){__VA_ARGS__}, sizeof((const struct uc_slice[]){__VA_ARGS__}) / sizeof(struct uc_slice))
#define TEXT(text) uc_slice_of(text, sizeof(text) - 1)
#define HEX(text) der_hex(text)
#define NOTHING uc_slice_of(NULL, 0)

static struct uc_slice der_keep(struct uc_buf *b)
{
	size_t len = b->len;
	char *text = uc_buf_take_str(b);
	uc_strv_take(&der_memory, text);
	return uc_slice_of(text, len);
}

__attribute__((unused)) static struct uc_slice der_join(uint8_t tag, const struct uc_slice *parts, size_t count)
{
	struct uc_buf out = UC_BUF_EMPTY;
	size_t len = 0;
	for (size_t i = 0; i < count; i++) len += parts[i].len;
	uc_buf_add_u8(&out, tag);
	if (len >= 0x80) uc_buf_add_u8(&out, len > 0xffff ? 0x83 : len > 0xff ? 0x82 : 0x81);
	if (len > 0xffff) uc_buf_add_u8(&out, (uint8_t)(len >> 16));
	if (len > 0xff) uc_buf_add_u8(&out, (uint8_t)(len >> 8));
	uc_buf_add_u8(&out, (uint8_t)len);
	for (size_t i = 0; i < count; i++) uc_buf_add_slice(&out, parts[i]);
	return der_keep(&out);
}

/* Hexadecimal digits; blanks between them are allowed. */
__attribute__((unused)) static struct uc_slice der_hex(const char *text)
{
	char digits[1024];
	size_t n = 0;
	for (; *text != '\0'; text++)
		if (*text != ' ') {
			assert_true(n + 1 < sizeof digits);
			digits[n++] = *text;
		}
	digits[n] = '\0';
	struct uc_buf out = UC_BUF_EMPTY;
	assert_true(uc_unhex(digits, &out));
	return der_keep(&out);
}

/* len bytes, all of them c. */
__attribute__((unused)) static struct uc_slice der_fill(uint8_t c, size_t len)
{
	struct uc_buf out = UC_BUF_EMPTY;
	memset(uc_buf_extend(&out, len), c, len);
	return der_keep(&out);
}

__attribute__((unused)) static int der_forget(void **state)
{
	(void)state;
	uc_strv_free(&der_memory);
	return 0;
}

#endif
