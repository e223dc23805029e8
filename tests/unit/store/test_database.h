/*
 * A new, empty database for one test: a SQLite file or, when UCPKI_TEST_POSTGRES is the url of a superuser of a PostgreSQL server (scripts/postgres), a schema of its own there. So the
 * tests of the store are run once for each driver.
 */
#ifndef UC_TEST_DATABASE_H
#define UC_TEST_DATABASE_H

#include "uc_test.h"

#include "store/db.h"

struct test_database {
	char *dir, *path; /* of the SQLite file; NULL for PostgreSQL */
	char *schema;     /* NULL for SQLite */
	char *url;
};

/* The server's url; NULL for SQLite. */
__attribute__((unused)) static const char *test_server(void)
{
	return getenv("UCPKI_TEST_POSTGRES");
}

/* Runs SQL in a transaction of its own, on a connection of its own. */
__attribute__((unused)) static void test_sql(const char *url, const char *sql)
{
	struct uc_error e;
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &db, &e), e);
	assert_ok(uc_db_begin(db, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_exec(db, sql, &e), e);
	assert_ok(uc_db_commit(db, &e), e);
}

/* A url with one more option, which is written as in a url. Free with free(). */
__attribute__((unused)) static char *test_url_with(const char *url, const char *option)
{
	return uc_sprintf("%s%c%s", url, strchr(url, '?') != NULL ? '&' : '?', option);
}

__attribute__((unused)) static struct test_database test_database_make(void)
{
	static int made;
	struct test_database d = {.dir = NULL};
	if (test_server() == NULL) {
		d.dir = uc_test_dir();
		d.path = uc_sprintf("%s/store.db", d.dir);
		d.url = uc_sprintf("sqlite:%s", d.path);
		return d;
	}
	d.schema = uc_sprintf("t_%ld_%d", (long)getpid(), ++made);
	UC_CLEANUP(uc_freep) char *option = uc_sprintf("options=-csearch_path%%3D%s,public", d.schema);
	d.url = test_url_with(test_server(), option);
	/* An extension is the whole database's: not in the schema, where it would be dropped while others use it. */
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public; CREATE SCHEMA %s", d.schema);
	test_sql(test_server(), sql);
	return d;
}

__attribute__((unused)) static void test_database_drop(struct test_database *d)
{
	if (d->schema != NULL) {
		UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SET LOCAL client_min_messages = error; DROP SCHEMA %s CASCADE", d->schema);
		test_sql(test_server(), sql);
	}
	if (d->dir != NULL) uc_test_dir_remove(d->dir);
	free(d->path);
	free(d->schema);
	free(d->url);
}

#endif
