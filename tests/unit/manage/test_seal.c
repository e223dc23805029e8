/* src/manage/seal.c: to whom keys are sealed, and how that is said. */
#include "site.h"

static void recipients_are_sorted_and_may_leave_one_out_or_be_those_of_a_purpose(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	found(s);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("a-imp", UC_NODE_PRESENCE);
	join(s, &imp, false);
	UC_CLEANUP(uc_certs_free) struct uc_certs all = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	assert_ok(uc_all_nodes(&s->ctx, NULL, &all, &names, &e), e);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ",");
	assert_string_equal(list, "a-imp,cucm-pub");
	assert_int_equal(all.count, 2);
	UC_CLEANUP(uc_certs_free) struct uc_certs some = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv fewer = {.items = NULL};
	assert_ok(uc_all_nodes(&s->ctx, "cucm-pub", &some, &fewer, &e), e);
	assert_int_equal(some.count, 1);
	assert_true(uc_cert_eq(some.items[0], uc_keys_node_cert(imp.keys)));
	const struct uc_purpose *voice;
	UC_CLEANUP(uc_certs_free) struct uc_certs voices = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv voice_names = {.items = NULL};
	assert_ok(uc_purpose_find("CallManager", &voice, &e), e);
	assert_ok(uc_purpose_nodes(&s->ctx, voice, &voices, &voice_names, &e), e);
	assert_int_equal(voices.count, 1);
	assert_string_equal(voice_names.items[0], "cucm-pub");
}

/* Two makings of a plan are compared by their texts: the recipients stand there, the key does not. */
static void the_text_of_a_step_names_the_recipients_and_no_key(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	struct uc_plan plan;
	uc_plan_init(&plan, "test");
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	uc_strv_add(&nodes, "a");
	uc_strv_add(&nodes, "b");
	struct uc_sealed before = {.key_id = (char[]){"k"}, .purpose = (char[]){"authz"}, .kind = (char[]){"private"}, .secret = (char[]){"h"}};
	assert_ok(uc_plan_seal(&s->ctx, "authz", "private", NULL, NO_FILE, &nodes, NULL, &plan, &e), e);
	assert_ok(uc_plan_seal(&s->ctx, "authz", "private", "k", NO_FILE, &nodes, &before, &plan, &e), e);
	assert_string_equal(step_text(&plan, 0, "text"), "Seal the new authz key to a, b");
	assert_string_equal(step_text(&plan, 0, "key"), "");
	assert_string_equal(step_text(&plan, 0, "secret"), "");
	assert_true(json_is_null(json_object_get(json_array_get(plan.steps, 0), "before")));
	assert_string_equal(step_text(&plan, 1, "text"), "Seal the authz key anew, to a, b");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(plan.steps, 1), "before"), "secret")), "h");
	uc_plan_free(&plan);
}

/* A preview has no blob; under the lock it lies beside the log, which has its hash. */
static void under_the_lock_the_blob_is_put_beside_the_log(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	found(s);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list v = sealed_of(s, "authz");
	assert_int_equal(strlen(v.items[0].secret), 64);
	char hash[65];
	uc_sha256_hex(uc_buf_slice(&v.items[0].blob), hash);
	assert_string_equal(hash, v.items[0].secret);
	UC_CLEANUP(uc_sealed_free) struct uc_sealed none = {.key_id = NULL};
	bool have = true;
	assert_ok(uc_sealed_maybe(&s->ctx, "nothing", &none, &have, &e), e);
	assert_false(have);
}

static void the_OAuth_keys_are_everybodys_and_no_other(void **state)
{
	(void)state;
	static const struct {
		const char *purpose;
		bool everywhere;
	} rows[] = {{"authz", true}, {UC_AUTHZ_ENCRYPTION, true}, {"tomcat", false}, {"nothing", false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_strdup(rows[i].purpose);
		struct uc_sealed k = {.purpose = name};
		assert_int_equal(uc_sealed_everywhere(&k), rows[i].everywhere);
	}
}

/* The node where the key is, from the key; another one that has it, from what was sealed to it; and one that has neither cannot. */
static void a_key_is_sealed_anew_by_whoever_can_open_it(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer other = peer_new("other", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list v = sealed_of(s, "authz");
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	uc_strv_add(&nodes, "cucm-pub");
	uc_strv_add(&nodes, "other");
	struct uc_keys *const from[] = {s->keys, sub.keys, other.keys};
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(uc_material_free) struct uc_material m = {.items = NULL};
		struct uc_plan plan;
		uc_plan_init(&plan, "test");
		assert_ok(uc_plan_seal(&s->ctx, "authz", "private", v.items[0].key_id, NO_FILE, &nodes, &v.items[0], &plan, &e), e);
		struct uc_task_context ctx = s->ctx;
		ctx.keys = from[i];
		enum uc_status status = uc_prepare_reseal(&ctx, &plan, "other", uc_keys_node_cert(other.keys), &m, &e);
		uc_plan_free(&plan);
		if (i == 2) {
			assert_int_equal(status, UC_EREFUSED);
			assert_string_equal(e.id, "sealed-to-others");
			continue;
		}
		assert_ok(status, e);
		UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
		assert_ok(uc_keys_unseal(other.keys, uc_material_resealed(&m, v.items[0].key_id), &plain, &e), e);
		assert_fails(uc_keys_unseal(sub.keys, uc_material_resealed(&m, v.items[0].key_id), &plain, &e), e, UC_EREFUSED, "sealed-to-others");
		assert_int_equal(m.count, 0); /* no key that would go when the change does not happen */
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(recipients_are_sorted_and_may_leave_one_out_or_be_those_of_a_purpose),
	    T(the_text_of_a_step_names_the_recipients_and_no_key),
	    T(under_the_lock_the_blob_is_put_beside_the_log),
	    T(the_OAuth_keys_are_everybodys_and_no_other),
	    T(a_key_is_sealed_anew_by_whoever_can_open_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
