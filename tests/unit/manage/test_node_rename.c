/* src/manage/node_rename.c: another name, and the certificates that must follow. */
#include "site.h"

static json_t *to(const char *node, const char *name, const char *domain)
{
	return json_pack("{s:s, s:s?, s:s?}", "node", node, "name", name, "domain", domain);
}

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* One of the follow-ups for the target says this. */
static void assert_follow_text(const struct uc_plan *p, const char *target, const char *text)
{
	size_t i;
	const json_t *one;
	json_array_foreach(p->followups, i, one)
	{
		if (strcmp(uc_json_member(one, "target"), target) == 0 && strstr(uc_json_member(one, "text"), text) != NULL) return;
	}
	fail_msg("nothing about %s says '%s'", target, text);
}

static void each_certificate_that_names_it_is_listed_with_what_to_do(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	found(s);
	request_csr(s, "CallManager-ECDSA");
	struct made leaf = answer_to(s, "CallManager-ECDSA", &root);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root));
	carry_out(s, "import-own", purpose("CallManager-ECDSA"), uc_buf_slice(&file));
	request_csr(s, "tomcat-ECDSA");
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	struct uc_plan plan;
	plan_ok(s, "node-rename", to("cucm-pub", "CUCM-New", NULL), NO_FILE, &plan);
	assert_steps(&plan, "node.rename");
	assert_string_equal(step_text(&plan, 0, "to"), "cucm-new");
	assert_string_equal(step_text(&plan, 0, "to_fqdn"), "cucm-new.example.com");
	assert_string_equal(step_text(&plan, 0, "to_domain"), "example.com");
	assert_found(&plan, UC_WARN, "follows-rename", "self-signed tomcat certificate");
	assert_found(&plan, UC_WARN, "follows-rename-csr", "CA-signed CallManager-ECDSA certificate");
	assert_found(&plan, UC_WARN, "csr-old-name", "pending CSR of tomcat-ECDSA");
	assert_found(&plan, UC_WARN, "csr-old-name", "pending multi-server CSR of tomcat-ECDSA");
	assert_true(follows(&plan, "certificate", "tomcat") && follows(&plan, "certificate", "CallManager-ECDSA"));
	assert_follow_text(&plan, "tomcat", "set cert regen tomcat --node cucm-new");
	uc_plan_free(&plan);
	made_free(&leaf);
	made_free(&root);
}

static void a_rename_moves_what_names_the_node_and_undo_brings_it_back(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	be(s, &sub);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	be(s, NULL);
	int64_t number = carry_out(s, "node-rename", to("cucm-sub", "branch", "branch.example.org"), NO_FILE);
	struct uc_error e;
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	assert_ok(uc_store_node(s->store, "branch", &row, &e), e);
	assert_string_equal(row.fqdn, "branch.branch.example.org");
	struct uc_identity there = {.node = NULL};
	assert_ok(uc_store_identity(s->store, "branch", "tomcat-ECDSA", &there, &e), e);
	uc_identity_free(&there);
	assert_sealed_to(s, "authz", "branch,cucm-pub");

	struct uc_plan plan;
	plan_ok(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE, &plan);
	assert_steps(&plan, "node.rename");
	assert_string_equal(step_text(&plan, 0, "text"), "Give the node branch its former name cucm-sub.example.com back");
	uc_plan_free(&plan);
	carry_out(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE);
	assert_ok(uc_store_identity(s->store, "cucm-sub", "tomcat-ECDSA", &there, &e), e);
	uc_identity_free(&there);
	assert_sealed_to(s, "authz", "cucm-pub,cucm-sub");
}

static void another_domain_alone_is_a_rename_too_and_the_same_name_is_none(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_plan plan;
	plan_ok(s, "node-rename", to("cucm-pub", NULL, "Example.ORG"), NO_FILE, &plan);
	assert_string_equal(step_text(&plan, 0, "to"), "cucm-pub");
	assert_string_equal(step_text(&plan, 0, "to_fqdn"), "cucm-pub.example.org");
	uc_plan_free(&plan);
	plan_ok(s, "node-rename", to("cucm-pub", "CUCM-PUB", "EXAMPLE.com"), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	assert_found(&plan, UC_NOTE, "already-there", "nothing to do");
	uc_plan_free(&plan);
	plan_ok(s, "node-rename", to("cucm-pub", NULL, ""), NO_FILE, &plan); /* none at all */
	assert_string_equal(step_text(&plan, 0, "to_fqdn"), "cucm-pub");
	uc_plan_free(&plan);
}

static void a_multi_server_certificate_is_requested_anew_for_all(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_identity id = identity_of(s, "tomcat-ECDSA");
	struct uc_plan change;
	uc_plan_init(&change, "test");
	uc_plan_step(&change, uc_plan_identity_step(&s->ctx, "tomcat-ECDSA", id.cert, NULL, id.key_id, "ca-signed", "multi-server", &id), "x");
	struct uc_error e;
	int64_t number;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &change, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&change);
	uc_identity_free(&id);
	struct uc_plan plan;
	plan_ok(s, "node-rename", to("cucm-pub", "other", NULL), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "not-in-multi-server", "multi-server certificate of tomcat-ECDSA");
	assert_true(follows(&plan, "certificate", "tomcat-ECDSA"));
	assert_follow_text(&plan, "tomcat-ECDSA", "set csr gen tomcat-ECDSA --distribution multi-server");
	uc_plan_free(&plan);
}

/* Nobody connects to a host by them, and a new authz key would end every token. */
static void the_signers_of_lists_and_tokens_need_not_follow(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_plan plan;
	plan_ok(s, "node-rename", to("cucm-pub", "other", NULL), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "follows-rename", "TVS");
	assert_false(follows(&plan, "certificate", "authz") || follows(&plan, "certificate", "ITLRecovery"));
	for (size_t i = 0; i < plan.findings.count; i++)
		assert_true(strstr(plan.findings.items[i].message, "authz") == NULL &&
		            strstr(plan.findings.items[i].message, "ITLRecovery") == NULL);
	uc_plan_free(&plan);
}

static void bad_input_is_refused_with_its_name(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	carry_out(s, "node-add", json_pack("{s:s}", "node", "guest"), NO_FILE);
	static const struct {
		const char *node, *name, *domain;
		enum uc_status status;
		const char *id;
	} rows[] = {
	    {"nobody", "a", NULL, UC_ENOTFOUND, "no-node"},
	    {"guest", "a", NULL, UC_ENOTFOUND, "no-node"}, /* is not one yet */
	    {"cucm-sub", "cucm-pub", NULL, UC_EREFUSED, "node-exists"},
	    {"cucm-sub", "CUCM-PUB", NULL, UC_EREFUSED, "node-exists"},
	    {"cucm-sub", "guest", NULL, UC_EREFUSED, "node-exists"},
	    {"cucm-sub", "cluster", NULL, UC_EINPUT, "bad-node-name"},
	    {"cucm-sub", "a.b", NULL, UC_EINPUT, "bad-node-name"},
	    {"cucm-sub", "", NULL, UC_EINPUT, "bad-node-name"},
	    {"cucm-sub", NULL, NULL, UC_EINPUT, "argument-missing"},
	    {"", "a", NULL, UC_EINPUT, "argument-missing"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_no_plan(s, "node-rename", to(rows[i].node, rows[i].name, rows[i].domain), NO_FILE, rows[i].status, rows[i].id);
	assert_no_plan(s, "node-rename", json_pack("{s:s, s:i}", "node", "cucm-sub", "name", 1), NO_FILE, UC_EINPUT, "bad-argument");
	assert_blamed(s, "node-rename", to("cucm-sub", "-x", NULL), "bad-name", "name", "'-x'");
	assert_blamed(s, "node-rename", to("cucm-sub", "a.b", NULL), "bad-node-name", "name", "'a.b'");
	assert_blamed(s, "node-rename", to("cucm-sub", NULL, "a..b"), "bad-name", "domain", "cucm-sub.a..b");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(each_certificate_that_names_it_is_listed_with_what_to_do),
	    T(a_rename_moves_what_names_the_node_and_undo_brings_it_back),
	    T(another_domain_alone_is_a_rename_too_and_the_same_name_is_none),
	    T(a_multi_server_certificate_is_requested_anew_for_all),
	    T(the_signers_of_lists_and_tokens_need_not_follow),
	    T(bad_input_is_refused_with_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
