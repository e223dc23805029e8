/*
 * What the benchmarks share: samples and their medians, lines of the table, a node to measure, and requests to it.
 *
 * A benchmark measures what the product does and the same work with the bare library, in turns, in one run, and prints medians and their
 * ratio. When something fails it ends the program with a message: a number that was not measured is not printed.
 */
#ifndef UC_BENCH_BENCH_H
#define UC_BENCH_BENCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/mem.h"

_Noreturn void uc_bench_die(const char *fmt, ...) UC_PRINTF(1, 2);
/* Ends the program with the error's message unless status is UC_OK. */
void uc_bench_must(enum uc_status status, const char *doing, const struct uc_error *e);

/* ---- time ---- */

/* Seconds on a clock that only goes forward. */
double uc_bench_now(void);
/* Seconds of processor time that the process (0: this one) has used, all its threads together. */
double uc_bench_cpu(pid_t pid);

/* ---- samples ---- */

/* An owned list of measured values. Zero-initialised is empty; release with uc_samples_free() (also for UC_CLEANUP). */
struct uc_samples {
	double *items;
	size_t count;
};

void uc_samples_free(struct uc_samples *s);
void uc_samples_add(struct uc_samples *s, double value);
/* The value below which the fraction q of the samples lies; 0 for none. */
double uc_samples_quantile(const struct uc_samples *s, double q);
double uc_samples_median(const struct uc_samples *s);
double uc_samples_mean(const struct uc_samples *s);

/* ---- the table ---- */

struct uc_unit {
	const char *name;
	double scale; /* seconds times this, or for rates the count itself */
	int digits;
};
extern const struct uc_unit uc_unit_ms, uc_unit_us;

/* A heading; fmt is one line. */
void uc_bench_title(const char *fmt, ...) UC_PRINTF(1, 2);
/* A line: the median, the quarters around it, and its ratio to the median of base (NULL: none). */
void uc_bench_row(const char *what, const struct uc_samples *s, const struct uc_unit *unit, const struct uc_samples *base);
/* A line with a single number. */
void uc_bench_value(const char *what, double value, int digits, const char *unit);

/* ---- arguments ---- */

/* The number of "--NAME=N" among the arguments, or usual. */
long uc_bench_option(int argc, char **argv, const char *name, long usual);
/* The program of this name beside the folder of the running one: build/bench/x finds build/ucpkid. Owned by the caller: free(). */
char *uc_bench_program(const char *name);

/* ---- a node ---- */

struct uc_bench_node {
	char *dir;  /* owned: a folder of its own */
	char *data; /* owned: the data directory in it */
	char *socket;
	pid_t pid;            /* 0: it does not run */
	int port;             /* of HTTPS */
	char *password;       /* owned: of admin, when it was installed by uc_bench_node_start() */
	CURL *curl;           /* one connection, kept open as a program that works with a node for long does */
	struct uc_buf answer; /* the body of the last answer */
};

/* Makes a folder for a node below $TMPDIR or /tmp, which should be on a real disk. The node does not run yet. */
void uc_bench_node_make(struct uc_bench_node *n);
/* Starts ucpkid and waits for its first answer; installs the node when the folder is new. Returns the seconds from exec to the answer. */
double uc_bench_node_start(struct uc_bench_node *n);
void uc_bench_node_stop(struct uc_bench_node *n);
/* Stops it if it runs and removes its folder. Also for UC_CLEANUP. */
void uc_bench_node_remove(struct uc_bench_node *n);
/* Kilobytes from /proc/PID/status, e.g. "VmRSS". */
long uc_bench_node_kb(const struct uc_bench_node *n, const char *field);
/* Sends a request over the Unix socket and reads the whole answer into n->answer. Any status but expected ends the program. */
void uc_bench_node_call(struct uc_bench_node *n, const char *method, const char *path, struct uc_slice body, long expected);
/* Removes a folder and all in it. */
void uc_bench_remove_tree(const char *path);

#endif
