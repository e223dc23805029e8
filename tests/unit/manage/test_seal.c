/* src/manage/seal.c: to whom keys are sealed, and how that is said. */
#include "site.h"

static void recipients_are_sorted_and_may_leave_one_out_or_be_those_of_a_purpose(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	found(s);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("a-imp", UC_NODE_PRESENCE);
	join(s, &imp, false);
	UC_CLEANUP(uc_recipients_free) struct uc_recipients all = {.items = NULL};
	assert_ok(uc_all_nodes(&s->ctx, NULL, &all, &e), e);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.items[0].name, "a-imp");
	assert_string_equal(all.items[1].name, "cucm-pub");
	UC_CLEANUP(uc_recipients_free) struct uc_recipients some = {.items = NULL};
	assert_ok(uc_all_nodes(&s->ctx, "cucm-pub", &some, &e), e);
	assert_int_equal(some.count, 1);
	assert_true(uc_cert_eq(some.items[0].cert, uc_keys_node_cert(imp.keys)));
	const struct uc_purpose *voice;
	UC_CLEANUP(uc_recipients_free) struct uc_recipients voices = {.items = NULL};
	assert_ok(uc_purpose_find("CallManager", &voice, &e), e);
	assert_ok(uc_purpose_nodes(&s->ctx, voice, &voices, &e), e);
	assert_int_equal(voices.count, 1);
	assert_string_equal(voices.items[0].name, "cucm-pub");
}

/* A person sees who has the key. */
static void the_text_of_a_step_names_the_recipients_and_no_key(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	struct uc_plan plan;
	uc_plan_init(&plan, "test");
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	uc_recipients_add(&nodes, "b", NULL);
	uc_recipients_add(&nodes, "a", NULL);
	struct uc_sealed before = {.key_id = (char[]){"k"}, .purpose = (char[]){"authz"}, .kind = (char[]){"private"}, .secret = (char[]){"h"}};
	assert_ok(uc_plan_seal_new(&s->ctx, "authz", "private", NULL, &nodes, &plan, &e), e);
	assert_ok(uc_plan_seal_again(&s->ctx, "authz", "private", "k", &nodes, &before, &plan, &e), e);
	assert_string_equal(step_text(&plan, 0, "text"), "Seal the new authz key to a, b");
	assert_string_equal(step_text(&plan, 0, "key"), "");
	assert_string_equal(step_text(&plan, 0, "secret"), "");
	assert_true(json_is_null(json_object_get(json_array_get(plan.steps, 0), "before")));
	assert_string_equal(step_text(&plan, 1, "text"), "Seal the authz key anew, to a, b");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(plan.steps, 1), "before"), "secret")), "h");
	uc_plan_free(&plan);
}

/*
 * What is sealed before the lock is taken is sealed to certificates: when a node has another one by then, under its old name (another
 * machine has taken its place), the plan is another one although a person would read the same.
 */
static void a_plan_is_another_one_when_a_node_that_is_sealed_to_has_another_certificate(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer old = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer fresh = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer guest = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &old, false);
	carry_out(s, "node-add", add_args(&guest, false), NO_FILE);
	UC_CLEANUP(uc_freep) char *id = secret_id(s);
	const struct {
		const char *task;
		json_t *args;
	} rows[] = {
	    {"node-join", join_args(&guest, id)},
	    {"encryption-regen", json_object()},
	    {"cert-regen", json_pack("{s:s}", "purpose", "authz")},
	    {"csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server")},
	};
	enum { ROWS = sizeof rows / sizeof *rows };
	char before[ROWS][65];
	char *texts[ROWS];
	for (size_t i = 0; i < ROWS; i++) plan_hash(s, rows[i].task, json_incref(rows[i].args), NO_FILE, before[i], &texts[i]);
	join(s, &fresh, true);
	for (size_t i = 0; i < ROWS; i++) {
		char after[65];
		UC_CLEANUP(uc_freep) char *same = NULL;
		plan_hash(s, rows[i].task, rows[i].args, NO_FILE, after, &same);
		assert_string_equal(same, texts[i]);
		assert_string_not_equal(after, before[i]);
		free(texts[i]);
	}
}

/* A key that is there is sealed anew before the lock: should it have been replaced meanwhile, there is no blob of the new one. */
static void a_plan_is_another_one_when_another_key_is_sealed_anew(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer guest = peer_new("imp-a", UC_NODE_PRESENCE);
	carry_out(s, "node-add", add_args(&guest, false), NO_FILE);
	UC_CLEANUP(uc_freep) char *id = secret_id(s);
	char before[65];
	char after[65];
	UC_CLEANUP(uc_freep) char *first = NULL;
	UC_CLEANUP(uc_freep) char *second = NULL;
	carry_out(s, "encryption-regen", json_object(), NO_FILE); /* now it is the newer of the two, before and after */
	plan_hash(s, "node-join", join_args(&guest, id), NO_FILE, before, &first);
	carry_out(s, "encryption-regen", json_object(), NO_FILE);
	plan_hash(s, "node-join", join_args(&guest, id), NO_FILE, after, &second);
	assert_string_equal(second, first);
	assert_string_not_equal(after, before);
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

static void which_keys_several_nodes_have_follows_from_their_purpose(void **state)
{
	(void)state;
	static const struct {
		const char *purpose;
		bool presence, tftp, rotates;
	} rows[] = {{"authz", true, true, true},
	            {UC_AUTHZ_ENCRYPTION, true, true, true},
	            {"ITLRecovery", false, true, false},
	            {"tomcat", false, false, false},
	            {"nothing", false, false, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_strdup(rows[i].purpose);
		struct uc_sealed k = {.purpose = name};
		assert_int_equal((uc_sealed_roles(&k) & UC_NODE_PRESENCE) != 0, rows[i].presence);
		assert_int_equal((uc_sealed_roles(&k) & UC_NODE_TFTP) != 0, rows[i].tftp);
		assert_int_equal(uc_sealed_rotates(&k), rows[i].rotates);
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
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	uc_recipients_add(&nodes, "cucm-pub", NULL);
	uc_recipients_add(&nodes, "other", NULL);
	struct uc_keys *const from[] = {s->keys, sub.keys, other.keys};
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(uc_material_free) struct uc_material m = {.items = NULL};
		struct uc_plan plan;
		uc_plan_init(&plan, "test");
		assert_ok(uc_plan_seal_again(&s->ctx, "authz", "private", v.items[0].key_id, &nodes, &v.items[0], &plan, &e), e);
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
	    T(a_plan_is_another_one_when_a_node_that_is_sealed_to_has_another_certificate),
	    T(a_plan_is_another_one_when_another_key_is_sealed_anew),
	    T(under_the_lock_the_blob_is_put_beside_the_log),
	    T(which_keys_several_nodes_have_follows_from_their_purpose),
	    T(a_key_is_sealed_anew_by_whoever_can_open_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
