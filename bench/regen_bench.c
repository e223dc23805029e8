/*
 * Self-signed regeneration through a running node, beside OpenSSL's key generation alone.
 *
 *   regen_bench [--ec=ROUNDS] [--rsa=ROUNDS]
 *
 * Each round asks the node once, over its Unix socket, and generates one key here. A regeneration also has to reach the disk; what that
 * costs at least is measured in the same rounds, with nothing around it: a file as large as the key's is written and synced and its
 * directory synced (a key is on disk before a change names it), then as many bytes as the node wrote are committed with the sqlite3 library
 * (the change), then a few (what the self-check saw). These are all the syncs that a regeneration makes: four.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "core/file.h"
#include "core/text.h"
#include "node/probe.h"
#include "pki/key.h"

enum { KEY_FILE_RSA = 1874, KEY_FILE_EC = 464, SEEN_BYTES = 300, PROBE_MS = 5000 };

static const struct kind {
	const char *key, *purpose, *option;
	long rounds;
	size_t key_file;
} kinds[] = {{"ec-p384", "tomcat-ECDSA", "ec", 60, KEY_FILE_EC}, {"rsa-2048", "tomcat", "rsa", 100, KEY_FILE_RSA}};

enum { KINDS = sizeof kinds / sizeof *kinds };

struct parts {
	struct uc_samples generate, generate_cpu, request, request_cpu;
	struct uc_samples key_file, key_dir, change, seen, least; /* the disk; least: with the key generation */
	struct uc_samples nothing, plan, handshakes;
};

struct bench {
	struct uc_bench_node node;
	sqlite3 *db; /* on the same disk */
	const struct kind *kind;
	size_t change_bytes; /* what the node writes for a regeneration */
};

static double since(double begun)
{
	return uc_bench_now() - begun;
}

static double add_since(struct uc_samples *s, double begun)
{
	double took = since(begun);
	uc_samples_add(s, took);
	return took;
}

/* ---- the least ---- */

static double generate(const struct bench *b, struct parts *p)
{
	struct uc_error e;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	double cpu = uc_bench_cpu(0);
	double begun = uc_bench_now();
	uc_bench_must(uc_key_generate(uc_key_spec_find(b->kind->key), &key, &e), "key generation", &e);
	double took = add_since(&p->generate, begun);
	uc_samples_add(&p->generate_cpu, uc_bench_cpu(0) - cpu);
	return took;
}

static double write_key_file(const struct bench *b, struct parts *p)
{
	static const char data[4096];
	UC_CLEANUP(uc_freep) char *tmp = uc_sprintf("%s/least.tmp", b->node.dir);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/least", b->node.dir);
	double begun = uc_bench_now();
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, b->kind->key_file) != (ssize_t)b->kind->key_file || fsync(fd) != 0 || close(fd) != 0)
		uc_bench_die("cannot write %s", tmp);
	double took = add_since(&p->key_file, begun);
	begun = uc_bench_now();
	int dir = open(b->node.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rename(tmp, path) != 0 || dir < 0 || fsync(dir) != 0 || close(dir) != 0) uc_bench_die("cannot rename %s", tmp);
	return took + add_since(&p->key_dir, begun);
}

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) uc_bench_die("%s: %s", text, sqlite3_errmsg(db));
}

static void open_db(struct bench *b)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/least.db", b->node.dir);
	if (sqlite3_open(path, &b->db) != SQLITE_OK) uc_bench_die("cannot open %s", path);
	sql(b->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)");
}

static double commit(const struct bench *b, size_t bytes, struct uc_samples *out)
{
	UC_CLEANUP(uc_freep) char *text = uc_sprintf("BEGIN IMMEDIATE; INSERT INTO t (body) VALUES (zeroblob(%zu)); COMMIT", bytes);
	double begun = uc_bench_now();
	sql(b->db, text);
	return add_since(out, begun);
}

/* ---- the node ---- */

/* Bytes that the node has written so far, to files and sockets. */
static size_t written(const struct uc_bench_node *n)
{
	static const char field[] = "wchar: ";
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("/proc/%d/io", (int)n->pid);
	struct uc_buf buf = UC_BUF_EMPTY;
	struct uc_error e;
	uc_bench_must(uc_file_read(path, 4096, &buf, &e), "reading what was written", &e);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&buf);
	const char *at = strstr(text, field);
	if (at == NULL) uc_bench_die("%s has no '%s'", path, field);
	return strtoul(at + strlen(field), NULL, 10);
}

static void call(struct bench *b, const char *method, const char *path, long status, struct uc_samples *out)
{
	double begun = uc_bench_now();
	uc_bench_node_call(&b->node, method, path, uc_slice_str(strcmp(method, "POST") == 0 ? "{}" : ""), status);
	uc_samples_add(out, since(begun));
}

static void shake_hands(const struct bench *b, struct parts *p)
{
	static const enum uc_probe_keys keys[] = {UC_PROBE_RSA, UC_PROBE_EC};
	char port[8];
	snprintf(port, sizeof port, "%d", b->node.port);
	double begun = uc_bench_now();
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct uc_error e;
		struct uc_probe seen = {.address = ""};
		uc_bench_must(uc_probe_tls("127.0.0.1", port, "bench.example.com", keys[i], PROBE_MS, &seen, &e), "a handshake", &e);
		uc_probe_free(&seen);
	}
	uc_samples_add(&p->handshakes, since(begun));
}

static void round_of(struct bench *b, struct parts *p)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("/api/v1/certificates/own/%s/regenerate?yes=1", b->kind->purpose);
	UC_CLEANUP(uc_freep) char *dry = uc_sprintf("/api/v1/certificates/own/%s/regenerate?dry_run=1", b->kind->purpose);
	double cpu = uc_bench_cpu(b->node.pid);
	size_t before = written(&b->node);
	call(b, "POST", path, 201, &p->request);
	b->change_bytes = written(&b->node) - before;
	uc_samples_add(&p->request_cpu, uc_bench_cpu(b->node.pid) - cpu);
	double least = generate(b, p);
	least += write_key_file(b, p);
	least += commit(b, b->change_bytes, &p->change);
	least += commit(b, SEEN_BYTES, &p->seen);
	uc_samples_add(&p->least, least);
	call(b, "GET", "/api/v1/status", 200, &p->nothing);
	call(b, "POST", dry, 200, &p->plan);
	shake_hands(b, p);
}

/* ---- the table ---- */

static void print(const struct bench *b, const struct parts *p)
{
	uc_bench_title("Regeneration of %s with a new %s key, %zu rounds", b->kind->purpose, uc_key_spec_find(b->kind->key)->text,
	               p->request.count);
	uc_bench_row("OpenSSL key generation alone", &p->generate, &uc_unit_ms, NULL);
	uc_bench_row("the node, from the request to the answer", &p->request, &uc_unit_ms, &p->generate);
	uc_bench_value("the same by the means of both", uc_samples_mean(&p->request) / uc_samples_mean(&p->generate), 2, "times");
	uc_bench_row("processor time of OpenSSL", &p->generate_cpu, &uc_unit_ms, NULL);
	uc_bench_row("processor time of the node", &p->request_cpu, &uc_unit_ms, &p->generate_cpu);
	uc_bench_row("least: key generation and the four syncs", &p->least, &uc_unit_ms, NULL);
	uc_bench_row("the node again, beside that", &p->request, &uc_unit_ms, &p->least);
	uc_bench_row("  sync of a file as large as the key's", &p->key_file, &uc_unit_ms, NULL);
	uc_bench_row("  sync of its directory", &p->key_dir, &uc_unit_ms, NULL);
	uc_bench_row("  commit of as many bytes as the node wrote", &p->change, &uc_unit_ms, NULL);
	uc_bench_row("  commit of a few bytes", &p->seen, &uc_unit_ms, NULL);
	uc_bench_value("  bytes that the node wrote (last round)", (double)b->change_bytes / 1e3, 1, "kB");
	uc_bench_row("of the node: a request that does nothing", &p->nothing, &uc_unit_ms, NULL);
	uc_bench_row("of the node: the plan alone (dry run)", &p->plan, &uc_unit_ms, NULL);
	uc_bench_row("of the node: two handshakes, RSA and EC", &p->handshakes, &uc_unit_ms, NULL);
}

static void free_parts(struct parts *p)
{
	struct uc_samples *const all[] = {&p->generate, &p->generate_cpu, &p->request, &p->request_cpu, &p->key_file, &p->key_dir,
	                                  &p->change,   &p->seen,         &p->least,   &p->nothing,     &p->plan,     &p->handshakes};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) uc_samples_free(all[i]);
}

/* RSA key generation varies so much that the ratio is also put together from its parts: what is not key generation is the same for EC. */
static void print_by_parts(const struct parts *ec, const struct parts *rsa)
{
	double rest = uc_samples_median(&ec->request) - uc_samples_median(&ec->generate);
	double cpu = uc_samples_median(&ec->request_cpu) - uc_samples_median(&ec->generate_cpu);
	uc_bench_title("What is not key generation, from the rounds with EC keys");
	uc_bench_value("time", rest * 1e3, 2, "ms");
	uc_bench_value("processor time", cpu * 1e3, 2, "ms");
	uc_bench_value("RSA 2048: (key generation + that) / key generation", 1 + rest / uc_samples_median(&rsa->generate), 2, "times");
	uc_bench_value("the same of processor time", 1 + cpu / uc_samples_median(&rsa->generate_cpu), 2, "times");
}

int main(int argc, char **argv)
{
	struct bench b = {.db = NULL};
	struct parts parts[KINDS] = {{.least = {.items = NULL}}};
	uc_bench_node_make(&b.node);
	uc_bench_node_start(&b.node);
	open_db(&b);
	for (size_t i = 0; i < KINDS; i++) {
		struct parts first = {.least = {.items = NULL}};
		b.kind = &kinds[i];
		round_of(&b, &first);
		free_parts(&first);
		long rounds = uc_bench_option(argc, argv, kinds[i].option, kinds[i].rounds);
		for (long k = 0; k < rounds; k++) round_of(&b, &parts[i]);
		print(&b, &parts[i]);
	}
	print_by_parts(&parts[0], &parts[1]);
	for (size_t i = 0; i < KINDS; i++) free_parts(&parts[i]);
	sqlite3_close(b.db);
	uc_bench_node_remove(&b.node);
	return 0;
}
