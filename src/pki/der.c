#include "pki/der.h"

#include "core/mem.h"

static bool read_length(struct uc_reader *r, size_t *out)
{
	uint8_t first;
	if (!uc_read_u8(r, &first)) return false;
	if (first < 0x80) {
		*out = first;
		return true;
	}
	size_t count = first & 0x7f;
	if (count == 0 || count > 4) return false;
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		uint8_t b;
		if (!uc_read_u8(r, &b)) return false;
		if (i == 0 && b == 0) return false;
		len = len << 8 | b;
	}
	if (len < 0x80) return false;
	*out = len;
	return true;
}

bool uc_der_next(struct uc_reader *r, struct uc_der *out)
{
	struct uc_reader at = *r;
	uint8_t tag;
	size_t len;
	struct uc_slice content;
	if (!uc_read_u8(&at, &tag) || (tag & 0x1f) == 0x1f) return false;
	if (!read_length(&at, &len) || !uc_read_slice(&at, len, &content)) return false;
	struct uc_slice whole;
	size_t size = at.pos - r->pos;
	if (!uc_read_slice(r, size, &whole)) return false;
	*out = (struct uc_der){.tag = tag, .content = content, .whole = whole};
	return true;
}

bool uc_der_expect(struct uc_reader *r, uint8_t tag, struct uc_der *out)
{
	uint8_t next;
	if (!uc_peek_u8(r, &next) || next != tag) return false;
	return uc_der_next(r, out);
}

bool uc_der_optional(struct uc_reader *r, uint8_t tag, struct uc_der *out)
{
	return uc_der_expect(r, tag, out);
}

bool uc_der_whole(struct uc_slice data, uint8_t tag, struct uc_der *out)
{
	struct uc_reader r = uc_reader_of(data);
	return uc_der_expect(&r, tag, out) && uc_reader_left(&r) == 0;
}

char *uc_der_oid_text(struct uc_slice content)
{
	struct uc_buf out = UC_BUF_EMPTY;
	uint64_t v = 0;
	bool first = true;
	bool open = true; /* an arc has begun that has not ended */
	for (size_t i = 0; i < content.len; i++) {
		bool padded = v == 0 && content.ptr[i] == 0x80; /* X.690 section 8.19.2 */
		if (padded || v >> 57 != 0) {
			open = true;
			break;
		}
		v = v << 7 | (content.ptr[i] & 0x7f);
		open = (content.ptr[i] & 0x80) != 0;
		if (open) continue;
		if (first) {
			uint64_t top = v < 40 ? 0 : v < 80 ? 1 : 2;
			uc_buf_printf(&out, "%llu.%llu", (unsigned long long)top, (unsigned long long)(v - top * 40));
		} else {
			uc_buf_printf(&out, ".%llu", (unsigned long long)v);
		}
		first = false;
		v = 0;
	}
	if (!open) return uc_buf_take_str(&out);
	uc_buf_free(&out);
	return uc_strdup("?");
}
