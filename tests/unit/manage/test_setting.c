/* src/manage/setting.c, and what undo.c says of it: decisions that all nodes obey. */
#include "site.h"

#include "catalog/setting.h"

static json_t *set(const char *name, const char *value)
{
	return json_pack("{s:s, s:s}", "name", name, "value", value);
}

static json_t *number(int64_t n)
{
	return json_pack("{s:I}", "number", (json_int_t)n);
}

/* "" when it was never set. */
static void assert_value(struct site *s, const char *name, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *value = NULL;
	assert_ok(uc_store_setting(s->store, name, &value, &e), e);
	assert_string_equal(value != NULL ? value : "", want);
}

static void a_setting_is_set_and_undone(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	plan_ok(s, "setting-set", set("Phone-Fill", "ON"), NO_FILE, &plan);
	assert_steps(&plan, "setting.set");
	assert_string_equal(plan.summary, "Set phone-fill to on");
	assert_string_equal(step_text(&plan, 0, "text"), "Set phone-fill from off to on");
	assert_int_equal(plan.findings.count, 0);
	uc_plan_free(&plan);
	int64_t first = carry_out(s, "setting-set", set("phone-fill", "on"), NO_FILE);
	assert_value(s, "phone-fill", "on");
	int64_t second = carry_out(s, "setting-set", set("phone-fill", "off"), NO_FILE);
	assert_value(s, "phone-fill", "off");
	/* Only the latest one can be taken back. */
	assert_refused(s, "undo", number(first), NO_FILE, "changed-since", "");
	plan_ok(s, "undo", number(second), NO_FILE, &plan);
	assert_steps(&plan, "setting.set");
	assert_string_equal(step_text(&plan, 0, "text"), "Set phone-fill back to on");
	uc_plan_free(&plan);
	carry_out(s, "undo", number(second), NO_FILE);
	assert_value(s, "phone-fill", "on");
	plan_ok(s, "undo", number(first), NO_FILE, &plan);
	assert_steps(&plan, "setting.remove");
	assert_string_equal(step_text(&plan, 0, "text"), "Set phone-fill back to its default");
	uc_plan_free(&plan);
	int64_t undone = carry_out(s, "undo", number(first), NO_FILE);
	assert_value(s, "phone-fill", "");
	carry_out(s, "undo", number(undone), NO_FILE);
	assert_value(s, "phone-fill", "on");
}

static void there_is_nothing_to_do_when_it_has_that_value(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	/* The default is one, whether or not somebody has set it. */
	for (int i = 0; i < 2; i++) {
		plan_ok(s, "setting-set", set("file-signature", "sha1"), NO_FILE, &plan);
		assert_true(uc_plan_empty(&plan));
		assert_found(&plan, UC_NOTE, "already-there", "file-signature is sha1 already: nothing to do");
		uc_plan_free(&plan);
		if (i > 0) break;
		carry_out(s, "setting-set", set("file-signature", "sha512"), NO_FILE);
		carry_out(s, "setting-set", set("file-signature", "sha1"), NO_FILE);
	}
	carry_out(s, "setting-set", set("file-signature", "sha512"), NO_FILE);
	plan_ok(s, "setting-set", set("file-signature", "sha512"), NO_FILE, &plan);
	assert_not_found(&plan, "digest-old-phones");
	uc_plan_free(&plan);
}

static void what_a_value_brings_along_is_said(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	plan_ok(s, "setting-set", set("file-signature", "sha512"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "digest-old-phones", "7900, 8900 and 9900 series verify only SHA-1");
	uc_plan_free(&plan);
	plan_ok(s, "setting-set", set("list-encryption", "advanced"), NO_FILE, &plan);
	assert_found(&plan, UC_NOTE, "encryption-advanced", "over HTTPS (port 6971)");
	assert_not_found(&plan, "digest-old-phones");
	uc_plan_free(&plan);
	carry_out(s, "setting-set", set("list-encryption", "advanced"), NO_FILE);
	plan_ok(s, "setting-set", set("list-encryption", "basic"), NO_FILE, &plan);
	assert_not_found(&plan, "encryption-advanced");
	uc_plan_free(&plan);
}

static void what_has_a_command_of_its_own_is_refused_and_the_command_named(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	struct uc_plan plan;
	static const struct {
		const char *name, *value, *command;
	} with[] = {
	    {"cluster-mode", "mixed", "utils ctl set-cluster mixed-mode|non-secure-mode"},
	    {"cluster-mode", "non-secure", "utils ctl set-cluster mixed-mode|non-secure-mode"},
	    {"list-signer", "CallManager", "utils itl reset localkey, utils itl update ITLFile"},
	};
	found(s);
	for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
		assert_ok(preview(s, "setting-set", set(with[i].name, with[i].value), NO_FILE, &plan, &e), e);
		assert_true(uc_plan_empty(&plan));
		const struct uc_finding *f = uc_findings_get(&plan.findings, "setting-by-command");
		assert_non_null(f);
		assert_int_equal(f->weight, UC_REFUSED);
		assert_string_equal(f->hint, with[i].command);
		uc_plan_free(&plan);
	}
}

static void what_is_no_setting_or_value_is_told(void **state)
{
	struct site *s = *state;
	found(s);
	assert_no_plan(s, "setting-set", json_object(), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "setting-set", json_pack("{s:s}", "name", "phone-fill"), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "setting-set", json_pack("{s:s, s:b}", "name", "phone-fill", "value", 1), NO_FILE, UC_EINPUT, "bad-argument");
	assert_blamed(s, "setting-set", set("phone-fil", "on"), "no-setting", "name", "'phone-fil'");
	assert_blamed(s, "setting-set", set("phone-fill", "yes"), "bad-setting", "value", "'yes'");
}

static void it_is_the_publishers(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	const struct uc_task *task;
	assert_ok(uc_task_find("setting-set", &task, &e), e);
	assert_int_equal(task->place, UC_TASK_PUBLISHER);
	found(s);
	s->ctx.roles = UC_NODE_SUBSCRIBER;
	assert_no_plan(s, "setting-set", set("phone-fill", "on"), NO_FILE, UC_EREFUSED, "not-publisher");
}

/* Two look at the same setting: the second one's plan is another when the first has changed it. */
static void another_value_meanwhile_is_another_plan(void **state)
{
	struct site *s = *state;
	char one[65];
	char two[65];
	UC_CLEANUP(uc_freep) char *first = NULL;
	UC_CLEANUP(uc_freep) char *second = NULL;
	found(s);
	carry_out(s, "setting-set", set("phone-fill", "on"), NO_FILE);
	plan_hash(s, "setting-set", set("phone-fill", "off"), NO_FILE, one, &first);
	carry_out(s, "setting-set", set("phone-fill", "off"), NO_FILE);
	plan_hash(s, "setting-set", set("phone-fill", "off"), NO_FILE, two, &second);
	assert_string_not_equal(one, two);
	assert_string_equal(first, "Set phone-fill from on to off");
	assert_string_equal(second, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_setting_is_set_and_undone),
	    T(there_is_nothing_to_do_when_it_has_that_value),
	    T(what_a_value_brings_along_is_said),
	    T(what_has_a_command_of_its_own_is_refused_and_the_command_named),
	    T(what_is_no_setting_or_value_is_told),
	    T(it_is_the_publishers),
	    T(another_value_meanwhile_is_another_plan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
