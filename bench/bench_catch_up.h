/* A node that was off while others worked: how fast it follows, beside a bare SQLite that is given the same rows. */
#ifndef UC_BENCH_BENCH_CATCH_UP_H
#define UC_BENCH_BENCH_CATCH_UP_H

#include "bench_cluster.h"

/* Closes all nodes but the publisher, has that make so many changes, opens the first of the others, and prints. */
void uc_bench_catch_up(struct uc_bench_cluster *c, long changes);

#endif
