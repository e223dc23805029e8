/*
 * The thin SQL layer: one connection, statements with $1 parameters, rows. The SQL above it is written once for every driver; what differs between dialects stays in
 * the drivers. A connection belongs to one thread at a time.
 */
#ifndef UC_STORE_DB_H
#define UC_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/mem.h"

struct uc_db;
struct uc_stmt;

enum uc_db_mode {
	UC_DB_READ, /* refuses to write */
	UC_DB_WRITE
};

/*
 * Opens a database: "sqlite:PATH", or a connection string of libpq ("postgresql://USER:PASSWORD@HOST1:5432,HOST2:5432/NAME?sslmode=verify-full"; also postgres://).
 *
 * SQLite: for UC_DB_WRITE the file is created (0600) when missing; WAL, synchronous=FULL, foreign keys, a busy time-out of 10 s. UC_EIO, UC_EFULL; a damaged file is UC_EIO
 * "store-damaged", one that cannot be written UC_EIO "read-only", for UC_DB_READ a missing one UC_ENOTFOUND "store-missing".
 *
 * PostgreSQL: unless the string says otherwise, only a server that can be written is taken (target_session_attrs), so that of several hosts the one that was promoted is found; connecting takes at
 * most 5 s for each host, and a connection counts as lost when its peer's machine is silent for 10 s, or the server itself for 15 s. UC_EUNAVAILABLE "store-unreachable" when there is none, UC_EREFUSED "store-access" for a wrong
 * password or a missing right, UC_ENOTFOUND "store-missing" when it has no such database, UC_EREFUSED "store-encoding" when that is not of Unicode, UC_EINPUT "bad-store-url". No message
 * holds the password.
 *
 * The same ids come from every function that reaches the database. A lost connection stays lost: close it and open another. On success *out is owned: uc_db_close().
 */
enum uc_status uc_db_open(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e) UC_MUST;
void uc_db_close(struct uc_db *db);
UC_DEFINE_CLEANUP(uc_db_closep, struct uc_db, uc_db_close)

/* Where a url of PostgreSQL leads, for people: "HOST:PORT/NAME", several as "HOST:PORT,HOST:PORT/NAME", without account and password. "" for other ones. Free with free(). */
char *uc_db_where(const char *url) __attribute__((returns_nonnull));

/* Runs one or more statements without parameters or results. */
enum uc_status uc_db_exec(struct uc_db *db, const char *sql, struct uc_error *e) UC_MUST;
/* Starts a transaction; a write one holds the lock on the head of the log from here on. */
enum uc_status uc_db_begin(struct uc_db *db, enum uc_db_mode mode, struct uc_error *e) UC_MUST;
/* When it fails, the transaction has been rolled back. */
enum uc_status uc_db_commit(struct uc_db *db, struct uc_error *e) UC_MUST;
bool uc_db_in_transaction(const struct uc_db *db);
/* Ends a transaction without its changes; harmless when there is none. */
void uc_db_rollback(struct uc_db *db);

/*
 * A statement for this SQL, from the connection's cache. It is borrowed: release it with uc_stmt_done(), which makes it ready for the next use.
 * Parameters are $1, $2, ...: names to SQLite, so the layer binds through sqlite3_bind_parameter_index.
 */
enum uc_status uc_db_stmt(struct uc_db *db, const char *sql, struct uc_stmt **out, struct uc_error *e) UC_MUST;
/* The number that a query without parameters gives; 0 when it gives no row. */
enum uc_status uc_db_number(struct uc_db *db, const char *sql, int64_t *out, struct uc_error *e) UC_MUST;
void uc_stmt_done(struct uc_stmt *s);
/* Begins it again with the same values, of which some may then be bound anew. */
void uc_stmt_again(struct uc_stmt *s);
UC_DEFINE_CLEANUP(uc_stmt_donep, struct uc_stmt, uc_stmt_done)

/* Binding copies the value. Text NULL is SQL NULL. */
void uc_bind_text(struct uc_stmt *s, int n, const char *text);
void uc_bind_int(struct uc_stmt *s, int n, int64_t v);
void uc_bind_blob(struct uc_stmt *s, int n, struct uc_slice v);

/* Fetches the next row: *row tells whether there is one. */
enum uc_status uc_stmt_step(struct uc_stmt *s, bool *row, struct uc_error *e) UC_MUST;
/* Runs a statement that gives no rows; *affected (or NULL) gets the number of rows changed. */
enum uc_status uc_stmt_run(struct uc_stmt *s, int64_t *affected, struct uc_error *e) UC_MUST;

/*
 * While go_on is set, a statement that takes long asks it every time about UC_DB_WATCH_ROWS rows have been looked at; when it says no, the statement fails with UC_ELIMIT
 * "stopped". A driver whose planner can be relied on may never ask. NULL: nobody is asked.
 */
#define UC_DB_WATCH_ROWS 20
void uc_db_watch(struct uc_db *db, bool (*go_on)(void *ctx), void *ctx);

/* Columns from 0; borrowed until the next step. Text of NULL is "". */
const char *uc_col_text(struct uc_stmt *s, int n);
int64_t uc_col_int(struct uc_stmt *s, int n);
struct uc_slice uc_col_blob(struct uc_stmt *s, int n);
bool uc_col_null(struct uc_stmt *s, int n);

/* A list of row ids. Zero-initialised is empty; release with uc_ids_free (also for UC_CLEANUP). */
struct uc_ids {
	int64_t *items;
	size_t count;
	size_t cap; /* private */
};
void uc_ids_add(struct uc_ids *v, int64_t id);
void uc_ids_free(struct uc_ids *v);

/*
 * The index behind "contains": pieces of three characters of these columns of the table entry, whose text is folded (uc_fold). (SQLite: an FTS5 trigram table;
 * PostgreSQL: pg_trgm.)
 */
#define UC_DB_TEXT_COLUMNS 7
extern const char *const uc_db_text_columns[UC_DB_TEXT_COLUMNS];
/* A text of at least UC_DB_MIN_NEEDLE characters to look for in column, an index into uc_db_text_columns. */
struct uc_db_needle {
	size_t column;
	const char *text;
};
#define UC_DB_MIN_NEEDLE 3
/* Adds the row to the index, or takes it out; then values are those it was added with. */
enum uc_status uc_db_text_change(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS],
                                 struct uc_error *e) UC_MUST;
/* Empties the index, when the table entry has been emptied. */
enum uc_status uc_db_text_clear(struct uc_db *db, struct uc_error *e) UC_MUST;
/*
 * Candidates for rows with all these needles: at most limit ids are appended to out. When there are fewer than limit, every row that matches is among them, but some may not
 * match: check them.
 */
enum uc_status uc_db_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                               struct uc_error *e) UC_MUST;
/* "id is one of these" as a condition: *before and *after stand around its parameter, whose value is the text. Free the text with free(). */
char *uc_db_id_list(const struct uc_db *db, const struct uc_ids *ids, const char **before, const char **after);
/* Put before a column in a condition, it keeps the planner from using the column's index. */
const char *uc_db_no_index(const struct uc_db *db);

/* ---- what only a database that several nodes share can do; SQLite answers as a database that nobody shares ---- */

/* Do several nodes share it? */
bool uc_db_shared(const struct uc_db *db);
/* Was the connection lost? It is of no more use. */
bool uc_db_lost(const struct uc_db *db);
/* Wakes everybody who listens, when the current transaction commits. */
enum uc_status uc_db_notify(struct uc_db *db, struct uc_error *e) UC_MUST;
enum uc_status uc_db_listen(struct uc_db *db, struct uc_error *e) UC_MUST;
/*
 * Waits, outside a transaction, until somebody notifies, wake_fd (or -1) is readable, or timeout_ms have passed; *notified tells the first of these, and is set at once when a notification came
 * meanwhile. UC_EUNAVAILABLE "store-unreachable" when the connection is lost.
 */
enum uc_status uc_db_wait(struct uc_db *db, int wake_fd, int timeout_ms, bool *notified, struct uc_error *e) UC_MUST;
/* The database's own clock. SQLite: this machine's. */
enum uc_status uc_db_now(struct uc_db *db, uc_time *out, struct uc_error *e) UC_MUST;
/* Claims a name for the life of this connection; *mine is false while another connection has it. */
enum uc_status uc_db_claim(struct uc_db *db, const char *name, bool *mine, struct uc_error *e) UC_MUST;
/*
 * A node's own credentials for this database, inside the current transaction: makes the account with just the rights that a node needs, or gives it this password anew. *url gets the connection
 * string with them (free with uc_secret_free()). UC_EREFUSED "not-shared" for SQLite, "store-access" when this connection may not make accounts.
 */
enum uc_status uc_db_access_put(struct uc_db *db, const char *node, const char *password, char **url, struct uc_error *e) UC_MUST;
/*
 * Can a cluster have its store here? Nothing is changed. *ours tells whether there is one already. UC_EREFUSED "not-shared" for SQLite, "store-access" when the account lacks a right, all of which are named with the
 * SQL that grants them (of making accounts, tables, the extension pg_trgm), "store-extension" when the server does not have that; UC_ECONFLICT "store-not-empty" when it holds something else.
 */
enum uc_status uc_db_fit(struct uc_db *db, bool *ours, struct uc_error *e) UC_MUST;
/* Takes them away and ends that node's connections; harmless when there are none. */
enum uc_status uc_db_access_drop(struct uc_db *db, const char *node, struct uc_error *e) UC_MUST;
/* This copy can be made again from another database: commits no longer wait for the disk. (PostgreSQL: nothing changes.) */
enum uc_status uc_db_relax(struct uc_db *db, struct uc_error *e) UC_MUST;
/* Outside a transaction, and on any connection: does what a relaxed copy puts off, without holding anybody up. To be called now and then. */
enum uc_status uc_db_tidy(struct uc_db *db, struct uc_error *e) UC_MUST;

/* After a commit: what was deleted leaves the disk too, as far as nobody is still reading it. (PostgreSQL: that is for its administrator, by VACUUM.) */
enum uc_status uc_db_scrub(struct uc_db *db, struct uc_error *e) UC_MUST;

/* Brings the schema to this program's version; UC_EREFUSED "schema-newer" when it is from a newer program. */
enum uc_status uc_db_migrate(struct uc_db *db, struct uc_error *e) UC_MUST;
/* For a connection that may not migrate: UC_ENOTFOUND "store-missing" for an empty database, UC_EREFUSED "schema-older" or "schema-newer". */
enum uc_status uc_db_schema_check(struct uc_db *db, struct uc_error *e) UC_MUST;

#endif
