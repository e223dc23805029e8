/* What the tests of the PostgreSQL driver share: two connections to one database, and what goes wrong on the way there. */
#ifndef UC_TEST_PG_PAIR_H
#define UC_TEST_PG_PAIR_H

#include "store_test.h"

struct pair {
	struct test_database database;
	struct uc_db *a, *b;
};

__attribute__((unused)) static int setup(void **state)
{
	struct uc_error e;
	struct pair *p = uc_zalloc(1, sizeof *p);
	p->database = test_database_make();
	assert_ok(uc_db_open(p->database.url, UC_DB_WRITE, &p->a, &e), e);
	assert_ok(uc_db_open(p->database.url, UC_DB_WRITE, &p->b, &e), e);
	*state = p;
	return 0;
}

__attribute__((unused)) static int teardown(void **state)
{
	struct pair *p = *state;
	uc_db_close(p->a);
	uc_db_close(p->b);
	test_database_drop(&p->database);
	free(p);
	return 0;
}

__attribute__((unused)) static int64_t number_of(struct uc_db *db, const char *sql)
{
	struct uc_error e;
	bool row;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(db, sql, &s, &e), e);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_true(row);
	return uc_col_int(s, 0);
}

/* Waits until a query gives this number: what a server does after a connection has ended takes a moment. */
__attribute__((unused)) static void becomes(struct uc_db *db, const char *sql, int64_t wanted)
{
	for (int i = 0; i < 500 && number_of(db, sql) != wanted; i++) usleep(20000);
	assert_int_equal(number_of(db, sql), wanted);
}

/* The url with another part between "//" and "@", or with hosts put before its own. Free with free(). */
__attribute__((unused)) static char *url_as(const char *url, const char *account, const char *hosts)
{
	const char *from = strstr(url, "//") + 2;
	const char *at = strchr(from, '@');
	UC_CLEANUP(uc_freep) char *own = uc_strndup(from, (size_t)(at - from));
	return uc_sprintf("postgresql://%s@%s%s", account != NULL ? account : own, hosts, at + 1);
}

#define SECRET "s3cret-of-the-test"

__attribute__((unused)) static void fails_without_password(const char *url, enum uc_status status, const char *id, const char *says)
{
	struct uc_error e;
	struct uc_db *db = NULL;
	assert_fails(uc_db_open(url, UC_DB_WRITE, &db, &e), e, status, id);
	assert_null(db);
	if (strstr(e.message, SECRET) != NULL || strstr(e.hint, SECRET) != NULL) fail_msg("the password is told: %s", e.message);
	if (strstr(e.message, says) == NULL) fail_msg("'%s' does not say '%s'", e.message, says);
}

__attribute__((unused)) static void end_connection(struct uc_db *victim, struct uc_db *other)
{
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("SELECT pg_terminate_backend(%d, 10000)", (int)number_of(victim, "SELECT pg_backend_pid()"));
	assert_int_equal(number_of(other, sql), 1);
}

#define PAIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* Runs the tests; a program of these has nothing to do without a server. */
#define run_pg_tests(tests)                          \
	(test_server() != NULL                           \
	     ? cmocka_run_group_tests(tests, NULL, NULL) \
	     : (fputs("set UCPKI_TEST_POSTGRES to the url of a superuser (scripts/postgres start DIR prints one)\n", stderr), 1))

#endif
