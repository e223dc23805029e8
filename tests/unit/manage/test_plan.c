/* src/manage/plan.c: what a plan is made of, what of it counts when two are compared, and what follows from it. */
#include "site.h"

static json_t *step_of(const char *certificate)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "trust.add", "store", "tomcat-trust", "name", "a.pem", "scope", "cluster",
	                 "certificate", certificate);
}

/* A plan of one step, one finding, one follow-up. */
static struct uc_plan plan_of(const char *certificate, const char *text, enum uc_weight weight, const char *code, const char *target)
{
	struct uc_plan p;
	uc_plan_init(&p, "import-trust");
	uc_plan_summary(&p, "Upload %d certificate", 1);
	uc_plan_step(&p, step_of(certificate), "Add %s", text);
	uc_findings_add(&p.findings, weight, code, NULL, "a message with the serial %s", certificate);
	uc_plan_follow(&p, "reload", target, "Reload %s.", target);
	return p;
}

static bool same_hash(struct uc_plan a, struct uc_plan b)
{
	char ha[65];
	char hb[65];
	uc_plan_hash(&a, ha);
	uc_plan_hash(&b, hb);
	assert_int_equal(strlen(ha), 64);
	uc_plan_free(&a);
	uc_plan_free(&b);
	return strcmp(ha, hb) == 0;
}

static void plans_are_equal_whatever_keys_and_serials_they_were_made_with(void **state)
{
	(void)state;
	assert_true(same_hash(plan_of("AAAA", "x", UC_NOTE, "note", "TFTP"), plan_of("BBBB", "x", UC_NOTE, "note", "TFTP")));
	struct uc_plan other = plan_of("AAAA", "x", UC_NOTE, "note", "TFTP");
	other.base = 77;
	uc_plan_summary(&other, "Another sentence");
	assert_true(same_hash(plan_of("AAAA", "x", UC_NOTE, "note", "TFTP"), other));
}

static void plans_differ_when_a_person_would_see_something_else(void **state)
{
	(void)state;
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), plan_of("A", "y", UC_NOTE, "note", "TFTP")));
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), plan_of("A", "x", UC_WARN, "note", "TFTP")));
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), plan_of("A", "x", UC_NOTE, "other", "TFTP")));
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), plan_of("A", "x", UC_NOTE, "note", "CAPF")));
	struct uc_plan two = plan_of("A", "x", UC_NOTE, "note", "TFTP");
	uc_plan_step(&two, step_of("A"), "Add x");
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), two));
	struct uc_plan task = plan_of("A", "x", UC_NOTE, "note", "TFTP");
	task.task = "delete-trust";
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), task));
}

/* Else a job would fail for ever where phones fetch lists: what they hold is judged where and when it is done, and needs its yes and force there. */
static void what_phones_have_fetched_meanwhile_is_no_other_plan_C107(void **state)
{
	static const char *const codes[] = {"list-behind", "list-by-tvs", "list-stranded"};
	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct uc_plan more = plan_of("A", "x", UC_NOTE, "note", "TFTP");
		uc_findings_add(&more.findings, UC_DANGER, codes[i], NULL, "phones");
		assert_true(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), more));
	}
	struct uc_plan other = plan_of("A", "x", UC_NOTE, "note", "TFTP");
	uc_findings_add(&other.findings, UC_DANGER, "list-unsigned", NULL, "nobody");
	assert_false(same_hash(plan_of("A", "x", UC_NOTE, "note", "TFTP"), other));
}

/* Nobody sees it, and yet something was prepared for it. */
static void plans_differ_when_they_are_bound_to_something_else(void **state)
{
	(void)state;
	static const char *const keys[] = {"one", "other"};
	struct uc_plan plans[4];
	for (size_t i = 0; i < 4; i++) {
		plans[i] = plan_of("A", "x", UC_NOTE, "note", "TFTP");
		uc_plan_bind(&plans[i], "sealed to %s", keys[i / 3]);
	}
	assert_true(same_hash(plans[0], plans[1]));
	assert_false(same_hash(plans[2], plans[3]));
}

static void people_see_texts_and_types_of_steps_but_not_their_contents(void **state)
{
	(void)state;
	struct uc_plan p = plan_of("SECRET", "x", UC_DANGER, "code", "TFTP");
	p.base = 5;
	json_t *json = uc_plan_json(&p);
	UC_CLEANUP(uc_freep) char *text = json_dumps(json_object_get(json, "steps"), JSON_COMPACT);
	assert_string_equal(text, "[{\"type\":\"trust.add\",\"text\":\"Add x\",\"before\":null,\"after\":null}]");
	assert_string_equal(json_string_value(json_object_get(json, "worst")), "danger");
	assert_string_equal(json_string_value(json_object_get(json, "summary")), "Upload 1 certificate");
	assert_int_equal(json_integer_value(json_object_get(json, "base")), 5);
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 1);
	char hash[65];
	assert_string_equal(json_string_value(json_object_get(json, "plan")), (uc_plan_hash(&p, hash), hash));
	json_decref(json);
	uc_plan_free(&p);
}

static void a_text_that_is_not_UTF_8_does_not_lose_its_step(void **state)
{
	(void)state;
	struct uc_plan p;
	uc_plan_init(&p, "import-trust");
	uc_plan_step(&p, step_of("A"), "Add %s", "M\xfcller");
	uc_plan_follow(&p, "note", "x", "See M\xfcller");
	assert_int_equal(json_array_size(p.steps), 1);
	assert_string_equal(step_text(&p, 0, "text"), "Add M\xef\xbf\xbdller");
	json_t *json = uc_plan_json(&p);
	assert_non_null(json);
	json_decref(json);
	uc_plan_free(&p);
}

static void a_follow_up_is_named_once(void **state)
{
	(void)state;
	struct uc_plan p;
	uc_plan_init(&p, "cert-regen");
	uc_plan_follow(&p, "reload", "TFTP", "first");
	uc_plan_follow(&p, "reload", "TFTP", "second");
	uc_plan_follow(&p, "backup", "TFTP", "third");
	assert_int_equal(json_array_size(p.followups), 2);
	/* What another node has to do is something else, and so is what the cluster has to. */
	uc_plan_follow_on(&p, "cucm-sub", "reload", "TFTP", "fourth");
	uc_plan_follow_on(&p, "cucm-sub", "reload", "TFTP", "fifth");
	uc_plan_follow_on(&p, UC_ALL_NODES, "reload", "TFTP", "sixth");
	assert_int_equal(json_array_size(p.followups), 4);
	assert_string_equal(uc_json_member(json_array_get(p.followups, 0), "text"), "first");
	assert_string_equal(uc_json_member(json_array_get(p.followups, 2), "text"), "fourth");
	assert_true(uc_plan_empty(&p));
	uc_plan_free(&p);
}

static void a_changed_purpose_asks_for_its_services_and_a_backup_G1(void **state)
{
	struct site *s = *state;
	struct uc_plan p;
	struct uc_error e;
	const struct uc_purpose *purpose = NULL;
	uc_plan_init(&p, "cert-regen");
	assert_ok(uc_purpose_find("CallManager", &purpose, &e), e);
	assert_ok(uc_plan_follow_purpose(&s->ctx, purpose, s->ctx.node, &p, &e), e);
	assert_reloads(&p, "CallManager,CAPF,CTI");
	assert_true(follows(&p, "backup", "backup"));
	uc_plan_free(&p);
	uc_plan_init(&p, "cert-regen");
	assert_ok(uc_purpose_find("ipsec", &purpose, &e), e);
	assert_ok(uc_plan_follow_purpose(&s->ctx, purpose, s->ctx.node, &p, &e), e);
	assert_true(follows(&p, "reload", "IPsec") && follows(&p, "backup", "backup"));
	assert_false(follows(&p, "lists", "ITL") || follows(&p, "ctl-update", "CTL"));
	uc_plan_free(&p);
}

static void follow_both(struct site *s, const char *purpose_name, const char *store_name, const char *scope, struct uc_plan *p)
{
	struct uc_error e;
	const struct uc_purpose *purpose = NULL;
	const struct uc_trust_store *store = NULL;
	uc_plan_init(p, "x");
	assert_ok(uc_purpose_find(purpose_name, &purpose, &e), e);
	assert_ok(uc_trust_store_find(store_name, &store, &e), e);
	assert_ok(uc_plan_follow_purpose(&s->ctx, purpose, scope, p, &e), e);
	assert_ok(uc_plan_follow_store(&s->ctx, store, scope, p, &e), e);
}

static void every_node_that_a_change_counts_for_and_that_runs_the_service_is_asked(void **state)
{
	struct site *s = *state;
	struct uc_plan p;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &sub, false);
	join(s, &imp, false);
	be(s, &sub);
	follow_both(s, "tomcat", "CallManager", UC_ALL_NODES, &p);
	assert_reloads(
	    &p, "Tomcat (HTTPS)@cucm-pub,TFTP@cucm-pub,Tomcat (HTTPS),TFTP,Tomcat (HTTPS)@imp-a,TFTP@imp-a,CallManager@cucm-pub,CallManager");
	uc_plan_free(&p);
	follow_both(s, "tomcat", "tomcat", "imp-a", &p);
	assert_reloads(&p, "Tomcat (HTTPS)@imp-a,TFTP@imp-a");
	uc_plan_free(&p);
	/* That of a shared purpose is every node's, whose ever the certificate is. */
	follow_both(s, "authz", "userlicensing", "cucm-pub", &p);
	assert_reloads(&p, "CallManager@cucm-pub,CallManager,XCP Authentication Service@imp-a");
	uc_plan_free(&p);
	/* A node that has gone does nothing any more. */
	follow_both(s, "tomcat", "tomcat", "nobody", &p);
	assert_reloads(&p, "");
	assert_true(follows(&p, "backup", "backup"));
	uc_plan_free(&p);
}

static void the_steps_so_far_say_which_names_and_certificates_a_store_will_have(void **state)
{
	(void)state;
	struct uc_plan p;
	uc_plan_init(&p, "import-trust");
	bool taken = false;
	uc_plan_names_trust(&p, "tomcat-trust", "cluster", "a.pem", &taken);
	assert_false(taken || uc_plan_adds_trust(&p, "tomcat-trust", "cluster", "AAAA"));
	uc_plan_step(&p, step_of("AAAA"), "Add it");
	uc_plan_names_trust(&p, "tomcat-trust", "cluster", "a.pem", &taken);
	assert_true(taken && uc_plan_adds_trust(&p, "tomcat-trust", "cluster", "AAAA"));
	assert_false(uc_plan_adds_trust(&p, "tomcat-trust", "cucm-pub", "AAAA") || uc_plan_adds_trust(&p, "ipsec-trust", "cluster", "AAAA"));
	assert_false(uc_plan_removes_trust(&p, "tomcat-trust", "cluster", "a.pem"));
	taken = false;
	uc_plan_names_trust(&p, "tomcat-trust", "cucm-pub", "a.pem", &taken);
	assert_false(taken);

	json_t *removal = step_of("BBBB");
	json_object_set_new(removal, "type", json_string("trust.remove"));
	json_object_set_new(removal, "name", json_string("b.pem"));
	uc_plan_step(&p, removal, "Remove it");
	taken = true;
	uc_plan_names_trust(&p, "tomcat-trust", "cluster", "b.pem", &taken);
	assert_false(taken);
	assert_true(uc_plan_removes_trust(&p, "tomcat-trust", "cluster", "b.pem"));
	uc_plan_free(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plans_are_equal_whatever_keys_and_serials_they_were_made_with),
	    cmocka_unit_test(plans_differ_when_a_person_would_see_something_else),
	    cmocka_unit_test(what_phones_have_fetched_meanwhile_is_no_other_plan_C107),
	    cmocka_unit_test(plans_differ_when_they_are_bound_to_something_else),
	    cmocka_unit_test(people_see_texts_and_types_of_steps_but_not_their_contents),
	    cmocka_unit_test(a_text_that_is_not_UTF_8_does_not_lose_its_step),
	    cmocka_unit_test(a_follow_up_is_named_once),
	    T(a_changed_purpose_asks_for_its_services_and_a_backup_G1),
	    T(every_node_that_a_change_counts_for_and_that_runs_the_service_is_asked),
	    cmocka_unit_test(the_steps_so_far_say_which_names_and_certificates_a_store_will_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
