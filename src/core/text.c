#include "core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

char *uc_hex(struct uc_slice data, char sep)
{
	static const char digits[] = "0123456789abcdef";
	struct uc_buf out = UC_BUF_EMPTY;
	for (size_t i = 0; i < data.len; i++) {
		if (i > 0 && sep != '\0') uc_buf_add_u8(&out, (uint8_t)sep);
		uc_buf_add_u8(&out, (uint8_t)digits[data.ptr[i] >> 4]);
		uc_buf_add_u8(&out, (uint8_t)digits[data.ptr[i] & 15]);
	}
	return uc_buf_take_str(&out);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	c = uc_ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uc_unhex(const char *text, struct uc_buf *out)
{
	size_t before = out->len;
	for (const char *p = text; *p != '\0';) {
		if (*p == ':' && p > text) p++;
		int hi = hex_value(p[0]);
		int lo = hi < 0 ? -1 : hex_value(p[1]);
		if (lo < 0) {
			out->len = before;
			return false;
		}
		uc_buf_add_u8(out, (uint8_t)(hi << 4 | lo));
		p += 2;
	}
	return true;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *uc_base64(struct uc_slice data)
{
	char *text = uc_alloc((data.len + 2) / 3 * 4 + 1);
	char *at = text;
	for (size_t i = 0; i < data.len; i += 3) {
		size_t left = data.len - i;
		uint32_t v = (uint32_t)data.ptr[i] << 16;
		if (left > 1) v |= (uint32_t)data.ptr[i + 1] << 8;
		if (left > 2) v |= data.ptr[i + 2];
		*at++ = base64_digits[v >> 18];
		*at++ = base64_digits[v >> 12 & 63];
		*at++ = left > 1 ? base64_digits[v >> 6 & 63] : '=';
		*at++ = left > 2 ? base64_digits[v & 63] : '=';
	}
	*at = '\0';
	return text;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z') return c - 'A';
	if (c >= 'a' && c <= 'z') return c - 'a' + 26;
	if (c >= '0' && c <= '9') return c - '0' + 52;
	if (c == '+') return 62;
	return c == '/' ? 63 : -1;
}

bool uc_unbase64(struct uc_slice text, struct uc_buf *out)
{
	size_t before = out->len;
	uint32_t group = 0;
	unsigned have = 0;
	unsigned pad = 0;
	bool ok = true;
	for (size_t i = 0; i < text.len && ok; i++) {
		uint8_t c = text.ptr[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
		int v = c == '=' ? 0 : base64_value(c);
		if (c == '=') pad++;
		/* Padding ends the text, and takes at most two places of the last group. */
		if (v < 0 || pad > 2 || (pad > 0 && c != '=') || (c == '=' && have < 2)) ok = false;
		group = group << 6 | (uint32_t)(v > 0 ? v : 0);
		if (++have < 4) continue;
		uint8_t three[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
		uc_buf_add(out, three, 3 - pad);
		have = 0;
		group = 0;
	}
	if (ok && have == 0) return true;
	out->len = before;
	return false;
}

char *uc_base64url(struct uc_slice data)
{
	char *text = uc_base64(data);
	text[strcspn(text, "=")] = '\0';
	for (char *at = text; *at != '\0'; at++) {
		if (*at == '+') *at = '-';
		if (*at == '/') *at = '_';
	}
	return text;
}

bool uc_unbase64url(struct uc_slice text, struct uc_buf *out)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf padded = UC_BUF_EMPTY;
	size_t before = out->len;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (c != '-' && c != '_' && (base64_value(c) < 0 || c == '+' || c == '/')) return false;
		uc_buf_add_u8(&padded, c == '-' ? '+' : c == '_' ? '/' : c);
	}
	while (padded.len % 4 != 0) uc_buf_add_u8(&padded, '=');
	if (!uc_unbase64(uc_buf_slice(&padded), out)) return false;
	char *again = uc_base64url(uc_slice_of(out->len > before ? out->ptr + before : NULL, out->len - before));
	bool same = uc_slice_eq(uc_slice_str(again), text);
	uc_secret_free(again, strlen(again));
	if (!same) out->len = before;
	return same;
}

size_t uc_utf8_next(struct uc_slice text, uint32_t *cp)
{
	if (text.len == 0) return 0;
	uint8_t c = text.ptr[0];
	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4 || need > text.len) return 0;
	uint32_t v = c & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((text.ptr[i] & 0xc0) != 0x80) return 0;
		v = v << 6 | (text.ptr[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (v < least[need] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) return 0;
	*cp = v;
	return need;
}

bool uc_utf8_valid(struct uc_slice text)
{
	uint32_t cp;
	for (size_t i = 0; i < text.len;) {
		size_t n = uc_utf8_next(uc_slice_of(text.ptr + i, text.len - i), &cp);
		if (n == 0) return false;
		i += n;
	}
	return true;
}

void uc_utf8_add(struct uc_buf *out, uint32_t cp)
{
	if (cp < 0x80) {
		uc_buf_add_u8(out, (uint8_t)cp);
		return;
	}
	if (cp < 0x800) {
		uc_buf_add_u8(out, (uint8_t)(0xc0 | cp >> 6));
	} else if (cp < 0x10000) {
		uc_buf_add_u8(out, (uint8_t)(0xe0 | cp >> 12));
		uc_buf_add_u8(out, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
	} else {
		uc_buf_add_u8(out, (uint8_t)(0xf0 | cp >> 18));
		uc_buf_add_u8(out, (uint8_t)(0x80 | (cp >> 12 & 0x3f)));
		uc_buf_add_u8(out, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
	}
	uc_buf_add_u8(out, (uint8_t)(0x80 | (cp & 0x3f)));
}

char *uc_utf8_clean(struct uc_slice text)
{
	struct uc_buf out = UC_BUF_EMPTY;
	for (size_t i = 0; i < text.len;) {
		uint32_t cp;
		size_t n = uc_utf8_next(uc_slice_of(text.ptr + i, text.len - i), &cp);
		/* NUL would end the string early: it counts as malformed here. */
		uc_utf8_add(&out, n == 0 || cp == 0 ? 0xfffd : cp);
		i += n == 0 ? 1 : n;
	}
	return uc_buf_take_str(&out);
}

/* Characters that a terminal obeys instead of showing: C0 and C1 controls, and what reorders a line (Unicode's Bidi_Control). */
static bool is_control(uint32_t c)
{
	bool bidi = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || bidi;
}

char *uc_text_printable(char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = uc_utf8_next(uc_slice_of(text + i, len - i), &cp);
		size_t step = n == 0 ? 1 : n;
		if (n == 0 || is_control(cp)) memset(text + i, '?', step);
		i += step;
	}
	return text;
}

static uint32_t fold_char(uint32_t c)
{
	if (c >= 'A' && c <= 'Z') return c + 32;
	if (c >= 0xc0 && c <= 0xde && c != 0xd7) return c + 32;    /* Latin-1 */
	if (c >= 0x391 && c <= 0x3ab && c != 0x3a2) return c + 32; /* Greek, and those with an accent: */
	if (c == 0x386) return 0x3ac;
	if (c >= 0x388 && c <= 0x38a) return c + 37;
	if (c == 0x38c) return 0x3cc;
	if (c == 0x38e || c == 0x38f) return c + 63;
	if (c >= 0x410 && c <= 0x42f) return c + 32; /* Cyrillic */
	if (c >= 0x400 && c <= 0x40f) return c + 80;
	return c;
}

char *uc_fold(const char *text)
{
	struct uc_buf out = UC_BUF_EMPTY;
	size_t len = strlen(text);
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = uc_utf8_next(uc_slice_of(text + i, len - i), &cp);
		if (n == 0) {
			uc_buf_add_u8(&out, (uint8_t)text[i++]);
			continue;
		}
		uc_utf8_add(&out, fold_char(cp));
		i += n;
	}
	return uc_buf_take_str(&out);
}

bool uc_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool uc_ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text);
	size_t m = strlen(suffix);
	return m <= n && strcmp(text + (n - m), suffix) == 0;
}

char uc_ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool uc_eq_nocase(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if (uc_ascii_lower(*a) != uc_ascii_lower(*b)) return false;
	return *a == *b;
}

bool uc_parse_u64(const char *text, unsigned long long lo, unsigned long long hi, unsigned long long *out)
{
	unsigned long long v = 0;
	if (*text == '\0') return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') return false;
		if (__builtin_mul_overflow(v, 10ULL, &v) || __builtin_add_overflow(v, (unsigned long long)(*text - '0'), &v)) return false;
	}
	if (v < lo || v > hi) return false;
	*out = v;
	return true;
}

char *uc_safe_name(const char *text)
{
	enum { MAX_NAME = 200 }; /* with a suffix it stays below NAME_MAX (255) */
	struct uc_buf out = UC_BUF_EMPTY;
	for (size_t i = 0; text[i] != '\0' && i < MAX_NAME; i++) {
		char c = text[i];
		char l = uc_ascii_lower(c);
		bool safe = (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || strchr(".-_@", c) != NULL;
		uc_buf_add_u8(&out, safe && !(i == 0 && c == '.') ? (uint8_t)c : (uint8_t)'_');
	}
	return uc_buf_take_str(&out);
}

void uc_strv_free(struct uc_strv *v)
{
	for (size_t i = 0; i < v->count; i++) free(v->items[i]);
	free(v->items);
	*v = (struct uc_strv){.items = NULL};
}

void uc_strv_take(struct uc_strv *v, char *text)
{
	if (v->count == v->cap) {
		v->cap = v->cap * 2 + 8;
		v->items = uc_realloc(v->items, v->cap, sizeof *v->items);
	}
	v->items[v->count++] = text;
}

void uc_strv_add(struct uc_strv *v, const char *text)
{
	uc_strv_take(v, uc_strdup(text));
}

bool uc_strv_has(const struct uc_strv *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->items[i], text) == 0) return true;
	return false;
}

void uc_strv_split(struct uc_strv *v, const char *text, char sep)
{
	while (*text != '\0') {
		const char *end = strchrnul(text, sep);
		const char *a = text;
		const char *b = end;
		while (a < b && (*a == ' ' || *a == '\t')) a++;
		while (b > a && (b[-1] == ' ' || b[-1] == '\t')) b--;
		if (b > a) uc_strv_take(v, uc_strndup(a, (size_t)(b - a)));
		text = *end == '\0' ? end : end + 1;
	}
}

char *uc_strv_join(const struct uc_strv *v, const char *sep)
{
	struct uc_buf out = UC_BUF_EMPTY;
	for (size_t i = 0; i < v->count; i++) {
		if (i > 0) uc_buf_add_str(&out, sep);
		uc_buf_add_str(&out, v->items[i]);
	}
	return uc_buf_take_str(&out);
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void uc_strv_sort_unique(struct uc_strv *v)
{
	if (v->count < 2) return;
	qsort(v->items, v->count, sizeof *v->items, cmp_str);
	size_t kept = 1;
	for (size_t i = 1; i < v->count; i++) {
		if (strcmp(v->items[i], v->items[kept - 1]) == 0)
			free(v->items[i]);
		else
			v->items[kept++] = v->items[i];
	}
	v->count = kept;
}
