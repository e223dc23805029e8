/* Which rows can match at all, asked of the indexes. */
#include <string.h>

#include "core/text.h"
#include "store/find_internal.h"

/* Columns of few values have at most this many, or they are taken for one of many. */
enum { MAX_FEW = 64 };

static enum uc_status read_ids(struct uc_stmt *st, struct uc_ids *ids, struct uc_error *e)
{
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		uc_ids_add(ids, uc_col_int(st, 0));
	}
}

/* Finishes "SELECT id FROM entry WHERE ..." and adds at most room + 1 ids. */
static enum uc_status add_ids(struct uc_store *s, struct uc_query *q, size_t room, struct uc_ids *ids, struct uc_error *e)
{
	uc_query_add(q, " LIMIT ");
	uc_query_number(q, (int64_t)room + 1);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(s->db, q, &st, e));
	return read_ids(st, ids, e);
}

static size_t room_left(size_t cap, const struct uc_ids *ids)
{
	return ids->count > cap ? 0 : cap - ids->count;
}

static size_t characters(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		if (((uint8_t)*text & 0xc0) != 0x80) n++;
	return n;
}

static bool is_part(const struct uc_condition *c)
{
	return c->op == UC_FIND_CONTAINS || c->op == UC_FIND_ENDS;
}

/* Can the text index help with this condition? */
static bool has_needle(const struct uc_condition *c, struct uc_db_needle *needle)
{
	int column = uc_find_columns[c->column].text_index;
	if (!is_part(c) || column < 0 || characters(c->value) < UC_DB_MIN_NEEDLE) return false;
	*needle = (struct uc_db_needle){.column = (size_t)column, .text = c->value};
	return true;
}

static bool fits(const struct uc_condition *c, const char *value)
{
	return c->op == UC_FIND_ENDS ? uc_ends_with(value, c->value) : strstr(value, c->value) != NULL;
}

/* The values of a column of few values that a part fits, by steps along its index. *few is false when there are too many. */
static enum uc_status fitting_values(struct uc_store *s, const struct uc_condition *c, struct uc_strv *out, bool *few, struct uc_error *e)
{
	const char *column = uc_find_columns[c->column].column;
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SELECT min(%s) FROM entry WHERE %s > $1", column, column);
	/* No part fits the empty text, so it can be left out. */
	UC_CLEANUP(uc_freep) char *value = uc_strdup("");
	for (int i = 0; i < MAX_FEW; i++) {
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
		bool row;
		UC_TRY(uc_db_stmt(s->db, sql, &st, e));
		uc_bind_text(st, 1, value);
		UC_TRY(uc_stmt_step(st, &row, e));
		*few = uc_col_null(st, 0);
		if (*few) return UC_OK;
		char *next = uc_strdup(uc_col_text(st, 0));
		uc_freep(&value);
		value = next;
		if (fits(c, value)) uc_strv_add(out, value);
	}
	return UC_OK;
}

static enum uc_status few_ids(struct uc_store *s, const struct uc_condition *c, size_t cap, struct uc_ids *ids, bool *known,
                              struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv values = {.items = NULL};
	UC_TRY(fitting_values(s, c, &values, known, e));
	for (size_t i = 0; *known && i < values.count && ids->count <= cap; i++) {
		UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
		uc_query_add(&q, "SELECT id FROM entry WHERE %s = ", uc_find_columns[c->column].column);
		uc_query_text(&q, values.items[i]);
		UC_TRY(add_ids(s, &q, room_left(cap, ids), ids, e));
	}
	return UC_OK;
}

/* Adds the ids of one condition, at most until there are more than cap; *known is false when no index can tell. */
static enum uc_status condition_ids(struct uc_store *s, const struct uc_condition *c, size_t cap, struct uc_ids *ids, bool *known,
                                    struct uc_error *e)
{
	struct uc_db_needle needle;
	*known = true;
	if (has_needle(c, &needle)) return uc_db_text_find(s->db, &needle, 1, room_left(cap, ids) + 1, ids, e);
	if (is_part(c) && uc_find_columns[c->column].kind == UC_FIND_FEW) return few_ids(s, c, cap, ids, known, e);
	*known = !is_part(c);
	if (!*known) return UC_OK;
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT id FROM entry WHERE ");
	uc_find_add_condition(&q, c, "");
	return add_ids(s, &q, room_left(cap, ids), ids, e);
}

/* One of the conditions is enough: rows of any of them. */
static enum uc_status any_ids(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_ids *ids, bool *found, struct uc_error *e)
{
	*found = true;
	for (size_t i = 0; *found && i < f->count; i++) {
		UC_TRY(condition_ids(s, &f->conditions[i], cap, ids, found, e));
		if (ids->count > cap) *found = false;
	}
	return UC_OK;
}

static enum uc_status needle_ids(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_ids *ids, bool *known,
                                 struct uc_error *e)
{
	struct uc_db_needle needles[UC_FIND_MAX_CONDITIONS];
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++) count += has_needle(&f->conditions[i], &needles[count]) ? 1 : 0;
	*known = count > 0;
	return *known ? uc_db_text_find(s->db, needles, count, cap + 1, ids, e) : UC_OK;
}

/* All conditions must hold: rows of the first that has few enough. */
static enum uc_status all_ids(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_ids *ids, bool *found, struct uc_error *e)
{
	UC_TRY(needle_ids(s, f, cap, ids, found, e));
	if (*found && ids->count <= cap) return UC_OK;
	for (size_t i = 0; i < f->count; i++) {
		struct uc_db_needle needle;
		ids->count = 0;
		if (has_needle(&f->conditions[i], &needle)) continue;
		UC_TRY(condition_ids(s, &f->conditions[i], cap, ids, found, e));
		if (*found && ids->count <= cap) return UC_OK;
	}
	*found = false;
	return UC_OK;
}

static enum uc_status usage_ids(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_ids *ids, bool *found,
                                struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT id FROM entry WHERE usage = ");
	uc_query_text(&q, f->usage);
	UC_TRY(add_ids(s, &q, cap, ids, e));
	*found = ids->count <= cap;
	return UC_OK;
}

enum uc_status uc_find_candidates(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_ids *ids, bool *found,
                                  struct uc_error *e)
{
	*found = false;
	ids->count = 0;
	/* A node has few certificates of its own beside what it trusts. */
	if (f->usage != NULL && strcmp(f->usage, "own") == 0) {
		UC_TRY(usage_ids(s, f, cap, ids, found, e));
		if (*found) return UC_OK;
		ids->count = 0;
	}
	if (f->count == 0) return UC_OK;
	return f->any ? any_ids(s, f, cap, ids, found, e) : all_ids(s, f, cap, ids, found, e);
}
