#include "bench_watch.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "node/internal.h"

enum { PATIENCE_SECONDS = 20 };

/* The linker gives these calls no context: what they need to know lies here. */
static struct {
	struct uc_bench_cluster *cluster;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, done;
	bool armed, ending;
	struct uc_slice leaf;
	bool expected;
	bool due[UC_BENCH_NODES], answered[UC_BENCH_NODES];
	size_t left;
	double committed[UC_BENCH_NODES]; /* the last commit of a mirror */
	struct uc_bench_seen seen;
	unsigned all_ways;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static _Thread_local bool watched; /* this thread makes the change */
static _Thread_local struct uc_bench_moments moments;
static _Thread_local unsigned own_ways;
static atomic_uint all_ways;

/* ---- what is called instead ---- */

enum uc_status __real_uc_store_begin(struct uc_store *s, struct uc_error *e);
enum uc_status __wrap_uc_store_begin(struct uc_store *s, struct uc_error *e);
enum uc_status __real_uc_store_commit(struct uc_store *s, struct uc_error *e);
enum uc_status __wrap_uc_store_commit(struct uc_store *s, struct uc_error *e);
PGresult *__real_PQexec(PGconn *conn, const char *sql);
PGresult *__wrap_PQexec(PGconn *conn, const char *sql);
PGresult *__real_PQexecPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lens, const int *formats,
                                int format);
PGresult *__wrap_PQexecPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lens, const int *formats,
                                int format);

static void count_way(void)
{
	own_ways++;
	atomic_fetch_add_explicit(&all_ways, 1, memory_order_relaxed);
}

PGresult *__wrap_PQexec(PGconn *conn, const char *sql)
{
	count_way();
	return __real_PQexec(conn, sql);
}

PGresult *__wrap_PQexecPrepared(PGconn *conn, const char *name, int count, const char *const *values, const int *lens, const int *formats,
                                int format)
{
	count_way();
	return __real_PQexecPrepared(conn, name, count, values, lens, formats, format);
}

enum uc_status __wrap_uc_store_begin(struct uc_store *s, struct uc_error *e)
{
	if (!watched || !uc_store_shared(s)) return __real_uc_store_begin(s, e);
	moments = (struct uc_bench_moments){.begun = uc_bench_now(), .ways = own_ways};
	return __real_uc_store_begin(s, e);
}

/* Some node's mirror has news. */
static void note_mirror(const struct uc_store *s)
{
	pthread_mutex_lock(&watch.lock);
	for (size_t i = 0; watch.armed && i < watch.cluster->count; i++) {
		if (watch.cluster->nodes[i]->writer != s || watch.answered[i]) continue;
		watch.due[i] = true;
		watch.committed[i] = uc_bench_now();
		pthread_cond_signal(&watch.wake);
	}
	pthread_mutex_unlock(&watch.lock);
}

enum uc_status __wrap_uc_store_commit(struct uc_store *s, struct uc_error *e)
{
	bool shared = uc_store_shared(s);
	if (watched && shared) moments.sent = uc_bench_now();
	enum uc_status status = __real_uc_store_commit(s, e);
	if (watched && shared) {
		moments.committed = uc_bench_now();
		moments.ways = own_ways - moments.ways;
	}
	if (!shared) note_mirror(s);
	return status;
}

/* ---- asking ---- */

bool uc_bench_trusted(struct uc_node *n, struct uc_slice leaf)
{
	struct uc_error e;
	json_t *answer = NULL;
	uc_bench_must(uc_node_trust_check(n, "tomcat-trust", leaf, NULL, &answer, &e), "asking whether it is trusted", &e);
	bool trusted = json_is_true(json_object_get(answer, "trusted"));
	json_decref(answer);
	return trusted;
}

static double thread_cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Under the lock, which it gives up meanwhile. */
static void ask_one(size_t i)
{
	struct uc_slice leaf = watch.leaf;
	double committed = watch.committed[i];
	watch.due[i] = false;
	pthread_mutex_unlock(&watch.lock);
	double begun = thread_cpu();
	bool trusted = uc_bench_trusted(watch.cluster->nodes[i], leaf);
	double now = uc_bench_now();
	pthread_mutex_lock(&watch.lock);
	watch.seen.asking += thread_cpu() - begun;
	if (trusted != watch.expected || watch.answered[i]) return;
	watch.answered[i] = true;
	watch.seen.mirrored[i] = committed;
	watch.seen.answered[i] = now;
	if (--watch.left == 0) pthread_cond_signal(&watch.done);
}

static void *ask_nodes(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&watch.lock);
	while (!watch.ending) {
		bool asked = false;
		for (size_t i = 0; watch.armed && i < watch.cluster->count; i++) {
			if (!watch.due[i]) continue;
			ask_one(i);
			asked = true;
		}
		if (!asked) pthread_cond_wait(&watch.wake, &watch.lock);
	}
	pthread_mutex_unlock(&watch.lock);
	return NULL;
}

void uc_bench_watch_start(struct uc_bench_cluster *c)
{
	watch.cluster = c;
	if (pthread_create(&watch.thread, NULL, ask_nodes, NULL) != 0) uc_bench_die("no thread can be started");
}

void uc_bench_watch_stop(void)
{
	pthread_mutex_lock(&watch.lock);
	watch.ending = true;
	pthread_cond_signal(&watch.wake);
	pthread_mutex_unlock(&watch.lock);
	pthread_join(watch.thread, NULL);
}

void uc_bench_watch_arm(struct uc_slice leaf, bool expected)
{
	pthread_mutex_lock(&watch.lock);
	watch.leaf = leaf;
	watch.expected = expected;
	watch.left = watch.cluster->count;
	memset(watch.due, 0, sizeof watch.due);
	memset(watch.answered, 0, sizeof watch.answered);
	watch.seen.asking = 0;
	watch.all_ways = atomic_load(&all_ways);
	watch.armed = true;
	pthread_mutex_unlock(&watch.lock);
	watched = true;
	own_ways = 0;
}

void uc_bench_watch_wait(struct uc_bench_moments *out, struct uc_bench_seen *seen)
{
	struct timespec until;
	watched = false;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_SECONDS;
	pthread_mutex_lock(&watch.lock);
	while (watch.left > 0)
		if (pthread_cond_timedwait(&watch.done, &watch.lock, &until) != 0) uc_bench_die("%zu nodes do not have the change", watch.left);
	watch.armed = false;
	*seen = watch.seen;
	pthread_mutex_unlock(&watch.lock);
	moments.other_ways = atomic_load(&all_ways) - watch.all_ways - own_ways;
	*out = moments;
}
