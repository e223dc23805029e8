/* The PostgreSQL driver: statements. A result is fetched whole, since other statements run while one is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db_pg.h"

enum {
	TEXT_OID = 25, /* of the catalogue pg_type; these never change */
	BYTEA_OID = 17
};

/* What is given back is written in hexadecimal, and a field of a row has at most 1 GB. */
#define MAX_VALUE ((size_t)256 * 1024 * 1024)

struct param {
	bool named; /* is in the SQL */
	char *value;
	int len;
	int format; /* 1: binary */
};

enum bad_bind { BIND_OK, BIND_NO_SUCH, BIND_TOO_LARGE };

struct pg_stmt {
	struct uc_stmt base;
	char name[24];
	int count; /* the highest number of a parameter */
	struct param params[UC_DB_MAX_PARAMS];
	enum bad_bind bad; /* told by the next step */
	PGresult *res;
	int row;
	struct uc_buf *blobs; /* of the row, by column, as they are asked for */
	int blob_count;
};

static struct pg_stmt *stmt_of(struct uc_stmt *s)
{
	return (struct pg_stmt *)s;
}

/* Notes which of $1, $2, ... are in the SQL. One within quotation marks counts too, which does no harm: its type is known. */
static void find_params(struct pg_stmt *s, const char *sql)
{
	for (const char *p = strchr(sql, '$'); p != NULL; p = strchr(p + 1, '$')) {
		long n = strtol(p + 1, NULL, 10);
		if (n < 1 || n >= UC_DB_MAX_PARAMS) continue;
		s->params[n].named = true;
		if (n > s->count) s->count = (int)n;
	}
}

/* Drops what is no longer used, in one go; a transaction that has failed takes no statement. */
static enum uc_status drop_unused(struct pg_db *d, struct uc_error *e)
{
	if (d->unprepared.count == 0 || PQtransactionStatus(d->h) == PQTRANS_INERROR) return UC_OK;
	UC_CLEANUP(uc_buf_free) struct uc_buf sql = UC_BUF_EMPTY;
	for (size_t i = 0; i < d->unprepared.count; i++) uc_buf_printf(&sql, "DEALLOCATE %s;", d->unprepared.items[i]);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&sql);
	uc_strv_free(&d->unprepared);
	return uc_pg_exec(&d->base, text, e);
}

UC_DEFINE_CLEANUP(finalizep, struct uc_stmt, uc_pg_finalize)

enum uc_status uc_pg_prepare(struct uc_db *db, const char *sql, struct uc_stmt **out, struct uc_error *e)
{
	struct pg_db *d = uc_pg(db);
	UC_TRY(drop_unused(d, e));
	struct pg_stmt *s = uc_zalloc(1, sizeof *s);
	s->base.db = db;
	UC_CLEANUP(finalizep) struct uc_stmt *base = &s->base;
	find_params(s, sql);
	/* The server finds the types by where the values go; it needs telling for numbers that are left out. */
	Oid types[UC_DB_MAX_PARAMS] = {0};
	for (int n = 1; n <= s->count; n++) types[n - 1] = s->params[n].named ? 0 : TEXT_OID;
	char name[sizeof s->name];
	snprintf(name, sizeof name, "s%llu", ++d->names);
	UC_CLEANUP(uc_pg_clearp) PGresult *res = uc_pg_result(d, PQsendPrepare(d->h, name, sql, s->count, types));
	if (!uc_pg_succeeded(res)) return uc_pg_failed(d, res, "ask", e);
	memcpy(s->name, name, sizeof name);
	*out = uc_move(base);
	return UC_OK;
}

static void forget_blobs(struct pg_stmt *s)
{
	for (int i = 0; i < s->blob_count; i++) uc_buf_free(&s->blobs[i]);
}

static void forget_result(struct pg_stmt *s)
{
	forget_blobs(s);
	uc_freep(&s->blobs);
	s->blob_count = 0;
	PQclear(uc_move(s->res));
	s->row = 0;
}

static void forget_values(struct pg_stmt *s)
{
	for (int n = 1; n <= s->count; n++) uc_freep(&s->params[n].value);
	s->bad = BIND_OK;
}

void uc_pg_finalize(struct uc_stmt *base)
{
	struct pg_stmt *s = stmt_of(base);
	forget_result(s);
	forget_values(s);
	if (s->name[0] != '\0') uc_strv_add(&uc_pg(base->db)->unprepared, s->name);
	free(base->sql);
	free(s);
}

void uc_pg_again(struct uc_stmt *base)
{
	forget_result(stmt_of(base));
}

void uc_pg_reset(struct uc_stmt *base)
{
	forget_result(stmt_of(base));
	forget_values(stmt_of(base));
}

/* ---- values ---- */

static void bind(struct uc_stmt *base, int n, const void *value, size_t len, bool binary)
{
	struct pg_stmt *s = stmt_of(base);
	if (n < 1 || n > s->count || !s->params[n].named) {
		s->bad = BIND_NO_SUCH;
		return;
	}
	struct param *p = &s->params[n];
	uc_freep(&p->value);
	if (value == NULL) return;
	if (len > MAX_VALUE) {
		s->bad = BIND_TOO_LARGE;
		return;
	}
	p->value = uc_strndup(value, len);
	p->len = (int)len;
	p->format = binary ? 1 : 0;
}

void uc_pg_bind_text(struct uc_stmt *base, int n, const char *text)
{
	bind(base, n, text, text != NULL ? strlen(text) : 0, false);
}

void uc_pg_bind_int(struct uc_stmt *base, int n, int64_t v)
{
	char text[24];
	bind(base, n, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)v), false);
}

void uc_pg_bind_blob(struct uc_stmt *base, int n, struct uc_slice v)
{
	/* Where a text is wanted, the server checks the bytes; so none are lost. */
	bind(base, n, v.len > 0 ? (const void *)v.ptr : "", v.len, true);
}

/* ---- running ---- */

static enum uc_status run(struct pg_stmt *s, struct uc_error *e)
{
	const char *values[UC_DB_MAX_PARAMS];
	int lens[UC_DB_MAX_PARAMS];
	int formats[UC_DB_MAX_PARAMS];
	for (int i = 0; i < s->count; i++) {
		values[i] = s->params[i + 1].value;
		lens[i] = s->params[i + 1].len;
		formats[i] = s->params[i + 1].format;
	}
	struct pg_db *d = uc_pg(s->base.db);
	UC_CLEANUP(uc_pg_clearp) PGresult *res = uc_pg_result(d, PQsendQueryPrepared(d->h, s->name, s->count, values, lens, formats, 0));
	if (!uc_pg_succeeded(res)) return uc_pg_failed(d, res, "use", e);
	s->res = uc_move(res);
	s->row = 0;
	return UC_OK;
}

enum uc_status uc_pg_step(struct uc_stmt *base, bool *row, struct uc_error *e)
{
	struct pg_stmt *s = stmt_of(base);
	if (s->bad == BIND_NO_SUCH)
		return uc_fail(e, UC_EINTERNAL, "internal", NULL, "a statement was given a parameter that it does not have");
	if (s->bad == BIND_TOO_LARGE)
		return uc_fail(e, UC_ELIMIT, "too-large", "Split the task into smaller ones.", "a value for the store %s has more than %zu bytes",
		               uc_pg(base->db)->where, MAX_VALUE);
	forget_blobs(s);
	if (s->res == NULL)
		UC_TRY(run(s, e));
	else
		s->row++;
	*row = s->row < PQntuples(s->res);
	return UC_OK;
}

int64_t uc_pg_affected(struct uc_stmt *base)
{
	return strtoll(PQcmdTuples(stmt_of(base)->res), NULL, 10);
}

/* ---- columns ---- */

static bool has_value(const struct pg_stmt *s, int n)
{
	return s->res != NULL && s->row < PQntuples(s->res) && n < PQnfields(s->res) && PQgetisnull(s->res, s->row, n) == 0;
}

const char *uc_pg_col_text(struct uc_stmt *base, int n)
{
	const struct pg_stmt *s = stmt_of(base);
	return has_value(s, n) ? PQgetvalue(s->res, s->row, n) : "";
}

int64_t uc_pg_col_int(struct uc_stmt *base, int n)
{
	const char *text = uc_pg_col_text(base, n);
	/* true is 1, as in SQLite. */
	return strcmp(text, "t") == 0 ? 1 : strtoll(text, NULL, 10);
}

struct uc_slice uc_pg_col_blob(struct uc_stmt *base, int n)
{
	struct pg_stmt *s = stmt_of(base);
	if (!has_value(s, n)) return uc_slice_of(NULL, 0);
	const char *text = PQgetvalue(s->res, s->row, n);
	if (PQftype(s->res, n) != BYTEA_OID) return uc_slice_str(text);
	if (s->blobs == NULL) {
		s->blob_count = PQnfields(s->res);
		s->blobs = uc_zalloc((size_t)s->blob_count, sizeof *s->blobs);
	}
	/* "\x" and hexadecimal; what is neither is no value of ours, and nothing that is read from it will fit. */
	struct uc_buf *blob = &s->blobs[n];
	if (blob->len == 0 && uc_starts_with(text, "\\x") && !uc_unhex(text + 2, blob)) blob->len = 0;
	return uc_buf_slice(blob);
}

bool uc_pg_col_null(struct uc_stmt *base, int n)
{
	return !has_value(stmt_of(base), n);
}
