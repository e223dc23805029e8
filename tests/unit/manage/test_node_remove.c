/* src/manage/node_remove.c: what belongs to a node goes with it, and nothing else. */
#include "site.h"

static json_t *named(const char *node)
{
	return json_pack("{s:s}", "node", node);
}

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

static void everything_of_it_goes_and_what_others_have_stays_C97(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	struct made maker = make_cert(&(struct make){.subject = "CN=Maker", .exts = MAKE_ROOT});
	struct made peer = make_cert(&(struct make){.subject = "CN=Peer", .exts = MAKE_ROOT});
	join(s, &sub, false);
	join(s, &imp, false);
	UC_CLEANUP(uc_freep) char *tomcat = names_in(s, "tomcat-trust");
	UC_CLEANUP(uc_freep) char *signalling = names_in(s, "CallManager-trust");
	be(s, &sub);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	carry_out(s, "cert-regen", purpose("CallManager-ECDSA"), NO_FILE);
	request_csr(s, "CallManager-ECDSA");
	upload_trust(s, "CAPF", MADE(&maker));
	upload_trust(s, "tomcat", MADE(&peer)); /* for the cluster: not the node's */
	be(s, NULL);
	upload_trust(s, "CAPF", MADE(&maker)); /* on the publisher as well */
	struct uc_plan plan;
	plan_ok(s, "node-remove", named("CUCM-Sub"), NO_FILE, &plan);
	assert_steps(&plan, "identity.remove,identity.remove,csr.remove,trust.remove,trust.remove,trust.remove,key.seal,key.seal,"
	                    "join.remove,node.remove");
	assert_found(&plan, UC_DANGER, "node-goes", "cucm-sub.example.com");
	assert_found(&plan, UC_WARN, "rotate-keys", "cucm-sub");
	assert_not_found(&plan, "multi-server-key-known");
	assert_not_found(&plan, "copy-of-identity"); /* it goes itself */
	assert_true(follows(&plan, "rotate", "authz-signing") && follows(&plan, "rotate", "authz-encryption"));
	uc_plan_free(&plan);

	int64_t number = carry_out(s, "node-remove", named("CUCM-Sub"), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_fails(uc_store_node(s->store, "cucm-sub", &row, &e), e, UC_ENOTFOUND, "no-node");
	assert_names(s, "CallManager-trust", signalling);
	UC_CLEANUP(uc_freep) char *left = names_in(s, "tomcat-trust");
	assert_non_null(strstr(left, "Peer.pem"));
	assert_int_equal(strlen(left), strlen(tomcat) + strlen("Peer.pem,"));
	UC_CLEANUP(uc_trusts_free) struct uc_trusts makers = {.items = NULL};
	assert_ok(uc_store_trust(s->store, "CAPF-trust", NULL, "Maker", NULL, 10, &makers, &e), e);
	assert_int_equal(makers.count, 1);
	assert_string_equal(makers.items[0].scope, "cucm-pub");
	assert_sealed_to(s, "authz", "cucm-pub,imp-a");
	assert_true(can_open(s, imp.keys, "authz"));
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE, "not-undoable", "removed");
	/* Nothing is left that would stand in the way of a node of that name (C99). */
	UC_CLEANUP(peer_free) struct peer again = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &again, false);
	assert_true(can_open(s, again.keys, "authz"));
	made_free(&maker);
	made_free(&peer);
}

static void keys_of_multi_server_certificates_that_it_has_known_are_named(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	struct uc_plan plan;
	plan_ok(s, "node-remove", named("cucm-sub"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "multi-server-key-known", "tomcat-ECDSA");
	assert_true(follows(&plan, "certificate", "tomcat-ECDSA"));
	uc_plan_free(&plan);
	carry_out(s, "node-remove", named("cucm-sub"), NO_FILE);
	assert_sealed_to(s, "tomcat-ECDSA", "cucm-pub");
	assert_true(can_open(s, s->keys, "tomcat-ECDSA"));
}

/* A copy that vouches for chains of other nodes is not taken away in silence. */
static void what_depends_on_a_copy_that_goes_is_told_C127(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	be(s, &sub);
	carry_out(s, "cert-regen", purpose("CallManager-ECDSA"), NO_FILE);
	struct uc_identity signer = identity_of(s, "CallManager-ECDSA");
	/* The node has signed something that the cluster holds. */
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	struct uc_error e;
	assert_ok(uc_keys_get(sub.keys, signer.key_id, &key, &e), e);
	struct made ca = {.cert = signer.cert, .key = key};
	struct made child = make_cert(&(struct make){.subject = "CN=child", .issuer = &ca, .exts = MAKE_LEAF("child.example.com")});
	be(s, NULL);
	upload_trust(s, "CallManager", MADE(&child));
	struct uc_plan plan;
	plan_ok(s, "node-remove", named("cucm-sub"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "issuer-of", "child");
	uc_plan_free(&plan);
	made_free(&child);
	uc_identity_free(&signer);
}

static void a_node_that_has_not_joined_yet_is_just_not_let_in_C99(void **state)
{
	struct site *s = *state;
	found(s);
	carry_out(s, "node-add", named("cucm-sub"), NO_FILE);
	struct uc_plan plan;
	plan_ok(s, "node-remove", named("cucm-sub"), NO_FILE, &plan);
	assert_steps(&plan, "join.remove");
	assert_int_equal(plan.findings.count, 0);
	uc_plan_free(&plan);
	carry_out(s, "node-remove", named("cucm-sub"), NO_FILE);
	assert_no_plan(s, "node-remove", named("cucm-sub"), NO_FILE, UC_ENOTFOUND, "no-node");
}

static void the_publisher_stays_and_what_is_no_node_is_not_found(void **state)
{
	struct site *s = *state;
	found(s);
	assert_no_plan(s, "node-remove", named("cucm-pub"), NO_FILE, UC_EREFUSED, "publisher-stays");
	static const char *const wrong[] = {"cucm", "cluster", "*", "%", "cucm-pub.example.com"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_no_plan(s, "node-remove", named(wrong[i]), NO_FILE, UC_ENOTFOUND, "no-node");
	assert_no_plan(s, "node-remove", named(""), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "node-remove", json_pack("{s:i}", "node", 1), NO_FILE, UC_EINPUT, "bad-argument");
	const struct uc_task *task;
	struct uc_error e;
	assert_ok(uc_task_find("node-remove", &task, &e), e);
	assert_int_equal(task->place, UC_TASK_PUBLISHER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(everything_of_it_goes_and_what_others_have_stays_C97), T(keys_of_multi_server_certificates_that_it_has_known_are_named),
	    T(what_depends_on_a_copy_that_goes_is_told_C127),        T(a_node_that_has_not_joined_yet_is_just_not_let_in_C99),
	    T(the_publisher_stays_and_what_is_no_node_is_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
