/* src/manage/install.c: what a node is given when it is installed, when it joins and when it gets roles. */
#include "site.h"

static json_t *installation(void)
{
	return json_pack("{s:s}", "verifier", "$argon2id$not-a-real-one");
}

static void an_installation_makes_what_the_roles_need_and_a_second_one_nothing(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	plan_ok(s, "install", installation(), NO_FILE, &plan);
	assert_int_equal(count_steps(&plan, "node.set"), 1);
	assert_int_equal(count_steps(&plan, "account.set"), 1);
	assert_int_equal(count_steps(&plan, "identity.set"), 9);
	assert_int_equal(count_steps(&plan, "trust.add"), 9); /* authz has no store, CAPF two */
	assert_int_equal(count_steps(&plan, "key.seal"), 3);  /* authz, ITLRecovery, and that of tokens */
	assert_int_equal(uc_findings_worst(&plan.findings), UC_NOTE);
	assert_string_equal(plan.summary, "Install the node cucm-pub");
	uc_plan_free(&plan);
	carry_out(s, "install", installation(), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_account_free) struct uc_account admin = {.name = NULL};
	assert_ok(uc_store_account(s->store, "admin", &admin, &e), e);
	assert_string_equal(admin.verifier, "$argon2id$not-a-real-one");
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_ok(uc_store_node(s->store, "cucm-pub", &row, &e), e);
	assert_string_equal(row.roles, "publisher,tftp");
	assert_true(uc_slice_eq(uc_buf_slice(&row.certificate), uc_buf_slice(&uc_keys_node_cert(s->keys)->der)));
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	uc_plan_free(&plan);

	/* A node that gets another role gets what is missing for it, and no more. */
	s->ctx.roles |= UC_NODE_REPORTING;
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "node.set,identity.set,trust.add");
	assert_string_equal(step_text(&plan, 1, "purpose"), "intelligenceCenter-srvr");
	uc_plan_free(&plan);
}

static void the_log_holds_no_verifier_of_a_password(void **state)
{
	struct site *s = *state;
	int64_t number = carry_out(s, "install", installation(), NO_FILE);
	struct uc_error e;
	json_t *change = NULL;
	assert_ok(uc_log_get(s->store, number, &change, &e), e);
	UC_CLEANUP(uc_freep) char *text = json_dumps(change, 0);
	assert_null(strstr(text, "argon2id"));
	json_decref(change);
}

/* O1: both keys are there from the start, so that no token has to wait for an administrator. */
static void the_publisher_makes_the_OAuth_keys_and_seals_them_to_itself_O1(void **state)
{
	struct site *s = *state;
	found(s);
	assert_sealed_to(s, "authz", "cucm-pub");
	assert_sealed_to(s, "ITLRecovery", "cucm-pub");
	assert_sealed_to(s, UC_AUTHZ_ENCRYPTION, "cucm-pub");
	struct uc_identity authz = identity_of(s, "authz");
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list keys = sealed_of(s, "authz");
	assert_string_equal(keys.items[0].key_id, authz.key_id);
	assert_string_equal(keys.items[0].kind, "private");
	uc_identity_free(&authz);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list encryption = sealed_of(s, UC_AUTHZ_ENCRYPTION);
	assert_string_equal(encryption.items[0].kind, "symmetric");
	struct uc_error e;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	assert_ok(uc_keys_unseal(s->keys, uc_buf_slice(&encryption.items[0].blob), &plain, &e), e);
	assert_int_equal(plain.len, 32);
}

/* A data directory from before there were node keys: as the store has it, the row is without one and nothing is sealed. */
static void an_old_data_directory_is_brought_up_to_date(void **state)
{
	struct site *s = *state;
	found(s);
	s->ctx.clustered = false;
	struct uc_error e;
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_ok(uc_store_node(s->store, "cucm-pub", &row, &e), e);
	struct uc_plan old;
	uc_plan_init(&old, "test");
	json_t *step = uc_node_row_json(&row);
	json_object_set_new(step, "certificate", json_null());
	json_object_set_new(step, "type", json_string("node.set"));
	json_object_set_new(step, "node", json_string("cucm-pub"));
	json_object_set_new(step, "before", uc_node_row_json(&row));
	uc_plan_step(&old, step, "an old row");
	assert_ok(uc_plan_forget_sealed(&s->ctx, "cucm-pub", true, &old, &e), e);
	int64_t number;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &old, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&old);

	struct uc_plan plan;
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "node.set,key.seal,key.seal,key.seal");
	assert_string_equal(plan.summary, "Add what the roles of the node cucm-pub need");
	uc_plan_free(&plan);
	carry_out(s, "install", json_object(), NO_FILE);
	struct uc_identity authz = identity_of(s, "authz");
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list again = sealed_of(s, "authz");
	assert_string_equal(again.items[0].key_id, authz.key_id); /* the key that was there, not a new one */
	assert_true(can_open(s, s->keys, "authz"));
	assert_true(can_open(s, s->keys, UC_AUTHZ_ENCRYPTION));
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	uc_plan_free(&plan);
	uc_identity_free(&authz);
}

/*
 * CAPF's certificate is on every node: what an older version put on its node alone is put right, and what was deleted stays deleted (C97).
 */
static void the_copy_of_CAPF_that_counted_on_one_node_comes_to_count_on_all(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts copies = {.items = NULL};
	assert_ok(uc_store_trust(s->store, "CAPF-trust", NULL, NULL, NULL, 10, &copies, &e), e);
	assert_int_equal(copies.count, 1);
	struct uc_plan old;
	uc_plan_init(&old, "test");
	uc_plan_step(&old, uc_plan_trust_removal(&copies.items[0]), "x");
	bool added;
	assert_ok(uc_plan_trust(&s->ctx, "CAPF-trust", "cucm-pub", copies.items[0].cert, "", "system", &old, &added, &e), e);
	int64_t number;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &old, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&old);

	struct uc_plan plan;
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove,trust.add");
	assert_string_equal(step_text(&plan, 1, "scope"), "cluster");
	assert_string_equal(step_text(&plan, 1, "name"), copies.items[0].name);
	uc_plan_free(&plan);
	carry_out(s, "install", json_object(), NO_FILE);
	carry_out(s, "delete-trust", json_pack("{s:s, s:s}", "store", "CAPF", "name", copies.items[0].name), NO_FILE);
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	uc_plan_free(&plan);
}

/* A start of the daemon does not fail because a key is gone: it says so. */
static void a_signing_key_that_is_lost_is_told_of_and_not_sealed_C98(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_error e;
	struct uc_identity authz = identity_of(s, "authz");
	struct uc_plan old;
	uc_plan_init(&old, "test");
	assert_ok(uc_plan_forget_sealed(&s->ctx, "cucm-pub", true, &old, &e), e);
	int64_t number;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &old, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&old);
	assert_ok(uc_keys_remove(s->keys, authz.key_id, &e), e);
	struct uc_plan plan;
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "key.seal,key.seal");
	assert_string_equal(step_text(&plan, 0, "purpose"), "ITLRecovery");
	assert_string_equal(step_text(&plan, 1, "purpose"), UC_AUTHZ_ENCRYPTION);
	assert_found(&plan, UC_WARN, "key-missing", "authz");
	uc_plan_free(&plan);
	uc_identity_free(&authz);
}

/* The disk of a node with the keys of another installation, or a node that was replaced and comes back. */
static void a_node_that_shows_another_key_does_not_take_the_place(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer stranger = peer_new("cucm-pub", UC_NODE_PUBLISHER | UC_NODE_TFTP);
	s->ctx.keys = stranger.keys;
	assert_no_plan(s, "install", json_object(), NO_FILE, UC_EREFUSED, "node-key-differs");
}

static void a_second_publisher_is_refused(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	sub.roles |= UC_NODE_PUBLISHER;
	be(s, &sub);
	assert_no_plan(s, "install", json_object(), NO_FILE, UC_EREFUSED, "publisher-exists");
	s->ctx.node = "cucm-other";
	assert_no_plan(s, "install", json_object(), NO_FILE, UC_EREFUSED, "no-node");
}

static void a_node_that_has_joined_makes_its_certificates_and_the_join_secret_ends(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer rep = peer_new("cuic", UC_NODE_REPORTING);
	join(s, &rep, false);
	UC_CLEANUP(uc_freep) char *id = NULL;
	be(s, &rep);
	struct uc_plan plan;
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	/* Neither a row, which the publisher wrote, nor an account, nor OAuth keys of its own. */
	assert_steps(&plan, "join.remove,identity.set,trust.add,identity.set,trust.add,identity.set,trust.add");
	id = uc_strdup(step_text(&plan, 0, "id"));
	uc_plan_free(&plan);
	carry_out(s, "install", json_object(), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_join_free) struct uc_join gone = {.id = NULL};
	assert_fails(uc_store_join(s->store, id, &gone, &e), e, UC_ENOTFOUND, "no-join");
}

/* While its successor has a secret but has not come yet, the node that is there starts again. */
static void a_node_that_is_to_be_replaced_does_not_end_its_successors_secret(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer rep = peer_new("cuic", UC_NODE_REPORTING);
	join(s, &rep, false);
	be(s, &rep);
	carry_out(s, "install", json_object(), NO_FILE);
	be(s, NULL);
	carry_out(s, "node-add", add_args(&rep, true), NO_FILE);
	be(s, &rep);
	struct uc_plan plan;
	plan_ok(s, "install", json_object(), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	uc_plan_free(&plan);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(an_installation_makes_what_the_roles_need_and_a_second_one_nothing),
	    T(the_log_holds_no_verifier_of_a_password),
	    T(the_publisher_makes_the_OAuth_keys_and_seals_them_to_itself_O1),
	    T(an_old_data_directory_is_brought_up_to_date),
	    T(the_copy_of_CAPF_that_counted_on_one_node_comes_to_count_on_all),
	    T(a_signing_key_that_is_lost_is_told_of_and_not_sealed_C98),
	    T(a_node_that_shows_another_key_does_not_take_the_place),
	    T(a_second_publisher_is_refused),
	    T(a_node_that_has_joined_makes_its_certificates_and_the_join_secret_ends),
	    T(a_node_that_is_to_be_replaced_does_not_end_its_successors_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
