/* What the database alone takes: the least that a cluster on it could do. All on its database "bare". */
#ifndef UC_BENCH_BARE_PG_H
#define UC_BENCH_BARE_PG_H

#include "bench_cluster.h"

struct uc_bare {
	PGconn *writer;
	PGconn *listeners[UC_BENCH_NODES];
	size_t count;
};

void uc_bare_start(struct uc_bare *b, const struct uc_bench_cluster *c);
/* Listening connections, until there are so many. */
void uc_bare_grow(struct uc_bare *b, const struct uc_bench_cluster *c, size_t count);
void uc_bare_stop(struct uc_bare *b);
/* Seconds from sending NOTIFY until the last of the listeners has it. Nothing is written, so the server does not wait for its disk. */
double uc_bare_notify(struct uc_bare *b);
/* The same for one that tells of a row of so many bytes: from sending COMMIT, for which the server does wait. */
double uc_bare_notify_row(struct uc_bare *b, size_t bytes);
/*
 * Seconds of a transaction that inserts a text of so many bytes and notifies nobody, each statement prepared and sent by itself, with so many
 * ways to the server and back (at least 3): the others are spent on a SELECT of nothing.
 */
double uc_bare_commit(struct uc_bare *b, size_t bytes, unsigned ways);

#endif
