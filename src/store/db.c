#include "store/db.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db_driver.h"

static const struct uc_db_driver *const drivers[] = {&uc_db_sqlite, &uc_db_postgres};

const char *const uc_db_text_columns[UC_DB_TEXT_COLUMNS] = {"k_name",        "k_common_name", "k_subject", "k_issuer",
                                                            "k_description", "fingerprint",   "serial"};

static const struct uc_db_driver *driver_of(const char *url)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		for (size_t j = 0; j < sizeof drivers[i]->schemes / sizeof drivers[i]->schemes[0]; j++) {
			const char *scheme = drivers[i]->schemes[j];
			size_t n = scheme != NULL ? strlen(scheme) : 0;
			if (n > 0 && strncmp(url, scheme, n) == 0 && url[n] == ':' && url[n + 1] != '\0') return drivers[i];
		}
	return NULL;
}

const char *uc_db_past_scheme(const char *url)
{
	return strchr(url, ':') + 1;
}

enum uc_status uc_db_open(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e)
{
	const struct uc_db_driver *driver = driver_of(url);
	if (driver != NULL) return driver->open(url, mode, out, e);
	/* No more of it: there may be a password in it. */
	int scheme = (int)strspn(url, "abcdefghijklmnopqrstuvwxyz");
	return uc_fail(e, UC_EINPUT, "bad-store-url", "Write sqlite:PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
	               "what begins with '%.*s' does not name a store", scheme, url);
}

char *uc_db_where(const char *url)
{
	char *where = NULL;
	const struct uc_db_driver *driver = driver_of(url);
	bool told = driver != NULL && driver->sharing != NULL && driver->sharing->where(url, &where, NULL) == UC_OK;
	return told ? where : uc_strdup("");
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

enum uc_status uc_db_number(struct uc_db *db, const char *sql, int64_t *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	bool row;
	UC_TRY(uc_db_stmt(db, sql, &s, e));
	UC_TRY(uc_stmt_step(s, &row, e));
	*out = row ? uc_col_int(s, 0) : 0;
	return UC_OK;
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

enum uc_status uc_db_text_clear(struct uc_db *db, struct uc_error *e)
{
	return db->driver->text_clear != NULL ? db->driver->text_clear(db, e) : UC_OK;
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

/* ---- what several nodes share ---- */

bool uc_db_shared(const struct uc_db *db)
{
	return db->driver->sharing != NULL;
}

bool uc_db_lost(const struct uc_db *db)
{
	return uc_db_shared(db) && db->driver->sharing->lost(db);
}

enum uc_status uc_db_notify(struct uc_db *db, struct uc_error *e)
{
	return uc_db_shared(db) ? db->driver->sharing->notify(db, e) : UC_OK;
}

enum uc_status uc_db_listen(struct uc_db *db, struct uc_error *e)
{
	return uc_db_shared(db) ? db->driver->sharing->listen(db, e) : UC_OK;
}

enum uc_status uc_db_wait(struct uc_db *db, int wake_fd, int timeout_ms, bool *notified, struct uc_error *e)
{
	*notified = false;
	if (db->in_transaction) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "notifications do not come inside a transaction");
	if (uc_db_shared(db)) return db->driver->sharing->wait(db, wake_fd, timeout_ms, notified, e);
	struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
	if (poll(&wake, 1, timeout_ms) < 0 && errno != EINTR) return uc_fail_errno(e, errno, "cannot wait");
	return UC_OK;
}

enum uc_status uc_db_now(struct uc_db *db, uc_time *out, struct uc_error *e)
{
	if (uc_db_shared(db)) return db->driver->sharing->now(db, out, e);
	*out = uc_now();
	return UC_OK;
}

enum uc_status uc_db_claim(struct uc_db *db, const char *name, bool *mine, struct uc_error *e)
{
	*mine = true;
	return uc_db_shared(db) ? db->driver->sharing->claim(db, name, mine, e) : UC_OK;
}

static enum uc_status not_shared(struct uc_error *e)
{
	return uc_fail(e, UC_EREFUSED, "not-shared", "Move this node to PostgreSQL first (utils cluster move-to-postgres).",
	               "the store of this node is SQLite, which other nodes cannot reach");
}

enum uc_status uc_db_access_put(struct uc_db *db, const char *node, const char *password, char **url, struct uc_error *e)
{
	if (!db->in_transaction) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "an account was to be made outside a transaction");
	return uc_db_shared(db) ? db->driver->sharing->access_put(db, node, password, url, e) : not_shared(e);
}

enum uc_status uc_db_fit(struct uc_db *db, bool *ours, struct uc_error *e)
{
	return uc_db_shared(db) ? db->driver->sharing->fit(db, ours, e) : not_shared(e);
}

enum uc_status uc_db_access_drop(struct uc_db *db, const char *node, struct uc_error *e)
{
	if (!db->in_transaction) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "an account was to be dropped outside a transaction");
	return uc_db_shared(db) ? db->driver->sharing->access_drop(db, node, e) : UC_OK;
}

enum uc_status uc_db_relax(struct uc_db *db, struct uc_error *e)
{
	return db->driver->relax != NULL ? uc_db_exec(db, db->driver->relax, e) : UC_OK;
}

enum uc_status uc_db_tidy(struct uc_db *db, struct uc_error *e)
{
	return db->driver->tidy != NULL ? uc_db_exec(db, db->driver->tidy, e) : UC_OK;
}

enum uc_status uc_db_scrub(struct uc_db *db, struct uc_error *e)
{
	return db->driver->scrub != NULL ? uc_db_exec(db, db->driver->scrub, e) : UC_OK;
}
