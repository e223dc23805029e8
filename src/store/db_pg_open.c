/* Connecting to PostgreSQL. */
#include <stdlib.h>
#include <string.h>

#include "store/db_pg.h"

void uc_pg_close(struct uc_db *db)
{
	struct pg_db *d = uc_pg(db);
	PQfinish(d->h);
	if (d->url != NULL) uc_secret_free(d->url, strlen(d->url));
	free(d->where);
	free(d->schema);
	uc_strv_free(&d->unprepared);
	free(d);
}

UC_DEFINE_CLEANUP(closep, struct uc_db, uc_pg_close)

/* Notices ("the extension exists already, skipping") are for people at a terminal. */
static void no_notice(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

/* libpq names the server in its messages, and gives the SQLSTATE of a refused connection only within them: "FATAL:  28P01: ..." The last one decides. */
static void sqlstate_in(const char *message, char out[6])
{
	out[0] = '\0';
	for (const char *p = strstr(message, ":  "); p != NULL; p = strstr(p + 1, ":  ")) {
		const char *code = p + 3;
		size_t len = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (len != 5 || code[5] != ':') continue;
		memcpy(out, code, 5);
		out[5] = '\0';
	}
}

static enum uc_status connect_failed(const struct pg_db *d, const char *first, struct uc_error *e)
{
	const char *message = PQerrorMessage(d->h);
	/* No attempt at all: a value in the url makes no sense. */
	if (message[0] == '\0') return uc_pg_url_bad(first, e);
	char sqlstate[6];
	sqlstate_in(message, sqlstate);
	UC_CLEANUP(uc_freep) char *why = uc_pg_one_line(message);
	return uc_pg_failed_with(sqlstate[0] != '\0' ? sqlstate : "08001", why, "open", d->where, e);
}

/*
 * What the url says counts, else what comes before it. The attempt is begun, and then begun anew: only a connection object can be asked for messages with an SQLSTATE, and
 * beginning is what makes one.
 */
static enum uc_status connect_to(struct pg_db *d, struct uc_error *e)
{
	static const char *const keys[] = {
	    "fallback_application_name", "target_session_attrs", "connect_timeout", "keepalives_idle", "keepalives_interval",
	    "keepalives_count",          "tcp_user_timeout",     "dbname",          "client_encoding", NULL};
	const char *const values[] = {"ucpki", "read-write", "5", "4", "2", "3", "10000", d->url, "UTF8", NULL};
	d->h = PQconnectStartParams(keys, values, 1);
	if (d->h == NULL) abort(); /* out of memory: mem.h */
	UC_CLEANUP(uc_freep) char *first = uc_strdup(PQerrorMessage(d->h));
	PQsetErrorVerbosity(d->h, PQERRORS_VERBOSE);
	PQsetNoticeProcessor(d->h, no_notice, NULL);
	PQreset(d->h);
	if (PQstatus(d->h) != CONNECTION_OK) return connect_failed(d, first, e);
	PQsetErrorVerbosity(d->h, PQERRORS_DEFAULT);
	/* Also to send must not take for ever: uc_pg_result() waits for both. */
	if (PQsetnonblocking(d->h, 1) != 0) return uc_pg_failed(d, NULL, "open", e);
	return UC_OK;
}

/* The server gives up a client that is silent as soon as the client gives up the server: what it holds is needed by the others. */
static const char settings[] =
    "SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET idle_in_transaction_session_timeout = '60s'; "
    "SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
    "SET tcp_user_timeout = 10000; ";

static enum uc_status set_up(struct pg_db *d, struct uc_error *e)
{
	const char *encoding = PQparameterStatus(d->h, "server_encoding");
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		return uc_fail(
		    e, UC_EREFUSED, "store-encoding", "Make another one: CREATE DATABASE name OWNER account ENCODING 'UTF8' TEMPLATE template0;",
		    "the database %s has the encoding %s, which cannot hold every name", d->where, encoding != NULL ? encoding : "unknown");
	/* Else a statement that waits there would keep the claim (uc_pg_claim()) of a client who has gone; not every system can do it. */
	PQclear(uc_pg_query(d, "SET client_connection_check_interval = '1s'"));
	UC_CLEANUP(uc_freep)
	char *sql =
	    uc_sprintf("%s%sSELECT coalesce(current_schema(), '')", settings, d->reader ? "SET default_transaction_read_only = on; " : "");
	UC_CLEANUP(uc_pg_clearp) PGresult *res = uc_pg_query(d, sql);
	if (!uc_pg_succeeded(res) || PQntuples(res) != 1) return uc_pg_failed(d, res, "open", e);
	d->schema = uc_strdup(PQgetvalue(res, 0, 0));
	return UC_OK;
}

enum uc_status uc_pg_open(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e)
{
	struct pg_db *d = uc_zalloc(1, sizeof *d);
	d->base.driver = &uc_db_postgres;
	UC_CLEANUP(closep) struct uc_db *db = &d->base;
	d->url = uc_strdup(url);
	d->reader = mode == UC_DB_READ;
	UC_TRY(uc_pg_url_where(url, &d->where, e));
	UC_TRY(connect_to(d, e));
	UC_TRY(set_up(d, e));
	*out = uc_move(db);
	return UC_OK;
}
