/* The SQLite driver. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "store/db_driver.h"
#include "store/db_sqlite.h"

static const struct {
	int code; /* a primary result code */
	enum uc_status status;
	const char *id, *hint;
} failures[] = {
    {SQLITE_FULL, UC_EFULL, "disk-full", "Free space on that file system and try again; nothing was changed."},
    {SQLITE_READONLY, UC_EIO, "read-only", "Make the file system and the file writable for this user and try again; nothing was changed."},
    {SQLITE_CORRUPT, UC_EIO, "store-damaged", "Stop the node and restore the last backup; keep the damaged file."},
    {SQLITE_NOTADB, UC_EIO, "store-damaged", "Stop the node and restore the last backup; keep the damaged file."},
    {SQLITE_BUSY, UC_EIO, "store-busy", "Another program holds the store; end it, or try again later."},
    {SQLITE_LOCKED, UC_EIO, "store-busy", "Another program holds the store; end it, or try again later."},
    {SQLITE_PERM, UC_EIO, "no-access", "Check the owner and the mode of the file and its directory."},
    {SQLITE_CANTOPEN, UC_EIO, "no-access", "Check that the directory exists, and the owner and mode of the file and its directory."},
    {SQLITE_IOERR, UC_EIO, "disk-failed", "Look in the system's log for errors of that disk."},
    {SQLITE_INTERRUPT, UC_ELIMIT, "stopped", NULL},
    {SQLITE_TOOBIG, UC_ELIMIT, "too-large", "Split the task into smaller ones."},
};

/* The disk can be full, or read-only, below a code that says only that something went wrong. */
static int primary_code(sqlite3 *h, int rc)
{
	int code = rc & 0xff;
	if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN) return code;
	/* Also a reader has to write beside the store, in the index of its WAL. */
	if (code == SQLITE_CANTOPEN && sqlite3_db_readonly(h, "main") == 1) return SQLITE_READONLY;
	switch (sqlite3_system_errno(h)) {
	case ENOSPC:
	case EDQUOT:
		return SQLITE_FULL;
	case EROFS:
		return SQLITE_READONLY;
	default:
		return code;
	}
}

static enum uc_status failed(const struct sqlite_db *d, int rc, const char *doing, struct uc_error *e)
{
	int code = primary_code(d->h, rc);
	if (code == SQLITE_NOMEM) abort(); /* as everywhere: mem.h */
	/* "disk I/O error" would hide that the disk is only full. */
	const char *why = code == SQLITE_FULL && (rc & 0xff) != SQLITE_FULL ? strerror(ENOSPC) : sqlite3_errmsg(d->h);
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (failures[i].code == code)
			return uc_fail(e, failures[i].status, failures[i].id, failures[i].hint, "cannot %s the store %s: %s", doing, d->path, why);
	return uc_fail(e, UC_EINTERNAL, "internal", NULL, "cannot %s the store %s: %s", doing, d->path, sqlite3_errmsg(d->h));
}

static enum uc_status sq_exec(struct uc_db *db, const char *sql, struct uc_error *e)
{
	struct sqlite_db *d = uc_sqlite(db);
	int rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? UC_OK : failed(d, rc, "change", e);
}

static void sq_close(struct uc_db *db)
{
	struct sqlite_db *d = uc_sqlite(db);
	sqlite3_close_v2(d->h);
	uc_sqlite_sample_free(d);
	free(d->path);
	free(d);
}

UC_DEFINE_CLEANUP(sq_closep, struct uc_db, sq_close)

/* SQLite would create the file with the umask's mode; an empty file is an empty database. */
static enum uc_status create_private(const char *path, struct uc_error *e)
{
	if (uc_file_exists(path)) return UC_OK;
	enum uc_status status = uc_file_create(path, uc_slice_of(NULL, 0), 0600, e);
	return status == UC_ECONFLICT ? UC_OK : status;
}

static enum uc_status configure(struct uc_db *db, enum uc_db_mode mode, struct uc_error *e)
{
	/* Neither the schema nor a page of a damaged or hostile file is trusted. */
	static const char always[] =
	    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
	    "PRAGMA cache_size = -32768";
	/*
	 * Also in WAL mode NORMAL could lose the last commits to a power cut. The WAL is cut back after a large change. A secret that is deleted is
	 * overwritten.
	 */
	static const char writer[] =
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -262144;"
	    "PRAGMA secure_delete = ON";
	struct sqlite_db *d = uc_sqlite(db);
	sqlite3_extended_result_codes(d->h, 1);
	sqlite3_busy_timeout(d->h, 10000);
	sqlite3_limit(d->h, SQLITE_LIMIT_ATTACHED, 0);
	/* Without it a statement with LIKE is prepared anew for every value. */
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	/* SQLite opens what it cannot write for reading, without a word. */
	if (mode == UC_DB_WRITE && sqlite3_db_readonly(d->h, "main") == 1) return failed(d, SQLITE_READONLY, "write", e);
	UC_TRY(sq_exec(db, always, e));
	if (mode == UC_DB_READ) return sq_exec(db, "PRAGMA query_only = ON", e);
	return sq_exec(db, writer, e);
}

static enum uc_status sq_open(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e)
{
	const char *path = uc_db_past_scheme(url);
	if (mode == UC_DB_WRITE) UC_TRY(create_private(path, e));
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return uc_fail(e, UC_ENOTFOUND, "store-missing", "Check the data directory, or start ucpkid once, so that it sets the store up.",
		               "there is no store %s", path);
	struct sqlite_db *d = uc_zalloc(1, sizeof *d);
	d->path = uc_strdup(path);
	d->base.driver = &uc_db_sqlite;
	UC_CLEANUP(sq_closep) struct uc_db *db = &d->base;
	/* Writable also for a reader: in WAL mode it takes part in the index of the log. query_only keeps it from more. */
	int rc = sqlite3_open_v2(path, &d->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (rc != SQLITE_OK) return failed(d, rc, "open", e);
	UC_TRY(configure(db, mode, e));
	*out = uc_move(db);
	return UC_OK;
}

static enum uc_status sq_begin(struct uc_db *db, enum uc_db_mode mode, struct uc_error *e)
{
	/* IMMEDIATE takes the one write lock, and so the head of the log. */
	return sq_exec(db, mode == UC_DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", e);
}

/* A large change has filled the cache with pages that nobody needs any more. */
static void trim_cache(sqlite3 *h)
{
	enum { KEEP = 32 * 1024 * 1024 };
	int used = 0;
	int most = 0;
	if (sqlite3_db_status(h, SQLITE_DBSTATUS_CACHE_USED, &used, &most, 0) == SQLITE_OK && used > KEEP) sqlite3_db_release_memory(h);
}

static enum uc_status sq_commit(struct uc_db *db, struct uc_error *e)
{
	UC_TRY(sq_exec(db, "COMMIT", e));
	trim_cache(uc_sqlite(db)->h);
	return UC_OK;
}

static void sq_rollback(struct uc_db *db)
{
	/* Some errors have rolled back already. */
	if (sqlite3_get_autocommit(uc_sqlite(db)->h) == 0) sqlite3_exec(uc_sqlite(db)->h, "ROLLBACK", NULL, NULL, NULL);
}

static enum uc_status sq_prepare(struct uc_db *db, const char *sql, struct uc_stmt **out, struct uc_error *e)
{
	struct sqlite_db *d = uc_sqlite(db);
	sqlite3_stmt *h = NULL;
	int rc = sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &h, NULL);
	if (rc != SQLITE_OK) return failed(d, rc, "ask", e);
	struct sqlite_stmt *s = uc_zalloc(1, sizeof *s);
	s->h = h;
	/* "$2" is a name to SQLite, whose position is that of its first appearance. */
	for (int n = 1; n < UC_DB_MAX_PARAMS; n++) {
		char name[8];
		s->place[n] = sqlite3_bind_parameter_index(h, sqlite3_snprintf(sizeof name, name, "$%d", n));
	}
	*out = &s->base;
	return UC_OK;
}

static int ask_to_go_on(void *ctx)
{
	const struct uc_db *db = ctx;
	return db->go_on(db->go_on_ctx) ? 0 : 1;
}

static void sq_watch(struct uc_db *db)
{
	/* A row that is looked at along an index takes about six operations of SQLite's machine. */
	enum { OPERATIONS = 6 * UC_DB_WATCH_ROWS };
	sqlite3_progress_handler(uc_sqlite(db)->h, OPERATIONS, db->go_on != NULL ? ask_to_go_on : NULL, db);
}

static void sq_finalize(struct uc_stmt *base)
{
	struct sqlite_stmt *s = uc_sqlite_stmt(base);
	sqlite3_finalize(s->h);
	free(base->sql);
	free(s);
}

static void sq_again(struct uc_stmt *base)
{
	sqlite3_reset(uc_sqlite_stmt(base)->h);
}

static void sq_reset(struct uc_stmt *base)
{
	struct sqlite_stmt *s = uc_sqlite_stmt(base);
	sqlite3_reset(s->h);
	sqlite3_clear_bindings(s->h);
	s->bind_failed = SQLITE_OK;
}

static void note_bind(struct sqlite_stmt *s, int rc)
{
	if (rc != SQLITE_OK) s->bind_failed = rc;
}

static void sq_bind_text(struct uc_stmt *base, int n, const char *text)
{
	struct sqlite_stmt *s = uc_sqlite_stmt(base);
	note_bind(s, sqlite3_bind_text64(s->h, s->place[n], text, text != NULL ? strlen(text) : 0, SQLITE_TRANSIENT, SQLITE_UTF8));
}

static void sq_bind_int(struct uc_stmt *base, int n, int64_t v)
{
	struct sqlite_stmt *s = uc_sqlite_stmt(base);
	note_bind(s, sqlite3_bind_int64(s->h, s->place[n], v));
}

static void sq_bind_blob(struct uc_stmt *base, int n, struct uc_slice v)
{
	struct sqlite_stmt *s = uc_sqlite_stmt(base);
	/* A NULL pointer would be SQL NULL, not an empty blob. */
	note_bind(s, sqlite3_bind_blob64(s->h, s->place[n], v.len > 0 ? (const void *)v.ptr : "", v.len, SQLITE_TRANSIENT));
}

static enum uc_status sq_step(struct uc_stmt *base, bool *row, struct uc_error *e)
{
	struct sqlite_stmt *s = uc_sqlite_stmt(base);
	struct sqlite_db *d = uc_sqlite(base->db);
	if (s->bind_failed != SQLITE_OK) return failed(d, s->bind_failed, "give a value to", e);
	int rc = sqlite3_step(s->h);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) return failed(d, rc, sqlite3_stmt_readonly(s->h) ? "read" : "change", e);
	*row = rc == SQLITE_ROW;
	return UC_OK;
}

static int64_t sq_affected(struct uc_stmt *base)
{
	return sqlite3_changes64(uc_sqlite(base->db)->h);
}

static const char *sq_col_text(struct uc_stmt *base, int n)
{
	const char *text = (const char *)sqlite3_column_text(uc_sqlite_stmt(base)->h, n);
	return text != NULL ? text : "";
}

static int64_t sq_col_int(struct uc_stmt *base, int n)
{
	return sqlite3_column_int64(uc_sqlite_stmt(base)->h, n);
}

static struct uc_slice sq_col_blob(struct uc_stmt *base, int n)
{
	const void *data = sqlite3_column_blob(uc_sqlite_stmt(base)->h, n);
	return uc_slice_of(data, (size_t)sqlite3_column_bytes(uc_sqlite_stmt(base)->h, n));
}

static bool sq_col_null(struct uc_stmt *base, int n)
{
	return sqlite3_column_type(uc_sqlite_stmt(base)->h, n) == SQLITE_NULL;
}

static const struct uc_db_macro macros[] = {
    {"ID", "INTEGER PRIMARY KEY"}, /* the rowid, which ends every index */
    {"BY_ID", ""},
    {"TEXT", "TEXT"},
    {"BLOB", "BLOB"},
    {"CLUSTERED", " WITHOUT ROWID"},
    {"TEXT_INDEX", UC_SQLITE_TEXT_INDEX},
};

const struct uc_db_driver uc_db_sqlite = {
    .schemes = {"sqlite"},
    .macros = macros,
    .macro_count = sizeof macros / sizeof macros[0],
    .no_index = "+",
    .id_list = {"id IN (SELECT value FROM json_each(", "))", '[', ']'},
    .has_schema = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
    /* In WAL mode a power cut may then take the last commits, and nothing else. */
    /* What has gathered in the log is written into the file when there is time (uc_db_tidy()), not by whoever commits when it is full. */
    .relax = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 16384",
    .tidy = "PRAGMA wal_checkpoint(PASSIVE)",
    /* The deleted bytes are overwritten in the pages (secure_delete); this takes the older pages out of the WAL. */
    .scrub = "PRAGMA wal_checkpoint(TRUNCATE)",
    .open = sq_open,
    .close = sq_close,
    .exec = sq_exec,
    .begin = sq_begin,
    .commit = sq_commit,
    .rollback = sq_rollback,
    .prepare = sq_prepare,
    .watch = sq_watch,
    .finalize = sq_finalize,
    .again = sq_again,
    .reset = sq_reset,
    .bind_text = sq_bind_text,
    .bind_int = sq_bind_int,
    .bind_blob = sq_bind_blob,
    .step = sq_step,
    .affected = sq_affected,
    .col_text = sq_col_text,
    .col_int = sq_col_int,
    .col_blob = sq_col_blob,
    .col_null = sq_col_null,
    .text_change = uc_sqlite_text_change,
    .text_clear = uc_sqlite_text_clear,
    .text_find = uc_sqlite_text_find,
};
