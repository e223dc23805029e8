/* What the files of the PostgreSQL driver share. */
#ifndef UC_STORE_DB_PG_H
#define UC_STORE_DB_PG_H

#include <libpq-fe.h>

#include "core/text.h"
#include "store/db_driver.h"

struct pg_db {
	struct uc_db base;
	PGconn *h;
	char *url;   /* with the password: nodes get the same with theirs */
	char *where; /* "HOST:PORT/NAME", for messages */
	char *schema;
	bool reader;  /* was opened for reading */
	bool reading; /* the current transaction is for reading */
	bool lost;
	bool silent;               /* lost because the server did not answer: nothing more is said to it */
	unsigned long long names;  /* statements prepared so far; each has its number for a name */
	struct uc_strv unprepared; /* names that nobody uses any more */
};

static inline struct pg_db *uc_pg(struct uc_db *db)
{
	return (struct pg_db *)db;
}

UC_DEFINE_CLEANUP(uc_pg_clearp, PGresult, PQclear)
UC_DEFINE_CLEANUP(uc_pg_freememp, char, PQfreemem)

/*
 * Classes of the advisory locks: the second number is a hash of what is locked. The head of the log is held by whoever appends to it, a claim by the running instance
 * of a node.
 */
enum { UC_PG_LOCK_HEAD = 0x75637001, UC_PG_LOCK_CLAIM = 0x75637002 };
/* The second number of a lock for what is named so within the schema: another schema of the same database is another store. */
int32_t uc_pg_lock_of(const struct pg_db *d, const char *name);

/* ---- db_pg.c ---- */

/* Fills e for a result that is no success (NULL: none came), and notes when the connection is lost. doing: "cannot DOING the store". */
enum uc_status uc_pg_failed(struct pg_db *d, const PGresult *res, const char *doing, struct uc_error *e);
/* Likewise for an SQLSTATE ("": none) and a message. */
enum uc_status uc_pg_failed_with(const char *sqlstate, const char *why, const char *doing, const char *where, struct uc_error *e);
/*
 * The result of what was sent (whether that worked is sent), the last one of several; owned. NULL, and the connection is lost, when the server says nothing for UC_PG_SILENCE_MS: one that hangs, or whose
 * answers are dropped on the way, would otherwise be waited for without end. That is longer than the wait for the lock on the head.
 */
#define UC_PG_SILENCE_MS 15000
PGresult *uc_pg_result(struct pg_db *d, int sent);
/* Runs statements without parameters; as uc_pg_result(). */
PGresult *uc_pg_query(struct pg_db *d, const char *sql);
/* Was the result one that a statement gives which succeeded? */
bool uc_pg_succeeded(const PGresult *res);
/* Its lines as one, divided by "; ", without what libpq says of its own source. Free with free(). */
char *uc_pg_one_line(const char *message);
enum uc_status uc_pg_exec(struct uc_db *db, const char *sql, struct uc_error *e) UC_MUST;
/* The first column of the first row of a statement with up to two texts for parameters (or NULL): a number, 0 when there is no row. */
enum uc_status uc_pg_number(struct uc_db *db, const char *sql, const char *a, const char *b, int64_t *out, struct uc_error *e) UC_MUST;

/* ---- db_pg_open.c ---- */

enum uc_status uc_pg_open(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e) UC_MUST;
void uc_pg_close(struct uc_db *db);

/* ---- db_pg_url.c ---- */

/* Where the url leads, without user and password: "HOST:PORT/NAME", several of them as "HOST:PORT,HOST:PORT/NAME". Free with free(). UC_EINPUT "bad-store-url". */
enum uc_status uc_pg_url_where(const char *url, char **out, struct uc_error *e) UC_MUST;
/* UC_EINPUT "bad-store-url" with what libpq says of it, without what it quotes. */
enum uc_status uc_pg_url_bad(const char *why, struct uc_error *e);
/* The same url for another account; database is the name for a url that has none. Free with uc_secret_free(). */
enum uc_status uc_pg_url_with(const char *url, const char *database, const char *user, const char *password, char **out,
                              struct uc_error *e) UC_MUST;

/* ---- db_pg_stmt.c: the functions of struct uc_db_driver ---- */

enum uc_status uc_pg_prepare(struct uc_db *db, const char *sql, struct uc_stmt **out, struct uc_error *e) UC_MUST;
void uc_pg_finalize(struct uc_stmt *base);
void uc_pg_again(struct uc_stmt *base);
void uc_pg_reset(struct uc_stmt *base);
void uc_pg_bind_text(struct uc_stmt *base, int n, const char *text);
void uc_pg_bind_int(struct uc_stmt *base, int n, int64_t v);
void uc_pg_bind_blob(struct uc_stmt *base, int n, struct uc_slice v);
enum uc_status uc_pg_step(struct uc_stmt *base, bool *row, struct uc_error *e) UC_MUST;
int64_t uc_pg_affected(struct uc_stmt *base);
const char *uc_pg_col_text(struct uc_stmt *base, int n);
int64_t uc_pg_col_int(struct uc_stmt *base, int n);
struct uc_slice uc_pg_col_blob(struct uc_stmt *base, int n);
bool uc_pg_col_null(struct uc_stmt *base, int n);

/* ---- db_pg_text.c ---- */

/* One index for all columns: which of them a question is about makes no difference to it. */
#define UC_PG_TEXT_INDEX                                                                                                    \
	"CREATE EXTENSION IF NOT EXISTS pg_trgm;"                                                                               \
	"CREATE INDEX entry_text ON entry USING gin (k_name gin_trgm_ops, k_common_name gin_trgm_ops, k_subject gin_trgm_ops, " \
	"k_issuer gin_trgm_ops, k_description gin_trgm_ops, fingerprint gin_trgm_ops, serial gin_trgm_ops);"

enum uc_status uc_pg_text_change(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS],
                                 struct uc_error *e) UC_MUST;
enum uc_status uc_pg_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                               struct uc_error *e) UC_MUST;

/* ---- db_pg_wait.c, db_pg_access.c, db_pg_fit.c: the functions of struct uc_db_sharing ---- */

bool uc_pg_lost(const struct uc_db *db);
enum uc_status uc_pg_notify(struct uc_db *db, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_listen(struct uc_db *db, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_wait(struct uc_db *db, int wake_fd, int timeout_ms, bool *notified, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_now(struct uc_db *db, uc_time *out, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_claim(struct uc_db *db, const char *name, bool *mine, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_access_put(struct uc_db *db, const char *node, const char *password, char **url, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_access_drop(struct uc_db *db, const char *node, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_access_renew(struct uc_db *db, struct uc_error *e) UC_MUST;
enum uc_status uc_pg_fit(struct uc_db *db, bool *ours, struct uc_error *e) UC_MUST;

#endif
