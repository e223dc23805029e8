/* Which rows can match at all, asked of the indexes. */
#include <string.h>

#include "core/text.h"
#include "store/find_internal.h"

/* Columns of few values have at most this many, or they are taken for one of many. */
enum { MAX_FEW = 64 };

void uc_find_part_free(struct uc_find_part *part)
{
	uc_ids_free(&part->ids);
	part->kind = UC_PART_NONE;
}

static size_t characters(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		if (((uint8_t)*text & 0xc0) != 0x80) n++;
	return n;
}

/* Is it about a part of the text that no ordered index knows of? */
static bool is_inner(const struct uc_condition *c)
{
	return c->op == UC_FIND_CONTAINS || c->op == UC_FIND_ENDS;
}

static bool is_few(const struct uc_condition *c)
{
	return is_inner(c) && uc_find_columns[c->column].kind == UC_FIND_FEW;
}

/* Can the text index help with this condition? */
static bool has_needle(const struct uc_condition *c, struct uc_db_needle *needle)
{
	int column = uc_find_columns[c->column].text_index;
	if (!is_inner(c) || column < 0 || characters(c->value) < UC_DB_MIN_NEEDLE) return false;
	*needle = (struct uc_db_needle){.column = (size_t)column, .text = c->value};
	return true;
}

/* ---- columns of few values ---- */

static bool fits(const struct uc_condition *c, const char *value)
{
	return c->op == UC_FIND_ENDS ? uc_ends_with(value, c->value) : strstr(value, c->value) != NULL;
}

/* The values of a column of few values that fit, by steps along its index. *few is false when there are too many. */
static enum uc_status fitting_values(struct uc_store *s, const struct uc_condition *c, struct uc_strv *out, bool *few, struct uc_error *e)
{
	const char *column = uc_find_columns[c->column].column;
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SELECT min(%s) FROM entry WHERE %s > $1", column, column);
	/* Nothing is in the empty text, so it can be left out. */
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

/* ---- ids ---- */

static size_t room_left(size_t cap, const struct uc_ids *ids)
{
	return ids->count > cap ? 0 : cap - ids->count;
}

/* Finishes "SELECT id FROM entry WHERE ..." and adds at most room + 1 ids. */
static enum uc_status add_ids(struct uc_store *s, struct uc_query *q, size_t room, struct uc_ids *ids, struct uc_error *e)
{
	uc_query_add(q, " LIMIT ");
	uc_query_number(q, (int64_t)room + 1);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(s->db, q, &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		uc_ids_add(ids, uc_col_int(st, 0));
	}
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
	if (is_few(c)) return few_ids(s, c, cap, ids, known, e);
	*known = !is_inner(c);
	if (!*known) return UC_OK;
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT id FROM entry WHERE ");
	uc_find_add_condition(&q, c, "");
	return add_ids(s, &q, room_left(cap, ids), ids, e);
}

/* Says that the part is its ids when there are at most cap. */
static void settle_ids(struct uc_find_part *out, size_t cap, bool known)
{
	if (known && out->ids.count <= cap)
		out->kind = UC_PART_IDS;
	else
		out->ids.count = 0;
}

/* ---- one of the conditions is enough ---- */

static bool any_at_once(const struct uc_find *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (is_inner(&f->conditions[i])) return false;
	return true;
}

static enum uc_status narrow_any(struct uc_store *s, const struct uc_find *f, size_t cap, bool at_once, struct uc_find_part *out,
                                 struct uc_error *e)
{
	bool known = !at_once || any_at_once(f);
	for (size_t i = 0; known && i < f->count && out->ids.count <= cap; i++)
		UC_TRY(condition_ids(s, &f->conditions[i], cap, &out->ids, &known, e));
	settle_ids(out, cap, known);
	return UC_OK;
}

/* ---- all of them must hold ---- */

static const char count_begin[] = "SELECT count(*) FROM (SELECT 1 FROM entry WHERE ";

/* Finishes a query that starts with count_begin: are there at most cap rows? */
static enum uc_status at_most(struct uc_store *s, struct uc_query *q, size_t cap, bool *out, struct uc_error *e)
{
	uc_query_add(q, " LIMIT ");
	uc_query_number(q, (int64_t)cap + 1);
	uc_query_add(q, ") AS part");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(s->db, q, &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*out = uc_col_int(st, 0) <= (int64_t)cap;
	return UC_OK;
}

static enum uc_status narrow_usage(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_find_part *out, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	bool small;
	uc_query_add(&q, "%susage = ", count_begin);
	uc_query_text(&q, f->usage);
	UC_TRY(at_most(s, &q, cap, &small, e));
	if (small) out->kind = UC_PART_USAGE;
	return UC_OK;
}

static enum uc_status narrow_ordered(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_find_part *out, struct uc_error *e)
{
	for (size_t i = 0; i < f->count; i++) {
		if (is_inner(&f->conditions[i])) continue;
		UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
		bool small;
		uc_query_add(&q, "%s", count_begin);
		uc_find_add_condition(&q, &f->conditions[i], "");
		UC_TRY(at_most(s, &q, cap, &small, e));
		if (!small) continue;
		out->kind = UC_PART_CONDITION;
		out->condition = i;
		return UC_OK;
	}
	return UC_OK;
}

static enum uc_status narrow_needles(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_find_part *out, struct uc_error *e)
{
	struct uc_db_needle needles[UC_FIND_MAX_CONDITIONS];
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++) count += has_needle(&f->conditions[i], &needles[count]) ? 1 : 0;
	if (count == 0) return UC_OK;
	UC_TRY(uc_db_text_find(s->db, needles, count, cap + 1, &out->ids, e));
	settle_ids(out, cap, true);
	return UC_OK;
}

static enum uc_status narrow_few(struct uc_store *s, const struct uc_find *f, size_t cap, struct uc_find_part *out, struct uc_error *e)
{
	for (size_t i = 0; i < f->count && out->kind == UC_PART_NONE; i++) {
		if (!is_few(&f->conditions[i])) continue;
		bool known;
		UC_TRY(few_ids(s, &f->conditions[i], cap, &out->ids, &known, e));
		settle_ids(out, cap, known);
	}
	return UC_OK;
}

static enum uc_status narrow_all(struct uc_store *s, const struct uc_find *f, size_t cap, bool at_once, struct uc_find_part *out,
                                 struct uc_error *e)
{
	UC_TRY(narrow_ordered(s, f, cap, out, e));
	if (at_once || out->kind != UC_PART_NONE) return UC_OK;
	UC_TRY(narrow_few(s, f, cap, out, e));
	if (out->kind != UC_PART_NONE) return UC_OK;
	return narrow_needles(s, f, cap, out, e);
}

enum uc_status uc_find_narrow(struct uc_store *s, const struct uc_find *f, size_t cap, bool at_once, struct uc_find_part *out,
                              struct uc_error *e)
{
	/* A node has few certificates of its own beside what it trusts. */
	if (f->usage != NULL && strcmp(f->usage, "own") == 0) UC_TRY(narrow_usage(s, f, cap, out, e));
	if (f->count == 0 || out->kind != UC_PART_NONE) return UC_OK;
	return f->any && f->count > 1 ? narrow_any(s, f, cap, at_once, out, e) : narrow_all(s, f, cap, at_once, out, e);
}
