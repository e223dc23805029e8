/*
 * Watching one change on its way: when its COMMIT is sent, and when each node answers the trust question by it.
 *
 * The moments are taken where the node calls the store: this program is linked with --wrap for uc_store_begin and uc_store_commit, and for
 * what libpq calls a way to the server and back. The nodes are asked by a thread of its own, each as soon as it has committed something to
 * its mirror, and again until the answer is the new one; what counts is the end of that answer.
 */
#ifndef UC_BENCH_BENCH_WATCH_H
#define UC_BENCH_BENCH_WATCH_H

#include "bench_cluster.h"

/* Of the last change that was made by the thread that called uc_bench_watch_arm(). Times as by uc_bench_now(). */
struct uc_bench_moments {
	double begun;        /* the transaction on the shared store, */
	double sent;         /* its COMMIT, */
	double committed;    /* and the answer to that */
	unsigned ways;       /* to the database and back, from begun to committed */
	unsigned other_ways; /* those of all other threads, from arming to the end */
};

void uc_bench_watch_start(struct uc_bench_cluster *c);
void uc_bench_watch_stop(void);
/* From now on all nodes are asked whether leaf (borrowed until the end of the wait) is trusted, until the answer is expected. */
void uc_bench_watch_arm(struct uc_slice leaf, bool expected);
struct uc_bench_seen {
	double mirrored[UC_BENCH_NODES]; /* by node: when its mirror had the change, */
	double answered[UC_BENCH_NODES]; /* and when the answer by it came */
	double asking;                   /* processor time that asking has taken */
};
/* Waits until all nodes have answered so. */
void uc_bench_watch_wait(struct uc_bench_moments *moments, struct uc_bench_seen *seen);
/* Is leaf trusted there? The question as the nodes are asked it. */
bool uc_bench_trusted(struct uc_node *n, struct uc_slice leaf);

#endif
