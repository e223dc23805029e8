/* Looking things up in the change log. */
#include <string.h>

#include "store/change.h"
#include "store/store_internal.h"

static json_t *number_or_null(struct uc_stmt *st, int column)
{
	return uc_col_null(st, column) ? json_null() : json_integer(uc_col_int(st, column));
}

enum uc_status uc_log_get(struct uc_store *s, int64_t number, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT body, hash, undone_by FROM change WHERE number = $1", &st, e));
	uc_bind_int(st, 1, number);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-change", "`show change list` lists them.", "there is no change %lld", (long long)number);
	json_t *body = json_loads(uc_col_text(st, 0), 0, NULL);
	if (body == NULL) return uc_fail(e, UC_EIO, "log-broken", "Restore the last backup.", "change %lld cannot be read", (long long)number);
	json_object_set_new(body, "hash", json_string(uc_col_text(st, 1)));
	json_object_set_new(body, "undone_by", number_or_null(st, 2));
	*out = body;
	return UC_OK;
}

enum uc_status uc_log_by_request(struct uc_store *s, const char *request, int64_t *number, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT number FROM change WHERE request = $1", &st, e));
	uc_bind_text(st, 1, request);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*number = row ? uc_col_int(st, 0) : 0;
	return UC_OK;
}

static json_t *list_row(struct uc_stmt *st)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:o}", "number", (json_int_t)uc_col_int(st, 0), "at", uc_col_text(st, 1), "who",
	                 uc_col_text(st, 2), "task", uc_col_text(st, 3), "summary", uc_col_text(st, 4), "undone_by", number_or_null(st, 5));
}

#define LIST_COLUMNS "SELECT change.number, at, who, task, summary, undone_by FROM change "

enum uc_status uc_log_list(struct uc_store *s, int64_t before, size_t limit, const char *object, json_t **out, struct uc_error *e)
{
	static const char all[] = LIST_COLUMNS "WHERE change.number < $1 ORDER BY change.number DESC LIMIT $2";
	static const char of_object[] = LIST_COLUMNS "JOIN change_object ON change_object.number = change.number AND object = $3 "
	                                             "WHERE change_object.number < $1 ORDER BY change_object.number DESC LIMIT $2";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, object != NULL ? of_object : all, &st, e));
	uc_bind_int(st, 1, before > 0 ? before : INT64_MAX);
	uc_bind_int(st, 2, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	if (object != NULL) uc_bind_text(st, 3, object);
	return uc_rows_json(st, list_row, out, e);
}

enum uc_status uc_log_later(struct uc_store *s, int64_t number, int64_t *later, struct uc_error *e)
{
	/* An undo and what it undid cancel each other out, so neither of them counts. */
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "SELECT change.number FROM change_object AS mine JOIN change_object AS other ON other.object = mine.object "
	                  "AND other.number > mine.number JOIN change ON change.number = other.number "
	                  "WHERE mine.number = $1 AND undone_by IS NULL AND undoes IS NULL ORDER BY change.number DESC LIMIT 1",
	                  &st, e));
	uc_bind_int(st, 1, number);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*later = row ? uc_col_int(st, 0) : 0;
	return UC_OK;
}
