/* Cursors: a place in the order of a sort, as text that only this file understands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "store/find_internal.h"

enum { CHECK_LEN = 8 }; /* hexadecimal digits that tell a cursor from other text */

void uc_find_place_free(struct uc_find_place *p)
{
	free(p->text);
	*p = (struct uc_find_place){.set = false};
}

static const struct uc_find_column *sort_column(const struct uc_find *f)
{
	return &uc_find_columns[f->sort];
}

/* The text of the sort, which a cursor begins with. */
static char *sort_text(const struct uc_find *f)
{
	return uc_sprintf("%s%s\n", f->descending ? "-" : "", sort_column(f)->name);
}

/* FNV-1a: against mistakes, not against intent, which a cursor gives no reason for. */
static void check_of(struct uc_slice content, char check[CHECK_LEN + 1])
{
	uint32_t h = 0x811c9dc5u;
	for (size_t i = 0; i < content.len; i++) h = (h ^ content.ptr[i]) * 0x01000193u;
	snprintf(check, CHECK_LEN + 1, "%08x", h);
}

static void swap(char *text, char from, char to)
{
	for (char *p = strchr(text, from); p != NULL; p = strchr(p, from)) *p = to;
}

char *uc_find_place_write(const struct uc_find *f, const struct uc_find_place *p)
{
	UC_CLEANUP(uc_freep) char *sort = sort_text(f);
	UC_CLEANUP(uc_buf_free) struct uc_buf content = UC_BUF_EMPTY;
	uc_buf_printf(&content, "%s%lld\n", sort, (long long)p->id);
	if (sort_column(f)->kind == UC_FIND_TIME)
		uc_buf_printf(&content, "%lld", (long long)p->time);
	else
		uc_buf_add_str(&content, p->text);
	char check[CHECK_LEN + 1];
	check_of(uc_buf_slice(&content), check);
	UC_CLEANUP(uc_buf_free) struct uc_buf whole = UC_BUF_EMPTY;
	uc_buf_add_str(&whole, check);
	uc_buf_add_slice(&whole, uc_buf_slice(&content));
	/* The alphabet for URLs (RFC 4648 section 5), without padding. */
	char *text = uc_base64(uc_buf_slice(&whole));
	swap(text, '+', '-');
	swap(text, '/', '_');
	text[strcspn(text, "=")] = '\0';
	return text;
}

static bool parse_int64(const char *text, int64_t *out)
{
	bool negative = text[0] == '-';
	unsigned long long v;
	if (!uc_parse_u64(text + (negative ? 1 : 0), 0, INT64_MAX, &v)) return false;
	*out = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

/* The content of a cursor, checked; NULL when it is none. Free with free(). */
static char *content_of(const char *cursor)
{
	enum { MAX_CURSOR = 100000 };
	if (strlen(cursor) > MAX_CURSOR) return NULL;
	UC_CLEANUP(uc_freep) char *padded = uc_sprintf("%s%s", cursor, &"==="[(strlen(cursor) + 3) % 4]);
	swap(padded, '-', '+');
	swap(padded, '_', '/');
	UC_CLEANUP(uc_buf_free) struct uc_buf raw = UC_BUF_EMPTY;
	if (!uc_unbase64(uc_slice_str(padded), &raw) || raw.len < CHECK_LEN) return NULL;
	struct uc_reader r = uc_reader_of(uc_buf_slice(&raw));
	struct uc_slice check;
	struct uc_slice content;
	char want[CHECK_LEN + 1];
	if (!uc_read_slice(&r, CHECK_LEN, &check) || !uc_read_slice(&r, uc_reader_left(&r), &content)) return NULL;
	check_of(content, want);
	if (!uc_slice_eq(check, uc_slice_str(want)) || memchr(content.ptr, '\0', content.len) != NULL) return NULL;
	return uc_strndup((const char *)content.ptr, content.len);
}

enum uc_status uc_find_place_read(const struct uc_find *f, const char *cursor, struct uc_find_place *p, struct uc_error *e)
{
	static const char hint[] = "Leave it out to begin with the first page.";
	UC_CLEANUP(uc_freep) char *content = content_of(cursor);
	if (content == NULL) return uc_fail_field(e, UC_EINPUT, "bad-cursor", "cursor", hint, "'%s' is no cursor of this program", cursor);
	UC_CLEANUP(uc_freep) char *sort = sort_text(f);
	if (!uc_starts_with(content, sort))
		return uc_fail_field(e, UC_EINPUT, "bad-cursor", "cursor", hint, "the cursor is for another sort than '%s%s'",
		                     f->descending ? "-" : "", sort_column(f)->name);
	char *id = content + strlen(sort);
	char *key = strchr(id, '\n');
	if (key != NULL) *key++ = '\0';
	struct uc_find_place found = {.set = true};
	bool is_time = sort_column(f)->kind == UC_FIND_TIME;
	if (key == NULL || !parse_int64(id, &found.id) || (is_time && !parse_int64(key, &found.time)))
		return uc_fail_field(e, UC_EINPUT, "bad-cursor", "cursor", hint, "'%s' is no cursor of this program", cursor);
	if (!is_time) found.text = uc_strdup(key);
	*p = found;
	return UC_OK;
}
