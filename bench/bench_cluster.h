/*
 * A cluster to measure: a throw-away PostgreSQL, and nodes in this process, each with a data directory and threads of its own.
 *
 * scripts/postgres is looked for below the current directory, which bench/run makes the project's root. What was started is stopped, and
 * what was written is removed, however the benchmark ends.
 */
#ifndef UC_BENCH_BENCH_CLUSTER_H
#define UC_BENCH_BENCH_CLUSTER_H

#include <event2/event.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>

#include "bench.h"
#include "node/node.h"
#include "serve/http/server.h"

enum { UC_BENCH_NODES = 50, UC_BENCH_PROCESSES = 400 };

struct uc_bench_cluster {
	char *dir;                             /* owned: all that is written lies below it */
	FILE *guard;                           /* when it closes, the database is stopped and dir is removed */
	char *url;                             /* owned: the superuser's, without a database: "...:PORT/" */
	struct uc_node *nodes[UC_BENCH_NODES]; /* the publisher first */
	size_t count;
	struct event_base *base; /* the publisher's HTTPS, for joining */
	struct uc_http *http;
	pthread_t loop;
	uint16_t port;
	pid_t processes[UC_BENCH_PROCESSES]; /* of the database: those that serve the nodes, and those in the background */
	size_t process_count;
};

/*
 * Starts the database with two empty databases in it, "ucpki" and "bare", and a publisher that has moved its store to the first. Commits wait
 * for the disk (fsync), as they do in earnest.
 */
void uc_bench_cluster_start(struct uc_bench_cluster *c);
/* Joins reporting nodes, which have the fewest keys, until there are so many. */
void uc_bench_cluster_grow(struct uc_bench_cluster *c, size_t count);
/* Closes the node; its data directory stays for uc_bench_cluster_open_node(). */
void uc_bench_cluster_close_node(struct uc_bench_cluster *c, size_t i);
void uc_bench_cluster_open_node(struct uc_bench_cluster *c, size_t i);
void uc_bench_cluster_stop(struct uc_bench_cluster *c);
/* The folder of a node's data. Free with free(). */
char *uc_bench_cluster_data(const struct uc_bench_cluster *c, size_t i);
/* Waits until all nodes have the newest change. */
void uc_bench_cluster_settle(struct uc_bench_cluster *c);
/* Looks which processes the database has for the nodes; before uc_bench_cluster_cpu(), when there are more nodes than before. */
void uc_bench_cluster_processes(struct uc_bench_cluster *c);
/* Seconds of processor time that the database has used for the nodes so far. */
double uc_bench_cluster_cpu(const struct uc_bench_cluster *c);

/* A connection to one of the databases; PQfinish() it. */
PGconn *uc_bench_connect(const struct uc_bench_cluster *c, const char *database);
/* Runs a statement whose result does not matter. */
void uc_bench_sql(PGconn *conn, const char *sql);

/* A task that is carried out at a node, whatever it warns of. Returns the number of its change. */
int64_t uc_bench_task(struct uc_node *n, const char *task, json_t *args /* taken */, struct uc_slice content, json_t **out /* or NULL */);

#endif
