#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db_driver.h"

static const struct uc_db_driver *const drivers[] = {&uc_db_sqlite};

const char *const uc_db_text_columns[UC_DB_TEXT_COLUMNS] = {"k_name",        "k_common_name", "k_subject", "k_issuer",
                                                            "k_description", "fingerprint",   "serial"};

enum uc_status uc_db_open(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
		size_t n = strlen(drivers[i]->scheme);
		if (strncmp(url, drivers[i]->scheme, n) == 0 && url[n] == ':' && url[n + 1] != '\0')
			return drivers[i]->open(url + n + 1, mode, out, e);
	}
	return uc_fail(e, UC_EINPUT, "bad-store-url", "Write sqlite:PATH.", "'%s' does not name a store", url);
}

void uc_db_close(struct uc_db *db)
{
	if (db == NULL) return;
	uc_db_rollback(db);
	for (size_t i = 0; i < db->cached_count; i++) db->driver->finalize(db->cached[i]);
	db->driver->close(db);
}

enum uc_status uc_db_exec(struct uc_db *db, const char *sql, struct uc_error *e)
{
	return db->driver->exec(db, sql, e);
}

enum uc_status uc_db_begin(struct uc_db *db, enum uc_db_mode mode, struct uc_error *e)
{
	if (db->in_transaction) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "a transaction was begun inside another");
	UC_TRY(db->driver->begin(db, mode, e));
	db->in_transaction = true;
	return UC_OK;
}

enum uc_status uc_db_commit(struct uc_db *db, struct uc_error *e)
{
	if (!db->in_transaction) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "there is no transaction to commit");
	enum uc_status status = db->driver->commit(db, e);
	if (status != UC_OK) db->driver->rollback(db);
	db->in_transaction = false;
	return status;
}

void uc_db_rollback(struct uc_db *db)
{
	if (!db->in_transaction) return;
	db->driver->rollback(db);
	db->in_transaction = false;
}

bool uc_db_in_transaction(const struct uc_db *db)
{
	return db->in_transaction;
}

/* FNV-1a */
static uint64_t hash_text(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *text != '\0'; text++) h = (h ^ (uint8_t)*text) * 0x100000001b3u;
	return h;
}

static struct uc_stmt *from_cache(const struct uc_db *db, const char *sql, uint64_t hash)
{
	for (size_t i = 0; i < db->cached_count; i++) {
		struct uc_stmt *s = db->cached[i];
		if (s->hash == hash && !s->busy && strcmp(s->sql, sql) == 0) return s;
	}
	return NULL;
}

/* Gives the statement a place in the cache, if need be that of one which is not in use. */
static void into_cache(struct uc_db *db, struct uc_stmt *s)
{
	if (db->cached_count < UC_DB_MAX_CACHED) {
		s->cached = true;
		db->cached[db->cached_count++] = s;
		return;
	}
	for (size_t i = 0; i < UC_DB_MAX_CACHED; i++) {
		struct uc_stmt **place = &db->cached[db->evict];
		db->evict = (db->evict + 1) % UC_DB_MAX_CACHED;
		if ((*place)->busy) continue;
		db->driver->finalize(*place);
		s->cached = true;
		*place = s;
		return;
	}
}

enum uc_status uc_db_stmt(struct uc_db *db, const char *sql, struct uc_stmt **out, struct uc_error *e)
{
	uint64_t hash = hash_text(sql);
	struct uc_stmt *s = from_cache(db, sql, hash);
	if (s == NULL) {
		UC_TRY(db->driver->prepare(db, sql, &s, e));
		s->db = db;
		s->sql = uc_strdup(sql);
		s->hash = hash;
		into_cache(db, s);
	}
	s->busy = true;
	*out = s;
	return UC_OK;
}

void uc_stmt_done(struct uc_stmt *s)
{
	if (s == NULL) return;
	s->busy = false;
	if (s->cached)
		s->db->driver->reset(s);
	else
		s->db->driver->finalize(s);
}

void uc_stmt_again(struct uc_stmt *s)
{
	s->db->driver->again(s);
}

void uc_bind_text(struct uc_stmt *s, int n, const char *text)
{
	s->db->driver->bind_text(s, n, text);
}

void uc_bind_int(struct uc_stmt *s, int n, int64_t v)
{
	s->db->driver->bind_int(s, n, v);
}

void uc_bind_blob(struct uc_stmt *s, int n, struct uc_slice v)
{
	s->db->driver->bind_blob(s, n, v);
}

enum uc_status uc_stmt_step(struct uc_stmt *s, bool *row, struct uc_error *e)
{
	return s->db->driver->step(s, row, e);
}

enum uc_status uc_stmt_run(struct uc_stmt *s, int64_t *affected, struct uc_error *e)
{
	bool row = true;
	while (row) UC_TRY(uc_stmt_step(s, &row, e));
	if (affected != NULL) *affected = s->db->driver->affected(s);
	return UC_OK;
}

void uc_db_watch(struct uc_db *db, bool (*go_on)(void *ctx), void *ctx)
{
	db->go_on = go_on;
	db->go_on_ctx = ctx;
	db->driver->watch(db);
}

const char *uc_col_text(struct uc_stmt *s, int n)
{
	return s->db->driver->col_text(s, n);
}

int64_t uc_col_int(struct uc_stmt *s, int n)
{
	return s->db->driver->col_int(s, n);
}

struct uc_slice uc_col_blob(struct uc_stmt *s, int n)
{
	return s->db->driver->col_blob(s, n);
}

bool uc_col_null(struct uc_stmt *s, int n)
{
	return s->db->driver->col_null(s, n);
}

void uc_ids_add(struct uc_ids *v, int64_t id)
{
	if (v->count == v->cap) {
		v->cap = v->cap == 0 ? 64 : v->cap * 2;
		v->items = uc_realloc(v->items, v->cap, sizeof *v->items);
	}
	v->items[v->count++] = id;
}

void uc_ids_free(struct uc_ids *v)
{
	free(v->items);
	*v = (struct uc_ids){.items = NULL};
}

enum uc_status uc_db_text_change(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS], struct uc_error *e)
{
	return db->driver->text_change(db, add, id, values, e);
}

enum uc_status uc_db_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                               struct uc_error *e)
{
	return db->driver->text_find(db, needles, count, limit, out, e);
}

const char *uc_db_no_index(const struct uc_db *db)
{
	return db->driver->no_index;
}

char *uc_db_id_list(const struct uc_db *db, const struct uc_ids *ids, const char **before, const char **after)
{
	*before = db->driver->id_list.before;
	*after = db->driver->id_list.after;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	for (size_t i = 0; i < ids->count; i++) {
		char number[24];
		int len = snprintf(number, sizeof number, "%c%lld", i == 0 ? db->driver->id_list.open : ',', (long long)ids->items[i]);
		uc_buf_add(&out, number, (size_t)len);
	}
	if (ids->count == 0) uc_buf_add_u8(&out, (uint8_t)db->driver->id_list.open);
	uc_buf_add_u8(&out, (uint8_t)db->driver->id_list.close);
	return uc_buf_take_str(&out);
}
