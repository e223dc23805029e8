/* src/store/follow.c: what a mirror refuses. */
#include "follow_both.h"

/* A row with this body, hashed and signed by a key; key below 0: by none. */
static struct uc_log_row row_of(const struct both *b, json_t *body, int key)
{
	struct uc_log_row row = {.number = json_integer_value(json_object_get(body, "number")),
	                         .body = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS)};
	uc_sha256_hex(uc_slice_str(row.body), row.hash);
	if (key >= 0) assert_int_equal(sign(b->nodes[key].key, uc_slice_str(row.body), &row.signature, NULL), UC_OK);
	return row;
}

/* The body of a change that follows on the mirror's head, made by a node, with these steps, which are taken; owned. */
static json_t *next_body(const struct both *b, const char *node, json_t *steps)
{
	struct uc_error e;
	int64_t head;
	char hash[65];
	json_t *body = change_with(steps);
	assert_ok(uc_log_head(b->mirror, &head, hash, &e), e);
	json_object_set_new(body, "v", json_integer(1));
	json_object_set_new(body, "number", json_integer(head + 1));
	json_object_set_new(body, "previous", json_string(hash));
	json_object_set_new(body, "node", json_string(node));
	return body;
}

static void row_free(struct uc_log_row *row)
{
	free(row->body);
	uc_buf_free(&row->signature);
	for (size_t i = 0; i < row->secret_count; i++) uc_buf_free(&row->secrets[i].data);
	free(row->secrets);
}

/* It is refused as broken, because of just this, and the mirror is as it was. */
static void assert_broken(struct both *b, const struct uc_log_row *row, const char *why)
{
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *before = test_dump(b->url, true);
	UC_CLEANUP(uc_freep) char *message = uc_sprintf("the change log is not whole at change %lld: %s", (long long)row->number, why);
	assert_fails(apply(b, row, &e), e, UC_EIO, "log-broken");
	assert_string_equal(e.message, message);
	UC_CLEANUP(free_json) json_t *after = test_dump(b->url, true);
	test_same(before, after);
}

/* As assert_broken() for a row that is made from a body, which is taken. */
static void assert_body_broken(struct both *b, json_t *body, int key, const char *why)
{
	UC_CLEANUP(row_free) struct uc_log_row row = row_of(b, body, key);
	json_decref(body);
	assert_broken(b, &row, why);
}

static json_t *with(json_t *body, const char *member, json_t *value)
{
	json_object_set_new(body, member, value);
	return body;
}

static json_t *one_trust(const char *cn)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(cn, 77);
	return json_pack("[o]", trust_step("trust.add", "tomcat-trust", "one.pem", "cluster", c, ""));
}

static void a_row_that_was_altered_is_refused(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	assert_ok(follow(b, 10, &e), e);
	UC_CLEANUP(free_json) json_t *body = next_body(b, "n1", one_trust("good"));
	UC_CLEANUP(row_free) struct uc_log_row row = row_of(b, body, N1);

	char *who = strstr(row.body, "\"who\":\"admin\"");
	assert_non_null(who);
	who[8] = 'm';
	assert_broken(b, &row, "its body has another hash");
	/* With a hash that fits, only the signature tells. */
	char hash[65];
	memcpy(hash, row.hash, sizeof hash);
	uc_sha256_hex(uc_slice_str(row.body), row.hash);
	assert_broken(b, &row, "its signature is by no certificate of its node");
	who[8] = 'd';
	memcpy(row.hash, hash, sizeof hash);
	row.hash[63] = row.hash[63] == '0' ? '1' : '0';
	assert_broken(b, &row, "its body has another hash");
	memcpy(row.hash, hash, sizeof hash);
	row.signature.ptr[row.signature.len - 1] ^= 1;
	assert_broken(b, &row, "its signature is by no certificate of its node");
	row.signature.ptr[row.signature.len - 1] ^= 1;
	size_t whole = row.signature.len;
	row.signature.len = 0;
	assert_broken(b, &row, "its signature is by no certificate of its node");
	row.signature.len = whole;
	row.number = 3;
	assert_broken(b, &row, "it does not follow change 1, the last one of the mirror");
	row.number = 1;
	assert_broken(b, &row, "it does not follow change 1, the last one of the mirror");
	row.number = 2;
	char first = row.body[0];
	row.body[0] = '[';
	assert_broken(b, &row, "its body is no change");
	row.body[0] = first;
	assert_ok(apply(b, &row, &e), e);
}

static void a_body_that_does_not_belong_there_is_refused(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	assert_ok(follow(b, 10, &e), e);
	UC_CLEANUP(free_json) json_t *other = next_body(b, "n1", json_array());
	UC_CLEANUP(row_free) struct uc_log_row wrong_number = row_of(b, with(other, "number", json_integer(9)), N1);
	wrong_number.number = 3;
	assert_broken(b, &wrong_number, "its body has another number");
	assert_body_broken(b, with(next_body(b, "n1", json_array()), "previous", json_string("00")), N1,
	                   "it does not name the change before it");
	assert_body_broken(b, with(next_body(b, "n1", json_array()), "node", json_null()), N1, "it names no node");
	assert_body_broken(b, with(next_body(b, "n1", json_array()), "steps", json_string("none")), N1,
	                   "its steps do not lead on from here: the member 'steps' of a change is missing or of another type");
	/* The key of one node does not sign for another; the founder's only for those that have none. */
	assert_body_broken(b, next_body(b, "n1", json_array()), N2, "its signature is by no certificate of its node");
	assert_body_broken(b, next_body(b, "n2", json_array()), N1, "its signature is by no certificate of its node");
	assert_body_broken(b, next_body(b, "n3", json_array()), N2, "its signature is not that of the node that began the log");
}

static void the_log_begins_with_the_founder(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	json_t *steps = json_pack("[o]", node_set("n2", "publisher", b->nodes[N2].cert, json_null()));
	assert_body_broken(b, next_body(b, "n2", steps), N2, "its signature is not that of the node that began the log");
	begin_log(b);
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
	assert_ok(uc_log_after(b->store->s, 0, 1, &rows, &e), e);
	uc_follower_free(b->follower);
	b->follower = uc_follower_new(b->mirror, uc_slice_of(NULL, 0));
	assert_broken(b, &rows.items[0], "no certificate is known that its signature could be held against");
	uc_follower_free(b->follower);
	b->follower = uc_follower_new(b->mirror, uc_buf_slice(&b->nodes[N1].cert->der));
	assert_ok(apply(b, &rows.items[0], &e), e);
	assert_ok(uc_follower_verify(b->follower, &e), e);
	/* Whoever has another founder in mind does not take this log for his. */
	UC_CLEANUP(uc_follower_freep) struct uc_follower *other = uc_follower_new(b->mirror, uc_buf_slice(&b->nodes[N2].cert->der));
	assert_fails(uc_follower_verify(other, &e), e, UC_EIO, "log-broken");
	assert_non_null(strstr(e.message, "change 1: its signature is not that of the node that began the log"));
}

static void a_log_from_before_there_were_certificates_is_the_founders(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	json_t *old = node_set("n1", "publisher", NULL, json_null());
	json_object_del(old, "certificate");
	make_step(b, old);
	make_change(b, "n1", N1, one_trust("old"));
	make_step(b, node_set("n1", "publisher", b->nodes[N1].cert, node_fields("n1", "publisher", NULL)));
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	make_change(b, "n2", N2, json_array());
	assert_ok(follow(b, 2, &e), e);
	assert_mirrored(b);
	assert_ok(uc_follower_verify(b->follower, &e), e);
}

static void a_node_that_had_left_is_not_believed(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	make_change(b, "n2", N2, json_array());
	make_step(b, node_remove("n2", "subscriber", b->nodes[N2].cert));
	assert_ok(follow(b, 10, &e), e);
	assert_body_broken(b, next_body(b, "n2", json_array()), N2, "it is signed by a node that had left");
	assert_ok(uc_follower_verify(b->follower, &e), e); /* what it signed while it was there is good */
	/* By a name that is not its own any more neither. */
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	make_step(b, node_rename("n2", "n5"));
	make_change(b, "n5", N2, json_array());
	assert_ok(follow(b, 10, &e), e);
	assert_body_broken(b, next_body(b, "n2", json_array()), N2, "it is signed by a node that had left");
	assert_ok(uc_follower_verify(b->follower, &e), e);
}

static void what_was_rolled_back_is_not_believed(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	assert_ok(follow(b, 10, &e), e);
	UC_CLEANUP(free_json)
	json_t *joins = next_body(b, "n1", json_pack("[o]", node_set("n2", "subscriber", b->nodes[N2].cert, json_null())));
	UC_CLEANUP(row_free) struct uc_log_row first = row_of(b, joins, N1);
	UC_CLEANUP(free_json) json_t *own = next_body(b, "n2", json_array());
	json_object_set_new(own, "number", json_integer(3));
	json_object_set_new(own, "previous", json_string(first.hash));
	UC_CLEANUP(row_free) struct uc_log_row second = row_of(b, own, N2);
	assert_ok(uc_store_begin(b->mirror, &e), e);
	assert_ok(uc_follower_apply(b->follower, &first, &e), e);
	assert_ok(uc_follower_apply(b->follower, &second, &e), e);
	uc_store_rollback(b->mirror);
	assert_int_equal(head_of(b->mirror), 1);
	assert_body_broken(b, next_body(b, "n2", json_array()), N2, "its signature is not that of the node that began the log");
	assert_ok(apply(b, &first, &e), e);
	assert_ok(apply(b, &second, &e), e);
	assert_fails(uc_follower_apply(b->follower, &second, &e), e, UC_EINTERNAL, "internal");
}

static void steps_that_do_not_fit_the_mirror_are_refused(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	begin_log(b);
	make_step(b, trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", c, ""));
	assert_ok(follow(b, 10, &e), e);
	test_sql(b->url, "UPDATE entry SET name = 'other.pem'");
	make_step(b, trust_step("trust.remove", "tomcat-trust", "CA.pem", "cluster", c, ""));
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
	assert_ok(uc_log_after(b->store->s, 2, 1, &rows, &e), e);
	assert_broken(b, &rows.items[0],
	              "its steps do not lead on from here: tomcat-trust has no entry 'CA.pem' (cluster) with that certificate, description and "
	              "origin any more");
}

static void a_step_from_the_future_is_not_understood(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	assert_ok(follow(b, 10, &e), e);
	UC_CLEANUP(free_json) json_t *before = test_dump(b->url, true);
	json_t *const bodies[] = {
	    next_body(b, "n1", json_pack("[{s:s, s:i}]", "type", "phone.paint", "v", 1)),
	    next_body(b, "n1", json_pack("[{s:s, s:i}]", "type", "trust.add", "v", 2)),
	    with(next_body(b, "n1", json_array()), "v", json_integer(2)),
	};
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		UC_CLEANUP(row_free) struct uc_log_row row = row_of(b, bodies[i], N1);
		assert_fails(apply(b, &row, &e), e, UC_EREFUSED, "step-unknown");
		assert_non_null(strstr(e.message, "change 2"));
		/* Of one that nobody signed it is not even asked. */
		row.signature.len = 0;
		assert_fails(apply(b, &row, &e), e, UC_EIO, "log-broken");
		json_decref(bodies[i]);
	}
	UC_CLEANUP(free_json) json_t *after = test_dump(b->url, true);
	test_same(before, after);
}

static void a_secret_that_was_altered_is_refused(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	char hash[65];
	begin_log(b);
	assert_ok(follow(b, 10, &e), e);
	put_secret(b->store->s, "verifier", hash);
	make_step(
	    b, step_of("account.set", json_pack("{s:s, s:s, s:s, s:n}", "name", "admin", "role", "administrator", "secret", hash, "before")));
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
	assert_ok(uc_log_after(b->store->s, 1, 1, &rows, &e), e);
	assert_int_equal(rows.items[0].secret_count, 1);
	rows.items[0].secrets[0].data.ptr[0] ^= 1;
	assert_broken(b, &rows.items[0], "a secret that it names has another hash");
	rows.items[0].secrets[0].data.ptr[0] ^= 1;
	/* One that the change does not name is not let in with it. */
	struct uc_log_secret *named = rows.items[0].secrets;
	rows.items[0].secrets = uc_zalloc(2, sizeof *named);
	rows.items[0].secrets[0] = named[0];
	rows.items[0].secret_count = 2;
	uc_buf_add_str(&rows.items[0].secrets[1].data, "stowaway");
	uc_sha256_hex(uc_slice_str("stowaway"), rows.items[0].secrets[1].hash);
	free(named);
	assert_ok(apply(b, &rows.items[0], &e), e);
	assert_mirrored(b);
}

/* ---- a mirror that was altered itself ---- */

static void a_mirror_that_was_altered_is_not_whole(void **state)
{
	static const struct {
		const char *sql, *says;
	} rows[] = {
	    {"UPDATE change SET body = replace(body, '\"who\":\"admin\"', '\"who\":\"nobody\"') WHERE number = 2",
	     "change 2: its body has another hash"},
	    {"UPDATE change SET signature = (SELECT signature FROM change WHERE number = 2) WHERE number = 3",
	     "change 3: its signature is by no"},
	    {"DELETE FROM node_key WHERE node = 'n2'", "change 3: its signature is not that of the node that began the log"},
	    {"DELETE FROM change WHERE number = 2", "change 2: it is missing"},
	    {"UPDATE change SET who = 'nobody' WHERE number = 3", "change 3: a column differs"},
	};
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	make_change(b, "n2", N2, json_array());
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_ok(follow(b, 10, &e), e);
		assert_ok(uc_follower_verify(b->follower, &e), e);
		test_sql(b->url, rows[i].sql);
		assert_fails(uc_follower_verify(b->follower, &e), e, UC_EIO, "log-broken");
		if (strstr(e.message, rows[i].says) == NULL) fail_msg("%s: %s", rows[i].sql, e.message);
		assert_ok(uc_store_begin(b->mirror, &e), e);
		assert_ok(uc_mirror_clear(b->mirror, &e), e);
		assert_ok(uc_store_commit(b->mirror, &e), e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_row_that_was_altered_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_body_that_does_not_belong_there_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_log_begins_with_the_founder, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_log_from_before_there_were_certificates_is_the_founders, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_node_that_had_left_is_not_believed, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_rolled_back_is_not_believed, setup, teardown),
	    cmocka_unit_test_setup_teardown(steps_that_do_not_fit_the_mirror_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_step_from_the_future_is_not_understood, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_secret_that_was_altered_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_mirror_that_was_altered_is_not_whole, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
