/* src/manage/encryption.c: O1, the key that encrypts tokens. */
#include "site.h"

static void a_new_encryption_key_goes_to_every_node_and_the_old_one_is_destroyed_O1(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &imp, false);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list old = sealed_of(s, UC_AUTHZ_ENCRYPTION);
	assert_int_equal(old.count, 1);
	struct uc_plan plan;
	plan_ok(s, "encryption-regen", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "key.seal,key.purge");
	assert_string_equal(step_text(&plan, 0, "text"), "Seal the new authz-encryption key to cucm-pub, imp-a");
	assert_string_equal(step_text(&plan, 1, "key"), old.items[0].key_id);
	assert_string_equal(step_text(&plan, 1, "node"), UC_ALL_NODES);
	assert_found(&plan, UC_WARN, "tokens-stop", "token");
	assert_found(&plan, UC_WARN, "rotation-final", "cannot be undone");
	assert_found(&plan, UC_WARN, "sync-clusters", "Unity Connection");
	assert_reloads(&plan, "CallManager,XCP Authentication Service@imp-a");
	uc_plan_free(&plan);

	int64_t change = carry_out(s, "encryption-regen", json_object(), NO_FILE);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list fresh = sealed_of(s, UC_AUTHZ_ENCRYPTION);
	assert_int_equal(fresh.count, 1);
	assert_string_not_equal(fresh.items[0].key_id, old.items[0].key_id);
	assert_true(can_open(s, s->keys, UC_AUTHZ_ENCRYPTION) && can_open(s, imp.keys, UC_AUTHZ_ENCRYPTION));
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)change), NO_FILE, "not-undoable", "that lasts");
	/* The log has neither the key nor what it was sealed as. */
	struct uc_error e;
	json_t *body = NULL;
	assert_ok(uc_log_get(s->store, change, &body, &e), e);
	UC_CLEANUP(uc_freep) char *text = json_dumps(body, 0);
	UC_CLEANUP(uc_freep) char *blob = uc_base64(uc_buf_slice(&fresh.items[0].blob));
	blob[40] = '\0';
	assert_null(strstr(text, blob));
	json_decref(body);
}

static void the_first_encryption_key_replaces_nothing(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	plan_ok(s, "encryption-regen", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "key.seal");
	assert_int_equal(plan.findings.count, 0);
	uc_plan_free(&plan);
}

static void it_is_the_publishers_work_O1(void **state)
{
	struct site *s = *state;
	const struct uc_task *task;
	struct uc_error e;
	assert_ok(uc_task_find("encryption-regen", &task, &e), e);
	assert_int_equal(task->place, UC_TASK_PUBLISHER);
	s->ctx.roles = UC_NODE_SUBSCRIBER;
	assert_no_plan(s, "encryption-regen", json_object(), NO_FILE, UC_EREFUSED, "not-publisher");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_new_encryption_key_goes_to_every_node_and_the_old_one_is_destroyed_O1),
	    T(the_first_encryption_key_replaces_nothing),
	    T(it_is_the_publishers_work_O1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
