/*
 * Finding among 100,000 and 1,000,000 certificates, beside the same questions asked of the sqlite3 library alone: the first page of 50, one condition, sorted.
 *
 *   find_bench [ROWS...]      databases are made below $TMPDIR (find_bench-ROWS.db) unless they are there, and stay
 *
 * The bare question is the best SQL that we know for it, prepared, run on the same file in the same process; both take turns. Then what the overview counts (C151), beside counting by looking
 * at every row once.
 */
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/random.h"
#include "core/text.h"
#include "fake_cert.h"
#include "store/change.h"
#include "store/find.h"
#include "store/survey.h"

enum { STEPS_PER_CHANGE = 50000, ROUNDS = 41 };

static const uc_time NOW = 1767225600; /* 2026-01-01 */

static void stop(const char *doing, const struct uc_error *e)
{
	fprintf(stderr, "%s: %s: %s\n", doing, e->id, e->message);
	exit(1);
}

/* ---- the data ---- */

static const char *const cities[] = {"berlin", "paris", "lisbon", "vienna", "prague", "dublin", "london", "oslo", "athens", "zurich"};
static const char *const stores[] = {"tomcat-trust", "CallManager-trust", "CAPF-trust", "Phone-SAST-trust", "ipsec-trust"};

/* Names do not lie in the order in which certificates come. */
static int shuffled(uint64_t n)
{
	return (int)(n * 7368787 % 10000000);
}

static json_t *step_number(uint64_t n)
{
	uint8_t r[8];
	fake_bytes(n * 7919, r);
	/* One in a thousand is of the rare issuer. */
	unsigned issuer = n % 1000 == 500 ? 99 : r[1] % 40u;
	UC_CLEANUP(uc_freep) char *cn = uc_sprintf("host-%07d.%s.example.com", shuffled(n), cities[r[2] % 10]);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", cn);
	UC_CLEANUP(uc_freep) char *issuer_cn = uc_sprintf("Example Issuing CA %02u", issuer);
	UC_CLEANUP(uc_freep) char *description = n % 50 == 7 ? uc_sprintf("ticket %d", (int)(n / 50)) : uc_strdup("");
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	const struct fake_cert f = {.cn = cn,
	                            .org = "Example Company",
	                            .issuer_cn = issuer_cn,
	                            .issuer_org = "Example Company",
	                            .serial = n,
	                            .not_before = NOW - r[3] * UC_DAY,
	                            .not_after = NOW + ((r[4] << 4 | r[5] % 16) - 500) * UC_DAY,
	                            .key = r[6] % 4 == 0 ? FAKE_P384 : FAKE_P256};
	fake_cert_der(&f, &der);
	UC_CLEANUP(uc_freep) char *b64 = uc_base64(uc_buf_slice(&der));
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "trust.add", "v", 1, "store", stores[n % 5], "name", name, "scope",
	                 "cluster", "certificate", b64, "description", description, "origin", "upload");
}

static void add_change(struct uc_store *s, uint64_t from, uint64_t to)
{
	struct uc_error e;
	int64_t number;
	json_t *steps = json_array();
	for (uint64_t n = from; n < to; n++) json_array_append_new(steps, step_number(n));
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	json_t *change = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "at", "2026-01-01T00:00:00Z", "node", "n1", "who", "bench", "task",
	                           "bench", "request", request, "summary", "fill", "steps", steps);
	if (uc_store_begin(s, &e) != UC_OK || uc_log_append(s, change, NULL, NULL, &number, &e) != UC_OK || uc_store_commit(s, &e) != UC_OK)
		stop("fill", &e);
	json_decref(change);
}

static void fill(const char *url, uint64_t rows)
{
	struct uc_error e;
	UC_CLEANUP(uc_store_closep) struct uc_store *s = NULL;
	if (uc_store_open(url, UC_STORE_WRITE, &s, &e) != UC_OK) stop("open", &e);
	int64_t begun = uc_monotonic_ns();
	clock_t busy_begun = clock();
	for (uint64_t n = 0; n < rows; n += STEPS_PER_CHANGE) add_change(s, n, n + STEPS_PER_CHANGE < rows ? n + STEPS_PER_CHANGE : rows);
	double seconds = (double)(uc_monotonic_ns() - begun) / 1e9;
	double busy = (double)(clock() - busy_begun) / CLOCKS_PER_SEC;
	printf("filled %llu rows in %.1f s: %.0f a second, %.0f a second of processor time\n", (unsigned long long)rows, seconds,
	       (double)rows / seconds, (double)rows / busy);
}

/* ---- the questions ---- */

#define COLUMNS                                                                                                                          \
	"usage, unit, name, scope, common_name, subject, issuer, serial, fingerprint, type, key_type, distribution, not_before, not_after, " \
	"description"
#define GATHER "SELECT " COLUMNS " FROM entry WHERE id IN (SELECT rowid FROM entry_text WHERE entry_text MATCH "
#define WALK "SELECT " COLUMNS " FROM entry WHERE "

static const struct question {
	const char *where, *sort;
	const char *bare;
} questions[] = {
    {NULL, "name", "SELECT " COLUMNS " FROM entry ORDER BY k_name, id LIMIT 51"},
    {NULL, "-expires", "SELECT " COLUMNS " FROM entry ORDER BY not_after DESC, id DESC LIMIT 51"},
    {"name begins with host-012", "name", WALK "k_name >= 'host-012' AND k_name < 'host-013' ORDER BY k_name, id LIMIT 51"},
    {"name begins with host-012", "expires", WALK "k_name >= 'host-012' AND k_name < 'host-013' ORDER BY +not_after, id LIMIT 51"},
    {"expires before 2025-01-01", "name", WALK "+not_after < 1735689600 ORDER BY k_name, id LIMIT 51"},
    {"issuer is CN=Example Issuing CA 07,O=Example Company", "name",
     WALK "+k_issuer = 'cn=example issuing ca 07,o=example company' ORDER BY k_name, id LIMIT 51"},
    {"issuer is CN=Example Issuing CA 99,O=Example Company", "name",
     WALK "k_issuer = 'cn=example issuing ca 99,o=example company' ORDER BY +k_name, id LIMIT 51"},
    {"description is ticket 777", "name", WALK "k_description = 'ticket 777' ORDER BY +k_name, id LIMIT 51"},
    {"issuer contains example", "name", WALK "k_issuer LIKE '%example%' ORDER BY k_name, id LIMIT 51"},
    {"subject contains berlin", "-expires", WALK "k_subject LIKE '%berlin%' ORDER BY not_after DESC, id DESC LIMIT 51"},
    {"issuer contains CA 99", "name",
     GATHER "'k_issuer : (\"ca \" AND \" 99\" AND \"a 9\")') AND k_issuer LIKE '%ca 99%' ORDER BY +k_name, id LIMIT 51"},
    {"description contains ticket 1234", "name",
     GATHER "'k_description : (\"tic\" AND \"t 1\" AND \"234\")') AND k_description LIKE '%ticket 1234%' ORDER BY +k_name, id LIMIT 51"},
    {"description contains ticket", "expires", WALK "k_description LIKE '%ticket%' ORDER BY not_after, id LIMIT 51"},
    {"name contains 0012345", "name",
     GATHER "'k_name : (\"001\" AND \"234\" AND \"345\")') AND k_name LIKE '%0012345%' ORDER BY +k_name, id LIMIT 51"},
    {"name contains 2345.ber", "issuer",
     GATHER "'k_name : (\"234\" AND \"5.b\" AND \"ber\")') AND k_name LIKE '%2345.ber%' ORDER BY +k_issuer, id LIMIT 51"},
    {"fingerprint contains abcdef", "name",
     GATHER "'fingerprint : (\"abc\" AND \"def\")') AND fingerprint LIKE '%abcdef%' ORDER BY +k_name, id LIMIT 51"},
    {"name contains nowhere", "name",
     GATHER "'k_name : (\"now\" AND \"her\" AND \"ere\")') AND k_name LIKE '%nowhere%' ORDER BY +k_name, id LIMIT 51"},
    {"name ends with 77.oslo.example.com.pem", "expires",
     GATHER "'k_name : (\"77.\" AND \"osl\" AND \"o.e\" AND \"xam\" AND \"ple\" AND \".co\" AND \"m.p\" AND \"pem\")') AND k_name LIKE "
            "'%77.oslo.example.com.pem' "
            "ORDER BY +not_after, id LIMIT 51"},
    {"name contains zz", "name", WALK "k_name LIKE '%zz%' ORDER BY k_name, id LIMIT 51"},
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof *values, by_value);
	return values[ROUNDS / 2];
}

/* The bare question with its answer as JSON, made by SQLite. */
static char *bare_json(const char *bare)
{
	return uc_sprintf(
	    "SELECT json_group_array(json_object('usage', usage, 'unit', unit, 'name', name, 'scope', scope, 'common_name', common_name, "
	    "'subject', subject, "
	    "'issuer', issuer, 'serial', serial, 'fingerprint', fingerprint, 'type', type, 'key_type', key_type, 'distribution', distribution, "
	    "'not_before', not_before, 'not_after', not_after, 'description', description)) FROM (%s)",
	    bare);
}

static void prepare_find(struct uc_find *f, const struct question *q)
{
	struct uc_error e;
	if (q->where != NULL && uc_find_where(f, q->where, &e) != UC_OK) stop(q->where, &e);
	if (uc_find_sort(f, q->sort, &e) != UC_OK) stop(q->sort, &e);
}

static double since(int64_t begun)
{
	return (double)(uc_monotonic_ns() - begun) / 1e6;
}

static void take_row(void *ctx, const struct uc_found *row)
{
	size_t *rows = ctx;
	*rows += row->name[0] != '\0' ? 1 : 0;
}

static double ask_store(struct uc_store *s, const struct question *q, size_t *rows, bool *stopped)
{
	struct uc_error e;
	int64_t begun = uc_monotonic_ns();
	UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = NULL};
	UC_CLEANUP(uc_found_end_free) struct uc_found_end end = {.next = NULL};
	prepare_find(&f, q);
	*rows = 0;
	if (uc_store_find_each(s, &f, take_row, rows, &end, &e) != UC_OK) stop("find", &e);
	*stopped = end.stopped;
	return since(begun);
}

static double ask_store_json(struct uc_store *s, const struct question *q)
{
	struct uc_error e;
	int64_t begun = uc_monotonic_ns();
	UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = NULL};
	json_t *answer = NULL;
	prepare_find(&f, q);
	if (uc_store_find(s, &f, NOW, &answer, &e) != UC_OK) stop("find", &e);
	UC_CLEANUP(uc_freep) char *text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	if (text == NULL) exit(1);
	return since(begun);
}

static double ask_bare(sqlite3_stmt *st, size_t *rows)
{
	int64_t begun = uc_monotonic_ns();
	*rows = 0;
	size_t texts = 0;
	while (sqlite3_step(st) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(st); i++) texts += sqlite3_column_text(st, i) != NULL ? 1 : 0;
		(*rows)++;
	}
	if (texts < *rows) exit(1);
	sqlite3_reset(st);
	return since(begun);
}

static sqlite3_stmt *prepare(sqlite3 *h, const char *sql)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) == SQLITE_OK) return st;
	fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(h));
	exit(1);
}

static void measure(struct uc_store *s, sqlite3 *h, const struct question *q)
{
	double t[4][ROUNDS];
	size_t rows = 0;
	size_t bare_rows = 0;
	size_t one = 0;
	bool stopped = false;
	UC_CLEANUP(uc_freep) char *json = bare_json(q->bare);
	sqlite3_stmt *bare = prepare(h, q->bare);
	sqlite3_stmt *as_json = prepare(h, json);
	for (int i = 0; i < ROUNDS; i++) {
		t[0][i] = ask_store(s, q, &rows, &stopped);
		t[1][i] = ask_bare(bare, &bare_rows);
		t[2][i] = ask_store_json(s, q);
		t[3][i] = ask_bare(as_json, &one);
	}
	sqlite3_finalize(bare);
	sqlite3_finalize(as_json);
	double m[4];
	for (int i = 0; i < 4; i++) m[i] = median(t[i]);
	printf("%8.3f %8.3f %6.2f   %8.3f %8.3f %6.2f   %2zu  %s, by %s%s\n", m[0], m[1], m[0] / m[1], m[2], m[3], m[2] / m[3], rows,
	       q->where != NULL ? q->where : "all", q->sort, stopped ? " (stopped)" : "");
	if ((bare_rows > 50 ? 50 : bare_rows) != rows) printf("          the bare question gave %zu rows\n", bare_rows);
}

/* ---- the overview ---- */

enum { MONTHS = 24 };

static double ask_survey(struct uc_store *s, struct uc_survey *out)
{
	struct uc_error e;
	uc_time edges[MONTHS + 1];
	int64_t begun = uc_monotonic_ns();
	for (int i = 0; i <= MONTHS; i++) edges[i] = NOW + i * 30 * UC_DAY;
	if (uc_store_survey(s, NOW, edges, MONTHS + 1, out, &e) != UC_OK) stop("survey", &e);
	return since(begun);
}

static void measure_survey(struct uc_store *s, sqlite3 *h)
{
	double t[2][ROUNDS];
	size_t rows;
	struct uc_survey seen;
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf(
	    "SELECT usage, max(-1, min(%d, (not_after - %lld) / 2592000)), count(*), sum(not_before > %lld) FROM entry GROUP BY 1, 2", MONTHS,
	    (long long)NOW, (long long)NOW);
	sqlite3_stmt *bare = prepare(h, sql);
	for (int i = 0; i < ROUNDS; i++) {
		t[0][i] = ask_survey(s, &seen);
		t[1][i] = ask_bare(bare, &rows);
	}
	sqlite3_finalize(bare);
	double ours = median(t[0]);
	double looked = median(t[1]);
	printf("%8.3f %8.3f %6.2f   all of %lld counted by state and month, for the overview\n", ours, looked, ours / looked,
	       (long long)(seen.total.own + seen.total.trust));
}

static void run(uint64_t rows)
{
	struct uc_error e;
	const char *tmp = getenv("TMPDIR");
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/find_bench-%llu.db", tmp != NULL ? tmp : "/tmp", (unsigned long long)rows);
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s", path);
	if (!uc_file_exists(path)) fill(url, rows);
	UC_CLEANUP(uc_store_closep) struct uc_store *s = NULL;
	if (uc_store_open(url, UC_STORE_READ, &s, &e) != UC_OK) stop("open", &e);
	sqlite3 *h = NULL;
	if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) exit(1);
	/* The same cache as the store's, so that it is the query that is compared. */
	sqlite3_exec(h, "PRAGMA cache_size = -32768; PRAGMA query_only = ON", NULL, NULL, NULL);
	printf("%llu certificates; ms, median of %d\n    rows     bare  ratio       JSON     bare  ratio\n", (unsigned long long)rows, ROUNDS);
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) measure(s, h, &questions[i]);
	measure_survey(s, h);
	sqlite3_close(h);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		run(100000);
		run(1000000);
	}
	for (int i = 1; i < argc; i++) run(strtoull(argv[i], NULL, 10));
	return 0;
}
