/* Lists of changes. */
#include <stdlib.h>

#include "store/change.h"
#include "store/find_internal.h"

struct list {
	struct uc_store *s;
	const struct uc_log_filter *f;
	int64_t before; /* the changes below this number */
	int64_t lowest; /* and from this one on */
	size_t limit;
};

static json_t *list_row(struct uc_stmt *st)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:o, s:s, s:s, s:o}", "number", (json_int_t)uc_col_int(st, 0), "at", uc_col_text(st, 1), "node",
	                 uc_col_text(st, 2), "who", uc_col_text(st, 3), "why",
	                 uc_col_null(st, 7) ? json_null() : json_string(uc_col_text(st, 7)), "task", uc_col_text(st, 4), "summary",
	                 uc_col_text(st, 5), "undone_by", uc_col_null(st, 6) ? json_null() : json_integer(uc_col_int(st, 6)));
}

static bool narrows(const struct uc_log_filter *f)
{
	return f->search != NULL || f->who != NULL || f->task != NULL || f->node != NULL || f->from != NULL || f->to != NULL;
}

static void add_condition(struct uc_query *q, const char *column, const char *op, const char *value)
{
	if (value == NULL) return;
	uc_query_add(q, " AND change_words.%s %s ", column, op);
	uc_query_text(q, value);
}

static void add_conditions(struct uc_query *q, const struct uc_log_filter *f)
{
	add_condition(q, "who", "=", f->who);
	add_condition(q, "task", "=", f->task);
	add_condition(q, "node", "=", f->node);
	add_condition(q, "at", ">=", f->from);
	add_condition(q, "at", "<=", f->to);
	if (f->search == NULL) return;
	UC_CLEANUP(uc_freep) char *folded = uc_fold(f->search);
	uc_query_add(q, " AND ");
	uc_find_add_like(q, "change_words.words", folded, false);
}

/* "TABLE.number < before AND TABLE.number >= lowest", where the table is that whose index is walked along. */
static void add_range(struct uc_query *q, const struct list *l, const char *table)
{
	uc_query_add(q, "%s.number < ", table);
	uc_query_number(q, l->before);
	uc_query_add(q, " AND %s.number >= ", table);
	uc_query_number(q, l->lowest);
}

/*
 * How far down the look goes: numbers have no gap, so that so many changes are so many numbers; those of one object are counted along
 * their index.
 */
static enum uc_status find_lowest(struct list *l, struct uc_error *e)
{
	size_t look = l->f->look > 0 ? l->f->look : UC_LOG_LOOK;
	int64_t head;
	l->lowest = 1;
	if (!narrows(l->f)) return UC_OK; /* every row that is looked at is on the page */
	UC_TRY(uc_log_head(l->s, &head, NULL, e));
	if (l->before > head + 1) l->before = head + 1;
	if (l->f->object == NULL) {
		if (l->before > (int64_t)look) l->lowest = l->before - (int64_t)look;
		return UC_OK;
	}
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_db_stmt(l->s->db, "SELECT number FROM change_object WHERE object = $1 AND number < $2 ORDER BY number DESC LIMIT 1 OFFSET $3",
	                  &st, e));
	uc_bind_text(st, 1, l->f->object);
	uc_bind_int(st, 2, l->before);
	uc_bind_int(st, 3, (int64_t)look - 1);
	UC_TRY(uc_stmt_step(st, &row, e));
	if (row) l->lowest = uc_col_int(st, 0);
	return UC_OK;
}

/* The order of the joins is that in which they are written: CROSS JOIN says so to SQLite, and PostgreSQL finds it by itself. */
static enum uc_status read_rows(const struct list *l, json_t **out, struct uc_error *e)
{
	const char *object = l->f->object;
	const char *first = object != NULL ? "change_object" : "change_words";
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT change.number, change.at, change_words.node, change.who, change.task, summary, undone_by, why FROM %s", first);
	uc_query_add(&q, "%s CROSS JOIN change WHERE ", object != NULL ? " CROSS JOIN change_words" : "");
	add_range(&q, l, first);
	if (object != NULL) {
		uc_query_add(&q, " AND change_words.number = change_object.number AND object = ");
		uc_query_text(&q, object);
	}
	uc_query_add(&q, " AND change.number = change_words.number");
	add_conditions(&q, l->f);
	uc_query_add(&q, " ORDER BY %s.number DESC LIMIT ", first);
	uc_query_number(&q, l->limit < INT64_MAX ? (int64_t)l->limit : INT64_MAX);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(l->s->db, &q, &st, e));
	return uc_rows_json(st, list_row, out, e);
}

enum uc_status uc_log_list(struct uc_store *s, const struct uc_log_filter *filter, int64_t before, size_t limit, json_t **out,
                           int64_t *stopped, struct uc_error *e)
{
	static const struct uc_log_filter all = {.object = NULL};
	struct list l = {.s = s, .f = filter != NULL ? filter : &all, .before = before > 0 ? before : INT64_MAX, .limit = limit};
	UC_TRY(find_lowest(&l, e));
	UC_TRY(read_rows(&l, out, e));
	if (stopped != NULL) *stopped = json_array_size(*out) < limit && l.lowest > 1 ? l.lowest : 0;
	return UC_OK;
}
