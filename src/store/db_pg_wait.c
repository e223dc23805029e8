/* The PostgreSQL driver: telling other nodes, and waiting for them. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "store/db_pg.h"

bool uc_pg_lost(const struct uc_db *db)
{
	const struct pg_db *d = (const struct pg_db *)db;
	return d->lost || PQstatus(d->h) == CONNECTION_BAD;
}

/* A channel is the whole database's: each schema is a store of its own. Free with free(). */
static char *with_channel(const struct pg_db *d, const char *command)
{
	return uc_sprintf("%s ucpki_%08x", command, (unsigned)uc_pg_lock_of(d, "channel"));
}

enum uc_status uc_pg_notify(struct uc_db *db, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *sql = with_channel(uc_pg(db), "NOTIFY");
	return uc_pg_exec(db, sql, e);
}

enum uc_status uc_pg_listen(struct uc_db *db, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *sql = with_channel(uc_pg(db), "LISTEN");
	return uc_pg_exec(db, sql, e);
}

/* Takes the notifications that have come. */
static enum uc_status take(struct pg_db *d, bool *any, struct uc_error *e)
{
	if (PQconsumeInput(d->h) == 0 || PQstatus(d->h) == CONNECTION_BAD) return uc_pg_failed(d, NULL, "listen to", e);
	for (PGnotify *n = PQnotifies(d->h); n != NULL; n = PQnotifies(d->h)) {
		*any = true;
		PQfreemem(n);
	}
	return UC_OK;
}

enum uc_status uc_pg_wait(struct uc_db *db, int wake_fd, int timeout_ms, bool *notified, struct uc_error *e)
{
	struct pg_db *d = uc_pg(db);
	int64_t end = uc_monotonic_ns() + (int64_t)timeout_ms * 1000000;
	if (uc_pg_lost(db)) return uc_pg_failed(d, NULL, "listen to", e);
	for (;;) {
		UC_TRY(take(d, notified, e));
		int64_t left = (end - uc_monotonic_ns() + 999999) / 1000000;
		if (*notified || left <= 0) return UC_OK;
		struct pollfd fds[] = {{.fd = PQsocket(d->h), .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
		if (poll(fds, 2, left < INT_MAX ? (int)left : INT_MAX) < 0 && errno != EINTR) return uc_fail_errno(e, errno, "cannot wait");
		if (fds[1].revents != 0) return take(d, notified, e);
	}
}

enum uc_status uc_pg_now(struct uc_db *db, uc_time *out, struct uc_error *e)
{
	return uc_pg_number(db, "SELECT CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)", NULL, NULL, out, e);
}

enum uc_status uc_pg_claim(struct uc_db *db, const char *name, bool *mine, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	UC_TRY(uc_db_stmt(db, "SELECT pg_try_advisory_lock($1, $2)", &s, e));
	uc_bind_int(s, 1, UC_PG_LOCK_CLAIM);
	uc_bind_int(s, 2, uc_pg_lock_of(uc_pg(db), name));
	bool row;
	UC_TRY(uc_stmt_step(s, &row, e));
	*mine = row && uc_col_int(s, 0) == 1;
	return UC_OK;
}
