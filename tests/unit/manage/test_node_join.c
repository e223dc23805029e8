/* src/manage/node_join.c: a node that has shown its secret gets a row and the keys that every node has. */
#include "site.h"

/* The publisher has given out a secret for the node. Its id: free with free(). */
static char *let_in(struct site *s, const struct peer *p, bool replace)
{
	be(s, NULL);
	carry_out(s, "node-add", add_args(p, replace), NO_FILE);
	return secret_id(s);
}

static void it_gets_the_OAuth_keys_and_no_node_loses_them_O1(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer one = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer two = peer_new("imp-a", UC_NODE_PRESENCE);
	UC_CLEANUP(uc_freep) char *id = let_in(s, &one, false);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list before = sealed_of(s, UC_AUTHZ_ENCRYPTION);
	struct uc_plan plan;
	plan_ok(s, "node-join", join_args(&one, id), NO_FILE, &plan);
	assert_steps(&plan, "node.set,key.seal,key.seal");
	assert_non_null(strstr(step_text(&plan, 1, "text"), "anew, to cucm-pub, cucm-sub"));
	assert_int_equal(uc_findings_worst(&plan.findings), UC_NOTE);
	uc_plan_free(&plan);
	carry_out(s, "node-join", join_args(&one, id), NO_FILE);
	join(s, &two, false);

	struct uc_keys *const keys[] = {s->keys, one.keys, two.keys};
	for (size_t i = 0; i < 3; i++) assert_true(can_open(s, keys[i], "authz") && can_open(s, keys[i], UC_AUTHZ_ENCRYPTION));
	assert_sealed_to(s, "authz", "cucm-pub,cucm-sub,imp-a");
	/* The same keys, not new ones. */
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list after = sealed_of(s, UC_AUTHZ_ENCRYPTION);
	assert_int_equal(after.count, 1);
	assert_string_equal(after.items[0].key_id, before.items[0].key_id);
	assert_int_equal(take_keys(s, &two), 1);
	struct uc_error e;
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_ok(uc_store_node(s->store, "imp-a", &row, &e), e);
	assert_string_equal(row.fqdn, "imp-a.example.com");
	assert_string_equal(row.roles, "im-and-presence");
	assert_true(uc_slice_eq(uc_buf_slice(&row.certificate), uc_buf_slice(&uc_keys_node_cert(two.keys)->der)));
}

/* C99: until it is installed the secret stays, so that a join that broke off can be repeated. */
static void the_secret_stays_until_the_node_is_installed_C99(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer one = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(uc_freep) char *id = let_in(s, &one, false);
	carry_out(s, "node-join", join_args(&one, id), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_join_free) struct uc_join still = {.id = NULL};
	assert_ok(uc_store_join(s->store, id, &still, &e), e);
	assert_int_equal(still.sealed.len > 0, 1);
}

static void a_replacement_takes_the_place_with_nothing_of_its_predecessor(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer old = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer fresh = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	struct made mic = make_cert(&(struct make){.subject = "CN=Maker", .exts = MAKE_ROOT});
	join(s, &old, false);
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	be(s, &old);
	carry_out(s, "cert-regen", json_pack("{s:s}", "purpose", "CallManager-ECDSA"), NO_FILE);
	request_csr(s, "tomcat-ECDSA");
	upload_trust(s, "CAPF", MADE(&mic));
	UC_CLEANUP(uc_freep) char *id = let_in(s, &fresh, true);
	struct uc_plan plan;
	plan_ok(s, "node-join", join_args(&fresh, id), NO_FILE, &plan);
	/* The multi-server key is not sealed to the new machine, and no longer counts as if it were. */
	assert_steps(&plan, "identity.remove,csr.remove,trust.remove,key.seal,node.set,key.seal,key.seal");
	assert_string_equal(step_text(&plan, 2, "store"), "CallManager-trust");
	assert_string_equal(step_text(&plan, 3, "purpose"), "tomcat-ECDSA");
	assert_found(&plan, UC_WARN, "node-replaced", "cucm-sub");
	uc_plan_free(&plan);
	int64_t number = carry_out(s, "node-join", join_args(&fresh, id), NO_FILE);
	assert_sealed_to(s, "tomcat-ECDSA", "cucm-pub");
	assert_sealed_to(s, "authz", "cucm-pub,cucm-sub");
	assert_true(can_open(s, fresh.keys, "authz") && can_open(s, fresh.keys, UC_AUTHZ_ENCRYPTION));
	assert_false(can_open(s, old.keys, "authz"));
	struct uc_error e;
	struct uc_identity gone = {.node = NULL};
	assert_fails(uc_store_identity(s->store, "cucm-sub", "CallManager-ECDSA", &gone, &e), e, UC_ENOTFOUND, "no-identity");
	/* What an administrator put on that node is for the one that takes its place. */
	be(s, &fresh);
	UC_CLEANUP(uc_freep) char *makers = names_in(s, "CAPF-trust");
	assert_non_null(strstr(makers, "Maker.pem"));
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE, "not-undoable", "let a node join");
	/* The machine that was replaced does not come back by starting again. */
	be(s, &old);
	assert_no_plan(s, "install", json_object(), NO_FILE, UC_EREFUSED, "node-key-differs");
	made_free(&mic);
}

static json_t *with(const struct peer *p, const char *id, const char *member, json_t *value)
{
	json_t *args = join_args(p, id);
	json_object_set_new(args, member, value);
	return args;
}

static void bad_input_is_refused_with_its_name(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer one = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(uc_freep) char *id = let_in(s, &one, false);
	UC_CLEANUP(uc_freep) char *ours = uc_base64(uc_buf_slice(&uc_keys_node_cert(s->keys)->der));
	assert_no_plan(s, "node-join", join_args(&one, "0011223344556677"), NO_FILE, UC_ENOTFOUND, "no-join");
	assert_no_plan(s, "node-join", with(&one, id, "node", json_string("cucm-pub")), NO_FILE, UC_ECONFLICT, "other-node");
	assert_no_plan(s, "node-join", with(&one, id, "certificate", json_string("%%")), NO_FILE, UC_EINPUT, "bad-certificate");
	assert_no_plan(s, "node-join", with(&one, id, "certificate", json_string("MAA=")), NO_FILE, UC_EINPUT, "bad-certificate");
	assert_no_plan(s, "node-join", with(&one, id, "certificate", json_string(ours)), NO_FILE, UC_EREFUSED, "node-key-taken");
	/* The node's access to the store goes by its GUID: nobody comes in under another node's. */
	assert_no_plan(s, "node-join", with(&one, id, "guid", json_string(s->ctx.guid)), NO_FILE, UC_EREFUSED, "guid-taken");
	static const char *const guids[] = {"x", "01234567-89ab-4cde-8f01-23456789abc", "01234567-89AB-4CDE-8F01-23456789ABCD",
	                                    "01234567-89ab-4cde-8f01-23456789abcd0", "01234567-89ab-4cde-8f01+23456789abcd"};
	for (size_t i = 0; i < sizeof guids / sizeof *guids; i++)
		assert_no_plan(s, "node-join", with(&one, id, "guid", json_string(guids[i])), NO_FILE, UC_EINPUT, "bad-guid");
	static const char *const members[] = {"id", "node", "certificate", "guid"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		assert_no_plan(s, "node-join", with(&one, id, members[i], json_null()), NO_FILE, UC_EINPUT, "argument-missing");
		assert_no_plan(s, "node-join", with(&one, id, members[i], json_integer(7)), NO_FILE, UC_EINPUT, "bad-argument");
	}
	s->ctx.now = MAKE_NOW + 24 * 3600;
	assert_no_plan(s, "node-join", join_args(&one, id), NO_FILE, UC_EREFUSED, "join-secret-expired");
	s->ctx.now--;
	struct uc_plan plan;
	plan_ok(s, "node-join", join_args(&one, id), NO_FILE, &plan);
	uc_plan_free(&plan);
	s->ctx.roles = UC_NODE_SUBSCRIBER;
	assert_no_plan(s, "node-join", join_args(&one, id), NO_FILE, UC_EREFUSED, "not-publisher");
}

/* A publisher restored without what it could open: the node joins, and a person is told. */
static void a_key_that_the_publisher_cannot_open_is_told_of_C98(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer one = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer two = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &one, false);
	struct uc_error e;
	struct uc_plan lose;
	uc_plan_init(&lose, "test");
	assert_ok(uc_plan_forget_sealed(&s->ctx, "cucm-pub", true, &lose, &e), e);
	int64_t number;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &lose, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&lose);
	UC_CLEANUP(uc_freep) char *id = let_in(s, &two, false);
	struct uc_plan plan;
	plan_ok(s, "node-join", join_args(&two, id), NO_FILE, &plan);
	assert_steps(&plan, "node.set");
	assert_found(&plan, UC_WARN, "key-missing", "authz-encryption");
	uc_plan_free(&plan);
	carry_out(s, "node-join", join_args(&two, id), NO_FILE);
}

/* In a single node's store there are no credentials to give. */
static void the_way_to_the_store_needs_a_store_that_is_shared(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	UC_CLEANUP(uc_material_free) struct uc_material m = {.items = NULL};
	json_t *args = json_pack("{s:s, s:s}", "node", "cucm-sub", "guid", "11111111-2222-4333-8444-555555555555");
	struct uc_task_request req = {.task = "node-join", .args = args};
	const struct uc_task *task;
	assert_ok(uc_task_find("node-join", &task, &e), e);
	assert_int_equal(task->place, UC_TASK_HERE);
	assert_ok(uc_store_begin(s->store, &e), e);
	enum uc_status status = task->beside(&s->ctx, &req, &m, &e);
	uc_store_rollback(s->store);
	assert_int_equal(status, UC_EREFUSED);
	assert_string_equal(e.id, "not-shared");
	assert_int_equal(m.secret.len, 0);
	json_decref(args);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(it_gets_the_OAuth_keys_and_no_node_loses_them_O1),
	    T(the_secret_stays_until_the_node_is_installed_C99),
	    T(a_replacement_takes_the_place_with_nothing_of_its_predecessor),
	    T(bad_input_is_refused_with_its_name),
	    T(a_key_that_the_publisher_cannot_open_is_told_of_C98),
	    T(the_way_to_the_store_needs_a_store_that_is_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
