#include "bench_cluster.h"

#include <errno.h>
#include <event2/thread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/text.h"
#include "node/internal.h"
#include "serve/http/api.h"

enum { WORKERS = 2, PATIENCE_SECONDS = 600 };

/* ---- the database ---- */

/* What it is told that does not suit a test: commits that count, and connections for all. */
static const char *const settings[] = {
    "ALTER SYSTEM SET fsync = on",
    "ALTER SYSTEM SET full_page_writes = on",
    "ALTER SYSTEM SET max_connections = 300",
    "ALTER SYSTEM SET shared_buffers = '128MB'",
    "CREATE DATABASE ucpki TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
    "CREATE DATABASE bare TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
};

PGconn *uc_bench_connect(const struct uc_bench_cluster *c, const char *database)
{
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("%s%s", c->url, database);
	PGconn *conn = PQconnectdb(url);
	if (PQstatus(conn) != CONNECTION_OK) uc_bench_die("%s", PQerrorMessage(conn));
	return conn;
}

void uc_bench_sql(PGconn *conn, const char *sql)
{
	PGresult *res = PQexec(conn, sql);
	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		uc_bench_die("%s: %s", sql, PQerrorMessage(conn));
	PQclear(res);
}

/* The commands find the cluster's folder in the environment. */
static FILE *run_shell(const char *command, const char *mode)
{
	FILE *f = popen(command, mode);
	if (f == NULL) uc_bench_die("%s: %s", command, strerror(errno));
	return f;
}

/* Ends even when this process is killed: the shell sees its input end. */
static const char guard[] = "trap '' INT TERM HUP; cat; "
                            "[ ! -d \"$BENCH_DIR/postgres/data\" ] || scripts/postgres stop \"$BENCH_DIR/postgres\" immediate; "
                            "rm -rf \"$BENCH_DIR\"";

static void start_database(struct uc_bench_cluster *c)
{
	char url[256] = "";
	const char *tmp = getenv("TMPDIR");
	c->dir = uc_sprintf("%s/ucpki-bench.XXXXXX", tmp != NULL ? tmp : "/tmp");
	/* The database may run as another user, who has to get through. */
	if (mkdtemp(c->dir) == NULL || chmod(c->dir, 0711) != 0) uc_bench_die("cannot make the folder %s: %s", c->dir, strerror(errno));
	if (setenv("BENCH_DIR", c->dir, 1) != 0) uc_bench_die("the environment cannot be changed: %s", strerror(errno));
	c->guard = run_shell(guard, "we");
	FILE *start = run_shell("scripts/postgres start \"$BENCH_DIR/postgres\"", "re");
	bool told = fgets(url, sizeof url, start) != NULL;
	if (pclose(start) != 0 || !told) uc_bench_die("the database does not start");
	c->url = uc_strndup(url, (size_t)(strrchr(url, '/') + 1 - url));
	PGconn *conn = uc_bench_connect(c, "postgres");
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) uc_bench_sql(conn, settings[i]);
	PQfinish(conn);
	if (pclose(run_shell("scripts/postgres restart \"$BENCH_DIR/postgres\"", "re")) != 0) uc_bench_die("the database does not start again");
}

void uc_bench_cluster_processes(struct uc_bench_cluster *c)
{
	PGconn *conn = uc_bench_connect(c, "bare");
	PGresult *res = PQexec(conn, "SELECT pid FROM pg_stat_activity WHERE datname = 'ucpki' OR datname IS NULL");
	c->process_count = (size_t)PQntuples(res);
	if (c->process_count == 0 || c->process_count > UC_BENCH_PROCESSES) uc_bench_die("the database's processes are not known");
	for (size_t i = 0; i < c->process_count; i++) c->processes[i] = (pid_t)strtol(PQgetvalue(res, (int)i, 0), NULL, 10);
	PQclear(res);
	PQfinish(conn);
}

double uc_bench_cluster_cpu(const struct uc_bench_cluster *c)
{
	double sum = 0;
	for (size_t i = 0; i < c->process_count; i++) sum += uc_bench_cpu(c->processes[i]);
	return sum;
}

/* ---- tasks ---- */

int64_t uc_bench_task(struct uc_node *n, const char *task, json_t *args, struct uc_slice content, json_t **out)
{
	struct uc_error e;
	json_t *result = NULL;
	struct uc_node_call call = {.request = {.task = task, .args = args, .content = content}, .who = "bench", .yes = true, .force = true};
	uc_bench_must(uc_node_run(n, &call, &result, &e), task, &e);
	int64_t number = json_integer_value(json_object_get(result, "number"));
	if (number == 0) uc_bench_die("%s changed nothing", task);
	if (out != NULL) *out = json_incref(result);
	json_decref(result);
	json_decref(args);
	return number;
}

/* ---- nodes ---- */

char *uc_bench_cluster_data(const struct uc_bench_cluster *c, size_t i)
{
	return uc_sprintf("%s/node%zu", c->dir, i);
}

static void open_node(struct uc_bench_cluster *c, size_t i, unsigned roles, const char *publisher, const char *secret)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("node%zu", i);
	UC_CLEANUP(uc_freep) char *data = uc_bench_cluster_data(c, i);
	struct uc_node_config config = {
	    .data = data, .name = name, .domain = "example.com", .roles = roles, .join = publisher, .join_secret = secret};
	uc_bench_must(uc_node_open(&config, &c->nodes[i], &e), "opening a node", &e);
}

void uc_bench_cluster_open_node(struct uc_bench_cluster *c, size_t i)
{
	open_node(c, i, 0, NULL, NULL);
}

void uc_bench_cluster_close_node(struct uc_bench_cluster *c, size_t i)
{
	uc_node_close(c->nodes[i]);
	c->nodes[i] = NULL;
}

static void *dispatch(void *base)
{
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static void serve(struct uc_bench_cluster *c)
{
	struct uc_error e;
	evthread_use_pthreads();
	c->base = event_base_new();
	c->http = uc_http_new(c->base, WORKERS, uc_api_handle, c->nodes[0]);
	uc_bench_must(uc_http_listen_tls(c->http, "127.0.0.1", 0, uc_node_https, c->nodes[0], &c->port, &e), "listening", &e);
	if (pthread_create(&c->loop, NULL, dispatch, c->base) != 0) uc_bench_die("no thread can be started");
}

void uc_bench_cluster_start(struct uc_bench_cluster *c)
{
	struct uc_error e;
	json_t *moved = NULL;
	*c = (struct uc_bench_cluster){.count = 1};
	uc_log_level(UC_LOG_ERROR);
	start_database(c);
	open_node(c, 0, UC_NODE_PUBLISHER, NULL, NULL);
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("%sucpki", c->url);
	uc_bench_must(uc_node_move(c->nodes[0], url, false, &moved, &e), "moving the store", &e);
	json_decref(moved);
	serve(c);
}

static char *join_secret(struct uc_bench_cluster *c, size_t i)
{
	json_t *out = NULL;
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("node%zu", i);
	json_t *args = json_pack("{s:s, s:s, s:s}", "node", name, "domain", "example.com", "roles", "reporting");
	uc_bench_task(c->nodes[0], "node-add", args, uc_slice_of(NULL, 0), &out);
	const char *secret = json_string_value(json_object_get(out, "secret"));
	if (secret == NULL) uc_bench_die("node-add gave no secret");
	char *copy = uc_strdup(secret);
	json_decref(out);
	return copy;
}

void uc_bench_cluster_grow(struct uc_bench_cluster *c, size_t count)
{
	UC_CLEANUP(uc_freep) char *publisher = uc_sprintf("127.0.0.1:%u", c->port);
	for (; c->count < count; c->count++) {
		UC_CLEANUP(uc_freep) char *secret = join_secret(c, c->count);
		open_node(c, c->count, 0, publisher, secret);
	}
}

static int64_t number_of(struct uc_node *n)
{
	pthread_mutex_lock(&n->view_lock);
	int64_t number = n->link->mirror_number;
	pthread_mutex_unlock(&n->view_lock);
	return number;
}

void uc_bench_cluster_settle(struct uc_bench_cluster *c)
{
	PGconn *conn = uc_bench_connect(c, "ucpki");
	PGresult *res = PQexec(conn, "SELECT number FROM head");
	long long head = PQntuples(res) == 1 ? strtoll(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	PQfinish(conn);
	if (head == 0) uc_bench_die("the store has no changes");
	double until = uc_bench_now() + PATIENCE_SECONDS;
	for (size_t i = 0; i < c->count; i++) {
		while (c->nodes[i] != NULL && number_of(c->nodes[i]) < head) {
			if (uc_bench_now() > until) uc_bench_die("node%zu does not follow: %s", i, c->nodes[i]->link->reason);
			usleep(500);
		}
	}
}

void uc_bench_cluster_stop(struct uc_bench_cluster *c)
{
	event_base_loopbreak(c->base);
	pthread_join(c->loop, NULL);
	uc_http_free(c->http);
	for (size_t i = 0; i < c->count; i++) uc_node_close(c->nodes[i]);
	event_base_free(c->base);
	pclose(c->guard);
	free(c->url);
	free(c->dir);
}
