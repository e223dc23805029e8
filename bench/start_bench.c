/*
 * Starting a node and the memory it takes, with the few certificates of a new node and with 100,000 in its trust stores.
 *
 *   start_bench [--rows=N] [--rounds=N]
 *
 * A start is measured from the start of the process to the end of the first answer over the Unix socket. The store is filled through the
 * change log, as replication and imports do, with changes that the node's own key has signed; the node reads its whole log once after each
 * start, while it serves already.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "core/random.h"
#include "core/text.h"
#include "fake_cert.h"
#include "keys/keys.h"
#include "store/change.h"

enum { STEPS_PER_CHANGE = 500 };

static const uc_time NOW = 1780272000; /* 2026-06-01 */

/* ---- filling ---- */

static json_t *add_step(uint64_t n)
{
	static const char *const stores[] = {"tomcat-trust", "CallManager-trust", "CAPF-trust", "Phone-SAST-trust", "ipsec-trust"};
	UC_CLEANUP(uc_freep) char *cn = uc_sprintf("host-%07llu.example.com", (unsigned long long)n);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", cn);
	UC_CLEANUP(uc_freep) char *issuer = uc_sprintf("Example Issuing CA %02u", (unsigned)(n % 40));
	const struct fake_cert f = {.cn = cn,
	                            .org = "Example Company",
	                            .issuer_cn = issuer,
	                            .issuer_org = "Example Company",
	                            .serial = n,
	                            .not_before = NOW - (uc_time)(n % 300) * UC_DAY,
	                            .not_after = NOW + (uc_time)(n % 2000) * UC_DAY,
	                            .key = n % 4 == 0 ? FAKE_RSA_2048 : FAKE_P256};
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	fake_cert_der(&f, &der);
	UC_CLEANUP(uc_freep) char *b64 = uc_base64(uc_buf_slice(&der));
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "trust.add", "v", 1, "store", stores[n % 5], "name", name, "scope",
	                 "cluster", "certificate", b64, "description", "", "origin", "upload");
}

static void add_change(struct uc_store *s, struct uc_keys *keys, uint64_t from, uint64_t to)
{
	struct uc_error e;
	int64_t number;
	json_t *steps = json_array();
	for (uint64_t n = from; n < to; n++) json_array_append_new(steps, add_step(n));
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	json_t *change = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "at", "2026-06-01T00:00:00Z", "node", "bench", "who", "bench", "task",
	                           "import-trust", "request", request, "summary", "Add certificates", "steps", steps);
	uc_bench_must(uc_store_begin(s, &e), "filling the store", &e);
	uc_bench_must(uc_log_append(s, change, uc_keys_node_sign, keys, &number, &e), "filling the store", &e);
	uc_bench_must(uc_store_commit(s, &e), "filling the store", &e);
	json_decref(change);
}

static void fill(const struct uc_bench_node *n, uint64_t rows)
{
	struct uc_error e;
	UC_CLEANUP(uc_keys_closep) struct uc_keys *keys = NULL;
	UC_CLEANUP(uc_store_closep) struct uc_store *s = NULL;
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", n->data);
	uc_bench_must(uc_keys_open(n->data, &keys, &e), "opening the keys", &e);
	uc_bench_must(uc_store_open(url, UC_STORE_WRITE, &s, &e), "opening the store", &e);
	double begun = uc_bench_now();
	for (uint64_t i = 0; i < rows; i += STEPS_PER_CHANGE) {
		uint64_t end = i + STEPS_PER_CHANGE < rows ? i + STEPS_PER_CHANGE : rows;
		add_change(s, keys, i, end);
	}
	uc_bench_title("Filling a store with %llu certificates, %d a change", (unsigned long long)rows, STEPS_PER_CHANGE);
	uc_bench_value("certificates a second", (double)rows / (uc_bench_now() - begun), 0, "");
}

/* ---- measuring ---- */

static double ask_list(struct uc_bench_node *n)
{
	double begun = uc_bench_now();
	uc_bench_node_call(n, "GET", "/api/v1/certificates?usage=trust&sort=name&limit=50", uc_slice_of(NULL, 0), 200);
	return uc_bench_now() - begun;
}

/* Until the node has done no work for a second: then it has read its log. */
static void wait_until_idle(const struct uc_bench_node *n)
{
	double before;
	double now = uc_bench_cpu(n->pid);
	do {
		before = now;
		sleep(1);
		now = uc_bench_cpu(n->pid);
	} while (now - before > 0.01);
}

static void measure(struct uc_bench_node *n, const char *what, long rounds, struct uc_samples *starts, const struct uc_samples *base)
{
	UC_CLEANUP(uc_samples_free) struct uc_samples lists = {.items = NULL};
	double cpu = 0;
	long first = 0;
	for (long i = 0; i < rounds; i++) {
		uc_samples_add(starts, uc_bench_node_start(n));
		first = uc_bench_node_kb(n, "VmRSS");
		cpu = uc_bench_cpu(n->pid);
		uc_samples_add(&lists, ask_list(n));
		if (i + 1 < rounds) uc_bench_node_stop(n);
	}
	uc_bench_title("Start with %s, %ld rounds", what, rounds);
	uc_bench_row("start of the process to the first answer", starts, &uc_unit_ms, base);
	uc_bench_row("first list of certificates (50, by name) after that", &lists, &uc_unit_ms, NULL);
	uc_bench_value("processor time until the first answer (last round)", cpu * 1e3, 1, "ms");
	uc_bench_value("memory at the first answer (VmRSS)", (double)first / 1024, 1, "MB");
	wait_until_idle(n);
	uc_bench_value("memory when the log has been read (VmRSS)", (double)uc_bench_node_kb(n, "VmRSS") / 1024, 1, "MB");
	uc_bench_value("most memory (VmHWM)", (double)uc_bench_node_kb(n, "VmHWM") / 1024, 1, "MB");
	uc_bench_node_stop(n);
}

int main(int argc, char **argv)
{
	long rows = uc_bench_option(argc, argv, "rows", 100000);
	long rounds = uc_bench_option(argc, argv, "rounds", 11);
	UC_CLEANUP(uc_samples_free) struct uc_samples empty = {.items = NULL};
	UC_CLEANUP(uc_samples_free) struct uc_samples full = {.items = NULL};
	struct uc_bench_node n;
	uc_bench_node_make(&n);
	double installed = uc_bench_node_start(&n);
	uc_bench_node_stop(&n);
	uc_bench_title("Installing a node: all keys and certificates, the store, the first answer");
	uc_bench_value("once", installed, 2, "s");
	measure(&n, "the certificates of a new node", rounds, &empty, NULL);
	fill(&n, (uint64_t)rows);
	UC_CLEANUP(uc_freep) char *what = uc_sprintf("%ld certificates", rows);
	measure(&n, what, rounds, &full, &empty);
	uc_bench_node_remove(&n);
	return 0;
}
