/* src/manage/undo.c: changes are taken back by changes, for thirty days, and not past what came later. */
#include "site.h"

static json_t *number(int64_t n)
{
	return json_pack("{s:I}", "number", (json_int_t)n);
}

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

static void undoing_brings_back_certificate_key_and_copies_and_can_be_undone(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity first = identity_of(s, "tomcat-ECDSA");
	int64_t change = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity second = identity_of(s, "tomcat-ECDSA");

	struct uc_plan plan;
	plan_ok(s, "undo", number(change), NO_FILE, &plan);
	/* The inverse steps in reverse order: the copy of the new one goes, that of the old one comes back, then the identity. */
	assert_steps(&plan, "trust.remove,trust.add,identity.set");
	assert_found(&plan, UC_WARN, "undo", "before change");
	assert_string_equal(uc_findings_get(&plan.findings, "undo")->hint, "Undo is a change too: it can be undone in turn.");
	assert_int_equal(plan.undoes, change);
	assert_true(follows(&plan, "reload", "Tomcat (HTTPS)"));
	uc_plan_free(&plan);
	int64_t undo = carry_out(s, "undo", number(change), NO_FILE);
	struct uc_identity now = identity_of(s, "tomcat-ECDSA");
	assert_true(uc_cert_eq(now.cert, first.cert));
	assert_string_equal(now.key_id, first.key_id);
	uc_identity_free(&now);

	assert_refused(s, "undo", number(change), NO_FILE, "undone-already", "taken back by change");
	carry_out(s, "undo", number(undo), NO_FILE);
	now = identity_of(s, "tomcat-ECDSA");
	assert_true(uc_cert_eq(now.cert, second.cert));
	uc_identity_free(&now);
	/* The first change counts again, so it can be undone once more. */
	carry_out(s, "undo", number(change), NO_FILE);
	uc_identity_free(&first);
	uc_identity_free(&second);
}

static void what_a_later_change_has_touched_is_not_undone_past_it(void **state)
{
	struct site *s = *state;
	int64_t one = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	int64_t two = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	request_csr(s, "CallManager-ECDSA"); /* something else does not matter */
	UC_CLEANUP(uc_freep) char *says = uc_sprintf("change %lld", (long long)two);
	assert_refused(s, "undo", number(one), NO_FILE, "changed-since", says);
	carry_out(s, "undo", number(two), NO_FILE);
	/* That the later one is undone makes way. */
	carry_out(s, "undo", number(one), NO_FILE);
	struct uc_error e;
	struct uc_identity gone = {.node = NULL};
	assert_fails(uc_store_identity(s->store, s->ctx.node, "tomcat-ECDSA", &gone, &e), e, UC_ENOTFOUND, "no-identity");
}

static void after_thirty_days_it_is_too_late(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	int64_t change = upload_trust(s, "tomcat", MADE(&root));
	s->ctx.now = MAKE_NOW + 30 * UC_DAY;
	struct uc_plan plan;
	plan_ok(s, "undo", number(change), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove");
	uc_plan_free(&plan);
	s->ctx.now++;
	assert_refused(s, "undo", number(change), NO_FILE, "undo-too-late", "2026-06-01T00:00:00Z");
	made_free(&root);
}

static void without_the_former_key_the_former_certificate_does_not_come_back(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity old = identity_of(s, "tomcat-ECDSA");
	int64_t change = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	int64_t purge = carry_out(s, "key-purge", json_pack("{s:s}", "key", old.key_id), NO_FILE);
	struct uc_error e;
	assert_ok(uc_keys_remove(s->keys, old.key_id, &e), e); /* its effect */
	char print[9];
	snprintf(print, sizeof print, "%.8s", old.key_id);
	assert_refused(s, "undo", number(change), NO_FILE, "key-gone", print);
	assert_refused(s, "undo", number(purge), NO_FILE, "not-undoable", "did something that lasts: ");
	uc_identity_free(&old);
}

static void each_kind_of_change_has_an_inverse(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	int64_t change = upload_trust(s, "tomcat", MADE(&root));
	carry_out(s, "undo", number(change), NO_FILE);
	assert_names(s, "tomcat-trust", "");
	upload_trust(s, "tomcat", MADE(&root));
	change = carry_out(s, "delete-trust", json_pack("{s:s, s:s}", "store", "tomcat", "name", "Root"), NO_FILE);
	carry_out(s, "undo", number(change), NO_FILE);
	assert_names(s, "tomcat-trust", "Root.pem");

	request_csr(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", &root);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf));
	change = carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	carry_out(s, "undo", number(change), NO_FILE);
	/* The request is pending again, and can be answered again. */
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	request_csr(s, "tomcat-ECDSA");
	change = carry_out(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE);
	carry_out(s, "undo", number(change), NO_FILE);
	struct made still = request_key(s, "tomcat-ECDSA");
	made_free(&still);
	made_free(&leaf);
	made_free(&root);
}

static void an_installation_is_never_undone_and_what_does_not_exist_is_not_found(void **state)
{
	struct site *s = *state;
	s->ctx.roles = UC_NODE_REPORTING; /* fewer keys */
	int64_t change = carry_out(s, "install", json_pack("{s:s}", "verifier", "x"), NO_FILE);
	assert_refused(s, "undo", number(change), NO_FILE, "not-undoable", "installed this node");
	assert_no_plan(s, "undo", number(change + 1), NO_FILE, UC_ENOTFOUND, "no-change");
	assert_no_plan(s, "undo", number(0), NO_FILE, UC_EINPUT, "bad-argument");
	assert_no_plan(s, "undo", number(-1), NO_FILE, UC_EINPUT, "bad-argument");
	assert_no_plan(s, "undo", json_pack("{s:s}", "number", "1"), NO_FILE, UC_EINPUT, "bad-argument");
	assert_no_plan(s, "undo", json_object(), NO_FILE, UC_EINPUT, "bad-argument");
}

/* Work for another node is previewed here: its keys are not here, and count as there. */
static void the_keys_of_another_node_are_not_looked_for_here(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	be(s, &sub);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	int64_t change = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	s->ctx.keys = s->keys; /* as the publisher sees it */
	assert_refused(s, "undo", number(change), NO_FILE, "key-gone", "tomcat-ECDSA");
	s->ctx.elsewhere = true;
	struct uc_plan plan;
	plan_ok(s, "undo", number(change), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove,trust.add,identity.set");
	uc_plan_free(&plan);
	/* Nor is the one of a pending request, when its answer is uploaded for that node. */
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	be(s, &sub);
	request_csr(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", &root);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root));
	s->ctx.keys = s->keys;
	assert_refused(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), "key-lost", "tomcat-ECDSA");
	s->ctx.elsewhere = true;
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), &plan);
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&leaf);
}

/* What follows an undo is for the nodes that it changes something on, which need not be the one that is asked. */
static void each_node_that_an_undo_concerns_has_something_to_do(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	int64_t regen = carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	be(s, &sub);
	struct uc_plan plan;
	s->ctx.elsewhere = true; /* the key is the publisher's */
	plan_ok(s, "undo", number(regen), NO_FILE, &plan);
	/* Not for the copy of the certificate in a trust store of all nodes: neither did the task itself ask for that. */
	assert_reloads(&plan, "Tomcat (HTTPS)@cucm-pub,TFTP@cucm-pub");
	uc_plan_free(&plan);
	be(s, &sub);
	int64_t upload = upload_trust(s, "tomcat", MADE(&root));
	be(s, NULL);
	plan_ok(s, "undo", number(upload), NO_FILE, &plan);
	assert_reloads(&plan, "Tomcat (HTTPS),Tomcat (HTTPS)@cucm-sub");
	uc_plan_free(&plan);
	/* A copy that somebody has deleted comes back by itself, so that counts. */
	int64_t copy = carry_out(s, "delete-trust", json_pack("{s:s, s:s}", "store", "tomcat", "name", "cucm-pub-EC.example.com"), NO_FILE);
	plan_ok(s, "undo", number(copy), NO_FILE, &plan);
	assert_reloads(&plan, "Tomcat (HTTPS),Tomcat (HTTPS)@cucm-sub");
	uc_plan_free(&plan);
	made_free(&root);
}

/* A request for all nodes goes with its sealed key, and comes back with it. */
static void undoing_a_request_for_all_nodes_drops_the_sealed_key_and_brings_it_back(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	int64_t change = carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	struct uc_plan plan;
	plan_ok(s, "undo", number(change), NO_FILE, &plan);
	assert_steps(&plan, "key.drop,csr.remove");
	assert_non_null(strstr(step_text(&plan, 0, "text"), "no longer counts"));
	assert_non_null(strstr(step_text(&plan, 1, "text"), "pending CSR of tomcat-ECDSA of cluster"));
	uc_plan_free(&plan);
	int64_t undo = carry_out(s, "undo", number(change), NO_FILE);
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list none = sealed_of(s, "tomcat-ECDSA");
	assert_int_equal(none.count, 0);
	be(s, &sub); /* which has never had the key itself */
	plan_ok(s, "undo", number(undo), NO_FILE, &plan);
	uc_plan_free(&plan);
	be(s, NULL);
	carry_out(s, "undo", number(undo), NO_FILE);
	assert_sealed_to(s, "tomcat-ECDSA", "cucm-pub,cucm-sub");
	assert_true(can_open(s, sub.keys, "tomcat-ECDSA"));
}

/* A change that was a job's holds its answer too; that stays said. */
static void what_was_done_as_a_job_can_be_undone_and_the_asking_cannot(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_error e;
	struct uc_plan ask;
	uc_plan_init(&ask, "job-add");
	static const char id[] = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
	json_t *add =
	    json_pack("{s:s, s:s, s:s, s:s, s:{s:s}, s:n, s:s, s:b, s:b, s:s, s:n, s:s, s:s, s:s}", "type", "job.add", "id", id, "node",
	              "cucm-pub", "task", "cert-regen", "arguments", "purpose", "tomcat-ECDSA", "content", "seen", "", "yes", true, "force",
	              false, "who", "admin", "why", "summary", "x", "created", "2026-06-01T00:00:00Z", "deadline", "2026-06-01T01:00:00Z");
	uc_plan_step(&ask, add, "Ask cucm-pub to do it");
	int64_t asked;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &ask, &asked, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&ask);
	assert_refused(s, "undo", number(asked), NO_FILE, "not-undoable", "Ask cucm-pub");

	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct uc_plan work;
	bool added;
	uc_plan_init(&work, "import-trust");
	assert_ok(uc_plan_trust(&s->ctx, "tomcat-trust", "cluster", root.cert, "", "upload", &work, &added, &e), e);
	uc_plan_step(&work,
	             json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "job.done", "id", id, "node", "cucm-pub", "state", "done", "detail", "x"),
	             "Answer the job");
	int64_t done;
	assert_ok(uc_store_begin(s->store, &e), e);
	assert_ok(commit_plan(s, &work, &done, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	uc_plan_free(&work);
	struct uc_plan plan;
	plan_ok(s, "undo", number(done), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove");
	uc_plan_free(&plan);
	carry_out(s, "undo", number(done), NO_FILE);
	made_free(&root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(undoing_brings_back_certificate_key_and_copies_and_can_be_undone),
	    T(what_a_later_change_has_touched_is_not_undone_past_it),
	    T(after_thirty_days_it_is_too_late),
	    T(without_the_former_key_the_former_certificate_does_not_come_back),
	    T(each_kind_of_change_has_an_inverse),
	    T(the_keys_of_another_node_are_not_looked_for_here),
	    T(each_node_that_an_undo_concerns_has_something_to_do),
	    T(undoing_a_request_for_all_nodes_drops_the_sealed_key_and_brings_it_back),
	    T(what_was_done_as_a_job_can_be_undone_and_the_asking_cannot),
	    T(an_installation_is_never_undone_and_what_does_not_exist_is_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
