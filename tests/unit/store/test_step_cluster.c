/* src/store/step_node.c, step_key.c, step_job.c: the steps of a cluster applied, refused, inverted. */
#include "cluster_steps.h"
#include "store/cluster.h"
#include "tables.h"

static void free_json(json_t **j)
{
	json_decref(*j);
}

/* ---- what the tables say ---- */

static const char *text_at(const json_t *rows, size_t row, size_t column)
{
	const char *text = json_string_value(json_array_get(json_array_get(rows, row), column));
	return text != NULL ? text : "";
}

/* The rows of one table; owned. */
static json_t *rows_of(const struct fixture *f, const char *table)
{
	UC_CLEANUP(free_json) json_t *all = test_dump(f->url, false);
	return json_incref(json_object_get(all, table));
}

static size_t count_of(const struct fixture *f, const char *table)
{
	UC_CLEANUP(free_json) json_t *rows = rows_of(f, table);
	return json_array_size(rows);
}

/* How often a value is one of those in a table. */
static size_t count_value(const struct fixture *f, const char *table, const char *value)
{
	UC_CLEANUP(free_json) json_t *rows = rows_of(f, table);
	size_t n = 0;
	size_t i;
	size_t k;
	const json_t *row;
	const json_t *cell;
	json_array_foreach(rows, i, row)
	{
		json_array_foreach(row, k, cell) n += json_is_string(cell) && strcmp(json_string_value(cell), value) == 0;
	}
	return n;
}

/* A dump without the numbers of changes, which an undo does not bring back. */
static json_t *state_of(const struct fixture *f)
{
	json_t *all = test_dump(f->url, false);
	for (size_t i = 0; i < TEST_TABLES; i++) {
		size_t number = 0;
		UC_CLEANUP(uc_strv_free) struct uc_strv columns = {.items = NULL};
		uc_strv_split(&columns, test_tables[i].columns, ',');
		while (number < columns.count && strcmp(columns.items[number], "number") != 0) number++;
		size_t k;
		json_t *row;
		json_array_foreach(json_object_get(all, test_tables[i].name), k, row)
		{
			if (number < columns.count) json_array_set_new(row, number, json_null());
		}
	}
	return all;
}

/* Applies a step (taken), then its inverse: all is as it was. */
static void there_and_back(const struct fixture *f, json_t *step)
{
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *before = state_of(f);
	json_t *inverse = uc_step_invert(step);
	assert_non_null(inverse);
	assert_ok(commit_step(f->s, step, &e), e);
	UC_CLEANUP(free_json) json_t *between = state_of(f);
	assert_false(json_equal(before, between));
	assert_ok(commit_step(f->s, inverse, &e), e);
	UC_CLEANUP(free_json) json_t *after = state_of(f);
	/* What a key was sealed as, and the certificates of a node, are kept for good. */
	static const char *const kept[] = {"sealed_as", "node_key"};
	for (size_t i = 0; i < 2; i++) {
		json_object_del(before, kept[i]);
		json_object_del(after, kept[i]);
	}
	test_same(before, after);
}

/* ---- nodes ---- */

static void a_node_has_a_certificate_or_none(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("one", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("two", 2);
	/* A log from before there were certificates. */
	json_t *old = node_set("n1", "publisher", NULL, json_null());
	json_object_del(old, "certificate");
	assert_ok(commit_step(f->s, old, &e), e);
	UC_CLEANUP(uc_node_row_free) struct uc_node_row bare = {.name = NULL};
	assert_ok(uc_store_node(f->s, "n1", &bare, &e), e);
	assert_int_equal(bare.certificate.len, 0);
	assert_int_equal(bare.number, 1);
	assert_int_equal(count_of(f, "node_key"), 0);

	json_t *before = node_fields("n1", "publisher", NULL);
	json_object_del(before, "certificate");
	assert_ok(commit_step(f->s, node_set("n1", "publisher", one, before), &e), e);
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_ok(uc_store_node(f->s, "n1", &row, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&row.certificate), uc_buf_slice(&one->der)));
	there_and_back(f, node_set("n1", "publisher", two, node_fields("n1", "publisher", one)));
	assert_int_equal(count_of(f, "node_key"), 2);

	json_t *broken = node_set("n1", "publisher", NULL, node_fields("n1", "publisher", one));
	json_object_set_new(broken, "certificate", json_string("AQID"));
	assert_fails(commit_step(f->s, broken, &e), e, UC_EINPUT, "not-a-certificate");
}

static void there_is_one_publisher(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(commit_step(f->s, node_set("n1", "publisher", NULL, json_null()), &e), e);
	assert_fails(commit_step(f->s, node_set("n2", "publisher", NULL, json_null()), &e), e, UC_EREFUSED, "publisher-exists");
	assert_non_null(strstr(e.message, "n1"));
	assert_ok(commit_step(f->s, node_set("n2", "subscriber", NULL, json_null()), &e), e);
	/* What it is already it may be told again. */
	assert_ok(commit_step(f->s, node_set("n1", "publisher", NULL, node_fields("n1", "publisher", NULL)), &e), e);
	assert_fails(commit_step(f->s, node_set("n2", "publisher", NULL, node_fields("n2", "subscriber", NULL)), &e), e, UC_EREFUSED,
	             "publisher-exists");
	assert_ok(commit_step(f->s, node_remove("n1", "publisher", NULL), &e), e);
	assert_ok(commit_step(f->s, node_set("n2", "publisher", NULL, node_fields("n2", "subscriber", NULL)), &e), e);
}

static void a_node_that_is_removed_is_gone_for_good(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("n2", 2);
	UC_CLEANUP(free_json) json_t *report = json_object();
	assert_ok(commit_step(f->s, node_set("n2", "subscriber", c, json_null()), &e), e);
	assert_ok(uc_store_state_put(f->s, "n2", 1, report, &e), e);
	assert_fails(commit_step(f->s, node_remove("n2", "subscriber", NULL), &e), e, UC_ECONFLICT, "state-moved");
	UC_CLEANUP(free_json) json_t *step = node_remove("n2", "subscriber", c);
	assert_null(uc_step_invert(step));
	assert_false(uc_step_undoable("node.remove"));
	assert_ok(commit_step(f->s, json_incref(step), &e), e);
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_fails(uc_store_node(f->s, "n2", &row, &e), e, UC_ENOTFOUND, "no-node");
	/* What it signed can still be verified; what it said of itself is forgotten. */
	assert_int_equal(count_value(f, "node_key", "n2"), 1);
	UC_CLEANUP(free_json) json_t *states = NULL;
	assert_ok(uc_store_states(f->s, &states, &e), e);
	assert_int_equal(json_object_size(states), 0);
	assert_fails(commit_step(f->s, json_incref(step), &e), e, UC_ECONFLICT, "state-moved");
}

/* C97: a node that has left brings nothing back. */
static void C97_a_node_that_has_left_makes_no_change(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("n2", 2);
	assert_ok(commit_step(f->s, node_set("n2", "subscriber", c, json_null()), &e), e);
	json_t *mine = change_with(json_array());
	json_object_set_new(mine, "node", json_string("n2"));
	assert_ok(commit_change(f->s, json_deep_copy(mine), &number, &e), e);
	assert_ok(commit_step(f->s, node_remove("n2", "subscriber", c), &e), e);
	json_object_set_new(mine, "request", json_string("another"));
	assert_fails(commit_change(f->s, json_incref(mine), &number, &e), e, UC_EREFUSED, "node-left");
	assert_ok(commit_step(f->s, node_set("n2", "subscriber", c, json_null()), &e), e);
	assert_ok(commit_change(f->s, mine, &number, &e), e);
}

/* ---- names ---- */

static void fill_node(const struct fixture *f, const char *node, const struct uc_cert *own)
{
	struct uc_error e;
	char secret[65];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *root = cert_named("Root", 9);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *leaf = cert_named("leaf", 10);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *key = cert_named("key", 11);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *gone = cert_named("gone", 12);
	put_secret(f->s, "sealed", secret);
	json_t *identity = identity_step("tomcat", leaf, root, json_null());
	json_object_set_new(identity, "node", json_string(node));
	json_t *csr = step_of("csr.set", json_pack("{s:s, s:s, s:s, s:o, s:s, s:{}, s:s, s:n}", "node", node, "purpose", "ipsec", "request",
	                                           "AQIDBA==", "key", key_of(key), "distribution", "node", "parameters", "created",
	                                           "2026-01-02T03:04:05Z", "before"));
	json_t *steps = json_pack("[o, o, o, o, o, o, o, o, o]", node_set(node, "subscriber", own, json_null()), identity, csr,
	                          trust_step("trust.add", "CAPF-trust", "Root.pem", node, root, ""), key_purge(node, key_of(gone)),
	                          key_seal(key_of(leaf), "tomcat", json_pack("[s, s]", "a", node), secret, json_null()),
	                          join_set("j1", node, secret, json_null()), job_add("waits", node), job_add("done", node));
	int64_t number;
	assert_ok(commit_change(f->s, change_with(steps), &number, &e), e);
	assert_ok(commit_step(f->s, job_done("done", node, "done", ""), &e), e);
	assert_ok(uc_store_effect_put(f->s, node, 1, "tls", "done", NULL, &e), e);
	UC_CLEANUP(free_json) json_t *report = json_object();
	assert_ok(uc_store_state_put(f->s, node, 1, report, &e), e);
}

static void every_row_follows_a_node_that_is_renamed(void **state)
{
	static const char *const follow[] = {"node", "identity", "chain_link", "csr", "key_use", "purged_key", "entry", "counter", "node_join"};
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *own = cert_named("n5", 1);
	fill_node(f, "n5", own);
	assert_ok(uc_store_effect_put(f->s, "zz", 1, "tls", "left of another", NULL, &e), e);
	UC_CLEANUP(free_json) json_t *inverse = node_rename("zz", "n5");
	UC_CLEANUP(free_json) json_t *step = node_rename("n5", "zz");
	UC_CLEANUP(free_json) json_t *inverted = uc_step_invert(step);
	assert_true(json_equal(inverse, inverted));
	there_and_back(f, json_incref(step));

	assert_ok(commit_step(f->s, json_incref(step), &e), e);
	for (size_t i = 0; i < sizeof follow / sizeof follow[0]; i++) {
		if (count_value(f, follow[i], "n5") != 0) fail_msg("%s still names n5", follow[i]);
		if (count_value(f, follow[i], "zz") == 0) fail_msg("%s does not name zz", follow[i]);
	}
	UC_CLEANUP(free_json) json_t *entries = rows_of(f, "entry");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		assert_string_equal(text_at(entries, i, 2), "zz");
		assert_string_equal(text_at(entries, i, 4), "zz");
	}
	/* Its certificate is known under both names; only the job that waits is its; its word of itself is kept. */
	assert_int_equal(count_value(f, "node_key", "n5"), 1);
	assert_int_equal(count_value(f, "node_key", "zz"), 1);
	UC_CLEANUP(free_json) json_t *sealed = rows_of(f, "sealed_key");
	assert_string_equal(text_at(sealed, 0, 3), "a,zz");
	UC_CLEANUP(uc_job_free) struct uc_job waits = {.id = NULL};
	UC_CLEANUP(uc_job_free) struct uc_job done = {.id = NULL};
	assert_ok(uc_store_job(f->s, "waits", &waits, &e), e);
	assert_ok(uc_store_job(f->s, "done", &done, &e), e);
	assert_string_equal(waits.node, "zz");
	assert_string_equal(done.node, "n5");
	UC_CLEANUP(free_json) json_t *effects = NULL;
	assert_ok(uc_store_effects(f->s, 1, &effects, &e), e);
	assert_int_equal(json_array_size(effects), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(effects, 0), "state")), "done");
	UC_CLEANUP(free_json) json_t *states = NULL;
	assert_ok(uc_store_states(f->s, &states, &e), e);
	assert_non_null(json_object_get(states, "zz"));
	assert_null(json_object_get(states, "n5"));
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_ok(uc_store_node(f->s, "zz", &row, &e), e);
	assert_string_equal(row.fqdn, "zz.example.com");
}

static void a_name_that_is_taken_is_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *left = cert_named("left", 5);
	assert_ok(commit_step(f->s, node_set("n1", "publisher", NULL, json_null()), &e), e);
	assert_ok(commit_step(f->s, node_set("n2", "subscriber", NULL, json_null()), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "left.pem", "n3", left, ""), &e), e);
	assert_fails(commit_step(f->s, node_rename("n1", "n2"), &e), e, UC_ECONFLICT, "name-taken");
	assert_fails(commit_step(f->s, node_rename("n1", "n3"), &e), e, UC_ECONFLICT, "name-taken");
	assert_fails(commit_step(f->s, node_rename("n1", UC_ALL_NODES), &e), e, UC_ECONFLICT, "name-taken");
	assert_fails(commit_step(f->s, node_set(UC_ALL_NODES, "subscriber", NULL, json_null()), &e), e, UC_ECONFLICT, "name-taken");
	assert_fails(commit_step(f->s, node_rename("n1", "a,b"), &e), e, UC_EINPUT, "bad-step");
	assert_fails(commit_step(f->s, node_set("", "subscriber", NULL, json_null()), &e), e, UC_EINPUT, "bad-step");
	assert_fails(commit_step(f->s, node_rename("n4", "n5"), &e), e, UC_ECONFLICT, "state-moved");
	json_t *old = node_rename("n1", "n5");
	json_object_set_new(old, "fqdn", json_string("other.example.com"));
	assert_fails(commit_step(f->s, old, &e), e, UC_ECONFLICT, "state-moved");
	/* Only the domain: the name stays. */
	json_t *domain = node_rename("n1", "n1");
	json_object_set_new(domain, "to_domain", json_string("example.net"));
	there_and_back(f, domain);
}

/* ---- nodes that may join ---- */

static void a_join_takes_its_secret_with_it(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char one[65];
	char two[65];
	assert_fails(commit_step(f->s, join_set("j1", "n2", "00", json_null()), &e), e, UC_ENOTFOUND, "no-secret");
	put_secret(f->s, "what the node must know", one);
	json_t *set = join_set("j1", "n2", one, json_null());
	UC_CLEANUP(free_json) json_t *inverse = uc_step_invert(set);
	assert_string_equal(json_string_value(json_object_get(inverse, "type")), "join.remove");
	assert_ok(commit_step(f->s, set, &e), e);
	UC_CLEANUP(uc_join_free) struct uc_join j = {.id = NULL};
	assert_ok(uc_store_join(f->s, "j1", &j, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&j.sealed), uc_slice_str("what the node must know")));
	/* Longer for the same secret; then another secret. */
	json_t *longer = join_set("j1", "n2", one, join_fields("n2", one));
	json_object_set_new(longer, "expires", json_string("2026-02-03T03:04:05Z"));
	json_t *before = join_fields("n2", one);
	json_object_set_new(before, "expires", json_string("2026-02-03T03:04:05Z"));
	assert_ok(commit_step(f->s, longer, &e), e);
	assert_int_equal(count_of(f, "secret"), 1);
	put_secret(f->s, "another", two);
	assert_ok(commit_step(f->s, join_set("j1", "n2", two, before), &e), e);
	UC_CLEANUP(free_json) json_t *secrets = rows_of(f, "secret");
	assert_int_equal(json_array_size(secrets), 1);
	assert_string_equal(text_at(secrets, 0, 0), two);

	UC_CLEANUP(free_json) json_t *remove = join_remove("j1", "n2", two);
	assert_null(uc_step_invert(remove));
	assert_ok(commit_step(f->s, json_incref(remove), &e), e);
	assert_int_equal(count_of(f, "secret"), 0);
	assert_int_equal(count_of(f, "node_join"), 0);
	assert_fails(commit_step(f->s, json_incref(remove), &e), e, UC_ECONFLICT, "state-moved");
	UC_CLEANUP(uc_join_free) struct uc_join none = {.id = NULL};
	assert_fails(uc_store_join(f->s, "j1", &none, &e), e, UC_ENOTFOUND, "no-join");
}

/* ---- keys ---- */

static void keys_are_sealed_sealed_anew_and_dropped(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char one[65];
	char two[65];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("key", 1);
	put_secret(f->s, "sealed to n1", one);
	put_secret(f->s, "sealed to n1 and n2", two);
	assert_fails(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), "00", json_null()), &e), e, UC_ENOTFOUND,
	             "no-secret");
	assert_fails(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s, s]", "n2", "n1"), one, json_null()), &e), e, UC_EINPUT,
	             "bad-step");
	assert_fails(commit_step(f->s, key_seal(key_of(c), "authz", json_array(), one, json_null()), &e), e, UC_EINPUT, "bad-step");
	there_and_back(f, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), one, json_null()));
	assert_ok(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), one, json_null()), &e), e);
	there_and_back(f,
	               key_seal(key_of(c), "authz", json_pack("[s, s]", "n1", "n2"), two, seal_fields("authz", json_pack("[s]", "n1"), one)));
	assert_fails(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), two, json_null()), &e), e, UC_ECONFLICT,
	             "state-moved");
	json_t *drop =
	    step_of("key.drop", json_pack("{s:o, s:o}", "key", key_of(c), "before", seal_fields("authz", json_pack("[s]", "n1"), one)));
	there_and_back(f, drop);
	assert_int_equal(count_of(f, "sealed_as"), 2);
}

static void a_purge_destroys_all_that_a_key_was_sealed_as(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char secrets[3][65];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("key", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *other = cert_named("other", 2);
	put_secret(f->s, "first form", secrets[0]);
	put_secret(f->s, "second form", secrets[1]);
	put_secret(f->s, "of another key", secrets[2]);
	assert_ok(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), secrets[0], json_null()), &e), e);
	assert_ok(commit_step(f->s,
	                      key_seal(key_of(c), "authz", json_pack("[s]", "n2"), secrets[1],
	                               seal_fields("authz", json_pack("[s]", "n1"), secrets[0])),
	                      &e),
	          e);
	assert_ok(commit_step(f->s, key_seal(key_of(other), "tomcat", json_pack("[s]", "n1"), secrets[2], json_null()), &e), e);
	assert_ok(commit_step(f->s, key_purge(UC_ALL_NODES, key_of(c)), &e), e);
	UC_CLEANUP(free_json) json_t *left = rows_of(f, "secret");
	assert_int_equal(json_array_size(left), 1);
	assert_string_equal(text_at(left, 0, 0), secrets[2]);
	assert_int_equal(count_of(f, "sealed_as"), 1);
	assert_int_equal(count_of(f, "sealed_key"), 1);
	put_secret(f->s, "first form", secrets[0]);
	assert_fails(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), secrets[0], json_null()), &e), e, UC_EREFUSED,
	             "key-purged");
}

static void note_purged(void *ctx, const char *key, int64_t number)
{
	(void)number;
	uc_strv_add(ctx, key);
}

static void what_is_purged_on_all_nodes_is_purged_on_each(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("one", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("two", 2);
	assert_ok(commit_step(f->s, key_purge("n1", key_of(one)), &e), e);
	assert_ok(commit_step(f->s, key_purge(UC_ALL_NODES, key_of(two)), &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv of_n1 = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv of_n2 = {.items = NULL};
	assert_ok(uc_store_purged_keys(f->s, "n1", note_purged, &of_n1, &e), e);
	assert_ok(uc_store_purged_keys(f->s, "n2", note_purged, &of_n2, &e), e);
	char id[UC_KEY_ID_LEN];
	assert_int_equal(of_n1.count, 2);
	assert_int_equal(of_n2.count, 1);
	assert_string_equal(of_n2.items[0], uc_key_id(two->spki, id));
}

/* ---- jobs ---- */

static void a_job_is_answered_once(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *step = job_add("j1", "n2");
	assert_null(uc_step_invert(step));
	assert_false(uc_step_undoable("job.add"));
	assert_false(uc_step_undoable("job.done"));
	assert_ok(commit_step(f->s, json_incref(step), &e), e);
	assert_fails(commit_step(f->s, json_incref(step), &e), e, UC_ECONFLICT, "job-exists");
	assert_fails(commit_step(f->s, job_done("j2", "n2", "done", ""), &e), e, UC_ENOTFOUND, "no-job");
	assert_fails(commit_step(f->s, job_done("j1", "n1", "done", ""), &e), e, UC_ENOTFOUND, "no-job");
	assert_fails(commit_step(f->s, job_done("j1", "n2", "waiting", ""), &e), e, UC_EINPUT, "bad-step");
	assert_ok(commit_step(f->s, job_done("j1", "n2", "failed", "the disk is full"), &e), e);
	assert_fails(commit_step(f->s, job_done("j1", "n2", "done", ""), &e), e, UC_ECONFLICT, "job-answered");
	UC_CLEANUP(uc_job_free) struct uc_job j = {.id = NULL};
	assert_ok(uc_store_job(f->s, "j1", &j, &e), e);
	assert_string_equal(j.state, "failed");
	assert_string_equal(j.detail, "the disk is full");
	assert_int_equal(j.number, 1);
	assert_int_equal(j.answer, 2);

	static const char *const needed[] = {"id", "node", "task", "who", "summary", "created", "deadline", "arguments"};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		json_t *lacking = job_add("j3", "n2");
		json_object_del(lacking, needed[i]);
		assert_fails(commit_step(f->s, lacking, &e), e, UC_EINPUT, "bad-step");
		assert_string_equal(e.field, needed[i]);
	}
	json_t *content = job_add("j3", "n2");
	json_object_set_new(content, "content", json_string("*"));
	assert_fails(commit_step(f->s, content, &e), e, UC_EINPUT, "bad-step");
}

/* ---- what they touch ---- */

static void assert_listed(const struct fixture *f, const char *object, size_t changes)
{
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *list = NULL;
	assert_ok(uc_log_list(f->s, &(struct uc_log_filter){.object = object}, 0, 100, &list, NULL, &e), e);
	if (json_array_size(list) != changes) fail_msg("%s is touched by %zu changes, not %zu", object, json_array_size(list), changes);
}

static void changes_are_listed_by_what_they_touch(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char secret[65];
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("key", 1);
	put_secret(f->s, "x", secret);
	assert_ok(commit_step(f->s, node_set("n1", "publisher", NULL, json_null()), &e), e);
	assert_ok(commit_step(f->s, node_rename("n1", "n9"), &e), e);
	assert_ok(commit_step(f->s, node_remove("n9", "publisher", NULL), &e), e);
	assert_ok(commit_step(f->s, key_seal(key_of(c), "authz", json_pack("[s]", "n1"), secret, json_null()), &e), e);
	assert_ok(commit_step(f->s, key_purge(UC_ALL_NODES, key_of(c)), &e), e);
	put_secret(f->s, "y", secret);
	assert_ok(commit_step(f->s, join_set("j1", "n2", secret, json_null()), &e), e);
	assert_ok(commit_step(f->s, join_remove("j1", "n2", secret), &e), e);
	assert_ok(commit_step(f->s, job_add("b1", "n2"), &e), e);
	assert_ok(commit_step(f->s, job_done("b1", "n2", "done", ""), &e), e);
	UC_CLEANUP(uc_freep) char *key = uc_sprintf("key/%s", uc_key_id(c->spki, id));
	assert_listed(f, "node/n1", 2);
	assert_listed(f, "node/n9", 2);
	assert_listed(f, key, 2);
	assert_listed(f, "join/j1", 2);
	assert_listed(f, "job/b1", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_node_has_a_certificate_or_none, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(there_is_one_publisher, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_node_that_is_removed_is_gone_for_good, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(C97_a_node_that_has_left_makes_no_change, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(every_row_follows_a_node_that_is_renamed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_name_that_is_taken_is_refused, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_join_takes_its_secret_with_it, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(keys_are_sealed_sealed_anew_and_dropped, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_purge_destroys_all_that_a_key_was_sealed_as, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(what_is_purged_on_all_nodes_is_purged_on_each, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_job_is_answered_once, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(changes_are_listed_by_what_they_touch, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
