/* src/store/cluster.c, job.c and what log_read.c has for followers: reading what a cluster consists of. */
#include "cluster_steps.h"
#include "store/cluster.h"

static void free_json(json_t **j)
{
	json_decref(*j);
}

/* ---- nodes ---- */

static void note_node(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

static void note_join(void *ctx, const struct uc_join *j)
{
	struct uc_strv *out = ctx;
	uc_strv_take(out, uc_sprintf("%s %s %s %zu", j->id, j->node, j->roles, j->sealed.len));
}

static void nodes_are_listed_by_name(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(commit_step(f->s, node_set("n2", "publisher", NULL, json_null()), &e), e);
	assert_ok(commit_step(f->s, node_set("n10", "subscriber", NULL, json_null()), &e), e);
	assert_ok(commit_step(f->s, node_set("n1", "tftp", NULL, json_null()), &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	assert_ok(uc_store_nodes(f->s, note_node, &names, &e), e);
	UC_CLEANUP(uc_freep) char *joined = uc_strv_join(&names, " ");
	assert_string_equal(joined, "n1 n10 n2");
}

static void nodes_that_may_join_are_listed_with_what_was_sealed(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char secret[65];
	put_secret(f->s, "four", secret);
	assert_ok(commit_step(f->s, join_set("b", "n3", secret, json_null()), &e), e);
	assert_ok(commit_step(f->s, join_set("a", "n4", secret, json_null()), &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv joins = {.items = NULL};
	assert_ok(uc_store_joins(f->s, note_join, &joins, &e), e);
	assert_int_equal(joins.count, 2);
	assert_string_equal(joins.items[0], "b n3 subscriber 4");
	assert_string_equal(joins.items[1], "a n4 subscriber 4");
	UC_CLEANUP(uc_join_free) struct uc_join j = {.id = NULL};
	assert_ok(uc_store_join(f->s, "b", &j, &e), e);
	assert_string_equal(j.domain, "example.com");
	assert_string_equal(j.secret, secret);
	assert_int_equal(j.expires, 1767409445); /* 2026-01-03T03:04:05Z */
	assert_int_equal(j.number, 1);
	/* A mirror may have the row and not the secret. */
	test_sql(f->url, "DELETE FROM secret");
	UC_CLEANUP(uc_join_free) struct uc_join bare = {.id = NULL};
	assert_ok(uc_store_join(f->s, "b", &bare, &e), e);
	assert_int_equal(bare.sealed.len, 0);
}

/* ---- keys ---- */

static void note_sealed(void *ctx, const struct uc_sealed *k)
{
	struct uc_strv *out = ctx;
	UC_CLEANUP(uc_freep) char *nodes = uc_strv_join(&k->nodes, "+");
	uc_strv_take(out, uc_sprintf("%s %s %s %zu", k->purpose, k->kind, nodes, k->blob.len));
}

static void sealed_keys_are_listed_newest_first(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char secret[65];
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("one", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("two", 2);
	put_secret(f->s, "sealed", secret);
	assert_ok(commit_step(f->s, key_seal(key_of(one), "tomcat", json_pack("[s, s]", "n1", "n2"), secret, json_null()), &e), e);
	assert_ok(commit_step(f->s, key_seal(key_of(two), "authz", json_pack("[s]", "n1"), secret, json_null()), &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	assert_ok(uc_store_sealed_each(f->s, NULL, note_sealed, &all, &e), e);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.items[0], "authz private n1 6");
	assert_string_equal(all.items[1], "tomcat private n1+n2 6");
	UC_CLEANUP(uc_strv_free) struct uc_strv some = {.items = NULL};
	assert_ok(uc_store_sealed_each(f->s, "tomcat", note_sealed, &some, &e), e);
	assert_int_equal(some.count, 1);
	UC_CLEANUP(uc_sealed_free) struct uc_sealed k = {.key_id = NULL};
	assert_ok(uc_store_sealed(f->s, uc_key_id(one->spki, id), &k, &e), e);
	assert_string_equal(k.secret, secret);
	assert_int_equal(k.number, 1);
	UC_CLEANUP(uc_sealed_free) struct uc_sealed none = {.key_id = NULL};
	assert_fails(uc_store_sealed(f->s, "00", &none, &e), e, UC_ENOTFOUND, "no-sealed-key");
}

/* ---- jobs ---- */

static void note_job(void *ctx, const struct uc_job *j)
{
	uc_strv_add(ctx, j->id);
}

static void assert_jobs(const struct fixture *f, const char *node, const char *job_state, int64_t before, size_t limit, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv ids = {.items = NULL};
	assert_ok(uc_store_jobs(f->s, node, job_state, before, limit, note_job, &ids, &e), e);
	UC_CLEANUP(uc_freep) char *joined = uc_strv_join(&ids, " ");
	assert_string_equal(joined, want);
}

static void jobs_are_listed_newest_first_by_node_and_state(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(commit_step(f->s, job_add("a", "n1"), &e), e);
	assert_ok(commit_step(f->s, job_add("b", "n2"), &e), e);
	assert_ok(commit_step(f->s, job_add("c", "n1"), &e), e);
	assert_ok(commit_step(f->s, job_done("a", "n1", "done", "well"), &e), e);
	assert_jobs(f, NULL, NULL, 0, 100, "c b a");
	assert_jobs(f, NULL, NULL, 0, 2, "c b");
	assert_jobs(f, NULL, NULL, 2, 100, "a");
	assert_jobs(f, "n1", NULL, 0, 100, "c a");
	assert_jobs(f, "n1", "waiting", 0, 100, "c");
	assert_jobs(f, NULL, "waiting", 0, 100, "c b");
	assert_jobs(f, NULL, "failed", 0, 100, "");
	UC_CLEANUP(uc_job_free) struct uc_job j = {.id = NULL};
	assert_ok(uc_store_job(f->s, "b", &j, &e), e);
	assert_string_equal(j.task, "regen");
	assert_string_equal(json_string_value(json_object_get(j.arguments, "purpose")), "tomcat");
	assert_true(uc_slice_eq(uc_buf_slice(&j.content), uc_slice_str("\x01\x02\x03")));
	assert_string_equal(j.seen, "abcd");
	assert_string_equal(j.why, "it is time");
	assert_string_equal(j.who, "admin");
	assert_string_equal(j.summary, "a job");
	assert_true(j.yes && !j.force);
	assert_int_equal(j.created, 1767323045);
	assert_int_equal(j.deadline, 1767409445);
	assert_int_equal(j.answer, 0);
	UC_CLEANUP(uc_job_free) struct uc_job none = {.id = NULL};
	assert_fails(uc_store_job(f->s, "x", &none, &e), e, UC_ENOTFOUND, "no-job");
}

static void what_a_job_need_not_have_is_empty(void **state)
{
	static const char *const optional[] = {"content", "seen", "why", "yes", "force"};
	struct fixture *f = *state;
	struct uc_error e;
	json_t *nulls = job_add("nulls", "n1");
	json_t *missing = job_add("missing", "n1");
	for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
		json_object_set_new(nulls, optional[i], json_null());
		json_object_del(missing, optional[i]);
	}
	assert_ok(commit_step(f->s, nulls, &e), e);
	assert_ok(commit_step(f->s, missing, &e), e);
	static const char *const ids[] = {"nulls", "missing"};
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(uc_job_free) struct uc_job j = {.id = NULL};
		assert_ok(uc_store_job(f->s, ids[i], &j, &e), e);
		assert_int_equal(j.content.len, 0);
		assert_string_equal(j.seen, "");
		assert_string_equal(j.why, "");
		assert_true(!j.yes && !j.force);
	}
}

/* ---- what nodes say of themselves ---- */

static void each_node_has_one_state_the_last(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	uc_time before;
	assert_ok(uc_store_now(f->s, &before, &e), e);
	UC_CLEANUP(free_json) json_t *report = json_pack("{s:s}", "version", "0.1.0");
	UC_CLEANUP(free_json) json_t *empty = json_object();
	assert_ok(uc_store_state_put(f->s, "n1", 7, report, &e), e);
	assert_ok(uc_store_state_put(f->s, "n1", 8, report, &e), e);
	assert_ok(uc_store_state_put(f->s, "n2", 9, empty, &e), e);
	UC_CLEANUP(free_json) json_t *all = NULL;
	assert_ok(uc_store_states(f->s, &all, &e), e);
	assert_int_equal(json_object_size(all), 2);
	const json_t *one = json_object_get(all, "n1");
	assert_int_equal(json_integer_value(json_object_get(one, "number")), 8);
	assert_true(json_integer_value(json_object_get(one, "at")) >= before);
	assert_true(json_equal(json_object_get(one, "report"), report));
	int64_t head;
	assert_ok(uc_log_head(f->s, &head, NULL, &e), e);
	assert_int_equal(head, 0); /* no change */
	/* What is no report, or more than one ever is, is none. */
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("UPDATE node_state SET report = '[\"%0*d\"]' WHERE node = 'n1'", 300 * 1024, 0);
	test_sql(f->url, sql);
	UC_CLEANUP(free_json) json_t *odd = NULL;
	assert_ok(uc_store_states(f->s, &odd, &e), e);
	assert_int_equal(json_object_size(json_object_get(json_object_get(odd, "n1"), "report")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(odd, "n1"), "number")), 8);
}

static void the_newest_effects_of_a_node_are_copied(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *dir = uc_test_dir();
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/mirror.db", dir);
	struct uc_store *mirror = NULL;
	assert_ok(uc_store_open(url, UC_STORE_WRITE, &mirror, &e), e);
	for (int64_t i = 1; i <= 4; i++) {
		uc_clock_set(1000 + i);
		assert_ok(uc_store_effect_put(mirror, i == 3 ? "n2" : "n1", i, "tls", "done", "as seen", &e), e);
	}
	uc_clock_set(-1);
	assert_ok(uc_store_effect_put(f->s, "n1", 4, "tls", "failed", "before", &e), e);
	assert_ok(uc_store_effects_copy(mirror, f->s, "n1", 1002, 1, &e), e);
	assert_ok(uc_store_effects_copy(mirror, f->s, "n1", 1002, 10, &e), e);
	static const size_t copied[] = {0, 1, 0, 1};
	for (int64_t i = 1; i <= 4; i++) {
		UC_CLEANUP(free_json) json_t *effects = NULL;
		assert_ok(uc_store_effects(f->s, i, &effects, &e), e);
		assert_int_equal(json_array_size(effects), copied[i - 1]);
		if (copied[i - 1] == 0) continue;
		const json_t *effect = json_array_get(effects, 0);
		assert_string_equal(json_string_value(json_object_get(effect, "state")), "done");
		assert_string_equal(json_string_value(json_object_get(effect, "detail")), "as seen");
		assert_string_equal(json_string_value(json_object_get(effect, "at")), i == 2 ? "1970-01-01T00:16:42Z" : "1970-01-01T00:16:44Z");
	}
	uc_store_close(mirror);
	uc_test_dir_remove(uc_move(dir));
}

/* ---- the log, as a follower asks for it ---- */

static void add_changes(struct uc_store *s, uint64_t from, uint64_t to)
{
	struct uc_error e;
	for (uint64_t i = from; i <= to; i++) {
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", i);
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("CA%d.pem", (int)i);
		assert_ok(commit_step(s, trust_step("trust.add", "tomcat-trust", name, "cluster", c, ""), &e), e);
	}
}

static void changes_come_in_batches_as_they_lie_in_the_log(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	add_changes(f->s, 1, 5);
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
	assert_ok(uc_log_after(f->s, 1, 3, &rows, &e), e);
	assert_int_equal(rows.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct uc_log_row *row = &rows.items[i];
		char hash[65];
		assert_int_equal(row->number, i + 2);
		assert_string_equal(uc_sha256_hex(uc_slice_str(row->body), hash), row->hash);
		char key[] = "key";
		assert_true(test_verify(key, uc_slice_str(row->body), uc_buf_slice(&row->signature)));
		assert_int_equal(row->secret_count, 0);
		char listed[65];
		assert_ok(uc_log_hash(f->s, row->number, listed, &e), e);
		assert_string_equal(listed, row->hash);
	}
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows none = {.items = NULL};
	assert_ok(uc_log_after(f->s, 5, 3, &none, &e), e);
	assert_int_equal(none.count, 0);
	char hash[65];
	assert_ok(uc_log_hash(f->s, 0, hash, &e), e);
	assert_string_equal(hash, "0000000000000000000000000000000000000000000000000000000000000000");
	assert_fails(uc_log_hash(f->s, 6, hash, &e), e, UC_ENOTFOUND, "no-change");
}

static void a_batch_has_a_limit_of_bytes_but_for_its_first_change(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	add_changes(f->s, 1, 4);
	/* Of the first three two do not fit together, and the second does not fit by itself. */
	static const int megabytes[] = {10, 17, 10};
	for (int i = 0; i < 3; i++) {
		UC_CLEANUP(uc_freep)
		char *grow = uc_sprintf("UPDATE change SET body = replace('%01024d', '0', '%01024d') WHERE number = %d; "
		                        "UPDATE change SET body = replace(body, '%0100d', '%0*d') WHERE number = %d",
		                        0, 0, i + 1, 0, 100 * megabytes[i], 0, i + 1);
		test_sql(f->url, grow);
	}
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows first = {.items = NULL};
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows second = {.items = NULL};
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows third = {.items = NULL};
	assert_ok(uc_log_after(f->s, 0, 100, &first, &e), e);
	assert_ok(uc_log_after(f->s, 1, 100, &second, &e), e);
	assert_ok(uc_log_after(f->s, 2, 100, &third, &e), e);
	assert_int_equal(first.count, 1);
	assert_int_equal(second.count, 1);
	assert_true(strlen(second.items[0].body) > UC_LOG_BATCH_BYTES);
	assert_int_equal(third.count, 2);
}

/* Any node can add to the tables: what no program of ours would write is not read into memory, and refused. */
static void what_is_too_large_comes_empty(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char secret[65];
	add_changes(f->s, 1, 2);
	put_secret(f->s, "one", secret);
	json_t *steps = json_pack("[o]", join_set("j", "n2", secret, json_null()));
	int64_t number;
	assert_ok(commit_change(f->s, change_with(steps), &number, &e), e);
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(f->url, UC_DB_WRITE, &db, &e), e);
	UC_CLEANUP(uc_buf_free) struct uc_buf large = UC_BUF_EMPTY;
	memset(uc_buf_extend(&large, UC_LOG_BODY_MAX + 1), 'x', UC_LOG_BODY_MAX + 1);
	UC_CLEANUP(uc_freep) char *body = uc_strndup((const char *)large.ptr, large.len);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *change = NULL;
	assert_ok(uc_db_stmt(db, "UPDATE change SET body = $1 WHERE number = 1", &change, &e), e);
	uc_bind_text(change, 1, body);
	assert_ok(uc_stmt_run(change, NULL, &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *rest = NULL;
	assert_ok(uc_db_stmt(db, "UPDATE change SET signature = $1 WHERE number = 2", &rest, &e), e);
	uc_bind_blob(rest, 1, uc_slice_of(large.ptr, 2000));
	assert_ok(uc_stmt_run(rest, NULL, &e), e);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *data = NULL;
	assert_ok(uc_db_stmt(db, "UPDATE secret SET data = $1", &data, &e), e);
	uc_bind_blob(data, 1, uc_slice_of(large.ptr, (size_t)20 * 1024 * 1024));
	assert_ok(uc_stmt_run(data, NULL, &e), e);
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows first = {.items = NULL};
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows others = {.items = NULL};
	assert_ok(uc_log_after(f->s, 0, 10, &first, &e), e);
	assert_int_equal(first.count, 1);
	assert_string_equal(first.items[0].body, "");
	assert_ok(uc_log_after(f->s, 1, 10, &others, &e), e);
	assert_int_equal(others.count, 2);
	assert_true(strlen(others.items[0].body) > 0);
	assert_int_equal(others.items[0].signature.len, 0);
	assert_int_equal(others.items[1].secret_count, 0);
}

static void a_change_has_a_limit(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_buf_free) struct uc_buf large = UC_BUF_EMPTY;
	memset(uc_buf_extend(&large, UC_LOG_BODY_MAX), 'x', UC_LOG_BODY_MAX);
	UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)large.ptr, large.len);
	json_t *change = change_with(json_array());
	json_object_set_new(change, "summary", json_string(text));
	assert_fails(commit_change(f->s, change, &number, &e), e, UC_ELIMIT, "too-large");
	assert_ok(uc_log_head(f->s, &number, NULL, &e), e);
	assert_int_equal(number, 0);
}

static void changes_bring_the_secrets_that_are_still_there(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char one[65];
	char two[65];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("key", 1);
	put_secret(f->s, "one", one);
	put_secret(f->s, "two", two);
	json_t *steps =
	    json_pack("[o, o]", join_set("j", "n2", one, json_null()), key_seal(key_of(c), "authz", json_pack("[s]", "n1"), two, json_null()));
	int64_t number;
	assert_ok(commit_change(f->s, change_with(steps), &number, &e), e);
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows both = {.items = NULL};
	assert_ok(uc_log_after(f->s, 0, 10, &both, &e), e);
	assert_int_equal(both.items[0].secret_count, 2);
	assert_string_equal(both.items[0].secrets[0].hash, one);
	assert_true(uc_slice_eq(uc_buf_slice(&both.items[0].secrets[1].data), uc_slice_str("two")));
	assert_ok(commit_step(f->s, key_purge(UC_ALL_NODES, key_of(c)), &e), e);
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows left = {.items = NULL};
	assert_ok(uc_log_after(f->s, 0, 10, &left, &e), e);
	assert_int_equal(left.count, 2);
	assert_int_equal(left.items[0].secret_count, 1);
	assert_string_equal(left.items[0].secrets[0].hash, one);
	assert_int_equal(left.items[1].secret_count, 0);
}

static void the_epoch_is_kept_beside_the_head(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t epoch;
	assert_ok(uc_log_epoch(f->s, &epoch, &e), e);
	assert_int_equal(epoch, 1);
	assert_fails(uc_log_epoch_set(f->s, 2, &e), e, UC_EINTERNAL, "internal");
	assert_ok(uc_store_begin(f->s, &e), e);
	assert_ok(uc_log_epoch_set(f->s, 2, &e), e);
	assert_ok(uc_store_commit(f->s, &e), e);
	assert_ok(uc_log_epoch(f->s, &epoch, &e), e);
	assert_int_equal(epoch, 2);
	add_changes(f->s, 1, 1);
	assert_ok(uc_log_epoch(f->s, &epoch, &e), e);
	assert_int_equal(epoch, 2);
}

/* ---- the connection ---- */

static void a_change_wakes_whoever_waits(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool changed;
	UC_CLEANUP(uc_store_closep) struct uc_store *other = NULL;
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &other, &e), e);
	assert_int_equal(uc_store_shared(other), test_server() != NULL);
	assert_false(uc_store_lost(other));
	assert_ok(uc_store_wait(other, -1, 0, &changed, &e), e);
	assert_false(changed);
	add_changes(f->s, 1, 1);
	/* A store that nobody shares has nobody who wakes it. */
	assert_ok(uc_store_wait(other, -1, test_server() != NULL ? 10000 : 0, &changed, &e), e);
	assert_int_equal(changed, test_server() != NULL);
}

static void one_instance_of_a_node_runs_on_a_shared_store(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	bool mine;
	UC_CLEANUP(uc_store_closep) struct uc_store *other = NULL;
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &other, &e), e);
	assert_ok(uc_store_claim(f->s, "n1", &mine, &e), e);
	assert_true(mine);
	assert_ok(uc_store_claim(other, "n1", &mine, &e), e);
	assert_int_equal(mine, test_server() == NULL);
	assert_ok(uc_store_claim(other, "n2", &mine, &e), e);
	assert_true(mine);
	assert_ok(uc_store_relax(f->s, &e), e);
}

static void credentials_are_given_inside_a_change_only(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char *url = NULL;
	assert_fails(uc_store_access_put(f->s, "n1", "password", &url, &e), e, UC_EINTERNAL, "internal");
	assert_fails(uc_store_access_drop(f->s, "n1", &e), e, UC_EINTERNAL, "internal");
	if (test_server() != NULL) return;
	assert_ok(uc_store_begin(f->s, &e), e);
	assert_fails(uc_store_access_put(f->s, "n1", "password", &url, &e), e, UC_EREFUSED, "not-shared");
	assert_ok(uc_store_access_drop(f->s, "n1", &e), e);
	uc_store_rollback(f->s);
}

static void a_trust_entry_of_any_scope_is_found_without_a_node(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "CA.pem", "n1", c, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "CA.pem", "n2", c, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "CA.pem", "cluster", c, ""), &e), e);
	static const struct {
		const char *node;
		size_t count;
	} rows[] = {{NULL, 3}, {"n1", 2}, {"n3", 1}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
		assert_ok(uc_store_trust(f->s, "CAPF-trust", rows[i].node, "CA", NULL, 10, &found, &e), e);
		assert_int_equal(found.count, rows[i].count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nodes_are_listed_by_name, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(nodes_that_may_join_are_listed_with_what_was_sealed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(sealed_keys_are_listed_newest_first, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(jobs_are_listed_newest_first_by_node_and_state, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(what_a_job_need_not_have_is_empty, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(each_node_has_one_state_the_last, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(the_newest_effects_of_a_node_are_copied, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(changes_come_in_batches_as_they_lie_in_the_log, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_batch_has_a_limit_of_bytes_but_for_its_first_change, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(what_is_too_large_comes_empty, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_change_has_a_limit, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(changes_bring_the_secrets_that_are_still_there, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(the_epoch_is_kept_beside_the_head, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_change_wakes_whoever_waits, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(one_instance_of_a_node_runs_on_a_shared_store, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(credentials_are_given_inside_a_change_only, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_trust_entry_of_any_scope_is_found_without_a_node, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
