/*
 * Self-signed regeneration through a running node, beside OpenSSL's key generation alone.
 *
 *   regen_bench [--rsa=ROUNDS] [--ec=ROUNDS]
 *
 * Each round asks the node once, over its Unix socket, and generates one key here. The parts of a regeneration that are not key generation
 * are measured in the same rounds, each by itself, so that it can be seen where the rest of the time goes.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "core/file.h"
#include "core/random.h"
#include "keys/keys.h"
#include "node/probe.h"
#include "pki/key.h"

/* What a regeneration writes: measured, see docs/performance.md. */
enum { KEY_FILE_BYTES_RSA = 1874, KEY_FILE_BYTES_EC = 464, COMMIT_BYTES = 40000, PROBE_MS = 5000 };

struct parts {
	struct uc_samples request, cpu, generate, generate_cpu;
	struct uc_samples key_file, sync_file, sync_dir, commit, plan, round_trip, handshakes;
};

struct bench {
	struct uc_bench_node node;
	struct uc_keys *keys; /* of our own, on the same disk */
	sqlite3 *db;          /* and a database */
	char *dir;
};

static double since(double begun)
{
	return uc_bench_now() - begun;
}

/* ---- the floor: what must be durable, written with nothing around it ---- */

static void sync_file(struct bench *b, size_t bytes, struct parts *p)
{
	char data[4096] = "";
	UC_CLEANUP(uc_freep) char *tmp = uc_sprintf("%s/floor.tmp", b->dir);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/floor", b->dir);
	double begun = uc_bench_now();
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || fsync(fd) != 0 || close(fd) != 0) uc_bench_die("cannot write %s", tmp);
	uc_samples_add(&p->sync_file, since(begun));
	begun = uc_bench_now();
	int dir = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rename(tmp, path) != 0 || dir < 0 || fsync(dir) != 0 || close(dir) != 0) uc_bench_die("cannot rename %s", tmp);
	uc_samples_add(&p->sync_dir, since(begun));
}

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) uc_bench_die("%s: %s", text, sqlite3_errmsg(db));
}

static void open_db(struct bench *b)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/floor.db", b->dir);
	if (sqlite3_open(path, &b->db) != SQLITE_OK) uc_bench_die("cannot open %s", path);
	sql(b->db, "PRAGMA journal_mode = WAL");
	sql(b->db, "PRAGMA synchronous = FULL");
	sql(b->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)");
}

static void commit(struct bench *b, struct parts *p)
{
	UC_CLEANUP(uc_freep) char *text = uc_sprintf("BEGIN IMMEDIATE; INSERT INTO t (body) VALUES (zeroblob(%d)); COMMIT", COMMIT_BYTES);
	double begun = uc_bench_now();
	sql(b->db, text);
	uc_samples_add(&p->commit, since(begun));
}

/* ---- the parts ---- */

static void generate(const struct uc_key_spec *spec, struct parts *p)
{
	struct uc_error e;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	double cpu = uc_bench_cpu(0);
	double begun = uc_bench_now();
	uc_bench_must(uc_key_generate(spec, &key, &e), "key generation", &e);
	uc_samples_add(&p->generate, since(begun));
	uc_samples_add(&p->generate_cpu, uc_bench_cpu(0) - cpu);
}

static void handshakes(struct bench *b, struct parts *p)
{
	static const enum uc_probe_keys kinds[] = {UC_PROBE_RSA, UC_PROBE_EC};
	char port[8];
	snprintf(port, sizeof port, "%d", b->node.port);
	double begun = uc_bench_now();
	for (size_t i = 0; i < 2; i++) {
		struct uc_error e;
		struct uc_probe seen = {.address = ""};
		uc_bench_must(uc_probe_tls("127.0.0.1", port, "bench.example.com", kinds[i], PROBE_MS, &seen, &e), "a handshake", &e);
		uc_probe_free(&seen);
	}
	uc_samples_add(&p->handshakes, since(begun));
}

static void call(struct bench *b, const char *method, const char *path, long status, struct uc_samples *out)
{
	double begun = uc_bench_now();
	uc_bench_node_call(&b->node, method, path, strcmp(method, "POST") == 0 ? uc_slice_str("{}") : uc_slice_of(NULL, 0), status);
	uc_samples_add(out, since(begun));
}

static void round_of(struct bench *b, const struct uc_key_spec *spec, const char *purpose, struct parts *p)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("/api/v1/certificates/own/%s/regenerate?yes=1", purpose);
	UC_CLEANUP(uc_freep) char *dry = uc_sprintf("/api/v1/certificates/own/%s/regenerate?dry_run=1", purpose);
	double cpu = uc_bench_cpu(b->node.pid);
	call(b, "POST", path, 201, &p->request);
	uc_samples_add(&p->cpu, uc_bench_cpu(b->node.pid) - cpu);
	generate(spec, p);
	call(b, "POST", dry, 200, &p->plan);
	call(b, "GET", "/api/v1/status", 200, &p->round_trip);
	sync_file(b, spec->rsa ? KEY_FILE_BYTES_RSA : KEY_FILE_BYTES_EC, p);
	commit(b, p);
	handshakes(b, p);
}

static void print(const struct uc_key_spec *spec, const char *purpose, const struct parts *p)
{
	uc_bench_title("Regeneration of %s with a new %s key, %zu rounds", purpose, spec->text, p->request.count);
	uc_bench_row("OpenSSL key generation alone", &p->generate, &uc_unit_ms, NULL);
	uc_bench_row("request to the node, to the answer", &p->request, &uc_unit_ms, &p->generate);
	uc_bench_value("mean of the key generations", uc_samples_mean(&p->generate) * 1e3, 2, "ms");
	uc_bench_value("mean of the requests", uc_samples_mean(&p->request) * 1e3, 2, "ms");
	uc_bench_row("processor time of OpenSSL's key generation", &p->generate_cpu, &uc_unit_ms, NULL);
	uc_bench_row("processor time of the node", &p->cpu, &uc_unit_ms, &p->generate_cpu);
	uc_bench_row("write a file as large as the key's, fsync", &p->sync_file, &uc_unit_ms, NULL);
	uc_bench_row("rename it, fsync its directory", &p->sync_dir, &uc_unit_ms, NULL);
	uc_bench_row("commit as many bytes in sqlite3 alone", &p->commit, &uc_unit_ms, NULL);
	uc_bench_row("the plan alone (dry run)", &p->plan, &uc_unit_ms, NULL);
	uc_bench_row("a request that does nothing", &p->round_trip, &uc_unit_ms, NULL);
	uc_bench_row("two handshakes with the node, RSA and EC", &p->handshakes, &uc_unit_ms, NULL);
}

static void measure(struct bench *b, const char *kind, const char *purpose, long rounds)
{
	const struct uc_key_spec *spec = uc_key_spec_find(kind);
	struct parts warm = {.request = {NULL}};
	struct parts p = {.request = {NULL}};
	round_of(b, spec, purpose, &warm);
	for (long i = 0; i < rounds; i++) round_of(b, spec, purpose, &p);
	print(spec, purpose, &p);
	struct parts *both[] = {&warm, &p};
	for (size_t i = 0; i < 2; i++) {
		struct parts *x = both[i];
		struct uc_samples *all[] = {&x->request, &x->cpu,    &x->generate, &x->generate_cpu, &x->key_file,  &x->sync_file,
		                            &x->sync_dir, &x->commit, &x->plan,     &x->round_trip,   &x->handshakes};
		for (size_t k = 0; k < sizeof all / sizeof *all; k++) uc_samples_free(all[k]);
	}
}

int main(int argc, char **argv)
{
	struct bench b = {.keys = NULL};
	uc_bench_node_make(&b.node);
	uc_bench_node_start(&b.node);
	b.dir = b.node.dir;
	open_db(&b);
	measure(&b, "ec-p384", "tomcat-ECDSA", uc_bench_option(argc, argv, "ec", 100));
	measure(&b, "rsa-2048", "tomcat", uc_bench_option(argc, argv, "rsa", 100));
	sqlite3_close(b.db);
	uc_bench_node_remove(&b.node);
	return 0;
}
