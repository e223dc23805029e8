/* src/store/db_pg_access.c and db_pg_url.c: the accounts of nodes, what they may and may not do, and their connection strings. */
#include "pg_pair.h"

#define PASSWORD "p@ss:w/%&?#'\" \\ord"

static char *put(struct uc_db *db, const char *node, const char *password)
{
	struct uc_error e;
	char *url = NULL;
	assert_ok(uc_db_begin(db, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_access_put(db, node, password, &url, &e), e);
	assert_ok(uc_db_commit(db, &e), e);
	return url;
}

static void drop(struct uc_db *db, const char *node)
{
	struct uc_error e;
	assert_ok(uc_db_begin(db, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_access_drop(db, node, &e), e);
	assert_ok(uc_db_commit(db, &e), e);
}

/* Takes away the group of the schema's nodes, which an installation keeps. */
static void drop_group(struct pair *p)
{
	UC_CLEANUP(uc_freep)
	char *sql =
	    uc_sprintf("DROP OWNED BY ucpki_postgres_%s_nodes; DROP ROLE ucpki_postgres_%s_nodes", p->database.schema, p->database.schema);
	test_sql(p->database.url, sql);
}

static void a_node_may_do_its_work_and_no_more(void **state)
{
	static const char *const forbidden[] = {
	    "DELETE FROM change",
	    "UPDATE change SET body = ''",
	    "UPDATE change SET signature = ''",
	    "TRUNCATE change",
	    "CREATE TABLE mine (n BIGINT)",
	    "UPDATE schema_version SET version = 0",
	    "DELETE FROM schema_version",
	    "INSERT INTO head VALUES (1, 0, '', 1)",
	    "DELETE FROM head",
	    "DROP TABLE job",
	    "ALTER TABLE change ADD COLUMN n INT",
	    "CREATE ROLE another",
	};
	struct pair *p = *state;
	struct uc_error e;
	assert_ok(uc_db_migrate(p->a, &e), e);
	char *url = put(p->a, "n2", PASSWORD);
	UC_CLEANUP(uc_store_closep) struct uc_store *s = NULL;
	assert_ok(uc_store_open(url, UC_STORE_WRITE, &s, &e), e);
	/* A change and its undo: every kind of right that a node needs. */
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	int64_t number;
	assert_ok(commit_step(s, trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", c, ""), &e), e);
	json_t *undo = change_with(json_pack("[o]", trust_step("trust.remove", "tomcat-trust", "CA.pem", "cluster", c, "")));
	json_object_set_new(undo, "undoes", json_integer(1));
	assert_ok(commit_change(s, undo, &number, &e), e);
	assert_ok(uc_store_effect_put(s, "n2", number, "tls", "done", "", &e), e);
	UC_CLEANUP(uc_db_closep) struct uc_db *node = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &node, &e), e);
	for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
		enum uc_status status = uc_db_exec(node, forbidden[i], &e);
		if (status != UC_EREFUSED || strcmp(e.id, "store-access") != 0) fail_msg("%s: %s", forbidden[i], e.message);
		if (strstr(e.message, PASSWORD) != NULL) fail_msg("the password is told: %s", e.message);
	}
	char *another = NULL;
	assert_ok(uc_db_begin(node, UC_DB_WRITE, &e), e);
	assert_fails(uc_db_access_put(node, "n3", PASSWORD, &another, &e), e, UC_EREFUSED, "store-access");
	uc_db_rollback(node);
	drop(p->a, "n2");
	uc_secret_free(url, strlen(url));
	drop_group(p);
}

static void a_node_that_is_newer_than_the_store_is_told_so(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	struct uc_store *s = NULL;
	assert_ok(uc_db_migrate(p->a, &e), e);
	char *url = put(p->a, "n2", PASSWORD);
	assert_ok(uc_db_exec(p->a, "UPDATE schema_version SET version = 1", &e), e);
	assert_fails(uc_store_open(url, UC_STORE_WRITE, &s, &e), e, UC_EREFUSED, "schema-older");
	assert_non_null(strstr(e.hint, "publisher"));
	assert_fails(uc_store_open(url, UC_STORE_READ, &s, &e), e, UC_EREFUSED, "schema-older");
	drop(p->a, "n2");
	uc_secret_free(url, strlen(url));
	drop_group(p);
}

/* Tables that a migration adds are the nodes' too. */
static void a_migration_renews_the_rights(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	char *url = put(p->a, "n2", PASSWORD);
	UC_CLEANUP(uc_db_closep) struct uc_db *node = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &node, &e), e);
	assert_ok(uc_db_migrate(p->a, &e), e);
	assert_ok(uc_db_schema_check(node, &e), e);
	assert_int_equal(number_of(node, "SELECT count(*) FROM job"), 0);
	drop(p->a, "n2");
	uc_secret_free(url, strlen(url));
	drop_group(p);
}

static void a_new_password_replaces_the_old(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	struct uc_db *node = NULL;
	assert_ok(uc_db_migrate(p->a, &e), e);
	char *old = put(p->a, "n2", PASSWORD);
	char *new = put(p->a, "n2", SECRET);
	fails_without_password(old, UC_EREFUSED, "store-access", "n2");
	assert_ok(uc_db_open(new, UC_DB_WRITE, &node, &e), e);
	uc_db_close(node);
	drop(p->a, "n2");
	fails_without_password(new, UC_EREFUSED, "store-access", "n2");
	uc_secret_free(old, strlen(old));
	uc_secret_free(new, strlen(new));
	drop_group(p);
}

static void who_is_dropped_is_out_at_once(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	assert_ok(uc_db_migrate(p->a, &e), e);
	char *url = put(p->a, "n2", PASSWORD);
	char *other = put(p->a, "n3", PASSWORD);
	UC_CLEANUP(uc_db_closep) struct uc_db *node = NULL;
	UC_CLEANUP(uc_db_closep) struct uc_db *stays = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &node, &e), e);
	assert_ok(uc_db_open(other, UC_DB_WRITE, &stays, &e), e);
	bool notified;
	assert_ok(uc_db_listen(node, &e), e);
	drop(p->a, "n2");
	assert_fails(uc_db_wait(node, -1, 60000, &notified, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	/* A second time there is nothing to do. */
	drop(p->a, "n2");
	assert_int_equal(number_of(stays, "SELECT count(*) FROM change"), 0);
	drop(p->a, "n3");
	uc_secret_free(url, strlen(url));
	uc_secret_free(other, strlen(other));
	drop_group(p);
}

/* What everybody may make must not keep a node in. */
static void who_owns_something_is_dropped_as_well(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	assert_ok(uc_db_migrate(p->a, &e), e);
	char *url = put(p->a, "n2", PASSWORD);
	UC_CLEANUP(uc_db_closep) struct uc_db *node = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &node, &e), e);
	assert_ok(uc_db_exec(node, "CREATE TEMPORARY TABLE mine (n BIGINT)", &e), e);
	int64_t before = number_of(p->a, "SELECT count(*) FROM pg_largeobject_metadata");
	assert_true(number_of(node, "SELECT lo_create(0)") > 0);
	drop(p->a, "n2");
	fails_without_password(url, UC_EREFUSED, "store-access", "n2");
	assert_int_equal(number_of(p->a, "SELECT count(*) FROM pg_largeobject_metadata"), before);
	uc_secret_free(url, strlen(url));
	drop_group(p);
}

static void an_account_of_somebody_else_is_left_alone(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	char *url = NULL;
	UC_CLEANUP(uc_freep) char *role = uc_sprintf("ucpki_postgres_%s_n2", p->database.schema);
	UC_CLEANUP(uc_freep) char *create = uc_sprintf("CREATE ROLE %s SUPERUSER", role);
	assert_ok(uc_db_exec(p->a, create, &e), e);
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	assert_fails(uc_db_access_put(p->a, "n2", PASSWORD, &url, &e), e, UC_EREFUSED, "store-access");
	uc_db_rollback(p->a);
	assert_ok(uc_db_begin(p->a, UC_DB_WRITE, &e), e);
	assert_fails(uc_db_access_drop(p->a, "n2", &e), e, UC_EREFUSED, "store-access");
	uc_db_rollback(p->a);
	UC_CLEANUP(uc_freep) char *gone = uc_sprintf("DROP ROLE %s", role);
	assert_ok(uc_db_exec(p->a, gone, &e), e);
}

/* A publisher that owns its schema and may make roles is enough; and names may be long. */
static void the_publisher_need_not_be_superuser(void **state)
{
	static const char node[] = "a-node.with-a-very-long-name.in-a-domain-with-a-very-long-name.example.com";
	struct pair *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("CREATE ROLE pub_%s LOGIN CREATEROLE PASSWORD '" SECRET "'; ALTER SCHEMA %s OWNER TO pub_%s", p->database.schema,
	                       p->database.schema, p->database.schema);
	assert_ok(uc_db_exec(p->a, sql, &e), e);
	UC_CLEANUP(uc_freep) char *account = uc_sprintf("pub_%s:" SECRET, p->database.schema);
	UC_CLEANUP(uc_freep) char *url = url_as(p->database.url, account, "");
	struct uc_db *publisher = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &publisher, &e), e);
	assert_ok(uc_db_migrate(publisher, &e), e);
	char *other = put(publisher, node, PASSWORD);
	UC_CLEANUP(uc_store_closep) struct uc_store *s = NULL;
	assert_ok(uc_store_open(other, UC_STORE_WRITE, &s, &e), e);
	drop(publisher, node);
	assert_fails(uc_store_begin(s, &e), e, UC_EUNAVAILABLE, "store-unreachable");
	uc_db_close(publisher);
	uc_secret_free(other, strlen(other));
	drop_group(p);
	UC_CLEANUP(uc_freep) char *gone = uc_sprintf("DROP OWNED BY pub_%s; DROP ROLE pub_%s", p->database.schema, p->database.schema);
	UC_CLEANUP(uc_freep) char *keep = uc_sprintf("ALTER SCHEMA %s OWNER TO postgres", p->database.schema);
	assert_ok(uc_db_exec(p->a, keep, &e), e);
	assert_ok(uc_db_exec(p->a, gone, &e), e);
}

/* ---- what a cluster's store needs ---- */

static struct uc_db *open_as(struct pair *p, const char *role)
{
	struct uc_error e;
	struct uc_db *db = NULL;
	UC_CLEANUP(uc_freep) char *account = uc_sprintf("%s:" SECRET, role);
	UC_CLEANUP(uc_freep) char *url = url_as(p->database.url, account, "");
	assert_ok(uc_db_open(url, UC_DB_READ, &db, &e), e);
	return db;
}

static void run_for(struct pair *p, const char *format, const char *role)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf sql = UC_BUF_EMPTY;
	for (const char *c = format; *c != '\0'; c++)
		if (*c == '@')
			uc_buf_add_str(&sql, role);
		else if (*c == '#')
			uc_buf_add_str(&sql, p->database.schema);
		else
			uc_buf_add_u8(&sql, (uint8_t)*c);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&sql);
	assert_ok(uc_db_exec(p->a, text, &e), e);
}

/* Each right that an account lacks is named with the SQL that gives it, and what it says helps. */
static void an_account_without_the_rights_is_told_which_and_how(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool ours = true;
	UC_CLEANUP(uc_freep) char *role = uc_sprintf("\"Weak-%s\"", p->database.schema);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("Weak-%s", p->database.schema);
	run_for(p, "CREATE ROLE @ LOGIN PASSWORD '" SECRET "'; GRANT USAGE ON SCHEMA # TO @", role);
	struct uc_db *weak = open_as(p, name);
	assert_fails(uc_db_fit(weak, &ours, &e), e, UC_EREFUSED, "store-access");
	assert_non_null(strstr(e.message, "may not make accounts (CREATEROLE)"));
	assert_non_null(strstr(e.message, "make tables in the schema"));
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("ALTER ROLE %s CREATEROLE; ALTER DATABASE postgres OWNER TO %s;", role, role);
	assert_non_null(strstr(e.hint, sql));
	run_for(p, "GRANT CREATE ON SCHEMA # TO @", role);
	assert_fails(uc_db_fit(weak, &ours, &e), e, UC_EREFUSED, "store-access");
	assert_null(strstr(e.message, "tables"));
	assert_null(strstr(e.hint, "OWNER"));
	run_for(p, "ALTER ROLE @ CREATEROLE", role);
	assert_ok(uc_db_fit(weak, &ours, &e), e);
	assert_false(ours);
	uc_db_close(weak);
	run_for(p, "DROP OWNED BY @; DROP ROLE @", role);
}

static void a_database_with_something_else_in_it_is_no_store(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool ours = true;
	assert_ok(uc_db_fit(p->a, &ours, &e), e);
	assert_false(ours);
	assert_int_equal(number_of(p->a, "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"), 0);
	assert_ok(uc_db_exec(p->a, "CREATE VIEW \"Their view\" AS SELECT 1", &e), e);
	assert_fails(uc_db_fit(p->a, &ours, &e), e, UC_ECONFLICT, "store-not-empty");
	assert_non_null(strstr(e.message, "\"Their view\""));
	assert_non_null(strstr(e.hint, "CREATE DATABASE name OWNER postgres ENCODING 'UTF8'"));
	assert_ok(uc_db_exec(p->a, "DROP VIEW \"Their view\"", &e), e);
	assert_ok(uc_db_migrate(p->a, &e), e);
	assert_ok(uc_db_fit(p->a, &ours, &e), e);
	assert_true(ours);
}

/* What of a url another account keeps: the servers and the options, not the secrets. */
static void a_url_keeps_its_servers_and_options(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *hosts = url_as(p->database.url, NULL, "localhost:1,[::1]:2,");
	UC_CLEANUP(uc_freep) char *with = test_url_with(hosts, "connect_timeout=7&sslpassword=" SECRET "&sslkey=%2fmine");
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(with, UC_DB_WRITE, &db, &e), e);
	char *url = put(db, "n2", PASSWORD);
	assert_non_null(strstr(url, "@localhost:1,[::1]:2,127.0.0.1:"));
	assert_non_null(strstr(url, "/postgres?"));
	assert_non_null(strstr(url, "connect_timeout=7"));
	assert_non_null(strstr(url, "options=-csearch_path"));
	assert_null(strstr(url, SECRET));
	assert_null(strstr(url, "sslkey"));
	struct uc_db *node = NULL;
	assert_ok(uc_db_open(url, UC_DB_READ, &node, &e), e);
	uc_db_close(node);
	drop(db, "n2");
	uc_secret_free(url, strlen(url));
	drop_group(p);
}

/* The directory of a socket stands among the options. */
static void a_socket_is_a_server_too(void **state)
{
	struct pair *p = *state;
	struct uc_error e;
	bool row;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(p->a, "SELECT replace(current_setting('unix_socket_directories'), '/', '%2F'), current_setting('port')", &s, &e),
	          e);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	UC_CLEANUP(uc_freep)
	char *socket = uc_sprintf("postgresql://postgres:postgres@/postgres?host=%s&port=%s%%2C%s&options=-csearch_path%%3D%s,public",
	                          uc_col_text(s, 0), uc_col_text(s, 1), uc_col_text(s, 1), p->database.schema);
	/* Two hosts, of which the first is nobody's. */
	UC_CLEANUP(uc_freep)
	char *both = uc_sprintf("%.*s%%2Fnowhere,%s", (int)(strstr(socket, "host=") + 5 - socket), socket, strstr(socket, "host=") + 5);
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(both, UC_DB_WRITE, &db, &e), e);
	char *url = put(db, "n2", PASSWORD);
	struct uc_db *node = NULL;
	assert_ok(uc_db_open(url, UC_DB_READ, &node, &e), e);
	uc_db_close(node);
	drop(db, "n2");
	uc_secret_free(url, strlen(url));
	drop_group(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PAIR(a_node_may_do_its_work_and_no_more),
	    PAIR(a_node_that_is_newer_than_the_store_is_told_so),
	    PAIR(a_migration_renews_the_rights),
	    PAIR(a_new_password_replaces_the_old),
	    PAIR(who_is_dropped_is_out_at_once),
	    PAIR(who_owns_something_is_dropped_as_well),
	    PAIR(an_account_of_somebody_else_is_left_alone),
	    PAIR(the_publisher_need_not_be_superuser),
	    PAIR(an_account_without_the_rights_is_told_which_and_how),
	    PAIR(a_database_with_something_else_in_it_is_no_store),
	    PAIR(a_url_keeps_its_servers_and_options),
	    PAIR(a_socket_is_a_server_too),
	};
	return run_pg_tests(tests);
}
