/* src/manage/account.c: a new password for an account. */
#include "site.h"

static json_t *args(const char *name, const char *verifier)
{
	return json_pack("{s:s, s:s?}", "name", name, "verifier", verifier);
}

static void set_up(struct site *s)
{
	s->ctx.roles = UC_NODE_REPORTING; /* fewer keys */
	carry_out(s, "install", json_pack("{s:s}", "verifier", "the first"), NO_FILE);
}

static void a_new_verifier_replaces_the_old_one_and_stays_out_of_the_log(void **state)
{
	struct site *s = *state;
	set_up(s);
	struct uc_plan plan;
	plan_ok(s, "account-password", args("admin", "the second"), NO_FILE, &plan);
	assert_steps(&plan, "account.set");
	uc_plan_free(&plan);
	int64_t number = carry_out(s, "account-password", args("admin", "the second"), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_account_free) struct uc_account admin = {.name = NULL};
	assert_ok(uc_store_account(s->store, "admin", &admin, &e), e);
	assert_string_equal(admin.verifier, "the second");
	assert_string_equal(admin.role, "administrator");
	json_t *change = NULL;
	assert_ok(uc_log_get(s->store, number, &change, &e), e);
	UC_CLEANUP(uc_freep) char *text = json_dumps(change, 0);
	assert_null(strstr(text, "the second"));
	json_decref(change);
}

static void an_account_that_is_not_there_gets_no_password(void **state)
{
	struct site *s = *state;
	set_up(s);
	assert_no_plan(s, "account-password", args("nobody", "x"), NO_FILE, UC_ENOTFOUND, "no-account");
	assert_no_plan(s, "account-password", args("", "x"), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "account-password", args("Admin", "x"), NO_FILE, UC_ENOTFOUND, "no-account");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_new_verifier_replaces_the_old_one_and_stays_out_of_the_log),
	    T(an_account_that_is_not_there_gets_no_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
