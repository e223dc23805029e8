/* A node's own database: opening it, what is done when it is damaged, and the lists that the node has published. It is always SQLite. */
#include "store/local.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "store/local_internal.h"
#include "store/store_internal.h"

/* ---- the schema ---- */

/* Each leads from the version before it. */
static const char *const schema[] = {
    /* place: the order in which they became the newest. */
    "CREATE TABLE list_version ("
    "list TEXT NOT NULL, version TEXT NOT NULL, content TEXT NOT NULL, at BIGINT NOT NULL, number BIGINT NOT NULL, "
    "place BIGINT NOT NULL, file BLOB NOT NULL, "
    "PRIMARY KEY (list, version));"
    /* device: or "@ADDRESS" of one that has not said which it is. */
    "CREATE TABLE phone ("
    "device TEXT PRIMARY KEY, peer TEXT NOT NULL, via TEXT NOT NULL, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, "
    "itl TEXT NOT NULL DEFAULT '', itl_at BIGINT NOT NULL DEFAULT 0, "
    "ctl TEXT NOT NULL DEFAULT '', ctl_at BIGINT NOT NULL DEFAULT 0, "
    "config TEXT NOT NULL DEFAULT '', config_at BIGINT NOT NULL DEFAULT 0, "
    "missed TEXT NOT NULL DEFAULT '', missed_at BIGINT NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX phone_by_peer ON phone (peer, last_seen);"
    "CREATE TABLE phone_list ("
    "device TEXT NOT NULL, list TEXT NOT NULL, version TEXT NOT NULL, first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, "
    "PRIMARY KEY (device, list, version));"
    "CREATE INDEX phone_list_by_version ON phone_list (list, version)",
};

enum { SCHEMA = sizeof schema / sizeof *schema };

static enum uc_status stored_version(struct uc_db *db, int64_t *version, struct uc_error *e)
{
	UC_TRY(uc_db_number(db, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'local_version'", version, e));
	return *version > 0 ? uc_db_number(db, "SELECT version FROM local_version", version, e) : UC_OK;
}

/* Inside a transaction: another connection may have done it meanwhile. */
static enum uc_status bring_up(struct uc_db *db, struct uc_error *e)
{
	int64_t version;
	UC_TRY(stored_version(db, &version, e));
	for (int64_t i = version; i < SCHEMA; i++) UC_TRY(uc_db_exec(db, schema[i], e));
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("CREATE TABLE IF NOT EXISTS local_version (version BIGINT NOT NULL); DELETE FROM local_version; "
	                       "INSERT INTO local_version (version) VALUES (%d)",
	                       SCHEMA);
	return version < SCHEMA ? uc_db_exec(db, sql, e) : UC_OK;
}

static enum uc_status set_up(struct uc_db *db, const char *path, struct uc_error *e)
{
	int64_t version;
	/* Only what must not be lost waits for the disk. */
	UC_TRY(uc_db_exec(db, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384", e));
	UC_TRY(stored_version(db, &version, e));
	if (version == SCHEMA) return UC_OK;
	if (version > SCHEMA)
		return uc_fail(e, UC_EREFUSED, "schema-newer", "Start the program of the version that wrote it, or move the file away.",
		               "%s has schema version %lld, from a newer program than this one, which knows %d", path, (long long)version, SCHEMA);
	UC_TRY(uc_db_begin(db, UC_DB_WRITE, e));
	enum uc_status status = bring_up(db, e);
	if (status == UC_OK) return uc_db_commit(db, e);
	uc_db_rollback(db);
	return status;
}

/* ---- opening ---- */

/* While a file is moved aside, nobody opens it, nor makes another. */
static pthread_mutex_t files = PTHREAD_MUTEX_INITIALIZER;

static bool is_damage(const struct uc_error *why)
{
	return why->code == UC_EIO && strcmp(why->id, "store-damaged") == 0;
}

static enum uc_status open_file(struct uc_local *l, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s", l->path);
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	struct stat st;
	UC_TRY(uc_db_open(url, UC_DB_WRITE, &db, e));
	UC_TRY(set_up(db, l->path, e));
	if (stat(l->path, &st) != 0) return uc_fail_errno(e, errno, "cannot examine %s", l->path);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->db = uc_move(db);
	return UC_OK;
}

/* What is left beside a file that is gone belongs to nothing. */
static void move_aside(const char *path)
{
	char at[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *to = uc_sprintf("%s.damaged-%s", path, uc_time_rfc3339(uc_now(), at));
	UC_CLEANUP(uc_freep) char *wal = uc_sprintf("%s-wal", path);
	UC_CLEANUP(uc_freep) char *to_wal = uc_sprintf("%s-wal", to);
	UC_CLEANUP(uc_freep) char *shm = uc_sprintf("%s-shm", path);
	if (rename(path, to) != 0) {
		uc_log(UC_LOG_ERROR, "%s is damaged and cannot be moved aside: %m", path);
		return;
	}
	(void)!rename(wal, to_wal);
	unlink(shm);
	uc_log(UC_LOG_ERROR, "%s was damaged: it is now %s, and a new one is begun; which phones hold which list is found out anew", path, to);
}

/* With the files locked. */
static enum uc_status open_or_replace(struct uc_local *l, struct uc_error *e)
{
	struct uc_error why;
	enum uc_status status = open_file(l, &why);
	if (status != UC_OK && is_damage(&why)) {
		move_aside(l->path);
		status = open_file(l, &why);
	}
	if (status != UC_OK && e != NULL) *e = why;
	return status;
}

static bool is_the_file(const struct uc_local *l)
{
	struct stat st;
	return stat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino;
}

enum uc_status uc_local_ready(struct uc_local *l, struct uc_error *e)
{
	if (l->db != NULL && is_the_file(l)) return UC_OK;
	uc_db_close(uc_move(l->db));
	pthread_mutex_lock(&files);
	enum uc_status status = open_or_replace(l, e);
	pthread_mutex_unlock(&files);
	return status;
}

bool uc_local_mended(struct uc_local *l, const struct uc_error *why)
{
	if (!is_damage(why)) return false;
	struct uc_error e;
	pthread_mutex_lock(&files);
	bool moved = !is_the_file(l);
	/* Closed last: while it is open, no other file can get its number. */
	if (!moved) move_aside(l->path);
	uc_db_close(uc_move(l->db));
	enum uc_status status = open_or_replace(l, &e);
	pthread_mutex_unlock(&files);
	if (status != UC_OK) uc_log_error("beginning a new database of this node", &e);
	return status == UC_OK && !l->told;
}

enum uc_status uc_local_open(const char *path, struct uc_local **out, struct uc_error *e)
{
	UC_CLEANUP(uc_local_closep) struct uc_local *l = uc_zalloc(1, sizeof *l);
	l->path = uc_strdup(path);
	UC_TRY(uc_local_ready(l, e));
	*out = uc_move(l);
	return UC_OK;
}

void uc_local_close(struct uc_local *l)
{
	if (l == NULL) return;
	uc_db_close(l->db);
	free(l->path);
	free(l);
}

enum uc_status uc_local_rows(struct uc_local *l, struct uc_stmt *st, void (*each)(void *ctx, struct uc_stmt *st), void *ctx,
                             struct uc_error *e)
{
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		l->told = true;
		each(ctx, st);
	}
}

/* ---- lists that were published ---- */

void uc_list_version_free(struct uc_list_version *v)
{
	free(v->list);
	uc_buf_free(&v->file);
	*v = (struct uc_list_version){.list = NULL};
}

static enum uc_status insert_list(struct uc_local *l, const struct uc_list_version *v, struct uc_error *e)
{
	static const char sql[] = "INSERT INTO list_version (list, version, content, at, number, file, place) "
	                          "VALUES ($1, $2, $3, $4, $5, $6, (SELECT coalesce(max(place), 0) + 1 FROM list_version)) "
	                          "ON CONFLICT (list, version) DO UPDATE SET content = excluded.content, at = excluded.at, number = "
	                          "excluded.number, place = excluded.place";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, sql, &st, e));
	uc_bind_text(st, 1, v->list);
	uc_bind_text(st, 2, v->version);
	uc_bind_text(st, 3, v->content);
	uc_bind_int(st, 4, v->at);
	uc_bind_int(st, 5, v->number);
	uc_bind_blob(st, 6, uc_buf_slice(&v->file));
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status put_list(struct uc_local *l, const struct uc_list_version *v, struct uc_error *e)
{
	UC_TRY(uc_db_exec(l->db, "PRAGMA synchronous = FULL", e));
	UC_TRY(uc_db_begin(l->db, UC_DB_WRITE, e));
	enum uc_status status = insert_list(l, v, e);
	if (status == UC_OK)
		status = uc_db_commit(l->db, e);
	else
		uc_db_rollback(l->db);
	/* That phones' fetches wait for the disk too would only be slow. */
	(void)!uc_db_exec(l->db, "PRAGMA synchronous = NORMAL", NULL);
	return status;
}

enum uc_status uc_local_list_put(struct uc_local *l, const struct uc_list_version *v, struct uc_error *e)
{
	UC_LOCAL_RUN(l, e, put_list(l, v, &why));
}

#define LIST_COLUMNS "SELECT list, version, content, at, number"

/* Without the file. */
static struct uc_list_version read_list(struct uc_stmt *st)
{
	struct uc_list_version v = {.list = uc_strdup(uc_col_text(st, 0)), .at = uc_col_int(st, 3), .number = uc_col_int(st, 4)};
	snprintf(v.version, sizeof v.version, "%s", uc_col_text(st, 1));
	snprintf(v.content, sizeof v.content, "%s", uc_col_text(st, 2));
	return v;
}

/* version: whole; NULL: the newest. */
static enum uc_status get_list(struct uc_local *l, const char *list, const char *version, struct uc_list_version *out, struct uc_error *e)
{
	static const char newest[] = LIST_COLUMNS ", file FROM list_version WHERE list = $1 ORDER BY place DESC LIMIT 1";
	static const char of_version[] = LIST_COLUMNS ", file FROM list_version WHERE list = $1 AND version = $2";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, version != NULL ? of_version : newest, &st, e));
	uc_bind_text(st, 1, list);
	if (version != NULL) uc_bind_text(st, 2, version);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_version_none(list, e);
	*out = read_list(st);
	uc_buf_add_slice(&out->file, uc_col_blob(st, 5));
	return UC_OK;
}

static enum uc_status find_list(struct uc_local *l, const char *list, const char *begin, struct uc_list_version *out, struct uc_error *e)
{
	static const char sql[] = "SELECT version FROM list_version WHERE list = $1 AND version >= $2 AND version < $3 LIMIT 2";
	char low[65];
	char high[66];
	char whole[65];
	UC_TRY(uc_version_range(begin, low, high, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, sql, &st, e));
	uc_bind_text(st, 1, list);
	uc_bind_text(st, 2, low);
	uc_bind_text(st, 3, high);
	UC_TRY(uc_version_only(st, list, begin, whole, e));
	return get_list(l, list, whole, out, e);
}

enum uc_status uc_local_list_last(struct uc_local *l, const char *list, struct uc_list_version *out, struct uc_error *e)
{
	UC_LOCAL_RUN(l, e, get_list(l, list, NULL, out, &why));
}

enum uc_status uc_local_list_get(struct uc_local *l, const char *list, const char *version, struct uc_list_version *out, struct uc_error *e)
{
	UC_LOCAL_RUN(l, e, find_list(l, list, version, out, &why));
}

struct list_reader {
	void (*each)(void *ctx, const struct uc_list_version *v);
	void *ctx;
};

static void give_list(void *ctx, struct uc_stmt *st)
{
	const struct list_reader *r = ctx;
	UC_CLEANUP(uc_list_version_free) struct uc_list_version v = read_list(st);
	r->each(r->ctx, &v);
}

static enum uc_status ask_lists(struct uc_local *l, const char *list, struct list_reader *r, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, LIST_COLUMNS " FROM list_version WHERE list = $1 ORDER BY place DESC", &st, e));
	uc_bind_text(st, 1, list);
	return uc_local_rows(l, st, give_list, r, e);
}

enum uc_status uc_local_lists(struct uc_local *l, const char *list, void (*each)(void *ctx, const struct uc_list_version *v), void *ctx,
                              struct uc_error *e)
{
	struct list_reader r = {.each = each, .ctx = ctx};
	UC_LOCAL_RUN(l, e, ask_lists(l, list, &r, &why));
}
