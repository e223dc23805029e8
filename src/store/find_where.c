/* Conditions as SQL. */
#include <string.h>

#include "core/text.h"
#include "store/find_internal.h"

/* The value as a pattern of LIKE: any text before it, and after it unless it must end there. */
static char *like_pattern(const char *value, bool ends)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_u8(&out, '%');
	for (; *value != '\0'; value++) {
		if (*value == '%' || *value == '_' || *value == '\\') uc_buf_add_u8(&out, '\\');
		uc_buf_add_u8(&out, (uint8_t)*value);
	}
	if (!ends) uc_buf_add_u8(&out, '%');
	return uc_buf_take_str(&out);
}

char *uc_find_after_prefix(const char *prefix)
{
	/* The last character becomes the next one; one that has none is dropped. The order of UTF-8 by bytes is that of its characters. */
	size_t starts[1024];
	uint32_t chars[1024];
	size_t count = 0;
	size_t len = strlen(prefix);
	for (size_t pos = 0; pos < len && count < 1024;) {
		size_t n = uc_utf8_next(uc_slice_of(prefix + pos, len - pos), &chars[count]);
		if (n == 0) return NULL;
		starts[count++] = pos;
		pos += n;
	}
	while (count > 0 && chars[count - 1] == 0x10ffff) count--;
	if (count == 0) return NULL;
	uint32_t next = chars[count - 1] + 1;
	if (next == 0xd800) next = 0xe000; /* surrogates are no characters */
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add(&out, prefix, starts[count - 1]);
	uc_utf8_add(&out, next);
	return uc_buf_take_str(&out);
}

static void add_begins(struct uc_query *q, const char *prefix, const char *column, const char *value)
{
	UC_CLEANUP(uc_freep) char *after = uc_find_after_prefix(value);
	uc_query_add(q, "(%s%s >= ", prefix, column);
	uc_query_text(q, value);
	if (after != NULL) {
		uc_query_add(q, " AND %s%s < ", prefix, column);
		uc_query_text(q, after);
	}
	uc_query_add(q, ")");
}

void uc_find_add_like(struct uc_query *q, const char *column, const char *value, bool ends)
{
	UC_CLEANUP(uc_freep) char *pattern = like_pattern(value, ends);
	uc_query_add(q, "%s LIKE ", column);
	uc_query_text(q, pattern);
	uc_query_add(q, " ESCAPE '\\'");
}

void uc_find_add_condition(struct uc_query *q, const struct uc_condition *c, const char *prefix)
{
	const char *column = uc_find_columns[c->column].column;
	switch (c->op) {
	case UC_FIND_CONTAINS:
		uc_find_add_like(q, column, c->value, false);
		break;
	case UC_FIND_ENDS:
		uc_find_add_like(q, column, c->value, true);
		break;
	case UC_FIND_BEGINS:
		add_begins(q, prefix, column, c->value);
		break;
	case UC_FIND_EMPTY:
		uc_query_add(q, "%s%s = ''", prefix, column);
		break;
	case UC_FIND_IS:
		uc_query_add(q, "%s%s = ", prefix, column);
		uc_query_text(q, c->value);
		break;
	case UC_FIND_BEFORE:
	case UC_FIND_AFTER:
		uc_query_add(q, "%s%s %c ", prefix, column, c->op == UC_FIND_BEFORE ? '<' : '>');
		uc_query_number(q, c->time);
		break;
	}
}

void uc_find_add_filter(struct uc_query *q, const struct uc_db *db, const struct uc_find *f, bool *any)
{
	const char *prefix = uc_db_no_index(db);
	*any = f->usage != NULL || f->node != NULL || f->count > 0;
	const char *join = "";
	if (f->usage != NULL) {
		uc_query_add(q, "%susage = ", prefix);
		uc_query_text(q, f->usage);
		join = " AND ";
	}
	if (f->node != NULL) {
		uc_query_add(q, "%sscope IN ('cluster', ", join);
		uc_query_text(q, f->node);
		uc_query_add(q, ")");
		join = " AND ";
	}
	if (f->count == 0) return;
	uc_query_add(q, "%s(", join);
	for (size_t i = 0; i < f->count; i++) {
		if (i > 0) uc_query_add(q, f->any ? " OR " : " AND ");
		uc_find_add_condition(q, &f->conditions[i], prefix);
	}
	uc_query_add(q, ")");
}
