/* src/manage/followup.c, and what undo.c says of it: somebody has done what a change had asked for (G1). */
#include "site.h"

#include "store/followup.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

static json_t *number(int64_t n)
{
	return json_pack("{s:I}", "number", (json_int_t)n);
}

/* Arguments with these ids, separated by blanks. */
static json_t *ids(const char *list)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv each = {.items = NULL};
	uc_strv_split(&each, list, ' ');
	json_t *array = json_array();
	for (size_t i = 0; i < each.count; i++) json_array_append_new(array, json_string(each.items[i]));
	return json_pack("{s:o}", "ids", array);
}

static void assert_open(struct site *s, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_followups_free) struct uc_followups all = {.items = NULL};
	assert_ok(uc_store_followups(s->store, NULL, &all, &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	for (size_t i = 0; i < all.count; i++) uc_strv_add(&have, all.items[i].id);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&have, " ");
	assert_string_equal(list, want);
}

/* A publisher with no follow-up but those of its tomcat-ECDSA certificate. */
static int64_t begin(struct site *s)
{
	found(s);
	carry_out(s, "followup-done", ids("cluster/backup/backup"), NO_FILE);
	return carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
}

#define ALL "cluster/backup/backup cucm-pub/reload/tftp cucm-pub/reload/tomcat-https"

static void G1_what_follows_a_change_is_open_until_somebody_says_that_it_is_done(void **state)
{
	struct site *s = *state;
	int64_t change = begin(s);
	assert_open(s, ALL);
	struct uc_plan plan;
	plan_ok(s, "followup-done", ids("cluster/backup/backup CUCM-pub/Reload/Tomcat-HTTPS cluster/backup/backup"), NO_FILE, &plan);
	assert_steps(&plan, "followup.done,followup.done");
	assert_string_equal(plan.summary, "Done: backup, reload Tomcat (HTTPS) on cucm-pub");
	UC_CLEANUP(uc_freep)
	char *text =
	    uc_sprintf("cucm-pub/reload/tomcat-https is done (asked for by change %lld): Reload or restart Tomcat (HTTPS).", (long long)change);
	assert_string_equal(step_text(&plan, 1, "text"), text);
	assert_int_equal(plan.findings.count, 0);
	assert_int_equal(json_array_size(plan.followups), 0);
	uc_plan_free(&plan);
	carry_out(s, "followup-done", ids("cluster/backup/backup cucm-pub/reload/tomcat-https"), NO_FILE);
	assert_open(s, "cucm-pub/reload/tftp");
	/* The change itself can be undone as before, and what has to be done then is asked for again. */
	carry_out(s, "undo", number(change), NO_FILE);
	assert_open(s, ALL);
}

static void many_are_named_as_far_as_a_person_reads(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	struct uc_plan ask;
	int64_t change;
	uc_plan_init(&ask, "test");
	for (int i = 0; i < 13; i++) {
		UC_CLEANUP(uc_freep) char *target = uc_sprintf("S%02d", i);
		uc_plan_follow_on(&ask, i == 12 ? "other" : UC_ALL_NODES, "reload", target, "Reload it.");
	}
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &ask, &change, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&ask);
	json_t *all = json_array();
	for (int i = 0; i < 13; i++) json_array_append_new(all, json_sprintf("%s/reload/s%02d", i == 12 ? "other" : "cluster", i));
	struct uc_plan plan;
	plan_ok(s, "followup-done", json_pack("{s:o}", "ids", all), NO_FILE, &plan);
	assert_int_equal(count_steps(&plan, "followup.done"), 13);
	assert_string_equal(plan.summary,
	                    "Done: reload S00, reload S01, reload S02, reload S03, reload S04, reload S05, reload S06, reload S07, "
	                    "reload S08, reload S09, and 3 more");
	uc_plan_free(&plan);
}

static void what_is_not_open_is_not_found_and_what_is_there_is_named(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	struct uc_plan plan;
	assert_fails(preview(s, "followup-done", ids("cluster/backup/backup"), NO_FILE, &plan, &e), e, UC_ENOTFOUND, "no-followup");
	assert_string_equal(e.hint, "Nothing has to be done.");
	uc_plan_free(&plan);
	begin(s);
	assert_fails(preview(s, "followup-done", ids("cluster/backup/backup cucm-pub/reload/tomcat"), NO_FILE, &plan, &e), e, UC_ENOTFOUND,
	             "no-followup");
	assert_string_equal(e.field, "ids");
	assert_non_null(strstr(e.message, "'cucm-pub/reload/tomcat'"));
	assert_string_equal(e.hint, "There are cluster/backup/backup, cucm-pub/reload/tftp, cucm-pub/reload/tomcat-https.");
	uc_plan_free(&plan);
	assert_no_plan(s, "followup-done", json_object(), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "followup-done", ids(""), NO_FILE, UC_EINPUT, "argument-missing");
	assert_no_plan(s, "followup-done", json_pack("{s:s}", "ids", "cluster/backup/backup"), NO_FILE, UC_EINPUT, "bad-argument");
	assert_no_plan(s, "followup-done", json_pack("{s:[s, i]}", "ids", "cluster/backup/backup", 1), NO_FILE, UC_EINPUT, "bad-argument");
	/* Each becomes a step of one change. */
	json_t *many = json_array();
	for (int i = 0; i < 1001; i++) json_array_append_new(many, json_string("cluster/backup/backup"));
	assert_blamed(s, "followup-done", json_pack("{s:O}", "ids", many), "too-many-ids", "ids", "1001");
	json_array_remove(many, 0);
	plan_ok(s, "followup-done", json_pack("{s:o}", "ids", many), NO_FILE, &plan);
	assert_steps(&plan, "followup.done");
	uc_plan_free(&plan);
}

/* Two administrators: one looks at the plan, and before he agrees another change asks for the same again. */
static void what_was_asked_for_again_meanwhile_is_another_plan(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	char first[65];
	char second[65];
	begin(s);
	plan_ok(s, "followup-done", ids("cluster/backup/backup"), NO_FILE, &plan);
	uc_plan_hash(&plan, first);
	uc_plan_free(&plan);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	plan_ok(s, "followup-done", ids("cluster/backup/backup"), NO_FILE, &plan);
	uc_plan_hash(&plan, second);
	uc_plan_free(&plan);
	assert_string_not_equal(first, second);
}

static void that_something_is_done_can_be_undone_and_that_too(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	begin(s);
	int64_t ticked = carry_out(s, "followup-done", ids("cluster/backup/backup cucm-pub/reload/tftp"), NO_FILE);
	plan_ok(s, "undo", number(ticked), NO_FILE, &plan);
	assert_steps(&plan, "followup.open,followup.open");
	assert_string_equal(step_text(&plan, 0, "text"), "To be done again on cucm-pub: Reload or restart TFTP.");
	assert_int_equal(json_array_size(plan.followups), 0);
	uc_plan_free(&plan);
	int64_t undone = carry_out(s, "undo", number(ticked), NO_FILE);
	assert_open(s, ALL);
	plan_ok(s, "undo", number(undone), NO_FILE, &plan);
	assert_steps(&plan, "followup.done,followup.done");
	assert_string_equal(step_text(&plan, 1, "text"), "Done: reload TFTP");
	uc_plan_free(&plan);
	carry_out(s, "undo", number(undone), NO_FILE);
	assert_open(s, "cucm-pub/reload/tomcat-https");
}

static void what_has_been_asked_for_again_does_not_come_back_a_second_time(void **state)
{
	struct site *s = *state;
	begin(s);
	int64_t ticked = carry_out(s, "followup-done", ids("cluster/backup/backup"), NO_FILE);
	int64_t again = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	UC_CLEANUP(uc_freep) char *says = uc_sprintf("change %lld has asked for 'backup backup' of cluster again", (long long)again);
	assert_refused(s, "undo", number(ticked), NO_FILE, "asked-again", says);
	/* As the hint says. */
	carry_out(s, "followup-done", ids("cluster/backup/backup"), NO_FILE);
	assert_refused(s, "undo", number(ticked), NO_FILE, "changed-since", "later");
	/* And what was undone and asked for again meanwhile is not done again unseen. */
	int64_t tftp = carry_out(s, "followup-done", ids("cucm-pub/reload/tftp"), NO_FILE);
	int64_t undone = carry_out(s, "undo", number(tftp), NO_FILE);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	assert_refused(s, "undo", number(undone), NO_FILE, "asked-again", "'reload TFTP' of cucm-pub");
}

static void a_node_that_has_another_name_is_not_asked_under_the_old_one(void **state)
{
	struct site *s = *state;
	begin(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	be(s, &sub);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	be(s, NULL);
	int64_t ticked = carry_out(s, "followup-done", ids("cucm-sub/reload/tftp"), NO_FILE);
	carry_out(s, "node-rename", json_pack("{s:s, s:s}", "node", "cucm-sub", "name", "branch"), NO_FILE);
	assert_open(s, "branch/certificate/tomcat-ecdsa branch/reload/tomcat-https " ALL);
	assert_refused(s, "undo", number(ticked), NO_FILE, "node-gone", "the node cucm-sub");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(G1_what_follows_a_change_is_open_until_somebody_says_that_it_is_done),
	    T(many_are_named_as_far_as_a_person_reads),
	    T(what_is_not_open_is_not_found_and_what_is_there_is_named),
	    T(what_was_asked_for_again_meanwhile_is_another_plan),
	    T(that_something_is_done_can_be_undone_and_that_too),
	    T(what_has_been_asked_for_again_does_not_come_back_a_second_time),
	    T(a_node_that_has_another_name_is_not_asked_under_the_old_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
