/* src/store/db_pg*.c: what only PostgreSQL does: connections that fail, writers that wait for each other, telling each other. */
#include "pg_pair.h"

#include <pthread.h>

#include "store/db_pg.h"

/* ---- opening ---- */

static void what_makes_no_sense_is_refused_without_telling_the_password(void **state)
{
	(void)state;
	static const char *const urls[] = {
	    "postgresql://u:" SECRET "%zz@h/db",
	    "postgresql://u:" SECRET "@h:port/db",
	    "postgresql://u:" SECRET "@[::1/db",
	    "postgresql://u:" SECRET "@h/db?sslmode=what",
	    "postgresql://u:" SECRET "@h/db?sslmod=what",
	    "postgres://u:\"" SECRET "\"@[::1/db",
	    "postgresql://u:" SECRET "@" SECRET "@127.0.0.1:1/db",
	    "postgresql://u:" SECRET "/more@127.0.0.1:1/db",
	    "postgresql://u:" SECRET "/db",
	    "postgresql://u:1/" SECRET "@127.0.0.1:1/db?application_name=x",
	    "postgre://u:" SECRET "@h/db",
	    ("host=h password=" SECRET),
	    "postgresql:",
	};
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) fails_without_password(urls[i], UC_EINPUT, "bad-store-url", "");
}

static void a_server_that_does_not_answer_is_unreachable(void **state)
{
	(void)state;
	fails_without_password("postgresql://u:" SECRET "@127.0.0.1:1/db", UC_EUNAVAILABLE, "store-unreachable", "127.0.0.1:1/db");
	fails_without_password("postgresql://u:" SECRET "@127.0.0.1:1,127.0.0.1:2/db", UC_EUNAVAILABLE, "store-unreachable",
	                       "127.0.0.1:1,127.0.0.1:2/db");
}

static void a_wrong_password_and_a_missing_database_are_told_apart(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *wrong = url_as(test_server(), "postgres:" SECRET, "");
	fails_without_password(wrong, UC_EREFUSED, "store-access", "postgres");
	UC_CLEANUP(uc_freep) char *nobody = url_as(test_server(), "nobody:" SECRET, "");
	fails_without_password(nobody, UC_EREFUSED, "store-access", "nobody");
	UC_CLEANUP(uc_freep) char *missing = uc_sprintf("%s_missing", test_server());
	fails_without_password(missing, UC_ENOTFOUND, "store-missing", "_missing");
}

static void the_host_that_answers_is_taken(void **state)
{
	struct uc_error e;
	struct pair *p = *state;
	UC_CLEANUP(uc_freep) char *url = url_as(p->database.url, NULL, "127.0.0.1:1,");
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &db, &e), e);
	assert_true(uc_db_shared(db));
	assert_false(uc_db_lost(db));
	/* "postgres:" is the same. */
	UC_CLEANUP(uc_freep) char *other = uc_sprintf("postgres%s", p->database.url + strlen("postgresql"));
	UC_CLEANUP(uc_db_closep) struct uc_db *second = NULL;
	assert_ok(uc_db_open(other, UC_DB_READ, &second, &e), e);
	assert_ok(uc_db_relax(second, &e), e);
}

static void a_database_without_unicode_is_refused(void **state)
{
	struct uc_error e;
	struct pair *p = *state;
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("CREATE DATABASE latin_%s ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", p->database.schema);
	assert_ok(uc_db_exec(p->a, sql, &e), e);
	UC_CLEANUP(uc_freep) char *url = url_as(test_server(), NULL, "");
	char *slash = strrchr(url, '/');
	*slash = '\0';
	UC_CLEANUP(uc_freep) char *latin = uc_sprintf("%s/latin_%s", url, p->database.schema);
	struct uc_db *db = NULL;
	enum uc_status status = uc_db_open(latin, UC_DB_WRITE, &db, &e);
	UC_CLEANUP(uc_freep) char *drop = uc_sprintf("DROP DATABASE latin_%s WITH (FORCE)", p->database.schema);
	struct uc_error why;
	assert_ok(uc_db_exec(p->a, drop, &why), why);
	assert_fails(status, e, UC_EREFUSED, "store-encoding");
	assert_non_null(strstr(e.message, "LATIN1"));
}

static void what_libpq_says_in_several_lines_is_divided(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_db *db = NULL;
	assert_fails(uc_db_open("postgresql://u@127.0.0.1:1,127.0.0.1:2/db", UC_DB_WRITE, &db, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_non_null(strstr(e.message, "port 1 failed: Connection refused; Is the server running"));
	assert_non_null(strstr(e.message, "connections?; connection to server at \"127.0.0.1\", port 2 failed"));
	UC_CLEANUP(uc_freep) char *wrong = url_as(test_server(), "postgres:" SECRET, "");
	assert_fails(uc_db_open(wrong, UC_DB_WRITE, &db, &e), e, UC_EREFUSED, "store-access");
	assert_non_null(strstr(e.message, "failed: FATAL: 28P01: password authentication failed"));
	assert_null(strstr(e.message, "  "));
}

/* Where a url leads is shown to people, whatever bytes its password has. */
static void a_place_is_named_without_the_account(void **state)
{
	(void)state;
	static const char *const urls[][2] = {
	    {"postgresql://u:" SECRET "@h:1,[::1]:2/db?sslmode=require", "h:1,[::1]:2/db"},
	    {"postgresql://u:" SECRET "?more@h/db", "h/db"},
	    {"postgres://h/db", "h/db"},
	    {"postgresql://u:" SECRET "@" SECRET "@h/db", ""},
	    {"sqlite:/" SECRET, ""},
	    {"what", ""},
	};
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		UC_CLEANUP(uc_freep) char *where = uc_db_where(urls[i][0]);
		assert_string_equal(where, urls[i][1]);
	}
}

/* ---- servers that go away ---- */

/* Runs scripts/postgres; its output, without the line break, is owned. */
static char *server(const char *command)
{
	char line[512] = "";
	UC_CLEANUP(uc_freep) char *whole = uc_sprintf("scripts/postgres %s", command);
	FILE *f = popen(whole, "r");
	assert_non_null(f);
	if (fgets(line, sizeof line, f) == NULL) line[0] = '\0';
	assert_int_equal(pclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	return uc_strdup(line);
}

static char *server_in(const char *command, const char *dir)
{
	UC_CLEANUP(uc_freep) char *words = uc_sprintf("%s %s", command, dir);
	return server(words);
}

static void stop_server(const char *dir)
{
	UC_CLEANUP(uc_freep) char *words = uc_sprintf("%s immediate", dir);
	free(server_in("stop", words));
}

/* A standby is not taken for the store; when the primary dies and it is promoted, the same url leads to it. */
static void a_failover_is_followed(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_db *db = NULL;
	char *one = uc_test_dir();
	char *two = uc_test_dir();
	UC_CLEANUP(uc_freep) char *first = server_in("start", one);
	UC_CLEANUP(uc_freep) char *words = uc_sprintf("%s %s", one, two);
	UC_CLEANUP(uc_freep) char *second = server_in("standby", words);
	assert_fails(uc_db_open(second, UC_DB_WRITE, &db, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	/* Who insists gets it, and is told by the first change. */
	UC_CLEANUP(uc_freep) char *any = test_url_with(second, "target_session_attrs=any");
	assert_ok(uc_db_open(any, UC_DB_WRITE, &db, &e), e);
	assert_fails(uc_db_exec(db, "CREATE TABLE t (n BIGINT)", &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_true(uc_db_lost(db));
	uc_db_close(db);
	UC_CLEANUP(uc_freep) char *hosts = uc_strndup(strchr(second, '@') + 1, strcspn(strchr(second, '@') + 1, "/"));
	UC_CLEANUP(uc_freep) char *before = uc_sprintf("%s,", hosts);
	UC_CLEANUP(uc_freep) char *both = url_as(first, NULL, before);
	assert_ok(uc_db_open(both, UC_DB_WRITE, &db, &e), e);
	assert_ok(uc_db_exec(db, "SET synchronous_commit = remote_apply; CREATE TABLE t (n BIGINT)", &e), e);
	becomes(db, "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_flush_lsn()", 1);
	stop_server(one);
	assert_fails(uc_db_begin(db, UC_DB_WRITE, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_true(uc_db_lost(db));
	uc_db_close(db);
	free(server_in("promote", two));
	assert_ok(uc_db_open(both, UC_DB_WRITE, &db, &e), e);
	assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 0);
	uc_db_close(db);
	stop_server(two);
	uc_test_dir_remove(one);
	uc_test_dir_remove(two);
}

static void a_lost_connection_stays_lost(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	struct uc_stmt *s = NULL;
	bool notified;
	uc_time now;
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	end_connection(p->a, p->b);
	assert_fails(uc_db_stmt(p->a, "SELECT 7", &s, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_true(uc_db_lost(p->a));
	assert_false(uc_db_lost(p->b));
	assert_fails(uc_db_commit(p->a, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_false(uc_db_in_transaction(p->a));
	assert_fails(uc_db_begin(p->a, UC_DB_READ, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_fails(uc_db_wait(p->a, -1, 1000, &notified, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_fails(uc_db_now(p->a, &now, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	/* What it held is free. */
	assert_ok(uc_db_begin(p->b, UC_DB_WRITE, &e), e);
}

static void who_waits_is_told_that_the_connection_is_lost(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool notified;
	assert_ok(uc_db_listen(p->a, &e), e);
	end_connection(p->a, p->b);
	assert_fails(uc_db_wait(p->a, -1, 60000, &notified, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	assert_true(uc_db_lost(p->a));
	assert_non_null(
	    strstr(e.message, "closed the connection unexpectedly; This probably means the server terminated abnormally before or while"));
}

/* Longer than it may be silent, as a large result over a slow line. */
static void a_server_that_is_slow_is_heard_out(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("SELECT repeat('x', 100000), pg_sleep(1) FROM generate_series(1, %d)", UC_PG_SILENCE_MS / 1000 + 2);
	assert_ok(uc_db_exec(p->a, sql, &e), e);
	assert_false(uc_db_lost(p->a));
}

/* ---- failures ---- */

static void each_failure_has_its_id(void **state)
{
	static const struct {
		const char *sqlstate;
		enum uc_status status;
		const char *id;
	} rows[] = {
	    {"08006", UC_EUNAVAILABLE, "store-unreachable"},
	    {"53300", UC_EUNAVAILABLE, "store-unreachable"},
	    {"42501", UC_EREFUSED, "store-access"},
	    {"28P01", UC_EREFUSED, "store-access"},
	    {"53100", UC_EFULL, "disk-full"},
	    {"55P03", UC_EIO, "store-busy"},
	    {"40001", UC_EIO, "store-busy"},
	    {"40P01", UC_EIO, "store-busy"},
	    {"57014", UC_EIO, "store-busy"},
	    {"54000", UC_ELIMIT, "too-large"},
	    {"58030", UC_EIO, "disk-failed"},
	    {"XX001", UC_EIO, "store-damaged"},
	    {"3F000", UC_ENOTFOUND, "store-missing"},
	    {"23505", UC_EINTERNAL, "internal"},
	    {"08P01", UC_EINTERNAL, "internal"},
	};
	struct pair *p = *state;
	struct uc_error e;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_freep)
		char *sql = uc_sprintf("DO $$ BEGIN RAISE EXCEPTION 'it is so' USING ERRCODE = '%s'; END $$", rows[i].sqlstate);
		assert_fails(uc_db_exec(p->a, sql, &e), e, rows[i].status, rows[i].id);
		assert_non_null(strstr(e.message, "it is so"));
	}
	assert_fails(uc_db_exec(p->a, "DO $$ BEGIN RAISE EXCEPTION 'over' USING ERRCODE = '57P01'; END $$", &e), e, UC_EUNAVAILABLE,
	             "store-unreachable");
	assert_true(uc_db_lost(p->a));
}

static void a_commit_that_fails_leaves_nothing(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	assert_ok(uc_db_exec(p->a, "CREATE TABLE t (n BIGINT UNIQUE DEFERRABLE INITIALLY DEFERRED)", &e), e);
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_exec(p->a, "INSERT INTO t VALUES (1), (1)", &e), e);
	assert_fails(uc_db_commit(p->a, &e), e, UC_EINTERNAL, "internal");
	assert_false(uc_db_in_transaction(p->a));
	assert_int_equal(number_of(p->a, "SELECT count(*) FROM t"), 0);
	/* To COMMIT after a failed statement the server says ROLLBACK, and no error. */
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_exec(p->a, "INSERT INTO t VALUES (2)", &e), e);
	assert_fails(uc_db_exec(p->a, "nonsense", &e), e, UC_EINTERNAL, "internal");
	assert_fails(uc_db_exec(p->a, "INSERT INTO t VALUES (3)", &e), e, UC_EINTERNAL, "internal");
	assert_fails(uc_db_commit(p->a, &e), e, UC_EINTERNAL, "internal");
	assert_int_equal(number_of(p->a, "SELECT count(*) FROM t"), 0);
}

static void what_is_for_reading_writes_nothing(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	assert_ok(uc_db_exec(p->a, "CREATE TABLE t (n BIGINT)", &e), e);
	assert_ok(uc_db_begin(p->a, UC_DB_READ, &e), e);
	assert_fails(uc_db_exec(p->a, "INSERT INTO t VALUES (1)", &e), e, UC_EIO, "read-only");
	uc_db_rollback(p->a);
	assert_false(uc_db_lost(p->a));
	assert_ok(uc_db_exec(p->a, "INSERT INTO t VALUES (1)", &e), e);
	UC_CLEANUP(uc_db_closep) struct uc_db *reader = NULL;
	assert_ok(uc_db_open(p->database.url, UC_DB_READ, &reader, &e), e);
	assert_fails(uc_db_exec(reader, "INSERT INTO t VALUES (1)", &e), e, UC_EIO, "read-only");
	assert_int_equal(number_of(reader, "SELECT count(*) FROM t"), 1);
}

/* A value that cannot be kept whole is refused, not cut. */
static void no_value_is_cut(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	assert_ok(uc_db_exec(p->a, "CREATE TABLE t (text TEXT)", &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(p->a, "INSERT INTO t VALUES ($1)", &s, &e), e);
	uc_bind_blob(s, 1, uc_slice_of("a\0b", 3));
	assert_fails(uc_stmt_run(s, NULL, &e), e, UC_EINTERNAL, "internal");
	uc_stmt_again(s);
	uc_bind_text(s, 1, "\xff\xfe");
	assert_fails(uc_stmt_run(s, NULL, &e), e, UC_EINTERNAL, "internal");
	uc_stmt_again(s);
	static const uint8_t none[1];
	uc_bind_blob(s, 1, (struct uc_slice){.ptr = none, .len = (size_t)300 * 1024 * 1024});
	assert_fails(uc_stmt_run(s, NULL, &e), e, UC_ELIMIT, "too-large");
	assert_int_equal(number_of(p->a, "SELECT count(*) FROM t"), 0);
}

static void statements_that_are_no_longer_kept_are_dropped(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	for (int i = 0; i < 500; i++) {
		UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SELECT %d", i);
		assert_int_equal(number_of(p->a, sql), i);
		if (i != 400) continue;
		/* A transaction that has failed cannot drop any; the next statement does. */
		assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
		assert_fails(uc_db_exec(p->a, "nonsense", &e), e, UC_EINTERNAL, "internal");
		struct uc_stmt *s = NULL;
		assert_fails(uc_db_stmt(p->a, "SELECT 'more'", &s, &e), e, UC_EINTERNAL, "internal");
		uc_db_rollback(p->a);
	}
	assert_true(number_of(p->a, "SELECT count(*) FROM pg_prepared_statements") <= 130);
}

/* ---- several at once ---- */

static void *write_second(void *db)
{
	struct uc_error e;
	bool ok = uc_db_begin(db, UC_DB_WRITE, &e) == UC_OK && uc_db_exec(db, "INSERT INTO t SELECT count(*) FROM t", &e) == UC_OK &&
	          uc_db_commit(db, &e) == UC_OK;
	return ok ? db : NULL;
}

static void writers_take_turns_and_see_each_other(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	pthread_t thread;
	void *ok;
	assert_ok(uc_db_exec(p->a, "CREATE TABLE t (n BIGINT)", &e), e);
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	assert_int_equal(pthread_create(&thread, NULL, write_second, p->b), 0);
	becomes(p->a,
	        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE "
	        "datname = current_database()) AND objid = (SELECT objid FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')",
	        1);
	assert_ok(uc_db_exec(p->a, "INSERT INTO t SELECT count(*) FROM t", &e), e);
	assert_ok(uc_db_commit(p->a, &e), e);
	pthread_join(thread, &ok);
	assert_non_null(ok);
	assert_int_equal(number_of(p->a, "SELECT sum(n) FROM t"), 1);
	/* Who cannot wait is told. */
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_exec(p->a, "LOCK TABLE t", &e), e);
	assert_fails(uc_db_exec(p->b, "BEGIN; LOCK TABLE t NOWAIT", &e), e, UC_EIO, "store-busy");
}

static void notify_and_commit(struct uc_db *db)
{
	struct uc_error e;
	assert_ok(uc_db_begin(db, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_notify(db, &e), e);
	assert_ok(uc_db_commit(db, &e), e);
}

static void who_listens_is_woken_by_a_commit(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool notified;
	assert_ok(uc_db_listen(p->a, &e), e);
	assert_ok(uc_db_wait(p->a, -1, 0, &notified, &e), e);
	assert_false(notified);
	notify_and_commit(p->b);
	assert_ok(uc_db_wait(p->a, -1, 60000, &notified, &e), e);
	assert_true(notified);
	/* Once for what has been told; a notification that came while something else was asked is not lost. */
	assert_ok(uc_db_wait(p->a, -1, 10, &notified, &e), e);
	assert_false(notified);
	notify_and_commit(p->b);
	becomes(p->a, "SELECT 1", 1);
	assert_ok(uc_db_wait(p->a, -1, 60000, &notified, &e), e);
	assert_true(notified);
	assert_ok(uc_db_begin(p->b, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_notify(p->b, &e), e);
	uc_db_rollback(p->b);
	int64_t start = uc_monotonic_ns();
	assert_ok(uc_db_wait(p->a, -1, 50, &notified, &e), e);
	assert_false(notified);
	assert_true(uc_monotonic_ns() - start >= 50000000);
	/* The other store in this database is not ours. */
	struct test_database other = test_database_make();
	UC_CLEANUP(uc_db_closep) struct uc_db *there = NULL;
	assert_ok(uc_db_open(other.url, UC_DB_WRITE, &there, &e), e);
	notify_and_commit(there);
	assert_ok(uc_db_wait(p->a, -1, 50, &notified, &e), e);
	assert_false(notified);
	test_database_drop(&other);
}

static void who_waits_can_be_woken_otherwise(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool notified;
	int wake[2];
	assert_int_equal(pipe(wake), 0);
	assert_int_equal(write(wake[1], "x", 1), 1);
	assert_ok(uc_db_listen(p->a, &e), e);
	int64_t start = uc_monotonic_ns();
	assert_ok(uc_db_wait(p->a, wake[0], 60000, &notified, &e), e);
	assert_false(notified);
	assert_true(uc_monotonic_ns() - start < INT64_C(50000000000));
	assert_ok(uc_db_begin(p->a, UC_DB_READ, &e), e);
	assert_fails(uc_db_wait(p->a, wake[0], 0, &notified, &e), e, UC_EINTERNAL, "internal");
	close(wake[0]);
	close(wake[1]);
}

static void a_name_is_claimed_for_the_life_of_a_connection(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool mine;
	assert_ok(uc_db_claim(p->a, "n1", &mine, &e), e);
	assert_true(mine);
	assert_ok(uc_db_claim(p->a, "n1", &mine, &e), e);
	assert_true(mine);
	assert_ok(uc_db_claim(p->b, "n1", &mine, &e), e);
	assert_false(mine);
	assert_ok(uc_db_claim(p->b, "n2", &mine, &e), e);
	assert_true(mine);
	/* It has nothing to do with the lock on the head. */
	assert_ok(uc_db_begin(p->b, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_commit(p->b, &e), e);
	end_connection(p->a, p->b);
	assert_ok(uc_db_claim(p->b, "n1", &mine, &e), e);
	assert_true(mine);
}

static void the_clock_is_the_servers(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	uc_time now;
	uc_clock_set(1000);
	assert_ok(uc_db_now(p->a, &now, &e), e);
	uc_clock_set(-1);
	assert_true(now > 1700000000 && now < UC_TIME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_makes_no_sense_is_refused_without_telling_the_password),
	    cmocka_unit_test(a_server_that_does_not_answer_is_unreachable),
	    cmocka_unit_test(a_wrong_password_and_a_missing_database_are_told_apart),
	    cmocka_unit_test(what_libpq_says_in_several_lines_is_divided),
	    cmocka_unit_test(a_place_is_named_without_the_account),
	    PAIR(the_host_that_answers_is_taken),
	    PAIR(a_database_without_unicode_is_refused),
	    cmocka_unit_test(a_failover_is_followed),
	    PAIR(a_lost_connection_stays_lost),
	    PAIR(who_waits_is_told_that_the_connection_is_lost),
	    PAIR(a_server_that_is_slow_is_heard_out),
	    PAIR(each_failure_has_its_id),
	    PAIR(a_commit_that_fails_leaves_nothing),
	    PAIR(what_is_for_reading_writes_nothing),
	    PAIR(no_value_is_cut),
	    PAIR(statements_that_are_no_longer_kept_are_dropped),
	    PAIR(writers_take_turns_and_see_each_other),
	    PAIR(who_listens_is_woken_by_a_commit),
	    PAIR(who_waits_can_be_woken_otherwise),
	    PAIR(a_name_is_claimed_for_the_life_of_a_connection),
	    PAIR(the_clock_is_the_servers),
	};
	return run_pg_tests(tests);
}
