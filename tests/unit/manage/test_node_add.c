/* src/manage/node_add.c: leave to join, for a while and once. */
#include "site.h"

static json_t *named(const char *node)
{
	return json_pack("{s:s}", "node", node);
}

static void a_secret_is_told_once_and_the_log_has_only_what_is_sealed_to_the_publisher(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_plan plan;
	plan_ok(s, "node-add", named("CUCM-Sub"), NO_FILE, &plan);
	assert_steps(&plan, "join.set");
	assert_string_equal(step_text(&plan, 0, "text"), "Let cucm-sub (cucm-sub.example.com) join as subscriber, within 24 hours");
	assert_found(&plan, UC_NOTE, "node-gets", "tomcat, tomcat-ECDSA, ipsec, CallManager, CallManager-ECDSA, TVS");
	assert_int_equal(uc_findings_worst(&plan.findings), UC_NOTE);
	uc_plan_free(&plan);

	int64_t number = carry_out(s, "node-add", named("CUCM-Sub"), NO_FILE);
	struct uc_error e;
	struct uc_join_secret told;
	assert_ok(uc_join_secret_read(s->secret, &told, &e), e);
	assert_memory_equal(told.publisher, uc_keys_node_cert(s->keys)->fingerprint, UC_FINGERPRINT_LEN);
	UC_CLEANUP(uc_freep) char *id = secret_id(s);
	UC_CLEANUP(uc_join_free) struct uc_join row = {.id = NULL};
	assert_ok(uc_store_join(s->store, id, &row, &e), e);
	assert_string_equal(row.node, "cucm-sub");
	assert_string_equal(row.domain, "example.com");
	assert_string_equal(row.roles, "subscriber");
	assert_int_equal(row.expires, MAKE_NOW + 24 * 3600);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	assert_ok(uc_keys_unseal(s->keys, uc_buf_slice(&row.sealed), &plain, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&plain), uc_slice_of(told.secret, sizeof told.secret)));
	json_t *body = NULL;
	assert_ok(uc_log_get(s->store, number, &body, &e), e);
	UC_CLEANUP(uc_freep) char *text = json_dumps(body, 0);
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_buf_slice(&plain), '\0');
	assert_null(strstr(text, s->secret));
	assert_null(strstr(text, hex));
	json_decref(body);
}

static void what_is_asked_for_is_what_the_row_says(void **state)
{
	struct site *s = *state;
	found(s);
	carry_out(s, "node-add",
	          json_pack("{s:s, s:s, s:s, s:i}", "node", "imp-a", "domain", "im.example.com", "roles", "im-and-presence", "hours", 720),
	          NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *id = secret_id(s);
	UC_CLEANUP(uc_join_free) struct uc_join row = {.id = NULL};
	assert_ok(uc_store_join(s->store, id, &row, &e), e);
	assert_string_equal(row.domain, "im.example.com");
	assert_string_equal(row.roles, "im-and-presence");
	assert_int_equal(row.expires, MAKE_NOW + 720 * 3600);
}

static void a_new_secret_for_a_node_replaces_the_pending_one_C99(void **state)
{
	struct site *s = *state;
	found(s);
	carry_out(s, "node-add", named("cucm-sub"), NO_FILE);
	UC_CLEANUP(uc_freep) char *first = secret_id(s);
	struct uc_plan plan;
	plan_ok(s, "node-add", named("cucm-sub"), NO_FILE, &plan);
	assert_steps(&plan, "join.remove,join.set");
	assert_found(&plan, UC_WARN, "replaces-join", "cucm-sub");
	uc_plan_free(&plan);
	carry_out(s, "node-add", named("cucm-sub"), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_join_free) struct uc_join gone = {.id = NULL};
	assert_fails(uc_store_join(s->store, first, &gone, &e), e, UC_ENOTFOUND, "no-join");
	/* Another node's secret is another matter. */
	plan_ok(s, "node-add", named("cucm-sub2"), NO_FILE, &plan);
	assert_steps(&plan, "join.set");
	uc_plan_free(&plan);
}

static void undoing_it_withdraws_the_secret(void **state)
{
	struct site *s = *state;
	found(s);
	int64_t number = carry_out(s, "node-add", named("cucm-sub"), NO_FILE);
	struct uc_plan plan;
	plan_ok(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE, &plan);
	assert_steps(&plan, "join.remove");
	assert_non_null(strstr(step_text(&plan, 0, "text"), "no longer good"));
	/* What is not possible is not offered. */
	assert_string_equal(uc_findings_get(&plan.findings, "undo")->hint, "This cannot be undone in turn.");
	uc_plan_free(&plan);
	int64_t undo = carry_out(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE);
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)undo), NO_FILE, "not-undoable", "that lasts");
}

static void a_replacement_must_be_asked_for_and_is_told_of(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE | UC_NODE_SUBSCRIBER);
	join(s, &imp, false);
	assert_no_plan(s, "node-add", named("imp-a"), NO_FILE, UC_EREFUSED, "node-exists");
	assert_no_plan(s, "node-add", named("IMP-A"), NO_FILE, UC_EREFUSED, "node-exists");
	struct uc_plan plan;
	plan_ok(s, "node-add", json_pack("{s:s, s:b}", "node", "IMP-A", "replace", true), NO_FILE, &plan);
	/* The one of the former join goes too: it was good for the node that is there. */
	assert_steps(&plan, "join.remove,join.set");
	assert_string_equal(step_text(&plan, 1, "roles"), "subscriber,im-and-presence");
	assert_found(&plan, UC_WARN, "node-replaced", "imp-a");
	uc_plan_free(&plan);
	assert_no_plan(s, "node-add", json_pack("{s:s, s:b}", "node", "imp-b", "replace", true), NO_FILE, UC_ENOTFOUND, "no-node");
	assert_no_plan(s, "node-add", json_pack("{s:s, s:b}", "node", "cucm-pub", "replace", true), NO_FILE, UC_EREFUSED, "publisher-stays");
}

static void bad_input_is_refused_with_its_name(void **state)
{
	struct site *s = *state;
	found(s);
	static const struct {
		const char *node, *domain, *roles;
		enum uc_status status;
		const char *id;
	} rows[] = {
	    {"cluster", NULL, NULL, UC_EINPUT, "bad-node-name"},
	    {"a.b", NULL, NULL, UC_EINPUT, "bad-node-name"},
	    {"*", NULL, NULL, UC_EINPUT, "bad-node-name"},
	    {"x", NULL, "manager", UC_EINPUT, "bad-role"},
	    {"x", NULL, ",", UC_EINPUT, "bad-role"},
	    {"x", NULL, "publisher", UC_EREFUSED, "publisher-exists"},
	    {"x", NULL, "tftp,publisher", UC_EREFUSED, "publisher-exists"},
	    {"cucm-pub", NULL, NULL, UC_EREFUSED, "node-exists"},
	    {"", NULL, NULL, UC_EINPUT, "argument-missing"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_no_plan(s, "node-add",
		               json_pack("{s:s, s:s?, s:s?}", "node", rows[i].node, "domain", rows[i].domain, "roles", rows[i].roles), NO_FILE,
		               rows[i].status, rows[i].id);
	json_t *const hours[] = {json_integer(0), json_integer(721), json_integer(-1), json_string("5"), json_real(1.5)};
	for (size_t i = 0; i < sizeof hours / sizeof *hours; i++)
		assert_no_plan(s, "node-add", json_pack("{s:s, s:o}", "node", "x", "hours", hours[i]), NO_FILE, UC_EINPUT, "bad-hours");
	assert_blamed(s, "node-add", json_pack("{s:s, s:i}", "node", "x", "hours", 0), "bad-hours", "hours", "from 1 to 720, not 0");
	assert_blamed(s, "node-add", json_pack("{s:s, s:s}", "node", "x", "domain", "a..b"), "bad-name", "domain", "x.a..b");
	assert_blamed(s, "node-add", named("-x"), "bad-name", "node", "'-x'");
	assert_blamed(s, "node-add", json_pack("{s:s, s:s}", "node", "x", "roles", "cook"), "bad-role", "roles", "'cook'");
	assert_no_plan(s, "node-add", json_pack("{s:s, s:s}", "node", "x", "replace", "yes"), NO_FILE, UC_EINPUT, "bad-argument");
	assert_no_plan(s, "node-add", json_object(), NO_FILE, UC_EINPUT, "argument-missing");
}

static void only_the_publisher_of_a_shared_store_gives_out_secrets(void **state)
{
	struct site *s = *state;
	assert_no_plan(s, "node-add", named("x"), NO_FILE, UC_EREFUSED, "not-shared");
	s->ctx.clustered = true;
	s->ctx.roles = UC_NODE_SUBSCRIBER;
	assert_no_plan(s, "node-add", named("x"), NO_FILE, UC_EREFUSED, "not-publisher");
	const struct uc_task *task;
	struct uc_error e;
	assert_ok(uc_task_find("node-add", &task, &e), e);
	assert_int_equal(task->place, UC_TASK_HERE); /* its answer is a secret */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_secret_is_told_once_and_the_log_has_only_what_is_sealed_to_the_publisher),
	    T(what_is_asked_for_is_what_the_row_says),
	    T(a_new_secret_for_a_node_replaces_the_pending_one_C99),
	    T(undoing_it_withdraws_the_secret),
	    T(a_replacement_must_be_asked_for_and_is_told_of),
	    T(bad_input_is_refused_with_its_name),
	    T(only_the_publisher_of_a_shared_store_gives_out_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
