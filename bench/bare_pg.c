#include "bare_pg.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { WAIT_MS = 20000 };

void uc_bare_start(struct uc_bare *b, const struct uc_bench_cluster *c)
{
	*b = (struct uc_bare){.writer = uc_bench_connect(c, "bare")};
	uc_bench_sql(b->writer, "CREATE TABLE t (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL)");
	uc_bench_sql(b->writer, "PREPARE nothing AS SELECT 1");
	uc_bench_sql(b->writer, "PREPARE fill (bigint) AS INSERT INTO t (body) VALUES (repeat('x', $1::int))");
}

void uc_bare_grow(struct uc_bare *b, const struct uc_bench_cluster *c, size_t count)
{
	while (b->count < count) {
		PGconn *conn = uc_bench_connect(c, "bare");
		uc_bench_sql(conn, "LISTEN bare");
		b->listeners[b->count++] = conn;
	}
}

void uc_bare_stop(struct uc_bare *b)
{
	PQfinish(b->writer);
	for (size_t i = 0; i < b->count; i++) PQfinish(b->listeners[i]);
}

/* ---- statements ---- */

static void execute(struct uc_bare *b, const char *name, const char *value)
{
	PGresult *res = PQexecPrepared(b->writer, name, value != NULL ? 1 : 0, &value, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(res);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) uc_bench_die("%s: %s", name, PQerrorMessage(b->writer));
	PQclear(res);
}

static void fill(struct uc_bare *b, size_t bytes)
{
	char text[24];
	snprintf(text, sizeof text, "%zu", bytes);
	execute(b, "fill", text);
}

/* ---- a notification ---- */

static bool has_notification(PGconn *conn)
{
	if (PQconsumeInput(conn) == 0) uc_bench_die("%s", PQerrorMessage(conn));
	PGnotify *n = PQnotifies(conn);
	bool has = n != NULL;
	PQfreemem(n);
	return has;
}

static void wait_for_all(struct uc_bare *b)
{
	struct pollfd fds[UC_BENCH_NODES];
	size_t left = b->count;
	for (size_t i = 0; i < b->count; i++) fds[i] = (struct pollfd){.fd = PQsocket(b->listeners[i]), .events = POLLIN};
	while (left > 0) {
		int ready = poll(fds, (nfds_t)b->count, WAIT_MS);
		if (ready < 0 && errno == EINTR) continue;
		if (ready <= 0) uc_bench_die("no notification came");
		for (size_t i = 0; i < b->count; i++) {
			if (fds[i].revents == 0 || !has_notification(b->listeners[i])) continue;
			fds[i].fd = -1;
			left--;
		}
	}
}

static double send_and_wait(struct uc_bare *b, const char *sql)
{
	double begun = uc_bench_now();
	if (PQsendQuery(b->writer, sql) == 0) uc_bench_die("%s", PQerrorMessage(b->writer));
	wait_for_all(b);
	double took = uc_bench_now() - begun;
	for (PGresult *res = PQgetResult(b->writer); res != NULL; res = PQgetResult(b->writer)) PQclear(res);
	return took;
}

double uc_bare_notify(struct uc_bare *b)
{
	return send_and_wait(b, "NOTIFY bare");
}

double uc_bare_notify_row(struct uc_bare *b, size_t bytes)
{
	uc_bench_sql(b->writer, "BEGIN");
	fill(b, bytes);
	uc_bench_sql(b->writer, "NOTIFY bare");
	return send_and_wait(b, "COMMIT");
}

/* ---- a commit ---- */

double uc_bare_commit(struct uc_bare *b, size_t bytes, unsigned ways)
{
	double begun = uc_bench_now();
	uc_bench_sql(b->writer, "BEGIN");
	for (unsigned i = 3; i < ways; i++) execute(b, "nothing", NULL);
	fill(b, bytes);
	uc_bench_sql(b->writer, "COMMIT");
	return uc_bench_now() - begun;
}
