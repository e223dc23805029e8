/*
 * A cluster: how soon a change is visible everywhere, what it costs as nodes are added, how fast a node catches up.
 *
 *   cluster_bench [--rounds=N] [--others=N] [--nodes=N] [--changes=N]
 *
 * All nodes and the database share the cores of this machine: with 20 nodes, what 20 machines would do at once is done one after the other.
 * So besides 20 nodes the cluster is measured from one node to 50; two nodes show what one machine takes that has the cores to itself.
 *
 * A round uploads a CA to tomcat-trust at the publisher, or deletes it again, and asks every node whether a certificate by that CA is trusted
 * (bench_watch.h). In the same round, with the database alone (bare_pg.h): a NOTIFY to as many listening connections; the same when it tells
 * of a row as large as the change, which has to reach the disk first; a transaction with such a row. Visible is counted from sending COMMIT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bare_pg.h"
#include "bench_ca.h"
#include "bench_catch_up.h"
#include "bench_watch.h"
#include "core/text.h"

enum { GOAL_NODES = 20, IDLE_SECONDS = 5, WARM_ROUNDS = 6 };

static const size_t levels[] = {1, 2, 5, 10, GOAL_NODES, UC_BENCH_NODES};
enum { LEVELS = sizeof levels / sizeof *levels };

struct level {
	size_t nodes;
	struct uc_samples run, transaction, follow, ways; /* of an upload at the publisher; ways: to the database and back */
	struct uc_samples deletion, deletion_ways;        /* the transaction of a deletion */
	struct uc_samples other_ways;                     /* of all that follow */
	struct uc_samples mirrored;                       /* from COMMIT until the last has the change in its mirror */
	struct uc_samples first, middle, visible;         /* until another node answers by it: the first, half of them, the last */
	struct uc_samples notify, notify_row, least, least_ways, question; /* bare */
	struct uc_samples cpu_nodes, cpu_database;                         /* of a change */
	double idle_nodes, idle_database;                                  /* of a second without changes */
};

struct bench {
	struct uc_bench_cluster cluster;
	struct uc_bare bare;
	size_t made;        /* CAs so far */
	size_t change_size; /* bytes of a change's body */
};

/* ---- one change ---- */

static void upload(struct bench *b, const struct uc_bench_ca *ca)
{
	json_t *args = json_pack("{s:s}", "store", "tomcat-trust");
	uc_bench_task(b->cluster.nodes[0], "import-trust", args, uc_buf_slice(&ca->ca), NULL);
}

static void delete (struct bench *b, const struct uc_bench_ca *ca)
{
	UC_CLEANUP(uc_freep) char *name = uc_safe_name(ca->name);
	json_t *args = json_pack("{s:s, s:s+}", "store", "tomcat-trust", "name", name, ".pem");
	uc_bench_task(b->cluster.nodes[0], "delete-trust", args, uc_slice_of(NULL, 0), NULL);
}

/* Followers look once more after a change; that belongs to its cost. */
static void let_rest(const struct bench *b)
{
	usleep((useconds_t)(20000 + 2000 * b->cluster.count));
}

static void note_seen(const struct bench *b, struct level *l, const struct uc_bench_moments *m, const struct uc_bench_seen *seen)
{
	struct uc_samples answers = {.items = NULL};
	double mirrored = 0;
	for (size_t i = 0; i < b->cluster.count; i++) {
		if (i > 0 || b->cluster.count == 1) uc_samples_add(&answers, seen->answered[i] - m->sent);
		if (seen->mirrored[i] - m->sent > mirrored) mirrored = seen->mirrored[i] - m->sent;
	}
	uc_samples_add(&l->mirrored, mirrored);
	uc_samples_add(&l->first, uc_samples_quantile(&answers, 0));
	uc_samples_add(&l->middle, uc_samples_median(&answers));
	uc_samples_add(&answers, seen->answered[0] - m->sent);
	uc_samples_add(&l->visible, uc_samples_quantile(&answers, 1));
	uc_samples_free(&answers);
}

static void note_task(struct level *l, const struct uc_bench_moments *m, double begun, double ended, bool add)
{
	uc_samples_add(add ? &l->transaction : &l->deletion, m->committed - m->begun);
	uc_samples_add(add ? &l->ways : &l->deletion_ways, m->ways);
	uc_samples_add(&l->other_ways, m->other_ways);
	if (!add) return;
	uc_samples_add(&l->run, ended - begun);
	uc_samples_add(&l->follow, ended - m->committed);
}

static void change(struct bench *b, struct level *l, const struct uc_bench_ca *ca, bool add)
{
	struct uc_bench_moments m;
	struct uc_bench_seen seen;
	double database = uc_bench_cluster_cpu(&b->cluster);
	double nodes = uc_bench_cpu(0);
	uc_bench_watch_arm(uc_buf_slice(&ca->leaf), add);
	double begun = uc_bench_now();
	if (add)
		upload(b, ca);
	else
		delete (b, ca);
	double ended = uc_bench_now();
	uc_bench_watch_wait(&m, &seen);
	let_rest(b);
	uc_samples_add(&l->cpu_nodes, uc_bench_cpu(0) - nodes - seen.asking);
	uc_samples_add(&l->cpu_database, uc_bench_cluster_cpu(&b->cluster) - database);
	note_task(l, &m, begun, ended, add);
	note_seen(b, l, &m, &seen);
}

static void round_of(struct bench *b, struct level *l, const struct uc_bench_ca *ca, bool add)
{
	change(b, l, ca, add);
	uc_samples_add(&l->notify, uc_bare_notify(&b->bare));
	uc_samples_add(&l->notify_row, uc_bare_notify_row(&b->bare, b->change_size));
	uc_samples_add(&l->least, uc_bare_commit(&b->bare, b->change_size, 0));
	uc_samples_add(&l->least_ways, uc_bare_commit(&b->bare, b->change_size, (unsigned)uc_samples_median(&l->ways)));
	double begun = uc_bench_now();
	if (uc_bench_trusted(b->cluster.nodes[0], uc_buf_slice(&ca->leaf)) != add) uc_bench_die("the publisher's answer has changed");
	uc_samples_add(&l->question, uc_bench_now() - begun);
}

static void rounds_of(struct bench *b, struct level *l, long rounds)
{
	for (long i = 0; i < rounds; i += 2) {
		struct uc_bench_ca ca;
		uc_bench_ca_make(b->made++, &ca);
		round_of(b, l, &ca, true);
		round_of(b, l, &ca, false);
		uc_bench_ca_free(&ca);
	}
}

static void free_level(struct level *l)
{
	struct uc_samples *all[] = {&l->run,      &l->transaction, &l->follow,   &l->ways,       &l->deletion,  &l->deletion_ways,
	                            &l->mirrored, &l->first,       &l->middle,   &l->visible,    &l->notify,    &l->notify_row,
	                            &l->least,    &l->least_ways,  &l->question, &l->other_ways, &l->cpu_nodes, &l->cpu_database};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) uc_samples_free(all[i]);
}

static void rest(struct bench *b, struct level *l)
{
	double nodes = uc_bench_cpu(0);
	double database = uc_bench_cluster_cpu(&b->cluster);
	double begun = uc_bench_now();
	sleep(IDLE_SECONDS);
	double seconds = uc_bench_now() - begun;
	l->idle_nodes = (uc_bench_cpu(0) - nodes) / seconds;
	l->idle_database = (uc_bench_cluster_cpu(&b->cluster) - database) / seconds;
}

static void measure(struct bench *b, struct level *l, long rounds)
{
	struct level warm = {.nodes = l->nodes};
	uc_bench_cluster_grow(&b->cluster, l->nodes);
	uc_bare_grow(&b->bare, &b->cluster, l->nodes);
	uc_bench_cluster_settle(&b->cluster);
	uc_bench_cluster_processes(&b->cluster);
	rounds_of(b, &warm, WARM_ROUNDS);
	free_level(&warm);
	rest(b, l);
	rounds_of(b, l, rounds);
}

/* ---- the tables ---- */

static void row_p99(const char *what, const struct uc_samples *s, const struct uc_samples *base)
{
	double p99 = uc_samples_quantile(s, 0.99);
	printf("  %-58s %7.2f ms %21.2f", what, uc_samples_median(s) * 1e3, p99 * 1e3);
	if (base != NULL) printf(" %7.2f %7.2f", uc_samples_median(s) / uc_samples_median(base), p99 / uc_samples_quantile(base, 0.99));
	putchar('\n');
}

static void print_visible(const struct level *l)
{
	printf("\nVisible on %zu nodes, %zu changes, from sending COMMIT\n  %-58s %10s %21s %7s %7s\n", l->nodes, l->visible.count, "",
	       "median", "99th percentile", "ratio", "of 99th");
	UC_CLEANUP(uc_freep) char *bare = uc_sprintf("bare NOTIFY to %zu connections, the last has it", l->nodes);
	row_p99(bare, &l->notify, NULL);
	row_p99("the same, telling of a row that is committed with it", &l->notify_row, &l->notify);
	row_p99("the last node has the change in its mirror", &l->mirrored, &l->notify);
	row_p99("the first other node answers by the change", &l->first, &l->notify);
	row_p99("half of the nodes do", &l->middle, &l->notify);
	row_p99("the last does", &l->visible, &l->notify);
	row_p99("one such question", &l->question, NULL);
}

static void print_commit(const struct level *l)
{
	uc_bench_title("An upload at the publisher, %zu nodes", l->nodes);
	uc_bench_row("bare transaction of one row as large", &l->least, &uc_unit_ms, NULL);
	uc_bench_row("the same with as many ways to the server as ours", &l->least_ways, &uc_unit_ms, &l->least);
	uc_bench_row("our transaction, from BEGIN to the answer to COMMIT", &l->transaction, &uc_unit_ms, &l->least);
	uc_bench_row("from there to the answer: mirror and answer", &l->follow, &uc_unit_ms, &l->least);
	uc_bench_row("the whole task, plan and all", &l->run, &uc_unit_ms, &l->least);
	uc_bench_row("the transaction of a deletion", &l->deletion, &uc_unit_ms, &l->least);
	uc_bench_value("ways to the server and back in our transaction", uc_samples_median(&l->ways), 0, "");
	uc_bench_value("in that of a deletion", uc_samples_median(&l->deletion_ways), 0, "");
	uc_bench_value("and of each node that follows it", uc_samples_mean(&l->other_ways) / (double)(l->nodes > 1 ? l->nodes - 1 : 1), 1, "");
}

static void print_growth(const struct level *all, size_t count)
{
	printf("\nA change as nodes are added, in ms: upload, its transaction, that of a deletion; visible; processor time of a change; of an "
	       "idle second\n"
	       "  %5s %8s %8s %8s | %8s %8s %8s %8s %6s | %9s %9s %9s | %9s %9s\n",
	       "nodes", "upload", "commit", "deletion", "visible", "99th", "NOTIFY", "99th", "ratio", "nodes", "per node", "database", "nodes",
	       "database");
	for (const struct level *l = all; l < all + count; l++) {
		double nodes = uc_samples_mean(&l->cpu_nodes) * 1e3;
		printf("  %5zu %8.2f %8.2f %8.2f | %8.2f %8.2f %8.2f %8.2f %6.1f | %9.2f %9.2f %9.2f | %9.2f %9.2f\n", l->nodes,
		       uc_samples_median(&l->run) * 1e3, uc_samples_median(&l->transaction) * 1e3, uc_samples_median(&l->deletion) * 1e3,
		       uc_samples_median(&l->visible) * 1e3, uc_samples_quantile(&l->visible, 0.99) * 1e3, uc_samples_median(&l->notify) * 1e3,
		       uc_samples_quantile(&l->notify, 0.99) * 1e3, uc_samples_median(&l->visible) / uc_samples_median(&l->notify), nodes,
		       (nodes - uc_samples_mean(&all->cpu_nodes) * 1e3) / (double)(l->nodes > 1 ? l->nodes - 1 : 1),
		       uc_samples_mean(&l->cpu_database) * 1e3, l->idle_nodes * 1e3, l->idle_database * 1e3);
	}
	fflush(stdout);
}

/* A change's size, by which a bare one is made. */
static void find_size(struct bench *b)
{
	struct uc_bench_ca ca;
	uc_bench_ca_make(b->made++, &ca);
	upload(b, &ca);
	PGconn *conn = uc_bench_connect(&b->cluster, "ucpki");
	PGresult *res = PQexec(conn, "SELECT length(body) FROM change ORDER BY number DESC LIMIT 1");
	b->change_size = PQntuples(res) == 1 ? strtoul(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	if (b->change_size == 0) uc_bench_die("the upload is not in the log");
	PQclear(res);
	PQfinish(conn);
	uc_bench_ca_free(&ca);
}

static void print_server(const struct bench *b)
{
	PGresult *res = PQexec(b->bare.writer, "SELECT current_setting('server_version'), current_setting('fsync')");
	printf("\nPostgreSQL %s on the same machine, fsync %s; a change has %zu bytes\n", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1),
	       b->change_size);
	PQclear(res);
	fflush(stdout);
}

/* With 2 nodes and with the goal's number it is looked at more closely. */
static void measure_level(struct bench *b, struct level *l, long rounds, long others)
{
	bool close = l->nodes == 2 || l->nodes == GOAL_NODES;
	measure(b, l, close ? rounds : others);
	if (close) print_visible(l);
	if (close) print_commit(l);
}

int main(int argc, char **argv)
{
	struct bench b = {.made = 0};
	struct level all[LEVELS] = {{.nodes = 0}};
	long rounds = uc_bench_option(argc, argv, "rounds", 200);
	long others = uc_bench_option(argc, argv, "others", 40);
	size_t most = (size_t)uc_bench_option(argc, argv, "nodes", UC_BENCH_NODES);
	size_t count = 0;
	uc_bench_cluster_start(&b.cluster);
	uc_bare_start(&b.bare, &b.cluster);
	uc_bench_watch_start(&b.cluster);
	find_size(&b);
	print_server(&b);
	for (; count < LEVELS && levels[count] <= most; count++) {
		all[count].nodes = levels[count];
		measure_level(&b, &all[count], rounds, others);
	}
	print_growth(all, count);
	uc_bench_watch_stop();
	uc_bench_catch_up(&b.cluster, uc_bench_option(argc, argv, "changes", 10000));
	for (size_t i = 0; i < count; i++) free_level(&all[i]);
	uc_bare_stop(&b.bare);
	uc_bench_cluster_stop(&b.cluster);
	return 0;
}
