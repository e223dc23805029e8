/* src/store/follow.c: a mirror built by replaying a log. */
#include "follow_both.h"

#include "core/file.h"
#include "store/migrate.h"

/* The mirror finds an entry by a part of its name. */
static size_t found_in_text(const struct both *b, const char *text)
{
	struct uc_error e;
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	UC_CLEANUP(uc_ids_free) struct uc_ids ids = {.items = NULL};
	assert_ok(uc_db_open(b->url, UC_DB_READ, &db, &e), e);
	const struct uc_db_needle needle = {.column = 0, .text = text};
	assert_ok(uc_db_text_find(db, &needle, 1, 10, &ids, &e), e);
	return ids.count;
}

/* ---- every type of step ---- */

static json_t *csr_fields(const struct uc_cert *key)
{
	return json_pack("{s:s, s:o, s:s, s:{s:s}, s:s}", "request", "AQIDBA==", "key", key_of(key), "distribution", "node", "parameters",
	                 "common_name", "host", "created", "2026-01-02T03:04:05Z");
}

static json_t *csr_step(const char *type, const struct uc_cert *key, json_t *before)
{
	json_t *step = strcmp(type, "csr.set") == 0 ? csr_fields(key) : json_object();
	json_object_set_new(step, "node", json_string("n2"));
	json_object_set_new(step, "purpose", json_string("ipsec"));
	return step_after(step_of(type, step), before);
}

static void use_trust_and_own(struct both *b)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *root = cert_named("Some Root", 100);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("host", 101);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("host", 102);
	json_t *identity = identity_step("tomcat", one, root, json_null());
	json_t *again = identity_step("tomcat", two, root, identity_values(one, root));
	json_t *gone =
	    step_of("identity.remove", json_pack("{s:s, s:s, s:o}", "node", "n1", "purpose", "tomcat", "before", identity_values(two, root)));
	UC_CLEANUP(free_json) json_t *back = uc_step_invert(gone);
	make_change(b, "n1", N1,
	            json_pack("[o, o, o, o]", trust_step("trust.add", "tomcat-trust", "Some_Root.pem", "cluster", root, "as said"), identity,
	                      trust_step("trust.add", "CAPF-trust", "first.pem", "n2", one, ""),
	                      trust_step("trust.add", "CAPF-trust", "second.pem", "n2", two, "")));
	make_step(b, again);
	make_step(b, gone);
	make_step(b, json_incref(back));
	make_change(b, "n2", N2, json_pack("[o]", trust_step("trust.remove", "CAPF-trust", "first.pem", "n2", one, "")));
	make_step(b, csr_step("csr.set", root, json_null()));
	make_step(b, csr_step("csr.remove", root, csr_fields(root)));
	make_step(b, csr_step("csr.set", two, json_null()));
}

static void use_secrets(struct both *b)
{
	char hash[5][65];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *key = cert_named("key", 200);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *other = cert_named("other", 201);
	static const char *const texts[] = {"verifier", "another verifier", "for the join", "sealed once", "sealed twice"};
	for (int i = 0; i < 5; i++) put_secret(b->store->s, texts[i], hash[i]);
	json_t *values = json_pack("{s:s, s:s}", "role", "administrator", "secret", hash[0]);
	json_t *account = step_after(step_of("account.set", json_deep_copy(values)), json_null());
	json_object_set_new(account, "name", json_string("admin"));
	make_step(b, account);
	make_step(b, step_of("account.remove", json_pack("{s:s, s:o}", "name", "admin", "before", values)));
	json_t *second =
	    step_of("account.set", json_pack("{s:s, s:s, s:s, s:n}", "name", "admin", "role", "auditor", "secret", hash[1], "before"));
	make_step(b, second);
	make_step(b, join_set("j1", "n3", hash[2], json_null()));
	make_step(b, join_remove("j1", "n3", hash[2]));
	make_step(b, key_seal(key_of(key), "authz", json_pack("[s]", "n1"), hash[3], json_null()));
	make_step(
	    b, key_seal(key_of(key), "authz", json_pack("[s, s]", "n1", "n2"), hash[4], seal_fields("authz", json_pack("[s]", "n1"), hash[3])));
	make_step(b, key_seal(key_of(other), "tomcat", json_pack("[s]", "n2"), hash[3], json_null()));
	make_step(b, step_of("key.drop",
	                     json_pack("{s:o, s:o}", "key", key_of(other), "before", seal_fields("tomcat", json_pack("[s]", "n2"), hash[3]))));
}

static void use_jobs(struct both *b)
{
	make_step(b, job_add("b1", "n2"));
	make_change(b, "n2", N2, json_pack("[o]", job_done("b1", "n2", "failed", "no such thing")));
	make_step(b, job_add("b2", "n2"));
}

/* A change taken back, and that taken back again. */
static void use_undo(struct both *b)
{
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("Undone", 300);
	json_t *add = trust_step("trust.add", "tomcat-trust", "Undone.pem", "cluster", c, "");
	json_t *remove = uc_step_invert(add);
	json_t *again = json_deep_copy(add);
	int64_t number = make_step(b, add);
	json_t *const inverse[] = {remove, again};
	for (int i = 0; i < 2; i++) {
		UC_CLEANUP(free_json) json_t *change = change_with(json_pack("[o]", inverse[i]));
		json_object_set_new(change, "undoes", json_integer(number));
		assert_ok(uc_store_begin(b->store->s, &e), e);
		assert_ok(uc_log_append(b->store->s, change, sign, b->nodes[N1].key, &number, &e), e);
		assert_ok(uc_store_commit(b->store->s, &e), e);
	}
}

/* Asked for, done, and open again. */
static void use_followups(struct both *b)
{
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(free_json) json_t *change = change_with(json_array());
	json_object_set_new(change, "followups",
	                    json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "kind", "reload", "target", "TFTP", "text", "Reload it.", "kind",
	                              "backup", "target", "backup", "text", "Take one."));
	assert_ok(uc_store_begin(b->store->s, &e), e);
	assert_ok(uc_log_append(b->store->s, change, sign, b->nodes[N1].key, &number, &e), e);
	assert_ok(uc_store_commit(b->store->s, &e), e);
	json_t *done = step_of("followup.done", json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:I, s:I, s:i}}", "node", "n1", "kind", "reload",
	                                                  "target", "TFTP", "before", "what", "Reload it.", "since", "2026-01-02T03:04:05Z",
	                                                  "first", (json_int_t)number, "number", (json_int_t)number, "changes", 1));
	UC_CLEANUP(free_json) json_t *back = uc_step_invert(done);
	make_step(b, done);
	make_step(b, json_incref(back));
}

/* Decided, decided otherwise, and nothing again; and what was published in between. */
static void use_settings(struct both *b)
{
	json_t *first = setting_set("cluster-mode", "mixed", NULL);
	UC_CLEANUP(free_json) json_t *back = uc_step_invert(first);
	make_change(b, "n1", N1, json_pack("[o, o]", first, list_publish("CTL", "one")));
	make_step(b, list_publish("CTL", "two"));
	make_step(b, json_incref(back));
	make_step(b, setting_set("cluster-mode", "mixed", NULL));
	make_step(b, setting_set("cluster-mode", "non-secure", "mixed"));
}

static void use_everything(struct both *b)
{
	begin_log(b);
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	use_trust_and_own(b);
	use_secrets(b);
	use_jobs(b);
	use_undo(b);
	use_followups(b);
	use_settings(b);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *gone = cert_named("purged", 400);
	make_step(b, key_purge(UC_ALL_NODES, key_of(gone)));
	make_step(b, node_rename("n2", "n7"));
	make_change(b, "n7", N2, json_array());
	make_step(b, node_set("n3", "tftp", NULL, json_null()));
	make_step(b, node_remove("n3", "tftp", NULL));
}

static size_t types_used(const struct both *b)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv types = {.items = NULL};
	for (int64_t n = head_of(b->store->s); n > 0; n--) {
		UC_CLEANUP(free_json) json_t *body = NULL;
		assert_ok(uc_log_get(b->store->s, n, &body, &e), e);
		size_t i;
		const json_t *step;
		json_array_foreach(json_object_get(body, "steps"), i, step) uc_strv_add(&types, json_string_value(json_object_get(step, "type")));
	}
	uc_strv_sort_unique(&types);
	return types.count;
}

static void a_replayed_log_gives_the_same_tables(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	use_everything(b);
	assert_int_equal(types_used(b), 23); /* all that there are: change.h */
	assert_ok(follow(b, 7, &e), e);
	assert_mirrored(b);
	assert_int_equal(found_in_text(b, "some_root"), 1);
	assert_int_equal(found_in_text(b, "first.pem"), 0);
	assert_ok(uc_follower_verify(b->follower, &e), e);
	/* Step by step as well as in batches. */
	assert_ok(uc_store_begin(b->mirror, &e), e);
	assert_ok(uc_mirror_clear(b->mirror, &e), e);
	assert_ok(uc_store_commit(b->mirror, &e), e);
	assert_int_equal(found_in_text(b, "some_root"), 0);
	assert_ok(follow(b, 1, &e), e);
	assert_mirrored(b);
	assert_int_equal(found_in_text(b, "some_root"), 1);
}

static void every_table_is_compared_and_cleared(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	size_t tables = 0;
	for (int i = 0; i < uc_migration_count; i++)
		for (const char *p = strstr(uc_migrations[i], "CREATE TABLE "); p != NULL; p = strstr(p + 1, "CREATE TABLE ")) {
			char name[64];
			assert_int_equal(sscanf(p, "CREATE TABLE %63[a-z_]", name), 1);
			size_t k = 0;
			while (k < TEST_TABLES && strcmp(test_tables[k].name, name) != 0) k++;
			if (k == TEST_TABLES) fail_msg("the table %s is not compared", name);
			tables++;
		}
	assert_int_equal(tables, TEST_TABLES);

	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(b->url, UC_DB_READ, &db, &e), e);
	UC_CLEANUP(free_json) json_t *empty = test_dump(b->url, true);
	use_everything(b);
	assert_ok(follow(b, 100, &e), e);
	UC_CLEANUP(free_json) json_t *report = json_object();
	assert_ok(uc_store_effect_put(b->mirror, "n1", 1, "tls", "done", NULL, &e), e);
	assert_ok(uc_store_state_put(b->mirror, "n1", 1, report, &e), e);
	assert_fails(uc_mirror_clear(b->mirror, &e), e, UC_EINTERNAL, "internal");
	assert_ok(uc_store_begin(b->mirror, &e), e);
	assert_ok(uc_log_epoch_set(b->mirror, 5, &e), e);
	assert_ok(uc_mirror_clear(b->mirror, &e), e);
	assert_ok(uc_store_commit(b->mirror, &e), e);
	UC_CLEANUP(free_json) json_t *cleared = test_dump(b->url, true);
	test_same(empty, cleared);
	for (size_t i = 0; i < TEST_TABLES; i++) {
		UC_CLEANUP(free_json) json_t *rows = test_rows(db, &test_tables[i]);
		assert_int_equal(json_array_size(rows), strcmp(test_tables[i].name, "head") == 0 ? 1 : 0);
	}
}

/* C97: what was deleted stays deleted, on a mirror that was away and on one that is told of the old change again. */
static void C97_a_deleted_entry_does_not_come_back(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("Deleted", 1);
	begin_log(b);
	int64_t added = make_step(b, trust_step("trust.add", "tomcat-trust", "Deleted.pem", "cluster", c, ""));
	assert_ok(follow(b, 10, &e), e);
	assert_int_equal(found_in_text(b, "deleted"), 1);
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows old = {.items = NULL};
	assert_ok(uc_log_after(b->store->s, added - 1, 1, &old, &e), e);
	make_step(b, trust_step("trust.remove", "tomcat-trust", "Deleted.pem", "cluster", c, ""));
	assert_ok(follow(b, 10, &e), e);
	assert_int_equal(found_in_text(b, "deleted"), 0);
	assert_fails(apply(b, &old.items[0], &e), e, UC_EIO, "log-broken");
	assert_string_equal(e.message, "the change log is not whole at change 2: it does not follow change 3, the last one of the mirror");
	/* Not even in a change that is made for it: whoever adds it again does so in sight. */
	old.items[0].number = 4;
	assert_fails(apply(b, &old.items[0], &e), e, UC_EIO, "log-broken");
	assert_mirrored(b);
	UC_CLEANUP(uc_trusts_free) struct uc_trusts none = {.items = NULL};
	assert_ok(uc_store_trust(b->mirror, "tomcat-trust", NULL, "Deleted", NULL, 10, &none, &e), e);
	assert_int_equal(none.count, 0);
}

/* ---- secrets ---- */

/* The mirror's files hold these bytes. */
static bool on_disk(const struct both *b, const char *text)
{
	static const char *const files[] = {"mirror.db", "mirror.db-wal"};
	struct uc_error e;
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", b->dir, files[i]);
		UC_CLEANUP(uc_buf_free) struct uc_buf data = UC_BUF_EMPTY;
		assert_ok(uc_file_read(path, (size_t)1 << 30, &data, &e), e);
		if (data.len > 0 && memmem(data.ptr, data.len, text, strlen(text)) != NULL) return true;
	}
	return false;
}

static void a_secret_travels_with_its_change_and_is_purged_with_its_key(void **state)
{
	static const char text[] = "this was sealed to n1 and n2";
	struct both *b = *state;
	struct uc_error e;
	char hash[65];
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *key = cert_named("key", 1);
	begin_log(b);
	put_secret(b->store->s, text, hash);
	make_step(b, key_seal(key_of(key), "authz", json_pack("[s, s]", "n1", "n2"), hash, json_null()));
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows early = {.items = NULL};
	assert_ok(uc_log_after(b->store->s, 1, 1, &early, &e), e);
	assert_ok(follow(b, 10, &e), e);
	UC_CLEANUP(uc_sealed_free) struct uc_sealed k = {.key_id = NULL};
	assert_ok(uc_store_sealed(b->mirror, uc_key_id(key->spki, id), &k, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&k.blob), uc_slice_str(text)));
	assert_true(on_disk(b, text));
	make_step(b, key_purge(UC_ALL_NODES, key_of(key)));
	assert_ok(follow(b, 10, &e), e);
	assert_mirrored(b);
	assert_false(on_disk(b, text));

	/* A new mirror never gets to see it; nor does it stay in one that fetched it before it was purged. */
	for (int late = 0; late < 2; late++) {
		assert_ok(uc_store_begin(b->mirror, &e), e);
		assert_ok(uc_mirror_clear(b->mirror, &e), e);
		assert_ok(uc_store_commit(b->mirror, &e), e);
		UC_CLEANUP(uc_log_rows_free) struct uc_log_rows first = {.items = NULL};
		assert_ok(uc_log_after(b->store->s, 0, 1, &first, &e), e);
		assert_ok(apply(b, &first.items[0], &e), e);
		if (late == 1) assert_ok(apply(b, &early.items[0], &e), e);
		assert_ok(follow(b, 10, &e), e);
		assert_mirrored(b);
		assert_false(on_disk(b, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_replayed_log_gives_the_same_tables, setup, teardown),
	    cmocka_unit_test_setup_teardown(every_table_is_compared_and_cleared, setup, teardown),
	    cmocka_unit_test_setup_teardown(C97_a_deleted_entry_does_not_come_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_secret_travels_with_its_change_and_is_purged_with_its_key, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
