#include "bench_catch_up.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/random.h"
#include "core/text.h"
#include "fake_cert.h"
#include "node/internal.h"

enum { TOGETHER = 500 /* changes in a transaction, as the follower takes them */, MAX_COLUMNS = 32, PATIENCE_SECONDS = 600 };

/* ---- the changes ---- */

static json_t *add_step(long n)
{
	UC_CLEANUP(uc_freep) char *cn = uc_sprintf("host-%07ld.example.com", n);
	const struct fake_cert f = {.cn = cn,
	                            .org = "Example Company",
	                            .issuer_cn = "Example Issuing CA",
	                            .issuer_org = "Example Company",
	                            .serial = (uint64_t)n,
	                            .not_before = uc_now() - UC_DAY,
	                            .not_after = uc_now() + (uc_time)(n % 2000) * UC_DAY,
	                            .key = FAKE_RSA_2048};
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	fake_cert_der(&f, &der);
	UC_CLEANUP(uc_freep) char *b64 = uc_base64(uc_buf_slice(&der));
	UC_CLEANUP(uc_freep) char *text = uc_sprintf("Add %s.pem to tomcat-trust", cn);
	return json_pack("{s:s, s:i, s:s, s:s+, s:s, s:s, s:s, s:s, s:s}", "type", "trust.add", "v", 1, "store", "tomcat-trust", "name", cn,
	                 ".pem", "scope", "cluster", "certificate", b64, "description", "", "origin", "upload", "text", text);
}

static void append(struct uc_node *n, struct uc_store *store, long i)
{
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	json_t *change =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[o]}", "at", "2026-06-01T00:00:00Z", "node", n->name, "who", "bench", "task",
	              "import-trust", "request", request, "summary", "Upload 1 certificate to tomcat-trust", "steps", add_step(i));
	uc_bench_must(uc_log_append(store, change, uc_keys_node_sign, n->keys, &number, &e), "adding changes", &e);
	json_decref(change);
}

/* By the publisher, many to a commit: how long that takes is not what is measured. */
static void make_changes(struct uc_node *n, long changes)
{
	struct uc_error e;
	for (long i = 0; i < changes;) {
		struct uc_store *store;
		uc_bench_must(uc_central_begin(n, &store, &e), "adding changes", &e);
		for (long end = i + TOGETHER; i < end && i < changes; i++) append(n, store, i);
		uc_bench_must(uc_central_commit(n, &e), "adding changes", &e);
	}
}

/* ---- the bare SQLite ---- */

/* The rows of a table, as values that are bound again. */
struct table {
	const char *name, *select;
	int columns;
	sqlite3_value **values;
	size_t rows;
	size_t done;
	sqlite3_stmt *insert;
};

/* What each of these changes is made of in the store. */
static const struct table kinds[] = {
    {.name = "cert", .select = "SELECT * FROM cert"},
    {.name = "entry", .select = "SELECT * FROM entry ORDER BY id"},
    {.name = "entry_text (rowid, k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial)",
     .select = "SELECT id, k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial FROM entry ORDER BY id"},
    {.name = "change_object", .select = "SELECT * FROM change_object ORDER BY number"},
    {.name = "change_words", .select = "SELECT * FROM change_words ORDER BY number"},
    {.name = "change", .select = "SELECT * FROM change ORDER BY number"},
};

enum { TABLES = sizeof kinds / sizeof *kinds };

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) uc_bench_die("%s: %s", text, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK) uc_bench_die("%s: %s", text, sqlite3_errmsg(db));
	return st;
}

static sqlite3 *open_file(const char *path, int flags)
{
	sqlite3 *db = NULL;
	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) uc_bench_die("cannot open %s", path);
	return db;
}

/* Tables and indexes as in the mirror; those behind the text index come by themselves. */
static void copy_schema(sqlite3 *from, sqlite3 *to)
{
	sql(to, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144; PRAGMA secure_delete = ON; "
	        "PRAGMA temp_store = MEMORY");
	sqlite3_stmt *st = prepare(from, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'entry\\_text\\_%' ESCAPE '\\' "
	                                 "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type = 'index'");
	while (sqlite3_step(st) == SQLITE_ROW) sql(to, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sql(to, "INSERT INTO entry_text (entry_text, rank) VALUES ('hashsize', 8388608)");
}

static void read_table(sqlite3 *from, sqlite3 *to, struct table *t)
{
	sqlite3_stmt *st = prepare(from, t->select);
	t->columns = sqlite3_column_count(st);
	while (sqlite3_step(st) == SQLITE_ROW) {
		t->values = uc_realloc(t->values, (t->rows + 1) * (size_t)t->columns, sizeof *t->values);
		for (int i = 0; i < t->columns; i++)
			t->values[t->rows * (size_t)t->columns + (size_t)i] = sqlite3_value_dup(sqlite3_column_value(st, i));
		t->rows++;
	}
	sqlite3_finalize(st);
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	uc_buf_printf(&text, "INSERT INTO %s VALUES (?", t->name);
	for (int i = 1; i < t->columns; i++) uc_buf_add_str(&text, ", ?");
	uc_buf_add_str(&text, ")");
	UC_CLEANUP(uc_freep) char *insert = uc_buf_take_str(&text);
	t->insert = prepare(to, insert);
}

static void insert_row(sqlite3 *db, struct table *t)
{
	for (int i = 0; i < t->columns; i++) sqlite3_bind_value(t->insert, i + 1, t->values[t->done * (size_t)t->columns + (size_t)i]);
	if (sqlite3_step(t->insert) != SQLITE_DONE) uc_bench_die("%s: %s", t->name, sqlite3_errmsg(db));
	sqlite3_reset(t->insert);
	t->done++;
}

static void insert_all(sqlite3 *db, struct table *tables, size_t changes)
{
	sql(db, "BEGIN IMMEDIATE");
	for (size_t i = 1; i <= changes; i++) {
		for (size_t k = 0; k < TABLES; k++)
			while (tables[k].done < tables[k].rows * i / changes) insert_row(db, &tables[k]);
		if (i % TOGETHER == 0) sql(db, "COMMIT; BEGIN IMMEDIATE");
	}
	sql(db, "COMMIT");
}

static void free_table(struct table *t)
{
	for (size_t i = 0; i < t->rows * (size_t)t->columns; i++) sqlite3_value_free(t->values[i]);
	free(t->values);
	sqlite3_finalize(t->insert);
}

struct spent {
	double seconds, cpu;
};

/* The whole of the mirror's log and certificates, row by row, into a new file. */
static struct spent insert_bare(const char *mirror, const char *path, size_t *changes)
{
	struct table tables[TABLES];
	sqlite3 *from = open_file(mirror, SQLITE_OPEN_READONLY);
	sqlite3 *to = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	copy_schema(from, to);
	memcpy(tables, kinds, sizeof tables);
	for (size_t i = 0; i < TABLES; i++) read_table(from, to, &tables[i]);
	*changes = tables[TABLES - 1].rows;
	double cpu = uc_bench_cpu(0);
	double begun = uc_bench_now();
	insert_all(to, tables, *changes);
	struct spent spent = {.seconds = uc_bench_now() - begun, .cpu = uc_bench_cpu(0) - cpu};
	for (size_t i = 0; i < TABLES; i++) free_table(&tables[i]);
	sqlite3_close(from);
	sqlite3_close(to);
	return spent;
}

/* ---- the whole ---- */

static struct spent catch_up(struct uc_bench_cluster *c)
{
	double cpu = uc_bench_cpu(0);
	double begun = uc_bench_now();
	uc_bench_cluster_open_node(c, 1);
	uc_bench_cluster_settle(c);
	return (struct spent){.seconds = uc_bench_now() - begun, .cpu = uc_bench_cpu(0) - cpu};
}

static long long size_of(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) uc_bench_die("%s: %s", path, strerror(errno));
	return (long long)st.st_size;
}

void uc_bench_catch_up(struct uc_bench_cluster *c, long changes)
{
	size_t rows;
	for (size_t i = 1; i < c->count; i++) uc_bench_cluster_close_node(c, i);
	double begun = uc_bench_now();
	make_changes(c->nodes[0], changes);
	double making = uc_bench_now() - begun;
	struct spent ours = catch_up(c);
	UC_CLEANUP(uc_freep) char *data = uc_bench_cluster_data(c, 1);
	UC_CLEANUP(uc_freep) char *mirror = uc_sprintf("%s/store.db", data);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/bare.db", c->dir);
	struct spent bare = insert_bare(mirror, path, &rows);
	double rate = (double)changes / ours.seconds;
	double bare_rate = (double)rows / bare.seconds;
	printf("\nCatching up: a node that was off while %ld changes of one certificate each were made\n", changes);
	uc_bench_value("bare SQLite, the same rows, prepared INSERTs: changes a second", bare_rate, 0, "");
	uc_bench_value("a node, from its start until it has all: changes a second", rate, 0, "");
	uc_bench_value("ratio", bare_rate / rate, 2, "");
	uc_bench_value("processor time of a change: bare SQLite", bare.cpu / (double)rows * 1e6, 0, "us");
	uc_bench_value("the node", ours.cpu / (double)changes * 1e6, 0, "us");
	uc_bench_value("size of the mirror for each", (double)size_of(path) / (double)rows / 1e3, 1, "kB");
	uc_bench_value("making them, 500 to a commit: changes a second", (double)changes / making, 0, "");
}
