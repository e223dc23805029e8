/*
 * Bytes with lengths: a borrowed slice, a bounded reader over one, and a growing buffer.
 * Every parser of bytes from outside is written on these; none does pointer arithmetic of its own.
 */
#ifndef UC_CORE_BYTES_H
#define UC_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* A view of bytes owned by somebody else. ptr may be NULL when len is 0. */
struct uc_slice {
	const uint8_t *ptr;
	size_t len;
};

struct uc_slice uc_slice_of(const void *ptr, size_t len);
struct uc_slice uc_slice_str(const char *text);
bool uc_slice_eq(struct uc_slice a, struct uc_slice b);
/* Orders as memcmp, a prefix first. */
int uc_slice_cmp(struct uc_slice a, struct uc_slice b);

/* A read cursor. A read beyond the end returns false and leaves the cursor where it was. */
struct uc_reader {
	struct uc_slice data;
	size_t pos;
};

struct uc_reader uc_reader_of(struct uc_slice data);
size_t uc_reader_left(const struct uc_reader *r);
bool uc_read_u8(struct uc_reader *r, uint8_t *out) UC_MUST;
bool uc_read_u16(struct uc_reader *r, uint16_t *out) UC_MUST; /* big-endian */
bool uc_read_u32(struct uc_reader *r, uint32_t *out) UC_MUST; /* big-endian */
bool uc_read_slice(struct uc_reader *r, size_t len, struct uc_slice *out) UC_MUST;
bool uc_peek_u8(const struct uc_reader *r, uint8_t *out) UC_MUST;
/* Reads up to a NUL byte and over it: *out is the text before it, which lies in the data. False when no NUL comes. */
bool uc_read_text(struct uc_reader *r, const char **out) UC_MUST;

/* A growing buffer. Zero-initialised is empty. Release with uc_buf_free (also for UC_CLEANUP). */
struct uc_buf {
	uint8_t *ptr;
	size_t len;
	size_t cap;
};

#define UC_BUF_EMPTY ((struct uc_buf){.ptr = NULL})

void uc_buf_free(struct uc_buf *b);
/* As uc_buf_free(), wiping the contents first. */
void uc_buf_wipe(struct uc_buf *b);
void uc_buf_add(struct uc_buf *b, const void *data, size_t len);
void uc_buf_add_slice(struct uc_buf *b, struct uc_slice s);
void uc_buf_add_str(struct uc_buf *b, const char *text);
void uc_buf_add_u8(struct uc_buf *b, uint8_t v);
void uc_buf_printf(struct uc_buf *b, const char *fmt, ...) UC_PRINTF(2, 3);
/* Makes room for len bytes that will be added, once, where their number is known: a large buffer that grows bit by bit costs more than what is put into it. */
void uc_buf_reserve(struct uc_buf *b, size_t len);
/* Makes room for len bytes at the end, grows len by it, and returns where they start. */
uint8_t *uc_buf_extend(struct uc_buf *b, size_t len);
struct uc_slice uc_buf_slice(const struct uc_buf *b);
/* Gives the contents away as a NUL-terminated string (free with free()) and leaves the buffer empty. */
char *uc_buf_take_str(struct uc_buf *b);

#endif
