/* src/store/db*.c: statements, values, transactions, the text index. */
#include "test_database.h"

struct fixture {
	struct test_database database;
	struct uc_db *db;
};

static int setup(void **state)
{
	struct uc_error e;
	struct fixture *f = uc_zalloc(1, sizeof *f);
	f->database = test_database_make();
	assert_ok(uc_db_open(f->database.url, UC_DB_WRITE, &f->db, &e), e);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	uc_db_close(f->db);
	test_database_drop(&f->database);
	free(f);
	return 0;
}

static int64_t count_rows(struct uc_db *db)
{
	struct uc_error e;
	bool row;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(db, "SELECT count(*) FROM t", &s, &e), e);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_true(row);
	return uc_col_int(s, 0);
}

static void insert(struct uc_db *db, int64_t n, const char *text)
{
	struct uc_error e;
	int64_t affected;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(db, "INSERT INTO t (n, text) VALUES ($1, $2)", &s, &e), e);
	uc_bind_int(s, 1, n);
	uc_bind_text(s, 2, text);
	assert_ok(uc_stmt_run(s, &affected, &e), e);
	assert_int_equal(affected, 1);
}

static void make_table(struct uc_db *db)
{
	struct uc_error e;
	assert_ok(uc_db_exec(db, "CREATE TABLE t (n BIGINT, text TEXT); CREATE INDEX t_by_n ON t (n)", &e), e);
}

/* To SQLite "$2" is a name, whose place is that of its first appearance. */
static void parameters_go_by_their_numbers(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(f->db, "SELECT $3, $1, $2, $1", &s, &e), e);
	uc_bind_text(s, 1, "one");
	uc_bind_text(s, 2, "two");
	uc_bind_text(s, 3, "three");
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_string_equal(uc_col_text(s, 0), "three");
	assert_string_equal(uc_col_text(s, 1), "one");
	assert_string_equal(uc_col_text(s, 2), "two");
	assert_string_equal(uc_col_text(s, 3), "one");
}

static void values_come_back_as_they_went(void **state)
{
	static const uint8_t bytes[] = {0, 1, 0xff, 0};
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	assert_ok(uc_db_exec(f->db, "CREATE TABLE v (a TEXT, b TEXT, c BIGINT, d BYTEA, e BYTEA, f BYTEA)", &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *put = NULL;
	assert_ok(uc_db_stmt(f->db, "INSERT INTO v (a, b, c, d, e, f) VALUES ($1, $2, $3, $4, $5, $6)", &put, &e), e);
	uc_bind_text(put, 1, NULL);
	uc_bind_text(put, 2, "");
	uc_bind_int(put, 3, INT64_MIN);
	uc_bind_blob(put, 4, uc_slice_of(bytes, sizeof bytes));
	uc_bind_blob(put, 5, uc_slice_of(NULL, 0));
	assert_ok(uc_stmt_run(put, NULL, &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(f->db, "SELECT a, b, c, d, e, f FROM v", &s, &e), e);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_true(uc_col_null(s, 0));
	assert_string_equal(uc_col_text(s, 0), "");
	assert_false(uc_col_null(s, 1));
	assert_string_equal(uc_col_text(s, 1), "");
	assert_true(uc_col_int(s, 2) == INT64_MIN);
	assert_true(uc_slice_eq(uc_col_blob(s, 3), uc_slice_of(bytes, sizeof bytes)));
	assert_false(uc_col_null(s, 4));
	assert_int_equal(uc_col_blob(s, 4).len, 0);
	assert_true(uc_col_null(s, 5));
	assert_int_equal(uc_col_blob(s, 5).len, 0);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_false(row);
}

/* Numbers may be left out, as where a statement is put together; and a value may be bound anew. */
static void a_statement_can_be_run_again_with_some_other_values(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(f->db, "SELECT $2, $5", &s, &e), e);
	uc_bind_text(s, 2, "kept");
	uc_bind_text(s, 5, "first");
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_string_equal(uc_col_text(s, 1), "first");
	uc_stmt_again(s);
	uc_bind_text(s, 5, "second");
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_string_equal(uc_col_text(s, 0), "kept");
	assert_string_equal(uc_col_text(s, 1), "second");
}

static void a_statement_that_is_used_again_has_forgotten_its_values(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	struct uc_stmt *first = NULL;
	struct uc_stmt *again = NULL;
	assert_ok(uc_db_stmt(f->db, "SELECT $1", &first, &e), e);
	uc_bind_text(first, 1, "kept?");
	assert_ok(uc_stmt_step(first, &row, &e), e);
	uc_stmt_done(first);
	assert_ok(uc_db_stmt(f->db, "SELECT $1", &again, &e), e);
	assert_ptr_equal(first, again);
	assert_ok(uc_stmt_step(again, &row, &e), e);
	assert_true(uc_col_null(again, 0));
	uc_stmt_done(again);
}

static void the_same_statement_can_be_in_use_twice(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	make_table(f->db);
	for (int i = 0; i < 3; i++) insert(f->db, i, "x");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *outer = NULL;
	assert_ok(uc_db_stmt(f->db, "SELECT n FROM t ORDER BY n", &outer, &e), e);
	for (int64_t i = 0; i < 3; i++) {
		assert_ok(uc_stmt_step(outer, &row, &e), e);
		assert_int_equal(uc_col_int(outer, 0), i);
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *inner = NULL;
		assert_ok(uc_db_stmt(f->db, "SELECT n FROM t ORDER BY n", &inner, &e), e);
		assert_ok(uc_stmt_step(inner, &row, &e), e);
		assert_int_equal(uc_col_int(inner, 0), 0);
	}
}

static void more_statements_than_are_kept_still_work(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *held = NULL;
	bool row;
	assert_ok(uc_db_stmt(f->db, "SELECT 'held'", &held, &e), e);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 300; i++) {
			UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SELECT %d", i);
			UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
			assert_ok(uc_db_stmt(f->db, sql, &s, &e), e);
			assert_ok(uc_stmt_step(s, &row, &e), e);
			assert_int_equal(uc_col_int(s, 0), i);
		}
	assert_ok(uc_stmt_step(held, &row, &e), e);
	assert_string_equal(uc_col_text(held, 0), "held");
}

static void transactions_are_whole_and_do_not_nest(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	make_table(f->db);
	assert_false(uc_db_in_transaction(f->db));
	assert_ok(uc_db_begin(f->db, UC_DB_WRITE, &e), e);
	assert_true(uc_db_in_transaction(f->db));
	assert_fails(uc_db_begin(f->db, UC_DB_READ, &e), e, UC_EINTERNAL, "internal");
	insert(f->db, 1, "x");
	uc_db_rollback(f->db);
	assert_int_equal(count_rows(f->db), 0);
	assert_ok(uc_db_begin(f->db, UC_DB_WRITE, &e), e);
	insert(f->db, 1, "x");
	assert_ok(uc_db_commit(f->db, &e), e);
	assert_int_equal(count_rows(f->db), 1);
	assert_fails(uc_db_commit(f->db, &e), e, UC_EINTERNAL, "internal");
	uc_db_rollback(f->db);
	assert_int_equal(count_rows(f->db), 1);
}

static void a_fault_in_a_statement_is_told(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_stmt *s = NULL;
	assert_fails(uc_db_stmt(f->db, "SELECT something FROM nowhere", &s, &e), e, UC_EINTERNAL, "internal");
	assert_null(s);
	assert_non_null(strstr(e.message, "nowhere"));
	assert_fails(uc_db_exec(f->db, "nonsense", &e), e, UC_EINTERNAL, "internal");
	assert_ok(uc_db_stmt(f->db, "SELECT $1", &s, &e), e);
	uc_bind_int(s, 2, 1);
	bool row;
	assert_fails(uc_stmt_step(s, &row, &e), e, UC_EINTERNAL, "internal");
	uc_stmt_done(s);
}

struct patience {
	int asked, most;
};

static bool be_patient(void *ctx)
{
	struct patience *p = ctx;
	return ++p->asked < p->most;
}

static void a_long_statement_can_be_stopped(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	struct patience p = {.most = 10};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(f->db,
	                     "WITH RECURSIVE c (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT count(*) FROM c", &s,
	                     &e),
	          e);
	uc_db_watch(f->db, be_patient, &p);
	assert_fails(uc_stmt_step(s, &row, &e), e, UC_ELIMIT, "stopped");
	assert_int_equal(p.asked, 10);
	uc_db_watch(f->db, NULL, NULL);
	uc_stmt_again(s);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_int_equal(uc_col_int(s, 0), 100000);
}

static void a_list_of_ids_is_a_condition(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(uc_db_exec(f->db, "CREATE TABLE u (id BIGINT PRIMARY KEY); INSERT INTO u VALUES (1), (2), (3), (9223372036854775807)", &e),
	          e);
	static const int64_t lists[][3] = {{0, 0, 0}, {2, 0, 0}, {2, 3, 2}, {7, INT64_MAX, 1}};
	static const int counts[] = {0, 1, 2, 2};
	for (size_t i = 0; i < 4; i++) {
		UC_CLEANUP(uc_ids_free) struct uc_ids ids = {.items = NULL};
		for (size_t j = 0; j < 3 && lists[i][j] != 0; j++) uc_ids_add(&ids, lists[i][j]);
		const char *before;
		const char *after;
		UC_CLEANUP(uc_freep) char *list = uc_db_id_list(f->db, &ids, &before, &after);
		UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SELECT count(*) FROM u WHERE %s$1%s", before, after);
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
		bool row;
		assert_ok(uc_db_stmt(f->db, sql, &s, &e), e);
		uc_bind_text(s, 1, list);
		assert_ok(uc_stmt_step(s, &row, &e), e);
		assert_int_equal(uc_col_int(s, 0), counts[i]);
	}
}

static const char *const texts[][UC_DB_TEXT_COLUMNS] = {
    {"tomcat.pem", "host.example.com", "cn=host.example.com", "cn=example root ca", "the first", "00ff", "01"},
    {"a\"b c.pem", "100%_x", "cn=gr\xc3\xbc\xc3\x9f", "cn=\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "and or not near(", "abcdef", "123456"},
    {"(x:y)*^{}.pem", "", "", "cn='quoted'", "a\\b", "ffffff", "-1f"},
};
enum { TEXT_ROWS = 3 };

/* A driver may keep the index by itself: then the rows of the table are what counts. */
static void add_texts(struct uc_db *db)
{
	struct uc_error e;
	for (int64_t i = 0; i < TEXT_ROWS; i++) {
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
		assert_ok(uc_db_stmt(db,
		                     "INSERT INTO entry (id, k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial, name, "
		                     "usage, scope, type, distribution, not_before, not_after, k_unit, k_key_type, unit, key_type, common_name, "
		                     "description, issuer, subject, origin, number) "
		                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $2, '', '', '', '', 0, 0, '', '', '', '', '', '', '', '', '', 0)",
		                     &s, &e),
		          e);
		uc_bind_int(s, 1, i + 1);
		for (int column = 0; column < UC_DB_TEXT_COLUMNS; column++) uc_bind_text(s, column + 2, texts[i][column]);
		assert_ok(uc_stmt_run(s, NULL, &e), e);
		assert_ok(uc_db_text_change(db, true, i + 1, texts[i], &e), e);
	}
}

static bool finds(struct uc_db *db, size_t column, const char *needle, int64_t id)
{
	struct uc_error e;
	const struct uc_db_needle n = {.column = column, .text = needle};
	UC_CLEANUP(uc_ids_free) struct uc_ids ids = {.items = NULL};
	assert_ok(uc_db_text_find(db, &n, 1, 10, &ids, &e), e);
	for (size_t i = 0; i < ids.count; i++)
		if (ids.items[i] == id) return true;
	return false;
}

static void the_text_index_finds_every_piece_of_three(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(uc_db_migrate(f->db, &e), e);
	add_texts(f->db);
	for (int64_t i = 0; i < TEXT_ROWS; i++)
		for (size_t column = 0; column < UC_DB_TEXT_COLUMNS; column++) {
			const char *text = texts[i][column];
			/* Every piece that begins and ends at a character and has three of them or more. */
			for (size_t a = 0; text[a] != '\0'; a++)
				for (size_t b = a + 1; b <= strlen(text); b++) {
					size_t chars = 0;
					for (size_t k = a; k < b; k++) chars += ((uint8_t)text[k] & 0xc0) != 0x80 ? 1 : 0;
					if (((uint8_t)text[a] & 0xc0) == 0x80 || ((uint8_t)text[b] & 0xc0) == 0x80 || chars < UC_DB_MIN_NEEDLE) continue;
					UC_CLEANUP(uc_freep) char *piece = uc_strndup(text + a, b - a);
					if (!finds(f->db, column, piece, i + 1)) fail_msg("'%s' is not found in '%s'", piece, text);
				}
		}
	/* In its own column only, and no more when it was taken out. */
	assert_false(finds(f->db, 1, "tomcat", 1));
	assert_false(finds(f->db, 0, "tomcats", 1));
	assert_ok(uc_db_text_change(f->db, false, 1, texts[0], &e), e);
	assert_ok(uc_db_exec(f->db, "DELETE FROM entry WHERE id = 1", &e), e);
	assert_false(finds(f->db, 0, "tomcat", 1));
	assert_true(finds(f->db, 0, "x:y", 3));
}

static void several_needles_must_all_be_there(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(uc_db_migrate(f->db, &e), e);
	add_texts(f->db);
	const struct uc_db_needle both[] = {{.column = 0, .text = ".pem"}, {.column = 5, .text = "fff"}};
	UC_CLEANUP(uc_ids_free) struct uc_ids ids = {.items = NULL};
	assert_ok(uc_db_text_find(f->db, both, 2, 10, &ids, &e), e);
	assert_int_equal(ids.count, 1);
	assert_int_equal(ids.items[0], 3);
	UC_CLEANUP(uc_ids_free) struct uc_ids limited = {.items = NULL};
	assert_ok(uc_db_text_find(f->db, both, 1, 2, &limited, &e), e);
	assert_int_equal(limited.count, 2);
}

static void migrating_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_fails(uc_db_schema_check(f->db, &e), e, UC_ENOTFOUND, "store-missing");
	assert_ok(uc_db_migrate(f->db, &e), e);
	assert_ok(uc_db_exec(f->db, "INSERT INTO node (name, fqdn, domain, roles, guid, number) VALUES ('n1', '', '', '', '', 1)", &e), e);
	assert_ok(uc_db_migrate(f->db, &e), e);
	assert_ok(uc_db_schema_check(f->db, &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	bool row;
	assert_ok(uc_db_stmt(f->db, "SELECT name FROM node", &s, &e), e);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_string_equal(uc_col_text(s, 0), "n1");
}

static void nobody_shares_a_file(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool yes;
	uc_time now;
	char *url = NULL;
	assert_false(uc_db_shared(f->db));
	assert_false(uc_db_lost(f->db));
	assert_ok(uc_db_claim(f->db, "n1", &yes, &e), e);
	assert_true(yes);
	uc_clock_set(1767225600);
	assert_ok(uc_db_now(f->db, &now, &e), e);
	uc_clock_set(-1);
	assert_true(now == 1767225600);
	assert_ok(uc_db_listen(f->db, &e), e);
	assert_ok(uc_db_begin(f->db, UC_DB_WRITE, &e), e);
	assert_ok(uc_db_notify(f->db, &e), e);
	assert_fails(uc_db_access_put(f->db, "n2", "password", &url, &e), e, UC_EREFUSED, "not-shared");
	assert_ok(uc_db_access_drop(f->db, "n2", &e), e);
	assert_fails(uc_db_wait(f->db, -1, 0, &yes, &e), e, UC_EINTERNAL, "internal");
	assert_ok(uc_db_commit(f->db, &e), e);
	assert_fails(uc_db_access_put(f->db, "n2", "password", &url, &e), e, UC_EINTERNAL, "internal");
	int wake[2];
	assert_int_equal(pipe(wake), 0);
	assert_int_equal(write(wake[1], "x", 1), 1);
	int64_t start = uc_monotonic_ns();
	assert_ok(uc_db_wait(f->db, wake[0], 60000, &yes, &e), e);
	assert_true(uc_monotonic_ns() - start < INT64_C(50000000000));
	assert_false(yes);
	start = uc_monotonic_ns();
	assert_ok(uc_db_wait(f->db, -1, 20, &yes, &e), e);
	assert_true(uc_monotonic_ns() - start >= 20000000);
	assert_false(yes);
	close(wake[0]);
	close(wake[1]);
}

static void a_copy_need_not_wait_for_the_disk(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool row;
	assert_ok(uc_db_relax(f->db, &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	assert_ok(uc_db_stmt(f->db, "PRAGMA synchronous", &s, &e), e);
	assert_ok(uc_stmt_step(s, &row, &e), e);
	assert_int_equal(uc_col_int(s, 0), 1); /* NORMAL */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(parameters_go_by_their_numbers, setup, teardown),
	    cmocka_unit_test_setup_teardown(values_come_back_as_they_went, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_statement_can_be_run_again_with_some_other_values, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_statement_that_is_used_again_has_forgotten_its_values, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_same_statement_can_be_in_use_twice, setup, teardown),
	    cmocka_unit_test_setup_teardown(more_statements_than_are_kept_still_work, setup, teardown),
	    cmocka_unit_test_setup_teardown(transactions_are_whole_and_do_not_nest, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_fault_in_a_statement_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_list_of_ids_is_a_condition, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_text_index_finds_every_piece_of_three, setup, teardown),
	    cmocka_unit_test_setup_teardown(several_needles_must_all_be_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(migrating_again_changes_nothing, setup, teardown),
	};
	const struct CMUnitTest sqlite_tests[] = {
	    cmocka_unit_test_setup_teardown(a_long_statement_can_be_stopped, setup, teardown),
	    cmocka_unit_test_setup_teardown(nobody_shares_a_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_copy_need_not_wait_for_the_disk, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (test_server() == NULL) failed += cmocka_run_group_tests(sqlite_tests, NULL, NULL);
	return failed;
}
