/* The PostgreSQL driver: what failures mean, transactions, and the table of its functions. */
#include "store/db_pg.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static const char reach_hint[] = "Look at the network and at the database server.";
static const char access_hint[] = "Check the user, the password and the rights of the store's connection, and the server's pg_hba.conf.";
static const char missing_hint[] = "Create the database (CREATE DATABASE ... ENCODING 'UTF8'), or correct its name or its search_path.";
static const char busy_hint[] = "Another node holds the store; try again later.";
static const char damage_hint[] = "Look in the server's log, and restore its last backup or use its standby.";

/* By the beginning of the SQLSTATE, the first that fits (PostgreSQL 15, appendix A). */
static const struct {
	const char *sqlstate;
	enum uc_status status;
	const char *id, *hint;
} failures[] = {
    {"08P01", UC_EINTERNAL, "internal", NULL},
    {"08", UC_EUNAVAILABLE, "store-unreachable", reach_hint},
    {"57P0", UC_EUNAVAILABLE, "store-unreachable", reach_hint},
    {"25006", UC_EUNAVAILABLE, "store-unreachable", "Name the server that can be written too: this one is a standby."},
    {"53300", UC_EUNAVAILABLE, "store-unreachable", "Raise max_connections of the server."},
    {"28", UC_EREFUSED, "store-access", access_hint},
    {"42501", UC_EREFUSED, "store-access", access_hint},
    {"3D000", UC_ENOTFOUND, "store-missing", missing_hint},
    {"3F000", UC_ENOTFOUND, "store-missing", missing_hint},
    {"53100", UC_EFULL, "disk-full", "Free space on the database server and try again; nothing was changed."},
    {"54", UC_ELIMIT, "too-large", "Split the task into smaller ones."},
    {"55P03", UC_EIO, "store-busy", busy_hint},
    {"57014", UC_EIO, "store-busy", busy_hint},
    {"40001", UC_EIO, "store-busy", busy_hint},
    {"40P01", UC_EIO, "store-busy", busy_hint},
    {"58030", UC_EIO, "disk-failed", damage_hint},
    {"XX001", UC_EIO, "store-damaged", damage_hint},
    {"XX002", UC_EIO, "store-damaged", damage_hint},
};

enum uc_status uc_pg_failed_with(const char *sqlstate, const char *why, const char *doing, const char *where, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (uc_starts_with(sqlstate, failures[i].sqlstate))
			return uc_fail(e, failures[i].status, failures[i].id, failures[i].hint, "cannot %s the store %s: %s", doing, where, why);
	return uc_fail(e, UC_EINTERNAL, "internal", NULL, "cannot %s the store %s: %s (SQLSTATE %s)", doing, where, why, sqlstate);
}

/* Two spaces stand after "FATAL:". */
static void add_words(struct uc_buf *out, const char *line)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	uc_strv_split(&words, line, ' ');
	for (size_t i = 0; i < words.count; i++) uc_buf_printf(out, "%s%s", i > 0 ? " " : "", words.items[i]);
}

char *uc_pg_one_line(const char *message)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	while (*message != '\0') {
		size_t len = strcspn(message, "\n");
		UC_CLEANUP(uc_freep) char *line = uc_strndup(message, len);
		message += len + (message[len] == '\n' ? 1 : 0);
		if (line[strspn(line, " \t")] == '\0' || uc_starts_with(line, "LOCATION:")) continue;
		/* A sentence that goes on is indented and begins with a small letter. */
		bool goes_on = line[0] == '\t' && line[1] >= 'a' && line[1] <= 'z';
		if (out.len > 0) uc_buf_add_str(&out, goes_on ? " " : "; ");
		add_words(&out, line);
	}
	return uc_buf_take_str(&out);
}

enum uc_status uc_pg_failed(struct pg_db *d, const PGresult *res, const char *doing, struct uc_error *e)
{
	const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	if (sqlstate == NULL) sqlstate = "";
	/* What has been opened for reading may not write, also where one could. */
	if ((d->reader || (d->base.in_transaction && d->reading)) && strcmp(sqlstate, "25006") == 0)
		return uc_fail(e, UC_EIO, "read-only", NULL, "cannot %s the store %s: this is only for reading", doing, d->where);
	static const char silence[] = "the server has not answered for 15 seconds";
	UC_CLEANUP(uc_freep) char *why = uc_pg_one_line(d->silent ? silence : primary != NULL ? primary : PQerrorMessage(d->h));
	if (PQstatus(d->h) == CONNECTION_BAD || (d->lost && sqlstate[0] == '\0')) sqlstate = "08006";
	/* The server says that it ends the connection, and then does; one that turned out to be a standby is of no more use either. */
	if (uc_starts_with(sqlstate, "57P0") || strcmp(sqlstate, "25006") == 0 || strcmp(sqlstate, "08006") == 0) d->lost = true;
	return uc_pg_failed_with(sqlstate, why, doing, d->where, e);
}

static int64_t end_of_patience(void)
{
	return uc_monotonic_ns() + (int64_t)UC_PG_SILENCE_MS * 1000000;
}

/* Waits until the server has said all; false when it is silent. A large result over a slow line takes its time. */
static bool hear(PGconn *h)
{
	int64_t end = end_of_patience();
	while (PQisBusy(h) == 1) {
		int unsent = PQflush(h);
		if (unsent < 0) return true; /* PQgetResult() tells why */
		int64_t left = (end - uc_monotonic_ns()) / 1000000;
		struct pollfd fd = {.fd = PQsocket(h), .events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN)};
		if (left <= 0) return false;
		int ready = poll(&fd, 1, (int)left);
		if (ready < 0 && errno != EINTR) return false;
		if (PQconsumeInput(h) == 0) return true;
		if (ready > 0) end = end_of_patience();
	}
	return true;
}

PGresult *uc_pg_result(struct pg_db *d, int sent)
{
	PGresult *last = NULL;
	while (sent == 1) {
		if (!hear(d->h)) {
			PQclear(last);
			d->lost = d->silent = true;
			return NULL;
		}
		PGresult *next = PQgetResult(d->h);
		if (next == NULL) break;
		PQclear(last);
		last = next;
	}
	return last;
}

PGresult *uc_pg_query(struct pg_db *d, const char *sql)
{
	return uc_pg_result(d, PQsendQuery(d->h, sql));
}

bool uc_pg_succeeded(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

enum uc_status uc_pg_exec(struct uc_db *db, const char *sql, struct uc_error *e)
{
	struct pg_db *d = uc_pg(db);
	UC_CLEANUP(uc_pg_clearp) PGresult *res = uc_pg_query(d, sql);
	return uc_pg_succeeded(res) ? UC_OK : uc_pg_failed(d, res, "change", e);
}

enum uc_status uc_pg_number(struct uc_db *db, const char *sql, const char *a, const char *b, int64_t *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	bool row;
	UC_TRY(uc_db_stmt(db, sql, &s, e));
	if (a != NULL) uc_bind_text(s, 1, a);
	if (b != NULL) uc_bind_text(s, 2, b);
	UC_TRY(uc_stmt_step(s, &row, e));
	*out = row ? uc_col_int(s, 0) : 0;
	return UC_OK;
}

/* FNV-1a */
int32_t uc_pg_lock_of(const struct pg_db *d, const char *name)
{
	uint32_t h = 0x811c9dc5u;
	for (const char *p = d->schema; *p != '\0'; p++) h = (h ^ (uint8_t)*p) * 0x01000193u;
	h = h * 0x01000193u;
	for (; *name != '\0'; name++) h = (h ^ (uint8_t)*name) * 0x01000193u;
	return (int32_t)h;
}

static void pg_rollback(struct uc_db *db)
{
	struct pg_db *d = uc_pg(db);
	if (PQtransactionStatus(d->h) == PQTRANS_IDLE) return;
	if (!d->silent) PQclear(uc_pg_query(d, "ROLLBACK"));
	if (PQstatus(d->h) == CONNECTION_BAD) d->lost = true;
}

/*
 * Every writer waits for the same lock, which holds also before there are tables; then READ COMMITTED shows it what the one before has committed. One statement for all, since each is a way to the
 * server and back.
 */
static enum uc_status pg_begin(struct uc_db *db, enum uc_db_mode mode, struct uc_error *e)
{
	uc_pg(db)->reading = mode == UC_DB_READ;
	if (mode == UC_DB_READ) return uc_pg_exec(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock(%d, %d)",
	                       UC_PG_LOCK_HEAD, uc_pg_lock_of(uc_pg(db), "head"));
	enum uc_status status = uc_pg_exec(db, sql, e);
	if (status != UC_OK) pg_rollback(db);
	return status;
}

static enum uc_status pg_commit(struct uc_db *db, struct uc_error *e)
{
	struct pg_db *d = uc_pg(db);
	UC_CLEANUP(uc_pg_clearp) PGresult *res = uc_pg_query(d, "COMMIT");
	if (!uc_pg_succeeded(res)) return uc_pg_failed(d, res, "commit to", e);
	/* What a failed transaction gets instead of an error. */
	if (strcmp(PQcmdStatus(res), "ROLLBACK") == 0)
		return uc_fail(e, UC_EINTERNAL, "internal", NULL, "cannot commit to the store %s: a statement of the transaction had failed",
		               d->where);
	return UC_OK;
}

/* The results are small or wanted, and the planner knows the table: nothing is to be broken off. */
static void pg_watch(struct uc_db *db)
{
	(void)db;
}

static const struct uc_db_macro macros[] = {
    {"ID", "BIGINT PRIMARY KEY"},     {"BY_ID", ", id"}, {"TEXT", "TEXT COLLATE \"C\""}, {"BLOB", "BYTEA"}, {"CLUSTERED", ""},
    {"TEXT_INDEX", UC_PG_TEXT_INDEX},
};

static const struct uc_db_sharing sharing = {
    .lost = uc_pg_lost,
    .notify = uc_pg_notify,
    .listen = uc_pg_listen,
    .wait = uc_pg_wait,
    .now = uc_pg_now,
    .claim = uc_pg_claim,
    .access_put = uc_pg_access_put,
    .access_drop = uc_pg_access_drop,
    .access_renew = uc_pg_access_renew,
    .fit = uc_pg_fit,
    .where = uc_pg_url_where,
};

const struct uc_db_driver uc_db_postgres = {
    .schemes = {"postgresql", "postgres"},
    .sharing = &sharing,
    .macros = macros,
    .macro_count = sizeof macros / sizeof macros[0],
    .no_index = "",
    .id_list = {"id = ANY (CAST(", " AS bigint[]))", '{', '}'},
    .has_schema = "SELECT count(*) FROM pg_class WHERE relname = 'schema_version' AND relkind = 'r' "
                  "AND relnamespace = to_regnamespace(quote_ident(current_schema()))",
    .open = uc_pg_open,
    .close = uc_pg_close,
    .exec = uc_pg_exec,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .prepare = uc_pg_prepare,
    .watch = pg_watch,
    .finalize = uc_pg_finalize,
    .again = uc_pg_again,
    .reset = uc_pg_reset,
    .bind_text = uc_pg_bind_text,
    .bind_int = uc_pg_bind_int,
    .bind_blob = uc_pg_bind_blob,
    .step = uc_pg_step,
    .affected = uc_pg_affected,
    .col_text = uc_pg_col_text,
    .col_int = uc_pg_col_int,
    .col_blob = uc_pg_col_blob,
    .col_null = uc_pg_col_null,
    .text_change = uc_pg_text_change,
    .text_find = uc_pg_text_find,
};
