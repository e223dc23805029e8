/* src/manage/key_purge.c: only keys that nothing uses are destroyed, and only on purpose. */
#include "site.h"

static json_t *which(const char *key)
{
	return json_pack("{s:s}", "key", key);
}

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

static void a_key_in_use_is_refused_with_its_user_C127(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	request_csr(s, "CallManager-ECDSA");
	struct uc_identity id = identity_of(s, "tomcat-ECDSA");
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, "CallManager-ECDSA", &r, &e), e);
	assert_refused(s, "key-purge", which(id.key_id), NO_FILE, "key-in-use", "the certificate of tomcat-ECDSA");
	assert_refused(s, "key-purge", which(r.key_id), NO_FILE, "key-in-use", "the pending CSR of CallManager-ECDSA");
	uc_identity_free(&id);
}

static void a_replaced_key_goes_after_a_danger_is_confirmed(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity old = identity_of(s, "tomcat-ECDSA");
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_plan plan;
	plan_ok(s, "key-purge", which(old.key_id), NO_FILE, &plan);
	assert_steps(&plan, "key.purge");
	assert_string_equal(step_text(&plan, 0, "key"), old.key_id);
	assert_found(&plan, UC_DANGER, "purge-final", "no longer be undone");
	uc_plan_free(&plan);
	assert_true(uc_keys_has(s->keys, old.key_id)); /* a plan touches nothing */
	uc_identity_free(&old);
}

static void what_is_no_key_of_this_node_is_not_found(void **state)
{
	struct site *s = *state;
	static const char *const wrong[] = {"node", "../master", "0000000000000000000000000000000000000000000000000000000000000000"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_no_plan(s, "key-purge", which(wrong[i]), NO_FILE, UC_ENOTFOUND, "no-key");
	assert_no_plan(s, "key-purge", which(""), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "key-purge", json_object(), NO_FILE, UC_EINPUT, "argument-missing");
}

/* The key of another node's certificate is no more free than one of this node's. */
static void a_key_that_another_node_uses_is_refused_with_that_node_C127(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	be(s, &sub);
	carry_out(s, "cert-regen", purpose("CallManager-ECDSA"), NO_FILE);
	struct uc_identity theirs = identity_of(s, "CallManager-ECDSA");
	be(s, NULL);
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request shared = {.node = NULL};
	assert_ok(uc_store_request(s->store, UC_ALL_NODES, "tomcat-ECDSA", &shared, &e), e);
	assert_refused(s, "key-purge", which(shared.key_id), NO_FILE, "key-in-use", "the pending CSR of tomcat-ECDSA of cluster");
	/* This node does not have it at all; asked for that node, it is refused for what it is. */
	assert_no_plan(s, "key-purge", which(theirs.key_id), NO_FILE, UC_ENOTFOUND, "no-key");
	be(s, &sub);
	s->ctx.keys = s->keys;
	s->ctx.elsewhere = true;
	assert_refused(s, "key-purge", which(theirs.key_id), NO_FILE, "key-in-use", "the certificate of CallManager-ECDSA");
	uc_identity_free(&theirs);
}

static void the_OAuth_keys_in_force_are_refused_O1(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list encryption = sealed_of(s, UC_AUTHZ_ENCRYPTION);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list signing = sealed_of(s, "authz");
	assert_refused(s, "key-purge", which(encryption.items[0].key_id), NO_FILE, "key-in-use", "the tokens of the cluster");
	assert_refused(s, "key-purge", which(signing.items[0].key_id), NO_FILE, "key-in-use", "the certificate of authz");
}

static void a_key_that_several_nodes_have_is_destroyed_on_all(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request shared = {.node = NULL};
	assert_ok(uc_store_request(s->store, UC_ALL_NODES, "tomcat-ECDSA", &shared, &e), e);
	int64_t deleted =
	    carry_out(s, "csr-delete", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	be(s, &sub); /* which has not even taken it out yet */
	struct uc_plan plan;
	plan_ok(s, "key-purge", which(shared.key_id), NO_FILE, &plan);
	assert_string_equal(step_text(&plan, 0, "node"), UC_ALL_NODES);
	assert_found(&plan, UC_DANGER, "purge-final", "on every node");
	uc_plan_free(&plan);
	carry_out(s, "key-purge", which(shared.key_id), NO_FILE);
	UC_CLEANUP(uc_sealed_free) struct uc_sealed gone = {.key_id = NULL};
	assert_fails(uc_store_sealed(s->store, shared.key_id, &gone, &e), e, UC_ENOTFOUND, "no-sealed-key");
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)deleted), NO_FILE, "key-gone", "tomcat-ECDSA");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_key_in_use_is_refused_with_its_user_C127), T(a_replaced_key_goes_after_a_danger_is_confirmed),
	    T(what_is_no_key_of_this_node_is_not_found),   T(a_key_that_another_node_uses_is_refused_with_that_node_C127),
	    T(the_OAuth_keys_in_force_are_refused_O1),     T(a_key_that_several_nodes_have_is_destroyed_on_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
