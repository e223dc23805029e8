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

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_key_in_use_is_refused_with_its_user_C127),
	    T(a_replaced_key_goes_after_a_danger_is_confirmed),
	    T(what_is_no_key_of_this_node_is_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
