#include "core/bytes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

struct uc_slice uc_slice_of(const void *ptr, size_t len)
{
	return (struct uc_slice){.ptr = ptr, .len = len};
}

struct uc_slice uc_slice_str(const char *text)
{
	return uc_slice_of(text, strlen(text));
}

bool uc_slice_eq(struct uc_slice a, struct uc_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int uc_slice_cmp(struct uc_slice a, struct uc_slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
	if (order != 0) return order;
	return (a.len > b.len) - (a.len < b.len);
}

struct uc_reader uc_reader_of(struct uc_slice data)
{
	return (struct uc_reader){.data = data, .pos = 0};
}

size_t uc_reader_left(const struct uc_reader *r)
{
	return r->data.len - r->pos;
}

bool uc_read_slice(struct uc_reader *r, size_t len, struct uc_slice *out)
{
	if (len > uc_reader_left(r)) return false;
	*out = uc_slice_of(r->data.len > 0 ? r->data.ptr + r->pos : NULL, len);
	r->pos += len;
	return true;
}

bool uc_peek_u8(const struct uc_reader *r, uint8_t *out)
{
	if (uc_reader_left(r) < 1) return false;
	*out = r->data.ptr[r->pos];
	return true;
}

bool uc_read_u8(struct uc_reader *r, uint8_t *out)
{
	if (!uc_peek_u8(r, out)) return false;
	r->pos++;
	return true;
}

bool uc_read_text(struct uc_reader *r, const char **out)
{
	size_t left = uc_reader_left(r);
	const uint8_t *start = left > 0 ? r->data.ptr + r->pos : NULL;
	const uint8_t *end = left > 0 ? memchr(start, '\0', left) : NULL;
	if (end == NULL) return false;
	*out = (const char *)start;
	r->pos += (size_t)(end - start) + 1;
	return true;
}

/* Reads n bytes (at most 4) as a big-endian number. */
static bool read_number(struct uc_reader *r, size_t n, uint32_t *out)
{
	if (n > uc_reader_left(r)) return false;
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++) v = v << 8 | r->data.ptr[r->pos + i];
	r->pos += n;
	*out = v;
	return true;
}

bool uc_read_u16(struct uc_reader *r, uint16_t *out)
{
	uint32_t v;
	if (!read_number(r, 2, &v)) return false;
	*out = (uint16_t)v;
	return true;
}

bool uc_read_u32(struct uc_reader *r, uint32_t *out)
{
	return read_number(r, 4, out);
}

void uc_buf_free(struct uc_buf *b)
{
	free(b->ptr);
	*b = UC_BUF_EMPTY;
}

void uc_buf_wipe(struct uc_buf *b)
{
	uc_secret_free(b->ptr, b->cap);
	*b = UC_BUF_EMPTY;
}

/* Not realloc: the buffer may hold a secret, and realloc would leave a copy behind. */
static void grow(struct uc_buf *b, size_t cap)
{
	uint8_t *grown = uc_alloc(cap);
	if (b->len > 0) memcpy(grown, b->ptr, b->len);
	uc_secret_free(b->ptr, b->cap);
	b->ptr = grown;
	b->cap = cap;
}

void uc_buf_reserve(struct uc_buf *b, size_t len)
{
	size_t cap;
	if (len <= b->cap - b->len) return;
	/* A length that no memory can hold is running out of memory, not a small number. */
	grow(b, __builtin_add_overflow(b->len, len, &cap) ? SIZE_MAX : cap);
}

uint8_t *uc_buf_extend(struct uc_buf *b, size_t len)
{
	if (len > b->cap - b->len) {
		size_t cap;
		if (__builtin_mul_overflow(b->cap, (size_t)2, &cap) || __builtin_add_overflow(cap, len, &cap) ||
		    __builtin_add_overflow(cap, (size_t)64, &cap))
			cap = SIZE_MAX;
		grow(b, cap);
	}
	uint8_t *at = b->len > 0 ? b->ptr + b->len : b->ptr; /* nothing added to nothing: NULL */
	b->len += len;
	return at;
}

void uc_buf_add(struct uc_buf *b, const void *data, size_t len)
{
	uint8_t *at = uc_buf_extend(b, len);
	if (len > 0) memcpy(at, data, len);
}

void uc_buf_add_slice(struct uc_buf *b, struct uc_slice s)
{
	uc_buf_add(b, s.ptr, s.len);
}

void uc_buf_add_str(struct uc_buf *b, const char *text)
{
	uc_buf_add(b, text, strlen(text));
}

void uc_buf_add_u8(struct uc_buf *b, uint8_t v)
{
	uc_buf_add(b, &v, 1);
}

void uc_buf_printf(struct uc_buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *text = uc_vsprintf(fmt, ap);
	va_end(ap);
	uc_buf_add_str(b, text);
}

struct uc_slice uc_buf_slice(const struct uc_buf *b)
{
	return uc_slice_of(b->ptr, b->len);
}

char *uc_buf_take_str(struct uc_buf *b)
{
	uc_buf_add_u8(b, 0);
	char *text = (char *)b->ptr;
	*b = UC_BUF_EMPTY;
	return text;
}
