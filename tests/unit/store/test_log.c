/* src/store/log.c and log_read.c: the change log; lists of it are in test_log_list.c. */
#include "store_test.h"

static void free_json(json_t **j)
{
	json_decref(*j);
}

/* Adds a trust certificate named cn in one change; returns the change's number. */
static int64_t add_trust(struct uc_store *s, const char *cn, uint64_t n)
{
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(cn, n);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", cn);
	assert_ok(commit_change(s, change_with(json_pack("[o]", trust_step("trust.add", "tomcat-trust", name, "cluster", c, ""))), &number, &e),
	          e);
	return number;
}

/* Undoes a change by the inverses of its steps, in reverse. */
static enum uc_status undo(struct uc_store *s, int64_t number, int64_t *undone, struct uc_error *e)
{
	UC_CLEANUP(free_json) json_t *body = NULL;
	UC_TRY(uc_log_get(s, number, &body, e));
	const json_t *steps = json_object_get(body, "steps");
	json_t *inverse = json_array();
	for (size_t i = json_array_size(steps); i-- > 0;) json_array_append_new(inverse, uc_step_invert(json_array_get(steps, i)));
	json_t *change = change_with(inverse);
	json_object_set_new(change, "undoes", json_integer(number));
	return commit_change(s, change, undone, e);
}

static void numbers_follow_each_other_and_hashes_chain(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t head;
	char hash[65];
	assert_ok(uc_log_head(f->s, &head, hash, &e), e);
	assert_int_equal(head, 0);
	assert_string_equal(hash, "0000000000000000000000000000000000000000000000000000000000000000");
	char key[] = "key";
	assert_ok(uc_log_verify(f->s, test_verify, key, &e), e);
	for (uint64_t i = 1; i <= 3; i++) {
		char previous[65];
		assert_ok(uc_log_head(f->s, &head, previous, &e), e);
		UC_CLEANUP(uc_freep) char *cn = uc_sprintf("CA%d", (int)i);
		assert_int_equal(add_trust(f->s, cn, i), i);
		UC_CLEANUP(free_json) json_t *body = NULL;
		assert_ok(uc_log_get(f->s, (int64_t)i, &body, &e), e);
		assert_string_equal(json_string_value(json_object_get(body, "previous")), previous);
		assert_int_equal(json_integer_value(json_object_get(body, "number")), i);
		assert_int_equal(json_integer_value(json_object_get(body, "v")), 1);
		assert_string_equal(json_string_value(json_object_get(body, "who")), "admin");
		assert_true(json_is_null(json_object_get(body, "undone_by")));
		assert_ok(uc_log_head(f->s, &head, hash, &e), e);
		assert_string_equal(json_string_value(json_object_get(body, "hash")), hash);
	}
	assert_ok(uc_log_verify(f->s, test_verify, key, &e), e);
	assert_ok(uc_log_verify(f->s, NULL, NULL, &e), e);
	char other[] = "other key";
	assert_fails(uc_log_verify(f->s, test_verify, other, &e), e, UC_EIO, "log-broken");
	UC_CLEANUP(free_json) json_t *none = NULL;
	assert_fails(uc_log_get(f->s, 4, &none, &e), e, UC_ENOTFOUND, "no-change");
}

static void any_tampering_breaks_the_log(void **state)
{
	static const struct {
		const char *sql, *says;
	} rows[] = {
	    {"UPDATE change SET body = replace(body, '\"who\":\"admin\"', '\"who\":\"nobody\"') WHERE number = 2", "change 2"},
	    {"UPDATE change SET body = replace(body, '\"number\":2', '\"number\":7') WHERE number = 2", "change 2"},
	    {"UPDATE change SET body = 'not JSON' WHERE number = 2", "change 2"},
	    {"DELETE FROM change WHERE number = 2", "change 2"},
	    {"DELETE FROM change WHERE number = 3", "change 3"},
	    {"UPDATE change SET signature = (SELECT signature FROM change WHERE number = 1) WHERE number = 2", "change 2: its signature"},
	    {"UPDATE change SET signature = CAST('' AS BYTEA) WHERE number = 1", "change 1: its signature"},
	    {"UPDATE change SET hash = (SELECT hash FROM change WHERE number = 1) WHERE number = 2", "change 2"},
	    {"UPDATE change SET who = 'nobody' WHERE number = 1", "change 1: a column"},
	    {"UPDATE change SET summary = 'another' WHERE number = 3", "change 3: a column"},
	    {"UPDATE change SET undoes = 1 WHERE number = 3", "change 3: a column"},
	    {"UPDATE head SET number = 4", "change 4"},
	    {"UPDATE head SET number = 2", "change 3"},
	    {"UPDATE head SET hash = (SELECT hash FROM change WHERE number = 1)", "change 3"},
	    {"DELETE FROM head", "head"},
	};
	struct fixture *f = *state;
	struct uc_error e;
	char key[] = "key";
	for (uint64_t i = 1; i <= 3; i++) {
		UC_CLEANUP(uc_freep) char *cn = uc_sprintf("CA%d", (int)i);
		add_trust(f->s, cn, i);
	}
	test_sql(f->url, "CREATE TABLE kept_change AS SELECT * FROM change; CREATE TABLE kept_head AS SELECT * FROM head");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		test_sql(f->url, rows[i].sql);
		assert_fails(uc_log_verify(f->s, test_verify, key, &e), e, UC_EIO, "log-broken");
		if (strstr(e.message, rows[i].says) == NULL) fail_msg("%s: %s", rows[i].sql, e.message);
		test_sql(
		    f->url,
		    "DELETE FROM change; INSERT INTO change SELECT * FROM kept_change; DELETE FROM head; INSERT INTO head SELECT * FROM kept_head");
		assert_ok(uc_log_verify(f->s, test_verify, key, &e), e);
	}
}

static void a_repeated_request_is_told_its_change(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	json_t *change = change_with(json_pack("[o]", trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", c, "")));
	UC_CLEANUP(uc_freep) char *request = uc_strdup(json_string_value(json_object_get(change, "request")));
	int64_t number;
	assert_ok(uc_log_by_request(f->s, request, &number, &e), e);
	assert_int_equal(number, 0);
	add_trust(f->s, "first", 7);
	assert_ok(commit_change(f->s, json_incref(change), &number, &e), e);
	assert_int_equal(number, 2);
	number = 0;
	assert_fails(commit_change(f->s, change, &number, &e), e, UC_ECONFLICT, "request-repeated");
	assert_int_equal(number, 2);
	assert_ok(uc_log_by_request(f->s, request, &number, &e), e);
	assert_int_equal(number, 2);
}

static void a_change_that_lacks_a_member_is_refused(void **state)
{
	static const char *const needed[] = {"at", "node", "who", "task", "request", "summary", "steps"};
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		json_t *change = change_with(json_array());
		json_object_del(change, needed[i]);
		assert_fails(commit_change(f->s, change, &number, &e), e, UC_EINPUT, "bad-change");
		assert_string_equal(e.field, needed[i]);
		change = change_with(json_array());
		json_object_set_new(change, needed[i], json_integer(1));
		assert_fails(commit_change(f->s, change, &number, &e), e, UC_EINPUT, "bad-change");
	}
	/* What may be missing becomes null or empty. */
	json_t *change = change_with(json_array());
	json_object_del(change, "why");
	json_object_del(change, "findings");
	assert_ok(commit_change(f->s, change, &number, &e), e);
	UC_CLEANUP(free_json) json_t *body = NULL;
	assert_ok(uc_log_get(f->s, number, &body, &e), e);
	assert_true(json_is_null(json_object_get(body, "why")));
	assert_int_equal(json_array_size(json_object_get(body, "findings")), 0);
	assert_true(json_is_array(json_object_get(body, "findings")));
}

static void nothing_is_appended_outside_a_transaction(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(free_json) json_t *change = change_with(json_array());
	assert_fails(uc_log_append(f->s, change, NULL, NULL, &number, &e), e, UC_EINTERNAL, "internal");
	char hash[65];
	assert_fails(uc_store_secret_put(f->s, uc_slice_str("x"), hash, &e), e, UC_EINTERNAL, "internal");
}

static int64_t undone_by(struct uc_store *s, int64_t number)
{
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *body = NULL;
	assert_ok(uc_log_get(s, number, &body, &e), e);
	return json_integer_value(json_object_get(body, "undone_by"));
}

static void an_undo_marks_what_it_undid_and_can_be_undone(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	assert_int_equal(add_trust(f->s, "CA", 1), 1);
	assert_ok(undo(f->s, 1, &number, &e), e);
	assert_int_equal(undone_by(f->s, 1), 2);
	assert_fails(undo(f->s, 1, &number, &e), e, UC_ECONFLICT, "state-moved");
	json_t *again = change_with(json_array());
	json_object_set_new(again, "undoes", json_integer(1));
	assert_fails(commit_change(f->s, again, &number, &e), e, UC_ECONFLICT, "already-undone");
	json_t *of_nothing = change_with(json_array());
	json_object_set_new(of_nothing, "undoes", json_integer(99));
	assert_fails(commit_change(f->s, of_nothing, &number, &e), e, UC_ENOTFOUND, "no-change");
	assert_ok(undo(f->s, 2, &number, &e), e);
	assert_int_equal(number, 3);
	assert_int_equal(undone_by(f->s, 2), 3);
	assert_int_equal(undone_by(f->s, 1), 0);
	assert_ok(undo(f->s, 3, &number, &e), e);
	assert_int_equal(undone_by(f->s, 3), 4);
	assert_int_equal(undone_by(f->s, 2), 0);
	assert_int_equal(undone_by(f->s, 1), 2);
	char key[] = "key";
	assert_ok(uc_log_verify(f->s, test_verify, key, &e), e);
}

static int64_t later(struct uc_store *s, int64_t number)
{
	struct uc_error e;
	int64_t found = -1;
	assert_ok(uc_log_later(s, number, &found, &e), e);
	return found;
}

static void later_changes_of_the_same_thing_are_known(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("a", 2);
	assert_ok(commit_step(f->s, identity_step("tomcat", one, NULL, json_null()), &e), e);
	add_trust(f->s, "CA", 3);
	assert_int_equal(later(f->s, 1), 0);
	assert_ok(commit_step(f->s, identity_step("tomcat", two, NULL, identity_values(one, NULL)), &e), e);
	assert_int_equal(later(f->s, 1), 3);
	assert_int_equal(later(f->s, 2), 0);
	/* What was undone does not stand in the way, nor does the undo; when that is undone, it does again. */
	assert_ok(undo(f->s, 3, &number, &e), e);
	assert_int_equal(later(f->s, 1), 0);
	assert_ok(undo(f->s, 4, &number, &e), e);
	assert_int_equal(later(f->s, 1), 3);
	assert_int_equal(later(f->s, 99), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(numbers_follow_each_other_and_hashes_chain, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(any_tampering_breaks_the_log, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_repeated_request_is_told_its_change, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_change_that_lacks_a_member_is_refused, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_appended_outside_a_transaction, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(an_undo_marks_what_it_undid_and_can_be_undone, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(later_changes_of_the_same_thing_are_known, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
