/* Encodings of text, lines, and base64 with its faults explained. */
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "pki/input_internal.h"

struct encoding {
	const char *name;
	const uint8_t *mark;
	size_t mark_len;
	size_t width; /* bytes of a unit */
	bool big_endian;
};

/* The mark of UTF-32LE begins with that of UTF-16LE: it is looked for first. */
static const struct encoding encodings[] = {
    {"UTF-32 (little-endian)", (const uint8_t *)"\xff\xfe\0\0", 4, 4, false},
    {"UTF-32 (big-endian)", (const uint8_t *)"\0\0\xfe\xff", 4, 4, true},
    {"UTF-8 with a byte order mark", (const uint8_t *)"\xef\xbb\xbf", 3, 1, false},
    {"UTF-16 (little-endian)", (const uint8_t *)"\xff\xfe", 2, 2, false},
    {"UTF-16 (big-endian)", (const uint8_t *)"\xfe\xff", 2, 2, true},
    {"UTF-16 (little-endian) without a byte order mark", NULL, 0, 2, false},
    {"UTF-16 (big-endian) without a byte order mark", NULL, 0, 2, true},
};

/* Without a mark: is every second byte of the beginning 0, and none of the others? */
static bool looks_wide(struct uc_slice data, bool big_endian)
{
	enum { LOOKED_AT = 32 };
	if (data.len < 8) return false;
	for (size_t i = 0; i < data.len && i < LOOKED_AT; i++) {
		bool high = i % 2 == (big_endian ? 0 : 1);
		if ((data.ptr[i] == 0) != high) return false;
	}
	return true;
}

static bool is_encoded(struct uc_slice data, const struct encoding *enc)
{
	if (enc->mark == NULL) return looks_wide(data, enc->big_endian);
	return data.len >= enc->mark_len && memcmp(data.ptr, enc->mark, enc->mark_len) == 0;
}

static bool read_unit(struct uc_reader *r, const struct encoding *enc, uint32_t *out)
{
	uint16_t half;
	if (enc->width == 4) {
		if (!uc_read_u32(r, out)) return false;
		if (!enc->big_endian) *out = __builtin_bswap32(*out);
		return true;
	}
	if (!uc_read_u16(r, &half)) return false;
	*out = enc->big_endian ? half : __builtin_bswap16(half);
	return true;
}

struct uc_slice uc_input_text_decode(struct uc_input_job *job, struct uc_slice data, struct uc_buf *buf)
{
	const struct encoding *enc = NULL;
	for (size_t i = 0; enc == NULL && i < sizeof encodings / sizeof *encodings; i++)
		if (is_encoded(data, &encodings[i])) enc = &encodings[i];
	if (enc == NULL) return data;
	uc_findings_add(&job->out->findings, UC_NOTE, "text-encoding", NULL, "the file is %s; it was read as such", enc->name);
	struct uc_reader r = uc_reader_of(data);
	struct uc_slice mark;
	struct uc_slice rest = data;
	if (uc_read_slice(&r, enc->mark_len, &mark) && enc->width == 1 && uc_read_slice(&r, uc_reader_left(&r), &rest)) return rest;
	uint32_t unit;
	while (read_unit(&r, enc, &unit)) {
		/* Characters beyond the first plane can only stand in text that is skipped: their halves need not be joined. */
		bool character = unit <= 0x10ffff && (unit < 0xd800 || unit > 0xdfff);
		uc_utf8_add(buf, character ? unit : 0xfffd);
	}
	return uc_buf_slice(buf);
}

struct uc_slice uc_input_text_cut(struct uc_slice text, size_t start, size_t end)
{
	struct uc_reader r = uc_reader_of(text);
	struct uc_slice before;
	struct uc_slice part;
	if (end < start || !uc_read_slice(&r, start, &before) || !uc_read_slice(&r, end - start, &part)) return (struct uc_slice){.ptr = NULL};
	return part;
}

bool uc_input_text_line(struct uc_reader *r, struct uc_slice *line)
{
	struct uc_reader at = *r;
	uint8_t c = 0;
	size_t len = 0;
	if (uc_reader_left(r) == 0) return false;
	while (uc_read_u8(&at, &c) && c != '\n' && c != '\r') len++;
	if (!uc_read_slice(r, len, line)) return false;
	if (uc_read_u8(r, &c) && c == '\r' && uc_peek_u8(r, &c) && c == '\n') return uc_read_u8(r, &c);
	return true;
}

/* The CR of a CRLF is counted with its LF. */
static bool ends_line(struct uc_slice text, size_t pos)
{
	if (text.ptr[pos] == '\r') return pos + 1 == text.len || text.ptr[pos + 1] != '\n';
	return text.ptr[pos] == '\n';
}

size_t uc_input_text_lines(struct uc_slice text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		if (ends_line(text, i)) count++;
	return count;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct uc_slice uc_input_text_trim(struct uc_slice text)
{
	size_t start = 0;
	size_t end = text.len;
	while (end > 0 && is_blank(text.ptr[end - 1])) end--;
	while (start < end && is_blank(text.ptr[start])) start++;
	return uc_input_text_cut(text, start, end);
}

/* Where the reading of base64 is. */
struct base64 {
	const struct uc_input_part *part;
	size_t pos, line, column; /* of the character being read; line and column count from 1 */
	bool secret;
	bool padded;         /* a '=' has been read */
	struct uc_buf group; /* characters that are not decoded yet */
};

static void free_base64(struct base64 *b)
{
	uc_buf_wipe(&b->group);
}

static enum uc_status bad_character(const struct base64 *b, struct uc_error *e)
{
	static const char hint[] =
	    "Copy the text again, complete and unchanged, from '-----BEGIN' to '-----END', or transfer the file as a file.";
	const struct uc_slice text = b->part->text;
	uint32_t cp = text.ptr[b->pos];
	char what[32];
	bool character = uc_utf8_next(uc_input_text_cut(text, b->pos, text.len), &cp) > 0;
	if (b->secret)
		snprintf(what, sizeof what, "a character");
	else if (cp > 0x20 && cp < 0x7f)
		snprintf(what, sizeof what, "the character '%c'", (char)cp);
	else
		snprintf(what, sizeof what, character ? "the character U+%04X" : "the byte 0x%02X", (unsigned)cp);
	return uc_fail(e, UC_EINPUT, "bad-base64", hint, "line %zu, column %zu: %s does not belong into base64", b->line, b->column, what);
}

/* Decodes what has been collected: whole groups, or with last a final group, whose padding may be missing. */
static bool flush(struct base64 *b, bool last, struct uc_buf *out)
{
	for (size_t i = b->group.len % 4; last && i >= 2 && i < 4; i++) uc_buf_add_u8(&b->group, '=');
	bool ok = uc_unbase64(uc_buf_slice(&b->group), out);
	b->group.len = 0;
	b->padded = false;
	return ok;
}

static enum uc_status bad_length(const struct base64 *b, struct uc_error *e)
{
	return uc_fail(e, UC_EINPUT, "bad-base64", "Copy the text again: at least one character was lost.",
	               "line %zu: the base64 that begins at line %zu has a wrong number of characters before its end", b->line, b->part->line);
}

/* How many characters of an escape in a JSON string stand for nothing here: both of a line break, the backslash of "\/". */
static size_t escape_len(struct uc_slice text, size_t pos)
{
	if (text.ptr[pos] != '\\' || pos + 1 >= text.len) return 0;
	uint8_t c = text.ptr[pos + 1];
	return c == 'n' || c == 'r' ? 2 : c == '/' ? 1 : 0;
}

static bool is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static enum uc_status read_character(struct base64 *b, struct uc_buf *out, struct uc_error *e)
{
	enum { GROUPS = 4096 }; /* decoded at once */
	uint8_t c = b->part->text.ptr[b->pos];
	if (!is_base64(c) && c != '=') return bad_character(b, e);
	/* Several base64 texts may follow each other, each with its own padding. */
	if (b->padded && c != '=' && !flush(b, true, out)) return bad_length(b, e);
	uc_buf_add_u8(&b->group, c);
	b->padded = c == '=';
	if (b->group.len == GROUPS && !b->padded && !flush(b, false, out)) return bad_length(b, e);
	return UC_OK;
}

enum uc_status uc_input_text_base64(const struct uc_input_part *part, bool secret, struct uc_buf *out, struct uc_error *e)
{
	const struct uc_slice text = part->text;
	UC_CLEANUP(free_base64) struct base64 b = {.part = part, .line = part->line, .column = 1, .secret = secret};
	for (; b.pos < text.len; b.pos++, b.column++) {
		size_t skipped = escape_len(text, b.pos);
		if (skipped > 0) {
			b.pos += skipped - 1;
			b.column += skipped - 1;
			continue;
		}
		if (!is_blank(text.ptr[b.pos])) UC_TRY(read_character(&b, out, e));
		if (!ends_line(text, b.pos)) continue;
		b.line++;
		b.column = 0;
	}
	return flush(&b, true, out) ? UC_OK : bad_length(&b, e);
}
