/* Looking things up in the change log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/cluster.h"
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

enum uc_status uc_log_hash(struct uc_store *s, int64_t number, char hash[65], struct uc_error *e)
{
	memset(hash, '0', 64);
	hash[64] = '\0';
	if (number == 0) return UC_OK;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT hash FROM change WHERE number = $1", &st, e));
	uc_bind_int(st, 1, number);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-change", "`show change list` lists them.", "there is no change %lld", (long long)number);
	snprintf(hash, 65, "%s", uc_col_text(st, 0));
	return UC_OK;
}

enum uc_status uc_log_epoch(struct uc_store *s, int64_t *epoch, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT epoch FROM head", &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_EIO, "log-broken", "Restore the last backup.", "the head of the change log is missing");
	*epoch = uc_col_int(st, 0);
	return UC_OK;
}

enum uc_status uc_log_epoch_set(struct uc_store *s, int64_t epoch, struct uc_error *e)
{
	UC_TRY(uc_store_writing(s, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "UPDATE head SET epoch = $1", &st, e));
	uc_bind_int(st, 1, epoch);
	UC_TRY(uc_stmt_run(st, NULL, e));
	return uc_db_notify(s->db, e);
}

enum uc_status uc_log_peek(struct uc_store *s, int64_t number, struct uc_log_peek *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT head.number, head.epoch, coalesce(change.hash, '') FROM head LEFT JOIN change ON change.number = $1",
	                  &st, e));
	uc_bind_int(st, 1, number);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_EIO, "log-broken", "Restore the last backup.", "the head of the change log is missing");
	out->number = uc_col_int(st, 0);
	out->epoch = uc_col_int(st, 1);
	snprintf(out->hash_at, sizeof out->hash_at, "%s", uc_col_text(st, 2));
	return number == 0 ? uc_log_hash(s, 0, out->hash_at, e) : UC_OK;
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

/* ---- what a follower fetches ---- */

void uc_log_rows_free(struct uc_log_rows *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct uc_log_row *row = &v->items[i];
		for (size_t k = 0; k < row->secret_count; k++) uc_buf_wipe(&row->secrets[k].data);
		free(row->secrets);
		free(row->body);
		uc_buf_free(&row->signature);
	}
	free(v->items);
	*v = (struct uc_log_rows){.items = NULL};
}

enum {
	MAX_SIGNATURE = 1024,
	MAX_SECRET = 16 * 1024 * 1024 /* a key that is sealed to 1,000 nodes has half a megabyte */
};

/* A secret that has been purged is left out. */
static enum uc_status add_secret(struct uc_store *from, const char *hash, struct uc_log_row *row, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(from->db, "SELECT hash, data FROM secret WHERE hash = $1 AND length(data) <= $2", &st, e));
	uc_bind_text(st, 1, hash);
	uc_bind_int(st, 2, MAX_SECRET);
	bool there;
	UC_TRY(uc_stmt_step(st, &there, e));
	if (!there) return UC_OK;
	row->secrets = uc_realloc(row->secrets, row->secret_count + 1, sizeof *row->secrets);
	struct uc_log_secret *secret = &row->secrets[row->secret_count++];
	*secret = (struct uc_log_secret){.data = UC_BUF_EMPTY};
	snprintf(secret->hash, sizeof secret->hash, "%s", uc_col_text(st, 0));
	uc_buf_add_slice(&secret->data, uc_col_blob(st, 1));
	return UC_OK;
}

static enum uc_status add_secrets(struct uc_store *from, struct uc_log_row *row, struct uc_error *e)
{
	/* Few changes name one, and reading them all as JSON would take longer than fetching them. */
	if (strstr(row->body, "\"secret\"") == NULL) return UC_OK;
	json_t *body = json_loads(row->body, 0, NULL);
	size_t i;
	const json_t *step;
	enum uc_status status = UC_OK;
	json_array_foreach(json_object_get(body, "steps"), i, step)
	{
		const char *hash = json_string_value(json_object_get(step, "secret"));
		if (hash != NULL && status == UC_OK) status = add_secret(from, hash, row, e);
	}
	json_decref(body);
	return status;
}

static struct uc_log_row *add_row(struct uc_log_rows *v, struct uc_stmt *st)
{
	v->items = uc_realloc(v->items, v->count + 1, sizeof *v->items);
	struct uc_log_row *row = &v->items[v->count++];
	*row = (struct uc_log_row){.number = uc_col_int(st, 0), .body = uc_strdup(uc_col_text(st, 2))};
	snprintf(row->hash, sizeof row->hash, "%s", uc_col_text(st, 1));
	uc_buf_add_slice(&row->signature, uc_col_blob(st, 3));
	return row;
}

static enum uc_status read_changes(struct uc_store *from, int64_t number, size_t limit, struct uc_log_rows *out, struct uc_error *e)
{
	/*
	 * The limit on bytes holds where the database is, so that no more than that is ever sent. What no program of ours would have written, but any node's account can add to the table,
	 * comes without its body or signature: it is refused as what it is, whatever its size.
	 */
	static const char sql[] = "SELECT number, hash, CASE WHEN size <= $4 THEN body ELSE '' END, "
	                          "CASE WHEN length(signature) <= $5 THEN signature END FROM (SELECT number, hash, body, size, signature, "
	                          "sum(size) OVER (ORDER BY number) AS so_far FROM (SELECT number, hash, body, length(body) AS size, "
	                          "signature FROM change WHERE number > $1 ORDER BY number LIMIT $2) AS next) AS sized "
	                          "WHERE so_far <= $3 OR so_far = size ORDER BY number";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(from->db, sql, &st, e));
	uc_bind_int(st, 1, number);
	uc_bind_int(st, 2, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	uc_bind_int(st, 3, (int64_t)UC_LOG_BATCH_BYTES);
	uc_bind_int(st, 4, (int64_t)UC_LOG_BODY_MAX);
	uc_bind_int(st, 5, MAX_SIGNATURE);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_TRY(add_secrets(from, add_row(out, st), e));
	}
}

enum uc_status uc_log_after(struct uc_store *from, int64_t number, size_t limit, struct uc_log_rows *out, struct uc_error *e)
{
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
	UC_TRY(read_changes(from, number, limit, &rows, e));
	*out = rows;
	rows = (struct uc_log_rows){.items = NULL};
	return UC_OK;
}
